//! `postgres.autovacuum`: its workers, its brake, and how much is due.

use super::reading::{Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

/// What autovacuum would vacuum now.
pub(super) const DUE: Part = Part {
    name: "due",
    when: &[],
    sql: include_str!("queries/vacuum_due_tables.sql"),
    otherwise: "",
    facts: &[],
};

/// From version 18 on only pages that are not frozen count for inserts.
pub(super) const UNFROZEN: Part = Part {
    name: "unfrozen",
    when: &[When::Since(18)],
    sql: "1 - coalesce(least(c.relallfrozen, c.relpages)::float8 / nullif(c.relpages, 0), 0)",
    otherwise: "1",
    facts: &[],
};

/// From version 18 on a huge table has a limit of its own.
pub(super) const MOST: Part = Part {
    name: "most",
    when: &[When::Since(18)],
    sql: "current_setting('autovacuum_vacuum_max_threshold')::float8",
    otherwise: "-1",
    facts: &[],
};

/// The body of `postgres.autovacuum`. No vacuum runs on a replica.
pub(in crate::probe) static AUTOVACUUM: Reading = Reading {
    needs: &[When::Primary],
    parts: &[
        Part {
            when: &[When::AnyWanted(&[
                "due",
                "most_due_table",
                "most_due_ratio",
                "largest_due_table",
                "largest_due_size",
            ])],
            otherwise: "due AS (SELECT ''::name AS relname, 0::oid AS relnamespace, 0::float8 AS share, 0 AS relpages WHERE false)",
            ..DUE
        },
        UNFROZEN,
        MOST,
        Part {
            name: "slots",
            when: &[When::Since(18)],
            sql: "least(current_setting('autovacuum_max_workers')::int8, current_setting('autovacuum_worker_slots')::int8)",
            otherwise: "current_setting('autovacuum_max_workers')::int8",
            facts: &[],
        },
    ],
    faults: &[Fault {
        column: "hidden",
        facts: &["workers", "used_ratio", "wraparound_workers", "oldest_worker_start", "oldest_table_start"],
        cause: Cause::Denied,
        level: Level::Field,
        what: "the role {role} may not see what the server's own processes do",
        fix: "GRANT pg_monitor TO {role};",
    }],
    ..Reading::server(include_str!("queries/autovacuum.sql"))
};
