//! A waiver of every policy, or of many at every target.

use super::{Category, Check, Input, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Waiver;

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

/// From so many on nobody thinks of each.
const MANY: usize = 10;

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    for waiver in &input.project.waivers {
        if let Some(many) = many(input, waiver) {
            let message =
                format!("the waiver of `{}` covers {many} policies at every target", waiver.policy.text);
            diags.push(
                Diag::warning(&code::WAIVER_WIDE, message)
                    .at(&waiver.loc, "")
                    .help("name the target, or the policies that are excepted"),
            );
        } else if waiver.policy.text.chars().all(|c| matches!(c, '*' | '?')) {
            let message = format!("the waiver of `{}` covers every policy", waiver.policy.text);
            diags.push(
                Diag::warning(&code::WAIVER_WIDE, message)
                    .at(&waiver.loc, "")
                    .help("name the policy, and the target and the subject if only they are excepted"),
            );
        }
    }
}

/// How many policies a pattern covers, if they are many, and nothing else narrows it.
fn many(input: &Input<'_>, waiver: &Waiver) -> Option<usize> {
    let stars = waiver.policy.text.chars().all(|c| matches!(c, '*' | '?'));
    let narrow =
        waiver.target.is_some() || waiver.subject.is_some() || !waiver.policy.text.contains(['*', '?']);
    if stars || narrow {
        return None;
    }
    let many = input.policies.iter().filter(|policy| waiver.policy.matches(&policy.id)).count();
    (many >= MANY).then_some(many)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, said_of};
    use super::LINT;

    #[test]
    fn ten_policies_at_every_target_are_many() {
        let policies: Vec<_> =
            (0..10).map(|n| policy(&format!("policy: disk-{n}\nfail: free < {n}.GiB"))).collect();
        let said = |waiver: &str, count: usize| {
            let text = format!(
                "targets: {{ web: {{ type: host }} }}\n\
                 waivers: [{{ {waiver}, reason: a b c, owner: t, ticket: T-1, expires: 2027-01-01 }}]"
            );
            said_of(&LINT, &text, &policies[..count]).len()
        };
        assert_eq!((said("policy: 'disk-*'", 10), said("policy: 'disk-*'", 9)), (1, 0));
        assert_eq!(
            (said("policy: 'disk-*', target: web", 10), said("policy: 'disk-*', subject: /srv", 10)),
            (0, 0)
        );
    }

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
