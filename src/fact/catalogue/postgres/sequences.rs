//! `postgres.sequences`

use super::{SCHEMAS, most_rows};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

const SEQUENCE: &str = "GRANT SELECT ON SEQUENCE";

/// `postgres.sequences`
pub(in crate::fact::catalogue) static SEQUENCES: ProbeDecl = ProbeDecl {
    name: "postgres.sequences",
    doc: "Sequences: how much of each is used, by the type of the column that it feeds, and whether it lags behind that column",
    targets: &["postgres"],
    params: &[SCHEMAS, most_rows("more sequences than this make the answer incomplete")],
    facts: &[
        field("sequence", Ty::Name, "public.orders_id_seq", "schema and name, quoted where SQL needs it"),
        field("database", Ty::Text, "shop", "the database"),
        field("schema", Ty::Text, "public", "the schema, unquoted"),
        field("name", Ty::Text, "orders_id_seq", "the name, unquoted"),
        field("table", Ty::Name, "public.orders", "the table that it feeds").null("no table"),
        field("column", Ty::Name, "id", "the column that it feeds: the one of the smallest type if several")
            .null("no column"),
        field("column_type", Ty::Text, "integer", "the type of that column, without its domain")
            .null("it feeds no column, or one that holds no numbers"),
        field("feeds", Ty::Texts, "[public.orders.id]", "all columns that it feeds; those of partitions and children are part of their parent's"),
        field("data_type", Ty::Text, "bigint", "the type of the sequence itself"),
        field("increment", Ty::Int, "1", "added by each call"),
        field(
            "limit",
            Ty::Int,
            "2_147_483_647",
            "the last number that it may give and its column can hold, whichever comes first",
        ),
        field("cycles", Ty::Bool, "false", "it begins again at its end, so that it is never used up; the numbers of a key are then given twice (`feeds_key`)"),
        field("feeds_key", Ty::Bool, "true", "a column that it feeds is alone in a unique index, so that a number that comes again is refused"),
        field("last_value", Ty::Int, "1_204", "the last number given").null("no number given yet").needs(SEQUENCE),
        field(
            "used_ratio",
            Ty::Ratio,
            "12%",
            "how much of the way to `limit` is gone, also before the first number of one that begins late; of one that cycles, in this round",
        )
        .needs(SEQUENCE),
        field("left_values", Ty::Int, "2_147_482_443", "numbers that are left")
            .null("it counts down, or is beyond its limit")
            .needs(SEQUENCE),
        field("highest", Ty::Int, "1_204", "the highest number in any of the columns; the lowest, if the sequence counts down")
            .null("it feeds no column of whole numbers, or all are empty")
            .needs("GRANT SELECT on the column")
            .costly(),
        field("behind", Ty::Bool, "false", "`highest` is at or beyond the next number: an insert will collide")
            .null("it feeds no column of whole numbers")
            .needs("GRANT SELECT on the column")
            .costly(),
    ],
    declared: Declared::No,
    key: &["sequence"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_sequence, and one of each sequence: 4 s at 20,000 of which none was ever used; `highest` and `behind` read one end of an index of each column, or the whole table if there is none",
    locks: "none that is waited for; `highest` and `behind` take ACCESS SHARE on each table for a moment, wait at most 50 ms for it",
    feature: Some("sql"),
};
