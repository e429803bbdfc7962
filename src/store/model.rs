//! What is read back.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fact::{Cell, Key, Missing, Row, Schema, Track, Type};
use crate::verdict::{Counts, Finding, Verdict};

/// A run of which is known what it found.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    /// Its number; a later run has a higher one.
    pub id: i64,
    /// When it began, to the microsecond.
    pub started: Timestamp,
    /// Version of muster.
    pub muster: Arc<str>,
    /// Host on which it ran.
    pub host: Arc<str>,
    /// Its exit code.
    pub exit: u8,
    /// Why that code, in words.
    pub exit_reason: Arc<str>,
    /// Checks by verdict.
    pub checks: Counts,
    /// Subjects by verdict.
    pub subjects: Counts,
    /// Was a recording judged, and of when? Such a run is no sample of the past.
    pub replay: Option<String>,
    /// Can its observations be read back?
    pub recorded: bool,
}

/// A finding as it was when it was last found.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredFinding {
    /// The finding.
    pub finding: Finding,
    /// The run that found it last. It may have been pruned, if clocks went backwards.
    pub run: i64,
    /// When that run began.
    pub at: Timestamp,
    /// Was a recording judged in that run, and of when?
    pub replay: Option<String>,
}

/// One row as it was observed.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRow {
    /// Its shape.
    pub schema: Arc<Schema>,
    /// Its cells, in the order of the schema.
    pub cells: Row,
}

impl StoredRow {
    /// A cell by name of its field.
    pub fn cell(&self, name: &str) -> Option<&Cell> {
        self.cells.get(self.schema.position(name)?)
    }
}

/// What was seen of one subject at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSample {
    /// The run.
    pub run: i64,
    /// When it was asked, by the clock of muster.
    pub at: Timestamp,
    /// The target's own clock at that time.
    pub source_clock: Option<Timestamp>,
    /// The question: one probe may have been asked several things.
    pub key: Key,
    /// The row's name; the target's if its rows have no key, or if nothing could be read.
    pub subject: Arc<str>,
    /// The row, or why it is not known whether there was one.
    pub answer: Result<StoredRow, Arc<Missing>>,
}

/// What was seen of some facts of one question over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watched {
    /// The facts, with their types in the last answer.
    pub facts: Vec<(Arc<str>, Type)>,
    /// For each subject, in the order of the facts. A subject that could not be told from another is not here.
    pub subjects: BTreeMap<Arc<str>, Vec<WatchedFact>>,
    /// When it was asked, in microseconds since 1970 and in order, and why there was no answer.
    pub asked: Vec<(i64, Option<Arc<Missing>>)>,
}

/// What was seen of one fact of one subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WatchedFact {
    /// Its samples.
    pub track: Track,
    /// When the row was there, and this fact of it could not be read.
    pub unread: Vec<i64>,
}

/// How long runs are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Those that judged policies of a tier, by its word; a run stays as long as the longest of its tiers says.
    pub tiers: BTreeMap<String, SignedDuration>,
    /// All others.
    pub rest: SignedDuration,
}

/// How a check was judged last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredVerdict {
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// The verdict.
    pub verdict: Verdict,
    /// When that run began.
    pub at: Timestamp,
}

/// How a check stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// When the last run began that could tell how it stands. Of runs that are forgotten nobody knows that any more, and they
    /// count.
    pub judged: Option<Timestamp>,
    /// Since when every run that tried ended unknown.
    pub unknown: Option<Timestamp>,
    /// Since when it is promised without a break.
    pub promised: Option<Timestamp>,
}

/// A run that began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// When, in microseconds since 1970.
    pub started: i64,
    /// On which host; empty if it is not known.
    pub host: String,
    /// Number of its process.
    pub process: u32,
    /// When that process began, in the kernel's words.
    pub birth: String,
    /// What it was about: tiers, environment.
    pub about: String,
    /// The environment; none is all targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

impl Begun {
    /// One of which only the time is known.
    pub fn at(started: i64) -> Self {
        let (host, birth, about) = (String::new(), String::new(), String::new());
        Self { started, host, process: 0, birth, about, environment: None }
    }
}

/// A run, as audits count it.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRun {
    /// Its number.
    pub id: i64,
    /// When it began.
    pub started: Timestamp,
    /// Version of muster.
    pub muster: Arc<str>,
    /// Host on which it ran.
    pub host: Arc<str>,
    /// Its exit code.
    pub exit: u8,
    /// The environment that it was about; none is all targets.
    pub environment: Option<Arc<str>>,
    /// The digest of what the project promised then; none if only some policies were named.
    pub promised: Option<Arc<str>>,
    /// Can its observations be read back?
    pub recorded: bool,
    /// Its name in every store.
    pub uid: Arc<str>,
}

/// A check that was judged in a run. Check and run are positions in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The check.
    pub check: usize,
    /// The run.
    pub run: usize,
    /// How.
    pub verdict: Verdict,
    /// Was everything of it judged?
    pub whole: bool,
    /// It was not judged: there is a notice about it.
    pub notice: bool,
}

/// From this run of its check on a finding stood so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Position of the run in the ledger.
    pub run: usize,
    /// The verdict; none if it was not among the findings of its check.
    pub verdict: Option<Verdict>,
    /// Did its rule hold, also beneath a waiver?
    pub held: bool,
}

/// A finding over time.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerFinding {
    /// Its check.
    pub check: usize,
    /// When it was found for the first time, as far as the store knows.
    pub first: Timestamp,
    /// When it was found last.
    pub last: Timestamp,
    /// How it stood in the runs of the ledger.
    pub turns: Vec<Turn>,
    /// As it was when it was found last.
    pub newest: Finding,
}

/// Everything that is known of a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Runs that began in it, in the order in which they were saved. None of them judged a recording.
    pub runs: Vec<LedgerRun>,
    /// All checks that were ever judged: policy, target, and whether it is none but what there is a notice about.
    pub checks: Vec<(Arc<str>, Arc<str>, bool)>,
    /// Which of them were judged in which run.
    pub judged: Vec<Judgement>,
    /// When a check was judged last before the time.
    pub before: BTreeMap<usize, Timestamp>,
    /// When a judgement before the time could tell how it stands, the last one.
    pub told: BTreeMap<usize, Timestamp>,
    /// Findings.
    pub findings: Vec<LedgerFinding>,
    /// What was promised, as JSON, by its digest.
    pub promises: BTreeMap<Arc<str>, Arc<str>>,
    /// Texts of policies by their digests.
    pub policies: BTreeMap<Arc<str>, Arc<str>>,
    /// Runs that began in it and never ended.
    pub begun: Vec<Begun>,
    /// When the first and the last run of the whole store began.
    pub span: Option<(Timestamp, Timestamp)>,
}

impl Ledger {
    /// The judgements of each check in the order in which its runs were saved, by the position of the check; without
    /// notices, which judge nothing.
    pub fn by_check(&self) -> BTreeMap<usize, Vec<Judgement>> {
        let mut all: BTreeMap<usize, Vec<Judgement>> = BTreeMap::new();
        for one in self.judged.iter().filter(|one| !one.notice) {
            all.entry(one.check).or_default().push(*one);
        }
        all.values_mut().for_each(|judged| judged.sort_unstable_by_key(|one| one.run));
        all
    }

    /// When a run of it began.
    pub fn started(&self, run: usize) -> Option<Timestamp> {
        self.runs.get(run).map(|run| run.started)
    }
}
