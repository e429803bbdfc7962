//! `postgres.autovacuum`

use super::MONITOR;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

const NONE_DUE: &str = "none is due";
const NONE_RUNS: &str = "none runs";

/// `postgres.autovacuum`
pub(in crate::fact::catalogue) static AUTOVACUUM: ProbeDecl = ProbeDecl {
    name: "postgres.autovacuum",
    doc: "Autovacuum of a PostgreSQL server: how many of its workers run, how much it is braked, how many tables are due",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field("enabled", Ty::Bool, "true", "settings `autovacuum` and `track_counts` are both on"),
        field("workers", Ty::Int, "1", "workers that run now, in all databases").needs(MONITOR),
        field(
            "max_workers",
            Ty::Int,
            "3",
            "setting `autovacuum_max_workers`, at most `autovacuum_worker_slots` from version 18 on",
        ),
        field("used_ratio", Ty::Ratio, "33%", "`workers` of `max_workers`").needs(MONITOR),
        field("wraparound_workers", Ty::Int, "0", "workers that prevent wraparound, which yield to no lock")
            .needs(MONITOR),
        field("oldest_worker_start", Ty::Time, "2026-11-01T03:00:00Z", "start of the oldest worker")
            .null(NONE_RUNS)
            .needs(MONITOR),
        field(
            "oldest_table_start",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "since when the worker that is busy with one table for longest is busy with it",
        )
        .null(NONE_RUNS)
        .needs(MONITOR),
        field("naptime", Ty::Duration, "1m", "setting `autovacuum_naptime`"),
        field(
            "cost_limit",
            Ty::Int,
            "200",
            "pages' worth of work between two pauses, shared by all workers (`autovacuum_vacuum_cost_limit`)",
        ),
        field("cost_delay", Ty::Duration, "2ms", "the pause (`autovacuum_vacuum_cost_delay`)"),
        field(
            "due",
            Ty::Int,
            "0",
            "tables of the address's database that autovacuum would vacuum now, by its own formula",
        )
        .costly(),
        field("most_due_table", Ty::Name, "public.orders", "the one that is furthest beyond its limit")
            .null(NONE_DUE)
            .costly(),
        field("most_due_ratio", Ty::Ratio, "150%", "how far: 100 % is the limit").null(NONE_DUE).costly(),
        field("largest_due_table", Ty::Name, "public.orders", "the largest of them").null(NONE_DUE).costly(),
        field(
            "largest_due_size",
            Ty::Bytes,
            "120MiB",
            "its size when last vacuumed or analyzed (`relpages`)",
        )
        .null("none is due, or none of them was ever vacuumed")
        .estimate()
        .costly(),
    ],
    declared: Declared::No,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_stat_activity: milliseconds; `due` and what belongs to it read pg_class",
    locks: "none",
    feature: Some("sql"),
};
