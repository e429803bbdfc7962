//! A recording that answers again. What it does not hold is `unknown: absent`, never empty.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Answers, Observer};
use crate::fact::{Cause, Key, Missing, Observation, Recording, Request, Table};

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
        let fitting = |table: &Table| table.fit(&request.schema, &request.key.probe);
        Observation {
            key: recorded.key.clone(),
            result: recorded.result.as_ref().map_err(Arc::clone).and_then(fitting),
            at: recorded.at,
            source_clock: recorded.source_clock,
            took: recorded.took,
            identity: recorded.identity.clone(),
        }
    }
}

impl Observer for Replay {
    fn observe<'a>(&'a self, requests: &'a [Request]) -> Answers<'a> {
        Box::pin(async move { requests.iter().map(|request| self.answer(request)).collect() })
    }
}
