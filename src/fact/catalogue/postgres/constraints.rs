//! `postgres.constraints`

use super::{SCHEMAS, most_rows};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.constraints`
pub(in crate::fact::catalogue) static CONSTRAINTS: ProbeDecl = ProbeDecl {
    name: "postgres.constraints",
    doc: "Check constraints, foreign keys and checks of domains: whether they hold for all rows, and for new ones",
    targets: &["postgres"],
    params: &[SCHEMAS, most_rows("more constraints than this make the answer incomplete")],
    facts: &[
        field("table", Ty::Name, "public.orders", "the table, or the domain"),
        field(
            "constraint",
            Ty::Name,
            "orders_total_check",
            "its name, which is unique within the table only",
        ),
        field("database", Ty::Text, "shop", "the database"),
        field("schema", Ty::Text, "public", "the schema of the table, unquoted"),
        field("name", Ty::Text, "orders", "the name of the table, unquoted"),
        field(
            "kind",
            Ty::Enum(&["check", "foreign key", "not null", "domain"]),
            "check",
            "what it is; not-null constraints (from version 18 on) only if they are not validated",
        ),
        field("validated", Ty::Bool, "true", "rows that were there before were checked"),
        field("enforced", Ty::Bool, "true", "new rows are checked; always before version 18"),
        field("rows", Ty::Int, "1_000_000", "rows of the table when it was last analyzed")
            .null("never analyzed, or a domain")
            .estimate(),
    ],
    declared: Declared::No,
    key: &["table", "constraint"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_constraint: 0.2 s at 20,000 tables",
    locks: "none",
    feature: Some("sql"),
};
