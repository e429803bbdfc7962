//! Probes of MySQL and MariaDB.

mod decode;
pub(super) mod error;
mod query;
pub(super) mod session;
#[cfg(test)]
mod tests;

pub(super) use query::{Query, refused};
