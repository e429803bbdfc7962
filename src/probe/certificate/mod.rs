//! Probes of certificates.

mod container;
mod file;

pub(super) use file::File;
