//! `data.fingerprints`

use super::{BUDGET, EXCEPT, ONLY, SCHEMAS, TABLES, TARGETS, WITHIN};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field, param};

const SELECT: &str = "GRANT SELECT on the table";

/// `data.fingerprints`
pub(in crate::fact::catalogue) static FINGERPRINTS: ProbeDecl = ProbeDecl {
    name: "data.fingerprints",
    doc: "The rows of every table as keyed digests, by ranges of the key, for a comparison after their database is gone",
    targets: TARGETS,
    params: &[
        TABLES,
        EXCEPT,
        SCHEMAS,
        ONLY,
        param(
            "map",
            Ty::Text,
            "'{\"columns\": {\"public.users.mail\": \"email\"}}'",
            "JSON: what the move renamed, asked of the new side (the gate fills it in)",
        ),
        param(
            "moved",
            Ty::Text,
            "'{\"drop\": [\"public.users.legacy\"]}'",
            "the same, asked of the old side",
        ),
        param("segment_rows", Ty::Int, "10_000", "how many whole numbers a range of the key has")
            .default("100_000"),
        param("rows_per_second", Ty::Int, "50_000", "how many rows are read in a second at most"),
        WITHIN,
        BUDGET,
    ],
    facts: &[
        field("table", Ty::Name, "public.orders", "the table, with its schema in PostgreSQL"),
        field(
            "segment",
            Ty::Text,
            "100000 to 199999",
            "the range of the key; `hash N` where the key is no whole number, or none; `all` of a table without rows",
        ),
        field("rows", Ty::Int, "99_871", "rows of the segment").needs(SELECT),
        field(
            "digest",
            Ty::Text,
            "9f86d081884c7d659a2feaa0c55ad015",
            "sum of the keyed digests of its rows, in the canonical encoding",
        )
        .needs(SELECT),
        field("method", Ty::Enum(&["range", "hash"]), "range", "by what rows are put into segments")
            .needs(SELECT),
    ],
    declared: Declared::No,
    key: &["table", "segment"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "reads every table whole: about 1 million rows/s of PostgreSQL; one snapshot for each table",
    locks: "ACCESS SHARE (PostgreSQL), a metadata lock (MySQL), a shared lock (SQLite) on the table that is being read; waits for it at most 1 s",
    feature: Some("sql"),
};
