//! What a project promises and remembers, for the probes of targets of type `project`.
//!
//! Rows of plain data behind a trait: reading them costs a look at all policies, or at the whole store, so it is done when
//! a probe asks and once for all of them. Times are microseconds since 1970, dates days since then.

use std::fmt::Debug;
use std::sync::Arc;

use super::Missing;

/// Reads what a project promises and remembers. What could not be read is said, and is never an empty list.
pub trait Records: Debug + Send + Sync {
    /// Every check of the project.
    ///
    /// # Errors
    /// The project cannot be read.
    fn checks(&self) -> Result<Vec<CheckRow>, Missing>;

    /// Every target of the project.
    ///
    /// # Errors
    /// The project cannot be read.
    fn targets(&self) -> Result<Vec<TargetRow>, Missing>;

    /// What is known of each of these checks, in their order; judgements are counted over so many microseconds back.
    ///
    /// # Errors
    /// There is no store, or it cannot be read.
    fn pasts(&self, since: i64) -> Result<Vec<CheckPast>, Missing>;

    /// Everything that is allowed now and was not, if nobody had said so.
    ///
    /// # Errors
    /// The project cannot be read.
    fn exceptions(&self) -> Result<Vec<ExceptionRow>, Missing>;

    /// How many open findings each of these exceptions hides, in their order; judgements count so many microseconds back.
    ///
    /// # Errors
    /// There is no store, or it cannot be read.
    fn hidden(&self, since: i64) -> Result<Vec<u64>, Missing>;

    /// Every control of the frameworks.
    ///
    /// # Errors
    /// The project cannot be read, or declares no framework.
    fn controls(&self) -> Result<Vec<ControlRow>, Missing>;

    /// How each of these controls stands, in their order.
    ///
    /// # Errors
    /// There is no store, or it cannot be read.
    fn coverage(&self) -> Result<Vec<ControlPast>, Missing>;

    /// The findings of checks of the project that stand now.
    ///
    /// # Errors
    /// There is no store, nothing was kept yet, or it cannot be read.
    fn findings(&self, since: i64) -> Result<Vec<FindingRow>, Missing>;

    /// The runs of the last microseconds.
    ///
    /// # Errors
    /// There is no store, nothing was kept yet, or it cannot be read.
    fn runs(&self, since: i64) -> Result<Vec<RunRow>, Missing>;
}

/// A check of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRow {
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// Type of the target.
    pub target_type: Arc<str>,
    /// The tier, in its word.
    pub tier: &'static str,
    /// How bad at worst, in its word.
    pub severity: &'static str,
    /// Must its failure reach a person?
    pub alert: bool,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// Who said so: `policy`, `override`, or `project` for the default.
    pub owner_from: &'static str,
    /// Is that one of the owners of the project?
    pub known_owner: bool,
    /// The probes that it asks.
    pub probes: Vec<Arc<str>>,
    /// How often it is promised; none if not by the clock.
    pub every: Option<i64>,
    /// Why it is not judged at all.
    pub skipped: Option<Arc<str>>,
    /// Does the run that asks judge it?
    pub in_this_run: bool,
}

/// A target of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetRow {
    /// Its name.
    pub target: Arc<str>,
    /// Its type.
    pub target_type: Arc<str>,
    /// Scheme of its address.
    pub scheme: Option<Arc<str>>,
    /// How many checks look at it.
    pub checks: u64,
    /// How many more are skipped.
    pub skipped: u64,
    /// The probes that these checks ask.
    pub probes: Vec<Arc<str>>,
    /// Who answers for them.
    pub owners: Vec<Arc<str>>,
}

/// What is known of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckPast {
    /// Since when it is promised.
    pub promised: Option<i64>,
    /// When it was judged last, and it could be told how it stands.
    pub judged: Option<i64>,
    /// Since when that cannot be told.
    pub unknown_since: Option<i64>,
    /// When it is to be judged again.
    pub due: Option<i64>,
    /// When its grace ends.
    pub late: Option<i64>,
    /// Is its grace over?
    pub overdue: bool,
    /// How it was judged last, in its word.
    pub verdict: Option<&'static str>,
    /// How often it was judged.
    pub judgements: u64,
    /// How often it warned, failed or was unknown.
    pub fired: u64,
    /// How often it passed.
    pub passed: u64,
    /// When it passed last.
    pub last_passed: Option<i64>,
}

/// Something that is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionRow {
    /// `waiver`, `override`, `suppression` or `scratch`.
    pub kind: &'static str,
    /// Of which policy, as written.
    pub policy: Arc<str>,
    /// Its name.
    pub exception: Arc<str>,
    /// At which targets and subjects; none is all.
    pub scope: Option<Arc<str>>,
    /// What exactly.
    pub what: Arc<str>,
    /// Who answers for it.
    pub owner: Option<Arc<str>>,
    /// Why.
    pub reason: Option<Arc<str>>,
    /// Where it is discussed.
    pub ticket: Option<Arc<str>>,
    /// The last day.
    pub ends: Option<i64>,
}

/// A control of a framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlRow {
    /// The framework.
    pub framework: Arc<str>,
    /// Its id.
    pub control: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// Where it can be read.
    pub link: Option<Arc<str>>,
    /// How many policies name it.
    pub policies: u64,
    /// How many checks these have.
    pub checks: u64,
    /// How many of these are skipped.
    pub skipped: u64,
}

/// How a control stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlPast {
    /// Its state, in its word.
    pub state: &'static str,
    /// When the oldest judgement that counts was made.
    pub oldest: Option<i64>,
    /// When the newest was.
    pub newest: Option<i64>,
}

/// A finding that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRow {
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// What it is about.
    pub subject: Arc<str>,
    /// How it stands, in its word.
    pub verdict: &'static str,
    /// How bad, in its word.
    pub severity: &'static str,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// When it was found for the first time.
    pub first_seen: i64,
    /// When it was found last.
    pub last_seen: i64,
    /// Since when it stands without having been mended.
    pub open_since: i64,
    /// How often it came back.
    pub reopened: u64,
    /// How long runs of its policy are remembered, in microseconds; none is for ever.
    pub remembered_for: Option<i64>,
    /// Its id.
    pub id: Arc<str>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Its name.
    pub run: Arc<str>,
    /// When it began.
    pub started: i64,
    /// Did it end?
    pub ended: bool,
    /// Its exit code; none if it did not end.
    pub exit: Option<u8>,
    /// The host.
    pub host: Option<Arc<str>>,
    /// The environment; none is all targets.
    pub environment: Option<Arc<str>>,
    /// What it was about; only of one that did not end.
    pub about: Option<Arc<str>>,
}
