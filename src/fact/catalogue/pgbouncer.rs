//! Declarations of the `pgbouncer` area.

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

const STATS: &str = "stats_users";

/// `pgbouncer.pools`
pub(in crate::fact::catalogue) static POOLS: ProbeDecl = ProbeDecl {
    name: "pgbouncer.pools",
    doc: "Pools of a PgBouncer: clients that wait and for how long, server connections, limits",
    targets: &["pgbouncer"],
    params: &[],
    facts: &[
        field("pool", Ty::Text, "shop/app", "database and user"),
        field(
            "database",
            Ty::Name,
            "shop",
            "the database as clients name it, quoted where the console needs it",
        )
        .needs(STATS),
        field("user", Ty::Text, "app", "the user").needs(STATS),
        field(
            "pool_mode",
            Ty::Enum(&["session", "transaction", "statement"]),
            "transaction",
            "when a server connection is free again",
        )
        .needs(STATS),
        field("clients_active", Ty::Int, "12", "clients that have a server connection, or need none now")
            .needs(STATS),
        field("clients_waiting", Ty::Int, "0", "clients that wait for a server connection").needs(STATS),
        field("maxwait", Ty::Duration, "0s", "how long the first of them has waited").needs(STATS),
        field("servers_active", Ty::Int, "3", "server connections that serve a client").needs(STATS),
        field("servers_idle", Ty::Int, "1", "those that can serve one at once").needs(STATS),
        field("servers_used", Ty::Int, "0", "those that were idle for long, and are checked first")
            .needs(STATS),
        field("servers_login", Ty::Int, "0", "those that log in").needs(STATS),
        field("pool_size", Ty::Int, "20", "server connections that the pool may have, as its database says")
            .needs(STATS),
        field("reserve_size", Ty::Int, "0", "more of them when clients wait for long").needs(STATS),
        field(
            "used_ratio",
            Ty::Ratio,
            "15%",
            "`servers_active` of `pool_size`; above 100 % the reserve serves",
        )
        .null("`pool_size` is 0")
        .needs(STATS),
        field("database_connections", Ty::Int, "4", "server connections of all pools of the database")
            .needs(STATS),
        field("max_database_connections", Ty::Int, "100", "how many these may be")
            .null("no limit")
            .needs(STATS),
        field("paused", Ty::Bool, "false", "the database is paused: its clients wait").needs(STATS),
        field("disabled", Ty::Bool, "false", "the database takes no new clients").needs(STATS),
        field("all_clients", Ty::Int, "40", "clients of all pools, and of the console").needs(STATS),
        field("max_clients", Ty::Int, "100", "how many these may be: `max_client_conn`").needs(STATS),
    ],
    declared: Declared::No,
    key: &["pool"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "five commands of the console: milliseconds",
    locks: "none",
    feature: Some("sql"),
};
