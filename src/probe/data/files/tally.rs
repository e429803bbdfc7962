//! Exact counts, the first few paths of each kind, and whole lists where somebody keeps them.

use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::shown;
use crate::fact::{Cause, Missing};

/// How many paths of each kind are told.
const FEW: usize = 20;

/// What can be wrong with a reference or a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Missing,
    Extra,
    Size,
    Content,
    Unreadable,
    Owner,
    Repeated,
    Outside,
    NotFile,
    Form,
    /// Written while it was read.
    Changing,
    /// What the row says is no digest.
    BadDigest,
}

/// All, with the names of their facts.
pub(super) const SORTS: [(Sort, &str, &str); 12] = [
    (Sort::Missing, "missing", "missing_paths"),
    (Sort::Extra, "extra", "extra_paths"),
    (Sort::Size, "size_differs", "size_differs_paths"),
    (Sort::Content, "content_differs", "content_differs_paths"),
    (Sort::Unreadable, "unreadable", "unreadable_paths"),
    (Sort::Owner, "wrong_owner", "wrong_owner_paths"),
    (Sort::Repeated, "repeated", "repeated_paths"),
    (Sort::Outside, "outside", "outside_paths"),
    (Sort::NotFile, "not_files", "not_files_paths"),
    (Sort::Form, "other_form", "other_form_paths"),
    (Sort::Changing, "changing", "changing_paths"),
    (Sort::BadDigest, "bad_digests", "bad_digests_paths"),
];

/// Counts of one thread, or of all.
#[derive(Default)]
pub(super) struct Tally {
    counts: [u64; SORTS.len()],
    first: [BinaryHeap<Vec<u8>>; SORTS.len()],
    lists: Option<Arc<Lists>>,
    pub(super) shut: Shut,
    /// Without a row, and younger than the question.
    pub(super) young: u64,
    pub(super) checked_owner: u64,
    pub(super) checked_size: u64,
    pub(super) checked_content: u64,
    /// Files that are there, and whose row has nothing to compare them with.
    pub(super) not_compared: u64,
    /// Paths that rows name, each once.
    pub(super) named: u64,
}

impl Tally {
    /// An empty one.
    pub(super) fn new(lists: Option<&Arc<Lists>>) -> Self {
        Self { lists: lists.map(Arc::clone), ..Self::default() }
    }

    /// One more.
    pub(super) fn add(&mut self, sort: Sort, path: &[u8]) -> Result<(), Missing> {
        let index = index(sort);
        if let (Some(count), Some(first)) = (self.counts.get_mut(index), self.first.get_mut(index)) {
            *count += 1;
            few(first, path);
        }
        match &self.lists {
            Some(lists) => lists.add(index, path),
            None => Ok(()),
        }
    }

    /// How many.
    pub(super) fn count(&self, sort: Sort) -> u64 {
        self.counts.get(index(sort)).copied().unwrap_or(0)
    }

    /// The first few in order.
    pub(super) fn paths(&self, sort: Sort) -> Vec<String> {
        let first = self.first.get(index(sort)).map(|first| first.clone().into_sorted_vec());
        first.unwrap_or_default().iter().map(|path| shown(path)).collect()
    }

    /// Those of another thread too.
    pub(super) fn merge(&mut self, other: Self) {
        for (mine, its) in self.counts.iter_mut().zip(other.counts) {
            *mine += its;
        }
        for (mine, its) in self.first.iter_mut().zip(other.first) {
            its.iter().for_each(|path| few(mine, path));
        }
        self.shut.add(other.shut);
        self.young += other.young;
        self.checked_owner += other.checked_owner;
        self.checked_size += other.checked_size;
        self.checked_content += other.checked_content;
        self.not_compared += other.not_compared;
        self.named += other.named;
    }
}

fn index(sort: Sort) -> usize {
    SORTS.iter().position(|(known, ..)| *known == sort).unwrap_or(usize::MAX)
}

/// Keeps the smallest, so that the same answer shows the same paths.
fn few(first: &mut BinaryHeap<Vec<u8>>, path: &[u8]) {
    if first.len() < FEW {
        first.push(path.to_vec());
    } else if let Some(mut last) = first.peek_mut()
        && path < last.as_slice()
    {
        *last = path.to_vec();
    }
}

/// What could not be looked into.
#[derive(Default)]
pub(super) struct Shut {
    directories: u64,
    first: Option<(Vec<u8>, Missing)>,
}

impl Shut {
    /// A directory that could not be listed, or in which something could not be looked at.
    pub(super) fn directory(&mut self, path: &[u8], why: Missing) {
        self.directories += 1;
        if self.first.as_ref().is_none_or(|(first, _)| path < first.as_slice()) {
            self.first = Some((path.to_vec(), why));
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        let more = other.directories;
        if let Some((path, why)) = other.first {
            self.directory(&path, why);
            self.directories += more.saturating_sub(1);
        }
    }

    /// Why the answer is not complete.
    pub(super) fn why(self) -> Option<Missing> {
        let (_, mut why) = self.first?;
        if self.directories > 1 {
            why.what = format!("{} (and {} more)", why.what, self.directories - 1);
        }
        why.what = format!("{}; what lies there was not compared", why.what);
        Some(why)
    }
}

/// Whole lists, one file for each kind: paths, each ended by a zero byte, as `rsync --from0` and `xargs -0` read them.
pub(super) struct Lists {
    folder: PathBuf,
    files: [Mutex<Option<BufWriter<File>>>; SORTS.len()],
}

impl Lists {
    /// In this folder, which holds nothing of an earlier answer afterwards.
    pub(super) fn new(folder: &Path) -> Result<Arc<Self>, Missing> {
        let lists = Self { folder: folder.to_owned(), files: Default::default() };
        std::fs::create_dir_all(folder).map_err(|error| lists.fault(&error))?;
        for (_, name, _) in SORTS {
            let file = File::create(folder.join(name)).map_err(|error| lists.fault(&error))?;
            if let Some(slot) =
                SORTS.iter().position(|(_, known, _)| *known == name).and_then(|at| lists.files.get(at))
            {
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(BufWriter::new(file));
            }
        }
        Ok(Arc::new(lists))
    }

    /// Where they are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn add(&self, index: usize, path: &[u8]) -> Result<(), Missing> {
        let Some(slot) = self.files.get(index) else { return Ok(()) };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &mut *slot else { return Ok(()) };
        file.write_all(path).and_then(|()| file.write_all(&[0])).map_err(|error| self.fault(&error))
    }

    /// All that was said is in the files.
    pub(super) fn finish(&self) -> Result<(), Missing> {
        for slot in &self.files {
            if let Some(file) = &mut *slot.lock().unwrap_or_else(PoisonError::into_inner) {
                file.flush().map_err(|error| self.fault(&error))?;
            }
        }
        Ok(())
    }

    fn fault(&self, error: &std::io::Error) -> Missing {
        let what = format!("the lists in `{}` cannot be written: {error}", self.folder.display());
        Missing::new(Cause::Limit, what).fix("free some space there, or let muster write there")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_exact_and_the_same_few_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let lists = Lists::new(&dir.path().join("lists")).unwrap();
        let (mut one, mut other) = (Tally::new(Some(&lists)), Tally::new(Some(&lists)));
        for number in 0..100_u8 {
            let tally = if number % 2 == 0 { &mut one } else { &mut other };
            tally.add(Sort::Missing, &[200 - number]).unwrap();
        }
        one.merge(other);
        lists.finish().unwrap();
        assert_eq!(one.count(Sort::Missing), 100);
        assert_eq!(one.count(Sort::Extra), 0);
        let told = one.paths(Sort::Missing);
        assert_eq!((told.len(), told[0].as_str(), told[19].as_str()), (FEW, "e", "x"));
        assert_eq!(std::fs::read(lists.folder().join("missing")).unwrap().len(), 200);
        assert!(std::fs::read(lists.folder().join("extra")).unwrap().is_empty());
    }

    #[test]
    fn a_closed_directory_is_told_with_how_many_more() {
        let mut shut = Shut::default();
        let why = |text: &str| Missing::new(Cause::Denied, text.to_owned());
        shut.directory(b"b", why("b"));
        let mut other = Shut::default();
        other.directory(b"a", why("a"));
        other.directory(b"c", why("c"));
        shut.add(other);
        assert_eq!(shut.why().unwrap().what, "a (and 2 more); what lies there was not compared");
        assert_eq!(Shut::default().why(), None);
    }
}
