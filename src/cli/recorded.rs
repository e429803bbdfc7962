//! Recordings as input: read, held against the project, and put together.
//!
//! A recording is refused, with the reason, where its facts would be taken for something that they are not: of another
//! target, older than allowed, declared otherwise, or in contradiction to another recording.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::diag::{Diag, code};
use crate::fact::{About, Key, Observation, Recording, TargetMark, Type, Value, micros, micros_of, show};
use crate::policy::TargetEntry;

use super::output::{Problem, note};

/// A clock may be that much behind the one that wrote a recording.
pub(super) const SKEW: i64 = 300_000_000;

/// What a recording has to be.
pub(super) struct Wanted<'w> {
    /// The targets as the project has them.
    pub entries: &'w [TargetEntry],
    /// The folder of the project, in which their paths begin.
    pub root: &'w Path,
    /// How old it may be.
    pub max_age: Option<Duration>,
    /// When it is judged, if that was said; by the clock otherwise.
    pub now: Option<Timestamp>,
}

fn refused(path: &Path, why: &str, help: &str) -> Diag {
    Diag::error(&code::RECORDING, format!("`{}`: {why}", path.display())).help(help)
}

/// Reads a recording, whose probes have to mean what they mean now.
pub(super) fn read(path: &Path) -> Result<Recording, Problem> {
    let wrong = |what: String| Problem::from(refused(path, &what, "`muster record FILE` writes one"));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let recording = Recording::from_text(&text).map_err(wrong)?;
    let help = "record it again with this version of muster: `muster record FILE`";
    let mut unlike: Vec<Diag> =
        recording.unlike_declarations().iter().map(|why| refused(path, why, help)).collect();
    let help = "it was edited or put together since it was written: record again with `muster record FILE`";
    unlike.extend(recording.contradictions().iter().map(|why| refused(path, why, help)));
    if !unlike.is_empty() {
        return Err(Problem::new(unlike));
    }
    if recording.about.is_none() {
        note(&format!(
            "`{}` was written by muster {}, which did not note targets and probes: whose facts they are is not checked, and only the types of the facts are",
            path.display(),
            recording.muster
        ));
    }
    Ok(recording)
}

/// Why a recording is not what is wanted: of other targets, or too old.
pub(super) fn unfit(path: &Path, recording: &Recording, wanted: &Wanted<'_>) -> Vec<Diag> {
    let other = targets(recording, wanted.entries, wanted.root).into_iter().map(|why| {
        refused(path, &why, "judge it with the project file that it was recorded with, or record it again")
    });
    let old = age(recording, wanted).map(|age| match age {
        Age::Ahead(why) => refused(path, &why, AHEAD),
        Age::Old(why) => refused(path, &why, "record it again, or allow more with `--max-age`"),
    });
    other.chain(old).collect()
}

/// The facts of several recordings, each of which is what is wanted.
pub(super) fn together(read: Vec<(PathBuf, Recording)>, wanted: &Wanted<'_>) -> Result<Recording, Problem> {
    let mut diags: Vec<Diag> =
        read.iter().flat_map(|(path, recording)| unfit(path, recording, wanted)).collect();
    let mut all: Option<(PathBuf, Recording)> = None;
    for (path, recording) in read {
        all = Some(match all {
            None => (path, recording),
            Some((first, mut known)) => {
                let why = contradictions(&known, &recording);
                let help = format!("it contradicts `{}`: judge them one by one", first.display());
                diags.extend(why.iter().map(|why| refused(&path, why, &help)));
                join(&mut known, recording);
                (first, known)
            }
        });
    }
    if !diags.is_empty() {
        return Err(Problem::new(diags));
    }
    all.map(|(_, recording)| recording)
        .ok_or_else(|| Problem::usage("there is no recording", "name one with `--facts FILE`"))
}

/// A target of a project file, as recordings note it. `root` is the folder of the project.
pub(super) fn mark(entry: &TargetEntry, root: &Path) -> TargetMark {
    let address = entry.url.as_ref().map(|url| {
        let port = url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or(""), url.path())
    });
    let written = |path: &Path| {
        // What is written from `/` on is no part of the folder, also while it lies in it: evidence is judged elsewhere.
        if entry.path_is_absolute { path.display().to_string() } else { within(path, root) }
    };
    let address = address.or_else(|| entry.path.as_deref().map(written));
    TargetMark {
        target: Arc::clone(&entry.name),
        kind: Arc::clone(&entry.kind),
        address: address.map(Arc::from),
        labels: entry.labels.clone(),
    }
}

/// A path as it is called from the folder of the project, so that it is the same where the project lies elsewhere.
fn within(path: &Path, root: &Path) -> String {
    let (path, root) = (whole(path), whole(root));
    path.strip_prefix(&root).unwrap_or(&path).display().to_string()
}

fn whole(path: &Path) -> PathBuf {
    // A project file without a folder before its name lies in the current one.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::path::absolute(path).unwrap_or_else(|_no_folder| path.to_owned())
}

/// What a target is now, called as it was then if that is the same file: a path may be written in two ways.
fn called_as(then: &TargetMark, entry: &TargetEntry, root: &Path) -> TargetMark {
    let now = mark(entry, root);
    let file = |mark: &TargetMark| mark.address.as_deref().map(|path| whole(root).join(path));
    let is_same = entry.path.is_some() && then.kind == now.kind && file(then) == file(&now);
    if is_same { TargetMark { address: then.address.clone(), ..now } } else { now }
}

/// How the targets of a recording differ from those of the project that have their names.
pub(super) fn targets(recording: &Recording, entries: &[TargetEntry], root: &Path) -> Vec<String> {
    let Some(about) = &recording.about else { return Vec::new() };
    let entries: BTreeMap<&str, &TargetEntry> = entries.iter().map(|entry| (&*entry.name, entry)).collect();
    let known = about
        .targets
        .iter()
        .filter_map(|then| Some((then, called_as(then, entries.get(&*then.target)?, root))));
    let mut found: Vec<String> = known
        .flat_map(|(then, now)| unlike(then, &now, "when it was recorded", "in the project file"))
        .collect();
    let described: BTreeSet<&str> = about.targets.iter().map(|mark| &*mark.target).collect();
    let asked: BTreeSet<&str> = recording.observations.iter().map(|answer| &*answer.key.target).collect();
    let silent = asked.difference(&described).filter(|name| entries.contains_key(**name));
    found.extend(silent.map(|name| format!("it does not say what the target `{name}` was")));
    found
}

/// How a target was another one when it was recorded, by type and place; what it is called by labels is no part of it.
pub(super) fn elsewhere(then: &TargetMark, entry: &TargetEntry, root: &Path) -> Option<String> {
    let now = called_as(then, entry, root);
    let now = TargetMark { labels: then.labels.clone(), ..now };
    let found = unlike(then, &now, "when it was recorded", "in the project file");
    (!found.is_empty()).then(|| found.join(", and "))
}

fn unlike(one: &TargetMark, other: &TargetMark, then: &str, now: &str) -> Vec<String> {
    let mut found = Vec::new();
    let name = &one.target;
    if one.kind != other.kind {
        found.push(format!(
            "the target `{name}` was of type `{}` {then}, and is of type `{}` {now}",
            one.kind, other.kind
        ));
    }
    if one.address != other.address {
        let text = |address: &Option<Arc<str>>| {
            address
                .as_ref()
                .map_or_else(|| "without an address".to_owned(), |address| format!("at `{address}`"))
        };
        found.push(format!(
            "the target `{name}` was {} {then}, and is {} {now}",
            text(&one.address),
            text(&other.address)
        ));
    }
    if one.labels != other.labels {
        let text = |labels: &BTreeMap<Arc<str>, Arc<str>>| {
            let pairs: Vec<String> = labels.iter().map(|(name, label)| format!("{name}: {label}")).collect();
            if pairs.is_empty() { "no labels".to_owned() } else { format!("`{}`", pairs.join(", ")) }
        };
        found.push(format!(
            "the target `{name}` had {} {then}, and has {} {now}",
            text(&one.labels),
            text(&other.labels)
        ));
    }
    found
}

/// Why a recording is too old, or from the future.
pub(super) fn age(recording: &Recording, wanted: &Wanted<'_>) -> Option<Age> {
    let most = micros(wanted.max_age?);
    let now = micros_of(wanted.now.unwrap_or_else(Timestamp::now));
    let observed = recording.observations.iter().map(|answer| answer.at);
    let oldest = observed.chain([recording.started]).min()?;
    let age = now.saturating_sub(micros_of(oldest));
    let text = |micros: i64| show(&Value::Int(micros), &Type::DURATION);
    if age < -SKEW {
        let ahead = text(age.saturating_neg());
        return Some(Age::Ahead(format!("it was recorded at {oldest}, which is {ahead} ahead of now")));
    }
    (age > most).then(|| {
        let (age, most) = (text(age), text(most));
        Age::Old(format!("it was recorded at {oldest}, {age} ago, and {most} is allowed"))
    })
}

/// What to do about a recording from the future.
pub(super) const AHEAD: &str = "the clock of the machine that took it, or of this one, is wrong: compare both with `date -u`, and take it again";

/// Why the time of a recording does not fit, in words.
pub(super) enum Age {
    /// It lies in the future.
    Ahead(String),
    /// Too much of it went by.
    Old(String),
}

/// What two recordings do not agree on.
fn contradictions(one: &Recording, other: &Recording) -> Vec<String> {
    let mut found = Vec::new();
    if let (Some(first), Some(second)) = (&one.about, &other.about) {
        found.extend(marks_differ(first, second));
        if first.mask != second.mask {
            found.push("one is masked and the other is not, or with another key: equal texts would be taken for different ones".to_owned());
        }
    }
    let mut systems: BTreeMap<&str, &str> = BTreeMap::new();
    for answer in &one.observations {
        if let Some(system) = &answer.identity.system {
            systems.entry(&answer.key.target).or_insert(system);
        }
    }
    let known: BTreeMap<&Key, &Observation> =
        one.observations.iter().map(|answer| (&answer.key, answer)).collect();
    for answer in &other.observations {
        let target = &answer.key.target;
        if let (Some(then), Some(now)) = (systems.get(&**target), &answer.identity.system)
            && **then != **now
        {
            found.push(format!("`{target}` is the system {now} in it, and {then} in the other"));
        }
        if let Some(twin) = known.get(&answer.key)
            && twin.result != answer.result
        {
            let (probe, then, now) = (&answer.key.probe, twin.at, answer.at);
            found.push(format!("`{probe}` of `{target}` has two answers, of {then} and of {now}"));
        }
    }
    found.extend(pasts_differ(one, other));
    found.sort();
    found.dedup();
    found
}

/// Earlier answers and samples of one question that are not the same in both.
fn pasts_differ(one: &Recording, other: &Recording) -> Vec<String> {
    let (one, other) = (&one.past, &other.past);
    let before = other.before.iter().filter(|(key, then)| {
        let twin = one.before.get(*key);
        twin.is_some_and(|twin| twin.result != then.result || twin.identity.system != then.identity.system)
    });
    let samples =
        other.history.iter().filter(|(key, then)| one.history.get(*key).is_some_and(|t| t != *then));
    let before = before.map(|((_, key), _)| (key, "two earlier answers"));
    let all = before.chain(samples.map(|(key, _)| (key, "two pasts")));
    all.map(|(key, what)| format!("`{}` of `{}` has {what}", key.probe, key.target)).collect()
}

fn marks_differ(one: &About, other: &About) -> Vec<String> {
    let pairs = other
        .targets
        .iter()
        .filter_map(|now| Some((one.targets.iter().find(|then| then.target == now.target)?, now)));
    pairs.flat_map(|(then, now)| unlike(then, now, "in the other recording", "in this one")).collect()
}

/// Adds the facts of a recording that contradicts nothing.
fn join(known: &mut Recording, other: Recording) {
    let later = other.started > known.started;
    if later {
        known.started = other.started;
        known.muster = other.muster;
        known.past.recall = other.past.recall;
    }
    known.complete &= other.complete;
    let ids: HashSet<Arc<str>> = known.policies.iter().map(|(id, _)| Arc::clone(id)).collect();
    known.policies.extend(other.policies.into_iter().filter(|(id, _)| !ids.contains(id)));
    let there: HashSet<Key> = known.observations.iter().map(|answer| answer.key.clone()).collect();
    known.observations.extend(other.observations.into_iter().filter(|answer| !there.contains(&answer.key)));
    known.past.before.extend(other.past.before);
    known.past.history.extend(other.past.history);
    match (&mut known.about, other.about) {
        (Some(about), Some(more)) => {
            let targets: Vec<TargetMark> = more
                .targets
                .into_iter()
                .filter(|mark| about.targets.iter().all(|known| known.target != mark.target))
                .collect();
            about.targets.extend(targets);
            if later {
                about.host = more.host;
            }
        }
        // What one of them says still holds for the next one.
        (about @ None, more) => *about = more,
        (Some(_), None) => {}
    }
}
