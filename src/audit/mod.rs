//! The audit: what was promised, what was judged of it, what was found over time, what was allowed. Pure: what the store
//! knows and the project says is handed in.

mod beneath;
#[cfg(test)]
mod beneath_tests;
mod changes;
pub mod coverage;
mod days;
mod exception;
mod exceptions;
mod history;
mod model;
mod period;
mod population;
mod promise;
mod runs;
mod standing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::store::{Ledger, LedgerRun};

pub use beneath::{Moment, Reading, Readings, moments};
pub use changes::Compare;
pub use exception::{Allowed, Beneath, Exception, ExceptionKind, Figure, Moved, Scope};
pub use model::{
    Ahead, Attested, Audit, ClockJump, Control, Counted, Day, Framework, Gap, History, Interrupted, Pattern,
    PatternKind, Period, PolicyMoved, Population, RunDay, RunTold, Source, Spell, VerdictMoved,
};
pub use period::{NotAPeriod, period, since};
pub use promise::{Due, Promise, PromisedCheck, PromisedPiece, overdue};
pub use standing::{Checks, Open, Tried, hides, open, tried};

/// Version of the model's JSON.
const FORMAT: u32 = 1;

/// What an audit is made of.
pub struct Given<'a> {
    /// The time.
    pub period: Period,
    /// What the store knows of it.
    pub ledger: &'a Ledger,
    /// What was promised, by digest.
    pub promises: &'a BTreeMap<Arc<str>, Promise>,
    /// What each promise allows.
    pub allowed: &'a BTreeMap<Arc<str>, Vec<Allowed>>,
    /// What was looked up of findings that were hidden.
    pub readings: &'a Readings,
    /// Compares two texts of a policy.
    pub compare: &'a Compare<'a>,
    /// Version of muster.
    pub muster: Arc<str>,
    /// This host.
    pub host: Arc<str>,
    /// When it is made.
    pub made: Timestamp,
    /// Path of the store.
    pub path: String,
}

/// Puts an audit together. Controls, attestations and what lies ahead are added by whoever knows them.
pub fn audit(given: Given<'_>) -> Audit {
    let Given { period, ledger, promises, allowed, readings, compare, muster, host, made, path } = given;
    let judged = ledger.by_check();
    let both = (ledger, &judged);
    let promised = population::promised(ledger, promises, &period);
    let population = population::population(both, &promised, &period);
    let findings = history::histories(ledger, &judged);
    let runs = runs::runs(ledger, promises);
    let patterns = history::patterns(both, &population.checks, &findings, &period);
    let (hosts, versions): (BTreeSet<Arc<str>>, BTreeSet<Arc<str>>) =
        ledger.runs.iter().map(|run| (Arc::clone(&run.host), Arc::clone(&run.muster))).unzip();
    // Nor is anything counted of a promise that was lost.
    let is_known =
        |run: &&LedgerRun| run.promised.as_ref().is_some_and(|digest| promises.contains_key(digest));
    let unpromised = ledger.runs.iter().filter(|run| !is_known(run)).count();
    Audit {
        audit: FORMAT,
        muster,
        host,
        made,
        store: Source {
            path,
            runs: ledger.runs.len() as u64,
            unpromised: unpromised as u64,
            first: ledger.span.map(|(first, _)| first),
            last: history::last_run(ledger),
            hosts: hosts.into_iter().collect(),
            versions: versions.into_iter().collect(),
        },
        controls: Vec::new(),
        attestations: Vec::new(),
        exceptions: exceptions::exceptions(both, allowed, readings),
        changes: changes::changes(both, promises, compare),
        run_days: runs::days((ledger, &runs), promises, &period),
        runs,
        days: days::days(ledger, &period),
        outlook: Vec::new(),
        population,
        findings,
        patterns,
        period,
    }
}
