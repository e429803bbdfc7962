//! Judging recordings by the texts that lie in evidence: no network, no store, no project around it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::cli::output::Problem;
use crate::cli::run::{identities, is_whole, judge_all, plan};
use crate::cli::setup::{Select, Setup, selection};
use crate::cli::{recorded, targets};
use crate::evidence::{Judge, Laid, Scope};
use crate::fact::{Before, Recording};
use crate::judge::{Assembly, Given, assemble};
use crate::observe::{Replay, verify};
use crate::plan::Plan;
use crate::verdict::{RunReport, Verdict};

/// Texts that were read and bound are kept for so many ways to ask.
const MOST: usize = 32;

/// What an edition makes of a scope.
pub(super) struct Ready {
    pub(super) setup: Setup,
    pub(super) plan: Plan,
    fail_on: Verdict,
    /// Was everything of the project asked for?
    whole: bool,
}

/// An edition, what was asked of it, and whether that was a gate.
type Asked = (usize, Scope, bool);

/// Judges, and keeps what it read for the next recording.
#[derive(Default)]
pub(super) struct Rejudge {
    ready: BTreeMap<Asked, Result<Ready, String>>,
    /// The date of the key by the project file of the newest run that was judged.
    key_until: Option<i64>,
}

pub(super) fn said(problem: &Problem) -> String {
    problem.diags.first().map_or_else(String::new, |diag| diag.message.clone())
}

impl Ready {
    pub(super) fn of(laid: &Laid, scope: &Scope, gate: bool) -> Result<Self, String> {
        let (project, loaded) = super::edition::read(&laid.edition, &laid.root)?;
        let select = Select {
            tier: scope.tiers.clone(),
            env: scope.environment.clone(),
            target: scope.targets.clone(),
            tag: scope.tags.clone(),
            policy: scope.policies.clone(),
            set: scope.set.clone(),
        };
        let mut selection = selection(&select).map_err(|problem| said(&problem))?;
        selection.gate = gate;
        let entries = project.targets.clone();
        let infos = entries.iter().map(targets::info).collect();
        let environment =
            project.environments.iter().find(|one| selection.environment.as_ref() == Some(&one.name));
        let fail_on = environment.and_then(|environment| environment.fail_on).unwrap_or(Verdict::Fail);
        let setup =
            Setup { project, has_project: true, loaded, entries, infos, selection, warnings: Vec::new() };
        let mut plan = plan(&setup).map_err(|problem| said(&problem))?;
        let all = plan.checks.len();
        only(&mut plan, scope)?;
        let whole = is_whole(&setup) && plan.checks.len() == all;
        Ok(Self { setup, plan, fail_on, whole })
    }

    /// Judges a recording that has its past.
    pub(super) fn judge(&self, recording: &Recording) -> Result<RunReport, String> {
        let unlike = recording.unlike_declarations().into_iter().chain(recording.contradictions()).next();
        if let Some(unlike) = unlike {
            return Err(unlike);
        }
        if let Some(other) =
            recorded::targets(recording, &self.setup.entries, &self.setup.project.root).into_iter().next()
        {
            return Err(other);
        }
        let mut answers = Replay::new(recording.clone()).answer(&self.plan.requests);
        verify(&mut answers, &self.setup.infos);
        let past = &recording.past;
        let given = Given { at: recording.started, recall: &past.recall, past };
        let outcomes = judge_all(&self.plan, &answers, &given);
        let about = Assembly {
            broken: Vec::new(),
            overdue: Vec::new(),
            muster: Arc::clone(&recording.muster),
            host: recording.about.as_ref().map_or_else(|| Arc::from(""), |about| Arc::clone(&about.host)),
            started: recording.started,
            recording: None,
            targets: identities(&answers),
            fail_on: self.fail_on,
            project: &self.setup.project,
            whole: self.whole,
        };
        Ok(assemble(&self.plan, outcomes, about))
    }
}

/// Leaves those checks that were judged, all of which have to be there.
fn only(plan: &mut Plan, scope: &Scope) -> Result<(), String> {
    if scope.checks.is_empty() {
        return Ok(());
    }
    let wanted: BTreeSet<(&str, &str)> =
        scope.checks.iter().map(|(policy, target)| (policy.as_str(), target.as_str())).collect();
    let there: BTreeSet<(Arc<str>, Arc<str>)> = plan
        .checks
        .iter()
        .map(|check| (Arc::clone(&check.policy.id), Arc::clone(&check.target.name)))
        .collect();
    let has = |policy: &str, target: &str| there.iter().any(|(p, t)| **p == *policy && **t == *target);
    if let Some((policy, target)) = wanted.iter().find(|(policy, target)| !has(policy, target)) {
        return Err(format!("it judged `{policy}` at `{target}`, which these policies do not"));
    }
    plan.checks.retain(|check| wanted.contains(&(&*check.policy.id, &*check.target.name)));
    Ok(())
}

impl Judge for Rejudge {
    fn judge(&mut self, laid: &Laid, scope: &Scope, recording: &Recording) -> Result<RunReport, String> {
        let gate = recording.past.before.keys().any(|(with, _)| *with == Before::Gate);
        let asked = (laid.number, scope.clone(), gate);
        if self.ready.len() >= MOST && !self.ready.contains_key(&asked) {
            self.ready.clear();
        }
        let ready = self.ready.entry(asked).or_insert_with(|| Ready::of(laid, scope, gate));
        let ready = ready.as_ref().map_err(Clone::clone)?;
        self.key_until = ready.setup.project.audit.valid_until.as_ref().map(|(day, _)| *day);
        ready.judge(recording)
    }
}

impl Rejudge {
    /// The last day of the key that signs, as the project file of the newest run says it; none if it says nothing.
    pub(super) fn key_until(&self) -> Option<i64> {
        self.key_until
    }
}
