//! A rung that is never reached, because an earlier one holds whenever it does.

use super::allowed::{implied, same_text};
use super::{Category, Check, ERROR, Lint, Page};
use crate::diag::{Diag, code};
use crate::policy::{Param, Policy};
use crate::rule::{Op, Rule};

pub(super) const LINT: Lint = Lint {
    code: &code::IMPLIED_RUNG,
    category: Category::Bugs,
    level: ERROR,
    doc: "no rung holds only where an earlier one holds already",
    page: Page {
        why: "The first rung that holds wins. `free < 5 GiB` before `free < 1 GiB` says what 5 GiB says, so the louder \
              message, severity or page is never seen on the day it was written for.",
        bad: "fail: read_only == true\n\
              severity:\n  high: free < 5.GiB\n  critical: free < 1.GiB   # here\n  low: otherwise",
        good: "fail: read_only == true\nseverity:\n  critical: free < 1.GiB\n  high: free < 5.GiB\n  low: otherwise",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let fail: Vec<&Rule> = policy.fail.iter().map(|rung| &rung.rule).collect();
    let warn: Vec<&Rule> = policy.warn.iter().map(|rung| &rung.rule).collect();
    let severity: Vec<&Rule> = policy.severity.rungs.iter().map(|(_, rule)| rule).collect();
    let urgency = policy.alert.iter().flat_map(|alert| &alert.urgency.rungs).map(|(_, rule)| rule);
    let urgency: Vec<&Rule> = urgency.collect();
    if fail.len() + warn.len() < 2 && severity.len() < 2 && urgency.len() < 2 {
        return;
    }
    let mut lists = |rules: &[&Rule], from: usize| {
        for index in from..rules.len() {
            diags.extend(unreached(rules, index, &policy.params));
        }
    };
    lists(&severity, 1);
    lists(&urgency, 1);
    lists(&fail, 1);
    // Two plain limits of one value are what `inverted-rungs` is about.
    let plain = |rules: &[&Rule]| matches!(rules, [one] if matches!(one.node.op, Op::Compare(..)));
    if !(plain(&fail) && plain(&warn)) {
        let all: Vec<&Rule> = fail.iter().chain(&warn).copied().collect();
        lists(&all, fail.len().max(1));
    }
}

fn unreached(rules: &[&Rule], index: usize, params: &[Param]) -> Option<Diag> {
    let later = rules.get(index)?;
    let earlier = rules.iter().take(index).find(|earlier| {
        // One that is written alike is what `repeated-rung` is about.
        !same_text(&earlier.node, &later.node) && implied(&later.node, &earlier.node, params)
    })?;
    let (later, earlier) = (&later.node, &earlier.node);
    let message = format!(
        "`{}` is never reached: where it holds, `{}` holds too",
        later.text.trim(),
        earlier.text.trim()
    );
    Some(
        Diag::error(&code::IMPLIED_RUNG, message)
            .at(&later.loc, "never reached")
            .at(&earlier.loc, "this holds first")
            .help("write the narrower condition first, or correct a limit"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, refused, said};
    use super::LINT;

    #[test]
    fn rungs_behind_wider_ones_are_refused() {
        refused(&LINT, "fail: [free < 5.GiB, free < 1.GiB]");
        refused(&LINT, "fail: [free < 5.GiB, free < 1.GiB && read_only == true]");
        refused(&LINT, "fail: [free < 5.GiB || read_only == true, read_only == true]");
        refused(&LINT, "params: { a: 5GiB, b: 1GiB }\nfail: [free < params.a, free < params.b]");
        refused(&LINT, "fail: [read_only == true, free < 1.GiB]\nwarn: free < 512.MiB");
        refused(&LINT, "fail: filesystem in [\"a\", \"b\"]\nwarn: [filesystem == \"a\", read_only == true]");
        let ladder = "alert: { context: [free], urgency: { ticket: free < 2.GiB, page: free < 1.GiB, notice: otherwise } }";
        refused(&LINT, &format!("fail: free < 9.GiB\n{ladder}"));
    }

    #[test]
    fn rungs_that_are_reached_are_fine() {
        fine(&LINT, "fail: [free < 1.GiB, free < 5.GiB]\nwarn: free < 9.GiB");
        fine(&LINT, "fail: [free < 5.GiB && read_only == true, free < 1.GiB]");
        fine(&LINT, "fail: [free < 5.GiB, used < 1.GiB]\nwarn: used_ratio > 80.percent");
        fine(&LINT, "severity: { critical: free < 1.GiB, high: otherwise }\nfail: free < 5.GiB");
    }

    #[test]
    fn what_other_lints_say_is_not_said_twice() {
        fine(&LINT, "fail: free < 5.GiB\nwarn: free < 1.GiB");
        fine(&LINT, "fail: [free < 5.GiB, free < 5.GiB]");
    }

    #[test]
    fn the_place_is_the_rung_that_is_not_reached() {
        let found = said(&LINT, "fail:\n  - free < 5.GiB\n  - free < 1.GiB");
        assert_eq!(found[0].labels[0].loc.text(), "free < 1.GiB");
    }
}
