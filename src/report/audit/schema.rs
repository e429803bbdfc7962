//! JSON Schema of an audit as data.

use serde_json::{Map, Value as Json, json};

use super::super::schema::{described, flag, list, natural, object, or_null, reference, text, time, words};
use super::VERSION;
use super::{schema_exception as exception, schema_runs as runs};
use crate::verdict::{Severity, Verdict};

pub(super) fn texts(doc: &str) -> Json {
    list(doc, &json!({ "type": "string" }))
}

pub(super) fn verdict_or_null(doc: &str) -> Json {
    json!({ "description": doc, "anyOf": [reference("verdict"), { "type": "null" }] })
}

fn period() -> Json {
    object(
        "a time",
        &[
            ("name", text("as it was asked for: 2026-Q3")),
            ("from", time("its begin")),
            ("to", time("its end, which does not belong to it")),
            ("until", time("its end, or when this was made if it lasts still")),
        ],
    )
}

fn source() -> Json {
    object(
        "where it is known from",
        &[
            ("path", text("the store")),
            ("runs", natural("runs of the period")),
            (
                "unpromised",
                natural("runs of the period that named only some policies, so that nothing was promised"),
            ),
            ("first", or_null(time("when the first run of the whole store began"))),
            ("last", or_null(time("when the last run of the period began"))),
            ("hosts", texts("hosts that ran it")),
            ("versions", texts("versions of muster that ran")),
        ],
    )
}

fn population() -> Json {
    object(
        "what was to be judged, and what was",
        &[
            ("expected", natural("judgements that the tiers promise")),
            ("judged", natural("of them those that happened")),
            ("missed", natural("and those that did not")),
            ("checks", list("check by check, those that missed most first", &reference("counted"))),
            (
                "gaps",
                list(
                    "where nothing was judged for longer than is promised, the longest first",
                    &reference("gap"),
                ),
            ),
            ("interrupted", list("runs that began and never ended", &reference("interrupted"))),
            ("clocks", list("where the clock went backwards", &reference("clock"))),
            ("unseen", or_null(time("the store knows nothing of the period before this time"))),
        ],
    )
}

/// Who is meant, in every line of the population.
fn who(more: &[(&'static str, Json)]) -> Vec<(&'static str, Json)> {
    let mut all = vec![
        ("policy", text("the policy")),
        ("target", text("the target")),
        ("tier", text("its tier")),
        ("owner", text("who answers for it")),
    ];
    all.extend_from_slice(more);
    all
}

fn counted() -> Json {
    let fields = who(&[
        ("from", time("since when it was promised, within the period")),
        ("until", time("until when")),
        ("new", flag("it was promised for the first time within the period")),
        ("ended", flag("it was not promised any more at the end")),
        ("every", or_null(natural("how often it is promised, in seconds; null if not by the clock"))),
        ("expected", natural("judgements that are promised")),
        ("judged", natural("of them those that happened")),
        ("missed", natural("and those that did not")),
        ("verdicts", described("all judgements by verdict", "counts")),
        ("last", or_null(time("the last one that was not unknown"))),
        ("now", verdict_or_null("the verdict of the last run that judged it")),
    ]);
    object("one check, as it was promised and judged", &fields)
}

fn gap() -> Json {
    let fields = who(&[
        ("from", time("after the last judgement before")),
        ("to", time("until the next one, or the end")),
        ("open", flag("it lasts still")),
        ("missed", natural("judgements that did not happen")),
        ("runs", natural("runs meanwhile, whatever they judged")),
        ("unread", natural("how often it was tried and could not be judged")),
    ]);
    object("a time in which a check was not judged", &fields)
}

fn interrupted() -> Json {
    object(
        "a run that began and never ended",
        &[
            ("at", time("when it began")),
            ("host", text("where; empty if nobody knows")),
            ("about", text("what it was about")),
        ],
    )
}

fn clock() -> Json {
    object(
        "a run that began before the one that was remembered before it",
        &[("before", time("the run before")), ("at", time("the run")), ("host", text("where it ran"))],
    )
}

fn framework() -> Json {
    object(
        "a framework, as far as it is covered",
        &[
            ("id", text("its id")),
            ("title", text("its title")),
            ("controls", list("its controls", &reference("control"))),
            ("others", texts("policies that name none of its controls")),
        ],
    )
}

fn control() -> Json {
    object(
        "a control",
        &[
            ("id", text("its id")),
            ("title", text("its title")),
            ("link", or_null(text("where it is explained"))),
            ("policies", texts("policies that name it")),
            ("state", text("how it stands")),
        ],
    )
}

fn attested() -> Json {
    object(
        "a statement of a person",
        &[
            ("topic", text("what was attested")),
            ("by", text("by whom")),
            ("at", text("when")),
            ("valid_until", text("until when it counts")),
            ("looked_at", text("what was looked at")),
            ("result", text("holds or fails")),
            ("evidence", texts("links of its evidence")),
            ("faults", texts("what is wrong with it; empty if nothing is")),
        ],
    )
}

fn history() -> Json {
    object(
        "a finding over time",
        &[
            ("id", text("stable over runs, renamed messages and moved files")),
            ("policy", text("the policy")),
            ("target", text("the target")),
            ("subject", text("what it is about")),
            ("severity", words("how bad", Severity::WORDS.iter().copied())),
            ("owner", text("who answers for it")),
            ("message", text("what was said last")),
            ("now", verdict_or_null("how it stands; null if it is mended")),
            ("worst", described("the worst of the period", "verdict")),
            ("first", time("when it was found for the first time, as far as the store knows")),
            ("last", time("when it was found last")),
            ("spells", list("times in which it was open or hidden", &reference("spell"))),
            ("reopened", natural("how often it came back after it was mended")),
        ],
    )
}

fn spell() -> Json {
    object(
        "a time in which a finding stood without a break",
        &[
            ("from", time("the first run that found it")),
            ("to", or_null(time("the first run that did not find it any more; null if it is there still"))),
            ("worst", described("the worst verdict of it", "verdict")),
            ("waived", natural("in how many judgements a waiver hid it")),
            ("earlier", flag("it was there already when the period began")),
        ],
    )
}

fn pattern() -> Json {
    let kinds = ["always-fails", "never-read", "always-skipped", "flaps", "unmended", "always-passes"];
    object(
        "something that a person should think about",
        &[
            ("kind", words("what kind", kinds)),
            ("policy", text("the policy")),
            ("target", text("the target")),
            ("subject", text("the subject; empty for the check itself")),
            ("owner", text("who answers for it")),
            ("judged", natural("out of so many judgements")),
            ("count", natural("so many changes, or days")),
        ],
    )
}

fn changed() -> Json {
    object(
        "a policy that was changed",
        &[
            ("policy", text("the policy")),
            ("at", time("the first run with the new text")),
            ("old", or_null(text("digest of the old text; null if it is new"))),
            ("new", or_null(text("digest of the new text; null if it is gone"))),
            ("direction", text("stricter, looser, same, not comparable, new, gone")),
            ("what", texts("what changed, in words")),
            ("moved", list("verdicts of its checks before and after", &reference("moved"))),
        ],
    )
}

fn moved() -> Json {
    object(
        "a check whose verdict is another since its policy was changed",
        &[
            ("target", text("the target")),
            ("before", described("the last verdict before", "verdict")),
            ("after", described("the first verdict after", "verdict")),
        ],
    )
}

fn day() -> Json {
    let counts = json!({
        "description": "of each check the last verdict of that day; null if nothing was judged",
        "anyOf": [reference("counts"), { "type": "null" }],
    });
    object(
        "the verdicts of a day",
        &[("day", text("the day, UTC")), ("checks", counts), ("runs", natural("runs that began on it"))],
    )
}

fn ahead() -> Json {
    object(
        "what ends soon, or crosses its limit",
        &[
            (
                "kind",
                text(
                    "certificate, password, key, waiver, attestation, limit; backup, whose time is that of the newest",
                ),
            ),
            ("name", text("what")),
            ("owner", text("who answers for it; empty if nobody said")),
            ("from", text("when at the earliest, RFC 3339; of a limit the day")),
            ("to", text("when at the latest; the same if it is known exactly, empty if that cannot be said")),
            ("what", text("in words")),
        ],
    )
}

fn counts() -> Json {
    let fields: Vec<(&str, Json)> =
        Verdict::ALL.iter().map(|verdict| (verdict.word(), natural("how many of this verdict"))).collect();
    object("how many of each verdict", &fields)
}

fn all() -> Json {
    object(
        "everything that an audit says of a time",
        &[
            ("audit", json!({ "description": "version of this format", "const": VERSION })),
            ("muster", text("version of muster")),
            ("host", text("host on which it was made")),
            ("made", time("when it was made")),
            ("period", described("what it is about", "period")),
            ("store", described("runs, and where they were remembered", "source")),
            ("population", described("what was to be judged, and what was", "population")),
            ("controls", list("frameworks with their controls", &reference("framework"))),
            ("attestations", list("what people stated", &reference("attested"))),
            (
                "exceptions",
                list(
                    "waivers, loosened overrides, suppressed lints and probes that leave something behind",
                    &reference("exception"),
                ),
            ),
            (
                "findings",
                list("findings over time, the open ones first, the worst first", &reference("history")),
            ),
            ("patterns", list("what never changes, and what always does", &reference("pattern"))),
            ("changes", list("policies that were changed", &reference("changed"))),
            (
                "run_days",
                list(
                    "runs by day and environment, the days without one included on which something is promised",
                    &reference("runday"),
                ),
            ),
            (
                "runs",
                list("runs in the order of their times, those that never ended included", &reference("run")),
            ),
            ("days", list("verdicts of the checks, day by day", &reference("day"))),
            ("outlook", list("what ends, or crosses a limit, soon", &reference("ahead"))),
        ],
    )
}

/// The schema of what `muster audit --format json` writes.
pub fn json_schema() -> Json {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("muster audit"));
    if let Json::Object(all) = all() {
        schema.extend(all);
    }
    let verdicts = words("the outcome of judging", Verdict::ALL.iter().map(|verdict| verdict.word()));
    let definitions = [
        ("verdict", verdicts),
        ("counts", counts()),
        ("period", period()),
        ("source", source()),
        ("population", population()),
        ("counted", counted()),
        ("gap", gap()),
        ("interrupted", interrupted()),
        ("clock", clock()),
        ("framework", framework()),
        ("control", control()),
        ("attested", attested()),
        ("exception", exception::exception()),
        ("beneath", exception::beneath()),
        ("runday", runs::day()),
        ("run", runs::run()),
        ("history", history()),
        ("spell", spell()),
        ("pattern", pattern()),
        ("changed", changed()),
        ("moved", moved()),
        ("day", day()),
        ("ahead", ahead()),
    ];
    let definitions: Map<String, Json> =
        definitions.into_iter().map(|(name, part)| (name.to_owned(), part)).collect();
    schema.insert("$defs".to_owned(), definitions.into());
    Json::Object(schema)
}
