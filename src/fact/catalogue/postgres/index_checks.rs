//! `postgres.index_checks`

use super::{SCHEMAS, most_rows};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field, param};

const EXECUTE: &str = "the extension amcheck, and GRANT EXECUTE ON FUNCTION bt_index_check(regclass)";

/// `postgres.index_checks`
pub(in crate::fact::catalogue) static INDEX_CHECKS: ProbeDecl = ProbeDecl {
    name: "postgres.index_checks",
    doc: "B-tree indexes, read through by amcheck: whether their pages and the order of their entries are sound",
    targets: &["postgres"],
    params: &[
        SCHEMAS,
        param("min_size", Ty::Bytes, "1MiB", "smaller indexes are left out").default("1MiB"),
        param("max_size", Ty::Bytes, "256MiB", "larger indexes are told, and not read").default("256MiB"),
        most_rows("more indexes than this make the answer incomplete"),
    ],
    facts: &[
        field("index", Ty::Name, "public.orders_pkey", "schema and name, quoted where SQL needs it"),
        field("database", Ty::Text, "shop", "the database"),
        field("schema", Ty::Text, "public", "the schema, unquoted"),
        field("name", Ty::Text, "orders_pkey", "the name, unquoted"),
        field("table", Ty::Name, "public.orders", "the table that it indexes"),
        field("index_size", Ty::Bytes, "100MiB", "size when last vacuumed or analyzed (`relpages`)")
            .estimate(),
        field("asked", Ty::Bool, "true", "it is not larger than `max_size`, and so is read"),
        field("intact", Ty::Bool, "true", "`bt_index_check` found nothing wrong")
            .null("larger than `max_size`, and so not read")
            .needs(EXECUTE)
            .costly(),
        field(
            "damage",
            Ty::Text,
            "item order invariant violated for index \"orders_pkey\"",
            "what it found first",
        )
        .null("nothing")
        .needs(EXECUTE)
        .costly(),
    ],
    declared: Declared::No,
    key: &["index"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_class; `intact` and `damage` read every index of these sizes: a second for each few hundred megabytes, at most half of the time that is left",
    locks: "none; `intact` and `damage` take ACCESS SHARE on each index and its table, and wait at most 50 ms for it",
    feature: Some("sql"),
};
