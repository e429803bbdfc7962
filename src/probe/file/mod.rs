//! Probes of files.

mod set;
mod stat;

pub(super) use set::Set;
pub(super) use stat::Stat;
