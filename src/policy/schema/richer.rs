//! What the loader finds after its structural check, as far as a schema can say it.

use serde_json::{Map, Value as Json, json};

use super::super::shapes;
use super::{definition, described, set};
use crate::fact::{Declared, ParamDecl, ProbeDecl, Ty, catalogue};

/// Probes with their arguments, types of targets, steps, and that there is a rule.
pub(super) fn policy(schema: &mut Json) {
    let rules = ["fail", "warn", "script", "expect"];
    set(schema, "anyOf", rules.iter().map(|key| json!({ "required": [key] })).collect());
    if let Some(selector) = defined(schema, &definition(&shapes::SELECTOR)) {
        types_or_list(selector);
    }
    if let Some(observe) = defined(schema, &definition(&shapes::OBSERVE)) {
        let names: Vec<&str> = catalogue::PROBES.iter().map(|probe| probe.name).collect();
        narrow(observe, "probe", &json!({ "enum": names }));
        set(observe, "allOf", catalogue::PROBES.iter().map(|probe| question(probe)).collect());
    }
    if let Some(step) = defined(schema, &definition(&shapes::STEP)) {
        let kinds = ["sql", "shell", "do"];
        set(step, "oneOf", kinds.iter().map(|kind| json!({ "required": [kind] })).collect());
    }
}

/// Types of targets with the address that each one has, and secrets of one kind.
pub(super) fn project(schema: &mut Json) {
    if let Some(target) = defined(schema, &definition(&shapes::TARGET)) {
        types(target);
        let address = |kind: &str, then: Json| {
            let wanted = json!({ "properties": { "type": { "const": kind } }, "required": ["type"] });
            json!({ "if": wanted, "then": then })
        };
        let without = || json!({ "properties": { "url": false } });
        let rules = vec![
            address("host", without()),
            address("sqlite", json!({ "properties": { "url": false }, "required": ["path"] })),
            address("postgres", json!({ "required": ["url"] })),
            address("pgbouncer", json!({ "required": ["url"] })),
            address("mysql", json!({ "required": ["url"] })),
            address("service", json!({ "required": ["url"] })),
            address("bucket", json!({ "required": ["url"] })),
            address("project", json!({ "properties": of_itself() })),
        ];
        set(target, "allOf", Json::Array(rules));
        set(
            target,
            "dependentRequired",
            json!({ "access_key": ["secret_key"], "secret_key": ["access_key"] }),
        );
    }
    if let Some(secret) = defined(schema, &definition(&shapes::SECRET)) {
        set(secret, "minProperties", json!(1));
        set(secret, "maxProperties", json!(1));
    }
}

/// There is a control in it, and in each of its groups.
pub(super) fn framework(schema: &mut Json) {
    let some = || json!([{ "required": ["controls"] }, { "required": ["groups"] }]);
    set(schema, "anyOf", some());
    if let Some(group) = defined(schema, &definition(&shapes::GROUP)) {
        set(group, "anyOf", some());
    }
}

/// Evidence, or the reason why there is none.
pub(super) fn attestation(schema: &mut Json) {
    if let Some(statement) = defined(schema, &definition(&shapes::ATTESTATION)) {
        set(statement, "oneOf", json!([{ "required": ["evidence"] }, { "required": ["no_evidence"] }]));
    }
    if let Some(evidence) = defined(schema, &definition(&shapes::EVIDENCE)) {
        narrow(evidence, "sha256", &json!({ "type": "string", "pattern": "^[\\s]*[0-9a-fA-F]{64}[\\s]*$" }));
    }
}

/// The project has no address, and nothing else that other targets have.
fn of_itself() -> Json {
    let keys = shapes::TARGET.keys.iter().map(|key| key.name);
    let others = keys.filter(|key| !shapes::OF_A_PROJECT.contains(key));
    Json::Object(others.map(|key| (key.to_owned(), json!(false))).collect())
}

fn defined<'a>(schema: &'a mut Json, name: &str) -> Option<&'a mut Json> {
    schema.get_mut("$defs")?.get_mut(name)
}

/// Replaces what may stand at a key and keeps its description.
fn narrow(schema: &mut Json, key: &str, to: &Json) {
    let Some(property) = schema.get_mut("properties").and_then(|all| all.get_mut(key)) else { return };
    let doc = property.get("description").and_then(Json::as_str).unwrap_or("").to_owned();
    *property = described(to.clone(), &doc);
}

fn one_type() -> Json {
    let one = |(name, doc): &(&str, &str)| json!({ "const": name, "description": doc });
    let all: Vec<Json> = catalogue::TARGET_TYPES.iter().map(one).collect();
    json!({ "oneOf": all })
}

fn types(schema: &mut Json) {
    narrow(schema, "type", &one_type());
}

/// One type, or several.
fn types_or_list(schema: &mut Json) {
    let several = json!({ "type": "array", "items": one_type(), "minItems": 1, "uniqueItems": true });
    narrow(schema, "type", &json!({ "anyOf": [several, one_type()] }));
}

/// What stands beside `probe:` when it names this probe.
fn question(probe: &ProbeDecl) -> Json {
    let arguments: Map<String, Json> =
        probe.params.iter().map(|param| (param.name.to_owned(), argument(param))).collect();
    let needed = |param: &&ParamDecl| param.required && param.default.is_none();
    let needed: Vec<&str> = probe.params.iter().filter(needed).map(|param| param.name).collect();
    let mut with = json!({ "properties": arguments, "additionalProperties": false });
    let mut required = Vec::new();
    if !needed.is_empty() {
        set(&mut with, "required", json!(needed));
        required.push("with");
    }
    let mut properties = Map::new();
    properties.insert("probe".into(), json!({ "description": probe.doc }));
    properties.insert("with".into(), with);
    match probe.declared {
        Declared::No => drop(properties.insert("facts".into(), json!(false))),
        Declared::Optional => {}
        Declared::Required => required.push("facts"),
    }
    let mut then = json!({ "properties": properties });
    if !required.is_empty() {
        set(&mut then, "required", json!(required));
    }
    let named = json!({ "properties": { "probe": { "const": probe.name } }, "required": ["probe"] });
    json!({ "if": named, "then": then })
}

/// One argument. What YAML values may look like is left to the loader, but for closed sets.
fn argument(param: &ParamDecl) -> Json {
    let of_policy = json!({ "type": "string", "pattern": "^params\\.", "description": "a parameter" });
    let mut schema = match param.ty {
        Ty::Enum(words) => json!({ "anyOf": [{ "enum": words }, of_policy] }),
        Ty::Bool => json!({ "anyOf": [{ "type": "boolean" }, of_policy] }),
        _ => json!({}),
    };
    set(&mut schema, "examples", json!([param.example]));
    if let Some(default) = param.default {
        set(&mut schema, "default", json!(default));
    }
    described(schema, param.doc)
}
