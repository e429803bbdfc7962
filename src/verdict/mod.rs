//! Verdicts, findings and the report of a run: the frozen model that every format draws.

mod compared;
mod diff;
mod explained;
mod finding;
mod impact;
mod report;
mod view;

pub use crate::fact::Recall;
pub use compared::Compared;
pub use diff::{Change, Diff, compare};
pub use explained::Reason;
pub use finding::{Finding, Layer, Operand, Origin, Step, StepKind, Subject, WaiverNote};
pub use impact::{Direction, Example, Impact, PolicyChange, Replayed, VerdictChange, judged_as};
pub use report::{Check, Counts, Fault, ProbeTime, RunReport, Timings};
pub use view::{CheckView, FindingView, RunView};

use serde::{Deserialize, Serialize};

/// The outcome of judging, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// What must hold holds.
    Pass,
    /// Not judged, on purpose and with a reason.
    Skipped,
    /// A finding that a waiver covers.
    Waived,
    /// Near the limit, or not right and not yet bad.
    Warn,
    /// Could not be judged.
    Unknown,
    /// What must hold does not.
    Fail,
}

impl Verdict {
    /// All, from best to worst.
    pub const ALL: [Self; 6] =
        [Self::Pass, Self::Skipped, Self::Waived, Self::Warn, Self::Unknown, Self::Fail];

    /// The word of outputs and case files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Skipped => "skipped",
            Self::Waived => "waived",
            Self::Warn => "warn",
            Self::Unknown => "unknown",
            Self::Fail => "fail",
        }
    }

    /// The verdict of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.word() == word)
    }
}

/// How bad a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// The words of policies, from least to worst.
    pub const WORDS: &'static [&'static str] = &["low", "medium", "high", "critical"];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High, Self::Critical].into_iter().find(|s| s.word() == word)
    }
}

/// Whom an alert's failure reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// Somebody may read it.
    Notice,
    /// Somebody must look within days.
    Ticket,
    /// Somebody is woken.
    Page,
}

impl Urgency {
    /// The words of policies, from quiet to loud.
    pub const WORDS: &'static [&'static str] = &["notice", "ticket", "page"];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }

    /// The urgency of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Notice, Self::Ticket, Self::Page].into_iter().find(|urgency| urgency.word() == word)
    }
}
