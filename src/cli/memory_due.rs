//! What is overdue: looked up before a run, and decided when it is known how that run judged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;

use crate::audit::{self, Due, PromisedCheck};
use crate::judge::Outcome;
use crate::plan::Plan;
use crate::store::{Store, StoreError, forget_note};
use crate::verdict::Verdict;

use super::memory::unusable;
use super::output::warn_anyway;
use super::promise::Promised;

/// The same, or that it is not known: what is overdue is no reason not to judge the rest.
pub(super) async fn known(
    store: &Store,
    plan: &Plan,
    promised: &Promised,
    at: Timestamp,
) -> Option<Vec<Due>> {
    let found = looked_up(store, plan, promised, at).await;
    found.map_err(|error| warn_anyway(&unusable(&error).diags)).ok()
}

/// What is overdue now unless this run can tell how it stands. Notes when somebody has to look again.
async fn looked_up(
    store: &Store,
    plan: &Plan,
    promised: &Promised,
    at: Timestamp,
) -> Result<Vec<Due>, StoreError> {
    let judged: BTreeSet<(&str, &str)> =
        plan.checks.iter().map(|check| (&*check.policy.id, &*check.target.name)).collect();
    let standing = store.standing().await?;
    let all = audit::overdue(&promised.checks, &standing, &judged, at);
    // What is overdue already is looked for by every run, until it is judged.
    let next = all.first().map_or(Timestamp::MAX, |due| due.late);
    store.note_due(&promised.digest, next);
    let all = audit::overdue(&promised.checks, &standing, &BTreeSet::new(), at);
    Ok(all.into_iter().filter(|due| due.is_overdue(at)).collect())
}

/// What of it this run could not tell either, which is so since now at the latest.
pub(super) fn untold(
    overdue: &[Due],
    promised: &[PromisedCheck],
    outcomes: &[Outcome],
    (store, now): (&Path, Timestamp),
) -> Vec<Due> {
    let name = |outcome: &Outcome| (outcome.check.policy.clone(), outcome.check.target.clone());
    let verdicts: BTreeMap<_, Verdict> =
        outcomes.iter().map(|outcome| (name(outcome), outcome.check.verdict)).collect();
    let verdict = |policy: &std::sync::Arc<str>, target: &std::sync::Arc<str>| {
        verdicts.get(&(policy.clone(), target.clone())).copied()
    };
    if promised.iter().any(|check| verdict(&check.policy, &check.target) == Some(Verdict::Unknown)) {
        // It was noted when to look again as if everything could be told.
        forget_note(store);
    }
    let late = |due: &Due| match verdict(&due.policy, &due.target) {
        None => Some(due.clone()),
        Some(Verdict::Unknown) => Some(Due { unknown: due.unknown.or(Some(now)), ..due.clone() }),
        Some(_) => None,
    };
    overdue.iter().filter_map(late).collect()
}
