//! One run: bind, recall, observe, judge, report.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashSet;
use jiff::Timestamp;

use crate::fact::{About, Identity, Missing, Observation, Past, ProbeMark, Recording, Request, catalogue};
use crate::judge::{Assembly, Given, Outcome, assemble, judge};
use crate::observe::{Cancel, Ledger, Live, Observer, Replay, Spent, verify};
use crate::plan::{Check, Input, Plan, bind, bind_as_far};
use crate::policy::cores::{on_all_cores, one_by_one};
use crate::probe::system_clock;
use crate::secret::Redactor;
use crate::store::{Seen, StoreError};
use crate::verdict::{Finding, ProbeTime, RunReport, Timings, Verdict};

use super::baseline::{self, Scene};
use super::broken::Broken;
use super::edge::{Watch, host};
use super::memory::Memory;
use super::output::Problem;
use super::promise;
use super::records::Remembered;
use super::setup::Setup;
use super::targets::{Reachable, reach};

/// How a run is done.
pub(super) struct Options {
    pub jobs: usize,
    pub deadline: Duration,
    pub timeout: Option<Duration>,
    pub fail_on: Verdict,
    pub now: Option<Timestamp>,
    pub progress: bool,
    /// Are recordings read that policies compare with? Not where such a recording is being made.
    pub compare: bool,
    /// What the answers cost.
    pub ledger: Ledger,
    /// A folder in which answers may keep how far they are, and long lists.
    pub work: Option<Arc<Path>>,
    /// Key of keyed digests.
    pub salt: Arc<[u8]>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            jobs: 64,
            deadline: Duration::from_secs(10),
            timeout: None,
            fail_on: Verdict::Fail,
            now: None,
            progress: true,
            compare: true,
            ledger: Ledger::default(),
            work: None,
            salt: Arc::default(),
        }
    }
}

/// Rows of one answer at most.
pub(super) const MAX_ROWS: usize = 1_000_000;

/// A finished run.
pub(super) struct Ran {
    pub report: RunReport,
    pub recording: Recording,
    pub redactor: Arc<Redactor>,
    /// The store that the run recalled from, to remember it in.
    pub memory: Option<Memory>,
    /// Is it remembered, unless that fails?
    pub remembered: bool,
    /// What it saw, if that was made ready for the store already.
    pub seen: Option<Result<Seen, StoreError>>,
    /// From where its files are named.
    pub seen_from: super::places::Seen,
}

/// From where the files of a run are named.
pub(super) fn seen_from(setup: &Setup) -> Result<super::places::Seen, Problem> {
    let seen = super::places::Seen::of(setup.has_project.then_some(&setup.project.root))?;
    Ok(seen.named(&setup.project))
}

/// Is there so much to be made ready that a thread is worth it?
fn is_large(answers: &[Observation]) -> bool {
    let rows = |answer: &Observation| answer.result.as_ref().map_or(1, |table| table.rows.len().max(1));
    answers.iter().map(rows).sum::<usize>() >= 1_000
}

/// Binds the policies of a setup.
pub(super) fn plan(setup: &Setup) -> Result<Plan, Problem> {
    let input = Input {
        policies: setup.policies(),
        targets: &setup.infos,
        project: &setup.project,
        selection: &setup.selection,
        has_project: setup.has_project,
    };
    if setup.loaded.broken.is_empty() {
        return bind(&input).map_err(Problem::new);
    }
    // That what is broken has no name is told already, and it is unknown.
    let (plan, mut diags) = bind_as_far(&input);
    let broken = Broken::of(&setup.loaded);
    diags.retain(|diag| !broken.explains(diag, &setup.project));
    if diags.is_empty() { Ok(plan) } else { Err(Problem::new(diags)) }
}

/// Waivers that reach too far ahead are wrong input.
pub(super) fn waivers_within(setup: &Setup, now: Timestamp) -> Result<(), Problem> {
    let diags = crate::lint::too_far(&setup.project, day(now));
    if diags.is_empty() { Ok(()) } else { Err(Problem::new(diags)) }
}

/// The day of a time, UTC, in days since 1970.
pub(super) fn day(at: Timestamp) -> i64 {
    crate::fact::micros_of(at).div_euclid(86_400_000_000)
}

/// Who is asked.
pub(super) enum Facts {
    Live,
    Recorded(Box<Recording>),
}

/// Runs the checks of a setup.
pub(super) fn run(
    setup: &Setup,
    facts: Facts,
    options: &Options,
    timings: &mut Timings,
) -> Result<Ran, Problem> {
    let mut watch = Watch::start();
    // As with the setup: nothing of it must end in order.
    let plan = ManuallyDrop::new(plan(setup)?);
    timings.plan = watch.lap();
    let redactor = Redactor::new();
    let recorded = match &facts {
        Facts::Live => None,
        Facts::Recorded(recording) => Some(recording.started),
    };
    // A replay says what the run said, wherever it is done.
    let recorded_on = match &facts {
        Facts::Live => None,
        Facts::Recorded(recording) => recording.about.as_ref().map(|about| Arc::clone(&about.host)),
    };
    let started = options.now.or(recorded).unwrap_or_else(Timestamp::now);
    waivers_within(setup, started)?;
    let (mut past, memory) = match &facts {
        Facts::Live => {
            let pledge = setup.project.store.as_ref().and_then(|_| promise::Pledge::of(setup, &plan));
            super::memory::recall(&setup.project, &plan, pledge.as_ref(), started)?
        }
        Facts::Recorded(recording) => (recording.past.clone(), None),
    };
    if options.compare {
        let host = recorded_on.clone().or_else(|| recorded.is_none().then(|| Arc::from(host())));
        baseline::add((&setup.project, &setup.entries), &plan, &mut past, &Scene { at: started, host })?;
    }
    let mut answers = observe((setup, &plan, started), facts, options, &redactor)?;
    verify(&mut answers, &setup.infos);
    timings.observe = watch.lap();
    timings.probes = options.ledger.take().into_iter().map(probe_time).collect();
    let given = Given { at: started, recall: &past.recall, past: &past };
    let recording = recording(setup, &plan, answers, started);
    let answers = &recording.observations;
    // What is remembered is made ready while it is judged.
    let (outcomes, seen) = std::thread::scope(|scope| {
        let ready = memory.as_ref().filter(|_| is_large(answers) && redactor.is_empty());
        let ready = ready.map(|memory| scope.spawn(|| memory.seen(&recording)));
        let outcomes = judge_all(&plan, answers, &given);
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        (outcomes, ready.map(join))
    });
    let about = Assembly {
        muster: Arc::from(env!("CARGO_PKG_VERSION")),
        host: recorded_on.unwrap_or_else(|| Arc::from(host())),
        started,
        recording: recorded.map(|at| at.to_string()),
        targets: identities(answers),
        fail_on: options.fail_on,
        project: &setup.project,
        whole: is_whole(setup),
        broken: broken(setup),
        overdue: overdue(memory.as_ref(), &outcomes, started),
    };
    let mut report = assemble(&plan, outcomes, about);
    add_broken(setup, &mut report, options.fail_on);
    let seen_from = seen_from(setup)?;
    super::places::inside(&mut report, &seen_from.report);
    timings.judge = watch.lap();
    let recording = Recording { past, ..recording };
    Ok(Ran { remembered: memory.is_some(), report, recording, redactor, memory, seen, seen_from })
}

/// What the store knows to be overdue, and this run could not judge either.
fn overdue(memory: Option<&Memory>, outcomes: &[Outcome], now: Timestamp) -> Vec<Finding> {
    memory.map(|memory| memory.overdue(outcomes, now)).unwrap_or_default()
}

pub(super) fn probe_time(spent: Spent) -> ProbeTime {
    let Spent { target, probe, took, statements, asked, rows } = spent;
    let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    ProbeTime { target, probe, took, statements, asked, rows }
}

pub(super) fn is_whole(setup: &Setup) -> bool {
    let s = &setup.selection;
    s.tiers.is_empty()
        && s.environment.is_none()
        && s.targets.is_empty()
        && s.tags.is_empty()
        && s.policies.is_empty()
        && !s.named_sources
}

fn observe(
    (setup, plan, started): (&Setup, &Plan, Timestamp),
    facts: Facts,
    options: &Options,
    redactor: &Arc<Redactor>,
) -> Result<Vec<Observation>, Problem> {
    match facts {
        Facts::Recorded(recording) => Ok(Replay::new(*recording).answer(&plan.requests)),
        Facts::Live => {
            let others = plan.requests.iter().flat_map(Request::others).map(|(_, name)| name);
            let asked: BTreeSet<&str> =
                plan.requests.iter().map(|request| &*request.key.target).chain(others).collect();
            let reachable = reach(&setup.entries, &setup.project, &|name| asked.contains(name), redactor)
                .map_err(Problem::new)?
                .remembering(|| Remembered::of_run(setup, plan, started));
            ask(reachable, &plan.requests, options, redactor)
        }
    }
}

/// Asks real targets.
pub(super) fn ask(
    reachable: Reachable,
    requests: &[Request],
    options: &Options,
    redactor: &Arc<Redactor>,
) -> Result<Vec<Observation>, Problem> {
    let runtime = threads()?;
    let cancel = Cancel::default();
    let ended = cancel.clone();
    runtime.spawn(async move {
        if asked_to_end().await.is_ok() {
            ended.cancel();
        }
    });
    let bar = options.progress.then(|| super::output::progress(requests.len())).flatten();
    let live = Live {
        targets: reachable.targets,
        unusable: reachable.unusable,
        clock: system_clock(),
        redactor: Arc::clone(redactor),
        jobs: options.jobs,
        deadline: options.deadline,
        run: options.timeout,
        max_rows: MAX_ROWS,
        cancel,
        progress: bar.clone(),
        ledger: options.ledger.clone(),
        work: options.work.clone(),
        salt: Arc::clone(&options.salt),
        house: reachable.house,
        host: Arc::from(host()),
    };
    let answers = runtime.block_on(live.observe(requests));
    super::output::end_progress();
    runtime.shutdown_background();
    Ok(answers)
}

/// Threads that wait for answers: half of the processors at most. What is looked at is often on the same machine, and does
/// its part of a handshake or a query meanwhile: with all processors ours, 100 TLS chains take half as long again.
pub(super) fn threads() -> Result<tokio::runtime::Runtime, Problem> {
    let workers = std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).clamp(1, 4));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    runtime.map_err(|error| {
        Problem::usage(format!("the run cannot begin: {error}"), "the machine has no threads or files left")
    })
}

/// Ctrl-C, or the signal by which schedulers and CI end a job.
pub(super) async fn asked_to_end() -> std::io::Result<()> {
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

/// From so many rows on, a few checks may take long.
const HEAVY: usize = 5_000;

/// Judges every check; on all cores if there are many, or much to be judged.
pub(super) fn judge_all(plan: &Plan, answers: &[Observation], given: &Given<'_>) -> Vec<Outcome> {
    let rows = |answer: &Observation| answer.result.as_ref().map_or(0, |table| table.rows.len());
    // Where few answers have most of the rows, so have few checks, which may stand side by side.
    let is_heavy = answers.iter().any(|answer| rows(answer) >= HEAVY);
    let one = |check: &Check| judge(check, answers, given);
    if is_heavy { one_by_one(&plan.checks, one) } else { on_all_cores(&plan.checks, one) }
}

pub(super) fn identities(answers: &[Observation]) -> Vec<(Arc<str>, Identity)> {
    let mut known: BTreeMap<Arc<str>, Identity> = BTreeMap::new();
    for answer in answers {
        let target = &answer.key.target;
        if known.get(target).is_none_or(|known| known.system.is_none() && known.version.is_none()) {
            known.insert(Arc::clone(target), answer.identity.clone());
        }
    }
    known.into_iter().collect()
}

/// The policies that could not be loaded.
pub(super) fn broken(setup: &Setup) -> Vec<Arc<str>> {
    setup.loaded.broken.iter().map(|(id, _)| Arc::clone(id)).collect()
}

/// With `--keep-going` a policy that could not be loaded is unknown, not absent.
pub(super) fn add_broken(setup: &Setup, report: &mut RunReport, fail_on: Verdict) {
    for (id, loc) in &setup.loaded.broken {
        let why = Arc::new(Missing::new(
            crate::fact::Cause::Internal,
            format!("the policy at {loc} could not be loaded"),
        ));
        super::output::broken_check(report, id, &why, fail_on);
    }
}

pub(super) fn recording(
    setup: &Setup,
    plan: &Plan,
    observations: Vec<Observation>,
    started: Timestamp,
) -> Recording {
    let used: HashSet<&str> = plan.checks.iter().map(|check| &*check.policy.id).collect();
    let policies = setup.policies().iter().filter(|policy| used.contains(&*policy.id));
    Recording {
        muster: Arc::from(env!("CARGO_PKG_VERSION")),
        started,
        about: Some(about(setup, &observations)),
        policies: policies.map(|policy| (Arc::clone(&policy.id), Arc::clone(&policy.digest))).collect(),
        complete: observations.iter().all(|answer| answer.result.is_ok()),
        observations,
        past: Past::default(),
        gate: None,
    }
}

/// Who was asked, and by which probes.
fn about(setup: &Setup, answers: &[Observation]) -> About {
    let probes: BTreeSet<&str> = answers.iter().map(|answer| &*answer.key.probe).collect();
    let asked: BTreeSet<&str> = answers.iter().map(|answer| &*answer.key.target).collect();
    let entries = setup.entries.iter().filter(|entry| asked.contains(&*entry.name));
    About {
        host: Arc::from(host()),
        probes: probes.into_iter().filter_map(catalogue::find).map(ProbeMark::of).collect(),
        targets: entries.map(|entry| super::recorded::mark(entry, &setup.project.root)).collect(),
        mask: None,
    }
}

/// Prints warnings of loading, errors included when going on.
pub(super) fn warnings(setup: &Setup) {
    super::output::warn_anyway(&setup.warnings);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Cause, TableBuilder, Value};
    use crate::plan::Asked;
    use crate::plan::{Selection, TargetInfo};
    use crate::policy::Project;
    use crate::policy::load::{File, Loaded, documents};
    use crate::source::Source;
    use crate::verdict::Recall;

    const POLICY: &str = "
policy: p
title: It holds
tier: daily
severity: high
owner: team
why: Because it was agreed.
target: { type: host }
observe:
  passwd: { probe: file.stat, with: { path: /etc/passwd } }
  shadow: { probe: file.stat, with: { path: /etc/shadow } }
each: passwd
fail: exists == false
remedy: { steps: [{ do: look }] }
";

    fn bound() -> Plan {
        let source = Source::new("p.yaml", POLICY);
        let mut loaded = Loaded::default();
        documents(&File { source, library: None, folder: "".into() }, None, &mut loaded);
        assert!(loaded.diags.is_empty(), "{:#?}", loaded.diags);
        let host = TargetInfo { name: "here".into(), kind: "host".into(), ..TargetInfo::default() };
        let input = Input {
            policies: &loaded.policies,
            targets: &[Arc::new(host)],
            project: &Project::default(),
            selection: &Selection::default(),
            has_project: false,
        };
        bind(&input).unwrap_or_else(|diags| panic!("{diags:#?}"))
    }

    /// The answer to the first request: nothing is there.
    fn answer(plan: &Plan, at: Timestamp) -> Observation {
        let request = &plan.requests[0];
        let mut table = TableBuilder::new(&request.schema, 10);
        table.row().set("path", Value::text("/etc/passwd")).set("exists", Value::Bool(false)).push();
        let lost = Observation::missing(request.key.clone(), at, Missing::new(Cause::Internal, ""));
        Observation { result: Ok(table.finish()), ..lost }
    }

    #[test]
    fn an_answer_never_takes_the_place_of_one_that_is_missing() {
        let mut plan = bound();
        let asked = |plan: &Plan| {
            plan.checks[0].requests.iter().map(|asked| format!("{asked:?}")).collect::<Vec<_>>()
        };
        assert_eq!(asked(&plan), ["One(0)", "One(1)"]);
        let at = Timestamp::UNIX_EPOCH;
        let answers = [answer(&plan, at)];
        let judged = |plan: &Plan| {
            judge_all(plan, &answers, &Given { at, recall: &Recall::default(), past: &Past::default() })
                .remove(0)
                .check
        };
        assert_eq!(judged(&plan).verdict, Verdict::Fail);
        plan.checks[0].requests = vec![Asked::One(1), Asked::One(0)];
        let check = judged(&plan);
        assert_eq!(check.verdict, Verdict::Unknown);
        assert_eq!(check.findings[0].cause.as_ref().map(|why| why.cause), Some(Cause::Internal));
    }
}
