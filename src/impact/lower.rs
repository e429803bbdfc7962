//! Rules of a policy as conditions over variables that both versions share.
//!
//! Parameters, labels and `let`s are put in; facts become variables; a condition that is more than a comparison of one
//! fact with constants becomes a variable of its own. So every rule is constant between the points of its variables,
//! and evaluating it at each point ([`crate::rule::eval`]) decides it for all facts there can be.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::canon::{canon, read_by};
use super::vars::{InPart, Told, Var, Vars, is_whole, number};
use crate::fact::{Cell, Missing, Type, Value, float_to_int};
use crate::plan::{TargetInfo, target_value};
use crate::policy::{Ladder, Policy, Rung};
use crate::rule::eval::{Scope, eval};
use crate::rule::node::{Arith, Cmp, Node, Op, Place};
use crate::rule::{Rule, ops};

/// The time that ages are counted to wherever two versions are compared: 1 January 2026. Whoever reads `now` itself
/// reads a variable.
pub(super) const NOW: i64 = 1_767_225_600_000_000;

/// One version of a policy at one target.
#[derive(Clone, Copy)]
pub(super) struct Version<'a> {
    pub(super) policy: &'a Policy,
    pub(super) params: &'a [Value],
    pub(super) target: &'a TargetInfo,
    /// Was the target made up, so that only what the policy asks of it is known?
    pub(super) made_up: bool,
}

impl Version<'_> {
    /// Can this of the target be anything?
    pub(super) fn is_open(&self, name: &str) -> bool {
        let label = name.strip_prefix("labels.");
        let asked = label.map_or(name == "type", |label| self.target.labels.contains_key(label));
        self.made_up && !asked
    }
}

/// Reads variables at one point.
pub(super) struct Point<'p> {
    pub(super) cells: &'p [&'p Cell],
}

impl Scope for Point<'_> {
    fn read(&self, place: &Place) -> Cell {
        match place {
            Place::Fold(index) => match self.cells.get(*index) {
                Some(cell) => (*cell).clone(),
                None => Err(ops::undecidable("no such variable")),
            },
            _ => Err(ops::undecidable("not a variable")),
        }
    }
}

/// Puts a version into conditions over variables.
pub(super) struct Lowering<'a> {
    pub(super) version: Version<'a>,
    pub(super) vars: &'a mut Vars,
    /// Conditions that stand in both versions, and are variables of their own.
    pub(super) shared: &'a BTreeSet<String>,
}

fn is_constant(node: &Node) -> bool {
    matches!(node.op, Op::Literal(_))
}

fn is_null(node: &Node) -> bool {
    value_of(node).is_some_and(Value::is_null)
}

/// Is it a list or a record?
fn is_many(node: &Node) -> bool {
    matches!(node.ty.base(), Type::List(_) | Type::Record(_))
}

fn value_of(node: &Node) -> Option<&Value> {
    match &node.op {
        Op::Literal(value) => Some(value),
        _ => None,
    }
}

impl Lowering<'_> {
    /// A condition over variables.
    pub(super) fn rule(&mut self, rule: &Rule) -> Rule {
        let plain = self.plain(&rule.node);
        Rule::new(self.condition(plain))
    }

    pub(super) fn rungs(&mut self, rungs: &[Rung]) -> Vec<Rung> {
        rungs.iter().map(|rung| Rung { rule: self.rule(&rung.rule), message: None }).collect()
    }

    pub(super) fn ladder<T: Copy>(&mut self, ladder: &Ladder<T>) -> Ladder<T> {
        let rungs = ladder.rungs.iter().map(|(value, rule)| (*value, self.rule(rule))).collect();
        Ladder { rungs, otherwise: ladder.otherwise }
    }

    /// The node with everything put in that is known before facts are.
    pub(super) fn plain(&mut self, node: &Node) -> Node {
        if let Op::Read(place) = &node.op {
            return self.read(node, place);
        }
        let mut node = node.clone();
        if let Op::Age(pair) = &mut node.op {
            let [time, now] = &mut **pair;
            *time = self.plain(time);
            now.op = Op::Literal(Value::Int(NOW));
            if let Op::Read(Place::Fold(index)) = time.op {
                self.vars.aged(index);
            }
        } else {
            for part in node.children_mut() {
                *part = self.plain(part);
            }
        }
        // What reads nothing is a value already, unless it cannot be computed.
        if !is_constant(&node)
            && node.is_constant()
            && let Ok(value) = eval(&node, &Point { cells: &[] })
        {
            node.op = Op::Literal(value);
        }
        node
    }

    fn read(&mut self, node: &Node, place: &Place) -> Node {
        let literal = |value: Value| Node { op: Op::Literal(value), ..node.clone() };
        match place {
            Place::Param(index) => literal(self.version.params.get(*index).cloned().unwrap_or(Value::Null)),
            Place::Target(name) if !self.version.is_open(name) => {
                literal(target_value(self.version.target, name))
            }
            Place::Let(index) => match self.version.policy.lets.get(*index) {
                Some(found) => self.plain(&found.rule.node),
                None => node.clone(),
            },
            _ => self.fact(node, place),
        }
    }

    fn fact(&mut self, node: &Node, place: &Place) -> Node {
        let field = self.version.policy.field(place);
        let ty = field.map_or(&node.ty, |field| &field.ty).clone();
        let name = field.map_or_else(|| Arc::clone(&node.text), |field| Arc::clone(&field.name));
        let shown = match place {
            Place::Observation(view, _) => {
                let view = self.version.policy.views.get(*view);
                view.map_or_else(|| name.to_string(), |view| format!("{}.{name}", view.rows.name))
            }
            Place::During(calendar) => format!("during(\"{calendar}\")"),
            Place::Target(name) => format!("target.{name}"),
            _ => name.to_string(),
        };
        let index = self.vars.enter(Var {
            // A fact of another type is another fact.
            key: format!("{shown}: {}", ty.base()),
            shown,
            nullable: ty.is_nullable(),
            ty: ty.base().clone(),
            told: Told::Plain,
            ordered: false,
            critical: Vec::new(),
            made_of: BTreeSet::new(),
            may_lack: !matches!(place, Place::Target(_)),
        });
        self.part(place, index);
        Node { op: Op::Read(Place::Fold(index)), ..node.clone() }
    }

    /// Notes which part of the row a fact belongs to.
    fn part(&mut self, place: &Place, index: usize) {
        let Some(view) = self.version.policy.row_view() else { return };
        match place {
            Place::Side(_) => self.vars.side = Some(index),
            Place::Each(column) => {
                if view.rows.side == Some(*column) {
                    self.vars.side = Some(index);
                }
                let found =
                    view.rows.parts.iter().enumerate().find(|(_, part)| part.columns.contains(column));
                if let Some((part, _)) = found {
                    let filled = view.rows.absent_only(*column);
                    self.vars.parts.insert(index, InPart { part, filled });
                }
            }
            _ => {}
        }
    }

    /// A condition in which every comparison is one of a variable with a constant.
    fn condition(&mut self, mut node: Node) -> Node {
        if !self.shared.is_empty() && !is_constant(&node) && self.shared.contains(&canon(&node, self.vars)) {
            return self.variable(&node);
        }
        match &mut node.op {
            Op::Literal(_) | Op::Read(_) => node,
            Op::Not(_) | Op::All(_) | Op::Any(_) | Op::OrElse(_) => {
                for part in node.children_mut() {
                    *part = self.condition(part.clone());
                }
                node
            }
            Op::Known(inner) => {
                let simple = matches!(inner.op, Op::Read(_)) || inner.ty.base() == &Type::Bool;
                **inner = if simple { self.condition((**inner).clone()) } else { self.variable(inner) };
                node
            }
            Op::Compare(..) => self.comparison(node),
            Op::In(_) | Op::InRange(..) => self.within(node),
            _ => self.variable(&node),
        }
    }

    fn comparison(&mut self, mut node: Node) -> Node {
        let Op::Compare(cmp, pair) = &mut node.op else { return node };
        let [left, right] = &mut **pair;
        // No value stands between two lists, so that all that can be told is whether it holds.
        if [&*left, &*right].into_iter().any(is_many) && ![&*left, &*right].into_iter().any(is_null) {
            return self.variable(&node);
        }
        match (is_constant(left), is_constant(right)) {
            (true, true) => node,
            (false, true) => {
                *left = self.side(left, value_of(right), *cmp);
                node
            }
            (true, false) => {
                *right = self.side(right, value_of(left), *cmp);
                node
            }
            (false, false) => match super::share::of(&node) {
                Some(share) => self.comparison(share),
                None => self.relation(&node),
            },
        }
    }

    /// The side of a comparison that is not constant.
    fn side(&mut self, term: &Node, limit: Option<&Value>, cmp: Cmp) -> Node {
        if *term.ty.base() == Type::Bool {
            return self.condition(term.clone());
        }
        if let (Op::Read(Place::Fold(index)), Some(limit)) = (&term.op, limit) {
            if !limit.is_null() {
                self.vars.compared(*index, limit.clone());
                if *term.ty.base() == Type::Time {
                    self.vars.dated.insert(*index);
                }
                if !matches!(cmp, Cmp::Eq | Cmp::Ne) {
                    self.vars.ordered(*index);
                }
            }
            return term.clone();
        }
        if let Some((index, values)) = limit.and_then(|limit| self.solved(term, limit)) {
            values.into_iter().for_each(|value| self.vars.compared(index, value));
            return term.clone();
        }
        let term = self.variable(term);
        if let (Op::Read(Place::Fold(index)), Some(limit)) = (&term.op, limit)
            && !limit.is_null()
        {
            self.vars.compared(*index, limit.clone());
        }
        term
    }

    fn within(&mut self, mut node: Node) -> Node {
        let limits: Option<Vec<Value>> = match &node.op {
            Op::In(pair) => match pair.last().and_then(value_of) {
                Some(Value::List(items)) => items.iter().map(|item| item.as_ref().ok().cloned()).collect(),
                _ => None,
            },
            Op::InRange(three, _) => three.iter().skip(1).map(|node| value_of(node).cloned()).collect(),
            _ => None,
        };
        let is_range = matches!(node.op, Op::InRange(..));
        let many = node.children().first().is_some_and(is_many);
        let Some(limits) = limits.filter(|_| !many) else { return self.variable(&node) };
        let mut parts = node.children_mut();
        let Some(item) = parts.first_mut() else { return node };
        for limit in &limits {
            **item = self.side(item, Some(limit), if is_range { Cmp::Le } else { Cmp::Eq });
        }
        node
    }

    /// Two terms that are compared with each other: all that matters is which is greater.
    fn relation(&mut self, node: &Node) -> Node {
        let Op::Compare(cmp, pair) = &node.op else { return node.clone() };
        let [left, right] = &**pair;
        let (a, b) = (canon(left, self.vars), canon(right, self.vars));
        let turned = a > b;
        let (first, second) = if turned { (right, left) } else { (left, right) };
        let key = if turned { format!("{b} <=> {a}") } else { format!("{a} <=> {b}") };
        let index = self.vars.enter(Var {
            key,
            shown: format!("{} compared with {}", first.text, second.text),
            ty: Type::Int,
            nullable: false,
            told: Told::Relation,
            ordered: true,
            critical: vec![Value::Int(0)],
            made_of: read_by(node),
            may_lack: true,
        });
        let cmp = if turned { cmp.turned() } else { *cmp };
        let read = Node { op: Op::Read(Place::Fold(index)), ty: Type::Int, ..node.clone() };
        let zero = Node { op: Op::Literal(Value::Int(0)), ty: Type::Int, ..node.clone() };
        Node { op: Op::Compare(cmp, Box::new([read, zero])), ..node.clone() }
    }

    /// The node as a variable of its own.
    fn variable(&mut self, node: &Node) -> Node {
        if let Op::Read(Place::Fold(_)) = node.op {
            return node.clone();
        }
        let index = self.vars.enter(Var {
            key: canon(node, self.vars),
            shown: node.text.to_string(),
            ty: node.ty.base().clone(),
            nullable: node.ty.is_nullable(),
            told: Told::Plain,
            ordered: true,
            critical: Vec::new(),
            made_of: read_by(node),
            may_lack: true,
        });
        Node { op: Op::Read(Place::Fold(index)), ..node.clone() }
    }

    /// The values of the one variable of a term at which the term is the limit: for terms that are a straight line in
    /// it, which is tried out by evaluating the term itself.
    fn solved(&mut self, term: &Node, limit: &Value) -> Option<(usize, Vec<Value>)> {
        let reads = read_by(term);
        let index = *reads.first().filter(|_| reads.len() == 1)?;
        let ty = self.vars.get(index)?.ty.clone();
        if !is_linear(term) || number(limit).is_none() && !limit.is_null() {
            return None;
        }
        if limit.is_null() {
            return Some((index, Vec::new()));
        }
        let cells: Vec<Cell> =
            self.vars.list.iter().map(|_| Missing::new(crate::fact::Cause::Denied, "").cell()).collect();
        let at = |x: f64| -> Option<f64> {
            let value = if is_whole(&ty) { Value::Int(float_to_int(x.round())?) } else { Value::Float(x) };
            let own = Ok(value);
            let mut all: Vec<&Cell> = cells.iter().collect();
            *all.get_mut(index)? = &own;
            number(&eval(term, &Point { cells: &all }).ok()?)
        };
        // Ages end at now, so that a time is tried out before it.
        let (low, high) = if ty == Type::Time {
            (crate::fact::int_to_float(NOW) - 2e12, crate::fact::int_to_float(NOW) - 1e12)
        } else {
            (1e6, 3e6)
        };
        let slope = (at(high)? - at(low)?) / (high - low);
        let middle = at(f64::midpoint(low, high))?;
        let line = at(low)? + slope * (high - low) / 2.0;
        if slope == 0.0 || (middle - line).abs() > 1e-6 * middle.abs().max(1.0) {
            return None;
        }
        let x = low + (number(limit)? - at(low)?) / slope;
        x.is_finite().then(|| (index, near(x, &ty)))
    }
}

/// The value, and those beside it, because a line is computed with rounding.
fn near(x: f64, ty: &Type) -> Vec<Value> {
    if is_whole(ty) {
        let whole = [x.floor() - 1.0, x.floor(), x.ceil(), x.ceil() + 1.0];
        return whole.into_iter().filter_map(float_to_int).map(Value::Int).collect();
    }
    let around = x.abs().max(1e-9) * 1e-12;
    [x - around, x.next_down(), x, x.next_up(), x + around].into_iter().map(Value::Float).collect()
}

/// Only sums, products and quotients with constants, ages and `??` with a constant.
fn is_linear(term: &Node) -> bool {
    match &term.op {
        Op::Literal(_) | Op::Read(_) => true,
        Op::Negate(_) | Op::Age(_) => term.children().iter().all(is_linear),
        Op::Arith(op, pair) => {
            let [a, b] = &**pair;
            let straight = is_linear(a) && is_linear(b);
            match op {
                Arith::Add | Arith::Sub => straight,
                Arith::Mul => straight && (is_constant(a) || is_constant(b)),
                Arith::Div => straight && is_constant(b),
                Arith::Rem => false,
            }
        }
        Op::OrElse(items) => items.first().is_some_and(is_linear) && items.iter().skip(1).all(is_constant),
        _ => false,
    }
}
