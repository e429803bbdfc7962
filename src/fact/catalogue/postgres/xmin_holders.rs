//! `postgres.xmin_holders`

use super::MONITOR;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

const UNTIMED: &str = "not known";

/// `postgres.xmin_holders`
pub(in crate::fact::catalogue) static XMIN_HOLDERS: ProbeDecl = ProbeDecl {
    name: "postgres.xmin_holders",
    doc: "What keeps vacuum of a PostgreSQL server from removing rows and freezing: sessions, prepared transactions, slots, replicas, by age",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field(
            "kind",
            Ty::Enum(&["session", "prepared", "slot", "slot_catalog", "replica"]),
            "slot",
            "`slot_catalog` holds back the system's tables only; `replica` is one that sends feedback without a slot",
        ),
        field("name", Ty::Text, "old_standby", "process, name of the prepared transaction, or of the slot"),
        field("database", Ty::Name, "shop", "its database").null("of no database"),
        field("user", Ty::Name, "app", "its role").null("nobody"),
        field(
            "application",
            Ty::Text,
            "shop-worker",
            "its `application_name`, or what kind of process or slot it is",
        )
        .null("unnamed"),
        field(
            "state",
            Ty::Enum(&[
                "starting",
                "active",
                "idle",
                "idle in transaction",
                "idle in transaction (aborted)",
                "fastpath function call",
            ]),
            "idle in transaction",
            "what the session does",
        )
        .null("no client")
        .needs(MONITOR),
        field("since", Ty::Time, "2026-11-01T03:00:00Z", "when its transaction began, or was prepared")
            .null(UNTIMED)
            .needs(MONITOR),
        field(
            "xmin_age",
            Ty::Int,
            "1_000",
            "transactions since the oldest one for which vacuum has to keep rows because of it",
        ),
        field("active", Ty::Bool, "true", "somebody reads from the slot").null("no slot"),
        field("rank", Ty::Int, "1", "its place by age: 1 is the oldest, behind which nothing is removed"),
    ],
    declared: Declared::No,
    key: &["kind", "name"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read each of pg_stat_activity, pg_prepared_xacts, pg_replication_slots: milliseconds",
    locks: "none",
    feature: Some("sql"),
};
