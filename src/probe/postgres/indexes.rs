//! `postgres.indexes`: whether each works, is used, and repeats another.

use super::reading::{Costly, Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

/// The body of `postgres.indexes`.
pub(in crate::probe) static INDEXES: Reading = Reading {
    parts: &[
        Part {
            name: "last_scan",
            when: &[When::Since(16)],
            sql: "pg_stat_get_lastscan(i.indexrelid)",
            otherwise: "NULL::timestamptz",
            facts: &["last_scan"],
        },
        Part {
            name: "columns",
            when: &[When::Wanted("columns")],
            sql: include_str!("queries/index_columns.sql"),
            otherwise: "NULL::text[]",
            facts: &[],
        },
        Part {
            name: "nulls",
            when: &[When::Since(15)],
            sql: "i.indnullsnotdistinct",
            otherwise: "false",
            facts: &[],
        },
    ],
    faults: &[
        Fault {
            column: "builder_hidden",
            facts: &["being_built"],
            cause: Cause::Denied,
            level: Level::Row,
            what: "an index is being built, and the role {role} may not see which",
            fix: "GRANT pg_monitor TO {role};",
        },
        Fault {
            column: "partitioned",
            facts: &["size"],
            cause: Cause::Unsupported,
            level: Level::Row,
            what: "{index} is partitioned and lies nowhere itself",
            fix: "add up `size` of the indexes whose `parent` it is, or take `pages_size`",
        },
    ],
    costly: &[Costly::size(&["size"])],
    ..Reading::each(include_str!("queries/indexes.sql"))
};
