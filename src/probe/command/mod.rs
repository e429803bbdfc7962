//! Probes that run commands.

mod child;
mod nagios;
mod output;

pub(super) use output::Output;
