//! Policies that were changed within a period, beside the verdicts that they moved.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::history::Judged;
use super::model::{PolicyMoved, VerdictMoved};
use super::promise::{Promise, PromisedCheck};
use crate::fact::{Type, Value, show};
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
        if std::ptr::eq(was, promise) {
            continue;
        }
        all.extend(repromised(was, promise, run.started));
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
        let key = |one: &PolicyMoved| (Arc::clone(&one.policy), one.old.clone(), one.new.clone());
        (key(one), &one.what, one.at).cmp(&(key(other), &other.what, other.at))
    });
    all.dedup_by(|one, other| {
        (&one.policy, &one.old, &one.new, &one.what) == (&other.policy, &other.old, &other.new, &other.what)
    });
    all.sort_by(|one, other| other.at.cmp(&one.at).then_with(|| one.policy.cmp(&other.policy)));
    all
}

/// What the project promises otherwise of policies whose text is the same: how often, how bad, with which parameters.
fn repromised(was: &Promise, is: &Promise, at: Timestamp) -> Vec<PolicyMoved> {
    let before: BTreeMap<(&str, &str), &PromisedCheck> =
        was.checks.iter().map(|one| ((&*one.policy, &*one.target), one)).collect();
    let mut found: BTreeMap<&Arc<str>, (&str, Vec<String>)> = BTreeMap::new();
    for new in &is.checks {
        let Some(old) = before.get(&(&*new.policy, &*new.target)) else { continue };
        if was.policies.get(&new.policy) != is.policies.get(&new.policy) {
            continue;
        }
        let told = otherwise(old, new);
        for (looser, told) in told {
            let word = if looser { "looser" } else { "stricter" };
            let (direction, what) = found.entry(&new.policy).or_insert((word, Vec::new()));
            if *direction != word {
                *direction = "looser and stricter";
            }
            what.push(format!("at {}: {told}", new.target));
        }
    }
    let moved = |(policy, (direction, what)): (&Arc<str>, (&str, Vec<String>))| PolicyMoved {
        policy: Arc::clone(policy),
        at,
        old: was.policies.get(policy).cloned(),
        new: is.policies.get(policy).cloned(),
        direction: direction.to_owned(),
        what,
        moved: Vec::new(),
    };
    found.into_iter().map(moved).collect()
}

/// What of a check is promised otherwise, and whether that is looser.
fn otherwise(old: &PromisedCheck, new: &PromisedCheck) -> Vec<(bool, String)> {
    let every = |every: Option<i64>| {
        every.map_or_else(|| "not by the clock".to_owned(), |every| format!("every {}", duration(every)))
    };
    let rank = |every: Option<i64>| every.unwrap_or(i64::MAX);
    let mut told = Vec::new();
    if old.every != new.every {
        let what = format!("judged {}, was {}", every(new.every), every(old.every));
        told.push((rank(new.every) > rank(old.every), what));
    } else if old.grace != new.grace && new.every.is_some() {
        let what = format!("may be late by {}, was {}", duration(new.grace), duration(old.grace));
        told.push((new.grace > old.grace, what));
    }
    if old.severity != new.severity {
        let what = format!("severity {}, was {}", new.severity.word(), old.severity.word());
        told.push((new.severity < old.severity, what));
    }
    match (&old.skip, &new.skip) {
        (None, Some(why)) => told.push((true, format!("not judged any more: {why}"))),
        (Some(_), None) => told.push((false, "judged again".to_owned())),
        _ => {}
    }
    for one in new.looser.iter().filter(|one| !old.looser.contains(one)) {
        told.push((true, one.clone()));
    }
    for one in old.looser.iter().filter(|one| !new.looser.contains(one)) {
        told.push((false, format!("not any more: {one}")));
    }
    told
}

fn duration(micros: i64) -> String {
    show(&Value::Int(micros), &Type::DURATION)
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

#[cfg(test)]
mod tests {
    use super::otherwise;
    use crate::audit::promise::testing::check;

    #[test]
    fn what_is_not_judged_any_more_is_looser_and_what_is_again_stricter() {
        let judged = check("a", Some(24));
        let mut skipped = check("a", Some(24));
        skipped.skip = Some("moved to another project".to_owned());
        let told = |old, new| otherwise(old, new);
        assert_eq!(
            told(&judged, &skipped),
            [(true, "not judged any more: moved to another project".to_owned())]
        );
        assert_eq!(told(&skipped, &judged), [(false, "judged again".to_owned())]);
        let mut weekly = check("a", Some(24 * 7));
        weekly.grace = judged.grace;
        weekly.looser = vec!["limit 5, default 3".to_owned()];
        assert_eq!(
            told(&judged, &weekly),
            [(true, "judged every 7d, was every 1d".to_owned()), (true, "limit 5, default 3".to_owned())]
        );
        assert_eq!(otherwise(&judged, &judged), []);
    }
}
