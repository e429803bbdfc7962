//! What a case file may hold.

use super::LABELS;
use crate::policy::shape::{MapShape, Shape, may, must};
use crate::verdict::{Severity, Urgency};

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
    "masked",
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
        may(
            "before",
            Shape::MapOf(&Shape::Name, &Shape::Any),
            "earlier answers of observations with `before:`; left out, there was none",
        ),
        may(
            "past",
            Shape::MapOf(&Shape::Name, &Shape::ListOf(&Shape::Map(&SAMPLE))),
            "samples of observations with `history:`",
        ),
        may(
            "held",
            Shape::Duration,
            "how long every failure has held, for alerts with `for:`; left out, nothing is known of earlier runs",
        ),
        may("during", Shape::Many(&Shape::Line), "calendars that cover the time; others do not"),
        may("params", Shape::MapOf(&Shape::Name, &Shape::Literal), "other values of parameters"),
        may("target", Shape::Map(&CASE_TARGET), "the target's name and labels"),
        must(
            "findings",
            Shape::Many(&Shape::Map(&EXPECTED)),
            "every finding that is not `pass`; `[]` if all pass",
        ),
    ],
};

/// One sample of the past.
pub(super) static SAMPLE: MapShape = MapShape {
    name: "a sample",
    keys: &[
        must("ago", Shape::Duration, "how long before `now` it was observed"),
        must("rows", Shape::Any, "its rows, or the facts of its one row"),
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
