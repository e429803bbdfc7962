//! Real files, real processes: killed, full, closed, foreign, newer, damaged.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::used_underscore_binding,
    reason = "all of this is tests, also what stands outside of a `#[test]` function"
)]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use super::{Draft, Inbox, Seen, Store, StoreError};
use crate::fact::{
    Args, Cause, Field, Identity, Key, Missing, Observation, Past, Recording, Request, Rows, Schema, Table,
    TableBuilder, Type, Value, ZeroRows,
};
use crate::verdict::{Check, Counts, Finding, RunReport, Severity, Subject, Verdict};

const HOSTILE: &str = "a\u{0}b'; DROP TABLE run; --\u{1b}[2J\u{202e}%_*\\\u{10ffff}";

/// A time of the tests, in minutes after noon.
pub(super) fn at(minutes: i64) -> Timestamp {
    "2026-11-01T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

pub(super) fn finding(id: &str, verdict: Verdict) -> Finding {
    Finding {
        id: id.into(),
        policy: "dead-tuples".into(),
        target: "shop-db".into(),
        subject: Subject { key: vec![("table".into(), json!(id))], shown: id.into() },
        verdict,
        beneath: None,
        severity: Severity::High,
        urgency: None,
        route: None,
        owner: "team-data".into(),
        cause: None,
        message: format!("{id} holds 62% dead rows (620,000 of 1,000,000), last vacuumed 3d 4h ago"),
        rule: "share > params.fail_at".into(),
        at: "policies/postgres.yaml:24:7".to_owned(),
        operands: Vec::new(),
        context: Vec::new(),
        remedy: Vec::new(),
        runbook: None,
        waiver: None,
        note: None,
    }
}

pub(super) fn check(verdict: Verdict, findings: Vec<Finding>) -> Check {
    Check {
        policy: "dead-tuples".into(),
        title: "Dead tuples stay a small share".into(),
        tier: "daily".into(),
        kind: "maintenance".into(),
        digest: "sha256:0a1b".into(),
        target: "shop-db".into(),
        verdict,
        counts: Counts::default(),
        rows: 12,
        note: None,
        findings,
        controls: Vec::new(),
        looser: Vec::new(),
        scratch: Vec::new(),
    }
}

pub(super) fn report(started: Timestamp, checks: Vec<Check>) -> RunReport {
    RunReport {
        muster: "0.1.0".into(),
        host: "watcher".into(),
        started: started.to_string(),
        recording: None,
        targets: Vec::new(),
        checks,
        notices: Vec::new(),
        faults: Vec::new(),
        checks_by_verdict: Counts { pass: 3, fail: 1, ..Counts::default() },
        subjects: Counts { pass: 40, fail: 2, ..Counts::default() },
        exit: 1,
        exit_reason: "2 findings fail".to_owned(),
        timings: None,
    }
}

/// A run in which one finding was judged so.
pub(super) fn one(started: Timestamp, verdict: Verdict) -> RunReport {
    report(started, vec![check(verdict, vec![finding("aa01", verdict)])])
}

pub(super) fn the_check() -> (Arc<str>, Arc<str>) {
    ("dead-tuples".into(), "shop-db".into())
}

pub(super) struct Place {
    pub(super) _dir: tempfile::TempDir,
    pub(super) path: PathBuf,
}

/// A place for a store, in directories that are not there yet.
fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/er/store.db");
    Place { _dir: dir, path }
}

pub(super) async fn fresh() -> (Place, Store) {
    let place = place();
    super::shared::tests::born(&place.path).await;
    let store = Store::open(&place.path).await.unwrap();
    (place, store)
}

/// What `open` says of a file, which must be the same afterwards.
async fn refused(path: &Path) -> StoreError {
    let before = std::fs::read(path).unwrap();
    let error = Store::open(path).await.expect_err("must be refused");
    assert!(std::fs::read(path).unwrap() == before, "{} was changed", path.display());
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    error
}

async fn raw(path: &Path, create: bool) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(create);
    SqliteConnection::connect_with(&options).await.unwrap()
}

pub(super) async fn execute(path: &Path, sql: &'static str) {
    let mut connection = raw(path, true).await;
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

pub(super) async fn count(path: &Path, sql: &'static str) -> i64 {
    let mut connection = raw(path, false).await;
    let count = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    count
}

// What is remembered and recalled.

#[tokio::test]
async fn failures_are_held_and_judged_runs_are_known() {
    let (_place, store) = fresh().await;
    for (minute, verdict) in [(0, Verdict::Warn), (1, Verdict::Fail), (2, Verdict::Fail)] {
        store.remember(&one(at(minute), verdict), None).await.unwrap();
    }
    store.remember(&report(at(3), vec![check(Verdict::Pass, vec![])]), None).await.unwrap();
    let recall = store.recall(&[the_check(), the_check()], at(0)).await.unwrap();
    assert_eq!(recall.judged[&the_check()], [at(0), at(1), at(2), at(3)]);
    assert_eq!(recall.held["aa01"], [at(1), at(2)]);
    assert!(recall.unread.is_empty());
    let recall = store.recall(&[the_check()], at(2)).await.unwrap();
    assert_eq!(recall.judged[&the_check()], [at(2), at(3)]);
    assert_eq!(recall.held["aa01"], [at(2)]);
    let other = [(Arc::from("dead-tuples"), Arc::from("other-db"))];
    assert_eq!(store.recall(&other, at(0)).await.unwrap(), crate::verdict::Recall::default());
}

#[tokio::test]
async fn what_holds_beneath_is_held() {
    let (_place, store) = fresh().await;
    let mut pending = finding("aa01", Verdict::Warn);
    pending.beneath = Some(Verdict::Fail);
    pending.note = Some("pending: has held for 5m of 10m".to_owned());
    let mut waived = finding("aa02", Verdict::Waived);
    waived.beneath = Some(Verdict::Fail);
    let mut waived_pending = finding("aa03", Verdict::Waived);
    waived_pending.beneath = Some(Verdict::Warn);
    waived_pending.note = Some("pending".to_owned());
    let mut near = finding("aa04", Verdict::Waived);
    near.beneath = Some(Verdict::Warn);
    let all = vec![pending, waived, waived_pending, near];
    store.remember(&report(at(0), vec![check(Verdict::Warn, all)]), None).await.unwrap();
    let recall = store.recall(&[the_check()], at(0)).await.unwrap();
    assert_eq!(recall.held.keys().map(|id| &**id).collect::<Vec<_>>(), ["aa01", "aa02", "aa03"]);
}

#[tokio::test]
async fn what_was_not_judged_is_no_sample() {
    let (_place, store) = fresh().await;
    store.remember(&one(at(0), Verdict::Unknown), None).await.unwrap();
    let mut down = finding("target", Verdict::Unknown);
    down.subject.key.clear();
    store.remember(&report(at(1), vec![check(Verdict::Unknown, vec![down.clone()])]), None).await.unwrap();
    down.verdict = Verdict::Waived;
    down.beneath = Some(Verdict::Unknown);
    store.remember(&report(at(2), vec![check(Verdict::Waived, vec![down])]), None).await.unwrap();
    store.remember(&report(at(3), vec![check(Verdict::Skipped, vec![])]), None).await.unwrap();
    store.remember(&report(at(4), vec![check(Verdict::Unknown, vec![])]), None).await.unwrap();
    let mut replay = one(at(5), Verdict::Fail);
    replay.recording = Some("2025-01-01T00:00:00Z".to_owned());
    store.remember(&replay, None).await.unwrap();
    let recall = store.recall(&[the_check()], at(0)).await.unwrap();
    assert_eq!(recall.judged[&the_check()], [at(0)], "one subject of it could not be read, the check could");
    assert_eq!(recall.unread["aa01"], [at(0)]);
    assert!(recall.held.is_empty());
}

#[tokio::test]
async fn a_clock_that_goes_backwards_does_not_disturb_the_order() {
    let (_place, store) = fresh().await;
    for minute in [10, 3, 7, 3] {
        store.remember(&one(at(minute), Verdict::Fail), None).await.unwrap();
    }
    let recall = store.recall(&[the_check()], at(0)).await.unwrap();
    assert_eq!(recall.judged[&the_check()], [at(3), at(7), at(10)]);
    assert_eq!(recall.held["aa01"], [at(3), at(7), at(10)]);
    let newest = store.finding("aa01").await.unwrap();
    assert_eq!((newest[0].run, newest[0].at), (4, at(3)));
}

#[tokio::test]
async fn a_finding_comes_back_whole_by_the_beginning_of_its_id() {
    let (_place, store) = fresh().await;
    let mut full = finding("ab12", Verdict::Fail);
    full.cause = Some(Arc::new(Missing::new(Cause::Denied, HOSTILE).fix("GRANT pg_monitor TO watcher;")));
    full.message = HOSTILE.to_owned();
    full.subject = Subject { key: vec![("table".into(), json!(HOSTILE))], shown: HOSTILE.into() };
    let all = vec![full.clone(), finding("ab34", Verdict::Warn), finding("ac", Verdict::Warn)];
    store.remember(&report(at(0), vec![check(Verdict::Fail, all)]), None).await.unwrap();
    let mut later = report(at(1), Vec::new());
    later.notices = vec![finding("ab34", Verdict::Fail)];
    store.remember(&later, None).await.unwrap();
    let found = store.finding("ab").await.unwrap();
    let seen: Vec<_> = found.iter().map(|f| (&*f.finding.id, f.finding.verdict, f.run)).collect();
    assert_eq!(seen, [("ab34", Verdict::Fail, 2), ("ab12", Verdict::Fail, 1)]);
    assert_eq!(found[1].finding, full);
    assert_eq!(found[1].at, at(0));
    for none in ["AB", "b", "ab12x", "%", "a_", "*", HOSTILE] {
        assert!(store.finding(none).await.unwrap().is_empty(), "{none:?}");
    }
    assert_eq!(store.finding("").await.unwrap().len(), 3);
}

#[tokio::test]
async fn two_findings_of_one_id_count_as_the_worse() {
    let (_place, store) = fresh().await;
    let twice = vec![finding("aa01", Verdict::Fail), finding("aa01", Verdict::Unknown)];
    let checks = vec![check(Verdict::Fail, twice), check(Verdict::Skipped, vec![])];
    store.remember(&report(at(0), checks), None).await.unwrap();
    let recall = store.recall(&[the_check()], at(0)).await.unwrap();
    assert_eq!(recall.held["aa01"], [at(0)]);
}

#[tokio::test]
async fn names_may_hold_anything() {
    let (_place, store) = fresh().await;
    let mut checked = check(Verdict::Fail, vec![finding(HOSTILE, Verdict::Fail)]);
    checked.target = HOSTILE.into();
    store.remember(&report(at(0), vec![checked]), None).await.unwrap();
    let asked = (Arc::from("dead-tuples"), Arc::from(HOSTILE));
    let recall = store.recall(std::slice::from_ref(&asked), at(0)).await.unwrap();
    assert_eq!(recall.judged[&asked], [at(0)]);
    assert_eq!(recall.held[HOSTILE], [at(0)]);
    assert_eq!(store.finding(HOSTILE).await.unwrap().len(), 1);
}

#[tokio::test]
async fn runs_are_listed_newest_first() {
    let (place, store) = fresh().await;
    let mut replay = one(at(5), Verdict::Fail);
    replay.recording = Some("2025-01-01T00:00:00Z".to_owned());
    store.remember(&replay, None).await.unwrap();
    store.remember(&one(at(1), Verdict::Fail), Some(&recording(at(1), 3))).await.unwrap();
    store.close().await;
    let store = Store::open(&place.path).await.unwrap();
    let runs = store.runs(10).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((runs[0].started, runs[0].recorded, runs[0].replay.as_deref()), (at(1), true, None));
    assert_eq!(runs[1].replay.as_deref(), Some("2025-01-01T00:00:00Z"));
    assert_eq!((runs[0].checks.pass, runs[0].subjects.fail, runs[0].exit), (3, 2, 1));
    assert_eq!(
        (&*runs[0].muster, &*runs[0].host, &*runs[0].exit_reason),
        ("0.1.0", "watcher", "2 findings fail")
    );
    assert_eq!(store.runs(1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_time_that_is_none_saves_nothing() {
    let (_place, store) = fresh().await;
    let mut bad = one(at(0), Verdict::Fail);
    bad.started = "yesterday".to_owned();
    let error = store.remember(&bad, None).await.unwrap_err();
    assert!(error.to_string().contains("its time `yesterday` cannot be read"), "{error}");
    assert!(store.runs(1).await.unwrap().is_empty());
}

// Recordings.

pub(super) fn schema() -> Arc<Schema> {
    let mut size = Field::declared("size", Type::BYTES.nullable());
    size.estimate = true;
    let fields = vec![Field::declared("schema", Type::TEXT), Field::declared("table", Type::TEXT), size];
    Arc::new(Schema { version: 2, fields, key: vec![0, 1], rows: Rows::Many, zero: ZeroRows::Suspicious })
}

/// `public.orders` with a size, and as many others as wanted.
pub(super) fn table(size: i64, others: usize, limit: usize) -> Table {
    let mut table = TableBuilder::new(&schema(), limit);
    let row = |table: &mut TableBuilder, name: &str, size| {
        table
            .row()
            .set("schema", Value::text("public"))
            .set("table", Value::text(name))
            .set("size", size)
            .push();
    };
    for index in 0..others {
        row(&mut table, &format!("t{index}"), Value::Null);
    }
    row(&mut table, "orders", Value::Int(size));
    table.finish()
}

pub(super) fn observation(at: Timestamp, result: Result<Table, Arc<Missing>>) -> Observation {
    let mut args = Args::default();
    args.insert("schemas".into(), Value::texts(["public"]), Type::list(Type::TEXT));
    let key = Request::new("postgres.tables", "shop-db", args, schema(), Vec::new()).key;
    let identity =
        Identity { host: "db.internal".into(), system: Some("7412".into()), ..Identity::default() };
    Observation { key, result, at, source_clock: Some(at), took: Duration::from_millis(7), identity }
}

pub(super) fn recording_of(started: Timestamp, observations: Vec<Observation>) -> Recording {
    let policies = vec![(Arc::from("dead-tuples"), Arc::from("sha256:0a1b"))];
    Recording {
        muster: "0.1.0".into(),
        started,
        policies,
        observations,
        about: None,
        complete: true,
        past: Past::default(),
        gate: None,
    }
}

pub(super) fn recording(started: Timestamp, size: i64) -> Recording {
    let refused = Missing::new(Cause::Unreachable, "connection refused");
    let key =
        Key { probe: "disk.usage".into(), target: "shop-host".into(), args: "{}".into(), facts: "".into() };
    let down = Observation::missing(key, started, refused);
    recording_of(started, vec![observation(started, Ok(table(size, 2, 100))), down])
}

#[tokio::test]
async fn a_recording_comes_back_as_it_was() {
    let (_place, store) = fresh().await;
    let saved = recording(at(0), 12);
    let run = store.remember(&one(at(0), Verdict::Fail), Some(&saved)).await.unwrap();
    let bare = store.remember(&one(at(1), Verdict::Fail), None).await.unwrap();
    let back = store.recording(run).await.unwrap().unwrap();
    // As a recording in a file does: docs and examples of the schema are not part of it.
    assert_eq!(back, Recording::from_json(&saved.to_json()).unwrap());
    assert_eq!(back.to_json(), saved.to_json());
    assert_eq!(store.recording(bare).await.unwrap(), None);
    let error = store.recording(99).await.unwrap_err();
    assert!(error.to_string().contains("there is no run 99"), "{error}");
}

#[tokio::test]
async fn an_empty_recording_is_one() {
    let (_place, store) = fresh().await;
    let saved = recording_of(at(0), Vec::new());
    let run = store.remember(&one(at(0), Verdict::Fail), Some(&saved)).await.unwrap();
    assert_eq!(store.recording(run).await.unwrap(), Some(saved));
}

#[tokio::test]
async fn samples_of_a_subject_come_back_in_order_of_time() {
    let (_place, store) = fresh().await;
    for (minute, size) in [(0, 1), (9, 10), (5, 6)] {
        let seen = recording(at(minute), size);
        store.remember(&one(at(minute), Verdict::Fail), Some(&seen)).await.unwrap();
    }
    let mut replay = one(at(20), Verdict::Fail);
    replay.recording = Some(at(0).to_string());
    store.remember(&replay, Some(&recording(at(6), 1))).await.unwrap();
    let found = store.samples("shop-db", "postgres.tables", Some("public.orders"), at(1)).await.unwrap();
    let size = |sample: &super::StoredSample| sample.answer.as_ref().unwrap().cell("size").unwrap().clone();
    let seen: Vec<_> = found.iter().map(|sample| (sample.at, sample.run, size(sample))).collect();
    assert_eq!(seen, [(at(5), 3, Ok(Value::Int(6))), (at(9), 2, Ok(Value::Int(10)))]);
    assert_eq!(found[0].source_clock, Some(at(5)));
    assert_eq!(&*found[0].key.args, r#"{"schemas":["public"]}"#);
    assert_eq!(store.samples("shop-db", "postgres.tables", None, at(0)).await.unwrap().len(), 9);
    assert!(
        store.samples("shop-db", "postgres.tables", Some("public.gone"), at(0)).await.unwrap().is_empty()
    );
    assert!(store.samples("other-db", "postgres.tables", None, at(0)).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_never_came_or_was_cut_is_a_sample_that_says_so() {
    let (_place, store) = fresh().await;
    let denied = Arc::new(Missing::new(Cause::Denied, "no rights on pg_class"));
    let cut = recording_of(at(1), vec![observation(at(1), Ok(table(1, 2, 2)))]);
    let none = recording_of(at(0), vec![observation(at(0), Err(denied))]);
    for (minute, seen) in [(0, none), (1, cut)] {
        store.remember(&one(at(minute), Verdict::Unknown), Some(&seen)).await.unwrap();
    }
    let causes = async |subject| {
        let found = store.samples("shop-db", "postgres.tables", subject, at(0)).await.unwrap();
        found.into_iter().map(|sample| sample.answer.err().map(|why| why.cause)).collect::<Vec<_>>()
    };
    assert_eq!(causes(Some("public.orders")).await, [Some(Cause::Denied), Some(Cause::Incomplete)]);
    assert_eq!(causes(Some("public.t0")).await, [Some(Cause::Denied), None]);
    assert_eq!(causes(None).await, [Some(Cause::Denied), None, None, Some(Cause::Incomplete)]);
}

#[tokio::test]
async fn a_stored_text_that_was_changed_is_an_error_not_an_empty_answer() {
    let (place, store) = fresh().await;
    store.remember(&one(at(0), Verdict::Fail), Some(&recording(at(0), 1))).await.unwrap();
    store.close().await;
    execute(&place.path, "UPDATE told SET json = '{}'; UPDATE observation SET body = x'0102'").await;
    let store = Store::open(&place.path).await.unwrap();
    let said = [
        store.finding("aa").await.unwrap_err(),
        store.recording(1).await.unwrap_err(),
        store.samples("shop-db", "postgres.tables", None, at(0)).await.unwrap_err(),
    ];
    for error in said {
        assert!(matches!(error, StoreError::Content { .. }), "{error}");
    }
}

// Forgetting, and sizes.

#[tokio::test]
async fn pruning_forgets_the_old_and_only_it() {
    let (place, store) = fresh().await;
    let old = report(at(0), vec![check(Verdict::Fail, vec![finding("old", Verdict::Fail)])]);
    store.remember(&old, Some(&recording(at(0), 1))).await.unwrap();
    store.remember(&one(at(60), Verdict::Fail), Some(&recording(at(60), 2))).await.unwrap();
    assert_eq!(store.prune(at(0)).await.unwrap(), 0);
    assert_eq!(store.prune(at(30)).await.unwrap(), 1);
    assert!(store.finding("old").await.unwrap().is_empty());
    assert!(matches!(store.recording(1).await, Err(StoreError::NoRun { run: 1, .. })));
    assert!(store.recording(2).await.unwrap().is_some());
    assert_eq!(store.recall(&[the_check()], at(0)).await.unwrap().judged[&the_check()], [at(60)]);
    assert_eq!(store.prune(at(100)).await.unwrap(), 1);
    assert_eq!(
        store.remember(&one(at(70), Verdict::Fail), None).await.unwrap(),
        3,
        "numbers are not used again"
    );
    store.prune(at(100)).await.unwrap();
    store.close().await;
    for table in [
        "SELECT count(*) FROM text",
        "SELECT count(*) FROM bound",
        "SELECT count(*) FROM judged",
        "SELECT count(*) FROM change",
        "SELECT count(*) FROM told",
        "SELECT count(*) FROM finding",
        "SELECT count(*) FROM observation",
        "SELECT count(*) FROM question",
        "SELECT count(*) FROM part",
        "SELECT count(*) FROM blob",
        "SELECT count(*) FROM batch",
        "SELECT count(*) FROM roster",
        "SELECT count(*) FROM member",
    ] {
        assert_eq!(count(&place.path, table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_finding_whose_newest_run_was_pruned_stays_while_an_older_number_has_it() {
    let (_place, store) = fresh().await;
    store.remember(&one(at(60), Verdict::Fail), None).await.unwrap();
    store.remember(&one(at(0), Verdict::Fail), None).await.unwrap();
    assert_eq!(store.prune(at(30)).await.unwrap(), 1);
    let found = store.finding("aa01").await.unwrap();
    assert_eq!((found.len(), found[0].run, found[0].at), (1, 2, at(0)));
}

#[tokio::test]
async fn a_hundred_thousand_samples_stay_small_and_are_given_back() {
    let (place, store) = fresh().await;
    // Those of every second run: what does not change takes no room.
    let findings =
        |verdict| -> Vec<Finding> { (0..500).map(|i| finding(&format!("{i:016x}"), verdict)).collect() };
    let (bad, near) = (findings(Verdict::Fail), findings(Verdict::Warn));
    for run in 0..200 {
        let found = if run % 2 == 0 { &bad } else { &near };
        let some = report(at(run), vec![check(Verdict::Fail, found.clone())]);
        store.remember(&some, None).await.unwrap();
    }
    let recall = store.recall(&[the_check()], at(0)).await.unwrap();
    assert_eq!(recall.held.values().map(Vec::len).sum::<usize>(), 50_000);
    store.close().await;
    let size = std::fs::metadata(&place.path).unwrap().len();
    println!("{size} bytes, {:.1} per sample", size as f64 / 100_000.0);
    assert!(size < 50 * 100_000, "{size}");
    let store = Store::open(&place.path).await.unwrap();
    assert_eq!(store.prune(at(199)).await.unwrap(), 199);
    store.close().await;
    let left = std::fs::metadata(&place.path).unwrap().len();
    println!("{left} bytes after the prune");
    assert!(left < size / 4, "{left} of {size}");
}

#[tokio::test]
async fn the_same_shape_is_kept_once() {
    let (place, store) = fresh().await;
    for minute in 0..20 {
        store.remember(&one(at(minute), Verdict::Fail), Some(&recording(at(minute), minute))).await.unwrap();
    }
    store.close().await;
    assert_eq!(count(&place.path, "SELECT count(DISTINCT shape) FROM observation").await, 2);
    assert_eq!(count(&place.path, "SELECT count(DISTINCT header) FROM run").await, 1);
}

// Files that are not stores.

#[tokio::test]
async fn a_directory_a_pipe_and_a_file_as_directory_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let error = Store::open(dir.path()).await.unwrap_err();
    assert!(error.to_string().contains("this is a directory; name a file in it"), "{error}");
    let error = Store::open(&dir.path().join("new/")).await.unwrap_err();
    assert!(matches!(error, StoreError::Directory { .. }), "{error}");
    let pipe = dir.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
        .unwrap();
    let error = Store::open(&pipe).await.unwrap_err();
    assert!(matches!(error, StoreError::NotAFile { .. }), "{error}");
    std::fs::write(dir.path().join("file"), "x").unwrap();
    let error = Store::open(&dir.path().join("file/store.db")).await.unwrap_err();
    assert!(matches!(error, StoreError::Parent { .. }), "{error}");
    let error = Store::open(Path::new("a\0b")).await.unwrap_err();
    assert!(matches!(error, StoreError::Path { .. }), "{error}");
}

#[tokio::test]
async fn names_that_mean_something_to_sqlite_are_plain_names_here() {
    let dir = tempfile::tempdir().unwrap();
    for name in [":memory:", "file:store.db?mode=memory", "a?b#c%20d", "ü ’.db"] {
        let path = dir.path().join(name);
        let store = Store::open(&path).await.unwrap();
        store.remember(&one(at(0), Verdict::Fail), None).await.unwrap();
        store.close().await;
        assert!(path.is_file(), "{name}");
    }
    assert!(super::place::absolute(Path::new("file:x")).unwrap().starts_with('/'));
}

#[tokio::test]
async fn other_files_are_refused_and_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("muster.yaml");
    std::fs::write(&text, "muster: 1\n".repeat(1000)).unwrap();
    assert!(matches!(refused(&text).await, StoreError::NotADatabase { .. }));
    for bytes in [b"x".to_vec(), vec![b'x'; 511], vec![0; 511], vec![0; 512], vec![0; 4096], vec![b'x'; 4096]]
    {
        std::fs::write(&text, &bytes).unwrap();
        let error = refused(&text).await;
        assert!(matches!(error, StoreError::NotADatabase { .. }), "{}: {error}", bytes.len());
    }
    let tables = dir.path().join("shop.db");
    execute(&tables, "CREATE TABLE orders (id); INSERT INTO orders VALUES (1)").await;
    let error = refused(&tables).await;
    assert!(error.to_string().contains("it has the tables `orders`"), "{error}");
    let marked = dir.path().join("marked.db");
    execute(&marked, "PRAGMA application_id = 42; PRAGMA user_version = 1").await;
    let error = refused(&marked).await;
    assert!(error.to_string().contains("its application_id is 42"), "{error}");
    let versioned = dir.path().join("versioned.db");
    execute(&versioned, "PRAGMA user_version = 1").await;
    assert!(matches!(refused(&versioned).await, StoreError::Foreign { .. }));
}

#[tokio::test]
async fn the_log_of_another_applications_database_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shop.db");
    let mut theirs = raw(&path, true).await;
    sqlx::raw_sql("PRAGMA journal_mode = WAL; CREATE TABLE orders (id)").execute(&mut theirs).await.unwrap();
    let log = dir.path().join("shop.db-wal");
    let copy = tempfile::tempdir().unwrap();
    // As a killed process leaves it: the file, and a log that nobody holds.
    for name in ["shop.db", "shop.db-wal"] {
        std::fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
    }
    let before = std::fs::read(&log).unwrap();
    assert!(matches!(refused(&path).await, StoreError::Foreign { .. }));
    assert!(matches!(refused(&copy.path().join("shop.db")).await, StoreError::Foreign { .. }));
    assert_eq!(std::fs::read(&log).unwrap(), before);
    assert_eq!(std::fs::read(copy.path().join("shop.db-wal")).unwrap(), before);
    theirs.close().await.unwrap();
}

#[tokio::test]
async fn a_newer_store_is_refused_and_not_touched() {
    let (place, store) = fresh().await;
    store.remember(&one(at(0), Verdict::Fail), None).await.unwrap();
    store.close().await;
    execute(&place.path, "PRAGMA user_version = 7").await;
    let error = refused(&place.path).await;
    assert!(error.to_string().contains("format 7, this build knows 4"), "{error}");
    execute(&place.path, "PRAGMA user_version = 0").await;
    assert!(matches!(refused(&place.path).await, StoreError::Corrupt { .. }));
    execute(&place.path, "PRAGMA user_version = 2").await;
    let error = refused(&place.path).await;
    assert!(error.to_string().contains("a muster from before the first release wrote it"), "{error}");
    execute(&place.path, "PRAGMA user_version = 4").await;
    Store::open(&place.path).await.unwrap();
}

/// A store of some size, closed.
async fn filled() -> Place {
    let (place, store) = fresh().await;
    let many: Vec<Finding> = (0..400).map(|i| finding(&format!("{i:04x}"), Verdict::Fail)).collect();
    let mut saw = recording(at(0), 1);
    saw.observations.push(observation(at(0), Ok(table(1, 3000, 9999))));
    store.remember(&report(at(0), vec![check(Verdict::Fail, many)]), Some(&saw)).await.unwrap();
    store.close().await;
    place
}

#[tokio::test]
async fn a_store_that_was_cut_short_is_refused() {
    let place = filled().await;
    let whole = std::fs::read(&place.path).unwrap();
    for length in [whole.len() / 2, whole.len() - 1, 4096, 4095, 512] {
        std::fs::write(&place.path, &whole[..length]).unwrap();
        let error = refused(&place.path).await;
        assert!(matches!(error, StoreError::Corrupt { .. }), "{length}: {error}");
    }
    for length in [100, 50, 1] {
        std::fs::write(&place.path, &whole[..length]).unwrap();
        let error = refused(&place.path).await;
        assert!(
            matches!(error, StoreError::NotADatabase { .. } | StoreError::Corrupt { .. }),
            "{length}: {error}"
        );
    }
}

#[tokio::test]
async fn damage_inside_is_an_error_never_fewer_findings() {
    let place = filled().await;
    let whole = std::fs::read(&place.path).unwrap();
    let pages = whole.len() / 4096;
    let mut told = 0;
    for page in 1..pages {
        let mut bytes = whole.clone();
        bytes[page * 4096..page * 4096 + 64].fill(0xA5);
        std::fs::write(&place.path, bytes).unwrap();
        let store = match Store::open(&place.path).await {
            Ok(store) => store,
            Err(error) => {
                assert!(matches!(error, StoreError::Corrupt { .. }), "page {page}: {error}");
                told += 1;
                continue;
            }
        };
        match store.finding("").await {
            Ok(found) => assert_eq!(found.len(), 400, "page {page}"),
            Err(StoreError::Corrupt { .. } | StoreError::Content { .. }) => told += 1,
            Err(other) => panic!("page {page}: {other}"),
        }
        store.close().await;
    }
    assert!(told > pages / 2, "{told} of {pages} damaged pages were noticed by reading all findings");
}

#[tokio::test]
async fn a_log_without_its_file_is_not_thrown_away() {
    let (place, store) = fresh().await;
    store.remember(&one(at(0), Verdict::Fail), None).await.unwrap();
    let log = PathBuf::from(format!("{}-wal", place.path.display()));
    let kept = std::fs::read(&log).unwrap();
    store.close().await;
    std::fs::write(&log, &kept).unwrap();
    std::fs::remove_file(&place.path).unwrap();
    let error = Store::open(&place.path).await.unwrap_err();
    assert!(matches!(error, StoreError::Orphan { .. }), "{error}");
    assert!(!place.path.exists());
    assert_eq!(std::fs::read(&log).unwrap(), kept);
    std::fs::write(&place.path, "").unwrap();
    assert!(matches!(Store::open(&place.path).await, Err(StoreError::Orphan { .. })));
}

#[tokio::test]
async fn an_empty_file_and_a_blank_database_become_stores() {
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    let blank = dir.path().join("blank.db");
    execute(&blank, "PRAGMA journal_mode = WAL").await;
    assert!(std::fs::metadata(&blank).unwrap().len() > 0);
    for path in [empty, blank] {
        let store = Store::open(&path).await.unwrap();
        assert_eq!(store.remember(&one(at(0), Verdict::Fail), None).await.unwrap(), 1);
    }
}

// Other processes.

/// Tells a child of this test binary what to do with which store.
const CHILD: &str = "MUSTER_TEST_STORE";

fn this_test(name: &str, path: &Path) -> Vec<std::ffi::OsString> {
    let program = std::env::current_exe().unwrap();
    let test = format!("store::tests::{name}");
    vec![program.into(), test.into(), "--exact".into(), "--nocapture".into(), path.into()]
}

/// Runs a test of this binary again, in a process of its own, on a store. What comes before is put before it.
fn child(before: &[&str], name: &str, path: &Path) -> Command {
    let mut words: Vec<std::ffi::OsString> = before.iter().map(Into::into).collect();
    words.extend(this_test(name, path));
    words.pop();
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .env(CHILD, path)
        .current_dir("/")
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    command
}

fn is_child() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

const PER_RUN: i64 = 50;

/// Saves runs until it is killed, and prints the number of each that is saved.
async fn save_for_ever(path: &Path) {
    let store = Store::open(path).await.unwrap();
    let many: Vec<Finding> = (0..PER_RUN).map(|i| finding(&format!("{i:04x}"), Verdict::Fail)).collect();
    loop {
        let some = report(at(0), vec![check(Verdict::Fail, many.clone())]);
        let mut saw = recording(at(0), 5);
        // Columns in blobs of their own too, and numbers that differ.
        let size = i64::from(std::process::id());
        saw.observations.push(observation(at(0), Ok(table(size, 400, 999))));
        let run = store.remember(&some, Some(&saw)).await.unwrap();
        println!("saved {run}");
    }
}

/// Numbers that a child said it saved, until it ends.
fn said(child: &mut Child) -> Vec<i64> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("saved ")?.parse().ok()).collect()
}

#[tokio::test]
async fn killed_at_any_moment_a_store_holds_whole_runs() {
    if let Some(path) = is_child() {
        return save_for_ever(&path).await;
    }
    let place = place();
    let mut promised = Vec::new();
    for round in 0..12_u64 {
        let both = [0, 1].map(|_| {
            child(&[], "killed_at_any_moment_a_store_holds_whole_runs", &place.path).spawn().unwrap()
        });
        // The first rounds are killed while they make the store.
        std::thread::sleep(Duration::from_millis(7 + 41 * round));
        for mut child in both {
            child.kill().unwrap();
            promised.extend(said(&mut child));
            child.wait().unwrap();
        }
        let store = Store::open(&place.path).await.unwrap();
        let there: Vec<i64> = store.runs(u32::MAX).await.unwrap().iter().map(|run| run.id).collect();
        assert!(promised.iter().all(|run| there.contains(run)), "{promised:?} of {there:?}");
        for run in &there {
            let seen = store.recording(*run).await.unwrap().unwrap().observations;
            let rows: Vec<usize> =
                seen.iter().flat_map(|one| &one.result).map(|table| table.rows.len()).collect();
            assert_eq!((seen.len(), rows), (3, vec![3, 401]));
        }
        store.close().await;
        let torn = "SELECT count(*) FROM run WHERE 50 <> (SELECT count(*) FROM finding JOIN told ON told.finding = finding.id) \
                    OR 1 <> (SELECT count(*) FROM judged WHERE run = run.id) \
                    OR 3 <> (SELECT count(*) FROM observation WHERE run = run.id)";
        assert_eq!(count(&place.path, torn).await, 0);
        let loose = "SELECT (SELECT count(*) FROM part WHERE observation NOT IN (SELECT id FROM observation)) \
                     + (SELECT count(*) FROM blob WHERE id NOT IN (SELECT blob FROM part))";
        assert_eq!(count(&place.path, loose).await, 0);
        assert_eq!(
            count(&place.path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'")
                .await,
            0
        );
    }
    println!("{} runs were promised and are there", promised.len());
    assert!(promised.len() > 10, "{} runs in 12 rounds", promised.len());
}

/// Lets runs wait until it is killed, and prints the time of each; now and then it folds them in.
async fn wait_for_ever(path: &Path) {
    for number in 0.. {
        let minute = i64::from(std::process::id()) * 10_000 + number;
        let mut saw = recording(at(minute), 5);
        saw.observations.push(observation(at(minute), Ok(table(minute, 400, 999))));
        let seen = Seen::of("s", &saw).unwrap();
        let draft = Draft::of("s", &one(at(minute), Verdict::Fail), Some(seen)).unwrap();
        Inbox::open(path).unwrap().save(&draft).unwrap();
        println!("saved {minute}");
        if number % 16 == 15 {
            Store::open(path).await.unwrap().close().await;
        }
    }
}

#[tokio::test]
async fn killed_at_any_moment_every_run_that_waited_is_there_once() {
    if let Some(path) = is_child() {
        return wait_for_ever(&path).await;
    }
    let place = place();
    let mut promised = Vec::new();
    for round in 0..8_u64 {
        let name = "killed_at_any_moment_every_run_that_waited_is_there_once";
        let both = [0, 1].map(|_| child(&[], name, &place.path).spawn().unwrap());
        std::thread::sleep(Duration::from_millis(20 + 37 * round));
        for mut child in both {
            child.kill().unwrap();
            promised.extend(said(&mut child));
            child.wait().unwrap();
        }
        let store = Store::open(&place.path).await.unwrap();
        let runs = store.runs(u32::MAX).await.unwrap();
        let mut there: Vec<Timestamp> = runs.iter().map(|run| run.started).collect();
        let many = there.len();
        there.sort_unstable();
        there.dedup();
        assert_eq!((there.len(), store.lost()), (many, 0), "each is there once, and none was cut");
        assert!(promised.iter().all(|minute| there.binary_search(&at(*minute)).is_ok()));
        for run in runs {
            let seen = store.recording(run.id).await.unwrap().unwrap();
            assert_eq!(seen.observations.len(), 3);
        }
        store.close().await;
    }
    println!("{} runs were promised and are there", promised.len());
    assert!(promised.len() > 10, "{} runs in 8 rounds", promised.len());
}

#[test]
fn many_open_and_save_at_once() {
    for _ in 0..5 {
        let place = place();
        let work = |path: PathBuf| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let store = Store::open(&path).await.unwrap();
                for minute in 0..5 {
                    store.remember(&one(at(minute), Verdict::Fail), None).await.unwrap();
                    assert!(!store.recall(&[the_check()], at(0)).await.unwrap().held.is_empty());
                }
                store.close().await;
            });
        };
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let path = place.path.clone();
                std::thread::spawn(move || work(path))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert_eq!(runtime.block_on(count(&place.path, "SELECT count(*) FROM run")), 40);
    }
}

#[tokio::test]
async fn who_is_kept_waiting_too_long_is_told_so() {
    let (place, store) = fresh().await;
    store.remember(&one(at(0), Verdict::Fail), None).await.unwrap();
    let mut other = raw(&place.path, false).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let error = store.remember(&one(at(1), Verdict::Fail), None).await.unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    assert_eq!(store.runs(9).await.unwrap().len(), 1, "reading goes on");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    store.remember(&one(at(1), Verdict::Fail), None).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_loses_this_run_and_no_other() {
    let (place, store) = fresh().await;
    store.remember(&one(at(0), Verdict::Fail), None).await.unwrap();
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(store.pool()).await.unwrap();
    let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {}", pages + 5));
    sqlx::raw_sql(limit).execute(store.pool()).await.unwrap();
    let many: Vec<Finding> = (0..900).map(|i| finding(&format!("{i:04x}"), Verdict::Fail)).collect();
    let large = report(at(1), vec![check(Verdict::Fail, many)]);
    let error = store.remember(&large, None).await.unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert_eq!(store.runs(9).await.unwrap().len(), 1);
    assert_eq!(store.finding("").await.unwrap().len(), 1);
    store.remember(&one(at(2), Verdict::Fail), None).await.unwrap();
    store.close().await;
    let store = Store::open(&place.path).await.unwrap();
    store.remember(&large, None).await.unwrap();
}

#[test]
fn a_disk_without_room_for_shared_memory_is_full() {
    let said = |code: i64| StoreError::of_code("s.db".to_owned(), code, "disk I/O error".to_owned());
    assert!(matches!(said(4874), StoreError::Full { .. }));
    assert!(matches!(said(13), StoreError::Full { .. }));
    assert!(matches!(said(778), StoreError::Io { .. }), "a write that failed for another reason");
}

/// Saves until it is refused, and prints what was said.
async fn save_until_refused(path: &Path) {
    let store = match Store::open(path).await {
        Ok(store) => store,
        Err(error) => return println!("refused {error}"),
    };
    for minute in 0..1000 {
        match store.remember(&one(at(minute), Verdict::Fail), Some(&recording(at(minute), minute))).await {
            Ok(run) => println!("saved {run}"),
            Err(error) => return println!("refused {error}"),
        }
    }
}

fn output(mut command: Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

#[tokio::test]
async fn a_limit_on_file_sizes_is_told_and_earlier_runs_stay() {
    if let Some(path) = is_child() {
        return save_until_refused(&path).await;
    }
    let (place, store) = fresh().await;
    store.close().await;
    let limited = ["sh", "-c", "trap '' XFSZ; exec prlimit --fsize=300000 \"$@\"", "sh"];
    let said = output(child(&limited, "a_limit_on_file_sizes_is_told_and_earlier_runs_stay", &place.path));
    assert!(said.contains("reading or writing failed"), "{said}");
    let saved = said.matches("saved ").count();
    assert!(saved > 0, "{said}");
    let store = Store::open(&place.path).await.unwrap();
    assert_eq!(store.runs(u32::MAX).await.unwrap().len(), saved);
}

/// A disk of this size at the store's place, in a name space of mounts that ends with the process.
#[tokio::test]
async fn a_disk_that_fills_up_is_told_and_earlier_runs_stay() {
    if let Some(path) = is_child() {
        save_until_refused(&path).await;
        let store = Store::open(&path).await;
        return match store {
            Ok(store) => println!("then {} runs", store.runs(u32::MAX).await.unwrap().len()),
            Err(error) => println!("then {error}"),
        };
    }
    let dir = tempfile::tempdir().unwrap();
    let mounted =
        ["unshare", "--mount", "sh", "-c", "mount -t tmpfs -o size=400k none \"$0\" && exec \"$@\""];
    let folder = dir.path().display().to_string();
    let before = [&mounted[..], &[&folder]].concat();
    let said = output(child(
        &before,
        "a_disk_that_fills_up_is_told_and_earlier_runs_stay",
        &dir.path().join("store.db"),
    ));
    let saved = said.matches("saved ").count();
    assert!(saved > 0, "{said}");
    assert!(said.contains("there is no room left to write"), "{said}");
    assert!(said.contains(&format!("then {saved} runs")), "{said}");
}

// Rights: nothing is denied to root, so the test calls itself again as nobody.

fn as_nobody(name: &str, path: &Path) -> String {
    assert!(
        rustix::process::geteuid().is_root(),
        "this test needs root, to become somebody with fewer rights"
    );
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("test");
    let own = std::env::current_exe().unwrap();
    std::fs::hard_link(&own, &program).or_else(|_| std::fs::copy(&own, &program).map(|_| ())).unwrap();
    mode(dir.path(), 0o755);
    mode(&program, 0o755);
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--no-new-privs"])
        .arg(&program)
        .args(&this_test(name, path)[1..4])
        .env(CHILD, path)
        .current_dir("/");
    output(command)
}

fn mode(path: &Path, bits: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits)).unwrap();
}

#[tokio::test]
async fn what_may_not_be_read_or_written_is_told_apart() {
    if let Some(path) = is_child() {
        return save_until_refused(&path).await;
    }
    let name = "what_may_not_be_read_or_written_is_told_apart";
    let place = filled().await;
    let (dir, top) = (place.path.parent().unwrap(), place._dir.path());
    mode(top, 0o755);
    let before = std::fs::read(&place.path).unwrap();
    for (file, folder, what) in [
        (0o644, 0o755, "the file is read-only for the user who runs muster"),
        (0o666, 0o755, "is read-only for the user who runs muster"),
        (0o600, 0o755, "the file may not be read"),
        (0o666, 0o700, "a directory above the file may not be read"),
    ] {
        mode(&place.path, file);
        mode(dir, folder);
        let said = as_nobody(name, &place.path);
        assert!(said.contains("refused store `") && said.contains(what), "{file:o} {folder:o}: {said}");
    }
    mode(dir, 0o755);
    let said = as_nobody(name, &dir.join("new.db"));
    assert!(said.contains("its directory `") && said.contains("is read-only"), "{said}");
    let said = as_nobody(name, &dir.join("sub/new.db"));
    assert!(said.contains("cannot be made: "), "{said}");
    assert_eq!(std::fs::read(&place.path).unwrap(), before);
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), 1, "nothing was left beside it");
}

// The same through a log that machines share.

super::shared::tests::through_a_log! {
    failures_are_held_and_judged_runs_are_known,
    what_holds_beneath_is_held,
    what_was_not_judged_is_no_sample,
    a_clock_that_goes_backwards_does_not_disturb_the_order,
    a_finding_comes_back_whole_by_the_beginning_of_its_id,
    two_findings_of_one_id_count_as_the_worse,
    names_may_hold_anything,
    runs_are_listed_newest_first,
    a_recording_comes_back_as_it_was,
    an_empty_recording_is_one,
    samples_of_a_subject_come_back_in_order_of_time,
    an_answer_that_never_came_or_was_cut_is_a_sample_that_says_so,
    a_stored_text_that_was_changed_is_an_error_not_an_empty_answer,
    pruning_forgets_the_old_and_only_it,
    a_finding_whose_newest_run_was_pruned_stays_while_an_older_number_has_it,
    the_same_shape_is_kept_once,
}
