//! Where the parts of a policy stand in its text.
//!
//! A policy keeps the places of its expressions and not those of its texts, because thousands of policies are judged
//! and few are wrong. Whoever has something to say reads the text of that one policy again.

use crate::policy::Policy;
use crate::source::Loc;
use crate::source::yaml::{self, Node};

/// The text of one policy as a tree.
pub(super) struct Written {
    root: Option<Node>,
    /// The place of the id, which stands for what is not found.
    id: Loc,
}

impl Written {
    pub(super) fn of(policy: &Policy) -> Self {
        Self { root: yaml::again(&policy.text), id: policy.loc.clone() }
    }

    /// The value at a path of keys and positions.
    pub(super) fn node(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self.root.as_ref()?, |node, step| match step.parse::<usize>() {
            Ok(position) => node.items().get(position),
            Err(_) => node.get(step),
        })
    }

    /// The place of the value at a path.
    pub(super) fn value(&self, path: &[&str]) -> Loc {
        self.node(path).map_or_else(|| self.id.clone(), |node| node.loc.clone())
    }

    /// The place of the key at the end of a path.
    pub(super) fn key(&self, path: &[&str]) -> Loc {
        let found = path.split_last().and_then(|(key, before)| {
            let pairs = self.node(before)?.pairs();
            pairs.iter().find(|(name, _)| name.as_str() == Some(key)).map(|(name, _)| name.loc.clone())
        });
        found.unwrap_or_else(|| self.id.clone())
    }

    /// The first place of a piece of text in the scalar at a path; the whole scalar if it is not in it.
    pub(super) fn piece(&self, path: &[&str], piece: &str) -> Loc {
        let found = self.node(path).and_then(|node| {
            let start = node.as_str()?.find(piece)?;
            Some(node.place(start, start + piece.len()))
        });
        found.unwrap_or_else(|| self.value(path))
    }

    /// The same in a step of the remedy.
    pub(super) fn in_step(&self, index: usize, kind: &str, piece: &str) -> Loc {
        self.piece(&["remedy", "steps", &index.to_string(), kind], piece)
    }
}

/// The place of the value at a path of a policy's text.
pub(super) fn value(policy: &Policy, path: &[&str]) -> Loc {
    Written::of(policy).value(path)
}

#[cfg(test)]
mod tests {
    use super::super::testing::policy;
    use super::Written;

    #[test]
    fn parts_of_the_text_are_found() {
        let policy = policy(
            "fail: free < 1.GiB\nremedy:\n  steps:\n    - do: a\n    - shell: |\n        df -h TODO\n",
        );
        let written = Written::of(&policy);
        let todo = written.in_step(1, "shell", "TODO");
        assert_eq!((todo.text(), todo.line_column()), ("TODO", (6, 15)));
        assert_eq!(written.value(&["tier"]).text(), "daily");
        assert_eq!(written.key(&["fail"]).line_column(), (1, 1));
        assert_eq!(written.value(&["nothing", "3"]), policy.loc);
    }
}
