//! The runs of a period, one by one and day by day; a day without a run on which something was promised is a gap.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::days::{all_days, day};
use super::model::{Period, RunDay, RunTold};
use super::promise::Promise;
use crate::fact::timestamp;
use crate::store::{Ledger, LedgerRun};
use crate::verdict::Verdict;

/// What is promised more seldom makes no gap of a single day.
const DAILY: i64 = 24 * 3_600 * 1_000_000;

/// Every run that began, also those that never ended, in the order of their times.
pub(super) fn runs(ledger: &Ledger, promises: &BTreeMap<Arc<str>, Promise>) -> Vec<RunTold> {
    let mut all: Vec<RunTold> = ledger
        .runs
        .iter()
        .map(|run| {
            let unkept = unkept(run, promises);
            RunTold {
                at: run.started,
                id: Arc::clone(&run.uid),
                environment: run.environment.clone().unwrap_or_else(|| Arc::from("")),
                host: Arc::clone(&run.host),
                muster: Arc::clone(&run.muster),
                ended: true,
                exit: Some(run.exit),
                promised: run.promised.is_some(),
                worst: None,
                judged: 0,
                unknown: 0,
                unkept,
            }
        })
        .collect();
    for one in ledger.judged.iter().filter(|one| !one.notice) {
        let Some(run) = all.get_mut(one.run) else { continue };
        run.worst = run.worst.max(Some(one.verdict));
        let counted = if one.verdict == Verdict::Unknown { &mut run.unknown } else { &mut run.judged };
        *counted += 1;
    }
    let killed = ledger.begun.iter().filter_map(|run| {
        Some(RunTold {
            at: timestamp(run.started)?,
            id: Arc::from(""),
            environment: Arc::from(run.environment.as_deref().unwrap_or_default()),
            host: Arc::from(&*run.host),
            muster: Arc::from(""),
            ended: false,
            exit: None,
            promised: false,
            worst: None,
            judged: 0,
            unknown: 0,
            unkept: "it never ended".to_owned(),
        })
    });
    all.extend(killed);
    all.sort_by_key(|run| run.at);
    all
}

/// Why a run cannot be judged again; empty if it can.
fn unkept(run: &LedgerRun, promises: &BTreeMap<Arc<str>, Promise>) -> String {
    let Some(digest) = &run.promised else {
        return "it named only some policies, judged with `--set`, or went on without some that do not load, so that its texts were not kept".to_owned();
    };
    match promises.get(digest) {
        None => "what was promised then is lost".to_owned(),
        Some(promise) if promise.pieces.is_empty() => {
            promise.unkept.clone().unwrap_or_else(|| "its texts were not kept".to_owned())
        }
        Some(_) if !run.recorded => "it was kept without what it saw".to_owned(),
        Some(_) => String::new(),
    }
}

/// A day and an environment; the empty name is all targets.
type Name = (Date, Arc<str>);

/// Of each day and environment the runs, and the days without one on which something is promised every day.
pub(super) fn days(
    (ledger, runs): (&Ledger, &[RunTold]),
    promises: &BTreeMap<Arc<str>, Promise>,
    period: &Period,
) -> Vec<RunDay> {
    let mut all: BTreeMap<Name, RunDay> = BTreeMap::new();
    for run in runs {
        let name = (day(run.at), Arc::clone(&run.environment));
        let one = all.entry(name).or_insert_with(|| empty(day(run.at), &run.environment));
        one.runs += 1;
        one.ended += u64::from(run.ended);
        one.killed += u64::from(!run.ended);
        one.first = one.first.map_or(Some(run.at), |first| Some(first.min(run.at)));
        one.last = one.last.max(Some(run.at));
        one.worst = one.worst.max(run.worst);
        one.unkept += u64::from(run.ended && !run.unkept.is_empty());
    }
    checks(ledger, &mut all);
    for name in silent(ledger, promises, period) {
        let (at, environment) = (name.0, Arc::clone(&name.1));
        all.entry(name).or_insert_with(|| empty(at, &environment));
    }
    all.into_values().collect()
}

fn empty(day: Date, environment: &Arc<str>) -> RunDay {
    RunDay {
        day: day.to_string(),
        environment: Arc::clone(environment),
        runs: 0,
        ended: 0,
        killed: 0,
        first: None,
        last: None,
        worst: None,
        judged: 0,
        unknown: 0,
        unkept: 0,
    }
}

/// How many checks of each day could be told at least once, and how many never.
fn checks(ledger: &Ledger, days: &mut BTreeMap<Name, RunDay>) {
    // There may be half a million judgements, and of each run only one name.
    let named =
        |run: &LedgerRun| (day(run.started), run.environment.clone().unwrap_or_else(|| Arc::from("")));
    let names: Vec<Name> = ledger.runs.iter().map(named).collect();
    let mut told: BTreeMap<&Name, BTreeMap<usize, bool>> = BTreeMap::new();
    for one in ledger.judged.iter().filter(|one| !one.notice) {
        let Some(name) = names.get(one.run) else { continue };
        *told.entry(name).or_default().entry(one.check).or_default() |= one.verdict != Verdict::Unknown;
    }
    for (name, checks) in told {
        let Some(day) = days.get_mut(name) else { continue };
        day.judged = checks.values().filter(|told| **told).count() as u64;
        day.unknown = checks.values().filter(|told| !**told).count() as u64;
    }
}

/// Days on which a judgement is promised at least once, from when that is known to the end, without today, which lasts.
fn silent(ledger: &Ledger, promises: &BTreeMap<Arc<str>, Promise>, period: &Period) -> BTreeSet<Name> {
    let mut said: BTreeMap<Arc<str>, Vec<(Timestamp, &Promise)>> = BTreeMap::new();
    for run in &ledger.runs {
        let promise = run.promised.as_ref().and_then(|digest| promises.get(digest));
        let environment = run.environment.clone().unwrap_or_else(|| Arc::from(""));
        said.entry(environment).or_default().extend(promise.map(|promise| (run.started, promise)));
    }
    let known: BTreeSet<(&str, &str)> = ledger
        .before
        .keys()
        .filter_map(|check| ledger.checks.get(*check))
        .map(|(policy, target, _)| (&**policy, &**target))
        .collect();
    let today = (period.until < period.to).then(|| day(period.until));
    let mut found = BTreeSet::new();
    for (environment, mut said) in said {
        said.sort_by_key(|(at, _)| *at);
        let Some((first, promise)) = said.first() else { continue };
        // What was judged before the period was promised when it began.
        let is_older = promise.checks.iter().any(|check| known.contains(&(&*check.policy, &*check.target)));
        let from = day(if is_older { period.from } else { *first });
        let mut current = *promise;
        let mut next = said.iter().peekable();
        for at in all_days(period).into_iter().filter(|at| *at >= from && Some(*at) != today) {
            while let Some((_, promise)) = next.next_if(|(began, _)| day(*began) <= at) {
                current = promise;
            }
            if is_daily(current) {
                found.insert((at, Arc::clone(&environment)));
            }
        }
    }
    found
}

fn is_daily(promise: &Promise) -> bool {
    let checks = promise.checks.iter().filter(|check| check.skip.is_none());
    checks.filter_map(|check| check.every).any(|every| every <= DAILY)
}

#[cfg(test)]
#[path = "runs_tests.rs"]
mod tests;
