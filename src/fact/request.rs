//! What is asked of a target, as plain data without secrets or handles.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Schema, Type, Value, value_to_json};

/// Arguments of a probe, by name, typed by its declaration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Args(pub BTreeMap<Arc<str>, (Value, Type)>);

impl Args {
    /// The value of an argument; `None` if it was not given and has no default.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).map(|(value, _)| value)
    }

    /// A text argument.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_text)
    }

    /// A whole number or quantity.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(Value::as_int)
    }

    /// A bool; false if not given.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A list of texts; empty if not given. A single text is a list of one.
    pub fn texts(&self, name: &str) -> Vec<Arc<str>> {
        match self.get(name) {
            Some(Value::Text(text)) => vec![Arc::clone(text)],
            Some(Value::List(items)) => items
                .iter()
                .filter_map(|item| match item {
                    Ok(Value::Text(text)) => Some(Arc::clone(text)),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Canonical JSON: sorted names, values by type.
    pub fn to_json(&self) -> Json {
        let pairs = self.0.iter().map(|(name, (value, ty))| (name.to_string(), value_to_json(value, ty)));
        Json::Object(pairs.collect::<Map<_, _>>())
    }
}

/// What makes two requests the same question. Plain text, so that it can be recorded and compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Key {
    /// The probe.
    pub probe: Arc<str>,
    /// The target's name.
    pub target: Arc<str>,
    /// Arguments as canonical JSON.
    pub args: Arc<str>,
    /// Facts that the policy declared, as canonical JSON; empty if none.
    pub facts: Arc<str>,
}

/// One question to one target.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which question.
    pub key: Key,
    /// Its arguments.
    pub args: Arc<Args>,
    /// The shape of the answer.
    pub schema: Arc<Schema>,
    /// How many of the schema's last fields the policy declared.
    pub declared: Arc<[Pointer]>,
    /// Fields that somebody wants, by position.
    pub wants: Vec<bool>,
}

/// Where a declared fact stands in a structured answer, and the unit it is written in there.
#[derive(Clone, Debug, PartialEq)]
pub struct Pointer {
    /// Name of the declared fact.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
    /// JSON pointer (`/status/lag`), column name, or label of performance data.
    pub at: Arc<str>,
    /// Unit of plain numbers there (`ms`, `KiB`, `percent`), if it is not the base unit.
    pub unit: Option<Arc<str>>,
}

impl Request {
    /// A request for all fields; wants are narrowed later.
    pub fn new(probe: &str, target: &str, args: Args, schema: Arc<Schema>, declared: Vec<Pointer>) -> Self {
        let facts = if declared.is_empty() {
            String::new()
        } else {
            let rows = declared
                .iter()
                .map(|p| serde_json::json!([&*p.name, p.ty.to_string(), &*p.at, p.unit.as_deref()]));
            Json::Array(rows.chain([serde_json::json!(schema.key_names())]).collect()).to_string()
        };
        let key = Key {
            probe: Arc::from(probe),
            target: Arc::from(target),
            args: Arc::from(args.to_json().to_string()),
            facts: Arc::from(facts),
        };
        let wants = vec![true; schema.fields.len()];
        Self { key, args: Arc::new(args), schema, declared: declared.into(), wants }
    }

    /// Does somebody want this field?
    pub fn wants(&self, name: &str) -> bool {
        self.schema.position(name).and_then(|index| self.wants.get(index).copied()).unwrap_or(false)
    }
}
