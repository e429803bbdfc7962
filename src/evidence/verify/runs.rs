//! The chain of the runs, and each of them judged again.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Checked, Look, NotJudged};
use crate::evidence::index::{Entry, Index, Placed};
use crate::evidence::names::{self, INDEX, KEY, OSCAL, README};
use crate::evidence::summary::Summary;
use crate::evidence::write::{changed, root};
use crate::evidence::{Edition, Judge, Laid, Piece, findings, first_difference, plain};
use crate::fact::Recording;

/// What a run says now.
pub(super) struct Again {
    /// When its recording began, by its own word.
    started: Timestamp,
    findings: String,
    /// Policies that had another text when it was recorded.
    changed: Vec<String>,
}

/// All files that belong to evidence.
pub(super) fn files_of(index: &Index) -> BTreeSet<String> {
    let placed = index.editions.iter().flatten().map(|placed| placed.path.clone());
    let numbers = 1..=index.runs.len();
    let runs = numbers.flat_map(|number| [names::recording(number), names::findings(number)]);
    let own = [INDEX, OSCAL, README].into_iter().chain(index.key.as_ref().map(|_| KEY)).map(str::to_owned);
    placed.chain(runs).chain(own).chain(index.reports.iter().cloned()).collect()
}

impl Look<'_> {
    /// Is the chain whole, and are its files those of the list?
    pub(super) fn chain(&mut self, index: &Index) {
        for (run, why) in index.broken() {
            self.differs(INDEX, "chain", format!("run {run}: {why}"));
        }
        if self.manifest.files.is_empty() {
            return;
        }
        for entry in &index.runs {
            let files = [
                (names::recording(entry.run), &entry.recording),
                (names::findings(entry.run), &entry.findings),
            ];
            for (path, digest) in files {
                let listed = self.manifest.files.get(&path);
                if listed.is_some_and(|listed| listed.digest != *digest) {
                    self.differs(
                        INDEX,
                        "chain",
                        format!("run {}: `{path}` is not the file that is part of it", entry.run),
                    );
                }
            }
        }
        self.places(index);
    }

    /// Every text lies where texts of its name lie.
    fn places(&mut self, index: &Index) {
        for (edition, placed) in index.editions.iter().enumerate() {
            for (at, placed) in placed.iter().enumerate() {
                let piece =
                    Piece { name: placed.name.clone(), role: placed.role.clone(), text: String::new() };
                if names::piece(edition + 1, &piece, at) != placed.path {
                    self.differs(INDEX, "index", format!("`{}` does not lie where it belongs", placed.name));
                }
            }
        }
    }

    /// The texts of an edition, if they are as they were.
    fn laid(&self, number: usize, placed: &[Placed], bad: &BTreeSet<String>) -> Option<Laid> {
        let piece = |placed: &Placed| {
            let text = if bad.contains(&placed.path) { None } else { self.text(&placed.path) };
            Some(Piece { name: placed.name.clone(), role: placed.role.clone(), text: text? })
        };
        let pieces = placed.iter().map(piece).collect::<Option<Vec<_>>>()?;
        Some(Laid { number, root: root(self.folder, number), edition: Edition { pieces } })
    }

    /// Judges every run again. What they say together, if all of it is there.
    pub(super) fn judge(
        &mut self,
        index: &Index,
        judge: &mut dyn Judge,
        checked: &mut Checked,
    ) -> Option<Summary> {
        let bad = self.bad();
        let laid: Vec<Option<Laid>> =
            index.editions.iter().enumerate().map(|(at, placed)| self.laid(at + 1, placed, &bad)).collect();
        let mut summary = Some(Summary::default());
        for entry in &index.runs {
            let laid = entry.edition.checked_sub(1).and_then(|at| laid.get(at)).and_then(Option::as_ref);
            let again = self.again(entry, laid, &bad, judge);
            let (found, path) = (self.read(&names::findings(entry.run)), names::findings(entry.run));
            self.compare(index, entry, again, found.as_deref(), checked);
            let report = found.filter(|_| !bad.contains(&path));
            let report = report.and_then(|found| serde_json::from_slice(&found).ok());
            match (&mut summary, report) {
                (Some(summary), Some(report)) => summary.add(entry.run, &report),
                _ => summary = None,
            }
        }
        summary
    }

    /// What a run says now. Nothing, if what it is judged by is not as it was, which is told already.
    fn again(
        &self,
        entry: &Entry,
        laid: Option<&Laid>,
        bad: &BTreeSet<String>,
        judge: &mut dyn Judge,
    ) -> Option<Result<Again, String>> {
        let path = names::recording(entry.run);
        if bad.contains(&path) {
            return None;
        }
        let (laid, text) = (laid?, self.text(&path)?);
        let judged = Recording::from_text(&text).and_then(|recording| {
            let report = plain(judge.judge(laid, &entry.scope, &recording)?, &recording);
            Ok(Again {
                started: recording.started,
                changed: changed(&recording, &report),
                findings: findings(&report),
            })
        });
        Some(judged)
    }

    fn compare(
        &mut self,
        index: &Index,
        entry: &Entry,
        again: Option<Result<Again, String>>,
        found: Option<&[u8]>,
        checked: &mut Checked,
    ) {
        let path = names::findings(entry.run);
        let mut not_again =
            |why: String| checked.not_again.push(NotJudged { run: entry.run, id: entry.id.clone(), why });
        let now = match again {
            None => return not_again("what it is judged by is not as it was".to_owned()),
            Some(Err(why)) => return not_again(why),
            Some(Ok(now)) => now,
        };
        let Some(found) = found else { return not_again("its findings are gone".to_owned()) };
        if now.started != entry.started {
            self.differs(
                INDEX,
                "chain",
                format!("run {}: its recording began at {}", entry.run, now.started),
            );
        }
        match (first_difference(found, now.findings.as_bytes()), &entry.not_again) {
            (None, _) => {
                checked.judged_again += 1;
                if now.changed != entry.changed_policies {
                    let says = "it does not say which policies had another text when it was recorded";
                    self.differs(INDEX, "judged", format!("run {}: {says}", entry.run));
                }
            }
            (Some(_), Some(why)) => not_again(why.clone()),
            (Some(at), None) => {
                let own = env!("CARGO_PKG_VERSION");
                let version = if index.muster == own {
                    String::new()
                } else {
                    format!("; it was made by muster {}, and this is {own}", index.muster)
                };
                self.differs(
                    &path,
                    "judged",
                    format!("judged again, the recording gives something else from {at}{version}"),
                );
            }
        }
    }
}
