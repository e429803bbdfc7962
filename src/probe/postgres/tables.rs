//! `postgres.tables`: tables with what autovacuum knows of them.

use super::reading::{Costly, Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

/// The body of `postgres.tables`.
pub(in crate::probe) static TABLES: Reading = Reading {
    parts: &[Part {
        name: "published_schemas",
        when: &[When::Since(15)],
        sql: " OR c.nsoid IN (SELECT s.pnnspid FROM pg_publication_namespace s WHERE s.pnpubid IN (SELECT oid FROM pub))",
        otherwise: "",
        facts: &[],
    }],
    faults: &[
        Fault {
            column: "replica",
            facts: &[
                "live_rows",
                "dead_rows",
                "total_rows",
                "dead_ratio",
                "last_vacuum",
                "last_autovacuum",
                "last_analyze",
                "modified_since_analyze",
                "inserts_since_vacuum",
            ],
            cause: Cause::Unsupported,
            level: Level::Field,
            what: "a replica does not count changes or vacuums of its tables",
            fix: "ask the primary",
        },
        Fault {
            column: "forgotten",
            facts: &["live_rows", "dead_rows", "total_rows", "dead_ratio"],
            cause: Cause::NoHistory,
            level: Level::Row,
            what: "the counters know nothing of it since they were lost (crash, upgrade, failover, reset)",
            fix: "ANALYZE the table",
        },
    ],
    costly: &[Costly::size(&["size"])],
    ..Reading::each(include_str!("queries/tables.sql"))
};
