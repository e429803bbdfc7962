//! Probes of files.

mod find;
mod set;
mod stat;

pub(super) use set::Set;
pub(super) use stat::Stat;
