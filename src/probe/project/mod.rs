//! What a project says of itself.

mod checks;
mod controls;
mod exceptions;
mod findings;
mod latest;
mod memory;
mod runs;
mod targets;

pub use latest::evidence_state;

pub(super) use checks::Checks;
pub(super) use controls::Controls;
pub(super) use exceptions::Exceptions;
pub(super) use findings::Findings;
pub(super) use latest::Latest;
pub(super) use runs::Runs;
pub(super) use targets::Targets;
