//! The rules of a policy at one target, with the settings of either version.

use std::sync::Arc;

use crate::plan::{Check, Settings};
use crate::policy::Ladder;
use crate::verdict::{Direction, Layer, PolicyChange, Severity, Urgency};

use super::bound::{set_at, version};
use super::parts::Parts;
use super::places::Keys;
use super::rules::{self, Compared, Ruled};
use super::subjects::Group;
use super::{Changes, change};

/// What the rules, the severity and the urgency say with the settings of either version.
pub(super) fn compare(
    found: &mut Changes<'_>,
    (old, before): (&Check, &Settings),
    (new, after): (&Check, &Settings),
    group: Option<&Group>,
) {
    let (was, is) = (before.values(), after.values());
    let ruled = |side, check, values, settings: &Settings| -> Ruled<'_> {
        Ruled {
            version: version(side, check, values),
            severity: settings.severity,
            urgency: settings.urgency,
        }
    };
    let (old_side, new_side) = (found.old, found.new);
    let old_rules = ruled(&old_side, old, &was, before);
    let new_rules = ruled(&new_side, new, &is, after);
    let ladders = |ruled: &Ruled<'_>| (ruled.severity, ruled.urgency, fixed(ruled));
    let rewritten = rules::text_of(old_rules.version) != rules::text_of(new_rules.version);
    let compared = if rewritten || ladders(&old_rules) != ladders(&new_rules) {
        rules::compare(&old_rules, &new_rules)
    } else {
        Compared::default()
    };
    let add = |found: &mut Changes<'_>, said: PolicyChange| {
        found.add_at(new, PolicyChange { subjects: group.map(|group| Arc::clone(&group.shown)), ..said });
    };
    let parts = Parts::of((old, before), (new, after), new_rules.version.made_up);
    let settings_at = |name: &str, found: &Changes<'_>, path: &[&str]| match group {
        Some(group) => group.at.clone().unwrap_or_else(|| Keys::of(&new.policy).at(path)),
        None => set_at(found, new, name, path),
    };
    if script_reads_otherwise((old, before), (new, after), new_rules.version.made_up) {
        let what = format!("{}: the script may read it; `--facts` shows what it means", parts.what());
        add(found, change(Direction::NotComparable, "script", what, parts.at(new)));
    }
    if let Some(why) = compared.beyond {
        let what = format!("{}: {why}", parts.what());
        add(found, change(Direction::NotComparable, "rule", what, parts.at(new)));
    } else if rewritten {
        let direction = compared.verdict.direction();
        let alters = direction != Direction::Same;
        if alters || parts.is_rewritten {
            let mut said = change(direction, "rule", parts.what(), parts.at(new));
            said.examples = compared.verdict.examples();
            said.help = help(&compared, &parts);
            add(found, said);
        }
    }
    for (kind, aspect, path) in [
        ("severity", &compared.severity, &["severity"][..]),
        ("urgency", &compared.urgency, &["alert", "urgency"][..]),
    ] {
        let direction = aspect.direction();
        if direction == Direction::Same {
            continue;
        }
        let what = ladder(kind, (old, before), (new, after));
        let at = settings_at(kind, found, path);
        // Without a ladder it is so whatever the facts are.
        let examples = if what.contains("ladder") { aspect.examples() } else { Vec::new() };
        add(found, PolicyChange { examples, ..change(direction, kind, what, at) });
    }
}

/// Does the same script read another value of a parameter, or another target? That it changed itself is told with it.
fn script_reads_otherwise(
    (old, before): (&Check, &Settings),
    (new, after): (&Check, &Settings),
    made_up: bool,
) -> bool {
    let (Some(was), Some(is)) = (&old.policy.script, &new.policy.script) else { return false };
    if was.text != is.text {
        return false;
    }
    let value = |check: &Check, settings: &Settings, name: &str| {
        let place = check.policy.params.iter().position(|param| *param.name == *name)?;
        settings.params.get(place).map(|setting| setting.value.clone())
    };
    let target = |check: &Check| (Arc::clone(&check.target.kind), check.target.labels.clone());
    was.params.iter().any(|name| value(old, before, name) != value(new, after, name))
        || (!made_up && target(old) != target(new))
}

fn help(compared: &Compared, parts: &Parts) -> Option<String> {
    if compared.verdict.direction() == Direction::NotComparable && !compared.exact {
        return Some("a condition of several facts is compared as a whole here; `--facts` shows what it means for real ones".to_owned());
    }
    if compared.verdict.direction() != Direction::Looser {
        return None;
    }
    Some(match parts.layer.filter(|layer| *layer != Layer::Policy) {
        Some(layer) => format!("a {} sets it; say there with `why:` what makes it right", layer.word()),
        None => "say in the pull request what makes it right: what the old version found is found no more"
            .to_owned(),
    })
}

/// The ladders of a version as far as they are the same for all facts.
fn fixed(ruled: &Ruled<'_>) -> (Vec<Severity>, Option<Vec<Urgency>>) {
    let policy = ruled.version.policy;
    let levels = |ladder: &Ladder<Severity>| {
        ladder.rungs.iter().map(|(level, _)| *level).chain([ladder.otherwise]).collect()
    };
    let urgency = policy.alert.as_ref().map(|alert| {
        alert.urgency.rungs.iter().map(|(level, _)| *level).chain([alert.urgency.otherwise]).collect()
    });
    (levels(&policy.severity), urgency)
}

/// `severity high → low`, or that a ladder was changed.
fn ladder(kind: &str, (old, before): (&Check, &Settings), (new, after): (&Check, &Settings)) -> String {
    let one = |check: &Check, settings: &Settings| -> Option<&'static str> {
        if kind == "severity" {
            let ladder = &check.policy.severity;
            settings.severity.or(ladder.rungs.is_empty().then_some(ladder.otherwise)).map(Severity::word)
        } else {
            let ladder = &check.policy.alert.as_ref()?.urgency;
            settings.urgency.or(ladder.rungs.is_empty().then_some(ladder.otherwise)).map(Urgency::word)
        }
    };
    let word = |word: Option<&'static str>| word.unwrap_or("by a ladder");
    let (was, is) = (one(old, before), one(new, after));
    if was.is_none() && is.is_none() {
        return format!("the ladder of `{kind}` was changed");
    }
    format!("{kind} {} → {}", word(was), word(is))
}
