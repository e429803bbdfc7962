//! Recordings, taken apart so that what seldom changes is kept once, and put together again.
//!
//! The text of an observation's shape (who answered, and the schema) is the same from run to run, as are the
//! columns of its keys; what changes is a column of numbers, which takes a few bytes per row.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::body::{self, Head};
use super::column::{self, Faults};
use super::shelf::{Shelf, Stored};
use super::write::Writer;
use super::{Store, StoreError};
use crate::fact::{Key, Observation, Past, Recording, Table, schema_to_json};

/// A column of at least so many bytes has a blob of its own, so that a recall of one fact reads no other.
const LONG: usize = 1024;

/// A column that seldom changes has one from so many bytes on; below that, looking for it costs more than it saves.
const SETTLED: usize = 48;

/// The field number under which the faults of cells are kept.
pub(super) const FAULTS: i64 = -1;

/// Saves the observations of a run.
pub(super) async fn save(writer: &mut Writer<'_>, recording: &Recording) -> Result<(), StoreError> {
    let Recording { muster, started, policies, complete, .. } = recording;
    let bare = Recording {
        muster: Arc::clone(muster),
        started: *started,
        policies: policies.clone(),
        observations: Vec::new(),
        complete: *complete,
        // What was recalled stands in the store already, in the runs that saw it.
        past: Past::default(),
    };
    let Json::Object(mut header) = bare.to_json() else { return Ok(()) };
    header.remove("observations");
    let started = header.remove("started");
    let header = writer.text(&Json::Object(header).to_string()).await?;
    let first: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) + 1 FROM observation")
        .fetch_one(&mut **writer.tx())
        .await
        .map_err(|error| writer.fault(&error))?;
    let number = writer.number();
    sqlx::query("UPDATE run SET recorded = ?, header = ?, first = ?, many = ? WHERE id = ?")
        .bind(started.as_ref().and_then(Json::as_str))
        .bind(header)
        .bind(first)
        .bind(i64::try_from(recording.observations.len()).unwrap_or(i64::MAX))
        .bind(number)
        .execute(&mut **writer.tx())
        .await
        .map_err(|error| writer.fault(&error))?;
    for (id, observation) in (first..).zip(&recording.observations) {
        save_one(writer, id, observation).await?;
    }
    Ok(())
}

async fn save_one(writer: &mut Writer<'_>, id: i64, observation: &Observation) -> Result<(), StoreError> {
    let mut faults = Faults::default();
    let (mut fault, mut cut, mut columns) = (None, None, Vec::new());
    match &observation.result {
        Err(why) => fault = Some(writer.text(&writer.json("a fault", &**why)?).await?),
        Ok(table) => {
            if let Some(why) = &table.cut {
                cut = Some(writer.text(&writer.json("a fault", &**why)?).await?);
            }
            columns = encode(table, &mut faults).map_err(|why| writer.unfit(&observation.key, why))?;
        }
    }
    let mut inside = Vec::with_capacity(columns.len());
    for (field, column) in (0i64..).zip(&columns) {
        let outside = column.len() >= LONG || (column.len() >= SETTLED && column::is_settled(column));
        if outside {
            writer.part(id, field, column).await?;
        }
        inside.push((!outside).then_some(&**column));
    }
    if !faults.list.is_empty() {
        let list: Vec<&crate::fact::Missing> = faults.list.iter().map(|why| &**why).collect();
        let list = writer.json("faults", &list)?;
        writer.part(id, FAULTS, list.as_bytes()).await?;
    }
    let head = head(observation);
    let question = writer.question(&observation.key).await?;
    let shape = writer.text(&shape(observation).to_string()).await?;
    let insert = "INSERT INTO observation (id, question, seen, run, shape, fault, cut, body) \
                  VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let number = writer.number();
    sqlx::query(insert)
        .bind(id)
        .bind(question)
        .bind(head.seen())
        .bind(number)
        .bind(shape)
        .bind(fault)
        .bind(cut)
        .bind(body::write(&head, &inside))
        .execute(&mut **writer.tx())
        .await
        .map_err(|error| writer.fault(&error))?;
    Ok(())
}

fn head(observation: &Observation) -> Head {
    Head {
        at: observation.at,
        source_clock: observation.source_clock,
        took: observation.took,
        table: observation.result.as_ref().ok().map(|table| (table.rows.len(), table.total)),
    }
}

/// What seldom changes.
fn shape(observation: &Observation) -> Json {
    let mut shape = Map::new();
    shape.insert("identity".to_owned(), json!(observation.identity));
    if let Ok(table) = &observation.result {
        shape.insert("schema".to_owned(), schema_to_json(&table.schema));
    }
    Json::Object(shape)
}

/// The columns of a table; the error says what is wrong with it.
fn encode(table: &Table, faults: &mut Faults) -> Result<Vec<Vec<u8>>, String> {
    let width = table.schema.fields.len();
    if let Some(row) = table.rows.iter().find(|row| row.len() != width) {
        return Err(format!("a row has {} cells, the schema {width}", row.len()));
    }
    let column = |field: usize| {
        let cells = table.rows.iter().filter_map(move |row| row.get(field));
        column::encode(cells, &mut *faults)
    };
    Ok((0..width).map(column).collect())
}

/// What a run saw.
pub(super) async fn recording(store: &Store, run: i64) -> Result<Option<Recording>, StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let wrong = |why: String| store.content(format!("the recording of run {run}"), why);
    // One transaction: a prune in between must not leave a run without its observations.
    let mut tx = store.pool().begin().await.map_err(fault)?;
    let known = "SELECT run.recorded, text.value, run.first, run.many FROM run \
                 LEFT JOIN text ON text.id = run.header WHERE run.id = ?";
    let header: Option<(Option<String>, Option<String>, i64, i64)> =
        sqlx::query_as(known).bind(run).fetch_optional(&mut *tx).await.map_err(fault)?;
    let Some((recorded, header, first, many)) = header else {
        return Err(StoreError::NoRun { path: store.path().to_owned(), run });
    };
    let (recorded, header) = match (recorded, header) {
        (None, _) => return Ok(None),
        (Some(recorded), Some(header)) => (recorded, header),
        (Some(_), None) => return Err(wrong("its header is gone".to_owned())),
    };
    let stored: Vec<Stored> = sqlx::query_as(
        "SELECT id, question, seen, run, shape, fault, cut, body FROM observation \
         WHERE id >= ? AND id < ? AND run = ? ORDER BY id",
    )
    .bind(first)
    .bind(first.saturating_add(many))
    .bind(run)
    .fetch_all(&mut *tx)
    .await
    .map_err(fault)?;
    if i64::try_from(stored.len()).ok() != Some(many) {
        return Err(wrong(format!("{} of its {many} observations are there", stored.len())));
    }
    let mut shelf = Shelf::new(store, &mut tx);
    let mut observations = Vec::with_capacity(stored.len());
    for some in stored.chunks(Shelf::AT_ONCE) {
        observations.extend(shelf.whole(some).await?);
    }
    tx.rollback().await.map_err(fault)?;
    together(&header, &recorded, observations).map(Some).map_err(wrong)
}

fn together(header: &str, recorded: &str, observations: Vec<Observation>) -> Result<Recording, String> {
    let mut whole: Map<String, Json> = serde_json::from_str(header).map_err(|error| error.to_string())?;
    whole.insert("started".to_owned(), json!(recorded));
    whole.insert("observations".to_owned(), json!([]));
    Ok(Recording { observations, ..Recording::from_json(&Json::Object(whole))? })
}

impl Writer<'_> {
    fn unfit(&self, key: &Key, why: String) -> StoreError {
        self.store().content(format!("the answer of {} at {}", key.probe, key.target), why)
    }

    /// A column that stands in a blob of its own; the same bytes are kept once.
    async fn part(&mut self, observation: i64, field: i64, bytes: &[u8]) -> Result<(), StoreError> {
        let digest = super::bytes::digest(bytes);
        let known: Option<i64> = sqlx::query_scalar("SELECT id FROM blob WHERE digest = ?")
            .bind(&digest[..])
            .fetch_optional(&mut **self.tx())
            .await
            .map_err(|error| self.fault(&error))?;
        let blob = match known {
            Some(blob) => blob,
            None => sqlx::query("INSERT INTO blob (digest, value) VALUES (?, ?)")
                .bind(&digest[..])
                .bind(bytes)
                .execute(&mut **self.tx())
                .await
                .map_err(|error| self.fault(&error))?
                .last_insert_rowid(),
        };
        sqlx::query("INSERT INTO part (observation, field, blob) VALUES (?, ?, ?)")
            .bind(observation)
            .bind(field)
            .bind(blob)
            .execute(&mut **self.tx())
            .await
            .map_err(|error| self.fault(&error))?;
        Ok(())
    }

    async fn question(&mut self, key: &Key) -> Result<i64, StoreError> {
        let (target, probe) = (self.text(&key.target).await?, self.text(&key.probe).await?);
        let (args, facts) = (self.text(&key.args).await?, self.text(&key.facts).await?);
        let find = "SELECT id FROM question WHERE target = ? AND probe = ? AND args = ? AND facts = ?";
        let known: Option<i64> = sqlx::query_scalar(find)
            .bind(target)
            .bind(probe)
            .bind(args)
            .bind(facts)
            .fetch_optional(&mut **self.tx())
            .await
            .map_err(|error| self.fault(&error))?;
        if let Some(id) = known {
            return Ok(id);
        }
        let saved = sqlx::query("INSERT INTO question (target, probe, args, facts) VALUES (?, ?, ?, ?)")
            .bind(target)
            .bind(probe)
            .bind(args)
            .bind(facts)
            .execute(&mut **self.tx())
            .await
            .map_err(|error| self.fault(&error))?;
        Ok(saved.last_insert_rowid())
    }
}
