//! Probes that run commands.

pub(super) mod child;
mod family;
mod nagios;
mod output;

pub(super) use output::{Output, words};
