//! What ends soon: certificates, passwords, keys, waivers, what people stated; what crosses its limit; how old backups are.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::audit::{Ahead, Attested};
use crate::fact::{Key, Type, Value, catalogue, micros_of, show, timestamp};
use crate::plan::{Asked, Plan};
use crate::policy::Project;
use crate::store::{Store, StoreError, WatchedFact};

/// How far ahead is looked.
pub(super) const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 30);

/// What was seen longer ago is not believed.
const FRESH: SignedDuration = SignedDuration::from_hours(24 * 14);

const DAY: i64 = 86_400_000_000;

/// What was seen last of facts that are times: what it is, of whom, whose it is, and the earliest time; none if the source
/// had none.
pub(super) struct Seen {
    kind: &'static str,
    target: Arc<str>,
    subject: Arc<str>,
    owner: Arc<str>,
    at: Option<i64>,
}

/// Reads when things end that were looked at lately.
pub(super) async fn ending(store: &Store, plan: &Plan, now: Timestamp) -> Result<Vec<Seen>, StoreError> {
    let mut seen = Vec::new();
    for key in store.questions().await? {
        for ends in catalogue::ends(&key.probe) {
            let facts: Vec<Arc<str>> = ends.facts.iter().copied().map(Arc::from).collect();
            seen.extend(lately(store, (&key, &owner(plan, &key), ends.kind), &facts, now).await?);
        }
    }
    Ok(seen)
}

/// Reads when the newest of each set of backups was made: what policies with the tag `backup` look at.
pub(super) async fn backups(store: &Store, plan: &Plan, now: Timestamp) -> Result<Vec<Seen>, StoreError> {
    let (mut seen, mut known) = (Vec::new(), BTreeSet::new());
    let about = plan.checks.iter().filter(|check| check.policy.tags.iter().any(|tag| **tag == *"backup"));
    for position in about.flat_map(|check| &check.requests).flat_map(positions) {
        let Some(request) = plan.requests.get(*position) else { continue };
        if &*request.key.probe == "file.set" && known.insert(&request.key) {
            let (key, facts) = (&request.key, [Arc::from("newest")]);
            seen.extend(lately(store, (key, &owner(plan, key), "backup"), &facts, now).await?);
        }
    }
    Ok(seen)
}

/// The earliest of some times of each subject, as they were seen last and not too long ago.
async fn lately(
    store: &Store,
    (key, owner, kind): (&Key, &Arc<str>, &'static str),
    facts: &[Arc<str>],
    now: Timestamp,
) -> Result<Vec<Seen>, StoreError> {
    let from = now.checked_sub(FRESH).unwrap_or(Timestamp::MIN);
    let watched = store.watch(key, facts, from, now).await?;
    let one = |(subject, facts): (Arc<str>, Vec<WatchedFact>)| {
        let mut last = facts.iter().filter_map(|fact| fact.track.values.last()).peekable();
        last.peek()?;
        let at = last.filter_map(Value::as_int).min();
        Some(Seen { kind, target: Arc::clone(&key.target), subject, owner: Arc::clone(owner), at })
    };
    Ok(watched.subjects.into_iter().filter_map(one).collect())
}

fn positions(asked: &Asked) -> &[usize] {
    match asked {
        Asked::One(position) => std::slice::from_ref(position),
        Asked::Many(positions) => positions,
        Asked::Nobody(_) => &[],
    }
}

/// Who answers for what is asked there; empty if no check asks it any more.
fn owner(plan: &Plan, key: &Key) -> Arc<str> {
    let asks = |position: &usize| plan.requests.get(*position).is_some_and(|request| request.key == *key);
    let check = plan.checks.iter().find(|check| check.requests.iter().flat_map(positions).any(asks));
    check.map_or_else(|| Arc::from(""), |check| Arc::clone(&check.owner))
}

impl Seen {
    fn name(&self) -> String {
        let (subject, target) = (&self.subject, &self.target);
        if target == subject { subject.to_string() } else { format!("{subject} at {target}") }
    }
}

/// What the store knows of what lies ahead.
#[derive(Default)]
pub(super) struct Ends {
    pub(super) ending: Vec<Seen>,
    pub(super) backups: Vec<Seen>,
    /// What crosses a limit, with when it likely does.
    pub(super) limits: Vec<(i64, Ahead)>,
}

/// How old the newest backup is.
fn aged(backup: &Seen, now: i64) -> (i64, Ahead) {
    let what = match backup.at.map(|at| now - at) {
        None => "there is none".to_owned(),
        Some(..0) => "the newest is dated in the future".to_owned(),
        Some(age) => format!("the newest is {} old", show(&Value::Int(age), &Type::DURATION)),
    };
    let at = backup.at.and_then(timestamp).map_or_else(String::new, |at| at.to_string());
    let (name, owner) = (backup.name(), Arc::clone(&backup.owner));
    // Where there is none, that comes first.
    let order = backup.at.unwrap_or(i64::MIN);
    (order, Ahead { kind: Arc::from("backup"), name, owner, from: at.clone(), to: at, what })
}

/// Everything that ends within a month, or has ended, the next first.
pub(super) fn ahead(project: &Project, attested: &[Attested], seen: Ends, now: Timestamp) -> Vec<Ahead> {
    let (now, limit) = (micros_of(now), micros_of(now.checked_add(AHEAD).unwrap_or(Timestamp::MAX)));
    let mut all: Vec<(i64, Ahead)> = seen.limits;
    all.extend(seen.backups.into_iter().map(|backup| aged(&backup, now)));
    let left = |ends: i64| {
        let days = (ends - now).div_euclid(DAY);
        match days {
            ..0 => "it has ended".to_owned(),
            0 => "it ends today".to_owned(),
            1 => "1 day is left".to_owned(),
            days => format!("{days} days are left"),
        }
    };
    let mut add = |kind: &str, name: String, owner: Arc<str>, ends: i64| {
        if ends <= limit {
            let at = timestamp(ends).map_or_else(String::new, |at| at.to_string());
            let what = left(ends);
            all.push((ends, Ahead { kind: Arc::from(kind), name, owner, from: at.clone(), to: at, what }));
        }
    };
    for seen in seen.ending {
        if let Some(ends) = seen.at {
            add(seen.kind, seen.name(), Arc::clone(&seen.owner), ends);
        }
    }
    if let Some(((reference, _), (day, _))) =
        project.audit.key.as_ref().zip(project.audit.valid_until.as_ref())
    {
        let owner = project.owner.clone().unwrap_or_else(|| Arc::from(""));
        add("key", format!("signing key of evidence, from {reference}"), owner, (day + 1) * DAY);
    }
    for waiver in &project.waivers {
        let name = format!("{} ({})", waiver.policy.text, waiver.ticket);
        add("waiver", name, Arc::clone(&waiver.owner), (waiver.expires + 1) * DAY);
    }
    for one in attested {
        let ends = crate::fact::parse_date(&one.valid_until).map(|day| (day + 1) * DAY);
        if let Some(ends) = ends {
            add("attestation", one.topic.to_string(), Arc::clone(&one.by), ends);
        }
    }
    all.sort_by_key(|(ends, _)| *ends);
    all.into_iter().map(|(_, ahead)| ahead).collect()
}
