//! Which places cannot be null where a condition is known to be true or false.

use super::node::{Cmp, Node, Op, Place};
use crate::fact::Value;

/// Places that are not null if `node` is `truth`.
pub(super) fn not_null(node: &Node, truth: bool) -> Vec<Place> {
    match &node.op {
        Op::Compare(cmp, pair) => compared(*cmp, pair, truth),
        Op::All(items) if truth => items.iter().flat_map(|item| not_null(item, true)).collect(),
        Op::Any(items) if !truth => items.iter().flat_map(|item| not_null(item, false)).collect(),
        Op::Not(inner) => not_null(inner, !truth),
        _ => Vec::new(),
    }
}

fn compared(cmp: Cmp, pair: &[Node; 2], truth: bool) -> Vec<Place> {
    let wanted = if truth { Cmp::Ne } else { Cmp::Eq };
    let [a, b] = pair;
    let place = match (&a.op, &b.op) {
        (_, Op::Literal(Value::Null)) => place(a),
        (Op::Literal(Value::Null), _) => place(b),
        _ => None,
    };
    if cmp == wanted { place.into_iter().collect() } else { Vec::new() }
}

/// The place whose null makes the node null.
fn place(node: &Node) -> Option<Place> {
    match &node.op {
        Op::Read(place) => Some(place.clone()),
        Op::Age(pair) => {
            let [time, _] = &**pair;
            place(time)
        }
        _ => None,
    }
}
