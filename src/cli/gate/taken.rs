//! A snapshot as input: read whole or refused, held against what is judged now, and put beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::diag::{Diag, code};
use crate::fact::{
    Before, Cause, Identity, Key, Missing, Move, Observation, Recording, Snapshot, SnapshotAsked,
    SnapshotMove, is_sealed, text_digest, unhex,
};
use crate::policy::project::Gate;
use crate::secret::Redactor;

use super::super::edge::host;
use super::super::output::{Problem, note};
use super::super::record::{self, Mask};
use super::super::recorded;
use super::super::setup::Setup;
use super::names::{Named, renamed};
use super::sides::{Pair, Sides, map};

/// How old a snapshot may be if nobody says it.
const MAX_AGE: Duration = Duration::from_hours(7 * 24);

/// A snapshot that was read.
pub(super) struct Taken {
    pub file: PathBuf,
    pub recording: Recording,
    pub gate: Snapshot,
    /// Digest of the whole file.
    pub digest: String,
    /// Key of the keyed digests.
    pub salt: Vec<u8>,
}

fn refused(path: &Path, why: impl std::fmt::Display, help: &str) -> Diag {
    Diag::error(&code::SNAPSHOT, format!("`{}`: {why}", path.display())).help(help)
}

/// Reads a snapshot. One byte that is not as it was written is too many.
pub(super) fn read(path: &Path) -> Result<Taken, Problem> {
    let again = "`muster gate snapshot FILE` takes one, before the migration";
    let wrong = |why: String| Problem::from(refused(path, why, again));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let recording = Recording::from_text(&text).map_err(wrong)?;
    let gate = recording.gate.clone().ok_or_else(|| {
        let what = "it is a recording, and no snapshot of a gate: it does not say what is compared with it";
        wrong(what.to_owned())
    })?;
    if !is_sealed(&text, &gate.seal) {
        let why = "it is not as it was written: it was cut, put together or edited since";
        return Err(refused(path, why, "take the file as it was written").into());
    }
    let unlike = recording.unlike_declarations();
    if !unlike.is_empty() {
        let help = "verify with the version of muster that took it, or take it again from the source";
        return Err(Problem::new(unlike.iter().map(|why| refused(path, why, help)).collect()));
    }
    let salt = unhex(&gate.salt).ok_or_else(|| wrong("its salt is not hexadecimal".to_owned()))?;
    Ok(Taken { file: path.to_owned(), digest: text_digest(&text), recording, gate, salt })
}

impl Taken {
    fn refuse(&self, why: impl std::fmt::Display, help: &str) -> Diag {
        refused(&self.file, why, help)
    }

    /// Why it must not be compared with what is judged now.
    pub(super) fn unfit(&self, sides: &Sides, setup: &Setup, max_age: Option<Duration>) -> Vec<Diag> {
        let mut found: Vec<Diag> = self.too_old(setup, max_age).into_iter().collect();
        found.extend(self.moved_otherwise(&setup.project.gate));
        found.extend(self.other_versions(sides));
        if is_narrowed(setup) || !found.is_empty() {
            return found;
        }
        // An environment is a part of the targets, and of those that are in it all is judged.
        let judged: BTreeSet<&Arc<str>> = sides.plan.checks.iter().map(|check| &check.target.name).collect();
        let whole = setup.selection.environment.is_none();
        let forgotten = self.forgotten(sides).into_iter();
        forgotten
            .filter(|(target, _)| whole || judged.contains(target))
            .map(|(_, what)| {
                let help =
                    "judge it too, or say with `--policy`, `--target` or `--tag` what this gate is about";
                self.refuse(format!("{what} is in it, and is not judged any more"), help)
            })
            .collect()
    }

    fn too_old(&self, setup: &Setup, max_age: Option<Duration>) -> Option<Diag> {
        let said = max_age.or(setup.project.recordings.max_age);
        let wanted = recorded::Wanted {
            entries: &setup.entries,
            root: &setup.project.root,
            max_age: Some(said.unwrap_or(MAX_AGE)),
            now: None,
        };
        let why = match recorded::age(&self.recording, &wanted)? {
            recorded::Age::Ahead(why) => return Some(self.refuse(why, recorded::AHEAD)),
            recorded::Age::Old(why) => why,
        };
        let help = match said {
            Some(_) => "take it again from the source, or allow more with `--max-age`",
            None => {
                "nobody said how old a snapshot may be, so that it is 7 days: allow more with `--max-age`, or with `recordings: { max_age: 30d }` in muster.yaml"
            }
        };
        Some(self.refuse(why, help))
    }

    /// A move that changed would give the old names another meaning.
    fn moved_otherwise(&self, gate: &Gate) -> Vec<Diag> {
        let asked: BTreeSet<&Arc<str>> = self.gate.asked.iter().map(|asked| &asked.target).collect();
        let differs = |target: &&&Arc<str>| {
            let now = gate.moves.get(&****target).map(SnapshotMove::of);
            now.as_ref() != self.gate.moves.get(&****target)
        };
        let help = "write it as it was, or take the snapshot again from the source";
        asked
            .iter()
            .filter(differs)
            .map(|target| {
                let why = match (self.gate.moves.get(&***target), gate.moves.get(&***target)) {
                    (Some(then), Some(now)) if then.from != now.from => {
                        format!(
                            "`{target}` was moved from `{}` when it was taken, and is from `{}` now",
                            then.from, now.from
                        )
                    }
                    (_, None) => format!("muster.yaml does not say any more where `{target}` was moved from"),
                    _ => {
                        format!("what muster.yaml says of the move of `{target}` changed since it was taken")
                    }
                };
                self.refuse(why, help)
            })
            .collect()
    }

    /// Policies that are not the ones that asked.
    fn other_versions(&self, sides: &Sides) -> Vec<Diag> {
        let known: BTreeMap<&str, &str> =
            self.recording.policies.iter().map(|(id, digest)| (&**id, &**digest)).collect();
        let mut found = BTreeMap::new();
        for pair in &sides.pairs {
            for (check, observation) in &pair.users {
                let Some(check) = sides.plan.checks.get(*check) else { continue };
                let policy = &check.policy;
                let Some(then) = known.get(&*policy.id) else { continue };
                if **then != *policy.digest {
                    let why = format!(
                        "`{}` is another version: {then} asked, and this is {}",
                        policy.id, policy.digest
                    );
                    found.insert((Arc::clone(&policy.id), Arc::from("")), why);
                } else if self.asks_otherwise(pair, &policy.id, observation) {
                    let why = format!(
                        "`{}` asks `{observation}` of `{}` otherwise than when it was taken: its arguments differ",
                        policy.id, pair.target
                    );
                    found.insert((Arc::clone(&policy.id), Arc::clone(observation)), why);
                }
            }
        }
        let help = "judge with the policies, parameters and overrides that it was taken with, or take it again from the source";
        found.into_values().map(|why| self.refuse(why, help)).collect()
    }

    /// Was something asked for this observation, and another question?
    fn asks_otherwise(&self, pair: &Pair, policy: &str, observation: &str) -> bool {
        let Ok(then) = &pair.then else { return false };
        let mut answers = self.gate.asked.iter().filter(|asked| {
            *asked.policy == *policy && *asked.observation == *observation && asked.target == pair.target
        });
        let mut some = false;
        let same = answers.any(|asked| {
            some |= asked.answer.is_some();
            self.key(asked.answer) == Some(&then.key)
        });
        some && !same
    }

    fn key(&self, answer: Option<usize>) -> Option<&Key> {
        self.recording.observations.get(answer?).map(|answer| &answer.key)
    }

    /// What masks the new side as this one was, if the project has its key.
    pub(super) fn mask(&self, setup: &Setup, redactor: &Redactor) -> Result<Option<Mask>, Problem> {
        let Some(mark) = self.recording.about.as_ref().and_then(|about| about.mask.clone()) else {
            return Ok(None);
        };
        let Some(key) = record::key(setup, redactor)? else {
            note(
                "texts of the snapshot are masked with a key that was not kept: what compares them is unknown",
            );
            return Ok(None);
        };
        let named: Vec<String> = self.gate.masked.iter().map(ToString::to_string).collect();
        let mask = Mask::of(setup, &record::patterns(&named)?, || Ok(key))?;
        if mask.as_ref().is_some_and(|mask| mask.mark() != mark) {
            let help = "use the `mask_key` that it was taken with, or take it again from the source";
            return Err(self.refuse("its texts are masked with another key", help).into());
        }
        Ok(mask)
    }

    /// What was recorded to be compared, and is not any more, with its target.
    pub(super) fn forgotten(&self, sides: &Sides) -> BTreeSet<(Arc<str>, String)> {
        let users = sides.pairs.iter().flat_map(|pair| pair.users.iter().map(move |user| (pair, user)));
        let asked: BTreeSet<(&str, &str, &str)> = users
            .filter_map(|(pair, (check, observation))| {
                let check = sides.plan.checks.get(*check)?;
                Some((&*check.policy.id, &*pair.target, &**observation))
            })
            .collect();
        let gone = self.gate.asked.iter().filter(|one| {
            one.answer.is_some() && !asked.contains(&(&*one.policy, &*one.target, &*one.observation))
        });
        let named = |one: &SnapshotAsked| {
            let what = format!("`{}` of `{}` at `{}`", one.observation, one.policy, one.target);
            (Arc::clone(&one.target), what)
        };
        gone.map(named).collect()
    }

    /// The answers of then, by the question of now; and what stayed behind.
    pub(super) fn answers(&self, sides: &Sides, setup: &Setup) -> Then {
        let known: BTreeMap<&Key, &Observation> =
            self.recording.observations.iter().map(|answer| (&answer.key, answer)).collect();
        put(sides, setup, self.recording.started, |pair| {
            let then = pair.then.as_ref().map_err(|why| (**why).clone())?;
            known.get(&then.key).copied().cloned().ok_or_else(|| {
                let what = format!("the snapshot has no answer of `{}` to this question", then.key.target);
                Missing::new(Cause::NoHistory, what).fix("take a snapshot that has it, before the migration")
            })
        })
    }
}

/// Is only a part judged of what the project has in this environment?
fn is_narrowed(setup: &Setup) -> bool {
    let s = &setup.selection;
    !(s.targets.is_empty() && s.tags.is_empty() && s.policies.is_empty())
}

impl SnapshotMove {
    /// Of the project file.
    pub(super) fn of(moved: &crate::policy::project::Moved) -> Self {
        Self { from: Arc::clone(&moved.from), map: moved.map.clone() }
    }
}

/// What stayed behind of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LeftBehind {
    pub target: Arc<str>,
    pub source: Arc<str>,
    pub probe: Arc<str>,
    pub names: BTreeSet<Arc<str>>,
}

/// The old side of everything that is compared.
#[derive(Default)]
pub(super) struct Then {
    pub before: BTreeMap<(Before, Key), Arc<Observation>>,
    pub left_behind: Vec<LeftBehind>,
    /// What the moves to these targets name and nobody saw on the old side.
    pub strangers: BTreeMap<Arc<str>, Vec<Arc<str>>>,
}

/// Puts the old side beside the new one, with the names of the new one.
pub(super) fn put(
    sides: &Sides,
    setup: &Setup,
    at: jiff::Timestamp,
    answer: impl Fn(&Pair) -> Result<Observation, Missing>,
) -> Then {
    let mut then = Then::default();
    let mut seen: BTreeMap<&Arc<str>, Named> = BTreeMap::new();
    for pair in &sides.pairs {
        let Some(now) = sides.plan.requests.get(pair.now) else { continue };
        let old = match answer(pair) {
            Ok(old) => old,
            Err(why) => Observation::missing(now.key.clone(), at, why),
        };
        let map = map(setup, &pair.target);
        if map != Move::default() {
            seen.entry(&pair.target).or_default().see(&old);
        }
        let renamed = renamed(&old, &map);
        if !renamed.dropped.is_empty() {
            then.left_behind.push(LeftBehind {
                target: Arc::clone(&pair.target),
                source: Arc::clone(&old.key.target),
                probe: Arc::clone(&old.key.probe),
                names: renamed.dropped,
            });
        }
        then.before.insert((Before::Gate, now.key.clone()), Arc::new(renamed.answer));
    }
    let strangers = seen.into_iter().map(|(target, named)| {
        let moved = setup.project.gate.moves.get(target);
        (Arc::clone(target), moved.map(|moved| named.strangers(&moved.map)).unwrap_or_default())
    });
    then.strangers = strangers.filter(|(_, names)| !names.is_empty()).collect();
    then
}

/// Is the new side the old one? Compared with itself everything is as it was. In place the other way round.
pub(super) fn same_system(
    gate: &Gate,
    then: &BTreeMap<Arc<str>, Identity>,
    now: &BTreeMap<Arc<str>, Identity>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (target, moved) in &gate.moves {
        let (Some(old), Some(new)) = (then.get(&moved.from), now.get(target)) else { continue };
        let Some(same) = is_same(old, new) else { continue };
        let name = shown(new);
        if moved.is_in_place(target) && !same {
            let old = shown(old);
            found.push(format!("`{target}` is {name} now, and was {old}: the move says `in_place: true`"));
        } else if !moved.is_in_place(target) && same {
            found.push(format!(
                "`{target}` is compared with itself: it is {name}, and so is `{}`",
                moved.from
            ));
        }
    }
    found
}

/// Who answered, by target: the first that said it. A host that says nothing is the one on which this runs.
pub(super) fn who(answers: &[Observation], setup: &Setup) -> BTreeMap<Arc<str>, Identity> {
    let mut known: BTreeMap<Arc<str>, Identity> = BTreeMap::new();
    for answer in answers {
        let name = &answer.key.target;
        let said = answer.identity.system.is_some() || !answer.identity.host.is_empty();
        let here = || setup.entries.iter().any(|entry| entry.name == *name && &*entry.kind == "host");
        if known.contains_key(name) {
            continue;
        }
        if said {
            known.insert(Arc::clone(name), answer.identity.clone());
        } else if answer.result.is_ok() && here() {
            known.insert(Arc::clone(name), Identity { host: Arc::from(host()), ..Identity::default() });
        }
    }
    known
}

/// Nothing if nobody says who it is.
fn is_same(old: &Identity, new: &Identity) -> Option<bool> {
    match (&old.system, &new.system) {
        (Some(one), Some(other)) => Some(one == other && old.database == new.database),
        (None, None) if !old.host.is_empty() && !new.host.is_empty() => {
            Some(place(&old.host) == place(&new.host) && old.database == new.database)
        }
        _ => None,
    }
}

/// A path may be written in several ways.
fn place(host: &str) -> PathBuf {
    std::fs::canonicalize(host).unwrap_or_else(|_no_file| PathBuf::from(host))
}

fn shown(identity: &Identity) -> String {
    let database = identity.database.as_ref().map(|name| format!(" (database `{name}`)")).unwrap_or_default();
    match &identity.system {
        Some(system) => format!("the system {system}{database}"),
        None => format!("`{}`{database}", identity.host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::project::Moved;

    fn identity(system: Option<&str>, host: &str, database: &str) -> Identity {
        let text = |text: &str| Some(Arc::from(text));
        Identity {
            host: Arc::from(host),
            system: system.and_then(text),
            database: text(database),
            ..Identity::default()
        }
    }

    fn found(from: &str, old: Identity, new: Identity) -> Vec<String> {
        let loc = crate::source::Loc::nowhere("muster.yaml");
        let moved = Moved { from: Arc::from(from), map: Move::default(), loc };
        let gate = Gate { moves: [(Arc::from("new"), moved)].into(), ..Gate::default() };
        same_system(&gate, &[(Arc::from(from), old)].into(), &[(Arc::from("new"), new)].into())
    }

    #[test]
    fn what_is_compared_with_itself_is_told() {
        let one = || identity(Some("7"), "a", "shop");
        assert_eq!(found("old", one(), one()).len(), 1);
        assert_eq!(found("old", one(), identity(Some("7"), "b", "shop")).len(), 1, "by another name");
        assert_eq!(found("old", one(), identity(Some("7"), "a", "copy")).len(), 0, "another database");
        assert_eq!(found("old", one(), identity(Some("8"), "a", "shop")).len(), 0);
        let file = |path: &str| identity(None, path, "");
        assert_eq!(found("old", file("/etc/../etc/passwd"), file("/etc/passwd")).len(), 1, "one file");
        assert_eq!(found("old", file("/etc/passwd"), file("/etc/group")).len(), 0);
        assert_eq!(found("new", one(), one()).len(), 0, "in place it has to be the same");
        assert_eq!(found("new", one(), identity(Some("8"), "a", "shop")).len(), 1);
    }
}
