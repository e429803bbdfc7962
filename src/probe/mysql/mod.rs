//! Probes of MySQL and MariaDB.

mod decode;
mod error;
mod query;
mod session;
#[cfg(test)]
mod tests;

pub(super) use query::Query;
