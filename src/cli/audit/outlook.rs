//! What ends soon: certificates, waivers, what people stated.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::audit::{Ahead, Attested};
use crate::fact::{catalogue, micros_of, timestamp};
use crate::policy::Project;
use crate::store::{Store, StoreError};

/// How far ahead is looked.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 30);

/// What was seen longer ago is not believed.
const FRESH: SignedDuration = SignedDuration::from_hours(24 * 14);

const DAY: i64 = 86_400_000_000;

/// Facts that tell when a certificate ends: those sent with it may end earlier than its own.
const ENDS: [&str; 2] = ["chain_not_after", "not_after"];

/// Certificates, as they were seen last: target, subject and end.
pub(super) type Seen = Vec<(Arc<str>, Arc<str>, i64)>;

/// Reads when certificates end that were looked at lately.
pub(super) async fn certificates(store: &Store, now: Timestamp) -> Result<Seen, StoreError> {
    let mut seen = Vec::new();
    let from = now.checked_sub(FRESH).unwrap_or(Timestamp::MIN);
    for key in store.questions().await? {
        let Some(probe) = catalogue::find(&key.probe) else { continue };
        let has = |fact: &&str| probe.facts.iter().any(|known| known.name == *fact);
        let facts: Vec<Arc<str>> = ENDS.iter().copied().filter(has).map(Arc::from).collect();
        if facts.is_empty() {
            continue;
        }
        let watched = store.watch(&key, &facts, from, now).await?;
        for (subject, facts) in watched.subjects {
            let ends = facts.iter().filter_map(|fact| fact.track.values.last()?.as_int()).min();
            seen.extend(ends.map(|ends| (Arc::clone(&key.target), subject, ends)));
        }
    }
    Ok(seen)
}

/// Everything that ends within a month, or has ended, the next first.
pub(super) fn ahead(
    project: &Project,
    attested: &[Attested],
    certificates: Seen,
    now: Timestamp,
) -> Vec<Ahead> {
    let (now, limit) = (micros_of(now), micros_of(now.checked_add(AHEAD).unwrap_or(Timestamp::MAX)));
    let mut all: Vec<(i64, Ahead)> = Vec::new();
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
    for (target, subject, ends) in certificates {
        let name = if target == subject { subject.to_string() } else { format!("{subject} at {target}") };
        add("certificate", name, Arc::from(""), ends);
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
