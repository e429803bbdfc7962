//! A condition as a tree: every part with its truth, every value with where it comes from.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::fact::{Cell, Type, Value, show_apart, show_cell};
use crate::rule::Rule;
use crate::rule::eval::{Scope, eval};
use crate::rule::history;
use crate::rule::node::{Node, Op, Place};
use crate::rule::template::Words;
use crate::verdict::{Operand, Origin, Reason};

use super::super::operands;
use super::super::scope::RowScope;
use super::facts::unknown;

/// Draws conditions of one row.
pub(super) struct Tree<'t, 's, 'a> {
    pub(super) scope: &'t RowScope<'s, 'a>,
    /// `let`s that were drawn already.
    drawn: RefCell<BTreeSet<usize>>,
}

/// Values of a finding.
pub(super) fn operands(operands: &[Operand]) -> Vec<Reason> {
    let one = |operand: &Operand| Reason {
        origin: Some(operand.origin.clone()),
        ..Reason::new("value", operand.text.to_string(), operand.shown.clone())
    };
    operands.iter().map(one).collect()
}

impl<'t, 's, 'a> Tree<'t, 's, 'a> {
    pub(super) fn new(scope: &'t RowScope<'s, 'a>) -> Self {
        Self { scope, drawn: RefCell::default() }
    }

    /// A rule of the policy.
    pub(super) fn rule(&self, step: &str, rule: &Rule) -> Reason {
        Reason { step: step.to_owned(), ..self.condition(&rule.node, None) }
    }

    /// The facts that a script reads.
    pub(super) fn script(&self) -> Vec<Reason> {
        operands(&operands::of_script(self.scope))
    }

    fn said(&self, node: &Node, cell: &Cell, limit: Option<&Value>) -> String {
        match cell {
            Err(why) => unknown(why),
            Ok(Value::Bool(truth)) => truth.to_string(),
            Ok(value) => {
                if let Some(limit) = limit.filter(|limit| !limit.is_null() && !value.is_null()) {
                    return show_apart(value, limit, node.ty.base());
                }
                let reads = operands::place(node).and_then(|place| self.scope.null_reads(place));
                show_cell(cell, node.ty.base(), reads)
            }
        }
    }

    /// A node with its parts; the limit is what it is compared with.
    fn condition(&self, node: &Node, limit: Option<&Value>) -> Reason {
        let cell = eval(node, self.scope);
        let said = self.said(node, &cell, limit);
        let reason = |step: &str, parts: Vec<Reason>| {
            Reason::new(step, node.text.to_string(), said.clone()).at(node.loc.to_string()).of(parts)
        };
        let parts = || node.children().iter().map(|child| self.condition(child, None)).collect::<Vec<_>>();
        match &node.op {
            Op::All(_) => reason("all", parts()),
            Op::Any(_) => reason("any", parts()),
            Op::Not(_) => reason("not", parts()),
            Op::Compare(_, pair) => reason("compare", self.sides(pair)),
            _ if operands::place(node).is_some() => self.value(node, &cell, said),
            Op::Literal(_) => reason("literal", Vec::new()),
            _ if *node.ty.base() == Type::Bool => reason("condition", self.values(node)),
            _ => reason("computed", self.values(node)),
        }
    }

    /// Both sides of a comparison, without what is written there.
    fn sides(&self, pair: &[Node; 2]) -> Vec<Reason> {
        let [left, right] = pair;
        let mut found = Vec::new();
        for (side, other) in [(left, right), (right, left)] {
            if !matches!(side.op, Op::Literal(_)) {
                let limit = eval(other, self.scope).ok();
                found.push(self.condition(side, limit.as_ref()));
            }
        }
        found
    }

    /// The parts that are read, without what is written there.
    fn values(&self, node: &Node) -> Vec<Reason> {
        let read = node.children().iter().filter(|child| !matches!(child.op, Op::Literal(_)));
        read.map(|child| self.condition(child, None)).collect()
    }

    /// A value that is read: a fact, a parameter, a `let`, an answer about the past.
    fn value(&self, node: &Node, cell: &Cell, said: String) -> Reason {
        let Some(place) = operands::place(node) else { return Reason::default() };
        let said = if cell.is_ok() { history::shown(node, self.scope).unwrap_or(said) } else { said };
        let origin = operands::origin(place, self.scope);
        let step = if matches!(node.op, Op::History(..)) { "history" } else { "value" };
        let mut reason = Reason::new(step, node.text.to_string(), said);
        if let Origin::Param { at, .. } = &origin {
            reason.at = Some(at.clone());
        }
        reason.origin = Some(origin);
        if let Op::History(_, parts) = &node.op {
            reason.parts = self.past(place);
            let more = parts.iter().filter(|part| !matches!(part.op, Op::Literal(_)));
            reason.parts.extend(more.map(|part| self.condition(part, None)));
        }
        if let Place::Let(index) = place
            && self.drawn.borrow_mut().insert(*index)
            && let Some(found) = self.scope.maker.check.policy.lets.get(*index)
        {
            reason.parts = vec![Reason { step: "let".to_owned(), ..self.condition(&found.rule.node, None) }];
        }
        reason
    }

    /// The samples that an answer about the past stands on.
    fn past(&self, place: &Place) -> Vec<Reason> {
        let said = match self.scope.past(place) {
            Err(why) => unknown(&why),
            Ok(samples) => {
                let time = |at: Option<&(i64, Value)>| {
                    at.and_then(|(at, _)| crate::fact::timestamp(*at))
                        .map_or_else(String::new, |at| at.to_string())
                };
                match (samples.earlier.first(), samples.earlier.last()) {
                    (None, _) => "no earlier sample".to_owned(),
                    (first, last) => {
                        format!("{} samples, from {} to {}", samples.earlier.len(), time(first), time(last))
                    }
                }
            }
        };
        vec![Reason::new("samples", "what earlier runs saw", said)]
    }
}
