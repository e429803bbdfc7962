//! Answers to questions about the past of a fact.
//!
//! What is not known is told apart: too few samples is `unknown: no-history`; "does not move towards the limit"
//! is null, which reads so; "is there already" is a time of zero.

use std::sync::Arc;

use super::eval::{Scope, eval};
use super::node::{Ask, Cmp, Node, Op, Place};
use super::trend::{self, Arrival};
use super::{aggregate, ops};
use crate::fact::{Cause, Cell, Level, Missing, Type, Value, float_to_int, show};

/// How null of `reaches` and `falls_to` reads.
pub const NEVER: &str = "not at this rate";

/// Microseconds of a day.
const DAY: f64 = 86_400_000_000.0;

/// Beyond a thousand years a line says nothing.
const FAR: f64 = 365_000.0 * DAY;

/// What is known of the past of one fact of one subject.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// Earlier samples, ascending in time, in microseconds since 1970.
    pub earlier: Vec<(i64, Value)>,
    /// When the fact was observed that is judged now.
    pub now: i64,
    /// How long the samples must reach back, in microseconds.
    pub at_least: i64,
    /// How many samples there must be, the one of now included.
    pub points: usize,
    /// Of a span of so many microseconds no more samples count than of others.
    pub span: i64,
    /// The project has no store, so that waiting brings no samples.
    pub unstored: bool,
    /// How many were left out because they are of another system.
    pub left_out: usize,
}

/// What is said where a project has no store, and what to do about it.
pub const UNSTORED: [&str; 2] = [
    "the project has no `store:`, so nothing is remembered",
    "`store: { path: .muster/store.db }` in muster.yaml makes `muster check` remember every run",
];

fn too_little(what: String) -> Arc<Missing> {
    let missing = Missing::new(Cause::NoHistory, what).level(Level::Row);
    Arc::new(missing.fix("samples come with every run that has a store; run `muster check` by its tier"))
}

impl Samples {
    /// The last sample before now.
    fn previous(&self, name: &str) -> Result<&Value, Arc<Missing>> {
        let last = self.earlier.last().map(|(_, value)| value);
        last.ok_or_else(|| {
            self.too_little(format!("there is no earlier sample of `{name}`{}", self.of_another()))
        })
    }

    /// Refuses too few samples, or too short a time. A sample of null is none.
    fn enough(&self, name: &str, points: usize, first: Option<i64>) -> Result<(), Arc<Missing>> {
        let span = |micros: i64| show(&Value::Int(micros), &Type::DURATION);
        let since = first.map_or(0, |at| self.now.saturating_sub(at));
        if points >= self.points && since >= self.at_least && points > 0 {
            return Ok(());
        }
        let samples = if points == 1 { "sample" } else { "samples" };
        let few = points < self.points.max(1);
        let needed = if few { format!(" ({} are needed)", self.points.max(1)) } else { String::new() };
        let mut what = format!(
            "there {} {points} {samples} of `{name}`{needed}",
            if points == 1 { "is" } else { "are" }
        );
        if since < self.at_least {
            what.push_str(&format!(
                "; {} {} old (at least {} is needed)",
                if few { "the oldest is" } else { "but the oldest is only" },
                span(since),
                span(self.at_least)
            ));
        }
        what.push_str(&self.of_another());
        Err(self.too_little(what))
    }

    fn too_little(&self, what: String) -> Arc<Missing> {
        if !self.unstored {
            return too_little(what);
        }
        let [why, fix] = UNSTORED;
        Arc::new(Missing::new(Cause::NoHistory, format!("{what}: {why}")).level(Level::Row).fix(fix))
    }

    /// What is there besides, and of which nobody may be judged.
    fn of_another(&self) -> String {
        match self.left_out {
            0 => String::new(),
            1 => "; one that is left out is of another system".to_owned(),
            many => format!("; {many} that are left out are of another system"),
        }
    }
}

fn place(node: &Node) -> Result<&Place, Arc<Missing>> {
    match &node.op {
        Op::Read(place) => Ok(place),
        _ => Err(Arc::new(Missing::new(Cause::Internal, "samples are kept of facts only"))),
    }
}

/// Where a line through the samples is now, and its slope.
fn line(fact: &Node, scope: &dyn Scope) -> Result<(f64, trend::Slope), Arc<Missing>> {
    let now = eval(fact, scope)?;
    if now.is_null() {
        // A line through what was says nothing of what is no more.
        return Err(ops::undecidable(format!("`{}` has no value now", fact.text)));
    }
    let samples = scope.past(place(fact)?)?;
    let mut all = samples.earlier.clone();
    all.push((samples.now, now));
    // A counter is followed through all of its resets first.
    let mut points = trend::numbers(&all, *fact.ty.base() == Type::Counter);
    let last = points.pop();
    points = trend::fair(&points, samples.now, samples.span);
    points.extend(last);
    samples.enough(&fact.text, points.len(), points.first().map(|(at, _)| *at))?;
    let none = || too_little(format!("the samples of `{}` are of one moment", fact.text));
    let slope = trend::slope(&points, samples.points).ok_or_else(none)?;
    Ok((last.map_or(0.0, |(_, number)| number), slope))
}

/// Answers a question about the past.
pub fn answer(ask: Ask, parts: &[Node], scope: &dyn Scope) -> Cell {
    let Some(fact) = parts.first() else { return Err(ops::undecidable("a fact is needed")) };
    match ask {
        Ask::PerDay => {
            let (_, slope) = line(fact, scope)?;
            let ty = if fact.ty.base().is_number() { &Type::Float } else { fact.ty.base() };
            aggregate::number(slope.mid * DAY, ty)
        }
        Ask::Reaches | Ask::FallsTo => Ok(match arrives(ask, parts, scope)? {
            Arrival::Crossed => Value::Int(0),
            Arrival::In(likely, ..) if likely < FAR => float_to_int(likely).map_or(Value::Null, Value::Int),
            Arrival::In(..) | Arrival::Never => Value::Null,
        }),
        Ask::Previous => scope.past(place(fact)?)?.previous(&fact.text).cloned(),
        Ask::Changed => {
            let now = eval(fact, scope)?;
            let samples = scope.past(place(fact)?)?;
            let before = samples.previous(&fact.text)?;
            if now.is_null() || before.is_null() {
                return Ok(Value::Bool(now.is_null() != before.is_null()));
            }
            ops::compare(Cmp::Ne, &now, before, fact.ty.base()).map(Value::Bool)
        }
        Ask::Past => {
            let samples = scope.past(place(fact)?)?;
            let values: Vec<(i64, Value)> =
                samples.earlier.iter().filter(|(_, value)| !value.is_null()).cloned().collect();
            let values = trend::fair(&values, samples.now, samples.span);
            // Only earlier samples are in the list, so the one of now does not count.
            samples.enough(&fact.text, values.len(), values.first().map(|(at, _)| *at))?;
            Ok(Value::List(values.into_iter().map(|(_, value)| Ok(value)).collect()))
        }
    }
}

fn arrives(ask: Ask, parts: &[Node], scope: &dyn Scope) -> Result<Arrival, Arc<Missing>> {
    let [fact, limit] = parts else { return Err(ops::undecidable("a fact and a limit are needed")) };
    let (now, limit) = (eval(fact, scope)?, eval(limit, scope)?);
    let (last, slope) = line(fact, scope)?;
    // A counter's line goes on after a reset; its limit is one of the value that is seen.
    let Some((current, limit)) = now.as_float().zip(limit.as_float()) else {
        return Err(ops::undecidable(format!("`{}` has no value now", fact.text)));
    };
    let shift = last - current;
    Ok(trend::arrival(current + shift, limit + shift, slope, ask == Ask::Reaches))
}

/// The answer in words, with its range: `12d (9d to 20d)`.
pub fn shown(node: &Node, scope: &dyn Scope) -> Option<String> {
    let Op::History(ask @ (Ask::Reaches | Ask::FallsTo), parts) = &node.op else { return None };
    let text = |micros: f64| match float_to_int(micros).filter(|_| micros < FAR) {
        Some(micros) => show(&Value::Int(micros), &Type::DURATION),
        None => "never".to_owned(),
    };
    Some(match arrives(*ask, parts, scope).ok()? {
        Arrival::Crossed => "already there".to_owned(),
        Arrival::Never => NEVER.to_owned(),
        Arrival::In(likely, ..) if likely >= FAR => NEVER.to_owned(),
        Arrival::In(likely, soon, late) => {
            format!("{} ({} to {})", text(likely), text(soon), late.map_or_else(|| "never".to_owned(), text))
        }
    })
}
