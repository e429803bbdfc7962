//! Evidence of a period, out of the store: what every run saw, with the past that it was given, and the texts that judged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::audit::{Promise, PromisedPiece};
use crate::cli::edge::host;
use crate::cli::memory::{self, unusable};
use crate::cli::output::Problem;
use crate::cli::record::Mask;
use crate::evidence::{
    Edition, EvidenceError, Judge, Laid, Material, Options, Period, Piece, Run, Scope, write,
};
use crate::fact::Recording;
use crate::secret::Redactor;
use crate::store::{Ledger, LedgerRun, Store, StoreError};
use crate::verdict::{RunReport, Verdict};

use super::gather::Gathered;
use super::judge::{Ready, Rejudge};
use super::{bundle, key, problem};

/// How evidence is made.
pub(super) struct How<'a> {
    pub(super) dir: &'a Path,
    pub(super) anchor: Option<&'a Path>,
    pub(super) mask: &'a [String],
}

/// Makes it, and says what was made.
pub(super) fn make(
    gathered: &Gathered,
    pages: Vec<(String, String)>,
    how: &How<'_>,
) -> Result<String, Problem> {
    let Gathered { audit, ledger, promises, setup, path } = gathered;
    let (redactor, guard) = (Redactor::new(), Redactor::new());
    key::learn(&setup.project, &redactor, &guard);
    let signing = key::signing(&setup.project, &guard, audit.made)?;
    let mask = bundle::mask(setup, how.mask, &redactor)?;
    let anchor = how.anchor.map(|anchor| bundle::outside(anchor, how.dir)).transpose()?;
    let (editions, places) = editions(ledger, promises)?;
    let verdicts = verdicts(ledger);
    let kept = kept(ledger, &places);
    let left_out = left_out(ledger, &kept, promises);
    let expected =
        kept.iter().map(|one| (one.run.started, verdicts.get(&one.place).cloned().unwrap_or_default()));
    let mut judge = Checked { inner: Rejudge::default(), expected: expected.collect() };
    let runtime = memory::waiting().map_err(|error| unusable(&error))?;
    let store = runtime.block_on(Store::open(path)).map_err(|error| unusable(&error))?;
    let laid = editions.iter().enumerate().map(|(place, edition)| Laid {
        number: place + 1,
        root: setup.project.root.clone(),
        edition: edition.clone(),
    });
    let mut reader = Reader {
        runtime,
        store,
        laid: laid.collect(),
        plans: BTreeMap::new(),
        verdicts: &verdicts,
        mask: mask.as_ref(),
        redactor: &redactor,
    };
    let material = Material {
        period: Period { name: audit.period.name.clone(), from: audit.period.from, until: audit.period.to },
        muster: env!("CARGO_PKG_VERSION").to_owned(),
        host: host(),
        made: audit.made,
        masked: mask.is_some(),
        editions,
        runs: Box::new(kept.iter().map(move |one| reader.read(one))),
        audit: pages.into_iter().map(|(name, text)| (name, text.into_bytes())).collect(),
        left_out: left_out.clone(),
    };
    let holds_secret = |text: &str| guard.clean(text) != text;
    let options = Options { key: signing.as_ref(), anchor, holds_secret: &holds_secret };
    let written = write(material, how.dir, &options, &mut judge).map_err(|error| refused(&error))?;
    let mut said = bundle::shown(how.dir, &written, signing.as_ref().map(|key| key.public().id()));
    left_out.iter().for_each(|line| said.push_str(&format!("  not in it     {line}\n")));
    Ok(said)
}

/// The runs that are not in it, a line for each reason.
fn left_out(ledger: &Ledger, kept: &[Kept<'_>], promises: &BTreeMap<Arc<str>, Promise>) -> Vec<String> {
    let known: BTreeSet<usize> = kept.iter().map(|one| one.place).collect();
    let mut whys: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
    for (_, run) in ledger.runs.iter().enumerate().filter(|(place, _)| !known.contains(place)) {
        let why = match run.promised.as_ref() {
            None => "it named only some policies, or judged otherwise than the project says",
            Some(digest) => promises
                .get(digest)
                .and_then(|promise| promise.unkept.as_deref())
                .unwrap_or("the texts that judged were not kept"),
        };
        whys.entry(why).or_default().push(run.started);
    }
    let line = |(why, mut times): (&str, Vec<Timestamp>)| {
        times.sort_unstable();
        let span = match (times.first(), times.last()) {
            (Some(first), Some(last)) if first != last => format!("{} runs, {first} to {last}", times.len()),
            (Some(only), _) => format!("1 run, {only}"),
            (None, _) => "no run".to_owned(),
        };
        format!("{span}: {why}")
    };
    whys.into_iter().map(line).collect()
}

fn refused(error: &EvidenceError) -> Problem {
    match error {
        EvidenceError::Nothing => Problem::usage(
            "no run of the period was kept with the texts that judged it, so that there is no evidence of any",
            "runs of everything (`muster check` without named policies) are kept with them",
        ),
        other => problem(other),
    }
}

/// A run whose texts were kept.
struct Kept<'a> {
    /// Its position in the ledger.
    place: usize,
    run: &'a LedgerRun,
    /// Which edition judged it.
    edition: usize,
}

/// Those runs, in the order of their times.
fn kept<'a>(ledger: &'a Ledger, places: &Places) -> Vec<Kept<'a>> {
    let edition = |run: &LedgerRun| places.get(run.promised.as_ref()?).copied();
    let runs = ledger.runs.iter().enumerate();
    let mut all: Vec<Kept<'_>> =
        runs.filter_map(|(place, run)| Some(Kept { place, run, edition: edition(run)? })).collect();
    all.sort_by_key(|one| one.run.started);
    all
}

/// Reads runs out of the store, so that each can be judged by itself.
struct Reader<'a> {
    runtime: tokio::runtime::Runtime,
    store: Store,
    laid: Vec<Laid>,
    plans: BTreeMap<(usize, Scope), Result<Ready, String>>,
    verdicts: &'a BTreeMap<usize, Verdicts>,
    mask: Option<&'a Mask>,
    redactor: &'a Redactor,
}

impl Reader<'_> {
    fn read(&mut self, one: &Kept<'_>) -> Result<Run, String> {
        let (id, edition) = (one.run.uid.to_string(), one.edition);
        let scope = Scope {
            environment: one.run.environment.as_deref().map(str::to_owned),
            checks: self
                .verdicts
                .get(&one.place)
                .map(|all| all.keys().cloned().collect())
                .unwrap_or_default(),
            ..Scope::default()
        };
        let recorded =
            self.runtime.block_on(self.store.recording(one.run.id)).map_err(|error| error.to_string())?;
        let mut recording =
            recorded.ok_or_else(|| format!("the run {} was kept without what it saw", one.run.id))?;
        let (laid, asked) = (self.laid.get(edition), (edition, scope.clone()));
        let ready = self.plans.entry(asked).or_insert_with(|| {
            laid.map_or_else(
                || Err("its texts were not kept".to_owned()),
                |laid| Ready::of(laid, &scope, false),
            )
        });
        // Whoever judges it says why it cannot be judged.
        let Ok(ready) = ready.as_ref() else {
            return Ok(Run { id, edition, scope, recording, report: None });
        };
        recording.past =
            self.runtime.block_on(past(&self.store, ready, &recording)).map_err(|error| error.to_string())?;
        let recording = bundle::ready(recording, &ready.setup, &ready.plan, self.mask, self.redactor)?;
        Ok(Run { id, edition, scope, recording, report: None })
    }
}

/// Which edition each promise refers to.
pub(super) type Places = BTreeMap<Arc<str>, usize>;

/// The texts that judged, each once, and which of them each promise refers to.
pub(super) fn editions(
    ledger: &Ledger,
    promises: &BTreeMap<Arc<str>, Promise>,
) -> Result<(Vec<Edition>, Places), Problem> {
    let lost = |name: &str, why: &str| {
        Problem::usage(
            format!("the store cannot give back `{name}`: {why}"),
            "restore the store from a backup",
        )
    };
    let mut editions: Vec<Edition> = Vec::new();
    let mut places = BTreeMap::new();
    for (digest, promise) in promises.iter().filter(|(_, promise)| !promise.pieces.is_empty()) {
        let mut pieces = Vec::new();
        for PromisedPiece { name, role, digest } in &promise.pieces {
            let text = ledger.policies.get(digest).ok_or_else(|| lost(name, "its text is gone"))?.to_string();
            let role =
                serde_json::from_value(role.clone()).map_err(|error| lost(name, &error.to_string()))?;
            pieces.push(Piece { name: name.clone(), role, text });
        }
        let edition = Edition { pieces };
        let place = editions.iter().position(|known| *known == edition).unwrap_or_else(|| {
            editions.push(edition);
            editions.len() - 1
        });
        places.insert(Arc::clone(digest), place);
    }
    Ok((editions, places))
}

/// How the checks of a run were judged, by policy and target.
type Verdicts = BTreeMap<(String, String), Verdict>;

fn verdicts(ledger: &Ledger) -> BTreeMap<usize, Verdicts> {
    let mut all: BTreeMap<usize, Verdicts> = BTreeMap::new();
    for one in ledger.judged.iter().filter(|one| !one.notice) {
        if let Some((policy, target, _)) = ledger.checks.get(one.check) {
            let name = (policy.to_string(), target.to_string());
            all.entry(one.run).or_default().insert(name, one.verdict);
        }
    }
    all
}

/// The past that a run was given: of the runs before it.
pub(super) async fn past(
    store: &Store,
    ready: &Ready,
    recording: &Recording,
) -> Result<crate::fact::Past, StoreError> {
    let at = recording.started;
    let mut past = store.past(&ready.plan.past(), at).await?;
    past.recall = memory::held_before(store, &ready.plan, at).await?;
    Ok(past)
}

/// Judges, and holds what it says against what the store remembers.
struct Checked {
    inner: Rejudge,
    expected: BTreeMap<Timestamp, Verdicts>,
}

impl Judge for Checked {
    fn judge(&mut self, laid: &Laid, scope: &Scope, recording: &Recording) -> Result<RunReport, String> {
        let report = self.inner.judge(laid, scope, recording)?;
        let Some(expected) = self.expected.get(&recording.started) else { return Ok(report) };
        for check in &report.checks {
            let name = (check.policy.to_string(), check.target.to_string());
            let then = expected.get(&name).copied();
            if then.is_some_and(|then| then != check.verdict) {
                return Err(format!(
                    "`{}` at `{}` was judged {} then, and is {} now",
                    check.policy,
                    check.target,
                    then.map_or("", Verdict::word),
                    check.verdict.word()
                ));
            }
        }
        Ok(report)
    }
}
