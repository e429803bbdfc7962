//! Probes of what a database holds, whatever the engine: for the gate before and after a migration.

mod canonical;
mod compare;
mod files;
mod fingerprints;
mod row_counts;
mod schema;
mod side;
pub(super) mod stream;
pub(in crate::probe) mod tables;

pub(super) use compare::Compare;
pub(super) use files::Files;
pub(super) use fingerprints::Fingerprints;
pub(super) use row_counts::RowCounts;
pub(super) use schema::Schema;
