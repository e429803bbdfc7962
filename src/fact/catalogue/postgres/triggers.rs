//! `postgres.triggers`

use super::{SCHEMAS, most_rows};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.triggers`
pub(in crate::fact::catalogue) static TRIGGERS: ProbeDecl = ProbeDecl {
    name: "postgres.triggers",
    doc: "Triggers, rules and event triggers, and when they fire, with those of foreign keys that do not",
    targets: &["postgres"],
    params: &[SCHEMAS, most_rows("more triggers than this make the answer incomplete")],
    facts: &[
        field(
            "table",
            Ty::Name,
            "public.orders",
            "the table or view; of an event trigger `pg_catalog.pg_event_trigger`, where all of them stand",
        ),
        field("trigger", Ty::Name, "orders_audit", "its name, which is unique within the table only"),
        field("kind", Ty::Enum(&["trigger", "rule", "event trigger"]), "trigger", "what it is"),
        field("database", Ty::Text, "shop", "the database"),
        field("schema", Ty::Text, "public", "the schema of the table, unquoted"),
        field("name", Ty::Text, "orders", "the name of the table, unquoted"),
        field(
            "state",
            Ty::Enum(&["origin", "disabled", "replica", "always"]),
            "origin",
            "`origin` fires for ordinary sessions, `replica` only for those that replay changes, `always` for both",
        ),
        field(
            "internal",
            Ty::Bool,
            "false",
            "is one by which the server enforces a constraint; told only if it does not fire for ordinary sessions",
        ),
        field("constraint", Ty::Name, "orders_customer_fkey", "the constraint that it belongs to")
            .null("belongs to none"),
        field("function", Ty::Name, "public.write_audit", "what it calls").null("a rule calls nothing"),
        field("row_level", Ty::Bool, "true", "fires for each row, not once for a statement")
            .null("a rule, or an event trigger"),
        field("timing", Ty::Enum(&["before", "after", "instead of"]), "after", "when it fires")
            .null("a rule, or an event trigger"),
    ],
    declared: Declared::No,
    key: &["table", "trigger"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_trigger: milliseconds",
    locks: "none",
    feature: Some("sql"),
};
