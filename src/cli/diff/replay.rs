//! Both versions judged on the same recorded facts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::check::recording;
use crate::cli::output::Problem;
use crate::cli::run::judge_all;
use crate::fact::{Cause, Observation, Recording};
use crate::impact;
use crate::judge::Given;
use crate::observe::{Replay, verify};
use crate::verdict::{Check, Direction, Finding, Impact, Operand, Replayed, Verdict, VerdictChange};

use super::side::Loaded;

/// Checks of a version by policy (under its new id) and target.
type Judged = BTreeMap<(Arc<str>, Arc<str>), Check>;

/// Adds what changes on each of the recordings.
pub(super) fn judge(
    files: &[PathBuf],
    old: &Loaded,
    new: &Loaded,
    impact: &mut Impact,
) -> Result<(), Problem> {
    let renamed = impact::renamed(&old.side(), &new.side());
    for file in files {
        let recording = recording(file)?;
        let name = file.display().to_string();
        let was = judged(old, &recording)?;
        let is = judged(new, &recording)?;
        if was.as_ref().or(is.as_ref()).is_none() {
            return Err(Problem::usage(
                format!("`{name}` answers no question of either version"),
                "record again with `muster record`, with the targets of this project",
            ));
        }
        let was: Judged = was
            .unwrap_or_default()
            .into_iter()
            .map(|((policy, target), check)| {
                let now = renamed.get(&policy).unwrap_or(&policy);
                ((Arc::clone(now), target), check)
            })
            .collect();
        let is = is.unwrap_or_default();
        let unchanged = compare(&name, &was, &is, impact);
        let started = recording.started.to_string();
        impact.replayed.push(Replayed { recording: name, started, unchanged });
    }
    impact.verdicts.sort_by(|a, b| {
        let key =
            |change: &VerdictChange| (change.direction, std::cmp::Reverse(change.before.max(change.after)));
        key(a)
            .cmp(&key(b))
            .then_with(|| (&a.policy, &a.target, &a.subject).cmp(&(&b.policy, &b.target, &b.subject)))
    });
    Ok(())
}

/// The checks of a version on a recording; `None` if that answers nothing of it.
fn judged(side: &Loaded, recording: &Recording) -> Result<Option<Judged>, Problem> {
    let mut past = recording.past.clone();
    crate::cli::memory::baselines(side.project(), &side.plan, &mut past)?;
    let mut answers = Replay::new(recording.clone()).answer(&side.plan.requests);
    verify(&mut answers, &side.infos);
    let absent = |answer: &Observation| answer.result.as_ref().is_err_and(|why| why.cause == Cause::Absent);
    if !answers.is_empty() && answers.iter().all(absent) {
        return Ok(None);
    }
    let given = Given { at: recording.started, recall: &past.recall, past: &past };
    let outcomes = judge_all(&side.plan, &answers, &given);
    let key = |check: &Check| (Arc::clone(&check.policy), Arc::clone(&check.target));
    Ok(Some(outcomes.into_iter().map(|outcome| (key(&outcome.check), outcome.check)).collect()))
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

/// Adds the differences, and counts what is judged alike.
fn compare(recording: &str, was: &Judged, is: &Judged, impact: &mut Impact) -> u64 {
    let keys: BTreeSet<_> = was.keys().chain(is.keys()).collect();
    let mut unchanged = 0;
    for key in keys {
        let (old, new) = (was.get(key), is.get(key));
        let (before, after) = (by_subject(old), by_subject(new));
        let subjects: BTreeSet<&Arc<str>> = before.keys().chain(after.keys()).copied().collect();
        let mut changed = 0;
        for subject in subjects {
            let (first, second) = (before.get(subject), after.get(subject));
            let (from, to) = (verdict(old, first), verdict(new, second));
            if from == to {
                continue;
            }
            changed += 1;
            impact.verdicts.push(change(
                recording,
                key,
                subject,
                (from, first.copied()),
                (to, second.copied()),
            ));
        }
        let all = [old, new].into_iter().flatten().map(|check| check.counts.total()).max().unwrap_or(0);
        unchanged += all.saturating_sub(changed);
    }
    unchanged
}

fn change(
    recording: &str,
    (policy, target): &(Arc<str>, Arc<str>),
    subject: &Arc<str>,
    (before, first): (Option<Verdict>, Option<&Finding>),
    (after, second): (Option<Verdict>, Option<&Finding>),
) -> VerdictChange {
    let rank = |verdict: Option<Verdict>| verdict.unwrap_or(Verdict::Pass);
    let said = |finding: Option<&Finding>| finding.map(|finding| finding.message.clone());
    let decided = second.or(first);
    VerdictChange {
        direction: Direction::of(rank(after) < rank(before), rank(after) > rank(before)),
        recording: recording.to_owned(),
        policy: Arc::clone(policy),
        target: Arc::clone(target),
        subject: Arc::clone(subject),
        before,
        after,
        said_before: said(first),
        said_after: said(second),
        operands: operands(first, second),
        rule: decided.map(|finding| Arc::clone(&finding.rule)).unwrap_or_default(),
        at: decided.map(|finding| finding.at.clone()).unwrap_or_default(),
    }
}

/// Those of the new version, then those of the old one that it does not read or reads otherwise.
fn operands(first: Option<&Finding>, second: Option<&Finding>) -> Vec<Operand> {
    let mut all: Vec<Operand> = second.map(|finding| finding.operands.clone()).unwrap_or_default();
    for operand in first.iter().flat_map(|finding| &finding.operands) {
        if !all.iter().any(|known| known.text == operand.text && known.value == operand.value) {
            all.push(operand.clone());
        }
    }
    all
}
