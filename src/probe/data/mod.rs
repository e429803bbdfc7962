//! Probes that compare two systems, or one with what it was before.

#[cfg(feature = "sql")]
mod files;
#[cfg(feature = "sql")]
pub(super) mod stream;

#[cfg(feature = "sql")]
pub(super) use files::Files;
