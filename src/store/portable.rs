//! Runs as one file, to be carried to another store.
//!
//! A line with the format, then items, each with its kind, its name and its bytes, and at the end how many they were
//! and the SHA-256 of everything before. A run stands in the bytes in which it waits beside a store. Nothing is taken
//! from a file that was not read to its end first.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

use super::{SharedError, StoreError};

/// The first line of a file, in the format that this build writes.
const HEAD: &str = "muster runs ";
const FORMAT: u32 = 1;

/// No name is longer, and no item larger.
const LONGEST: u64 = 300;
const LARGEST: u64 = 1 << 31;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A run, in packed bytes.
    Run,
    /// What a project promised, as JSON under its digest.
    Promise,
    /// The mark of a run that began and never ended.
    Begun,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// By which it is known in every store.
    pub name: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CarryError {
    /// Something else.
    #[error("this is not a file of `muster store export`")]
    Foreign,
    /// Of a newer muster.
    #[error("a newer muster wrote it (format {0}, this build knows {FORMAT})")]
    Newer(u32),
    /// Its end is missing.
    #[error("it was cut: its end is missing")]
    Cut,
    /// It is not what was written.
    #[error("it was changed: {0}")]
    Changed(&'static str),
    /// It cannot be read.
    #[error("{0}")]
    Io(io::Error),
}

impl From<io::Error> for CarryError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Cut } else { Self::Io(error) }
    }
}

/// Why not all runs were written.
#[derive(Debug)]
pub enum ExportError {
    /// What they are written to takes no more.
    Out(io::Error),
    /// The store cannot be read.
    Store(StoreError),
    /// The shared store cannot be read.
    Shared(SharedError),
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        Self::Out(error)
    }
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SharedError> for ExportError {
    fn from(error: SharedError) -> Self {
        match error {
            SharedError::Local(error) => Self::Store(error),
            other => Self::Shared(other),
        }
    }
}

/// Takes an item that is written.
pub type Take<'a> = &'a mut dyn FnMut(&Item) -> io::Result<()>;

impl Kind {
    /// The word by which a shared store keeps what is no run.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Promise => "promise",
            Self::Begun => "begun",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Promise, Self::Begun].into_iter().find(|kind| kind.word() == word)
    }

    fn byte(self) -> u8 {
        match self {
            Self::Run => b'r',
            Self::Promise => b'p',
            Self::Begun => b'b',
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Run, Self::Promise, Self::Begun].into_iter().find(|kind| kind.byte() == byte)
    }
}

/// The end of the items.
const END: u8 = b'.';

/// Writes a file.
pub struct Carrier<W> {
    out: W,
    digest: Sha256,
    items: u64,
}

impl<W: Write> Carrier<W> {
    /// Begins one.
    pub fn new(out: W) -> io::Result<Self> {
        let mut carrier = Self { out, digest: Sha256::new(), items: 0 };
        carrier.write(format!("{HEAD}{FORMAT}\n").as_bytes())?;
        Ok(carrier)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.out.write_all(bytes)
    }

    /// Adds an item.
    pub fn add(&mut self, item: &Item) -> io::Result<()> {
        let size = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes();
        self.write(&[item.kind.byte()])?;
        self.write(&size(item.name.as_bytes()))?;
        self.write(item.name.as_bytes())?;
        self.write(&size(&item.body))?;
        self.write(&item.body)?;
        self.items += 1;
        Ok(())
    }

    /// Ends it, and gives back what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.write(&[END])?;
        self.write(&self.items.to_le_bytes())?;
        let digest: [u8; 32] = self.digest.finalize().into();
        self.out.write_all(&digest)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Reads a file.
pub struct Carried<R> {
    from: R,
    digest: Sha256,
    items: u64,
}

impl<R: Read> Carried<R> {
    /// Begins to read one.
    pub fn new(from: R) -> Result<Self, CarryError> {
        let mut carried = Self { from, digest: Sha256::new(), items: 0 };
        let mut line = Vec::new();
        while line.len() < 40 && line.last() != Some(&b'\n') {
            let byte: [u8; 1] = carried.read().map_err(|error| match error {
                CarryError::Cut => CarryError::Foreign,
                other => other,
            })?;
            line.extend(byte);
        }
        let line = String::from_utf8(line).map_err(|_other| CarryError::Foreign)?;
        let format = line.strip_prefix(HEAD).and_then(|rest| rest.trim_end().parse::<u32>().ok());
        match format {
            Some(FORMAT) => Ok(carried),
            Some(newer) if newer > FORMAT => Err(CarryError::Newer(newer)),
            _ => Err(CarryError::Foreign),
        }
    }

    fn read<const N: usize>(&mut self) -> Result<[u8; N], CarryError> {
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes)?;
        self.digest.update(bytes);
        Ok(bytes)
    }

    fn bytes(&mut self, most: u64) -> Result<Vec<u8>, CarryError> {
        let size = u64::from_le_bytes(self.read()?);
        if size > most {
            return Err(CarryError::Changed("a length is beyond every limit"));
        }
        // Nothing is reserved for a length that nobody wrote.
        let mut bytes = Vec::new();
        self.from.by_ref().take(size).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()) != Ok(size) {
            return Err(CarryError::Cut);
        }
        self.digest.update(&bytes);
        Ok(bytes)
    }

    /// The next item; none at an end that proves everything before.
    pub fn item(&mut self) -> Result<Option<Item>, CarryError> {
        let [byte] = self.read()?;
        if byte == END {
            return self.end().map(|()| None);
        }
        let kind = Kind::from_byte(byte).ok_or(CarryError::Changed("an item is of no kind"))?;
        let name = self.bytes(LONGEST)?;
        let name = String::from_utf8(name).map_err(|_other| CarryError::Changed("a name is not UTF-8"))?;
        let body = self.bytes(LARGEST)?;
        self.items += 1;
        Ok(Some(Item { kind, name, body }))
    }

    fn end(&mut self) -> Result<(), CarryError> {
        if u64::from_le_bytes(self.read()?) != self.items {
            return Err(CarryError::Changed("it has not the items that it says"));
        }
        let digest: [u8; 32] = self.digest.clone().finalize().into();
        let mut said = [0; 32];
        self.from.read_exact(&mut said)?;
        if said != digest {
            return Err(CarryError::Changed("its checksum is wrong"));
        }
        match self.from.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(CarryError::Changed("something follows its end")),
        }
    }
}

/// Reads a file to its end, and returns how many items it has.
pub fn proven(from: impl Read) -> Result<u64, CarryError> {
    let mut carried = Carried::new(from)?;
    while carried.item()?.is_some() {}
    Ok(carried.items)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn items() -> Vec<Item> {
        let item = |kind, name: &str, body: &[u8]| Item { kind, name: name.to_owned(), body: body.to_vec() };
        vec![
            item(Kind::Promise, "sha256:1", b"{}"),
            item(Kind::Run, "1-2-3-4", b"body"),
            item(Kind::Begun, "b", b""),
        ]
    }

    fn written(items: &[Item]) -> Vec<u8> {
        let mut carrier = Carrier::new(Vec::new()).unwrap();
        items.iter().for_each(|item| carrier.add(item).unwrap());
        carrier.finish().unwrap()
    }

    #[test]
    fn what_was_written_is_read_and_every_cut_and_every_changed_byte_is_noticed() {
        let bytes = written(&items());
        let mut carried = Carried::new(&bytes[..]).unwrap();
        let back: Vec<Item> = std::iter::from_fn(|| carried.item().unwrap()).collect();
        assert_eq!(back, items());
        assert_eq!(proven(&written(&[])[..]).unwrap(), 0);
        for cut in 0..bytes.len() {
            assert!(proven(&bytes[..cut]).is_err(), "{cut}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(proven(&changed[..]).is_err(), "{at}");
        }
        let longer = [&bytes[..], b"x"].concat();
        assert!(matches!(proven(&longer[..]), Err(CarryError::Changed("something follows its end"))));
        assert!(matches!(proven(&b"muster runs 7\n"[..]), Err(CarryError::Newer(7))));
        assert!(matches!(proven(&b"PK\x03\x04"[..]), Err(CarryError::Foreign)));
    }

    proptest! {
        #[test]
        fn bytes_that_nobody_wrote_are_a_fault_and_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let made = [b"muster runs 1\n", &bytes[..]].concat();
            prop_assert!(proven(&made[..]).is_err());
        }
    }
}
