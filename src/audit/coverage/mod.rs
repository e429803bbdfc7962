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

use crate::verdict::Verdict;

mod model;

pub use model::{
    ControlCoverage, Coverage, Dangling, FrameworkCoverage, PolicyStanding, State, Tally, WithoutControl,
};

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
mod tests;
