//! Calendars of the project file: hours of the week in one time zone, and the days off of an iCalendar file.
//!
//! A time is within a calendar if the clock on a wall in its zone shows one of its hours. So an hour that a
//! change of the clocks leaves out is never, and one that it repeats is within twice. A range over midnight
//! belongs to the day on which it begins: a holiday takes away the ranges that begin on it, whole, and not the
//! end of what began on the evening before.

mod holidays;
mod hours;
mod ics;
#[cfg(test)]
mod tests;
pub(super) mod zone;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::source::Loc;

pub use holidays::{Holidays, UsedUp};
pub use hours::Hours;
pub(super) use ics::read;

/// One calendar.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// Its name.
    pub name: Arc<str>,
    /// Where its clock hangs.
    pub zone: TimeZone,
    /// Its hours.
    pub hours: Hours,
    /// The days off with the place of the file's name, if it names a file.
    pub holidays: Option<(Holidays, Loc)>,
}

impl Calendar {
    /// Is this time within the hours? The begin of a range is, its end is not.
    pub fn covers(&self, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at);
        let Some((off, _)) = &self.holidays else { return self.hours.begun(local).next().is_some() };
        self.hours.begun(local).any(|day| !off.day(day)) && !off.time(at)
    }
}
