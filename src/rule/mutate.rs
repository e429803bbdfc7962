//! Small changes of an expression, each of which a good case notices.

use super::node::{Cmp, Node, Op};
use crate::fact::{Type, Value, show};
use crate::source::Loc;

/// One change.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// Where.
    pub loc: Loc,
    /// What stands there.
    pub from: String,
    /// What stands there instead.
    pub to: String,
    /// The whole expression with the change.
    pub node: Node,
}

/// Every change of an expression: comparisons made strict or not, or turned round; `&&` and `||` exchanged; `!`
/// left out; numbers a tenth higher and lower.
pub fn mutants(root: &Node) -> Vec<Mutant> {
    let mut found: Vec<Mutant> = own(root);
    let children = root.children();
    for (index, child) in children.iter().enumerate() {
        for mutant in mutants(child) {
            let mut node = root.clone();
            if let Some(slot) = node.children_mut().into_iter().nth(index) {
                *slot = mutant.node;
                found.push(Mutant { node, ..mutant });
            }
        }
    }
    found
}

/// Changes of the node itself.
fn own(node: &Node) -> Vec<Mutant> {
    let with = |to: String, op: Op| Mutant {
        loc: node.loc.clone(),
        from: node.text.to_string(),
        to,
        node: Node { op, ..node.clone() },
    };
    match &node.op {
        Op::Compare(cmp, pair) => others(*cmp)
            .iter()
            .map(|other| {
                let [left, right] = &**pair;
                let text = format!("{} {} {}", left.text, other.sign(), right.text);
                with(text, Op::Compare(*other, pair.clone()))
            })
            .collect(),
        Op::All(items) if items.len() > 1 => vec![with(joined(items, " || "), Op::Any(items.clone()))],
        Op::Any(items) if items.len() > 1 => vec![with(joined(items, " && "), Op::All(items.clone()))],
        Op::Not(inner) => vec![with(inner.text.to_string(), inner.op.clone())],
        Op::Literal(value) => {
            let changed = shifted(value, &node.ty);
            changed.into_iter().map(|value| with(show(&value, &node.ty), Op::Literal(value))).collect()
        }
        _ => Vec::new(),
    }
}

/// A number a tenth higher and a tenth lower, by one at least; nothing for what is no number.
pub fn shifted(value: &Value, ty: &Type) -> Vec<Value> {
    if !matches!(ty.base(), Type::Int | Type::Float | Type::Quantity(_) | Type::Counter) {
        return Vec::new();
    }
    match value {
        Value::Int(number) => {
            let step = (number.saturating_abs() / 10).max(1);
            vec![Value::Int(number.saturating_add(step)), Value::Int(number.saturating_sub(step))]
        }
        Value::Float(number) => {
            let step = if *number == 0.0 { 0.1 } else { number.abs() / 10.0 };
            vec![Value::Float(number + step), Value::Float(number - step)]
        }
        _ => Vec::new(),
    }
}

fn joined(items: &[Node], between: &str) -> String {
    items.iter().map(|item| &*item.text).collect::<Vec<_>>().join(between)
}

fn others(cmp: Cmp) -> &'static [Cmp] {
    match cmp {
        Cmp::Lt => &[Cmp::Le, Cmp::Gt],
        Cmp::Le => &[Cmp::Lt, Cmp::Ge],
        Cmp::Gt => &[Cmp::Ge, Cmp::Lt],
        Cmp::Ge => &[Cmp::Gt, Cmp::Le],
        Cmp::Eq => &[Cmp::Ne],
        Cmp::Ne => &[Cmp::Eq],
    }
}
