//! `passmuster`: the checker that never passes what is broken.

pub mod cli;
pub mod diag;
pub mod fact;
pub mod judge;
pub mod lint;
pub mod observe;
pub mod plan;
pub mod policy;
pub mod probe;
pub mod report;
pub mod rule;
pub mod secret;
pub mod source;
pub mod store;
pub mod verdict;

#[cfg(test)]
#[path = "../tests/support/faults.rs"]
pub(crate) mod faults;

#[cfg(test)]
#[path = "../tests/support/http.rs"]
pub(crate) mod http;

#[cfg(test)]
#[path = "../tests/support/tls.rs"]
pub(crate) mod tls;
