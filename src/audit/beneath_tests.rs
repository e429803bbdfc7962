//! What a waiver hid is told by the numbers that were compared, and by nothing else.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::beneath::hidden;
use super::*;
use crate::fact::{Type, Value};
use crate::store::{Judgement, LedgerFinding, LedgerRun, Turn};
use crate::verdict::{Compared, Finding, Verdict};

fn at(day: usize) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * i64::try_from(day).unwrap())
}

fn run(day: usize) -> LedgerRun {
    LedgerRun {
        id: i64::try_from(day).unwrap(),
        started: at(day),
        muster: "".into(),
        host: "".into(),
        exit: 1,
        environment: None,
        promised: None,
        recorded: true,
        uid: "".into(),
    }
}

/// Three runs of a check of which all was judged, and a finding that stood so.
fn ledger(turns: &[(usize, Option<Verdict>, bool)], whole: [bool; 3]) -> Ledger {
    let judged =
        |run: usize| Judgement { check: 0, run, verdict: Verdict::Waived, whole: whole[run], notice: false };
    let mut newest = Finding::notice("aa".into(), "p", "db", "team".into(), String::new());
    newest.subject.shown = "uploads".into();
    Ledger {
        runs: (0..3).map(run).collect(),
        checks: vec![("p".into(), "db".into(), false)],
        judged: (0..3).map(judged).collect(),
        findings: vec![LedgerFinding {
            check: 0,
            first: at(0),
            last: at(2),
            turns: turns
                .iter()
                .map(|(run, verdict, held)| Turn { run: *run, verdict: *verdict, held: *held })
                .collect(),
            newest,
        }],
        ..Ledger::default()
    }
}

fn percent(what: &str, value: f64, limit: f64, rising: bool) -> Compared {
    Compared {
        what: what.into(),
        value: Value::Float(value / 100.0),
        ty: Type::RATIO,
        limit: Value::Float(limit / 100.0),
        limit_ty: Type::RATIO,
        rising,
        fixed: true,
    }
}

fn readings(all: &[(usize, Result<Vec<Compared>, &str>)]) -> Readings {
    let reading = |(run, found): &(usize, Result<Vec<Compared>, &str>)| {
        let found = found.clone().map_err(str::to_owned);
        ((*run, "aa".into()), found.map(|compared| Reading { waiver: None, compared }))
    };
    all.iter().map(reading).collect::<BTreeMap<_, _>>()
}

fn said(ledger: &Ledger, readings: &Readings) -> Vec<String> {
    let hidden = hidden(ledger, &ledger.by_check());
    hidden.iter().flat_map(|one| one.beneath(ledger, readings)).map(|one| one.said()).collect()
}

const HIDDEN: &[(usize, Option<Verdict>, bool)] = &[(0, Some(Verdict::Waived), true)];

/// At first and at the last judgement.
fn moved(first: Compared, last: Compared) -> Vec<String> {
    said(&ledger(HIDDEN, [true; 3]), &readings(&[(0, Ok(vec![first])), (2, Ok(vec![last]))]))
}

#[test]
fn what_rose_beyond_its_limit_is_worse_and_what_fell_is_better() {
    let used = |value| percent("used", value, 10.0, true);
    assert_eq!(moved(used(12.0), used(31.0)), ["uploads: used 12% → 31% (limit 10%), worse"]);
    assert_eq!(moved(used(31.0), used(12.0)), ["uploads: used 31% → 12% (limit 10%), better"]);
    assert_eq!(moved(used(12.0), used(12.0)), ["uploads: used 12% → 12% (limit 10%), unchanged"]);
}

#[test]
fn where_less_is_worse_a_fall_is_worse() {
    let free = |value| percent("free", value, 10.0, false);
    assert_eq!(moved(free(8.0), free(2.0)), ["uploads: free 8% → 2% (limit 10%), worse"]);
    assert_eq!(moved(free(2.0), free(8.0)), ["uploads: free 2% → 8% (limit 10%), better"]);
}

#[test]
fn a_limit_that_was_moved_by_hand_hides_no_worsening() {
    let said = moved(percent("used", 12.0, 10.0, true), percent("used", 31.0, 30.0, true));
    assert_eq!(said, ["uploads: used 12% → 31% (limit 10% → 30%), worse"]);
}

#[test]
fn a_limit_that_moves_with_the_time_counts_as_the_distance_to_it() {
    let ends = |limit| Compared { fixed: false, ..percent("left", 50.0, limit, false) };
    assert_eq!(moved(ends(60.0), ends(80.0)), ["uploads: left 50% → 50% (limit 60% → 80%), worse"]);
}

#[test]
fn a_rule_that_turned_round_cannot_be_told() {
    let said = moved(percent("used", 12.0, 10.0, true), percent("used", 5.0, 10.0, false));
    assert_eq!(said, ["uploads: used 12% → 5% (limit 10%), better or worse cannot be told"]);
}

#[test]
fn two_numbers_that_differ_are_shown_apart() {
    let used = |value| percent("used", value, 10.0, true);
    let said = moved(used(31.01), used(31.02)).remove(0);
    assert!(said.contains("31.01% → 31.02%"), "{said}");
}

#[test]
fn what_vanished_is_gone_and_what_could_not_be_read_is_not() {
    let turns = &[HIDDEN[0], (2, None, false)];
    let first = readings(&[(0, Ok(vec![percent("used", 12.0, 10.0, true)]))]);
    let gone = said(&ledger(turns, [true; 3]), &first);
    assert_eq!(gone, ["uploads: used 12% (limit 10%) at first, gone at the last judgement"]);
    let unread = said(&ledger(turns, [true, true, false]), &first);
    assert_eq!(unread, ["uploads: used 12% (limit 10%) at first, could not be read at the last judgement"]);
    let unknown = &[HIDDEN[0], (2, Some(Verdict::Unknown), false)];
    assert!(said(&ledger(unknown, [true; 3]), &first)[0].contains("could not be read"));
}

#[test]
fn without_a_number_the_rung_tells_and_nothing_is_invented() {
    let none = readings(&[(0, Ok(vec![])), (2, Ok(vec![]))]);
    let same = said(&ledger(HIDDEN, [true; 3]), &none);
    assert_eq!(same, ["uploads: better or worse cannot be told (without a number: no number was compared)"]);
    let turns = &[(0, Some(Verdict::Waived), false), (2, Some(Verdict::Waived), true)];
    let worse = said(&ledger(turns, [true; 3]), &none).remove(0);
    assert!(worse.starts_with("uploads: worse; it was near its limit, and fails now"), "{worse}");
    let lost =
        readings(&[(0, Err("its texts were not kept")), (2, Ok(vec![percent("used", 31.0, 10.0, true)]))]);
    let lost = said(&ledger(HIDDEN, [true; 3]), &lost);
    assert_eq!(lost, ["uploads: better or worse cannot be told (without a number: its texts were not kept)"]);
}

#[test]
fn only_what_was_waived_is_looked_up_when_it_was_first_and_now() {
    let moment = |run, verdict| Moment { run, check: 0, finding: "aa".into(), verdict };
    let all = moments(&ledger(HIDDEN, [true; 3]));
    assert_eq!(all, [moment(0, Verdict::Waived), moment(2, Verdict::Waived)]);
    let ended = &[(1, Some(Verdict::Waived), true), (2, Some(Verdict::Fail), true)];
    let all = moments(&ledger(ended, [true; 3]));
    assert_eq!(all, [moment(1, Verdict::Waived), moment(2, Verdict::Fail)]);
    assert_eq!(moments(&ledger(&[(0, Some(Verdict::Fail), true)], [true; 3])), []);
}
