//! What is overdue: looked up before a run, and decided when it is known how that run judged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;

use crate::audit::{self, Due, PromisedCheck};
use crate::diag::Diag;
use crate::judge::Outcome;
use crate::plan::Plan;
use crate::store::{Store, StoreError, forget_note};
use crate::verdict::{Finding, Verdict};

use super::memory::unusable;
use super::output::warn_anyway;
use super::promise::{self, Promised};

/// What the store knows to be overdue.
pub(super) enum Overdue {
    /// What is, unless a run can tell how it stands, and all that is promised.
    Known { due: Vec<Due>, promised: Vec<PromisedCheck> },
    /// Why nobody can tell.
    Unknown(String),
}

impl Overdue {
    /// What is overdue is no reason not to judge the rest; but nobody may take it for nothing.
    pub(super) fn unknown(diags: &[Diag]) -> Self {
        warn_anyway(diags);
        Self::Unknown(diags.first().map_or_else(String::new, |diag| diag.message.clone()))
    }

    /// As findings about the run, now that it is known how it judged.
    pub(super) fn findings(&self, outcomes: &[Outcome], store: &Path, now: Timestamp) -> Vec<Finding> {
        match self {
            Self::Known { due, promised } => {
                let all = untold((due, promised), outcomes, (store, now));
                all.iter().map(|due| promise::finding(due, now)).collect()
            }
            Self::Unknown(why) => vec![promise::unknown(store, why)],
        }
    }
}

/// What is overdue, or that it is not known.
pub(super) async fn known(store: &Store, plan: &Plan, promised: Promised, at: Timestamp) -> Overdue {
    let found = looked_up(store, plan, promised, at).await;
    found.unwrap_or_else(|error| Overdue::unknown(&unusable(&error).diags))
}

/// What is overdue now unless this run can tell how it stands. Notes when somebody has to look again.
async fn looked_up(
    store: &Store,
    plan: &Plan,
    promised: Promised,
    at: Timestamp,
) -> Result<Overdue, StoreError> {
    let judged: BTreeSet<(&str, &str)> =
        plan.checks.iter().map(|check| (&*check.policy.id, &*check.target.name)).collect();
    let standing = store.standing().await?;
    let all = audit::overdue(&promised.checks, &standing, &judged, at);
    // What is overdue already is looked for by every run, until it is judged.
    let next = all.first().map_or(Timestamp::MAX, |due| due.late);
    store.note_due(&promised.digest, next);
    let all = audit::overdue(&promised.checks, &standing, &BTreeSet::new(), at);
    let due = all.into_iter().filter(|due| due.is_overdue(at)).collect();
    Ok(Overdue::Known { due, promised: promised.checks })
}

/// What of it this run could not tell either, which is so since now at the latest.
fn untold(
    (due, promised): (&[Due], &[PromisedCheck]),
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
    due.iter().filter_map(late).collect()
}
