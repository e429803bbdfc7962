//! Observations of a run, saved so that they can be judged again anywhere.
//!
//! In a file every observation stands on a line of its own, so that two recordings can be compared by any tool.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::observation_json::{Numbered, Reader, Shared, array, only, text, time, write};
use super::{About, Observation, Past, SNAPSHOT, Snapshot, past_json, recording_read};

/// The version of the recording's JSON that this build writes, and the newest it reads.
pub const FORMAT: u64 = 1;

/// The keys of a recording.
const KEYS: &[&str] = &[
    "recording",
    "muster",
    "started",
    "complete",
    "about",
    "policies",
    "schemas",
    "identities",
    "faults",
    "observations",
    "past",
    "gate",
];

/// The facts of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Version of muster that wrote it.
    pub muster: Arc<str>,
    /// When the run began.
    pub started: Timestamp,
    /// Who wrote it; `None` in those of the first version.
    pub about: Option<About>,
    /// Ids and digests of the policies that asked.
    pub policies: Vec<(Arc<str>, Arc<str>)>,
    /// The answers.
    pub observations: Vec<Observation>,
    /// Was everything observed that was asked for?
    pub complete: bool,
    /// What was recalled from earlier runs for the rules of this one.
    pub past: Past,
    /// Is it the snapshot of a gate?
    pub gate: Option<Snapshot>,
}

impl Recording {
    /// As JSON.
    pub fn to_json(&self) -> Json {
        let mut shared = Numbered::default();
        let observations = self.observations.iter().map(|seen| write(seen, &mut shared)).collect::<Vec<_>>();
        let (before, history) = past_json::lists(&self.past, &mut shared);
        let (schemas, identities, faults) = shared.lists();
        let mut json = json!({
            "recording": FORMAT,
            "muster": self.muster,
            "started": self.started.to_string(),
            "complete": self.complete,
            "about": self.about,
            "policies": self.policies.iter().map(|(id, digest)| json!({"policy": id, "digest": digest})).collect::<Vec<_>>(),
            "schemas": schemas,
            "identities": identities,
            "faults": faults,
            "observations": observations,
        });
        if self.about.is_none()
            && let Some(map) = json.as_object_mut()
        {
            map.shift_remove("about");
        }
        if self.past != Past::default()
            && let Some(map) = json.as_object_mut()
        {
            let mut past = json!({ "before": before, "history": history });
            if let (Some(past), Some(verdicts)) =
                (past.as_object_mut(), past_json::verdicts(&self.past.recall))
            {
                past.insert("verdicts".into(), verdicts);
            }
            map.insert("past".into(), past);
        }
        if let Some(gate) = &self.gate
            && let Some(map) = json.as_object_mut()
        {
            map.insert("gate".into(), json!(gate));
        }
        json
    }

    /// What [`to_json`](Self::to_json) has of a recording without observations, but for its time.
    pub fn header(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Asked<'a> {
            policy: &'a str,
            digest: &'a str,
        }
        #[derive(Serialize)]
        struct Header<'a> {
            recording: u64,
            muster: &'a str,
            complete: bool,
            policies: Vec<Asked<'a>>,
            schemas: [(); 0],
            identities: [(); 0],
            faults: [(); 0],
        }
        Header {
            recording: FORMAT,
            muster: &self.muster,
            complete: self.complete,
            policies: self.policies.iter().map(|(policy, digest)| Asked { policy, digest }).collect(),
            schemas: [],
            identities: [],
            faults: [],
        }
    }

    /// As the text of a file.
    pub fn to_text(&self) -> String {
        let Json::Object(map) = self.to_json() else { return String::new() };
        lines(&map) + "\n"
    }

    /// From the text of a file; the error is a sentence.
    pub fn from_text(text: &str) -> Result<Self, String> {
        if let Some(recording) = recording_read::read(text) {
            return Ok(recording);
        }
        Self::from_json(&serde_json::from_str(text).map_err(|error| error.to_string())?)
    }

    /// From JSON; the error is a sentence.
    pub fn from_json(json: &Json) -> Result<Self, String> {
        match json.get("recording").and_then(Json::as_u64) {
            Some(FORMAT) => {}
            Some(other) => {
                return Err(format!("format {other} is not the format {FORMAT} that this build reads"));
            }
            None => return Err("this is not a recording: the key `recording` is missing".to_owned()),
        }
        only(json, KEYS)?;
        let policies =
            array(json, "policies")?.iter().map(|entry| Ok((text(entry, "policy")?, text(entry, "digest")?)));
        let shared = Shared::from_json(json)?;
        let mut reader = Reader::new(&shared);
        Ok(Self {
            muster: text(json, "muster")?,
            started: time(json, "started")?,
            about: match json.get("about") {
                None => None,
                Some(about) => {
                    Some(serde_json::from_value(about.clone()).map_err(|error| format!("about: {error}"))?)
                }
            },
            complete: json.get("complete").and_then(Json::as_bool).unwrap_or(false),
            policies: policies.collect::<Result<_, String>>()?,
            observations: array(json, "observations")?
                .iter()
                .map(|observation| reader.observation(observation))
                .collect::<Result<_, _>>()?,
            past: past_json::from_json(json.get("past"), &shared).map_err(|why| format!("past: {why}"))?,
            gate: json.get("gate").map(gate).transpose().map_err(|why| format!("gate: {why}"))?,
        })
    }
}

fn gate(json: &Json) -> Result<Snapshot, String> {
    match json.get("version").and_then(Json::as_u64) {
        Some(SNAPSHOT) => serde_json::from_value(json.clone()).map_err(|error| error.to_string()),
        Some(other) => Err(format!("version {other} is not the version {SNAPSHOT} that this build reads")),
        None => Err("it does not say its version".to_owned()),
    }
}

/// A map with a line for every key, and for every item of a list.
fn lines(map: &Map<String, Json>) -> String {
    let entries = map.iter().map(|(name, value)| {
        let value = match value {
            Json::Array(items) if !items.is_empty() => {
                format!("[\n{}\n]", items.iter().map(Json::to_string).collect::<Vec<_>>().join(",\n"))
            }
            Json::Object(map) => lines(map),
            other => other.to_string(),
        };
        format!("{}: {value}", json!(name))
    });
    format!("{{\n{}\n}}", entries.collect::<Vec<_>>().join(",\n"))
}
