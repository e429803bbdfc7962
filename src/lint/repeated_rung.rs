//! The same condition stands twice: the second rung is never reached.

use super::allowed::same_text;
use super::{Category, Check, ERROR, Lint, Page};
use crate::diag::{Diag, code};
use crate::policy::Policy;
use crate::rule::Rule;

pub(super) const LINT: Lint = Lint {
    code: &code::REPEATED_RUNG,
    category: Category::Bugs,
    level: ERROR,
    doc: "no rung repeats the condition of an earlier one",
    page: Page {
        why: "The second rung is never reached, so its message, its severity or its urgency is never seen. It was \
              copied to be changed, and was not.",
        bad: "fail: [free < 1.GiB, used_ratio > 95.percent, free < 1.GiB]",
        good: "fail: [free < 1.GiB, used_ratio > 95.percent]",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let rungs = policy.fail.iter().chain(&policy.warn).map(|rung| &rung.rule);
    repeated(&rungs.collect::<Vec<_>>(), diags);
    repeated(&policy.severity.rungs.iter().map(|(_, rule)| rule).collect::<Vec<_>>(), diags);
    if let Some(alert) = &policy.alert {
        repeated(&alert.urgency.rungs.iter().map(|(_, rule)| rule).collect::<Vec<_>>(), diags);
    }
}

fn repeated(rules: &[&Rule], diags: &mut Vec<Diag>) {
    for (index, rule) in rules.iter().enumerate() {
        let Some(first) = rules.iter().take(index).find(|first| same_text(&first.node, &rule.node)) else {
            continue;
        };
        let message = format!("`{}` stands twice, so the second is never reached", rule.node.text.trim());
        diags.push(
            Diag::error(&code::REPEATED_RUNG, message)
                .at(&rule.node.loc, "never reached")
                .at(&first.node.loc, "the first")
                .help("remove one of them, or give it another limit"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, refused};
    use super::LINT;

    #[test]
    fn a_condition_that_stands_twice_is_refused() {
        refused(&LINT, "fail: [free < 1.GiB, read_only == true, free  <  1.GiB]");
        refused(&LINT, "fail: free < 1.GiB\nwarn: [free < 1.GiB]");
        refused(
            &LINT,
            "severity: { critical: read_only == true, high: read_only == true, low: otherwise }\nfail: free < 1.GiB",
        );
    }

    #[test]
    fn other_conditions_are_fine() {
        fine(&LINT, "fail: [free < 1.GiB, free < 2.GiB]\nwarn: free < 3.GiB");
        fine(&LINT, "fail: filesystem == \"a b\"\nwarn: filesystem == \"a\"");
    }
}
