//! A directory that appears whole or not at all: it is written under another name and renamed at the end.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with, syncfs};

use super::EvidenceError;
use super::manifest::{Listed, Manifest};
use super::names::{digest, is_inside};

/// Says whether a text holds a secret.
pub(super) type HoldsSecret<'g> = dyn Fn(&str) -> bool + 'g;

/// A directory in the making.
pub(super) struct Stage<'g> {
    folder: tempfile::TempDir,
    /// Held as long as somebody writes, so that what a killed process left behind is known as such.
    _lock: File,
    target: PathBuf,
    holds_secret: &'g HoldsSecret<'g>,
    pub(super) manifest: Manifest,
}

fn parent(target: &Path) -> &Path {
    target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn prefix(target: &Path) -> String {
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    format!(".{name}.part-")
}

/// Removes what killed processes left.
fn clean(target: &Path) {
    let prefix = prefix(target);
    let Ok(entries) = std::fs::read_dir(parent(target)) else { return };
    for entry in entries.flatten() {
        let left = entry.file_name().to_string_lossy().starts_with(&prefix);
        let real = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if left && real && File::open(entry.path()).is_ok_and(|folder| folder.try_lock().is_ok()) {
            // What cannot be removed is no part of what is made now.
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}

impl<'g> Stage<'g> {
    /// Begins one that will be at this path, where nothing may be.
    pub(super) fn begin(target: &Path, holds_secret: &'g HoldsSecret<'g>) -> Result<Self, EvidenceError> {
        refuse_existing(target)?;
        clean(target);
        let parent = parent(target);
        let folder = tempfile::Builder::new()
            .prefix(&prefix(target))
            .permissions(std::fs::Permissions::from_mode(0o777))
            .tempdir_in(parent)
            .map_err(|error| EvidenceError::io(parent, &error))?;
        let lock = File::open(folder.path()).map_err(|error| EvidenceError::io(folder.path(), &error))?;
        lock.try_lock().map_err(|error| EvidenceError::io(folder.path(), &error.into()))?;
        let target = target.to_owned();
        Ok(Self { folder, _lock: lock, target, holds_secret, manifest: Manifest::default() })
    }

    /// Where it is written.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a file to it and to its list. Its digest.
    pub(super) fn add(&mut self, path: &str, bytes: &[u8]) -> Result<String, EvidenceError> {
        if self.manifest.files.contains_key(path) {
            return Err(EvidenceError::Input(format!("two files are called `{path}`")));
        }
        self.put(path, bytes)?;
        let digest = digest(bytes);
        let size = bytes.len() as u64;
        self.manifest.files.insert(path.to_owned(), Listed { size, digest: digest.clone() });
        Ok(digest)
    }

    /// Adds a file that stands in no list.
    pub(super) fn put(&self, path: &str, bytes: &[u8]) -> Result<(), EvidenceError> {
        if !is_inside(path) {
            return Err(EvidenceError::Input(format!("`{}` is no name for a file", path.escape_debug())));
        }
        if (self.holds_secret)(&String::from_utf8_lossy(bytes)) {
            return Err(EvidenceError::Input(format!("`{path}` would hold a secret of the project")));
        }
        let full = self.folder.path().join(path);
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(full.parent().unwrap_or(self.folder.path()))?;
            File::create_new(&full)?.write_all(bytes)
        };
        // The name that it will have says more than that of now.
        write().map_err(|error| EvidenceError::io(&self.target.join(path), &error))
    }

    /// Makes it appear.
    pub(super) fn finish(self) -> Result<(), EvidenceError> {
        let Self { folder, target, _lock: lock, .. } = self;
        let wrong = |error: rustix::io::Errno| EvidenceError::io(&target, &error.into());
        syncfs(&lock).map_err(wrong)?;
        match renameat_with(CWD, folder.path(), CWD, &target, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(rustix::io::Errno::EXIST) => return Err(EvidenceError::Exists(target)),
            // A file system without that: an empty directory is the most that could be replaced.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                refuse_existing(&target)?;
                std::fs::rename(folder.path(), &target)
                    .map_err(|error| EvidenceError::io(&target, &error))?;
            }
            Err(error) => return Err(wrong(error)),
        }
        // It has another name now, and nothing is left to be removed.
        drop(folder.keep());
        syncfs(&lock).map_err(wrong)
    }
}

fn refuse_existing(target: &Path) -> Result<(), EvidenceError> {
    match std::fs::symlink_metadata(target) {
        Ok(_) => Err(EvidenceError::Exists(target.to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(EvidenceError::io(target, &error)),
    }
}
