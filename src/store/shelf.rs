//! Reading observations back within one transaction: shapes, questions and blobs, each read and parsed once.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection};

use super::body::{self, Body, Head};
use super::bytes::digest;
use super::column;
use super::observed::FAULTS;
use super::{Store, StoreError};
use crate::fact::{Cell, Identity, Key, Missing, Observation, Schema, Table, schema_from_json};

/// One row of the table of observations.
pub(super) struct Stored {
    pub(super) id: i64,
    pub(super) question: i64,
    pub(super) seen: i64,
    pub(super) run: i64,
    pub(super) shape: i64,
    pub(super) fault: Option<i64>,
    pub(super) cut: Option<i64>,
    pub(super) body: Vec<u8>,
    pub(super) from: From,
}

/// Where an observation stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Row,
    /// In a batch, which was proved already; with the faults of its cells, if it has some.
    Batch(Option<i64>),
}

impl From {
    fn faults(self) -> Option<i64> {
        match self {
            Self::Row => None,
            Self::Batch(faults) => faults,
        }
    }
}

impl FromRow<'_, SqliteRow> for Stored {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            question: row.try_get("question")?,
            seen: row.try_get("seen")?,
            run: row.try_get("run")?,
            shape: row.try_get("shape")?,
            fault: row.try_get("fault")?,
            cut: row.try_get("cut")?,
            body: row.try_get("body")?,
            from: From::Row,
        })
    }
}

/// Who answered, and in which shape.
pub(super) struct Shape {
    pub(super) identity: Identity,
    /// None where there was no answer.
    pub(super) schema: Option<Arc<Schema>>,
}

/// Blobs by observation and field.
pub(super) type Parts = HashMap<(i64, i64), i64>;

/// What was read so far.
pub(super) struct Shelf<'a> {
    store: &'a Store,
    tx: &'a mut SqliteConnection,
    keys: HashMap<i64, Key>,
    shapes: HashMap<i64, Arc<Shape>>,
    /// Schemas by their text: shapes that differ by who answered share them.
    schemas: HashMap<String, Arc<Schema>>,
    faults: HashMap<i64, Arc<Missing>>,
    /// Faults of the cells of answers that stand in batches.
    holes: HashMap<i64, Vec<Arc<Missing>>>,
}

impl<'a> Shelf<'a> {
    /// How many observations are read at once: enough that a query more costs nothing, few enough that their
    /// blobs fit in memory.
    pub(super) const AT_ONCE: usize = 256;

    pub(super) fn new(store: &'a Store, tx: &'a mut SqliteConnection) -> Self {
        let (keys, shapes, schemas) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { store, tx, keys, shapes, schemas, faults: HashMap::new(), holes: HashMap::new() }
    }

    pub(super) fn tx(&mut self) -> &mut SqliteConnection {
        self.tx
    }

    pub(super) fn fault(&self, error: &sqlx::Error) -> StoreError {
        self.store.fault(error)
    }

    /// That something cannot be read back.
    pub(super) fn content(&self, what: String, why: &str) -> StoreError {
        self.store.content(what, why)
    }

    /// That an observation cannot be read back.
    pub(super) fn wrong(&self, stored: &Stored, why: impl Into<String>) -> StoreError {
        let of = match self.keys.get(&stored.question) {
            Some(key) => format!("the observation of {} at {}", key.probe, key.target),
            None => "an observation".to_owned(),
        };
        self.store.content(format!("{of} in run {}", stored.run), why)
    }

    async fn texts(&mut self, ids: &BTreeSet<i64>) -> Result<Vec<(i64, String)>, StoreError> {
        let texts: Vec<(i64, String)> = sqlx::query_as(
            "SELECT text.id, text.value FROM json_each(?) wanted JOIN text ON text.id = wanted.value",
        )
        .bind(json!(ids).to_string())
        .fetch_all(&mut *self.tx)
        .await
        .map_err(|error| self.store.fault(&error))?;
        if texts.len() != ids.len() {
            let why = format!("{} of {} texts are there", texts.len(), ids.len());
            return Err(self.store.content("an observation", why));
        }
        Ok(texts)
    }

    /// Reads everything that these share with others.
    pub(super) async fn learn(&mut self, stored: &[Stored]) -> Result<(), StoreError> {
        let shapes: BTreeSet<i64> =
            stored.iter().map(|one| one.shape).filter(|id| !self.shapes.contains_key(id)).collect();
        if !shapes.is_empty() {
            for (id, text) in self.texts(&shapes).await? {
                let shape = self.shape(&text)?;
                self.shapes.insert(id, Arc::new(shape));
            }
        }
        let faults = stored.iter().flat_map(|one| [one.fault, one.cut]).flatten();
        let faults: BTreeSet<i64> = faults.filter(|id| !self.faults.contains_key(id)).collect();
        if !faults.is_empty() {
            for (id, text) in self.texts(&faults).await? {
                let missing: Missing = self.parse("a fault", text.as_bytes())?;
                self.faults.insert(id, Arc::new(missing));
            }
        }
        let holes = stored.iter().filter_map(|one| one.from.faults());
        let holes: BTreeSet<i64> = holes.filter(|id| !self.holes.contains_key(id)).collect();
        if !holes.is_empty() {
            for (id, text) in self.texts(&holes).await? {
                let list = self.parse("faults", text.as_bytes())?;
                self.holes.insert(id, list);
            }
        }
        let keys: BTreeSet<i64> =
            stored.iter().map(|one| one.question).filter(|id| !self.keys.contains_key(id)).collect();
        if keys.is_empty() { Ok(()) } else { self.learn_keys(&keys).await }
    }

    async fn learn_keys(&mut self, ids: &BTreeSet<i64>) -> Result<(), StoreError> {
        let rows: Vec<(i64, String, String, String, String)> = sqlx::query_as(
            "SELECT q.id, probe.value, target.value, args.value, facts.value FROM json_each(?) wanted \
             JOIN question q ON q.id = wanted.value JOIN text probe ON probe.id = q.probe \
             JOIN text target ON target.id = q.target JOIN text args ON args.id = q.args \
             JOIN text facts ON facts.id = q.facts",
        )
        .bind(json!(ids).to_string())
        .fetch_all(&mut *self.tx)
        .await
        .map_err(|error| self.store.fault(&error))?;
        if rows.len() != ids.len() {
            return Err(self.store.content("a question", "a part of it is gone"));
        }
        for (id, probe, target, args, facts) in rows {
            let key =
                Key { probe: probe.into(), target: target.into(), args: args.into(), facts: facts.into() };
            self.keys.insert(id, key);
        }
        Ok(())
    }

    fn parse<T: DeserializeOwned>(&self, what: &str, json: &[u8]) -> Result<T, StoreError> {
        serde_json::from_slice(json).map_err(|error| self.store.content(what, error.to_string()))
    }

    fn shape(&mut self, text: &str) -> Result<Shape, StoreError> {
        let mut json: Json = self.parse("a shape", text.as_bytes())?;
        let wrong = |why: String| self.store.content("a shape", why);
        let part = |name: &str| json.get(name).cloned();
        let identity = part("identity").ok_or_else(|| wrong("it names nobody".to_owned()))?;
        let identity = serde_json::from_value(identity).map_err(|error| wrong(error.to_string()))?;
        let Some(schema) = json.get_mut("schema") else { return Ok(Shape { identity, schema: None }) };
        let text = schema.to_string();
        if let Some(schema) = self.schemas.get(&text) {
            return Ok(Shape { identity, schema: Some(Arc::clone(schema)) });
        }
        let read = schema_from_json(schema).ok_or_else(|| wrong("its schema cannot be read".to_owned()))?;
        let schema = Arc::new(read);
        self.schemas.insert(text, Arc::clone(&schema));
        Ok(Shape { identity, schema: Some(schema) })
    }

    /// The shape of an observation that was learned.
    pub(super) fn shape_of(&self, stored: &Stored) -> Result<Arc<Shape>, StoreError> {
        self.shapes.get(&stored.shape).cloned().ok_or_else(|| self.wrong(stored, "its shape is gone"))
    }

    /// Why there is no answer, if there is none.
    pub(super) fn fault_of(&self, stored: &Stored) -> Option<Arc<Missing>> {
        stored.fault.and_then(|id| self.faults.get(&id)).cloned()
    }

    /// Which columns of these stand in blobs.
    pub(super) async fn parts(&mut self, stored: &[Stored]) -> Result<Parts, StoreError> {
        let ids: Vec<i64> = stored.iter().filter(|one| one.from == From::Row).map(|one| one.id).collect();
        let parts: Vec<(i64, i64, i64)> = sqlx::query_as(
            "SELECT part.observation, part.field, part.blob FROM json_each(?) wanted \
             CROSS JOIN part ON part.observation = wanted.value",
        )
        .bind(json!(ids).to_string())
        .fetch_all(&mut *self.tx)
        .await
        .map_err(|error| self.store.fault(&error))?;
        Ok(parts.into_iter().map(|(observation, field, blob)| ((observation, field), blob)).collect())
    }

    /// The bytes of blobs, each proved to be what was written.
    pub(super) async fn blobs(&mut self, ids: &BTreeSet<i64>) -> Result<HashMap<i64, Vec<u8>>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = sqlx::query_as(
            "SELECT blob.id, blob.digest, blob.value FROM json_each(?) wanted \
             CROSS JOIN blob ON blob.id = wanted.value",
        )
        .bind(json!(ids).to_string())
        .fetch_all(&mut *self.tx)
        .await
        .map_err(|error| self.store.fault(&error))?;
        let mut blobs = HashMap::with_capacity(rows.len());
        for (id, known, value) in rows {
            if digest(&value) != *known {
                return Err(self.store.content(format!("blob {id}"), "its checksum is wrong"));
            }
            blobs.insert(id, value);
        }
        Ok(blobs)
    }

    /// The body of an observation.
    pub(super) fn body<'b>(&self, stored: &'b Stored) -> Result<Body<'b>, StoreError> {
        let read = if stored.from == From::Row { body::read } else { body::read_plain };
        read(&stored.body, stored.seen).map_err(|why| self.wrong(stored, why))
    }

    /// The faults of its cells.
    pub(super) fn faults(
        &self,
        stored: &Stored,
        parts: &Parts,
        blobs: &HashMap<i64, Vec<u8>>,
    ) -> Result<Vec<Arc<Missing>>, StoreError> {
        if let From::Batch(faults) = stored.from {
            let Some(id) = faults else { return Ok(Vec::new()) };
            return self.holes.get(&id).cloned().ok_or_else(|| self.wrong(stored, "its faults are gone"));
        }
        let Some(id) = parts.get(&(stored.id, FAULTS)) else { return Ok(Vec::new()) };
        let bytes = blobs.get(id).ok_or_else(|| self.wrong(stored, "its faults are gone"))?;
        self.parse("faults", bytes)
    }

    /// One column of it.
    pub(super) fn column<'b>(
        &self,
        stored: &Stored,
        (field, inside): (usize, Option<&'b [u8]>),
        parts: &Parts,
        blobs: &'b HashMap<i64, Vec<u8>>,
    ) -> Result<&'b [u8], StoreError> {
        if let Some(bytes) = inside {
            return Ok(bytes);
        }
        let field = i64::try_from(field).unwrap_or(i64::MAX);
        let bytes = parts.get(&(stored.id, field)).and_then(|blob| blobs.get(blob));
        bytes.map(|bytes| &**bytes).ok_or_else(|| self.wrong(stored, "a column is gone"))
    }

    /// These observations as they were.
    pub(super) async fn whole(&mut self, stored: &[Stored]) -> Result<Vec<Observation>, StoreError> {
        self.learn(stored).await?;
        let parts = self.parts(stored).await?;
        let wanted: BTreeSet<i64> = parts.values().copied().collect();
        let blobs = self.blobs(&wanted).await?;
        stored.iter().map(|one| self.observation(one, &parts, &blobs)).collect()
    }

    fn observation(
        &self,
        stored: &Stored,
        parts: &Parts,
        blobs: &HashMap<i64, Vec<u8>>,
    ) -> Result<Observation, StoreError> {
        let shape = self.shape_of(stored)?;
        let Body { head, columns } = self.body(stored)?;
        let Head { at, source_clock, took, table } = head;
        let key = self.keys.get(&stored.question).cloned();
        let key = key.ok_or_else(|| self.wrong(stored, "its question is gone"))?;
        let result = match (stored.fault, table, &shape.schema) {
            (Some(_), None, _) => {
                Err(self.fault_of(stored).ok_or_else(|| self.wrong(stored, "its fault is gone"))?)
            }
            (None, Some((rows, total)), Some(schema)) => {
                let faults = self.faults(stored, parts, blobs)?;
                if columns.len() != schema.fields.len() {
                    return Err(self.wrong(stored, "it has not the columns of its schema"));
                }
                let mut cells: Vec<Vec<Cell>> = vec![Vec::new(); rows];
                for (field, inside) in columns.into_iter().enumerate() {
                    let bytes = self.column(stored, (field, inside), parts, blobs)?;
                    add(&mut cells, bytes, &faults).map_err(|why| self.wrong(stored, why))?;
                }
                let cut = stored.cut.and_then(|id| self.faults.get(&id)).cloned();
                let rows = cells.into_iter().map(Vec::into_boxed_slice).collect();
                Ok(Table { schema: Arc::clone(schema), rows, total, cut })
            }
            _ => return Err(self.wrong(stored, "it is neither an answer nor a fault")),
        };
        Ok(Observation { key, result, at, source_clock, took, identity: shape.identity.clone() })
    }
}

/// Adds a column to the rows.
fn add(rows: &mut [Vec<Cell>], bytes: &[u8], faults: &[Arc<Missing>]) -> Result<(), &'static str> {
    let mut wrong = None;
    column::decode(bytes, rows.len(), faults, |row, seen| {
        match (rows.get_mut(row), column::cell(seen, faults)) {
            (Some(row), Ok(cell)) => row.push(cell),
            (_, Err(why)) => wrong = Some(why),
            (None, _) => wrong = Some("a column has more rows than its table"),
        }
    })?;
    wrong.map_or(Ok(()), Err)
}
