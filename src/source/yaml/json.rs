//! The tree as JSON, for schemas and for comparison with the YAML test suite.

use serde_json::{Map, Number, Value as Json};

use super::{Core, Kind, Node};

impl Node {
    /// As JSON, resolved by the core schema and by the core tags. A key that is not a scalar becomes its
    /// JSON text; a number that JSON cannot hold (`.inf`, an integer beyond 64 bits) becomes its text.
    pub fn to_json(&self) -> Json {
        match &self.kind {
            Kind::Seq(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Kind::Map(entries) => {
                let entry = |(key, value): &(Self, Self)| (key_text(key), value.to_json());
                Json::Object(entries.iter().map(entry).collect::<Map<_, _>>())
            }
            Kind::Scalar(scalar) => scalar_json(self.core().unwrap_or(Core::Str(&scalar.text)), &scalar.text),
        }
    }
}

fn key_text(key: &Node) -> String {
    key.as_str().map_or_else(|| key.to_json().to_string(), str::to_owned)
}

fn scalar_json(core: Core<'_>, text: &str) -> Json {
    match core {
        Core::Null => Json::Null,
        Core::Bool(value) => Json::Bool(value),
        Core::Int(value) => Json::from(value),
        Core::BigInt(text) => {
            let decimal = text.strip_prefix('+').unwrap_or(text).parse::<u64>();
            let read = decimal.or_else(|_| u64::from_str_radix(text.trim_start_matches("0x"), 16));
            if text.starts_with("0o") { Json::from(text) } else { read.map_or(Json::from(text), Json::from) }
        }
        Core::Float(value) => Number::from_f64(value).map_or_else(|| Json::from(text), Json::Number),
        Core::Str(text) => Json::from(text),
    }
}
