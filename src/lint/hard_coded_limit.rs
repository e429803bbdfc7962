//! A limit that no project can change.

use super::allowed::{About, Allowed};
use super::{Category, Check, Lint, OFF, Page};
use crate::diag::{Diag, code};
use crate::fact::{Type, Value};
use crate::policy::Policy;
use crate::rule::Op;

pub(super) const LINT: Lint = Lint {
    code: &code::HARD_CODED_LIMIT,
    category: Category::Pedantic,
    level: OFF,
    doc: "limits are parameters",
    page: Page {
        why: "Another environment needs another limit one day. Without a parameter the policy is copied for it, and the \
              copies drift apart.",
        bad: "fail: used_ratio > 90.percent",
        good: "params: { fail_at: { default: 90%, at_most: 95% } }\nfail: used_ratio > params.fail_at",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    for rung in policy.fail.iter().chain(&policy.warn) {
        rung.rule.node.walk(&mut |node| {
            let Some(about) = About::of(node, &[]).filter(|_| matches!(node.op, Op::Compare(..))) else {
                return;
            };
            let Allowed::Range(low, high) = &about.allowed else { return };
            let limit = low.as_ref().or(high.as_ref()).map(|(limit, _)| limit);
            // Zero is no limit that somebody tunes.
            if limit.and_then(Value::as_float) == Some(0.0) || *about.on.ty.base() == Type::Time {
                return;
            }
            let message = format!("no project can change the limit of `{}`", node.text.trim());
            diags.push(Diag::warning(&code::HARD_CODED_LIMIT, message).at(&node.loc, "").help(
                "make a parameter of it, with bounds: `params: { fail_at: { default: …, at_most: … } }`",
            ));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, warned};
    use super::LINT;

    #[test]
    fn written_limits_are_shown() {
        warned(&LINT, "fail: read_only == true && used_ratio > 90.percent");
        warned(&LINT, "fail: read_only == true\nwarn: free < 1.GiB");
    }

    #[test]
    fn parameters_zero_and_words_are_fine() {
        fine(
            &LINT,
            "params: { at: 90% }\nfail: used_ratio > params.at || filesystem == \"xfs\" || free <= 0.bytes",
        );
    }
}
