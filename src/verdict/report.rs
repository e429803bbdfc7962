//! The report of a run.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Finding, Verdict};
use crate::fact::{Identity, Missing};

/// How many of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words are those of `Verdict`")]
pub struct Counts {
    pub pass: u64,
    pub skipped: u64,
    pub waived: u64,
    pub warn: u64,
    pub unknown: u64,
    pub fail: u64,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, verdict: Verdict, many: u64) {
        match verdict {
            Verdict::Pass => self.pass += many,
            Verdict::Skipped => self.skipped += many,
            Verdict::Waived => self.waived += many,
            Verdict::Warn => self.warn += many,
            Verdict::Unknown => self.unknown += many,
            Verdict::Fail => self.fail += many,
        }
    }

    /// How many of this verdict.
    pub fn of(&self, verdict: Verdict) -> u64 {
        match verdict {
            Verdict::Pass => self.pass,
            Verdict::Skipped => self.skipped,
            Verdict::Waived => self.waived,
            Verdict::Warn => self.warn,
            Verdict::Unknown => self.unknown,
            Verdict::Fail => self.fail,
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        Verdict::ALL.iter().map(|verdict| self.of(*verdict)).sum()
    }
}

/// One policy judged at one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The policy.
    pub policy: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// Its tier.
    pub tier: Arc<str>,
    /// `maintenance` or `alert`.
    pub kind: Arc<str>,
    /// Digest of the policy's text.
    pub digest: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// Worst of its findings.
    pub verdict: Verdict,
    /// Subjects by verdict.
    pub counts: Counts,
    /// Rows that were seen.
    pub rows: u64,
    /// In words, when the check itself needs one: "none of 312 qualified", "none found", why it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Everything that is not `pass`.
    pub findings: Vec<Finding>,
    /// Ids for audits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Arc<str>>,
    /// Parameters of this check that are looser than the policy's default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looser: Vec<String>,
    /// Probes that were used and leave something behind for a moment, which the target allows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scratch: Vec<Arc<str>>,
}

impl Check {
    /// Was it judged as a whole, so that every subject that is not among its findings passed? Not if it was skipped,
    /// nor if something about the target itself, and not only about some of its subjects, could not be read.
    pub fn is_whole(&self) -> bool {
        let mut unread = self.findings.iter().filter(|finding| finding.is_unread());
        match self.verdict {
            Verdict::Skipped => false,
            Verdict::Unknown if self.findings.is_empty() => false,
            _ => !unread.any(|finding| finding.subject.key.is_empty()),
        }
    }
}

/// One fault that hides one or more findings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The target.
    pub target: Arc<str>,
    /// What happened.
    pub missing: Arc<Missing>,
    /// Policies that it hides.
    pub policies: Vec<Arc<str>>,
    /// How many findings it makes unknown.
    pub findings: u64,
}

/// Where the time went, in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words are those of the pipeline")]
pub struct Timings {
    pub read: u64,
    pub resolve: u64,
    pub plan: u64,
    pub observe: u64,
    pub judge: u64,
    pub report: u64,
    /// What each answer cost, the dearest first.
    #[serde(default)]
    pub probes: Vec<ProbeTime>,
}

/// What one answer cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeTime {
    /// Whom.
    pub target: Arc<str>,
    /// Which probe.
    pub probe: Arc<str>,
    /// How long the answer took, in microseconds.
    pub took: u64,
    /// Statements that a database was asked.
    pub statements: u32,
    /// How long it took to answer them, in microseconds.
    pub asked: u64,
    /// Rows of the answer.
    pub rows: u64,
}

/// Everything that a run found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Version of muster.
    pub muster: Arc<str>,
    /// Host on which it ran.
    pub host: Arc<str>,
    /// When it began, RFC 3339 UTC.
    pub started: String,
    /// Was a recording judged, and of when?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<String>,
    /// Who answered, by target.
    pub targets: Vec<(Arc<str>, Identity)>,
    /// The checks, in order of policy and target.
    pub checks: Vec<Check>,
    /// Findings about the input itself that do not stop a run: stale waivers, overrides that match nothing.
    pub notices: Vec<Finding>,
    /// Shared faults, the one that hides most first.
    pub faults: Vec<Fault>,
    /// Checks by verdict.
    pub checks_by_verdict: Counts,
    /// Subjects by verdict.
    pub subjects: Counts,
    /// The exit code.
    pub exit: u8,
    /// Why that code, in words.
    pub exit_reason: String,
    /// Where the time went, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timings: Option<Timings>,
}
