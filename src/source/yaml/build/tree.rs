//! The flat list of a document to its tree.

use super::{Builder, Shape};
use crate::source::Loc;
use crate::source::yaml::{Kind, Marks, Node, Scalar, Style};
use compact_str::CompactString;

impl Builder<'_> {
    /// The node of an item, and the index of the item behind it.
    pub(super) fn node(&self, index: usize) -> (Option<Node>, usize) {
        let Some(item) = self.items.get(index) else { return (None, index) };
        let (kind, next) = match &item.shape {
            Shape::Scalar(text, style) => {
                (Kind::Scalar(Scalar { text: (&**text).into(), style: *style }), index + 1)
            }
            Shape::Seq(span) => (Kind::Seq(self.nodes_between(index + 1, index + span)), index + span),
            Shape::Map(span) => (Kind::Map(self.pairs(index + 1, index + span)), index + span),
            Shape::Alias(target) => {
                let alias = self.loc(item.start, item.end);
                let seen = |mut node: Node| {
                    node.marks.get_or_insert_default().alias = Some(alias);
                    node
                };
                return (self.node(*target).0.map(seen), index + 1);
            }
        };
        let anchor = item.anchor.map(|(start, end)| self.loc(start, end));
        let mut node = Node::plain(self.loc(item.start, item.end), kind);
        if item.tag.is_some() || anchor.is_some() {
            node.marks = Some(Box::new(Marks { tag: item.tag.clone(), anchor, alias: None }));
        }
        (Some(node), next)
    }

    fn nodes_between(&self, mut index: usize, end: usize) -> Vec<Node> {
        let mut nodes = Vec::new();
        while index < end {
            let (node, next) = self.node(index);
            nodes.extend(node);
            index = next;
        }
        nodes
    }

    fn pairs(&self, mut index: usize, end: usize) -> Vec<(Node, Node)> {
        let mut pairs = Vec::new();
        while index < end {
            let (key, behind) = self.node(index);
            let (value, next) = self.node(behind);
            pairs.extend(key.zip(value));
            index = next;
        }
        pairs
    }
}

/// A value where nothing is written.
pub(super) fn missing(loc: Loc) -> Node {
    let kind = Kind::Scalar(Scalar { text: CompactString::const_new(""), style: Style::Plain });
    Node::plain(loc, kind)
}
