//! What is read back.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::fact::{Cell, Key, Missing, Row, Schema, Track, Type};
use crate::verdict::{Counts, Finding};

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
