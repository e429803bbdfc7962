//! Does a changed text say the same as before? Asked before a file is written that a person wrote.

use std::path::Path;
use std::sync::Arc;

use super::load::{File, Known, Loaded, documents, folder};
use crate::diag::Diag;
use crate::source::Source;
use crate::source::yaml::{self, Document, Limits, Node};

/// What may change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum May {
    /// Layout and notation only.
    Layout,
    /// Also words that nobody judges by: title and why, the order of tags, controls and incidents, and how often
    /// one of them stands there.
    Words,
}

/// Texts that are read by people only.
const READ: &[&str] = &["title", "why"];
/// Lists that are sets.
const SETS: &[&str] = &["tags", "controls", "prevents"];

/// Nothing is said otherwise by the new text of a file.
///
/// # Errors
/// Why it is not the same: what the new text is refused for, or in words.
pub fn same(old: &Arc<Source>, new: &Arc<Source>, known: Option<&Known>, may: May) -> Result<(), String> {
    let before = parsed(old).map_err(|diag| format!("the old text is no YAML: {}", diag.message))?;
    let after = parsed(new).map_err(|diag| format!("the new text would be no YAML: {}", diag.message))?;
    if before.len() != after.len() {
        return Err("it would have another number of documents".to_owned());
    }
    for (one, other) in before.iter().zip(&after) {
        if !alike(&one.root, &other.root, may) {
            return Err("it would say something else".to_owned());
        }
    }
    let (old, new) = (said(old, known), said(new, known));
    if old == new { Ok(()) } else { Err("it would be read otherwise".to_owned()) }
}

fn parsed(source: &Arc<Source>) -> Result<Vec<Document>, Diag> {
    let documents = yaml::parse(source, &Limits::default());
    documents.map_err(|diags| {
        let none = || Diag::error(&crate::diag::code::YAML_SYNTAX, "it cannot be read");
        diags.into_iter().next().unwrap_or_else(none)
    })
}

fn alike(one: &Node, other: &Node, may: May) -> bool {
    if may == May::Layout || one.get("policy").is_none() {
        return yaml::same(one, other);
    }
    let (a, b) = (one.pairs(), other.pairs());
    let pair = |((key, value), (k, v)): (&(Node, Node), &(Node, Node))| {
        let word = key.as_str().unwrap_or("");
        yaml::same(key, k)
            && (READ.contains(&word) || (SETS.contains(&word) && one_set(value, v)) || yaml::same(value, v))
    };
    a.len() == b.len() && a.iter().zip(b).all(pair)
}

fn one_set(one: &Node, other: &Node) -> bool {
    let within = |one: &Node, other: &Node| {
        one.items().iter().all(|item| other.items().iter().any(|known| yaml::same(item, known)))
    };
    !one.items().is_empty() && within(one, other) && within(other, one)
}

/// What the loader says of a text: of how many policies, and the codes and messages of what is wrong. Comments
/// count too, where one is an error.
fn said(source: &Arc<Source>, known: Option<&Known>) -> (Vec<Arc<str>>, Vec<(&'static str, String)>) {
    let mut loaded = Loaded::default();
    let folder = folder(Path::new(&*source.name));
    documents(&File { source: Arc::clone(source), library: None, folder }, known, &mut loaded);
    let ids = loaded.policies.iter().map(|policy| Arc::clone(&policy.id)).collect();
    (ids, loaded.diags.into_iter().map(|diag| (diag.code.id, diag.message)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "policy: p\ntitle: It holds\ntier: daily\nseverity: high\nowner: team\nwhy: It was agreed.\ntarget: { type: host }\nobserve: { usage: { probe: disk.usage } }\nremedy: { steps: [{ do: Mend it. }] }\ntags: [a, b, a]\nfail: free < 1.GiB\n";

    fn changed(from: &str, to: &str, may: May) -> Result<(), String> {
        assert!(POLICY.contains(from));
        same(&Source::new("p.yaml", POLICY), &Source::new("p.yaml", POLICY.replace(from, to)), None, may)
    }

    #[test]
    fn layout_and_comments_change_nothing() {
        for (from, to) in
            [("{ type: host }", "\n  type:   host # c"), ("tags: [a, b, a]", "tags:\n  - a\n  - 'b'\n  - a")]
        {
            assert_eq!(changed(from, to, May::Layout), Ok(()), "{to}");
        }
    }

    #[test]
    fn words_are_no_verdict() {
        for (from, to) in [("It holds", "It still holds"), ("[a, b, a]", "[a, b]"), ("It was", "Somebody")] {
            assert!(changed(from, to, May::Layout).is_err(), "{to}");
            assert_eq!(changed(from, to, May::Words), Ok(()), "{to}");
        }
    }

    #[test]
    fn what_could_change_a_verdict_is_refused() {
        for (from, to) in [
            ("1.GiB", "2.GiB"),
            ("[a, b, a]", "[a]"),
            ("tags: [a, b, a]\n", ""),
            ("policy: p", "policy: q"),
            ("daily", "weekly"),
            ("host }", "host"),
            ("owner: team\n", ""),
            ("free < 1.GiB\n", "free < 1.GiB # || true\n"),
            ("fail: free", "---\nfail: free"),
        ] {
            assert!(changed(from, to, May::Words).is_err(), "{to}");
        }
    }
}
