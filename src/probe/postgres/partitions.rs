//! `postgres.partitions`: how far they reach, and what fell into the default one.

use super::reading::{Costly, Fault, Part, Reading, When};
use super::tables::UNCOUNTED;
use crate::fact::{Cause, Level};

/// What is read in the bounds.
const REACH: &[&str] =
    &["open_ended", "covered_until", "next_from", "highest_time", "highest_number", "last_width", "gaps"];

/// The body of `postgres.partitions`.
pub(in crate::probe) static PARTITIONS: Reading = Reading {
    parts: &[
        UNCOUNTED,
        Part {
            name: "detached",
            when: &[When::Since(14)],
            sql: "AND NOT h.inhdetachpending",
            otherwise: "",
            facts: &[],
        },
        Part {
            name: "analyzed",
            when: &[When::Since(14)],
            sql: "p.reltuples >= 0",
            otherwise: "NULL::bool",
            facts: &["analyzed"],
        },
    ],
    faults: &[
        Fault {
            column: "default_elsewhere",
            facts: &["default_rows", "default_size"],
            cause: Cause::Unsupported,
            level: Level::Row,
            what: "the default partition {default_partition} is itself partitioned, or a foreign table",
            fix: "count its rows yourself",
        },
        Fault {
            column: "default_uncounted",
            facts: &["default_rows"],
            cause: Cause::Unsupported,
            level: Level::Row,
            what: "a replica does not count the rows of {default_partition}",
            fix: "ask the primary",
        },
        Fault {
            column: "default_forgotten",
            facts: &["default_rows"],
            cause: Cause::NoHistory,
            level: Level::Row,
            what: "the counters know nothing of {default_partition} since they were lost (crash, upgrade, failover, reset)",
            fix: "ANALYZE {default_partition};",
        },
        Fault {
            column: "unread",
            facts: REACH,
            cause: Cause::Unsupported,
            level: Level::Row,
            what: "a bound of {table} has a text that reads like a bound itself, so that its end cannot be told",
            fix: "look at the bounds yourself (`\\d+ {table}` in psql)",
        },
        Fault {
            column: "by_odd_time",
            facts: &["divided_by"],
            cause: Cause::Unsupported,
            level: Level::Row,
            what: "{table} is divided by a time that is not the first of its key, or by a list of moments: how far it reaches is not read",
            fix: "look at the bounds yourself (`\\d+ {table}` in psql)",
        },
    ],
    costly: &[Costly::statement("ask_default_size", &["default_size"])],
    ..Reading::each(include_str!("queries/partitions.sql"))
};
