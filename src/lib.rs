//! `passmuster`: the checker that never passes what is broken.

pub mod diag;
pub mod source;
