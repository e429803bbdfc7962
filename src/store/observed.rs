//! Recordings, taken apart so that what seldom changes is kept once, and put together again. Reading goes through
//! the same JSON as recordings in files, so that both are understood or refused alike.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::write::Writer;
use super::{Store, StoreError};
use crate::fact::{Recording, micros_of, observation_to_json};

/// What of an observation stands in its shape.
const SHAPE: [&str; 3] = ["args", "facts", "identity"];

/// Saves the observations of a run.
pub(super) async fn save(writer: &mut Writer<'_>, recording: &Recording) -> Result<(), StoreError> {
    // Without the answers, so that runs share it.
    let bare = Recording {
        muster: Arc::clone(&recording.muster),
        started: recording.started,
        policies: recording.policies.clone(),
        observations: Vec::new(),
        complete: recording.complete,
        past: recording.past.clone(),
    };
    let Json::Object(mut header) = bare.to_json() else { return Ok(()) };
    header.remove("observations");
    let started = header.remove("started");
    let header = writer.text(&Json::Object(header).to_string()).await?;
    let number = writer.number();
    sqlx::query("UPDATE run SET recorded = ?, header = ? WHERE id = ?")
        .bind(started.as_ref().and_then(Json::as_str))
        .bind(header)
        .bind(number)
        .execute(&mut **writer.tx())
        .await
        .map_err(|error| writer.fault(&error))?;
    for (index, observation) in recording.observations.iter().enumerate() {
        let (shape, body) = apart(observation_to_json(observation));
        let target = writer.text(&observation.key.target).await?;
        let probe = writer.text(&observation.key.probe).await?;
        let shape = writer.text(&shape.to_string()).await?;
        let insert = "INSERT INTO observation (target, probe, at, run, number, shape, body) \
                      VALUES (?, ?, ?, ?, ?, ?, ?)";
        sqlx::query(insert)
            .bind(target)
            .bind(probe)
            .bind(micros_of(observation.at))
            .bind(number)
            .bind(i64::try_from(index).unwrap_or(i64::MAX))
            .bind(shape)
            .bind(body.to_string())
            .execute(&mut **writer.tx())
            .await
            .map_err(|error| writer.fault(&error))?;
    }
    Ok(())
}

/// What seldom changes, and the rest.
fn apart(mut observation: Json) -> (Json, Json) {
    let mut shape = Map::new();
    if let Some(map) = observation.as_object_mut() {
        for name in SHAPE {
            if let Some(value) = map.remove(name) {
                shape.insert(name.to_owned(), value);
            }
        }
        map.remove("probe");
        map.remove("target");
        let schema = map.get_mut("table").and_then(Json::as_object_mut).and_then(|t| t.remove("schema"));
        if let Some(schema) = schema {
            shape.insert("schema".to_owned(), schema);
        }
    }
    (Json::Object(shape), observation)
}

/// One stored observation as texts.
pub(super) struct Parts {
    pub(super) run: i64,
    header: String,
    recorded: String,
    target: String,
    probe: String,
    shape: String,
    body: String,
}

impl FromRow<'_, SqliteRow> for Parts {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            run: row.try_get("run")?,
            header: row.try_get("header")?,
            recorded: row.try_get("recorded")?,
            target: row.try_get("target")?,
            probe: row.try_get("probe")?,
            shape: row.try_get("shape")?,
            body: row.try_get("body")?,
        })
    }
}

impl Parts {
    /// As the recording that it was part of wrote it; the error is a sentence.
    fn together(&self) -> Result<Json, String> {
        let parse = |text: &str| serde_json::from_str::<Map<String, Json>>(text).map_err(|e| e.to_string());
        let (mut shape, mut whole) = (parse(&self.shape)?, parse(&self.body)?);
        whole.insert("target".to_owned(), json!(self.target));
        whole.insert("probe".to_owned(), json!(self.probe));
        if let Some(schema) = shape.remove("schema") {
            let table = whole.get_mut("table").and_then(Json::as_object_mut);
            table.ok_or("its table is missing")?.insert("schema".to_owned(), schema);
        }
        whole.extend(shape);
        Ok(Json::Object(whole))
    }

    /// A recording of this observation alone.
    pub(super) fn alone(&self) -> Result<Recording, String> {
        recording_of(&self.header, &self.recorded, vec![self.together()?])
    }
}

fn recording_of(header: &str, recorded: &str, observations: Vec<Json>) -> Result<Recording, String> {
    let mut whole: Map<String, Json> = serde_json::from_str(header).map_err(|error| error.to_string())?;
    whole.insert("started".to_owned(), json!(recorded));
    whole.insert("observations".to_owned(), Json::Array(observations));
    Recording::from_json(&Json::Object(whole))
}

/// What a run saw.
pub(super) async fn recording(store: &Store, run: i64) -> Result<Option<Recording>, StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let path = || store.path().to_owned();
    // One transaction: a prune in between must not leave a run without its observations.
    let mut tx = store.pool().begin().await.map_err(fault)?;
    let known = "SELECT run.recorded, text.value FROM run LEFT JOIN text ON text.id = run.header \
                 WHERE run.id = ?";
    let header: Option<(Option<String>, Option<String>)> =
        sqlx::query_as(known).bind(run).fetch_optional(&mut *tx).await.map_err(fault)?;
    let Some((recorded, header)) = header else { return Err(StoreError::NoRun { path: path(), run }) };
    let (Some(recorded), Some(header)) = (recorded, header) else { return Ok(None) };
    let parts: Vec<Parts> = sqlx::query_as(
        "SELECT o.run, '' AS header, '' AS recorded, target.value AS target, probe.value AS probe, \
         shape.value AS shape, o.body FROM observation o JOIN text target ON target.id = o.target \
         JOIN text probe ON probe.id = o.probe JOIN text shape ON shape.id = o.shape \
         WHERE o.run = ? ORDER BY o.number",
    )
    .bind(run)
    .fetch_all(&mut *tx)
    .await
    .map_err(fault)?;
    tx.rollback().await.map_err(fault)?;
    let whole = parts.iter().map(Parts::together).collect::<Result<Vec<_>, _>>();
    whole
        .and_then(|observations| recording_of(&header, &recorded, observations))
        .map(Some)
        .map_err(|why| StoreError::Content { path: path(), what: format!("the recording of run {run}"), why })
}
