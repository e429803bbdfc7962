//! `postgres.slots`

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

const PHYSICAL: &str = "the slot is physical";

/// `postgres.slots`
pub(in crate::fact::catalogue) static SLOTS: ProbeDecl = ProbeDecl {
    name: "postgres.slots",
    doc: "Replication slots: what each holds back, whether somebody uses it, whether it is lost",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field("slot", Ty::Text, "standby_1", "its name"),
        field(
            "kind",
            Ty::Enum(&["physical", "logical"]),
            "physical",
            "physical for replicas, logical for subscribers",
        ),
        field("plugin", Ty::Text, "pgoutput", "what decodes").null(PHYSICAL),
        field("database", Ty::Text, "shop", "the database that is decoded").null(PHYSICAL),
        field("active", Ty::Bool, "true", "somebody uses it now"),
        field("active_pid", Ty::Int, "4711", "the process that serves the user").null("nobody uses it"),
        field("temporary", Ty::Bool, "false", "it ends with its session"),
        field("retained", Ty::Bytes, "16MiB", "WAL from where it stands to where the server stands; null for one that was never used, or is lost")
            .null("nothing"),
        field(
            "wal_status",
            Ty::Enum(&["reserved", "extended", "unreserved", "lost"]),
            "reserved",
            "`extended` beyond max_wal_size, `unreserved` lost at the next checkpoint, `lost` gone",
        )
        .null("it reserved nothing"),
        field("safe_wal_size", Ty::Bytes, "3GiB", "WAL that can be written before it is lost; negative if that is due")
            .null("there is no limit, or it holds back nothing"),
        field("xmin_age", Ty::Int, "1_000", "transactions since the oldest one that it keeps from vacuum")
            .null("it keeps none"),
        field("catalog_xmin_age", Ty::Int, "1_000", "the same of the catalogue's rows").null("it keeps none"),
        field(
            "flush_behind",
            Ty::Bytes,
            "1MiB",
            "WAL from what its consumer confirmed to where the server stands",
        )
        .null(PHYSICAL),
        field("two_phase", Ty::Bool, "false", "it decodes prepared transactions (14 and later)"),
        field("conflicting", Ty::Bool, "false", "a conflict with recovery has ended it (16 and later)")
            .null(PHYSICAL),
        field("inactive_since", Ty::Time, "2026-11-01T03:00:00Z", "since when nobody uses it (17 and later)")
            .null("somebody uses it"),
        field(
            "invalidation",
            Ty::Enum(&["wal_removed", "rows_removed", "wal_level_insufficient", "idle_timeout"]),
            "wal_removed",
            "why it can never be used again (17 and later)",
        )
        .null("it can be used"),
        field("failover", Ty::Bool, "false", "it is to be carried to replicas (17 and later)"),
        field("synced", Ty::Bool, "false", "it was carried here from a primary (17 and later)"),
    ],
    declared: Declared::No,
    key: &["slot"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of the server's memory: a millisecond",
    locks: "none",
    feature: Some("sql"),
};
