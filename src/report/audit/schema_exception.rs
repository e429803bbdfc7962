//! JSON Schema of what was allowed.

use serde_json::{Value as Json, json};

use super::super::schema::{flag, list, natural, object, or_null, reference, text, time, words};
use super::schema::texts;
use crate::audit::Moved;

/// Something that was allowed.
pub(super) fn exception() -> Json {
    object(
        "something that was allowed",
        &[
            ("kind", words("what kind", ["waiver", "override", "suppression", "scratch"])),
            ("policy", text("of which policy")),
            ("scope", text("at which targets and subjects, as written; empty for all")),
            ("what", text("what exactly")),
            ("owner", text("who answers for it; empty if nobody said")),
            ("reason", text("why; empty if nobody said")),
            ("ticket", text("where it is discussed; empty if nowhere")),
            ("expires", text("the last day; empty if it has none")),
            ("from", time("the first run of the period with it")),
            ("to", time("the last run of the period with it")),
            ("open", flag("it is still there")),
            ("hid", texts("findings that it hid, by id")),
            ("hidden", natural("judgements that it hid")),
            ("beneath", list("how what it hid moved, the worst first", &reference("beneath"))),
            ("worse", texts("what of it got worse, in words")),
        ],
    )
}

fn figure(doc: &str) -> Json {
    let figure = object(
        doc,
        &[("value", text("the number, with its unit")), ("limit", text("what it was held against"))],
    );
    json!({ "description": doc, "anyOf": [figure, { "type": "null" }] })
}

/// How something stood beneath it.
pub(super) fn beneath() -> Json {
    object(
        "how something stood that a waiver hid",
        &[
            ("finding", text("id of the finding")),
            ("subject", text("what it is about")),
            ("what", text("what the rule compared, as it writes it; empty if no number is known")),
            ("first", or_null(time("when it was hidden first in the period"))),
            ("last", or_null(time("the last judgement"))),
            ("before", figure("the number at first; null if none is known")),
            ("after", figure("the number at the last judgement; null if none is known")),
            ("moved", words("where it went", Moved::ALL.iter().map(|one| one.word()))),
            ("fails_now", flag("it did not fail at first, and fails at the last judgement")),
            (
                "failed_between",
                flag(
                    "it failed neither at first nor at the last judgement, and did while it was hidden between them",
                ),
            ),
            ("why", text("why a number is missing; empty if none is")),
        ],
    )
}
