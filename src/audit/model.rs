//! The frozen model of an audit, which every format draws.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::exception::Exception;
use crate::verdict::{Counts, Severity, Verdict};

/// Everything that an audit says of a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Version of this format.
    pub audit: u32,
    /// Version of muster.
    pub muster: Arc<str>,
    /// Host on which it was made.
    pub host: Arc<str>,
    /// When it was made.
    pub made: Timestamp,
    /// What it is about.
    pub period: Period,
    /// Runs, and where they were remembered.
    pub store: Source,
    /// What was to be judged, and what was.
    pub population: Population,
    /// Frameworks with their controls.
    pub controls: Vec<Framework>,
    /// What people stated.
    pub attestations: Vec<Attested>,
    /// Waivers, loosened overrides, suppressed lints and probes that leave something behind.
    pub exceptions: Vec<Exception>,
    /// Findings over time, the open ones first, the worst first.
    pub findings: Vec<History>,
    /// What never changes, and what always does.
    pub patterns: Vec<Pattern>,
    /// Policies that were changed.
    pub changes: Vec<PolicyMoved>,
    /// Runs by day and environment, the days without one included on which something is promised.
    pub run_days: Vec<RunDay>,
    /// Runs in the order of their times, those that never ended included.
    pub runs: Vec<RunTold>,
    /// Verdicts of the checks, day by day.
    pub days: Vec<Day>,
    /// What ends, or crosses a limit, soon.
    pub outlook: Vec<Ahead>,
}

/// A time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// As it was asked for: `2026-Q3`.
    pub name: String,
    /// Its begin.
    pub from: Timestamp,
    /// Its end, which does not belong to it.
    pub to: Timestamp,
    /// Its end, or now if it lasts still.
    pub until: Timestamp,
}

/// Where an audit knows it from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The store.
    pub path: String,
    /// Runs of the period.
    pub runs: u64,
    /// Runs of the period that named only some policies, so that nothing was promised.
    pub unpromised: u64,
    /// When the first run of the whole store began.
    pub first: Option<Timestamp>,
    /// When the last one did.
    pub last: Option<Timestamp>,
    /// Hosts that ran it.
    pub hosts: Vec<Arc<str>>,
    /// Versions of muster that ran.
    pub versions: Vec<Arc<str>>,
}

/// What was to be judged, and what was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Population {
    /// Judgements that the tiers promise.
    pub expected: u64,
    /// Of them those that happened.
    pub judged: u64,
    /// And those that did not.
    pub missed: u64,
    /// Check by check, those that missed most first.
    pub checks: Vec<Counted>,
    /// Where nothing was judged for longer than is promised, the longest first.
    pub gaps: Vec<Gap>,
    /// Runs that began and never ended.
    pub interrupted: Vec<Interrupted>,
    /// Where the clock went backwards.
    pub clocks: Vec<ClockJump>,
    /// The store knows nothing of the period before this time.
    pub unseen: Option<Timestamp>,
}

/// One check, as it was promised and judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// Its tier.
    pub tier: Arc<str>,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// Since when it was promised, within the period.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// It was promised for the first time within the period.
    pub new: bool,
    /// It was not promised any more at the end.
    pub ended: bool,
    /// How often it is promised, in seconds; none if not by the clock.
    pub every: Option<u64>,
    /// Judgements that are promised.
    pub expected: u64,
    /// Of them those that happened.
    pub judged: u64,
    /// And those that did not.
    pub missed: u64,
    /// All judgements by verdict.
    pub verdicts: Counts,
    /// The last one that was no `unknown`.
    pub last: Option<Timestamp>,
    /// The verdict of the last run that judged it.
    pub now: Option<Verdict>,
}

/// A time in which a check was not judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// Its tier.
    pub tier: Arc<str>,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// After the last judgement before.
    pub from: Timestamp,
    /// Until the next one, or the end.
    pub to: Timestamp,
    /// It lasts still.
    pub open: bool,
    /// Judgements that did not happen.
    pub missed: u64,
    /// Runs meanwhile, whatever they judged.
    pub runs: u64,
    /// How often it was tried and could not be judged.
    pub unread: u64,
}

/// A run that began and never ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupted {
    /// When it began.
    pub at: Timestamp,
    /// Where; empty if nobody knows.
    pub host: String,
    /// What it was about.
    pub about: String,
}

/// A run that began before the one that was remembered before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockJump {
    /// The run before.
    pub before: Timestamp,
    /// The run.
    pub at: Timestamp,
    /// Where it ran.
    pub host: Arc<str>,
}

/// A framework, as far as it is covered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Framework {
    /// Its id.
    pub id: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// Its controls.
    pub controls: Vec<Control>,
    /// Policies that name none of its controls.
    pub others: Vec<Arc<str>>,
}

/// A control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// Its id.
    pub id: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// Where it is explained.
    pub link: Option<Arc<str>>,
    /// Policies that name it.
    pub policies: Vec<Arc<str>>,
    /// How it stands.
    pub state: Arc<str>,
}

/// A statement of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attested {
    /// What was attested.
    pub topic: Arc<str>,
    /// By whom.
    pub by: Arc<str>,
    /// When.
    pub at: String,
    /// Until when it counts.
    pub valid_until: String,
    /// What was looked at.
    pub looked_at: String,
    /// `holds` or `fails`.
    pub result: Arc<str>,
    /// Links of its evidence.
    pub evidence: Vec<String>,
    /// What is wrong with it; empty if nothing is.
    pub faults: Vec<String>,
}

/// A finding over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Stable over runs, renamed messages and moved files.
    pub id: Arc<str>,
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// What it is about.
    pub subject: Arc<str>,
    /// How bad.
    pub severity: Severity,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// What was said last.
    pub message: String,
    /// How it stands; none if it is mended.
    pub now: Option<Verdict>,
    /// The worst of the period.
    pub worst: Verdict,
    /// When it was found for the first time, as far as the store knows.
    pub first: Timestamp,
    /// When it was found last.
    pub last: Timestamp,
    /// Times in which it was open or hidden.
    pub spells: Vec<Spell>,
    /// How often it came back after it was mended.
    pub reopened: u64,
}

impl History {
    /// Is it open, and hidden by nothing?
    pub fn is_open(&self) -> bool {
        matches!(self.now, Some(Verdict::Fail | Verdict::Warn | Verdict::Unknown))
    }

    /// Since when it is open, or hidden.
    pub fn since(&self) -> Option<Timestamp> {
        let last = self.spells.last().filter(|last| last.to.is_none())?;
        Some(last.from)
    }
}

/// A time in which a finding stood without a break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spell {
    /// The first run that found it.
    pub from: Timestamp,
    /// The first run that did not find it any more; none if it is there still.
    pub to: Option<Timestamp>,
    /// The worst verdict of it.
    pub worst: Verdict,
    /// In how many judgements a waiver hid it.
    pub waived: u64,
    /// It was there already when the period began.
    pub earlier: bool,
}

/// What kind of pattern it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PatternKind {
    /// It fails every time.
    AlwaysFails,
    /// It was never judged: it could not be read every time.
    NeverRead,
    /// It was skipped every time: its `when` never held.
    AlwaysSkipped,
    /// It changes often.
    Flaps,
    /// Nobody mended it in 90 days.
    Unmended,
    /// It passes every time, so that nobody knows whether it can fail.
    AlwaysPasses,
}

/// Something that a person should think about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pattern {
    /// What kind.
    pub kind: PatternKind,
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// The subject; empty for the check itself.
    pub subject: Arc<str>,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// Out of so many judgements.
    pub judged: u64,
    /// So many changes, or days.
    pub count: u64,
}

/// A policy that was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyMoved {
    /// The policy.
    pub policy: Arc<str>,
    /// The first run with the new text.
    pub at: Timestamp,
    /// Digest of the old text; none if it is new.
    pub old: Option<Arc<str>>,
    /// Digest of the new text; none if it is gone.
    pub new: Option<Arc<str>>,
    /// `stricter`, `looser`, `same`, `not comparable`, `new`, `gone`.
    pub direction: String,
    /// What changed, in words.
    pub what: Vec<String>,
    /// Verdicts of its checks before and after.
    pub moved: Vec<VerdictMoved>,
}

/// A check whose verdict is another since its policy was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerdictMoved {
    /// The target.
    pub target: Arc<str>,
    /// The last verdict before.
    pub before: Verdict,
    /// The first verdict after.
    pub after: Verdict,
}

/// The verdicts of a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// The day, UTC.
    pub day: String,
    /// Of each check the last verdict of that day; none if nothing was judged.
    pub checks: Option<Counts>,
    /// Runs that began on it.
    pub runs: u64,
}

/// The runs of a day in an environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunDay {
    /// The day, UTC.
    pub day: String,
    /// The environment; empty for all targets.
    pub environment: Arc<str>,
    /// Runs that began on it; none though something is promised every day is a gap.
    pub runs: u64,
    /// Of them those that ended.
    pub ended: u64,
    /// And those that did not.
    pub killed: u64,
    /// When the first began.
    pub first: Option<Timestamp>,
    /// When the last began.
    pub last: Option<Timestamp>,
    /// The worst verdict of a check; none if none was judged.
    pub worst: Option<Verdict>,
    /// Checks of which at least one run could tell how they stand.
    pub judged: u64,
    /// Checks of which no run could.
    pub unknown: u64,
    /// Runs that ended and cannot be judged again.
    pub unkept: u64,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunTold {
    /// When it began.
    pub at: Timestamp,
    /// Its name in every store; empty if it never ended.
    pub id: Arc<str>,
    /// The environment; empty for all targets.
    pub environment: Arc<str>,
    /// Where it ran; empty if nobody knows.
    pub host: Arc<str>,
    /// Version of muster; empty if nobody knows.
    pub muster: Arc<str>,
    /// Did it end?
    pub ended: bool,
    /// Its exit code.
    pub exit: Option<u8>,
    /// Was it about all of the project, so that it promises something?
    pub promised: bool,
    /// The worst verdict of a check; none if none was judged.
    pub worst: Option<Verdict>,
    /// Checks that were judged.
    pub judged: u64,
    /// Checks that could not be judged.
    pub unknown: u64,
    /// Why it cannot be judged again; empty if it can.
    pub unkept: String,
}

/// What ends soon, or crosses its limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ahead {
    /// `certificate`, `password`, `key`, `waiver`, `attestation`, `limit`; `backup`, whose time is that of the newest.
    pub kind: Arc<str>,
    /// What.
    pub name: String,
    /// Who answers for it; empty if nobody said.
    pub owner: Arc<str>,
    /// When at the earliest, RFC 3339; of a limit the day.
    pub from: String,
    /// When at the latest; the same if it is known exactly, and empty if that cannot be said.
    pub to: String,
    /// In words.
    pub what: String,
}

impl Ahead {
    /// When, as a time or a range.
    pub fn when(&self) -> String {
        match (&*self.from, &*self.to) {
            (from, to) if from == to => from.to_owned(),
            (from, "") => format!("{from} at the earliest"),
            (from, to) => format!("{from} to {to}"),
        }
    }
}
