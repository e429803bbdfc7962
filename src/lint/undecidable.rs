//! A piece of an expression that has no value, whatever is observed: the rule can only be unknown.

use std::sync::Arc;

use super::{Category, Check, ERROR, Lint, Page};
use crate::diag::{Diag, code};
use crate::fact::{Cause, Cell, Missing};
use crate::policy::Policy;
use crate::rule::eval::{Scope, eval};
use crate::rule::node::{Arith, Place};
use crate::rule::{Node, Op, Rule};

pub(super) const LINT: Lint = Lint {
    code: &code::UNDECIDABLE,
    category: Category::Bugs,
    level: ERROR,
    doc: "every expression can have a value",
    page: Page {
        why: "A division by zero, a day that no calendar has: such a rule loads, and every run of it is unknown. \
              That is honest and useless, and is noticed when somebody needs the verdict.",
        bad: "fail: used / 0 > 10.GiB",
        good: "fail: used / 2 > 10.GiB",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let rungs = policy.fail.iter().chain(&policy.warn).map(|rung| &rung.rule);
    let shared = policy.lets.iter().map(|shared| &shared.rule);
    for rule in rungs.chain(shared).chain(policy.filter.as_deref()).chain(policy.when.as_deref()) {
        of_rule(rule, diags);
    }
}

fn of_rule(rule: &Rule, diags: &mut Vec<Diag>) {
    let mut found: Option<(&Node, String)> = None;
    rule.node.walk(&mut |node| {
        if found.is_none() {
            found = by_zero(node).or_else(|| without_value(node)).map(|why| (node, why));
        }
    });
    let Some((node, why)) = found else { return };
    let message = format!("`{}` has no value: {why}", node.text.trim());
    diags.push(
        Diag::error(&code::UNDECIDABLE, message)
            .at(&node.loc, "always unknown")
            .help("correct it: a rule that is always unknown judges nothing"),
    );
}

/// Division by a written zero.
fn by_zero(node: &Node) -> Option<String> {
    let divisor = match &node.op {
        Op::Arith(Arith::Div | Arith::Rem, pair) => pair.get(1)?,
        Op::Call(function, args) if function.name == "ratio" && args.len() == 2 => args.get(1)?,
        _ => return None,
    };
    let Op::Literal(value) = &divisor.op else { return None };
    (value.as_float() == Some(0.0)).then(|| "it is divided by zero".to_owned())
}

/// A computation of constants that fails.
fn without_value(node: &Node) -> Option<String> {
    let computed = matches!(node.op, Op::Call(..) | Op::Arith(..) | Op::Negate(_));
    if !computed || !node.is_constant() {
        return None;
    }
    eval(node, &Nothing).err().map(|why| why.what.clone())
}

/// Constants read nothing.
struct Nothing;

impl Scope for Nothing {
    fn read(&self, _: &Place) -> Cell {
        Err(Arc::new(Missing::new(Cause::Absent, "nothing is observed here")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, refused, said};
    use super::LINT;

    #[test]
    fn what_has_no_value_is_refused() {
        refused(&LINT, "fail: free / 0 < 1.GiB");
        refused(&LINT, "let: { share: 'ratio(used, 0.bytes)' }\nfail: share > 80.percent");
        refused(&LINT, "fail: free < 1.GiB * (9_223_372_036_854_775_807 + 1)");
        refused(&LINT, "where: free > 1.GiB / (2 % 0)\nfail: free < 1.GiB");
    }

    #[test]
    fn what_has_a_value_is_fine() {
        fine(&LINT, "fail: now > time(\"2026-12-01T00:00:00Z\") && free / 2 < 1.GiB");
        fine(&LINT, "let: { share: 'ratio(used, total)' }\nfail: share > 80.percent");
    }

    #[test]
    fn the_place_is_the_division() {
        let found = said(&LINT, "fail: read_only == true || free / 0 < 1.GiB");
        assert_eq!(found[0].labels[0].loc.text(), "free / 0");
    }
}
