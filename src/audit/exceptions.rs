//! What was allowed in a period, and what it hid.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::history::Judged;
use super::model::{Allowed, Exception, ExceptionKind};
use crate::store::{Ledger, LedgerFinding, LedgerRun};
use crate::verdict::Verdict;

/// All of them, the waivers first, those that hid most first.
pub(super) fn exceptions(
    (ledger, judged): (&Ledger, &Judged),
    allowed: &BTreeMap<Arc<str>, Vec<Allowed>>,
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
                worse: Vec::new(),
            };
            if one.kind == ExceptionKind::Waiver {
                hid(&mut exception, &hidden);
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

/// A finding that was waived, and in how many judgements.
struct Hidden<'a> {
    finding: &'a LedgerFinding,
    times: u64,
    /// It did not fail when it was waived first, and does now.
    worsened: bool,
}

fn hidden<'a>(ledger: &'a Ledger, judged: &Judged) -> Vec<Hidden<'a>> {
    let mut all = Vec::new();
    for finding in &ledger.findings {
        let judged = judged.get(&finding.check).map(Vec::as_slice).unwrap_or_default();
        let mut times = 0;
        for (place, turn) in
            finding.turns.iter().enumerate().filter(|(_, turn)| turn.verdict == Some(Verdict::Waived))
        {
            let end = finding.turns.get(place + 1).map_or(usize::MAX, |next| next.run);
            times += judged.iter().filter(|one| (turn.run..end).contains(&one.run)).count() as u64;
        }
        let mut held =
            finding.turns.iter().filter(|turn| turn.verdict == Some(Verdict::Waived)).map(|turn| turn.held);
        let worsened = held.next() == Some(false) && held.next_back() == Some(true);
        if times > 0 {
            all.push(Hidden { finding, times, worsened });
        }
    }
    all
}

/// What a waiver hid: the findings whose note names its ticket and owner.
fn hid(exception: &mut Exception, hidden: &[Hidden<'_>]) {
    for one in hidden {
        let newest = &one.finding.newest;
        if !exception.allowed.covers(newest) {
            continue;
        }
        exception.hid.push(Arc::clone(&newest.id));
        exception.hidden += one.times;
        if one.worsened {
            exception.worse.push(format!("{}: it was near its limit, and fails now", newest.subject.shown));
        }
    }
}
