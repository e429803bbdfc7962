//! What was seen of a subject over time.

use std::sync::Arc;

use jiff::Timestamp;

use super::observed::Parts;
use super::{Store, StoreError, StoredRow, StoredSample};
use crate::fact::{Key, Missing, Observation, Row, Schema, Table, micros_of, row_name};

/// Reads the observations back.
pub(super) async fn samples(
    store: &Store,
    (target, probe): (&str, &str),
    subject: Option<&str>,
    since: Timestamp,
) -> Result<Vec<StoredSample>, StoreError> {
    let parts: Vec<Parts> = sqlx::query_as(
        "SELECT o.run, header.value AS header, run.recorded, target.value AS target, probe.value AS probe, \
         shape.value AS shape, o.body FROM observation o JOIN run ON run.id = o.run \
         JOIN text header ON header.id = run.header JOIN text target ON target.id = o.target \
         JOIN text probe ON probe.id = o.probe JOIN text shape ON shape.id = o.shape \
         WHERE target.value = ? AND probe.value = ? AND o.at >= ? AND run.replay IS NULL \
         ORDER BY o.at, o.run, o.number",
    )
    .bind(target)
    .bind(probe)
    .bind(micros_of(since))
    .fetch_all(store.pool())
    .await
    .map_err(|error| store.fault(&error))?;
    let mut found = Vec::new();
    for part in &parts {
        let recording = part.alone().map_err(|why| StoreError::Content {
            path: store.path().to_owned(),
            what: format!("the observation of {probe} at {target} in run {}", part.run),
            why,
        })?;
        for observation in recording.observations {
            of(part.run, observation, subject, &mut found);
        }
    }
    Ok(found)
}

/// Makes samples of one observation.
struct Maker {
    run: i64,
    at: Timestamp,
    source_clock: Option<Timestamp>,
    key: Key,
}

impl Maker {
    fn make(&self, subject: Arc<str>, answer: Result<StoredRow, Arc<Missing>>) -> StoredSample {
        let Self { run, at, source_clock, ref key } = *self;
        StoredSample { run, at, source_clock, key: key.clone(), subject, answer }
    }
}

fn of(run: i64, observation: Observation, wanted: Option<&str>, found: &mut Vec<StoredSample>) {
    let Observation { key, result, at, source_clock, .. } = observation;
    let target = Arc::clone(&key.target);
    let unread = || wanted.map_or_else(|| Arc::clone(&target), Arc::from);
    let maker = Maker { run, at, source_clock, key };
    let Table { schema, rows, cut, .. } = match result {
        Ok(table) => table,
        Err(why) => return found.push(maker.make(unread(), Err(why))),
    };
    let before = found.len();
    let mut gaps: Vec<Arc<Missing>> = Vec::new();
    for cells in rows {
        match name(&schema, &cells, &target) {
            Ok(name) if wanted.is_none_or(|wanted| *wanted == *name) => {
                found.push(maker.make(name, Ok(StoredRow { schema: Arc::clone(&schema), cells })));
            }
            Ok(_) => {}
            Err(why) => gaps.push(why),
        }
    }
    // A row without a name, or one beyond the cut, may have been the wanted one; found, it was not.
    gaps.extend(cut);
    if wanted.is_none() || found.len() == before {
        let many = if wanted.is_none() { gaps.len() } else { 1 };
        found.extend(gaps.into_iter().take(many).map(|why| maker.make(unread(), Err(why))));
    }
}

fn name(schema: &Schema, cells: &Row, target: &Arc<str>) -> Result<Arc<str>, Arc<Missing>> {
    if schema.key.is_empty() { Ok(Arc::clone(target)) } else { row_name(schema, cells) }
}
