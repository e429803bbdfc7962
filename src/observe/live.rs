//! Real targets. A probe that does not hold its deadline is abandoned; its children are killed when its future
//! is dropped. Every request gets an answer, also when the run is ended.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::limits::{Ledger, Limit, Spent};
use super::{Answers, Observer};
use crate::fact::{
    Cause, Cell, Effect, House, Identity, Level, Missing, Observation, Request, Table, Type, Value, catalogue,
};
use crate::probe::{Answer, Ask, Clock, Context, Other, Target, body};
use crate::secret::{REDACTED, Redactor};

/// Called after each answer with the number done, of how many, and the request.
pub type Progress = Arc<dyn Fn(usize, usize, &Request) + Send + Sync>;

/// Ends a run early.
#[derive(Clone)]
pub struct Cancel(watch::Sender<bool>);

impl Default for Cancel {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Cancel {
    /// Ends it.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Was it ended?
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is ended.
    pub async fn cancelled(&self) {
        let mut seen = self.0.subscribe();
        // The sender lives as long as `self`, so waiting ends only by `cancel`.
        if seen.wait_for(|ended| *ended).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Real targets with limits.
pub struct Live {
    /// Targets by name.
    pub targets: HashMap<Arc<str>, Arc<Target>>,
    /// Why a target cannot be asked at all (its secret is not set).
    pub unusable: HashMap<Arc<str>, Arc<Missing>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Removes secrets from what drivers say.
    pub redactor: Arc<Redactor>,
    /// Questions at once, overall.
    pub jobs: usize,
    /// How long one answer may take if its target does not say.
    pub deadline: Duration,
    /// How long the whole run may take.
    pub run: Option<Duration>,
    /// Rows of one answer.
    pub max_rows: usize,
    /// Ends it early.
    pub cancel: Cancel,
    /// Tells how far it is.
    pub progress: Option<Progress>,
    /// What the answers cost.
    pub ledger: Ledger,
    /// A folder in which answers may keep how far they are, and long lists.
    pub work: Option<Arc<Path>>,
    /// Key of keyed digests.
    pub salt: Arc<[u8]>,
    /// What the project says of itself.
    pub house: Option<Arc<House>>,
    /// The host on which this runs: who answers for it, as its probes do not say so.
    pub host: Arc<str>,
}

impl Observer for Live {
    fn observe<'a>(&'a self, requests: &'a [Request]) -> Answers<'a> {
        Box::pin(self.all(requests))
    }
}

type Limits = HashMap<Arc<str>, Arc<Limit>>;

/// What every task shares.
struct Shared {
    overall: Semaphore,
    run_end: Option<Instant>,
    clock: Arc<dyn Clock>,
    redactor: Arc<Redactor>,
    max_rows: usize,
    cancel: Cancel,
    ledger: Ledger,
    work: Option<Arc<Path>>,
    salt: Arc<[u8]>,
    house: Option<Arc<House>>,
    host: Arc<str>,
}

/// Whom a question is asked: its target, and those that it names besides.
struct Asked {
    target: Arc<Target>,
    limit: Arc<Limit>,
    others: BTreeMap<&'static str, Result<Other, Arc<Missing>>>,
    /// Whose turn is waited for, in the order of their names, so that no two questions wait for each other.
    turns: Vec<Arc<Limit>>,
    /// How long the answer may take.
    deadline: Duration,
}

impl Asked {
    /// Notes a target that lets nobody in. Of two who are asked, the other one may be silent; and who has a patience of his own
    /// may have had too little.
    fn heard(&self, request: &Request, why: Option<&Missing>) {
        if self.others.is_empty() && request.patience().is_none() {
            self.limit.heard(&self.target, why);
        }
    }
}

impl Live {
    /// Whom a question is asked, or why nobody.
    fn asked(&self, request: &Request, limits: &Limits) -> Result<Asked, Missing> {
        let found = |name: &str| {
            self.targets.get(name).zip(limits.get(name)).ok_or_else(|| {
                let unusable = self.unusable.get(name).map(|why| (**why).clone());
                unusable.unwrap_or_else(|| Missing::new(Cause::Internal, "the target is not configured"))
            })
        };
        let (target, limit) = found(&request.key.target)?;
        let mut turns = BTreeMap::from([(&target.name, limit)]);
        let mut others = BTreeMap::new();
        for (argument, name) in request.others() {
            let other = found(name).map(|(target, limit)| {
                turns.insert(&target.name, limit);
                Other { target: Arc::clone(target), idle: Arc::clone(&limit.idle) }
            });
            others.insert(argument, other.map_err(Arc::new));
        }
        let deadline = request.patience().or(target.deadline).unwrap_or(self.deadline);
        let turns = turns.into_values().map(Arc::clone).collect();
        Ok(Asked { target: Arc::clone(target), limit: Arc::clone(limit), others, turns, deadline })
    }

    async fn all(&self, requests: &[Request]) -> Vec<Observation> {
        let now = Instant::now();
        let shared = Arc::new(Shared {
            overall: Semaphore::new(self.jobs.max(1)),
            run_end: self.run.map(|run| now + run),
            clock: Arc::clone(&self.clock),
            redactor: Arc::clone(&self.redactor),
            max_rows: self.max_rows,
            cancel: self.cancel.clone(),
            ledger: self.ledger.clone(),
            work: self.work.clone(),
            salt: Arc::clone(&self.salt),
            house: self.house.clone(),
            host: Arc::clone(&self.host),
        });
        let limits = self.limits();
        let mut later = tokio::task::JoinSet::new();
        // In whatever order: each only waits for itself.
        limits.values().for_each(|limit| drop(later.spawn(Arc::clone(limit).grow())));
        let mut tasks = tokio::task::JoinSet::new();
        let mut places = HashMap::new();
        let mut answers: Vec<Option<Observation>> = vec![None; requests.len()];
        for (index, request) in requests.iter().enumerate() {
            let asked = match self.asked(request, &limits) {
                Ok(asked) => asked,
                Err(why) => {
                    if let Some(slot) = answers.get_mut(index) {
                        *slot = Some(Observation::missing(request.key.clone(), self.clock.now(), why));
                    }
                    continue;
                }
            };
            let task = one(request.clone(), asked, Arc::clone(&shared));
            places.insert(tasks.spawn(task).id(), index);
        }
        self.collect(tasks, &places, requests, &mut answers).await;
        let ends = limits.values().map(|limit| limit.idle.end());
        futures_util::future::join_all(ends).await;
        let lost = |index: usize| {
            requests.get(index).map(|request| {
                Observation::missing(
                    request.key.clone(),
                    self.clock.now(),
                    Missing::new(Cause::Internal, "the answer was lost"),
                )
            })
        };
        answers.into_iter().enumerate().filter_map(|(index, answer)| answer.or_else(|| lost(index))).collect()
    }

    fn limits(&self) -> Limits {
        let targets = self.targets.values();
        targets.map(|target| (Arc::clone(&target.name), Arc::new(Limit::of(target)))).collect()
    }

    async fn collect(
        &self,
        mut tasks: tokio::task::JoinSet<Observation>,
        places: &HashMap<tokio::task::Id, usize>,
        requests: &[Request],
        answers: &mut [Option<Observation>],
    ) {
        let total = requests.len();
        let mut done = total - tasks.len();
        while let Some(joined) = tasks.join_next_with_id().await {
            let (id, answer) = match joined {
                Ok((id, answer)) => (id, Ok(answer)),
                Err(error) => (error.id(), Err(error)),
            };
            let Some((index, request)) =
                places.get(&id).and_then(|index| requests.get(*index).map(|request| (*index, request)))
            else {
                continue;
            };
            let answer = answer.unwrap_or_else(|error| {
                let why = Missing::new(
                    Cause::Internal,
                    self.redactor
                        .clean(&format!("the probe `{}` ended unexpectedly: {error}", request.key.probe)),
                );
                Observation::missing(request.key.clone(), self.clock.now(), why)
            });
            if let Some(slot) = answers.get_mut(index) {
                *slot = Some(answer);
            }
            done += 1;
            if let Some(progress) = &self.progress {
                progress(done, total, request);
            }
        }
    }
}

async fn one(request: Request, asked: Asked, shared: Arc<Shared>) -> Observation {
    let cancelled = shared.cancel.cancelled();
    let run_end = async {
        match shared.run_end {
            Some(end) => tokio::time::sleep_until(end).await,
            None => std::future::pending().await,
        }
    };
    let missing = |cause, what: &str| {
        Observation::missing(request.key.clone(), shared.clock.now(), Missing::new(cause, what))
    };
    tokio::select! {
        biased;
        () = cancelled => missing(Cause::Cancelled, "the run was ended before the answer came"),
        () = run_end => missing(Cause::Timeout, "the time of the whole run (`--timeout`) was over before the answer came"),
        answer = ask(&request, &asked, &shared) => answer,
    }
}

/// Waits until everybody whom a question concerns may be asked; nothing if the run is over.
async fn turns(asked: &Asked) -> Option<Vec<tokio::sync::SemaphorePermit<'_>>> {
    let mut permits = Vec::with_capacity(asked.turns.len());
    for limit in &asked.turns {
        permits.push(limit.permit().await?);
    }
    Some(permits)
}

async fn ask(request: &Request, asked: &Asked, shared: &Shared) -> Observation {
    let (Some(_turns), Ok(_all)) = (turns(asked).await, shared.overall.acquire().await) else {
        return Observation::missing(
            request.key.clone(),
            shared.clock.now(),
            Missing::new(Cause::Internal, "a limit was closed"),
        );
    };
    if let Some(why) = asked.limit.silent() {
        let (why, now) = ((**why).clone(), shared.clock.now());
        return observed(request, Err(why), now, Duration::ZERO, (&asked.target, shared));
    }
    let deadline = asked.deadline;
    let at = shared.clock.now();
    let begun = Instant::now();
    let end = begun + deadline;
    let cx = Context {
        clock: Arc::clone(&shared.clock),
        deadline: end,
        target: Arc::clone(&asked.target),
        redactor: Arc::clone(&shared.redactor),
        idle: Arc::clone(&asked.limit.idle),
        meter: Arc::default(),
        others: asked.others.clone(),
        work: shared.work.clone(),
        salt: Arc::clone(&shared.salt),
        house: shared.house.clone(),
    };
    let ask = Ask { request, max_rows: shared.max_rows };
    let answer = match body(&request.key.probe) {
        None => Err(Missing::new(
            Cause::Unsupported,
            format!("this build of muster lacks the probe `{}`", request.key.probe),
        )),
        // Whoever asks, also past the plan, may do no more than the target's entry allows.
        Some(_) if leaves_something(&request.key.probe) && !asked.target.scratch => {
            let name = &asked.target.name;
            let what = format!(
                "`{}` leaves something behind for a moment, and `{name}` does not allow it",
                request.key.probe
            );
            Err(Missing::new(Cause::Denied, what)
                .fix(format!("write `scratch: true` into the target `{name}`")))
        }
        // A body keeps its own deadline so that it can clean up; a moment later it is abandoned.
        Some(body) => {
            match tokio::time::timeout_at(end + Duration::from_millis(150), body.observe(&ask, &cx)).await {
                Ok(answer) => answer,
                Err(_elapsed) => {
                    Err(Missing::new(Cause::Timeout, format!("no answer within {}", seconds(deadline))))
                }
            }
        }
    };
    asked.heard(request, answer.as_ref().err());
    let took = begun.elapsed();
    let (statements, times) = cx.meter.read();
    let rows = answer.as_ref().map_or(0, |answer| u64::try_from(answer.table.rows.len()).unwrap_or(u64::MAX));
    let (name, probe) = (Arc::clone(&request.key.target), Arc::clone(&request.key.probe));
    shared.ledger.add(Spent { target: name, probe, took, statements, asked: times, rows });
    observed(request, answer, at, took, (&asked.target, shared))
}

/// Has this probe an effect?
fn leaves_something(probe: &str) -> bool {
    catalogue::find(probe).is_some_and(|probe| probe.effect == Effect::Scratch)
}

/// The answer as an observation, without secrets.
fn observed(
    request: &Request,
    answer: Result<Answer, Missing>,
    at: jiff::Timestamp,
    took: Duration,
    (target, shared): (&Target, &Shared),
) -> Observation {
    let clean = |why: Missing| Missing {
        what: shared.redactor.clean(&why.what),
        fix: why.fix.map(|fix| shared.redactor.clean(&fix)),
        ..why
    };
    match answer {
        Ok(answer) => Observation {
            key: request.key.clone(),
            result: Ok(without_secrets(answer.table, &shared.redactor)),
            at,
            source_clock: answer.source_clock,
            took,
            identity: who(answer.identity, target, shared),
        },
        Err(why) => Observation {
            key: request.key.clone(),
            result: Err(Arc::new(clean(why))),
            at,
            source_clock: None,
            took,
            identity: Identity::default(),
        },
    }
}

/// Who answered. Probes of a host do not say it: it is the one on which this runs.
fn who(said: Identity, target: &Target, shared: &Shared) -> Identity {
    if &*target.kind == "host" && said.system.is_none() && said.host.is_empty() {
        return Identity { host: Arc::clone(&shared.host), ..said };
    }
    said
}

/// A secret never enters a fact, also when the target itself says it. A text that holds one is not told at all, because a rule
/// would judge the replacement: a table of another name, a setting that is not there.
fn without_secrets(mut table: Table, redactor: &Redactor) -> Table {
    if redactor.is_empty() {
        return table;
    }
    let words: Vec<bool> =
        table.schema.fields.iter().map(|field| matches!(field.ty.base(), Type::Enum(_))).collect();
    for row in &mut table.rows {
        for (cell, is_word) in row.iter_mut().zip(&words) {
            if !is_word {
                redact(cell, redactor);
            }
        }
    }
    table
}

fn redact(cell: &mut Cell, redactor: &Redactor) {
    match cell {
        Ok(Value::Text(text)) => {
            let clean = redactor.clean(text);
            if *clean != **text {
                let what = if clean == REDACTED { "is" } else { "holds" };
                let what = format!("the answer {what} a secret of this run, which is not told");
                let why = Missing::new(Cause::Undecidable, what).level(Level::Row);
                let fix = "a secret that is an ordinary word hides what is no secret: let it be a longer one";
                *cell = why.fix(fix).cell();
            }
        }
        Ok(Value::List(items) | Value::Record(items)) => {
            let mut own = items.to_vec();
            own.iter_mut().for_each(|item| redact(item, redactor));
            *items = own.into();
        }
        Ok(_) => {}
        Err(why) => {
            let what = redactor.clean(&why.what);
            let fix = why.fix.as_deref().map(|fix| redactor.clean(fix));
            if what != why.what || fix != why.fix {
                *why = Arc::new(Missing { what, fix, ..(**why).clone() });
            }
        }
    }
}

fn seconds(duration: Duration) -> String {
    crate::fact::show(&Value::duration(duration), &Type::DURATION)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Field, Rows, Schema, TableBuilder, ZeroRows};

    #[test]
    fn a_text_that_holds_a_secret_is_not_told_and_not_judged() {
        let redactor = Redactor::new();
        redactor.learn("test");
        let fields =
            [("name", Type::TEXT), ("size", Type::BYTES)].map(|(name, ty)| Field::declared(name, ty));
        let schema = Schema {
            version: 1,
            fields: fields.into(),
            key: Vec::new(),
            rows: Rows::Many,
            zero: ZeroRows::Fine,
        };
        let mut table = TableBuilder::new(&Arc::new(schema), 10);
        for name in ["test", "public.test_orders", "orders", REDACTED] {
            table.row().set("name", Value::text(name)).set("size", Value::Int(1)).push();
        }
        let table = without_secrets(table.finish(), &redactor);
        let causes = (0..4).map(|row| table.cell(row, "name").unwrap().as_ref().err().map(|why| why.cause));
        let unknown = Some(Cause::Undecidable);
        assert_eq!(causes.collect::<Vec<_>>(), [unknown, unknown, None, None]);
        assert!((0..4).all(|row| table.cell(row, "size") == Some(&Ok(Value::Int(1)))));
    }
}
