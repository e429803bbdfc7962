//! `warn` is stricter than `fail` with the policy's own defaults, or has the same limit.

use super::allowed::same_text;
use super::{Category, Check, ERROR, Lint, Page};
use crate::diag::{Diag, code};
use crate::fact::Value;
use crate::policy::Policy;
use crate::policy::limits::inverted;

pub(super) const LINT: Lint = Lint {
    code: &code::INVERTED_RUNGS,
    category: Category::Bugs,
    level: ERROR,
    doc: "`warn` and `fail` stand the right way round with the policy's defaults",
    page: Page {
        why: "It fails before it warns, so nobody is warned; and most often one of the two limits is a slip, so that \
              what should fail only warns.",
        bad: "fail: used_ratio > 80.percent\nwarn: used_ratio > 90.percent",
        good: "fail: used_ratio > 90.percent\nwarn: used_ratio > 80.percent",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let defaults: Vec<Value> = policy.params.iter().map(|param| param.default.clone()).collect();
    // The same text twice is a `repeated-rung`.
    let twice = matches!((&*policy.fail, &*policy.warn), ([fail], [warn]) if same_text(&fail.rule.node, &warn.rule.node));
    diags.extend(inverted(policy, &defaults).filter(|_| !twice));
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, refused};
    use super::LINT;

    #[test]
    fn a_warning_that_comes_too_late_is_refused() {
        refused(&LINT, "fail: used_ratio > 80.percent\nwarn: used_ratio > 90.percent");
        refused(&LINT, "fail: free < 10.GiB\nwarn: free < 1.GiB");
        refused(&LINT, "params: { at: 10GiB }\nfail: free < 10.GiB\nwarn: free < params.at");
        refused(&LINT, "fail: free < total * 0.1\nwarn: free < total * 0.05");
        let params = "params: { warn_at: 90%, fail_at: 80% }\n";
        refused(
            &LINT,
            &format!("{params}fail: used_ratio > params.fail_at\nwarn: used_ratio > params.warn_at"),
        );
    }

    #[test]
    fn a_warning_that_comes_first_is_fine() {
        fine(&LINT, "fail: used_ratio > 90.percent\nwarn: used_ratio > 80.percent");
        fine(&LINT, "fail: free < 1.GiB\nwarn: free < 10.GiB");
        fine(&LINT, "fail: free < total * 0.05\nwarn: free < total * 0.1");
        fine(&LINT, "fail: free < total * 0.1\nwarn: free < used * 0.05");
        fine(&LINT, "fail: free < 1.GiB\nwarn: used_ratio > 10.percent");
    }
}
