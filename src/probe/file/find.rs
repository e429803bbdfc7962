//! What lies at given paths.
//!
//! Paths are grouped by their directory, which is opened once, so that the kernel does not walk the whole
//! path for each of thousands of names; the answer keeps the order of the question.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat as Meta, open, statat};
use rustix::io::Errno;

use crate::fact::{Cause, Level, Missing};
use crate::probe::path;
use crate::probe::stop::Stop;

/// What was found at a path.
pub(super) enum Found {
    /// What the system says about it.
    There(Meta),
    /// Nothing, and which part of the path is not there.
    Gone(&'static str),
    /// Nobody can tell.
    Unknown(Arc<Missing>),
}

/// Looks at every path, directory by directory; the answers stand where the paths stand.
pub(super) fn find(paths: &[Arc<str>], follow: bool, stop: &Stop) -> Vec<Found> {
    let mut found: Vec<Option<Found>> = paths.iter().map(|_| None).collect();
    let mut set = |index: usize, what: Found| {
        if let Some(slot) = found.get_mut(index) {
            *slot = Some(what);
        }
    };
    let mut directories: Vec<(&str, Vec<(usize, &str)>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (index, path) in paths.iter().enumerate() {
        match path::checked(path) {
            Err(why) => set(index, Found::Unknown(Arc::new(why))),
            Ok(path) => {
                let (directory, _) = path.rsplit_once('/').unwrap_or(("", path));
                let place = *places.entry(directory).or_insert(directories.len());
                match directories.get_mut(place) {
                    Some((_, members)) => members.push((index, path)),
                    None => directories.push((directory, vec![(index, path)])),
                }
            }
        }
    }
    for (directory, members) in &directories {
        one_directory(directory, members, follow, stop, &mut set);
    }
    let never = || Found::Unknown(Arc::new(Missing::new(Cause::Internal, "this path was not looked at")));
    found.into_iter().map(|slot| slot.unwrap_or_else(never)).collect()
}

fn one_directory(
    directory: &str,
    members: &[(usize, &str)],
    follow: bool,
    stop: &Stop,
    set: &mut impl FnMut(usize, Found),
) {
    let above = Above::open(directory, members.len());
    let mut shut: Option<Arc<Missing>> = None;
    let mut stopped: Option<Arc<Missing>> = None;
    for (count, (index, path)) in members.iter().enumerate() {
        if count % 256 == 0 && stopped.is_none() {
            stopped = stop.check("looking at files").err().map(|why| Arc::new(why.level(Level::Row)));
        }
        if let Some(why) = &stopped {
            set(*index, Found::Unknown(Arc::clone(why)));
            continue;
        }
        set(
            *index,
            match above.stat(path, follow) {
                Ok(meta) => Found::There(meta),
                Err(Errno::NOENT) => Found::Gone(above.gone(path, follow)),
                Err(Errno::NOTDIR) => Found::Gone("directory"),
                Err(Errno::ACCESS) => Found::Unknown(Arc::clone(shut.get_or_insert_with(|| closed(path)))),
                Err(error) => Found::Unknown(Arc::new(path::fault(path, error))),
            },
        );
    }
}

/// One fault for everything in a directory that keeps us out. A link may lead elsewhere, so its own path is
/// named when nothing above it is closed.
fn closed(path: &str) -> Arc<Missing> {
    let directory = path.rsplit_once('/').map_or("/", |(directory, _)| directory);
    Arc::new(match path::closed_above(path) {
        Some(shut) => path::unsearchable(&format!("what lies in `{directory}`"), &shut),
        None => path::fault(path, Errno::ACCESS),
    })
}

/// The directory above some paths, open if that pays.
struct Above<'a> {
    directory: &'a str,
    handle: Option<OwnedFd>,
}

impl<'a> Above<'a> {
    fn open(directory: &'a str, members: usize) -> Self {
        let directory = if directory.is_empty() { "/" } else { directory };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = (members > 1).then(|| open(directory, flags, Mode::empty()).ok()).flatten();
        Self { directory, handle }
    }

    fn stat(&self, path: &str, follow: bool) -> Result<Meta, Errno> {
        let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
        match (&self.handle, path.rsplit_once('/')) {
            (Some(handle), Some((_, name))) if !name.is_empty() => statat(handle.as_fd(), name, flags),
            _ => statat(CWD, path, flags),
        }
    }

    /// Which part of a path is not there.
    fn gone(&self, path: &str, follow: bool) -> &'static str {
        if follow && self.stat(path, false).is_ok() {
            return "link-target";
        }
        let there = self.handle.is_some() || statat(CWD, self.directory, AtFlags::empty()).is_ok();
        if there { "file" } else { "directory" }
    }
}
