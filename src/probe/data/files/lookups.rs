//! Without a listing of the whole tree: only what rows name is looked at, directory by directory.
//!
//! Reading a directory costs about a fifth of a look-up for each entry while inodes are in memory, and a tenth when
//! they are not. So a directory is read as long as that can pay, and the rest looked up one by one.

use std::collections::HashSet;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, OFlags, RawDir, statat};

use super::join::{Named, Work};
use super::look::{Root, Store};
use super::rows::directory;
use super::tally::Sort;
use crate::fact::Missing;

/// As many entries are read for each reference that is not found yet.
const ENTRIES: usize = 8;

/// Fewer references are not worth a read.
const FEWEST: usize = 8;

impl Work<'_> {
    /// One part, which holds all references of its directories.
    pub(super) fn looked_up(&mut self, references: &[u8]) -> Result<(), Missing> {
        let (mut named, _) = self.named(references)?;
        named.sort_unstable_by(|one, other| {
            let key =
                |named: &Named<'_>| (directory(named.reference.path).to_vec(), named.reference.path.to_vec());
            key(one).cmp(&key(other))
        });
        let same = |one: &Named<'_>, other: &Named<'_>| {
            directory(one.reference.path) == directory(other.reference.path)
        };
        for members in named.chunk_by(same) {
            match self.join.store {
                Store::Tree(root) => self.directory(root, members)?,
                #[cfg(feature = "net")]
                Store::Objects(_) => self.look(&members.iter().collect::<Vec<_>>())?,
            }
        }
        Ok(())
    }

    fn directory(&mut self, root: &Root, members: &[Named<'_>]) -> Result<(), Missing> {
        let Some(first) = members.first() else { return Ok(()) };
        self.stop("looking for what rows name")?;
        let path = directory(first.reference.path);
        let place: &[u8] = if path.is_empty() { b"." } else { path };
        let entered = root.enter(place, OFlags::RDONLY | OFlags::DIRECTORY);
        let Ok((handle, closed)) =
            entered.and_then(|handle| root.is_closed(&handle).map(|closed| (handle, closed)))
        else {
            // Not there, closed, or outside: each reference says what of it.
            return self.look(&members.iter().collect::<Vec<_>>());
        };
        let listed = if members.len() >= FEWEST && !self.join.question.looks_at_inodes() {
            list(&handle, members)
        } else {
            HashSet::new()
        };
        for named in members {
            let name = name(named);
            if listed.contains(name) {
                self.there(named, None, false, None)?;
                continue;
            }
            let gone = match statat(&handle, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink => {
                    self.look(&[named])?;
                    continue;
                }
                Ok(stat) => self.place(named, root.seen(&stat, closed))?,
                Err(error) => self.place(named, root.place(named.reference.path, error))?,
            };
            if gone {
                self.tally.add(Sort::Missing, named.reference.path)?;
            }
        }
        Ok(())
    }
}

fn name<'a>(named: &Named<'a>) -> &'a [u8] {
    named.reference.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// The names of regular files, of those that are looked for, as far as reading pays. What is not among them is
/// looked up, so that neither an error nor a file that came meanwhile makes one missing.
fn list(handle: &OwnedFd, members: &[Named<'_>]) -> HashSet<Vec<u8>> {
    let mut wanted: HashSet<&[u8]> = members.iter().map(name).collect();
    let mut found = HashSet::new();
    let mut read = 0;
    let mut buffer = vec![MaybeUninit::uninit(); 64 << 10];
    let mut entries = RawDir::new(handle, &mut buffer);
    while let Some(Ok(entry)) = entries.next() {
        let name = entry.file_name().to_bytes();
        if entry.file_type() == FileType::RegularFile && wanted.remove(name) {
            found.insert(name.to_vec());
        }
        read += 1;
        if wanted.is_empty() || read > members.len() + ENTRIES * wanted.len() {
            break;
        }
    }
    found
}
