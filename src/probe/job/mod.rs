//! Probes of background jobs.

mod canary;
mod cleanup;
mod finished;
mod guardian;
mod marker;
mod step;

pub(super) use canary::Canary;
pub(super) use finished::Finished;
