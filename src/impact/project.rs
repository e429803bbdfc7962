//! What changes in the project file: waivers, targets, environments, tiers, routes, calendars.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::fact::{Pattern, Type, Value, micros, show};
use crate::policy::{Tier, Waiver};
use crate::source::Loc;
use crate::verdict::{Direction, PolicyChange};

use super::{Changes, Side, change, environments, house, settings, text};

/// Everything that is different in the project file. `renamed` are policies with another id now.
pub(super) fn changes(found: &mut Changes<'_>, renamed: &BTreeMap<&str, &str>) {
    let file = |side: &Side<'_>| match &side.project.loc {
        Some(loc) => loc.source.name.to_string(),
        None => side.project.root.join("muster.yaml").display().to_string(),
    };
    let at = if found.new.has_targets { format!("{}:1:1", file(&found.new)) } else { String::new() };
    waivers(found);
    lost_names(found, renamed);
    if !(found.old.has_targets && found.new.has_targets) {
        return;
    }
    targets(found, &at);
    environments::changes(found, &at);
    tiers(found, &at);
    routes(found, &at);
    calendars(found, &at);
    house::changes(found);
    settings::changes(found, &at);
    settings::grace(found, &at);
    let (was, is) = (found.old.project.max_waiver, found.new.project.max_waiver);
    if was != is {
        let shown = |limit: Option<Duration>| {
            limit.map_or_else(|| "the usual".to_owned(), |limit| text::duration(micros(limit)))
        };
        let direction = match (was, is) {
            (Some(was), Some(is)) => Direction::of(is > was, is < was),
            _ => Direction::NotComparable,
        };
        let what = format!("`max_waiver` {} → {}", shown(was), shown(is));
        found.add(change(direction, "max-waiver", what, at));
    }
}

fn named(what: &str, pattern: Option<&Pattern>) -> String {
    pattern.map(|pattern| format!(", {what} `{}`", pattern.text)).unwrap_or_default()
}

fn shown(waiver: &Waiver) -> String {
    format!(
        "waiver of `{}`{}{}",
        waiver.policy.text,
        named("target", waiver.target.as_ref()),
        named("subject", waiver.subject.as_ref())
    )
}

/// What a waiver is about.
fn about(waiver: &Waiver) -> (Arc<str>, Option<Arc<str>>, Option<Arc<str>>) {
    let text = |pattern: &Pattern| Arc::clone(&pattern.text);
    (text(&waiver.policy), waiver.target.as_ref().map(text), waiver.subject.as_ref().map(text))
}

fn day(waiver: &Waiver) -> String {
    show(&Value::Int(waiver.expires), &Type::Date)
}

fn waivers(found: &mut Changes<'_>) {
    let mut known: Vec<&Waiver> = found.old.project.waivers.iter().collect();
    for is in &found.new.project.waivers {
        let Some(position) = known.iter().position(|was| about(was) == about(is)) else {
            let what = format!("new {} until {}: {} ({})", shown(is), day(is), is.reason, is.owner);
            waiver(found, Direction::Looser, what, &is.loc);
            continue;
        };
        let was = known.remove(position);
        if was.expires != is.expires {
            let what = format!("{} ends {} instead of {}", shown(is), day(is), day(was));
            waiver(found, Direction::of(is.expires > was.expires, is.expires < was.expires), what, &is.loc);
        }
        covers(found, was, is);
        words(found, was, is);
    }
    for was in known {
        let what = format!("the {} is gone", shown(was));
        let said =
            PolicyChange { gone: true, ..change(Direction::Stricter, "waiver", what, was.loc.to_string()) };
        found.add(said);
    }
}

fn waiver(found: &mut Changes<'_>, direction: Direction, what: String, loc: &Loc) {
    found.add(change(direction, "waiver", what, loc.to_string()));
}

/// What a waiver says of itself, and who answers for it.
fn words(found: &mut Changes<'_>, was: &Waiver, is: &Waiver) {
    let pairs = [
        ("reason", &*was.reason, &*is.reason),
        ("owner", &*was.owner, &*is.owner),
        ("ticket", &*was.ticket, &*is.ticket),
    ];
    for (key, before, after) in pairs.into_iter().filter(|(_, before, after)| before != after) {
        let what = format!("{}: `{key}` {before} → {after}", shown(is));
        waiver(found, Direction::Text, what, &is.loc);
    }
}

fn covers(found: &mut Changes<'_>, was: &Waiver, is: &Waiver) {
    let lacks = |a: &Waiver, b: &Waiver| a.covers.iter().any(|verdict| !b.covers.contains(verdict));
    let direction = Direction::of(lacks(is, was), lacks(was, is));
    if direction != Direction::Same {
        let words = |waiver: &Waiver| {
            waiver.covers.iter().map(|verdict| verdict.word()).collect::<Vec<_>>().join(", ")
        };
        let what = format!("{} covers [{}] instead of [{}]", shown(is), words(is), words(was));
        waiver(found, direction, what, &is.loc);
    }
    let limit = |waiver: &Waiver| waiver.up_to.as_ref().map(|node| node.loc.text().trim().to_owned());
    let direction = match (limit(was), limit(is)) {
        (was, is) if was == is => return,
        (Some(_), None) => Direction::Looser,
        (None, _) => Direction::Stricter,
        _ => Direction::NotComparable,
    };
    let word = |limit: Option<String>| limit.unwrap_or_else(|| "no limit".to_owned());
    let what = format!("{} covers up to {} instead of {}", shown(is), word(limit(is)), word(limit(was)));
    waiver(found, direction, what, &is.loc);
}

/// Waivers and overrides that named a policy which is gone, or has another name.
fn lost_names(found: &mut Changes<'_>, renamed: &BTreeMap<&str, &str>) {
    let new = found.new;
    let overrides = new.project.overrides.iter().map(|entry| (&entry.policy, &entry.loc, "an override"));
    let waivers = new.project.waivers.iter().map(|waiver| (&waiver.policy, &waiver.loc, "a waiver"));
    for (pattern, loc, what) in overrides.chain(waivers) {
        let was: Vec<&str> =
            found.old.policies.iter().map(|policy| &*policy.id).filter(|id| pattern.matches(id)).collect();
        let matches = |id: &str| pattern.matches(id);
        if new.policies.iter().any(|policy| matches(&policy.id))
            || new.faults.iter().any(|fault| fault.policy.as_deref().is_some_and(matches))
        {
            partly(found, &was, (pattern, loc, what), renamed);
            continue;
        }
        if was.is_empty() {
            continue;
        }
        let (said, help) = match was.iter().find_map(|id| Some((*id, *renamed.get(id)?))) {
            Some((id, now)) => (
                format!("{what} names `{}`, and that policy is called `{now}` now", pattern.text),
                format!(
                    "write `policy: {now}` here: as it stands it covers nothing of what it covered as `{id}`"
                ),
            ),
            None => (
                format!("{what} names `{}`, and that policy is gone", pattern.text),
                "remove it with its policy, or name the policy that took its place".to_owned(),
            ),
        };
        found.add(PolicyChange {
            help: Some(help),
            ..change(Direction::Broken, "lost-name", said, loc.to_string())
        });
    }
}

/// A pattern that still matches something, and no longer the new name of a policy that it matched.
fn partly(
    found: &mut Changes<'_>,
    was: &[&str],
    (pattern, loc, what): (&Pattern, &Loc, &str),
    renamed: &BTreeMap<&str, &str>,
) {
    for id in was {
        let Some(now) = renamed.get(id).filter(|now| !pattern.matches(now)) else { continue };
        let said = format!(
            "{what} of `{}` covered `{id}`, which is called `{now}` now and is not covered",
            pattern.text
        );
        let help = format!("name `{now}` too, if it is still meant");
        found.add(PolicyChange {
            help: Some(help),
            ..change(Direction::NotComparable, "lost-name", said, loc.to_string())
        });
    }
}

fn targets(found: &mut Changes<'_>, file: &str) {
    let (old, new) = (found.old.project, found.new.project);
    for was in &old.targets {
        let many = found.old.checks.iter().filter(|check| check.target.name == was.name).count();
        let Some(is) = new.targets.iter().find(|is| is.name == was.name) else {
            let what = format!("the target `{}` is gone, with {}", was.name, text::count(many, "check"));
            found.add(PolicyChange {
                gone: true,
                ..change(Direction::Looser, "removed", what, was.loc.to_string())
            });
            continue;
        };
        settings::target(found, was, is);
    }
    for is in new.targets.iter().filter(|is| !old.targets.iter().any(|was| was.name == is.name)) {
        let many = found.new.checks.iter().filter(|check| check.target.name == is.name).count();
        let what = format!("the target `{}` is new, with {}", is.name, text::count(many, "check"));
        found.add(change(Direction::Stricter, "added", what, is.loc.to_string()));
    }
    let texts = |side: &Side<'_>| -> Vec<Arc<str>> {
        side.project.policies.iter().map(|(text, _)| Arc::clone(text)).collect()
    };
    let (was, is) = (texts(&found.old), texts(&found.new));
    for gone in was.iter().filter(|text| !is.contains(text)) {
        let what = format!("policies are not read from `{gone}` any more");
        found.add(change(Direction::Text, "sources", what, file.to_owned()));
    }
}

fn tiers(found: &mut Changes<'_>, file: &str) {
    let (old, new) = (found.old.project, found.new.project);
    let all = Tier::WORDS.iter().filter_map(|word| Tier::from_word(word));
    for tier in all {
        let (was, is) = (old.tiers.get(&tier), new.tiers.get(&tier));
        if was == is {
            continue;
        }
        let shown = |interval: Option<&Duration>| {
            interval.map_or_else(|| "the usual".to_owned(), |interval| text::duration(micros(*interval)))
        };
        let direction = match (was, is) {
            (Some(was), Some(is)) => Direction::of(is > was, is < was),
            _ => Direction::NotComparable,
        };
        let what =
            format!("the tier `{}` is judged every {} instead of {}", tier.word(), shown(is), shown(was));
        found.add(change(direction, "interval", what, file.to_owned()));
    }
}

fn routes(found: &mut Changes<'_>, file: &str) {
    let (old, new) = (found.old.project, found.new.project);
    for (owner, was) in &old.owners {
        let none = BTreeMap::new();
        let is = new.owners.get(owner).unwrap_or(&none);
        for (urgency, route) in was {
            let word = urgency.word();
            let (direction, what) = match is.get(urgency) {
                Some(now) if now == route => continue,
                // Whether anybody reads there is nothing that a file tells.
                Some(now) => (
                    Direction::NotComparable,
                    format!("what `{owner}` is told with `{word}` goes to {now} instead of {route}"),
                ),
                None => (Direction::Looser, format!("`{owner}` has no route for `{word}` any more")),
            };
            found.add(change(direction, "route", what, file.to_owned()));
        }
    }
}

fn calendars(found: &mut Changes<'_>, file: &str) {
    let (old, new) = (found.old.project, found.new.project);
    for (name, was) in &old.calendars {
        let Some(is) = new.calendars.get(name) else { continue };
        if format!("{was:?}") != format!("{is:?}") {
            let what = format!("the calendar `{name}` covers other times");
            found.add(change(Direction::NotComparable, "calendar", what, file.to_owned()));
        }
    }
}
