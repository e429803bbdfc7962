//! Facts from which proposals are made: those of cases that are there, or examples of the probes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fact::{Field, Rows, Table, Type, Value, parse_time, timestamp};
use crate::policy::cases::{Answered, Case};
use crate::policy::{Policy, ViewKind, literal, project};
use crate::source::{Loc, Source, yaml};

/// When examples are judged.
const NOW: &str = "2026-11-01T03:00:00Z";

/// A case without expectations, whose facts are the examples that probes declare.
pub(super) fn of_examples(policy: &Policy) -> Option<Case> {
    let now = parse_time(NOW)?;
    let mut case = Case {
        name: Arc::from(""),
        loc: Loc::nowhere("examples"),
        now: timestamp(now)?,
        facts: policy.observe.iter().map(|observe| answer(&observe.schema, now)).collect(),
        before: policy
            .observe
            .iter()
            .map(|observe| observe.before.as_ref().map(|_| answer(&observe.asked, now).result))
            .collect(),
        held: None,
        samples: policy.observe.iter().map(|_| Vec::new()).collect(),
        during: None,
        params: Vec::new(),
        target: Arc::from("case"),
        scheme: Arc::from(project::schemes(&policy.target.kind).first().copied().unwrap_or("")),
        labels: policy.target.labels.clone().into_iter().collect::<BTreeMap<_, _>>(),
        findings: Vec::new(),
    };
    join_keys(policy, &mut case);
    Some(case)
}

fn answer(schema: &Arc<crate::fact::Schema>, now: i64) -> Answered {
    let row = schema.fields.iter().map(|field| Ok(example(field, now))).collect();
    Answered {
        result: Ok(Table { schema: Arc::clone(schema), rows: vec![row], total: 1, cut: None }),
        age: 0,
    }
}

/// The example of a fact, as YAML writes it, or something of its type.
fn example(field: &Field, now: i64) -> Value {
    let ty = field.ty.base();
    let source = Source::new("example", &*field.example);
    let read = yaml::parse(&source, &yaml::Limits::default()).ok();
    let node = read.as_ref().and_then(|documents| documents.first()).map(|document| &document.root);
    let typed = node.filter(|node| !node.is_null()).and_then(|node| literal::typed(node, ty).ok());
    typed.unwrap_or_else(|| match ty {
        Type::Bool => Value::Bool(false),
        Type::Float => Value::Float(0.0),
        Type::Quantity(unit) if *unit != crate::fact::Unit::BYTES && *unit != crate::fact::Unit::DURATION => {
            Value::Float(0.0)
        }
        Type::Int | Type::Counter | Type::Quantity(_) => Value::Int(0),
        Type::Time => Value::Int(now - 3_600_000_000),
        Type::Date => Value::Int(now.div_euclid(86_400_000_000)),
        Type::Enum(words) => words.first().map_or(Value::Null, |word| Value::Text(Arc::clone(word))),
        Type::List(_) => Value::List(Arc::from([])),
        Type::Version => Value::text("15.4"),
        _ => Value::text("x"),
    })
}

/// Rows that are joined have one key.
fn join_keys(policy: &Policy, case: &mut Case) {
    let observed = |view: usize| match policy.views.get(view).map(|view| &view.kind) {
        Some(ViewKind::Observed(observation)) => Some(*observation),
        _ => None,
    };
    for view in &policy.views {
        let ViewKind::Join(join) = &view.kind else { continue };
        let [left, right] = join.sides.map(observed);
        let (Some(left), Some(right)) = (left, right) else { continue };
        for [from, to] in &join.by {
            let cell = case
                .facts
                .get(left)
                .and_then(|facts| facts.result.as_ref().ok()?.rows.first()?.get(*from).cloned());
            let slot = case
                .facts
                .get_mut(right)
                .and_then(|facts| facts.result.as_mut().ok()?.rows.first_mut()?.get_mut(*to));
            if let (Some(cell), Some(slot)) = (cell, slot) {
                *slot = cell;
            }
        }
    }
}

/// The same case with only one row where there are several: one by one, as long as `keeps` says so.
pub(super) fn trimmed(case: &Case, keeps: impl Fn(&Case) -> bool) -> Case {
    let mut best = case.clone();
    for index in 0..case.facts.len() {
        let Some(Ok(table)) = case.facts.get(index).map(|facts| &facts.result) else { continue };
        if table.schema.rows == Rows::One || table.rows.len() < 2 || table.cut.is_some() {
            continue;
        }
        for row in table.rows.iter().take(8) {
            let mut next = best.clone();
            if let Some(slot) = next.facts.get_mut(index) {
                slot.result = Ok(Table { rows: vec![row.clone()], total: 1, ..table.clone() });
            }
            if keeps(&next) {
                best = next;
                break;
            }
        }
    }
    best
}

/// How much there is in a case.
pub(super) fn size(case: &Case) -> usize {
    let rows = case.facts.iter().map(|facts| facts.result.as_ref().map_or(1, |table| table.rows.len()));
    rows.sum::<usize>() + case.samples.iter().map(Vec::len).sum::<usize>() + case.params.len()
}

/// Do two cases ask the same?
pub(super) fn alike(one: &Case, other: &Case) -> bool {
    let facts = one
        .facts
        .iter()
        .zip(&other.facts)
        .all(|(one, other)| one.age == other.age && one.result == other.result);
    let params = |case: &Case| {
        case.params
            .iter()
            .map(|(name, node)| (Arc::clone(name), node.loc.text().to_owned()))
            .collect::<Vec<_>>()
    };
    facts
        && one.now == other.now
        && one.before == other.before
        && one.samples == other.samples
        && one.during == other.during
        && one.held == other.held
        && params(one) == params(other)
        && (&one.target, &one.scheme, &one.labels) == (&other.target, &other.scheme, &other.labels)
}
