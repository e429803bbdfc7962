//! Probes of MySQL and MariaDB.

mod decode;
pub(super) mod error;
mod paths;
mod query;
pub(super) mod session;
#[cfg(test)]
pub(in crate::probe) mod tests;

pub(super) use paths::send as send_paths;
pub(super) use query::{Query, refused};
