//! `postgres.tables`: tables with what autovacuum knows of them.

use super::reading::{Costly, Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

/// What the server counts, and loses with its counters.
const COUNTED: &[&str] = &[
    "live_rows",
    "dead_rows",
    "total_rows",
    "dead_ratio",
    "last_vacuum",
    "last_autovacuum",
    "last_analyze",
    "modified_since_analyze",
    "inserts_since_vacuum",
];

/// Of a table `c`: fewer rows are counted than the catalogue knows of, and nothing was vacuumed or analyzed since they are
/// counted. `postgres.tables` asks the same of what it has read anyway.
pub(super) const UNCOUNTED: Part = Part {
    name: "uncounted",
    when: &[],
    sql: "(c.reltuples > 0 AND coalesce(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid), \
          pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid)) IS NULL \
          AND pg_stat_get_live_tuples(c.oid) + pg_stat_get_dead_tuples(c.oid) < 0.9 * c.reltuples)",
    otherwise: "",
    facts: &[],
};

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
            facts: COUNTED,
            cause: Cause::Unsupported,
            level: Level::Field,
            what: "a replica does not count changes or vacuums of its tables",
            fix: "ask the primary",
        },
        Fault {
            column: "forgotten",
            facts: COUNTED,
            cause: Cause::NoHistory,
            level: Level::Row,
            what: "the counters know nothing of its rows: they were lost (crash, upgrade, failover, reset), or its first rows are not committed yet",
            fix: "ANALYZE {table};",
        },
        Fault {
            column: "locked",
            facts: COUNTED,
            cause: Cause::Timeout,
            level: Level::Row,
            what: "nothing of it is counted, and somebody holds, or waits for, an ACCESS EXCLUSIVE lock on it, so that its file does not tell whether it is empty",
            fix: "try again when the lock is gone (`SELECT * FROM pg_locks WHERE mode = 'AccessExclusiveLock'`)",
        },
    ],
    costly: &[Costly::size(&["size"])],
    ..Reading::each(include_str!("queries/tables.sql"))
};
