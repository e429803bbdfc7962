//! What a rule held against limits when it decided: read off a finding, whose operands have the values.

use std::collections::BTreeMap;

use crate::fact::{Cause, Cell, Level, Missing, Type, Value, value_from_json};
use crate::policy::Policy;
use crate::rule::eval::{Scope, eval};
use crate::rule::node::{Cmp, Node, Op, Place};
use crate::rule::ops::compare;
use crate::verdict::{Compared, Finding};

/// The comparisons of numbers that decided a finding: those that held, of the rung that it names. None where a script
/// decided, where the rule asks something else than how much, and where a value was not kept.
pub fn compared(policy: &Policy, finding: &Finding) -> Vec<Compared> {
    let mut found = Vec::new();
    if let Some(rung) = super::waive::decided(policy, finding) {
        let read = Read::of(policy, finding, &rung.rule.node);
        read.comparisons(&rung.rule.node, true, &mut found);
    }
    found
}

/// What the rule read, as the finding tells it.
struct Read<'a> {
    policy: &'a Policy,
    finding: &'a Finding,
    places: BTreeMap<&'a Place, Value>,
}

impl Scope for Read<'_> {
    fn read(&self, place: &Place) -> Cell {
        self.places.get(place).cloned().ok_or_else(|| {
            std::sync::Arc::new(Missing::new(Cause::Absent, "the finding does not tell it").level(Level::Row))
        })
    }
}

impl<'a> Read<'a> {
    fn of(policy: &'a Policy, finding: &'a Finding, node: &'a Node) -> Self {
        let mut read = Self { policy, finding, places: BTreeMap::new() };
        read.learn(node);
        read
    }

    /// The values of what is read there, and within each `let`.
    fn learn(&mut self, node: &'a Node) {
        let (policy, mut lets) = (self.policy, Vec::new());
        node.walk(&mut |part| {
            let Op::Read(place) = &part.op else { return };
            if let Some(value) = self.told(part) {
                self.places.insert(place, value);
            }
            if let Place::Let(index) = place {
                lets.extend(policy.lets.get(*index));
            }
        });
        // A `let` reads only those before it, so this ends.
        lets.into_iter().for_each(|inner| self.learn(&inner.rule.node));
    }

    /// The operand of a node.
    fn told(&self, node: &Node) -> Option<Value> {
        let operand = self.finding.operands.iter().find(|operand| operand.text == node.text)?;
        value_from_json(&operand.value, &node.ty).ok()
    }

    fn value(&self, node: &Node) -> Option<Value> {
        let value = self.told(node).or_else(|| eval(node, self).ok())?;
        (is_number(&node.ty) && value.as_float().is_some()).then_some(value)
    }

    fn comparisons(&self, node: &Node, holds: bool, found: &mut Vec<Compared>) {
        match &node.op {
            Op::Not(inner) => self.comparisons(inner, !holds, found),
            Op::All(items) | Op::Any(items) => {
                items.iter().for_each(|item| self.comparisons(item, holds, found));
            }
            Op::Read(Place::Let(index)) => {
                if let Some(shared) = self.policy.lets.get(*index) {
                    self.comparisons(&shared.rule.node, holds, found);
                }
            }
            Op::Compare(cmp, pair) => found.extend(self.comparison(*cmp, pair, holds)),
            _ => {}
        }
    }

    fn comparison(&self, cmp: Cmp, pair: &[Node; 2], holds: bool) -> Option<Compared> {
        let [left, right] = pair;
        let above = match cmp {
            Cmp::Gt | Cmp::Ge => true,
            Cmp::Lt | Cmp::Le => false,
            Cmp::Eq | Cmp::Ne => return None,
        };
        let (a, b) = (self.value(left)?, self.value(right)?);
        // Of several that suffice, one that does not hold decided nothing.
        if compare(cmp, &a, &b, left.ty.base()).ok()? != holds {
            return None;
        }
        let is_turned = match (self.is_fixed(left), self.is_fixed(right)) {
            (true, true) => return None,
            (true, false) => true,
            (false, true) => false,
            (false, false) => !is_fact(left) && is_fact(right),
        };
        let (of, value, against, limit) = if is_turned { (right, b, left, a) } else { (left, a, right, b) };
        Some(Compared {
            what: std::sync::Arc::clone(&of.text),
            value,
            ty: of.ty.base().clone(),
            limit,
            limit_ty: against.ty.base().clone(),
            rising: (above == holds) != is_turned,
            fixed: self.is_fixed(against),
        })
    }

    /// Is it the same in every run, unless somebody changes the project?
    fn is_fixed(&self, node: &Node) -> bool {
        let mut fixed = true;
        node.walk(&mut |part| match &part.op {
            Op::Read(Place::Param(_) | Place::Target(_)) => {}
            Op::Read(Place::Let(index)) => {
                fixed &= self.policy.lets.get(*index).is_some_and(|inner| self.is_fixed(&inner.rule.node));
            }
            Op::Read(_) | Op::History(..) | Op::Age(_) => fixed = false,
            _ => {}
        });
        fixed
    }
}

/// What is counted or measured, and what has an order in time.
fn is_number(ty: &Type) -> bool {
    matches!(ty.base(), Type::Int | Type::Float | Type::Quantity(_) | Type::Counter | Type::Time | Type::Date)
}

/// Is it a fact, and not made of several?
fn is_fact(node: &Node) -> bool {
    match &node.op {
        Op::OrElse(items) => items.first().is_some_and(is_fact),
        Op::Read(Place::Now | Place::NowOf(_)) => false,
        Op::Read(_) | Op::Age(_) | Op::History(..) => true,
        _ => false,
    }
}
