//! `free < total * 0.1` as a comparison of one thing, the share of `total` that `free` is, with a constant.

use std::sync::Arc;

use crate::fact::{Type, Value};
use crate::rule::node::{Arith, Cmp, Node, Op};

use super::vars::{is_whole, number};

/// The same comparison of a share, if it is one with a part of a fact that is never below zero. Where that fact is zero no
/// part of it makes a difference, and nothing else is called like this share: it is not `free / total`, which cannot be
/// decided there. But it makes a difference there whether the limit itself is meant, so that `<` and `<=` are about two
/// shares, which are not comparable; and `==` is about none.
pub(super) fn of(node: &Node) -> Option<Node> {
    let Op::Compare(cmp, pair) = &node.op else { return None };
    let limit = match cmp {
        Cmp::Lt | Cmp::Ge => "is no part of it",
        Cmp::Le | Cmp::Gt => "is a part of it",
        Cmp::Eq | Cmp::Ne => return None,
    };
    let [left, right] = &**pair;
    let Op::Arith(Arith::Mul, factors) = &right.op else { return None };
    let (whole, part) = match &**factors {
        [whole, part] if is_literal(part) && !is_literal(whole) => (whole, part),
        [part, whole] if is_literal(part) && !is_literal(whole) => (whole, part),
        _ => return None,
    };
    let ty = whole.ty.base();
    let is_fact = matches!(whole.op, Op::Read(_)) && matches!(ty, Type::Counter | &Type::BYTES);
    if !is_fact || left.ty.base() != ty || whole.ty.is_nullable() || left.ty.is_nullable() {
        return None;
    }
    // No rule can multiply by a word, so that none has what is called so.
    let word = Node { op: Op::Literal(Value::text(limit)), ty: Type::TEXT, ..part.clone() };
    let whole = Node { op: Op::Arith(Arith::Mul, Box::new([whole.clone(), word])), ..whole.clone() };
    let part = fraction(part)?;
    let text: Arc<str> = Arc::from(format!("{} / {}", left.text.trim(), whole.text.trim()));
    let op = Op::Arith(Arith::Div, Box::new([left.clone(), whole]));
    let share = Node { op, ty: part.ty.clone(), loc: left.loc.clone(), text };
    Some(Node { op: Op::Compare(*cmp, Box::new([share, part])), ..node.clone() })
}

/// A share is a fraction, also where it is compared with a whole number: something lies between 0 and 1.
fn fraction(part: &Node) -> Option<Node> {
    let Op::Literal(value) = &part.op else { return None };
    if !is_whole(&part.ty) {
        return Some(part.clone());
    }
    Some(Node { op: Op::Literal(Value::Float(number(value)?)), ty: Type::Float, ..part.clone() })
}

fn is_literal(node: &Node) -> bool {
    matches!(node.op, Op::Literal(_))
}
