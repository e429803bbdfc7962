//! A row for each day with runs, and for each without one on which something was promised.

use jiff::SignedDuration;

use super::super::promise::testing::check;
use super::*;
use crate::store::{Begun, Judgement};

const HOUR: i64 = 3_600_000_000;

fn hours(hours: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
}

fn run(hour: i64, environment: Option<&str>, promised: Option<&str>) -> LedgerRun {
    LedgerRun {
        id: hour,
        started: hours(hour),
        muster: "0.1.0".into(),
        host: "ops".into(),
        exit: 0,
        environment: environment.map(Arc::from),
        promised: promised.map(Arc::from),
        recorded: true,
        uid: format!("{hour:x}").into(),
    }
}

/// Days from 1970-01-01 on.
fn period(days: i64, until: i64) -> Period {
    let (from, to) = (hours(0), hours(days * 24));
    Period { name: "test".into(), from, to, until: hours(until) }
}

/// A check that is judged every so many hours, under the name `p`, and the same once a week under `w`.
fn promises() -> BTreeMap<Arc<str>, Promise> {
    let piece =
        super::super::promise::PromisedPiece { name: "a".into(), role: "project".into(), digest: "d".into() };
    let of = |hours| Promise {
        checks: vec![check("a", Some(hours))],
        pieces: vec![piece.clone()],
        ..Promise::default()
    };
    BTreeMap::from([("p".into(), of(24)), ("w".into(), of(168))])
}

fn ledger(runs: Vec<LedgerRun>, verdicts: &[(usize, usize, Verdict)]) -> Ledger {
    let judged = |(run, check, verdict): &(usize, usize, Verdict)| Judgement {
        check: *check,
        run: *run,
        verdict: *verdict,
        whole: true,
        notice: false,
    };
    Ledger {
        runs,
        checks: vec![("a".into(), "db".into(), false), ("b".into(), "db".into(), false)],
        judged: verdicts.iter().map(judged).collect(),
        ..Ledger::default()
    }
}

fn listed(ledger: &Ledger, period: &Period) -> Vec<RunDay> {
    let promises = promises();
    days((ledger, &runs(ledger, &promises)), &promises, period)
}

fn shown(days: &[RunDay]) -> Vec<String> {
    days.iter().map(|one| format!("{} {}:{}", one.day, one.environment, one.runs)).collect()
}

#[test]
fn hourly_runs_of_a_quarter_are_a_row_for_each_day() {
    let all = (0..2_200).map(|hour| run(hour, None, Some("p"))).collect();
    let days = listed(&ledger(all, &[]), &period(92, 92 * 24));
    assert_eq!((days.len(), days[0].runs, days[91].runs), (92, 24, 16));
    assert_eq!((days[0].first, days[0].last), (Some(hours(0)), Some(hours(23))));
}

#[test]
fn a_day_without_a_run_is_a_row_only_where_something_is_promised_every_day() {
    let daily = ledger(vec![run(26, None, Some("p")), run(98, None, Some("p"))], &[]);
    assert_eq!(
        shown(&listed(&daily, &period(6, 6 * 24))),
        ["1970-01-02 :1", "1970-01-03 :0", "1970-01-04 :0", "1970-01-05 :1", "1970-01-06 :0"]
    );
    let lasts = listed(&daily, &period(6, 5 * 24 + 9));
    assert_eq!(shown(&lasts).last().unwrap(), "1970-01-05 :1", "today is not over");
    let weekly = ledger(vec![run(26, None, Some("w")), run(98, None, Some("w"))], &[]);
    assert_eq!(shown(&listed(&weekly, &period(6, 6 * 24))), ["1970-01-02 :1", "1970-01-05 :1"]);
    let named = ledger(vec![run(26, None, None)], &[]);
    assert_eq!(shown(&listed(&named, &period(6, 6 * 24))), ["1970-01-02 :1"], "nothing was promised");
}

#[test]
fn what_was_judged_before_the_period_was_promised_when_it_began() {
    let mut older = ledger(vec![run(50, None, Some("p"))], &[]);
    older.before.insert(0, hours(-5));
    assert_eq!(shown(&listed(&older, &period(3, 72))), ["1970-01-01 :0", "1970-01-02 :0", "1970-01-03 :1"]);
}

#[test]
fn environments_stand_apart_and_each_has_its_own_gaps() {
    let all = vec![
        run(1, Some("prod"), Some("p")),
        run(2, Some("ci"), Some("w")),
        run(49, Some("prod"), Some("p")),
    ];
    assert_eq!(
        shown(&listed(&ledger(all, &[]), &period(3, 72))),
        ["1970-01-01 ci:1", "1970-01-01 prod:1", "1970-01-02 prod:0", "1970-01-03 prod:1"]
    );
}

#[test]
fn a_check_that_could_be_told_once_was_judged_and_one_that_never_could_is_unknown() {
    use Verdict::{Fail, Pass, Unknown};
    let verdicts = [(0, 0, Unknown), (0, 1, Unknown), (1, 0, Pass), (1, 1, Unknown), (2, 1, Fail)];
    let all = vec![run(1, None, Some("p")), run(2, None, Some("p")), run(30, None, None)];
    let ledger = ledger(all, &verdicts);
    let days = listed(&ledger, &period(2, 48));
    assert_eq!((days[0].judged, days[0].unknown, days[0].worst), (1, 1, Some(Unknown)));
    assert_eq!((days[1].judged, days[1].worst, days[1].unkept), (1, Some(Fail), 1));
    let told = runs(&ledger, &promises());
    assert_eq!((told[0].judged, told[0].unknown, told[0].worst), (0, 2, Some(Unknown)));
    assert!(told[2].unkept.contains("named only some policies"), "{:?}", told[2]);
}

#[test]
fn a_run_that_was_killed_is_counted_and_did_not_end() {
    let mut ledger = ledger(vec![run(1, None, Some("p"))], &[]);
    ledger.begun.push(Begun { environment: Some("prod".into()), ..Begun::at(2 * HOUR) });
    let days = listed(&ledger, &period(1, 24));
    assert_eq!(shown(&days), ["1970-01-01 :1", "1970-01-01 prod:1"]);
    assert_eq!((days[1].ended, days[1].killed, days[1].worst), (0, 1, None));
    assert_eq!(runs(&ledger, &promises())[1].exit, None);
}
