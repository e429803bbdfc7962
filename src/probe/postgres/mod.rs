//! Probes of PostgreSQL. One short connection and one read-only transaction per answer.
//!
//! What a role may not see is decided by asking for its privileges, never from zero rows or nulls; what a
//! replica cannot know is `unsupported`, never "never".

mod connections;
mod error;
mod options;
mod query;
mod read;
mod server;
mod session;
mod sizes;
mod tables;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub(super) use connections::Connections;
pub(super) use query::Query;
pub(super) use server::Server;
pub(super) use tables::Tables;
