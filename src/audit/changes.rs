//! Policies that were changed within a period, beside the verdicts that they moved.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::history::Judged;
use super::model::{PolicyMoved, VerdictMoved};
use super::promise::Promise;
use crate::store::{Ledger, LedgerRun};
use crate::verdict::Verdict;

/// What two texts of a policy do to each other: a word, and what changed.
pub type Compare<'a> = dyn Fn(&str, &str) -> (String, Vec<String>) + 'a;

/// All changes, the latest first.
pub(super) fn changes(
    (ledger, judged): (&Ledger, &Judged),
    promises: &BTreeMap<Arc<str>, Promise>,
    compare: &Compare<'_>,
) -> Vec<PolicyMoved> {
    let mut runs: Vec<&LedgerRun> = ledger.runs.iter().collect();
    runs.sort_by_key(|run| run.started);
    let verdicts = verdicts(ledger, judged);
    let mut last: BTreeMap<Option<&Arc<str>>, &Promise> = BTreeMap::new();
    let mut all: Vec<PolicyMoved> = Vec::new();
    for run in runs {
        let Some(promise) = run.promised.as_ref().and_then(|digest| promises.get(digest)) else { continue };
        let Some(was) = last.insert(run.environment.as_ref(), promise) else { continue };
        for (policy, new) in &promise.policies {
            let old = was.policies.get(policy);
            if old == Some(new) {
                continue;
            }
            let (direction, what) = match old {
                None => ("new".to_owned(), Vec::new()),
                Some(old) => {
                    let texts = ledger.policies.get(old).zip(ledger.policies.get(new));
                    let unknown = || ("not comparable".to_owned(), vec!["its text was not kept".to_owned()]);
                    texts.map_or_else(unknown, |(old, new)| compare(old, new))
                }
            };
            let moved = moved(&verdicts, policy, run.started);
            all.push(PolicyMoved {
                policy: Arc::clone(policy),
                at: run.started,
                old: old.cloned(),
                new: Some(Arc::clone(new)),
                direction,
                what,
                moved,
            });
        }
        for (policy, old) in was.policies.iter().filter(|(policy, _)| !promise.policies.contains_key(*policy))
        {
            all.push(PolicyMoved {
                policy: Arc::clone(policy),
                at: run.started,
                old: Some(Arc::clone(old)),
                new: None,
                direction: "gone".to_owned(),
                what: Vec::new(),
                moved: Vec::new(),
            });
        }
    }
    // Two environments see the same change.
    all.sort_by(|one, other| {
        (&one.policy, &one.old, &one.new, one.at).cmp(&(&other.policy, &other.old, &other.new, other.at))
    });
    all.dedup_by(|one, other| (&one.policy, &one.old, &one.new) == (&other.policy, &other.old, &other.new));
    all.sort_by(|one, other| other.at.cmp(&one.at).then_with(|| one.policy.cmp(&other.policy)));
    all
}

/// Judgements in order of time, by policy and target.
pub(super) type Verdicts<'a> = BTreeMap<(&'a str, &'a str), Vec<(Timestamp, Verdict)>>;

pub(super) fn verdicts<'a>(ledger: &'a Ledger, judged: &Judged) -> Verdicts<'a> {
    let mut all: Verdicts<'_> = BTreeMap::new();
    for (check, judged) in judged {
        let Some((policy, target, _)) = ledger.checks.get(*check) else { continue };
        let mut times: Vec<(Timestamp, Verdict)> =
            judged.iter().filter_map(|one| Some((ledger.started(one.run)?, one.verdict))).collect();
        times.sort_unstable();
        all.insert((policy, target), times);
    }
    all
}

/// The checks of a policy that were judged otherwise after a time than before.
fn moved(verdicts: &Verdicts<'_>, policy: &str, at: Timestamp) -> Vec<VerdictMoved> {
    let of_policy = verdicts.iter().filter(|((name, _), _)| *name == policy);
    let pairs = of_policy.filter_map(|((_, target), all)| {
        let place = all.partition_point(|(when, _)| *when < at);
        let before = all.get(place.checked_sub(1)?)?.1;
        let after = all.get(place)?.1;
        (before != after).then(|| VerdictMoved { target: Arc::from(*target), before, after })
    });
    pairs.collect()
}
