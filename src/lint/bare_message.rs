//! A message without any value.

use super::written::Written;
use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Policy;
use crate::rule::node::Cmp;
use crate::rule::template::Template;
use crate::rule::{Op, Rule};
use crate::source::Loc;

pub(super) const LINT: Lint = Lint {
    code: &code::BARE_MESSAGE,
    category: Category::Style,
    level: WARNING,
    doc: "every message about a measured value shows it",
    page: Page {
        why: "\"The disk is full\" is the same text for 91 % and for 100 %, and for every mount. The reader has to look \
              before deciding anything.",
        bad: "fail: free < 1.GiB\nmessage: The disk is almost full   # here",
        good: "fail: free < 1.GiB\nmessage: \"{{ mount }} has {{ free }} left\"",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let bare = |message: &Template| message.rules().next().is_none();
    let mut rungs = policy.fail.iter().chain(&policy.warn);
    let measured =
        policy.script.is_some() || rungs.any(|rung| rung.message.is_none() && measures(&rung.rule));
    if measured && policy.message.as_ref().is_some_and(bare) {
        diags.push(said(&Written::of(policy).value(&["message"])));
    }
    for (key, rungs) in [("fail", &policy.fail), ("warn", &policy.warn)] {
        for (index, rung) in rungs.iter().enumerate() {
            if rung.message.as_ref().is_some_and(bare) && measures(&rung.rule) {
                let written = Written::of(policy);
                let position = index.to_string();
                let listed = written.node(&[key, &position, "message"]).map(|node| node.loc.clone());
                diags.push(said(&listed.unwrap_or_else(|| written.value(&[key, "message"]))));
            }
        }
    }
}

/// Does it hold a value against a limit? What is compared with one word only is said by the message.
fn measures(rule: &Rule) -> bool {
    let mut found = false;
    rule.node.walk(&mut |node| {
        let ordered =
            matches!(node.op, Op::Compare(Cmp::Lt | Cmp::Le | Cmp::Gt | Cmp::Ge, _) | Op::InRange(..));
        found |= ordered;
    });
    found
}

fn said(place: &Loc) -> Diag {
    Diag::warning(&code::BARE_MESSAGE, "the message shows no value")
        .at(place, "")
        .help("name the subject and what was observed: `{{ mount }} has {{ free }} left`")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, said, warned};
    use super::LINT;

    #[test]
    fn messages_without_values_are_shown() {
        warned(&LINT, "fail: free < 1.GiB\nmessage: Full");
        warned(&LINT, "fail: { if: free < 1.GiB, message: Full }");
        let found = said(&LINT, "fail:\n  - free < 1.GiB\n  - if: used < 1.GiB\n    message: Empty");
        assert_eq!(found[0].labels[0].loc.text(), "Empty");
    }

    #[test]
    fn messages_with_values_are_fine() {
        fine(&LINT, "fail: free < 1.GiB\nmessage: \"{{ free }}\"");
        fine(&LINT, "fail: free < 1.GiB");
        fine(&LINT, "fail: { if: read_only == true, message: It is read-only }");
    }
}
