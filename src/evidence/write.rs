//! Making evidence: whole, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::index::{Entry, Index, NONE_BEFORE, Placed};
use super::key::SigningKey;
use super::names::{self, INDEX, KEY, MANIFEST, OSCAL, README, STATEMENT, digest};
use super::stage::{HoldsSecret, Stage};
use super::summary::Summary;
use super::verify::listed_differences;
use super::{
    Edition, EvidenceError, FORMAT, Judge, Laid, Material, Role, Run, anchor, findings, first_difference,
    oscal, plain, readme, statement,
};
use crate::fact::Recording;
use crate::verdict::{Check, RunReport};

/// How it is made.
pub struct Options<'o> {
    /// Signs it.
    pub key: Option<&'o SigningKey>,
    /// A file elsewhere that gets a line about it.
    pub anchor: Option<&'o Path>,
    /// Does a text hold a secret? What does is not written.
    pub holds_secret: &'o HoldsSecret<'o>,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// How many runs.
    pub runs: usize,
    /// How many files, with the list and the statement.
    pub files: usize,
    /// How many bytes.
    pub bytes: u64,
    /// Digest of the list.
    pub manifest: String,
    /// The last link of the chain.
    pub head: String,
    /// Runs that this version of muster does not judge as they were judged, with the reason.
    pub not_again: Vec<(String, String)>,
}

/// Makes evidence at this path, where nothing may be yet.
pub fn write(
    material: Material<'_>,
    target: &Path,
    options: &Options<'_>,
    judge: &mut dyn Judge,
) -> Result<Written, EvidenceError> {
    let mut stage = Stage::begin(target, options.holds_secret)?;
    let (mut editions, mut laid) = (Vec::new(), Vec::new());
    for (at, edition) in material.editions.into_iter().enumerate() {
        let placed = lay(&mut stage, at + 1, &edition)?;
        laid.push(Laid { number: at + 1, root: root(stage.path(), at + 1), edition });
        editions.push(placed);
    }
    let mut index = Index {
        evidence: FORMAT,
        muster: material.muster,
        host: material.host,
        made: material.made,
        period: material.period,
        masked: material.masked,
        key: options.key.map(|key| key.public().id()),
        editions,
        reports: material.audit.iter().map(|(name, _)| name.clone()).collect(),
        left_out: material.left_out,
        runs: Vec::new(),
    };
    let mut summary = Summary::default();
    for run in material.runs {
        let run = run.map_err(EvidenceError::Input)?;
        one(&mut stage, &mut index, &mut summary, run, &laid, judge)?;
    }
    if index.runs.is_empty() {
        return Err(EvidenceError::Nothing);
    }
    for (name, bytes) in &material.audit {
        stage.add(name, bytes)?;
    }
    finish(stage, &index, &summary, options)
}

/// The folder of an edition's project file.
pub(super) fn root(folder: &Path, edition: usize) -> std::path::PathBuf {
    folder.join(names::edition(edition)).join("project")
}

fn lay(stage: &mut Stage<'_>, number: usize, edition: &Edition) -> Result<Vec<Placed>, EvidenceError> {
    if edition.pieces.first().is_none_or(|piece| piece.role != Role::Project) {
        return Err(EvidenceError::Input("evidence needs a project file".to_owned()));
    }
    let mut placed = Vec::new();
    for (at, piece) in edition.pieces.iter().enumerate() {
        let path = names::piece(number, piece, at);
        stage.add(&path, piece.text.as_bytes())?;
        placed.push(Placed { name: piece.name.clone(), role: piece.role.clone(), path });
    }
    Ok(placed)
}

/// Adds a run.
fn one(
    stage: &mut Stage<'_>,
    index: &mut Index,
    summary: &mut Summary,
    run: Run,
    laid: &[Laid],
    judge: &mut dyn Judge,
) -> Result<(), EvidenceError> {
    let number = index.runs.len() + 1;
    let id = run.id;
    let wrong = |why: &str| EvidenceError::Input(format!("the run `{}` {why}", id.escape_debug()));
    let laid = laid.get(run.edition).ok_or_else(|| wrong("names a project that is not there"))?;
    if id.is_empty() || id.chars().any(char::is_control) {
        return Err(wrong("has no name that can be written"));
    }
    let started = run.recording.started;
    if index.runs.last().is_some_and(|last| last.started > started) {
        return Err(wrong("is older than the one before it"));
    }
    if started < index.period.from || started >= index.period.until {
        return Err(wrong("is not of the period"));
    }
    let text = run.recording.to_text();
    // What is judged is what lies there, and not what it was made of.
    let recording = Recording::from_text(&text).map_err(|why| wrong(&format!("cannot be written: {why}")))?;
    if recording != run.recording {
        return Err(wrong("does not come back as it was written"));
    }
    let now = judge.judge(laid, &run.scope, &recording).map(|report| findings(&plain(report, &recording)));
    let (found, not_again) = match (run.report, now) {
        (None, Ok(now)) => (now, None),
        (None, Err(why)) => return Err(wrong(&format!("cannot be judged: {why}"))),
        (Some(then), now) => {
            let then = findings(&plain(then, &recording));
            let not_again = now.map_or_else(Some, |now| {
                let at = first_difference(then.as_bytes(), now.as_bytes())?;
                Some(format!("it is judged otherwise by the project and the policies that lie here ({at})"))
            });
            (then, not_again)
        }
    };
    let report: RunReport =
        serde_json::from_str(&found).map_err(|error| wrong(&format!("cannot be written: {error}")))?;
    summary.add(number, &report);
    let changed_policies = changed(&recording, &report);
    let mut entry = Entry {
        run: number,
        started,
        edition: laid.number,
        scope: run.scope,
        recording: stage.add(&names::recording(number), text.as_bytes())?,
        findings: stage.add(&names::findings(number), found.as_bytes())?,
        not_again,
        changed_policies,
        previous: index.runs.last().map_or_else(|| NONE_BEFORE.to_owned(), |last| last.link.clone()),
        link: String::new(),
        id,
    };
    entry.link = entry.linked(&entry.previous);
    index.runs.push(entry);
    Ok(())
}

/// Policies whose text is another one than when their facts were recorded.
pub(super) fn changed(recording: &Recording, report: &RunReport) -> Vec<String> {
    let then: BTreeMap<&str, &str> =
        recording.policies.iter().map(|(id, digest)| (&**id, &**digest)).collect();
    let is = |check: &&Check| then.get(&*check.policy).is_some_and(|digest| **digest != *check.digest);
    let changed: BTreeSet<&str> = report.checks.iter().filter(is).map(|check| &*check.policy).collect();
    changed.into_iter().map(str::to_owned).collect()
}

/// Adds what follows from the rest, looks at all of it once more, signs it and lets it appear.
fn finish(
    mut stage: Stage<'_>,
    index: &Index,
    summary: &Summary,
    options: &Options<'_>,
) -> Result<Written, EvidenceError> {
    let unwritable = |error: serde_json::Error| EvidenceError::Input(error.to_string());
    if let Some(key) = options.key {
        stage.add(KEY, key.public().to_pem().as_bytes())?;
    }
    stage.add(OSCAL, oscal::document(index, summary).map_err(unwritable)?.as_bytes())?;
    stage.add(INDEX, index.to_text().map_err(unwritable)?.as_bytes())?;
    stage.add(README, readme::text(index).as_bytes())?;
    let manifest = stage.manifest.to_text();
    stage.put(MANIFEST, manifest.as_bytes())?;
    // Nothing is signed that does not hold.
    if let Some(difference) = listed_differences(stage.path()).into_iter().next() {
        let why = format!("`{}` is not what was written: {}", difference.path, difference.says);
        return Err(EvidenceError::Input(why));
    }
    let manifest_digest = digest(manifest.as_bytes());
    let mut bytes =
        manifest.len() as u64 + stage.manifest.files.values().map(|listed| listed.size).sum::<u64>();
    let mut files = stage.manifest.files.len() + 1;
    if let Some(key) = options.key {
        let statement =
            statement::statement(index, summary, &stage.manifest, &manifest_digest).map_err(unwritable)?;
        let sealed = statement::seal(statement.as_bytes(), key).map_err(unwritable)?;
        stage.put(STATEMENT, sealed.as_bytes())?;
        (files, bytes) = (files + 1, bytes + sealed.len() as u64);
    }
    if let Some(path) = options.anchor {
        anchor::append(path, index, &manifest_digest, options.key)?;
    }
    stage.finish()?;
    let not_again = index.runs.iter().filter_map(|entry| Some((entry.id.clone(), entry.not_again.clone()?)));
    Ok(Written {
        runs: index.runs.len(),
        files,
        bytes,
        manifest: manifest_digest,
        head: index.head().to_owned(),
        not_again: not_again.collect(),
    })
}
