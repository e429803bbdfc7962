//! `muster list controls`: which controls a policy answers, and how they stand.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::audit::coverage::{Answer, Asked, Bound, Coverage, Given, Judged, Judgements, Listed};
use crate::diag::{Diag, Level, code, did_you_mean};
use crate::plan::{self, Input, Plan, bind_as_far};
use crate::policy::frameworks::{self, BUILTIN, Found, Framework, Frameworks, PLAYBOOK};
use crate::policy::{Policy, Project};
use crate::report::controls::Shown;
use crate::store::{Store, StoredVerdict};

use super::memory_keep::latest;
use super::output::{Done, Form, Problem, say, warn};
use super::setup::{Select, Setup, Sources, setup};
use super::{exit, memory};

/// What is wanted.
pub(super) struct Wanted<'a> {
    pub sources: &'a Sources,
    /// Only this framework; it may be the playbook also where the project does not declare it.
    pub framework: Option<&'a str>,
    /// Only controls that nobody looks at.
    pub only_open: bool,
    pub format: Form,
}

pub(super) fn run(wanted: &Wanted<'_>) -> Done {
    let json = wanted.format == Form::Json;
    list(wanted).map_err(|problem| Problem { json, ..problem })
}

fn list(wanted: &Wanted<'_>) -> Done {
    let setup = setup(wanted.sources, &Select::default(), false, false)?;
    let chosen = chosen(&setup.project, wanted.framework)?;
    let checks = checks(&bound(&setup)?);
    let judged = newest(&setup.project, &checks)?;
    let coverage = Coverage::of(&Given {
        frameworks: &chosen.iter().map(|framework| listed(framework)).collect::<Vec<_>>(),
        policies: &answers(setup.policies(), &setup.project.frameworks),
        checks: &checks,
        judged: judged.as_ref(),
    });
    let shown = Shown { only_open: wanted.only_open };
    say(&match wanted.format {
        Form::Human => shown.human(&coverage),
        Form::Json => shown.json(&coverage, env!("CARGO_PKG_VERSION"), exit::GOOD),
    })?;
    Ok(exit::GOOD)
}

/// The frameworks that are looked at.
pub(super) fn chosen(project: &Project, wanted: Option<&str>) -> Result<Vec<Arc<Framework>>, Problem> {
    let all = project.frameworks.all();
    let Some(name) = wanted else {
        if all.is_empty() {
            return Err(Problem::usage(
                "the project declares no framework, so there are no controls",
                format!(
                    "write `frameworks: [{BUILTIN}]` into muster.yaml, or ask with `--framework {PLAYBOOK}`"
                ),
            ));
        }
        return Ok(all.to_vec());
    };
    if let Some(found) = all.iter().find(|framework| *framework.id == *name) {
        return Ok(vec![Arc::clone(found)]);
    }
    if name == PLAYBOOK || name == BUILTIN {
        let playbook = frameworks::playbook().map_err(Problem::new)?;
        return Ok(vec![Arc::clone(playbook)]);
    }
    let names: BTreeSet<&str> = all.iter().map(|framework| &*framework.id).chain([PLAYBOOK]).collect();
    let help = did_you_mean(name, names.iter().copied())
        .unwrap_or_else(|| format!("there is {}", names.iter().copied().collect::<Vec<_>>().join(", ")));
    Err(Problem::usage(format!("there is no framework `{name}`"), help))
}

/// The checks that a run of everything would have. A policy that fits no target is what is shown here, and no error.
pub(super) fn bound(setup: &Setup) -> Result<Plan, Problem> {
    let (plan, errors) = bound_as_far(setup);
    if errors.is_empty() { Ok(plan) } else { Err(Problem::new(errors)) }
}

/// The same as far as it goes, and what is wrong.
pub(super) fn bound_as_far(setup: &Setup) -> (Plan, Vec<Diag>) {
    let (plan, diags) = bind_as_far(&Input {
        policies: setup.policies(),
        targets: &setup.infos,
        project: &setup.project,
        selection: &setup.selection,
        has_project: setup.has_project,
    });
    let wrong = |diag: &Diag| diag.level == Level::Error && diag.code != &code::NO_TARGET;
    (plan, diags.into_iter().filter(wrong).collect())
}

/// The checks of a plan; a policy without a target has none.
pub(super) fn checks(plan: &Plan) -> Vec<Bound> {
    let bound = plan.checks.iter().filter(|check| check.is_bound());
    let one = |check: &plan::Check| Bound {
        policy: Arc::clone(&check.policy.id),
        target: Arc::clone(&check.target.name),
        skipped: check.skip.is_some(),
    };
    bound.map(one).collect()
}

/// A framework as coverage sees it.
pub(super) fn listed(framework: &Framework) -> Listed {
    let (withdrawn, in_force): (Vec<_>, Vec<_>) =
        framework.controls.iter().partition(|control| control.withdrawn.is_some());
    let asked = |control: &&frameworks::Control| Asked {
        id: Arc::clone(&control.id),
        title: Arc::clone(&control.title),
        link: control.link.clone(),
        groups: control.groups.clone(),
    };
    Listed {
        id: Arc::clone(&framework.id),
        title: Arc::clone(&framework.title),
        version: framework.version.clone(),
        link: framework.link.clone(),
        source: Arc::clone(&framework.source),
        controls: in_force.iter().map(asked).collect(),
        withdrawn: withdrawn.len(),
    }
}

/// Policies with the controls that they name.
pub(super) fn answers(policies: &[Arc<Policy>], frameworks: &Frameworks) -> Vec<Answer> {
    policies.iter().map(|policy| answer(policy, frameworks)).collect()
}

fn answer(policy: &Policy, frameworks: &Frameworks) -> Answer {
    // An id that names nothing is an error when the policy is loaded, so none gets here.
    let found = policy.controls.iter().filter_map(|word| frameworks.find(word).ok());
    let controls = found.filter_map(|found| match found {
        Found::Control(framework, control) => Some((Arc::clone(&framework.id), Arc::clone(&control.id))),
        Found::Free => None,
    });
    Answer {
        policy: Arc::clone(&policy.id),
        title: Arc::clone(&policy.title),
        library: policy.library.clone(),
        controls: controls.collect(),
        written: policy.controls.clone(),
    }
}

/// The newest judgement of each check that the store knows, of runs that began by now; `None` without a store in which there is a run.
fn newest(project: &Project, checks: &[Bound]) -> Result<Option<Judgements>, Problem> {
    let Some(path) = memory::known(project, "judgements")? else { return Ok(None) };
    let now = Timestamp::now();
    let latest = latest(now);
    let read = memory::wait(async {
        let store = Store::open(&path).await?;
        let read = async { Ok((store.newest(latest).await?, store.span().await?)) }.await;
        store.close().await;
        read
    });
    let (newest, span) = read.map_err(|error| memory::unusable(&error))?;
    if let Some((_, ahead)) = span.filter(|(_, ahead)| *ahead > latest) {
        warn(&[memory::from_the_future(&path, ahead, now)]);
    }
    // Of what is skipped now no judgement counts.
    let wanted: BTreeSet<(&str, &str)> =
        checks.iter().filter(|check| !check.skipped).map(|check| (&*check.policy, &*check.target)).collect();
    let is_wanted = |one: &StoredVerdict| wanted.contains(&(&*one.policy, &*one.target));
    let known = !newest.is_empty();
    let found = newest.into_iter().filter(is_wanted);
    let found = found.map(|one| ((one.policy, one.target), Judged { verdict: one.verdict, at: one.at }));
    Ok(known.then(|| found.collect()))
}
