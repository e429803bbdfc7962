//! Everything that is wrong: what does not load, what lints say, and what is allowed or known of it.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::diag::{Diag, Level, code};
use crate::lint::baseline::{Baseline, written};
use crate::lint::{Base, fingerprints};
use crate::plan::{Input, Selection, bind};
use crate::policy::load::Known;
use crate::source::Loc;
use crate::source::yaml;

use super::super::broken::{Broken, case_files};
use super::super::output::{self, Problem};
use super::super::places::Seen;
use super::super::run::day;
use super::super::setup::{Anyway, Read, Sources, known, read_anyway};
use super::super::targets;
use super::has_errors;

/// What was found.
pub(super) struct Found {
    /// What is wrong, errors first; each thing once.
    pub(super) diags: Vec<Diag>,
    /// What is allowed, with the reasons.
    pub(super) allowed: Vec<(Diag, Arc<str>)>,
    /// How many things are known to the baseline.
    pub(super) known: usize,
    /// How many policies there are.
    pub(super) policies: usize,
    /// From where files are named.
    pub(super) base: Base,
    /// From where those who read of a change see files.
    pub(super) seen: Seen,
    /// What the project names.
    pub(super) names: Option<Known>,
}

impl Found {
    /// Nothing could be read.
    pub(super) fn only(diags: Vec<Diag>, root: Option<&Path>) -> Result<Self, Problem> {
        let seen = Seen::of(root)?;
        let base = seen.report.clone();
        Ok(Self { diags, allowed: Vec::new(), known: 0, policies: 0, base, seen, names: None })
    }

    /// What `--fix` does not mend.
    pub(super) fn left(&self) -> Vec<Diag> {
        self.diags.iter().filter(|diag| diag.edits.is_empty()).cloned().collect()
    }

    /// What the baseline does not know, and what it knows and is no longer found in the files that could be `read`
    /// (all if `None`).
    fn beyond(
        &mut self,
        baseline: &Baseline,
        (lints, prints): (Vec<Diag>, &[String]),
        loading: &[Diag],
        read: Option<&HashSet<String>>,
    ) -> Vec<Diag> {
        let faulty = loading.iter().flat_map(|diag| &diag.labels).map(|label| &label.loc);
        let unread = named(faulty, &self.base);
        let looked_at = |file: &str| !unread.contains(file) && read.is_none_or(|read| read.contains(file));
        let stale = baseline.stale(prints, looked_at);
        let knows = baseline.knows(prints);
        self.known = knows.iter().filter(|known| **known).count();
        let new = lints.into_iter().zip(knows).filter(|(_, known)| !known).map(|(diag, _)| diag);
        new.chain(stale).collect()
    }
}

/// Looks at everything.
pub(super) fn find(sources: &Sources, baseline: Option<&Path>, write: bool) -> Result<Found, Problem> {
    let before = match baseline {
        Some(path) if !write => Some(Baseline::read(&yaml::read_file(path, &yaml::Limits::default())?)?),
        _ => None,
    };
    let Anyway { mut read, faults: of_project, left_out } = read_anyway(sources)?;
    let whole = sources.sources.is_empty() && of_project.is_empty();
    read.looked.finish(&read.project, read.has_project, whole, day(jiff::Timestamp::now()));
    let root = read.has_project.then(|| read.project.root.clone());
    let mut found = Found {
        policies: read.looked.loaded.policies.len() + read.looked.loaded.broken.len(),
        names: read.has_project.then(|| known(&read.project)),
        ..Found::only(Vec::new(), root.as_deref())?
    };
    let mut lints = Vec::new();
    for said in std::mem::take(&mut read.looked.said) {
        match said.allowed {
            Some(reason) => found.allowed.push((said.diag, reason)),
            None => lints.push(said.diag),
        }
    }
    lints.retain(|diag| !left_out.explains(diag));
    let broken = Broken::of(&read.looked.loaded);
    let faultless = of_project.is_empty();
    let mut loading = of_project;
    loading.append(&mut read.looked.loaded.diags);
    if read.has_project && sources.sources.is_empty() {
        // Some errors of lints are told once more then, which is better than nothing where a baseline knows them.
        let apart = before.is_some() || !has_errors(&lints);
        let all = faultless && apart && !has_errors(&loading) && read.looked.loaded.broken.is_empty();
        let more = unbound(&read);
        let follows = |diag: &Diag| left_out.explains(diag) || broken.explains(diag, &read.project);
        loading.extend(if all { more } else { names_only(more, &lints, follows) });
    }
    loading.extend(case_files(&read.looked.loaded, &broken).1);
    let lints = once(lints);
    let prints = fingerprints(&lints, &found.base);
    if let (Some(path), true) = (baseline, write) {
        let text = written(&lints.iter().collect::<Vec<_>>(), &prints, &found.base);
        output::write_file(path, &text)?;
        output::note(&format!("{} findings are written to {}", lints.len(), path.display()));
        found.known = lints.len();
    } else {
        let policies = &read.looked.loaded.policies;
        let left = match before {
            Some(baseline) => {
                let read = (!whole).then(|| named(policies.iter().map(|policy| &policy.loc), &found.base));
                found.beyond(&baseline, (lints, &prints), &loading, read.as_ref())
            }
            None => lints,
        };
        loading.extend(left);
    }
    found.diags = once(loading);
    found.diags.sort_by_key(|diag| std::cmp::Reverse(diag.level));
    Ok(found)
}

/// Whether names of the project file fit can only be told with all policies at hand.
fn unbound(read: &Read) -> Vec<Diag> {
    let targets: Vec<_> = read.project.targets.iter().map(targets::info).collect();
    let selection = Selection::default();
    let input = Input {
        policies: &read.looked.loaded.policies,
        targets: &targets,
        project: &read.project,
        selection: &selection,
        has_project: read.has_project,
    };
    bind(&input).err().unwrap_or_default()
}

/// Beside other errors, of what does not fit only the names that nothing has: those that what is broken may have, and what
/// lints say already, is left out.
fn names_only(found: Vec<Diag>, lints: &[Diag], follows: impl Fn(&Diag) -> bool) -> Vec<Diag> {
    let same = |lint: &Diag, diag: &Diag| {
        lint.message == diag.message
            || lint.level == Level::Error && place(lint).is_some_and(|at| Some(at) == place(diag))
    };
    let new = |diag: &Diag| !follows(diag) && !lints.iter().any(|lint| same(lint, diag));
    found.into_iter().filter(|diag| diag.code == &code::UNKNOWN_NAME && new(diag)).collect()
}

fn place(diag: &Diag) -> Option<&Loc> {
    diag.labels.first().map(|label| &label.loc)
}

/// The names of files.
fn named<'a>(places: impl Iterator<Item = &'a Loc>, base: &Base) -> HashSet<String> {
    places.map(|loc| base.name(&loc.source.name)).collect()
}

/// Each thing once: two passes may see the same mistake.
fn once(diags: Vec<Diag>) -> Vec<Diag> {
    let mut seen = HashSet::new();
    let mut new = |diag: &Diag| {
        let place = diag.labels.first().map(|label| &label.loc);
        let place = place.map(|loc| (Arc::clone(&loc.source.name), loc.start, loc.end));
        seen.insert((diag.code.id, diag.message.clone(), place))
    };
    diags.into_iter().filter(|diag| new(diag)).collect()
}
