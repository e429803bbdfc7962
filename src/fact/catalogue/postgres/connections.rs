//! `postgres.connections`

use super::MONITOR;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

const NO_ROLE: &str = "no role has a limit";
const NO_DATABASE: &str = "no database has a limit";
const NO_LOCKS: &str = "nobody holds a lock";

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
        field("limited_role", Ty::Name, "app", "the role that is nearest to its own limit of connections")
            .null(NO_ROLE),
        field("limited_role_used", Ty::Int, "10", "its connections").null(NO_ROLE),
        field("limited_role_limit", Ty::Int, "20", "its limit (`CONNECTION LIMIT`)").null(NO_ROLE),
        field("limited_role_ratio", Ty::Ratio, "50%", "how much of it is used").null(NO_ROLE),
        field("limited_database", Ty::Name, "shop", "the database that is nearest to its own limit")
            .null(NO_DATABASE),
        field("limited_database_used", Ty::Int, "10", "connections to it").null(NO_DATABASE),
        field("limited_database_limit", Ty::Int, "20", "its limit (`CONNECTION LIMIT`)").null(NO_DATABASE),
        field("limited_database_ratio", Ty::Ratio, "50%", "how much of it is used").null(NO_DATABASE),
        field(
            "lock_slots",
            Ty::Int,
            "6_400",
            "objects for which the lock table is made: `max_locks_per_transaction` for each connection and prepared transaction",
        ),
        field("locks", Ty::Int, "120", "objects that are locked through the lock table now").costly(),
        field("locks_ratio", Ty::Ratio, "2%", "`locks` of `lock_slots`; some more fit in").costly(),
        field("most_locks", Ty::Int, "90", "locks of the session that holds most of them")
            .null(NO_LOCKS)
            .costly(),
        field("most_locks_pid", Ty::Text, "4711", "that session").null(NO_LOCKS).costly(),
        field("most_locks_user", Ty::Name, "app", "its role").null(NO_LOCKS).costly(),
        field("most_locks_application", Ty::Text, "pg_dump", "its `application_name`")
            .null("unnamed, or nobody holds a lock")
            .costly(),
    ],
    declared: Declared::No,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_stat_activity: milliseconds; `locks` and `most_locks…` read the lock table",
    locks: "none; reading the lock table holds up the lock manager for microseconds",
    feature: Some("sql"),
};
