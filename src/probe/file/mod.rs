//! Probes of files.

mod find;
mod set;
mod stat;
mod tree;

pub(super) use set::Set;
pub(super) use stat::Stat;
pub(super) use tree::Tree;
