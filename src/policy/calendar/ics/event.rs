//! One event: when it is, how long, how it repeats, and what is left out.

use jiff::Span;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::lines::Line;
use super::value::{When, date, datetime, duration};
use super::yearly::{Parts, Yearly};
use super::{Raw, fault};
use crate::diag::Diag;
use crate::source::Loc;

/// Longest event, and longest one that repeats, in days.
const LONGEST: i32 = 3_660;
const LONGEST_YEARLY: i32 = 365;

/// How long an event is.
#[derive(Clone, Debug)]
pub(super) enum Length {
    /// Whole days.
    Days(i32),
    /// From a time on.
    Span(Span),
}

/// How an event of whole days writes its end. Some programs write one day as ending on itself, against the RFC; the
/// longer events of such a file may then end a day later than they seem.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LastDay {
    /// `DTEND` is the day on which it begins: one day.
    Included,
    /// `DTEND` is a later day.
    Excluded,
}

/// One event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// How messages call it.
    pub(super) name: String,
    /// What links it with changes of single occurrences.
    pub(super) uid: Option<String>,
    /// Where it begins in the file.
    pub(super) loc: Loc,
    /// Its first begin.
    pub(super) start: When,
    /// How long it is each time.
    pub(super) length: Length,
    /// How the last day is written, where `DTEND` writes it.
    pub(super) last_day: Option<LastDay>,
    /// How it comes again.
    pub(super) rule: Option<Yearly>,
    /// More begins.
    pub(super) more: Vec<When>,
    /// Begins that are left out.
    pub(super) except: Vec<When>,
    /// The begin of the occurrence that it stands for.
    pub(super) replaces: Option<When>,
    /// It does not take place.
    pub(super) cancelled: bool,
}

/// Properties that stand once, and those that change when an event is and are not understood.
const ONCE: &[&str] = &["DTSTART", "DTEND", "DURATION", "RRULE", "UID", "SUMMARY", "STATUS", "RECURRENCE-ID"];
const REFUSED: &[&str] = &["EXRULE"];

impl Event {
    /// Reads one event; a fault names it.
    pub(super) fn read(raw: &Raw, zone: &TimeZone) -> Result<Self, Diag> {
        let reader = Reader { raw, zone, name: name(raw) };
        reader.event()
    }
}

/// Its title, or its id.
fn name(raw: &Raw) -> String {
    let text = |name: &str| raw.lines.iter().find(|line| line.name == name).map(|line| plain(&line.value));
    let shown = text("SUMMARY").filter(|text| !text.is_empty()).or_else(|| text("UID"));
    shown.unwrap_or_else(|| "without a title".to_owned())
}

/// A text without the escapes of the format, short enough for a message.
fn plain(value: &str) -> String {
    let text = value.replace("\\n", " ").replace("\\N", " ").replace("\\,", ",").replace("\\;", ";");
    text.replace("\\\\", "\\").trim().chars().take(80).collect()
}

struct Reader<'a> {
    raw: &'a Raw,
    zone: &'a TimeZone,
    name: String,
}

impl Reader<'_> {
    fn fault(&self, loc: &Loc, message: &str) -> Diag {
        fault(loc, format!("the event `{}`: {message}", self.name))
    }

    fn event(self) -> Result<Event, Diag> {
        for line in &self.raw.lines {
            if REFUSED.contains(&line.name.as_str()) {
                return Err(self
                    .fault(&line.loc, &format!("`{}` is not understood", line.name))
                    .help("write the days that are left out as `EXDATE`"));
            }
        }
        for name in ONCE {
            if let Some(second) = self.all(name).nth(1) {
                return Err(self.fault(&second.loc, &format!("`{name}` stands twice")));
            }
        }
        let Some(begin) = self.one("DTSTART") else {
            return Err(self
                .fault(&self.raw.begin, "`DTSTART` is missing")
                .help("a holiday is for example `DTSTART;VALUE=DATE:20261225`"));
        };
        let start = self.single(begin)?;
        let rule = self.one("RRULE").map(|line| self.rule(line, &start)).transpose()?;
        let more = self.list("RDATE", &start)?;
        let last_day = self.last_day(&start)?;
        let length = self.length(&start, rule.is_some() || !more.is_empty())?;
        let status = self.one("STATUS").map(|line| line.value.trim().to_ascii_uppercase());
        let uid = self.one("UID").map(|line| line.value.trim().to_owned());
        Ok(Event {
            uid,
            loc: begin.loc.clone(),
            except: self.list("EXDATE", &start)?,
            replaces: self.replaces()?,
            cancelled: status.as_deref() == Some("CANCELLED"),
            name: self.name,
            start,
            length,
            last_day,
            rule,
            more,
        })
    }

    fn all<'b>(&'b self, name: &str) -> impl Iterator<Item = &'b Line> {
        self.raw.lines.iter().filter(move |line| line.name == name)
    }

    fn one(&self, name: &str) -> Option<&Line> {
        self.all(name).next()
    }

    fn values(&self, line: &Line) -> Result<Vec<When>, Diag> {
        When::all(line, self.zone).map_err(|message| self.fault(&line.place(&line.value), &message))
    }

    fn single(&self, line: &Line) -> Result<When, Diag> {
        match self.values(line)?.as_slice() {
            [when] => Ok(when.clone()),
            _ => Err(self.fault(&line.place(&line.value), &format!("`{}` is one value", line.name))),
        }
    }

    /// Lists of begins, which are days if the first begin is one.
    fn list(&self, name: &str, start: &When) -> Result<Vec<When>, Diag> {
        let mut found = Vec::new();
        for line in self.all(name) {
            let values = self.values(line)?;
            if values.iter().any(|when| !alike(when, start)) {
                let message = format!("`{name}` and `DTSTART` are not both days or both times");
                return Err(self.fault(&line.loc, &message));
            }
            found.extend(values);
        }
        Ok(found)
    }

    fn replaces(&self) -> Result<Option<When>, Diag> {
        let Some(line) = self.one("RECURRENCE-ID") else { return Ok(None) };
        if line.param("RANGE").is_some() {
            return Err(self.fault(&line.loc, "a change of several occurrences at once is not understood"));
        }
        self.single(line).map(Some)
    }

    fn length(&self, start: &When, repeats: bool) -> Result<Length, Diag> {
        let (end, span) = (self.one("DTEND"), self.one("DURATION"));
        let (length, line) = match (end, span) {
            (Some(_), Some(second)) => {
                return Err(self.fault(&second.loc, "`DTEND` and `DURATION` exclude each other"));
            }
            (Some(line), None) => (self.until(line, start)?, line),
            (None, Some(line)) => (self.lasts(line, start)?, line),
            (None, None) => match start {
                When::Day(_) => return Ok(Length::Days(1)),
                When::Time(_) => {
                    return Err(self
                        .fault(&self.raw.begin, "it has a begin and no end")
                        .help("add `DTEND`; a whole day is `DTSTART;VALUE=DATE`"));
                }
            },
        };
        let most = if repeats { LONGEST_YEARLY } else { LONGEST };
        if days(&length, start).is_none_or(|days| days > most) {
            return Err(self.fault(&line.loc, &format!("it lasts longer than {most} days")));
        }
        Ok(length)
    }

    fn last_day(&self, start: &When) -> Result<Option<LastDay>, Diag> {
        let Some(line) = self.one("DTEND").filter(|_| matches!(start, When::Day(_))) else { return Ok(None) };
        let same = self.single(line)? == *start;
        Ok(Some(if same { LastDay::Included } else { LastDay::Excluded }))
    }

    fn until(&self, line: &Line, start: &When) -> Result<Length, Diag> {
        let end = self.single(line)?;
        let length = match (start, &end) {
            (When::Day(first), When::Day(end)) if first == end => Some(Length::Days(1)),
            (When::Day(first), When::Day(end)) => Some(Length::Days((*end - *first).get_days())),
            (When::Time(first), When::Time(end)) => {
                first.timestamp().until(end.timestamp()).ok().map(Length::Span)
            }
            _ => return Err(self.fault(&line.loc, "`DTSTART` and `DTEND` are not both days or both times")),
        };
        match length {
            Some(Length::Days(days @ 1..)) => Ok(Length::Days(days)),
            Some(Length::Span(span)) if span.is_positive() => Ok(Length::Span(span)),
            _ => Err(self
                .fault(&line.loc, "it ends before or when it begins")
                .help("`DTEND` is the first day or time that is no longer part of the event")),
        }
    }

    fn lasts(&self, line: &Line, start: &When) -> Result<Length, Diag> {
        let text = line.value.trim();
        let wrong = |what: &str| self.fault(&line.place(text), &format!("`{text}` is not {what}"));
        let span = duration(text)
            .ok_or_else(|| wrong("a length").help("write for example `P1D`, `P2W` or `PT8H30M`"))?;
        match start {
            When::Time(_) => Ok(Length::Span(span)),
            When::Day(_) => {
                let days = span.get_weeks().checked_mul(7).and_then(|days| days.checked_add(span.get_days()));
                let whole = days.filter(|days| span.fieldwise() == whole(&span, *days).fieldwise());
                whole.map(Length::Days).ok_or_else(|| wrong("a number of whole days"))
            }
        }
    }

    fn rule(&self, line: &Line, start: &When) -> Result<Yearly, Diag> {
        let refuse = |message: String| {
            let help =
                "holidays repeat with `FREQ=YEARLY`; write other days as events of their own, or as `RDATE`";
            self.fault(&line.place(&line.value), &format!("its rule cannot be followed: {message}"))
                .help(help)
        };
        let parts = Parts::parse(line.value.trim()).map_err(refuse)?;
        let until = match &parts.until {
            Some(text) => {
                Some(last(text, start).ok_or_else(|| refuse(format!("`UNTIL={text}` is not understood")))?)
            }
            None => None,
        };
        Yearly::new(parts, start.date(), until).map_err(refuse)
    }
}

impl Event {
    /// Is this one of its begins?
    pub(super) fn begins(&self, when: &When) -> bool {
        let single = std::iter::once(&self.start).chain(&self.more).any(|begin| begin == when);
        let Some(rule) = self.rule.as_ref().filter(|_| !single) else { return single };
        match (when, &self.start) {
            (When::Day(day), When::Day(_)) => rule.in_year(day.year()).contains(day),
            (When::Time(time), When::Time(start)) => {
                let day = time.with_time_zone(start.time_zone().clone()).date();
                let begin = start.time_zone().to_zoned(day.to_datetime(start.time()));
                begin.is_ok_and(|begin| begin == *time) && rule.in_year(day.year()).contains(&day)
            }
            _ => false,
        }
    }

    /// Is this after the last time that it comes again?
    pub(super) fn is_over(&self, when: &When) -> bool {
        let last = self.rule.as_ref().and_then(Yearly::last);
        last.is_some_and(|last| last < when.date())
    }
}

fn alike(a: &When, b: &When) -> bool {
    matches!((a, b), (When::Day(_), When::Day(_)) | (When::Time(_), When::Time(_)))
}

/// As many whole days, in the units of the other span.
fn whole(span: &Span, days: i32) -> Span {
    Span::new().weeks(span.get_weeks()).days(days - span.get_weeks() * 7)
}

/// How many days it lasts at most.
fn days(length: &Length, start: &When) -> Option<i32> {
    match (length, start) {
        (Length::Days(days), _) => Some(*days),
        (Length::Span(span), When::Time(begin)) => {
            let end = begin.checked_add(*span).ok()?;
            i32::try_from(begin.timestamp().duration_until(end.timestamp()).as_hours() / 24).ok()
        }
        (Length::Span(_), When::Day(_)) => None,
    }
}

/// The last day on which an occurrence may begin. For whole days a time is read as its day, as calendars write
/// it; for times a day alone would leave open in which zone it ends.
fn last(text: &str, start: &When) -> Option<Date> {
    match start {
        When::Day(_) => {
            let local = text.strip_suffix('Z').unwrap_or(text);
            date(local).or_else(|| datetime(local).map(DateTime::date))
        }
        When::Time(begin) => {
            let zone = if text.ends_with('Z') { TimeZone::UTC } else { begin.time_zone().clone() };
            let end = zone.to_timestamp(datetime(text.strip_suffix('Z').unwrap_or(text))?).ok()?;
            let end = begin.time_zone().to_datetime(end);
            if end.time() < begin.time() { end.date().yesterday().ok() } else { Some(end.date()) }
        }
    }
}
