//! A waiver that has ended, ends soon, or reaches further ahead than the project allows.

use std::time::Duration;

use super::{Check, Input, Lint};
use crate::diag::{Diag, code};
use crate::fact::{Type, Value, show};
use crate::policy::{Project, Waiver};

pub(super) const LINT: Lint = Lint {
    name: "waiver-date",
    doc: "every waiver holds today, for more than 14 days, and not for ever",
    check: Check::Project(check),
};

/// A waiver that ends within so many days is shown.
const SOON: i64 = 14;

/// Longest reach of a waiver if the project does not say.
const LONGEST: Duration = Duration::from_hours(9600);

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    diags.extend(too_far(input.project, input.today));
    for waiver in &input.project.waivers {
        diags.extend(ends(waiver, input.today));
    }
}

fn ends(waiver: &Waiver, today: i64) -> Option<Diag> {
    let left = waiver.expires - today;
    let day = show(&Value::Int(waiver.expires), &Type::Date);
    let name = &waiver.policy.text;
    let diag = match left {
        ..0 => Diag::warning(&code::WAIVER_EXPIRED, format!("the waiver of `{name}` ended on {day}"))
            .help("remove it, or renew it with a new reason"),
        0..=SOON => {
            Diag::warning(&code::WAIVER_SOON, format!("the waiver of `{name}` ends in {left} days, on {day}"))
                .help("mend what it covers, or renew it with a new reason")
        }
        _ => return None,
    };
    Some(diag.at(&waiver.loc, ""))
}

/// Waivers that reach further ahead than the project allows are wrong input.
pub fn too_far(project: &Project, today: i64) -> Vec<Diag> {
    let days = i64::try_from(project.max_waiver.unwrap_or(LONGEST).as_secs() / 86_400).unwrap_or(i64::MAX);
    let last = today.saturating_add(days);
    let far = project.waivers.iter().filter(|waiver| waiver.expires > last);
    far.map(|waiver| {
        let message =
            format!("the waiver of `{}` reaches further ahead than {days} days", waiver.policy.text);
        Diag::error(&code::WAIVER, message)
            .at(&waiver.loc, "")
            .help("set an earlier `expires`, or raise `max_waiver`")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::said_of;
    use super::LINT;

    fn said(expires: &str) -> Vec<&'static str> {
        let text = format!(
            "waivers: [{{ policy: p, reason: known since May, owner: t, ticket: T-1, expires: {expires} }}]"
        );
        said_of(&LINT, &text, &[]).iter().map(|diag| diag.code.id).collect()
    }

    #[test]
    fn dates_are_judged_by_the_day() {
        assert_eq!(said("2026-10-31"), ["waiver-expired"]);
        assert_eq!(said("2026-11-01"), ["waiver-soon"]);
        assert_eq!(said("2026-11-15"), ["waiver-soon"]);
        assert_eq!(said("2026-11-16"), Vec::<&str>::new());
        assert_eq!(said("2027-12-06"), Vec::<&str>::new());
        assert_eq!(said("2027-12-07"), ["waiver"]);
    }
}
