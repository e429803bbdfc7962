//! Probes of what answers on the network.
//!
//! Invariant: what did not answer is a [`Missing`](crate::fact::Missing) of its own row with its cause, so
//! that a dead endpoint is never a default value and never hides the others.

mod bucket;
mod call;
mod chain;
mod endpoint;
mod exchange;
mod fault;
mod port;
mod response;
mod starttls;
mod tls;
mod trust;

pub(super) use bucket::Bucket;
pub(super) use call::{Replied, call};
pub(super) use chain::Chain;
pub(super) use port::Port;
pub(super) use response::Response;
