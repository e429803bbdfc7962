//! An owner who is not in the project's roster. Those of waivers are refused with the project file.

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
}
