//! Conditions as texts, to find what is the same, and what they read.

use std::collections::BTreeSet;

use super::vars::Vars;
use crate::rule::node::{Node, Op, Place};

/// As a text that is the same for what says the same.
pub(super) fn canon(node: &Node, vars: &Vars) -> String {
    let parts: Vec<String> = node.children().iter().map(|child| canon(child, vars)).collect();
    let parts = parts.join(", ");
    match &node.op {
        Op::Literal(value) => format!("{value:?}"),
        Op::Read(Place::Fold(index)) => vars.get(*index).map(|var| var.key.clone()).unwrap_or_default(),
        Op::Read(place) => format!("{place:?}"),
        Op::Compare(cmp, _) => format!("{cmp:?}({parts})"),
        Op::Arith(op, _) => format!("{op:?}({parts})"),
        Op::Call(function, _) => format!("{}({parts})", function.name),
        Op::Matches(_, regex) => format!("matches({parts}, {regex})"),
        Op::History(ask, _) => format!("{ask:?}({parts})"),
        Op::InRange(_, inclusive) => format!("range({parts}, {inclusive})"),
        Op::Not(_) => format!("not({parts})"),
        Op::Negate(_) => format!("-({parts})"),
        Op::All(_) => format!("all({parts})"),
        Op::Any(_) => format!("any({parts})"),
        Op::OrElse(_) => format!("else({parts})"),
        Op::List(_) => format!("[{parts}]"),
        Op::In(_) => format!("in({parts})"),
        Op::Known(_) => format!("known({parts})"),
        Op::Age(_) => format!("age({parts})"),
    }
}

/// The variables that a node reads.
pub(super) fn read_by(node: &Node) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    node.walk(&mut |part| {
        if let Op::Read(Place::Fold(index)) = part.op {
            found.insert(index);
        }
    });
    found
}
