//! Dates, times and durations of iCalendar.

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::SpanParser;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use super::lines::Line;
use crate::policy::calendar::zone;

/// A whole day, or a time.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum When {
    /// A whole day, wherever one is.
    Day(Date),
    /// A time with the zone in which it is meant.
    Time(Zoned),
}

impl When {
    /// The values of a line, of which most have one.
    pub(super) fn all(line: &Line, floating: &TimeZone) -> Result<Vec<Self>, String> {
        line.value.split(',').map(|text| Self::one(line, text.trim(), floating)).collect()
    }

    fn one(line: &Line, text: &str, floating: &TimeZone) -> Result<Self, String> {
        let is_day = match line.param("VALUE").map(str::to_ascii_uppercase).as_deref() {
            Some("DATE") => true,
            Some("DATE-TIME") | None => false,
            Some(other) => return Err(format!("a `{}` that is a `{other}` is not understood", line.name)),
        };
        if is_day {
            return date(text).map(Self::Day).ok_or_else(|| format!("`{text}` is not a day"));
        }
        let (local, utc) = match text.strip_suffix('Z') {
            Some(local) => (local, true),
            None => (text, false),
        };
        let Some(local) = datetime(local) else {
            let help = if date(text).is_some() { "; a whole day is `VALUE=DATE`" } else { "" };
            return Err(format!("`{text}` is not a time{help}"));
        };
        let zone = match line.param("TZID") {
            _ if utc => TimeZone::UTC,
            None => floating.clone(),
            Some(name) => zone::find(name.trim_start_matches('/')).map_err(|help| {
                format!("`{name}` is not the name of a time zone that is known here: {help}")
            })?,
        };
        zone.to_zoned(local).map(Self::Time).map_err(|error| error.to_string())
    }

    /// As messages show it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Day(day) => day.to_string(),
            Self::Time(time) => time.to_string(),
        }
    }

    /// The instant of a time.
    pub(super) fn instant(&self) -> Option<Timestamp> {
        match self {
            Self::Day(_) => None,
            Self::Time(time) => Some(time.timestamp()),
        }
    }

    /// The day on which it is, where it is meant.
    pub(super) fn date(&self) -> Date {
        match self {
            Self::Day(day) => *day,
            Self::Time(time) => time.date(),
        }
    }
}

/// `20261225`.
pub(super) fn date(text: &str) -> Option<Date> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return None;
    }
    Date::new(text.get(..4)?.parse().ok()?, text.get(4..6)?.parse().ok()?, text.get(6..)?.parse().ok()?).ok()
}

/// `20261225T180000`.
pub(super) fn datetime(text: &str) -> Option<DateTime> {
    let (day, time) = text.split_once('T')?;
    if time.len() != 6 || !time.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize| time.get(from..from + 2)?.parse::<i8>().ok();
    let time = Time::new(part(0)?, part(2)?, part(4)?, 0).ok()?;
    Some(date(day)?.to_datetime(time))
}

/// `P1D`, `P2W`, `PT8H30M`: weeks, days and shorter, above zero.
pub(super) fn duration(text: &str) -> Option<Span> {
    let plain = text.strip_prefix('+').unwrap_or(text);
    let known = plain.bytes().all(|byte| byte.is_ascii_digit() || b"PWDTHMS".contains(&byte));
    let span = SpanParser::new().parse_span(plain).ok().filter(|_| known)?;
    let long = span.get_years() != 0 || span.get_months() != 0;
    (!long && span.is_positive()).then_some(span)
}
