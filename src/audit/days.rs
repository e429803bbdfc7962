//! Verdicts day by day; a day without a run is a gap, and not a good day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::model::{Day, Period};
use crate::store::Ledger;
use crate::verdict::{Counts, Verdict};

/// The day on which a time lies.
pub(super) fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The days of a period.
pub(super) fn all_days(period: &Period) -> Vec<Date> {
    // The end does not belong to it, but the day does in which it lies, as in zones east of UTC.
    let before = period.until.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(period.until);
    let last = if period.until < period.to { period.until } else { before };
    let (mut at, last) = (day(period.from), day(last));
    let mut all = Vec::new();
    while at <= last {
        all.push(at);
        let Ok(next) = at.tomorrow() else { break };
        at = next;
    }
    all
}

/// Of every day of the period the last verdict of each check that was judged on it.
pub(super) fn days(ledger: &Ledger, period: &Period) -> Vec<Day> {
    let mut runs: BTreeMap<Date, u64> = BTreeMap::new();
    for run in &ledger.runs {
        *runs.entry(day(run.started)).or_default() += 1;
    }
    let mut last: BTreeMap<Date, BTreeMap<usize, (Timestamp, Verdict)>> = BTreeMap::new();
    for one in ledger.judged.iter().filter(|one| !one.notice) {
        let Some(run) = ledger.runs.get(one.run) else { continue };
        let slot =
            last.entry(day(run.started)).or_default().entry(one.check).or_insert((run.started, one.verdict));
        if slot.0 <= run.started {
            *slot = (run.started, one.verdict);
        }
    }
    let mut all = Vec::new();
    for at in all_days(period) {
        let counted = last.get(&at).map(|checks| {
            let mut counts = Counts::default();
            checks.values().for_each(|(_, verdict)| counts.add(*verdict, 1));
            counts
        });
        all.push(Day { day: at.to_string(), checks: counted, runs: runs.get(&at).copied().unwrap_or(0) });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_the_days_in_which_it_begins_and_ends() {
        let days = |from: &str, until: &str| {
            let (from, until): (Timestamp, Timestamp) = (from.parse().unwrap(), until.parse().unwrap());
            let period = Period {
                from,
                until,
                to: until,
                ..crate::audit::period("2026-Q3", &TimeZone::UTC, until).unwrap()
            };
            all_days(&period).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(days("2026-07-01T00:00:00Z", "2026-07-03T00:00:00Z"), ["2026-07-01", "2026-07-02"]);
        // Two days of Zurich, in summer.
        assert_eq!(days("2026-06-30T22:00:00Z", "2026-07-01T22:00:00Z"), ["2026-06-30", "2026-07-01"]);
    }
}
