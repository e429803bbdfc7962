//! `postgres.indexes`

use super::{SCHEMAS, most_rows};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.indexes`
pub(in crate::fact::catalogue) static INDEXES: ProbeDecl = ProbeDecl {
    name: "postgres.indexes",
    doc: "Indexes: whether each works, is used, repeats another, and what depends on it",
    targets: &["postgres"],
    params: &[SCHEMAS, most_rows("more indexes than this make the answer incomplete")],
    facts: &[
        field("index", Ty::Name, "public.orders_day_idx", "schema and name, quoted where SQL needs it"),
        field("database", Ty::Text, "shop", "the database"),
        field("schema", Ty::Text, "public", "the schema, unquoted"),
        field("name", Ty::Text, "orders_day_idx", "the name, unquoted"),
        field("table", Ty::Name, "public.orders", "the table"),
        field("columns", Ty::Texts, "[customer, day]", "columns of its key in order; `(expression)` for what is computed").costly(),
        field("kind", Ty::Text, "btree", "access method: `btree`, `hash`, `gin`, `gist`, `brin` …"),
        field("partitioned", Ty::Bool, "false", "of a partitioned table: holds nothing, and counts what the indexes of its partitions count"),
        field("parent", Ty::Name, "public.orders_day_idx", "the index of the partitioned table that it is a part of")
            .null("it stands by itself"),
        field("is_unique", Ty::Bool, "false", "lets no two rows be alike"),
        field("is_primary", Ty::Bool, "false", "is that of the primary key"),
        field("constraint", Ty::Name, "orders_number_key", "the primary key, unique or exclusion constraint that it carries")
            .null("carries no constraint"),
        field("referenced", Ty::Bool, "false", "a foreign key of some table refers to it"),
        field("replica_identity", Ty::Bool, "false", "names the rows for logical replication (`REPLICA IDENTITY USING INDEX`)"),
        field("supports_foreign_key", Ty::Bool, "true", "its first columns are those of a foreign key of its table"),
        field("computed", Ty::Bool, "false", "holds an expression"),
        field("partial", Ty::Bool, "false", "has a condition (`WHERE`)"),
        field("valid", Ty::Bool, "true", "queries may use it (`indisvalid`)"),
        field("ready", Ty::Bool, "true", "writes keep it up to date (`indisready`)"),
        field("live", Ty::Bool, "true", "is not being dropped (`indislive`)"),
        field("being_built", Ty::Bool, "false", "is not whole, and somebody works on it now").needs(super::MONITOR),
        field("scans", Ty::Counter, "12_000", "scans on this server since `stats_since`; a replica counts its own"),
        field("last_scan", Ty::Time, "2026-11-01T03:00:00Z", "last scan on this server; from version 16 on").null("never"),
        field("stats_since", Ty::Time, "2026-11-01T03:00:00Z", "since when the counters count for sure: their last reset, or the loss of all of them in a crash"),
        field("pages_size", Ty::Bytes, "12MiB", "size when built, vacuumed or analyzed (`relpages`); that of all partitions together").estimate(),
        field("size", Ty::Bytes, "12MiB", "size on disk; one that somebody has locked is not waited for").costly(),
        field("duplicate_of", Ty::Name, "public.orders_day_idx", "another valid one of the same columns, operators, order, expressions and condition, which is to be kept")
            .null("no other is the same"),
        field("prefix_of", Ty::Name, "public.orders_day_id_idx", "another valid one that begins with the same columns and has more; not told of one that is unique, partial, computed or carries something")
            .null("no other begins so"),
    ],
    declared: Declared::No,
    key: &["index"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_index: 2 to 4 s at 60,000 indexes; `size` asks the file system for every index",
    locks: "none; `size` takes ACCESS SHARE on each index for a moment, waits at most 50 ms for it",
    feature: Some("sql"),
};
