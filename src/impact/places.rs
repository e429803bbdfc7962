//! Where the keys of a policy stand, for what the model of a policy keeps no place of.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::policy::Policy;
use crate::source::yaml::{Document, Limits, Node, parse};
use crate::source::{Loc, Source};

thread_local! {
    /// The documents of the last files that were asked for, one of each version: thousands of policies may stand in
    /// one.
    static LAST: RefCell<Vec<Read>> = const { RefCell::new(Vec::new()) };
}

/// A text with its documents.
type Read = (Arc<String>, Rc<Vec<Document>>);

fn documents(source: &Arc<Source>) -> Rc<Vec<Document>> {
    LAST.with_borrow_mut(|last| {
        if let Some((_, documents)) = last.iter().find(|(text, _)| Arc::ptr_eq(text, &source.text)) {
            return Rc::clone(documents);
        }
        // A policy of this file was loaded, so it is whole; without it, places are those of ids.
        let documents = Rc::new(parse(source, &Limits::default()).unwrap_or_default());
        last.truncate(1);
        last.insert(0, (Arc::clone(&source.text), Rc::clone(&documents)));
        documents
    })
}

/// The document of a policy.
pub(super) struct Keys {
    root: Option<Node>,
    id: Loc,
}

impl Keys {
    /// Reads the document once more: nothing but a change asks for it.
    pub(super) fn of(policy: &Policy) -> Self {
        let own = |root: &&Node| root.get("policy").is_some_and(|id| id.loc.start == policy.loc.start);
        let documents = documents(&policy.loc.source);
        let root = documents.iter().map(|document| &document.root).find(own).cloned();
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

    /// The top-level keys.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.root.iter().flat_map(Node::pairs).filter_map(|(key, _)| key.as_str())
    }

    /// The text of a top-level value.
    pub(super) fn text(&self, key: &str) -> &str {
        self.node(&[key]).map_or("", |node| node.loc.text().trim())
    }
}
