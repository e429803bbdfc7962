//! `postgres.subscriptions`

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.subscriptions`
pub(in crate::fact::catalogue) static SUBSCRIPTIONS: ProbeDecl = ProbeDecl {
    name: "postgres.subscriptions",
    doc: "Subscriptions of logical replication: whether each runs, and what failed",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field("subscription", Ty::Name, "from_shop", "its name, quoted where SQL needs it"),
        field("database", Ty::Text, "reports", "the database"),
        field("name", Ty::Text, "from_shop", "its name, unquoted"),
        field("enabled", Ty::Bool, "true", "it is to run"),
        field("slot", Ty::Text, "from_shop", "its slot at the publisher").null("none"),
        field("publications", Ty::Texts, "[orders]", "what it subscribes to"),
        field("running", Ty::Bool, "true", "its worker runs now"),
        field("last_message", Ty::Time, "2026-11-01T03:00:00Z", "when the publisher was heard last")
            .null("it does not run, or heard nothing yet"),
        field("tables", Ty::Int, "12", "its tables"),
        field("tables_pending", Ty::Int, "0", "those whose first copy is not done"),
        field("apply_errors", Ty::Counter, "0", "changes that could not be applied (15 and later)"),
        field("sync_errors", Ty::Counter, "0", "first copies that failed (15 and later)"),
        field("errors_reset", Ty::Time, "2026-11-01T03:00:00Z", "since when both count (15 and later)")
            .null("never reset"),
    ],
    declared: Declared::No,
    key: &["subscription"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 2,
    effect: Effect::None,
    cost: "one read of the server's memory and of a small catalogue: a millisecond",
    locks: "none",
    feature: Some("sql"),
};
