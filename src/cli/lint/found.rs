//! Everything that is wrong: what does not load, what lints say, and what is allowed or known of it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diag::Diag;
use crate::lint::baseline::{Baseline, written};
use crate::lint::{Base, fingerprints};
use crate::plan::{Input, Selection, bind};
use crate::policy::load::Known;
use crate::source::yaml;

use super::super::output::{self, Problem};
use super::super::run::day;
use super::super::setup::{Read, Sources, here, known, read_anyway};
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
    /// What the project names.
    pub(super) names: Option<Known>,
}

impl Found {
    /// Nothing could be read.
    pub(super) fn only(diags: Vec<Diag>, here: PathBuf) -> Self {
        let base = Base { root: here.clone(), here };
        Self { diags, allowed: Vec::new(), known: 0, policies: 0, base, names: None }
    }
}

/// Looks at everything.
pub(super) fn find(sources: &Sources, baseline: Option<&Path>, write: bool) -> Result<Found, Problem> {
    let known_before = match baseline {
        Some(path) if !write => Some(Baseline::read(&yaml::read_file(path, &yaml::Limits::default())?)?),
        _ => None,
    };
    let (Read { project, has_project, mut looked }, of_project) = read_anyway(sources)?;
    let whole = sources.sources.is_empty() && of_project.is_empty();
    looked.finish(&project, has_project, whole, day(jiff::Timestamp::now()));
    let here = here()?;
    let root = if has_project { project.root.clone() } else { here.clone() };
    let mut found = Found {
        policies: looked.loaded.policies.len() + looked.loaded.broken.len(),
        names: has_project.then(|| known(&project)),
        ..Found::only(Vec::new(), here)
    };
    found.base.root = root;
    let mut lints = Vec::new();
    for said in looked.said {
        match said.allowed {
            Some(reason) => found.allowed.push((said.diag, reason)),
            None => lints.push(said.diag),
        }
    }
    let mut loading = of_project;
    loading.extend(looked.loaded.diags);
    // Whether names of the project file fit can only be told with all policies at hand.
    if has_project && whole && !has_errors(&loading) && !has_errors(&lints) {
        let targets: Vec<_> = project.targets.iter().map(targets::info).collect();
        let selection = Selection::default();
        let policies = &looked.loaded.policies;
        let input =
            Input { policies, targets: &targets, project: &project, selection: &selection, has_project };
        loading.extend(bind(&input).err().unwrap_or_default());
    }
    let lints = once(lints);
    let prints = fingerprints(&lints, &found.base);
    if let (Some(path), true) = (baseline, write) {
        let text = written(&lints.iter().collect::<Vec<_>>(), &prints, &found.base);
        output::write_file(path, &text)?;
        output::note(&format!("{} findings are written to {}", lints.len(), path.display()));
        found.known = lints.len();
        found.diags = once(loading);
    } else if let Some(baseline) = known_before {
        let unread: HashSet<String> = files(&loading, &found.base);
        let read: HashSet<String> =
            looked.loaded.policies.iter().map(|policy| found.base.name(&policy.loc.source.name)).collect();
        let looked_at = |file: &str| !unread.contains(file) && (whole || read.contains(file));
        let stale = baseline.stale(&prints, looked_at);
        let knows = baseline.knows(&prints);
        found.known = knows.iter().filter(|known| **known).count();
        let new = lints.into_iter().zip(knows).filter(|(_, known)| !known).map(|(diag, _)| diag);
        found.diags = once(loading.into_iter().chain(new).chain(stale).collect());
    } else {
        found.diags = once(loading.into_iter().chain(lints).collect());
    }
    found.diags.sort_by_key(|diag| std::cmp::Reverse(diag.level));
    Ok(found)
}

/// The files that these are about.
fn files(diags: &[Diag], base: &Base) -> HashSet<String> {
    let labels = diags.iter().flat_map(|diag| &diag.labels);
    labels.map(|label| base.name(&label.loc.source.name)).collect()
}

/// Each thing once: two passes may see the same mistake.
fn once(diags: Vec<Diag>) -> Vec<Diag> {
    let mut seen = HashSet::new();
    let new = |diag: &Diag| {
        let place = diag.labels.first().map(|label| &label.loc);
        let place = place.map(|loc| (Arc::clone(&loc.source.name), loc.start, loc.end));
        seen.insert((diag.code.id, diag.message.clone(), place))
    };
    let mut new = new;
    diags.into_iter().filter(|diag| new(diag)).collect()
}
