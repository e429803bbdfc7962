//! `passmuster`: the checker that never passes what is broken.

pub mod diag;
pub mod fact;
pub mod judge;
pub mod plan;
pub mod policy;
pub mod probe;
pub mod report;
pub mod rule;
pub mod secret;
pub mod source;
pub mod store;
pub mod verdict;
