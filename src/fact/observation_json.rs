//! The JSON forms of one observation.
//!
//! Alone it holds its schema, its identity and its faults in full. In a recording they stand once in lists of the
//! recording, and the observation says their numbers: thousands of answers share a handful of them, and would
//! otherwise be mostly repetition.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::json::{read_cell, write_cell};
use super::{
    Args, Identity, Key, Missing, Observation, Row, Schema, Table, schema_from_json, schema_to_json,
};

/// One observation as JSON, whole in itself.
pub fn observation_to_json(observation: &Observation) -> Json {
    write(observation, &mut Whole)
}

/// One observation from JSON that is whole in itself; the error is a sentence.
pub fn observation_from_json(json: &Json) -> Result<Observation, String> {
    Reader::new(&Shared::default()).observation(json)
}

/// How what observations share is written.
pub(super) trait Write {
    fn schema(&mut self, schema: &Arc<Schema>) -> Json;
    fn identity(&mut self, identity: &Identity) -> Json;
    /// In place of an answer.
    fn fault(&mut self, why: &Arc<Missing>) -> Json;
}

/// In full, wherever it is used.
struct Whole;

impl Write for Whole {
    fn schema(&mut self, schema: &Arc<Schema>) -> Json {
        schema_to_json(schema)
    }

    fn identity(&mut self, identity: &Identity) -> Json {
        json!(identity)
    }

    fn fault(&mut self, why: &Arc<Missing>) -> Json {
        json!(**why)
    }
}

/// As numbers in lists, which are written beside the observations.
#[derive(Default)]
pub(super) struct Numbered {
    schemas: Vec<Json>,
    schema_texts: HashMap<String, usize>,
    // The schema is kept, so that no other can take its address.
    schema_places: HashMap<usize, (Arc<Schema>, usize)>,
    identities: Vec<Json>,
    identity_numbers: HashMap<Identity, usize>,
    faults: Vec<Json>,
    fault_numbers: HashMap<Arc<Missing>, usize>,
}

impl Numbered {
    /// The lists: schemas, identities, faults.
    pub(super) fn lists(self) -> (Vec<Json>, Vec<Json>, Vec<Json>) {
        (self.schemas, self.identities, self.faults)
    }
}

impl Write for Numbered {
    fn schema(&mut self, schema: &Arc<Schema>) -> Json {
        let place = Arc::as_ptr(schema).addr();
        if let Some((_, number)) = self.schema_places.get(&place) {
            return json!(number);
        }
        let json = schema_to_json(schema);
        let next = self.schemas.len();
        let number = *self.schema_texts.entry(json.to_string()).or_insert(next);
        if number == next {
            self.schemas.push(json);
        }
        self.schema_places.insert(place, (Arc::clone(schema), number));
        json!(number)
    }

    fn identity(&mut self, identity: &Identity) -> Json {
        if let Some(number) = self.identity_numbers.get(identity) {
            return json!(number);
        }
        let number = self.identities.len();
        self.identities.push(json!(identity));
        self.identity_numbers.insert(identity.clone(), number);
        json!(number)
    }

    fn fault(&mut self, why: &Arc<Missing>) -> Json {
        if let Some(number) = self.fault_numbers.get(why) {
            return json!(number);
        }
        let number = self.faults.len();
        self.faults.push(json!(**why));
        self.fault_numbers.insert(Arc::clone(why), number);
        json!(number)
    }
}

/// One observation; a cell with a fault is a map with the one key `missing` if the fault has a number.
pub(super) fn write(observation: &Observation, shared: &mut impl Write) -> Json {
    let mut json = json!({
        "probe": observation.key.probe,
        "target": observation.key.target,
        "args": parsed(&observation.key.args),
        "at": observation.at.to_string(),
        "took_us": u64::try_from(observation.took.as_micros()).unwrap_or(u64::MAX),
        "identity": shared.identity(&observation.identity),
    });
    let Some(map) = json.as_object_mut() else { return json };
    if !observation.key.facts.is_empty() {
        map.insert("facts".into(), parsed(&observation.key.facts));
    }
    if let Some(clock) = observation.source_clock {
        map.insert("source_clock".into(), json!(clock.to_string()));
    }
    match &observation.result {
        Err(why) => map.insert("missing".into(), shared.fault(why)),
        Ok(table) => map.insert("table".into(), table_to_json(table, shared)),
    };
    json
}

/// Canonical JSON of a key; it comes from a `Json` that was written.
pub(super) fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or(Json::Null)
}

fn table_to_json(table: &Table, shared: &mut impl Write) -> Json {
    let schema = shared.schema(&table.schema);
    let cut = table.cut.as_ref().map(|why| shared.fault(why));
    let mut fault = |why: &Arc<Missing>| match shared.fault(why) {
        // In full it says that it stands for a value by another name of its cause.
        Json::Object(mut whole) => {
            let cause = whole.shift_remove("cause");
            let rest = whole.into_iter();
            Json::Object(cause.map(|cause| ("missing".to_owned(), cause)).into_iter().chain(rest).collect())
        }
        number => json!({ "missing": number }),
    };
    let mut rows = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        let cells = table.schema.fields.iter().zip(row);
        rows.push(cells.map(|(field, cell)| write_cell(cell, &field.ty, &mut fault)).collect::<Json>());
    }
    json!({ "schema": schema, "total": table.total, "cut": cut, "rows": rows })
}

/// What observations refer to by number.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) schemas: Vec<Arc<Schema>>,
    pub(super) identities: Vec<Identity>,
    pub(super) faults: Vec<Arc<Missing>>,
}

impl Shared {
    /// The lists of a recording; one that is not there is empty.
    pub(super) fn from_json(json: &Json) -> Result<Self, String> {
        let list = |name| json.get(name).map_or(Ok(&[][..]), |_| array(json, name).map(Vec::as_slice));
        let schemas = list("schemas")?.iter().map(schema).collect::<Result<_, _>>()?;
        let identities = list("identities")?.iter().map(identity).collect::<Result<_, _>>()?;
        let faults = list("faults")?.iter().map(fault).collect::<Result<_, _>>()?;
        Ok(Self { schemas, identities, faults })
    }
}

pub(super) fn array<'a>(json: &'a Json, name: &str) -> Result<&'a Vec<Json>, String> {
    json.get(name).and_then(Json::as_array).ok_or_else(|| format!("`{name}` must be a list"))
}

pub(super) fn text(json: &Json, name: &str) -> Result<Arc<str>, String> {
    json.get(name).and_then(Json::as_str).map(Arc::from).ok_or_else(|| format!("`{name}` must be a text"))
}

pub(super) fn time(json: &Json, name: &str) -> Result<Timestamp, String> {
    text(json, name)?.parse().map_err(|error| format!("`{name}`: {error}"))
}

fn schema(json: &Json) -> Result<Arc<Schema>, String> {
    schema_from_json(json).map(Arc::new).ok_or_else(|| "the schema cannot be read".to_owned())
}

fn identity(json: &Json) -> Result<Identity, String> {
    serde_json::from_value(json.clone()).map_err(|error| format!("identity: {error}"))
}

fn fault(json: &Json) -> Result<Arc<Missing>, String> {
    serde_json::from_value(json.clone()).map(Arc::new).map_err(|error| format!("missing: {error}"))
}

/// What stands in full, or in a list at its number.
fn numbered<T: Clone>(
    json: &Json,
    list: &[T],
    what: &str,
    read: impl Fn(&Json) -> Result<T, String>,
) -> Result<T, String> {
    let Some(number) = json.as_u64() else { return read(json) };
    let known = usize::try_from(number).ok().and_then(|number| list.get(number));
    known.cloned().ok_or_else(|| format!("there is no {what} {number}"))
}

/// A key that nothing reads would be a word that nobody hears.
pub(super) fn only(json: &Json, known: &[&str]) -> Result<(), String> {
    let unknown = json.as_object().and_then(|map| map.keys().find(|name| !known.contains(&name.as_str())));
    unknown
        .map_or(Ok(()), |name| Err(format!("there is no key `{name}`; known are `{}`", known.join("`, `"))))
}

/// The keys of an observation.
const OBSERVATION: &[&str] =
    &["probe", "target", "args", "facts", "at", "source_clock", "took_us", "identity", "table", "missing"];

/// The question.
pub(super) fn key(json: &Json) -> Result<Key, String> {
    Ok(Key {
        probe: text(json, "probe")?,
        target: text(json, "target")?,
        args: Arc::from(json.get("args").cloned().unwrap_or_else(|| Args::default().to_json()).to_string()),
        facts: Arc::from(json.get("facts").map_or_else(String::new, ToString::to_string)),
    })
}

/// Reads observations.
pub(super) struct Reader<'a> {
    shared: &'a Shared,
    /// The schema that was read last in full: answers of one probe have the same, and thousands of copies would
    /// take more room and time than the facts.
    last: Option<(&'a Json, Arc<Schema>)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        Self { shared, last: None }
    }

    pub(super) fn observation(&mut self, json: &'a Json) -> Result<Observation, String> {
        let key = key(json)?;
        let place = || format!("observation of {} at {}", key.probe, key.target);
        let at_place = |why: String| format!("{}: {why}", place());
        only(json, OBSERVATION).map_err(at_place)?;
        let identity = match json.get("identity") {
            Some(written) => {
                numbered(written, &self.shared.identities, "identity", identity).map_err(at_place)?
            }
            None => Identity::default(),
        };
        let source_clock = match json.get("source_clock") {
            Some(_) => Some(time(json, "source_clock")?),
            None => None,
        };
        let result = match (json.get("missing"), json.get("table")) {
            (Some(missing), None) => {
                Err(numbered(missing, &self.shared.faults, "fault", fault).map_err(at_place)?)
            }
            (None, Some(table)) => Ok(self.table(table).map_err(at_place)?),
            _ => return Err(at_place("exactly one of `table` and `missing` must be there".to_owned())),
        };
        let took = Duration::from_micros(json.get("took_us").and_then(Json::as_u64).unwrap_or(0));
        Ok(Observation { result, at: time(json, "at")?, source_clock, took, identity, key })
    }

    fn schema(&mut self, json: &'a Json) -> Result<Arc<Schema>, String> {
        if let Some((known, schema)) = &self.last
            && *known == json
        {
            return Ok(Arc::clone(schema));
        }
        let schema = numbered(json, &self.shared.schemas, "schema", schema)?;
        self.last = Some((json, Arc::clone(&schema)));
        Ok(schema)
    }

    fn table(&mut self, json: &'a Json) -> Result<Table, String> {
        only(json, &["schema", "total", "cut", "rows"])?;
        let schema = self.schema(json.get("schema").ok_or("the schema cannot be read")?)?;
        let cut = match json.get("cut") {
            None | Some(Json::Null) => None,
            Some(cut) => {
                Some(numbered(cut, &self.shared.faults, "fault", fault).map_err(|e| format!("cut: {e}"))?)
            }
        };
        let rows = array(json, "rows")?.iter().enumerate();
        let rows = rows
            .map(|(number, row)| self.row(row, &schema).map_err(|why| format!("row {number}{why}")))
            .collect::<Result<Vec<Row>, String>>()?;
        let total = json.get("total").and_then(Json::as_u64).unwrap_or(rows.len() as u64);
        Ok(Table { schema, rows, total, cut })
    }

    /// The error goes on behind the number of the row.
    fn row(&self, json: &Json, schema: &Schema) -> Result<Row, String> {
        let cells = json.as_array().ok_or(" must be a list")?;
        if cells.len() != schema.fields.len() {
            return Err(format!(" has {} cells, the schema {}", cells.len(), schema.fields.len()));
        }
        let read = schema.fields.iter().zip(cells).map(|(field, cell)| {
            read_cell(cell, &field.ty, &self.shared.faults).map_err(|e| format!(", `{}`: {e}", field.name))
        });
        Ok(read.collect::<Result<Vec<_>, _>>()?.into_boxed_slice())
    }
}
