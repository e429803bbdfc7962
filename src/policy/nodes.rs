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

/// A text without white space around it.
pub(super) fn text(node: Option<&Node>) -> Option<Arc<str>> {
    node.and_then(Node::text)
}

/// The texts of a list.
pub(super) fn texts(node: Option<&Node>) -> Vec<Arc<str>> {
    items(node).iter().filter_map(Node::text).collect()
}
