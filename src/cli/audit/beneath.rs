//! What findings said that a waiver hid: their runs are judged again, by the texts that judged them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::audit::{Moment, Promise, Reading, Readings, moments};
use crate::cli::baseline::{self, Scene};
use crate::cli::memory::{self, unusable};
use crate::cli::output::Problem;
use crate::cli::setup::Setup;
use crate::evidence::{Edition, Laid, Scope};
use crate::judge::compared;
use crate::store::{Ledger, LedgerRun, Store, StoreError};
use crate::verdict::{Finding, RunReport, Verdict};

use super::evidence::{Places, editions, past};
use super::judge::{Ready, said};

/// Runs that are judged again at most; of those beyond it is said that they were not.
const MOST: usize = 100;

/// Which texts, and of which environment.
type Asked = (usize, Option<Arc<str>>);

/// Looks up what waivers hid in the runs of a ledger.
pub(super) fn readings(
    ledger: &Ledger,
    promises: &BTreeMap<Arc<str>, Promise>,
    setup: &Setup,
    path: &Path,
) -> Result<Readings, Problem> {
    let moments = moments(ledger);
    let mut readings = Readings::new();
    if moments.is_empty() {
        return Ok(readings);
    }
    let mut runs: BTreeMap<usize, Vec<&Moment>> = BTreeMap::new();
    moments.iter().for_each(|moment| runs.entry(moment.run).or_default().push(moment));
    // Most findings share the last run, and it comes first.
    let mut order: Vec<usize> = runs.keys().copied().collect();
    order.sort_by_key(|run| std::cmp::Reverse((runs.get(run).map_or(0, Vec::len), *run)));
    // What cannot be read back stops evidence; here it only leaves numbers out.
    let texts = editions(ledger, promises).map_err(|problem| said(&problem));
    let again = Again { ledger, root: &setup.project.root, texts: &texts, moments: &moments };
    let read = memory::wait(async {
        let store = Store::open(path).await?;
        let mut ready = BTreeMap::new();
        let mut all = Vec::new();
        for (number, run) in order.iter().enumerate() {
            let report = if number < MOST {
                again.judge(&store, *run, &mut ready).await
            } else {
                Err(format!("only {MOST} runs are judged again for this"))
            };
            all.push((*run, report));
        }
        store.close().await;
        Ok(all)
    });
    for (run, report) in read.map_err(|error| unusable(&error))? {
        for moment in runs.get(&run).into_iter().flatten() {
            let reading = match &report {
                Ok((report, ready)) => reading(report, ready, moment),
                Err(why) => Err(why.clone()),
            };
            readings.insert((run, Arc::clone(&moment.finding)), reading);
        }
    }
    Ok(readings)
}

/// What runs are judged again by.
struct Again<'a> {
    ledger: &'a Ledger,
    root: &'a Path,
    texts: &'a Result<(Vec<Edition>, Places), String>,
    moments: &'a [Moment],
}

/// Texts that were read and bound.
type Bound = BTreeMap<Asked, Result<Arc<Ready>, String>>;

/// A run that was judged again, with what judged it; or why that cannot be.
type Judged = Result<(RunReport, Arc<Ready>), String>;

impl Again<'_> {
    fn asked(&self, run: &LedgerRun) -> Result<Asked, String> {
        let (_, places) = self.texts.as_ref().map_err(Clone::clone)?;
        let digest = run.promised.as_ref().ok_or("that run named only some policies")?;
        let edition = places.get(digest).ok_or("the texts that judged then were not kept")?;
        Ok((*edition, run.environment.clone()))
    }

    /// The checks that are looked up by the same texts, each of which they know.
    fn scope(&self, asked: &Asked) -> Scope {
        let mut checks: BTreeSet<(String, String)> = BTreeSet::new();
        for moment in self.moments {
            let run = self.ledger.runs.get(moment.run);
            let is_asked = run.is_some_and(|run| self.asked(run).as_ref() == Ok(asked));
            if let Some((policy, target, _)) = self.ledger.checks.get(moment.check).filter(|_| is_asked) {
                checks.insert((policy.to_string(), target.to_string()));
            }
        }
        let environment = asked.1.as_deref().map(str::to_owned);
        Scope { environment, checks: checks.into_iter().collect(), ..Scope::default() }
    }

    fn ready(&self, asked: &Asked) -> Result<Arc<Ready>, String> {
        let (editions, _) = self.texts.as_ref().map_err(Clone::clone)?;
        let edition = editions.get(asked.0).ok_or("its texts are gone")?.clone();
        let laid = Laid { number: asked.0 + 1, root: self.root.to_owned(), edition };
        Ready::of(&laid, &self.scope(asked), false).map(Arc::new)
    }

    /// What cannot be read back of a run leaves out its numbers, and not the audit.
    async fn judge(&self, store: &Store, run: usize, bound: &mut Bound) -> Judged {
        let run = self.ledger.runs.get(run).ok_or("that run is gone")?;
        let asked = self.asked(run)?;
        let ready = bound.entry(asked.clone()).or_insert_with(|| self.ready(&asked)).clone()?;
        let unreadable = |error: StoreError| error.to_string();
        let recording = store.recording(run.id).await.map_err(unreadable)?;
        let mut recording = recording.ok_or("that run was kept without what it saw")?;
        recording.past = past(store, &ready, &recording).await.map_err(unreadable)?;
        let scene = Scene::of(&recording);
        let place = (&ready.setup.project, &ready.setup.entries[..]);
        baseline::add(place, &ready.plan, &mut recording.past, &scene).map_err(|problem| said(&problem))?;
        Ok((ready.judge(&recording)?, ready))
    }
}

/// What the finding said, judged again.
fn reading(report: &RunReport, ready: &Ready, moment: &Moment) -> Result<Reading, String> {
    let findings = report.checks.iter().flat_map(|check| &check.findings);
    let finding: &Finding = findings
        .into_iter()
        .find(|finding| finding.id == moment.finding)
        .ok_or("judged again it is not found")?;
    if finding.verdict != moment.verdict {
        let (then, now) = (moment.verdict.word(), finding.verdict.word());
        return Err(format!("it was judged {then} then, and is {now} judged again"));
    }
    // Where nothing could be read, nothing was compared.
    if finding.beneath.unwrap_or(finding.verdict) == Verdict::Unknown {
        return Ok(Reading { waiver: finding.waiver.clone(), compared: Vec::new() });
    }
    let policy = ready.setup.policies().iter().find(|policy| policy.id == finding.policy);
    let compared = policy.map(|policy| compared(policy, finding)).unwrap_or_default();
    Ok(Reading { waiver: finding.waiver.clone(), compared })
}
