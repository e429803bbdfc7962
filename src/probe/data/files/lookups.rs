//! Without a listing of the whole tree: only what rows name is looked at, directory by directory.
//!
//! Reading a directory costs about a fifth of a look-up for each entry while inodes are in memory, and a tenth when
//! they are not. So a directory is read as long as that can pay, and the rest looked up one by one.

use std::collections::HashSet;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, OFlags, RawDir, statat};

use super::join::{Named, Work};
use super::look::{Place, is_file};
use super::rows::directory;
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
            self.directory(members)?;
        }
        Ok(())
    }

    fn directory(&mut self, members: &[Named<'_>]) -> Result<(), Missing> {
        let Some(first) = members.first() else { return Ok(()) };
        self.stop("looking for what rows name")?;
        let path = directory(first.reference.path);
        let place: &[u8] = if path.is_empty() { b"." } else { path };
        let Ok(handle) = self.join.root.enter(place, OFlags::RDONLY | OFlags::DIRECTORY) else {
            // Not there, closed, or outside: each reference says what of it.
            return self.one_by_one(members.iter());
        };
        let listed = if members.len() >= FEWEST && !self.join.question.looks_at_inodes() {
            list(&handle, members)
        } else {
            HashSet::new()
        };
        for named in members {
            let name = name(named);
            if listed.contains(name) {
                self.there(named, None, false)?;
                continue;
            }
            let gone = match statat(&handle, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) if is_file(&stat) => self.place(named, Place::File(stat))?,
                Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink => self.look(named)?,
                Ok(_other) => self.place(named, Place::Other)?,
                Err(error) => {
                    let place = self.join.root.place(named.reference.path, error);
                    self.place(named, place)?
                }
            };
            self.gone(named, gone)?;
        }
        Ok(())
    }

    fn one_by_one<'b>(&mut self, members: impl Iterator<Item = &'b Named<'b>>) -> Result<(), Missing> {
        for named in members {
            let gone = self.look(named)?;
            self.gone(named, gone)?;
        }
        Ok(())
    }

    fn gone(&mut self, named: &Named<'_>, gone: bool) -> Result<(), Missing> {
        if gone { self.tally.add(super::tally::Sort::Missing, named.reference.path) } else { Ok(()) }
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
