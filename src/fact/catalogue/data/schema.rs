//! `data.schema`

use super::{EXCEPT, SCHEMAS, TARGETS, WITHIN};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field, param};

/// Kinds of objects.
pub(in crate::fact::catalogue) const KINDS: &[&str] = &[
    "database",
    "schema",
    "extension",
    "event_trigger",
    "table",
    "foreign_table",
    "column",
    "constraint",
    "index",
    "statistics",
    "view",
    "materialized_view",
    "rule",
    "function",
    "trigger",
    "policy",
    "sequence",
    "enum",
    "domain",
    "type",
    "collation",
    "owner",
    "grant",
    "comment",
    "language",
    "cast",
    "operator",
    "operator_class",
    "text_search",
    "server",
    "large_objects",
    "publication",
    "subscription",
];

/// `data.schema`
pub(in crate::fact::catalogue) static SCHEMA: ProbeDecl = ProbeDecl {
    name: "data.schema",
    doc: "The schema of a database: every object with a definition that does not depend on how and by which version it was made",
    targets: TARGETS,
    params: &[
        param("kinds", Ty::Texts, "[table, column, index]", "only these kinds; all if not given"),
        SCHEMAS,
        EXCEPT,
        param(
            "portable",
            Ty::Bool,
            "true",
            "tables, columns, keys and indexes in a form that does not depend on the engine",
        )
        .default("false"),
        WITHIN,
    ],
    facts: &[
        field("kind", Ty::Enum(KINDS), "column", "what it is"),
        field("object", Ty::Name, "public.orders.price", "its name, with what it belongs to"),
        field("table", Ty::Name, "public.orders", "the table").null("belongs to no table"),
        field("definition", Ty::Text, "numeric(10,2) not null default 0", "its definition, in one form"),
        field("digest", Ty::Text, "9f86d081884c7d65", "of the definition (SHA-256, shortened)"),
    ],
    declared: Declared::No,
    key: &["kind", "object"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "reads the catalogue whole",
    locks: "none on tables of users",
    feature: Some("sql"),
};
