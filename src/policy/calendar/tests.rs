//! Hours and days off: clocks that change, ranges over midnight, holiday files good and bad.

use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::diag::Diag;
use crate::source::{Loc, Source};

fn with(zone: &str, hours: &[&str], holidays: Option<Holidays>) -> Calendar {
    Calendar {
        name: Arc::from("test"),
        zone: zone::find(zone).unwrap(),
        hours: Hours::parse(hours).unwrap(),
        holidays: holidays.map(|holidays| (holidays, Loc::nowhere("test"))),
    }
}

fn calendar(zone: &str, hours: &[&str]) -> Calendar {
    with(zone, hours, None)
}

fn file(text: &str) -> Result<Holidays, Vec<Diag>> {
    read(&Source::new("h.ics", text), &zone::find("Europe/Zurich").unwrap())
}

fn events(events: &[&str]) -> String {
    let events: Vec<String> =
        events.iter().map(|event| format!("BEGIN:VEVENT\n{event}\nEND:VEVENT\n")).collect();
    format!("BEGIN:VCALENDAR\nVERSION:2.0\n{}END:VCALENDAR\n", events.concat())
}

/// A calendar in Zurich that is always, but for these events.
fn off(all: &[&str]) -> Calendar {
    with("Europe/Zurich", &["Mon-Sun 00:00-24:00"], Some(file(&events(all)).unwrap()))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[track_caller]
fn within(calendar: &Calendar, times: &[&str]) {
    times.iter().for_each(|time| assert!(calendar.covers(at(time)), "{time} is outside"));
}

#[track_caller]
fn outside(calendar: &Calendar, times: &[&str]) {
    times.iter().for_each(|time| assert!(!calendar.covers(at(time)), "{time} is within"));
}

#[test]
fn the_begin_is_included_and_the_end_is_not() {
    let office = calendar("Europe/Zurich", &["Mon-Fri 08:00-18:00"]);
    // A Thursday in summer, two hours ahead of UTC.
    within(&office, &["2026-07-02T06:00:00Z", "2026-07-02T15:59:59.999999999Z"]);
    outside(&office, &["2026-07-02T05:59:59.999999999Z", "2026-07-02T16:00:00Z"]);
    // A Thursday in winter, one hour ahead.
    within(&office, &["2026-11-26T07:00:00Z", "2026-11-26T16:59:59Z"]);
    outside(&office, &["2026-11-26T06:59:59Z", "2026-11-26T17:00:00Z"]);
    // Saturday, Sunday.
    outside(&office, &["2026-11-28T10:00:00Z", "2026-11-29T10:00:00Z"]);
}

#[test]
fn the_day_is_that_of_the_zone() {
    let monday = calendar("Pacific/Auckland", &["Mon 00:00-24:00"]);
    within(&monday, &["2026-11-29T11:00:00Z", "2026-11-30T10:59:59Z"]);
    outside(&monday, &["2026-11-29T10:59:59Z", "2026-11-30T11:00:00Z"]);
}

#[test]
fn an_hour_that_the_clocks_leave_out_is_never() {
    // Zurich, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC. New York, 8 March: at 07:00 UTC.
    for (zone, gap) in
        [("Europe/Zurich", "2026-03-29T01:00:00Z"), ("America/New_York", "2026-03-08T07:00:00Z")]
    {
        let gap = at(gap);
        let early = calendar(zone, &["Sun 02:00-03:00"]);
        let around = (-120..=120).map(|minute| gap + jiff::Span::new().minutes(minute));
        assert!(around.into_iter().all(|time| !early.covers(time)), "{zone}");
        let later = calendar(zone, &["Sun 02:30-03:30"]);
        assert!(!later.covers(gap - jiff::Span::new().nanoseconds(1)), "{zone}");
        assert!(later.covers(gap) && later.covers(gap + jiff::Span::new().minutes(29)), "{zone}");
        assert!(!later.covers(gap + jiff::Span::new().minutes(30)), "{zone}");
    }
}

#[test]
fn an_hour_that_the_clocks_repeat_is_within_twice() {
    // Zurich, 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC.
    let zurich = calendar("Europe/Zurich", &["Sun 02:00-03:00"]);
    within(&zurich, &["2026-10-25T00:00:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z"]);
    within(&zurich, &["2026-10-25T01:59:59Z"]);
    outside(&zurich, &["2026-10-24T23:59:59Z", "2026-10-25T02:00:00Z"]);
    // New York, 1 November 2026: 02:00 becomes 01:00 at 06:00 UTC.
    let york = calendar("America/New_York", &["Sun 01:30-02:00"]);
    within(&york, &["2026-11-01T05:30:00Z", "2026-11-01T05:59:59Z", "2026-11-01T06:30:00Z"]);
    outside(&york, &["2026-11-01T05:29:59Z", "2026-11-01T06:00:00Z", "2026-11-01T07:00:00Z"]);
}

#[test]
fn south_of_the_equator_the_clocks_change_the_other_way() {
    // Sydney, 4 October 2026: 02:00 becomes 03:00 at 16:00 UTC of the day before; 5 April: 03:00 becomes 02:00.
    let sydney = calendar("Australia/Sydney", &["Sun 02:00-03:00"]);
    outside(&sydney, &["2026-10-03T15:59:59Z", "2026-10-03T16:00:00Z", "2026-10-03T16:59:59Z"]);
    within(&sydney, &["2026-04-04T15:00:00Z", "2026-04-04T15:59:59Z", "2026-04-04T16:30:00Z"]);
    outside(&sydney, &["2026-04-04T17:00:00Z"]);
    // Lord Howe changes by half an hour: on 4 October 2026 02:00 becomes 02:30 at 15:30 UTC.
    let island = calendar("Australia/Lord_Howe", &["Sun 02:00-02:30", "Sun 02:45-03:00"]);
    outside(&island, &["2026-10-03T15:29:59Z", "2026-10-03T15:30:00Z", "2026-10-03T15:44:59Z"]);
    within(&island, &["2026-10-03T15:45:00Z"]);
}

#[test]
fn a_range_over_midnight_belongs_to_the_day_on_which_it_begins() {
    let night = calendar("Europe/Zurich", &["Fri 22:00-06:00"]);
    within(&night, &["2026-11-27T21:00:00Z", "2026-11-28T04:59:59Z"]);
    outside(&night, &["2026-11-27T20:59:59Z", "2026-11-28T05:00:00Z"]);
    // The morning of Friday and the evening of Saturday are other nights.
    outside(&night, &["2026-11-27T02:00:00Z", "2026-11-28T22:00:00Z"]);
    let sunday = calendar("Europe/Zurich", &["Sun 22:00-06:00"]);
    within(&sunday, &["2026-11-30T04:59:59Z"]);
    let until_midnight = calendar("Europe/Zurich", &["Fri 22:00-00:00"]);
    within(&until_midnight, &["2026-11-27T22:59:59Z"]);
    outside(&until_midnight, &["2026-11-27T23:00:00Z"]);
}

#[test]
fn a_night_in_which_the_clocks_change_ends_by_the_clock() {
    let night = calendar("Europe/Zurich", &["Sat 22:00-06:00"]);
    // Seven hours in spring, nine in autumn.
    within(&night, &["2026-03-28T21:00:00Z", "2026-03-29T00:59:59Z", "2026-03-29T03:59:59Z"]);
    outside(&night, &["2026-03-28T20:59:59Z", "2026-03-29T04:00:00Z"]);
    within(&night, &["2026-10-24T20:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T04:59:59Z"]);
    outside(&night, &["2026-10-24T19:59:59Z", "2026-10-25T05:00:00Z"]);
}

#[test]
fn the_whole_week_is_always() {
    let always = calendar("America/New_York", &["Mon-Sun 00:00-24:00"]);
    let year = (0..8760).map(|hour| at("2026-01-01T00:00:00Z") + jiff::Span::new().hours(hour));
    assert!(year.into_iter().all(|time| always.covers(time)));
    let around_the_weekend = calendar("UTC", &["Fri-Mon 10:00-11:00"]);
    within(&around_the_weekend, &["2026-11-27T10:00:00Z", "2026-11-29T10:30:00Z", "2026-11-30T10:00:00Z"]);
    outside(&around_the_weekend, &["2026-11-26T10:00:00Z", "2026-12-01T10:00:00Z"]);
}

#[test]
fn a_leap_day_is_a_day() {
    let sunday = calendar("Europe/Zurich", &["Tue 10:00-11:00"]);
    within(&sunday, &["2028-02-29T09:30:00Z"]);
    outside(&off(&["DTSTART;VALUE=DATE:20280229"]), &["2028-02-29T09:30:00Z"]);
    within(&off(&["DTSTART;VALUE=DATE:20280229"]), &["2028-02-28T22:59:59Z", "2028-02-29T23:00:00Z"]);
}

#[test]
fn hours_that_are_none_are_refused() {
    let said = |texts: &[&str]| {
        let fault = Hours::parse(texts).unwrap_err();
        (fault.index, fault.piece, fault.message)
    };
    let cases: &[(&str, &str)] = &[
        ("Mon-Fri", "`Mon-Fri` is not days with a begin and an end"),
        ("", "`` is not days with a begin and an end"),
        ("08:00-18:00", "`08:00-18:00` is not days with a begin and an end"),
        ("Mo-Fri 08:00-18:00", "`Mo` is not a day of the week"),
        ("mon 08:00-18:00", "`mon` is not a day of the week"),
        ("Monday 08:00-18:00", "`Monday` is not a day of the week"),
        ("Mön 08:00-18:00", "`Mön` is not a day of the week"),
        ("Mon- 08:00-18:00", "`` is not a day of the week"),
        ("Mon-Mon 08:00-18:00", "`Mon-Mon` is one day"),
        ("Mon-Fri,Wed 08:00-18:00", "`Mon-Fri,Wed` names a day twice"),
        ("Mon 25:00-26:00", "`25:00` is not a time of day"),
        ("Mon 08:00-24:01", "`24:01` is not a time of day"),
        ("Mon 08:00-18:60", "`18:60` is not a time of day"),
        ("Mon 8:00-18:00", "`8:00` is not a time of day"),
        ("Mon 08:00-18:00:00", "`18:00:00` is not a time of day"),
        ("Mon 08:00–18:00", "`08:00–18:00` is not a begin and an end"),
        ("Mon 24:00-06:00", "a range cannot begin at `24:00`"),
        ("Mon 08:00-08:00", "`08:00-08:00` begins when it ends"),
        ("Mon 00:00-00:00", "`00:00-00:00` begins when it ends"),
        ("Mon 08:00-12:00, 13:00-17:00", "`12:00, 13:00-17:00` is not a time of day"),
        ("Mon +8:00-18:00", "`+8:00` is not a time of day"),
    ];
    for (text, message) in cases {
        let (index, piece, said) = said(&["Sun 01:00-02:00", text]);
        assert_eq!((index, said.as_str()), (1, *message), "{text}");
        assert!(text.contains(&piece), "{text}: {piece}");
    }
}

#[test]
fn hours_that_overlap_are_refused() {
    let other = |texts: &[&str]| Hours::parse(texts).unwrap_err().other;
    assert_eq!(other(&["Mon-Fri 08:00-18:00", "Fri 08:00-15:00"]), Some(0));
    assert_eq!(other(&["Mon 22:00-06:00", "Tue 05:59-07:00"]), Some(0));
    assert_eq!(other(&["Mon 00:00-01:00", "Sun 22:00-00:01"]), Some(0), "over the end of the week");
    Hours::parse(&["Mon 22:00-06:00", "Tue 06:00-07:00", "Mon-Sun 12:00-13:00"]).unwrap();
    Hours::parse(&["Mon 00:00-01:00", "Sun 22:00-24:00"]).unwrap();
    Hours::parse(&["Mon-Sun 22:00-21:59"]).unwrap();
}

#[test]
fn zones_have_the_names_of_iana() {
    for (name, help) in [
        ("Europe/Zürich", "did you mean `Europe/Zurich`?"),
        ("europe/zurich", "did you mean `Europe/Zurich`?"),
        ("Zurich", "did you mean `Europe/Zurich`?"),
        ("Europe/Zuerich", "did you mean `Europe/Zurich`?"),
        ("America/Zurich", "did you mean `Europe/Zurich`?"),
        ("+02:00", "zones have the names of IANA, such as `Europe/Zurich`, or `UTC`"),
        ("localtime", "zones have the names of IANA, such as `Europe/Zurich`, or `UTC`"),
    ] {
        assert_eq!(zone::find(name).unwrap_err(), help, "{name}");
    }
    assert!(zone::find("").is_err() && zone::find("../../etc/passwd").is_err());
    // Built in, so that a machine without zones of its own has them.
    assert!(jiff::tz::TimeZoneDatabase::bundled().get("Europe/Zurich").is_ok());
}

#[test]
fn a_holiday_takes_its_hours_away() {
    // 1 August 2022 was a Monday.
    let holidays = file(&events(&["DTSTART;VALUE=DATE:20220801"])).unwrap();
    let office = with("Europe/Zurich", &["Mon-Fri 08:00-18:00"], Some(holidays));
    outside(&office, &["2022-08-01T06:00:00Z", "2022-08-01T10:00:00Z", "2022-08-01T15:59:59Z"]);
    within(&office, &["2022-07-29T10:00:00Z", "2022-08-02T06:00:00Z"]);
}

#[test]
fn a_holiday_takes_the_ranges_that_begin_on_it() {
    let holidays = file(&events(&["DTSTART;VALUE=DATE:20220801"])).unwrap();
    let night = with("Europe/Zurich", &["Mon-Sun 22:00-06:00"], Some(holidays));
    within(&night, &["2022-07-31T20:00:00Z", "2022-08-01T03:59:59Z"]);
    outside(&night, &["2022-08-01T20:00:00Z", "2022-08-02T03:59:59Z"]);
    within(&night, &["2022-08-02T20:00:00Z"]);
}

#[test]
fn the_end_of_an_event_is_excluded() {
    for text in [
        "DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227",
        "DTSTART;VALUE=DATE:20261224\nDURATION:P3D",
        "DTSTART;VALUE=DATE:20261224\nDURATION:+P3D",
    ] {
        let calendar = off(&[text]);
        within(&calendar, &["2026-12-23T22:59:59Z", "2026-12-26T23:00:00Z"]);
        outside(&calendar, &["2026-12-23T23:00:00Z", "2026-12-25T12:00:00Z", "2026-12-26T22:59:59Z"]);
    }
    let weeks = off(&["DTSTART;VALUE=DATE:20261201\nDURATION:P2W"]);
    outside(&weeks, &["2026-12-14T12:00:00Z"]);
    within(&weeks, &["2026-12-15T12:00:00Z"]);
}

#[test]
fn one_day_that_ends_on_itself_is_a_day() {
    let one = "DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261224";
    let calendar = off(&[one]);
    outside(&calendar, &["2026-12-23T23:00:00Z", "2026-12-24T22:59:59Z"]);
    within(&calendar, &["2026-12-24T23:00:00Z"]);
    // Whether the other one ends on the 30th or on the 31st, such a file does not say.
    let two = "SUMMARY:Ferien\nDTSTART;VALUE=DATE:20261228\nDTEND;VALUE=DATE:20261231";
    refused(&events(&[one, two]), 4, "so `Ferien` may be a day longer than it seems");
    file(&events(&[one, "DTSTART;VALUE=DATE:20261228\nDURATION:P3D"])).unwrap();
}

#[test]
fn an_event_with_times_covers_its_span() {
    let span = ["2026-12-24T13:00:00Z", "2026-12-24T16:59:59Z"];
    for text in [
        "DTSTART;TZID=Europe/Zurich:20261224T140000\nDTEND;TZID=Europe/Zurich:20261224T180000",
        "DTSTART;TZID=\"Europe/Zurich\":20261224T140000\nDURATION:PT4H",
        "DTSTART;TZID=/Europe/Zurich:20261224T140000\nDURATION:PT4H",
        "DTSTART:20261224T140000\nDTEND:20261224T180000",
        "DTSTART:20261224T130000Z\nDTEND:20261224T170000Z",
        "DTSTART;TZID=America/New_York:20261224T080000\nDTEND:20261224T170000Z",
    ] {
        let calendar = off(&[text]);
        outside(&calendar, &span);
        within(&calendar, &["2026-12-24T12:59:59Z", "2026-12-24T17:00:00Z"]);
    }
}

#[test]
fn a_day_of_a_duration_follows_the_clock() {
    // From the noon before to the noon after the clocks change are 23 hours.
    let calendar = off(&["DTSTART:20260328T120000\nDURATION:P1D"]);
    outside(&calendar, &["2026-03-28T11:00:00Z", "2026-03-29T09:59:59Z"]);
    within(&calendar, &["2026-03-29T10:00:00Z"]);
}

#[test]
fn yearly_rules_come_again() {
    let calendar = off(&["DTSTART;VALUE=DATE:20200801\nRRULE:FREQ=YEARLY"]);
    outside(&calendar, &["2020-08-01T10:00:00Z", "2026-08-01T10:00:00Z", "2126-08-01T10:00:00Z"]);
    within(&calendar, &["2019-08-01T10:00:00Z", "2026-08-02T10:00:00Z"]);
    let counted = off(&["DTSTART;VALUE=DATE:20200801\nRRULE:FREQ=YEARLY;COUNT=3;INTERVAL=2"]);
    outside(&counted, &["2020-08-01T10:00:00Z", "2022-08-01T10:00:00Z", "2024-08-01T10:00:00Z"]);
    within(&counted, &["2021-08-01T10:00:00Z", "2026-08-01T10:00:00Z"]);
    for until in ["20220801", "20220801T000000Z", "20220801T235959"] {
        let calendar = off(&[&format!("DTSTART;VALUE=DATE:20200801\nRRULE:FREQ=YEARLY;UNTIL={until}")]);
        outside(&calendar, &["2022-08-01T10:00:00Z"]);
        within(&calendar, &["2023-08-01T10:00:00Z"]);
    }
}

#[test]
fn a_yearly_rule_on_29_february_is_in_leap_years_only() {
    let calendar = off(&["DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY"]);
    outside(&calendar, &["2024-02-29T10:00:00Z", "2028-02-29T10:00:00Z"]);
    within(&calendar, &["2026-02-28T10:00:00Z", "2026-03-01T10:00:00Z", "2100-03-01T10:00:00Z"]);
    // The fourth time after 2096 is not in 2100, which is no leap year.
    let counted = off(&["DTSTART;VALUE=DATE:20960229\nRRULE:FREQ=YEARLY;COUNT=2"]);
    outside(&counted, &["2104-02-29T10:00:00Z"]);
    within(&counted, &["2108-02-29T10:00:00Z"]);
    let last = off(&["DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1"]);
    outside(&last, &["2025-02-28T10:00:00Z", "2028-02-29T10:00:00Z"]);
    within(&last, &["2028-02-28T10:00:00Z"]);
}

#[test]
fn weekdays_of_months_and_years_are_found() {
    for (rule, days) in [
        // Thanksgiving, Memorial Day, the Monday before 25 May (Victoria Day), election day, the second Monday.
        ("20201126 FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", &["2025-11-27", "2026-11-26"][..]),
        ("20200525 FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO", &["2025-05-26", "2026-05-25"]),
        (
            "20200518 FREQ=YEARLY;BYMONTH=5;BYDAY=MO;BYMONTHDAY=18,19,20,21,22,23,24",
            &["2025-05-19", "2026-05-18"],
        ),
        (
            "20201103 FREQ=YEARLY;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;WKST=SU",
            &["2025-11-04", "2026-11-03"],
        ),
        ("20200113 FREQ=YEARLY;BYDAY=2MO", &["2025-01-13", "2026-01-12"]),
        ("20201228 FREQ=YEARLY;BYDAY=-1MO", &["2025-12-29", "2026-12-28"]),
        ("20201225 FREQ=YEARLY;BYMONTH=1,12", &["2025-01-25", "2025-12-25", "2026-01-25", "2026-12-25"]),
        // The last working day.
        ("20201231 FREQ=YEARLY;BYMONTH=12;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", &["2025-12-31", "2026-12-31"]),
    ] {
        let (start, rule) = rule.split_once(' ').unwrap();
        let calendar = off(&[&format!("DTSTART;VALUE=DATE:{start}\nRRULE:{rule}")]);
        let mut found = Vec::new();
        let mut day = jiff::civil::date(2025, 1, 1);
        while day.year() < 2027 {
            if !calendar.covers(calendar.zone.to_timestamp(day.at(12, 0, 0, 0)).unwrap()) {
                found.push(day.to_string());
            }
            day = day.tomorrow().unwrap();
        }
        assert_eq!(found, days, "{rule}");
    }
}

#[test]
fn a_yearly_event_of_several_days_reaches_into_the_next_year() {
    let calendar = off(&["DTSTART;VALUE=DATE:20201224\nDTEND;VALUE=DATE:20210103\nRRULE:FREQ=YEARLY"]);
    outside(&calendar, &["2026-01-02T10:00:00Z", "2026-12-24T10:00:00Z"]);
    within(&calendar, &["2020-01-01T10:00:00Z", "2026-01-03T10:00:00Z", "2026-12-23T10:00:00Z"]);
    let times = off(&["DTSTART:20201231T200000\nDTEND:20210101T040000\nRRULE:FREQ=YEARLY"]);
    outside(&times, &["2026-01-01T02:59:59Z", "2026-12-31T19:00:00Z"]);
    within(&times, &["2020-01-01T02:00:00Z", "2026-01-01T03:00:00Z", "2026-12-31T18:59:59Z"]);
}

#[test]
fn yearly_times_end_with_the_instant_of_until() {
    let rule = |until: &str| {
        off(&[&format!("DTSTART:20201224T140000\nDURATION:PT4H\nRRULE:FREQ=YEARLY;UNTIL={until}")])
    };
    outside(&rule("20221224T130000Z"), &["2022-12-24T14:00:00Z"]);
    within(&rule("20221224T125959Z"), &["2022-12-24T14:00:00Z"]);
    within(&rule("20221224T130000Z"), &["2023-12-24T14:00:00Z"]);
    outside(&rule("20221224T140000"), &["2022-12-24T14:00:00Z"]);
}

#[test]
fn days_are_added_left_out_and_changed() {
    let more = off(&["DTSTART;VALUE=DATE:20250420\nRDATE;VALUE=DATE:20260405,20270328"]);
    outside(&more, &["2025-04-20T10:00:00Z", "2026-04-05T10:00:00Z", "2027-03-28T10:00:00Z"]);
    let except = off(&["DTSTART;VALUE=DATE:20200801\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20260801"]);
    outside(&except, &["2025-08-01T10:00:00Z", "2027-08-01T10:00:00Z"]);
    within(&except, &["2026-08-01T10:00:00Z"]);
    let times = off(&[
        "DTSTART:20201224T140000\nDURATION:PT4H\nRRULE:FREQ=YEARLY\nEXDATE;TZID=Europe/Zurich:20261224T140000",
    ]);
    within(&times, &["2026-12-24T14:00:00Z"]);
    outside(&times, &["2025-12-24T14:00:00Z"]);
    let changed = off(&[
        "UID:a\nDTSTART;VALUE=DATE:20200801\nRRULE:FREQ=YEARLY",
        "UID:a\nRECURRENCE-ID;VALUE=DATE:20260801\nDTSTART;VALUE=DATE:20260803",
    ]);
    within(&changed, &["2026-08-01T10:00:00Z"]);
    outside(&changed, &["2026-08-03T10:00:00Z", "2027-08-01T10:00:00Z"]);
    let cancelled = off(&[
        "UID:a\nDTSTART;VALUE=DATE:20200801\nRRULE:FREQ=YEARLY",
        "UID:a\nRECURRENCE-ID;VALUE=DATE:20260801\nDTSTART;VALUE=DATE:20260801\nSTATUS:CANCELLED",
        "DTSTART;VALUE=DATE:20260804\nSTATUS:CANCELLED",
    ]);
    within(&cancelled, &["2026-08-01T10:00:00Z", "2026-08-04T10:00:00Z"]);
}

#[test]
fn a_mark_crlf_folds_and_other_scripts_are_read() {
    let text = "\u{feff}BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//DE\r\nX-WR-CALNAME:Feier\r\n tage\r\n\
        BEGIN:VTIMEZONE\r\nTZID:Europe/Zurich\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\n\
        RRULE:FREQ=MONTHLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
        begin:vevent\r\nSUMMARY;LANGUAGE=ja:元日\\, ☃ Äpfel und sehr viele weitere Wör\r\n ter\r\n\
        X-APPLE;X=\"a:b;c\",d:1\r\nDTSTART;VALUE\r\n\t=DATE:2026\r\n 0101\r\n\
        BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nDURATION:bogus\r\nEND:VALARM\r\nTRANSP:TRANSPARENT\r\n\
        End:vEvent\r\nEND:VCALENDAR\r\n\r\n";
    let calendar = with("Europe/Zurich", &["Mon-Sun 00:00-24:00"], Some(file(text).unwrap()));
    outside(&calendar, &["2026-01-01T10:00:00Z"]);
    within(&calendar, &["2026-01-02T10:00:00Z"]);
}

/// The file is refused with this sentence, at this line.
#[track_caller]
fn refused(text: &str, line: usize, message: &str) {
    let diags = file(text).unwrap_err();
    let [diag] = diags.as_slice() else { panic!("{diags:#?}") };
    assert!(diag.message.contains(message), "{}", diag.message);
    assert_eq!(diag.labels.first().map_or(0, |label| label.loc.line_column().0), line, "{}", diag.message);
}

#[test]
fn rules_are_understood_or_refused() {
    let day = "SUMMARY:Ostern\nDTSTART;VALUE=DATE:20260405";
    let time = "SUMMARY:Ostern\nDTSTART:20260405T100000";
    for (event, line, message) in [
        (
            format!("{day}\nRRULE:FREQ=WEEKLY"),
            6,
            "its rule cannot be followed: `FREQ=WEEKLY` is not understood",
        ),
        (format!("{day}\nRRULE:FREQ=YEARLY;BYEASTER=0"), 6, "`BYEASTER=0` is not understood"),
        (format!("{day}\nRRULE:RSCALE=HEBREW;FREQ=YEARLY"), 6, "`RSCALE=HEBREW` is not understood"),
        (format!("{day}\nRRULE:FREQ=YEARLY;BYWEEKNO=20"), 6, "`BYWEEKNO=20` is not understood"),
        (format!("{day}\nRRULE:FREQ=YEARLY;BYMONTH=13"), 6, "`BYMONTH=13` is not understood"),
        (format!("{day}\nRRULE:FREQ=YEARLY;BYMONTHDAY=0"), 6, "`BYMONTHDAY=0` is not understood"),
        (format!("{day}\nRRULE:FREQ=YEARLY;COUNT=0"), 6, "`COUNT=0` is not understood"),
        (format!("{day}\nRRULE:FREQ=YEARLY;COUNT=2;UNTIL=20300101"), 6, "exclude each other"),
        (format!("{day}\nRRULE:FREQ=YEARLY;UNTIL=soon"), 6, "`UNTIL=SOON` is not understood"),
        (format!("{day}\nRRULE:FREQ=YEARLY;FREQ=YEARLY"), 6, "`FREQ` stands twice"),
        (format!("{day}\nRRULE:COUNT=2"), 6, "`FREQ` is missing"),
        (format!("{day}\nRRULE:"), 6, "is not `NAME=VALUE`"),
        (
            format!("{day}\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=2SU"),
            6,
            "does not begin on a day of its own rule",
        ),
        (format!("{day}\nRRULE:FREQ=YEARLY;BYMONTHDAY=5;BYDAY=1SU"), 6, "with a numbered `BYDAY`"),
        (format!("{day}\nRRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU,MO"), 6, "with numbered and other days"),
        (
            format!("{time}\nDURATION:PT1H\nRRULE:FREQ=YEARLY;UNTIL=20300101"),
            7,
            "`UNTIL=20300101` is not understood",
        ),
    ] {
        refused(&events(&[&event]), line, message);
    }
}

#[test]
fn what_could_move_an_event_is_understood_or_refused() {
    let day = "SUMMARY:Ostern\nDTSTART;VALUE=DATE:20260405";
    let time = "SUMMARY:Ostern\nDTSTART:20260405T100000";
    for (event, line, message) in [
        (format!("{day}\nEXRULE:FREQ=YEARLY"), 6, "`EXRULE` is not understood"),
        (format!("{day}\nDTSTART;VALUE=DATE:20260406"), 6, "`DTSTART` stands twice"),
        (format!("{day}\nDTEND;VALUE=DATE:20260406\nDURATION:P1D"), 7, "exclude each other"),
        (format!("{day}\nDTEND;VALUE=DATE:20260404"), 6, "ends before or when it begins"),
        (format!("{day}\nDTEND:20260406T000000Z"), 6, "not both days or both times"),
        (format!("{day}\nDTEND;VALUE=DATE:20990406"), 6, "lasts longer than 3660 days"),
        (format!("{day}\nDTEND;VALUE=DATE:20270406\nRRULE:FREQ=YEARLY"), 6, "lasts longer than 365 days"),
        (format!("{day}\nDURATION:PT24H"), 6, "`PT24H` is not a number of whole days"),
        (format!("{day}\nDURATION:P1M"), 6, "`P1M` is not a length"),
        (format!("{day}\nDURATION:-P1D"), 6, "`-P1D` is not a length"),
        (format!("{day}\nDURATION:1 day"), 6, "`1 day` is not a length"),
        (format!("{day}\nRDATE:20260406T000000Z"), 6, "not both days or both times"),
        (format!("{day}\nRDATE;VALUE=PERIOD:20260406T000000Z/PT1H"), 6, "`RDATE` that is a `PERIOD`"),
        (format!("{day}\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20270406"), 5, "leaves out 2027-04-06"),
        (format!("{day}\nRECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20260405"), 6, "several occurrences"),
        (format!("{day}\nUID:x\nRECURRENCE-ID;VALUE=DATE:20260405"), 5, "that no event of the file has"),
        (time.to_owned(), 3, "it has a begin and no end"),
        (format!("{time}\nDTEND:20260405T100000"), 6, "ends before or when it begins"),
        ("SUMMARY:x".to_owned(), 3, "`DTSTART` is missing"),
        ("SUMMARY:x\nDTSTART:20260405".to_owned(), 5, "a whole day is `VALUE=DATE`"),
        ("SUMMARY:x\nDTSTART;VALUE=DATE:20260230".to_owned(), 5, "`20260230` is not a day"),
        ("SUMMARY:x\nDTSTART;VALUE=DATE:2026-04-05".to_owned(), 5, "`2026-04-05` is not a day"),
        ("SUMMARY:x\nDTSTART;VALUE=DATE:20260405,20260406".to_owned(), 5, "`DTSTART` is one value"),
        ("SUMMARY:x\nDTSTART:20260405T240000\nDURATION:PT1H".to_owned(), 5, "is not a time"),
        (
            "SUMMARY:x\nDTSTART;TZID=W. Europe Standard Time:20260405T100000".to_owned(),
            5,
            "not the name of a time zone",
        ),
        ("SUMMARY:x\nBEGIN:VTODO\nEND:VTODO".to_owned(), 5, "a `VTODO` in a `VEVENT` is not understood"),
    ] {
        refused(&events(&[&event]), line, message);
    }
}

#[test]
fn faults_name_the_event() {
    let text =
        events(&["SUMMARY:Tag der Arbeit\\, ☭\nDTSTART;VALUE=DATE:20260501\nDTEND;VALUE=DATE:20260430"]);
    refused(&text, 6, "the event `Tag der Arbeit, ☭`: it ends before or when it begins");
    refused(&events(&["UID:a@b\nDURATION:P1D"]), 3, "the event `a@b`: `DTSTART` is missing");
    let many: Vec<&str> = vec!["SUMMARY:x"; 100];
    assert_eq!(file(&events(&many)).unwrap_err().len(), 10, "ten faults are enough");
}

#[test]
fn what_is_no_calendar_is_refused() {
    let day = "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260405\nEND:VEVENT";
    for (text, line, message) in [
        (String::new(), 0, "`h.ics` is empty"),
        ("\u{feff}\r\n\r\n".to_owned(), 0, "`h.ics` is empty"),
        ("BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n".to_owned(), 0, "`h.ics` names no holiday"),
        (events(&["DTSTART;VALUE=DATE:20260405\nSTATUS:CANCELLED"]), 0, "`h.ics` names no holiday"),
        ("<html>\n".to_owned(), 1, "this is not a line of iCalendar"),
        ("{\"a\": 1}".to_owned(), 1, "this is not a line of iCalendar"),
        ("2026-12-25\n".to_owned(), 1, "this is not a line of iCalendar"),
        (day.to_owned(), 1, "`BEGIN:VEVENT` does not begin a calendar"),
        ("BEGIN:VCARD\nEND:VCARD".to_owned(), 1, "`BEGIN:VCARD` does not begin a calendar"),
        ("VERSION:2.0\n".to_owned(), 1, "outside of the calendar"),
        (format!("BEGIN:VCALENDAR\n{day}\n"), 1, "`BEGIN:VCALENDAR` is never ended"),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260405\n".to_owned(),
            2,
            "`BEGIN:VEVENT` is never ended",
        ),
        (format!("BEGIN:VCALENDAR\n{day}\nEND:VEVENT\n"), 5, "`END:VEVENT` ends nothing"),
        (format!("BEGIN:VCALENDAR\n{day}\nEND:VCALENDAR\nSUMMARY:x\n"), 6, "outside of the calendar"),
        (format!("BEGIN:VCALENDAR\nVERSION:1.0\n{day}\nEND:VCALENDAR"), 2, "`VERSION:1.0` is not understood"),
        (format!("BEGIN:VCALENDAR\nCALSCALE:HEBREW\n{day}\nEND:VCALENDAR"), 2, "`CALSCALE:HEBREW`"),
        (format!("BEGIN:VCALENDAR\nMETHOD:CANCEL\n{day}\nEND:VCALENDAR"), 2, "`METHOD:CANCEL`"),
        (
            format!("BEGIN:VCALENDAR\nBEGIN:VTODO\nEND:VTODO\n{day}\nEND:VCALENDAR"),
            2,
            "a `VTODO` in a `VCALENDAR`",
        ),
        (" x\nBEGIN:VCALENDAR\n".to_owned(), 1, "this line continues none"),
        ("BEGIN:VCALENDAR\n\n x\n".to_owned(), 3, "this line continues none"),
        ("BEGIN:VCALENDAR\nX\0:1\n".to_owned(), 2, "control character"),
        ("BEGIN:VCALENDAR\rEND:VCALENDAR\r".to_owned(), 1, "control character"),
        ("BEGIN:VCALENDAR\nX;Y:1\n".to_owned(), 2, "a parameter of `X` is not `NAME=VALUE`"),
        ("BEGIN:VCALENDAR\nX;Y=\"1:2\n".to_owned(), 2, "a parameter of `X` is not `NAME=VALUE`"),
    ] {
        refused(&text, line, message);
    }
    let two = format!("BEGIN:VCALENDAR\n{day}\nEND:VCALENDAR\n");
    file(&(two.clone() + &two)).unwrap();
}

#[test]
fn a_hostile_file_is_refused_at_once() {
    let nested = "BEGIN:VCALENDAR\n".to_owned() + &"BEGIN:VEVENT\n".repeat(1 << 17);
    refused(&nested, 3, "a `VEVENT` in a `VEVENT` is not understood");
    refused(&"BEGIN:VCALENDAR\n".repeat(1 << 16), 2, "a `VCALENDAR` in a `VCALENDAR` is not understood");
    let many = events(&vec!["DTSTART;VALUE=DATE:20260405"; 2_001]);
    refused(&many, 3 + 2_000 * 3, "more than 2000 events");
    // One line of four megabytes, folded after each character.
    let folded = format!("BEGIN:VCALENDAR\nX:{}\nEND:VCALENDAR\n", "\n x".repeat(1 << 20));
    assert_eq!(file(&folded).unwrap_err().len(), 1);
    // The worst that can be counted: leap days, eight centuries of them.
    let counted = vec!["DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY;COUNT=200"; 2_000];
    file(&events(&counted)).unwrap();
}
