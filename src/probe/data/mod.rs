//! Probes of what a database holds, whatever the engine: for the gate before and after a migration.

mod row_counts;
mod schema;
pub(in crate::probe) mod tables;

pub(super) use row_counts::RowCounts;
pub(super) use schema::Schema;
