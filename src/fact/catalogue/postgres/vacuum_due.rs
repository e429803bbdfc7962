//! `postgres.vacuum_due`

use super::{SCHEMAS, most_rows};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.vacuum_due`
pub(in crate::fact::catalogue) static VACUUM_DUE: ProbeDecl = ProbeDecl {
    name: "postgres.vacuum_due",
    doc: "Tables that autovacuum would vacuum now, by its own formula and the options of each table; the system's tables too",
    targets: &["postgres"],
    params: &[SCHEMAS, most_rows("more tables than this make the answer incomplete")],
    facts: &[
        field("table", Ty::Name, "public.orders", "schema and name, quoted where SQL needs it"),
        field("database", Ty::Text, "shop", "the database"),
        field("schema", Ty::Text, "public", "the schema, unquoted"),
        field("name", Ty::Text, "orders", "the name, unquoted"),
        field(
            "reason",
            Ty::Enum(&["dead_rows", "inserts", "xid_age", "multixact_age"]),
            "dead_rows",
            "which of its limits it is furthest beyond",
        ),
        field("due_ratio", Ty::Ratio, "150%", "how far it is beyond it: 100 % is the limit").estimate(),
        field("toast", Ty::Bool, "false", "it is the TOAST table of this table that is due"),
        field("dead_rows", Ty::Int, "200_000", "rows that vacuum has to remove").estimate(),
        field("inserts_since_vacuum", Ty::Int, "1_000", "rows inserted since the last vacuum").estimate(),
        field("xid_age", Ty::Int, "180_000_000", "transactions since the oldest unfrozen one"),
        field("multixact_age", Ty::Int, "1_000", "multixacts since the oldest one"),
        field("pages_size", Ty::Bytes, "120MiB", "size when last vacuumed or analyzed (`relpages`)")
            .null("never vacuumed or analyzed")
            .estimate(),
        field("last_vacuum", Ty::Time, "2026-11-01T03:00:00Z", "last vacuum, by hand or automatic")
            .null("never"),
    ],
    declared: Declared::No,
    key: &["table"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_class with the counters of each table: 1 to 2 s at 100,000 tables",
    locks: "none",
    feature: Some("sql"),
};
