//! `postgres.replicas`

use super::MONITOR;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// States of a connection that sends WAL.
const STATES: Ty = Ty::Enum(&["disconnected", "startup", "catchup", "streaming", "backup", "stopping"]);

const IDLE: &str = "nothing was sent for a while and it has all, or it is not connected";
const NOTHING: &str = "nothing yet, or it is not connected";

/// `postgres.replicas`
pub(in crate::fact::catalogue) static REPLICAS: ProbeDecl = ProbeDecl {
    name: "postgres.replicas",
    doc: "Who receives WAL from the server: replicas, logical subscribers, tools, and how far behind each is; and slots whose replica is not connected",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field(
            "replica",
            Ty::Text,
            "standby_1@10.0.0.2",
            "its application name, with the address that it comes from if that may be seen; `slot NAME` for a slot whose replica is not connected",
        ),
        field(
            "connected",
            Ty::Bool,
            "true",
            "it is connected now; otherwise it has a slot that waits for it",
        ),
        field("application", Ty::Text, "standby_1", "its application name").null("not connected"),
        field("client", Ty::Text, "10.0.0.2", "the address that it comes from")
            .null("it comes by the local socket, or is not connected")
            .needs(MONITOR),
        field("user", Ty::Text, "replicator", "its role").null("not connected"),
        field("state", STATES, "streaming", "what the connection does").needs(MONITOR),
        field(
            "sync_state",
            Ty::Enum(&["async", "potential", "sync", "quorum"]),
            "async",
            "whether commits wait for it",
        )
        .null("not connected")
        .needs(MONITOR),
        field("backend_start", Ty::Time, "2026-11-01T03:00:00Z", "since when it is connected")
            .null("not connected")
            .needs(MONITOR),
        field("sent_behind", Ty::Bytes, "0B", "WAL that was not sent yet").null(NOTHING).needs(MONITOR),
        field("write_behind", Ty::Bytes, "0B", "WAL that it has not written yet")
            .null(NOTHING)
            .needs(MONITOR),
        field("flush_behind", Ty::Bytes, "0B", "WAL that is not safe on its disk yet")
            .null(NOTHING)
            .needs(MONITOR),
        field("replay_behind", Ty::Bytes, "1MiB", "WAL that it does not show yet")
            .null(NOTHING)
            .needs(MONITOR),
        field("write_lag", Ty::Duration, "2ms", "how long ago what it last wrote was written here")
            .null(IDLE)
            .needs(MONITOR),
        field("flush_lag", Ty::Duration, "5ms", "the same of what is safe on its disk")
            .null(IDLE)
            .needs(MONITOR),
        field("replay_lag", Ty::Duration, "8ms", "the same of what it shows").null(IDLE).needs(MONITOR),
        field("slot", Ty::Text, "standby_1", "the slot that it uses").null("none").needs(MONITOR),
        field("logical", Ty::Bool, "false", "it reads a logical slot, so that it is a subscriber")
            .null("it uses no slot")
            .needs(MONITOR),
        field("xmin_age", Ty::Int, "1_000", "transactions since the oldest one that it keeps from vacuum")
            .null("it keeps nothing")
            .needs(MONITOR),
    ],
    declared: Declared::No,
    key: &["replica"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of the server's memory: a millisecond",
    locks: "none",
    feature: Some("sql"),
};
