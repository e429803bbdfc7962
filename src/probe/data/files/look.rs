//! Single look-ups below a root, which no path and no symbolic link leaves.

use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, RawDir, ResolveFlags, Stat, fstat, open, openat2, readlinkat,
    statat,
};
use rustix::io::Errno;

#[cfg(feature = "net")]
use super::objects::Objects;
use super::question::Question;
use super::records::Facts;
use super::rows::directory;
use super::shown;
use crate::fact::{Cause, Missing};
use crate::probe::path;

/// What a path below the root leads to.
pub(super) enum Place {
    /// A regular file, or an object.
    File(Seen),
    /// Something that is not one.
    Other,
    /// Nothing.
    Gone,
    /// A symbolic link leads out.
    Outside,
    /// Nobody can tell.
    Shut(Missing),
    /// The store as a whole does not answer, so that nothing can be said of any.
    #[cfg_attr(not(feature = "net"), expect(dead_code, reason = "only a bucket can"))]
    Broken(Missing),
}

/// What is known of a file that was looked up.
pub(super) struct Seen {
    pub(super) facts: Facts,
    /// It may not be read by who should.
    pub(super) shut: bool,
    /// Entity tag of an object.
    pub(super) tag: Option<Vec<u8>>,
    /// Nothing more can be known about what the tag is.
    pub(super) tag_is_sure: bool,
}

/// A directory that is open.
pub(super) struct Root {
    handle: OwnedFd,
    path: String,
    /// Who must be able to read the files, if that matters.
    reader: Option<Reader>,
    /// It is somebody else, to whom directories may be closed that are open to us.
    other_reader: bool,
    /// Old kernels, and some sandboxes, lack `openat2`.
    is_old: AtomicBool,
}

/// How a path below the root is resolved.
const BENEATH: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_MAGICLINKS);

impl Root {
    /// Opens it.
    pub(super) fn open(path: &str, question: &Question) -> Result<Self, Missing> {
        path::checked(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = open(path, flags, Mode::empty()).map_err(|error| path::fault(path, error))?;
        let path = path.trim_end_matches('/').to_owned();
        let (reader, other_reader) = (question.looks_at_inodes(), question.other_reader);
        let reader = reader.then(|| question.reader.clone());
        Ok(Self { handle, path, reader, other_reader, is_old: AtomicBool::new(false) })
    }

    /// Its path, for messages.
    pub(super) fn path(&self) -> &str {
        if self.path.is_empty() { "/" } else { &self.path }
    }

    /// A path below it, as a person writes it.
    pub(super) fn below(&self, path: &[u8]) -> String {
        if path.is_empty() { self.path().to_owned() } else { format!("{}/{}", self.path, shown(path)) }
    }

    /// What is there, behind symbolic links that stay below the root.
    pub(super) fn find(&self, path: &[u8]) -> Place {
        let found = || {
            let handle = self.enter(path, OFlags::PATH)?;
            // A link is closed with its own directory, and with those above what it leads to.
            let closed = self.is_closed(&handle)? || self.is_closed_above(path)?;
            Ok((fstat(&handle)?, closed))
        };
        match found() {
            Ok((stat, closed)) => self.seen(&stat, closed),
            Err(error) => self.place(path, error),
        }
    }

    fn is_closed_above(&self, path: &[u8]) -> Result<bool, Errno> {
        let above = directory(path);
        if !self.other_reader || above.is_empty() {
            return Ok(false);
        }
        self.is_closed(&self.enter(above, OFlags::PATH | OFlags::DIRECTORY)?)
    }

    /// Is a directory from the root to what is open closed to another reader?
    pub(super) fn is_closed(&self, handle: &OwnedFd) -> Result<bool, Errno> {
        let Some(reader) = self.reader.as_ref().filter(|_reader| self.other_reader) else { return Ok(false) };
        let real =
            |handle: &OwnedFd| readlinkat(CWD, format!("/proc/self/fd/{}", handle.as_raw_fd()), Vec::new());
        let (root, whole) = (real(&self.handle)?, real(handle)?);
        let path_of = |text: &[u8]| Path::new(std::ffi::OsStr::from_bytes(text)).to_owned();
        let root = path_of(root.as_bytes());
        for above in path_of(whole.as_bytes()).ancestors().take_while(|above| above.starts_with(&root)) {
            let stat = statat(CWD, above, AtFlags::SYMLINK_NOFOLLOW)?;
            let is_directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            if is_directory && !reader.may(&stat) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What an inode says.
    pub(super) fn seen(&self, stat: &Stat, closed: bool) -> Place {
        if !is_file(stat) {
            return Place::Other;
        }
        let shut = closed || self.reader.as_ref().is_some_and(|reader| !reader.may(stat));
        let facts = Facts { size: stat.st_size, owner: stat.st_uid };
        Place::File(Seen { facts, shut, tag: None, tag_is_sure: true })
    }

    /// What an error says about a path.
    pub(super) fn place(&self, path: &[u8], error: Errno) -> Place {
        match error {
            Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG => Place::Gone,
            Errno::XDEV => Place::Outside,
            _ => Place::Shut(self.fault(path, error)),
        }
    }

    /// The fault of a path below the root.
    pub(super) fn fault(&self, path: &[u8], error: Errno) -> Missing {
        path::fault(&self.below(path), error)
    }

    /// Does nothing lie below it but what is ignored?
    fn is_empty(&self, question: &Question) -> Result<bool, Missing> {
        let whole = |error| path::fault(self.path(), error);
        let handle = self.enter(b".", OFlags::RDONLY | OFlags::DIRECTORY).map_err(whole)?;
        let mut buffer = vec![std::mem::MaybeUninit::uninit(); 8 << 10];
        let mut entries = RawDir::new(&handle, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(whole)?;
            let name = entry.file_name().to_bytes();
            if !matches!(name, b"." | b"..") && question.ignore.has(name, name).is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What is there itself; a link is a link.
    pub(super) fn stat(&self, path: &[u8]) -> Result<Stat, Errno> {
        statat(&self.handle, path, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// Opens what is there, and never what lies outside.
    pub(super) fn enter(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::CLOEXEC;
        // The kernel gives up when something above is renamed at that moment.
        for _try in 0..8 {
            if self.is_old.load(Ordering::Relaxed) {
                return self.enter_slowly(path, flags);
            }
            match openat2(&self.handle, path, flags, Mode::empty(), BENEATH) {
                Err(Errno::NOSYS) => self.is_old.store(true, Ordering::Relaxed),
                Err(Errno::AGAIN) => {}
                answer => return answer,
            }
        }
        Err(Errno::AGAIN)
    }

    /// Without help of the kernel: the whole path without links must begin with the root's.
    fn enter_slowly(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let system = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
        let root = std::fs::canonicalize(self.path()).map_err(system)?;
        let whole = std::fs::canonicalize(root.join(std::ffi::OsStr::from_bytes(path))).map_err(system)?;
        if !whole.starts_with(&root) {
            return Err(Errno::XDEV);
        }
        open(whole, flags | OFlags::NOFOLLOW, Mode::empty())
    }
}

/// Where the files are.
pub(super) enum Store {
    /// Below a directory.
    Tree(Root),
    /// In a bucket.
    #[cfg(feature = "net")]
    Objects(Box<Objects>),
}

impl Store {
    /// Its name for messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Tree(root) => root.path().to_owned(),
            #[cfg(feature = "net")]
            Self::Objects(objects) => objects.name(),
        }
    }

    /// Is there nothing at all?
    pub(super) fn is_empty(&self, question: &Question) -> Result<bool, Missing> {
        match self {
            Self::Tree(root) => root.is_empty(question),
            #[cfg(feature = "net")]
            Self::Objects(objects) => objects.is_empty(),
        }
    }

    /// What is at some paths, in their order.
    pub(super) fn find_all(&self, paths: &[&[u8]]) -> Vec<Place> {
        match self {
            Self::Tree(root) => paths.iter().map(|path| root.find(path)).collect(),
            #[cfg(feature = "net")]
            Self::Objects(objects) => objects.find_all(paths),
        }
    }
}

/// Is it a regular file?
pub(super) fn is_file(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

/// Who must be able to read the files, by what their modes say.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    /// Number of the user.
    pub(super) user: u32,
    /// Numbers of all groups.
    pub(super) groups: Vec<u32>,
}

impl Reader {
    /// The user that muster runs as.
    pub(super) fn me() -> Result<Self, Missing> {
        let groups = rustix::process::getgroups()
            .map_err(|error| Missing::new(Cause::Internal, format!("our groups are not known: {error}")))?;
        let own = rustix::process::getegid().as_raw();
        let groups = groups.into_iter().map(rustix::process::Gid::as_raw).chain([own]).collect();
        Ok(Self { user: rustix::process::geteuid().as_raw(), groups })
    }

    /// May this user read a file, or search a directory?
    pub(super) fn may(&self, stat: &Stat) -> bool {
        if self.user == 0 {
            return true;
        }
        let bit = if FileType::from_raw_mode(stat.st_mode) == FileType::Directory { 0o1 } else { 0o4 };
        let shift = match (stat.st_uid == self.user, self.groups.contains(&stat.st_gid)) {
            (true, _) => 6,
            (false, true) => 3,
            (false, false) => 0,
        };
        stat.st_mode >> shift & bit != 0
    }
}

/// Is there a directory at a path of this machine?
pub(super) fn stat_of(path: &str) -> Result<Stat, Errno> {
    statat(CWD, path, AtFlags::empty())
}
