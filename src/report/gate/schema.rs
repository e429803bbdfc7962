//! JSON Schema of the page as data.

use serde_json::{Value as Json, json};

use super::super::schema::{
    described, flag, json_schema as of_report, list, natural, object, or_null, reference, text, time, words,
};
use super::VERSION;
use crate::fact::Cause;
use crate::verdict::Verdict;

fn identity(doc: &str) -> Json {
    json!({ "description": doc, "anyOf": [reference("identity"), { "type": "null" }] })
}

fn snapshot() -> Json {
    let note = object(
        "the snapshot",
        &[
            ("file", text("its file")),
            ("digest", text("SHA-256 of the file")),
            ("taken", time("when it was taken")),
            ("muster", text("version of muster that took it")),
            ("host", or_null(text("host on which it was taken"))),
            ("complete", flag("everything was observed that was asked for")),
        ],
    );
    json!({ "description": "what it was compared with; null if both sides were asked", "anyOf": [note, { "type": "null" }] })
}

fn side() -> Json {
    object(
        "two sides that were compared",
        &[
            ("target", text("the target of the new side")),
            ("source", text("where it comes from; the target itself in place")),
            ("then", identity("who the source was")),
            ("now", identity("who the target is")),
        ],
    )
}

fn line() -> Json {
    object(
        "one subject that was compared",
        &[
            ("subject", text("its name; empty if the target itself is meant")),
            ("then", text("what was there")),
            ("now", text("what is there")),
            ("method", text("how it was compared")),
            (
                "digests",
                json!({
                    "description": "of the old and the new side", "type": "array",
                    "items": { "type": ["string", "null"] }, "minItems": 2, "maxItems": 2,
                }),
            ),
            ("same", or_null(flag("is it the same on both sides? null if one could not be read"))),
        ],
    )
}

fn compared() -> Json {
    let verdicts = Verdict::ALL.iter().map(|verdict| verdict.word());
    object(
        "what one observation of one check compared",
        &[
            ("policy", text("the policy")),
            ("title", text("its title")),
            ("target", text("the target")),
            ("source", text("what it was compared with")),
            ("probe", text("the probe")),
            ("verdict", words("what came out of the check", verdicts)),
            ("then", or_null(time("when the old side was observed"))),
            ("now", time("when the new side was observed")),
            ("subjects", natural("how many subjects")),
            ("same", natural("how many are the same on both sides")),
            ("rows", or_null(natural("rows of data behind them, if they were counted"))),
            ("lines", list("the subjects", &reference("line"))),
            ("more", natural("subjects that are not shown")),
        ],
    )
}

fn uncompared() -> Json {
    let causes = Cause::ALL.iter().map(|cause| cause.word()).chain(["skipped"]);
    object(
        "something that could not be compared",
        &[
            ("policy", text("the policy")),
            ("target", text("the target")),
            ("subject", text("the subject; empty if the whole is meant")),
            ("cause", words("which kind of reason", causes)),
            ("what", text("why")),
            ("fix", or_null(text("what would make it readable"))),
        ],
    )
}

fn dropped() -> Json {
    object(
        "what a move left behind",
        &[
            ("target", text("the target")),
            ("source", text("the source in which it is")),
            ("probe", text("the probe that saw it")),
            ("count", natural("how many rows")),
            ("names", list("their names, the first ones", &json!({ "type": "string" }))),
        ],
    )
}

fn timeline() -> Json {
    let round = object(
        "one round",
        &[
            ("at", time("when it began")),
            ("took_us", natural("how long it took, in microseconds")),
            ("asked", natural("questions that were asked")),
            ("kept", natural("questions whose answers of an earlier round were kept")),
            ("holding", natural("checks that held")),
            ("checks", natural("of how many")),
        ],
    );
    let change = object(
        "a check came out otherwise than before",
        &[
            ("at", time("when")),
            ("policy", text("the policy")),
            ("target", text("the target")),
            ("from", or_null(text("from which verdict; null the first time"))),
            ("to", text("to which verdict, or `waits`")),
            ("said", text("what was said then")),
        ],
    );
    let flapped = json!({
        "description": "a check and how often it fell", "type": "array",
        "prefixItems": [{ "type": "string" }, { "type": "integer" }], "minItems": 2, "maxItems": 2,
    });
    object(
        "how it went",
        &[
            ("wait", or_null(text("how long it could be waited"))),
            ("stable", natural("how often in a row everything had to hold")),
            ("end", words("how it ended", ["done", "late", "cancelled"])),
            ("rounds", list("the rounds; the verdict is that of the last", &round)),
            ("changes", list("what changed, in order", &change)),
            ("flapped", list("checks that held and then did not", &flapped)),
        ],
    )
}

/// Keys of the report that say it by their name alone.
fn told(definition: &mut Json) {
    let Some(keys) = definition.get_mut("properties").and_then(Json::as_object_mut) else { return };
    for (name, key) in keys {
        if let Some(key) = key.as_object_mut().filter(|key| !key.contains_key("description")) {
            key.insert("description".to_owned(), json!(name.replace('_', " ")));
        }
    }
}

/// The schema of what `muster gate verify --report FILE.json` writes.
pub fn json_schema() -> Json {
    let all = object(
        "",
        &[
            ("gate", json!({ "description": "version of this format", "const": VERSION })),
            (
                "exit",
                json!({ "description": "the exit code", "type": "integer", "minimum": 0, "maximum": 255 }),
            ),
            ("exit_reason", text("why that code")),
            ("ended", time("when it ended")),
            ("snapshot", snapshot()),
            ("sides", list("who was compared with whom", &reference("side"))),
            ("compared", list("what was compared", &reference("compared"))),
            ("uncompared", list("what could not be compared", &reference("uncompared"))),
            ("dropped", list("what stayed behind on purpose", &reference("dropped"))),
            ("timeline", described("how it went", "timeline")),
            ("report", described("what was judged", "report")),
        ],
    );
    let report = of_report();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "muster gate",
    });
    let Json::Object(root) = &mut schema else { return schema };
    if let Json::Object(all) = all {
        root.extend(all.into_iter().filter(|(name, _)| name != "description"));
    }
    let mut definitions = report.get("$defs").and_then(Json::as_object).cloned().unwrap_or_default();
    let own = ["$schema", "title", "$defs"];
    let report = report.as_object().cloned().unwrap_or_default();
    let report = report.into_iter().filter(|(name, _)| !own.contains(&name.as_str())).collect();
    definitions.insert("report".to_owned(), Json::Object(report));
    definitions.values_mut().for_each(told);
    let parts = [
        ("side", side()),
        ("line", line()),
        ("compared", compared()),
        ("uncompared", uncompared()),
        ("dropped", dropped()),
        ("timeline", timeline()),
    ];
    definitions.extend(parts.into_iter().map(|(name, part)| (name.to_owned(), part)));
    root.insert("$defs".to_owned(), Json::Object(definitions));
    schema
}
