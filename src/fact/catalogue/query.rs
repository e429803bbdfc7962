//! What the probes that run SQL of a policy have in common, whatever the engine.

use crate::fact::{Declared, Effect, ParamDecl, ProbeDecl, Rows, Ty, ZeroRows, param};

/// The statement.
pub(super) const SQL: ParamDecl = param(
    "sql",
    Ty::Text,
    "SELECT count(*) AS open FROM orders WHERE paid_at IS NULL",
    "one statement that only reads",
)
.required();

/// How much of its answer is taken.
pub(super) const MAX_ROWS: ParamDecl =
    param("max_rows", Ty::Int, "10_000", "more rows than this make the answer incomplete").default("10_000");

/// All but the engine: its facts are those that the policy declares.
pub(super) const BASE: ProbeDecl = ProbeDecl {
    name: "",
    doc: "",
    targets: &[],
    params: &[],
    facts: &[],
    declared: Declared::Required,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "that of the statement; it is stopped at the deadline",
    locks: "",
    feature: Some("sql"),
};
