//! From events to days off: repeats, single occurrences, and the changes of occurrences.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use super::event::{Event, LastDay, Length};
use super::fault;
use super::value::When;
use crate::diag::Diag;
use crate::policy::calendar::holidays::{Holidays, YearlyDays, YearlyTimes};

/// The days off of all events of a file.
pub(super) fn holidays(events: Vec<Event>) -> Result<Holidays, Vec<Diag>> {
    if let Some(diag) = two_ways_to_end(&events) {
        return Err(vec![diag]);
    }
    let (changes, mut events): (Vec<Event>, Vec<Event>) =
        events.into_iter().partition(|event| event.replaces.is_some());
    let mut faults: Vec<Diag> = events.iter().filter_map(leaves_out_nothing).collect();
    for change in &changes {
        faults.extend(replace(change, &mut events).err());
    }
    let mut gathered = Gathered::default();
    for event in events.iter().chain(&changes).filter(|event| !event.cancelled) {
        let beyond = || fault(&event.loc, format!("the event `{}` ends beyond the end of time", event.name));
        faults.extend(gathered.take(event).is_none().then(beyond));
    }
    if faults.is_empty() { Ok(gathered.holidays()) } else { Err(faults) }
}

/// Where the end of one event is its last day and that of another the day after, nobody can tell which.
fn two_ways_to_end(events: &[Event]) -> Option<Diag> {
    let of = |way: LastDay| events.iter().find(|event| event.last_day == Some(way));
    let (included, excluded) = (of(LastDay::Included)?, of(LastDay::Excluded)?);
    let message = format!(
        "the event `{}` ends on the day on which it begins, so `{}` may be a day longer than it seems",
        included.name, excluded.name
    );
    let diag = fault(&included.loc, message).at(&excluded.loc, "and this one ends later than it begins");
    Some(
        diag.help(
            "`DTEND` is the day after the last one: correct it, or leave it out where an event is one day",
        ),
    )
}

/// An exception that meets no begin leaves nothing out, and whoever wrote it thinks otherwise. One behind the end
/// of a rule is what calendars leave there when somebody shortens it.
fn leaves_out_nothing(event: &Event) -> Option<Diag> {
    let wrong = event.except.iter().find(|when| !event.begins(when) && !event.is_over(when))?;
    let message =
        format!("the event `{}`: `EXDATE` leaves out {}, when it does not begin", event.name, wrong.shown());
    Some(fault(&event.loc, message).help("correct the exception, or remove it"))
}

/// Takes the occurrence that is changed out of its event.
fn replace(change: &Event, events: &mut [Event]) -> Result<(), Diag> {
    let Some(when) = &change.replaces else { return Ok(()) };
    let wrong = |what: &str| Err(fault(&change.loc, format!("the event `{}` {what}", change.name)));
    if change.rule.is_some() || !change.more.is_empty() {
        return wrong("changes one occurrence of another and repeats itself");
    }
    let same = |event: &&mut Event| event.uid.is_some() && event.uid == change.uid && event.begins(when);
    let Some(event) = events.iter_mut().find(same) else {
        return wrong("changes an occurrence that no event of the file has");
    };
    event.except.push(when.clone());
    Ok(())
}

#[derive(Default)]
struct Gathered {
    days: Vec<(Date, Date)>,
    times: Vec<(Timestamp, Timestamp)>,
    yearly_days: Vec<YearlyDays>,
    yearly_times: Vec<YearlyTimes>,
}

impl Gathered {
    fn holidays(self) -> Holidays {
        Holidays::new(self.days, self.times, self.yearly_days, self.yearly_times)
    }

    /// Takes what an event says; nothing if it ends beyond the end of time.
    fn take(&mut self, event: &Event) -> Option<()> {
        let own = event.rule.is_none().then_some(&event.start);
        let begins = own.into_iter().chain(&event.more);
        match &event.length {
            Length::Days(length) => {
                let except: BTreeSet<Date> = event.except.iter().map(When::date).collect();
                for begin in begins.map(When::date).filter(|begin| !except.contains(begin)) {
                    self.days.push((begin, begin.checked_add(jiff::Span::new().days(*length)).ok()?));
                }
                let rule = event.rule.clone();
                self.yearly_days.extend(rule.map(|rule| YearlyDays { rule, length: *length, except }));
            }
            Length::Span(length) => {
                let except: BTreeSet<Timestamp> = event.except.iter().filter_map(When::instant).collect();
                for begin in begins {
                    let When::Time(begin) = begin else { return None };
                    if !except.contains(&begin.timestamp()) {
                        self.times.push((begin.timestamp(), begin.checked_add(*length).ok()?.timestamp()));
                    }
                }
                let (When::Time(start), Some(rule)) = (&event.start, event.rule.clone()) else {
                    return Some(());
                };
                let zone = start.time_zone().clone();
                let length = *length;
                self.yearly_times.push(YearlyTimes { rule, time: start.time(), zone, length, except });
            }
        }
        Some(())
    }
}
