//! The shapes of policy, project and case files.

use super::model::Tier;
use super::shape::{MapShape, Shape, may, must};
use crate::verdict::{Severity, Urgency};

const TEXTS: Shape = Shape::ListOf(&Shape::Line);
const RELATIONS: Shape = Shape::Reserved("relates several targets, rows or the past");
const EXPRS: Shape = Shape::OneOf(&[Shape::Expr, Shape::Map(&RUNG_MAP), Shape::ListOf(&RUNG)]);
const RUNG: Shape = Shape::OneOf(&[Shape::Map(&RUNG_MAP), Shape::Expr]);
const LABELS: Shape = Shape::MapOf(&Shape::Name, &Shape::Line);

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
        must("type", Shape::Line, "type of the targets: `host`, `postgres`, `mysql`, `sqlite`, `service`"),
        may("name", Shape::Line, "only targets with this name; `*` and `?` stand for any characters"),
        may("labels", LABELS, "only targets with these labels"),
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
        may("on", RELATIONS, ""),
        may("before", RELATIONS, ""),
        may("history", RELATIONS, ""),
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
        may("controls", TEXTS, "ids for audits"),
        may("prevents", TEXTS, "incidents that it would have caught"),
        must("why", Shape::Prose, "why it must hold"),
        must("target", Shape::Map(&SELECTOR), "which targets"),
        may("also", RELATIONS, ""),
        must("observe", Shape::MapOf(&Shape::Name, &Shape::Map(&OBSERVE)), "what to look at, by name"),
        may("join", RELATIONS, ""),
        may("group", RELATIONS, ""),
        may("each", Shape::Name, "the observation whose rows are the subjects"),
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
            "`some`, `any`, or the names that must be there",
        ),
        may("message", Shape::Template, "what to say; `{{ fact }}` is filled in"),
        must("remedy", Shape::Map(&REMEDY), "how to mend it"),
        may("alert", Shape::Map(&ALERT), "makes it an alert policy: its failure must reach a person"),
    ],
};

/// Where a secret is kept.
pub static SECRET: MapShape = MapShape {
    name: "a secret",
    keys: &[
        may("env", Shape::Line, "an environment variable"),
        may("file", Shape::Line, "the first line of a file"),
        may("command", Shape::ListOf(&Shape::Text), "the first line that a command prints"),
    ],
};

const SECRET_SHAPE: Shape = Shape::OneOf(&[Shape::Map(&SECRET), Shape::Secret]);

/// One target.
pub static TARGET: MapShape = MapShape {
    name: "a target",
    keys: &[
        must("type", Shape::Line, "`host`, `postgres`, `mysql`, `sqlite` or `service`"),
        may("url", Shape::Line, "its address, without a password"),
        may("path", Shape::Line, "its file (`sqlite`)"),
        may("password", SECRET_SHAPE, "where the password is kept"),
        may("headers", Shape::MapOf(&Shape::Header, &SECRET_SHAPE), "secret headers of a service"),
        may("labels", LABELS, "labels from the declared set"),
        may("tls", Shape::Map(&TLS), "certificates for the connection"),
        may(
            "databases",
            Shape::OneOf(&[Shape::Map(&DATABASES), Shape::Words(&["all"])]),
            "`all` looks at every database of the server",
        ),
        may("limits", Shape::Map(&LIMITS), "how much it may be asked"),
    ],
};

/// `tls:` of a target.
pub static TLS: MapShape = MapShape {
    name: "a tls block",
    keys: &[
        may(
            "mode",
            Shape::Words(&["disable", "prefer", "require", "verify-ca", "verify-full"]),
            "as `sslmode` of PostgreSQL's clients",
        ),
        may("ca", Shape::Line, "file of the trusted certificates"),
        may("cert", Shape::Line, "file of our certificate"),
        may("key", Shape::Line, "file of our key"),
    ],
};

/// `databases:` of a server.
pub static DATABASES: MapShape =
    MapShape { name: "a choice of databases", keys: &[must("except", TEXTS, "databases that are left out")] };

/// `limits:` of a target.
pub static LIMITS: MapShape = MapShape {
    name: "limits",
    keys: &[
        may("connections", Shape::Count, "questions at once"),
        may("deadline", Shape::Duration, "how long one answer may take"),
    ],
};

/// One override.
pub static OVERRIDE: MapShape = MapShape {
    name: "an override",
    keys: &[
        must("policy", Shape::Line, "policies, `*` stands for any characters"),
        may("environment", Shape::Id, "only in this environment"),
        may("labels", LABELS, "only for targets with these labels"),
        may("target", Shape::Line, "only for this target"),
        may("subject", Shape::Line, "only for these subjects"),
        must(
            "set",
            Shape::MapOf(&Shape::Name, &Shape::Literal),
            "parameters, and `severity`, `owner`, `tier`, `urgency`, `runbook`",
        ),
        may("why", Shape::Prose, "why"),
    ],
};

/// One waiver.
pub static WAIVER: MapShape = MapShape {
    name: "a waiver",
    keys: &[
        must("policy", Shape::Line, "the policy"),
        may("target", Shape::Line, "the target; all if left out"),
        may("subject", Shape::Line, "the subjects; all if left out"),
        must("reason", Shape::Line, "why it is fine for now"),
        must("owner", Shape::Id, "who answers for it"),
        must("ticket", Shape::Line, "where it is discussed"),
        must("expires", Shape::Date, "the last day, UTC"),
        may(
            "covers",
            Shape::ListOf(&Shape::Words(&["fail", "warn", "unknown"])),
            "verdicts that it covers; `[fail, warn]` if left out",
        ),
        may("up_to", Shape::Literal, "a limit beyond which it no longer covers"),
    ],
};

/// One environment.
pub static ENVIRONMENT: MapShape = MapShape {
    name: "an environment",
    keys: &[
        must("targets", LABELS, "labels of its targets"),
        may("fail_on", Shape::Words(&["warn", "unknown", "fail"]), "the verdict from which a run fails"),
    ],
};

/// `store:`
pub static STORE: MapShape = MapShape {
    name: "a store",
    keys: &[
        must("path", Shape::Line, "file of the SQLite store"),
        may("keep", Shape::Duration, "how long runs are kept"),
    ],
};

/// One calendar.
pub static CALENDAR: MapShape = MapShape {
    name: "a calendar",
    keys: &[
        must("zone", Shape::Line, "time zone by its IANA name: `Europe/Zurich`"),
        must(
            "hours",
            Shape::OneOf(&[Shape::ListOf(&Shape::Line), Shape::Line]),
            "`Mon-Fri 08:00-18:00`, or several in a list; the end is excluded, an end before the begin is on the next day",
        ),
        may("holidays", Shape::Line, "iCalendar file (`.ics`) with days that are outside of the hours"),
    ],
};

const ROUTES: Shape = Shape::MapOf(&Shape::Words(Urgency::WORDS), &Shape::Line);

/// Keys of the project file.
pub static PROJECT: MapShape = MapShape {
    name: "a project file",
    keys: &[
        must("muster", Shape::Version(1), "version of the format; write `muster: 1`"),
        may("owner", Shape::Id, "default owner"),
        may("policies", TEXTS, "folders, files, and libraries as `builtin:AREA`"),
        may(
            "labels",
            Shape::MapOf(&Shape::Name, &Shape::OneOf(&[Shape::ListOf(&Shape::Line), Shape::Words(&["any"])])),
            "labels with their allowed values, or `any`",
        ),
        may("targets", Shape::MapOf(&Shape::Id, &Shape::Map(&TARGET)), "the systems"),
        may("environments", Shape::MapOf(&Shape::Id, &Shape::Map(&ENVIRONMENT)), "named choices of targets"),
        may("owners", Shape::MapOf(&Shape::Id, &ROUTES), "who answers, and where each urgency goes"),
        may("tiers", Shape::MapOf(&Shape::Words(Tier::WORDS), &Shape::Duration), "interval of each tier"),
        may(
            "calendars",
            Shape::MapOf(&Shape::Id, &Shape::Map(&CALENDAR)),
            "hours of the week in a time zone",
        ),
        may(
            "commands",
            Shape::MapOf(&Shape::Id, &Shape::ListOf(&Shape::Text)),
            "all that `command.output` may run",
        ),
        may("overrides", Shape::ListOf(&Shape::Map(&OVERRIDE)), "other values of parameters"),
        may("waivers", Shape::ListOf(&Shape::Map(&WAIVER)), "dated exceptions"),
        may("max_waiver", Shape::Duration, "how far ahead a waiver may reach; 400d if left out"),
        may("store", Shape::Map(&STORE), "where runs are remembered"),
    ],
};

/// Words of causes, as [`Cause`](crate::fact::Cause) has them.
pub const CAUSES: &[&str] = &[
    "unreachable",
    "timeout",
    "denied",
    "unsupported",
    "malformed",
    "empty",
    "absent",
    "ambiguous",
    "incomplete",
    "wrong-target",
    "wrong-type",
    "undecidable",
    "stale",
    "quality",
    "no-history",
    "clock",
    "limit",
    "cancelled",
    "script",
    "internal",
];

/// A case file: its own keys, and the names of observations beside them.
pub const CASE_FILE: Shape = Shape::MapAnd(&CASES, &Shape::Name, &Shape::MapOf(&Shape::Name, &Shape::Fact));

/// Fixed keys of a case file; the observations' names stand beside them.
pub static CASES: MapShape = MapShape {
    name: "a case file",
    keys: &[
        must("cases", Shape::Id, "the policy"),
        must("now", Shape::Time, "the time at which the facts are judged"),
        must("check", Shape::ListOf(&Shape::Map(&CASE)), "the cases"),
    ],
};

/// One case.
pub static CASE: MapShape = MapShape {
    name: "a case",
    keys: &[
        must("name", Shape::Line, "what it shows"),
        must(
            "facts",
            Shape::MapOf(&Shape::Name, &Shape::Any),
            "rows by observation, or `{ missing: CAUSE }`",
        ),
        may("params", Shape::MapOf(&Shape::Name, &Shape::Literal), "other values of parameters"),
        may("target", Shape::Map(&CASE_TARGET), "the target's name and labels"),
        must(
            "findings",
            Shape::Many(&Shape::Map(&EXPECTED)),
            "every finding that is not `pass`; `[]` if all pass",
        ),
    ],
};

/// `target:` of a case.
pub static CASE_TARGET: MapShape = MapShape {
    name: "a case's target",
    keys: &[
        may("name", Shape::Line, "its name"),
        may("scheme", Shape::Line, "scheme of its address; the usual one of its type if left out"),
        may("labels", LABELS, "its labels"),
    ],
};

/// One expected finding.
pub static EXPECTED: MapShape = MapShape {
    name: "an expected finding",
    keys: &[
        may("subject", Shape::Scalar, "the subject; the check itself if left out"),
        must("verdict", Shape::Words(&["fail", "warn", "unknown", "skipped"]), "the verdict"),
        may("cause", Shape::Words(CAUSES), "the cause, if unknown"),
        may("message", Shape::Text, "the whole message, if it matters"),
        may("severity", Shape::Words(Severity::WORDS), "the severity, if it matters"),
        may("urgency", Shape::Words(Urgency::WORDS), "the urgency, if it matters"),
        may("remedy", Shape::ListOf(&Shape::Text), "the remedy's steps, if they matter"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Cause;

    #[test]
    fn causes_are_those_of_facts() {
        let words: Vec<&str> = Cause::ALL.iter().map(|cause| cause.word()).collect();
        assert_eq!(CAUSES, words);
    }
}
