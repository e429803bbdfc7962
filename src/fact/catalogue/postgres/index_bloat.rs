//! `postgres.index_bloat`

use super::{CONFIRM, MIN_SIZE, MONITOR, SCHEMAS, most_rows};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

const SELECT: &str = "GRANT SELECT on the table";

/// `postgres.index_bloat`
pub(in crate::fact::catalogue) static INDEX_BLOAT: ProbeDecl = ProbeDecl {
    name: "postgres.index_bloat",
    doc: "Large b-tree indexes: how much of each its entries do not need, by an estimate whose inputs are judged, and by measurement",
    targets: &["postgres"],
    params: &[SCHEMAS, MIN_SIZE, CONFIRM, most_rows("more indexes than this make the answer incomplete")],
    facts: &[
        field("index", Ty::Name, "public.orders_pkey", "schema and name, quoted where SQL needs it"),
        field("database", Ty::Text, "shop", "the database"),
        field("schema", Ty::Text, "public", "the schema, unquoted"),
        field("name", Ty::Text, "orders_pkey", "the name, unquoted"),
        field("table", Ty::Name, "public.orders", "the table that it indexes"),
        field("fillfactor", Ty::Int, "90", "percent of a leaf page that a build fills; the rest is no bloat"),
        field("index_size", Ty::Bytes, "700MiB", "size when last vacuumed or analyzed (`relpages`)")
            .estimate(),
        field("expected_size", Ty::Bytes, "210MiB", "size that a new build of it would have")
            .needs(SELECT)
            .estimate(),
        field("bloat_size", Ty::Bytes, "490MiB", "`index_size` less `expected_size`")
            .needs(SELECT)
            .estimate(),
        field(
            "bloat_ratio",
            Ty::Ratio,
            "70%",
            "`bloat_size` of `index_size`; entries that come in random order leave about a quarter by nature",
        )
        .needs(SELECT)
        .estimate(),
        field("last_analyze", Ty::Time, "2026-11-01T03:00:00Z", "age of the estimate's inputs").null("never"),
        field("modified_since_analyze", Ty::Int, "1_000", "rows of the table changed since then").estimate(),
        field(
            "confirmable",
            Ty::Bool,
            "true",
            "the database has pgstattuple and the role may use it, so that the `exact_` facts can be measured",
        ),
        field("exact_size", Ty::Bytes, "700MiB", "size now (`pgstatindex`)")
            .null("the estimate gives no reason to measure")
            .needs(MONITOR)
            .costly(),
        field(
            "exact_bloat_size",
            Ty::Bytes,
            "490MiB",
            "empty pages, and what its leaf pages hold less than `fillfactor`",
        )
        .null("the estimate gives no reason to measure")
        .needs(MONITOR)
        .costly(),
        field("exact_bloat_ratio", Ty::Ratio, "70%", "`exact_bloat_size` of `exact_size`")
            .null("the estimate gives no reason to measure")
            .needs(MONITOR)
            .costly(),
        field("leaf_density", Ty::Ratio, "28%", "how full its leaf pages are")
            .null("the estimate gives no reason to measure, or it has no leaf pages")
            .needs(MONITOR)
            .costly(),
    ],
    declared: Declared::No,
    key: &["index"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_class and pg_index, then the statistics of the large indexes only: 0.7 s at 100,000 tables; `exact_` facts read the whole index",
    locks: "none; `exact_` facts take ACCESS SHARE on each index that is measured, wait at most 50 ms for it",
    feature: Some("sql"),
};
