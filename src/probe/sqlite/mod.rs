//! Probes of SQLite files: opened read-only, never created, stopped from within at the deadline.

mod database;
pub(super) mod error;
mod paths;
mod query;
pub(super) mod session;
mod tables;
#[cfg(test)]
mod tests;

pub(super) use database::Database;
pub(super) use paths::send as send_paths;
pub(super) use query::Query;
pub(super) use tables::Tables;
