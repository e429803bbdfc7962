//! A run, as far as two can be compared: of a report, or of the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Check, Finding, RunReport, Severity, Verdict};
use crate::fact::Identity;

/// A run, as far as two can be compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunView {
    /// How it was named: `run 7`, a file.
    pub name: String,
    /// When it began, RFC 3339 UTC.
    pub started: String,
    /// Was a recording judged, and of when?
    pub replay: Option<String>,
    /// Who answered, by target.
    pub targets: Vec<(Arc<str>, Identity)>,
    /// Its checks; one policy at one target once.
    pub checks: Vec<CheckView>,
}

/// A check, as far as two can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckView {
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// No check but findings about the input itself: a stale waiver.
    pub notice: bool,
    /// Worst of its findings.
    pub verdict: Verdict,
    /// Was everything of it judged, so that what is not among its findings passed?
    pub whole: bool,
    /// Digest of the policy's text, if it is known.
    pub digest: Option<Arc<str>>,
    /// What the check itself has to say.
    pub note: Option<String>,
    /// What did not pass.
    pub findings: Vec<FindingView>,
}

/// A finding, as far as two can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingView {
    /// Stable over runs.
    pub id: Arc<str>,
    /// What it is about.
    pub subject: Arc<str>,
    /// Its verdict.
    pub verdict: Verdict,
    /// How bad, if it is known.
    pub severity: Option<Severity>,
    /// What happened, if it is known of this run.
    pub message: Option<String>,
}

impl RunView {
    /// Of a report.
    pub fn of(report: &RunReport, name: impl Into<String>) -> Self {
        let mut checks: BTreeMap<(Arc<str>, Arc<str>, bool), CheckView> = BTreeMap::new();
        let mut add = |view: CheckView| {
            let key = (Arc::clone(&view.policy), Arc::clone(&view.target), view.notice);
            match checks.get_mut(&key) {
                None => drop(checks.insert(key, view)),
                Some(known) => {
                    known.verdict = known.verdict.max(view.verdict);
                    known.whole &= view.whole;
                    known.findings.extend(view.findings);
                }
            }
        };
        report.checks.iter().for_each(|check| add(CheckView::of(check)));
        report.notices.iter().for_each(|notice| add(CheckView::of_notice(notice)));
        Self {
            name: name.into(),
            started: report.started.clone(),
            replay: report.recording.clone(),
            targets: report.targets.clone(),
            checks: checks.into_values().collect(),
        }
    }
}

impl CheckView {
    fn of(check: &Check) -> Self {
        let findings: Vec<FindingView> = check.findings.iter().map(FindingView::of).collect();
        Self {
            policy: Arc::clone(&check.policy),
            target: Arc::clone(&check.target),
            notice: false,
            verdict: findings.iter().map(|finding| finding.verdict).fold(check.verdict, Ord::max),
            whole: check.is_whole(),
            digest: Some(Arc::clone(&check.digest)).filter(|digest| !digest.is_empty()),
            note: check.note.clone(),
            findings,
        }
    }

    fn of_notice(finding: &Finding) -> Self {
        Self {
            policy: Arc::clone(&finding.policy),
            target: Arc::clone(&finding.target),
            notice: true,
            verdict: finding.verdict,
            whole: true,
            digest: None,
            note: None,
            findings: vec![FindingView::of(finding)],
        }
    }
}

impl FindingView {
    fn of(finding: &Finding) -> Self {
        Self {
            id: Arc::clone(&finding.id),
            subject: Arc::clone(&finding.subject.shown),
            verdict: finding.verdict,
            severity: Some(finding.severity),
            message: Some(finding.message.clone()),
        }
    }
}
