//! Probes of MySQL and MariaDB.

mod decode;
mod error;
mod paths;
mod query;
mod session;
#[cfg(test)]
mod tests;

pub(super) use paths::send as send_paths;
pub(super) use query::Query;
