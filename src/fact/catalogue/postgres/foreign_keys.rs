//! `postgres.foreign_keys`

use super::{SCHEMAS, most_rows};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.foreign_keys`
pub(in crate::fact::catalogue) static FOREIGN_KEYS: ProbeDecl = ProbeDecl {
    name: "postgres.foreign_keys",
    doc: "Foreign keys: whether an index supports each, whether it is checked, and rows that it should have refused",
    targets: &["postgres"],
    params: &[SCHEMAS, most_rows("more keys than this make the answer incomplete")],
    facts: &[
        field("table", Ty::Name, "public.orders", "the table that refers"),
        field(
            "constraint",
            Ty::Name,
            "orders_customer_fkey",
            "its name, which is unique within the table only",
        ),
        field("database", Ty::Text, "shop", "the database"),
        field("schema", Ty::Text, "public", "the schema of the table, unquoted"),
        field("name", Ty::Text, "orders", "the name of the table, unquoted"),
        field("columns", Ty::Names, "[customer]", "columns that refer, quoted where SQL needs it"),
        field("referenced", Ty::Name, "public.customers", "the table that is referred to"),
        field("referenced_columns", Ty::Names, "[id]", "columns that are referred to"),
        field(
            "inherited",
            Ty::Bool,
            "false",
            "tables inherit from one of the two: FROM needs ONLY, because the key is not about their rows",
        )
        .null(
            "so it is, and the other one is partitioned: FROM needs ONLY for the one and not for the other",
        ),
        field(
            "match_full",
            Ty::Bool,
            "false",
            "`MATCH FULL`: the columns are all null, or refer; else a row with a null in one of them refers to nothing on purpose",
        ),
        field(
            "partitioned",
            Ty::Bool,
            "false",
            "the table is partitioned; keys of its partitions are folded into this one",
        ),
        field(
            "has_index",
            Ty::Bool,
            "true",
            "a valid index of the table begins with these columns in any order; one with a condition counts only if that leaves out nothing but nulls of them",
        ),
        field(
            "on_delete",
            Ty::Enum(&["no action", "restrict", "cascade", "set null", "set default"]),
            "cascade",
            "what becomes of rows whose other side is deleted",
        ),
        field("validated", Ty::Bool, "true", "rows that were there before were checked"),
        field("enforced", Ty::Bool, "true", "new rows are checked; always before version 18"),
        field("rows", Ty::Int, "1_000_000", "rows of the table when it was last analyzed")
            .null("never analyzed")
            .estimate(),
        field("orphans", Ty::Int, "0", "rows that refer to nothing, counted now")
            .null("the key compares spans of time, or refers to a foreign table")
            .needs("GRANT SELECT on both tables")
            .costly(),
    ],
    declared: Declared::No,
    key: &["table", "constraint"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_constraint and pg_index: 0.8 s at 20,000 tables; `orphans` reads both tables of each key whole",
    locks: "none; `orphans` takes ACCESS SHARE on both tables, waits at most 50 ms for it",
    feature: Some("sql"),
};
