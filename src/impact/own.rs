//! What changes in a policy whatever target it is judged at.

use std::sync::Arc;

use crate::fact::{Value, show};
use crate::policy::{Alert, Observe, Param, Policy, Selector};
use crate::rule::node::Cmp;
use crate::rule::ops;
use crate::verdict::{Direction, PolicyChange};

use super::places::Keys;
use super::{Changes, change, text};

/// Keys on which no verdict depends.
const TEXTS: &[&str] = &["title", "why", "message", "remedy", "tags", "controls", "prevents"];

/// Everything but what is compared at targets, and texts.
pub(super) fn changes(found: &mut Changes<'_>, was: &Policy, is: &Policy) {
    let mut own = Own { keys: Keys::of(is), is, list: Vec::new() };
    own.selector(&was.target, &is.target);
    own.observations(was, is);
    own.alert(was.alert.as_deref(), is.alert.as_deref());
    own.script(was, is);
    own.bounds(was, is);
    own.list.into_iter().for_each(|change| found.add(change));
}

/// Another `when` that leaves out the same targets today, and may leave out others tomorrow. Where it does today, that was
/// told of the target already, behind so many changes.
pub(super) fn when(found: &mut Changes<'_>, was: &Policy, is: &Policy, before: usize) {
    let text = |policy: &Policy| policy.when.as_ref().map(|rule| Arc::clone(&rule.node.text));
    let (old, new) = (text(was), text(is));
    let told = found.list.iter().skip(before).any(|change| change.kind == "when");
    // Of targets that are made up, it is compared as a rule.
    if old == new || told || !(found.old.has_targets && found.new.has_targets) {
        return;
    }
    let (direction, what) = match (&old, &new) {
        (Some(old), Some(new)) => (Direction::NotComparable, format!("`when` {old} → {new}")),
        (Some(old), None) => (Direction::Stricter, format!("`when: {old}` is gone")),
        (_, new) => (Direction::Looser, format!("`when: {}` is new", new.as_deref().unwrap_or(""))),
    };
    let what = format!("{what}: the targets of today are judged as before, and others may not be");
    let at = Keys::of(is).at(&["when"]);
    found.add(PolicyChange { policy: Some(Arc::clone(&is.id)), ..change(direction, "when", what, at) });
}

/// Rules that were changed, and that neither version judges at a target of both.
pub(super) fn nowhere(found: &mut Changes<'_>, was: &Policy, is: &Policy) {
    let (old, new) = (Keys::of(was), Keys::of(is));
    let mut keys = old.names().chain(new.names()).filter(|key| *key != "policy" && !TEXTS.contains(key));
    let script = |policy: &Policy| policy.script.as_ref().map(|script| Arc::clone(&script.text));
    let changed = keys.find(|key| old.text(key) != new.text(key));
    let changed = changed.or((script(was) != script(is)).then_some("script"));
    if let Some(key) = changed {
        let what = "it is judged nowhere, at no target of both versions, so that its rules were not compared";
        let said = change(Direction::NotComparable, "nowhere", what.to_owned(), new.at(&[key]));
        found.add(PolicyChange { policy: Some(Arc::clone(&is.id)), ..said });
    }
}

/// Texts that were changed; if nothing else was found, that the rest is layout.
pub(super) fn texts(found: &mut Changes<'_>, was: &Policy, is: &Policy, nothing_else: bool) {
    let (old, new) = (Keys::of(was), Keys::of(is));
    let changed: Vec<&str> = TEXTS.iter().copied().filter(|key| old.text(key) != new.text(key)).collect();
    let said = |what: String, at: String| PolicyChange {
        policy: Some(Arc::clone(&is.id)),
        ..change(Direction::Text, "text", what, at)
    };
    if let Some(first) = changed.first() {
        let names = changed.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let what = format!("{names} {} written differently", if changed.len() == 1 { "is" } else { "are" });
        found.add(said(what, new.at(&[first])));
    } else if nothing_else && was.id == is.id {
        found.add(said("only comments, messages or layout were changed".to_owned(), is.loc.to_string()));
    }
}

struct Own<'a> {
    keys: Keys,
    is: &'a Policy,
    list: Vec<PolicyChange>,
}

impl Own<'_> {
    fn add(&mut self, direction: Direction, kind: &'static str, what: String, path: &[&str]) {
        let at = self.keys.at(path);
        let policy = Some(Arc::clone(&self.is.id));
        self.list.push(PolicyChange { policy, ..change(direction, kind, what, at) });
    }

    /// A number that is looser if it is higher; without one nothing is asked.
    fn limit(
        &mut self,
        (was, is): (Option<i64>, Option<i64>),
        kind: &'static str,
        what: &str,
        path: &[&str],
    ) {
        let shown = |limit: Option<i64>| limit.map_or_else(|| "none".to_owned(), text::duration);
        let direction = match (was, is) {
            (was, is) if was == is => return,
            (Some(was), Some(is)) => Direction::of(is > was, is < was),
            (Some(_), None) => Direction::Looser,
            _ => Direction::Stricter,
        };
        self.add(direction, kind, format!("{what} {} → {}", shown(was), shown(is)), path);
    }

    fn selector(&mut self, was: &Selector, is: &Selector) {
        let name = |selector: &Selector| selector.name.as_ref().map(|glob| glob.glob().to_string());
        if was.kind == is.kind && name(was) == name(is) && was.labels == is.labels {
            return;
        }
        let within = |narrow: &Selector, wide: &Selector| {
            narrow.kind == wide.kind
                && (name(wide).is_none() || name(wide) == name(narrow))
                && wide.labels.iter().all(|(key, value)| narrow.labels.get(key) == Some(value))
        };
        let direction = match (within(is, was), within(was, is)) {
            (true, _) => Direction::Looser,
            (_, true) => Direction::Stricter,
            _ => Direction::NotComparable,
        };
        let how = match direction {
            Direction::Looser => "fewer targets may be judged",
            Direction::Stricter => "more targets may be judged",
            _ => "other targets are judged",
        };
        let what = format!("target {} → {}: {how}", text::selector(was), text::selector(is));
        self.add(direction, "selector", what, &["target"]);
    }

    fn observations(&mut self, was: &Policy, is: &Policy) {
        for new in &is.observe {
            let Some(old) = was.observe.iter().find(|old| old.name == new.name) else { continue };
            self.observation(old, new);
        }
    }

    fn observation(&mut self, old: &Observe, new: &Observe) {
        let path = |key| ["observe", &*new.name, key];
        self.limit(
            (old.max_age, new.max_age),
            "max-age",
            &format!("`{}`: facts may be as old as", new.name),
            &path("max_age"),
        );
        self.private(old, new);
        if old.exact != new.exact {
            let (direction, how) = if old.exact {
                (Direction::Looser, "estimates are taken, too")
            } else {
                (Direction::Stricter, "estimates are refused")
            };
            self.add(direction, "accept", format!("`{}`: {how}", new.name), &path("accept"));
        }
    }

    /// What is masked in recordings; no verdict depends on it, and what somebody may read does.
    fn private(&mut self, old: &Observe, new: &Observe) {
        let lacks = |a: &Observe, b: &Observe| {
            let left = a.private.iter().filter(|fact| !b.private.contains(fact));
            left.map(|fact| format!("`{fact}`")).collect::<Vec<_>>().join(", ")
        };
        let (told, hidden) = (lacks(old, new), lacks(new, old));
        let path = ["observe", &*new.name, "private"];
        if !told.is_empty() {
            let what = format!("`{}`: {told} is private no more, and is told in recordings", new.name);
            self.add(Direction::NotComparable, "private", what, &path);
        }
        if !hidden.is_empty() {
            let what = format!("`{}`: {hidden} is private now, and masked in recordings", new.name);
            self.add(Direction::Text, "private", what, &path);
        }
    }

    fn alert(&mut self, was: Option<&Alert>, is: Option<&Alert>) {
        let (was, is) = match (was, is) {
            (None, None) => return,
            (Some(_), None) => {
                let what = "it is no alert any more: its failure reaches nobody at once".to_owned();
                return self.add(Direction::Looser, "alert", what, &["policy"]);
            }
            (None, Some(_)) => {
                let what = "it is an alert now: its failure reaches a person".to_owned();
                return self.add(Direction::Stricter, "alert", what, &["alert"]);
            }
            (Some(was), Some(is)) => (was, is),
        };
        // Without `for` a failure is told at once.
        let (before, after) = (was.held.unwrap_or(0), is.held.unwrap_or(0));
        if before != after {
            let what = format!(
                "`for` {} → {}: a failure is told {}",
                text::duration(before),
                text::duration(after),
                if after > before { "later" } else { "sooner" }
            );
            self.add(Direction::of(after > before, after < before), "for", what, &["alert", "for"]);
        }
        let texts =
            |alert: &Alert| alert.context.iter().map(|rule| rule.node.text.to_string()).collect::<Vec<_>>();
        let (before, after) = (texts(was), texts(is));
        if before != after {
            let what = format!("`context` [{}] → [{}]", before.join(", "), after.join(", "));
            self.add(Direction::Text, "context", what, &["alert", "context"]);
        }
    }

    fn script(&mut self, was: &Policy, is: &Policy) {
        let (direction, what) = match (&was.script, &is.script) {
            (None, None) => return,
            (Some(was), Some(is)) if was.text == is.text => return,
            (Some(_), Some(_)) => (
                Direction::NotComparable,
                "the script was changed; `--facts` shows what it means for real facts",
            ),
            (Some(_), None) => (Direction::Looser, "the script is gone"),
            (None, Some(_)) => (Direction::Stricter, "a script judges, too"),
        };
        self.add(direction, "script", what.to_owned(), &["script"]);
    }

    /// What nobody may set a parameter beyond.
    fn bounds(&mut self, was: &Policy, is: &Policy) {
        for new in &is.params {
            let Some(old) = was.params.iter().find(|old| old.name == new.name && old.ty == new.ty) else {
                continue;
            };
            self.bound(new, "at_most", (old.at_most.as_ref(), new.at_most.as_ref()), Cmp::Gt);
            self.bound(new, "at_least", (old.at_least.as_ref(), new.at_least.as_ref()), Cmp::Lt);
        }
    }

    fn bound(&mut self, param: &Param, key: &str, (was, is): (Option<&Value>, Option<&Value>), wider: Cmp) {
        let direction = match (was, is) {
            (was, is) if was == is => return,
            (Some(_), None) => Direction::Looser,
            (None, _) => Direction::Stricter,
            (Some(was), Some(is)) => match ops::compare(wider, is, was, &param.ty) {
                Ok(true) => Direction::Looser,
                Ok(false) => Direction::Stricter,
                Err(_) => Direction::NotComparable,
            },
        };
        let shown =
            |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), |value| show(value, &param.ty));
        let what = format!(
            "`params.{}`: `{key}` {} → {}, which overrides may not go beyond",
            param.name,
            shown(was),
            shown(is)
        );
        self.add(direction, "bound", what, &["params", &param.name, key]);
    }
}
