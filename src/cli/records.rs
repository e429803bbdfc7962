//! What the project promises and remembers, read when a probe of a target of type `project` asks, and once for all of them.
//!
//! It loads the whole project of its own, not what of it this run was told to judge: a run of one tier must see what is
//! overdue in another. Whatever cannot be read is the reason why nothing is known; nothing here is an empty list instead.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::audit::coverage::{Answer, Bound, Coverage, Given, Judged, Judgements, Listed};
use crate::audit::{self, Allowed, PromisedCheck};
use crate::fact::{
    Cause, CheckPast, CheckRow, ControlPast, ControlRow, ExceptionRow, FindingRow, Level, Missing, Records,
    RunRow, TargetRow,
};
use crate::plan::{Check, Plan, TargetInfo, environments};
use crate::policy::Project;
use crate::rule::history::UNSTORED;
use crate::store::{Ledger, SharedError, Standing, Store, StoreError, StoredVerdict};

use super::audit::allowed;
use super::memory_keep::latest;
use super::memory_shared::{self, Place};
use super::output::{Problem, warn};
use super::records_rows as rows;
use super::setup::{Select, Setup, Sources, setup};
use super::{controls, house, memory, promise, run as running};

/// What a project promises and remembers.
pub(super) struct Remembered {
    sources: Sources,
    environment: Option<Arc<str>>,
    /// What the run that asks judges: policy and target.
    judged: BTreeSet<(Arc<str>, Arc<str>)>,
    at: Timestamp,
    known: OnceLock<Result<Arc<Known>, Missing>>,
    /// The file of the store, brought up to date; nothing before the first run.
    file: OnceLock<Result<Option<PathBuf>, Missing>>,
    now: OnceLock<Arc<Now>>,
    /// By how far back was asked.
    kept: Mutex<BTreeMap<i64, Read>>,
}

/// The project as its files say it.
struct Known {
    project: Project,
    promised: Vec<PromisedCheck>,
    checks: Vec<CheckRow>,
    targets: Vec<TargetRow>,
    allowed: Vec<Allowed>,
    frameworks: Vec<Listed>,
    answers: Vec<Answer>,
    bound: Vec<Bound>,
}

impl Known {
    /// How long runs that judged a policy are remembered, in microseconds; none is for ever.
    fn remembered_for(&self, policy: &str) -> Option<i64> {
        let keep = self.project.store.as_ref()?.keep.as_ref()?;
        let tier = self.promised.iter().find(|check| *check.policy == *policy).map(|check| &*check.tier);
        let of_tier = keep.tiers.iter().find(|(of, _)| Some(of.word()) == tier).map(|(_, kept)| *kept);
        i64::try_from(of_tier.unwrap_or(keep.rest).as_micros()).ok()
    }
}

/// What the store knows, whatever time is asked for.
struct Now {
    standing: Vec<Standing>,
    newest: Vec<StoredVerdict>,
}

/// The same with the runs of a time.
struct Kept {
    now: Arc<Now>,
    ledger: Ledger,
}

/// What was read of the store; nothing before the first run.
type Read = Result<Option<Arc<Kept>>, Missing>;

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Remembered {
    /// For a run that judges these checks.
    pub(super) fn of_run(setup: &Setup, plan: &Plan, at: Timestamp) -> Self {
        let judged = plan.checks.iter().filter(|check| check.skip.is_none());
        let judged = judged.map(|check| (Arc::clone(&check.policy.id), Arc::clone(&check.target.name)));
        Self {
            environment: setup.selection.environment.clone(),
            judged: judged.collect(),
            ..Self::of_project(&setup.project, at)
        }
    }

    /// For somebody who judges nothing.
    pub(super) fn of_project(project: &Project, at: Timestamp) -> Self {
        let file = project.loc.as_ref().map(|loc| PathBuf::from(&*loc.source.name));
        Self {
            sources: Sources { sources: Vec::new(), project: file },
            environment: None,
            judged: BTreeSet::new(),
            at,
            known: OnceLock::new(),
            file: OnceLock::new(),
            now: OnceLock::new(),
            kept: Mutex::default(),
        }
    }

    fn known(&self) -> Result<&Arc<Known>, Missing> {
        let known = self
            .known
            .get_or_init(|| self.load().map(Arc::new).map_err(|problem| broken(Cause::Malformed, &problem)));
        known.as_ref().map_err(Clone::clone)
    }

    fn load(&self) -> Result<Known, Problem> {
        let select = Select { env: self.environment.as_deref().map(str::to_owned), ..Select::default() };
        let mut setup = setup(&self.sources, &select, false, false)?;
        let plan = running::plan(&setup)?;
        let promised = promise::promised(&setup, &plan).ok_or_else(|| {
            Problem::usage("there is no muster.yaml, so nothing is promised", "`muster init` writes one")
        })?;
        let alone = promised.alone(&setup);
        let owners = house::owners(&setup.project);
        let is_judged = |check: &Check| {
            self.judged.contains(&(Arc::clone(&check.policy.id), Arc::clone(&check.target.name)))
        };
        let bound = plan.checks.iter().zip(promised.checks).filter(|(check, _)| check.is_bound());
        let (checks, promised): (Vec<CheckRow>, Vec<PromisedCheck>) = bound
            .map(|(check, promised)| (rows::check(check, &promised, &owners, is_judged(check)), promised))
            .unzip();
        let targets = targets(&setup, &checks);
        // A control is answered wherever it is: not in this environment alone.
        setup.selection.environment = None;
        let bound = controls::checks(&controls::bound(&setup)?);
        Ok(Known {
            promised,
            checks,
            targets,
            allowed: allowed::of(&alone, &alone.texts),
            frameworks: setup.project.frameworks.all().iter().map(|one| controls::listed(one)).collect(),
            answers: controls::answers(setup.policies(), &setup.project.frameworks),
            bound,
            project: std::mem::take(&mut setup.project),
        })
    }

    /// What the store knows; nothing before the first run.
    fn kept(&self, since: i64) -> Read {
        // Who comes meanwhile waits for the one reading.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entry(since).or_insert_with(|| self.read(since).map(|kept| kept.map(Arc::new))).clone()
    }

    /// The same for what cannot be told before the first run.
    fn lived(&self, since: i64) -> Result<Arc<Kept>, Missing> {
        self.kept(since)?.filter(|kept| kept.ledger.span.is_some()).ok_or_else(no_run)
    }

    /// The same for findings. Where nothing ran in that time, what stood before it stands all the same.
    fn stood(&self, since: i64) -> Result<Arc<Kept>, Missing> {
        let kept = self.lived(since)?;
        if kept.ledger.runs.is_empty() { self.lived(i64::MAX) } else { Ok(kept) }
    }

    fn file(&self) -> Result<Option<PathBuf>, Missing> {
        let place = Place::of(&self.known()?.project).map_err(|why| broken(why.cause, &why.problem))?;
        let place = place.ok_or_else(|| {
            let [why, fix] = UNSTORED;
            Missing::new(Cause::NoHistory, why).fix(fix)
        })?;
        if let Some(shared) = &place.shared {
            let caught = memory_shared::caught(shared).map_err(|error| unreadable(&error))?;
            // Runs of this machine that still wait are not in the copy: what they found would pass for mended.
            if let Some(why) = caught.gap.map(|gap| gap.why).or(caught.unsent) {
                return Err(away(&why));
            }
        }
        let is_there = crate::store::is_there(&place.path).map_err(|error| unreadable(&error))?;
        Ok(is_there.then_some(place.path))
    }

    fn read(&self, since: i64) -> Result<Option<Kept>, Missing> {
        let Some(path) = self.file.get_or_init(|| self.file()).as_ref().map_err(Clone::clone)? else {
            return Ok(None);
        };
        let known = self.now.get().cloned();
        let from = self.at.checked_sub(SignedDuration::from_micros(since)).unwrap_or(Timestamp::MIN);
        let read = memory::wait(async {
            let store = Store::open(path).await?;
            let lost = store.lost();
            let kept = async {
                let now = match known {
                    Some(now) => now,
                    None => now(&store).await?,
                };
                Ok(Kept { now, ledger: store.ledger(from, self.at).await? })
            }
            .await;
            store.close().await;
            Ok((kept?, lost))
        });
        let (kept, lost) = read.map_err(|error| unreadable(&error))?;
        if lost > 0 {
            warn(&[memory::taken(path, lost)]);
        }
        is_past(&kept.ledger)?;
        self.now.get_or_init(|| Arc::clone(&kept.now));
        Ok(Some(kept))
    }

    /// What the project judges now: of nothing else a finding is open, or hidden.
    fn judges(known: &Known) -> audit::Checks<'_> {
        let judged = known.checks.iter().filter(|check| check.skipped.is_none());
        judged.map(|check| (&*check.policy, &*check.target)).collect()
    }
}

/// By a clock that went backwards nothing is old, and what it cannot see stands all the same. The run that asks may last,
/// and others begin meanwhile.
fn is_past(ledger: &Ledger) -> Result<(), Missing> {
    let now = Timestamp::now();
    let Some((_, newest)) = ledger.span.filter(|(_, newest)| *newest > latest(now)) else {
        return Ok(());
    };
    let what = format!("it is {now}, and the store has a run that began at {newest}");
    Err(Missing::new(Cause::Clock, what).fix("set the clock; runs that began after now are no past"))
}

async fn now(store: &Store) -> Result<Arc<Now>, StoreError> {
    let newest = store.newest(latest(Timestamp::now())).await?;
    Ok(Arc::new(Now { standing: store.standing().await?, newest }))
}

/// There is a store, or a file of one, and no run in it.
fn no_run() -> Missing {
    Missing::new(Cause::NoHistory, "no run of this project was kept yet")
        .fix("`muster check` keeps this one; ask again in the next")
}

/// A shared store whose runs are not all here.
fn away(why: &SharedError) -> Missing {
    use SharedError as E;
    let cause = match why {
        E::Timeout { .. } => Cause::Timeout,
        E::Login { .. } | E::Denied { .. } | E::ReadOnly { .. } => Cause::Denied,
        E::Newer { .. } | E::NewerRun { .. } => Cause::Unsupported,
        E::Foreign { .. } | E::Damaged { .. } => Cause::Malformed,
        _ => Cause::Unreachable,
    };
    Missing::new(cause, why.to_string())
        .fix("run again when the shared store can be reached; `muster store status` shows it")
}

/// The targets of the environment, with what looks at them.
fn targets(setup: &Setup, checks: &[CheckRow]) -> Vec<TargetRow> {
    let inside = |target: &&Arc<TargetInfo>| {
        let environment = setup.selection.environment.as_ref();
        environment.is_none_or(|name| environments(&setup.project, target).contains(name))
    };
    let mut own: BTreeMap<&str, Vec<&CheckRow>> = BTreeMap::new();
    for check in checks {
        own.entry(&check.target).or_default().push(check);
    }
    let own = |target: &TargetInfo| own.get(&*target.name).map(Vec::as_slice).unwrap_or_default();
    setup.infos.iter().filter(inside).map(|target| rows::target(target, own(target))).collect()
}

/// A project that does not load says nothing of itself.
fn broken(cause: Cause, problem: &Problem) -> Missing {
    let first = problem.diags.first();
    let what = first.map_or_else(|| "the project cannot be read".to_owned(), |diag| diag.message.clone());
    let missing = Missing::new(cause, what);
    missing.fix(
        first.and_then(|diag| diag.help.clone()).unwrap_or_else(|| "`muster lint` shows all of it".into()),
    )
}

/// What a store that cannot be read means for an answer.
fn unreadable(error: &StoreError) -> Missing {
    Missing::new(cause(error), error.to_string()).fix("`muster store status` shows how it stands")
}

/// The same in a word.
pub(super) fn cause(error: &StoreError) -> Cause {
    use StoreError as E;
    match error {
        E::Busy { .. } => Cause::Timeout,
        E::Denied { .. } | E::ReadOnly { .. } | E::Parent { denied: true, .. } => Cause::Denied,
        E::NotBuilt | E::Newer { .. } | E::Older { .. } => Cause::Unsupported,
        E::Directory { .. } | E::NotAFile { .. } | E::Parent { .. } => Cause::WrongType,
        E::NotADatabase { .. }
        | E::Foreign { .. }
        | E::Orphan { .. }
        | E::Corrupt { .. }
        | E::Content { .. }
        | E::Sql { .. }
        | E::NotACopy { .. } => Cause::Malformed,
        _ => Cause::Internal,
    }
}

impl Records for Remembered {
    fn checks(&self) -> Result<Vec<CheckRow>, Missing> {
        Ok(self.known()?.checks.clone())
    }

    fn targets(&self) -> Result<Vec<TargetRow>, Missing> {
        Ok(self.known()?.targets.clone())
    }

    fn pasts(&self, since: i64) -> Result<Vec<CheckPast>, Missing> {
        let (known, kept) = (self.known()?, self.kept(since)?);
        let (standing, newest, ledger) = match kept.as_deref() {
            Some(Kept { now, ledger }) => (&*now.standing, &*now.newest, Some(ledger)),
            None => (&[][..], &[][..], None),
        };
        let judged = self.judged.iter().map(|(policy, target)| (&**policy, &**target)).collect();
        let due = audit::overdue(&known.promised, standing, &judged, self.at);
        Ok(rows::pasts(&known.checks, &rows::Past { due, standing, newest, ledger, at: self.at }))
    }

    fn exceptions(&self) -> Result<Vec<ExceptionRow>, Missing> {
        Ok(rows::exceptions(&self.known()?.allowed))
    }

    fn hidden(&self, since: i64) -> Result<Vec<u64>, Missing> {
        let (known, kept) = (self.known()?, self.stood(since)?);
        Ok(audit::hides(&kept.ledger, &Self::judges(known), &known.allowed))
    }

    fn controls(&self) -> Result<Vec<ControlRow>, Missing> {
        let known = self.known()?;
        if known.frameworks.is_empty() {
            let what = "the project declares no framework, so there are no controls";
            return Err(Missing::new(Cause::Absent, what)
                .level(Level::Target)
                .fix("`frameworks: [builtin:playbook]` in muster.yaml asks the questions of the playbook"));
        }
        Ok(rows::controls(&coverage(known, None)))
    }

    fn coverage(&self) -> Result<Vec<ControlPast>, Missing> {
        let (known, kept) = (self.known()?, self.lived(0)?);
        let skipped: BTreeSet<(&str, &str)> = known
            .bound
            .iter()
            .filter(|bound| bound.skipped)
            .map(|bound| (&*bound.policy, &*bound.target))
            .collect();
        let counts = |one: &&StoredVerdict| !skipped.contains(&(&*one.policy, &*one.target));
        let judged: Judgements = kept
            .now
            .newest
            .iter()
            .filter(counts)
            .map(|one| {
                let name = (Arc::clone(&one.policy), Arc::clone(&one.target));
                (name, Judged { verdict: one.verdict, at: one.at })
            })
            .collect();
        Ok(rows::control_pasts(&coverage(known, Some(&judged))))
    }

    fn findings(&self, since: i64) -> Result<Vec<FindingRow>, Missing> {
        let (known, kept) = (self.known()?, self.stood(since)?);
        let open = audit::open(&kept.ledger, &Self::judges(known)).into_iter();
        let row = |one: audit::Open| {
            let kept = known.remembered_for(&one.policy);
            rows::finding(one, kept)
        };
        Ok(open.map(row).collect())
    }

    fn runs(&self, since: i64) -> Result<Vec<RunRow>, Missing> {
        // A run that was killed is one too, though nothing of it was kept.
        let is_any = |kept: &Arc<Kept>| kept.ledger.span.is_some() || !kept.ledger.begun.is_empty();
        Ok(rows::runs(&self.kept(since)?.filter(is_any).ok_or_else(no_run)?.ledger))
    }
}

fn coverage(known: &Known, judged: Option<&Judgements>) -> Coverage {
    Coverage::of(&Given {
        frameworks: &known.frameworks,
        policies: &known.answers,
        checks: &known.bound,
        judged,
    })
}
