//! How much the documents of one stream may be.

use super::Limits;

/// A stream may hold many documents, but not without end.
pub(super) const STREAM: usize = 16;
/// Bytes of text that the aliases of a stream may repeat. They cost nothing in the text, and all of it in the tree.
pub(super) const REPEATED: usize = 4 * 1024 * 1024;

/// What documents were charged with.
#[derive(Clone, Copy, Default)]
pub(super) struct Charged {
    /// Nodes, those that aliases stand for included.
    pub(super) nodes: usize,
    /// Bytes of text that aliases repeat.
    pub(super) repeated: usize,
}

impl Charged {
    /// May one stream have as much?
    pub(super) fn is_allowed(self, limits: &Limits) -> bool {
        self.nodes <= most_nodes(limits) && self.repeated <= REPEATED
    }
}

/// How many nodes the documents of one stream may have.
pub(super) fn most_nodes(limits: &Limits) -> usize {
    limits.nodes.saturating_mul(STREAM)
}
