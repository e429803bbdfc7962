//! Of so many expected judgements so many happened, and which did not.

use super::super::promise::testing::{check, hours};
use super::*;

fn promised(check: &PromisedCheck, from: i64, until: i64, new: bool) -> Promised<'_> {
    let pace = vec![(hours(from), Pace::of(check))];
    Promised { check, pace, from: hours(from), until: hours(until), new, ended: false }
}

/// Expected, judged, missed, and the gaps as `FROM-TO:MISSED` in hours.
fn counted(
    every: i64,
    judged: &[i64],
    (from, until): (i64, i64),
    before: Option<i64>,
) -> (u64, u64, u64, Vec<String>) {
    let check = check("p", Some(every));
    let one = promised(&check, from, until, before.is_none());
    let judged: Vec<(Timestamp, Verdict)> = judged.iter().map(|at| (hours(*at), Verdict::Pass)).collect();
    let (counted, gaps) = count(&one, (before.map(hours), &judged), &[]);
    let hour = |at: Timestamp| micros_of(at) / 3_600_000_000;
    let gaps = gaps.iter().map(|gap| format!("{}-{}:{}", hour(gap.from), hour(gap.to), gap.missed)).collect();
    (counted.expected, counted.judged, counted.missed, gaps)
}

#[test]
fn every_day_judged_is_every_day_kept() {
    let days: Vec<i64> = (0..30).map(|day| day * 24).collect();
    assert_eq!(counted(24, &days, (0, 720), None), (30, 30, 0, vec![]));
}

#[test]
fn eleven_days_without_a_run_are_eleven_missed() {
    let days: Vec<i64> = (0..30).filter(|day| !(8..19).contains(day)).map(|day| day * 24).collect();
    let (expected, judged, missed, gaps) = counted(24, &days, (0, 720), None);
    assert_eq!((expected, judged, missed), (30, 19, 11));
    assert_eq!(gaps, ["168-456:11"]);
}

#[test]
fn an_hour_more_or_less_is_no_gap() {
    // Summer time ends: 25 hours; a job that starts later once.
    assert_eq!(counted(24, &[0, 24, 49, 73, 96], (0, 120), None), (5, 5, 0, vec![]));
}

#[test]
fn judged_more_often_than_promised_makes_up_for_nothing() {
    let hourly: Vec<i64> = (0..24).collect();
    assert_eq!(counted(24, &hourly, (0, 240), None), (10, 2, 8, vec!["23-240:8".to_owned()]));
}

#[test]
fn what_was_missed_before_the_period_is_another_s() {
    assert_eq!(counted(24, &[240], (120, 264), Some(0)), (5, 1, 4, vec!["120-240:4".to_owned()]));
}

#[test]
fn what_was_never_judged_misses_all_of_it() {
    assert_eq!(counted(24, &[], (0, 240), None), (9, 0, 9, vec!["0-240:9".to_owned()]));
}

/// Expected, judged and missed of ten days, of which only the first was judged, by promises (since, every) in hours.
fn under(paces: &[(i64, Option<i64>)]) -> (u64, u64, u64) {
    let checks: Vec<PromisedCheck> = paces.iter().map(|(_, every)| check("p", *every)).collect();
    let mut one = promised(checks.last().unwrap(), 0, 240, true);
    one.pace =
        paces.iter().zip(&checks).map(|((since, _), check)| (hours(*since), Pace::of(check))).collect();
    let (counted, _) = count(&one, (None, &[(hours(0), Verdict::Pass)]), &[]);
    (counted.expected, counted.judged, counted.missed)
}

#[test]
fn a_looser_promise_wipes_nothing_that_was_missed_before() {
    let daily = under(&[(0, Some(24))]);
    assert_eq!(daily, (10, 1, 9));
    assert_eq!(under(&[(0, Some(24)), (238, Some(24 * 90))]), (10, 1, 9), "on the last day");
    assert_eq!(under(&[(0, Some(24)), (238, None)]), (10, 1, 9), "released from the clock");
    assert_eq!(under(&[(0, Some(24)), (120, Some(24 * 90))]), (5, 1, 4), "the fifth was not late yet");
    assert_eq!(under(&[(0, Some(24)), (124, Some(24 * 90))]), (6, 1, 5));
    assert_eq!(under(&[(0, Some(24)), (100, Some(12)), (100, Some(24))]), daily, "for no time at all");
}

#[test]
fn a_stricter_promise_makes_up_nothing_that_was_due_before() {
    assert_eq!(under(&[(0, None), (120, Some(24))]), (5, 0, 5));
    assert_eq!(under(&[(0, Some(24 * 90)), (120, Some(24))]), (6, 1, 5));
}

#[test]
fn what_could_not_be_read_is_no_judgement() {
    let check = check("p", Some(24));
    let one = promised(&check, 0, 240, true);
    let judged: Vec<(Timestamp, Verdict)> = (0..10)
        .map(|day| (hours(day * 24), if day < 5 { Verdict::Fail } else { Verdict::Unknown }))
        .collect();
    let (counted, gaps) = count(&one, (None, &judged), &[]);
    assert_eq!((counted.missed, gaps[0].unread, gaps[0].open), (5, 5, true));
    assert_eq!(counted.verdicts.unknown, 5);
}
