//! Evaluation with null, unknown and Kleene logic.

use std::sync::Arc;

use super::functions::in_list;
use super::history::{self, Samples};
use super::node::{Cmp, Node, Op, Place};
use super::ops;
use crate::fact::{Cause, Cell, Level, Missing, Type, Value};

/// What an expression reads from. Live row, recording, case file: the evaluator cannot tell.
pub trait Scope {
    /// The value of a place.
    fn read(&self, place: &Place) -> Cell;

    /// What is known of the past of a place.
    fn past(&self, _place: &Place) -> Result<Samples, Arc<Missing>> {
        Err(Arc::new(Missing::new(Cause::NoHistory, "nothing is known of the past here").level(Level::Row)))
    }

    /// What a condition as a whole came to, for who wants to know which way it went.
    fn held(&self, _condition: &Node, _held: &Result<bool, Arc<Missing>>) {}

    /// What a question about the past came to, where it was asked.
    fn answered(&self, _question: &Node, _cell: &Cell) {}
}

/// Evaluates a node.
pub fn eval(node: &Node, scope: &dyn Scope) -> Cell {
    match &node.op {
        Op::Literal(value) => Ok(value.clone()),
        Op::Read(place) => scope.read(place),
        Op::Not(a) => Ok(Value::Bool(!truth(&eval(a, scope)?)?)),
        Op::Negate(a) => ops::negate(&eval(a, scope)?),
        Op::All(items) => kleene(items, scope, false),
        Op::Any(items) => kleene(items, scope, true),
        Op::Compare(cmp, pair) => compare(*cmp, pair, scope),
        Op::Arith(op, pair) => {
            let [left, right] = &**pair;
            let (a, b) = (present(left, scope)?, present(right, scope)?);
            ops::arith(*op, &a, left.ty.base(), &b, right.ty.base())
        }
        Op::OrElse(items) => or_else(items, scope),
        Op::List(items) => Ok(Value::List(items.iter().map(|item| eval(item, scope)).collect())),
        Op::In(pair) => contained(pair, scope),
        Op::InRange(three, inclusive) => in_range(three, *inclusive, scope),
        Op::Known(a) => Ok(Value::Bool(eval(a, scope).is_ok())),
        Op::Age(pair) => age(pair, scope),
        Op::Call(function, args) => {
            let values = args.iter().map(|arg| present(arg, scope)).collect::<Result<Vec<_>, _>>()?;
            // How many there are can be said of what is not told; whether a list has a text, `ops` knows.
            if values.iter().any(Value::is_masked)
                && !matches!((function.name, values.first()), ("len" | "contains", Some(Value::List(_))))
            {
                return Err(ops::masked());
            }
            let types: Vec<Type> = args.iter().map(|arg| arg.ty.base().clone()).collect();
            (function.run)(&values, &types)
        }
        Op::Matches(a, regex) => {
            let value = present(a, scope)?;
            if value.is_masked() {
                return Err(ops::masked());
            }
            Ok(Value::Bool(regex.is_match(value.as_text().unwrap_or(""))))
        }
        Op::History(ask, parts) => {
            let cell = history::answer(*ask, parts, scope);
            scope.answered(node, &cell);
            cell
        }
    }
}

/// Evaluates a condition: true, false, or why it is unknown.
pub fn holds(node: &Node, scope: &dyn Scope) -> Result<bool, Arc<Missing>> {
    let held = eval(node, scope).and_then(|value| truth(&value));
    scope.held(node, &held);
    held
}

fn truth(value: &Value) -> Result<bool, Arc<Missing>> {
    match value {
        Value::Bool(bool) => Ok(*bool),
        _ => Err(Arc::new(
            Missing::new(Cause::WrongType, "a condition is not true or false").level(Level::Row),
        )),
    }
}

/// A value that must not be null. The type checker proves that; data that contradicts its schema lands here.
fn present(node: &Node, scope: &dyn Scope) -> Cell {
    match eval(node, scope)? {
        Value::Null => {
            let what = format!("`{}` is null", node.text);
            Err(Arc::new(Missing::new(Cause::WrongType, what).level(Level::Row)))
        }
        value => Ok(value),
    }
}

/// `&&` (stop at false) and `||` (stop at true): an unknown part decides only if no other part does.
fn kleene(items: &[Node], scope: &dyn Scope, stop: bool) -> Cell {
    let mut unknown = None;
    for item in items {
        match holds(item, scope) {
            Ok(value) if value == stop => return Ok(Value::Bool(stop)),
            Ok(_) => {}
            Err(why) => unknown = unknown.or(Some(why)),
        }
    }
    unknown.map_or(Ok(Value::Bool(!stop)), Err)
}

fn compare(cmp: Cmp, pair: &[Node; 2], scope: &dyn Scope) -> Cell {
    let a = eval(&pair[0], scope)?;
    // A constant is not copied for each row.
    let computed;
    let b = if let Op::Literal(value) = &pair[1].op {
        value
    } else {
        computed = eval(&pair[1], scope)?;
        &computed
    };
    if a.is_null() || b.is_null() {
        let equal = a.is_null() && b.is_null();
        return match cmp {
            Cmp::Eq => Ok(Value::Bool(equal)),
            Cmp::Ne => Ok(Value::Bool(!equal)),
            _ => Err(Arc::new(Missing::new(Cause::WrongType, "null cannot be ordered").level(Level::Row))),
        };
    }
    ops::compare(cmp, &a, b, pair[0].ty.base()).map(Value::Bool)
}

fn or_else(items: &[Node], scope: &dyn Scope) -> Cell {
    let mut last = Value::Null;
    for item in items {
        last = eval(item, scope)?;
        if !last.is_null() {
            break;
        }
    }
    Ok(last)
}

fn contained(pair: &[Node; 2], scope: &dyn Scope) -> Cell {
    let item = present(&pair[0], scope)?;
    match present(&pair[1], scope)? {
        Value::List(items) => in_list(&item, &items, pair[0].ty.base()),
        _ => Err(Arc::new(Missing::new(Cause::WrongType, "`in` needs a list").level(Level::Row))),
    }
}

fn in_range(three: &[Node; 3], inclusive: bool, scope: &dyn Scope) -> Cell {
    let (x, low, high) = (present(&three[0], scope)?, present(&three[1], scope)?, present(&three[2], scope)?);
    let ty = three[0].ty.base();
    let upper = if inclusive { Cmp::Le } else { Cmp::Lt };
    Ok(Value::Bool(ops::compare(Cmp::Ge, &x, &low, ty)? && ops::compare(upper, &x, &high, ty)?))
}

fn age(pair: &[Node; 2], scope: &dyn Scope) -> Cell {
    let at = eval(&pair[0], scope)?;
    let now = eval(&pair[1], scope)?;
    match (at, now) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::Int(at), Value::Int(now)) => ops::age(now, at),
        _ => Err(Arc::new(Missing::new(Cause::WrongType, "this is not a time").level(Level::Row))),
    }
}
