//! Probes of SQLite files: opened read-only, never created, stopped from within at the deadline.

mod database;
mod error;
mod paths;
mod query;
mod session;
mod tables;
#[cfg(test)]
mod tests;

pub(super) use database::Database;
pub(super) use paths::send as send_paths;
pub(super) use query::Query;
pub(super) use tables::Tables;
