//! What a promise allows: waivers, loosened parameters, lints that a comment silences, probes that leave something behind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::audit::{Allowed, ExceptionKind, Promise};
use crate::fact::{Type, Value, show};
use crate::lint;
use crate::policy::Waiver;
use crate::source::Source;

/// All of a promise.
pub(in crate::cli) fn of(promise: &Promise, texts: &BTreeMap<Arc<str>, Arc<str>>) -> Vec<Allowed> {
    let mut all = BTreeSet::new();
    for check in &promise.checks {
        for what in &check.looser {
            all.insert(Allowed {
                kind: ExceptionKind::Override,
                policy: Arc::clone(&check.policy),
                scope: check.target.to_string(),
                what: what.clone(),
                owner: Arc::clone(&check.owner),
                reason: check.reasons.get(what).map(ToString::to_string).unwrap_or_default(),
                ticket: String::new(),
                expires: String::new(),
            });
        }
        for probe in &check.scratch {
            all.insert(Allowed {
                kind: ExceptionKind::Scratch,
                policy: Arc::clone(&check.policy),
                scope: check.target.to_string(),
                what: format!("{probe} leaves something behind for a moment"),
                owner: Arc::clone(&check.owner),
                reason: String::new(),
                ticket: String::new(),
                expires: String::new(),
            });
        }
    }
    let owners: BTreeMap<&str, &Arc<str>> =
        promise.checks.iter().map(|check| (&*check.policy, &check.owner)).collect();
    for (policy, digest) in &promise.policies {
        let Some(text) = texts.get(digest) else { continue };
        let comments = lint::Comments::of(&Source::new(&**policy, &**text)).unwrap_or_default();
        for allow in comments.allows {
            all.insert(Allowed {
                kind: ExceptionKind::Suppression,
                policy: Arc::clone(policy),
                scope: String::new(),
                what: format!("the lint `{}`", allow.word),
                owner: owners.get(&**policy).map_or_else(|| Arc::from(""), |owner| Arc::clone(owner)),
                reason: allow.reason.as_deref().unwrap_or_default().to_owned(),
                ticket: String::new(),
                expires: String::new(),
            });
        }
    }
    all.extend(promise.waivers.iter().cloned());
    all.into_iter().collect()
}

/// A waiver of the project file.
pub(in crate::cli) fn waiver(waiver: &Waiver) -> Allowed {
    let named = [("target", &waiver.target), ("subject", &waiver.subject)];
    let scope: Vec<String> = named
        .iter()
        .filter_map(|(what, pattern)| pattern.as_ref().map(|pattern| format!("{what} {}", pattern.text)))
        .collect();
    let covers: Vec<&str> = waiver.covers.iter().map(|verdict| verdict.word()).collect();
    let up_to = waiver.up_to.as_ref().map(|node| format!(" up to {}", node.loc.text().trim()));
    Allowed {
        kind: ExceptionKind::Waiver,
        policy: Arc::clone(&waiver.policy.text),
        scope: scope.join(", "),
        what: format!("covers {}{}", covers.join(" and "), up_to.unwrap_or_default()),
        owner: Arc::clone(&waiver.owner),
        reason: waiver.reason.clone(),
        ticket: waiver.ticket.clone(),
        expires: show(&Value::Int(waiver.expires), &Type::Date),
    }
}
