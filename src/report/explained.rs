//! How a verdict came about, for a terminal and as data.

use serde_json::{Map, Value as Json, json};

use super::schema::{described, finding_definitions, object, reference, text as said};
use super::text::inline;
use super::{Style, explain_finding, words};
use crate::verdict::{Finding, Reason};

/// Version of the JSON of an explanation.
const VERSION: u64 = 1;

/// A decision with all that is said of it.
pub struct Decision<'a> {
    /// The policy.
    pub policy: &'a str,
    /// The target.
    pub target: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// What was decided.
    pub verdict: &'a str,
    /// Whose facts were judged.
    pub facts: &'a str,
    /// When they were judged, RFC 3339 UTC.
    pub at: &'a str,
    /// What a reader must know of the two.
    pub note: Option<&'a str>,
    /// The finding, if there is one.
    pub finding: Option<&'a Finding>,
    /// How.
    pub tree: &'a [Reason],
}

impl Decision<'_> {
    /// For a terminal.
    pub fn human(&self, style: &Style) -> String {
        let mut out = format!("{} at {}", inline(self.policy), inline(self.target));
        if self.subject != self.target {
            out.push_str(&format!(": {}", inline(self.subject)));
        }
        out.push_str(&format!(
            "\n{} by the facts of {}, judged at {}\n",
            self.verdict,
            inline(self.facts),
            self.at
        ));
        if let Some(note) = self.note {
            out.push_str(&format!("note: {}\n", inline(note)));
        }
        out.push('\n');
        self.tree.iter().for_each(|reason| draw(reason, 0, &mut out));
        if let Some(finding) = self.finding {
            out.push('\n');
            out.push_str(&explain_finding(finding, self.at, style));
        }
        out
    }

    /// For a program.
    pub fn json(&self) -> String {
        let all = json!({
            "explain": VERSION,
            "policy": self.policy,
            "target": self.target,
            "subject": self.subject,
            "verdict": self.verdict,
            "facts": self.facts,
            "at": self.at,
            "note": self.note,
            "finding": self.finding,
            "tree": self.tree,
        });
        format!("{}\n", super::json::ascii_controls(&format!("{all:#}")))
    }
}

fn draw(reason: &Reason, depth: usize, out: &mut String) {
    let said = reason.said.as_deref().unwrap_or_default();
    let origin =
        reason.origin.as_ref().map(|origin| format!(" ({})", words::origin(origin))).unwrap_or_default();
    let text = inline(&reason.text);
    let line = match reason.step.as_str() {
        "value" | "history" => format!("{text} = {}{}", inline(said), inline(&origin)),
        _ if said.is_empty() => format!("{}  {text}", reason.step),
        step => format!("{step}  {text}: {}", inline(said)),
    };
    // A parameter says itself where it was set.
    let at = reason.at.as_ref().filter(|_| depth == 0 || reason.step == "let");
    let at = at.map(|at| format!("   [{}]", inline(at))).unwrap_or_default();
    out.push_str(&format!("{}{line}{at}\n", "  ".repeat(depth)));
    reason.parts.iter().for_each(|part| draw(part, depth + 1, out));
}

fn reason() -> Json {
    object(
        "one step of a decision, or one part of a condition",
        &[
            (
                "step",
                said(
                    "which kind of step: `observe`, `where`, `let`, `fail`, `compare`, `value`, `for`, `waiver` …",
                ),
            ),
            ("text", said("as the policy writes it, or what was done")),
            ("said?", said("what came of it: `true`, `false`, `unknown: …`, a value with its unit")),
            ("origin?", described("where a value comes from", "origin")),
            ("at?", said("file, line and column")),
            (
                "parts?",
                json!({ "description": "what it is made of", "type": "array", "items": reference("reason") }),
            ),
        ],
    )
}

/// The schema of `muster explain FINDING --format json`, draft 2020-12.
pub fn json_schema() -> Json {
    let or_null =
        |schema: &Json, doc: &str| json!({ "description": doc, "anyOf": [schema, { "type": "null" }] });
    let root = object(
        "how a verdict came about",
        &[
            ("explain", json!({ "description": "version of this format", "const": VERSION })),
            ("policy", said("the policy")),
            ("target", said("the target")),
            ("subject", said("the subject")),
            ("verdict", said("what was decided")),
            ("facts", said("whose facts were judged")),
            ("at", said("when they were judged, RFC 3339 UTC")),
            ("note", or_null(&json!({ "type": "string" }), "what a reader must know of the two")),
            ("finding", or_null(&reference("finding"), "the finding, if there is one")),
            (
                "tree",
                json!({ "description": "the steps, in their order", "type": "array", "items": reference("reason") }),
            ),
        ],
    );
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("muster explanation"));
    if let Json::Object(root) = root {
        schema.extend(root);
    }
    let mut definitions = finding_definitions();
    definitions.insert("reason".to_owned(), reason());
    schema.insert("$defs".to_owned(), definitions.into());
    Json::Object(schema)
}
