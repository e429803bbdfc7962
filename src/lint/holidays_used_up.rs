//! A holiday file whose years are over.

use super::{Category, Check, Input, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Calendar;

pub(super) const LINT: Lint = Lint {
    code: &code::HOLIDAYS_USED_UP,
    category: Category::Alerting,
    level: WARNING,
    doc: "every holiday file names a day that is still to come",
    page: Page {
        why: "From the day after the last holiday on, a day off is judged as any other: people are paged on Easter \
              Monday, or a check that only runs on working days fails on a holiday.",
        bad: "calendars: { shop: { zone: Europe/Zurich, hours: Sat 09:00-17:00, holidays: fixtures/holidays/2020.ics } }",
        good: "calendars: { shop: { zone: Europe/Zurich, hours: Sat 09:00-17:00, holidays: fixtures/holidays/2099.ics } }",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    diags.extend(input.project.calendars.values().filter_map(|calendar| past(calendar, input.today)));
}

fn past(calendar: &Calendar, today: i64) -> Option<Diag> {
    let (holidays, place) = calendar.holidays.as_ref()?;
    let found = holidays.used_up(today)?;
    let name = &calendar.name;
    let message = if found.rules_go_on {
        format!(
            "the newest single holiday of the calendar `{name}` was on {}; only its rules go on",
            found.newest
        )
    } else {
        format!("the newest holiday of the calendar `{name}` was on {}", found.newest)
    };
    let help = "days off from then on are judged as any other: get the file of the new years";
    Some(Diag::warning(&code::HOLIDAYS_USED_UP, message).at(place, "").help(help))
}

#[cfg(test)]
mod tests {
    use super::super::testing::said_of;
    use super::LINT;

    fn said(events: &[&str]) -> Vec<String> {
        let events: Vec<String> = events
            .iter()
            .map(|event| format!("BEGIN:VEVENT\nDTSTART;VALUE=DATE:{event}\nEND:VEVENT\n"))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("h.ics");
        std::fs::write(&file, format!("BEGIN:VCALENDAR\n{}END:VCALENDAR\n", events.concat())).unwrap();
        let text = format!(
            "calendars: {{ shop: {{ zone: Europe/Zurich, hours: Sat 09:00-17:00, holidays: {} }} }}",
            file.display()
        );
        said_of(&LINT, &text, &[]).into_iter().map(|diag| diag.message).collect()
    }

    #[test]
    fn a_file_of_past_years_is_shown() {
        assert_eq!(
            said(&["20231225", "20241226", "20240101\nDTEND;VALUE=DATE:20240103"]),
            ["the newest holiday of the calendar `shop` was on 2024-12-26"]
        );
        assert_eq!(said(&["20261031"]).len(), 1);
        assert_eq!(
            said(&["20151225\nRRULE:FREQ=YEARLY;COUNT=3"]),
            ["the newest holiday of the calendar `shop` was on 2017-12-25"]
        );
    }

    #[test]
    fn a_file_that_names_a_day_to_come_is_fine() {
        assert_eq!(said(&["20261101"]), Vec::<String>::new());
        assert_eq!(said(&["20151225\nRRULE:FREQ=YEARLY"]), Vec::<String>::new());
        assert_eq!(said(&["20151225\nRRULE:FREQ=YEARLY;UNTIL=20271225"]), Vec::<String>::new());
    }

    #[test]
    fn rules_do_not_hide_that_the_days_of_easter_have_come_to_an_end() {
        let christmas = "20151225\nRRULE:FREQ=YEARLY";
        assert_eq!(
            said(&["20240331", "20250420", christmas]),
            ["the newest single holiday of the calendar `shop` was on 2025-04-20; only its rules go on"]
        );
        assert_eq!(said(&["20240331", christmas]), Vec::<String>::new(), "one feast that was held once");
    }
}
