//! Reading the text of a recording fast: on all cores, and without a tree of JSON in between.
//!
//! What is read here is what `muster record` writes. Whatever has another form is left to the reader of JSON
//! trees, which alone says what is wrong: there is one judge of what a recording may look like.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use super::json::{read_cell, read_text, read_value};
use super::observation_json::{Reader, Shared};
use super::{Cell, Key, Missing, Observation, Recording, Row, Schema, Table, Type, Value};

/// Fewer observations are not worth a thread.
const FEW: usize = 256;

/// Reads the text of a recording. `None` leaves it to the reader of JSON trees.
pub(super) fn read(text: &str) -> Option<Recording> {
    let Whole { mut rest, policies, observations } = serde_json::from_str(text).ok()?;
    for read in ["policies", "observations"] {
        rest.insert(read.to_owned(), Json::Array(Vec::new()));
    }
    let rest = Json::Object(rest);
    let mut recording = Recording::from_json(&rest).ok()?;
    recording.policies =
        policies.into_iter().map(|of| (Arc::from(of.policy), Arc::from(of.digest))).collect();
    let shared = Shared::from_json(&rest).ok()?;
    let some = |part: &[&RawValue]| {
        // With room for all, so that the first part takes in the others.
        let mut some = Vec::with_capacity(observations.len());
        let mut last = Last::default();
        for raw in part {
            some.push(observation(raw, &shared, &mut last)?);
        }
        Some(some)
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if observations.len() < FEW || cores == 1 {
        recording.observations = some(&observations)?;
        return Some(recording);
    }
    let parts: Option<Vec<Vec<Observation>>> = std::thread::scope(|scope| {
        let parts = observations.chunks(observations.len().div_ceil(cores));
        let threads: Vec<_> = parts.map(|part| scope.spawn(|| some(part))).collect();
        threads.into_iter().map(|thread| thread.join().ok().flatten()).collect()
    });
    let append = |mut all: Vec<Observation>, mut part| {
        all.append(&mut part);
        all
    };
    recording.observations = parts?.into_iter().reduce(append).unwrap_or_default();
    Some(recording)
}

/// A recording whose observations are not looked into yet.
struct Whole<'a> {
    rest: Map<String, Json>,
    policies: Vec<Judged<'a>>,
    observations: Vec<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Whole<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WholeVisitor)
    }
}

struct WholeVisitor;

impl<'de> Visitor<'de> for WholeVisitor {
    type Value = Whole<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a recording")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Whole<'de>, A::Error> {
        let (mut rest, mut policies, mut observations) = (Map::new(), None, None);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "policies" if policies.is_none() => policies = Some(map.next_value()?),
                "observations" if observations.is_none() => observations = Some(map.next_value()?),
                "policies" | "observations" => return Err(A::Error::custom("a list stands twice")),
                _ => drop(rest.insert(name, map.next_value()?)),
            }
        }
        let policies = policies.ok_or_else(|| A::Error::missing_field("policies"))?;
        let observations = observations.ok_or_else(|| A::Error::missing_field("observations"))?;
        Ok(Whole { rest, policies, observations })
    }
}

/// A policy of which the recording holds the facts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judged<'a> {
    #[serde(borrow)]
    policy: Cow<'a, str>,
    #[serde(borrow)]
    digest: Cow<'a, str>,
}

/// What stands there, which may not be null.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    probe: Cow<'a, str>,
    #[serde(borrow)]
    target: Cow<'a, str>,
    #[serde(borrow)]
    args: &'a RawValue,
    #[serde(borrow, default, deserialize_with = "present")]
    facts: Option<&'a RawValue>,
    #[serde(borrow)]
    at: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "present")]
    source_clock: Option<Cow<'a, str>>,
    took_us: u64,
    identity: usize,
    #[serde(default, deserialize_with = "present")]
    missing: Option<usize>,
    #[serde(borrow, default, deserialize_with = "present")]
    table: Option<WrittenTable<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTable<'a> {
    schema: usize,
    total: u64,
    cut: Option<usize>,
    #[serde(borrow)]
    rows: &'a RawValue,
}

/// Texts of the last observation: those of thousands in a row are the same.
#[derive(Default)]
struct Last {
    probe: Arc<str>,
    target: Arc<str>,
    facts: Arc<str>,
}

fn shared_text(last: &mut Arc<str>, text: &str) -> Arc<str> {
    if **last != *text {
        *last = Arc::from(text);
    }
    Arc::clone(last)
}

fn observation(raw: &RawValue, shared: &Shared, last: &mut Last) -> Option<Observation> {
    fast(raw, shared, last).or_else(|| {
        let json: Json = serde_json::from_str(raw.get()).ok()?;
        Reader::new(shared).observation(&json).ok()
    })
}

/// A map of texts in which nothing could be written otherwise: no escapes, no blanks, and names that ascend, so that
/// none stands twice. Such a text is what would be written of what it says.
fn is_canonical(text: &str) -> bool {
    if text == "{}" {
        return true;
    }
    let Some(inner) = text.strip_prefix("{\"").and_then(|rest| rest.strip_suffix("\"}")) else {
        return false;
    };
    let mut last = None;
    inner.split("\",\"").all(|pair| {
        let Some((name, value)) = pair.split_once("\":\"") else { return false };
        let ascends = last.replace(name).is_none_or(|last| last < name);
        ascends && [name, value].iter().all(|text| text.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\'))
    })
}

/// An observation that has every key and refers to all that can be shared.
fn fast(raw: &RawValue, shared: &Shared, last: &mut Last) -> Option<Observation> {
    let written: Written<'_> = serde_json::from_str(raw.get()).ok()?;
    let canonical = |raw: &RawValue| {
        if is_canonical(raw.get()) {
            return Some(Arc::from(raw.get()));
        }
        let json: Json = serde_json::from_str(raw.get()).ok()?;
        Some(Arc::from(json.to_string()))
    };
    let key = Key {
        probe: shared_text(&mut last.probe, &written.probe),
        target: shared_text(&mut last.target, &written.target),
        args: canonical(written.args)?,
        facts: match written.facts {
            Some(facts) => canonical(facts)?,
            None => shared_text(&mut last.facts, ""),
        },
    };
    let result = match (written.missing, written.table) {
        (Some(fault), None) => Err(Arc::clone(shared.faults.get(fault)?)),
        (None, Some(written)) => Ok(table(&written, shared)?),
        _ => return None,
    };
    Some(Observation {
        key,
        result,
        at: written.at.parse().ok()?,
        source_clock: match written.source_clock {
            Some(clock) => Some(clock.parse().ok()?),
            None => None,
        },
        took: Duration::from_micros(written.took_us),
        identity: shared.identities.get(written.identity)?.clone(),
    })
}

fn table(written: &WrittenTable<'_>, shared: &Shared) -> Option<Table> {
    let schema = Arc::clone(shared.schemas.get(written.schema)?);
    let cut = match written.cut {
        Some(fault) => Some(Arc::clone(shared.faults.get(fault)?)),
        None => None,
    };
    let mut reader = serde_json::Deserializer::from_str(written.rows.get());
    let rows = RowsSeed { schema: &schema, faults: &shared.faults }.deserialize(&mut reader).ok()?;
    Some(Table { schema, rows, total: written.total, cut })
}

type Faults<'a> = &'a [Arc<Missing>];

struct RowsSeed<'a> {
    schema: &'a Schema,
    faults: Faults<'a>,
}

impl<'de> DeserializeSeed<'de> for RowsSeed<'_> {
    type Value = Vec<Row>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Row>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowsSeed<'_> {
    type Value = Vec<Row>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Row>, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = seq.next_element_seed(RowSeed { schema: self.schema, faults: self.faults })? {
            rows.push(row);
        }
        Ok(rows)
    }
}

struct RowSeed<'a> {
    schema: &'a Schema,
    faults: Faults<'a>,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = Row;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Row, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = Row;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of cells")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Row, A::Error> {
        let mut cells = Vec::with_capacity(self.schema.fields.len());
        for field in &self.schema.fields {
            let seed = CellSeed { ty: &field.ty, faults: self.faults };
            let cell = seq.next_element_seed(seed)?;
            cells.push(cell.ok_or_else(|| A::Error::custom("a row is too short"))?);
        }
        match seq.next_element::<IgnoredAny>()? {
            None => Ok(cells.into_boxed_slice()),
            Some(_) => Err(A::Error::custom("a row is too long")),
        }
    }
}

/// A cell of this type.
#[derive(Clone, Copy)]
struct CellSeed<'a> {
    ty: &'a Type,
    faults: Faults<'a>,
}

impl CellSeed<'_> {
    fn value<E: Error>(self, json: &Json) -> Result<Cell, E> {
        read_value(json, self.ty, self.faults).map(Ok).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for CellSeed<'_> {
    type Value = Cell;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cell, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellSeed<'_> {
    type Value = Cell;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.ty)
    }

    fn visit_unit<E: Error>(self) -> Result<Cell, E> {
        self.value(&Json::Null)
    }

    fn visit_bool<E: Error>(self, bool: bool) -> Result<Cell, E> {
        self.value(&Json::Bool(bool))
    }

    fn visit_i64<E: Error>(self, int: i64) -> Result<Cell, E> {
        self.value(&Json::from(int))
    }

    fn visit_u64<E: Error>(self, int: u64) -> Result<Cell, E> {
        self.value(&Json::from(int))
    }

    fn visit_f64<E: Error>(self, float: f64) -> Result<Cell, E> {
        self.value(&Json::from(float))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cell, E> {
        let value = read_text(text, self.ty.base());
        value.map(Ok).ok_or_else(|| E::custom("another type was expected"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Cell, A::Error> {
        let Type::List(item) = self.ty.base() else { return Err(A::Error::custom("no list was expected")) };
        let mut cells = Vec::new();
        while let Some(cell) = seq.next_element_seed(CellSeed { ty: item, ..self })? {
            cells.push(cell);
        }
        Ok(Ok(Value::List(cells.into())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cell, A::Error> {
        let Some(first) = map.next_key::<Cow<'de, str>>()? else {
            return read_cell(&Json::Object(Map::new()), self.ty, self.faults).map_err(A::Error::custom);
        };
        let value: Json = map.next_value()?;
        let mut next = map.next_key::<String>()?;
        if next.is_none()
            && first == "missing"
            && let Some(number) = value.as_u64()
        {
            let known = usize::try_from(number).ok().and_then(|number| self.faults.get(number));
            return known.map(|why| Err(Arc::clone(why))).ok_or_else(|| A::Error::custom("no such fault"));
        }
        let mut whole = Map::new();
        whole.insert(first.into_owned(), value);
        while let Some(name) = next {
            whole.insert(name, map.next_value()?);
            next = map.next_key()?;
        }
        read_cell(&Json::Object(whole), self.ty, self.faults).map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::super::json::tests::typed;
    use super::super::{Cause, Field, Identity, Rows, ZeroRows};
    use super::*;

    fn recording(cells: Vec<(Type, Cell)>) -> Recording {
        let fields = cells.iter().enumerate();
        let fields = fields.map(|(at, (ty, _))| Field::declared(&format!("f{at}"), ty.clone())).collect();
        let schema =
            Arc::new(Schema { version: 1, fields, key: Vec::new(), rows: Rows::Many, zero: ZeroRows::Fine });
        let row: Row = cells.into_iter().map(|(_, cell)| cell).collect();
        let result = Ok(Table { schema, rows: vec![row.clone(), row], total: 7, cut: None });
        let key =
            Key { probe: "p".into(), target: "t".into(), args: r#"{"a":"\n"}"#.into(), facts: "".into() };
        let (at, took, identity) = (Timestamp::UNIX_EPOCH, Duration::from_micros(3), Identity::default());
        let observations = vec![Observation { key, result, at, source_clock: None, took, identity }];
        let (policies, past) = (Vec::new(), super::super::Past::default());
        Recording {
            muster: "1".into(),
            started: at,
            policies,
            observations,
            about: None,
            complete: true,
            past,
            gate: None,
        }
    }

    proptest! {
        #[test]
        fn every_value_reads_fast_as_it_was_written(values in proptest::collection::vec(typed(), 1..6), fault: bool) {
            let mut cells: Vec<(Type, Cell)> = values.into_iter().map(|(ty, value)| (ty, Ok(value))).collect();
            if fault {
                cells.push((Type::BYTES, Err(Arc::new(Missing::new(Cause::Denied, "no").fix("grant")))));
            }
            let recording = recording(cells);
            prop_assert_eq!(read(&recording.to_text()), Some(recording.clone()));
            prop_assert_eq!(Recording::from_json(&recording.to_json()), Ok(recording));
        }
    }

    proptest! {
        #[test]
        fn a_canonical_text_is_what_is_written_of_it(
            text in "\\{(\"[a-c]{0,2}\":\"[ -~\u{1}ä]{0,4}\",?){0,3}\\}|[{}\":,a \\\\]{0,9}"
        ) {
            let json = serde_json::from_str::<Json>(&text);
            prop_assert!(!is_canonical(&text) || json.is_ok_and(|json| format!("{json}") == text), "{}", text);
        }
    }

    #[test]
    fn usual_arguments_are_canonical() {
        for (text, canonical) in [
            ("{}", true),
            (r#"{"path":"/srv/a b"}"#, true),
            (r#"{"a":"ä","b":""}"#, true),
            (r#"{"b":"","a":""}"#, false),
            (r#"{"a":"","a":""}"#, false),
            (r#"{"a": ""}"#, false),
            (r#"{"a":1}"#, false),
            (r#"{"a":"\u0041"}"#, false),
        ] {
            assert_eq!(is_canonical(text), canonical, "{text}");
        }
    }

    #[test]
    fn what_has_another_form_is_left_to_the_reader_of_trees() {
        let text = recording(vec![(Type::BYTES, Ok(Value::Int(7)))]).to_text();
        assert!(read(&text).is_some());
        for (from, to) in [
            ("[[7],[7]]", "[[7],[\"x\"]]"),
            ("[[7],[7]]", "[[7],[7,7]]"),
            ("[[7],[7]]", "[[7],[{\"missing\":4}]]"),
            ("\"recording\": 1", "\"recording\": 2"),
            ("\"schema\":0", "\"schema\":1"),
            ("}\n]\n}", "}\n],\n\"observations\": []}"),
        ] {
            let wrong = text.replace(from, to);
            assert_ne!(wrong, text, "{from}");
            assert!(read(&wrong).is_none(), "{to}");
        }
        // A fault written in full is read as well.
        let full = text.replace("[[7],[7]]", r#"[[7],[{"missing":"denied","what":"no","level":"row"}]]"#);
        let read = read(&full).unwrap();
        assert_eq!(read, Recording::from_json(&serde_json::from_str(&full).unwrap()).unwrap());
        let Ok(table) = &read.observations[0].result else { panic!() };
        assert_eq!(table.rows[1][0].as_ref().unwrap_err().cause, Cause::Denied);
    }
}
