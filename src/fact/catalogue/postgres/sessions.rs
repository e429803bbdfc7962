//! `postgres.sessions`

use super::MONITOR;
use crate::fact::{Declared, Effect, FieldDecl, ProbeDecl, Rows, Ty, ZeroRows, field};

/// What a session may be doing, in the server's words.
const STATES: Ty = Ty::Enum(&[
    "starting",
    "active",
    "idle",
    "idle in transaction",
    "idle in transaction (aborted)",
    "fastpath function call",
]);

const NO_LOCK: &str = "it waits for no lock";

/// Asks the lock manager for each session that waits.
const fn of_root(name: &'static str, ty: Ty, example: &'static str, doc: &'static str) -> FieldDecl {
    field(name, ty, example, doc).null(NO_LOCK).costly()
}

/// `postgres.sessions`
pub(in crate::fact::catalogue) static SESSIONS: ProbeDecl = ProbeDecl {
    name: "postgres.sessions",
    doc: "Clients of a PostgreSQL server: what each does, since when, for whose lock it waits, and who waits for it",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field("pid", Ty::Text, "4711", "the process, as `pg_terminate_backend` takes it"),
        field("user", Ty::Name, "app", "its role").null("still logging in"),
        field("database", Ty::Name, "shop", "its database").null("still logging in"),
        field("application", Ty::Text, "shop-worker", "its `application_name`").null("unnamed"),
        field("client", Ty::Text, "10.0.0.7", "its address").null("a local socket").needs(MONITOR),
        field("state", STATES, "idle in transaction", "what it does").null("nothing yet").needs(MONITOR),
        field("backend_start", Ty::Time, "2026-11-01T03:00:00Z", "when it connected").needs(MONITOR),
        field("transaction_start", Ty::Time, "2026-11-01T03:00:00Z", "when its transaction began")
            .null("no transaction open")
            .needs(MONITOR),
        field("query_start", Ty::Time, "2026-11-01T03:00:00Z", "when its present or last statement began")
            .null("no statement yet")
            .needs(MONITOR),
        field("state_change", Ty::Time, "2026-11-01T03:00:00Z", "since when it is in this state")
            .null("not since it connected")
            .needs(MONITOR),
        field("wait_event", Ty::Text, "Lock:relation", "what it waits for: type and event")
            .null("nothing")
            .needs(MONITOR),
        field("waits_for_lock", Ty::Bool, "false", "it waits for a lock of another, says the lock table"),
        field(
            "waiting_since",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "since when it waits for the lock; version 14 or later",
        )
        .null(NO_LOCK),
        field(
            "blocked_by",
            Ty::Texts,
            "[4712]",
            "processes that it waits for (`pg_blocking_pids`); 0 is a prepared transaction",
        )
        .costly(),
        field(
            "blocks",
            Ty::Int,
            "0",
            "sessions that wait for it, directly or behind others, while it waits for none",
        )
        .costly(),
        of_root(
            "root_kind",
            Ty::Enum(&["session", "prepared", "autovacuum", "other"]),
            "session",
            "what stands at the end of its queue",
        ),
        of_root("root", Ty::Text, "4712", "the process there, or the name of the prepared transaction"),
        of_root("root_user", Ty::Name, "app", "its role"),
        of_root("root_application", Ty::Text, "shop-worker", "its `application_name`"),
        of_root(
            "root_state",
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
        .needs(MONITOR),
        of_root(
            "root_transaction_start",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "when its transaction began, or was prepared",
        )
        .needs(MONITOR),
        field(
            "xmin_age",
            Ty::Int,
            "1_000",
            "transactions since the oldest one that vacuum has to keep rows for because of it",
        )
        .null("it holds nothing back"),
        field(
            "query",
            Ty::Text,
            "SELECT 1",
            "its present or last statement, which may hold secrets and personal data",
        )
        .null("no statement yet")
        .needs(MONITOR)
        .costly(),
    ],
    declared: Declared::No,
    key: &["pid"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_stat_activity and one of pg_locks: milliseconds; `blocked_by`, `blocks` and `root…` ask the lock manager for each session that waits",
    locks: "none; reading pg_locks holds up the lock manager for microseconds",
    feature: Some("sql"),
};
