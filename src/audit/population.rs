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
    pub(super) check: &'a PromisedCheck,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) new: bool,
    pub(super) ended: bool,
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
                Promised { check, from, until: period.until, new: !before, ended: false }
            });
            // The newest promise counts for how often, and who.
            slot.check = check;
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
        .before
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
    let Some(every) = check.every.filter(|every| *every > 0) else { return (counted, Vec::new()) };
    let mut gaps = Vec::new();
    let mut last = before.unwrap_or(one.from);
    let ends = read.iter().map(|at| (*at, false)).chain([(one.until, true)]);
    for (next, is_end) in ends {
        let missed = missed((last, next), (every, check.grace), one.from);
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
    counted.judged = happened(&read, before, every - check.grace);
    counted.expected = counted.judged + counted.missed;
    (counted, gaps)
}

/// Judgements, those that came sooner than was promised not counted.
fn happened(read: &[Timestamp], before: Option<Timestamp>, least: i64) -> u64 {
    let mut last = before.map(micros_of);
    let mut happened = 0;
    for at in read.iter().map(|at| micros_of(*at)) {
        if last.is_none_or(|last| at - last >= least) {
            happened += 1;
            last = Some(at);
        }
    }
    happened
}

/// Due times that passed between two judgements with their grace, and lie within the period.
fn missed((last, next): (Timestamp, Timestamp), (every, grace): (i64, i64), from: Timestamp) -> u64 {
    let (last, next, from) = (micros_of(last), micros_of(next), micros_of(from));
    let late = (next - last).saturating_sub(grace);
    if late <= every {
        return 0;
    }
    // How many due times end before the next judgement; the one that it serves is none of them.
    let all = (late - 1) / every;
    // Those before the period are another's.
    let earlier = ((from - last).max(0) / every).min(all);
    u64::try_from(all - earlier).unwrap_or(0)
}

#[cfg(test)]
#[path = "population_tests.rs"]
mod tests;
