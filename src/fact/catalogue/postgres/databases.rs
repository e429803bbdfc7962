//! `postgres.databases`

use super::MONITOR;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.databases`
pub(in crate::fact::catalogue) static DATABASES: ProbeDecl = ProbeDecl {
    name: "postgres.databases",
    doc: "All databases of a server, also those that refuse connections: age, size, connections, counters, checksum failures, collation",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field("database", Ty::Name, "shop", "the database, quoted where SQL needs it"),
        field("name", Ty::Text, "shop", "its name, unquoted"),
        field("owner", Ty::Name, "shop_owner", "its owner"),
        field("current", Ty::Bool, "true", "it is the database of the target's address"),
        field(
            "allows_connections",
            Ty::Bool,
            "true",
            "`datallowconn`: nobody can vacuum one that refuses them",
        ),
        field("template", Ty::Bool, "false", "`datistemplate`"),
        field("broken", Ty::Bool, "false", "left behind by a DROP DATABASE that was interrupted"),
        field("encoding", Ty::Text, "UTF8", "its encoding"),
        field("collate", Ty::Text, "en_US.UTF-8", "its collation's name in the library of the system"),
        field("collation_recorded", Ty::Text, "2.36", "version of the collation when its indexes were built")
            .null("none recorded"),
        field("collation_actual", Ty::Text, "2.41", "version of the collation that the library has now")
            .null("the collation has no versions"),
        field("collation_drifted", Ty::Bool, "false", "both versions are known, and differ"),
        field("connection_limit", Ty::Int, "50", "`CONNECTION LIMIT` of the database").null("none"),
        field("connections", Ty::Int, "12", "sessions in it, background workers included"),
        field("connections_ratio", Ty::Ratio, "24%", "`connections` of `connection_limit`").null("no limit"),
        field("xid_age", Ty::Int, "180_000_000", "transactions since its oldest unfrozen one"),
        field("multixact_age", Ty::Int, "1_000", "multixacts since its oldest one"),
        field(
            "autovacuum_freeze_max_age",
            Ty::Int,
            "200_000_000",
            "setting: `xid_age` at which autovacuum is forced",
        ),
        field("size", Ty::Bytes, "120GiB", "`pg_database_size`")
            .needs("GRANT pg_monitor, or CONNECT on the database")
            .costly(),
        field("checksum_failures", Ty::Counter, "0", "pages that were read with a wrong checksum")
            .null("pages carry no checksums"),
        field("last_checksum_failure", Ty::Time, "2026-11-01T03:00:00Z", "the last one of them")
            .null("never"),
        field(
            "shared_checksum_failures",
            Ty::Counter,
            "0",
            "the same in the tables that all databases share; on every row",
        )
        .null("pages carry no checksums"),
        field("temp_files", Ty::Counter, "120", "temporary files since `stats_reset`"),
        field("temp_bytes", Ty::Bytes, "30GiB", "what was written to them"),
        field("temp_files_now", Ty::Int, "2", "temporary files that its sessions hold now").needs(MONITOR),
        field("temp_size_now", Ty::Bytes, "3GiB", "their size").needs(MONITOR),
        field("deadlocks", Ty::Counter, "0", "deadlocks since `stats_reset`"),
        field("conflicts", Ty::Counter, "0", "queries cancelled on a replica because of its recovery"),
        field("commits", Ty::Counter, "1_200_000", "transactions committed"),
        field("rollbacks", Ty::Counter, "1_200", "transactions rolled back"),
        field("blocks_read", Ty::Counter, "400_000", "blocks that were not in the server's memory"),
        field("blocks_hit", Ty::Counter, "90_000_000", "blocks that were"),
        field(
            "stats_reset",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "when its counters were reset, or lost in a crash or a start from a backup",
        )
        .null("never"),
        field("server_started", Ty::Time, "2026-11-01T03:00:00Z", "start of the server"),
    ],
    declared: Declared::No,
    key: &["database"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_database: milliseconds; `size` reads the directory of each database, 3 s at 100,000 tables",
    locks: "none",
    feature: Some("sql"),
};
