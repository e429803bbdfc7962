//! A waiver that has ended.

use super::{Category, Check, Input, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::fact::{Type, Value, show};

pub(super) const LINT: Lint = Lint {
    code: &code::WAIVER_EXPIRED,
    category: Category::Waivers,
    level: WARNING,
    doc: "every waiver holds today",
    page: Page {
        why: "What it covered fails again. Whoever reads the entry believes that it is excepted, and looks for the \
              cause of the failure elsewhere.",
        bad: "waivers: [{ policy: disk-full, reason: the volume is replaced in May, owner: t, ticket: T-1, expires: 2026-05-31 }]",
        good: "waivers: [{ policy: disk-full, reason: the volume is replaced in May, owner: t, ticket: T-1, expires: 2027-05-31 }]",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    for waiver in input.project.waivers.iter().filter(|waiver| waiver.expires < input.today) {
        let day = show(&Value::Int(waiver.expires), &Type::Date);
        let message = format!("the waiver of `{}` ended on {day}", waiver.policy.text);
        diags.push(
            Diag::warning(&code::WAIVER_EXPIRED, message)
                .at(&waiver.loc, "")
                .help("remove it, or renew it with a new reason"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::said_of;
    use super::LINT;

    #[test]
    fn a_waiver_holds_to_the_end_of_its_day() {
        let said = |expires: &str| {
            let text = format!(
                "waivers: [{{ policy: p, reason: known since May, owner: t, ticket: T-1, expires: {expires} }}]"
            );
            said_of(&LINT, &text, &[]).len()
        };
        assert_eq!((said("2026-10-31"), said("2026-11-01")), (1, 0));
    }
}
