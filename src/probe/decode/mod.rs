//! Facts that a policy declared, out of structured answers (JSON, performance data).
//!
//! Strict on purpose: a value of another kind than declared is `unknown: wrong-type`, never bent into one,
//! because a silent conversion is how a limit comes to be compared with nothing. A place that the answer does
//! not have is `unknown: absent`, also for a fact that may be null: null is something the source said.

mod amount;
mod rows;

use std::sync::Arc;

use serde_json::Value as Json;

use crate::fact::{Cause, Cell, Level, Missing, Pointer, Type, Value, parse_literal};

use amount::number;

pub(crate) use amount::{Amount, is_time};
pub(crate) use rows::{cells_row, declared_missing, row_from_json, rows_from_json};

/// The declared fact at its place in a document.
pub(crate) fn json_at(document: &Json, pointer: &Pointer) -> Cell {
    json_cell(json_find(document, &pointer.at, &pointer.name), pointer)
}

/// What stands at a place: a JSON pointer (`/status/lag`), a bare key (`lag`), nothing for the key of the
/// fact's own name, or `.` for the whole.
pub(crate) fn json_find<'a>(document: &'a Json, at: &str, name: &str) -> Option<&'a Json> {
    match at {
        "" => document.get(name),
        "." => Some(document),
        pointer if pointer.starts_with('/') => document.pointer(pointer),
        key => document.get(key),
    }
}

/// What was found for a declared fact, as its type; `None` is a place that the answer does not have.
pub(crate) fn json_cell(json: Option<&Json>, pointer: &Pointer) -> Cell {
    let Some(json) = json else {
        let what = format!("the answer has nothing at {}", place(pointer));
        return row(Cause::Absent, what)
            .fix(format!("correct `at` of the fact `{}`, or what answers", pointer.name))
            .cell();
    };
    if json.is_null() && pointer.ty.is_nullable() {
        return Ok(Value::Null);
    }
    if let (Type::List(item), Json::Array(items)) = (pointer.ty.base(), json) {
        return Ok(Value::List(list(items, item, pointer)));
    }
    typed(json, pointer).or_else(|why| wrong(pointer, &why).cell()).and_then(|value| counted(value, pointer))
}

/// A number with the unit that stands beside it, as the declared type.
pub(crate) fn amount_cell(amount: Amount, unit: Option<&str>, pointer: &Pointer) -> Cell {
    let cell = number(amount, unit, pointer.ty.base()).or_else(|why| wrong(pointer, &why).cell());
    cell.and_then(|value| counted(value, pointer))
}

/// What counts is never below zero; a fall to there would pass for a reset, after which the count goes on.
fn counted(value: Value, pointer: &Pointer) -> Cell {
    match value {
        Value::Int(int) if int < 0 && *pointer.ty.base() == Type::Counter => {
            let what = format!("{} is {int}, and a counter is never below zero", place(pointer));
            row(Cause::Malformed, what).fix("declare it as `int` if it can fall below zero").cell()
        }
        value => Ok(value),
    }
}

fn list(items: &[Json], item: &Type, pointer: &Pointer) -> Arc<[Cell]> {
    let inner = |index: usize| Pointer {
        ty: item.clone(),
        at: Arc::from(format!("{}/{index}", pointer.at)),
        ..pointer.clone()
    };
    items.iter().enumerate().map(|(index, json)| json_cell(Some(json), &inner(index))).collect()
}

fn typed(json: &Json, pointer: &Pointer) -> Result<Value, String> {
    let ty = pointer.ty.base();
    let other = || Err(format!("is {}, not {ty}", short(json)));
    match (ty, json) {
        (_, Json::Null) => Err(format!("is null; declare it as `{ty}?` if it may be")),
        (Type::Bool, Json::Bool(bool)) => Ok(Value::Bool(*bool)),
        (Type::Text(_), Json::String(text)) => Ok(Value::text(text)),
        (Type::Int | Type::Float | Type::Counter | Type::Quantity(_) | Type::Time, Json::Number(found)) => {
            let amount = found.as_i64().map(Amount::Int).or_else(|| found.as_f64().map(Amount::Float));
            number(amount.ok_or("is not a number that fits")?, pointer.unit.as_deref(), ty)
        }
        (Type::Enum(_) | Type::Version | Type::Time | Type::Date | Type::Quantity(_), Json::String(text))
            if text.len() <= 200 =>
        {
            parse_literal(text, ty).map_err(|error| format!("cannot be read: {}", error.0))
        }
        _ => other(),
    }
}

fn wrong(pointer: &Pointer, why: &str) -> Missing {
    row(Cause::WrongType, format!("{} {why}", place(pointer)))
        .fix(format!("declare the fact `{}` as what it is, or correct `at`", pointer.name))
}

fn row(cause: Cause, what: String) -> Missing {
    Missing::new(cause, what).level(Level::Row)
}

fn place(pointer: &Pointer) -> String {
    if pointer.at.is_empty() { format!("`/{}`", pointer.name) } else { format!("`{}`", pointer.at) }
}

/// A value that may be shown in a message: short ones as they are, others by their kind only.
fn short(json: &Json) -> String {
    match json {
        Json::String(text) if text.chars().count() <= 40 => format!("the text {json}"),
        Json::Number(_) | Json::Bool(_) => format!("{} {json}", kind(json)),
        _ => kind(json).to_owned(),
    }
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "the bool",
        Json::Number(_) => "the number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointer(ty: &str, at: &str, unit: Option<&str>) -> Pointer {
        Pointer {
            name: Arc::from("lag"),
            ty: Type::parse(ty).unwrap(),
            at: Arc::from(at),
            unit: unit.map(Arc::from),
        }
    }

    fn read(json: &Json, ty: &str, unit: Option<&str>) -> Result<Value, Cause> {
        json_cell(Some(json), &pointer(ty, "/x", unit)).map_err(|why| {
            assert_eq!(why.level, Level::Row);
            why.cause
        })
    }

    const WRONG: Result<Value, Cause> = Err(Cause::WrongType);

    #[test]
    fn a_counter_below_zero_is_malformed() {
        let cause = |cell: Cell| cell.map_err(|why| why.cause);
        let counter = |number: i64| cause(json_cell(Some(&json!(number)), &pointer("counter", "", None)));
        assert_eq!(counter(-5), Err(Cause::Malformed));
        assert_eq!(counter(0), Ok(Value::Int(0)));
        let nullable = pointer("counter?", "", None);
        assert_eq!(cause(amount_cell(Amount::Int(-1), None, &nullable)), Err(Cause::Malformed));
        assert_eq!(cause(json_cell(Some(&json!(-5)), &pointer("int", "", None))), Ok(Value::Int(-5)));
    }

    #[test]
    fn values_take_their_declared_type_and_unit() {
        let cases: Vec<(Json, &str, Option<&str>, Value)> = vec![
            (json!(true), "bool", None, Value::Bool(true)),
            (json!(12), "int", None, Value::Int(12)),
            (json!(12.0), "int", None, Value::Int(12)),
            (json!(i64::MAX), "int", None, Value::Int(i64::MAX)),
            (json!(12), "float", None, Value::Float(12.0)),
            (json!("a"), "text", None, Value::text("a")),
            (json!("a"), "enum(a|b)", None, Value::text("a")),
            (json!("15.4"), "version", None, Value::text("15.4")),
            (json!(2), "duration", None, Value::Int(2_000_000)),
            (json!(1.5), "duration", None, Value::Int(1_500_000)),
            (json!(1500), "duration", Some("ms"), Value::Int(1_500_000)),
            (json!(1500), "duration", Some("ns"), Value::Int(2)),
            (json!(3), "duration", Some("h"), Value::Int(10_800_000_000)),
            (json!("1h30m"), "duration", None, Value::Int(5_400_000_000)),
            (json!(10), "bytes", None, Value::Int(10)),
            (json!(10), "bytes", Some("KiB"), Value::Int(10_240)),
            (json!(1.5), "bytes", Some("kB"), Value::Int(1_500)),
            (json!("10GiB"), "bytes", None, Value::Int(10 << 30)),
            (json!(0.97), "ratio", None, Value::Float(0.97)),
            (json!(97), "ratio", Some("percent"), Value::Float(0.97)),
            (json!("97%"), "ratio", None, Value::Float(0.97)),
            (json!(1.2), "ratio", Some("ratio"), Value::Float(1.2)),
            (json!(120), "rate", Some("/m"), Value::Float(2.0)),
            (json!(2), "bytes/s", Some("KiB/s"), Value::Float(2048.0)),
            (json!("1970-01-01T00:00:01Z"), "time", None, Value::Int(1_000_000)),
            (json!(1), "time", Some("s"), Value::Int(1_000_000)),
            (json!(null), "int?", None, Value::Null),
            (json!(1), "int?", None, Value::Int(1)),
            (json!([1, 2]), "list<int>", None, Value::List([Ok(Value::Int(1)), Ok(Value::Int(2))].into())),
        ];
        for (json, ty, unit, value) in cases {
            assert_eq!(read(&json, ty, unit), Ok(value), "{json} as {ty} {unit:?}");
        }
    }

    #[test]
    fn nothing_is_bent_into_another_type() {
        let cases: Vec<(Json, &str, Option<&str>)> = vec![
            (json!(null), "int", None),
            (json!("12"), "int", None),
            (json!(1.5), "int", None),
            (json!(u64::MAX), "int", None),
            (json!(1e19), "int", None),
            (serde_json::from_str("123456789012345678901234567890").unwrap(), "int", None),
            (json!(1), "bool", None),
            (json!("true"), "bool", None),
            (json!(1), "text", None),
            (json!("c"), "enum(a|b)", None),
            (json!("abc"), "duration", None),
            (json!("10GiB"), "duration", None),
            (json!("7"), "duration", None),
            (json!(1), "duration", Some("KiB")),
            (json!(1), "int", Some("s")),
            (json!(0.5), "bytes", None),
            (json!(i64::MAX), "bytes", Some("GiB")),
            (json!(1e300), "duration", None),
            (json!(97), "ratio", None),
            (json!(-3), "ratio", None),
            (json!(1_700_000_000), "time", None),
            (json!("yesterday"), "time", None),
            (json!(1_700_000_000_000_i64), "time", Some("s")),
            (json!({}), "text", None),
            (json!({"a": 1}), "int", None),
            (json!(3), "list<int>", None),
        ];
        for (json, ty, unit) in cases {
            assert_eq!(read(&json, ty, unit), WRONG, "{json} as {ty} {unit:?}");
        }
    }

    /// Whatever comes out is what the type says: it survives being recorded and read back.
    fn is_of_its_type(json: &Json, ty: &str, unit: Option<&str>) {
        let of = pointer(ty, "/x", unit);
        if let Ok(value) = json_cell(Some(json), &of) {
            let written = crate::fact::value_to_json(&value, &of.ty);
            assert_eq!(crate::fact::value_from_json(&written, &of.ty), Ok(value), "{json} as {ty} {unit:?}");
        }
    }

    #[test]
    fn no_value_contradicts_its_type() {
        let numbers = [0.0, -0.0, 0.5, -1.0, 1.5, 97.0, 1e9, 1e15, 9e15, 1e18, 9.3e18, 1e300, -1e300, 5e-324];
        let texts =
            ["", "a", "97%", "7d", "10GiB", "3/s", "1KiB/s", "2026-01-01", "2026-01-01T00:00:00Z", "15.4"];
        let others = [
            json!(null),
            json!(true),
            json!([1, null, "x"]),
            json!({"a": 1}),
            json!(i64::MIN),
            json!(u64::MAX),
        ];
        let all = numbers.map(Json::from).into_iter().chain(texts.map(Json::from)).chain(others);
        let units = [
            None,
            Some("s"),
            Some("ns"),
            Some("w"),
            Some("B"),
            Some("PiB"),
            Some("percent"),
            Some("/d"),
            Some("x"),
        ];
        for json in all {
            for ty in Type::names().chain(["int?", "list<int>", "list<duration>", "enum(a|b)", "bytes?"]) {
                for unit in units {
                    is_of_its_type(&json, ty, unit);
                }
            }
        }
    }

    #[test]
    fn a_wrong_item_of_a_list_is_missing_and_not_dropped() {
        let Ok(Value::List(items)) = read(&json!([1, "x", null]), "list<int>", None) else {
            panic!("no list")
        };
        assert_eq!(items.len(), 3);
        assert_eq!(items[1].as_ref().unwrap_err().cause, Cause::WrongType);
        assert!(items[1].as_ref().unwrap_err().what.contains("`/x/1`"));
        assert_eq!(items[2].as_ref().unwrap_err().cause, Cause::WrongType);
    }

    #[test]
    fn places_are_pointers_keys_or_the_name() {
        let document = json!({"lag": 1, "a": {"b": 2, "c/d": 3}});
        let int = |at: &str| json_at(&document, &pointer("int?", at, None)).map_err(|why| why.cause);
        assert_eq!(int(""), Ok(Value::Int(1)));
        assert_eq!(int("lag"), Ok(Value::Int(1)));
        assert_eq!(int("/a/b"), Ok(Value::Int(2)));
        assert_eq!(int("/a/c~1d"), Ok(Value::Int(3)));
        assert_eq!(int("/a/z"), Err(Cause::Absent), "not there is not null");
        assert_eq!(int("."), Err(Cause::WrongType));
    }

    #[test]
    fn a_long_text_is_not_repeated_in_a_message() {
        let why = json_cell(Some(&json!("p".repeat(60))), &pointer("int", "", None)).unwrap_err();
        assert!(!why.what.contains("ppp"), "{}", why.what);
        assert!(why.what.starts_with("`/lag` is a text"), "{}", why.what);
    }
}
