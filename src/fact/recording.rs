//! Observations of a run, saved so that they can be judged again anywhere.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{
    Args, Cell, Identity, Key, Missing, Observation, Schema, Table, cell_from_json, cell_to_json,
    schema_from_json, schema_to_json,
};

/// The version of the recording's JSON that this build writes, and the newest it reads.
pub const FORMAT: u64 = 1;

/// The facts of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Version of muster that wrote it.
    pub muster: Arc<str>,
    /// When the run began.
    pub started: Timestamp,
    /// Ids and digests of the policies that asked.
    pub policies: Vec<(Arc<str>, Arc<str>)>,
    /// The answers.
    pub observations: Vec<Observation>,
    /// Was everything observed that was asked for?
    pub complete: bool,
}

impl Recording {
    /// As JSON.
    pub fn to_json(&self) -> Json {
        json!({
            "recording": FORMAT,
            "muster": self.muster,
            "started": self.started.to_string(),
            "complete": self.complete,
            "policies": self.policies.iter().map(|(id, digest)| json!({"policy": id, "digest": digest})).collect::<Vec<_>>(),
            "observations": self.observations.iter().map(observation_to_json).collect::<Vec<_>>(),
        })
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
        let policies =
            array(json, "policies")?.iter().map(|entry| Ok((text(entry, "policy")?, text(entry, "digest")?)));
        let mut schemas = Schemas::default();
        Ok(Self {
            muster: text(json, "muster")?,
            started: time(json, "started")?,
            complete: json.get("complete").and_then(Json::as_bool).unwrap_or(false),
            policies: policies.collect::<Result<_, String>>()?,
            observations: array(json, "observations")?
                .iter()
                .map(|observation| observation_from_json(observation, &mut schemas))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn array<'a>(json: &'a Json, name: &str) -> Result<&'a Vec<Json>, String> {
    json.get(name).and_then(Json::as_array).ok_or_else(|| format!("`{name}` must be a list"))
}

fn text(json: &Json, name: &str) -> Result<Arc<str>, String> {
    json.get(name).and_then(Json::as_str).map(Arc::from).ok_or_else(|| format!("`{name}` must be a text"))
}

fn time(json: &Json, name: &str) -> Result<Timestamp, String> {
    text(json, name)?.parse().map_err(|error| format!("`{name}`: {error}"))
}

/// One observation as JSON.
fn observation_to_json(observation: &Observation) -> Json {
    let parse = |text: &str| serde_json::from_str::<Json>(text).unwrap_or(Json::Null);
    let mut json = json!({
        "probe": observation.key.probe,
        "target": observation.key.target,
        "args": parse(&observation.key.args),
        "at": observation.at.to_string(),
        "took_us": u64::try_from(observation.took.as_micros()).unwrap_or(u64::MAX),
        "identity": observation.identity,
    });
    let Some(map) = json.as_object_mut() else { return json };
    if !observation.key.facts.is_empty() {
        map.insert("facts".into(), parse(&observation.key.facts));
    }
    if let Some(clock) = observation.source_clock {
        map.insert("source_clock".into(), json!(clock.to_string()));
    }
    match &observation.result {
        Err(why) => map.insert("missing".into(), json!(**why)),
        Ok(table) => map.insert("table".into(), table_to_json(table)),
    };
    json
}

fn table_to_json(table: &Table) -> Json {
    let row = |row: &[Cell]| -> Json {
        table.schema.fields.iter().zip(row).map(|(field, cell)| cell_to_json(cell, &field.ty)).collect()
    };
    json!({
        "schema": schema_to_json(&table.schema),
        "total": table.total,
        "cut": table.cut.as_deref(),
        "rows": table.rows.iter().map(|cells| row(cells)).collect::<Vec<_>>(),
    })
}

/// The schema that was read last: answers of one probe have the same, and thousands of copies would take
/// more room and time than the facts.
#[derive(Default)]
struct Schemas<'a>(Option<(&'a Json, Arc<Schema>)>);

impl<'a> Schemas<'a> {
    fn read(&mut self, json: &'a Json) -> Option<Arc<Schema>> {
        if let Some((known, schema)) = &self.0
            && *known == json
        {
            return Some(Arc::clone(schema));
        }
        let schema = Arc::new(schema_from_json(json)?);
        self.0 = Some((json, Arc::clone(&schema)));
        Some(schema)
    }
}

fn observation_from_json<'a>(json: &'a Json, schemas: &mut Schemas<'a>) -> Result<Observation, String> {
    let key = Key {
        probe: text(json, "probe")?,
        target: text(json, "target")?,
        args: Arc::from(json.get("args").cloned().unwrap_or_else(|| Args::default().to_json()).to_string()),
        facts: Arc::from(json.get("facts").map_or_else(String::new, ToString::to_string)),
    };
    let place = format!("observation of {} at {}", key.probe, key.target);
    let identity: Identity = match json.get("identity") {
        Some(identity) => {
            serde_json::from_value(identity.clone()).map_err(|e| format!("{place}: identity: {e}"))?
        }
        None => Identity::default(),
    };
    let source_clock = match json.get("source_clock") {
        Some(_) => Some(time(json, "source_clock")?),
        None => None,
    };
    let result = match (json.get("missing"), json.get("table")) {
        (Some(missing), None) => Err(Arc::new(
            serde_json::from_value::<Missing>(missing.clone())
                .map_err(|e| format!("{place}: missing: {e}"))?,
        )),
        (None, Some(table)) => Ok(table_from_json(table, schemas).map_err(|e| format!("{place}: {e}"))?),
        _ => return Err(format!("{place}: exactly one of `table` and `missing` must be there")),
    };
    let took = Duration::from_micros(json.get("took_us").and_then(Json::as_u64).unwrap_or(0));
    Ok(Observation { key, result, at: time(json, "at")?, source_clock, took, identity })
}

fn table_from_json<'a>(json: &'a Json, schemas: &mut Schemas<'a>) -> Result<Table, String> {
    let schema =
        json.get("schema").and_then(|schema| schemas.read(schema)).ok_or("the schema cannot be read")?;
    let cut = match json.get("cut") {
        None | Some(Json::Null) => None,
        Some(cut) => Some(Arc::new(serde_json::from_value(cut.clone()).map_err(|e| format!("cut: {e}"))?)),
    };
    let mut rows = Vec::new();
    for (number, row) in array(json, "rows")?.iter().enumerate() {
        let cells = row.as_array().ok_or_else(|| format!("row {number} must be a list"))?;
        if cells.len() != schema.fields.len() {
            return Err(format!(
                "row {number} has {} cells, the schema {}",
                cells.len(),
                schema.fields.len()
            ));
        }
        let read = schema.fields.iter().zip(cells).map(|(field, cell)| {
            cell_from_json(cell, &field.ty).map_err(|e| format!("row {number}, `{}`: {e}", field.name))
        });
        rows.push(read.collect::<Result<Vec<_>, _>>()?.into_boxed_slice());
    }
    let total = json.get("total").and_then(Json::as_u64).unwrap_or(rows.len() as u64);
    Ok(Table { schema, rows, total, cut })
}
