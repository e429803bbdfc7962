//! JSON Schema of runs.

use serde_json::{Value as Json, json};

use super::super::schema::{flag, natural, object, or_null, text, time};
use super::schema::verdict_or_null;

/// The runs of a day.
pub(super) fn day() -> Json {
    object(
        "the runs of a day in an environment",
        &[
            ("day", text("the day, UTC")),
            ("environment", text("the environment; empty for all targets")),
            ("runs", natural("runs that began on it; none though something is promised every day is a gap")),
            ("ended", natural("of them those that ended")),
            ("killed", natural("and those that did not")),
            ("first", or_null(time("when the first began"))),
            ("last", or_null(time("when the last began"))),
            ("worst", verdict_or_null("the worst verdict of a check; null if none was judged")),
            ("judged", natural("checks of which at least one run could tell how they stand")),
            ("unknown", natural("checks of which no run could")),
            ("unkept", natural("runs that ended and cannot be judged again")),
        ],
    )
}

/// A run.
pub(super) fn run() -> Json {
    let exit = json!({ "description": "its exit code; null if it never ended", "type": ["integer", "null"], "minimum": 0, "maximum": 255 });
    object(
        "a run",
        &[
            ("at", time("when it began")),
            ("id", text("its name in every store; empty if it never ended")),
            ("environment", text("the environment; empty for all targets")),
            ("host", text("where it ran; empty if nobody knows")),
            ("muster", text("version of muster; empty if nobody knows")),
            ("ended", flag("it ended")),
            ("exit", exit),
            ("promised", flag("it was about all of the project, so that it promises something")),
            ("worst", verdict_or_null("the worst verdict of a check; null if none was judged")),
            ("judged", natural("checks that were judged")),
            ("unknown", natural("checks that could not be judged")),
            ("unkept", text("why it cannot be judged again; empty if it can")),
        ],
    )
}
