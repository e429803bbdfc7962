//! `passmuster`: the checker that never passes what is broken.

pub mod diag;
pub mod fact;
pub mod probe;
pub mod secret;
pub mod source;
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
