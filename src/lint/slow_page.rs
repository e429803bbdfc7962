//! An alert that pages a person, judged once a week or more seldom.

use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::{Policy, Tier};
use crate::verdict::Urgency;

pub(super) const LINT: Lint = Lint {
    code: &code::SLOW_PAGE,
    category: Category::Alerting,
    level: WARNING,
    doc: "what pages a person is judged at least daily",
    page: Page {
        why: "What waits up to a week before anybody looks is no reason to wake a person; and what is one must not \
              wait a week.",
        bad: "tier: weekly\nfail: free < 1.GiB\nalert: { urgency: page, context: [free] }",
        good: "tier: weekly\nfail: free < 1.GiB\nalert: { urgency: ticket, context: [free] }",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let Some(alert) = &policy.alert else { return };
    let levels = alert.urgency.rungs.iter().map(|(level, _)| *level).chain([alert.urgency.otherwise]);
    if policy.tier < Tier::Weekly || !levels.into_iter().any(|level| level == Urgency::Page) {
        return;
    }
    let message = format!("`{}` pages a person, and its tier is `{}`", policy.id, policy.tier.word());
    diags.push(
        Diag::warning(&code::SLOW_PAGE, message)
            .at(&policy.loc, "")
            .help("judge it `continuous` or `daily`, or let it open a ticket"),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, warned};
    use super::LINT;

    const ALERT: &str = "fail: free < 1.GiB\nalert: { context: [free], urgency: ";

    #[test]
    fn a_page_once_a_quarter_is_shown() {
        warned(&LINT, &format!("tier: quarterly\n{ALERT} page }}"));
        warned(&LINT, &format!("tier: weekly\n{ALERT} {{ page: free < 1.MiB, ticket: otherwise }} }}"));
    }

    #[test]
    fn daily_pages_and_weekly_tickets_are_fine() {
        fine(&LINT, &format!("tier: daily\n{ALERT} page }}"));
        fine(&LINT, &format!("tier: weekly\n{ALERT} ticket }}"));
        fine(&LINT, "tier: weekly\nfail: free < 1.GiB");
    }
}
