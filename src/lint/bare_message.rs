//! A message without any value.

use super::written::Written;
use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Policy;
use crate::rule::template::Template;
use crate::source::Loc;

pub(super) const LINT: Lint = Lint {
    code: &code::BARE_MESSAGE,
    category: Category::Style,
    level: WARNING,
    doc: "every message shows a value",
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
    if policy.message.as_ref().is_some_and(bare) {
        diags.push(said(&Written::of(policy).value(&["message"])));
    }
    for (key, rungs) in [("fail", &policy.fail), ("warn", &policy.warn)] {
        for (index, rung) in rungs.iter().enumerate() {
            if rung.message.as_ref().is_some_and(bare) {
                let written = Written::of(policy);
                let position = index.to_string();
                let listed = written.node(&[key, &position, "message"]).map(|node| node.loc.clone());
                diags.push(said(&listed.unwrap_or_else(|| written.value(&[key, "message"]))));
            }
        }
    }
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
    }
}
