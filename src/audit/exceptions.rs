//! What was allowed in a period, and what it hid.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use super::beneath::{Hidden, Readings, hidden};
use super::exception::{Allowed, Beneath, Exception, ExceptionKind};
use super::history::Judged;
use crate::store::{Ledger, LedgerRun};

/// All of them, the waivers first, those that hid most first.
pub(super) fn exceptions(
    (ledger, judged): (&Ledger, &Judged),
    allowed: &BTreeMap<Arc<str>, Vec<Allowed>>,
    readings: &Readings,
) -> Vec<Exception> {
    let mut runs: Vec<&LedgerRun> = ledger.runs.iter().collect();
    runs.sort_by_key(|run| run.started);
    let mut found: BTreeMap<&Allowed, (Timestamp, Timestamp)> = BTreeMap::new();
    let mut newest: BTreeMap<Option<&Arc<str>>, &Arc<str>> = BTreeMap::new();
    for run in runs {
        let Some(digest) = &run.promised else { continue };
        newest.insert(run.environment.as_ref(), digest);
        for one in allowed.get(digest).into_iter().flatten() {
            found.entry(one).or_insert((run.started, run.started)).1 = run.started;
        }
    }
    let open: BTreeSet<&Allowed> =
        newest.values().filter_map(|digest| allowed.get(*digest)).flatten().collect();
    let hidden = hidden(ledger, judged);
    let times: Vec<(&Allowed, Timestamp)> = found.iter().map(|(one, (from, _))| (*one, *from)).collect();
    let mut all: Vec<Exception> = found
        .into_iter()
        .map(|(one, (from, to))| {
            let mut exception = Exception {
                allowed: one.clone(),
                from,
                to,
                open: open.contains(one),
                hid: Vec::new(),
                hidden: 0,
                beneath: Vec::new(),
                worse: Vec::new(),
            };
            if one.kind == ExceptionKind::Waiver {
                hid(&mut exception, &during(one, from, &times), &hidden, (ledger, readings));
            }
            exception
        })
        .collect();
    all.sort_by(|one, other| {
        (one.allowed.kind, std::cmp::Reverse(one.hidden), &one.allowed.policy, &one.allowed.what).cmp(&(
            other.allowed.kind,
            std::cmp::Reverse(other.hidden),
            &other.allowed.policy,
            &other.allowed.what,
        ))
    });
    all
}

/// When what is hidden is hidden by this waiver: one that was extended, or changed otherwise, is another one since then. Runs
/// that promise nothing are covered as well, so that the first one begins and the last one ends with the time.
fn during(waiver: &Allowed, own: Timestamp, all: &[(&Allowed, Timestamp)]) -> Range<Timestamp> {
    let key = |one: &Allowed| {
        (one.kind, [&*one.policy, &one.scope, &*one.owner, &one.ticket, &one.reason].map(str::to_owned))
    };
    let own_key = key(waiver);
    let same = all.iter().filter(|(other, _)| key(other) == own_key);
    let others: Vec<Timestamp> = same.map(|(_, from)| *from).collect();
    let is_first = others.iter().all(|from| *from >= own);
    let next = others.into_iter().filter(|from| *from > own).min();
    (if is_first { Timestamp::MIN } else { own })..next.unwrap_or(Timestamp::MAX)
}

/// What a waiver hid while it was there: the findings that it is for, and whose note names its ticket and owner.
fn hid(
    exception: &mut Exception,
    during: &Range<Timestamp>,
    hidden: &[Hidden<'_>],
    (ledger, readings): (&Ledger, &Readings),
) {
    let allowed = exception.allowed.clone();
    let scope = allowed.scope();
    let its = |one: &&Hidden<'_>| {
        one.is_of(|note| allowed.is_of(note), readings) && scope.holds(&one.finding.newest)
    };
    for one in hidden.iter().filter(its) {
        let then = |run: &&usize| ledger.started(**run).is_some_and(|at| during.contains(&at));
        let times = one.times.iter().filter(then).count() as u64;
        if times == 0 {
            continue;
        }
        exception.hid.push(Arc::clone(&one.finding.newest.id));
        exception.hidden += times;
        exception.beneath.extend(one.beneath(ledger, readings));
    }
    exception.beneath.sort_by_key(|one| {
        (
            !one.is_worse(),
            one.moved,
            Arc::clone(&one.subject),
            Arc::clone(&one.finding),
            Arc::clone(&one.what),
        )
    });
    let worse = exception.beneath.iter().filter(|one| one.is_worse());
    exception.worse = worse.map(Beneath::said).collect();
}
