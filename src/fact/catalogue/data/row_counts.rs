//! `data.row_counts`

use super::{BUDGET, EXCEPT, ONLY, PRIVATE, SCHEMAS, TABLES, TARGETS, WITHIN};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `data.row_counts`
pub(in crate::fact::catalogue) static ROW_COUNTS: ProbeDecl = ProbeDecl {
    name: "data.row_counts",
    doc: "Tables with their rows counted exactly, the ends of their keys, and their newest rows as a digest",
    targets: TARGETS,
    params: &[TABLES, EXCEPT, SCHEMAS, WITHIN, BUDGET, ONLY, PRIVATE],
    facts: &[
        field("table", Ty::Name, "public.orders", "the table, with its schema in PostgreSQL"),
        field("rows", Ty::Int, "1_204_331", "rows, counted").needs("GRANT SELECT on the table"),
        field(
            "least_key",
            Ty::Text,
            "1",
            "the least key, in a form that does not depend on the engine; several columns as a JSON array",
        )
        .null("no key, or no rows")
        .needs("GRANT SELECT on the table")
        .costly(),
        field("greatest_key", Ty::Text, "1204331", "the greatest key, in the same form")
            .null("no key, or no rows")
            .needs("GRANT SELECT on the table")
            .costly(),
        field(
            "newest",
            Ty::Text,
            "9f86d081884c7d65",
            "keyed digest of the ten rows with the greatest keys, in the canonical encoding",
        )
        .null("no key, or no rows")
        .needs("GRANT SELECT on the table")
        .costly(),
    ],
    declared: Declared::No,
    key: &["table"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "reads each table whole, or its smallest index: 12 million rows/s of PostgreSQL in memory; stops at `within` and `budget`",
    locks: "ACCESS SHARE (PostgreSQL), a metadata lock (MySQL), a shared lock (SQLite) on one table at a time, or a few small ones; waits for it at most 50 ms (PostgreSQL) or 1 s",
    feature: Some("sql"),
};
