//! What will cross its limit, and when: samples of the facts that rungs hold against a limit, and where they go.
//!
//! Looked at are comparisons of a fact of the row with what does not change from run to run, a number or a parameter as
//! overrides set it, that alone decide a rung: as one of several that suffice, or where all else that is needed holds
//! as it was seen last. What is beyond a limit already is a finding, and no forecast.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::audit::Ahead;
use crate::fact::{Cause, Cell, Key, Level, Missing, Type, Value, float_to_int, micros_of, show, timestamp};
use crate::plan::{Asked, Check, Plan, Settings};
use crate::policy::{Policy, ViewKind};
use crate::rule::eval::{Scope, eval, holds};
use crate::rule::node::{Cmp, Node, Op, Place};
use crate::rule::trend::{self, Arrival};
use crate::store::{Store, StoreError, Watched, WatchedFact};

/// Samples of so long are looked at.
const BACK: SignedDuration = SignedDuration::from_hours(24 * 30);

/// A line needs so many samples, over so many microseconds: from fewer everything follows.
const POINTS: usize = 5;
const SPAN: i64 = 2 * DAY;

/// Of a span of so many microseconds no more samples count than of others.
const APART: i64 = SPAN / 4;

const DAY: i64 = 86_400_000_000;

/// A fact that is held against a limit.
struct Held<'p> {
    /// What has to hold too.
    with: Vec<&'p Node>,
    column: usize,
    limit: &'p Node,
    rising: bool,
    verdict: &'static str,
}

/// A check with what it holds against limits, and the columns that are read for it with the names of their facts.
struct Question<'p> {
    check: &'p Check,
    held: Vec<Held<'p>>,
    columns: Vec<(usize, Arc<str>)>,
}

/// Everything that crosses a limit until a time if it goes on as in the last month, with when it likely does.
pub(super) async fn limits(
    store: &Store,
    plan: &Plan,
    now: Timestamp,
    until: SignedDuration,
) -> Result<Vec<(i64, Ahead)>, StoreError> {
    let from = now.checked_sub(BACK).unwrap_or(Timestamp::MIN);
    // Many checks are judged by one answer, whose samples are read once for all.
    let mut asked: BTreeMap<&Key, Vec<Question<'_>>> = BTreeMap::new();
    for check in plan.checks.iter().filter(|check| check.skip.is_none()) {
        if let Some((key, question)) = of(check, plan) {
            asked.entry(key).or_default().push(question);
        }
    }
    let mut found = Vec::new();
    for (key, questions) in asked {
        let names = questions.iter().flat_map(|question| &question.columns).map(|(_, name)| name);
        let facts: Vec<Arc<str>> = names.collect::<BTreeSet<_>>().into_iter().cloned().collect();
        let watched = store.watch(key, &facts, from, now).await?;
        for question in questions {
            question.ahead(&watched, (micros_of(now), until), &mut found);
        }
    }
    Ok(found)
}

/// What a check holds against limits; nothing if it does so in no way that is understood here.
fn of<'p>(check: &'p Check, plan: &'p Plan) -> Option<(&'p Key, Question<'p>)> {
    let policy = &*check.policy;
    let ViewKind::Observed(observation) = policy.row_view()?.kind else { return None };
    let Asked::One(position) = check.requests.get(observation)? else { return None };
    let request = plan.requests.get(*position)?;
    let mut held = Vec::new();
    for (rungs, verdict) in [(&policy.fail, "fail"), (&policy.warn, "warn")] {
        rungs.iter().for_each(|rung| comparisons(&rung.rule.node, verdict, &mut held));
    }
    let rungs = policy.fail.iter().chain(&policy.warn).map(|rung| &rung.rule);
    let conditions = rungs.chain(policy.filter.as_deref()).chain(policy.when.as_deref());
    let mut columns = BTreeSet::new();
    for place in conditions.flat_map(|condition| &condition.reads) {
        if let Place::Each(column) = place
            && request.schema.fields.get(*column).is_some_and(|field| is_single(field.ty.base()))
        {
            columns.insert(*column);
        }
    }
    let named = |column: usize| Some((column, Arc::clone(&request.schema.fields.get(column)?.name)));
    let columns: Vec<(usize, Arc<str>)> = columns.into_iter().filter_map(named).collect();
    (!held.is_empty()).then_some((&request.key, Question { check, held, columns }))
}

/// Samples are kept of what is one value.
fn is_single(ty: &Type) -> bool {
    !matches!(ty, Type::List(_) | Type::Record(_))
}

/// The column of a fact, also where a rule says what stands in for null.
fn fact(node: &Node) -> Option<usize> {
    match &node.op {
        Op::Read(Place::Each(column)) => Some(*column),
        Op::OrElse(items) => match &items[..] {
            [first, rest @ ..] if rest.iter().all(is_fixed) => fact(first),
            _ => None,
        },
        _ => None,
    }
}

/// The comparisons of a condition that decide it.
fn comparisons<'p>(node: &'p Node, verdict: &'static str, held: &mut Vec<Held<'p>>) {
    match &node.op {
        Op::Any(items) => items.iter().for_each(|item| comparisons(item, verdict, held)),
        Op::All(items) => {
            for (index, item) in items.iter().enumerate() {
                let mut inside = Vec::new();
                comparisons(item, verdict, &mut inside);
                let others = || items.iter().enumerate().filter(|(other, _)| *other != index);
                for one in &mut inside {
                    one.with.extend(others().map(|(_, other)| other));
                }
                held.extend(inside);
            }
        }
        Op::Compare(cmp, pair) => {
            let [left, right] = &**pair;
            let sides = [(left, *cmp, right), (right, cmp.turned(), left)];
            for (side, cmp, limit) in sides {
                let Some(column) = fact(side) else { continue };
                let rising = match cmp {
                    Cmp::Gt | Cmp::Ge => true,
                    Cmp::Lt | Cmp::Le => false,
                    Cmp::Eq | Cmp::Ne => continue,
                };
                if is_number(side.ty.base()) && is_fixed(limit) {
                    held.push(Held { with: Vec::new(), column, limit, rising, verdict });
                }
            }
        }
        _ => {}
    }
}

/// A time stands still, and `now` comes to it: when it ends is told elsewhere. A counter begins again.
fn is_number(ty: &Type) -> bool {
    !matches!(ty, Type::Time | Type::Date | Type::Counter)
}

/// Is it the same in every run?
fn is_fixed(node: &Node) -> bool {
    let mut fixed = true;
    node.walk(&mut |part| match &part.op {
        Op::Read(Place::Param(_) | Place::Target(_)) => {}
        Op::Read(_) | Op::History(..) | Op::Age(_) => fixed = false,
        _ => {}
    });
    fixed
}

/// A subject as it was seen last.
struct Last<'a> {
    check: &'a Check,
    settings: &'a Settings,
    facts: BTreeMap<usize, &'a Value>,
}

impl Scope for Last<'_> {
    fn read(&self, place: &Place) -> Cell {
        let known = match place {
            Place::Param(index) => self.settings.params.get(*index).map(|setting| setting.value.clone()),
            Place::Each(column) => self.facts.get(column).map(|value| (*value).clone()),
            Place::Target(name) => match &**name {
                "name" => Some(Value::Text(Arc::clone(&self.check.target.name))),
                "type" => Some(Value::text(&self.check.target.kind)),
                label => self.check.target.labels.get(label).map(|value| Value::Text(Arc::clone(value))),
            },
            _ => None,
        };
        known.ok_or_else(|| {
            Arc::new(Missing::new(Cause::Unsupported, "not known of the last sample").level(Level::Row))
        })
    }
}

impl Question<'_> {
    fn ahead(&self, watched: &Watched, (now, until): (i64, SignedDuration), found: &mut Vec<(i64, Ahead)>) {
        // What is there no more in the newest answer does not grow.
        let Some(newest) = watched.asked.iter().filter(|(_, why)| why.is_none()).map(|(at, _)| *at).max()
        else {
            return;
        };
        let place = |name: &Arc<str>| watched.facts.iter().position(|(known, _)| known == name);
        let places = self.columns.iter().filter_map(|(column, name)| Some((*column, place(name)?)));
        let places: Vec<(usize, usize)> = places.collect();
        for (subject, facts) in &watched.subjects {
            let fact = |(column, place): &(usize, usize)| Some((*column, facts.get(*place)?));
            let seen = places.iter().filter_map(fact);
            let seen = seen.filter(|(_, fact)| fact.track.at.last() == Some(&newest));
            let seen: Vec<(usize, &WatchedFact)> = seen.collect();
            let matching = self.check.subjects.iter().filter(|entry| entry.pattern.matches(subject));
            let Ok(settings) = self.check.together(matching) else { continue };
            let values = seen.iter().filter_map(|(column, fact)| Some((*column, fact.track.values.last()?)));
            let scope = Last { check: self.check, settings: &settings, facts: values.collect() };
            let policy: &Policy = &self.check.policy;
            let mut asked = policy.filter.as_deref().into_iter().chain(policy.when.as_deref());
            if !asked.all(|condition| matches!(holds(&condition.node, &scope), Ok(true))) {
                continue;
            }
            for (column, fact) in seen {
                let held = self.held.iter().filter(|held| held.column == column);
                let next =
                    held.filter_map(|held| arrives(held, fact, &scope)).min_by(|a, b| a.1.total_cmp(&b.1));
                let Some(arrival) = next else { continue };
                found.extend(self.told((subject, fact, column), &arrival, (now, until)));
            }
        }
    }

    fn told(
        &self,
        (subject, fact, column): (&Arc<str>, &WatchedFact, usize),
        (held, likely, earliest, latest, limit): &Crossing<'_>,
        (now, until): (i64, SignedDuration),
    ) -> Option<(i64, Ahead)> {
        let seen = *fact.track.at.last()?;
        let after = |micros: f64| seen.checked_add(float_to_int(micros)?);
        let likely = after(*likely).filter(|at| SignedDuration::from_micros(at - now) <= until)?;
        let day = |micros: Option<i64>| Some(timestamp(micros?)?.strftime("%Y-%m-%d").to_string());
        let field = self.check.policy.row_schema()?.fields.get(column)?;
        let (policy, target) = (&self.check.policy.id, &self.check.target.name);
        let name = if subject == target {
            format!("{policy} at {target}")
        } else {
            format!("{policy} at {target}: {subject}")
        };
        let what = format!(
            "{} is {}; at this rate it crosses {} ({}) about {}",
            field.name,
            show(fact.track.values.last()?, &field.ty),
            show(limit, &field.ty),
            held.verdict,
            day(Some(likely))?,
        );
        let ahead = Ahead {
            kind: Arc::from("limit"),
            name,
            owner: Arc::clone(&self.check.owner),
            from: day(after(*earliest))?,
            to: latest.and_then(|latest| day(after(latest))).unwrap_or_default(),
            what,
        };
        Some((likely, ahead))
    }
}

/// What is crossed, in how many microseconds likely, at the earliest and at the latest, and the limit.
type Crossing<'p> = (&'p Held<'p>, f64, f64, Option<f64>, Value);

fn arrives<'p>(held: &'p Held<'p>, fact: &WatchedFact, scope: &Last<'_>) -> Option<Crossing<'p>> {
    let limit = eval(held.limit, scope).ok()?;
    if !held.with.iter().all(|node| matches!(holds(node, scope), Ok(true))) {
        return None;
    }
    let track = &fact.track;
    // A line through what was says nothing of what is no more.
    track.values.last()?.as_float()?;
    let samples: Vec<(i64, Value)> = track.at.iter().copied().zip(track.values.iter().cloned()).collect();
    let mut points = trend::numbers(&samples, false);
    let last = points.pop()?;
    points = trend::fair(&points, last.0, APART);
    points.push(last);
    let first = points.first()?;
    if points.len() < POINTS || last.0 - first.0 < SPAN {
        return None;
    }
    match trend::arrival(last.1, limit.as_float()?, trend::slope(&points, POINTS)?, held.rising) {
        Arrival::In(likely, earliest, latest) => Some((held, likely, earliest, latest, limit)),
        Arrival::Crossed | Arrival::Never => None,
    }
}
