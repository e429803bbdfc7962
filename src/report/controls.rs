//! Controls and the policies that answer them, as text and as JSON: pure functions of [`Coverage`].

use serde_json::{Value as Json, json};

use super::json::ascii_controls;
use super::schema::{described, list, natural, object, reference, text as words, words as one_of};
use super::text::inline;
use super::words::{count, listed, size};
use crate::audit::coverage::{ControlCoverage, Coverage, FrameworkCoverage, PolicyStanding, State, Tally};

/// Version of the JSON. A field may be added within a version; a changed meaning is a new one.
pub const VERSION: u64 = 1;

/// Policies without a control that are named.
const NAMED: usize = 12;

/// How coverage is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Only controls that nobody looks at; figures are those of all.
    pub only_open: bool,
}

impl Shown {
    fn shows(self, control: &ControlCoverage) -> bool {
        !self.only_open || control.state.is_open()
    }

    /// For a person at a terminal.
    pub fn human(self, coverage: &Coverage) -> String {
        let mut lines = Vec::new();
        for framework in &coverage.frameworks {
            self.framework(framework, &mut lines);
        }
        lines.extend(rest(coverage));
        lines.join("\n") + "\n"
    }

    fn framework(self, framework: &FrameworkCoverage, lines: &mut Vec<String>) {
        let version = framework.version.as_ref().map(|version| format!(", version {version}"));
        let head = format!("{} · {}{}", framework.id, framework.title, version.unwrap_or_default());
        lines.push(inline(&head));
        lines.push(format!("  {}", summary(framework)));
        let shown: Vec<&ControlCoverage> =
            framework.controls.iter().filter(|control| self.shows(control)).collect();
        let wide = shown.iter().map(|control| control.id.chars().count()).max().unwrap_or(0).min(28);
        let mut group: Option<String> = None;
        for control in shown {
            let of: Vec<&str> = control.groups.iter().map(|title| &**title).collect();
            let of = of.join(" / ");
            if group.as_ref() != Some(&of) {
                lines.push(String::new());
                if !of.is_empty() {
                    lines.push(format!("  {}", inline(&of)));
                }
                group = Some(of);
            }
            let (state, id) = (control.state.word(), inline(&control.id));
            lines.push(format!("  {state:9}  {id:wide$}  {}", inline(&control.title)));
            for policy in &control.policies {
                lines.push(format!("  {:9}  {:wide$}    {}", "", "", standing(policy)));
            }
        }
        lines.push(String::new());
    }

    /// As versioned data ([`json_schema`]). `exit` is the exit code.
    pub fn json(self, coverage: &Coverage, muster: &str, exit: u8) -> String {
        let mut shown = coverage.clone();
        for framework in &mut shown.frameworks {
            framework.controls.retain(|control| self.shows(control));
        }
        let json = json!({
            "controls": VERSION,
            "muster": muster,
            "exit": exit,
            "judged": shown.judged,
            "frameworks": shown.frameworks,
            "without_control": shown.without_control,
            "dangling": shown.dangling,
        });
        format!("{}\n", ascii_controls(&format!("{json:#}")))
    }
}

/// `24 of 58 controls have a policy: 34 uncovered, 2 failing, 22 held`.
fn summary(framework: &FrameworkCoverage) -> String {
    let states = framework.states.iter().map(|(state, many)| format!("{many} {}", state.word()));
    let withdrawn = match framework.withdrawn {
        0 => String::new(),
        many => format!(" ({many} withdrawn are left out)"),
    };
    format!(
        "{} of {} a policy: {}{withdrawn}",
        framework.with_policy,
        match framework.total {
            1 => "1 control has".to_owned(),
            total => format!("{total} controls have"),
        },
        states.collect::<Vec<_>>().join(", ")
    )
}

/// `postgres-dead-tuples: 3 pass, 1 waived`.
fn standing(policy: &PolicyStanding) -> String {
    format!("{}: {}", inline(&policy.policy), tally(&policy.checks))
}

fn tally(tally: &Tally) -> String {
    let Tally { bound, pass, skipped, waived, warn, unknown, fail, unjudged } = *tally;
    let all = [
        (fail, "fail"),
        (unknown, "unknown"),
        (unjudged, "never judged"),
        (warn, "warn"),
        (waived, "waived"),
        (skipped, "skipped"),
        (pass, "pass"),
    ];
    let parts = all.iter().filter(|(many, _)| *many > 0).map(|(many, word)| format!("{many} {word}"));
    if bound == 0 { "fits no target".to_owned() } else { parts.collect::<Vec<_>>().join(", ") }
}

/// What is said below the frameworks.
fn rest(coverage: &Coverage) -> Vec<String> {
    let mut lines = Vec::new();
    for dangling in &coverage.dangling {
        let line = format!(
            "{} names {}:{}, which is not there",
            dangling.policy, dangling.framework, dangling.control
        );
        lines.push(inline(&line));
    }
    let without: Vec<String> = coverage.without_control.iter().map(|one| inline(&one.policy)).collect();
    if !without.is_empty() {
        let (many, names) = (size(without.len()), listed(&without, NAMED));
        let verb = if many == 1 { "names" } else { "name" };
        let policies = if many == 1 { "1 policy".to_owned() } else { format!("{many} policies") };
        lines.push(format!("{policies} {verb} no control of {}: {names}", these(coverage)));
    }
    lines.push(if coverage.judged {
        "verdicts are those of the newest judgement of each check in the store".to_owned()
    } else {
        "no verdicts: there is no store with runs, so every check counts as never judged".to_owned()
    });
    lines
}

fn these(coverage: &Coverage) -> String {
    match coverage.frameworks.as_slice() {
        [only] => format!("`{}`", only.id),
        all => format!("these {}", count(size(all.len()), "framework")),
    }
}

/// The schema of what `muster list controls --format json` prints.
pub fn json_schema() -> Json {
    let all = object(
        "",
        &[
            ("controls", json!({ "description": "version of this format", "const": VERSION })),
            ("muster", words("version of the program")),
            ("exit", json!({ "description": "the exit code", "enum": [0] })),
            (
                "judged",
                json!({ "description": "was it looked for judgements? If not, every check that is bound is `unjudged`", "type": "boolean" }),
            ),
            ("frameworks", list("each framework with its controls", &reference("framework"))),
            (
                "without_control",
                list("policies that name no control of these frameworks", &reference("without")),
            ),
            (
                "dangling",
                list("controls that policies name and the framework does not have", &reference("dangling")),
            ),
        ],
    );
    let definitions = json!({
        "framework": framework_schema(),
        "control": control_schema(),
        "policy": policy_schema(),
        "checks": checks_schema(),
        "without": object("a policy that answers no control of these frameworks", &[
            ("policy", words("its id")),
            ("title", words("its title")),
            ("library?", words("the library that it came with")),
            ("controls", list("ids that it names elsewhere", &json!({ "type": "string" }))),
        ]),
        "dangling": object("a control that its framework does not have", &[
            ("policy", words("the policy that names it")),
            ("framework", words("the framework")),
            ("control", words("the id")),
        ]),
    });
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "muster list controls",
        "$defs": definitions,
    });
    if let (Json::Object(schema), Json::Object(all)) = (&mut schema, all) {
        schema.extend(all.into_iter().filter(|(name, _)| name != "description"));
    }
    schema
}

fn framework_schema() -> Json {
    let states: Vec<(String, Json)> =
        State::ALL.iter().map(|state| (format!("{}?", state.word()), natural(state.meaning()))).collect();
    let states: Vec<(&str, Json)> = states.iter().map(|(name, schema)| (&**name, schema.clone())).collect();
    object(
        "a framework",
        &[
            ("id", words("its name")),
            ("title", words("its title")),
            ("version?", words("its version")),
            ("link?", words("where it can be read")),
            ("source", words("the file that it comes from")),
            ("total", natural("controls that are in force")),
            ("with_policy", natural("how many of them a policy names")),
            ("withdrawn", natural("controls that it has withdrawn; they are not listed")),
            ("states", object("how many controls have each state; those of none are left out", &states)),
            ("controls", list("its controls, or those that were asked for", &reference("control"))),
        ],
    )
}

fn state_schema(doc: &str) -> Json {
    one_of(doc, State::ALL.map(State::word))
}

fn control_schema() -> Json {
    object(
        "a control",
        &[
            ("id", words("its id")),
            ("title", words("its title")),
            ("link?", words("where it can be read")),
            (
                "groups",
                list("the titles of the groups around it, the outermost first", &json!({ "type": "string" })),
            ),
            ("state", state_schema("how it stands")),
            ("checks", described("the checks of all its policies", "checks")),
            ("oldest?", words("when the oldest of the judgements that count was made, RFC 3339 UTC")),
            ("newest?", words("when the newest was")),
            ("policies", list("the policies that name it", &reference("policy"))),
        ],
    )
}

fn policy_schema() -> Json {
    object(
        "a policy that answers a control",
        &[
            ("policy", words("its id")),
            ("title", words("its title")),
            ("library?", words("the library that it came with")),
            ("state", state_schema("how its checks stand")),
            ("checks", described("its checks", "checks")),
        ],
    )
}

fn checks_schema() -> Json {
    object(
        "checks by how they stand",
        &[
            ("bound", natural("all that are bound to a target")),
            ("pass", natural("the newest judgement passed")),
            ("skipped", natural("not judged on purpose")),
            ("waived", natural("a waiver covers what was found")),
            ("warn", natural("near the limit")),
            ("unknown", natural("could not be judged")),
            ("fail", natural("what must hold does not")),
            ("unjudged", natural("never judged, as far as is known")),
        ],
    )
}
