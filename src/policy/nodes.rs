//! What stands at a key that may not be there; its shape was checked before.

use std::sync::Arc;

use crate::source::yaml::Node;

/// The entries of a map.
pub(super) fn pairs(node: Option<&Node>) -> &[(Node, Node)] {
    node.map_or(&[], Node::pairs)
}

/// The items of a list.
pub(super) fn items(node: Option<&Node>) -> &[Node] {
    node.map_or(&[], Node::items)
}

/// What becomes of each item, with room for as many and no more: a list that grows begins with room for four, and most lists of a
/// policy have one item.
pub(super) fn each<'a, N, T>(nodes: &'a [N], made: impl FnMut(&'a N) -> Option<T>) -> Vec<T> {
    let mut all = Vec::with_capacity(nodes.len());
    all.extend(nodes.iter().filter_map(made));
    all
}

/// A text without white space around it.
pub(super) fn text(node: Option<&Node>) -> Option<Arc<str>> {
    node.and_then(Node::text)
}

/// The texts of a list.
pub(super) fn texts(node: Option<&Node>) -> Vec<Arc<str>> {
    each(items(node), Node::text)
}
