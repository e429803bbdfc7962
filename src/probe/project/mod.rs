//! What a project says of itself.

mod latest;

pub use latest::evidence_state;

pub(super) use latest::Latest;
