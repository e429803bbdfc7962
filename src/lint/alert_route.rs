//! An alert whose owner has no route for its urgency: its notice reaches nobody.

use std::collections::BTreeSet;

use super::{Category, Check, Input, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::{Alert, Policy};
use crate::verdict::Urgency;

pub(super) const LINT: Lint = Lint {
    code: &code::ALERT_ROUTE,
    category: Category::Alerting,
    level: WARNING,
    doc: "the owner of every alert has a route for its urgency",
    page: Page {
        why: "The notice is made, and goes nowhere: the on-call person of the owner is not called, and nobody is told \
              that nobody was.",
        bad: "owners: { team-data: { ticket: DATA } }\n---\nowner: team-data\nfail: free < 1.GiB\nalert: { urgency: page, context: [free] }",
        good: "owners: { team-data: { ticket: DATA, page: data-oncall } }\n---\nowner: team-data\nfail: free < 1.GiB\nalert: { urgency: page, context: [free] }",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    for policy in input.policies {
        if let Some(alert) = &policy.alert {
            diags.extend(of_policy(input, policy, alert));
        }
    }
}

fn of_policy(input: &Input<'_>, policy: &Policy, alert: &Alert) -> Option<Diag> {
    // One without an owner is an `ownerless-alert`.
    let owner = policy.owner.as_ref().or(input.project.owner.as_ref())?;
    // Without any owners in the project file there are no routes to be complete.
    let routes = input.project.owners.get(owner)?;
    let levels = alert.urgency.rungs.iter().map(|(level, _)| *level).chain([alert.urgency.otherwise]);
    let lost: BTreeSet<Urgency> = levels.filter(|level| !routes.contains_key(level)).collect();
    let words: Vec<&str> = lost.iter().map(|level| level.word()).collect();
    let first = words.first()?;
    let message =
        format!("`{owner}` has no route for `{}`, with which `{}` alerts", words.join("`, `"), policy.id);
    let help = format!("write `owners: {{ {owner}: {{ {first}: … }} }}` into muster.yaml");
    Some(Diag::warning(&code::ALERT_ROUTE, message).at(&policy.loc, "").help(help))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, said_of};
    use super::LINT;

    fn alert(urgency: &str) -> [std::sync::Arc<crate::policy::Policy>; 1] {
        [policy(&format!("fail: free < 1.GiB\nalert: {{ context: [free], urgency: {urgency} }}"))]
    }

    #[test]
    fn a_page_without_a_route_is_shown() {
        let owners = "owners: { team: { ticket: OPS } }";
        let said = said_of(&LINT, owners, &alert("{ page: free < 1.MiB, ticket: otherwise }"));
        assert!(said[0].message.contains("no route for `page`"), "{said:?}");
        assert_eq!(said_of(&LINT, owners, &alert("ticket")), []);
        assert_eq!(said_of(&LINT, "", &alert("page")), []);
    }
}
