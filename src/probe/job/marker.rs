//! What remembers a canary until it is removed, so that the next run can remove it: an empty file, locked while its run lives.
//!
//! The kernel lets go of the lock when the run ends, in whatever way; a file that can be locked belongs to nobody.

use std::fs::DirBuilder;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, flock, fstat, open, statat};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use crate::fact::{Cause, Missing};
use crate::probe::path;
use crate::probe::x509::hex;

/// A canary that is remembered. The file stays when this goes, unless it is [`forget`](Marker::forget)ed.
pub(super) struct Marker {
    file: PathBuf,
    _locked: OwnedFd,
    /// Whose it is.
    pub(super) token: String,
}

impl Marker {
    /// Remembers one, before it is there.
    pub(super) fn new(folder: &Path, way: &str, token: &str) -> Result<Self, Missing> {
        let (new, file) = (folder.join(format!(".{token}")), folder.join(format!("{}.{token}", short(way))));
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let locked = open(&new, flags, Mode::RUSR | Mode::WUSR).map_err(|error| unwritable(folder, error))?;
        // Locked before it has the name by which others find it.
        flock(&locked, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| unwritable(folder, error))?;
        rustix::fs::rename(&new, &file).map_err(|error| unwritable(folder, error))?;
        Ok(Self { file, _locked: locked, token: token.to_owned() })
    }

    /// Those of this way whose runs have ended.
    pub(super) fn left(folder: &Path, way: &str) -> Result<Vec<Self>, Missing> {
        let shown = folder.display().to_string();
        let entries = std::fs::read_dir(folder).map_err(|error| path::io_fault(&shown, &error))?;
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| path::io_fault(&shown, &error))?.file_name();
            let token = name.to_str().and_then(|name| name.strip_prefix(&format!("{}.", short(way))));
            if let Some(token) = token.filter(|token| is_token(token)) {
                found.extend(Self::taken(folder.join(&name), token)?);
            }
        }
        found.sort_by(|one, other| one.token.cmp(&other.token));
        Ok(found)
    }

    fn taken(file: PathBuf, token: &str) -> Result<Option<Self>, Missing> {
        let shown = file.display().to_string();
        let locked = match open(&file, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(locked) => locked,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(path::fault(&shown, error)),
        };
        match flock(&locked, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(path::fault(&shown, error)),
        }
        // Its run may have forgotten it between the two calls.
        let ours = fstat(&locked).map_err(|error| path::fault(&shown, error))?;
        match statat(CWD, &file, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(there) if there.st_ino == ours.st_ino => {
                Ok(Some(Self { file, _locked: locked, token: token.to_owned() }))
            }
            Ok(_) | Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(path::fault(&shown, error)),
        }
    }

    /// Nothing is left of it.
    pub(super) fn forget(self) -> Result<(), Missing> {
        std::fs::remove_file(&self.file)
            .map_err(|error| path::io_fault(&self.file.display().to_string(), &error))
    }
}

/// The folder of this user, which nobody else may write to, and which outlives a reboot where it can.
pub(super) fn folder() -> Result<PathBuf, Missing> {
    let lasting = Path::new("/var/tmp");
    let base = if lasting.is_dir() { lasting.to_owned() } else { std::env::temp_dir() };
    let me = rustix::process::geteuid().as_raw();
    let folder = base.join(format!("muster-canaries-{me}"));
    match DirBuilder::new().mode(0o700).create(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(path::io_fault(&folder.display().to_string(), &error)),
    }
    let there =
        statat(CWD, &folder, AtFlags::SYMLINK_NOFOLLOW).map_err(|error| unwritable(&folder, error))?;
    let is_ours = FileType::from_raw_mode(there.st_mode) == FileType::Directory
        && there.st_uid == me
        && there.st_mode & 0o022 == 0;
    if is_ours {
        return Ok(folder);
    }
    let shown = folder.display().to_string();
    let what =
        format!("`{shown}` is no directory that only we may write to, so no canary can be remembered there");
    Err(Missing::new(Cause::Denied, what)
        .fix(format!("rm -r {0}  # see first with ls -ld {0} who made it", path::quoted(&shown))))
}

fn unwritable(folder: &Path, error: Errno) -> Missing {
    let why = path::fault(&folder.display().to_string(), error);
    Missing::new(why.cause, format!("nothing was enqueued, because nothing can remember it: {}", why.what))
}

/// Which target and which way of removing.
fn short(way: &str) -> String {
    let digest = hex(&Sha256::digest(way.as_bytes()));
    digest.get(..16).unwrap_or_default().to_owned()
}

const PREFIX: &str = "muster-canary-";

/// A name that no other canary has, fit for files, addresses and shells.
pub(super) fn token() -> String {
    use std::hash::{BuildHasher as _, Hasher as _};
    // Each is keyed by the system's own source of chance.
    let part = || std::collections::hash_map::RandomState::new().build_hasher().finish();
    format!("{PREFIX}{:016x}{:016x}", part(), part())
}

fn is_token(text: &str) -> bool {
    text.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_of_a_living_run_is_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (token(), token());
        assert_ne!(one, two);
        let held = Marker::new(dir.path(), "way", &one).unwrap();
        assert!(Marker::left(dir.path(), "way").unwrap().is_empty());
        drop(held);
        assert!(Marker::left(dir.path(), "another way").unwrap().is_empty());
        let left = Marker::left(dir.path(), "way").unwrap();
        assert_eq!(left.iter().map(|marker| &*marker.token).collect::<Vec<_>>(), [&one]);
        assert!(Marker::left(dir.path(), "way").unwrap().is_empty(), "it is held now");
        left.into_iter().for_each(|marker| marker.forget().unwrap());
        assert!(Marker::left(dir.path(), "way").unwrap().is_empty());
    }

    #[test]
    fn other_files_are_no_canaries() {
        let dir = tempfile::tempdir().unwrap();
        for name in [".muster-canary-0", "x.y", &format!("{}.muster-canary-xyz", short("way"))] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        assert!(Marker::left(dir.path(), "way").unwrap().is_empty());
    }
}
