//! Probes of files.

mod stat;

pub(super) use stat::Stat;
