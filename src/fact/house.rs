//! What a project says of itself, as plain data for the probes of targets of type `project`.
//!
//! Filled before a run by whoever knows the project; a probe only reads it, so what it says can be recorded and
//! replayed like the answer of any other system.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Missing, Records};

/// A project as its own target.
#[derive(Clone, Debug, Default)]
pub struct House {
    /// The folder of its file, absolute.
    pub root: PathBuf,
    /// Who can answer for something here.
    pub owners: BTreeSet<Arc<str>>,
    /// What was attested, in the order of the files.
    pub attestations: Vec<Attestation>,
    /// Why a file with attestations was not read. As long as there is one, nobody knows which statement is the newest.
    pub unread: Vec<Arc<Missing>>,
    /// What is promised and remembered; none where nobody can tell.
    pub records: Option<Arc<dyn Records>>,
}

/// One statement of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// What was attested: a short id.
    pub topic: Arc<str>,
    /// Who says so.
    pub by: Arc<str>,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// What was looked at.
    pub looked_at: Arc<str>,
    /// Does it hold?
    pub holds: bool,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// Why nothing shows it.
    pub no_evidence: Option<Arc<str>>,
    /// The last day, in days since 1970.
    pub valid_until: i64,
    /// What else is to be said.
    pub note: Option<Arc<str>>,
    /// File, from the project's folder on, and line.
    pub place: Arc<str>,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// An address, or a path below the project's folder.
    pub link: Arc<str>,
    /// SHA-256 of its content, in lower-case hexadecimal digits.
    pub sha256: Option<Arc<str>>,
}

impl Evidence {
    /// Is it a file of the project, and not an address?
    pub fn is_file(&self) -> bool {
        !self.link.contains("://")
    }
}

impl Attestation {
    /// Do both say the same, wherever they stand?
    pub fn says_the_same(&self, other: &Self) -> bool {
        *self == Self { place: Arc::clone(&self.place), ..other.clone() }
    }
}
