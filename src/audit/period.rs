//! Periods: a year, a quarter, a month, a week, two days.

use jiff::civil::{Date, ISOWeekDate};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::model::Period;

/// What was written is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAPeriod(pub String);

/// Reads `2026`, `2026-Q3`, `2026-08`, `2026-W31` or `2026-07-01..2026-10-01`, of which the end does not belong to it. Days
/// begin at midnight in that zone.
pub fn period(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Period, NotAPeriod> {
    let wrong = |why: &str| NotAPeriod(format!("`{text}` is not a period: {why}"));
    let (from, to) = match text.split_once("..") {
        Some((from, to)) => (day(from, text)?, day(to, text)?),
        None => named(text).ok_or_else(|| {
            wrong("write `2026-Q3`, `2026-08`, `2026-W31`, `2026`, or two days as `2026-07-01..2026-10-01`")
        })?,
    };
    let at = |day: Date| {
        let zoned = day.to_zoned(zone.clone()).map_err(|error| wrong(&error.to_string()))?;
        Ok(zoned.timestamp())
    };
    let (from, to) = (at(from)?, at(to)?);
    if to <= from {
        return Err(wrong("it ends before it begins"));
    }
    if from >= now {
        return Err(wrong("it has not begun yet"));
    }
    Ok(Period { name: text.to_owned(), from, to, until: to.min(now) })
}

/// The time from so long ago until now.
pub fn since(text: &str, back: SignedDuration, now: Timestamp) -> Period {
    let from = now.checked_sub(back).unwrap_or(Timestamp::MIN);
    // Now belongs to it.
    let to = now.checked_add(SignedDuration::from_micros(1)).unwrap_or(now);
    Period { name: format!("last {text}"), from, to, until: now }
}

fn day(text: &str, whole: &str) -> Result<Date, NotAPeriod> {
    text.trim()
        .parse()
        .map_err(|error| NotAPeriod(format!("`{whole}` is not a period: `{text}` is not a day: {error}")))
}

fn named(text: &str) -> Option<(Date, Date)> {
    let (year, rest) = text.split_once('-').map_or((text, None), |(year, rest)| (year, Some(rest)));
    if year.len() != 4 {
        return None;
    }
    let year: i16 = year.parse().ok()?;
    let month = |month: i8, many: i64| {
        let from = Date::new(year, month, 1).ok()?;
        Some((from, from.checked_add(Span::new().months(many)).ok()?))
    };
    let Some(rest) = rest else { return month(1, 12) };
    if let Some(quarter) = rest.strip_prefix(['Q', 'q']) {
        let quarter: i8 = quarter.parse().ok().filter(|quarter| (1..=4).contains(quarter))?;
        return month(quarter * 3 - 2, 3);
    }
    if let Some(week) = rest.strip_prefix(['W', 'w']) {
        let from = ISOWeekDate::new(year, week.parse().ok()?, jiff::civil::Weekday::Monday).ok()?.date();
        return Some((from, from.checked_add(Span::new().days(7)).ok()?));
    }
    month(rest.parse().ok().filter(|_| rest.len() == 2)?, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let now = "2026-11-27T12:00:00Z".parse().unwrap();
        let zone = TimeZone::get("Europe/Zurich").unwrap();
        let found = period(text, &zone, now).map_err(|why| why.0)?;
        Ok(format!("{}/{}/{}", found.from, found.to, found.until))
    }

    #[test]
    fn quarters_months_weeks_and_days_are_read_in_their_zone() {
        let both = |from: &str, to: &str| Ok(format!("{from}/{to}/{to}"));
        // Summer time ends within neither, and begins within none: the ends have two offsets.
        assert_eq!(read("2026-Q3"), both("2026-06-30T22:00:00Z", "2026-09-30T22:00:00Z"));
        assert_eq!(read("2026-10"), both("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"));
        assert_eq!(read("2026-W44"), both("2026-10-25T23:00:00Z", "2026-11-01T23:00:00Z"));
        assert_eq!(read("2026-07-01..2026-07-02"), both("2026-06-30T22:00:00Z", "2026-07-01T22:00:00Z"));
        let lasts = "2026-09-30T22:00:00Z/2026-12-31T23:00:00Z/2026-11-27T12:00:00Z";
        assert_eq!(read("2026-Q4"), Ok(lasts.to_owned()));
    }

    #[test]
    fn what_is_no_period_is_refused_with_its_reason() {
        for (text, why) in [
            ("2026-Q5", "write `2026-Q3`"),
            ("Q3", "write `2026-Q3`"),
            ("2026-8", "write `2026-Q3`"),
            ("2026-07-32..2026-08-01", "`2026-07-32` is not a day"),
            ("2026-08-01..2026-07-01", "it ends before it begins"),
            ("2027-Q1", "it has not begun yet"),
        ] {
            assert!(read(text).is_err_and(|said| said.contains(why)), "{text}");
        }
    }
}
