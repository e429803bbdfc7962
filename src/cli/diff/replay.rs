//! Both versions judged on the same recorded facts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::baseline::{self, Scene};
use crate::cli::output::Problem;
use crate::cli::recorded::{Wanted, read as recording, unfit};
use crate::cli::run::judge_all;
use crate::fact::{Cause, Observation, Past, Recording};
use crate::impact;
use crate::judge::{Given, operands_of};
use crate::observe::{Replay, verify};
use crate::plan::{Asked, Plan};
use crate::policy::{Policy, Project};
use crate::verdict::{
    Check, Direction, Finding, Impact, Operand, PolicyChange, Replayed, Verdict, VerdictChange, judged_as,
};

use super::side::Loaded;

/// A version judged on a recording.
struct Judged<'p> {
    plan: &'p Plan,
    answers: Vec<Observation>,
    past: Past,
    started: jiff::Timestamp,
    /// Checks by policy (under its new id) and target, with their positions in the plan.
    checks: BTreeMap<Name, (usize, Check)>,
    /// Which requests of the plan the recording has an answer to.
    held: Vec<bool>,
}

/// A policy and a target.
type Name = (Arc<str>, Arc<str>);

impl<'p> Judged<'p> {
    fn of(
        side: &'p Loaded,
        recording: &Recording,
        renamed: &BTreeMap<Arc<str>, Arc<str>>,
    ) -> Result<Self, Problem> {
        let mut past = recording.past.clone();
        let project = side.project();
        baseline::add((project, &project.targets), &side.plan, &mut past, &Scene::of(recording))?;
        let known: BTreeSet<_> = recording.observations.iter().map(|answer| &answer.key).collect();
        let held = side.plan.requests.iter().map(|request| known.contains(&request.key)).collect();
        let mut answers = Replay::new(recording.clone()).answer(&side.plan.requests);
        verify(&mut answers, &side.infos);
        let given = Given { at: recording.started, recall: &past.recall, past: &past };
        let outcomes = judge_all(&side.plan, &answers, &given);
        let name = |id: &Arc<str>| Arc::clone(renamed.get(id).unwrap_or(id));
        let checks = outcomes.into_iter().map(|outcome| outcome.check).enumerate();
        let checks = checks
            .map(|(at, check)| ((name(&check.policy), Arc::clone(&check.target)), (at, check)))
            .collect();
        Ok(Self { plan: &side.plan, answers, past, started: recording.started, checks, held })
    }

    /// Does the recording answer anything of it?
    fn answered(&self) -> bool {
        self.held.is_empty() || self.held.contains(&true)
    }

    /// What a check asks: is each of it answered?
    fn asks(&self, name: &Name) -> Vec<bool> {
        let check = self.checks.get(name).and_then(|(at, _)| self.plan.checks.get(*at));
        let asked = check.iter().flat_map(|check| &check.requests);
        let requests = asked.flat_map(|asked| match asked {
            Asked::One(request) => std::slice::from_ref(request),
            Asked::Many(requests) => requests.as_slice(),
            Asked::Nobody(_) => &[],
        });
        requests.map(|request| self.held.get(*request).copied().unwrap_or(false)).collect()
    }

    /// Is nothing known of a subject because the recording does not answer what is asked?
    fn lacks(&self, name: &Name, finding: Option<&&Finding>) -> bool {
        let absent =
            |finding: &&Finding| finding.cause.as_ref().is_some_and(|why| why.cause == Cause::Absent);
        self.asks(name).contains(&false) && finding.is_none_or(absent)
    }

    fn check(&self, name: &Name) -> Option<&Check> {
        self.checks.get(name).map(|(_, check)| check)
    }

    /// What this version reads of a subject that it has no finding about.
    fn operands(&self, name: &Name, subject: &str) -> Vec<Operand> {
        let check = self.checks.get(name).and_then(|(at, _)| self.plan.checks.get(*at));
        let given = Given { at: self.started, recall: &self.past.recall, past: &self.past };
        check.map(|check| operands_of(check, &self.answers, &given, subject)).unwrap_or_default()
    }
}

/// Adds what changes on each of the recordings.
pub(super) fn judge(
    files: &[PathBuf],
    old: &Loaded,
    new: &Loaded,
    impact: &mut Impact,
) -> Result<(), Problem> {
    let renamed = impact::renamed(&old.side(), &new.side());
    let mut heard: BTreeSet<Arc<str>> = BTreeSet::new();
    for file in files {
        let mut recording = recording(file)?;
        renamed.iter().for_each(|(was, is)| recording.past.rename(was, is));
        // A change may be one of a target itself; then it is of one of the two as it is.
        let refusals = [old, new].map(|side| {
            let Project { targets, root, recordings, .. } = side.project();
            let max_age = recordings.max_age;
            unfit(file, &recording, &Wanted { entries: targets, root, max_age, now: None })
        });
        if refusals.iter().all(|found| !found.is_empty()) {
            let [_, of_new] = refusals;
            return Err(Problem::new(of_new));
        }
        let name = file.display().to_string();
        let was = Judged::of(old, &recording, &renamed)?;
        let is = Judged::of(new, &recording, &BTreeMap::new())?;
        if !was.answered() && !is.answered() {
            return Err(Problem::usage(
                format!("`{name}` answers no question of either version"),
                "record again with `muster record`, with the targets of this project",
            ));
        }
        let (unchanged, unanswered) = compare(&name, &was, &is, impact);
        for judged in [&was, &is] {
            let silent =
                |name: &&Name| judged.asks(name).iter().all(|held| !held) && !judged.asks(name).is_empty();
            heard.extend(
                judged.checks.keys().filter(|name| !silent(name)).map(|(policy, _)| Arc::clone(policy)),
            );
        }
        let started = recording.started.to_string();
        impact.replayed.push(Replayed { recording: name, started, unchanged, unanswered });
    }
    unheard(&heard, new, impact);
    impact.verdicts.sort_by(|a, b| {
        let key =
            |change: &VerdictChange| (change.direction, std::cmp::Reverse(change.before.max(change.after)));
        let names = |change: &VerdictChange| {
            (Arc::clone(&change.policy), Arc::clone(&change.target), Arc::clone(&change.subject))
        };
        key(a).cmp(&key(b)).then_with(|| names(a).cmp(&names(b)))
    });
    Ok(())
}

/// Says which of the policies that changed no recording answers anything of.
fn unheard(heard: &BTreeSet<Arc<str>>, new: &Loaded, impact: &mut Impact) {
    let changed: BTreeSet<Arc<str>> = impact
        .changes
        .iter()
        .filter(|said| {
            matches!(said.direction, Direction::Looser | Direction::NotComparable | Direction::Stricter)
        })
        .filter_map(|said| said.policy.clone())
        .collect();
    let side = new.side();
    let judged = |policy: &&Arc<Policy>| side.checks.iter().any(|check| check.policy.id == policy.id);
    let silent =
        side.policies.iter().filter(|policy| changed.contains(&policy.id) && !heard.contains(&policy.id));
    impact.changes.extend(silent.filter(judged).map(|policy| PolicyChange {
        direction: Direction::NotComparable,
        kind: "unanswered",
        policy: Some(Arc::clone(&policy.id)),
        targets: Vec::new(),
        environments: Vec::new(),
        subjects: None,
        what: "no recording answers what it asks, so that they show nothing of its change".to_owned(),
        at: policy.loc.to_string(),
        gone: false,
        examples: Vec::new(),
        help: Some("record again with `muster record`, with the policies of both versions".to_owned()),
    }));
    impact.changes.sort_by(|a, b| (a.direction, &a.policy, &a.at).cmp(&(b.direction, &b.policy, &b.at)));
}

/// The worst finding of each subject, by its name.
fn by_subject(check: Option<&Check>) -> BTreeMap<&Arc<str>, &Finding> {
    let mut found: BTreeMap<&Arc<str>, &Finding> = BTreeMap::new();
    for finding in check.iter().flat_map(|check| &check.findings) {
        let known = found.entry(&finding.subject.shown).or_insert(finding);
        if finding.verdict > known.verdict {
            *known = finding;
        }
    }
    found
}

/// What a version says of a subject: its finding, or what it means that there is none.
fn verdict(check: Option<&Check>, finding: Option<&&Finding>) -> Option<Verdict> {
    let check = check.filter(|check| check.verdict != Verdict::Skipped)?;
    match finding {
        Some(finding) => Some(finding.verdict),
        None if check.is_whole() => Some(Verdict::Pass),
        None => Some(Verdict::Unknown),
    }
}

/// Adds the differences, and counts what is judged alike, and what the recording does not answer.
fn compare(recording: &str, was: &Judged<'_>, is: &Judged<'_>, impact: &mut Impact) -> (u64, u64) {
    let names: BTreeSet<_> = was.checks.keys().chain(is.checks.keys()).collect();
    let (mut unchanged, mut unanswered) = (0, 0);
    for name in names {
        let (old, new) = (was.check(name), is.check(name));
        let (before, after) = (by_subject(old), by_subject(new));
        let subjects: BTreeSet<&Arc<str>> = before.keys().chain(after.keys()).copied().collect();
        let (mut alike, mut lacking) = (Alike::default(), 0);
        for subject in subjects {
            let (first, second) = (before.get(subject), after.get(subject));
            let (from, to) = (verdict(old, first), verdict(new, second));
            if from != to {
                alike.differs(from, first.is_some(), to, second.is_some());
                let said = [(from, first.copied()), (to, second.copied())];
                impact.verdicts.push(change(recording, (name, subject), said, [was, is]));
            } else if to == Some(Verdict::Unknown) && was.lacks(name, first) && is.lacks(name, second) {
                lacking += 1;
            } else {
                alike.found += 1;
            }
        }
        unchanged += alike.count(old, new);
        unanswered += lacking;
    }
    (unchanged, unanswered)
}

/// What two versions say alike of the subjects of a check.
#[derive(Default)]
struct Alike {
    /// Findings with the same verdict.
    found: u64,
    /// Subjects of which one version has a finding, and the other one passes them: of the new, and of the old one.
    only: [u64; 2],
}

impl Alike {
    fn differs(&mut self, from: Option<Verdict>, first: bool, to: Option<Verdict>, second: bool) {
        let [new, old] = &mut self.only;
        *new += u64::from(!first && from == Some(Verdict::Pass));
        *old += u64::from(!second && to == Some(Verdict::Pass));
    }

    /// How many: none where one of the two does not judge the check at all.
    fn count(&self, old: Option<&Check>, new: Option<&Check>) -> u64 {
        let judged = |check: Option<&Check>| {
            check.filter(|check| check.verdict != Verdict::Skipped).map(|check| check.counts.pass)
        };
        let (Some(before), Some(after)) = (judged(old), judged(new)) else { return 0 };
        let [new, old] = self.only;
        // What passes in both has a finding of neither.
        self.found + before.saturating_sub(new).min(after.saturating_sub(old))
    }
}

/// What a version says of a subject, with its finding.
type Said<'f> = (Option<Verdict>, Option<&'f Finding>);

fn change(
    recording: &str,
    (name, subject): (&Name, &Arc<str>),
    [(before, first), (after, second)]: [Said<'_>; 2],
    [was, is]: [&Judged<'_>; 2],
) -> VerdictChange {
    let (was_as, is_as) = (judged_as(before), judged_as(after));
    let said = |finding: Option<&Finding>| finding.map(|finding| finding.message.clone());
    let read = |judged: &Judged<'_>, finding: Option<&Finding>| match finding {
        Some(finding) => finding.operands.clone(),
        None => judged.operands(name, subject),
    };
    let decided = second.or(first);
    let (policy, target) = name;
    VerdictChange {
        direction: Direction::of(is_as < was_as, is_as > was_as),
        recording: recording.to_owned(),
        policy: Arc::clone(policy),
        target: Arc::clone(target),
        subject: Arc::clone(subject),
        before,
        after,
        said_before: said(first),
        said_after: said(second),
        operands: both(read(is, second), read(was, first)),
        rule: decided.map(|finding| Arc::clone(&finding.rule)).unwrap_or_default(),
        at: decided.map(|finding| finding.at.clone()).unwrap_or_default(),
    }
}

/// Those of the new version, then those of the old one that it does not read or reads otherwise.
fn both(mut new: Vec<Operand>, old: Vec<Operand>) -> Vec<Operand> {
    for operand in old {
        if !new.iter().any(|known| known.text == operand.text && known.value == operand.value) {
            new.push(operand);
        }
    }
    new
}
