//! What is asked of a target, as plain data without secrets or handles.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Schema, Type, Value, catalogue, value_to_json};

/// Arguments of a probe, typed by its declaration, in the order of their names. There are few of them, and one list for each
/// question, so that a map would cost more than it finds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Args(Vec<(Arc<str>, Value, Type)>);

impl Args {
    /// None yet, with room for so many.
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Sets an argument, also one that is there.
    pub fn insert(&mut self, name: Arc<str>, value: Value, ty: Type) {
        match self.0.binary_search_by(|(known, ..)| known.cmp(&name)) {
            Ok(at) => {
                if let Some(slot) = self.0.get_mut(at) {
                    *slot = (name, value, ty);
                }
            }
            Err(at) => self.0.insert(at, (name, value, ty)),
        }
    }

    /// The value of an argument; `None` if it was not given and has no default.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(known, ..)| &***known == name).map(|(_, value, _)| value)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Value, &Type)> {
        self.0.iter().map(|(name, value, ty)| (name, value, ty))
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

    /// The same as [`to_json`](Self::to_json) as text, without a map in between: every question has one.
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(64);
        text.push('{');
        for (index, (name, value, ty)) in self.iter().enumerate() {
            text.push_str(if index == 0 { "" } else { "," });
            text.push_str(&Json::String(name.to_string()).to_string());
            text.push(':');
            text.push_str(&value_to_json(value, ty).to_string());
        }
        text.push('}');
        text
    }

    /// Canonical JSON: sorted names, values by type.
    pub fn to_json(&self) -> Json {
        let pairs = self.iter().map(|(name, value, ty)| (name.to_string(), value_to_json(value, ty)));
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
            args: Arc::from(args.to_text()),
            facts: Arc::from(facts),
        };
        let wants = vec![true; schema.fields.len()];
        Self { key, args: Arc::new(args), schema, declared: declared.into(), wants }
    }

    /// Other targets that it names, by argument.
    pub fn others(&self) -> Vec<(&'static str, &str)> {
        catalogue::find(&self.key.probe).map_or_else(Vec::new, |decl| decl.others(&self.args).collect())
    }

    /// How long its answer may take, if it may take longer than most.
    pub fn patience(&self) -> Option<std::time::Duration> {
        catalogue::find(&self.key.probe)?.patience(&self.args)
    }

    /// Does somebody want this field?
    pub fn wants(&self, name: &str) -> bool {
        self.schema.position(name).and_then(|index| self.wants.get(index).copied()).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_have_one_text() {
        let mut args = Args::default();
        assert_eq!(args.to_text(), args.to_json().to_string());
        for (name, value, ty) in [
            ("path", Value::text("/srv/ä \"b\"\\\n"), Type::TEXT),
            ("limit", Value::Int(7), Type::Int),
            ("wait", Value::Int(1_500_000), Type::DURATION),
            ("names", Value::texts(["a", "b"]), Type::list(Type::TEXT)),
            ("none", Value::Null, Type::TEXT.nullable()),
            ("o\"dd", Value::Bool(true), Type::Bool),
        ] {
            args.insert(Arc::from(name), value, ty);
            assert_eq!(args.to_text(), args.to_json().to_string());
        }
    }
}
