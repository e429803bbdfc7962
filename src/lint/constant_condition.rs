//! A condition, or a part of one, that says the same whatever is observed.

use super::allowed::same_text;
use super::{Category, Check, ERROR, Lint, Page};
use crate::diag::{Diag, Level, code};
use crate::policy::Policy;
use crate::rule::node::{Arith, Place};
use crate::rule::{Node, Op, Rule};

pub(super) const LINT: Lint = Lint {
    code: &code::CONSTANT_CONDITION,
    category: Category::Bugs,
    level: ERROR,
    doc: "no condition says the same whatever is observed",
    page: Page {
        why: "A rung that is always false never fails, and the report says `pass` for years. One that is always true \
              is switched off by the first person whom it wakes.",
        bad: "fail: free < 1.GiB && total > total",
        good: "fail: free < 1.GiB && total > 10.GiB",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    for rung in policy.fail.iter().chain(&policy.warn) {
        if !parts(&rung.rule, Level::Error, diags) && !observes(policy, &rung.rule) {
            diags.push(blind(&rung.rule));
        }
    }
    if let Some(filter) = &policy.filter {
        parts(filter, Level::Error, diags);
    }
    let urgency = policy.alert.iter().flat_map(|alert| &alert.urgency.rungs).map(|(_, rule)| rule);
    let ladders = policy.severity.rungs.iter().map(|(_, rule)| rule).chain(urgency);
    let steps = policy.remedy.iter().filter_map(|step| step.condition.as_ref());
    for rule in policy.when.as_deref().into_iter().chain(ladders).chain(steps) {
        parts(rule, Level::Warning, diags);
    }
}

/// Says which parts are constant; is there one?
fn parts(rule: &Rule, level: Level, diags: &mut Vec<Diag>) -> bool {
    let mut found = Vec::new();
    constant(&rule.node, &mut found);
    for part in &found {
        let message = format!("`{}` says the same whatever is observed", part.text.trim());
        let diag = Diag { level, ..Diag::error(&code::CONSTANT_CONDITION, message) };
        diags.push(diag.at(&part.loc, "").help("compare a fact with a limit, or remove this part"));
    }
    !found.is_empty()
}

fn alike(pair: &[Node; 2]) -> bool {
    let [left, right] = pair;
    same_text(left, right)
}

/// Is something taken from itself, or divided by itself?
fn cancels(node: &Node) -> bool {
    let mut found = false;
    node.walk(&mut |part| {
        found |= matches!(&part.op, Op::Arith(Arith::Sub | Arith::Div | Arith::Rem, pair) if alike(pair));
    });
    found
}

fn constant<'a>(node: &'a Node, found: &mut Vec<&'a Node>) {
    match &node.op {
        Op::All(items) | Op::Any(items) => items.iter().for_each(|item| constant(item, found)),
        Op::Not(inner) => constant(inner, found),
        Op::Compare(_, pair) if alike(pair) || pair.iter().any(cancels) => found.push(node),
        _ if node.is_constant() => found.push(node),
        _ => {}
    }
}

/// Does it read anything but parameters, also through `let`?
fn observes(policy: &Policy, rule: &Rule) -> bool {
    rule.reads.iter().any(|place| match place {
        Place::Param(_) => false,
        Place::Let(index) => policy.lets.get(*index).is_none_or(|shared| observes(policy, &shared.rule)),
        _ => true,
    })
}

fn blind(rule: &Rule) -> Diag {
    let message =
        format!("`{}` reads no fact, so nothing that is observed changes it", rule.node.text.trim());
    Diag::error(&code::CONSTANT_CONDITION, message).at(&rule.node.loc, "").help("compare a fact with a limit")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, refused, warned};
    use super::LINT;

    #[test]
    fn what_cannot_change_the_verdict_is_refused() {
        refused(&LINT, "fail: free < 1.GiB || 1 > 2");
        refused(&LINT, "fail: free < 1.GiB && !(read_only == true && 2 > 1)");
        refused(&LINT, "fail: free < free");
        refused(&LINT, "fail: total - total > 1.GiB");
        refused(&LINT, "where: 1 > 2\nfail: free < 1.GiB");
        refused(&LINT, "params: { low: 1, high: 2 }\nfail: params.low > params.high");
        refused(&LINT, "let: { x: 1 + 1 }\nfail: x > 3");
    }

    #[test]
    fn a_policy_that_is_switched_off_is_shown() {
        warned(&LINT, "when: 1 > 2\nfail: free < 1.GiB");
    }

    #[test]
    fn conditions_on_facts_are_fine() {
        fine(&LINT, "where: total > 1.GiB\nfail: free < 1.GiB && read_only == false\nwarn: free < used");
        fine(&LINT, "let: { x: free }\nwhen: target.name != \"a\"\nfail: x < 1.GiB");
    }
}
