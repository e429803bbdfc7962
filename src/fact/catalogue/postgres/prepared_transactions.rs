//! `postgres.prepared_transactions`

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.prepared_transactions`
pub(in crate::fact::catalogue) static PREPARED_TRANSACTIONS: ProbeDecl = ProbeDecl {
    name: "postgres.prepared_transactions",
    doc: "Transactions of a PostgreSQL server that are prepared for two-phase commit, of all databases",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field("gid", Ty::Text, "order-4711", "its name, as `COMMIT PREPARED` takes it"),
        field("database", Ty::Name, "shop", "the database in which it has to be ended"),
        field("owner", Ty::Name, "app", "the role that prepared it"),
        field("prepared", Ty::Time, "2026-11-01T03:00:00Z", "when it was prepared"),
        field("xid_age", Ty::Int, "1_000", "transactions since it began to write"),
    ],
    declared: Declared::No,
    key: &["gid"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_prepared_xacts: below a millisecond",
    locks: "none",
    feature: Some("sql"),
};
