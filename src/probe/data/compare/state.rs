//! How far a comparison is, kept so that one that was cut goes on where it stood.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::tally::Found;
use crate::fact::{Cause, Missing};

/// What was compared longer ago is compared again, whatever its mark.
const OLDEST: i64 = 24 * 3_600 * 1_000_000;

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    /// Who is compared with whom, by which arguments; another question is another comparison.
    question: String,
    tables: BTreeMap<String, Done>,
}

/// A table that was compared.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Done {
    /// Microseconds since 1970.
    at: i64,
    /// What tells that nobody has written to it since.
    mark: String,
    found: Found,
}

const VERSION: u32 = 2;

/// Where results of tables are kept; nothing is kept without a folder.
pub(super) struct State {
    path: Option<PathBuf>,
    kept: Kept,
}

impl State {
    /// That of this question; what is kept of another one, or cannot be read, is not used.
    pub(super) fn open(folder: Option<&Path>, question: String, now: Timestamp) -> Self {
        let fresh = |question| Kept { version: VERSION, question, tables: BTreeMap::new() };
        let Some(folder) = folder else { return Self { path: None, kept: fresh(question) } };
        let path = folder.join(format!("compare-{}.json", short(&question)));
        let read = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        let usable = read.filter(|kept| kept.version == VERSION && kept.question == question);
        let mut kept = usable.unwrap_or_else(|| fresh(question));
        let now = now.as_microsecond();
        kept.tables.retain(|_, done| done.at <= now && now - done.at < OLDEST);
        Self { path: Some(path), kept }
    }

    /// Is anything kept?
    pub(super) fn is_kept(&self) -> bool {
        self.path.is_some()
    }

    /// What was found of a table before the cut, if it is as it was then.
    pub(super) fn found(&self, table: &str, mark: &str) -> Option<Found> {
        let done = self.kept.tables.get(table).filter(|done| done.mark == mark)?;
        Some(done.found.clone())
    }

    /// Keeps the result of a table that had this mark before it was compared.
    pub(super) fn keep(
        &mut self,
        table: &str,
        found: &Found,
        mark: Option<String>,
        now: Timestamp,
    ) -> Result<(), Missing> {
        let (Some(path), Some(mark)) = (&self.path, mark) else { return Ok(()) };
        let done = Done { at: now.as_microsecond(), mark, found: found.clone() };
        self.kept.tables.insert(table.to_owned(), done);
        let unwritten = |error: &dyn std::fmt::Display| {
            Missing::new(Cause::Limit, format!("{}: {error}", path.display()))
        };
        let bytes = serde_json::to_vec(&self.kept).map_err(|error| unwritten(&error))?;
        // Whole or not at all: a cut in the middle must not leave half of it.
        let new = path.with_extension("new");
        let done = private(&new).and_then(|mut file| {
            file.write_all(&bytes)?;
            std::fs::rename(&new, path)
        });
        done.map_err(|error| unwritten(&error))
    }

    /// All was compared: the next answer begins anew.
    pub(super) fn end(self) {
        if let Some(path) = self.path {
            // There is none if no table was compared.
            drop(std::fs::remove_file(path));
        }
    }
}

/// A new file that only we may read.
fn private(path: &Path) -> std::io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// The list of all differing keys of a table.
pub(super) fn list(folder: &Path, question: &str, table: &str) -> Result<File, Missing> {
    let plain = |char: char| if char.is_ascii_alphanumeric() || "._-".contains(char) { char } else { '_' };
    let name: String = table.chars().map(plain).collect();
    let path = folder.join(format!("keys-{}-{name}-{}.txt", short(question), short(table)));
    private(&path).map_err(|error| Missing::new(Cause::Limit, format!("{}: {error}", path.display())))
}

fn short(text: &str) -> String {
    let bytes = Sha256::digest(text.as_bytes());
    crate::probe::x509::hex(bytes.first_chunk::<6>().map_or(&[][..], |part| &part[..]))
}
