//! Declarations of the `job` area.

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field, param};

/// `job.canary`
pub(super) static CANARY: ProbeDecl = ProbeDecl {
    name: "job.canary",
    doc: "Whether background jobs run: enqueues one of its own, waits until it has finished, and removes it",
    targets: &["service", "host"],
    params: &[
        param(
            "enqueue",
            Ty::Text,
            "canary-enqueue",
            "what enqueues the job: a command of the project file, or on a service a call, `POST /canary/{token}`",
        )
        .required(),
        param(
            "finished",
            Ty::Text,
            "canary-finished",
            "what tells whether it has finished: a command (exit status 0: yes, 1: not yet, 2: it failed), or a call (200, 202 or 404, 409)",
        )
        .required(),
        param(
            "clean",
            Ty::Text,
            "canary-clean",
            "what removes whatever is left of it, and succeeds where nothing is: a command or a call",
        ),
        param("wait", Ty::Duration, "30s", "how long the job may take").default("30s"),
        param("interval", Ty::Duration, "1s", "how long to wait between two questions").default("1s"),
        param("within", Ty::Duration, "2m", "how long the whole may last, with enqueuing and removing")
            .default("2m"),
    ],
    facts: &[
        field("enqueued", Ty::Bool, "true", "the job was accepted"),
        field("finished", Ty::Bool, "true", "the job finished within `wait`"),
        field("failed", Ty::Bool, "false", "the job ended, and says that it failed"),
        field("took", Ty::Duration, "1.5s", "from the acceptance to the first answer that it has finished")
            .null("it has not finished"),
        field(
            "said",
            Ty::Text,
            "no worker for queue `mail`",
            "what the last step said, or the one that failed; up to 2 KiB",
        )
        .null("nothing"),
        field("cleaned", Ty::Bool, "true", "what was left of it is removed").null("there is no `clean`"),
        field("leftovers", Ty::Int, "0", "canaries of runs that were killed which could not be removed yet"),
    ],
    declared: Declared::No,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::Scratch,
    cost: "one job of yours, and a question per `interval` until it has finished",
    locks: "those of the commands or calls",
    feature: None,
};

/// `job.finished`
pub(super) static FINISHED: ProbeDecl = ProbeDecl {
    name: "job.finished",
    doc: "When a scheduled job last finished, and whether its next run is seen to finish",
    targets: &["service", "host"],
    params: &[
        param(
            "command",
            Ty::Text,
            "last-report",
            "a command of the project file that prints when the job last finished, or `never`",
        ),
        param(
            "file",
            Ty::Path,
            "/var/lib/shop/report.done",
            "a file that the job writes when it has finished",
        ),
        param("path", Ty::Text, "/jobs/report", "on a service: the path of JSON that tells it"),
        param("at", Ty::Text, "/finished_at", "with `path`: the pointer to the time").default("/finished_at"),
        param("wait", Ty::Duration, "10m", "how long to wait for the next run to finish; 0: only read")
            .default("0s"),
        param("interval", Ty::Duration, "5s", "how long to wait between two questions").default("5s"),
        param("within", Ty::Duration, "15m", "how long the whole may last").default("15m"),
    ],
    facts: &[
        field("finished_at", Ty::Time, "2026-11-01T03:00:00Z", "end of the last run that finished")
            .null("none has finished yet"),
        field("ran", Ty::Bool, "true", "a run finished after the look began"),
        field("waited", Ty::Duration, "4m", "how long it was looked"),
    ],
    declared: Declared::No,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one question, and one per `interval` while it waits",
    locks: "none",
    feature: None,
};
