//! Variations of a case: other values of one fact, answers that are not there, rows that are not there.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fact::{Cause, Cell, Level, Missing, Row, Rows, Type, Value, micros_of, show};
use crate::judge::{Part, branches};
use crate::policy::cases::Case;
use crate::policy::cases::write::{literal, step, steps};
use crate::policy::{Policy, ViewKind};
use crate::rule::node::{Fold, Node, Op};

/// A fact of the first row of an answer, or of the earlier answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub observation: usize,
    pub field: usize,
    pub before: bool,
}

/// A case with the difference in words.
#[derive(Clone)]
pub(super) struct Variation {
    pub name: String,
    pub case: Case,
}

/// What of a policy can be varied.
pub(super) struct Field {
    pub at: At,
    pub name: String,
    pub ty: Type,
    pub key: bool,
}

/// The facts that conditions read.
pub(super) fn fields(policy: &Policy) -> Vec<Field> {
    let mut places = BTreeSet::new();
    for shown in branches(policy) {
        if let (Part::Fact(place), _) = &shown.branch
            && let Some((view, column)) = policy.column(place)
        {
            let facts = policy.facts_of(view, column);
            places.extend(facts.into_iter().map(|(observation, field, before)| At {
                observation,
                field,
                before,
            }));
        }
    }
    let field = |at: At| {
        let observe = policy.observe.get(at.observation)?;
        let schema = if at.before { &observe.asked } else { &observe.schema };
        let field = schema.fields.get(at.field)?;
        let plain = if policy.observe.len() == 1 {
            field.name.to_string()
        } else {
            format!("{}.{}", observe.name, field.name)
        };
        let name = if at.before { format!("{plain} before") } else { plain };
        Some(Field { at, name, ty: field.ty.clone(), key: schema.key.contains(&at.field) })
    };
    places.into_iter().filter_map(field).collect()
}

fn row(case: &Case, at: At) -> Option<&Row> {
    let result = if at.before {
        case.before.get(at.observation)?.as_ref()?
    } else {
        &case.facts.get(at.observation)?.result
    };
    result.as_ref().ok()?.rows.first()
}

/// The cell that is varied.
pub(super) fn cell(case: &Case, at: At) -> Option<&Cell> {
    row(case, at)?.get(at.field)
}

/// The case with another cell; `None` if it has no such row.
pub(super) fn with(case: &Case, at: At, cell: Cell) -> Option<Case> {
    let mut next = case.clone();
    let result = if at.before {
        next.before.get_mut(at.observation)?.as_mut()?
    } else {
        &mut next.facts.get_mut(at.observation)?.result
    };
    *result.as_mut().ok()?.rows.first_mut()?.get_mut(at.field)? = cell;
    Some(next)
}

/// A cell or an answer that is not known.
pub(super) fn missing(cause: Cause) -> Missing {
    Missing::new(cause, "as the case says").level(Level::Row)
}

/// The constants of a policy, each with its type.
pub(super) struct Constants {
    pub all: Vec<(Value, Type)>,
    /// Are there durations below a second?
    pub fine: bool,
}

impl Constants {
    pub(super) fn of(policy: &Policy) -> Self {
        let mut all: Vec<(Value, Type)> = Vec::new();
        let mut add = |value: &Value, ty: &Type| {
            if !value.is_null() && !all.iter().any(|(known, _)| known == value) {
                all.push((value.clone(), ty.base().clone()));
            }
        };
        let mut visit = |node: &Node| {
            node.walk(&mut |part| {
                if let Op::Literal(value) = &part.op {
                    add(value, &part.ty);
                }
            });
        };
        policy.rules().iter().for_each(|rule| visit(&rule.node));
        for view in &policy.views {
            if let ViewKind::Group(group) = &view.kind {
                group.lets.iter().for_each(|rule| visit(&rule.node));
                group.folds.iter().flat_map(Fold::nodes).for_each(&mut visit);
            }
        }
        policy.params.iter().for_each(|param| add(&param.default, &param.ty));
        let short = |(value, ty): &(Value, Type)| {
            *ty == Type::DURATION && value.as_int().is_some_and(|micros| micros % 1_000_000 != 0)
        };
        let fine = all.iter().any(short);
        Self { all, fine }
    }

    /// Limits of a type, in steps.
    pub(super) fn limits(&self, ty: &Type, now: i64) -> BTreeSet<i64> {
        let mut found = BTreeSet::new();
        for (value, known) in &self.all {
            match (ty.base(), known) {
                (Type::Time, Type::Quantity(_)) if *known == Type::DURATION => {
                    let Some(length) = value.as_int() else { continue };
                    let around = [now.saturating_sub(length), now.saturating_add(length)];
                    found.extend(
                        around.iter().filter_map(|at| steps(&Value::Int(*at), &Type::Time, self.fine)),
                    );
                }
                (Type::Date, Type::Quantity(_)) if *known == Type::DURATION => {
                    let Some(length) = value.as_int() else { continue };
                    let day = |at: i64| at.div_euclid(86_400_000_000);
                    found.extend([day(now.saturating_sub(length)), day(now.saturating_add(length))]);
                }
                (wanted, known) if wanted == known || (wanted.is_number() && known.is_number()) => {
                    let number = match (wanted, value) {
                        (Type::Float, Value::Int(_)) => value.as_float().map(Value::Float),
                        _ => Some(value.clone()),
                    };
                    found.extend(number.and_then(|value| steps(&value, wanted, self.fine)));
                }
                _ => {}
            }
        }
        found
    }

    /// Texts of the policy.
    fn texts(&self) -> impl Iterator<Item = &Value> {
        self.all.iter().map(|(value, _)| value).filter(|value| value.as_text().is_some())
    }
}

/// Values between which a condition may turn, in steps, ascending.
pub(super) fn ladder(constants: &Constants, field: &Field, case: &Case) -> Vec<i64> {
    let (now, fine) = (micros_of(case.now), constants.fine);
    let mut found = BTreeSet::from([0]);
    for limit in constants.limits(&field.ty, now) {
        found.extend([limit.saturating_sub(1), limit, limit.saturating_add(1)]);
    }
    if let Some(Ok(value)) = cell(case, field.at)
        && let Some(base) = steps(value, &field.ty, fine)
    {
        found.extend([base / 2, base, base.saturating_mul(2)]);
    }
    match field.ty.base() {
        Type::Time | Type::Date => {
            let day = if *field.ty.base() == Type::Date {
                Some(1)
            } else {
                steps(&Value::Int(86_400_000_000), &Type::DURATION, fine)
            };
            let at =
                Value::Int(if *field.ty.base() == Type::Date { now.div_euclid(86_400_000_000) } else { now });
            let now = steps(&at, &field.ty, fine).unwrap_or(0);
            let days = [0, 1, 7, 30, 90, 400].map(|days| day.unwrap_or(1).saturating_mul(days));
            found.extend(days.iter().flat_map(|days| [now.saturating_sub(*days), now.saturating_add(*days)]));
            found.remove(&0);
        }
        _ => found.extend((0..13).map(|power| 10i64.pow(power))),
    }
    found.into_iter().collect()
}

/// Other values of a fact that has no order.
pub(super) fn words(constants: &Constants, field: &Field) -> Vec<Value> {
    match field.ty.base() {
        Type::Bool => vec![Value::Bool(true), Value::Bool(false)],
        Type::Enum(words) => words.iter().map(|word| Value::Text(Arc::clone(word))).collect(),
        // A text that no rule names is one that all rules have to do with.
        Type::Text(_) if !field.key => {
            constants.texts().cloned().chain([Value::text("other"), Value::text("")]).collect()
        }
        Type::Version => constants.texts().cloned().collect(),
        Type::List(_) => vec![Value::List(Arc::from([]))],
        _ => Vec::new(),
    }
}

/// The fact at a number of steps, in words.
pub(super) fn at_steps(
    field: &Field,
    case: &Case,
    count: i64,
    fine: bool,
    remark: &str,
) -> Option<Variation> {
    let value = step(count, &field.ty, fine)?;
    let shown = literal(&value, &field.ty).unwrap_or_else(|| show(&value, &field.ty));
    Some(Variation {
        name: format!("{} {shown}{remark}", field.name),
        case: with(case, field.at, Ok(value))?,
    })
}

/// Null and unknown facts.
pub(super) fn gaps(field: &Field, case: &Case) -> Vec<Variation> {
    let mut found = Vec::new();
    if field.ty.is_nullable()
        && let Some(case) = with(case, field.at, Ok(Value::Null))
    {
        found.push(Variation { name: format!("{} null", field.name), case });
    }
    if !field.key
        && let Some(case) = with(case, field.at, Err(Arc::new(missing(Cause::Denied))))
    {
        found.push(Variation { name: format!("{} unknown", field.name), case });
    }
    found
}

/// Failures that have held as long as the alert asks, and nearly as long.
pub(super) fn held(policy: &Policy, case: &Case) -> Vec<Variation> {
    let Some(needed) = policy.alert.as_ref().and_then(|alert| alert.held) else { return Vec::new() };
    let said = |held: i64, remark: &str| {
        let shown = literal(&Value::Int(held), &Type::DURATION)?;
        let case = Case { held: Some(held), ..case.clone() };
        Some(Variation { name: format!("held for {shown}, {remark}"), case })
    };
    let short = Some(needed.saturating_sub(1_000_000)).filter(|short| *short > 0);
    let short = short.and_then(|short| said(short, "just short of `for`"));
    [said(needed, "as long as `for`"), short].into_iter().flatten().collect()
}

/// Answers that are not there, without rows, or on one side only; calendars the other way round.
pub(super) fn answers(policy: &Policy, case: &Case) -> Vec<Variation> {
    let mut found = Vec::new();
    for (index, observe) in policy.observe.iter().enumerate() {
        let mut unread = case.clone();
        if let Some(slot) = unread.facts.get_mut(index) {
            slot.result = Err(Arc::new(missing(Cause::Unreachable)));
            found.push(Variation { name: format!("{} unreachable", observe.name), case: unread });
        }
        if observe.schema.rows == Rows::Many {
            let mut empty = case.clone();
            if let Some(Ok(table)) = empty.facts.get_mut(index).map(|slot| &mut slot.result) {
                (table.rows, table.total) = (Vec::new(), 0);
                found.push(Variation { name: format!("no row of {}", observe.name), case: empty });
            }
        }
        let mut none = case.clone();
        if let Some(slot) = none.before.get_mut(index).filter(|slot| slot.is_some()) {
            *slot = None;
            found.push(Variation { name: format!("nothing of {} before", observe.name), case: none });
        }
        let mut fresh = case.clone();
        if let Some(Some(Ok(table))) =
            fresh.before.get_mut(index).map(Option::as_mut).map(|slot| slot.map(|result| result.as_mut()))
        {
            (table.rows, table.total) = (Vec::new(), 0);
            found.push(Variation { name: format!("no row of {} before", observe.name), case: fresh });
        }
        let mut young = case.clone();
        if let Some(samples) = young.samples.get_mut(index).filter(|samples| !samples.is_empty()) {
            samples.clear();
            found.push(Variation { name: format!("no sample of {}", observe.name), case: young });
        }
    }
    for calendar in policy.calendars() {
        let mut other = case.clone();
        let during = other.during.get_or_insert_default();
        let word = if during.remove(&calendar) { "outside of" } else { "during" };
        if word == "during" {
            during.insert(Arc::clone(&calendar));
        }
        found.push(Variation { name: format!("{word} {calendar}"), case: other });
    }
    found
}
