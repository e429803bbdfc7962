//! `postgres.connections`

use super::MONITOR;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.connections`
pub(in crate::fact::catalogue) static CONNECTIONS: ProbeDecl = ProbeDecl {
    name: "postgres.connections",
    doc: "Client connections of a PostgreSQL server: how many of how many, what they do, how long they hold a transaction",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field("max_connections", Ty::Int, "100", "setting `max_connections`"),
        field(
            "reserved",
            Ty::Int,
            "3",
            "connections kept for superusers and, from version 16, for roles with `pg_use_reserved_connections`",
        ),
        field(
            "available",
            Ty::Int,
            "97",
            "connections that ordinary roles can open: `max_connections` less `reserved`",
        ),
        field(
            "used",
            Ty::Int,
            "42",
            "client connections; without `pg_monitor` background workers in a database count too",
        ),
        field("used_ratio", Ty::Ratio, "43%", "`used` of `available`"),
        field("active", Ty::Int, "3", "clients that run a statement, without ours").needs(MONITOR),
        field("idle", Ty::Int, "30", "clients that do nothing").needs(MONITOR),
        field("idle_in_transaction", Ty::Int, "1", "clients that hold a transaction open and do nothing")
            .needs(MONITOR),
        field(
            "oldest_transaction_start",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "start of the oldest open transaction of a client",
        )
        .null("no transaction open")
        .needs(MONITOR),
        field(
            "oldest_idle_in_transaction_start",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "since when the client that is idle in a transaction for longest has done nothing",
        )
        .null("none idle in a transaction")
        .needs(MONITOR),
        field("waiting_on_lock", Ty::Int, "0", "clients that wait for a lock of another").needs(MONITOR),
    ],
    declared: Declared::No,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_stat_activity: milliseconds",
    locks: "none",
    feature: Some("sql"),
};
