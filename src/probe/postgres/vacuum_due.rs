//! `postgres.vacuum_due`: what autovacuum would vacuum now.

use super::autovacuum::{DUE, MOST, UNFROZEN};
use super::reading::{Fault, Reading, When};
use super::tables::UNCOUNTED;
use crate::fact::{Cause, Level};

/// The body of `postgres.vacuum_due`. A replica counts no changes.
pub(in crate::probe) static VACUUM_DUE: Reading = Reading {
    needs: &[When::Primary],
    parts: &[DUE, UNFROZEN, MOST, UNCOUNTED],
    faults: &[Fault {
        column: "forgotten",
        facts: &["reason", "due_ratio", "toast", "dead_rows", "inserts_since_vacuum", "last_vacuum"],
        cause: Cause::NoHistory,
        level: Level::Row,
        what: "the counters know nothing of the rows of {table}: they were lost (crash, upgrade, failover, reset)",
        fix: "ANALYZE {table};",
    }],
    ..Reading::each(include_str!("queries/vacuum_due.sql"))
};
