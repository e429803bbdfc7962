//! Marks of runs that began: who is killed before the end leaves one.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::{Begun, spare};

/// The end of the name of a mark.
const END: &str = "begun";

/// How long a run of another machine may last before it is taken for one that ended without a word.
const LONGEST: i64 = 24 * 3600 * 1_000_000;

/// The mark of a run that lasts. It is gone when this is dropped, and stays if the process is killed.
#[derive(Debug)]
pub struct Mark(Option<PathBuf>);

impl Drop for Mark {
    fn drop(&mut self) {
        // If it stays, a run that ended is told as one that did not, which somebody will look at.
        drop(self.0.take().map(|file| spare::give(&file)));
    }
}

impl Mark {
    /// The run that it is of takes its place: at no moment is there neither. `false` if it is not there any more.
    pub(super) fn becomes(mut self, whole: &Path, bytes: &[u8]) -> io::Result<bool> {
        let Some(file) = self.0.take() else { return Ok(false) };
        match spare::becomes(&file, whole, bytes) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => {
                self.0 = Some(file);
                Err(error)
            }
        }
    }
}

/// Leaves a mark. Nothing depends on it but that a kill is noticed, so that one that cannot be written is no error: the
/// run itself, which is written to the same folder, will say so.
pub(super) fn mark(folder: &Path, spare: &[String], run: &Begun) -> Option<Mark> {
    let started = run.started.cast_unsigned();
    let file = folder.join(format!("{started:x}-{:x}.{END}", run.process));
    let text = serde_json::to_string(run).ok()?;
    // One that is read while it is written says by its name when the run began.
    spare::write(spare, &file, text.as_bytes()).ok()?;
    Some(Mark(Some(file)))
}

/// Is it what a mark says, and no run?
pub(super) fn is_mark(bytes: &[u8]) -> bool {
    bytes.first() == Some(&b'{')
}

/// A mark that was kept.
pub(super) fn read(json: &str) -> Option<Begun> {
    serde_json::from_str(json).ok()
}

/// The marks of runs that are over: their processes are gone.
pub(super) fn over(folder: &Path, now: i64) -> Vec<(PathBuf, Begun)> {
    let mut found = Vec::new();
    let place = place();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.path().extension().is_some_and(|end| end == END)) {
        let file = entry.path();
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let named = || {
            let name = file.file_stem()?.to_str()?.split_once('-')?.0;
            Some(Begun::at(u64::from_str_radix(name, 16).ok()?.cast_signed()))
        };
        // A mark that a power cut emptied is one all the same.
        let Some(run) = read(&text).or_else(named) else { continue };
        // A process of this machine, since it was started, is known to last or not; another's is given a day, and so is that of
        // another container, which cannot be seen.
        let lasts = match run.birth.rsplit_once(' ') {
            Some((of, birth)) if !place.is_empty() && of == place => began(run.process) == birth,
            _ => now.saturating_sub(run.started) < LONGEST,
        };
        // A run that ended just now gave its mark away before its process was gone.
        if !lasts && file.exists() {
            found.push((file, run));
        }
    }
    found
}

/// When a process began, in the words of the kernel; empty if there is none. A number is used again, this is not.
pub(super) fn birth(process: u32) -> String {
    let began = began(process);
    if began.is_empty() { began } else { format!("{} {began}", place()) }
}

/// The same without where.
fn began(process: u32) -> String {
    let stat = said(&format!("/proc/{process}/stat"));
    // The name of the program, in brackets, may hold anything.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace().nth(19).unwrap_or_default().to_owned()
}

/// A name of where processes have their numbers: this machine since it was started, or this container. Empty if unknown.
fn place() -> String {
    let boot = said("/proc/sys/kernel/random/boot_id");
    let container = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    if boot.is_empty() { String::new() } else { format!("{} {}", boot.trim(), container.display()) }
}

/// What the kernel says in one of its short files, read at once; nothing if there is none.
fn said(file: &str) -> String {
    let mut bytes = [0; 1024];
    let read = std::fs::File::open(file).and_then(|mut file| file.read(&mut bytes)).unwrap_or(0);
    String::from_utf8_lossy(bytes.get(..read).unwrap_or_default()).into_owned()
}
