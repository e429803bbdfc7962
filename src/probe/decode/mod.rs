//! Facts that a policy declared, out of structured answers (JSON, performance data).
//!
//! Strict on purpose: a value of another kind than declared is `unknown: wrong-type`, never bent into one,
//! because a silent conversion is how a limit comes to be compared with nothing. A place that the answer does
//! not have is `unknown: absent`, also for a fact that may be null: null is something the source said.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::fact::{
    Cause, Cell, Level, Missing, Pointer, TableBuilder, Type, Unit, Value, float_to_int, int_to_float,
    parse_literal,
};

/// A number as it stands in an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Amount {
    /// Without a fraction.
    Int(i64),
    /// With one, or too large for the other.
    Float(f64),
}

impl Amount {
    fn float(self) -> f64 {
        match self {
            Self::Int(int) => int_to_float(int),
            Self::Float(float) => float,
        }
    }

    /// The whole number, if it is one exactly.
    fn whole(self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(int),
            Self::Float(float) => {
                let whole = float_to_int(float).filter(|int| int.abs() <= EXACT)?;
                ((int_to_float(whole) - float).abs() < f64::EPSILON).then_some(whole)
            }
        }
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(int) => write!(out, "{int}"),
            Self::Float(float) => write!(out, "{float}"),
        }
    }
}

/// The largest whole number up to which a float holds every one.
const EXACT: i64 = 1 << 53;

/// Units of durations (and of times as numbers) with their microseconds.
const DURATIONS: &[(&str, f64)] = &[
    ("s", 1e6),
    ("ns", 1e-3),
    ("us", 1.0),
    ("ms", 1e3),
    ("m", 60e6),
    ("h", 3_600e6),
    ("d", 86_400e6),
    ("w", 604_800e6),
];

/// Units of sizes with their bytes.
const SIZES: &[(&str, f64)] = &[
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1_024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
    ("PiB", 1_125_899_906_842_624.0),
];

/// Units of rates with their events per second.
const RATES: &[(&str, f64)] =
    &[("/s", 1.0), ("/m", 1.0 / 60.0), ("/h", 1.0 / 3_600.0), ("/d", 1.0 / 86_400.0)];

/// Units of ratios.
const RATIOS: &[(&str, f64)] = &[("ratio", 1.0), ("percent", 0.01), ("%", 0.01)];

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
    typed(json, pointer).or_else(|why| wrong(pointer, &why).cell())
}

/// A number with the unit that stands beside it, as the declared type.
pub(crate) fn amount_cell(amount: Amount, unit: Option<&str>, pointer: &Pointer) -> Cell {
    number(amount, unit, pointer.ty.base()).or_else(|why| wrong(pointer, &why).cell())
}

/// One row for each item of the array at `rows`. Every row gets the fixed cells, by name, and each declared
/// fact from its place within the item.
pub(crate) fn rows_from_json(
    table: &mut TableBuilder,
    document: &Json,
    rows: &str,
    pointers: &[Pointer],
    fixed: &[(&str, Cell)],
) -> Result<(), Missing> {
    let found = if rows == "/" { Some(document) } else { json_find(document, rows, "") };
    let Some(found) = found else {
        let what = format!("the answer has nothing at `{rows}`, where its rows should be");
        return Err(Missing::new(Cause::Absent, what).fix("correct `rows`, or what answers"));
    };
    let Json::Array(items) = found else {
        let what = format!("`{rows}` is {}, not a list of rows", kind(found));
        return Err(Missing::new(Cause::WrongType, what).fix("let `rows` point to an array"));
    };
    for item in items {
        row_from_json(table, item, pointers, fixed);
    }
    Ok(())
}

/// One row: the fixed cells and the declared facts out of one object.
pub(crate) fn row_from_json(
    table: &mut TableBuilder,
    item: &Json,
    pointers: &[Pointer],
    fixed: &[(&str, Cell)],
) {
    cells_row(table, fixed, pointers.iter().map(|pointer| json_at(item, pointer)).collect());
}

/// One row: the fixed cells and the same fault for each of so many declared facts.
pub(crate) fn declared_missing(
    table: &mut TableBuilder,
    count: usize,
    fixed: &[(&str, Cell)],
    why: &Arc<Missing>,
) {
    cells_row(table, fixed, vec![Err(Arc::clone(why)); count]);
}

/// One row: the fixed cells by name, then the declared ones, which stand last in the schema. They go by
/// position, so that a declared fact never replaces a fixed one of the same name.
pub(crate) fn cells_row(table: &mut TableBuilder, fixed: &[(&str, Cell)], declared: Vec<Cell>) {
    let first = table.width().saturating_sub(declared.len());
    let mut row = table.row();
    for (name, cell) in fixed {
        row = row.cell(name, cell.clone());
    }
    for (index, cell) in declared.into_iter().enumerate() {
        row = row.at(first + index, cell);
    }
    row.push();
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

/// A plain number as the type; its unit is the base unit if none is said.
fn number(amount: Amount, unit: Option<&str>, ty: &Type) -> Result<Value, String> {
    match (ty, unit) {
        (Type::Int | Type::Counter, None) => {
            amount.whole().map(Value::Int).ok_or_else(|| format!("is {amount}, not a whole number that fits"))
        }
        (Type::Float, None) => finite(amount.float()),
        (Type::Quantity(Unit::BYTES), _) => scaled(amount, factor(SIZES, unit.or(Some("B")), ty)?, ty),
        (Type::Quantity(Unit::DURATION), _) => scaled(amount, factor(DURATIONS, unit.or(Some("s")), ty)?, ty),
        (Type::Time, None) => Err(format!(
            "is the number {amount}, and nothing says what it counts; write `unit: s` (or ms, us) for seconds since 1970"
        )),
        (Type::Time, Some(_)) => match scaled(amount, factor(DURATIONS, unit, ty)?, ty)? {
            Value::Int(micros) if !is_time(micros) => {
                Err(format!("is {amount}, far beyond the year 9999; correct `unit`"))
            }
            value => Ok(value),
        },
        (Type::Quantity(Unit::RATIO), _) => share(amount.float(), unit, ty),
        (Type::Quantity(Unit::RATE), _) => finite(amount.float() * factor(RATES, unit.or(Some("/s")), ty)?),
        (Type::Quantity(Unit::BYTE_RATE), _) => {
            let size = unit.map(|unit| unit.strip_suffix("/s").unwrap_or(unit));
            finite(amount.float() * factor(SIZES, size.or(Some("B")), ty)?)
        }
        (Type::Int | Type::Counter | Type::Float, Some(unit)) => Err(format!(
            "is {amount} {unit}, and {ty} has no unit; declare it as what it is (bytes, duration, ratio)"
        )),
        _ => Err(format!("is the number {amount}, not {ty}")),
    }
}

/// Can this be written as a date? Other times could be recorded and not read back.
pub(crate) fn is_time(micros: i64) -> bool {
    (-377_705_023_201_000_000..=253_402_300_799_999_999).contains(&micros)
}

/// A ratio. A number outside 0 to 1 without a unit is most likely percent, and then every limit would be
/// wrong by a factor of hundred; so it has to be said.
fn share(float: f64, unit: Option<&str>, ty: &Type) -> Result<Value, String> {
    if unit.is_none() && !(-1e-9..=1.0 + 1e-9).contains(&float) {
        return Err(format!(
            "is {float}, which is not between 0 and 1; write `unit: percent` if it is percent, `unit: ratio` if it can be so"
        ));
    }
    match unit {
        Some("percent" | "%") => finite(float / 100.0),
        _ => finite(float * factor(RATIOS, unit.or(Some("ratio")), ty)?),
    }
}

/// A whole number of the base unit.
fn scaled(amount: Amount, factor: f64, ty: &Type) -> Result<Value, String> {
    let too_large = || format!("is {amount}, which is too large for {ty}");
    if let (Some(whole), Some(factor)) = (amount.whole(), float_to_int(factor).filter(|_| factor >= 1.0)) {
        return whole.checked_mul(factor).map(Value::Int).ok_or_else(too_large);
    }
    if ty == &Type::BYTES && factor < 2.0 {
        return Err(format!("is {amount}, not a whole number of bytes that fits"));
    }
    float_to_int(amount.float() * factor).map(Value::Int).ok_or_else(too_large)
}

fn finite(float: f64) -> Result<Value, String> {
    if float.is_finite() { Ok(Value::Float(float)) } else { Err("is not a finite number".to_owned()) }
}

fn factor(units: &[(&str, f64)], unit: Option<&str>, ty: &Type) -> Result<f64, String> {
    let unit = unit.unwrap_or("");
    let known = || units.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let found = units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    found.ok_or_else(|| format!("is in `{unit}`, which is not a unit of {ty} (those are {})", known()))
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
