//! What a finding of a lint is recognised by, while lines come and go around it.

use std::path::{Component, Path, PathBuf};

use hashbrown::HashMap;
use sha2::{Digest as _, Sha256};

use crate::diag::{Diag, Level};

/// From where files are named, so that a finding is the same one on every machine.
#[derive(Clone, Debug)]
pub struct Base {
    /// The current folder.
    pub here: PathBuf,
    /// The folder of the project, or the current one.
    pub root: PathBuf,
}

impl Base {
    /// The name of a file as seen from the root.
    pub fn name(&self, name: &str) -> String {
        if name.starts_with("builtin:") {
            return name.to_owned();
        }
        let (path, root) = (plain(&self.here.join(name)), plain(&self.here.join(&self.root)));
        climbed(&path, &root).display().to_string()
    }
}

/// A path as seen from a folder. Two that have nothing in common are on machines of their own, so that the whole path is
/// the better name.
fn climbed(path: &Path, root: &Path) -> PathBuf {
    let common = root.ancestors().enumerate().find(|(_, folder)| path.starts_with(folder));
    match common {
        Some((up, folder)) if up == 0 || folder.parent().is_some() => {
            let climb: PathBuf = std::iter::repeat_n("..", up).collect();
            path.strip_prefix(folder).map_or_else(|_| path.to_owned(), |inside| climb.join(inside))
        }
        _ => path.to_owned(),
    }
}

/// Without `.` and `..`; links are followed by nobody.
fn plain(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts
}

/// A fingerprint of each: made of what is wrong, the file, and the text of its line. The second of one line is
/// another one.
pub fn fingerprints<'a>(diags: impl IntoIterator<Item = &'a Diag>, base: &Base) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let one = |diag| {
        let print = fingerprint(diag, base);
        let again = seen.entry(print.clone()).and_modify(|many| *many += 1).or_insert(0);
        if *again == 0 { print } else { format!("{print}-{again}") }
    };
    diags.into_iter().map(one).collect()
}

fn fingerprint(diag: &Diag, base: &Base) -> String {
    let mut hash = Sha256::new();
    hash.update(diag.code.id);
    // What became worse is new.
    hash.update([u8::from(diag.level == Level::Error)]);
    if let Some(loc) = diag.labels.first().map(|label| &label.loc) {
        let (line, _) = loc.line_column();
        let text = loc.source.text.lines().nth(line - 1).unwrap_or_default();
        hash.update([0]);
        hash.update(base.name(&loc.source.name).as_bytes());
        hash.update([0]);
        hash.update(text.trim().as_bytes());
        hash.update([0]);
        hash.update(policy_at(&loc.source.text, loc.start as usize).as_bytes());
    } else {
        hash.update(diag.message.as_bytes());
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The id in the document of a place: the same line of another policy is another finding.
fn policy_at(text: &str, at: usize) -> &str {
    let (before, after) = (text.get(..at).unwrap_or(""), text.get(at..).unwrap_or(""));
    let start = before.rfind("\n---").map_or(0, |break_at| break_at + 1);
    let end = after.find("\n---").map_or(text.len(), |break_at| at + break_at);
    let mut lines = text.get(start..end).unwrap_or("").lines();
    lines.find_map(|line| line.strip_prefix("policy:")).map_or("", str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_name_wherever_one_stands() {
        let base = |here: &str, root: &str| Base { here: here.into(), root: root.into() };
        for (here, root, name) in [
            ("/a/b", "/a/b", "p/x.yaml"),
            ("/a/b", "/a/b", "/a/b/p/x.yaml"),
            ("/a/b/p", "/a/b", "x.yaml"),
            ("/a/b/q", "/a/b", "../p/./x.yaml"),
            ("/a", "b", "b/p/x.yaml"),
        ] {
            assert_eq!(base(here, root).name(name), "p/x.yaml");
        }
        assert_eq!(base("/a", "/a").name("/c/x.yaml"), "/c/x.yaml");
        assert_eq!(base("/a/b/c", "/a/b").name("/a/d/x.yaml"), "../d/x.yaml");
    }
}
