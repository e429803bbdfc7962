//! What changes in the settings of a project and of its targets: each key is taken up here, or told elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::fact::{Move, micros};
use crate::policy::project::{DatabaseChoice, Keep, Recordings, SharedEntry, StoreEntry};
use crate::policy::{Project, TargetEntry, Tier};
use crate::source::Loc;
use crate::verdict::Direction;

use super::{Changes, change, text};

/// The keys of the project that decide what is seen, and not what is judged.
struct Seen<'a> {
    commands: &'a BTreeMap<String, Vec<String>>,
    store: Option<Kept>,
    max_age: Option<Duration>,
    mask_key: Option<String>,
    attestations: Option<Vec<&'a Arc<str>>>,
}

impl<'a> Seen<'a> {
    fn of(project: &'a Project) -> Self {
        let Project {
            whole_root: root,
            commands,
            store,
            recordings: Recordings { max_age, mask_key },
            attestations,
            // Of these the file tells, and those that are told beside.
            root: _,
            loc: _,
            policies: _,
            targets: _,
            environments: _,
            owners: _,
            tiers: _,
            calendars: _,
            // It is compared beside.
            gate: _,
            frameworks: _,
            waivers: _,
            max_waiver: _,
            // They are told of the checks that they are for.
            owner: _,
            overrides: _,
            // They are about how policies are written: one that breaks them is told as broken.
            labels: _,
            lints: _,
            // What is late is compared below.
            audit: _,
        } = project;
        Self {
            commands,
            store: store.as_ref().map(|store| Kept::of(store, root)),
            max_age: *max_age,
            mask_key: mask_key.as_ref().map(kept),
            attestations: attestations.as_ref().map(|list| list.iter().map(|(text, _)| text).collect()),
        }
    }
}

/// Where runs are remembered, as the project file has it.
#[derive(PartialEq)]
struct Kept {
    path: Option<PathBuf>,
    shared: Option<(url::Url, String)>,
    keep: Option<Keep>,
}

impl Kept {
    fn of(entry: &StoreEntry, root: &Path) -> Self {
        let StoreEntry { path, shared, keep } = entry;
        // How the same runs are reached changes nothing of what they are.
        let Some(SharedEntry { url, schema, password: _, tls: _, deadline: _ }) = shared else {
            let path = path.as_deref().map(|path| written(root, path));
            return Self { path, shared: None, keep: keep.clone() };
        };
        Self { path: None, shared: Some((url.clone(), schema.clone())), keep: keep.clone() }
    }
}

/// A path as the project file has it: the folders of two versions are two.
fn written(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_owned()
}

/// Where a secret is kept, as the project file has it; it is compared, and never shown.
fn kept<S>((_, loc): &(S, Loc)) -> String {
    loc.text().trim().to_owned()
}

/// What the project says of all targets together.
pub(super) fn changes(found: &mut Changes<'_>, file: &str) {
    let (was, is) = (Seen::of(found.old.project), Seen::of(found.new.project));
    let mut unclear = |kind: &'static str, what: String| {
        found.add(change(Direction::NotComparable, kind, what, file.to_owned()));
    };
    for (name, old) in was.commands {
        if is.commands.get(name).is_some_and(|new| new != old) {
            unclear("command", format!("the command `{name}` is another one"));
        }
    }
    if was.store != is.store {
        let what = "`store` was changed: what is asked of the past may have another answer";
        unclear("store", what.to_owned());
    }
    if was.mask_key != is.mask_key {
        unclear("mask-key", "`recordings.mask_key` was changed: masked texts are told by it".to_owned());
    }
    if was.attestations != is.attestations {
        let what = "`attestations` was changed: other statements are read, and another one may be the newest";
        unclear("attestations", what.to_owned());
    }
    if moves(found.old.project) != moves(found.new.project) {
        let what = "`gate.moves` was changed: what is compared after a migration, and with what, is another";
        found.add(change(Direction::NotComparable, "gate", what.to_owned(), file.to_owned()));
    }
    if waits(found.old.project) != waits(found.new.project) {
        let what = "`gate.needs` was changed: what the gate waits for is another";
        found.add(change(Direction::NotComparable, "gate", what.to_owned(), file.to_owned()));
    }
    let (asked, asks) = (controls(found.old.project), controls(found.new.project));
    for (more, fewer, how) in [(&asks, &asked, "more"), (&asked, &asks, "fewer")] {
        let left: Vec<String> = more.difference(fewer).map(|(name, id)| format!("{name}:{id}")).collect();
        if let Some(first) = left.first() {
            let what = format!(
                "`frameworks` ask for {how} controls: {} of them, the first is `{first}`",
                left.len()
            );
            found.add(change(Direction::Text, "frameworks", what, file.to_owned()));
        }
    }
    if was.max_age != is.max_age {
        let shown = |limit: Option<Duration>| {
            limit.map_or_else(|| "none".to_owned(), |limit| text::duration(micros(limit)))
        };
        let direction = match (was.max_age, is.max_age) {
            (Some(was), Some(is)) => Direction::of(is > was, is < was),
            (Some(_), None) => Direction::Looser,
            _ => Direction::Stricter,
        };
        let what = format!("`recordings.max_age` {} → {}", shown(was.max_age), shown(is.max_age));
        found.add(change(direction, "max-age", what, file.to_owned()));
    }
}

/// How late a check may be judged.
pub(super) fn grace(found: &mut Changes<'_>, file: &str) {
    let (old, new) = (found.old.project, found.new.project);
    for tier in Tier::WORDS.iter().filter_map(|word| Tier::from_word(word)) {
        let said = |project: &Project| project.audit.grace.contains_key(&tier);
        let (Some(was), Some(is)) = (old.grace(tier), new.grace(tier)) else { continue };
        if was == is || !(said(old) || said(new)) {
            continue;
        }
        let shown = |limit| text::duration(micros(limit));
        let what = format!("`audit.grace` of `{}` {} → {}", tier.word(), shown(was), shown(is));
        found.add(change(Direction::of(is > was, is < was), "grace", what, file.to_owned()));
    }
}

/// What was moved where, and what of it is called otherwise.
fn moves(project: &Project) -> Vec<(&Arc<str>, &Arc<str>, &Move)> {
    project.gate.moves.iter().map(|(name, moved)| (name, &moved.from, &moved.map)).collect()
}

/// What the frameworks of the project ask for.
fn controls(project: &Project) -> BTreeSet<(&str, &str)> {
    let all = project.frameworks.all().iter();
    all.flat_map(|framework| framework.controls.iter().map(|control| (&*framework.id, &*control.id)))
        .collect()
}

/// What waits for what.
fn waits(project: &Project) -> Vec<(&Arc<str>, &Arc<str>)> {
    let needs = project.gate.needs.iter();
    needs.flat_map(|(name, others)| others.iter().map(move |(other, _)| (name, other))).collect()
}

/// What the project says of one target.
pub(super) fn target(found: &mut Changes<'_>, was: &TargetEntry, is: &TargetEntry) {
    let name = &is.name;
    let roots = (&*found.old.project.whole_root, &*found.new.project.whole_root);
    let (old, new) = (Entry::of(was, roots.0), Entry::of(is, roots.1));
    let mut add = |direction, kind: &'static str, what: String| {
        found.add(change(direction, kind, format!("the target `{name}`{what}"), is.loc.to_string()));
    };
    if old.address != new.address || old.bucket != new.bucket {
        let what = " is another system: its address was changed".to_owned();
        add(Direction::NotComparable, "address", what);
    }
    if old.secrets != new.secrets {
        let what = ": what it is logged in with is kept elsewhere, and may see other things".to_owned();
        add(Direction::NotComparable, "login", what);
    }
    if old.tls != new.tls {
        add(Direction::NotComparable, "tls", ": `tls` was changed".to_owned());
    }
    if was.deadline != is.deadline {
        let what = ": `limits.deadline` was changed: more or fewer answers may come too late".to_owned();
        add(Direction::NotComparable, "deadline", what);
    }
    if was.connections != is.connections {
        add(Direction::Text, "connections", ": `limits.connections` was changed".to_owned());
    }
    if was.scratch != is.scratch {
        let (direction, how) = if is.scratch {
            (Direction::Stricter, "allows what leaves something behind for a moment, so that is judged now")
        } else {
            (Direction::Looser, "allows nothing that leaves something behind, so that is not judged any more")
        };
        add(direction, "scratch", format!(" {how}"));
    }
    let direction = databases(was, is);
    if direction != Direction::Same {
        let how = match direction {
            Direction::Looser => "fewer databases are looked at",
            Direction::Stricter => "more databases are looked at",
            _ => "other databases are looked at",
        };
        add(direction, "databases", format!(": {how}"));
    }
}

/// The keys of a target that are compared as they are.
struct Entry<'a> {
    address: (&'a str, Option<&'a url::Url>, Option<PathBuf>),
    bucket: (Option<&'a str>, bool),
    secrets: (Option<String>, Option<String>, BTreeMap<&'a str, String>),
    tls: BTreeMap<&'static str, PathBuf>,
}

impl<'a> Entry<'a> {
    fn of(entry: &'a TargetEntry, root: &Path) -> Self {
        let TargetEntry {
            kind,
            url,
            path,
            password,
            access_key,
            region,
            virtual_host,
            headers,
            tls,
            // Each of these goes one way or none, which is told apart.
            databases: _,
            connections: _,
            deadline: _,
            scratch: _,
            // Checks and environments are chosen by them, and are compared themselves.
            name: _,
            labels: _,
            loc: _,
            // The file itself is compared.
            path_is_absolute: _,
        } = entry;
        let headers = headers.iter().map(|(name, value)| (name.as_str(), kept(value)));
        Self {
            address: (kind, url.as_ref(), path.as_ref().map(|path| written(root, path))),
            bucket: (region.as_deref(), *virtual_host),
            secrets: (password.as_ref().map(kept), access_key.as_ref().map(kept), headers.collect()),
            tls: tls.iter().map(|(key, value)| (*key, written(root, Path::new(value)))).collect(),
        }
    }
}

/// Are more databases looked at, or fewer? The one of the address is among all, unless it is left out.
fn databases(was: &TargetEntry, is: &TargetEntry) -> Direction {
    let among = |entry: &TargetEntry, without: &[String]| {
        let own = entry.url.as_ref().map(|url| url.path().trim_start_matches('/'));
        own.is_none_or(|own| !without.iter().any(|name| name == own))
    };
    match (&was.databases, &is.databases) {
        (DatabaseChoice::One, DatabaseChoice::One) => Direction::Same,
        (DatabaseChoice::One, DatabaseChoice::All(without)) => Direction::of(!among(was, without), true),
        (DatabaseChoice::All(without), DatabaseChoice::One) => Direction::of(true, !among(is, without)),
        (DatabaseChoice::All(before), DatabaseChoice::All(after)) => {
            let more = |a: &[String], b: &[String]| a.iter().any(|name| !b.contains(name));
            Direction::of(more(after, before), more(before, after))
        }
    }
}
