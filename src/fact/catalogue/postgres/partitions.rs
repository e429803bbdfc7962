//! `postgres.partitions`

use super::{SCHEMAS, most_rows};
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.partitions`
pub(in crate::fact::catalogue) static PARTITIONS: ProbeDecl = ProbeDecl {
    name: "postgres.partitions",
    doc: "Partitioned tables: how far their partitions reach, what lies between them, and what fell into the default one",
    targets: &["postgres"],
    params: &[SCHEMAS, most_rows("more partitioned tables than this make the answer incomplete")],
    facts: &[
        field("table", Ty::Name, "public.events", "the partitioned table, quoted where SQL needs it"),
        field("database", Ty::Text, "shop", "the database"),
        field("schema", Ty::Text, "public", "the schema, unquoted"),
        field("name", Ty::Text, "events", "the name, unquoted"),
        field("strategy", Ty::Enum(&["range", "list", "hash"]), "range", "how rows are divided"),
        field(
            "columns",
            Ty::Texts,
            "[day]",
            "columns of the partition key; `(expression)` for what is computed",
        ),
        field(
            "divided_by",
            Ty::Enum(&["time", "number", "other"]),
            "time",
            "of ranges the type of the first column or expression of the key: a day or time, a whole number, or another; of lists `time` where they are of days; other for hashes",
        ),
        field("is_partition", Ty::Bool, "false", "is itself a partition of another table"),
        field(
            "partitions",
            Ty::Int,
            "24",
            "its own partitions, the default one included; one that is being detached does not count",
        ),
        field("has_default", Ty::Bool, "true", "rows that fit nowhere else go to a default partition"),
        field("default_partition", Ty::Name, "public.events_default", "the default partition")
            .null("it has none"),
        field("row_columns", Ty::Names, "[day, note]", "the columns of its rows, without generated ones, as INSERT names them"),
        field("rows", Ty::Int, "1_200_000", "rows in its own partitions, as their last vacuum or analyze found").estimate(),
        field("analyzed", Ty::Bool, "true", "somebody ran ANALYZE on the partitioned table itself, which autovacuum never does; from version 14 on"),
        field("default_rows", Ty::Int, "0", "rows in the default partition (`n_live_tup`)")
            .null("it has none")
            .estimate(),
        field(
            "default_size",
            Ty::Bytes,
            "0B",
            "size of the default partition without indexes; nothing lies in one of 0 bytes",
        )
        .null("it has none")
        .costly(),
        field(
            "open_ended",
            Ty::Bool,
            "false",
            "of time: from now on every moment has a range, up to `MAXVALUE`, infinity or the year 9999; of numbers: a range reaches `MAXVALUE`",
        )
        .null("nothing of time or whole numbers"),
        field(
            "covered_until",
            Ty::Time,
            "2027-01-01T00:00:00Z",
            "until when each moment from now on has a range (of a list: a day) of its own; if this moment has none, where the last one before it ended",
        )
        .null("not by time, without an end, or all begin later than now"),
        field("next_from", Ty::Time, "2027-02-01T00:00:00Z", "where the first range begins that does not begin yet and is not joined to those before")
            .null("not by time, or none comes later"),
        field(
            "highest_time",
            Ty::Time,
            "2027-01-01T00:00:00Z",
            "where the last range ends, if the key is (or begins with) a `date`, `timestamp` (taken as UTC) or `timestamptz`",
        )
        .null("no ranges of time with an end"),
        field(
            "highest_number",
            Ty::Int,
            "1_000_000",
            "where the last range ends, if the key is (or begins with) a whole number",
        )
        .null("no ranges of whole numbers with an end"),
        field("last_width", Ty::Duration, "31d", "how much time the range before the first gap spans, or the last one")
            .null("no ranges of time with both ends, or the last one lies within one value of the first column"),
        field("gaps", Ty::Int, "0", "places between ranges that no partition takes")
            .null("no ranges of one column of time or whole numbers"),
        field("hash_share", Ty::Ratio, "100%", "of hashes the share that has a partition; rows of the rest are refused")
            .null("not by hash"),
    ],
    declared: Declared::No,
    key: &["table"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_partitioned_table and pg_inherits: milliseconds; `default_size` asks the file system for one file of each table",
    locks: "none; `default_size` takes ACCESS SHARE on the default partition for a moment, waits at most 50 ms for it",
    feature: Some("sql"),
};
