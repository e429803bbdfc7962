//! Probes of PostgreSQL. One short read-only transaction per answer; a connection waits
//! for the next question of the same run.
//!
//! What a role may not see is decided by asking for its privileges, never from zero rows or nulls; what a
//! replica cannot know is `unsupported`, never "never".

mod autovacuum;
mod blockers;
mod connections;
mod databases;
mod error;
mod names;
mod options;
mod prepared_transactions;
mod query;
mod read;
mod reading;
mod sequences;
mod server;
mod session;
mod sessions;
mod sizes;
mod tables;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_sessions;
mod vacuum_due;
mod xmin_holders;

pub(super) use autovacuum::AUTOVACUUM;
pub(super) use blockers::BLOCKERS;
pub(super) use connections::CONNECTIONS;
pub(super) use prepared_transactions::PREPARED_TRANSACTIONS;
pub(super) use query::Query;
pub(super) use sequences::SEQUENCES;
pub(super) use server::SERVER;
pub(super) use sessions::SESSIONS;
pub(super) use tables::TABLES;
pub(super) use vacuum_due::VACUUM_DUE;
pub(super) use xmin_holders::XMIN_HOLDERS;
