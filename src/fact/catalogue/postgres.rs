//! Declarations of the `postgres` area.

use super::query;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field, param};

const MONITOR: &str = "GRANT pg_monitor";

/// `postgres.connections`
pub(super) static CONNECTIONS: ProbeDecl = ProbeDecl {
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

/// `postgres.query`
pub(super) static QUERY: ProbeDecl = ProbeDecl {
    name: "postgres.query",
    doc: "The answer of a SELECT of your own; its columns are the facts that the policy declares",
    targets: &["postgres"],
    params: &[
        query::SQL,
        query::MAX_ROWS,
        param("lock_timeout", Ty::Duration, "50ms", "how long to wait for a lock of another session")
            .default("50ms"),
    ],
    locks: "ACCESS SHARE on the tables it reads; waits for a lock as long as `lock_timeout`",
    ..query::BASE
};

/// `postgres.server`
pub(super) static SERVER: ProbeDecl = ProbeDecl {
    name: "postgres.server",
    doc: "A PostgreSQL server: version, role, age of transaction ids, archiver, settings that data depends on",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field("version", Ty::Version, "15.18", "version of the server"),
        field("version_num", Ty::Int, "150018", "the same as a number"),
        field(
            "system_identifier",
            Ty::Text,
            "7317312345678901234",
            "stays with the data, also in backups and replicas",
        ),
        field("role", Ty::Enum(&["primary", "replica"]), "primary", "replica if the server is in recovery"),
        field("started", Ty::Time, "2026-11-01T03:00:00Z", "start of the server"),
        field("config_loaded", Ty::Time, "2026-11-01T03:00:00Z", "last reading of the configuration files"),
        field("server_time", Ty::Time, "2026-11-01T03:00:00Z", "the server's clock"),
        field("max_connections", Ty::Int, "100", "setting `max_connections`"),
        field("data_checksums", Ty::Bool, "true", "pages carry checksums"),
        field("fsync", Ty::Bool, "true", "setting `fsync`: without it a crash destroys data"),
        field(
            "full_page_writes",
            Ty::Bool,
            "true",
            "setting `full_page_writes`: without it a crash can destroy data",
        ),
        field("autovacuum", Ty::Bool, "true", "settings `autovacuum` and `track_counts` are both on"),
        field(
            "xid_age",
            Ty::Int,
            "180_000_000",
            "transactions since the oldest unfrozen one of any database, template0 included; writing stops near 2.1 billion",
        ),
        field("xid_age_database", Ty::Name, "shop", "the database of `xid_age`"),
        field(
            "multixact_age",
            Ty::Int,
            "1_000",
            "multixacts since the oldest one of any database; writing stops near 2.1 billion",
        ),
        field("multixact_age_database", Ty::Name, "shop", "the database of `multixact_age`"),
        field(
            "autovacuum_freeze_max_age",
            Ty::Int,
            "200_000_000",
            "setting: age at which autovacuum is forced",
        ),
        field(
            "stats_reset",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "since when the counters of the address's database count",
        )
        .null("never reset"),
        field(
            "superuser",
            Ty::Bool,
            "false",
            "the role that looks is superuser, or may become so or run programs: it should not",
        ),
        field("size", Ty::Bytes, "120GiB", "sum of `pg_database_size` over all databases")
            .needs(MONITOR)
            .costly(),
        field("archive_mode", Ty::Enum(&["off", "on", "always"]), "on", "setting `archive_mode`"),
        field("archived_count", Ty::Counter, "1_200", "WAL files archived since `archiver_stats_reset`"),
        field(
            "archive_failed_count",
            Ty::Counter,
            "0",
            "failed attempts to archive since `archiver_stats_reset`",
        ),
        field("last_archived", Ty::Time, "2026-11-01T03:00:00Z", "last WAL file archived").null("never"),
        field("last_archive_failed", Ty::Time, "2026-11-01T03:00:00Z", "last failed attempt to archive")
            .null("never"),
        field(
            "archiver_stats_reset",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "since when the archiver's counters count",
        )
        .null("never reset"),
    ],
    declared: Declared::No,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "two catalogue reads: milliseconds; `size` reads the directories of all databases, 3 s at 100,000 tables",
    locks: "none",
    feature: Some("sql"),
};

/// `postgres.tables`
pub(super) static TABLES: ProbeDecl = ProbeDecl {
    name: "postgres.tables",
    doc: "Tables, partitions and materialized views with what autovacuum knows of them",
    targets: &["postgres"],
    params: &[
        param("schemas", Ty::Texts, "[public]", "only these schemas; all but the system's if not given"),
        param("max_rows", Ty::Int, "200_000", "more tables than this make the answer incomplete")
            .default("200_000"),
    ],
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
        field("has_primary_key", Ty::Bool, "true", "there is a primary key"),
        field("seq_scans", Ty::Counter, "12", "scans of the whole table since `stats_since`"),
        field("idx_scans", Ty::Counter, "12_000", "scans of its indexes since `stats_since`"),
        field("stats_since", Ty::Time, "2026-11-01T03:00:00Z", "last reset of the database's counters")
            .null("never reset"),
    ],
    declared: Declared::No,
    key: &["table"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_class: 2 to 3 s at 100,000 tables; `size` asks the file system for every table, 20 s at 100,000",
    locks: "none; `size` takes ACCESS SHARE on each table for a moment, waits at most 50 ms for it",
    feature: Some("sql"),
};
