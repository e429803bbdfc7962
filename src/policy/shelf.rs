//! Files that were read before, so that after an edit only what was edited is read and checked again.
//!
//! A file is the same if its text is; its text is read again unless the file system says that nobody wrote to it.
//! That is believed of a file that was old when it was read, because two writes within one tick of the file
//! system's clock look alike.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hashbrown::HashMap;
use jiff::Timestamp;

use super::Policy;
use super::cores::by_turns;
use super::load::{Entry, File, Known, Loaded, Origin, documents, find_all, folder, panicked};
use crate::diag::Diag;
use crate::source::yaml::{self, Limits};
use crate::source::{Loc, Source};

/// What one file holds. The same value as long as its text, the scripts beside it and the project's names are.
pub struct Part {
    /// The text, if it could be read.
    pub source: Option<Arc<Source>>,
    /// Policies without a fault.
    pub policies: Vec<Arc<Policy>>,
    /// Ids and places of policies that could not be loaded.
    pub broken: Vec<(Arc<str>, Loc)>,
    /// What is wrong with them, and with the file.
    pub diags: Vec<Diag>,
}

/// What the file system says of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    size: u64,
    inode: u64,
    device: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(meta: &Metadata) -> Self {
        Self {
            size: meta.size(),
            inode: meta.ino(),
            device: meta.dev(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }

    /// Would a write after this time be seen?
    fn is_old(&self, now: Timestamp) -> bool {
        const TICKS: i64 = 2;
        self.changed.0.max(self.modified.0) + TICKS <= now.as_second()
    }
}

struct Kept {
    part: Arc<Part>,
    /// Only of files that were old when they were read, and need no script.
    stamp: Option<Stamp>,
}

impl Kept {
    /// Only of a file that is known the file system is asked before it is read.
    fn is_as_it_was(&self, path: &Path) -> bool {
        self.stamp.is_some() && self.stamp == std::fs::metadata(path).ok().map(|meta| Stamp::of(&meta))
    }
}

/// Files that were read, by path.
#[derive(Default)]
pub struct Shelf {
    known: Option<Known>,
    kept: HashMap<PathBuf, Kept>,
    built_in: HashMap<Arc<str>, Arc<Part>>,
    /// The sources of the last look, and what there was.
    last: Option<(Vec<Origin>, Vec<Entry>, Loaded)>,
}

/// What is known of the files before they are looked at.
#[derive(Clone, Copy)]
pub enum Edited<'a> {
    /// Nothing: all folders are read, and every file is asked whether it changed.
    Unknown,
    /// Only these changed since the last look, as an editor knows that is told of every change. One that was not there then,
    /// or is not there any more, makes it `Unknown`.
    Only(&'a [PathBuf]),
}

/// What [`Shelf::load`] gives: the files in order, and what else was loaded.
pub struct Parts {
    /// The files, in order.
    pub parts: Vec<Arc<Part>>,
    /// Case files, and what is wrong with the sources themselves; no policies.
    pub others: Loaded,
}

impl Shelf {
    /// Reads all sources as [`super::load::load`] does, except what did not change. `now` is the time of the clock
    /// by which files are stamped.
    pub fn load(
        &mut self,
        origins: &[(Origin, Option<Loc>)],
        known: Option<&Known>,
        tests: bool,
        (edited, now): (Edited<'_>, Timestamp),
    ) -> Parts {
        if self.known.as_ref() != known {
            *self = Self { known: known.cloned(), ..Self::default() };
        }
        let last = self.last.take();
        let named = || origins.iter().map(|(origin, _)| origin);
        let last = last.filter(|(origins, ..)| !tests && origins.iter().eq(named()) && self.knows(edited));
        let edited = if last.is_some() { edited } else { Edited::Unknown };
        let (entries, mut others) =
            last.map_or_else(|| find_all(origins, tests), |(_, entries, others)| (entries, others));
        let Some(read) = by_turns(&entries, |entry| self.read(entry, edited, now)) else {
            others.diags.extend(panicked().diags);
            return Parts { parts: Vec::new(), others };
        };
        let parts = read.iter().map(|(part, _)| Arc::clone(part)).collect();
        self.keep(&entries, read, edited);
        self.last = Some((named().cloned().collect(), entries, others.clone()));
        Parts { parts, others }
    }

    /// Were all of these there at the last look, and are they still?
    fn knows(&self, edited: Edited<'_>) -> bool {
        let Edited::Only(paths) = edited else { return false };
        paths.iter().all(|path| self.kept.contains_key(path) && path.is_file())
    }

    fn keep(&mut self, entries: &[Entry], read: Vec<(Arc<Part>, Option<Stamp>)>, edited: Edited<'_>) {
        if matches!(edited, Edited::Unknown) {
            self.kept = HashMap::with_capacity(entries.len());
        }
        for (entry, (part, stamp)) in entries.iter().zip(read) {
            match entry {
                Entry::Path(path) => match self.kept.get_mut(path) {
                    Some(kept) => *kept = Kept { part, stamp },
                    None => drop(self.kept.insert(path.clone(), Kept { part, stamp })),
                },
                Entry::Ready(file) => drop(self.built_in.insert(Arc::clone(&file.source.name), part)),
            }
        }
    }

    fn read(&self, entry: &Entry, edited: Edited<'_>, now: Timestamp) -> (Arc<Part>, Option<Stamp>) {
        let path = match entry {
            Entry::Path(path) => path,
            Entry::Ready(file) => {
                let known = self.built_in.get(&file.source.name).map(Arc::clone);
                return (known.unwrap_or_else(|| self.decode(file)), None);
            }
        };
        let before = self.kept.get(path);
        if let (Some(kept), Edited::Only(paths)) = (before, edited)
            && !paths.contains(path)
            && kept.part.source.is_some()
            && !needs_more(&kept.part)
        {
            return (Arc::clone(&kept.part), kept.stamp);
        }
        if let Some(kept) = before.filter(|kept| kept.is_as_it_was(path)) {
            return (Arc::clone(&kept.part), kept.stamp);
        }
        let (source, meta) = match yaml::read_with_metadata(path, &Limits::default()) {
            Ok(read) => read,
            Err(diag) => {
                let part = Part { source: None, policies: Vec::new(), broken: Vec::new(), diags: vec![diag] };
                return (Arc::new(part), None);
            }
        };
        let same = |kept: &&Kept| kept.part.source.as_ref() == Some(&source) && !needs_more(&kept.part);
        let part = match before.filter(same) {
            Some(kept) => Arc::clone(&kept.part),
            None => self.decode(&File { source, library: None, folder: folder(path) }),
        };
        let stamp = Some(Stamp::of(&meta)).filter(|stamp| stamp.is_old(now) && !needs_more(&part));
        (part, stamp)
    }

    fn decode(&self, file: &File) -> Arc<Part> {
        let mut loaded = Loaded::default();
        documents(file, self.known.as_ref(), &mut loaded);
        let Loaded { policies, broken, diags, .. } = loaded;
        Arc::new(Part { source: Some(Arc::clone(&file.source)), policies, broken, diags })
    }
}

/// Does what it holds depend on another file? A script may stand beside a policy, and a policy that could not be
/// loaded may want one.
fn needs_more(part: &Part) -> bool {
    part.policies.iter().any(|policy| policy.script.is_some())
        || part
            .source
            .as_ref()
            .is_some_and(|source| !part.broken.is_empty() && source.text.contains("script"))
}

impl Parts {
    /// Everything in one, as [`super::load::load`] gives it.
    pub fn whole(&self) -> Loaded {
        let others = &self.others;
        let mut loaded =
            Loaded { cases: others.cases.clone(), diags: others.diags.clone(), ..Loaded::default() };
        for part in &self.parts {
            loaded.policies.extend(part.policies.iter().map(Arc::clone));
            loaded.broken.extend(part.broken.iter().cloned());
            loaded.diags.extend(part.diags.iter().cloned());
        }
        super::load::duplicates(&mut loaded);
        loaded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "title: It holds\ntier: daily\nseverity: high\nowner: team\nwhy: It was agreed.\ntarget: { type: host }\nobserve: { usage: { probe: disk.usage } }\nremedy: { steps: [{ do: Mend it. }] }\n";

    fn write(folder: &Path, id: &str, rule: &str) {
        std::fs::write(folder.join(format!("{id}.yaml")), format!("policy: {id}\n{POLICY}{rule}\n")).unwrap();
    }

    fn load(shelf: &mut Shelf, folder: &Path, later: i64) -> Parts {
        let now = Timestamp::now() + jiff::SignedDuration::from_secs(later);
        shelf.load(&[(Origin::Path(folder.to_owned()), None)], None, false, (Edited::Unknown, now))
    }

    #[test]
    fn only_what_was_edited_is_decoded_again() {
        let folder = tempfile::tempdir().unwrap();
        ["a", "b"].iter().for_each(|id| write(folder.path(), id, "fail: free < 1.GiB"));
        for later in [0, 10] {
            let mut shelf = Shelf::default();
            write(folder.path(), "b", "fail: free < 1.GiB");
            let first = load(&mut shelf, folder.path(), later);
            // As long as before, and perhaps within the same tick.
            write(folder.path(), "b", "fail: free < 2.GiB");
            let second = load(&mut shelf, folder.path(), 0);
            assert!(Arc::ptr_eq(&first.parts[0], &second.parts[0]));
            assert!(later > 0 || !Arc::ptr_eq(&first.parts[1], &second.parts[1]));
            std::fs::remove_file(folder.path().join("a.yaml")).unwrap();
            assert_eq!(load(&mut shelf, folder.path(), 0).whole().policies.len(), 1);
            write(folder.path(), "a", "fail: free < 1.GiB");
        }
    }

    #[test]
    fn an_editor_names_what_it_edited_and_what_came_or_went_is_seen_nevertheless() {
        let folder = tempfile::tempdir().unwrap();
        ["a", "b"].iter().for_each(|id| write(folder.path(), id, "fail: free < 1.GiB"));
        let origins = [(Origin::Path(folder.path().to_owned()), None)];
        let mut shelf = Shelf::default();
        let look = |shelf: &mut Shelf, names: &[&str]| {
            let paths: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
            let loaded = shelf.load(&origins, None, false, (Edited::Only(&paths), Timestamp::now()));
            loaded.whole().policies.iter().map(|policy| policy.fail[0].rule.node.text.to_string()).collect()
        };
        let rules: Vec<String> = look(&mut shelf, &["a.yaml"]);
        assert_eq!(rules, ["free < 1.GiB"; 2], "nothing was known of them yet");
        write(folder.path(), "a", "fail: free < 2.GiB");
        write(folder.path(), "b", "fail: free < 3.GiB");
        let rules: Vec<String> = look(&mut shelf, &["b.yaml"]);
        assert_eq!(rules, ["free < 1.GiB", "free < 3.GiB"], "the other one was not edited, it says");
        write(folder.path(), "c", "fail: free < 4.GiB");
        let rules: Vec<String> = look(&mut shelf, &["c.yaml"]);
        assert_eq!(rules, ["free < 2.GiB", "free < 3.GiB", "free < 4.GiB"]);
        std::fs::remove_file(folder.path().join("a.yaml")).unwrap();
        let rules: Vec<String> = look(&mut shelf, &["a.yaml"]);
        assert_eq!(rules, ["free < 3.GiB", "free < 4.GiB"]);
        write(folder.path(), "b", "script: s.rhai");
        std::fs::write(folder.path().join("s.rhai"), "fn judge(row, ctx) { pas() }").unwrap();
        let broken = |shelf: &mut Shelf| {
            let edited = [folder.path().join("b.yaml")];
            shelf.load(&origins, None, false, (Edited::Only(&edited), Timestamp::now())).whole().diags.len()
        };
        assert!(broken(&mut shelf) > 0);
        std::fs::write(folder.path().join("s.rhai"), "fn judge(row, ctx) { pass() }").unwrap();
        let edited = [folder.path().join("c.yaml")];
        let loaded = shelf.load(&origins, None, false, (Edited::Only(&edited), Timestamp::now())).whole();
        assert_eq!(loaded.diags, [], "the script was edited, and nobody said so");
    }

    #[test]
    fn a_script_that_changed_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a", "script: a.rhai");
        let script = folder.path().join("a.rhai");
        std::fs::write(&script, "fn judge(row, ctx) { pass() }").unwrap();
        let mut shelf = Shelf::default();
        assert_eq!(load(&mut shelf, folder.path(), 10).whole().diags, []);
        std::fs::write(&script, "fn judge(row, ctx) { pas() }").unwrap();
        assert!(!load(&mut shelf, folder.path(), 10).whole().diags.is_empty());
        std::fs::write(&script, "fn judge(row, ctx) { pass() }").unwrap();
        assert_eq!(load(&mut shelf, folder.path(), 10).whole().diags, []);
    }

    #[test]
    fn a_project_with_other_names_is_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a", "when: (target.labels.app ?? \"\") == \"shop\"\nfail: free < 1.GiB");
        let origins = [(Origin::Path(folder.path().to_owned()), None)];
        let now = Timestamp::now() + jiff::SignedDuration::from_secs(10);
        let mut shelf = Shelf::default();
        let label = |name: &str| Known {
            labels: Arc::new([Arc::from(name)].into_iter().collect()),
            ..Known::default()
        };
        assert_eq!(
            shelf.load(&origins, Some(&label("app")), false, (Edited::Unknown, now)).whole().diags,
            []
        );
        assert_eq!(
            shelf.load(&origins, Some(&label("role")), false, (Edited::Unknown, now)).whole().diags.len(),
            1
        );
    }
}
