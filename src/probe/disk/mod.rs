//! Probes of disks.

pub(super) mod mounts;
mod usage;

pub(super) use usage::Usage;
