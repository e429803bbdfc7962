//! What was to be judged, and what was.
//!
//! A tier promises a time between two judgements, and not a time of day: so neither a change to summer time nor a job
//! that runs at another hour makes a gap. Of a longer time without a judgement every due time that passed with its grace
//! counts as missed.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::changes::verdicts;
use super::history::Judged;
use super::model::{ClockJump, Counted, Gap, Interrupted, Period, Population};
use super::promise::{Promise, PromisedCheck};
use crate::fact::{micros_of, timestamp};
use crate::store::Ledger;
use crate::verdict::{Counts, Verdict};

/// A clock may differ so much between two hosts before it is said.
const JITTER: SignedDuration = SignedDuration::from_mins(5);

/// A check as it was promised in a period.
pub(super) struct Promised<'a> {
    /// As it was promised last.
    pub(super) check: &'a PromisedCheck,
    /// How often, and since when: what was promised later changes nothing of what was missed before.
    pub(super) pace: Vec<(Timestamp, Pace)>,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) new: bool,
    pub(super) ended: bool,
}

/// How often a check is judged (never by the clock if not at all), and how late it may be, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    every: Option<i64>,
    grace: i64,
}

impl Pace {
    pub(super) fn of(check: &PromisedCheck) -> Self {
        Self { every: check.every.filter(|every| *every > 0), grace: check.grace }
    }
}

/// Policy and target.
type Name<'a> = (&'a str, &'a str);

/// What was promised, check by check: over all environments from its first run to its last.
pub(super) fn promised<'a>(
    ledger: &Ledger,
    promises: &'a BTreeMap<Arc<str>, Promise>,
    period: &Period,
) -> Vec<Promised<'a>> {
    let mut order: Vec<usize> = (0..ledger.runs.len()).collect();
    order.sort_by_key(|run| ledger.runs.get(*run).map(|run| run.started));
    let known: BTreeMap<Name<'_>, Timestamp> = ledger
        .checks
        .iter()
        .enumerate()
        .filter(|(_, (.., notice))| !notice)
        .filter_map(|(place, (policy, target, _))| {
            Some(((&**policy, &**target), *ledger.before.get(&place)?))
        })
        .collect();
    let mut found: BTreeMap<Name<'a>, Promised<'a>> = BTreeMap::new();
    let mut current: BTreeMap<Option<&Arc<str>>, &Arc<str>> = BTreeMap::new();
    for run in order.iter().filter_map(|run| ledger.runs.get(*run)) {
        let Some(digest) = &run.promised else { continue };
        let Some(promise) = promises.get(digest) else { continue };
        let environment = run.environment.as_ref();
        if current.insert(environment, digest) == Some(digest) {
            continue;
        }
        for check in promise.checks.iter().filter(|check| check.skip.is_none()) {
            let name: Name<'a> = (&check.policy, &check.target);
            let slot = found.entry(name).or_insert_with(|| {
                let before = known.contains_key(&name);
                let from = if before { period.from } else { run.started };
                let pace = vec![(from, Pace::of(check))];
                Promised { check, pace, from, until: period.until, new: !before, ended: false }
            });
            // The newest promise counts for who.
            slot.check = check;
            if slot.pace.last().is_none_or(|(_, pace)| *pace != Pace::of(check)) {
                slot.pace.push((run.started, Pace::of(check)));
            }
            slot.ended = false;
            slot.until = period.until;
        }
        let there: HashSet<Name<'_>> = current
            .values()
            .filter_map(|digest| promises.get(*digest))
            // What is skipped now was promised until then, and what it missed stays missed.
            .flat_map(|promise| promise.checks.iter().filter(|check| check.skip.is_none()))
            .map(|check| (&*check.policy, &*check.target))
            .collect();
        for (name, slot) in found.iter_mut().filter(|(_, slot)| !slot.ended) {
            if !there.contains(name) {
                slot.ended = true;
                slot.until = run.started;
            }
        }
    }
    found.into_values().collect()
}

/// Counts.
pub(super) fn population(
    (ledger, judged): (&Ledger, &Judged),
    promised: &[Promised<'_>],
    period: &Period,
) -> Population {
    let judged = verdicts(ledger, judged);
    let mut times: Vec<Timestamp> = ledger.runs.iter().map(|run| run.started).collect();
    times.sort_unstable();
    let before: BTreeMap<Name<'_>, Timestamp> = ledger
        .told
        .iter()
        .filter_map(|(check, at)| {
            ledger.checks.get(*check).map(|(policy, target, _)| ((&**policy, &**target), *at))
        })
        .collect();
    let mut population = Population::default();
    for one in promised {
        let name: Name<'_> = (&one.check.policy, &one.check.target);
        let judged = judged.get(&name).map(Vec::as_slice).unwrap_or_default();
        let before = before.get(&name).copied().filter(|_| !one.new);
        let (counted, gaps) = count(one, (before, judged), &times);
        population.expected += counted.expected;
        population.judged += counted.judged;
        population.missed += counted.missed;
        population.checks.push(counted);
        population.gaps.extend(gaps);
    }
    population.checks.sort_by(|one, other| {
        other
            .missed
            .cmp(&one.missed)
            .then_with(|| (&one.policy, &one.target).cmp(&(&other.policy, &other.target)))
    });
    population.gaps.sort_by_key(|gap| {
        (std::cmp::Reverse(gap.missed), gap.from, Arc::clone(&gap.policy), Arc::clone(&gap.target))
    });
    population.interrupted = ledger
        .begun
        .iter()
        .filter_map(|run| {
            let at = timestamp(run.started)?;
            Some(Interrupted { at, host: run.host.clone(), about: run.about.clone() })
        })
        .collect();
    population.clocks = clocks(ledger);
    population.unseen = ledger.span.map(|(first, _)| first).filter(|first| *first > period.from);
    population
}

/// Where a run began before the one that was remembered before it.
fn clocks(ledger: &Ledger) -> Vec<ClockJump> {
    let pairs = ledger.runs.iter().zip(ledger.runs.iter().skip(1));
    let jumps = pairs.filter(|(one, next)| next.started + JITTER < one.started);
    jumps
        .map(|(one, next)| ClockJump { before: one.started, at: next.started, host: Arc::clone(&next.host) })
        .collect()
}

/// One check: its judgements, and where they are missing.
fn count(
    one: &Promised<'_>,
    (before, judged): (Option<Timestamp>, &[(Timestamp, Verdict)]),
    runs: &[Timestamp],
) -> (Counted, Vec<Gap>) {
    let check = one.check;
    let mut verdicts = Counts::default();
    judged.iter().for_each(|(_, verdict)| verdicts.add(*verdict, 1));
    let within = |at: &Timestamp| *at >= one.from && *at <= one.until;
    let read: Vec<Timestamp> = judged
        .iter()
        .filter(|(at, verdict)| *verdict != Verdict::Unknown && within(at))
        .map(|(at, _)| *at)
        .collect();
    let mut counted = Counted {
        policy: Arc::clone(&check.policy),
        target: Arc::clone(&check.target),
        tier: Arc::clone(&check.tier),
        owner: Arc::clone(&check.owner),
        from: one.from,
        until: one.until,
        new: one.new,
        ended: one.ended,
        every: check.every.and_then(|every| u64::try_from(every / 1_000_000).ok()),
        expected: 0,
        judged: 0,
        missed: 0,
        verdicts,
        last: read.last().copied().or(before),
        now: judged.last().map(|(_, verdict)| *verdict),
    };
    if one.pace.iter().all(|(_, pace)| pace.every.is_none()) {
        return (counted, Vec::new());
    }
    let mut gaps = Vec::new();
    let mut last = before.unwrap_or(one.from);
    let ends = read.iter().map(|at| (*at, false)).chain([(one.until, true)]);
    for (next, is_end) in ends {
        let missed = missed((last, next), &one.pace);
        if missed > 0 {
            let between = |at: &&Timestamp| **at > last && **at < next;
            let unread = judged.iter().filter(|(at, _)| *at > last && *at < next).count();
            gaps.push(Gap {
                policy: Arc::clone(&check.policy),
                target: Arc::clone(&check.target),
                tier: Arc::clone(&check.tier),
                owner: Arc::clone(&check.owner),
                from: last.max(one.from),
                to: next,
                open: is_end && !one.ended,
                missed,
                runs: runs.iter().filter(between).count() as u64,
                unread: unread as u64,
            });
        }
        last = next;
    }
    counted.missed = gaps.iter().map(|gap| gap.missed).sum();
    counted.judged = happened(&read, before, &one.pace);
    counted.expected = counted.judged + counted.missed;
    (counted, gaps)
}

/// Judgements, those that came sooner than was promised then not counted.
fn happened(read: &[Timestamp], before: Option<Timestamp>, pace: &[(Timestamp, Pace)]) -> u64 {
    let mut last = before.map(micros_of);
    let mut happened = 0;
    for moment in read {
        let at = micros_of(*moment);
        let then = pace.iter().rev().find(|(since, _)| since <= moment).or_else(|| pace.first());
        let Some((Some(every), grace)) = then.map(|(_, pace)| (pace.every, pace.grace)) else { continue };
        if last.is_none_or(|last| at - last >= every - grace) {
            happened += 1;
            last = Some(at);
        }
    }
    happened
}

/// Due times that passed between two judgements with their grace, each by what was promised when its grace ended.
fn missed((last, next): (Timestamp, Timestamp), pace: &[(Timestamp, Pace)]) -> u64 {
    let mut missed = 0;
    for (place, (since, now)) in pace.iter().enumerate() {
        let Some(every) = now.every else { continue };
        let ends =
            pace.get(place + 1).map(|(until, _)| micros_of(*until)).filter(|ends| *ends < micros_of(next));
        let (last, since) = (micros_of(last), micros_of(*since));
        // Due times from the last judgement on whose grace ends before this.
        let until = |end: i64| ((end - last).saturating_sub(now.grace).saturating_sub(1)).max(0) / every;
        let all = ends.map_or_else(|| until(micros_of(next)), |ends| until(ends + 1));
        // Those before the period are another's; those before this promise were due by the one before it.
        let earlier = if place == 0 { (since - last).max(0) / every } else { until(since + 1) };
        missed += u64::try_from(all - earlier.min(all)).unwrap_or(0);
    }
    missed
}

#[cfg(test)]
#[path = "population_tests.rs"]
mod tests;
