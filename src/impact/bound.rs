//! A policy at one target, as both versions of the project set it: parameters, severity, tier, who is told.

use std::sync::Arc;

use crate::fact::Value;
use crate::plan::{Check, Settings, applies, environments};
use crate::policy::{Expect, Override, Policy};
use crate::verdict::{Direction, PolicyChange};

use super::lower::Version;
use super::places::Keys;
use super::ruled::compare;
use super::{Changes, Side, change, question, same_text, subjects};

/// Everything that is different at a target where both versions have the policy. Was anything judged there?
pub(super) fn changes(found: &mut Changes<'_>, old: &Check, new: &Check) -> bool {
    found.compared += 1;
    if same_text(&old.policy, &new.policy) && old.policy.id == new.policy.id && alike(old, new) {
        found.unchanged += 1;
        return true;
    }
    let before = found.list.len();
    match (skipped(&found.old, old), skipped(&found.new, new)) {
        (None, Some(why)) => {
            let at = Keys::of(&new.policy).at(&["when"]);
            let what = format!("it is not judged any more: {why}");
            found.add_at(new, change(Direction::Looser, "when", what, at));
            return true;
        }
        (Some(why), None) => {
            let at = Keys::of(&new.policy).at(&["when"]);
            let what = format!("it is judged now; before, {why}");
            found.add_at(new, change(Direction::Stricter, "when", what, at));
            return true;
        }
        (Some(_), Some(_)) => return false,
        (None, None) => {}
    }
    tier(found, old, new);
    questions(found, old, new);
    expect(found, old, new);
    owner(found, old, new);
    compare(found, (old, &old.settings), (new, &new.settings), None);
    subjects::changes(found, old, new);
    let matters = |change: &PolicyChange| !matches!(change.direction, Direction::Same | Direction::Text);
    found.unchanged += u64::from(!found.list.iter().skip(before).any(matters));
    true
}

/// Why it is not judged at a target that is there; of one that was made up, `when` is a rule as any other.
pub(super) fn skipped<'c>(side: &Side<'_>, check: &'c Check) -> Option<&'c String> {
    check.skip.as_ref().filter(|_| side.has_targets)
}

fn alike(old: &Check, new: &Check) -> bool {
    let settings = |check: &Check| {
        let of = |s: &Settings| {
            let values: Vec<Value> = s.values();
            (values, s.severity, s.owner.clone(), s.tier, s.urgency, s.runbook.clone())
        };
        let subjects: Vec<_> = check
            .subjects
            .iter()
            .map(|entry| (Arc::clone(&entry.pattern.text), of(&entry.settings)))
            .collect();
        (of(&check.settings), subjects, Arc::clone(&check.owner), check.routes.clone())
    };
    old.target == new.target && old.skip == new.skip && settings(old) == settings(new)
}

/// A target at which only the new version judges the policy.
pub(super) fn appeared(found: &mut Changes<'_>, new: &Check, known: bool) {
    if !known && found.new.has_targets {
        // The target is new, which is told once.
        return;
    }
    let at = new.policy.target.loc.to_string();
    let what = format!("it is judged at `{}` now", new.target.name);
    found.add_at(new, change(Direction::Stricter, "target", what, at));
}

/// A target at which only the old version judges the policy.
pub(super) fn vanished(found: &mut Changes<'_>, old: &Check, is: &Policy) {
    let what = if found.old.has_targets {
        format!("it is not judged at `{}` any more", old.target.name)
    } else {
        "it is not judged at the targets of before any more".to_owned()
    };
    let mut said = change(Direction::Looser, "target", what, is.target.loc.to_string());
    said.policy = Some(Arc::clone(&is.id));
    if found.old.has_targets {
        said.targets = vec![Arc::clone(&old.target.name)];
        said.environments = environments(found.old.project, &old.target);
    }
    found.add(said);
}

/// The override that sets something which is no parameter.
fn extra<'a>(side: &Side<'a>, check: &Check, name: &str) -> Option<(&'a Override, String)> {
    let within = environments(side.project, &check.target);
    let fits =
        |entry: &&Override| entry.subject.is_none() && applies(entry, &check.policy, &check.target, &within);
    let entry = side
        .project
        .overrides
        .iter()
        .filter(fits)
        .filter(|entry| entry.set.iter().any(|(set, _)| **set == *name));
    let entry = entry.max_by_key(|entry| entry.layer())?;
    let (_, node) = entry.set.iter().find(|(set, _)| **set == *name)?;
    Some((entry, node.loc.to_string()))
}

/// Where something that overrides may set stands.
pub(super) fn set_at(found: &Changes<'_>, new: &Check, name: &str, path: &[&str]) -> String {
    match extra(&found.new, new, name) {
        Some((_, at)) => at,
        None => Keys::of(&new.policy).at(path),
    }
}

fn tier(found: &mut Changes<'_>, old: &Check, new: &Check) {
    let of = |check: &Check| check.settings.tier.unwrap_or(check.policy.tier);
    let (was, is) = (of(old), of(new));
    if was == is {
        return;
    }
    let (direction, how) =
        if is > was { (Direction::Looser, "seldom") } else { (Direction::Stricter, "often") };
    let what = format!("tier {} → {}: it is judged more {how}", was.word(), is.word());
    let at = set_at(found, new, "tier", &["tier"]);
    found.add_at(new, change(direction, "tier", what, at));
}

fn owner(found: &mut Changes<'_>, old: &Check, new: &Check) {
    if old.owner != new.owner {
        let what = format!("owner {} → {}", old.owner, new.owner);
        let at = set_at(found, new, "owner", &["owner"]);
        found.add_at(new, change(Direction::Text, "owner", what, at));
    }
}

fn questions(found: &mut Changes<'_>, old: &Check, new: &Check) {
    let (old_values, new_values) = (old.settings.values(), new.settings.values());
    let was = question::questions(version(&found.old, old, &old_values));
    let is = question::questions(version(&found.new, new, &new_values));
    let each = |policy: &Policy| policy.row_view().map(|view| view.rows.name.to_string()).unwrap_or_default();
    let (before, after) = (each(&old.policy), each(&new.policy));
    if was == is && before == after {
        return;
    }
    let keys = Keys::of(&new.policy);
    for name in was.keys().chain(is.keys().filter(|name| !was.contains_key(*name))) {
        let (what, path) = match (was.get(name), is.get(name)) {
            (Some(was), Some(is)) if was == is => continue,
            (Some(_), Some(_)) => {
                ("it is asked or computed in another way, so that its facts may be others", name.as_str())
            }
            (None, _) => ("it is new", name.as_str()),
            (_, None) => ("it is gone", name.as_str()),
        };
        let shown = path.strip_prefix("observe.").or(path.strip_prefix("also.")).unwrap_or(path);
        let root = if path.starts_with("observe.") {
            "observe"
        } else if path.starts_with("also.") {
            "also"
        } else {
            relation(&keys, path)
        };
        let at = keys.at(&[root, shown]);
        found.add_at(new, change(Direction::NotComparable, "observe", format!("`{shown}`: {what}"), at));
    }
    if before != after {
        let what = format!("the subjects are those of `{after}` and were those of `{before}`");
        found.add_at(new, change(Direction::NotComparable, "each", what, keys.at(&["each"])));
    }
}

fn relation(keys: &Keys, name: &str) -> &'static str {
    if keys.node(&["join", name]).is_some() {
        "join"
    } else if keys.node(&["group", name]).is_some() {
        "group"
    } else {
        "observe"
    }
}

/// Names that are expected at a target.
fn expected(check: &Check) -> Option<Vec<Arc<str>>> {
    match &check.policy.expect {
        Expect::List(names) => Some(names.clone()),
        Expect::Param(index) => match check.settings.params.get(*index).map(|setting| &setting.value) {
            Some(Value::List(items)) => {
                Some(items.iter().filter_map(|item| item.as_ref().ok()?.as_text().map(Arc::from)).collect())
            }
            _ => Some(Vec::new()),
        },
        _ => None,
    }
}

/// The view whose rows are expected.
fn keys(check: &Check) -> Option<&str> {
    let Expect::Keys(view) = &check.policy.expect else { return None };
    check.policy.views.get(*view).map(|view| &*view.rows.name)
}

/// From what says nothing of its subjects to what wants them by name.
fn demand(expect: &Expect) -> usize {
    match expect {
        Expect::Any => 0,
        Expect::Default => 1,
        Expect::Some => 2,
        Expect::List(_) | Expect::Param(_) | Expect::Keys(_) => 3,
    }
}

fn expect(found: &mut Changes<'_>, old: &Check, new: &Check) {
    let (was, is) = (&old.policy.expect, &new.policy.expect);
    let at = || match is {
        Expect::Param(index) => {
            new.settings.params.get(*index).map(|setting| setting.at.clone()).unwrap_or_default()
        }
        _ => Keys::of(&new.policy).at(&["expect"]),
    };
    let said = match (expected(old), expected(new)) {
        _ if keys(old) != keys(new) && keys(old).is_some() && keys(new).is_some() => {
            let name = |check| keys(check).unwrap_or_default();
            let what = format!("the rows of `{}` are expected, and were those of `{}`", name(new), name(old));
            (Direction::NotComparable, what)
        }
        (Some(before), Some(after)) => {
            let only = |a: &[Arc<str>], b: &[Arc<str>]| -> Vec<String> {
                a.iter().filter(|name| !b.contains(name)).map(|name| format!("`{name}`")).collect()
            };
            let (gone, fresh) = (only(&before, &after), only(&after, &before));
            let mut parts = Vec::new();
            if !gone.is_empty() {
                parts.push(format!("{} need not be there any more", gone.join(", ")));
            }
            if !fresh.is_empty() {
                parts.push(format!("{} must be there now", fresh.join(", ")));
            }
            (Direction::of(!gone.is_empty(), !fresh.is_empty()), parts.join("; "))
        }
        _ if std::mem::discriminant(was) == std::mem::discriminant(is) => return,
        _ if demand(was) == demand(is) => {
            (Direction::NotComparable, "what is expected is named in another way".to_owned())
        }
        _ if demand(is) < demand(was) => {
            (Direction::Looser, "less is expected of the subjects: fewer answers are a finding".to_owned())
        }
        _ => (Direction::Stricter, "more is expected of the subjects".to_owned()),
    };
    if said.0 != Direction::Same {
        found.add_at(new, change(said.0, "expect", said.1, at()));
    }
}

pub(super) fn version<'a>(side: &Side<'_>, check: &'a Check, params: &'a [Value]) -> Version<'a> {
    Version { policy: &check.policy, params, target: &check.target, made_up: !side.has_targets }
}
