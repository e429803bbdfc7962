//! Declarations of the `command` area.

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field, param};

/// `command.output`
pub(super) static OUTPUT: ProbeDecl = ProbeDecl {
    name: "command.output",
    doc: "What a command of the project file prints: exit status, text, JSON, a monitoring plugin's state and data",
    targets: &["host"],
    params: &[
        param("command", Ty::Text, "smart", "name of a command under `commands:` of the project file").required(),
        param(
            "format",
            Ty::Enum(&["text", "lines", "json", "nagios"]),
            "json",
            "how its output is read: declared facts come from `json` (pointers) or `nagios` (performance data)",
        )
        .default("text"),
        param(
            "rows",
            Ty::Text,
            "/disks",
            "with `json`: pointer to an array whose items become rows; the policy declares their key",
        ),
        param(
            "exit_up_to",
            Ty::Int,
            "1",
            "with `rows`: the highest exit status with which they are all (0 if not given); after a higher one, or a signal, they are incomplete",
        ),
    ],
    facts: &[
        field("exit_status", Ty::Int, "0", "exit status; 128 and the signal's number if a signal ended it"),
        field("signal", Ty::Int, "9", "number of the signal that ended it").null("no signal ended it"),
        field(
            "state",
            Ty::Enum(&["ok", "warning", "critical", "unknown"]),
            "ok",
            "what the exit status 0 to 3 of a monitoring plugin says",
        )
        .null("not read as `nagios`"),
        field("stdout", Ty::Text, "PASSED", "what it printed, without the last newline, up to 64 KiB"),
        field("lines", Ty::Texts, "[one, two]", "the lines that are not empty").null("not read as `lines`"),
        field("stderr", Ty::Text, "no such disk", "what it printed as errors, up to 64 KiB"),
        field("took", Ty::Duration, "1.5s", "how long it ran"),
    ],
    declared: Declared::Optional,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "that of the command; it runs once per observation, with the rights of muster",
    locks: "those of the command; it is killed, with all that it started, at the deadline",
    feature: None,
};
