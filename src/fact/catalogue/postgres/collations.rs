//! `postgres.collations`

use super::most_rows;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.collations`
pub(in crate::fact::catalogue) static COLLATIONS: ProbeDecl = ProbeDecl {
    name: "postgres.collations",
    doc: "Collations that a database uses: whether the library still sorts as when the indexes were built, and how many depend on it",
    targets: &["postgres"],
    params: &[most_rows("more collations than this make the answer incomplete")],
    facts: &[
        field("collation", Ty::Name, "pg_catalog.\"de-x-icu\"", "schema and name, quoted where SQL needs it"),
        field("database", Ty::Text, "shop", "the database"),
        field("database_name", Ty::Name, "shop", "the same, quoted where SQL needs it"),
        field(
            "of_database",
            Ty::Bool,
            "false",
            "it is the database's own collation, `pg_catalog.\"default\"`",
        ),
        field("provider", Ty::Enum(&["libc", "icu", "builtin"]), "icu", "whose rules it has"),
        field("recorded", Ty::Text, "153.80", "version when it was made or last refreshed")
            .null("none recorded"),
        field("actual", Ty::Text, "153.120", "version that the library has now")
            .null("the collation has no versions"),
        field(
            "drifted",
            Ty::Bool,
            "false",
            "a version was recorded, and the library has another one now, or none",
        ),
        field("indexes", Ty::Int, "12", "indexes of ordinary schemas that are sorted by it"),
        field("objects", Ty::Int, "3", "columns, constraints, views and others that name it"),
        field("first_indexes", Ty::Texts, "[public.orders_name]", "ten of the indexes"),
    ],
    declared: Declared::No,
    key: &["collation"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_index and pg_depend: 0.3 s at 100,000 tables",
    locks: "none",
    feature: Some("sql"),
};
