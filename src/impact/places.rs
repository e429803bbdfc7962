//! Where the keys of a policy stand, for what the model of a policy keeps no place of.

use crate::policy::Policy;
use crate::source::Loc;
use crate::source::yaml::{Limits, Node, parse};

/// The document of a policy.
pub(super) struct Keys {
    root: Option<Node>,
    id: Loc,
}

impl Keys {
    /// Reads the document once more: nothing but a change asks for it.
    pub(super) fn of(policy: &Policy) -> Self {
        let documents = parse(&policy.loc.source, &Limits::default()).unwrap_or_default();
        let own = |root: &Node| root.get("policy").is_some_and(|id| id.loc.start == policy.loc.start);
        let root = documents.into_iter().map(|document| document.root).find(own);
        Self { root, id: policy.loc.clone() }
    }

    /// The value at a path of keys.
    pub(super) fn node(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self.root.as_ref()?, |node, key| node.get(key))
    }

    /// Where it stands: as much of the path as is there, or the policy's id.
    pub(super) fn at(&self, path: &[&str]) -> String {
        let found = (1..=path.len()).rev().find_map(|many| self.node(path.get(..many)?));
        found.map_or(&self.id, |node| &node.loc).to_string()
    }

    /// The text of a top-level value.
    pub(super) fn text(&self, key: &str) -> &str {
        self.node(&[key]).map_or("", |node| node.loc.text().trim())
    }
}
