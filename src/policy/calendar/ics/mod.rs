//! Reads the events of an iCalendar file (RFC 5545) strictly.
//!
//! The crates that parse iCalendar are made to show what they can of any file: they skip what they do not
//! understand and keep no places. A holiday that is skipped opens the hours of a day that is none, so here
//! whatever could move an event is either understood or refused, with its line and the name of the event.

mod event;
mod gather;
mod lines;
mod value;
mod yearly;

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::Holidays;
use crate::diag::{Diag, code};
use crate::source::{Loc, Source};
use event::Event;
use lines::{Line, lines};

pub(super) use yearly::Yearly;

/// So many events are read.
const MOST_EVENTS: usize = 2_000;

/// So many faults of one file are shown.
const MOST_FAULTS: usize = 10;

/// Reads the events of a file. `zone` is that of the calendar: times without a zone are in it.
pub(in crate::policy) fn read(source: &Arc<Source>, zone: &TimeZone) -> Result<Holidays, Vec<Diag>> {
    let raw = events(source).map_err(|diag| vec![diag])?;
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for event in &raw {
        match Event::read(event, zone) {
            Ok(event) => found.push(event),
            Err(diag) => faults.push(diag),
        }
        if faults.len() == MOST_FAULTS {
            break;
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    if found.iter().all(|event| event.cancelled) {
        return Err(vec![
            Diag::error(&code::EMPTY_INPUT, format!("`{}` names no holiday", source.name))
                .help("a holiday file has at least one event; without holidays leave `holidays` out"),
        ]);
    }
    gather::holidays(found)
}

/// A fault of a holiday file.
fn fault(loc: &Loc, message: impl Into<String>) -> Diag {
    Diag::error(&code::HOLIDAYS, message).at(loc, "")
}

/// One event as it stands in the file.
struct Raw {
    begin: Loc,
    lines: Vec<Line>,
}

/// Which parts may stand in which. Events have alarms, which say nothing of when the event is; the rules of time
/// zones are not read, because a zone is known by its name.
const PARTS: &[(&str, &[&str])] = &[
    ("", &["VCALENDAR"]),
    ("VCALENDAR", &["VEVENT", "VTIMEZONE"]),
    ("VTIMEZONE", &["STANDARD", "DAYLIGHT"]),
    ("VEVENT", &["VALARM"]),
];

fn events(source: &Arc<Source>) -> Result<Vec<Raw>, Diag> {
    let mut open: Vec<(String, Loc)> = Vec::new();
    let (mut events, mut some): (Vec<Raw>, bool) = (Vec::new(), false);
    for line in lines(source) {
        let line = line?;
        some = true;
        let within = open.last().map_or("", |(name, _)| name.as_str());
        match (line.name.as_str(), within) {
            ("BEGIN", _) => {
                let name = begins(&line, within)?;
                if name == "VEVENT" {
                    if events.len() == MOST_EVENTS {
                        return Err(fault(&line.loc, format!("the file has more than {MOST_EVENTS} events")));
                    }
                    events.push(Raw { begin: line.loc.clone(), lines: Vec::new() });
                }
                open.push((name, line.loc));
            }
            ("END", _) => {
                let name = line.value.trim().to_ascii_uppercase();
                if name != within {
                    return Err(ends(&line, &name, open.last()));
                }
                open.pop();
            }
            (_, "") => {
                return Err(fault(&line.loc, "this line stands outside of the calendar")
                    .help("an iCalendar file begins with `BEGIN:VCALENDAR` and ends with `END:VCALENDAR`"));
            }
            (_, "VCALENDAR") => of_calendar(&line)?,
            (_, "VEVENT") => events.last_mut().into_iter().for_each(|event| event.lines.push(line.clone())),
            _ => {}
        }
    }
    match open.last() {
        Some((name, loc)) => Err(fault(loc, format!("`BEGIN:{name}` is never ended"))
            .help("the file is cut: fetch or export it again")),
        None if !some => Err(Diag::error(&code::EMPTY_INPUT, format!("`{}` is empty", source.name))
            .help("a holiday file is an iCalendar file with events")),
        None => Ok(events),
    }
}

/// The name of the part that begins here, if it may.
fn begins(line: &Line, within: &str) -> Result<String, Diag> {
    let name = line.value.trim().to_ascii_uppercase();
    let allowed = PARTS.iter().find(|(part, _)| *part == within).map_or(&[][..], |(_, parts)| parts);
    if allowed.contains(&name.as_str()) {
        return Ok(name);
    }
    let message = match within {
        "" => format!("`BEGIN:{name}` does not begin a calendar"),
        within => format!("a `{name}` in a `{within}` is not understood"),
    };
    let help = match allowed {
        [] => "remove it".to_owned(),
        allowed => format!("here `{}` may begin", allowed.join("` or `")),
    };
    Err(fault(&line.loc, message).help(help))
}

fn ends(line: &Line, name: &str, open: Option<&(String, Loc)>) -> Diag {
    let diag = fault(&line.loc, format!("`END:{name}` ends nothing that has begun"));
    match open {
        Some((begun, loc)) => diag.at(loc, format!("`{begun}` is still open")),
        None => diag.help("remove the line"),
    }
}

/// What the head of the calendar says, as far as it changes what events mean.
fn of_calendar(line: &Line) -> Result<(), Diag> {
    let value = line.value.trim();
    let understood = match line.name.as_str() {
        "VERSION" => value == "2.0",
        "CALSCALE" => value.eq_ignore_ascii_case("GREGORIAN"),
        // Others cancel or answer something.
        "METHOD" => ["PUBLISH", "REQUEST"].iter().any(|word| value.eq_ignore_ascii_case(word)),
        _ => true,
    };
    if understood {
        return Ok(());
    }
    Err(fault(&line.loc, format!("`{}:{value}` is not understood", line.name))
        .help("export the calendar as iCalendar 2.0 (RFC 5545), with the Gregorian calendar"))
}
