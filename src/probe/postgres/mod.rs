//! Probes of PostgreSQL. One short read-only transaction per answer; a connection waits
//! for the next question of the same run.
//!
//! What a role may not see is decided by asking for its privileges, never from zero rows or nulls; what a
//! replica cannot know is `unsupported`, never "never".

mod connections;
mod constraints;
mod databases;
mod error;
mod foreign_keys;
mod indexes;
mod names;
mod options;
mod partitions;
mod query;
mod read;
mod reading;
mod sequences;
mod server;
mod session;
mod sizes;
mod tables;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_schema;
mod triggers;

pub(super) use connections::CONNECTIONS;
pub(super) use constraints::CONSTRAINTS;
pub(super) use foreign_keys::FOREIGN_KEYS;
pub(super) use indexes::INDEXES;
pub(super) use partitions::PARTITIONS;
pub(super) use query::Query;
pub(super) use sequences::SEQUENCES;
pub(super) use server::SERVER;
pub(super) use tables::TABLES;
pub(super) use triggers::TRIGGERS;
