//! A recording that answers again. What it does not hold is `unknown: absent`, never empty.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Answers, Observer};
use crate::fact::{Cause, Cell, Key, Level, Missing, Observation, Recording, Request, Table};

/// Answers from a recording.
pub struct Replay {
    known: HashMap<Key, Observation>,
    started: jiff::Timestamp,
}

impl Replay {
    /// A recording that answers.
    pub fn new(recording: Recording) -> Self {
        let started = recording.started;
        let known = recording
            .observations
            .into_iter()
            .map(|observation| (observation.key.clone(), observation))
            .collect();
        Self { known, started }
    }

    fn answer(&self, request: &Request) -> Observation {
        let Some(recorded) = self.known.get(&request.key) else {
            let same = self
                .known
                .keys()
                .any(|key| key.target == request.key.target && key.probe == request.key.probe);
            let what = if same { "with these arguments" } else { "of this target" };
            let why =
                Missing::new(Cause::Absent, format!("the recording has no `{}` {what}", request.key.probe));
            return Observation::missing(
                request.key.clone(),
                self.started,
                why.fix("record again with `muster record`"),
            );
        };
        Observation {
            key: recorded.key.clone(),
            result: recorded.result.as_ref().map_err(Arc::clone).and_then(|table| fit(table, request)),
            at: recorded.at,
            source_clock: recorded.source_clock,
            took: recorded.took,
            identity: recorded.identity.clone(),
        }
    }
}

/// The recorded table in the shape that is asked for now.
fn fit(table: &Table, request: &Request) -> Result<Table, Arc<Missing>> {
    if table.schema.version != request.schema.version {
        let what = format!(
            "recorded by version {} of `{}`, and this is version {}",
            table.schema.version, request.key.probe, request.schema.version
        );
        return Err(Arc::new(Missing::new(Cause::Absent, what).fix("record again with `muster record`")));
    }
    let absent = Arc::new(Missing::new(Cause::Absent, "not recorded").level(Level::Field));
    let other = Arc::new(Missing::new(Cause::WrongType, "recorded with another type").level(Level::Field));
    let places: Vec<Result<usize, &Arc<Missing>>> = request
        .schema
        .fields
        .iter()
        .map(|field| match table.schema.position(&field.name) {
            None => Err(&absent),
            Some(index) => match table.schema.fields.get(index) {
                Some(known) if known.ty == field.ty || known.ty.to_string() == field.ty.to_string() => {
                    Ok(index)
                }
                _ => Err(&other),
            },
        })
        .collect();
    let cell = |row: &[Cell], place: &Result<usize, &Arc<Missing>>| match place {
        Ok(index) => row.get(*index).cloned().unwrap_or_else(|| Err(Arc::clone(&absent))),
        Err(why) => Err(Arc::clone(why)),
    };
    let rows = table.rows.iter().map(|row| places.iter().map(|place| cell(row, place)).collect()).collect();
    Ok(Table { schema: Arc::clone(&request.schema), rows, total: table.total, cut: table.cut.clone() })
}

impl Observer for Replay {
    fn observe<'a>(&'a self, requests: &'a [Request]) -> Answers<'a> {
        Box::pin(async move { requests.iter().map(|request| self.answer(request)).collect() })
    }
}
