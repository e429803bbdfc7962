//! Policies bound to targets: checks, with every parameter and the layer that set it. Pure.

mod bind;
mod gate;
mod related;
mod settings;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hashbrown::HashMap;

use crate::diag::Diag;
use crate::fact::{Key, Missing, PastRequest, Pattern, Request, Value};
use crate::policy::calendar::Calendar;
use crate::policy::{Policy, Project, Tier, Waiver};
use crate::verdict::{Layer, Severity, Urgency};

pub use crate::policy::limits::{inverted, is_looser};
pub use bind::{bind, bind_as_far, skip};
pub use gate::map_between;
pub use settings::{applies, environments, resolve};

/// A target as the judge sees it: no address, no secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetInfo {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub kind: Arc<str>,
    /// Scheme of its address; empty if it has none.
    pub scheme: Arc<str>,
    /// Its labels.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// May probes that leave something behind for a moment be used on it?
    pub scratch: bool,
}

/// The value of a parameter with its winner.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The value.
    pub value: Value,
    /// Who set it.
    pub layer: Layer,
    /// Where it stands.
    pub at: String,
    /// Why, as far as somebody wrote it down.
    pub why: Option<Arc<str>>,
}

/// Everything that overrides may change.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Parameters by position.
    pub params: Vec<Setting>,
    /// Another severity.
    pub severity: Option<Severity>,
    /// Another owner.
    pub owner: Option<Arc<str>>,
    /// Another tier.
    pub tier: Option<Tier>,
    /// Another urgency.
    pub urgency: Option<Urgency>,
    /// Another runbook.
    pub runbook: Option<Arc<str>>,
    /// Parameters that are looser than the policy's default.
    pub looser: Vec<Looser>,
}

/// A parameter that is looser than the policy's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looser {
    /// In words.
    pub what: String,
    /// Why, as far as somebody wrote it down.
    pub why: Option<Arc<str>>,
}

impl Settings {
    /// The values of the parameters.
    pub fn values(&self) -> Vec<Value> {
        self.params.iter().map(|setting| setting.value.clone()).collect()
    }

    /// These settings of a subject, and what another override sets for it too. `base` are the settings
    /// without either.
    pub fn also(&self, other: &Self, base: &Self) -> Result<Self, Disagree> {
        let mut both = self.clone();
        for (mine, theirs) in both.params.iter_mut().zip(&other.params) {
            match (mine.layer == Layer::Subject, theirs.layer == Layer::Subject) {
                (true, true) if mine.value != theirs.value => return Err(Disagree),
                (false, true) => *mine = theirs.clone(),
                _ => {}
            }
        }
        both.severity = either(self.severity.as_ref(), other.severity.as_ref(), base.severity.as_ref())?;
        both.owner = either(self.owner.as_ref(), other.owner.as_ref(), base.owner.as_ref())?;
        both.tier = either(self.tier.as_ref(), other.tier.as_ref(), base.tier.as_ref())?;
        both.urgency = either(self.urgency.as_ref(), other.urgency.as_ref(), base.urgency.as_ref())?;
        both.runbook = either(self.runbook.as_ref(), other.runbook.as_ref(), base.runbook.as_ref())?;
        both.looser.extend(other.looser.iter().filter(|one| !self.looser.contains(one)).cloned());
        Ok(both)
    }
}

/// Two overrides set one thing to different values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disagree;

/// The one that was changed from the base.
fn either<T: PartialEq + Clone>(
    mine: Option<&T>,
    theirs: Option<&T>,
    base: Option<&T>,
) -> Result<Option<T>, Disagree> {
    match (mine == base, theirs == base) {
        (_, true) => Ok(mine.cloned()),
        (true, false) => Ok(theirs.cloned()),
        (false, false) if mine == theirs => Ok(mine.cloned()),
        (false, false) => Err(Disagree),
    }
}

/// Settings for some subjects.
#[derive(Clone, Debug)]
pub struct SubjectSettings {
    /// Which subjects.
    pub pattern: Pattern,
    /// Their settings.
    pub settings: Settings,
    /// Where the override stands.
    pub at: String,
}

/// Who is asked for an observation.
#[derive(Clone, Debug)]
pub enum Asked {
    /// One target: the position of the request.
    One(usize),
    /// Several targets, whose rows come together.
    Many(Vec<usize>),
    /// Nobody, and why.
    Nobody(Arc<Missing>),
}

impl Asked {
    /// The requests have moved to these positions.
    fn moved(&mut self, places: &[usize]) {
        let positions = match self {
            Self::One(position) => std::slice::from_mut(position),
            Self::Many(positions) => positions,
            Self::Nobody(_) => return,
        };
        for position in positions {
            *position = places.get(*position).copied().unwrap_or(usize::MAX);
        }
    }
}

/// When the calendars of a project hold.
#[derive(Clone, Debug)]
pub enum Calendars {
    /// By the clock.
    Project(BTreeMap<Arc<str>, Arc<Calendar>>),
    /// As a case says: these hold, and no other does.
    Said(BTreeSet<Arc<str>>),
}

impl Default for Calendars {
    fn default() -> Self {
        Self::Project(BTreeMap::new())
    }
}

impl Calendars {
    /// Does the calendar cover the time? `None` if there is no such calendar.
    pub fn covers(&self, name: &str, at: jiff::Timestamp) -> Option<bool> {
        match self {
            Self::Project(known) => known.get(name).map(|calendar| calendar.covers(at)),
            Self::Said(names) => Some(names.contains(name)),
        }
    }
}

/// A policy bound to a target.
#[derive(Clone, Debug)]
pub struct Check {
    /// The policy.
    pub policy: Arc<Policy>,
    /// The target.
    pub target: Arc<TargetInfo>,
    /// Settings.
    pub settings: Settings,
    /// Settings of some subjects, the more specific last.
    pub subjects: Vec<SubjectSettings>,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// Where each urgency goes for this owner.
    pub routes: BTreeMap<Urgency, Arc<str>>,
    /// Who is asked, by position of the observation.
    pub requests: Vec<Asked>,
    /// Calendars of the project.
    pub calendars: Arc<Calendars>,
    /// Does the project remember its runs?
    pub has_store: bool,
    /// Why it is not judged.
    pub skip: Option<String>,
    /// Waivers that may cover it, by position in the project.
    pub waivers: Vec<(usize, Arc<Waiver>)>,
}

/// What stands in place of a target where a policy fits none.
const NO_TARGET: &str = "(none)";

impl Check {
    /// Is there a target? Of a policy that fits none there is a check that says so.
    pub fn is_bound(&self) -> bool {
        *self.target.name != *NO_TARGET
    }

    /// The settings of a subject that these overrides match: all of them together. Two that disagree leave nothing
    /// to judge by, and are returned.
    pub fn together<'c>(
        &'c self,
        matching: impl IntoIterator<Item = &'c SubjectSettings>,
    ) -> Result<Cow<'c, Settings>, [&'c SubjectSettings; 2]> {
        let mut found: Option<(Cow<'c, Settings>, &SubjectSettings)> = None;
        for entry in matching {
            let both = match &found {
                None => Cow::Borrowed(&entry.settings),
                Some((settings, first)) => match settings.also(&entry.settings, &self.settings) {
                    Ok(both) => Cow::Owned(both),
                    Err(Disagree) => return Err([first, entry]),
                },
            };
            found = Some((both, entry));
        }
        Ok(found.map_or(Cow::Borrowed(&self.settings), |(settings, _)| settings))
    }
}

/// What is to be observed and judged.
#[derive(Debug, Default)]
pub struct Plan {
    /// Checks in order of policy and target.
    pub checks: Vec<Check>,
    /// Requests, each asked once.
    pub requests: Vec<Request>,
    index: HashMap<Key, usize>,
    /// What is wanted of the past: windows and facts of each question, and earlier answers.
    history: BTreeMap<Key, (i64, BTreeSet<Arc<str>>)>,
    before: BTreeSet<PastRequest>,
}

impl Plan {
    /// An empty plan with room for so many checks, each of which asks one question.
    fn with_room(checks: usize) -> Self {
        Self {
            checks: Vec::with_capacity(checks),
            requests: Vec::with_capacity(checks),
            index: HashMap::with_capacity(checks),
            ..Self::default()
        }
    }

    /// What is to be recalled: of each question once, as far back as anybody asks.
    pub fn past(&self) -> Vec<PastRequest> {
        let history = self.history.iter().map(|(key, (window, facts))| {
            PastRequest::History(key.clone(), *window, facts.iter().cloned().collect())
        });
        history.chain(self.before.iter().cloned()).collect()
    }

    /// Adds a plan whose policies follow.
    fn append(&mut self, other: Self) {
        if self.requests.is_empty() && self.checks.is_empty() {
            *self = other;
            return;
        }
        self.requests.reserve(other.requests.len());
        self.index.reserve(other.requests.len());
        let places: Vec<usize> = other.requests.into_iter().map(|request| self.ask(request)).collect();
        self.checks.extend(other.checks.into_iter().map(|mut check| {
            check.requests.iter_mut().for_each(|asked| asked.moved(&places));
            check
        }));
        for (key, (window, facts)) in other.history {
            let slot = self.history.entry(key).or_default();
            slot.0 = slot.0.max(window);
            slot.1.extend(facts);
        }
        self.before.extend(other.before);
    }

    /// The position of a request; one that is already asked only wants more.
    fn ask(&mut self, request: Request) -> usize {
        if let Some(index) = self.index.get(&request.key) {
            if let Some(known) = self.requests.get_mut(*index) {
                for (slot, want) in known.wants.iter_mut().zip(&request.wants) {
                    *slot |= want;
                }
            }
            return *index;
        }
        let index = self.requests.len();
        self.index.insert(request.key.clone(), index);
        self.requests.push(request);
        index
    }
}

/// What of everything is wanted.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Tiers; all if empty.
    pub tiers: Vec<Tier>,
    /// Environment.
    pub environment: Option<Arc<str>>,
    /// Targets; all if empty.
    pub targets: Vec<Pattern>,
    /// Tags; all if empty.
    pub tags: Vec<Pattern>,
    /// Policies; all if empty.
    pub policies: Vec<Pattern>,
    /// `--set`.
    pub set: Vec<SetArg>,
    /// Were the sources of policies named on the command line? Then the project file may speak of policies
    /// that are not among them.
    pub named_sources: bool,
    /// Is there a snapshot of the gate to compare with?
    pub gate: bool,
}

/// One `--set [POLICY.]NAME=VALUE`.
#[derive(Clone, Debug)]
pub struct SetArg {
    /// Policies; all that have the parameter if left out.
    pub policy: Option<Pattern>,
    /// The parameter.
    pub name: Arc<str>,
    /// Its value as written.
    pub text: Arc<str>,
}

/// Everything that binding needs.
pub struct Input<'a> {
    /// Policies.
    pub policies: &'a [Arc<Policy>],
    /// Targets.
    pub targets: &'a [Arc<TargetInfo>],
    /// The project; a default one without a file.
    pub project: &'a Project,
    /// What is wanted.
    pub selection: &'a Selection,
    /// Is there a project file?
    pub has_project: bool,
}

/// A plan, or what is wrong with the input.
pub type Planned = Result<Plan, Vec<Diag>>;
pub(crate) use bind::target_value;
