//! `postgres.table_bloat`

use super::{CONFIRM, MIN_SIZE, MONITOR, SCHEMAS, most_rows};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

const SELECT: &str = "GRANT SELECT on the table";

/// `postgres.table_bloat`
pub(in crate::fact::catalogue) static TABLE_BLOAT: ProbeDecl = ProbeDecl {
    name: "postgres.table_bloat",
    doc: "Large tables: how much of each is neither rows nor needed space, by an estimate whose inputs are judged, and by measurement",
    targets: &["postgres"],
    params: &[SCHEMAS, MIN_SIZE, CONFIRM, most_rows("more tables than this make the answer incomplete")],
    facts: &[
        field("table", Ty::Name, "public.orders", "schema and name, quoted where SQL needs it"),
        field("database", Ty::Text, "shop", "the database"),
        field("schema", Ty::Text, "public", "the schema, unquoted"),
        field("name", Ty::Text, "orders", "the name, unquoted"),
        field(
            "kind",
            Ty::Enum(&["table", "partition", "matview"]),
            "table",
            "partitioned parents hold no rows",
        ),
        field("fillfactor", Ty::Int, "100", "percent of a page that inserts fill; the rest is no bloat"),
        field(
            "heap_size",
            Ty::Bytes,
            "2GiB",
            "size of the heap when last vacuumed or analyzed, without indexes and TOAST (`relpages`)",
        )
        .estimate(),
        field(
            "expected_size",
            Ty::Bytes,
            "400MiB",
            "size that its rows need, by their number and average width",
        )
        .needs(SELECT)
        .estimate(),
        field("bloat_size", Ty::Bytes, "1.6GiB", "`heap_size` less `expected_size`, dead rows included")
            .needs(SELECT)
            .estimate(),
        field("bloat_ratio", Ty::Ratio, "80%", "`bloat_size` of `heap_size`").needs(SELECT).estimate(),
        field("last_analyze", Ty::Time, "2026-11-01T03:00:00Z", "age of the estimate's inputs").null("never"),
        field("modified_since_analyze", Ty::Int, "1_000", "rows changed since then").estimate(),
        field(
            "confirmable",
            Ty::Bool,
            "true",
            "the database has pgstattuple and the role may use it, so that the `exact_` facts can be measured",
        ),
        field("exact_size", Ty::Bytes, "2GiB", "size of the heap now (`pgstattuple_approx`)")
            .null("the estimate gives no reason to measure")
            .needs(MONITOR)
            .costly(),
        field(
            "exact_bloat_size",
            Ty::Bytes,
            "1.6GiB",
            "dead rows and free space now, less what the fill factor keeps free",
        )
        .null("the estimate gives no reason to measure")
        .needs(MONITOR)
        .costly(),
        field("exact_bloat_ratio", Ty::Ratio, "80%", "`exact_bloat_size` of `exact_size`")
            .null("the estimate gives no reason to measure")
            .needs(MONITOR)
            .costly(),
        field(
            "exact_dead_ratio",
            Ty::Ratio,
            "25%",
            "the dead rows among it, which a vacuum turns into free space",
        )
        .null("the estimate gives no reason to measure")
        .needs(MONITOR)
        .costly(),
    ],
    declared: Declared::No,
    key: &["table"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_class, then the statistics of the large tables only: 0.4 s at 100,000 tables; `exact_` facts read the pages of a table that are not all visible, seconds for one that was never vacuumed",
    locks: "none; `exact_` facts take ACCESS SHARE on each table that is measured, wait at most 50 ms for it",
    feature: Some("sql"),
};
