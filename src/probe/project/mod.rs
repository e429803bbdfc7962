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

pub(super) use latest::Latest;
use memory::Memory;

pub(super) static CHECKS: Memory = Memory(checks::look);
pub(super) static CONTROLS: Memory = Memory(controls::look);
pub(super) static EXCEPTIONS: Memory = Memory(exceptions::look);
pub(super) static FINDINGS: Memory = Memory(findings::look);
pub(super) static RUNS: Memory = Memory(runs::look);
pub(super) static TARGETS: Memory = Memory(targets::look);
