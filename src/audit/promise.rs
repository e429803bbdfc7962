//! What a project promises: which checks are judged how often. Every run says what was promised when it began, so that an
//! audit knows what should have been judged, and not only what was.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::exception::Allowed;
use crate::fact::micros_of;
use crate::store::Standing;
use crate::verdict::Severity;

/// All that a project promised when a run began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    /// The environment; none is all targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Arc<str>>,
    /// The texts that judge: name, role and digest of each, the project file first; empty if they could not be gathered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<PromisedPiece>,
    /// Why they could not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unkept: Option<String>,
    /// The waivers of the project file, as it was read then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Allowed>,
    /// Policies that are judged, with the digests of their texts.
    pub policies: BTreeMap<Arc<str>, Arc<str>>,
    /// The checks.
    pub checks: Vec<PromisedCheck>,
    /// All texts by their digests; empty where they stand elsewhere.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<Arc<str>, Arc<str>>,
}

/// A text that judges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromisedPiece {
    /// Its file, as seen from the folder of the project.
    pub name: String,
    /// What it is for, as evidence says it.
    pub role: serde_json::Value,
    /// Digest of its text.
    pub digest: Arc<str>,
}

/// One check of a promise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromisedCheck {
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// Its tier.
    pub tier: Arc<str>,
    /// How often it is judged, in microseconds; none if not by the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<i64>,
    /// How late it may be, in microseconds.
    #[serde(default)]
    pub grace: i64,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// How bad at worst.
    pub severity: Severity,
    /// Parameters that are looser than the policy's default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looser: Vec<String>,
    /// Why, as far as somebody wrote it down.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, Arc<str>>,
    /// Probes that leave something behind for a moment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scratch: Vec<Arc<str>>,
    /// Why it is not judged at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<String>,
}

/// A check and when it is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// Its tier.
    pub tier: Arc<str>,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// When it was judged last, by a run that could tell.
    pub judged: Option<Timestamp>,
    /// Since when no run could tell.
    pub unknown: Option<Timestamp>,
    /// Since when it is promised, if that is known.
    pub promised: Option<Timestamp>,
    /// When it is to be judged again.
    pub due: Timestamp,
    /// When it is overdue: the grace is over.
    pub late: Timestamp,
    /// How often it is promised.
    pub every: SignedDuration,
}

impl Due {
    /// Is its grace over?
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.late <= now
    }
}

/// When each check of a promise is due. A judgement that ended unknown is none. Those in `judged` (policy, target) are
/// judged right now, and are taken to be told, unless the judgement before was not: nobody knows yet how this one ends. One of
/// which the store knows nothing is promised since now: a store that was reset, and a policy that is new, make nothing overdue.
pub fn overdue(
    checks: &[PromisedCheck],
    standing: &[Standing],
    judged: &BTreeSet<(&str, &str)>,
    now: Timestamp,
) -> Vec<Due> {
    let known: HashMap<(&str, &str), &Standing> =
        standing.iter().map(|one| ((&*one.policy, &*one.target), one)).collect();
    let mut all = Vec::new();
    for check in checks.iter().filter(|check| check.skip.is_none()) {
        let Some(every) = check.every else { continue };
        let known = known.get(&(&*check.policy, &*check.target));
        let is_judged = judged.contains(&(&*check.policy, &*check.target));
        let unknown = known.and_then(|known| known.unknown);
        let is_told = is_judged && unknown.is_none();
        let last = if is_told { Some(now) } else { known.and_then(|known| known.judged) };
        let promised = known.and_then(|known| known.promised);
        // A clock that was ahead once must not put off for ever what is due.
        let since = last.max(promised).unwrap_or(now).min(now);
        let after =
            |micros: i64| since.checked_add(SignedDuration::from_micros(micros)).unwrap_or(Timestamp::MAX);
        all.push(Due {
            policy: Arc::clone(&check.policy),
            target: Arc::clone(&check.target),
            tier: Arc::clone(&check.tier),
            owner: Arc::clone(&check.owner),
            judged: last,
            unknown,
            promised,
            due: after(every),
            late: after(every.saturating_add(check.grace)),
            every: SignedDuration::from_micros(every),
        });
    }
    all.sort_by_key(|due| micros_of(due.late));
    all
}

/// Checks and times of tests.
#[cfg(test)]
pub(super) mod testing {
    use super::*;

    pub(in super::super) fn hours(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    pub(in super::super) fn check(policy: &str, hours: Option<i64>) -> PromisedCheck {
        let every = hours.map(|hours| hours * 3_600_000_000);
        PromisedCheck {
            policy: policy.into(),
            target: "db".into(),
            tier: "daily".into(),
            every,
            grace: every.unwrap_or(0) / 10,
            owner: "team".into(),
            severity: Severity::High,
            looser: Vec::new(),
            reasons: BTreeMap::new(),
            scratch: Vec::new(),
            skip: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{check, hours as at};
    use super::*;

    fn standing(policy: &str, judged: Option<i64>, promised: Option<i64>) -> Standing {
        let (judged, promised) = (judged.map(at), promised.map(at));
        Standing { policy: policy.into(), target: "db".into(), judged, unknown: None, promised }
    }

    fn unknown(policy: &str, judged: Option<i64>, unknown: i64) -> Standing {
        Standing { unknown: Some(at(unknown)), ..standing(policy, judged, Some(0)) }
    }

    fn late(checks: &[PromisedCheck], standing: &[Standing], now: i64) -> Vec<String> {
        let all = overdue(checks, standing, &BTreeSet::new(), at(now));
        all.iter().filter(|due| due.is_overdue(at(now))).map(|due| due.policy.to_string()).collect()
    }

    #[test]
    fn what_was_judged_too_long_ago_is_overdue_after_its_grace() {
        let (checks, known) = ([check("a", Some(24))], [standing("a", Some(0), Some(0))]);
        assert!(late(&checks, &known, 26).is_empty(), "its grace lasts");
        assert_eq!(late(&checks, &known, 27), ["a"]);
    }

    #[test]
    fn what_was_promised_and_never_judged_is_overdue_and_what_is_new_is_not() {
        let checks = [check("a", Some(24)), check("new", Some(24)), check("release", None)];
        let known = [standing("a", None, Some(0)), standing("new", None, Some(20))];
        assert_eq!(late(&checks, &known, 27), ["a"]);
        assert!(late(&checks, &[], 1_000).is_empty(), "a store that was reset knows nothing");
    }

    #[test]
    fn what_ended_unknown_was_not_judged_and_is_overdue_when_its_grace_is_over() {
        let checks = [check("a", Some(24))];
        let known = [unknown("a", Some(0), 3)];
        assert!(late(&checks, &known, 26).is_empty(), "its grace lasts");
        assert_eq!(late(&checks, &known, 27), ["a"], "whatever was tried since");
        let first = [unknown("a", None, 0)];
        assert!(late(&checks, &first, 1).is_empty(), "it is promised since then");
        assert_eq!(late(&checks, &first, 27), ["a"]);
    }

    #[test]
    fn a_run_that_lasts_makes_up_only_for_what_could_be_told_before() {
        let checks = [check("a", Some(24))];
        let now = BTreeSet::from([("a", "db")]);
        let due = |known| overdue(&checks, &[known], &now, at(100))[0].clone();
        assert!(!due(standing("a", Some(0), Some(0))).is_overdue(at(100)));
        let tried = due(unknown("a", Some(0), 3));
        assert!(tried.is_overdue(at(100)));
        assert_eq!((tried.judged, tried.unknown), (Some(at(0)), Some(at(3))));
    }

    #[test]
    fn a_judgement_in_the_future_puts_nothing_off() {
        let (checks, known) = ([check("a", Some(24))], [standing("a", Some(10_000), Some(0))]);
        assert_eq!(overdue(&checks, &known, &BTreeSet::new(), at(100))[0].due, at(124));
    }
}
