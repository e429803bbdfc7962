//! What a change of policies means, without facts: for every rule at every target whether the new version is
//! stricter, looser, the same, or not comparable; and everything else that changes when something is judged.
//!
//! Rules are compared by evaluating both at every point at which one of them may change its mind (`rules`), with the
//! same evaluator that judges. For comparisons of facts with constants that is exact: there is no fact for which the
//! versions differ and that is not of the kind of one of the points. Where a condition is more than that, it is taken as one, which can
//! show a difference that no fact has, and cannot hide one.

mod bound;
mod canon;
mod environments;
mod grid;
mod house;
mod lower;
mod names;
mod own;
mod parts;
mod places;
mod project;
mod question;
mod ruled;
mod rules;
mod settings;
mod share;
mod subjects;
#[cfg(test)]
mod tests;
mod text;
mod vars;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plan::{Check, environments};
use crate::policy::{Policy, Project};
use crate::verdict::{Direction, Impact, PolicyChange};

use names::Pair;

/// Something that keeps a version from being loaded.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The policy, if it is one policy's.
    pub policy: Option<Arc<str>>,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub at: String,
    /// What to do.
    pub help: Option<String>,
}

/// One version of the policies of a project.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// How the user calls it.
    pub name: &'a str,
    /// Policies that load.
    pub policies: &'a [Arc<Policy>],
    /// Those, bound to targets.
    pub checks: &'a [Check],
    /// The project.
    pub project: &'a Project,
    /// Are the targets those of a project, and not made up so that there are any?
    pub has_targets: bool,
    /// What cannot be loaded.
    pub faults: &'a [Fault],
}

impl Side<'_> {
    /// Is there a policy of this id that cannot be loaded?
    fn is_broken(&self, id: &str) -> bool {
        self.faults.iter().any(|fault| fault.policy.as_deref() == Some(id))
    }
}

/// What changed from one version to another.
pub fn compare(old: &Side<'_>, new: &Side<'_>) -> Impact {
    let mut found = Changes {
        old: *old,
        new: *new,
        checks: [by_policy(old), by_policy(new)],
        list: Vec::new(),
        compared: 0,
        unchanged: 0,
    };
    let pairs = names::pairs(old, new);
    let renamed: BTreeMap<&str, &str> = pairs
        .iter()
        .filter_map(|pair| match pair {
            Pair::Renamed(was, is) => Some((&*was.id, &*is.id)),
            _ => None,
        })
        .collect();
    for pair in &pairs {
        match pair {
            // What keeps it from being judged is said, and nothing else can be.
            Pair::Both(_, is) | Pair::Added(is) if new.is_broken(&is.id) => {}
            Pair::Both(was, is) => found.both(was, is),
            Pair::Renamed(was, is) => {
                found.renamed(was, is);
                found.both(was, is);
            }
            Pair::Added(is) => found.added(is),
            Pair::Removed(was) => found.removed(was),
        }
    }
    project::changes(&mut found, &renamed);
    found.faults();
    let mut list = found.list;
    list.sort_by(|a, b| (a.direction, &a.policy, &a.at).cmp(&(b.direction, &b.policy, &b.at)));
    Impact {
        old: old.name.to_owned(),
        new: new.name.to_owned(),
        changes: list,
        compared: found.compared,
        unchanged: found.unchanged,
        ..Impact::default()
    }
}

/// Policies of the old version that have another id in the new one.
pub fn renamed(old: &Side<'_>, new: &Side<'_>) -> BTreeMap<Arc<str>, Arc<str>> {
    let pairs = names::pairs(old, new).into_iter().filter_map(|pair| match pair {
        Pair::Renamed(was, is) => Some((Arc::clone(&was.id), Arc::clone(&is.id))),
        _ => None,
    });
    pairs.collect()
}

fn by_policy<'a>(side: &Side<'a>) -> BTreeMap<&'a str, Vec<&'a Check>> {
    let mut checks: BTreeMap<&str, Vec<&Check>> = BTreeMap::new();
    for check in side.checks {
        checks.entry(&check.policy.id).or_default().push(check);
    }
    checks
}

/// Say two versions of a policy the same? Its script may stand in a file of its own.
fn same_text(was: &Policy, is: &Policy) -> bool {
    let script = |policy: &Policy| policy.script.as_ref().map(|script| Arc::clone(&script.text));
    was.digest == is.digest && script(was) == script(is)
}

/// What was found so far.
struct Changes<'a> {
    old: Side<'a>,
    new: Side<'a>,
    /// Checks of the old and of the new version, by policy.
    checks: [BTreeMap<&'a str, Vec<&'a Check>>; 2],
    list: Vec<PolicyChange>,
    compared: u64,
    unchanged: u64,
}

/// A change with nothing said of it yet but the most important things.
fn change(direction: Direction, kind: &'static str, what: String, at: String) -> PolicyChange {
    PolicyChange {
        direction,
        kind,
        policy: None,
        targets: Vec::new(),
        environments: Vec::new(),
        subjects: None,
        what,
        at,
        gone: false,
        examples: Vec::new(),
        help: None,
    }
}

impl<'a> Changes<'a> {
    /// Adds a change of a policy; one that is said already of another target is said of both.
    fn add(&mut self, change: PolicyChange) {
        let same = |known: &&mut PolicyChange| {
            let parts =
                |c: &PolicyChange| (c.direction, c.kind, c.policy.clone(), c.what.clone(), c.at.clone());
            parts(known) == parts(&change)
                && known.subjects == change.subjects
                && known.examples == change.examples
        };
        match self.list.iter_mut().find(same) {
            Some(known) => {
                for name in change.targets {
                    if !known.targets.contains(&name) {
                        known.targets.push(name);
                    }
                }
                for name in change.environments {
                    if !known.environments.contains(&name) {
                        known.environments.push(name);
                    }
                }
            }
            None => self.list.push(change),
        }
    }

    /// Adds a change that is so at one target.
    fn add_at(&mut self, check: &Check, change: PolicyChange) {
        let is_old = change.gone;
        let side = if is_old { self.old } else { self.new };
        let (targets, environments) = if side.has_targets {
            (vec![Arc::clone(&check.target.name)], environments(side.project, &check.target))
        } else {
            (Vec::new(), Vec::new())
        };
        let policy = change.policy.clone().or_else(|| Some(Arc::clone(&check.policy.id)));
        self.add(PolicyChange { policy, targets, environments, ..change });
    }

    fn old_checks(&self, id: &str) -> Vec<&'a Check> {
        self.checks[0].get(id).cloned().unwrap_or_default()
    }

    fn new_checks(&self, id: &str) -> Vec<&'a Check> {
        self.checks[1].get(id).cloned().unwrap_or_default()
    }

    /// A policy that both versions have.
    fn both(&mut self, was: &Arc<Policy>, is: &Arc<Policy>) {
        let before = self.list.len();
        let (olds, news) = (self.old_checks(&was.id), self.new_checks(&is.id));
        let text_changed = !same_text(was, is);
        if text_changed {
            own::changes(self, was, is);
        }
        let own = self.list.len();
        let mut compared = false;
        for new in &news {
            match olds.iter().find(|old| old.target.name == new.target.name) {
                Some(old) => compared |= bound::changes(self, old, new),
                None => bound::appeared(self, new, self.old_has(&new.target.name)),
            }
        }
        own::when(self, was, is, own);
        for old in &olds {
            if !news.iter().any(|new| new.target.name == old.target.name) && self.new_has(&old.target.name) {
                bound::vanished(self, old, is);
            }
        }
        // Targets that are new or gone are told themselves.
        let told = self.old.has_targets && self.new.has_targets && {
            olds.iter().chain(&news).any(|check| check.skip.is_none())
        };
        if text_changed && !(compared || told || self.list.len() > own) {
            own::nowhere(self, was, is);
        }
        if text_changed {
            own::texts(self, was, is, self.list.len() == before);
        }
    }

    fn old_has(&self, target: &str) -> bool {
        self.old.project.targets.iter().any(|entry| *entry.name == *target)
    }

    fn new_has(&self, target: &str) -> bool {
        !self.new.has_targets || self.new.project.targets.iter().any(|entry| *entry.name == *target)
    }

    fn renamed(&mut self, was: &Policy, is: &Policy) {
        let what = format!("`{}` is called `{}` now", was.id, is.id);
        let help = "findings get new ids, so that `for` and `before` begin anew; whatever names the policy (waivers, overrides, `--policy` in jobs) must name the new id";
        self.list.push(PolicyChange {
            policy: Some(Arc::clone(&is.id)),
            help: Some(help.to_owned()),
            ..change(Direction::NotComparable, "renamed", what, is.loc.to_string())
        });
    }

    fn added(&mut self, is: &Policy) {
        let many = self.new_checks(&is.id).len();
        let where_ = if self.new.has_targets {
            format!(", judged at {}", text::count(many, "target"))
        } else {
            String::new()
        };
        let what = format!("new {} policy, severity {}{where_}", is.kind(), text::severity(is));
        self.list.push(PolicyChange {
            policy: Some(Arc::clone(&is.id)),
            ..change(Direction::Stricter, "added", what, is.loc.to_string())
        });
    }

    fn removed(&mut self, was: &Policy) {
        let many = self.old_checks(&was.id).len();
        let where_ = if self.old.has_targets {
            format!("; it was judged at {}", text::count(many, "target"))
        } else {
            String::new()
        };
        let what = format!("the policy is gone{where_}");
        self.list.push(PolicyChange {
            policy: Some(Arc::clone(&was.id)),
            gone: true,
            help: Some("say in the pull request why nobody has to look at this any more".to_owned()),
            ..change(Direction::Looser, "removed", what, was.loc.to_string())
        });
    }

    /// What cannot be loaded. A name that is gone because its policy has another one now is told with that.
    fn faults(&mut self) {
        for fault in self.new.faults {
            // Another kind of change may tell it already; of a file that is no YAML each of its policies is one.
            let is_told = |known: &PolicyChange| {
                known.at == fault.at
                    && known.direction == Direction::Broken
                    && (known.kind != "broken" || known.policy == fault.policy)
            };
            if self.list.iter().any(is_told) {
                continue;
            }
            self.list.push(PolicyChange {
                policy: fault.policy.clone(),
                help: fault.help.clone(),
                ..change(Direction::Broken, "broken", fault.message.clone(), fault.at.clone())
            });
        }
        for fault in self.old.faults {
            let id = fault.policy.as_ref();
            if id.is_some_and(|id| self.new.is_broken(id)) {
                continue;
            }
            let is_there = id.map(|id| self.new.policies.iter().any(|policy| policy.id == *id));
            let what = match is_there {
                Some(true) => "it could not be loaded before, and can be now",
                Some(false) => "it could not be loaded before, and is gone",
                None => "the old version has a fault, so that not all of it was compared",
            };
            let what = format!("{what}: {}", fault.message);
            self.list.push(PolicyChange {
                policy: fault.policy.clone(),
                gone: true,
                ..change(Direction::NotComparable, "mended", what, fault.at.clone())
            });
        }
    }
}
