//! Overrides for some subjects: a subject is judged by all of those that match it, together.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fact::Pattern;
use crate::plan::{Check, SubjectSettings};
use crate::verdict::{Direction, PolicyChange};

use super::places::Keys;
use super::ruled::compare;
use super::{Changes, change};

/// Groups that are compared beyond those of one pattern each.
const MOST: usize = 256;

/// Subjects that the same patterns match.
pub(super) struct Group {
    /// The patterns, for people.
    pub(super) shown: Arc<str>,
    /// Where the new version sets something for them.
    pub(super) at: Option<String>,
}

/// Each group of patterns that a subject may match, as either version judges it.
pub(super) fn changes(found: &mut Changes<'_>, old: &Check, new: &Check) {
    let all = old.subjects.iter().chain(&new.subjects);
    let patterns: BTreeMap<&str, &Pattern> =
        all.map(|entry| (&*entry.pattern.text, &entry.pattern)).collect();
    let patterns: Vec<&Pattern> = patterns.into_values().collect();
    let (groups, whole) = groups(&patterns);
    for group in groups {
        let before = found.list.len();
        one(found, old, new, &group);
        if group.len() > 1 {
            forget_known(found, before);
        }
    }
    if !whole {
        let what = "overrides for subjects match the same ones in too many ways to be compared".to_owned();
        let at = new.subjects.first().map_or_else(|| Keys::of(&new.policy).at(&[]), |entry| entry.at.clone());
        found.add_at(new, change(Direction::NotComparable, "subjects", what, at));
    }
}

/// The patterns alone, then those that may match one subject together; `false` if there are more.
fn groups<'p>(patterns: &[&'p Pattern]) -> (Vec<Vec<&'p Pattern>>, bool) {
    let mut groups: Vec<(usize, Vec<&Pattern>)> =
        patterns.iter().enumerate().map(|(at, pattern)| (at, vec![*pattern])).collect();
    let (most, mut next) = (groups.len() + MOST, 0);
    while let Some((last, group)) = groups.get(next).cloned() {
        for (at, pattern) in patterns.iter().enumerate().skip(last + 1) {
            if group.iter().all(|known| known.may_meet(pattern)) {
                groups.push((at, group.iter().copied().chain([*pattern]).collect()));
            }
        }
        next += 1;
        if groups.len() > most {
            groups.truncate(most);
            return (groups.into_iter().map(|(_, group)| group).collect(), false);
        }
    }
    (groups.into_iter().map(|(_, group)| group).collect(), true)
}

fn one(found: &mut Changes<'_>, old: &Check, new: &Check, patterns: &[&Pattern]) {
    let named = |entry: &&SubjectSettings| patterns.iter().any(|one| one.text == entry.pattern.text);
    let was: Vec<_> = old.subjects.iter().filter(named).collect();
    let is: Vec<_> = new.subjects.iter().filter(named).collect();
    let shown: Vec<&str> = patterns.iter().map(|pattern| &*pattern.text).collect();
    let group = Group { shown: Arc::from(shown.join(" and ")), at: is.last().map(|entry| entry.at.clone()) };
    let (when, [first, second]) = match (old.together(was), new.together(is)) {
        (Ok(before), Ok(after)) => {
            return compare(found, (old, &before), (new, &after), Some(&group));
        }
        // Of neither version anything is judged.
        (Err(_), Err(_)) => return,
        (Ok(_), Err(two)) => ("now", two),
        (Err(two), Ok(_)) => ("before", two),
    };
    let what = format!(
        "two overrides for it set different values {when}, which leaves nothing to judge by: {} and {}",
        first.at, second.at
    );
    let at = group.at.unwrap_or_else(|| Keys::of(&new.policy).at(&[]));
    let said = change(Direction::NotComparable, "subjects", what, at);
    found.add_at(new, PolicyChange { subjects: Some(group.shown), ..said });
}

/// What is so of all subjects, or of one of the patterns alone, is told of that.
fn forget_known(found: &mut Changes<'_>, before: usize) {
    let fresh = found.list.split_off(before.min(found.list.len()));
    for said in fresh {
        let known = found.list.iter().any(|known| {
            (known.direction, known.kind, &known.policy) == (said.direction, said.kind, &said.policy)
                && said.targets.iter().all(|name| known.targets.contains(name))
        });
        if !known {
            found.list.push(said);
        }
    }
}
