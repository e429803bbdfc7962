//! `postgres.standby`

use super::MONITOR;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

const RECEIVER: Ty =
    Ty::Enum(&["stopped", "starting", "connecting", "streaming", "waiting", "restarting", "stopping"]);

const NONE: &str = "no receiver runs";

/// `postgres.standby`
pub(in crate::fact::catalogue) static STANDBY: ProbeDecl = ProbeDecl {
    name: "postgres.standby",
    doc: "A replica, seen from itself: whether it still receives, what it has not replayed, how old that is; `unsupported` on a primary",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field("in_recovery", Ty::Bool, "true", "the server is a replica, or restores"),
        field("receiver", RECEIVER, "streaming", "what its WAL receiver does").null(NONE).needs(MONITOR),
        field("streaming", Ty::Bool, "true", "its WAL receiver runs and streams").needs(MONITOR),
        field("sender_host", Ty::Text, "db1.internal", "whom it receives from").null(NONE).needs(MONITOR),
        field("sender_port", Ty::Int, "5432", "the port there").null(NONE).needs(MONITOR),
        field("slot", Ty::Text, "standby_1", "the slot that it uses there")
            .null("none, or no receiver runs")
            .needs(MONITOR),
        field(
            "last_message",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "when the sender was heard last; it speaks every 30 seconds if there is nothing to send (half of `wal_sender_timeout`)",
        )
        .null(NONE)
        .needs(MONITOR),
        field("not_received", Ty::Bytes, "0B", "WAL that the sender had at its last message and has not come")
            .null(NONE)
            .needs(MONITOR),
        field("not_replayed", Ty::Bytes, "0B", "WAL that came and is not replayed"),
        field("replayed", Ty::Bytes, "90GiB", "where its replay stands, to be compared with `written` of the primary's `postgres.wal`"),
        field("started", Ty::Time, "2026-11-01T03:00:00Z", "start of the server"),
        field("last_replayed", Ty::Time, "2026-11-01T03:00:00Z", "commit of the last transaction that it replayed")
            .null("none since its start"),
        field(
            "replay_delay",
            Ty::Duration,
            "8ms",
            "age of `last_replayed`, or since its start, while something that came is not replayed",
        )
        .null("all that came is replayed"),
        field("paused", Ty::Bool, "false", "replay is paused, or was asked to be"),
        field("apply_delay", Ty::Duration, "0s", "setting `recovery_min_apply_delay`: it lags that much by intent"),
        field("max_streaming_delay", Ty::Duration, "30s", "setting `max_standby_streaming_delay`")
            .null("queries may hold up replay for ever"),
        field("feedback", Ty::Bool, "false", "setting `hot_standby_feedback`"),
        field("conflicts", Ty::Counter, "12", "queries that replay has ended, in all databases, since `conflicts_since`"),
        field("conflicts_since", Ty::Time, "2026-11-01T03:00:00Z", "since when `conflicts` counts")
            .null("never reset"),
    ],
    declared: Declared::No,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one read of the server's memory: a millisecond",
    locks: "none",
    feature: Some("sql"),
};
