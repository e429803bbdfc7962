//! The JSON forms of values, cells and schemas, as recordings and reports write them.
//!
//! bytes: integer; duration: decimal seconds as text, `"1.5s"`; ratio and rates: number; time: RFC 3339 in
//! UTC; date: `"2026-11-01"`; a missing cell: `{"missing": "denied", "what": "…"}`.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Map, Number, Value as Json, json};

use super::{
    Cause, Cell, Field, Level, Missing, Rows, Schema, Type, Unit, Value, ZeroRows, parse_date, parse_time,
    show,
};

/// How a fault is written where a value should stand: in full, or by its number.
pub(super) type WriteFault<'a> = dyn FnMut(&Arc<Missing>) -> Json + 'a;

/// A value as JSON; the type says how.
pub fn value_to_json(value: &Value, ty: &Type) -> Json {
    write_value(value, ty, &mut |why| fault_to_json(why))
}

/// A value as JSON, its faults as said.
pub(super) fn write_value(value: &Value, ty: &Type, fault: &mut WriteFault<'_>) -> Json {
    match (value, ty.base()) {
        (Value::Null, _) => Json::Null,
        (Value::Bool(bool), _) => Json::Bool(*bool),
        (Value::Int(int), Type::Time | Type::Date) => Json::String(show(&Value::Int(*int), ty.base())),
        (Value::Int(int), Type::Quantity(Unit::DURATION)) => Json::String(seconds(*int)),
        (Value::Int(int), _) => json!(int),
        (Value::Float(float), _) => Number::from_f64(*float).map_or(Json::Null, Json::Number),
        (Value::Text(text), _) => json!(&**text),
        (Value::Masked(digest), _) => json!({ "masked": &**digest }),
        (Value::List(items), Type::List(item)) => {
            items.iter().map(|cell| write_cell(cell, item, fault)).collect()
        }
        (Value::List(items), _) => items.iter().map(|cell| write_cell(cell, &Type::TEXT, fault)).collect(),
        (Value::Record(cells), Type::Record(schema)) => {
            let pairs = schema.fields.iter().zip(&**cells);
            Json::Object(
                pairs.map(|(f, cell)| (f.name.to_string(), write_cell(cell, &f.ty, fault))).collect(),
            )
        }
        (Value::Record(_), _) => Json::Null,
    }
}

/// Microseconds as decimal seconds: `90s`, `1.5s`, `-0.000001s`.
fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let (whole, part) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    if part == 0 {
        return format!("{sign}{whole}s");
    }
    format!("{sign}{whole}.{}s", format!("{part:06}").trim_end_matches('0'))
}

fn parse_seconds(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_suffix('s')?.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_suffix('s')?),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if part.len() > 6 || !part.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let micros = whole.parse::<i64>().ok()?.checked_mul(1_000_000)?;
    let part = format!("{part:0<6}").parse::<i64>().ok()?;
    let total = micros.checked_add(part)?;
    Some(if negative { -total } else { total })
}

/// A cell as JSON.
pub fn cell_to_json(cell: &Cell, ty: &Type) -> Json {
    write_cell(cell, ty, &mut |why| fault_to_json(why))
}

/// A cell as JSON, its faults as said.
pub(super) fn write_cell(cell: &Cell, ty: &Type, fault: &mut WriteFault<'_>) -> Json {
    match cell {
        Ok(value) => write_value(value, ty, fault),
        Err(why) => fault(why),
    }
}

/// A fault in full where a value should stand.
fn fault_to_json(why: &Missing) -> Json {
    let mut map = Map::new();
    map.insert("missing".into(), json!(why.cause.word()));
    map.insert("what".into(), json!(why.what));
    map.insert("level".into(), json!(why.level));
    if let Some(fix) = &why.fix {
        map.insert("fix".into(), json!(fix));
    }
    Json::Object(map)
}

/// A value from its JSON form; the error says what was expected.
pub fn value_from_json(json: &Json, ty: &Type) -> Result<Value, String> {
    read_value(json, ty, &[])
}

/// A value whose faults may be written by number.
pub(super) fn read_value(json: &Json, ty: &Type, faults: &[Arc<Missing>]) -> Result<Value, String> {
    let wrong = || format!("expected {ty}, found {json}");
    if json.is_null() {
        return if ty.is_nullable() { Ok(Value::Null) } else { Err(wrong()) };
    }
    let value = match (ty.base(), json) {
        (Type::Bool, Json::Bool(bool)) => Some(Value::Bool(*bool)),
        (Type::Int | Type::Counter | Type::Quantity(Unit::BYTES), Json::Number(n)) => {
            n.as_i64().map(Value::Int)
        }
        (Type::Float | Type::Quantity(_), Json::Number(n)) => n.as_f64().map(Value::Float),
        (base, Json::String(text)) => read_text(text, base),
        (Type::List(item), Json::Array(items)) => {
            let cells: Result<Vec<Cell>, String> = items.iter().map(|j| read_cell(j, item, faults)).collect();
            Some(Value::List(cells?.into()))
        }
        (Type::Text(_), Json::Object(map)) if map.len() == 1 => {
            map.get("masked").and_then(Json::as_str).map(|digest| Value::Masked(Arc::from(digest)))
        }
        (Type::Record(schema), Json::Object(map)) => Some(read_record(map, schema, faults)?),
        _ => None,
    };
    value.ok_or_else(wrong)
}

/// The value of a JSON text.
pub(super) fn read_text(text: &str, base: &Type) -> Option<Value> {
    match base {
        Type::Quantity(Unit::DURATION) => parse_seconds(text).map(Value::Int),
        Type::Time => parse_time(text).map(Value::Int),
        Type::Date => parse_date(text).map(Value::Int),
        Type::Enum(words) => {
            words.iter().find(|word| ***word == *text).map(|word| Value::Text(Arc::clone(word)))
        }
        Type::Text(_) | Type::Version => Some(Value::text(text)),
        _ => None,
    }
}

fn read_record(map: &Map<String, Json>, schema: &Schema, faults: &[Arc<Missing>]) -> Result<Value, String> {
    let absent = Arc::new(Missing::new(Cause::Absent, "not recorded").level(Level::Field));
    let cells = schema.fields.iter().map(|field| match map.get(&*field.name) {
        Some(json) => read_cell(json, &field.ty, faults),
        None => Ok(Err(Arc::clone(&absent))),
    });
    Ok(Value::Record(cells.collect::<Result<Vec<Cell>, String>>()?.into()))
}

/// A cell from its JSON form.
pub fn cell_from_json(json: &Json, ty: &Type) -> Result<Cell, String> {
    read_cell(json, ty, &[])
}

/// A cell whose fault may be written by number.
pub(super) fn read_cell(json: &Json, ty: &Type, faults: &[Arc<Missing>]) -> Result<Cell, String> {
    let Some(word) = json.get("missing") else { return read_value(json, ty, faults).map(Ok) };
    if let Some(number) = word.as_u64() {
        let known = usize::try_from(number).ok().and_then(|number| faults.get(number));
        let why = known.ok_or_else(|| format!("there is no fault {number}"))?;
        return Ok(Err(Arc::clone(why)));
    }
    let word = word.as_str().unwrap_or("");
    let cause = Cause::from_word(word).ok_or_else(|| format!("`{word}` is not a cause"))?;
    let what = json.get("what").and_then(Json::as_str).unwrap_or("recorded as missing");
    let level = json.get("level").and_then(|l| serde_json::from_value(l.clone()).ok()).unwrap_or(Level::Row);
    let fix = json.get("fix").and_then(Json::as_str).map(str::to_owned);
    Ok(Err(Arc::new(Missing { cause, level, what: what.to_owned(), fix })))
}

/// A schema as it is written, enough to read its rows back.
#[derive(Serialize)]
pub struct SchemaForm<'a> {
    version: u32,
    key: Vec<&'a str>,
    rows: &'static str,
    zero: &'static str,
    fields: Vec<FieldForm<'a>>,
}

#[derive(Serialize)]
struct FieldForm<'a> {
    name: &'a str,
    r#type: TypeForm<'a>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    estimate: bool,
}

struct TypeForm<'a>(&'a Type);

impl Serialize for TypeForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

impl<'a> SchemaForm<'a> {
    /// That of a schema.
    pub fn of(schema: &'a Schema) -> Self {
        let field = |field: &'a Field| FieldForm {
            name: &field.name,
            r#type: TypeForm(&field.ty),
            estimate: field.estimate,
        };
        Self {
            version: schema.version,
            key: schema.key_names(),
            rows: match schema.rows {
                Rows::One => "one",
                Rows::Many => "many",
            },
            zero: match schema.zero {
                ZeroRows::Fine => "fine",
                ZeroRows::Suspicious => "suspicious",
            },
            fields: schema.fields.iter().map(field).collect(),
        }
    }
}

/// The same as a tree.
pub fn schema_to_json(schema: &Schema) -> Json {
    json!(SchemaForm::of(schema))
}

/// A schema from its JSON form; docs and examples are not recorded.
pub fn schema_from_json(json: &Json) -> Option<Schema> {
    let mut fields = Vec::new();
    for field in json.get("fields")?.as_array()? {
        let ty = Type::parse(field.get("type")?.as_str()?)?;
        let mut made = Field::declared(field.get("name")?.as_str()?, ty);
        made.estimate = field.get("estimate").and_then(Json::as_bool).unwrap_or(false);
        fields.push(made);
    }
    let mut schema = Schema {
        version: u32::try_from(json.get("version")?.as_u64()?).ok()?,
        fields,
        key: Vec::new(),
        rows: if json.get("rows")?.as_str()? == "one" { Rows::One } else { Rows::Many },
        zero: if json.get("zero")?.as_str()? == "fine" { ZeroRows::Fine } else { ZeroRows::Suspicious },
    };
    let names = json.get("key")?.as_array()?;
    schema.key = names.iter().filter_map(|name| schema.position(name.as_str()?)).collect();
    (schema.key.len() == names.len()).then_some(schema)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A type together with a value of it, both from generators, so that every form is tried.
    pub(in crate::fact) fn typed() -> impl Strategy<Value = (Type, Value)> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(|b| (Type::Bool, Value::Bool(b))),
            any::<i64>().prop_map(|i| (Type::Int, Value::Int(i))),
            any::<i64>().prop_map(|i| (Type::BYTES, Value::Int(i))),
            (i64::MIN + 1..i64::MAX).prop_map(|i| (Type::DURATION, Value::Int(i))),
            (-1e300f64..1e300).prop_map(|f| (Type::RATIO, Value::Float(f))),
            (-1e300f64..1e300).prop_map(|f| (Type::Float, Value::Float(f))),
            ".*".prop_map(|t| (Type::TEXT, Value::text(t))),
            (-377_000_000_000_000_000i64..253_402_200_000_000_000).prop_map(|i| (Type::Time, Value::Int(i))),
            (-4_000_000i64..2_900_000).prop_map(|i| (Type::Date, Value::Int(i))),
        ];
        leaf.prop_flat_map(|(ty, value)| {
            let list = (Type::list(ty.clone()), Value::List([Ok(value.clone()), Ok(value.clone())].into()));
            let null = (ty.clone().nullable(), Value::Null);
            prop_oneof![
                Just((ty.clone(), value.clone())),
                Just((ty.nullable(), value)),
                Just(list),
                Just(null)
            ]
        })
    }

    proptest! {
        #[test]
        fn values_survive_json((ty, value) in typed()) {
            let text = value_to_json(&value, &ty).to_string();
            let back = value_from_json(&serde_json::from_str(&text).unwrap(), &ty);
            prop_assert_eq!(back, Ok(value));
        }

        #[test]
        fn missing_cells_survive_json(index in 0..Cause::ALL.len(), what in ".*", fix in proptest::option::of(".*")) {
            let cell: Cell = Err(Arc::new(Missing { cause: Cause::ALL[index], level: Level::Field, what, fix }));
            let json = cell_to_json(&cell, &Type::BYTES);
            prop_assert_eq!(cell_from_json(&json, &Type::BYTES), Ok(cell));
        }
    }

    #[test]
    fn null_in_a_plain_type_is_refused() {
        assert!(value_from_json(&Json::Null, &Type::BYTES).is_err());
        assert!(value_from_json(&json!("12"), &Type::Int).is_err());
        assert!(value_from_json(&json!("zzz"), &Type::words(&["a"])).is_err());
    }
}
