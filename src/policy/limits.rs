//! Which way a limit is loosened, and whether `warn` and `fail` stand the right way round.

use std::sync::Arc;

use super::model::Arg;
use super::{Expect, Policy};
use crate::diag::{Diag, code};
use crate::fact::{ProbeDecl, Type, Value, show};
use crate::rule::node::{Arith, Cmp, Node, Op, Place};
use crate::rule::ops::compare;

/// Shares that are parts of a whole; others (`due_ratio`) may exceed it.
const SHARES: &[(&str, &str)] = &[
    ("disk.usage", "used_ratio"),
    ("disk.usage", "inodes_used_ratio"),
    ("postgres.tables", "dead_ratio"),
    ("postgres.table_bloat", "bloat_ratio"),
    ("postgres.table_bloat", "exact_bloat_ratio"),
    ("postgres.index_bloat", "exact_bloat_ratio"),
    ("postgres.index_bloat", "leaf_density"),
    ("sqlite.database", "free_ratio"),
];

/// Between which values a fact of a probe lies: no negative sizes and counters, and no shares above the whole for what is a
/// part of it. What a policy declares itself may be anything.
pub fn bounds(probe: &ProbeDecl, fact: &str, ty: &Type) -> Option<(Value, Option<Value>)> {
    if !probe.facts.iter().any(|declared| declared.name == fact) {
        return None;
    }
    match ty {
        Type::Counter | &Type::BYTES => Some((Value::Int(0), None)),
        &Type::RATIO => {
            let part = SHARES.contains(&(probe.name, fact));
            Some((Value::Float(0.0), part.then_some(Value::Float(1.0))))
        }
        _ => None,
    }
}

/// Is a value of a parameter looser than another, as far as the rules tell?
pub fn is_looser(policy: &Policy, param: usize, default: &Value, value: &Value) -> bool {
    let Some(decl) = policy.params.get(param).filter(|_| value != default) else { return false };
    if is_switch(policy, param) {
        return *value == Value::Bool(false);
    }
    let higher = compare(Cmp::Gt, value, default, &decl.ty).unwrap_or(false);
    let lower = compare(Cmp::Lt, value, default, &decl.ty).unwrap_or(false);
    match direction(policy, param) {
        Some(true) => higher,
        Some(false) => lower,
        // A limit whose direction cannot be told is shown whenever it differs.
        None => true,
    }
}

/// Does it only say, where it is true, that the policy is judged?
fn is_switch(policy: &Policy, param: usize) -> bool {
    fn asks(node: &Node, param: usize) -> bool {
        match &node.op {
            Op::Read(Place::Param(index)) => *index == param,
            Op::All(items) => items.iter().any(|item| asks(item, param)),
            _ => false,
        }
    }
    let is_asked = policy.when.as_ref().is_some_and(|when| asks(&when.node, param));
    let readers = policy.rules().into_iter().filter(|rule| reads(&rule.node, param)).count();
    let name = policy.params.get(param).map(|decl| &decl.name);
    let in_script =
        policy.script.as_ref().is_some_and(|script| script.params.iter().any(|read| Some(read) == name));
    let mut args = policy.observe.iter().flat_map(|observe| &observe.args);
    let elsewhere = in_script
        || args.any(|(_, arg, _)| matches!(arg, Arg::Param(given) if *given == param))
        || policy.expect == Expect::Param(param)
        || policy.groups_read(&Place::Param(param));
    is_asked && readers == 1 && !elsewhere
}

/// True if a higher value fails less.
fn direction(policy: &Policy, param: usize) -> Option<bool> {
    let decl = policy.params.get(param)?;
    if decl.at_most.is_some() != decl.at_least.is_some() {
        return Some(decl.at_most.is_some());
    }
    let rungs = policy.fail.iter().chain(&policy.warn);
    rungs.map(|rung| &rung.rule.node).find_map(|node| in_condition(node, param, true))
}

fn reads(node: &Node, param: usize) -> bool {
    let mut found = false;
    node.walk(&mut |part| found |= matches!(part.op, Op::Read(Place::Param(index)) if index == param));
    found
}

/// Looks for a comparison with the parameter; `holds` is false under a `!`.
fn in_condition(node: &Node, param: usize, holds: bool) -> Option<bool> {
    match &node.op {
        Op::Not(inner) => in_condition(inner, param, !holds),
        Op::All(items) | Op::Any(items) => items.iter().find_map(|item| in_condition(item, param, holds)),
        Op::Compare(cmp, pair) => {
            let [a, b] = &**pair;
            let above = match cmp {
                Cmp::Gt | Cmp::Ge => true,
                Cmp::Lt | Cmp::Le => false,
                Cmp::Eq | Cmp::Ne => return None,
            };
            match (reads(a, param), reads(b, param)) {
                (false, true) => Some(above == holds),
                (true, false) => Some(above != holds),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The limit of a rung of the form `x > limit`, or `x > y * limit`.
struct Limit<'a> {
    on: &'a Node,
    /// What the limit is a part of.
    of: Option<&'a Node>,
    cmp: Cmp,
    value: Value,
    ty: &'a Type,
}

impl<'a> Limit<'a> {
    fn of(node: &'a Node, params: &[Value]) -> Option<Self> {
        let Op::Compare(cmp, pair) = &node.op else { return None };
        let [on, right] = &**pair;
        let value = |node: &Node| match &node.op {
            Op::Literal(value) => Some(value.clone()),
            Op::Read(Place::Param(index)) => params.get(*index).cloned(),
            _ => None,
        };
        if let Some(value) = value(right) {
            return Some(Self { on, of: None, cmp: *cmp, value, ty: &on.ty });
        }
        let Op::Arith(Arith::Mul, factors) = &right.op else { return None };
        let [one, other] = &**factors;
        let (of, part, value) = match (value(one), value(other)) {
            (None, Some(value)) => (one, other, value),
            (Some(value), None) => (other, one, value),
            _ => return None,
        };
        // Of what may be below zero, a greater part is less.
        let whole = matches!(of.ty.base(), Type::Counter | &Type::BYTES);
        whole.then_some(Self { on, of: Some(of), cmp: *cmp, value, ty: &part.ty })
    }

    fn is_about_the_same(&self, other: &Self) -> bool {
        let text = |node: Option<&Node>| node.map(|node| Arc::clone(&node.text));
        self.on.text == other.on.text && text(self.of) == text(other.of) && self.ty.base() == other.ty.base()
    }
}

/// `warn` stricter than `fail`, or a `warn` that can never be reached, with these parameters.
pub fn inverted(policy: &Policy, params: &[Value]) -> Option<Diag> {
    let ([fail], [warn]) = (policy.fail.as_slice(), policy.warn.as_slice()) else { return None };
    let (fails, warns) = (Limit::of(&fail.rule.node, params)?, Limit::of(&warn.rule.node, params)?);
    let (fail_cmp, warn_cmp) = (fails.cmp, warns.cmp);
    let above = |cmp| matches!(cmp, Cmp::Gt | Cmp::Ge);
    let ordered = |cmp| !matches!(cmp, Cmp::Eq | Cmp::Ne);
    if !fails.is_about_the_same(&warns)
        || !ordered(fail_cmp)
        || !ordered(warn_cmp)
        || above(fail_cmp) != above(warn_cmp)
    {
        return None;
    }
    let (ty, fail_limit, warn_limit) = (fails.ty, fails.value, warns.value);
    let beyond = if above(fail_cmp) { Cmp::Gt } else { Cmp::Lt };
    let (fail_shown, warn_shown) = (show(&fail_limit, ty), show(&warn_limit, ty));
    let diag = if compare(beyond, &warn_limit, &fail_limit, ty).ok()? {
        Diag::error(
            &code::INVERTED_RUNGS,
            format!("`warn` at {warn_shown} is stricter than `fail` at {fail_shown}"),
        )
    } else if warn_limit == fail_limit && fail_cmp == warn_cmp {
        Diag::error(
            &code::INVERTED_RUNGS,
            format!("`warn` and `fail` have the same limit {fail_shown}, so it never warns"),
        )
    } else {
        return None;
    };
    Some(
        diag.at(&warn.rule.node.loc, "warns here")
            .at(&fail.rule.node.loc, "fails here")
            .help(format!("policy `{}`: set the limit of `warn` before that of `fail`", policy.id)),
    )
}
