//! The days off that a holiday file names, as a set that can be asked.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::ics::Yearly;

/// Days off and times off.
#[derive(Clone, Debug, Default)]
pub struct Holidays {
    /// Whole days: first and one past the last, in order and apart.
    days: Vec<(Date, Date)>,
    /// Times: begin and one past the end, in order and apart.
    times: Vec<(Timestamp, Timestamp)>,
    /// Whole days that come again every year.
    yearly_days: Vec<YearlyDays>,
    /// Times that come again every year.
    yearly_times: Vec<YearlyTimes>,
}

/// Whole days that come again.
#[derive(Clone, Debug)]
pub(super) struct YearlyDays {
    pub(super) rule: Yearly,
    /// How many days each time.
    pub(super) length: i32,
    /// First days that are left out.
    pub(super) except: BTreeSet<Date>,
}

/// Times that come again.
#[derive(Clone, Debug)]
pub(super) struct YearlyTimes {
    pub(super) rule: Yearly,
    pub(super) time: Time,
    pub(super) zone: TimeZone,
    /// How long each time.
    pub(super) length: Span,
    /// Begins that are left out.
    pub(super) except: BTreeSet<Timestamp>,
}

/// A holiday file that has nothing to say of today and of what comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UsedUp {
    /// Its newest day.
    pub newest: Date,
    /// Rules that repeat for ever go on.
    pub rules_go_on: bool,
}

impl Holidays {
    pub(super) fn new(
        days: Vec<(Date, Date)>,
        times: Vec<(Timestamp, Timestamp)>,
        yearly_days: Vec<YearlyDays>,
        yearly_times: Vec<YearlyTimes>,
    ) -> Self {
        Self { days: apart(days), times: apart(times), yearly_days, yearly_times }
    }

    /// Is this whole day off?
    pub(super) fn day(&self, day: Date) -> bool {
        within(&self.days, day) || self.yearly_days.iter().any(|yearly| yearly.holds(day))
    }

    /// Is this time off, because an event with a begin and an end covers it?
    pub(super) fn time(&self, at: Timestamp) -> bool {
        within(&self.times, at) || self.yearly_times.iter().any(|yearly| yearly.holds(at))
    }

    /// Is there nothing at or after this day, in days since 1970? Single days of several years (Easter) that have
    /// come to an end count even if rules go on (Christmas).
    pub fn used_up(&self, today: i64) -> Option<UsedUp> {
        let today = Span::new().try_days(today).and_then(|days| Date::constant(1970, 1, 1).checked_add(days));
        let today = today.unwrap_or(Date::MAX);
        let days = self.days.iter().filter_map(|(_, end)| end.yesterday().ok());
        let single: Vec<Date> = days.chain(self.times.iter().filter_map(|(_, end)| last_day(*end))).collect();
        let rules = self.yearly_days.iter().map(YearlyDays::last);
        let rules: Vec<Option<Date>> =
            rules.chain(self.yearly_times.iter().map(|yearly| yearly.rule.last())).collect();
        let rules_go_on = rules.iter().any(Option::is_none);
        let years: BTreeSet<i16> = single.iter().map(|day| day.year()).collect();
        let newest = match rules_go_on {
            true if years.len() < 2 => None,
            true => single.iter().copied().max(),
            false => single.iter().copied().chain(rules.iter().copied().flatten()).max(),
        };
        newest.filter(|newest| *newest < today).map(|newest| UsedUp { newest, rules_go_on })
    }
}

/// The day before, in UTC, of a time that is one past the end.
fn last_day(end: Timestamp) -> Option<Date> {
    let last = end.checked_sub(Span::new().nanoseconds(1)).ok()?;
    Some(TimeZone::UTC.to_datetime(last).date())
}

/// In order, and what touches or overlaps as one.
fn apart<T: Copy + Ord>(mut all: Vec<(T, T)>) -> Vec<(T, T)> {
    all.sort_unstable();
    let mut found: Vec<(T, T)> = Vec::with_capacity(all.len());
    for (begin, end) in all {
        match found.last_mut() {
            Some(last) if begin <= last.1 => last.1 = last.1.max(end),
            _ => found.push((begin, end)),
        }
    }
    found
}

fn within<T: Copy + Ord>(apart: &[(T, T)], at: T) -> bool {
    let before = apart.partition_point(|(begin, _)| *begin <= at);
    before.checked_sub(1).and_then(|last| apart.get(last)).is_some_and(|(_, end)| at < *end)
}

impl YearlyDays {
    fn holds(&self, day: Date) -> bool {
        // It lasts less than a year, so it began this year or the year before.
        let begun = [day.year() - 1, day.year()].into_iter().flat_map(|year| self.rule.in_year(year));
        begun
            .filter(|begin| *begin <= day && !self.except.contains(begin))
            .any(|begin| (day - begin).get_days() < self.length)
    }

    fn last(&self) -> Option<Date> {
        let last = self.rule.last()?;
        // The end of time is as good as no end.
        last.checked_add(Span::new().days(self.length - 1)).ok()
    }
}

impl YearlyTimes {
    fn holds(&self, at: Timestamp) -> bool {
        let year = self.zone.to_datetime(at).year();
        let begun = [year - 1, year].into_iter().flat_map(|year| self.rule.in_year(year));
        begun.filter_map(|day| self.span(day)).any(|(begin, end)| begin <= at && at < end)
    }

    /// Begin and end of the one that begins on this day; none if it is left out, or beyond the end of time.
    fn span(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        let begin = self.zone.to_zoned(day.to_datetime(self.time)).ok()?;
        let end = begin.checked_add(self.length).ok()?;
        let begin = begin.timestamp();
        (!self.except.contains(&begin)).then_some((begin, end.timestamp()))
    }
}
