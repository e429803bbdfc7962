//! Declarations of what a project promises, allows and remembers.

use crate::fact::{Declared, Effect, FieldDecl, ParamDecl, ProbeDecl, Rows, Ty, ZeroRows, field, param};

const VERDICTS: &[&str] = &["pass", "skipped", "waived", "warn", "unknown", "fail"];
const SEVERITIES: &[&str] = &["low", "medium", "high", "critical"];
const TIERS: &[&str] = &["continuous", "daily", "weekly", "monthly", "quarterly", "release"];
const STATES: &[&str] =
    &["uncovered", "unbound", "failing", "unknown", "unjudged", "warning", "waived", "skipped", "held"];

const NONE: &str = "none; the store is opened as by any command, and runs that wait beside it are taken in";
const STORE: &str = "reads the policies of the project and, for what is remembered, the judgements and findings of the store; once in a run for each `since`";

const fn since(default: &'static str, doc: &'static str) -> ParamDecl {
    param("since", Ty::Duration, default, doc).default(default)
}

/// A probe of a project's memory.
const fn memory(
    name: &'static str,
    doc: &'static str,
    params: &'static [ParamDecl],
    facts: &'static [FieldDecl],
    (key, zero): (&'static [&'static str], ZeroRows),
) -> ProbeDecl {
    ProbeDecl {
        name,
        doc,
        targets: &["project"],
        params,
        facts,
        declared: Declared::No,
        key,
        rows: Rows::Many,
        zero,
        version: 1,
        effect: Effect::None,
        cost: STORE,
        locks: NONE,
        feature: None,
    }
}

/// `project.checks`
pub(in crate::fact::catalogue) static CHECKS: ProbeDecl = memory(
    "project.checks",
    "Every check that the project promises: who answers for it, when it is due, how it was judged",
    &[since("30d", "how far back judgements are counted")],
    &[
        field("policy", Ty::Text, "postgres-dead-tuples", "the policy"),
        field("target_name", Ty::Text, "shop-db", "the target"),
        field("target_type", Ty::Text, "postgres", "type of the target"),
        field("tier", Ty::Enum(TIERS), "weekly", "its tier, overrides included"),
        field("severity", Ty::Enum(SEVERITIES), "high", "how bad it may be at worst"),
        field("alert", Ty::Bool, "false", "it is an alert policy: its failure must reach a person"),
        field("owner", Ty::Text, "team-data", "who answers for it"),
        field(
            "owner_from",
            Ty::Enum(&["policy", "override", "project"]),
            "policy",
            "who named the owner: the policy, an override, or nobody but the default of the project",
        ),
        field("known_owner", Ty::Bool, "true", "the owner is among `owners:` of the project, or its default"),
        field("probes", Ty::Texts, "[postgres.tables]", "the probes that it asks"),
        field("every", Ty::Duration, "7d", "how often its tier promises a judgement")
            .null("not judged by the clock"),
        field("skipped", Ty::Bool, "false", "it is not judged, on purpose"),
        field(
            "why_skipped",
            Ty::Text,
            "`when: params.remembered` is not so for this target",
            "why it is not judged",
        )
        .null("it is judged"),
        field("in_this_run", Ty::Bool, "true", "the run that asks judges it"),
        field("promised", Ty::Time, "2026-07-01T02:00:00Z", "since when it is promised without a break")
            .null("no run has said so yet"),
        field(
            "judged",
            Ty::Time,
            "2026-11-20T02:00:00Z",
            "when it was judged last and it could be told how it stands; the run that asks counts, unless the one before could not tell",
        )
        .null("never"),
        field(
            "unknown_since",
            Ty::Time,
            "2026-11-24T02:00:00Z",
            "since when no judgement could tell; it is overdue when its grace is over, whatever is tried",
        )
        .null("the last judgement could tell"),
        field("due", Ty::Time, "2026-11-27T02:00:00Z", "when it is to be judged again")
            .null("skipped, or not judged by the clock"),
        field("late", Ty::Time, "2026-11-27T18:48:00Z", "when it is overdue: the grace of its tier is over")
            .null("skipped, or not judged by the clock"),
        field("overdue", Ty::Bool, "false", "its grace is over, and the run that asks does not judge it, or the run before could not tell"),
        field("verdict", Ty::Enum(VERDICTS), "warn", "how it was judged last, in a run that is kept")
            .null("never judged"),
        field(
            "judgements",
            Ty::Int,
            "30",
            "how often it was judged since then; skipped and waived ones do not count",
        ),
        field("fired", Ty::Int, "2", "how many of them warned, failed or were unknown"),
        field("passed", Ty::Int, "28", "how many of them passed"),
        field("last_passed", Ty::Time, "2026-11-26T02:00:00Z", "when it passed last").null("not since then"),
    ],
    (&["policy", "target_name"], ZeroRows::Suspicious),
);

/// `project.exceptions`
pub(in crate::fact::catalogue) static EXCEPTIONS: ProbeDecl = memory(
    "project.exceptions",
    "Everything that is allowed now: waivers, loosened overrides, silenced lints, probes that leave something behind",
    &[since("30d", "how far back judgements count for `hides`")],
    &[
        field(
            "policy",
            Ty::Text,
            "backup-age",
            "of which policy, as it is written; a waiver may name several by a pattern",
        ),
        field(
            "exception",
            Ty::Text,
            "waiver OPS-41 (target old-db)",
            "its name: what it is, its ticket, where it holds",
        ),
        field(
            "kind",
            Ty::Enum(&["waiver", "override", "suppression", "scratch"]),
            "waiver",
            "a waiver, a parameter looser than the policy's default, a lint that a comment silences, a probe that may leave something behind for a moment",
        ),
        field("scope", Ty::Text, "target old-db", "at which targets and subjects").null("all"),
        field("what", Ty::Text, "covers warn and fail", "what exactly is allowed"),
        field("owner", Ty::Text, "team-data", "who answers for it").null("nobody is named"),
        field("reason", Ty::Text, "the machine is switched off in March", "why").null("nobody said why"),
        field("ticket", Ty::Text, "OPS-41", "where it is discussed").null("nowhere"),
        field("ends", Ty::Date, "2027-03-31", "its last day, UTC").null("it never ends"),
        field("hides", Ty::Int, "1", "how many findings it hides now; 0 for all but waivers").costly(),
    ],
    (&["policy", "exception"], ZeroRows::Fine),
);

/// `project.controls`
pub(in crate::fact::catalogue) static CONTROLS: ProbeDecl = memory(
    "project.controls",
    "Every control of the project's frameworks: which policies answer it, and how they stand",
    &[],
    &[
        field("framework", Ty::Text, "soc2", "the framework"),
        field("control", Ty::Text, "A1.2", "its id"),
        field("title", Ty::Text, "Backups are made and tested", "what it asks"),
        field("link", Ty::Text, "https://www.aicpa-cima.com/soc2", "where it can be read").null("nowhere"),
        field("policies", Ty::Int, "3", "policies of the project that name it"),
        field("checks", Ty::Int, "5", "checks that these policies have, over all environments"),
        field("skipped", Ty::Int, "0", "how many of these checks are skipped"),
        field("state", Ty::Enum(STATES), "held", "how it stands, as `muster list controls` says it").costly(),
        field(
            "oldest",
            Ty::Time,
            "2026-11-20T02:00:00Z",
            "when the oldest of the judgements that count was made",
        )
        .null("none was made")
        .costly(),
        field("newest", Ty::Time, "2026-11-26T02:00:00Z", "when the newest was")
            .null("none was made")
            .costly(),
    ],
    (&["framework", "control"], ZeroRows::Suspicious),
);

/// `project.findings`
pub(in crate::fact::catalogue) static FINDINGS: ProbeDecl = memory(
    "project.findings",
    "Every finding that stands now, and since when",
    &[since(
        "365d",
        "how far back is looked whether it was mended in between; what stood before that counts since it was first found",
    )],
    &[
        field("policy", Ty::Text, "backup-age", "the policy"),
        field("target_name", Ty::Text, "shop-db", "the target"),
        field("subject", Ty::Text, "/backup/shop.dump", "what it is about"),
        field("verdict", Ty::Enum(&["waived", "warn", "unknown", "fail"]), "fail", "how it stands"),
        field("severity", Ty::Enum(SEVERITIES), "high", "how bad it is"),
        field("owner", Ty::Text, "team-data", "who answers for it"),
        field(
            "first_seen",
            Ty::Time,
            "2026-06-01T02:00:00Z",
            "when it was found for the first time, as far as the store knows",
        ),
        field("last_seen", Ty::Time, "2026-11-26T02:00:00Z", "when it was found last"),
        field(
            "open_since",
            Ty::Time,
            "2026-08-02T02:00:00Z",
            "since when it stands without having been mended",
        ),
        field("reopened", Ty::Int, "1", "how often it came back after it was mended, since then"),
        field(
            "remembered_for",
            Ty::Duration,
            "400d",
            "how long the store remembers runs of its policy (`keep`): what stood longer seems to stand since the oldest of them",
        )
        .null("for ever"),
        field("id", Ty::Text, "95419fd35e4a", "its id, which `muster explain` takes"),
    ],
    (&["policy", "target_name", "subject"], ZeroRows::Fine),
);

/// `project.runs`
pub(in crate::fact::catalogue) static RUNS: ProbeDecl = memory(
    "project.runs",
    "The runs of the last days, those that began and never ended included",
    &[since("7d", "how far back")],
    &[
        field("run", Ty::Text, "1-6614515a6738b-91f-71c0b8f5108555f6", "its name"),
        field("started", Ty::Time, "2026-11-26T02:00:00Z", "when it began"),
        field("ended", Ty::Bool, "true", "it ended; one that did not was killed, or its machine stopped"),
        field("exit_code", Ty::Int, "0", "its exit code").null("it did not end"),
        field("host", Ty::Text, "ops-1", "where it ran").null("not known"),
        field("environment", Ty::Text, "production", "the environment that it judged")
            .null("all, or not known of one that did not end"),
        field("about", Ty::Text, "214 checks of `production`", "what it was about, of one that did not end")
            .null("it ended, or not known"),
    ],
    (&["run"], ZeroRows::Suspicious),
);

/// `project.targets`
pub(in crate::fact::catalogue) static TARGETS: ProbeDecl = memory(
    "project.targets",
    "Every target of the project: how many checks look at it, with which probes, and who answers for them",
    &[],
    &[
        field("target_name", Ty::Text, "shop-db", "the target"),
        field("target_type", Ty::Text, "postgres", "its type"),
        field("scheme", Ty::Text, "https", "scheme of its address").null("it has no address"),
        field("checks", Ty::Int, "12", "checks that look at it; those that are skipped do not"),
        field("skipped", Ty::Int, "3", "how many more are skipped"),
        field("probes", Ty::Texts, "[postgres.tables]", "the probes that these checks ask"),
        field("owners", Ty::Texts, "[team-data]", "who answers for these checks"),
    ],
    (&["target_name"], ZeroRows::Suspicious),
);
