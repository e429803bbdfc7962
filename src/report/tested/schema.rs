//! JSON Schema of the cases as JSON.

use serde_json::{Value as Json, json};

use super::super::schema::{list, natural, object, reference, text, words};
use super::VERSION;

/// The schema of what `muster test --format json` prints.
pub fn json_schema() -> Json {
    let counts = object(
        "how many cases",
        &[("cases", natural("all")), ("passed", natural("as expected")), ("failed", natural("otherwise"))],
    );
    let case = object(
        "one case",
        &[
            ("policy", text("id of the policy")),
            ("name", text("name of the case")),
            ("at", text("file, line and column")),
            ("verdict", words("whether the policy said what the case expects", ["passed", "failed"])),
            (
                "faults",
                list(
                    "what was expected and not found, or found and not expected",
                    &json!({ "type": "string" }),
                ),
            ),
        ],
    );
    let all = object(
        "",
        &[
            ("test", json!({ "description": "version of this format", "const": VERSION })),
            ("muster", text("version of the program")),
            (
                "exit",
                json!({ "description": "the exit code: 0 all passed, 1 some failed, 2 some could not be read, 4 no case was run", "enum": [0, 1, 2, 4] }),
            ),
            ("exit_reason", text("why, in words")),
            ("counts", counts),
            ("cases", list("every case that was run", &reference("case"))),
            (
                "without_cases",
                list("policies that were asked for and have no case", &json!({ "type": "string" })),
            ),
            (
                "diagnostics",
                list(
                    "what is wrong with files and policies whose cases were not run, and where",
                    &json!({ "type": "object" }),
                ),
            ),
        ],
    );
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "muster test",
        "$defs": { "case": case },
    });
    if let (Json::Object(schema), Json::Object(all)) = (&mut schema, all) {
        schema.extend(all.into_iter().filter(|(name, _)| name != "description"));
    }
    schema
}
