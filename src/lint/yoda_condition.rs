//! A comparison with the limit before the value.

use super::{Category, Check, Lint, OFF, Page};
use crate::diag::{Diag, code};
use crate::policy::Policy;
use crate::rule::{Node, Op};

pub(super) const LINT: Lint = Lint {
    code: &code::YODA_CONDITION,
    category: Category::Pedantic,
    level: OFF,
    doc: "the value stands before its limit",
    page: Page {
        why: "`90 % < used` and `used < 90 %` look alike and say the opposite. One order everywhere is read without a \
              second look.",
        bad: "fail: 90.percent < used_ratio",
        good: "fail: used_ratio > 90.percent",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let rungs = policy.fail.iter().chain(&policy.warn).map(|rung| &rung.rule);
    for rule in rungs.chain(policy.filter.as_deref()).chain(policy.when.as_deref()) {
        rule.node.walk(&mut |node| diags.extend(turned(node)));
    }
}

fn turned(node: &Node) -> Option<Diag> {
    let Op::Compare(cmp, pair) = &node.op else { return None };
    let [left, right] = &**pair;
    if !matches!(left.op, Op::Literal(_)) || right.is_constant() {
        return None;
    }
    let better = format!("{} {} {}", right.text.trim(), cmp.turned().sign(), left.text.trim());
    Some(
        Diag::warning(&code::YODA_CONDITION, format!("`{}` puts the limit first", node.text.trim()))
            .at(&node.loc, "")
            .help(format!("write `{better}`")),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, said, warned};
    use super::LINT;

    #[test]
    fn limits_that_come_first_are_shown() {
        warned(&LINT, "fail: read_only == true || 1.GiB > free");
        assert_eq!(said(&LINT, "fail: 1.GiB >= free")[0].help.as_deref(), Some("write `free <= 1.GiB`"));
    }

    #[test]
    fn values_that_come_first_are_fine() {
        fine(&LINT, "fail: free < 1.GiB && used > free");
    }
}
