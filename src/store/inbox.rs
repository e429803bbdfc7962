//! Runs that wait beside the store, each a file of its own.
//!
//! A check that has nothing to recall does not open the store: to open, flush and close it takes longer than the
//! whole check. Its run is written as one file into the folder `STORE-runs`, under another name first, so that a kill
//! at any moment leaves all of it or nothing. Whoever opens the store next folds in what waits there, and leaves the
//! file to the next run that is written. A file is not flushed: a power cut can lose the runs of the last seconds, and nothing else.
//!
//! The folder also has a note of how the store's file looked when it was last closed in order. If it looks so still,
//! nobody has to open it to know that it is a store of this format. Whatever changed it (another program, a newer
//! muster, a killed one), the next check opens it and looks.

use std::fs::{File, Metadata};
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustix::fs::Access;

use super::begun::{self, Mark};
use super::draft::Draft;
use super::place::{absolute, look, may};
use super::{Begun, StoreError, packed, spare};
use crate::fact::timestamp;

/// Runs and bytes that wait at most: folding them in must not last long.
pub(super) const MOST: usize = 64;
const LARGEST: u64 = 16 << 20;

/// Digests of promises, each with when somebody has to look what is overdue of it; the one looked at last comes first.
pub(super) type Noted = Vec<(String, i64)>;

/// So many of them are noted: each environment has one.
const PROMISES: usize = 32;

/// What the note is called, and its first word.
const NOTE: &str = "known";
const FORMAT: &str = "muster-store-4";

/// How long a file may be half written before it is taken for one that a killed process left.
const HALF: Duration = Duration::from_hours(1);

/// A run that waits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Waiting {
    /// After all that waited when it was written.
    number: u64,
    /// When the run began.
    started: i64,
    size: u64,
    pub(super) name: String,
}

impl Waiting {
    fn of(name: &str) -> Option<Self> {
        let mut parts = name.strip_suffix(".run")?.split('-');
        let mut part = || u64::from_str_radix(parts.next()?, 16).ok();
        let (number, started, size, _) = (part()?, part()?, part()?, part()?);
        Some(Self { number, started: started.cast_signed(), size, name: name.to_owned() })
    }

    /// When the run began, in microseconds since 1970.
    pub(super) fn started(&self) -> i64 {
        self.started
    }

    /// Did a power cut take it? There is less than was written, or still what stood there while the run lasted.
    pub(super) fn is_lost(&self, bytes: &[u8]) -> bool {
        u64::try_from(bytes.len()).is_ok_and(|size| size < self.size) || begun::is_mark(bytes)
    }

    fn named(number: u64, started: i64, size: u64) -> Self {
        // Two processes may write at the same time, and a name must never come again.
        let chance = RandomState::new().hash_one((std::process::id(), number, started));
        let started_bits = started.cast_unsigned();
        Self { number, started, size, name: format!("{number:x}-{started_bits:x}-{size:x}-{chance:x}.run") }
    }
}

/// The runs that wait beside a store.
#[derive(Clone, Debug)]
pub struct Inbox {
    path: Arc<str>,
    folder: PathBuf,
    waiting: Vec<Waiting>,
    /// Files that are written to in place of new ones.
    spare: Vec<String>,
    /// Is the store there, with something in it?
    there: bool,
    known: Known,
    /// Of each promise when somebody has to look what is overdue.
    due: Noted,
}

/// When the runs in the store began, the first and the last.
#[derive(Clone, Copy, Debug)]
enum Known {
    Span(i64, i64),
    /// It has none.
    Empty,
    /// It has to be opened to be known.
    Not,
}

impl Inbox {
    /// Looks at what waits beside a store, which need not be there. A store that cannot be used is an error here, as
    /// far as that can be seen without opening it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let path = absolute(path)?;
        let there = look(&path)?.is_some();
        let folder = folder(&path);
        let Listed { waiting, spare } = if let Some(listed) = listed(&path, &folder)? {
            listed
        } else {
            std::fs::create_dir(&folder).or_else(|error| match error.kind() {
                ErrorKind::AlreadyExists => Ok(()),
                _ => Err(fault(&path, &folder, &error)),
            })?;
            Listed::default()
        };
        let shown = folder.display().to_string();
        let what = format!("the folder `{shown}` of runs that wait");
        may(&path, &shown, &what, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)?;
        let note = if there { read_note(&path, &folder) } else { Some((Known::Empty, Noted::new())) };
        let (known, due) = note.unwrap_or((Known::Not, Noted::new()));
        Ok(Self { path: path.into(), folder, waiting, spare, there, known, due })
    }

    /// Was the store itself there when this was opened?
    pub fn is_beside_a_store(&self) -> bool {
        self.there
    }

    /// When the store has to be asked next what is overdue of a promise; `None` if nobody asked of it yet.
    pub fn next_due(&self, promise: &str) -> Option<Timestamp> {
        let (_, due) = self.due.iter().find(|(digest, _)| digest == promise)?;
        timestamp(*due)
    }

    /// Says that a run begins. What is returned must live as long as the run.
    pub fn begin(&self, run: Begun) -> Option<Mark> {
        let birth = begun::birth(run.process);
        begun::mark(&self.folder, &self.spare, &Begun { birth, ..run })
    }

    /// Is it known what this project promises? `false` if it has to be said.
    pub fn knows(&self, promise: &str) -> bool {
        let size = std::fs::metadata(promise_file(&self.folder, promise)).map(|data| data.len());
        size.is_ok_and(|size| size > 0)
    }

    /// Lets a promise wait, as JSON under its digest, for the runs that refer to it.
    pub fn promise(&self, digest: &str, json: &str) -> Result<(), StoreError> {
        let file = promise_file(&self.folder, digest);
        let half = file.with_extension("half");
        // As a run it is whole or not there; what a power cut took is written again by the next run, and told by its digest.
        let written = spare::write_whole(&self.spare, &half, &file, json.as_bytes());
        written.map_err(|error| fault(&self.path, &half, &error))
    }

    /// Must the store be opened now? It changed since it was closed, or too much waits.
    pub fn is_due(&self) -> bool {
        let bytes: u64 = self.waiting.iter().map(|waiting| waiting.size).sum();
        matches!(self.known, Known::Not) || self.waiting.len() >= MOST || bytes >= LARGEST
    }

    /// When the runs began that are in the store or wait: the earliest and the latest time.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let known = if let Known::Span(oldest, newest) = self.known { Some((oldest, newest)) } else { None };
        let (oldest, newest) = known.unzip();
        let waiting = || self.waiting.iter().map(|waiting| waiting.started);
        let oldest = oldest.into_iter().chain(waiting()).min()?;
        let newest = newest.into_iter().chain(waiting()).max()?;
        Some((timestamp(oldest)?, timestamp(newest)?))
    }

    /// The store's path, which errors name.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Lets a run wait. All of it is in its file when this returns, or nothing is.
    pub fn save(&self, draft: &Draft) -> Result<(), StoreError> {
        self.saved(draft, |half, whole, bytes| spare::write_whole(&self.spare, half, whole, bytes))
    }

    /// Lets a run wait that was marked as begun.
    pub fn end(&self, mark: Mark, draft: &Draft) -> Result<(), StoreError> {
        self.saved(draft, |half, whole, bytes| {
            if mark.becomes(whole, bytes)? {
                return Ok(());
            }
            // Somebody took it for that of a run that was killed, or swept the folder. The run is there all the same.
            spare::write_whole(&self.spare, half, whole, bytes)
        })
    }

    fn saved(
        &self,
        draft: &Draft,
        write: impl FnOnce(&Path, &Path, &[u8]) -> std::io::Result<()>,
    ) -> Result<(), StoreError> {
        let bytes = packed::pack(draft);
        let number = self.waiting.iter().map(|waiting| waiting.number).max().map_or(1, |last| last + 1);
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let name = Waiting::named(number, draft.at, size).name;
        let (half, whole) = (self.folder.join(format!("{name}.half")), self.folder.join(&name));
        write(&half, &whole, &bytes).map_err(|error| fault(&self.path, &whole, &error))
    }
}

/// Where a promise waits.
pub(super) fn promise_file(folder: &Path, digest: &str) -> PathBuf {
    folder.join(format!("{}.promise", digest.trim_start_matches("sha256:")))
}

/// The promises that wait, and those that were taken already and are known by their files.
pub(super) fn promises(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|file| file.extension().is_some_and(|end| end == "promise")).collect()
}

/// Where the runs of a store wait.
pub(super) fn folder(path: &str) -> PathBuf {
    PathBuf::from(format!("{path}-runs"))
}

/// What was noted of a store is not so any more: the next run has to open it.
pub fn forget_note(path: &Path) {
    // Without a note, or where it cannot be removed, it is looked at whether it still fits.
    if let Ok(path) = absolute(path) {
        drop(std::fs::remove_file(folder(&path).join(NOTE)));
    }
}

/// Is there anything remembered, in a store or waiting beside it?
///
/// What cannot be looked at is an error, or a past that nobody may read would be none.
pub fn is_there(path: &Path) -> Result<bool, StoreError> {
    let path = absolute(path)?;
    let is_file = Path::new(&path).try_exists().map_err(|error| hidden(&path, &error))?;
    let folder = folder(&path);
    if is_file || list(&path, &folder)?.is_some_and(|waiting| !waiting.is_empty()) {
        return Ok(true);
    }
    // Runs that were killed are remembered, too.
    Ok(!begun::over(&folder, super::fold::now()).is_empty())
}

/// A store whose place cannot be looked at.
fn hidden(path: &str, error: &std::io::Error) -> StoreError {
    let (path, why) = (path.to_owned(), error.to_string());
    match error.kind() {
        ErrorKind::PermissionDenied => {
            StoreError::Denied { path, what: "a directory above the file".to_owned(), why }
        }
        // A file stands where a directory above it should be.
        ErrorKind::NotADirectory => {
            let directory = Path::new(&path).parent().map_or_else(String::new, |it| it.display().to_string());
            StoreError::Parent { path, directory, why, denied: false }
        }
        _ => StoreError::Io { path, why },
    }
}

/// What an error of the system means for the store.
pub(super) fn fault(path: &str, file: &Path, error: &std::io::Error) -> StoreError {
    let (path, why) = (path.to_owned(), format!("`{}`: {error}", file.display()));
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full { path, why },
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            let what = format!("`{}`", file.display());
            StoreError::ReadOnly { path, what, why: error.to_string() }
        }
        _ => StoreError::Io { path, why },
    }
}

/// What is in the folder.
#[derive(Default)]
pub(super) struct Listed {
    /// The runs that wait, in the order in which they were written.
    pub(super) waiting: Vec<Waiting>,
    /// Names of the files that are free.
    pub(super) spare: Vec<String>,
}

/// The runs that wait, in the order in which they were written; `None` if there is no folder.
pub(super) fn list(path: &str, folder: &Path) -> Result<Option<Vec<Waiting>>, StoreError> {
    Ok(listed(path, folder)?.map(|listed| listed.waiting))
}

/// The same with the files that are free; `None` if there is no folder.
pub(super) fn listed(path: &str, folder: &Path) -> Result<Option<Listed>, StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(path, folder, &error)),
    };
    let mut found = Listed::default();
    for entry in entries {
        let name = entry.map_err(|error| fault(path, folder, &error))?.file_name();
        let Some(name) = name.to_str() else { continue };
        found.waiting.extend(Waiting::of(name));
        if spare::is_one(name) {
            found.spare.push(name.to_owned());
        }
    }
    found.waiting.sort_unstable();
    Ok(Some(found))
}

/// Removes what killed processes left half written.
pub(super) fn sweep(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "half")) {
        let age = entry.metadata().and_then(|data| data.modified()).map(|at| at.elapsed());
        if matches!(age, Ok(Ok(age)) if age > HALF) {
            // It is no run, and takes nothing but room: the next one tries again.
            drop(std::fs::remove_file(entry.path()));
        }
    }
}

/// How the file looks from outside.
fn looks(data: &Metadata) -> String {
    let (device, inode, size) = (data.dev(), data.ino(), data.len());
    let (second, nanos) = changed(data);
    format!("{FORMAT} {device} {inode} {size} {second}.{nanos}")
}

fn changed(data: &Metadata) -> (i64, i64) {
    (data.mtime(), data.mtime_nsec())
}

/// Notes how the store looks, and when its runs began; `false` if it must be done again, because the note is not the
/// younger. Nothing is lost without the note, so that nothing is said of one that cannot be written: the next check
/// opens the store.
pub(super) fn write_note(path: &str, span: Option<(i64, i64)>, due: &Noted) -> bool {
    let folder = folder(path);
    let Some(data) = std::fs::metadata(path).ok().filter(|_| folder.is_dir()) else { return true };
    let looks = looks(&data);
    let span = span.map_or_else(|| "none".to_owned(), |(oldest, newest)| format!("{oldest} {newest}"));
    let due: String = due.iter().take(PROMISES).map(|(digest, due)| format!("{due} {digest}\n")).collect();
    let chance = RandomState::new().hash_one(std::process::id());
    let half = folder.join(format!("{NOTE}-{chance:x}.half"));
    let written = std::fs::write(&half, format!("{looks}\n{span}\n{due}"));
    // What was changed in the same tick of the clock would look the same, so the note must be the younger.
    written.and_then(|()| std::fs::rename(&half, folder.join(NOTE))).is_err()
        || std::fs::metadata(folder.join(NOTE)).map_or(true, |note| changed(&note) > changed(&data))
}

/// What was noted of what is due, if the store looks as it did then: one that was restored is asked again.
pub(super) fn noted(path: &str) -> Noted {
    read_note(path, &folder(path)).map(|(_, due)| due).unwrap_or_default()
}

fn due_line(line: &str) -> Option<(String, i64)> {
    let (due, digest) = line.split_once(' ')?;
    Some((digest.to_owned(), due.parse().ok()?))
}

/// The span of the store, if it looks as it did when it was closed, and when something is due.
fn read_note(path: &str, folder: &Path) -> Option<(Known, Noted)> {
    let file = File::open(folder.join(NOTE)).ok()?;
    let (noted, store) = (file.metadata().ok()?, std::fs::metadata(path).ok()?);
    let mut note = String::with_capacity(1 << 12);
    file.take(1 << 16).read_to_string(&mut note).ok()?;
    let mut lines = note.strip_suffix('\n')?.lines();
    if looks(&store) != lines.next()? || changed(&noted) <= changed(&store) {
        return None;
    }
    let span = lines.next()?;
    let due = lines.filter_map(due_line).collect();
    if span == "none" {
        return Some((Known::Empty, due));
    }
    let (oldest, newest) = span.split_once(' ')?;
    Some((Known::Span(oldest.parse().ok()?, newest.parse().ok()?), due))
}
