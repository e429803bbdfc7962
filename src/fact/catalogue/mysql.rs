//! Declarations of the `mysql` area.

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, param};

/// `mysql.query`
pub(super) static QUERY: ProbeDecl = ProbeDecl {
    name: "mysql.query",
    doc: "The answer of a SELECT of your own on MySQL or MariaDB; its columns are the facts that the policy declares",
    targets: &["mysql"],
    params: &[
        param(
            "sql",
            Ty::Text,
            "SELECT count(*) AS open FROM orders WHERE paid_at IS NULL",
            "one statement that only reads",
        )
        .required(),
        param("max_rows", Ty::Int, "10_000", "more rows than this make the answer incomplete")
            .default("10_000"),
    ],
    facts: &[],
    declared: Declared::Required,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "that of the statement; it is stopped at the deadline",
    locks: "metadata locks on the tables it reads; waits at most 1 s for a lock",
    feature: Some("sql"),
};
