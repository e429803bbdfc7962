//! Probes of disks.

mod mounts;
mod usage;

pub(super) use usage::Usage;
