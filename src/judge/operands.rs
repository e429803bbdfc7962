//! The values that a rule read, with their origins.

use std::sync::Arc;

use crate::fact::{Cell, Value, cell_to_json, show, show_apart, show_cell};
use crate::rule::Rule;
use crate::rule::eval::{Scope, eval};
use crate::rule::history;
use crate::rule::node::{Node, Op, Place};
use crate::rule::template::Words;
use crate::verdict::{Layer, Operand, Origin};

use super::scope::RowScope;

/// The place of a node that is one value for a reader: a read, or an age.
pub(super) fn place(node: &Node) -> Option<&Place> {
    match &node.op {
        Op::Read(place) => Some(place),
        Op::History(_, parts) => parts.first().and_then(place),
        Op::Age(pair) => {
            let [time, _] = &**pair;
            place(time)
        }
        _ => None,
    }
}

/// Comparisons of a rule: each side with the other side's value.
fn limited(node: &Node, scope: &RowScope<'_, '_>, found: &mut Vec<(Arc<str>, Value)>) {
    if let Op::Compare(_, pair) = &node.op {
        let [left, right] = &**pair;
        for (side, other) in [(left, right), (right, left)] {
            if let (Some(_), Ok(value)) = (place(side), eval(other, scope))
                && !value.is_null()
            {
                found.push((Arc::clone(&side.text), value));
            }
        }
    }
    node.children().iter().for_each(|child| limited(child, scope, found));
}

/// Limits by place, for the digits of messages.
pub(super) fn limits(rule: &Rule, scope: &RowScope<'_, '_>) -> Vec<(Place, Value)> {
    let mut found = Vec::new();
    let mut visit = |node: &Node| {
        let Op::Compare(_, pair) = &node.op else { return };
        let [left, right] = &**pair;
        if let (Some(place), Ok(value)) = (place(left), eval(right, scope))
            && !value.is_null()
        {
            found.push((place.clone(), value));
        }
    };
    rule.node.walk(&mut |node| visit(node));
    found
}

/// Where the value of a place comes from.
pub(super) fn origin(place: &Place, scope: &RowScope<'_, '_>) -> Origin {
    let policy = &scope.maker.check.policy;
    match place {
        Place::Let(_) => Origin::Let,
        Place::Param(index) => match (scope.settings.params.get(*index), policy.params.get(*index)) {
            (Some(setting), Some(param)) => {
                let default = (setting.layer != Layer::Policy).then(|| show(&param.default, &param.ty));
                Origin::Param { layer: setting.layer, at: setting.at.clone(), default }
            }
            _ => Origin::Context,
        },
        place => {
            let facts = policy.column(place).map(|(view, column)| policy.facts_of(view, column));
            let first = facts.as_ref().and_then(|facts| facts.first());
            match first.and_then(|(observation, ..)| policy.observe.get(*observation)) {
                Some(observe) => Origin::Fact { probe: Arc::from(observe.probe.name) },
                None => Origin::Context,
            }
        }
    }
}

/// An answer about the past, with its range if it has one.
fn past(node: &Node, cell: &Cell, scope: &RowScope<'_, '_>) -> String {
    let shown = if cell.is_ok() { history::shown(node, scope) } else { None };
    shown.unwrap_or_else(|| show_cell(cell, node.ty.base(), None))
}

fn make(node: &Node, cell: &Cell, shown: String, origin: Origin) -> Operand {
    Operand {
        text: Arc::clone(&node.text),
        shown,
        value: cell_to_json(cell, &node.ty),
        ty: node.ty.to_string(),
        origin,
    }
}

/// The value of an expression as an operand.
pub(super) fn operand(rule: &Rule, scope: &RowScope<'_, '_>) -> Operand {
    let cell = eval(&rule.node, scope);
    let origin = place(&rule.node).map_or(Origin::Literal, |place| origin(place, scope));
    let reads = place(&rule.node).and_then(|place| scope.null_reads(place));
    make(&rule.node, &cell, show_cell(&cell, rule.node.ty.base(), reads), origin)
}

/// The facts of the row and the parameters that a script reads.
pub(super) fn of_script(scope: &RowScope<'_, '_>) -> Vec<Operand> {
    let policy = &scope.maker.check.policy;
    let Some((script, schema)) = policy.script.as_ref().zip(policy.row_schema()) else { return Vec::new() };
    let mut found = Vec::new();
    for name in &script.reads {
        let Some((column, field)) = schema.position(name).and_then(|at| Some((at, schema.fields.get(at)?)))
        else {
            continue;
        };
        let place = Place::Each(column);
        let cell = scope.read(&place);
        found.push(Operand {
            text: Arc::clone(&field.name),
            shown: show_cell(&cell, field.ty.base(), field.null_reads.as_deref()),
            value: cell_to_json(&cell, &field.ty),
            ty: field.ty.to_string(),
            origin: origin(&place, scope),
        });
    }
    for (index, param) in policy.params.iter().enumerate() {
        let place = Place::Param(index);
        let cell = scope.read(&place);
        if script.params.contains(&param.name) {
            found.push(Operand {
                text: Arc::from(format!("params.{}", param.name)),
                shown: show_cell(&cell, &param.ty, None),
                value: cell_to_json(&cell, &param.ty),
                ty: param.ty.to_string(),
                origin: origin(&place, scope),
            });
        }
    }
    found
}

/// How many rows there were, and how many of them were subjects: what `expect` is about.
pub(super) fn of_expect(rows: u64, subjects: u64) -> Vec<Operand> {
    vec![counted("rows", rows), counted("subjects", subjects)]
}

fn counted(text: &str, many: u64) -> Operand {
    let value = Value::count(many);
    Operand {
        text: Arc::from(text),
        shown: show(&value, &crate::fact::Type::Int),
        value: cell_to_json(&Ok(value), &crate::fact::Type::Int),
        ty: crate::fact::Type::Int.to_string(),
        origin: Origin::Context,
    }
}

/// Everything that a rule read, each once, and what its `let`s read.
pub(super) fn of(rule: &Rule, scope: &RowScope<'_, '_>) -> Vec<Operand> {
    let mut limits = Vec::new();
    limited(&rule.node, scope, &mut limits);
    let mut found: Vec<Operand> = Vec::new();
    collect(&rule.node, scope, &limits, &mut found);
    found
}

fn collect(node: &Node, scope: &RowScope<'_, '_>, limits: &[(Arc<str>, Value)], found: &mut Vec<Operand>) {
    let Some(read) = place(node) else {
        node.children().iter().for_each(|child| collect(child, scope, limits, found));
        return;
    };
    if found.iter().any(|operand| operand.text == node.text) {
        return;
    }
    let cell = eval(node, scope);
    let limit = limits.iter().find(|(text, _)| *text == node.text).map(|(_, limit)| limit);
    let shown = match (&cell, limit) {
        _ if matches!(node.op, Op::History(..)) => past(node, &cell, scope),
        (Ok(value), Some(limit)) if !value.is_null() => show_apart(value, limit, node.ty.base()),
        _ => show_cell(&cell, node.ty.base(), scope.null_reads(read)),
    };
    found.push(make(node, &cell, shown, origin(read, scope)));
    if let Op::History(_, parts) = &node.op {
        parts.iter().for_each(|part| collect(part, scope, &[], found));
    }
    if let Place::Let(index) = read
        && let Some(inner) = scope.maker.check.policy.lets.get(*index)
    {
        collect(&inner.rule.node, scope, &[], found);
    }
}

/// A rule as a sentence, for policies without a message.
pub(super) fn sentence(rule: &Rule, operands: &[Operand]) -> String {
    let values =
        operands.iter().map(|operand| format!("{} is {}", operand.text, operand.shown)).collect::<Vec<_>>();
    if values.is_empty() {
        format!("`{}` holds", rule.node.text)
    } else {
        format!("`{}` holds: {}", rule.node.text, values.join(", "))
    }
}
