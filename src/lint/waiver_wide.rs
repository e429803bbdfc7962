//! A waiver of every policy.

use super::{Category, Check, Input, Lint, Page, WARNING};
use crate::diag::{Diag, code};

pub(super) const LINT: Lint = Lint {
    code: &code::WAIVER_WIDE,
    category: Category::Waivers,
    level: WARNING,
    doc: "no waiver covers every policy",
    page: Page {
        why: "It also covers what nobody knew of when it was written: the next outage of that target is waived \
              before it happens.",
        bad: "waivers: [{ policy: '*', reason: the host is being replaced, owner: t, ticket: T-1, expires: 2027-01-31 }]",
        good: "waivers: [{ policy: disk-full, reason: the host is being replaced, owner: t, ticket: T-1, expires: 2027-01-31 }]",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    for waiver in &input.project.waivers {
        if waiver.policy.text.chars().all(|c| matches!(c, '*' | '?')) {
            let message = format!("the waiver of `{}` covers every policy", waiver.policy.text);
            diags.push(
                Diag::warning(&code::WAIVER_WIDE, message)
                    .at(&waiver.loc, "")
                    .help("name the policy, and the target and the subject if only they are excepted"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::said_of;
    use super::LINT;

    #[test]
    fn a_star_alone_is_shown() {
        let waiver = |policy: &str| {
            let text = format!(
                "waivers: [{{ policy: '{policy}', reason: a b c, owner: t, ticket: T-1, expires: 2027-01-01 }}]"
            );
            said_of(&LINT, &text, &[]).len()
        };
        assert_eq!((waiver("*"), waiver("**"), waiver("postgres-*"), waiver("p")), (1, 1, 0, 0));
    }
}
