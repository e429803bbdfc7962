//! Probes that run commands.

mod child;
mod family;
mod nagios;
mod output;

pub(super) use output::Output;
