//! Records of one side of a join, in parts by a hash of their path, so that equal paths lie in equal parts.
//!
//! Memory does not grow with their number: what does not fit into the small buffer of its part lies in one file
//! without a name, which is gone with us however we end. Paths are kept whole and compared whole, so that no two
//! of them are ever taken for one.

use std::fs::File;
use std::hash::{DefaultHasher, Hasher as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use unicode_normalization::UnicodeNormalization as _;

use crate::fact::{Cause, Missing};

/// How many parts there are. Each is joined by itself, in memory.
pub(super) const PARTS: usize = 512;

/// How much of a part is gathered before it is written.
const PIECE: usize = 4 << 10;

/// Where a piece lies.
#[derive(Clone, Copy)]
struct Place {
    at: u64,
    length: usize,
}

/// The file of pieces, made when the first one is full.
pub(super) struct Spill {
    folder: Option<PathBuf>,
    file: Mutex<Option<Arc<File>>>,
    end: AtomicU64,
}

impl Spill {
    /// In this folder, or where temporary files go.
    pub(super) fn new(folder: Option<&Path>) -> Arc<Self> {
        Arc::new(Self { folder: folder.map(Path::to_owned), file: Mutex::new(None), end: AtomicU64::new(0) })
    }

    fn file(&self) -> Result<Arc<File>, Missing> {
        let mut known = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &*known {
            return Ok(Arc::clone(file));
        }
        let made = match &self.folder {
            Some(folder) => tempfile::tempfile_in(folder),
            None => tempfile::tempfile(),
        };
        let file = Arc::new(made.map_err(|error| self.fault(&error))?);
        *known = Some(Arc::clone(&file));
        Ok(file)
    }

    fn put(&self, file: &File, bytes: &[u8]) -> Result<Place, Missing> {
        let length = bytes.len();
        let at = self.end.fetch_add(u64::try_from(length).unwrap_or(u64::MAX), Ordering::Relaxed);
        file.write_all_at(bytes, at).map_err(|error| self.fault(&error))?;
        Ok(Place { at, length })
    }

    fn fault(&self, error: &std::io::Error) -> Missing {
        let folder = self.folder.as_ref().map_or_else(std::env::temp_dir, PathBuf::clone);
        let what = format!("a temporary file in `{}` cannot be written: {error}", folder.display());
        Missing::new(Cause::Limit, what).fix("free some space there, or set TMPDIR to a folder that has it")
    }
}

#[derive(Default)]
struct Part {
    bytes: Vec<u8>,
    pieces: Vec<Place>,
}

/// Takes records. Each thread has its own.
pub(super) struct Writer {
    spill: Arc<Spill>,
    file: Option<Arc<File>>,
    parts: Vec<Part>,
}

impl Writer {
    /// An empty one.
    pub(super) fn new(spill: &Arc<Spill>) -> Self {
        let parts = (0..PARTS).map(|_| Part::default()).collect();
        Self { spill: Arc::clone(spill), file: None, parts }
    }

    /// Adds one record, which `write` appends.
    pub(super) fn push(&mut self, part: usize, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Missing> {
        let Some(part) = self.parts.get_mut(part) else { return Ok(()) };
        write(&mut part.bytes);
        if part.bytes.len() < PIECE {
            return Ok(());
        }
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(self.spill.file()?),
        };
        part.pieces.push(self.spill.put(file, &part.bytes)?);
        part.bytes.clear();
        Ok(())
    }
}

/// All records of one side.
pub(super) struct Side {
    spill: Arc<Spill>,
    writers: Vec<Writer>,
}

impl Side {
    /// Of all threads that wrote.
    pub(super) fn new(spill: &Arc<Spill>, writers: Vec<Writer>) -> Self {
        Self { spill: Arc::clone(spill), writers }
    }

    /// The records of a part, in place of what was in `into`.
    pub(super) fn read(&self, part: usize, into: &mut Vec<u8>) -> Result<(), Missing> {
        into.clear();
        for part in self.writers.iter().filter_map(|writer| writer.parts.get(part)) {
            for piece in &part.pieces {
                let begin = into.len();
                into.resize(begin + piece.length, 0);
                let file = self.spill.file()?;
                let room = into.get_mut(begin..).unwrap_or_default();
                file.read_exact_at(room, piece.at).map_err(|error| self.spill.fault(&error))?;
            }
            into.extend_from_slice(&part.bytes);
        }
        Ok(())
    }
}

/// Which part a path belongs to: the same for all forms of its letters, so that a name which differs only in them is
/// found as a hint.
#[derive(Default)]
pub(super) struct Parts {
    folded: Vec<u8>,
}

impl Parts {
    /// The part.
    pub(super) fn of(&mut self, path: &[u8]) -> usize {
        fold(path, &mut self.folded);
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.folded);
        usize::try_from(hasher.finish() >> 32).unwrap_or(0) % PARTS
    }
}

/// A path without case, and in one form of its letters: what macOS and Windows take for the same name.
pub(super) fn fold(path: &[u8], into: &mut Vec<u8>) {
    into.clear();
    match std::str::from_utf8(path) {
        Ok(text) if !text.is_ascii() => {
            let mut room = [0; 4];
            let folded = text.nfd().flat_map(char::to_lowercase).nfd();
            folded.for_each(|c| into.extend_from_slice(c.encode_utf8(&mut room).as_bytes()));
        }
        _ => into.extend(path.iter().map(u8::to_ascii_lowercase)),
    }
}

/// Appends a text with its length.
pub(super) fn put(into: &mut Vec<u8>, bytes: &[u8]) {
    into.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    into.extend_from_slice(bytes);
}

/// Reads what was appended.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    /// So many bytes.
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// One byte.
    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// A text with its length.
    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let length = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
        self.take(usize::try_from(length).ok()?)
    }

    /// A size.
    pub(super) fn size(&mut self) -> Option<i64> {
        Some(i64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    /// A number of a user.
    pub(super) fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_into_memory_comes_back() {
        let spill = Spill::new(None);
        let mut writers: Vec<Writer> = (0..2).map(|_| Writer::new(&spill)).collect();
        for number in 0..4000_u32 {
            let record = |into: &mut Vec<u8>| put(into, &[7; 100][..usize::try_from(number % 100).unwrap()]);
            writers[usize::try_from(number % 2).unwrap()].push(3, record).unwrap();
        }
        assert!(writers.iter().all(|writer| writer.parts[3].bytes.len() < PIECE));
        assert!(!writers[0].parts[3].pieces.is_empty());
        let side = Side::new(&spill, writers);
        let mut bytes = Vec::new();
        side.read(3, &mut bytes).unwrap();
        let mut cursor = Cursor(&bytes);
        let mut count = 0;
        while let Some(text) = cursor.text() {
            assert!(text.iter().all(|byte| *byte == 7));
            count += 1;
        }
        assert_eq!(count, 4000);
        assert!(cursor.0.is_empty());
        side.read(4, &mut bytes).unwrap();
        assert!(bytes.is_empty());
    }

    #[test]
    fn forms_of_one_name_lie_in_one_part() {
        let mut parts = Parts::default();
        for (one, other) in [("A/B.JPG", "a/b.jpg"), ("\u{e4}.png", "a\u{308}.png"), ("\u{c4}", "a\u{308}")] {
            assert_eq!(parts.of(one.as_bytes()), parts.of(other.as_bytes()), "{one} {other}");
        }
        let (mut one, mut other) = (Vec::new(), Vec::new());
        fold(b"\xff\xc4A", &mut one);
        fold(b"\xff\xe4A", &mut other);
        assert_ne!(one, other, "what is no text has no case");
    }

    #[test]
    fn a_folder_that_takes_nothing_is_a_limit() {
        let spill = Spill::new(Some(Path::new("/nowhere/at/all")));
        let mut writer = Writer::new(&spill);
        let why = writer.push(0, |into| into.resize(PIECE, 0)).unwrap_err();
        assert_eq!(why.cause, Cause::Limit);
    }
}
