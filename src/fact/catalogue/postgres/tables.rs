//! `postgres.tables`

use super::{SCHEMAS, most_rows};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.tables`
pub(in crate::fact::catalogue) static TABLES: ProbeDecl = ProbeDecl {
    name: "postgres.tables",
    doc: "Tables, partitions and materialized views with what autovacuum knows of them",
    targets: &["postgres"],
    params: &[SCHEMAS, most_rows("more tables than this make the answer incomplete")],
    facts: &[
        field(
            "table",
            Ty::Name,
            "public.orders",
            "schema and name, quoted where SQL needs it; with the database before them if the target names several",
        ),
        field("database", Ty::Text, "shop", "the database"),
        field("schema", Ty::Text, "public", "the schema, unquoted"),
        field("name", Ty::Text, "orders", "the name, unquoted"),
        field(
            "kind",
            Ty::Enum(&["table", "partition", "matview"]),
            "table",
            "partitioned parents hold no rows and are left out",
        ),
        field("live_rows", Ty::Int, "1_000_000", "rows that count (`n_live_tup`)").estimate(),
        field("dead_rows", Ty::Int, "200_000", "rows that vacuum has to remove (`n_dead_tup`)").estimate(),
        field("total_rows", Ty::Int, "1_200_000", "`live_rows` and `dead_rows`").estimate(),
        field("dead_ratio", Ty::Ratio, "17%", "`dead_rows` of `total_rows`").null("empty table").estimate(),
        field("last_vacuum", Ty::Time, "2026-11-01T03:00:00Z", "last vacuum, by hand or automatic")
            .null("never"),
        field("last_autovacuum", Ty::Time, "2026-11-01T03:00:00Z", "last automatic vacuum").null("never"),
        field("last_analyze", Ty::Time, "2026-11-01T03:00:00Z", "last analyze, by hand or automatic")
            .null("never"),
        field("modified_since_analyze", Ty::Int, "1_000", "rows changed since the last analyze").estimate(),
        field("inserts_since_vacuum", Ty::Int, "1_000", "rows inserted since the last vacuum").estimate(),
        field(
            "pages_size",
            Ty::Bytes,
            "120MiB",
            "size of the heap when last vacuumed or analyzed (`relpages`)",
        )
        .null("never vacuumed or analyzed")
        .estimate(),
        field(
            "size",
            Ty::Bytes,
            "200MiB",
            "size with indexes and TOAST; a table that somebody has locked is not waited for",
        )
        .costly(),
        field(
            "xid_age",
            Ty::Int,
            "180_000_000",
            "transactions since the oldest unfrozen one in it or its TOAST table",
        ),
        field("multixact_age", Ty::Int, "1_000", "multixacts since the oldest one in it or its TOAST table"),
        field("autovacuum_enabled", Ty::Bool, "true", "the table's own option `autovacuum_enabled`"),
        field(
            "toast_autovacuum_enabled",
            Ty::Bool,
            "true",
            "the option of its TOAST table (`toast.autovacuum_enabled`), or the table's own where that has none",
        )
        .null("it has no TOAST table"),
        field("has_primary_key", Ty::Bool, "true", "there is a primary key"),
        field(
            "persistence",
            Ty::Enum(&["permanent", "unlogged"]),
            "permanent",
            "a crash empties an unlogged table, and replicas do not have its rows",
        ),
        field(
            "replica_identity",
            Ty::Enum(&["default", "nothing", "full", "index"]),
            "default",
            "what names a row for logical replication: the primary key, nothing, the whole row, or an index",
        ),
        field(
            "names_rows",
            Ty::Bool,
            "true",
            "there is what `replica_identity` says, so that an update or delete can be sent",
        ),
        field("published", Ty::Bool, "false", "a publication sends its updates or deletes"),
        field("children", Ty::Int, "0", "tables that inherit from it"),
        field("disabled_triggers", Ty::Int, "0", "triggers that do not fire, those of foreign keys included"),
        field("seq_scans", Ty::Counter, "12", "scans of the whole table since `stats_since`"),
        field("idx_scans", Ty::Counter, "12_000", "scans of its indexes since `stats_since`"),
        field("stats_since", Ty::Time, "2026-11-01T03:00:00Z", "last reset of the database's counters, or the crash in which they were lost")
            .null("never reset"),
    ],
    declared: Declared::No,
    key: &["table"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_class: 2 to 3 s at 100,000 tables; `size` asks the file system for every table, 20 s at 100,000",
    locks: "ACCESS SHARE for a moment on a table of which nothing is counted, to see whether it is empty; `size` takes it on each table; either waits at most 50 ms for it",
    feature: Some("sql"),
};
