//! An alert whose owner is not known, or has no route for its urgency: its notice reaches nobody.

use std::collections::BTreeSet;

use super::{Check, Input, Lint};
use crate::diag::{Diag, code};
use crate::policy::{Alert, Policy};
use crate::verdict::Urgency;

pub(super) const LINT: Lint = Lint {
    name: "alert-route",
    doc: "the notice of every alert reaches somebody",
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
    let Some(owner) = policy.owner.as_ref().or(input.project.owner.as_ref()) else {
        // A library cannot know the owners of a project; `check` names those that have none.
        let diag = Diag::error(&code::ALERT_INCOMPLETE, format!("the alert `{}` has no owner", policy.id));
        let help = "write `owner:` into the policy, or a default `owner:` into muster.yaml";
        return policy.library.is_none().then(|| diag.at(&policy.loc, "").help(help));
    };
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
    use crate::diag::Level;

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

    #[test]
    fn an_alert_that_nobody_owns_is_refused() {
        let mut bare = (*alert("page")[0]).clone();
        bare.owner = None;
        let bare = [std::sync::Arc::new(bare)];
        assert_eq!(said_of(&LINT, "", &bare)[0].level, Level::Error);
        assert_eq!(said_of(&LINT, "owner: team", &bare), []);
    }
}
