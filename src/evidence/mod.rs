//! Evidence: one directory that shows what was judged, by which policies, with what result, and that can be checked by
//! somebody who was not there.
//!
//! It holds the recordings of a period, what was found in them, the project and the policies that judged, and a list of
//! all of it with digests. The runs are a chain: each names the one before, so none can be taken out or put in between.
//! An Ed25519 signature covers the list. [`write()`] makes it whole or not at all, and [`verify()`] finds every byte that was
//! changed since, and judges every recording again with what lies beside it.
//!
//! Where runs, texts and keys come from is not known here: a [`Material`] is given, and a [`Judge`].

mod anchor;
mod index;
mod key;
mod manifest;
mod names;
mod oscal;
mod readme;
mod stage;
mod statement;
mod summary;
mod verify;
mod write;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fact::Recording;
use crate::verdict::RunReport;

pub use anchor::Anchored;
pub use key::{PublicKey, SigningKey};
pub use statement::{PAYLOAD_TYPE, pae};
pub use verify::{Against, Checked, Difference, NotJudged, Signature, verify};
pub use write::{Options, Written, write};

/// The version of the directory that this build writes, and the only one it reads.
pub const FORMAT: u64 = 1;

/// Why there is no evidence, or why something cannot be read as such.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Nothing is overwritten.
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    /// No run in the period.
    #[error("there is no run to give evidence of")]
    Nothing,
    /// The file system refused.
    #[error("`{path}`: {why}")]
    Io {
        /// What was written or read.
        path: String,
        /// What it said.
        why: String,
    },
    /// What was given cannot be evidence.
    #[error("{0}")]
    Input(String),
    /// It is no evidence.
    #[error("`{}` is not a directory of evidence: {why}", .path.display())]
    NotEvidence {
        /// What was looked at.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

impl EvidenceError {
    pub(super) fn io(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::Io { path: path.display().to_string(), why: error.to_string() }
    }
}

/// What time the evidence is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// As the user calls it: `2026-Q3`.
    pub name: String,
    /// Its first moment.
    pub from: Timestamp,
    /// The moment after its last.
    pub until: Timestamp,
}

/// What a text is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The project file.
    Project,
    /// A file of policies of the project.
    Policy,
    /// A file of policies of a library, by its area.
    Library(String),
    /// What one of the others names: a script, holidays.
    Other,
}

/// One text that took part in judging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// As findings name it: a path from the folder of the project, or `builtin:AREA/FILE`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The text.
    pub text: String,
}

/// The project and the policies as they were for some of the runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edition {
    /// The project file first, then policies in their order, then what they name.
    pub pieces: Vec<Piece>,
}

/// What of a project a run was asked to judge, as the flags of `muster check` say it. Empty is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// `--tier`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<String>,
    /// `--env`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// `--target`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// `--tag`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// `--policy`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// `--set`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// The checks that were judged, by policy and target, where that is known; all that the rest selects otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<(String, String)>,
}

/// One run.
pub struct Run {
    /// What it is called where it was remembered.
    pub id: String,
    /// By which of the editions it was judged, from 0.
    pub edition: usize,
    /// What it was asked.
    pub scope: Scope,
    /// What it saw, with the past that it was given.
    pub recording: Recording,
    /// What it said, with places as seen from the folder of the project. Without it, what is said now counts.
    pub report: Option<RunReport>,
}

/// Everything that evidence is made of.
pub struct Material<'m> {
    /// The period.
    pub period: Period,
    /// Version of muster.
    pub muster: String,
    /// Where it is made.
    pub host: String,
    /// When it is made.
    pub made: Timestamp,
    /// Were texts of the recordings replaced by keyed digests?
    pub masked: bool,
    /// Projects and policies, at least one.
    pub editions: Vec<Edition>,
    /// The runs, in the order of their times.
    pub runs: Box<dyn Iterator<Item = Result<Run, String>> + 'm>,
    /// Reports of the audit by the names of their files.
    pub audit: Vec<(String, Vec<u8>)>,
    /// Runs of the period that are not in it and why, a line each.
    pub left_out: Vec<String>,
}

/// An edition as it lies in a directory of evidence.
#[derive(Debug)]
pub struct Laid {
    /// Which, from 1.
    pub number: usize,
    /// The folder of its project file.
    pub root: PathBuf,
    /// Its texts.
    pub edition: Edition,
}

/// Judges recordings by texts that lie in evidence, and by nothing else.
pub trait Judge {
    /// What a run says. The error says why it cannot be judged by this version of muster.
    fn judge(&mut self, laid: &Laid, scope: &Scope, recording: &Recording) -> Result<RunReport, String>;
}

/// A report without what is another in another place: where and by which version it was judged, and how long that took.
fn plain(report: RunReport, recording: &Recording) -> RunReport {
    let host = recording.about.as_ref().map_or_else(|| "".into(), |about| about.host.clone());
    RunReport { muster: recording.muster.clone(), host, recording: None, timings: None, ..report }
}

/// A report as it lies in evidence.
fn findings(report: &RunReport) -> String {
    let style = crate::report::Style { color: false, width: 100, verbose: false, remembered: true };
    crate::report::render(report, crate::report::Format::Json, &style)
}

/// Where two texts first differ, as people find it.
fn first_difference(one: &[u8], other: &[u8]) -> Option<String> {
    let shorter = one.len().min(other.len());
    let at = one.iter().zip(other).position(|(a, b)| a != b);
    let at = at.or_else(|| (one.len() != other.len()).then_some(shorter))?;
    let line = one.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
    Some(format!("line {line}, byte {at}"))
}
