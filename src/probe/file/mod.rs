//! Probes of files.

mod account;
mod find;
mod set;
mod stat;
mod tree;
mod volume;

pub(super) use set::Set;
pub(super) use stat::Stat;
pub(super) use tree::Tree;
pub(super) use volume::Volume;
