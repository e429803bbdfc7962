//! `postgres.blockers`

use super::MONITOR;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.blockers`
pub(in crate::fact::catalogue) static BLOCKERS: ProbeDecl = ProbeDecl {
    name: "postgres.blockers",
    doc: "What stands at the end of each queue of PostgreSQL sessions that wait for locks: who, since when, and how many wait",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field(
            "kind",
            Ty::Enum(&["session", "prepared", "autovacuum", "other"]),
            "session",
            "a client, a prepared transaction, a vacuum of the server's own, or another process of it",
        ),
        field("name", Ty::Text, "4712", "the process, or the name of the prepared transaction"),
        field("user", Ty::Name, "app", "its role").null("the server itself"),
        field("database", Ty::Name, "shop", "its database").null("none"),
        field("application", Ty::Text, "shop-worker", "its `application_name`").null("unnamed"),
        field("client", Ty::Text, "10.0.0.7", "its address").null("a local socket").needs(MONITOR),
        field(
            "state",
            Ty::Enum(&[
                "starting",
                "active",
                "idle",
                "idle in transaction",
                "idle in transaction (aborted)",
                "fastpath function call",
                "prepared",
            ]),
            "idle in transaction",
            "what it does",
        )
        .null("a process of the server")
        .needs(MONITOR),
        field(
            "transaction_start",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "when its transaction began, or was prepared",
        )
        .null("no transaction open")
        .needs(MONITOR),
        field("waiting", Ty::Int, "3", "sessions that wait for it, directly or behind others"),
        field(
            "waiting_since",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "since when the first of them waits; version 14 or later",
        ),
        field(
            "oldest_query_start",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "when the oldest of the statements that wait began: none waits for longer",
        )
        .needs(MONITOR),
        field("waiter", Ty::Text, "4711", "the one that has waited for longest"),
        field("waiter_user", Ty::Name, "app", "its role").null("the server itself"),
        field("waiter_application", Ty::Text, "shop-worker", "its `application_name`").null("unnamed"),
        field("relation", Ty::Name, "public.orders", "the table that it waits for")
            .null("a row, no table, or one of another database"),
    ],
    declared: Declared::No,
    key: &["kind", "name"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_stat_activity and one of pg_locks, and a question to the lock manager for each session that waits: milliseconds",
    locks: "none; it holds up the lock manager for microseconds",
    feature: Some("sql"),
};
