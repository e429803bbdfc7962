//! An alert without an owner: it reaches nobody.

use super::{Category, Check, ERROR, Input, Lint, Page};
use crate::diag::{Diag, code};

pub(super) const LINT: Lint = Lint {
    code: &code::OWNERLESS_ALERT,
    category: Category::Alerting,
    level: ERROR,
    doc: "every alert has an owner, of its own or of the project",
    page: Page {
        why: "An alert that belongs to nobody is routed to nobody. It fires, and the first person who hears of it is \
              a customer.",
        bad: "muster: 1\n---\n# no owner\nfail: free < 1.GiB\nalert: { urgency: page, context: [free] }",
        good: "muster: 1\n---\nowner: team-storage\nfail: free < 1.GiB\nalert: { urgency: page, context: [free] }",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    if input.project.owner.is_some() {
        return;
    }
    // A library cannot know the owners of a project; `check` names those that have none.
    for policy in input.policies.iter().filter(|policy| policy.library.is_none()) {
        if policy.alert.is_some() && policy.owner.is_none() {
            let message = format!("the alert `{}` has no owner", policy.id);
            let help = "write `owner:` into the policy, or a default `owner:` into muster.yaml";
            diags.push(Diag::error(&code::OWNERLESS_ALERT, message).at(&policy.loc, "").help(help));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, said_of};
    use super::LINT;
    use crate::diag::Level;

    #[test]
    fn an_alert_that_nobody_owns_is_refused() {
        let bare = [policy("# no owner\nfail: free < 1.GiB\nalert: { context: [free], urgency: page }")];
        assert_eq!(said_of(&LINT, "", &bare)[0].level, Level::Error);
        assert_eq!(said_of(&LINT, "owner: team", &bare), []);
    }
}
