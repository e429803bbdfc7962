//! What a policy may hold.

use super::{LABELS, TEXTS};
use crate::policy::model::Tier;
use crate::policy::shape::{MapShape, Shape, may, must};
use crate::verdict::{Severity, Urgency};

const NAMES: Shape = Shape::OneOf(&[Shape::ListOf(&Shape::Name), Shape::Name]);
const EXPRS: Shape = Shape::OneOf(&[Shape::Expr, Shape::Map(&RUNG_MAP), Shape::ListOf(&RUNG)]);
const RUNG: Shape = Shape::OneOf(&[Shape::Map(&RUNG_MAP), Shape::Expr]);

/// `{ if, message }`
pub static RUNG_MAP: MapShape = MapShape {
    name: "a rung",
    keys: &[
        must("if", Shape::Expr, "the condition"),
        may("message", Shape::Template, "what to say when it holds; the policy's `message` if left out"),
    ],
};

/// `target:` of a policy.
pub static SELECTOR: MapShape = MapShape {
    name: "a target selection",
    keys: &[
        must(
            "type",
            Shape::OneOf(&[Shape::ListOf(&Shape::Line), Shape::Line]),
            "type of the targets: `host`, `postgres`, `pgbouncer`, `mysql`, `sqlite`, `service`, `bucket`, `project`; or a list of them, where all are judged alike",
        ),
        may("name", Shape::Line, "only targets with this name; `*` and `?` stand for any characters"),
        may("labels", LABELS, "only targets with these labels"),
    ],
};

/// Another target.
pub(super) static ALSO: MapShape = MapShape {
    name: "another target",
    keys: &[
        must("type", Shape::Line, "its type"),
        may("name", Shape::Line, "only targets with this name; `*` and `?` stand for any characters"),
        may("labels", LABELS, "only targets with these labels"),
        may(
            "same",
            Shape::ListOf(&Shape::Name),
            "labels that must be the same as those of the policy's target",
        ),
        may(
            "many",
            Shape::Bool,
            "several may match, and their rows carry `from_target`; otherwise exactly one must",
        ),
    ],
};

/// `before:` with a recording.
pub(super) static BEFORE: MapShape = MapShape {
    name: "an earlier answer",
    keys: &[must("recording", Shape::Line, "file of a recording, relative to the project")],
};

/// `history:`
pub(super) static HISTORY: MapShape = MapShape {
    name: "a history",
    keys: &[
        must("window", Shape::Duration, "how far back samples are recalled"),
        may("at_least", Shape::Duration, "how long they must reach back; less is `unknown: no-history`"),
        may("points", Shape::Count, "how many there must be, the one of now included; 2 if left out"),
    ],
};

/// One join.
pub(super) static JOIN: MapShape = MapShape {
    name: "a join",
    keys: &[
        must("of", Shape::ListOf(&Shape::Name), "the two whose rows are joined"),
        must("by", NAMES, "facts that both have and by which rows belong together"),
    ],
};

/// One group.
pub(super) static GROUP: MapShape = MapShape {
    name: "a group",
    keys: &[
        must("of", Shape::Name, "whose rows are gathered"),
        may("by", NAMES, "facts that the rows of a group have in common; all rows are one group if left out"),
        must(
            "let",
            Shape::MapOf(&Shape::Name, &Shape::Expr),
            "what is computed of each group, with aggregates",
        ),
    ],
};

/// One observation.
pub static OBSERVE: MapShape = MapShape {
    name: "an observation",
    keys: &[
        must("probe", Shape::Line, "the probe, `area.noun`"),
        may(
            "with",
            Shape::MapOf(&Shape::Name, &Shape::Literal),
            "arguments of the probe; `params.x` takes a parameter",
        ),
        may(
            "facts",
            Shape::MapOf(&Shape::Name, &FACT),
            "facts that this policy declares (columns of a query, fields of a JSON answer)",
        ),
        may("key", Shape::ListOf(&Shape::Name), "declared facts that tell the rows apart"),
        may("max_age", Shape::Duration, "refuse facts that are older than this when they are judged"),
        may("accept", Shape::Words(&["exact"]), "`exact` refuses estimates"),
        may(
            "private",
            Shape::ListOf(&Shape::Name),
            "text facts that recordings do not tell: `muster record` writes a keyed digest in their place",
        ),
        may("on", Shape::Name, "another target, by its name under `also`"),
        may(
            "before",
            Shape::OneOf(&[Shape::Map(&BEFORE), Shape::Words(&["previous", "gate"])]),
            "the same observation then and now: each row also has `before.` facts and a `side`",
        ),
        may("history", Shape::Map(&HISTORY), "samples of its facts that rules may ask about"),
    ],
};

const FACT: Shape = Shape::OneOf(&[Shape::Map(&FACT_MAP), Shape::Line]);

/// A declared fact in its long form.
pub static FACT_MAP: MapShape = MapShape {
    name: "a declared fact",
    keys: &[
        must("type", Shape::Line, "its type: `bytes`, `duration?`, `list<text>` …"),
        may("at", Shape::Line, "where it stands: a JSON pointer, a column, a label of performance data"),
        may("unit", Shape::Line, "unit of plain numbers there: `ms`, `MiB`, `percent` …"),
        may("null", Shape::Line, "what null means, in words"),
    ],
};

/// One parameter.
pub static PARAM: MapShape = MapShape {
    name: "a parameter",
    keys: &[
        must("default", Shape::Literal, "its value unless the project says otherwise"),
        may("why", Shape::Prose, "where the number comes from"),
        may("at_least", Shape::Literal, "nobody may set it lower"),
        may("at_most", Shape::Literal, "nobody may set it higher"),
    ],
};

/// A step of a remedy.
pub static STEP: MapShape = MapShape {
    name: "a step",
    keys: &[
        may("sql", Shape::Template, "SQL for the target; names and literals are quoted"),
        may("shell", Shape::Template, "a shell command; each hole becomes one word"),
        may("do", Shape::Template, "something a person does"),
        may("if", Shape::Expr, "only when this holds"),
        may("danger", Shape::Line, "why to think first; needed if the step cannot be undone"),
    ],
};

/// `remedy:`
pub static REMEDY: MapShape = MapShape {
    name: "a remedy",
    keys: &[
        must("steps", Shape::ListOf(&Shape::Map(&STEP)), "what to do, in order"),
        may("runbook", Shape::Line, "a longer text: a path or an URL"),
    ],
};

/// `alert:`
pub static ALERT: MapShape = MapShape {
    name: "an alert block",
    keys: &[
        must(
            "urgency",
            Shape::OneOf(&[
                Shape::MapOf(&Shape::Words(Urgency::WORDS), &Shape::Expr),
                Shape::Words(Urgency::WORDS),
            ]),
            "`page`, `ticket` or `notice`, or a ladder",
        ),
        may("for", Shape::Duration, "how long it must have held before it is a failure"),
        must("context", Shape::ListOf(&Shape::Expr), "facts that the notice must carry"),
    ],
};

const SEVERITY: Shape = Shape::OneOf(&[
    Shape::MapOf(&Shape::Words(Severity::WORDS), &Shape::Expr),
    Shape::Words(Severity::WORDS),
]);

/// Keys of a policy.
pub static POLICY: MapShape = MapShape {
    name: "a policy",
    keys: &[
        must("policy", Shape::Id, "its id: stable, kebab-case, unique in the project"),
        must("title", Shape::Line, "the expectation in one sentence"),
        must("tier", Shape::Words(Tier::WORDS), "how often it must be judged"),
        must("severity", SEVERITY, "how bad a failure is, or a ladder"),
        may("owner", Shape::Id, "who answers for it; the project's default if left out"),
        may("tags", TEXTS, "free words to select by"),
        may(
            "controls",
            TEXTS,
            "ids for audits: controls of the frameworks that the project declares, as `ID` or `FRAMEWORK:ID`; free where it declares none",
        ),
        may("prevents", TEXTS, "incidents that it would have caught"),
        must("why", Shape::Prose, "why it must hold"),
        must("target", Shape::Map(&SELECTOR), "which targets"),
        may(
            "also",
            Shape::MapOf(&Shape::Name, &Shape::Map(&ALSO)),
            "other targets that belong to each target",
        ),
        must("observe", Shape::MapOf(&Shape::Name, &Shape::Map(&OBSERVE)), "what to look at, by name"),
        may("join", Shape::MapOf(&Shape::Name, &Shape::Map(&JOIN)), "rows of two observations side by side"),
        may(
            "group",
            Shape::MapOf(&Shape::Name, &Shape::Map(&GROUP)),
            "rows gathered by what they have in common",
        ),
        may("each", Shape::Name, "the observation, join or group whose rows are the subjects"),
        may("when", Shape::Expr, "judge only if this holds, from `target` and `params`"),
        may("where", Shape::Expr, "rows that are subjects"),
        may(
            "params",
            Shape::MapOf(&Shape::Name, &Shape::OneOf(&[Shape::Map(&PARAM), Shape::Literal])),
            "numbers that a project may change",
        ),
        may("let", Shape::MapOf(&Shape::Name, &Shape::Expr), "values that rules share, per row"),
        may("fail", EXPRS, "what must not be"),
        may("warn", EXPRS, "what should not be"),
        may(
            "script",
            Shape::Prose,
            "a Rhai script: the name of a file beside the policy, or the text itself",
        ),
        may(
            "expect",
            Shape::OneOf(&[Shape::ListOf(&Shape::Line), Shape::Line]),
            "`some`, `any`, the names that must be there, `params.NAME`, or another observation's name: its keys",
        ),
        may("message", Shape::Template, "what to say; `{{ fact }}` is filled in"),
        must("remedy", Shape::Map(&REMEDY), "how to mend it"),
        may("alert", Shape::Map(&ALERT), "makes it an alert policy: its failure must reach a person"),
    ],
};
