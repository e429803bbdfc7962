//! How controls stand: the frozen model that every format draws.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::{Bound, Judged};
use crate::verdict::Verdict;

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
    pub(super) fn add(&mut self, bound: &Bound, judged: Option<&Judged>) {
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

    pub(super) fn join(&mut self, other: &Self) {
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
    pub(super) fn state(&self) -> State {
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
