//! Lists a tree by several threads, without touching an inode unless size, owner or mode is asked for.

use std::mem::MaybeUninit;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustix::fs::{AtFlags, FileType, OFlags, RawDir, fstat, statat};
use rustix::io::Errno;

use super::look::{Root, is_file};
use super::question::Question;
use super::records::{Entry, Facts, Kind};
use super::store::{Parts, Side, Spill, Writer};
use super::tally::Shut;
use crate::fact::Missing;
use crate::probe::stop::Stop;

/// How much of a directory is read at once.
const BUFFER: usize = 64 << 10;

/// What was found.
pub(super) struct Listing {
    pub(super) side: Side,
    pub(super) files: u64,
    /// Entries that are left out because somebody wanted so.
    pub(super) ignored: u64,
    pub(super) shut: Shut,
}

/// A directory that waits, with what is known of it.
struct Task {
    path: Box<[u8]>,
    /// The reader who was asked for cannot get in.
    closed: bool,
}

/// Directories that wait for a thread.
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    waiting: Vec<Task>,
    /// How many threads read a directory, and may find more.
    busy: usize,
    failed: Option<Missing>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next directory; none when all are read, or when somebody failed.
    fn next(&self) -> Option<Task> {
        let mut state = self.lock();
        loop {
            if state.failed.is_some() {
                return None;
            }
            if let Some(task) = state.waiting.pop() {
                state.busy += 1;
                return Some(task);
            }
            if state.busy == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, found: &mut Vec<Task>, result: Result<(), Missing>) {
        let mut state = self.lock();
        state.busy -= 1;
        state.waiting.append(found);
        if let Err(why) = result {
            state.failed.get_or_insert(why);
        }
        if state.waiting.len() > 1 || state.busy == 0 || state.failed.is_some() {
            self.changed.notify_all();
        }
    }
}

/// Lists everything below the root.
pub(super) fn list(
    root: &Root,
    question: &Question,
    spill: &Arc<Spill>,
    threads: usize,
    stop: &Stop,
) -> Result<Listing, Missing> {
    let first = Task { path: Box::default(), closed: false };
    let queue = Queue {
        state: Mutex::new(State { waiting: vec![first], busy: 0, failed: None }),
        changed: Condvar::new(),
    };
    let lister = || Lister {
        root,
        question,
        stop,
        writer: Writer::new(spill),
        parts: Parts::default(),
        files: 0,
        ignored: 0,
        shut: Shut::default(),
        found: Vec::new(),
        path: Vec::new(),
    };
    let ended: Vec<Option<Lister<'_>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(|| lister().run(&queue))).collect();
        threads.into_iter().map(|thread| thread.join().ok()).collect()
    });
    if let Some(why) = queue.lock().failed.take() {
        return Err(why);
    }
    let (mut writers, mut files, mut ignored, mut shut) = (Vec::new(), 0, 0, Shut::default());
    for lister in ended {
        let lister = lister.ok_or_else(super::ended)?;
        files += lister.files;
        ignored += lister.ignored;
        shut.add(lister.shut);
        writers.push(lister.writer);
    }
    Ok(Listing { side: Side::new(spill, writers), files, ignored, shut })
}

/// One thread.
struct Lister<'a> {
    root: &'a Root,
    question: &'a Question,
    stop: &'a Stop,
    writer: Writer,
    parts: Parts,
    files: u64,
    ignored: u64,
    shut: Shut,
    found: Vec<Task>,
    path: Vec<u8>,
}

impl Lister<'_> {
    fn run(mut self, queue: &Queue) -> Self {
        let mut buffer = vec![MaybeUninit::uninit(); BUFFER];
        while let Some(task) = queue.next() {
            let result = self.directory(&task, &mut buffer);
            queue.done(&mut self.found, result);
        }
        self
    }

    /// One directory. What cannot be read is remembered; an error ends everything.
    fn directory(&mut self, task: &Task, buffer: &mut [MaybeUninit<u8>]) -> Result<(), Missing> {
        self.stop.check(&format!("listing `{}`", self.root.path()))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW;
        let path: &[u8] = if task.path.is_empty() { b"." } else { &task.path };
        let handle = match self.root.enter(path, flags) {
            Ok(handle) => handle,
            // It vanished meanwhile, or something else took its place.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV) if !task.path.is_empty() => {
                return Ok(());
            }
            Err(error) => {
                self.shut.directory(&task.path, self.root.fault(&task.path, error));
                return Ok(());
            }
        };
        let closed = task.closed
            || self.question.other_reader
                && fstat(&handle).is_ok_and(|stat| !self.question.reader.may(&stat));
        self.path.clear();
        self.path.extend_from_slice(&task.path);
        if !task.path.is_empty() {
            self.path.push(b'/');
        }
        let length = self.path.len();
        let mut entries = RawDir::new(&handle, buffer);
        let mut count = 0_u32;
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(Errno::NOENT) => break,
                Err(error) => {
                    self.shut.directory(&task.path, self.root.fault(&task.path, error));
                    break;
                }
            };
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            count += 1;
            if count.is_multiple_of(4096) {
                self.stop.check(&format!("listing `{}`", self.root.path()))?;
            }
            self.path.truncate(length);
            self.path.extend_from_slice(name);
            match self.question.ignore.has(name, &self.path) {
                Some(told) => self.ignored += u64::from(told),
                None => self.entry(&handle, name, entry.file_type(), closed)?,
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        directory: &impl std::os::fd::AsFd,
        name: &[u8],
        told: FileType,
        closed: bool,
    ) -> Result<(), Missing> {
        let mut kind = told;
        let mut facts = None;
        let mut shut = false;
        let asks =
            kind == FileType::Unknown || kind == FileType::RegularFile && self.question.looks_at_inodes();
        if asks {
            match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => {
                    kind = FileType::from_raw_mode(stat.st_mode);
                    shut = closed || is_file(&stat) && !self.question.reader.may(&stat);
                    facts = Some(Facts { size: stat.st_size, owner: stat.st_uid });
                }
                Err(Errno::NOENT) => return Ok(()),
                // It is there; more is not told.
                Err(_closed) => shut = true,
            }
        }
        let kind = match kind {
            FileType::Directory => {
                self.found.push(Task { path: self.path.as_slice().into(), closed });
                return Ok(());
            }
            FileType::RegularFile => Kind::File,
            FileType::Symlink => Kind::Link,
            FileType::Unknown => Kind::Unknown,
            _ => Kind::Other,
        };
        self.files += 1;
        let entry = Entry { path: &self.path, kind, shut, young: false, facts, tag: None };
        self.writer.push(self.parts.of(&self.path), |into| entry.write(into))
    }
}
