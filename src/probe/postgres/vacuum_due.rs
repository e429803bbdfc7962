//! `postgres.vacuum_due`: what autovacuum would vacuum now.

use super::autovacuum::{DUE, MOST, UNFROZEN};
use super::reading::{Reading, When};

/// The body of `postgres.vacuum_due`. A replica counts no changes.
pub(in crate::probe) static VACUUM_DUE: Reading = Reading {
    needs: &[When::Primary],
    parts: &[DUE, UNFROZEN, MOST],
    ..Reading::each(include_str!("queries/vacuum_due.sql"))
};
