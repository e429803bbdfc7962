//! The schema of recordings, which `fact::Recording` writes.

use serde_json::{Map, Value as Json, json};

use super::{DRAFT, described};
use crate::fact::{Cause, FORMAT, SNAPSHOT};

/// A map with these keys, all of them required unless the name ends with `?`.
fn object(doc: &str, keys: &[(&str, Json)]) -> Json {
    let name = |key: &str| key.trim_end_matches('?').to_owned();
    let required: Vec<&str> = keys.iter().map(|(key, _)| *key).filter(|key| !key.ends_with('?')).collect();
    let properties: Map<String, Json> =
        keys.iter().map(|(key, schema)| (name(key), schema.clone())).collect();
    json!({
        "description": doc, "type": "object", "properties": properties,
        "required": required, "additionalProperties": false,
    })
}

fn text(doc: &str) -> Json {
    json!({ "description": doc, "type": "string" })
}

fn time(doc: &str) -> Json {
    json!({ "description": doc, "type": "string", "format": "date-time" })
}

fn natural(doc: &str) -> Json {
    json!({ "description": doc, "type": "integer", "minimum": 0 })
}

fn list(doc: &str, items: &Json) -> Json {
    json!({ "description": doc, "type": "array", "items": items })
}

fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn missing() -> Json {
    let causes: Vec<&str> = Cause::ALL.iter().map(|cause| cause.word()).collect();
    object(
        "why there is no answer, or why it is not complete",
        &[
            ("cause", json!({ "enum": causes })),
            ("level", reference("level")),
            ("what", text("what happened")),
            ("fix?", text("what would make it readable")),
        ],
    )
}

/// What stands once in a list of the recording.
fn number(list: &str) -> Json {
    natural(&format!("its place in `{list}`, counted from 0"))
}

/// By number, or in full where it stands alone.
fn shared(list: &str, definition: &str) -> Json {
    json!({ "anyOf": [number(list), reference(definition)] })
}

fn missing_cell() -> Json {
    let causes: Vec<&str> = Cause::ALL.iter().map(|cause| cause.word()).collect();
    object(
        "a value that could not be read",
        &[
            ("missing", json!({ "anyOf": [number("faults"), { "enum": causes }] })),
            ("what?", text("what happened")),
            ("level?", reference("level")),
            ("fix?", text("what would make it readable")),
        ],
    )
}

fn cell() -> Json {
    json!({
        "description": "bytes: integer; duration: decimal seconds as text, `\"1.5s\"`; ratio and rate: number; \
                        time: RFC 3339 in UTC; date: `\"2026-11-01\"`",
        "anyOf": [
            { "type": ["null", "boolean", "number", "string"] },
            { "type": "array", "items": reference("cell") },
            reference("masked"),
            reference("missing-cell"),
        ],
    })
}

fn field() -> Json {
    object(
        "a fact",
        &[
            ("name", text("its name")),
            ("type", text("its type: `bytes`, `time?`, `list<text>` …")),
            ("estimate?", json!({ "description": "it is an estimate of the source", "type": "boolean" })),
        ],
    )
}

fn schema_of_rows() -> Json {
    object(
        "the shape of the rows",
        &[
            ("version", natural("version of the probe's answer")),
            ("key", list("facts that tell the rows apart", &json!({ "type": "string" }))),
            ("rows", json!({ "enum": ["one", "many"] })),
            ("zero", json!({ "description": "what no rows mean", "enum": ["fine", "suspicious"] })),
            ("fields", list("facts in the order of the cells", &reference("field"))),
        ],
    )
}

fn table() -> Json {
    let row = json!({ "type": "array", "items": reference("cell") });
    object(
        "what was seen",
        &[
            ("schema", shared("schemas", "schema")),
            ("total?", natural("how many rows the target has")),
            ("cut?", json!({ "anyOf": [number("faults"), reference("missing"), { "type": "null" }] })),
            ("rows", list("rows; each has one cell per field", &row)),
        ],
    )
}

fn observation() -> Json {
    let mut schema = object(
        "one answer, or why there is none",
        &[
            ("probe", text("the probe")),
            ("target", text("the target's name")),
            ("args?", json!({ "description": "arguments, sorted by name", "type": "object" })),
            ("facts?", json!({ "description": "facts that the policy declared", "type": "array" })),
            ("at", time("when it was asked, by the clock of muster")),
            ("source_clock?", time("the target's own clock at that time")),
            ("took_us?", natural("how long it took, in microseconds")),
            ("identity?", shared("identities", "identity")),
            ("table?", reference("table")),
            ("missing?", shared("faults", "missing")),
        ],
    );
    let either = json!([{ "required": ["table"] }, { "required": ["missing"] }]);
    super::set(&mut schema, "oneOf", either);
    schema
}

fn identity() -> Json {
    object(
        "who answered",
        &[
            ("host?", text("host, address or path")),
            ("system?", text("a stable identifier of the system")),
            ("database?", text("the database of it that was looked at")),
            ("version?", text("version of the system")),
            ("role?", text("the role that it says it has")),
        ],
    )
}

/// Names the question of an answer.
fn question() -> Json {
    object(
        "what was asked",
        &[
            ("probe", text("the probe")),
            ("target", text("the target's name")),
            ("args?", json!({ "description": "arguments, sorted by name", "type": "object" })),
            ("facts?", json!({ "description": "facts that the policy declared", "type": "array" })),
        ],
    )
}

/// Values that have no schema, as they are kept.
fn sample() -> Json {
    json!({
        "description": "as it is kept: a time in microseconds since 1970, a duration in microseconds, a date in days; \
                        a number with a point or exponent is no whole number",
        "anyOf": [
            { "type": ["null", "boolean", "number", "string"] },
            { "type": "array", "items": reference("sample-cell") },
            reference("masked"),
            object("what JSON has no number for", &[("float", text("`NaN`, `inf` or `-inf`"))]),
            object("a record", &[("record", list("its cells", &reference("sample-cell")))]),
        ],
    })
}

fn earlier() -> Json {
    let whose = object(
        "a check that compares with the answer of the last run that judged it",
        &[("policy", text("the policy")), ("target", text("the target"))],
    );
    object(
        "an earlier answer",
        &[
            (
                "with",
                json!({
                    "description": "which one: `previous`, `gate`, or `recording:` and its path",
                    "type": "string", "pattern": "^(previous$|gate$|recording:)",
                }),
            ),
            ("observation", reference("observation")),
            ("question?", reference("question")),
            ("whose?", list("the checks that compare with it; earlier versions did not say", &whose)),
        ],
    )
}

fn past() -> Json {
    let track = object(
        "samples of one fact, ascending in time",
        &[
            ("at", list("microseconds since 1970", &json!({ "type": "integer" }))),
            ("values", list("what was seen then", &reference("sample"))),
        ],
    );
    let subject = object(
        "one subject",
        &[("subject", text("its name")), ("tracks", list("a track for each of the facts", &track))],
    );
    let history = object(
        "samples of the subjects of one question",
        &[
            ("question", reference("question")),
            ("facts", list("names of the facts", &json!({ "type": "string" }))),
            ("subjects", list("the subjects", &subject)),
            ("of?", reference("identity")),
            ("left_out?", natural("answers of another system, which are no samples")),
        ],
    );
    let moments = || list("microseconds since 1970, ascending", &json!({ "type": "integer" }));
    let judged = object(
        "when a check was judged",
        &[("policy", text("the policy")), ("target", text("the target")), ("at", moments())],
    );
    let finding = object("when it was so", &[("finding", text("id of the finding")), ("at", moments())]);
    let verdicts = object(
        "how earlier runs judged",
        &[
            ("judged", list("checks that were judged", &judged)),
            ("held", list("findings whose rule held", &finding)),
            ("unread", list("findings that could not be judged", &finding)),
        ],
    );
    object(
        "what was recalled from earlier runs",
        &[
            ("before", list("earlier answers", &earlier())),
            ("history", list("samples", &history)),
            ("verdicts?", verdicts),
        ],
    )
}

/// Who wrote it.
fn about() -> Json {
    let probe = object(
        "a probe that answered",
        &[
            ("probe", text("its name")),
            ("version", natural("version of its answer")),
            ("declaration", text("digest of its facts, their types and its key")),
        ],
    );
    let labels = json!({ "description": "its labels", "type": "object", "additionalProperties": { "type": "string" } });
    let target = object(
        "a target that was asked",
        &[
            ("target", text("its name")),
            ("type", text("its type")),
            ("address?", text("its address without a user")),
            ("labels?", labels),
        ],
    );
    object(
        "who wrote it; those of the first version do not say it",
        &[
            ("host", text("the host on which it was made")),
            ("probes", list("probes that answered", &probe)),
            ("targets", list("targets that were asked", &target)),
            ("mask?", text("what tells the keys of masks apart; left out if nothing is masked")),
        ],
    )
}

/// What makes it the snapshot of a gate.
fn gate() -> Json {
    let names = |doc: &str| json!({ "description": doc, "type": "object", "additionalProperties": { "type": "string" } });
    let map = object(
        "what is called otherwise there, or stayed behind",
        &[
            ("tables?", names("old table: new table")),
            ("columns?", names("`OLDTABLE.COLUMN`: new column")),
            (
                "drop?",
                list("old tables and `OLDTABLE.COLUMN` that stayed behind", &json!({ "type": "string" })),
            ),
            ("only?", names("old table: condition of the rows that were moved")),
            ("kinds?", names("`OLDTABLE.COLUMN`: the kind it is compared as")),
            ("schema?", text("schema of the new side for tables of an engine without schemas")),
        ],
    );
    let moved = object(
        "where a target comes from",
        &[("from", text("the source; the target itself if it happens in place")), ("map", map)],
    );
    let asked = object(
        "an observation that is compared",
        &[
            ("policy", text("the policy")),
            ("target", text("the target of the new side")),
            ("observation", text("its name in the policy")),
            ("answer?", natural("its place in `observations`, counted from 0; left out if nobody was asked")),
            ("why?", text("why nobody was asked")),
        ],
    );
    let of = |doc: &str, item: &Json| json!({ "description": doc, "type": "object", "additionalProperties": item });
    object(
        "what makes it the snapshot of a gate (`muster gate snapshot`)",
        &[
            ("version", json!({ "description": "version of this section", "const": SNAPSHOT })),
            ("salt", text("key of the keyed digests, hexadecimal")),
            ("moves", of("where each target of the new side comes from", &moved)),
            ("sources", of("who was asked, by name of the source", &reference("identity"))),
            ("asked", list("what is compared", &asked)),
            (
                "masked?",
                list("which facts were masked, as `--mask` names them", &json!({ "type": "string" })),
            ),
            (
                "seal",
                json!({ "description": "SHA-256 of the text in which these digits are zeros", "type": "string", "pattern": "^[0-9a-f]{64}$" }),
            ),
        ],
    )
}

/// The facts of a run, as `muster record` saves them.
pub fn recording() -> Json {
    let policy = object("a policy", &[("policy", text("its id")), ("digest", text("digest of its text"))]);
    let complete = json!({ "description": "everything was observed that was asked for", "type": "boolean" });
    let root = object(
        "facts that were observed, to be judged again anywhere",
        &[
            ("recording", json!({ "description": "version of this format", "const": FORMAT })),
            ("muster", text("version of muster")),
            ("started", time("when the run began")),
            ("complete?", complete),
            ("about?", about()),
            ("policies", list("policies that asked", &policy)),
            ("schemas?", list("shapes of rows, for observations to refer to", &reference("schema"))),
            ("identities?", list("who answered, for observations to refer to", &reference("identity"))),
            (
                "faults?",
                list("why something is missing, for observations to refer to", &reference("missing")),
            ),
            ("observations", list("the answers", &reference("observation"))),
            ("past?", past()),
            ("gate?", gate()),
        ],
    );
    let mut schema = Map::new();
    schema.insert("$schema".into(), json!(DRAFT));
    schema.insert("title".into(), json!("muster recording"));
    if let Json::Object(root) = root {
        schema.extend(root);
    }
    let level = json!({ "enum": ["target", "probe", "field", "row"] });
    let definitions = json!({
        "cell": cell(), "field": field(), "identity": identity(),
        "masked": object("a text that is not told", &[("masked", text("equal texts have one digest"))]),
        "level": described(level, "how far a fault reaches"), "missing": missing(),
        "missing-cell": missing_cell(), "observation": observation(), "question": question(),
        "sample": sample(), "sample-cell": { "anyOf": [reference("missing-cell"), reference("sample")] },
        "schema": schema_of_rows(), "table": table(),
    });
    schema.insert("$defs".into(), definitions);
    Json::Object(schema)
}
