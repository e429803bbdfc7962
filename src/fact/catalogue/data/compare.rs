//! `data.compare`

use super::{BUDGET, EXCEPT, PRIVATE, SCHEMAS, TABLES, TARGETS, WITHIN};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field, param};

const SELECT: &str = "GRANT SELECT on the table, on both sides";

/// `data.compare`
pub(in crate::fact::catalogue) static COMPARE: ProbeDecl = ProbeDecl {
    name: "data.compare",
    doc: "Tables of two databases, row by row: what is missing, extra or changed, and which keys and columns differ",
    targets: TARGETS,
    params: &[
        param("source", Ty::Target, "old-db", "the database to compare with; left out, where the target was moved from"),
        param(
            "map",
            Ty::Text,
            "'{\"tables\": {\"public.user\": \"public.users\"}}'",
            "JSON: what the move renamed, left behind and changed (the gate fills it in)",
        ),
        TABLES,
        EXCEPT,
        SCHEMAS,
        param(
            "method",
            Ty::Enum(&["native", "stream", "multiset"]),
            "stream",
            "how; the fastest that fits each table if not given",
        ),
        param("sample", Ty::Int, "100", "how many differing keys of a table are told").default("20"),
        param(
            "rows_per_second",
            Ty::Int,
            "50_000",
            "how many rows of each side are read in a second at most; then every table is streamed",
        ),
        PRIVATE,
        WITHIN,
        BUDGET,
    ],
    facts: &[
        field("table", Ty::Name, "public.orders", "the table, as the target names it"),
        field("source_table", Ty::Name, "public.orders", "the table, as the source names it").null("not in the source"),
        field(
            "method",
            Ty::Enum(&["native", "stream", "multiset"]),
            "native",
            "`native`: hashes of both servers, and the rows of groups that differ; `stream`: all rows by key; `multiset`: how often each row is there",
        )
        .null("on one side only"),
        field("rows", Ty::Int, "1_204_331", "rows of the target").null("not in the target").needs(SELECT),
        field("source_rows", Ty::Int, "1_204_331", "rows of the source, of those that were moved")
            .null("not in the source")
            .needs(SELECT),
        field("missing", Ty::Int, "0", "rows that only the source has").needs(SELECT),
        field("extra", Ty::Int, "0", "rows that only the target has").needs(SELECT),
        field("changed", Ty::Int, "0", "rows of one key whose content differs; 0 where there is no key").needs(SELECT),
        field(
            "columns",
            Ty::Texts,
            "[price (12)]",
            "columns that differ, with in how many rows, or how: only on one side, another collation",
        )
        .needs(SELECT),
        field("keys", Ty::Texts, "[4711]", "keys of some rows that differ; keyed digests of a private table")
            .needs(SELECT),
        field("bytes", Ty::Bytes, "120MiB", "of the rows that were encoded, or of the pages that the server hashed")
            .needs(SELECT),
        field("digest", Ty::Text, "9f86d081884c7d659a2feaa0c55ad015", "digest of the rows of the target")
            .null("on one side only")
            .needs(SELECT)
            .costly(),
        field(
            "source_digest",
            Ty::Text,
            "9f86d081884c7d659a2feaa0c55ad015",
            "digest of the rows of the source, by the same method",
        )
        .null("on one side only")
        .needs(SELECT)
        .costly(),
    ],
    declared: Declared::No,
    key: &["table"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "reads every table of both sides whole, at once: about 2 million rows/s where PostgreSQL hashes, 1 million where rows are streamed; one snapshot for each table",
    locks: "ACCESS SHARE (PostgreSQL), a metadata lock (MySQL), a shared lock (SQLite) on the table that is being read; waits for it at most 1 s",
    feature: Some("sql"),
};
