//! Coverage both ways: controls and the policies that answer them, policies that answer none.
//!
//! A control is [`State::Held`] only if something of it was judged and passed, and nothing of it failed, warned, could not
//! be judged or was never judged. Nothing makes an empty set green: a control without a policy, whose policies fit no
//! target, or whose checks were all skipped or waived, has a state of its own.
//!
//! How old a judgement may be is decided by whoever hands the judgements in: only those are counted that are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::verdict::Verdict;

/// A framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub id: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// Its version.
    pub version: Option<Arc<str>>,
    /// Where it can be read.
    pub link: Option<Arc<str>>,
    /// The file that it comes from.
    pub source: Arc<str>,
    /// Its controls, in its order; without those that it has withdrawn.
    pub controls: Vec<Asked>,
    /// How many it has withdrawn.
    pub withdrawn: usize,
}

/// A control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its id.
    pub id: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// Where it can be read.
    pub link: Option<Arc<str>>,
    /// The titles of the groups around it, the outermost first.
    pub groups: Vec<Arc<str>>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its id.
    pub policy: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// The library that it came with.
    pub library: Option<Arc<str>>,
    /// The controls that it names: framework and id. Of a framework that is not listed they are no part of the coverage.
    pub controls: Vec<(Arc<str>, Arc<str>)>,
    /// The ids as they are written.
    pub written: Vec<Arc<str>>,
}

/// A policy bound to a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// It is not judged, on purpose: whatever was judged of it before counts no more.
    pub skipped: bool,
}

/// The newest judgement of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The worst of its findings.
    pub verdict: Verdict,
    /// When its run began.
    pub at: Timestamp,
}

/// The newest judgements, by policy and target.
pub type Judgements = BTreeMap<(Arc<str>, Arc<str>), Judged>;

/// Everything that coverage is made of.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The frameworks.
    pub frameworks: &'a [Listed],
    /// The policies.
    pub policies: &'a [Answer],
    /// The checks.
    pub checks: &'a [Bound],
    /// What is known of judgements; `None` if nobody looked.
    pub judged: Option<&'a Judgements>,
}

/// How a control, or a policy that answers it, stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// No policy names it.
    Uncovered,
    /// Policies name it, and none fits a target.
    Unbound,
    /// Something failed.
    Failing,
    /// Something could not be judged, and nothing failed.
    Unknown,
    /// Something was never judged, and nothing is worse.
    Unjudged,
    /// Something warned, and nothing is worse.
    Warning,
    /// Something is waived, the rest is skipped: nothing passed.
    Waived,
    /// All was skipped.
    Skipped,
    /// Something passed, and nothing is worse than waived or skipped.
    Held,
}

impl State {
    /// All of them, in the order in which people are told.
    pub const ALL: [Self; 9] = [
        Self::Uncovered,
        Self::Unbound,
        Self::Failing,
        Self::Unknown,
        Self::Unjudged,
        Self::Warning,
        Self::Waived,
        Self::Skipped,
        Self::Held,
    ];

    /// The word of outputs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Uncovered => "uncovered",
            Self::Unbound => "unbound",
            Self::Failing => "failing",
            Self::Unknown => "unknown",
            Self::Unjudged => "unjudged",
            Self::Warning => "warning",
            Self::Waived => "waived",
            Self::Skipped => "skipped",
            Self::Held => "held",
        }
    }

    /// What it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Uncovered => "no policy names it",
            Self::Unbound => "policies name it, and none fits a target",
            Self::Failing => "something of it fails",
            Self::Unknown => "something of it could not be judged, and nothing fails",
            Self::Unjudged => {
                "something of it was never judged, as far as is known, and nothing of it fails or is unknown"
            }
            Self::Warning => "something of it warns, and everything was judged",
            Self::Waived => "something of it is waived, and nothing passed",
            Self::Skipped => "all of it is skipped",
            Self::Held => {
                "something of it was judged and passed, and nothing is worse than waived or skipped"
            }
        }
    }

    /// Does nobody look at it?
    pub fn is_open(self) -> bool {
        matches!(self, Self::Uncovered | Self::Unbound)
    }
}

/// Checks by how they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// All that are bound.
    pub bound: u64,
    /// Their newest judgement passed.
    pub pass: u64,
    /// Not judged on purpose, or nothing of it was.
    pub skipped: u64,
    /// A waiver covers what was found.
    pub waived: u64,
    /// Near the limit.
    pub warn: u64,
    /// Could not be judged.
    pub unknown: u64,
    /// What must hold does not.
    pub fail: u64,
    /// Never judged, as far as is known.
    pub unjudged: u64,
}

impl Tally {
    fn add(&mut self, bound: &Bound, judged: Option<&Judged>) {
        self.bound += 1;
        let slot = match judged.map(|judged| judged.verdict) {
            _ if bound.skipped => &mut self.skipped,
            None => &mut self.unjudged,
            Some(Verdict::Pass) => &mut self.pass,
            Some(Verdict::Skipped) => &mut self.skipped,
            Some(Verdict::Waived) => &mut self.waived,
            Some(Verdict::Warn) => &mut self.warn,
            Some(Verdict::Unknown) => &mut self.unknown,
            Some(Verdict::Fail) => &mut self.fail,
        };
        *slot += 1;
    }

    fn join(&mut self, other: &Self) {
        let Self { bound, pass, skipped, waived, warn, unknown, fail, unjudged } = other;
        self.bound += bound;
        self.pass += pass;
        self.skipped += skipped;
        self.waived += waived;
        self.warn += warn;
        self.unknown += unknown;
        self.fail += fail;
        self.unjudged += unjudged;
    }

    /// The state of what has these checks, and at least one policy.
    fn state(&self) -> State {
        match self {
            Self { fail: 1.., .. } => State::Failing,
            Self { unknown: 1.., .. } => State::Unknown,
            Self { unjudged: 1.., .. } => State::Unjudged,
            Self { warn: 1.., .. } => State::Warning,
            Self { pass: 1.., .. } => State::Held,
            Self { waived: 1.., .. } => State::Waived,
            Self { skipped: 1.., .. } => State::Skipped,
            _ => State::Unbound,
        }
    }
}

/// Controls and policies, both ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Was it looked for judgements? If not, every check that is bound is `unjudged`.
    pub judged: bool,
    /// Each framework with its controls.
    pub frameworks: Vec<FrameworkCoverage>,
    /// Policies that name no control of these frameworks.
    pub without_control: Vec<WithoutControl>,
    /// Controls that policies name and the framework does not have.
    pub dangling: Vec<Dangling>,
}

/// A framework with its controls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FrameworkCoverage {
    /// Its name.
    pub id: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Arc<str>>,
    /// Where it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Arc<str>>,
    /// The file that it comes from.
    pub source: Arc<str>,
    /// How many controls are in force.
    pub total: usize,
    /// How many of them a policy names.
    pub with_policy: usize,
    /// How many it has withdrawn; they are not listed.
    pub withdrawn: usize,
    /// How many controls have each state; those of none are left out.
    pub states: BTreeMap<State, usize>,
    /// The controls, in its order.
    pub controls: Vec<ControlCoverage>,
}

/// A control with its policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ControlCoverage {
    /// Its id.
    pub id: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// Where it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Arc<str>>,
    /// The titles of the groups around it, the outermost first.
    pub groups: Vec<Arc<str>>,
    /// How it stands.
    pub state: State,
    /// The checks of all its policies.
    pub checks: Tally,
    /// When the oldest of the judgements that count was made, RFC 3339 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest: Option<String>,
    /// When the newest was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    /// The policies that name it.
    pub policies: Vec<PolicyStanding>,
}

/// A policy that answers a control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyStanding {
    /// Its id.
    pub policy: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// The library that it came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub library: Option<Arc<str>>,
    /// How its checks stand.
    pub state: State,
    /// Its checks.
    pub checks: Tally,
}

/// A policy that answers no control of these frameworks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WithoutControl {
    /// Its id.
    pub policy: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// The library that it came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub library: Option<Arc<str>>,
    /// The ids that it names elsewhere.
    pub controls: Vec<Arc<str>>,
}

/// A control that a policy names and its framework does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dangling {
    /// The policy.
    pub policy: Arc<str>,
    /// The framework.
    pub framework: Arc<str>,
    /// The id.
    pub control: Arc<str>,
}

impl Coverage {
    /// Of everything that is given.
    pub fn of(given: &Given<'_>) -> Self {
        let standings = standings(given);
        let mut named = Named::new();
        for standing in &standings {
            for control in standing.answer.controls.iter().collect::<BTreeSet<_>>() {
                named.entry(control.clone()).or_default().push(standing);
            }
        }
        let frameworks: Vec<FrameworkCoverage> =
            given.frameworks.iter().map(|listed| FrameworkCoverage::of(listed, &mut named)).collect();
        let listed = |framework: &str| given.frameworks.iter().any(|listed| *listed.id == *framework);
        // What no framework took is of a framework that is not listed, or of none.
        let left = named.iter().filter(|((framework, _), _)| listed(framework));
        let dangling = left.flat_map(|((framework, control), standings)| {
            standings.iter().map(|standing| Dangling {
                policy: Arc::clone(&standing.answer.policy),
                framework: Arc::clone(framework),
                control: Arc::clone(control),
            })
        });
        let dangling = dangling.collect();
        let without =
            given.policies.iter().filter(|answer| !answer.controls.iter().any(|(of, _)| listed(of)));
        let without_control = without.map(WithoutControl::of).collect();
        Self { judged: given.judged.is_some(), frameworks, without_control, dangling }
    }
}

/// Policies by the control that they name.
type Named<'s> = BTreeMap<(Arc<str>, Arc<str>), Vec<&'s Standing<'s>>>;

/// A policy with its checks.
struct Standing<'a> {
    answer: &'a Answer,
    checks: Tally,
    times: Option<(Timestamp, Timestamp)>,
}

fn standings<'a>(given: &Given<'a>) -> Vec<Standing<'a>> {
    let mut of_policy: BTreeMap<&str, Vec<&Bound>> = BTreeMap::new();
    for bound in given.checks {
        of_policy.entry(&bound.policy).or_default().push(bound);
    }
    let standing = |answer: &'a Answer| {
        let mut standing = Standing { answer, checks: Tally::default(), times: None };
        for bound in of_policy.get(&*answer.policy).into_iter().flatten() {
            let key = (Arc::clone(&bound.policy), Arc::clone(&bound.target));
            let judged = given.judged.and_then(|judged| judged.get(&key));
            standing.checks.add(bound, judged);
            if let Some(judged) = judged.filter(|_| !bound.skipped) {
                standing.times = both(standing.times, Some((judged.at, judged.at)));
            }
        }
        standing
    };
    given.policies.iter().map(standing).collect()
}

fn both(
    one: Option<(Timestamp, Timestamp)>,
    other: Option<(Timestamp, Timestamp)>,
) -> Option<(Timestamp, Timestamp)> {
    match (one, other) {
        (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
        (one, other) => one.or(other),
    }
}

impl FrameworkCoverage {
    fn of(listed: &Listed, named: &mut Named<'_>) -> Self {
        let of_control = |asked: &Asked| {
            let policies = named.remove(&(Arc::clone(&listed.id), Arc::clone(&asked.id))).unwrap_or_default();
            ControlCoverage::of(asked, &policies)
        };
        let controls: Vec<ControlCoverage> = listed.controls.iter().map(of_control).collect();
        let mut states = BTreeMap::new();
        for control in &controls {
            *states.entry(control.state).or_insert(0) += 1;
        }
        Self {
            id: Arc::clone(&listed.id),
            title: Arc::clone(&listed.title),
            version: listed.version.clone(),
            link: listed.link.clone(),
            source: Arc::clone(&listed.source),
            total: controls.len(),
            with_policy: controls.iter().filter(|control| !control.policies.is_empty()).count(),
            withdrawn: listed.withdrawn,
            states,
            controls,
        }
    }
}

impl ControlCoverage {
    fn of(asked: &Asked, standings: &[&Standing<'_>]) -> Self {
        let (mut checks, mut times) = (Tally::default(), None);
        for standing in standings {
            checks.join(&standing.checks);
            times = both(times, standing.times);
        }
        let state = if standings.is_empty() { State::Uncovered } else { checks.state() };
        let policies = standings.iter().map(|standing| PolicyStanding {
            policy: Arc::clone(&standing.answer.policy),
            title: Arc::clone(&standing.answer.title),
            library: standing.answer.library.clone(),
            state: standing.checks.state(),
            checks: standing.checks,
        });
        Self {
            id: Arc::clone(&asked.id),
            title: Arc::clone(&asked.title),
            link: asked.link.clone(),
            groups: asked.groups.clone(),
            state,
            checks,
            oldest: times.map(|(oldest, _)| oldest.to_string()),
            newest: times.map(|(_, newest)| newest.to_string()),
            policies: policies.collect(),
        }
    }
}

impl WithoutControl {
    fn of(answer: &Answer) -> Self {
        Self {
            policy: Arc::clone(&answer.policy),
            title: Arc::clone(&answer.title),
            library: answer.library.clone(),
            controls: answer.written.clone(),
        }
    }
}

#[cfg(test)]
#[path = "coverage_tests.rs"]
mod tests;
