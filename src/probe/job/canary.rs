//! `job.canary`: enqueues a job and waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::cleanup::Cleaner;
use super::marker::token;
use super::step::{State, Step};
use crate::fact::{Args, Cause, Cell, Level, Missing, Value};
use crate::probe::stop::Stop;
use crate::probe::{Answer, Ask, Context, Observing, Probe};

/// The body of `job.canary`.
pub(in crate::probe) struct Canary;

impl Probe for Canary {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(look(ask, cx))
    }
}

/// What is done, and how long.
struct Plan {
    enqueue: Step,
    finished: Step,
    wait: Duration,
    interval: Duration,
}

/// How far the job came.
struct Came {
    enqueued: bool,
    state: Result<State, Missing>,
    took: Option<Duration>,
    said: String,
}

async fn look(ask: &Ask<'_>, cx: &Context) -> Result<Answer, Missing> {
    let args = &ask.request.args;
    let named = |name: &str| args.text(name).unwrap_or_default();
    let plan = Plan {
        enqueue: Step::read(named("enqueue"), "POST", cx)?,
        finished: Step::read(named("finished"), "GET", cx)?,
        wait: duration(args, "wait")?,
        interval: duration(args, "interval")?.max(Duration::from_millis(20)),
    };
    let (stop, _guard) = Stop::new(cx);
    let token = token();
    let Some(clean) = args.text("clean").filter(|clean| !clean.is_empty()) else {
        let came = plan.run(&token, cx, stop.at()).await?;
        return Ok(answer(ask, came, Ok(Value::Null), 0));
    };
    let cleaner = Cleaner::new(Step::read(clean, "DELETE", cx)?, cx).await?;
    let leftovers = cleaner.sweep(cx, stop.at()).await?;
    let cleanup = cleaner.prepare(&token, cx)?;
    // What is left of the time must suffice to remove it.
    let reserve = (stop.at().saturating_duration_since(Instant::now()) / 4).min(Duration::from_secs(10));
    let came = plan.run(&token, cx, stop.at() - reserve).await;
    let removed = cleaner.end(cleanup, cx, stop.at()).await?;
    let mut came = came?;
    let cleaned = Ok(Value::Bool(removed.is_ok()));
    if let Err(said) = removed {
        came.said = said;
    }
    Ok(answer(ask, came, cleaned, leftovers))
}

/// Not negative.
pub(super) fn duration(args: &Args, name: &str) -> Result<Duration, Missing> {
    let micros = args.int(name).unwrap_or(0);
    let micros = u64::try_from(micros).map_err(|error| {
        Missing::new(Cause::Malformed, format!("`{name}` is less than nothing ({error})"))
    })?;
    Ok(Duration::from_micros(micros))
}

impl Plan {
    async fn run(&self, token: &str, cx: &Context, until: Instant) -> Result<Came, Missing> {
        let outcome = self.enqueue.take(token, cx, until).await?;
        let accepted = outcome.accepted(cx)?;
        let begun = Instant::now();
        let mut came = Came { enqueued: accepted, state: Ok(State::Waiting), took: None, said: outcome.said };
        if !accepted {
            return Ok(came);
        }
        let end = begun + self.wait;
        loop {
            let outcome = match self.finished.take(token, cx, until).await {
                Ok(outcome) => outcome,
                Err(why) => return Ok(Came { state: Err(why), ..came }),
            };
            came.state = outcome.state(cx);
            came.said = outcome.said;
            match came.state {
                Ok(State::Waiting) => {}
                Ok(State::Done) => {
                    came.took = Some(begun.elapsed());
                    came.state = self.told_apart(cx, until).await;
                }
                Ok(State::Failed) | Err(_) => {}
            }
            let now = Instant::now();
            if !matches!(came.state, Ok(State::Waiting)) || now >= end {
                return Ok(came);
            }
            if now + self.interval >= until && until < end {
                came.state = Err(self.too_short(now - begun));
                return Ok(came);
            }
            sleep(self.interval.min(end - now)).await;
        }
    }

    /// What says that a job has finished proves nothing if it says so of one that nobody enqueued, too.
    async fn told_apart(&self, cx: &Context, until: Instant) -> Result<State, Missing> {
        let other = self.finished.take(&token(), cx, until).await?;
        if !matches!(other.state(cx), Ok(State::Done)) {
            return Ok(State::Done);
        }
        let what = "`finished` says that the job has finished, and the same of one that nobody enqueued";
        Err(Missing::new(Cause::Malformed, what)
            .fix("let it look for what the job of this token left: MUSTER_CANARY, or {token} in the path of a call"))
    }

    fn too_short(&self, waited: Duration) -> Missing {
        let what = format!(
            "the deadline came after {:.1}s of the {:.1}s that the job may take",
            waited.as_secs_f64(),
            self.wait.as_secs_f64()
        );
        Missing::new(Cause::Timeout, what).fix("raise `within`, or lower `wait`")
    }
}

fn answer(ask: &Ask<'_>, came: Came, cleaned: Cell, leftovers: u64) -> Answer {
    let state = came.state.map_err(|why| Arc::new(why.level(Level::Field)));
    let is = |wanted: State| state.clone().map(|state| Value::Bool(state == wanted));
    let took = state.clone().map(|_| Value::or_null(came.took.map(Value::duration)));
    let mut table = ask.table();
    table
        .row()
        .set("enqueued", Value::Bool(came.enqueued))
        .cell("finished", is(State::Done))
        .cell("failed", is(State::Failed))
        .cell("took", took)
        .set_or_null("said", Some(came.said).filter(|said| !said.is_empty()).map(Value::text))
        .cell("cleaned", cleaned)
        .set("leftovers", Value::count(leftovers))
        .push();
    Answer::new(table.finish())
}

#[cfg(test)]
#[path = "canary_tests.rs"]
mod tests;
