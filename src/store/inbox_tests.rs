//! Runs that wait: whole or not there at all, each folded in once, in the order in which they were written.

#![expect(
    clippy::unwrap_used,
    reason = "all of this is tests, also what stands outside of a `#[test]` function"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::inbox::{folder, is_there};
use super::packed::{Unread, pack, unpack};
use super::tests::{at, check, finding, fresh, observation, one, recording, recording_of, report, the_check};
use super::{Draft, Inbox, Seen, Store, StoreError};
use crate::fact::{
    Args, Before, Cause, Field, Identity, Missing, Observation, Past, PastRequest, Recording, Request, Rows,
    Schema, TableBuilder, Type, Value, ZeroRows,
};
use crate::verdict::{RunReport, Verdict};

fn draft(report: &RunReport, recording: Option<&Recording>) -> Draft {
    let seen = recording.map(|recording| Seen::of("s.db", recording).unwrap());
    Draft::of("s.db", report, seen).unwrap()
}

/// Lets a run wait, as a check does.
fn save(path: &Path, report: &RunReport, recording: Option<&Recording>) {
    Inbox::open(path).unwrap().save(&draft(report, recording)).unwrap();
}

fn files(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(path.to_str().unwrap())).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut runs: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "run")).collect();
    runs.sort();
    runs
}

/// Short answers, as many as wanted, each of its own target, and one that fails.
fn short(minute: i64, count: i64) -> Recording {
    let schema = Arc::new(Schema {
        version: 1,
        fields: vec![Field::declared("unit", Type::TEXT), Field::declared("size", Type::BYTES)],
        key: Vec::new(),
        rows: Rows::One,
        zero: ZeroRows::Suspicious,
    });
    let one = |number: i64| {
        let name = format!("db{number}");
        let key = Request::new("disk.usage", &name, Args::default(), Arc::clone(&schema), Vec::new()).key;
        let mut table = TableBuilder::new(&schema, 9);
        table.row().set("unit", Value::text("bytes")).set("size", Value::Int(minute * 1000 + number)).push();
        // Clocks that are apart, and no two questions are asked at the same moment.
        let when = at(minute) + jiff::SignedDuration::from_millis(number * 7 % 50);
        Observation {
            key,
            result: Ok(table.finish()),
            at: when,
            source_clock: (number % 2 == 0).then(|| when - jiff::SignedDuration::from_mins(number)),
            took: std::time::Duration::from_micros(77),
            identity: Identity { host: name.as_str().into(), ..Identity::default() },
        }
    };
    let mut answers: Vec<Observation> = (0..count).map(one).collect();
    let down = Arc::new(Missing::new(Cause::Unreachable, "connection refused"));
    answers.insert(answers.len() / 2, observation(at(minute), Err(down)));
    recording_of(at(minute), answers)
}

#[test]
fn a_run_comes_back_from_its_bytes_as_it_was() {
    let mut replay = one(at(5), Verdict::Fail);
    replay.recording = Some("2025-01-01T00:00:00Z".to_owned());
    replay.notices = vec![finding("n", Verdict::Warn)];
    for draft in [
        draft(&one(at(0), Verdict::Fail), Some(&recording(at(0), 7))),
        draft(&replay, None),
        draft(&report(at(1), vec![check(Verdict::Pass, vec![])]), Some(&short(1, 70))),
    ] {
        let bytes = pack(&draft);
        assert_eq!(unpack(&bytes), Ok(draft));
        for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            assert!(unpack(&bytes[..cut]).is_err(), "{cut}");
        }
        let mut changed = bytes.clone();
        changed[bytes.len() / 3] ^= 1;
        assert!(matches!(unpack(&changed), Err(Unread::Fault(_))));
    }
    let newer = super::bytes::sealed(vec![9, 0]);
    assert_eq!(unpack(&newer), Err(Unread::Newer(9)));
}

#[test]
fn the_header_of_a_recording_is_the_recording_without_its_observations_and_time() {
    let mut bare = recording(at(0), 7);
    bare.observations.clear();
    let mut whole = bare.to_json();
    let kept = whole.as_object_mut().unwrap();
    assert_eq!(kept.remove("observations"), Some(serde_json::json!([])));
    assert_eq!(kept.remove("started"), Some(serde_json::json!(bare.started.to_string())));
    assert_eq!(serde_json::to_value(bare.header()).unwrap(), whole);
}

#[tokio::test]
async fn runs_that_wait_are_there_when_the_store_is_opened_each_once_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    assert!(!is_there(&path).unwrap());
    std::fs::write(dir.path().join("file"), "x").unwrap();
    let hidden = is_there(&dir.path().join("file/s.db"));
    assert!(matches!(hidden, Err(StoreError::Parent { .. })), "what cannot be looked at is not absent");
    for minute in [3, 1, 2] {
        save(&path, &one(at(minute), Verdict::Fail), Some(&recording(at(minute), minute)));
    }
    assert!(is_there(&path).unwrap() && !path.exists(), "nobody had to open it");
    assert_eq!(Inbox::open(&path).unwrap().span(), Some((at(1), at(3))));
    assert_eq!(files(&path).len(), 3);
    let store = Store::open(&path).await.unwrap();
    let runs = store.runs(9).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.started).collect::<Vec<_>>(), [at(2), at(1), at(3)]);
    assert_eq!(files(&path).len(), 0);
    let recall = store.recall(&[the_check()], at(0)).await.unwrap();
    assert_eq!(recall.held["aa01"], [at(1), at(2), at(3)]);
    let back = store.recording(1).await.unwrap().unwrap();
    assert_eq!(back.to_json(), recording(at(3), 3).to_json());
    store.close().await;
    let inbox = Inbox::open(&path).unwrap();
    assert!(!inbox.is_due());
    assert_eq!(inbox.span(), Some((at(1), at(3))));
}

/// The files beside a store by the ends of their names.
fn ends(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder(path.to_str().unwrap())).unwrap();
    let end = |path: PathBuf| path.extension().map(|end| end.to_str().unwrap().to_owned());
    let mut ends: Vec<String> = entries.filter_map(|entry| end(entry.unwrap().path())).collect();
    ends.sort();
    ends
}

#[tokio::test]
async fn a_run_takes_the_place_of_its_mark_and_its_file_is_used_again() {
    let (place, store) = fresh().await;
    store.close().await;
    let begun = |minute| super::Begun {
        started: crate::fact::micros_of(at(minute)),
        process: 77,
        ..super::Begun::at(0)
    };
    for minute in 0..3 {
        let inbox = Inbox::open(&place.path).unwrap();
        let mark = inbox.begin(begun(minute)).unwrap();
        assert_eq!(ends(&place.path).iter().filter(|end| *end == "begun").count(), 1);
        inbox.end(mark, &draft(&one(at(minute), Verdict::Fail), None)).unwrap();
        assert_eq!(ends(&place.path), ["run"]);
        Store::open(&place.path).await.unwrap().close().await;
        assert_eq!(ends(&place.path), ["spare"], "the same file every time");
    }
    let store = Store::open(&place.path).await.unwrap();
    assert_eq!(
        (store.runs(9).await.unwrap().len(), store.ledger(at(-9), at(9)).await.unwrap().begun.len()),
        (3, 0)
    );
    store.close().await;
    // Half written when the power went: what stood there before is no run, and no damage.
    save(&place.path, &one(at(4), Verdict::Fail), None);
    let file = files(&place.path).remove(0);
    let length = std::fs::metadata(&file).unwrap().len();
    std::fs::write(&file, format!("{:width$}", "{\"started\":0}", width = usize::try_from(length).unwrap()))
        .unwrap();
    assert_eq!(Store::open(&place.path).await.unwrap().lost(), 1);
}

#[tokio::test]
async fn a_run_whose_mark_is_gone_is_saved_all_the_same() {
    let (place, store) = fresh().await;
    store.close().await;
    let inbox = Inbox::open(&place.path).unwrap();
    let mark = inbox.begin(super::Begun { process: 77, ..super::Begun::at(0) }).unwrap();
    let begun =
        std::fs::read_dir(folder(place.path.to_str().unwrap())).unwrap().map(|entry| entry.unwrap().path());
    begun
        .filter(|file| file.extension().is_some_and(|end| end == "begun"))
        .for_each(|file| std::fs::remove_file(file).unwrap());
    inbox.end(mark, &draft(&one(at(0), Verdict::Fail), None)).unwrap();
    assert_eq!(ends(&place.path), ["run"]);
    let store = Store::open(&place.path).await.unwrap();
    assert_eq!(
        (store.runs(9).await.unwrap().len(), store.ledger(at(-9), at(9)).await.unwrap().begun.len()),
        (1, 0)
    );
    store.close().await;
}

#[test]
fn who_lasts_in_another_container_is_not_over() {
    let dir = tempfile::tempdir().unwrap();
    let now = super::fold::now();
    let process = std::process::id();
    let birth = super::begun::birth(process);
    assert_eq!(birth.split(' ').count(), 3, "{birth}");
    let (mine, began) = birth.rsplit_once(' ').unwrap();
    let elsewhere = format!("{} pid:[1] {began}", mine.split(' ').next().unwrap());
    let day = 24 * 3600 * 1_000_000;
    for (birth, process, started, is_over) in [
        (birth.clone(), process, now - 9 * day, false),
        (format!("{mine} 1"), process, now, true),
        (birth.clone(), u32::MAX, now, true),
        (elsewhere.clone(), u32::MAX, now, false),
        (elsewhere, process, now - 2 * day, true),
        (format!("another-boot {mine} {began}"), process, now, false),
        (String::new(), u32::MAX, now, false),
    ] {
        let begun = super::Begun { started, process, birth: birth.clone(), ..super::Begun::at(started) };
        let mark = super::begun::mark(dir.path(), &[], &begun).unwrap();
        let over = super::begun::over(dir.path(), now);
        assert_eq!(over.len(), usize::from(is_over), "{birth} {process}");
        drop(mark);
    }
}

#[tokio::test]
async fn whoever_was_killed_between_saving_and_removing_folds_nothing_in_twice() {
    let (place, store) = fresh().await;
    store.close().await;
    save(&place.path, &one(at(0), Verdict::Fail), None);
    let file = files(&place.path).remove(0);
    let bytes = std::fs::read(&file).unwrap();
    for _ in 0..3 {
        Store::open(&place.path).await.unwrap().close().await;
        // As if it had not come to remove the file.
        std::fs::write(&file, &bytes).unwrap();
    }
    save(&place.path, &one(at(1), Verdict::Fail), None);
    let store = Store::open(&place.path).await.unwrap();
    assert_eq!(store.runs(9).await.unwrap().len(), 2);
    assert_eq!(files(&place.path).len(), 0);
}

#[tokio::test]
async fn a_run_that_a_power_cut_took_is_counted_and_a_damaged_or_newer_one_is_an_error() {
    let (place, store) = fresh().await;
    store.close().await;
    for minute in 0..3 {
        save(&place.path, &one(at(minute), Verdict::Fail), None);
    }
    let cut = files(&place.path);
    let whole = std::fs::read(&cut[2]).unwrap();
    std::fs::write(&cut[0], "").unwrap();
    std::fs::write(&cut[1], &whole[..whole.len() / 2]).unwrap();
    let store = Store::open(&place.path).await.unwrap();
    assert_eq!((store.lost(), store.runs(9).await.unwrap().len()), (2, 1));
    store.close().await;
    save(&place.path, &one(at(4), Verdict::Fail), None);
    let file = files(&place.path).remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    let sound = bytes.clone();
    bytes[7] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let error = Store::open(&place.path).await.unwrap_err();
    assert!(matches!(error, StoreError::Content { .. }), "{error}");
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
    let mut newer = super::bytes::sealed(vec![9; sound.len()]);
    newer[0] = 9;
    std::fs::write(&file, newer).unwrap();
    let error = Store::open(&place.path).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 9, .. }), "{error}");
    std::fs::write(&file, sound).unwrap();
    assert_eq!(Store::open(&place.path).await.unwrap().runs(9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_store_that_changed_since_it_was_closed_is_opened_again() {
    let (place, store) = fresh().await;
    drop(Inbox::open(&place.path).unwrap());
    store.close().await;
    let due = || Inbox::open(&place.path).unwrap().is_due();
    assert!(!due(), "as it was closed");
    super::tests::execute(&place.path, "PRAGMA user_version = 9").await;
    assert!(due(), "a newer muster was here");
    super::tests::execute(&place.path, "PRAGMA user_version = 4").await;
    assert!(due());
    Store::open(&place.path).await.unwrap().close().await;
    assert!(!due());
    for minute in 0..64 {
        save(&place.path, &one(at(minute), Verdict::Fail), None);
    }
    assert!(due(), "too many wait");
    std::fs::remove_file(&place.path).unwrap();
    assert_eq!(Store::open(&place.path).await.unwrap().runs(99).await.unwrap().len(), 64);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn two_that_fold_in_at_once_take_each_run_once() {
    for _ in 0..5 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.db");
        let work = |path: PathBuf| {
            for minute in 0..6 {
                save(&path, &one(at(minute), Verdict::Fail), None);
                if minute % 2 == 0 {
                    runtime().block_on(async { Store::open(&path).await.unwrap().close().await });
                }
            }
        };
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || work(path))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let runs = runtime().block_on(async { Store::open(&path).await.unwrap().runs(99).await.unwrap() });
        assert_eq!(runs.len(), 24);
    }
}

// Short answers stand together.

#[tokio::test]
async fn short_answers_of_a_run_stand_together_and_come_back_as_they_were() {
    let (place, store) = fresh().await;
    for (minute, count) in [(0, 150), (1, 150), (2, 3), (3, 1)] {
        let seen = short(minute, count);
        let run = store.remember(&one(at(minute), Verdict::Fail), Some(&seen)).await.unwrap();
        assert_eq!(store.recording(run).await.unwrap().unwrap().to_json(), seen.to_json());
    }
    let count = super::tests::count;
    assert_eq!(count(&place.path, "SELECT count(*) FROM batch").await, 7, "of sixty-four places each");
    assert_eq!(count(&place.path, "SELECT count(*) FROM roster").await, 4, "the same from run to run");
    assert_eq!(
        count(&place.path, "SELECT count(*) FROM observation").await,
        4 + 1,
        "what failed, or is alone"
    );
    assert_eq!(store.prune(at(4)).await.unwrap(), 4);
    for table in ["SELECT count(*) FROM batch", "SELECT count(*) FROM member", "SELECT count(*) FROM text"] {
        assert_eq!(count(&place.path, table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn the_past_of_a_short_answer_is_complete_and_in_order_wherever_it_stands() {
    let (_place, store) = fresh().await;
    // In the third run it is alone, and has a row of its own.
    for (minute, count) in [(0, 70), (3, 70), (1, 70), (2, 1), (4, 69)] {
        store.remember(&one(at(minute), Verdict::Fail), Some(&short(minute, count))).await.unwrap();
    }
    let key = |number: usize| {
        let seen = short(0, 70);
        let is = |one: &&Observation| *one.key.target == *format!("db{number}");
        seen.observations.iter().find(is).unwrap().key.clone()
    };
    let day = 86_400_000_000;
    let wanted = [
        PastRequest::History(key(0), day, vec!["size".into()]),
        PastRequest::History(key(69), day, vec!["size".into()]),
        PastRequest::Before(Before::Previous(None), key(69)),
        PastRequest::Before(Before::Previous(None), key(0)),
    ];
    let past: Past = store.past(&wanted, at(9)).await.unwrap();
    let track = |number: usize| {
        let history = &past.history[&key(number)];
        let track = &history.subjects[&*format!("db{number}")][0];
        (track.at.clone(), track.values.iter().filter_map(Value::as_int).collect::<Vec<_>>())
    };
    let micros = |at: Timestamp| crate::fact::micros_of(at);
    assert_eq!(
        track(0),
        ((0..5).map(|minute| micros(at(minute))).collect(), vec![0, 1000, 2000, 3000, 4000])
    );
    assert_eq!(track(69).1, [69, 1069, 3069]);
    let before = |number: usize| past.before[&(Before::Previous(None), key(number))].at;
    assert!(before(69) < at(4) && before(69) >= at(3) && before(0) >= at(4));
    let some = store.samples("db7", "disk.usage", None, at(0)).await.unwrap();
    assert_eq!(some.len(), 4);
    assert!(some.is_sorted_by_key(|sample| sample.source_clock.unwrap_or(sample.at)));
    let watched = store.watch(&key(7), &["size".into()], at(1), at(3)).await.unwrap();
    assert_eq!(watched.asked.len(), 1, "what was seen from the second minute to the fourth by clocks");
    assert!(store.schema(&key(7), at(9)).await.unwrap().is_some());
    assert!(store.schema(&key(7), at(-60)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_batch_that_was_changed_is_an_error_and_not_an_answer_less() {
    let (place, store) = fresh().await;
    store.remember(&one(at(0), Verdict::Fail), Some(&short(0, 5))).await.unwrap();
    store.close().await;
    super::tests::execute(&place.path, "UPDATE batch SET body = substr(body, 1, length(body) - 9)").await;
    let store = Store::open(&place.path).await.unwrap();
    assert!(matches!(store.recording(1).await.unwrap_err(), StoreError::Content { .. }));
    let error = store.samples("db1", "disk.usage", None, at(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::Content { .. }), "{error}");
}

/// A run, when it began, and what it found.
type Wanted = (i64, Timestamp, Vec<(String, Verdict)>);

/// Numbers without an order, always the same.
fn chance(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[tokio::test]
async fn written_only_where_it_changes_every_run_is_read_back_as_it_was() {
    for mut seed in 1..9 {
        let (_place, store) = fresh().await;
        let mut wanted: Vec<Wanted> = Vec::new();
        let mut minutes: Vec<i64> = Vec::new();
        for number in 0..40_i64 {
            // The clock goes backwards now and then.
            let minute = if chance(&mut seed).is_multiple_of(7) { number - 9 } else { number };
            let minute = if minutes.contains(&minute) { number + 1_000 } else { minute };
            minutes.push(minute);
            let mut found = Vec::new();
            for name in ["a", "b", "c"] {
                let verdict = match chance(&mut seed) % 8 {
                    0..=2 => Verdict::Fail,
                    3 => Verdict::Warn,
                    4 => Verdict::Unknown,
                    _ => continue,
                };
                found.push((format!("{name}{name}"), verdict));
            }
            let all = found.iter().map(|(name, verdict)| finding(name, *verdict)).collect();
            let run =
                store.remember(&report(at(minute), vec![check(Verdict::Warn, all)]), None).await.unwrap();
            wanted.push((run, at(minute), found));
            if number == 25 {
                store.prune(at(12)).await.unwrap();
                wanted.retain(|(_, when, _)| *when >= at(12));
            }
        }
        for (run, _, found) in &wanted {
            let view = store.view(*run).await.unwrap();
            let seen: Vec<(String, Verdict)> =
                view.checks[0].findings.iter().map(|one| (one.id.to_string(), one.verdict)).collect();
            assert_eq!(&seen, found, "run {run} of seed {seed}");
        }
        let recall = store.recall(&[the_check()], at(-100)).await.unwrap();
        for (name, verdict, times) in
            [("aa", Verdict::Fail, &recall.held), ("bb", Verdict::Unknown, &recall.unread)]
        {
            let mut then: Vec<Timestamp> = wanted
                .iter()
                .filter(|(.., found)| found.contains(&(name.to_owned(), verdict)))
                .map(|(_, when, _)| *when)
                .collect();
            then.sort_unstable();
            assert_eq!(times.get(name).cloned().unwrap_or_default(), then, "{name}");
        }
        let ledger = store.ledger(at(-100), at(9_000)).await.unwrap();
        assert_eq!(ledger.runs.len(), wanted.len());
        for one in &ledger.findings {
            for (place, (_, _, found)) in wanted.iter().enumerate() {
                let turn = one.turns.iter().rev().find(|turn| turn.run <= place);
                let stood = turn.and_then(|turn| turn.verdict);
                let was =
                    found.iter().find(|(name, _)| **name == *one.newest.id).map(|(_, verdict)| *verdict);
                assert_eq!(stood, was, "{} in run {place} of seed {seed}", one.newest.id);
            }
        }
    }
}

const PROMISE: &str = r#"{"policies":{},"checks":[{"policy":"dead-tuples","target":"shop-db"},{"policy":"never","target":"shop-db"}]}"#;

/// Lets a run wait that refers to a promise.
fn promise(path: &Path, minute: i64, digest: &str) {
    let draft = draft(&one(at(minute), Verdict::Fail), None).promising(None, digest);
    Inbox::open(path).unwrap().save(&draft).unwrap();
}

async fn promised(path: &Path) -> Option<Timestamp> {
    let store = Store::open(path).await.unwrap();
    let all = store.standing().await.unwrap();
    store.close().await;
    all.into_iter().find(|one| &*one.policy == "never")?.promised
}

#[tokio::test]
async fn what_is_promised_and_never_judged_is_so_since_then_whatever_is_forgotten() {
    let (place, store) = fresh().await;
    store.close().await;
    Inbox::open(&place.path).unwrap().promise("sha256:aa", PROMISE).unwrap();
    promise(&place.path, 0, "sha256:aa");
    promise(&place.path, 60, "sha256:aa");
    let store = Store::open(&place.path).await.unwrap();
    assert_eq!(store.prune(at(30)).await.unwrap(), 1);
    store.close().await;
    assert_eq!(promised(&place.path).await, Some(at(0)));
}

#[tokio::test]
async fn a_promise_that_comes_after_its_run_counts_from_that_run() {
    let (place, store) = fresh().await;
    store.close().await;
    promise(&place.path, 0, "sha256:aa");
    assert_eq!(promised(&place.path).await, None);
    Inbox::open(&place.path).unwrap().promise("sha256:aa", PROMISE).unwrap();
    promise(&place.path, 60, "sha256:aa");
    assert_eq!(promised(&place.path).await, Some(at(0)));
}

#[tokio::test]
async fn what_is_due_is_noted_of_each_promise_and_of_this_very_file() {
    let (place, store) = fresh().await;
    drop(Inbox::open(&place.path).unwrap());
    store.note_due("sha256:aa", at(10));
    store.close().await;
    let store = Store::open(&place.path).await.unwrap();
    store.note_due("sha256:bb", at(99));
    store.close().await;
    let due = |digest: &str| Inbox::open(&place.path).unwrap().next_due(digest);
    assert_eq!((due("sha256:aa"), due("sha256:bb"), due("sha256:cc")), (Some(at(10)), Some(at(99)), None));
    super::tests::execute(&place.path, "PRAGMA user_version = 4; CREATE TABLE other (a); DROP TABLE other")
        .await;
    Store::open(&place.path).await.unwrap().close().await;
    assert_eq!(due("sha256:aa"), None, "another one was put there");
}
