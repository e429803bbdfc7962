//! What all runs say together, one after the other: of each check how it stands, of each finding when it was opened,
//! excepted and closed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::verdict::{Check, Counts, Finding, RunReport, Severity, Verdict, WaiverNote};

/// How something that was found stands, in the words of OSCAL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Open,
    Investigating,
    Approved,
    Closed,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Investigating => "investigating",
            Self::Approved => "deviation-approved",
            Self::Closed => "closed",
        }
    }

    fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Fail | Verdict::Warn => Self::Open,
            Verdict::Unknown => Self::Investigating,
            Verdict::Waived => Self::Approved,
            Verdict::Pass | Verdict::Skipped => Self::Closed,
        }
    }
}

/// When it came to stand so, and in which run.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    pub(super) at: String,
    pub(super) run: usize,
    pub(super) status: Status,
    pub(super) says: String,
}

/// One finding over all runs.
#[derive(Clone, Debug)]
pub(super) struct Risk {
    pub(super) subject: Arc<str>,
    pub(super) severity: Severity,
    pub(super) owner: Arc<str>,
    pub(super) message: String,
    pub(super) waiver: Option<WaiverNote>,
    pub(super) steps: Vec<String>,
    pub(super) turns: Vec<Turn>,
}

impl Risk {
    pub(super) fn status(&self) -> Status {
        self.turns.last().map_or(Status::Open, |turn| turn.status)
    }
}

/// One check over all runs.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) title: Arc<str>,
    pub(super) tier: Arc<str>,
    pub(super) digest: Arc<str>,
    pub(super) controls: Vec<Arc<str>>,
    /// Runs by verdict.
    pub(super) runs: Counts,
    pub(super) first: String,
    pub(super) last: String,
    /// Number of the last run that judged it.
    pub(super) run: usize,
    /// In that run.
    pub(super) verdict: Verdict,
    pub(super) worst: Verdict,
    /// Of the last run that did not skip it.
    pub(super) known: Verdict,
    pub(super) note: Option<String>,
    /// By the id of the finding.
    pub(super) risks: BTreeMap<Arc<str>, Risk>,
}

/// All checks, by policy and target.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary {
    pub(super) checks: BTreeMap<(Arc<str>, Arc<str>), Judged>,
}

impl Summary {
    /// Adds a run, which is later than those before.
    pub(super) fn add(&mut self, run: usize, report: &RunReport) {
        for check in &report.checks {
            let key = (Arc::clone(&check.policy), Arc::clone(&check.target));
            let judged = self.checks.entry(key).or_insert_with(|| Judged::begin(check, &report.started));
            judged.add(run, check, &report.started);
        }
    }
}

impl Judged {
    fn begin(check: &Check, at: &str) -> Self {
        Self {
            title: Arc::clone(&check.title),
            tier: Arc::clone(&check.tier),
            digest: Arc::clone(&check.digest),
            controls: check.controls.clone(),
            runs: Counts::default(),
            first: at.to_owned(),
            last: at.to_owned(),
            run: 0,
            verdict: check.verdict,
            worst: Verdict::Pass,
            known: Verdict::Skipped,
            note: None,
            risks: BTreeMap::new(),
        }
    }

    fn add(&mut self, run: usize, check: &Check, at: &str) {
        self.title = Arc::clone(&check.title);
        self.tier = Arc::clone(&check.tier);
        self.digest = Arc::clone(&check.digest);
        self.controls.clone_from(&check.controls);
        self.note.clone_from(&check.note);
        self.runs.add(check.verdict, 1);
        (self.run, self.verdict, self.worst) = (run, check.verdict, self.worst.max(check.verdict));
        if check.verdict != Verdict::Skipped {
            self.known = check.verdict;
        }
        at.clone_into(&mut self.last);
        // A subject may be found twice; the worst of it counts.
        let mut found: BTreeMap<&Arc<str>, &Finding> = BTreeMap::new();
        for finding in check.findings.iter().filter(|one| Status::of(one.verdict) != Status::Closed) {
            let known = found.entry(&finding.id).or_insert(finding);
            if finding.verdict > known.verdict {
                *known = finding;
            }
        }
        for finding in found.values() {
            let risk = self.risks.entry(Arc::clone(&finding.id)).or_insert_with(|| Risk::of(finding));
            risk.seen(run, finding, at);
        }
        // What nobody could look at is not mended.
        if !check.is_whole() {
            return;
        }
        for (id, risk) in &mut self.risks {
            if risk.status() != Status::Closed && !found.contains_key(id) {
                let says = "it is not found any more".to_owned();
                risk.turns.push(Turn { at: at.to_owned(), run, status: Status::Closed, says });
            }
        }
    }
}

impl Risk {
    fn of(finding: &Finding) -> Self {
        Self {
            subject: Arc::clone(&finding.subject.shown),
            severity: finding.severity,
            owner: Arc::clone(&finding.owner),
            message: String::new(),
            waiver: None,
            steps: Vec::new(),
            turns: Vec::new(),
        }
    }

    fn seen(&mut self, run: usize, finding: &Finding, at: &str) {
        let status = Status::of(finding.verdict);
        if self.turns.is_empty() || self.status() != status {
            let says = format!("{}: {}", finding.verdict.word(), finding.message);
            self.turns.push(Turn { at: at.to_owned(), run, status, says });
        }
        self.severity = finding.severity;
        self.owner = Arc::clone(&finding.owner);
        self.message.clone_from(&finding.message);
        self.waiver.clone_from(&finding.waiver);
        self.steps =
            finding.remedy.iter().map(|step| format!("{}: {}", step.kind.word(), step.text)).collect();
    }
}
