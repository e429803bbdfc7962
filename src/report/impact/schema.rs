//! JSON Schema of a comparison of policies.

use serde_json::{Map, Value as Json, json};

use super::json::{VERSION, word};
use crate::report::schema::{described, list, natural, object, operand, origin, reference, text, words};
use crate::verdict::{Direction, Verdict};

/// A text, or null.
fn maybe(doc: &str) -> Json {
    json!({ "description": doc, "type": ["string", "null"] })
}

fn change() -> Json {
    let fact =
        object("a fact with its value", &[("fact", text("its name")), ("value", text("as people read it"))]);
    let example = object(
        "facts for which the two versions say different things",
        &[
            ("facts", list("those on which it depends; all others are as they like", &fact)),
            ("before", text("what the old version says")),
            ("after", text("what the new version says")),
        ],
    );
    let names = json!({ "type": "string" });
    object(
        "one change of a policy or of the project",
        &[
            ("direction", described("which way it goes", "direction")),
            ("kind", text("what was changed: `rule`, `severity`, `tier`, `for`, `waiver`, `removed` …")),
            ("policy", maybe("the policy; null if the project itself was changed")),
            ("targets", list("the targets at which it is so; none if it is about the policy itself", &names)),
            ("environments", list("the environments of those", &names)),
            ("subjects", maybe("the pattern of subjects, if an override is for some only")),
            ("what", text("in one sentence")),
            ("at", text("file, line and column")),
            ("gone", json!({ "description": "does `at` stand in the old version?", "type": "boolean" })),
            ("examples", list("facts that show it, what is looser first", &example)),
            ("help", maybe("what to do")),
        ],
    )
}

fn verdict() -> Json {
    let of = |doc: &str| json!({ "description": doc, "anyOf": [reference("verdict"), { "type": "null" }] });
    object(
        "a verdict that is another one under the new version, on the same facts",
        &[
            ("direction", described("which way it goes", "direction")),
            ("recording", text("whose facts")),
            ("policy", text("the policy, under its new name")),
            ("target", text("the target")),
            ("subject", text("the subject")),
            ("before", of("as the old version judges; null if it does not")),
            ("after", of("as the new version judges; null if it does not")),
            ("said_before", maybe("what the old version says")),
            ("said_after", maybe("what the new version says")),
            ("operands", list("what the rules read", &reference("operand"))),
            ("rule", text("the rule that decided")),
            ("at", text("where it stands")),
        ],
    )
}

fn counts() -> Json {
    let names: Vec<String> = Direction::ALL.into_iter().map(word).collect();
    let fields: Vec<(&str, Json)> = names.iter().map(|name| (name.as_str(), natural("so many"))).collect();
    object("how many changes go which way", &fields)
}

/// The schema of `muster diff OLD NEW --format json` for versions of policies, draft 2020-12.
pub fn json_schema() -> Json {
    let recording = object(
        "a recording that both versions were judged on",
        &[
            ("recording", text("which")),
            ("started", text("when it was made, RFC 3339 UTC")),
            ("unchanged", natural("subjects that both judge alike")),
            (
                "unanswered",
                natural("subjects of which neither can say anything, because the recording does not answer"),
            ),
        ],
    );
    let root = object(
        "what a change of policies means",
        &[
            ("impact", json!({ "description": "version of this format", "const": VERSION })),
            ("old", text("the old version")),
            ("new", text("the new version")),
            ("counts", counts()),
            ("changes", list("what was changed, what must be seen first at the top", &reference("change"))),
            ("verdicts", list("verdicts that change, what got looser first", &reference("verdict-change"))),
            ("recordings", list("whose facts were judged", &recording)),
            ("compared", natural("checks that both versions have")),
            ("unchanged", natural("those of them in which nothing changes a verdict")),
            ("notes", list("what else a reader must know", &json!({ "type": "string" }))),
            ("exit", natural("the exit code")),
            ("exit_reason", text("why that code")),
        ],
    );
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("muster impact"));
    if let Json::Object(root) = root {
        schema.extend(root);
    }
    let directions: Vec<String> = Direction::ALL.into_iter().map(word).collect();
    let definitions = json!({
        "direction": words("what a change does to judging", directions.iter().map(String::as_str)),
        "verdict": words("the outcome of judging", Verdict::ALL.iter().map(|verdict| verdict.word())),
        "change": change(), "verdict-change": verdict(), "origin": origin(), "operand": operand(),
    });
    schema.insert("$defs".to_owned(), definitions);
    Json::Object(schema)
}
