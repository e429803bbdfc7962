//! A waiver that ends within days.

use super::{Category, Check, Input, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::fact::{Type, Value, show};

pub(super) const LINT: Lint = Lint {
    code: &code::WAIVER_SOON,
    category: Category::Waivers,
    level: WARNING,
    doc: "every waiver that holds does so for more than 14 days",
    page: Page {
        why: "The day after it ends the finding is back, and an alert reaches somebody at night. Two weeks are enough \
              to mend the cause or to agree on another day.",
        bad: "waivers: [{ policy: disk-full, reason: the volume is replaced soon, owner: t, ticket: T-1, expires: 2026-11-08 }]",
        good: "waivers: [{ policy: disk-full, reason: the volume is replaced soon, owner: t, ticket: T-1, expires: 2027-01-31 }]",
    },
    check: Check::Project(check),
};

/// A waiver that ends within so many days is shown.
const SOON: i64 = 14;

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    for waiver in &input.project.waivers {
        let left = waiver.expires - input.today;
        if !(0..=SOON).contains(&left) {
            continue;
        }
        let day = show(&Value::Int(waiver.expires), &Type::Date);
        let message = format!("the waiver of `{}` ends in {left} days, on {day}", waiver.policy.text);
        diags.push(
            Diag::warning(&code::WAIVER_SOON, message)
                .at(&waiver.loc, "")
                .help("mend what it covers, or renew it with a new reason"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::said_of;
    use super::LINT;

    #[test]
    fn dates_are_judged_by_the_day() {
        let said = |expires: &str| {
            let text = format!(
                "waivers: [{{ policy: p, reason: known since May, owner: t, ticket: T-1, expires: {expires} }}]"
            );
            said_of(&LINT, &text, &[]).len()
        };
        let days = ["2026-10-31", "2026-11-01", "2026-11-15", "2026-11-16"];
        assert_eq!(days.map(said), [0, 1, 1, 0]);
    }
}
