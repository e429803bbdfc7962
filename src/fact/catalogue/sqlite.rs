//! Declarations of the `sqlite` area.

use super::query;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `sqlite.database`
pub(super) static DATABASE: ProbeDecl = ProbeDecl {
    name: "sqlite.database",
    doc: "A SQLite file: size, free pages, write-ahead log, integrity",
    targets: &["sqlite"],
    params: &[],
    facts: &[
        field("path", Ty::Path, "/srv/shop.db", "the file"),
        field("size", Ty::Bytes, "120MiB", "size of the file"),
        field("page_size", Ty::Bytes, "4KiB", "size of a page"),
        field("page_count", Ty::Int, "30_720", "pages of the database"),
        field("freelist_count", Ty::Int, "1_000", "pages that hold nothing"),
        field("freelist_size", Ty::Bytes, "4MiB", "size of the pages that hold nothing"),
        field("free_ratio", Ty::Ratio, "3%", "`freelist_count` of `page_count`"),
        field("wal_size", Ty::Bytes, "4MiB", "size of the `-wal` file").null("no WAL file"),
        field(
            "journal_mode",
            Ty::Enum(&["delete", "truncate", "persist", "memory", "wal", "off"]),
            "wal",
            "`wal`, or how a new connection journals",
        ),
        field("modified", Ty::Time, "2026-11-01T03:00:00Z", "last change of the file or its WAL"),
        field("user_version", Ty::Int, "12", "the application's own version number"),
        field("application_id", Ty::Int, "0", "which application the file belongs to; 0 if it does not say"),
        field("schema_version", Ty::Int, "40", "grows with every change of the schema"),
        field(
            "integrity",
            Ty::Enum(&["ok", "corrupt"]),
            "ok",
            "`PRAGMA quick_check`: all pages and rows, not the content of indexes",
        )
        .costly(),
        field(
            "integrity_report",
            Ty::Texts,
            "[]",
            "what `quick_check` found, at most 20 lines; empty if all is well",
        )
        .costly(),
        field(
            "foreign_key_violations",
            Ty::Int,
            "0",
            "rows whose foreign key points nowhere (`PRAGMA foreign_key_check`)",
        )
        .costly(),
    ],
    declared: Declared::No,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "milliseconds; `integrity` and `foreign_key_violations` read the whole file, 0.5 s for 300 MB",
    locks: "a shared lock while it reads; waits for a writer's lock at most 1 s",
    feature: Some("sql"),
};

/// `sqlite.query`
pub(super) static QUERY: ProbeDecl = ProbeDecl {
    name: "sqlite.query",
    doc: "The answer of a SELECT of your own on a SQLite file; its columns are the facts that the policy declares",
    targets: &["sqlite"],
    params: &[query::SQL, query::MAX_ROWS],
    locks: "a shared lock while it reads; waits for a writer's lock at most 1 s",
    ..query::BASE
};

/// `sqlite.tables`
pub(super) static TABLES: ProbeDecl = ProbeDecl {
    name: "sqlite.tables",
    doc: "Tables of a SQLite file",
    targets: &["sqlite"],
    params: &[],
    facts: &[
        field("name", Ty::Name, "orders", "the name, quoted where SQL needs it"),
        field("kind", Ty::Enum(&["table", "virtual"]), "table", "virtual tables keep their rows elsewhere"),
        field("rows", Ty::Int, "1_000", "rows, counted").costly(),
        field("size", Ty::Bytes, "12MiB", "size with its indexes (`dbstat`)")
            .null("a virtual table")
            .costly(),
        field("indexes", Ty::Int, "2", "indexes on it"),
        field("has_statistics", Ty::Bool, "true", "`ANALYZE` was run: it stands in sqlite_stat1"),
    ],
    declared: Declared::No,
    key: &["name"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "milliseconds; `rows` and `size` read the whole file",
    locks: "a shared lock while it reads; waits for a writer's lock at most 1 s",
    feature: Some("sql"),
};
