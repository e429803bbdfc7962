//! `RRULE` with `FREQ=YEARLY`, as RFC 5545 reads it; every other rule is refused.

use jiff::civil::{Date, Weekday};

/// A rule with the day on which it begins and the last one, if it ends.
#[derive(Clone, Debug)]
pub(in crate::policy::calendar) struct Yearly {
    parts: Parts,
    start: Date,
    last: Option<Date>,
}

/// What a rule says.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    interval: Option<i16>,
    count: Option<i16>,
    /// `UNTIL` as it is written.
    pub(super) until: Option<String>,
    months: Vec<i8>,
    month_days: Vec<i8>,
    /// Weekdays, the n-th of its month or year, from the end if negative; each one if zero.
    weekdays: Vec<(i8, Weekday)>,
    /// Which of the days of a year are taken; all if empty.
    positions: Vec<i16>,
}

/// How often a rule that is counted may repeat, and how many years may lie between.
const MOST: i16 = 200;

impl Parts {
    /// Reads a rule; the error names the piece that is not understood.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Self::default();
        let mut seen = Vec::new();
        for part in text.split(';') {
            let (name, value) =
                part.split_once('=').ok_or_else(|| format!("`{part}` is not `NAME=VALUE`"))?;
            let (name, value) = (name.to_ascii_uppercase(), value.to_ascii_uppercase());
            if seen.contains(&name) {
                return Err(format!("`{name}` stands twice"));
            }
            parts.set(&name, &value).ok_or_else(|| format!("`{part}` is not understood"))?;
            seen.push(name);
        }
        if !seen.iter().any(|name| name == "FREQ") {
            return Err("`FREQ` is missing".into());
        }
        if parts.count.is_some() && parts.until.is_some() {
            return Err("`COUNT` and `UNTIL` exclude each other".into());
        }
        if !parts.month_days.is_empty() && parts.weekdays.iter().any(|(nth, _)| *nth != 0) {
            return Err("`BYMONTHDAY` with a numbered `BYDAY` is not understood".into());
        }
        // Of `2MO,FR` some programs make every Friday, others only one that is a second Monday.
        let numbered = parts.weekdays.iter().filter(|(nth, _)| *nth != 0).count();
        if numbered != 0 && numbered != parts.weekdays.len() {
            return Err("`BYDAY` with numbered and other days is not understood".into());
        }
        Ok(parts)
    }

    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "FREQ" if value == "YEARLY" => {}
            "INTERVAL" => self.interval = Some(number(value, 1, MOST)?),
            "COUNT" => self.count = Some(number(value, 1, MOST)?),
            "UNTIL" => self.until = Some(value.to_owned()),
            "BYMONTH" => self.months = list(value, |text| small(text, 1, 12))?,
            "BYMONTHDAY" => self.month_days = list(value, |text| small(text, -31, 31))?,
            "BYDAY" => self.weekdays = list(value, numbered)?,
            "BYSETPOS" => self.positions = list(value, |text| number(text, -366, 366))?,
            // On which day a week begins matters only for numbers of weeks, which are refused.
            "WKST" => drop(weekday(value)?),
            _ => return None,
        }
        let zero = self.month_days.contains(&0) || self.positions.contains(&0);
        (!zero).then_some(())
    }
}

fn list<T>(text: &str, one: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(one).collect()
}

fn number(text: &str, least: i16, most: i16) -> Option<i16> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

fn small(text: &str, least: i8, most: i8) -> Option<i8> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

/// `MO`, `2MO`, `-1FR`.
fn numbered(text: &str) -> Option<(i8, Weekday)> {
    let (number, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let day = weekday(day)?;
    match number {
        "" => Some((0, day)),
        number => small(number, -53, 53).filter(|nth| *nth != 0).map(|nth| (nth, day)),
    }
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

impl Yearly {
    /// The rule from its first day on; `until` is the last day that it may name. The error is a sentence.
    pub(super) fn new(parts: Parts, start: Date, until: Option<Date>) -> Result<Self, String> {
        let count = parts.count;
        let mut rule = Self { parts, start, last: until };
        // What a rule is that does not name its own begin, the RFC leaves open, and calendars disagree.
        if !rule.in_year(start.year()).contains(&start) {
            return Err("the event does not begin on a day of its own rule".into());
        }
        if let Some(count) = count {
            rule.last = rule.counted(count);
        }
        Ok(rule)
    }

    /// The last day, if it ends.
    pub(in crate::policy::calendar) fn last(&self) -> Option<Date> {
        self.last
    }

    /// The days of one year on which it begins.
    pub(in crate::policy::calendar) fn in_year(&self, year: i16) -> Vec<Date> {
        let since = i32::from(year) - i32::from(self.start.year());
        if since < 0 || since % i32::from(self.parts.interval.unwrap_or(1)) != 0 {
            return Vec::new();
        }
        let mut days = self.candidates(year);
        days.sort_unstable();
        days.dedup();
        let mut days = chosen(days, &self.parts.positions);
        days.retain(|day| *day >= self.start && self.last.is_none_or(|last| *day <= last));
        days
    }

    /// The day of the `count`-th time; none if the years come to an end before.
    fn counted(&self, count: i16) -> Option<Date> {
        let years = (self.start.year()..=Date::MAX.year()).step_by(self.step());
        years.flat_map(|year| self.in_year(year)).nth(usize::try_from(count - 1).ok()?)
    }

    fn step(&self) -> usize {
        self.parts.interval.and_then(|interval| usize::try_from(interval).ok()).unwrap_or(1)
    }

    /// The days that a year would have without an end and without `BYSETPOS`. A day that a year does not have
    /// (29 February) is left out, not moved, as the RFC says.
    fn candidates(&self, year: i16) -> Vec<Date> {
        let parts = &self.parts;
        let firsts = |months: &[i8]| -> Vec<Date> {
            months.iter().filter_map(|month| Date::new(year, *month, 1).ok()).collect()
        };
        if !parts.month_days.is_empty() {
            let all: Vec<i8> = (1..=12).collect();
            let months = firsts(if parts.months.is_empty() { &all } else { &parts.months });
            let days =
                months.iter().flat_map(|first| parts.month_days.iter().filter_map(|day| of(*first, *day)));
            let wanted = |day: &Date| parts.weekdays.iter().any(|(_, weekday)| *weekday == day.weekday());
            return days.filter(|day| parts.weekdays.is_empty() || wanted(day)).collect();
        }
        if parts.weekdays.is_empty() {
            let own = [self.start.month()];
            let months = firsts(if parts.months.is_empty() { &own } else { &parts.months });
            return months.into_iter().filter_map(|first| of(first, self.start.day())).collect();
        }
        let spans: Vec<(Date, Date)> = if parts.months.is_empty() {
            Date::new(year, 1, 1).ok().map(|first| (first, first.last_of_year())).into_iter().collect()
        } else {
            firsts(&parts.months).into_iter().map(|first| (first, first.last_of_month())).collect()
        };
        let each = |(first, last): (Date, Date)| {
            parts.weekdays.iter().flat_map(move |(nth, weekday)| weekdays(first, last, *nth, *weekday))
        };
        spans.into_iter().flat_map(each).collect()
    }
}

/// The n-th day of a month, from its end if negative.
fn of(first: Date, day: i8) -> Option<Date> {
    let day = if day > 0 { day } else { first.days_in_month() + 1 + day };
    (day > 0).then(|| Date::new(first.year(), first.month(), day).ok()).flatten()
}

/// The n-th weekday between two days, from the end if negative; all if zero.
fn weekdays(first: Date, last: Date, nth: i8, weekday: Weekday) -> Vec<Date> {
    let start = first.checked_add(jiff::Span::new().days(first.weekday().until(weekday)));
    let all: Vec<Date> = start
        .into_iter()
        .flat_map(|start| start.series(jiff::Span::new().weeks(1)))
        .take_while(|day| *day <= last)
        .collect();
    if nth == 0 { all } else { chosen(all, &[i16::from(nth)]) }
}

/// The days at these positions, from 1, from the end if negative; all without positions.
fn chosen(days: Vec<Date>, positions: &[i16]) -> Vec<Date> {
    if positions.is_empty() {
        return days;
    }
    let index = |position: i16| {
        let distance = usize::from(position.unsigned_abs());
        if position > 0 { distance.checked_sub(1) } else { days.len().checked_sub(distance) }
    };
    let mut found: Vec<Date> =
        positions.iter().filter_map(|position| days.get(index(*position)?).copied()).collect();
    found.sort_unstable();
    found.dedup();
    found
}
