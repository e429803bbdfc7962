//! An age that is computed by hand.

use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Policy;
use crate::rule::node::{Arith, Node, Op, Place};

pub(super) const LINT: Lint = Lint {
    code: &code::HAND_MADE_AGE,
    category: Category::Bugs,
    level: WARNING,
    doc: "ages of facts are `t_age`, and not `now - t`",
    page: Page {
        why: "A clock that is ahead, or a file with a date of 2062, makes `now - t` less than nothing, and what is less \
              than nothing is never too old: the check passes. `t_age` is *unknown: clock* for a time that lies ahead.",
        bad: "observe: { dump: { probe: file.stat, with: { path: /backup/shop.dump } } }\n\
              fail: modified == null || now - modified > 26.hours",
        good: "observe: { dump: { probe: file.stat, with: { path: /backup/shop.dump } } }\n\
               fail: modified == null || modified_age > 26.hours",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let rungs = policy.fail.iter().chain(&policy.warn).map(|rung| &rung.rule);
    let severity = policy.severity.rungs.iter().map(|(_, rule)| rule);
    let lets = policy.lets.iter().map(|one| &one.rule);
    for rule in
        rungs.chain(severity).chain(lets).chain(policy.filter.as_deref()).chain(policy.when.as_deref())
    {
        rule.node.walk(&mut |node| diags.extend(by_hand(node)));
    }
}

fn by_hand(node: &Node) -> Option<Diag> {
    let Op::Arith(Arith::Sub, pair) = &node.op else { return None };
    let [left, right] = &**pair;
    let is_now = matches!(left.op, Op::Read(Place::Now | Place::NowOf(_)));
    let is_fact = matches!(right.op, Op::Read(Place::Each(_) | Place::Observation(..)));
    if !is_now || !is_fact {
        return None;
    }
    let better = format!("{}_age", right.text.trim());
    let message =
        format!("`{}` is less than nothing for a time that lies ahead, and never too much", node.text.trim());
    let diag = Diag::warning(&code::HAND_MADE_AGE, message).at(&node.loc, "");
    Some(diag.help(format!("write `{better}`, which is unknown then")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, said, warned};
    use super::LINT;

    const DUMP: &str = "observe: { dump: { probe: file.stat, with: { path: /backup/shop.dump } } }\n";

    #[test]
    fn ages_that_are_computed_are_shown() {
        warned(&LINT, &format!("{DUMP}fail: modified == null || now - modified > 26.hours"));
        warned(&LINT, &format!("{DUMP}fail: modified != null && 26.hours < now - modified"));
        let said = said(
            &LINT,
            &format!("{DUMP}fail: exists == false\nwarn: modified == null || (now - modified) > 26.hours"),
        );
        assert_eq!(said[0].help.as_deref(), Some("write `modified_age`, which is unknown then"));
    }

    #[test]
    fn other_differences_of_times_are_fine() {
        fine(
            &LINT,
            &format!("{DUMP}fail: modified == null || modified_age > 26.hours || modified - now > 5.minutes"),
        );
        fine(&LINT, &format!("{DUMP}fail: modified == null || modified < now - 26.hours"));
    }
}
