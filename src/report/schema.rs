//! JSON Schema of the JSON report.

use serde_json::{Map, Value as Json, json};

use super::json::VERSION;
use crate::fact::{Cause, Level};
use crate::verdict::{Layer, Severity, StepKind, Urgency, Verdict};

/// A closed object; names that end with `?` may be left out.
pub(super) fn object(doc: &str, fields: &[(&str, Json)]) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (field, schema) in fields {
        let name = field.trim_end_matches('?');
        if name == *field {
            required.push(name);
        }
        properties.insert(name.to_owned(), schema.clone());
    }
    json!({
        "description": doc, "type": "object", "properties": properties,
        "required": required, "additionalProperties": false,
    })
}

pub(super) fn text(doc: &str) -> Json {
    json!({ "description": doc, "type": "string" })
}

/// A time, RFC 3339.
pub(super) fn time(doc: &str) -> Json {
    json!({ "description": doc, "type": "string", "format": "date-time" })
}

pub(super) fn flag(doc: &str) -> Json {
    json!({ "description": doc, "type": "boolean" })
}

/// The same, or null.
pub(super) fn or_null(mut schema: Json) -> Json {
    let kind = schema.get("type").cloned();
    if let (Some(kind), Some(map)) = (kind, schema.as_object_mut()) {
        map.insert("type".to_owned(), json!([kind, "null"]));
    }
    schema
}

pub(super) fn natural(doc: &str) -> Json {
    json!({ "description": doc, "type": "integer", "minimum": 0 })
}

pub(super) fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// A reference that says what is meant by it there.
pub(super) fn described(doc: &str, name: &str) -> Json {
    json!({ "description": doc, "$ref": format!("#/$defs/{name}") })
}

pub(super) fn list(doc: &str, items: &Json) -> Json {
    json!({ "description": doc, "type": "array", "items": items })
}

fn pair(doc: &str, second: &Json) -> Json {
    json!({
        "description": doc, "type": "array", "prefixItems": [{ "type": "string" }, second],
        "items": false, "minItems": 2, "maxItems": 2,
    })
}

pub(super) fn words<'a>(doc: &str, words: impl IntoIterator<Item = &'a str>) -> Json {
    json!({ "description": doc, "enum": words.into_iter().collect::<Vec<_>>() })
}

/// The words under which serde writes these values.
fn written<T: serde::Serialize>(doc: &str, values: &[T]) -> Json {
    json!({ "description": doc, "enum": values.iter().map(|value| json!(value)).collect::<Vec<_>>() })
}

fn counts() -> Json {
    let fields: Vec<(&str, Json)> = Verdict::ALL
        .iter()
        .map(|verdict| (verdict.word(), json!({ "type": "integer", "minimum": 0 })))
        .collect();
    object("how many of each verdict", &fields)
}

fn missing() -> Json {
    let levels = [Level::Target, Level::Probe, Level::Field, Level::Row];
    object(
        "why something could not be read",
        &[
            ("cause", words("which kind of fault", Cause::ALL.iter().map(|cause| cause.word()))),
            ("level", written("how far it reaches", &levels)),
            ("what", text("what happened")),
            ("fix?", text("what would make it readable")),
        ],
    )
}

pub(super) fn origin() -> Json {
    let layers = [
        Layer::Policy,
        Layer::Project,
        Layer::Environment,
        Layer::Labels,
        Layer::Target,
        Layer::Subject,
        Layer::CommandLine,
    ];
    let from = |word: &str| ("from", json!({ "const": word }));
    json!({
        "description": "where a value comes from",
        "oneOf": [
            object("observed by a probe", &[from("fact"), ("probe", text("the probe"))]),
            object("computed under `let`", &[from("let")]),
            object("written in the rule", &[from("literal")]),
            object("a parameter", &[
                from("param"),
                ("layer", written("which layer set it", &layers)),
                ("at", text("file, line and column where it is set")),
                ("default?", text("the policy's default, if another layer set it")),
            ]),
            object("the target, the time", &[from("context")]),
        ],
    })
}

pub(super) fn operand() -> Json {
    object(
        "a value that a rule read",
        &[
            ("text", text("as the rule writes it")),
            ("shown", text("as people read it, with its unit")),
            ("value", json!({ "description": "as data" })),
            ("type", text("its type")),
            ("origin", described("where it comes from", "origin")),
        ],
    )
}

fn subject() -> Json {
    let key = pair("a key fact and its value", &json!({}));
    object(
        "what a finding is about",
        &[
            ("key", list("key facts; empty if the target itself is meant", &key)),
            ("shown", text("the name of waivers and overrides")),
        ],
    )
}

fn step() -> Json {
    let kinds = [StepKind::Sql, StepKind::Shell, StepKind::Do].map(StepKind::word);
    object(
        "one step of a remedy",
        &[
            ("kind", words("how it is carried out", kinds)),
            ("text", text("what to do")),
            ("danger?", text("why to think before doing it")),
        ],
    )
}

fn waiver() -> Json {
    object(
        "the waiver that covers a finding",
        &[
            ("reason", text("why")),
            ("owner", text("who answers for it")),
            ("ticket", text("where it is discussed")),
            ("expires", text("its last day, UTC")),
            ("at", text("where it stands")),
        ],
    )
}

fn finding() -> Json {
    object(
        "the judgement of one subject of one check",
        &[
            ("id", text("stable over runs")),
            ("policy", text("the policy")),
            ("target", text("the target")),
            ("subject", described("what it is about", "subject")),
            ("verdict", described("the verdict that counts", "verdict")),
            ("beneath?", described("the verdict under a waiver, or before `for` held it back", "verdict")),
            ("severity", words("how bad", Severity::WORDS.iter().copied())),
            ("urgency?", words("whom it reaches, for an alert", Urgency::WORDS.iter().copied())),
            ("route?", text("where that is")),
            ("owner", text("who answers for it")),
            ("cause?", described("why it is unknown", "missing")),
            ("message", text("what happened")),
            ("rule", text("the rule that decided; empty if none did")),
            ("at", text("where that rule stands")),
            ("operands", list("what it read", &reference("operand"))),
            ("context?", list("facts that an alert carries", &reference("operand"))),
            ("remedy", list("what to do", &reference("step"))),
            ("runbook?", text("a longer text")),
            ("waiver?", described("the waiver that covers it", "waiver")),
            ("note?", text("a remark")),
        ],
    )
}

fn check() -> Json {
    let texts = json!({ "type": "string" });
    object(
        "one policy judged at one target",
        &[
            ("policy", text("the policy")),
            ("title", text("its title")),
            ("tier", text("its tier")),
            ("kind", words("its kind", ["maintenance", "alert"])),
            ("digest", text("digest of the policy's text")),
            ("target", text("the target")),
            ("verdict", reference("verdict")),
            ("counts", reference("counts")),
            ("rows", natural("rows that were seen")),
            ("note?", text("what the check itself has to say")),
            ("findings", list("everything that is not `pass`", &reference("finding"))),
            ("controls?", list("ids for audits", &texts)),
            ("looser?", list("parameters that are looser than the policy's default", &texts)),
            ("scratch?", list("probes that were used and leave something behind for a moment", &texts)),
        ],
    )
}

fn fault() -> Json {
    object(
        "one fault that hides findings",
        &[
            ("target", text("the target")),
            ("missing", reference("missing")),
            ("policies", list("policies that it hides", &json!({ "type": "string" }))),
            ("findings", natural("findings that it makes unknown")),
        ],
    )
}

fn identity() -> Json {
    object(
        "who answered",
        &[
            ("host", text("host, address or path")),
            ("system?", text("a stable identifier of the system")),
            ("database?", text("the database of it that was looked at")),
            ("version?", text("version of the system")),
            ("role?", text("the role that it says it has")),
        ],
    )
}

fn timings() -> Json {
    let steps = ["read", "resolve", "plan", "observe", "judge", "report"];
    let count = || json!({ "type": "integer", "minimum": 0 });
    let mut fields: Vec<(&str, Json)> = steps.map(|step| (step, count())).to_vec();
    let probe = object(
        "what one answer cost, times in microseconds",
        &[
            ("target", text("whom")),
            ("probe", text("which probe")),
            ("took", count()),
            ("statements", count()),
            ("asked", count()),
            ("rows", count()),
        ],
    );
    fields.push(("probes", list("the dearest first", &probe)));
    object("where the time went, in microseconds", &fields)
}

fn run() -> Json {
    object(
        "A run of muster. Codes of `exit`: 0 all judged and well, 1 a finding at or above --fail-on, 2 wrong \
         input, 3 something could not be judged, 4 nothing was judged.",
        &[
            ("report", json!({ "description": "version of this format", "const": VERSION })),
            ("muster", text("version of muster")),
            ("host", text("host on which it ran")),
            ("started", json!({ "description": "RFC 3339, UTC", "type": "string", "format": "date-time" })),
            (
                "recording?",
                text("of when the recording is that was judged; left out if systems were observed"),
            ),
            ("targets", list("who answered", &pair("a target's name and identity", &reference("identity")))),
            ("checks", list("in order of policy and target", &reference("check"))),
            ("notices", list("findings about the input itself", &reference("finding"))),
            ("faults", list("shared faults, the one that hides most first", &reference("fault"))),
            ("checks_by_verdict", reference("counts")),
            ("subjects", reference("counts")),
            (
                "exit",
                json!({ "description": "the exit code", "type": "integer", "minimum": 0, "maximum": 255 }),
            ),
            ("exit_reason", text("why that code")),
            ("timings?", reference("timings")),
        ],
    )
}

/// What the schema of a finding refers to, and that schema.
pub(super) fn finding_definitions() -> Map<String, Json> {
    let verdicts = Verdict::ALL.iter().map(|verdict| verdict.word());
    let all = [
        ("verdict", words("the outcome of judging", verdicts)),
        ("missing", missing()),
        ("origin", origin()),
        ("operand", operand()),
        ("subject", subject()),
        ("step", step()),
        ("waiver", waiver()),
        ("finding", finding()),
    ];
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// The schema of the JSON report, draft 2020-12.
pub fn json_schema() -> Json {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("muster report"));
    if let Json::Object(run) = run() {
        schema.extend(run);
    }
    let mut definitions = finding_definitions();
    definitions.extend([
        ("counts".to_owned(), counts()),
        ("check".to_owned(), check()),
        ("fault".to_owned(), fault()),
        ("identity".to_owned(), identity()),
        ("timings".to_owned(), timings()),
    ]);
    schema.insert("$defs".to_owned(), definitions.into());
    Json::Object(schema)
}
