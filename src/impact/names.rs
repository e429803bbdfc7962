//! Which policy of the old version is which of the new one: by id, or by what it says if it has another id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::policy::Policy;

use super::Side;

/// A policy in both versions, or in one.
pub(super) enum Pair<'a> {
    /// In both.
    Both(&'a Arc<Policy>, &'a Arc<Policy>),
    /// In both, under another id.
    Renamed(&'a Arc<Policy>, &'a Arc<Policy>),
    /// In the new one only.
    Added(&'a Arc<Policy>),
    /// In the old one only.
    Removed(&'a Arc<Policy>),
}

/// Every policy once. One that cannot be loaded on the other side is neither new nor gone.
pub(super) fn pairs<'a>(old: &Side<'a>, new: &Side<'a>) -> Vec<Pair<'a>> {
    let by_id = |side: &Side<'a>| -> BTreeMap<&'a str, &'a Arc<Policy>> {
        side.policies.iter().map(|policy| (&*policy.id, policy)).collect()
    };
    let (olds, news) = (by_id(old), by_id(new));
    let mut pairs = Vec::new();
    let mut gone: Vec<&Arc<Policy>> = Vec::new();
    for (id, policy) in &olds {
        match news.get(id) {
            Some(same) => pairs.push(Pair::Both(policy, same)),
            None if !new.is_broken(id) => gone.push(policy),
            None => {}
        }
    }
    let mut taken = BTreeSet::new();
    let fresh = news.iter().filter(|(id, _)| !olds.contains_key(*id) && !old.is_broken(id));
    for (_, policy) in fresh {
        let alike = gone.iter().filter(|gone| !taken.contains(&*gone.id));
        let best = alike.map(|gone| (likeness(gone, policy), *gone)).max_by_key(|(points, _)| *points);
        match best.filter(|(points, _)| *points >= ENOUGH) {
            Some((_, gone)) => {
                taken.insert(&*gone.id);
                pairs.push(Pair::Renamed(gone, policy));
            }
            None => pairs.push(Pair::Added(policy)),
        }
    }
    pairs.extend(gone.into_iter().filter(|gone| !taken.contains(&*gone.id)).map(Pair::Removed));
    pairs
}

/// So many of five things must be the same.
const ENOUGH: usize = 3;

/// How many of title, reason, rules, observations and place are the same.
fn likeness(a: &Policy, b: &Policy) -> usize {
    let texts = |policy: &Policy| -> Vec<String> {
        super::rules::rules(policy).iter().map(|(_, rule)| rule.node.text.to_string()).collect()
    };
    let probes =
        |policy: &Policy| -> Vec<&str> { policy.observe.iter().map(|observe| observe.probe.name).collect() };
    let same_kind = probes(a) == probes(b) && a.target.types() == b.target.types();
    let points = [
        a.title == b.title,
        a.why == b.why,
        texts(a) == texts(b),
        a.runbook == b.runbook && a.remedy.len() == b.remedy.len(),
        a.loc.source.name.rsplit('/').next() == b.loc.source.name.rsplit('/').next(),
    ];
    if same_kind { points.into_iter().filter(|same| *same).count() } else { 0 }
}
