//! Probes of PostgreSQL. One short read-only transaction per answer; a connection waits
//! for the next question of the same run.
//!
//! What a role may not see is decided by asking for its privileges, never from zero rows or nulls; what a
//! replica cannot know is `unsupported`, never "never".

mod connections;
mod databases;
mod error;
mod names;
mod options;
mod pooler;
mod query;
mod read;
mod reading;
mod replicas;
mod sequences;
mod server;
mod session;
mod sizes;
mod slots;
mod standby;
mod subscriptions;
mod tables;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_replication;
mod wal;

pub(super) use connections::CONNECTIONS;
pub(super) use error::fault as fault_of;
pub(super) use names::plain_or_quoted;
pub(super) use options::options as connect_options;
pub(super) use query::Query;
pub(super) use replicas::REPLICAS;
pub(super) use sequences::SEQUENCES;
pub(super) use server::SERVER;
pub(super) use slots::SLOTS;
pub(super) use standby::STANDBY;
pub(super) use subscriptions::SUBSCRIPTIONS;
pub(super) use tables::TABLES;
pub(super) use wal::WAL;
