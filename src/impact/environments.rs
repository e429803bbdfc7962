//! What each environment judges: the targets that it chooses, and what its runs fail on.
//!
//! A job runs `muster check --env NAME`, so that a target which leaves an environment is not judged by that job any
//! more, though every check of it says the same as before.

use std::sync::Arc;

use crate::policy::TargetEntry;
use crate::policy::project::Environment;
use crate::verdict::{Direction, PolicyChange, Verdict};

use super::{Changes, Side, change, text};

/// Everything that is different in what environments judge.
pub(super) fn changes(found: &mut Changes<'_>, file: &str) {
    let (old, new) = (found.old.project, found.new.project);
    for was in &old.environments {
        let Some(is) = new.environments.iter().find(|is| is.name == was.name) else {
            let what = format!("the environment `{}` is gone, with {}", was.name, judged(&found.old, was));
            found.add(change(Direction::Looser, "removed", what, file.to_owned()));
            continue;
        };
        choice(found, was, is);
        fail_on(found, was, is);
    }
    for is in new.environments.iter().filter(|is| !old.environments.iter().any(|was| was.name == is.name)) {
        let what = format!("the environment `{}` is new, with {}", is.name, judged(&found.new, is));
        found.add(change(Direction::Stricter, "added", what, is.loc.to_string()));
    }
}

/// How many checks there are at a target.
fn checks(side: &Side<'_>, target: &str) -> usize {
    side.checks.iter().filter(|check| *check.target.name == *target && check.skip.is_none()).count()
}

/// The checks of an environment.
fn judged(side: &Side<'_>, environment: &Environment) -> String {
    let targets = side.project.targets.iter().filter(|target| environment.has(&target.labels));
    text::count(targets.map(|target| checks(side, &target.name)).sum(), "check")
}

/// Targets that both versions have, and only one of them in this environment. Those that are new or gone are told
/// themselves.
fn choice(found: &mut Changes<'_>, was: &Environment, is: &Environment) {
    let before = found.list.len();
    for new in &found.new.project.targets {
        let Some(old) = found.old.project.targets.iter().find(|old| old.name == new.name) else { continue };
        match (was.has(&old.labels), is.has(&new.labels)) {
            (true, false) => left(found, (was, is), new),
            (false, true) => entered(found, (was, is), new),
            _ => {}
        }
    }
    if was.labels != is.labels && found.list.len() == before {
        let what = format!("the environment `{}` chooses by other labels, and the same targets", is.name);
        found.add(change(Direction::Text, "environment", what, is.loc.to_string()));
    }
}

/// What moved it: the choice of the environment, or the labels of the target.
fn place((was, is): (&Environment, &Environment), target: &TargetEntry) -> String {
    if was.labels == is.labels { target.loc.to_string() } else { is.loc.to_string() }
}

fn left(found: &mut Changes<'_>, both: (&Environment, &Environment), target: &TargetEntry) {
    let (was, name) = (both.0, &target.name);
    let many = checks(&found.old, name);
    let fails = was.fail_on.map(|verdict| format!(", and fail on `{}` there", verdict.word()));
    let what = format!(
        "the target `{name}` is not in the environment `{}` any more: {} not judged with it{}",
        was.name,
        if many == 1 { "1 check is".to_owned() } else { format!("{many} checks are") },
        fails.unwrap_or_default()
    );
    let help = format!(
        "`muster check --env {}` does not look at it any more: give it the label back, or say in the pull request which job judges it now",
        was.name
    );
    let direction = if many == 0 { Direction::Text } else { Direction::Looser };
    add(
        found,
        both,
        target,
        PolicyChange { help: Some(help), ..change(direction, "environment", what, String::new()) },
    );
}

fn entered(found: &mut Changes<'_>, both: (&Environment, &Environment), target: &TargetEntry) {
    let (is, name) = (both.1, &target.name);
    let many = checks(&found.new, name);
    let what = format!(
        "the target `{name}` is in the environment `{}` now, with {}",
        is.name,
        text::count(many, "check")
    );
    let direction = if many == 0 { Direction::Text } else { Direction::Stricter };
    add(found, both, target, change(direction, "environment", what, String::new()));
}

fn add(
    found: &mut Changes<'_>,
    both: (&Environment, &Environment),
    target: &TargetEntry,
    said: PolicyChange,
) {
    let (targets, environments) = (vec![Arc::clone(&target.name)], vec![Arc::clone(&both.1.name)]);
    found.add(PolicyChange { targets, environments, at: place(both, target), ..said });
}

fn fail_on(found: &mut Changes<'_>, was: &Environment, is: &Environment) {
    let fails = |environment: &Environment| environment.fail_on.unwrap_or(Verdict::Fail);
    let (before, after) = (fails(was), fails(is));
    if before != after {
        let what = format!("the environment `{}`: `fail_on` {} → {}", is.name, before.word(), after.word());
        let direction = Direction::of(after > before, after < before);
        found.add(change(direction, "fail-on", what, is.loc.to_string()));
    }
}
