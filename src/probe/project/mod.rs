//! What a project says of itself.

mod latest;

pub(super) use latest::Latest;
