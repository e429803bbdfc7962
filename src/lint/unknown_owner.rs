//! An owner who is not in the project's roster.

use std::sync::Arc;

use super::written::value;
use super::{Category, Check, ERROR, Input, Lint, Page};
use crate::diag::{Diag, code, did_you_mean};
use crate::source::Loc;

pub(super) const LINT: Lint = Lint {
    code: &code::UNKNOWN_OWNER,
    category: Category::Alerting,
    level: ERROR,
    doc: "every owner is in the project's roster",
    page: Page {
        why: "A team that was renamed answers for nothing. The finding has an owner in its line, and a route to \
              nobody.",
        bad: "owners: { team-data: { ticket: DATA } }\n\
              ---\n\
              owner: team-dta   # here\nfail: free < 1.GiB",
        good: "owners: { team-data: { ticket: DATA } }\n\
               ---\n\
               owner: team-data\nfail: free < 1.GiB",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    // Without a roster there is nobody to be missing.
    if input.project.owners.is_empty() {
        return;
    }
    for policy in input.policies {
        if let Some(owner) = policy.owner.as_ref().filter(|owner| !input.project.owners.contains_key(*owner))
        {
            let place = value(policy, &["owner"]);
            diags.push(unknown(input, owner, &format!("`{owner}` owns `{}`", policy.id), &place));
        }
    }
    for waiver in &input.project.waivers {
        if !input.project.owners.contains_key(&waiver.owner) {
            let says = format!("`{}` owns the waiver of `{}`", waiver.owner, waiver.policy.text);
            diags.push(unknown(input, &waiver.owner, &says, &waiver.loc));
        }
    }
}

fn unknown(input: &Input<'_>, owner: &str, says: &str, place: &Loc) -> Diag {
    let known = || input.project.owners.keys().map(Arc::as_ref);
    let help = did_you_mean(owner, known())
        .unwrap_or_else(|| format!("owners are {}", known().collect::<Vec<_>>().join(", ")));
    Diag::error(&code::UNKNOWN_OWNER, format!("{says}, and muster.yaml has no such owner"))
        .at(place, "")
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, said_of};
    use super::LINT;

    #[test]
    fn owners_that_are_not_in_the_roster_are_refused() {
        let owners = "owners: { team: { ticket: T } }";
        let of = |owner: &str| [policy(&format!("owner: {owner}\nfail: free < 1.GiB"))];
        let said = said_of(&LINT, owners, &of("taem"));
        assert_eq!(
            (said[0].labels[0].loc.text(), said[0].help.as_deref()),
            ("taem", Some("did you mean `team`?"))
        );
        assert_eq!(said_of(&LINT, owners, &of("team")), []);
        assert_eq!(said_of(&LINT, "", &of("anybody")), [], "no roster");
    }

    #[test]
    fn the_owner_of_a_waiver_must_be_known_too() {
        let waiver = |owner: &str| {
            let text = format!(
                "owners: {{ team: {{ ticket: T }} }}\n\
                 waivers: [{{ policy: p, reason: a b c, owner: {owner}, ticket: T-1, expires: 2027-01-01 }}]"
            );
            said_of(&LINT, &text, &[]).len()
        };
        assert_eq!((waiver("gone"), waiver("team")), (1, 0));
    }
}
