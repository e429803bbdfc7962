//! JSON Schemas (draft 2020-12) of the files that people write and tools read, for editors and other tools.
//!
//! [`of`] says exactly what the structural check of the loader says. The schemas that are published add what the
//! loader finds later and a schema can say as well: names of probes and their arguments, types of targets, which
//! keys exclude each other. They never refuse what the loader takes; tests hold both against each other.

mod recording;
mod richer;

use serde_json::{Map, Value as Json, json};

use super::form;
use super::shape::{MOST, MapShape, Shape};
use super::shapes;

pub use recording::recording;

/// The draft that all schemas are written in.
pub(super) const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// File name and schema of everything in `schemas/`.
pub fn all() -> Vec<(&'static str, Json)> {
    vec![
        ("policy.schema.json", policy()),
        ("project.schema.json", project()),
        ("waiver.schema.json", waiver()),
        ("cases.schema.json", cases()),
        ("framework.schema.json", framework()),
        ("attestation.schema.json", attestation()),
        ("recording.schema.json", recording()),
        ("report.schema.json", crate::report::json_schema()),
        ("test.schema.json", crate::report::tested::json_schema()),
        ("impact.schema.json", crate::report::impact::json_schema()),
        ("explanation.schema.json", crate::report::explained::json_schema()),
        ("gate.schema.json", crate::report::gate::json_schema()),
        ("controls.schema.json", crate::report::controls::json_schema()),
        ("audit.schema.json", crate::report::audit::json_schema()),
    ]
}

/// One document of a policy file.
pub fn policy() -> Json {
    let mut schema = of(&Shape::Map(&shapes::POLICY), "muster policy");
    richer::policy(&mut schema);
    schema
}

/// The project file, `muster.yaml`.
pub fn project() -> Json {
    let mut schema = of(&Shape::Map(&shapes::PROJECT), "muster project");
    richer::project(&mut schema);
    schema
}

/// A framework file.
pub fn framework() -> Json {
    let mut schema = of(&Shape::Map(&shapes::FRAMEWORK), "muster framework");
    richer::framework(&mut schema);
    schema
}

/// One waiver of the project file.
pub fn waiver() -> Json {
    of(&Shape::Map(&shapes::WAIVER), "muster waiver")
}

/// One document of a case file. Which observations there are is known only together with the policy.
pub fn cases() -> Json {
    of(&shapes::CASE_FILE, "muster cases")
}

/// One document of a file of attestations.
pub fn attestation() -> Json {
    let mut schema = of(&shapes::ATTESTATION_FILE, "muster attestation");
    richer::attestation(&mut schema);
    schema
}

/// The schema of a shape, exactly as the structural check of the loader reads it.
pub fn of(shape: &Shape, title: &str) -> Json {
    let mut builder = Builder { definitions: Map::new() };
    let root = match shape {
        Shape::Map(map) => builder.map(map, None),
        Shape::MapAnd(map, keys, values) => builder.map(map, Some((keys, values))),
        other => builder.shape(other),
    };
    let mut schema = Map::new();
    schema.insert("$schema".into(), json!(DRAFT));
    schema.insert("title".into(), json!(title));
    if let Json::Object(root) = root {
        schema.extend(root);
    }
    let mut definitions: Vec<(String, Json)> = builder.definitions.into_iter().collect();
    definitions.sort_by(|a, b| a.0.cmp(&b.0));
    schema.insert("$defs".into(), Json::Object(definitions.into_iter().collect()));
    Json::Object(schema)
}

/// The name of a map's definition: `an observation` is `observation`.
pub(super) fn definition(map: &MapShape) -> String {
    let name = map.name.strip_prefix("a ").or_else(|| map.name.strip_prefix("an ")).unwrap_or(map.name);
    name.replace(' ', "-").replace('\'', "")
}

struct Builder {
    definitions: Map<String, Json>,
}

impl Builder {
    fn map(&mut self, map: &MapShape, free: Option<(&Shape, &Shape)>) -> Json {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for key in map.keys.iter().filter(|key| !matches!(key.shape, Shape::Reserved(_))) {
            properties.insert(key.name.to_owned(), described(self.shape(&key.shape), key.doc));
            if key.required {
                required.push(key.name);
            }
        }
        let mut schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            set(&mut schema, "required", json!(required));
        }
        if let Some((keys, values)) = free {
            set(&mut schema, "propertyNames", self.shape(keys));
            let values = self.shape(values);
            set(&mut schema, "additionalProperties", values);
        } else {
            set(&mut schema, "additionalProperties", json!(false));
        }
        schema
    }

    fn reference(&mut self, map: &MapShape) -> Json {
        let name = definition(map);
        if !self.definitions.contains_key(&name) {
            // Taken before it is built, so that a map inside itself would end.
            self.definitions.insert(name.clone(), Json::Null);
            let schema = self.map(map, None);
            self.definitions.insert(name.clone(), schema);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    fn shape(&mut self, shape: &Shape) -> Json {
        match shape {
            Shape::Map(map) => self.reference(map),
            Shape::MapAnd(map, keys, values) => self.map(map, Some((keys, values))),
            Shape::MapOf(keys, values) => {
                let (keys, values) = (self.shape(keys), self.shape(values));
                json!({ "type": "object", "propertyNames": keys, "additionalProperties": values })
            }
            Shape::ListOf(item) => json!({ "type": "array", "items": self.shape(item), "minItems": 1 }),
            Shape::Many(item) => json!({ "type": "array", "items": self.shape(item) }),
            Shape::OneOf(shapes) => {
                let wanted = shapes.iter().filter(|shape| !matches!(shape, Shape::Secret));
                let mut wanted: Vec<Json> = wanted.map(|shape| self.shape(shape)).collect();
                if wanted.len() == 1 { wanted.remove(0) } else { json!({ "anyOf": wanted }) }
            }
            Shape::Words(words) => json!({ "enum": words }),
            Shape::Bool => json!({ "type": "boolean" }),
            Shape::Count => json!({ "type": "integer", "minimum": 1, "maximum": MOST }),
            Shape::Version(version) => json!({ "const": version }),
            Shape::Expr | Shape::Scalar => scalar(),
            Shape::Literal => {
                json!({ "anyOf": [scalar(), { "type": "array", "items": scalar() }] })
            }
            Shape::Any => json!({ "type": ["string", "number", "boolean", "object", "array"] }),
            Shape::Fact => json!({}),
            Shape::Secret | Shape::Reserved(_) => json!(false),
            text => self::text(text),
        }
    }
}

/// What is not null, not a list and not a map.
fn scalar() -> Json {
    json!({ "type": ["string", "number", "boolean"] })
}

fn text(shape: &Shape) -> Json {
    let mut schema = json!({ "type": "string" });
    match form::forms(shape) {
        [] => {}
        [form] => set(&mut schema, "pattern", json!(form.pattern)),
        forms => {
            let all: Vec<Json> = forms.iter().map(|form| json!({ "pattern": form.pattern })).collect();
            set(&mut schema, "allOf", json!(all));
        }
    }
    if let Some(example) = form::example(shape) {
        set(&mut schema, "examples", json!([example]));
    }
    schema
}

/// The schema with a description at its head.
pub(super) fn described(schema: Json, doc: &str) -> Json {
    let mut map = Map::new();
    map.insert("description".into(), json!(doc));
    match schema {
        Json::Object(rest) => map.extend(rest),
        // `false`, the schema that nothing fits.
        other => drop(map.insert("allOf".into(), json!([other]))),
    }
    Json::Object(map)
}

/// Sets a key of a schema that is a map.
pub(super) fn set(schema: &mut Json, key: &str, value: Json) {
    if let Json::Object(map) = schema {
        map.insert(key.to_owned(), value);
    }
}
