//! What changes in how policies are written: levels of lints, and rules of the house.
//!
//! None of it changes a verdict today. What nobody is told any more of the next policy is nevertheless less than before.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::policy::{HouseRule, LintSettings};
use crate::source::Loc;
use crate::verdict::{Direction, PolicyChange};

use super::{Changes, change};

/// Everything that is different under `lints:`.
pub(super) fn changes(found: &mut Changes<'_>) {
    let (old, new) = (&found.old.project.lints, &found.new.project.lints);
    levels(found, old, new);
    rules(found, old, new);
}

/// How loud a lint is where a project says so.
type Loudness = Option<u8>;

fn word(level: Loudness) -> &'static str {
    match level {
        None => "the usual level",
        Some(0) => "off",
        Some(1) => "warning",
        Some(_) => "error",
    }
}

/// Is one level lower than another? Which level is the usual one depends on the lint: only what is as loud or as quiet as
/// can be is known to be not below or not above it.
fn direction(was: Loudness, is: Loudness) -> Direction {
    match (was, is) {
        (Some(was), Some(is)) => Direction::of(is < was, is > was),
        (_, Some(0)) | (Some(2), _) => Direction::Looser,
        (_, Some(2)) | (Some(0), _) => Direction::Stricter,
        _ => Direction::NotComparable,
    }
}

fn levels(found: &mut Changes<'_>, old: &LintSettings, new: &LintSettings) {
    let of = |settings: &LintSettings| -> BTreeMap<Arc<str>, (u8, Loc)> {
        let entries = settings.levels.iter();
        entries.map(|entry| (Arc::clone(&entry.name), (entry.loudness(), entry.loc.clone()))).collect()
    };
    let (old, new) = (of(old), of(new));
    for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
        let (was, is) = (old.get(name), new.get(name));
        let (before, after) = (was.map(|one| one.0), is.map(|one| one.0));
        if before == after {
            continue;
        }
        let what = format!("the lint `{name}`: {} → {}", word(before), word(after));
        let at = is.or(was).map(|one| one.1.to_string()).unwrap_or_default();
        let said = change(direction(before, after), "lint-level", what, at);
        found.add(PolicyChange { gone: is.is_none(), ..said });
    }
}

/// What a rule asks, without its reason.
fn asks(rule: &HouseRule) -> String {
    let HouseRule { policies, kind, severity, level, require, id, owners, tiers, tags, labels, .. } = rule;
    let policies = policies.as_ref().map(|pattern| &pattern.text);
    let id = id.as_ref().map(|(written, _)| written);
    format!(
        "{policies:?} {kind:?} {severity:?} {level:?} {require:?} {id:?} {owners:?} {tiers:?} {tags:?} {labels:?}"
    )
}

fn rules(found: &mut Changes<'_>, old: &LintSettings, new: &LintSettings) {
    let named = |rules: &[HouseRule], name: &str| rules.iter().any(|rule| *rule.name == *name);
    for was in &old.rules {
        let name = &was.name;
        let Some(is) = new.rules.iter().find(|is| is.name == *name) else {
            let what = format!("the rule `{name}` of the house is gone");
            let said = change(Direction::Looser, "house-rule", what, was.loc.to_string());
            found.add(PolicyChange { gone: true, ..said });
            continue;
        };
        if asks(was) != asks(is) {
            let what = format!("the rule `{name}` of the house asks for something else");
            found.add(change(Direction::NotComparable, "house-rule", what, is.loc.to_string()));
        } else if was.why != is.why {
            let what = format!("the reason of the rule `{name}` of the house is written differently");
            found.add(change(Direction::Text, "house-rule", what, is.loc.to_string()));
        }
    }
    for is in new.rules.iter().filter(|is| !named(&old.rules, &is.name)) {
        let what = format!("the rule `{}` of the house is new", is.name);
        found.add(change(Direction::Stricter, "house-rule", what, is.loc.to_string()));
    }
}
