//! A waiver that reaches further ahead than the project allows.

use std::time::Duration;

use super::{Category, Check, ERROR, Input, Lint, Page};
use crate::diag::{Diag, code};
use crate::policy::Project;

pub(super) const LINT: Lint = Lint {
    code: &code::WAIVER_FAR,
    category: Category::Waivers,
    level: ERROR,
    doc: "no waiver reaches further ahead than the project allows",
    page: Page {
        why: "A waiver is a promise to look again. One that ends in ten years is a policy that was switched off, and \
              nobody who reads the reports of those years knows that.",
        bad: "max_waiver: 90d\nwaivers: [{ policy: disk-full, reason: the volume is replaced in January, owner: t, ticket: T-1, expires: 2027-06-01 }]",
        good: "max_waiver: 90d\nwaivers: [{ policy: disk-full, reason: the volume is replaced in January, owner: t, ticket: T-1, expires: 2027-01-15 }]",
    },
    check: Check::Project(check),
};

/// Longest reach of a waiver if the project does not say.
const LONGEST: Duration = Duration::from_hours(9600);

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    diags.extend(too_far(input.project, input.today));
}

/// Waivers that reach further ahead than the project allows are wrong input.
pub fn too_far(project: &Project, today: i64) -> Vec<Diag> {
    let days = i64::try_from(project.max_waiver.unwrap_or(LONGEST).as_secs() / 86_400).unwrap_or(i64::MAX);
    let last = today.saturating_add(days);
    let far = project.waivers.iter().filter(|waiver| waiver.expires > last);
    far.map(|waiver| {
        let message =
            format!("the waiver of `{}` reaches further ahead than {days} days", waiver.policy.text);
        Diag::error(&code::WAIVER_FAR, message)
            .at(&waiver.loc, "")
            .help("set an earlier `expires`, or raise `max_waiver`")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::said_of;
    use super::LINT;

    #[test]
    fn a_waiver_of_more_than_the_longest_reach_is_refused() {
        let said = |expires: &str| {
            let text = format!(
                "waivers: [{{ policy: p, reason: known since May, owner: t, ticket: T-1, expires: {expires} }}]"
            );
            said_of(&LINT, &text, &[]).len()
        };
        assert_eq!((said("2026-10-31"), said("2027-12-06"), said("2027-12-07")), (0, 0, 1));
    }
}
