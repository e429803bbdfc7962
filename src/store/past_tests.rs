//! What comes back of recordings, and the past of questions.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "all of this is tests")]

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::tests::{
    Place, at, check, count, execute, finding, fresh, observation, one, recording_of, report, table,
    the_check,
};
use super::{Store, StoreError};
use crate::fact::{
    Before, Cause, Cell, Field, Identity, Key, Missing, Observation, Past, PastRequest, Row, Rows, Schema,
    Table, Track, Type, Value, Whose, ZeroRows,
};
use crate::verdict::{Check, Verdict};

fn key() -> Key {
    observation(at(0), Ok(table(1, 0, 9))).key
}

async fn save(store: &Store, started: Timestamp, observations: Vec<Observation>) -> i64 {
    let recording = recording_of(started, observations);
    store.remember(&one(started, Verdict::Fail), Some(&recording)).await.unwrap()
}

/// A run that saw `public.orders` of this size, beside two tables without one.
async fn saw(store: &Store, minute: i64, size: i64) -> i64 {
    save(store, at(minute), vec![observation(at(minute), Ok(table(size, 2, 9)))]).await
}

fn previous() -> PastRequest {
    PastRequest::Before(Before::Previous(None), key())
}

fn history(hours: i64, facts: &[&str]) -> PastRequest {
    let window = SignedDuration::from_hours(hours).as_micros();
    PastRequest::History(key(), i64::try_from(window).unwrap(), facts.iter().map(|f| Arc::from(*f)).collect())
}

/// The size of `public.orders` in the answer that comes before.
fn size_before(past: &Past) -> Option<Value> {
    let answer = past.before.get(&(Before::Previous(None), key()))?;
    let table = answer.result.as_ref().unwrap();
    let row = table.rows.iter().find(|row| row[1] == Ok(Value::text("orders"))).unwrap();
    Some(row[2].clone().unwrap())
}

fn track<'a>(past: &'a Past, subject: &str, fact: &str) -> Option<&'a Track> {
    past.history[&key()].track(subject, fact)
}

// The answer before.

#[tokio::test]
async fn the_answer_before_is_that_of_the_newest_run_by_its_own_time() {
    let (_place, store) = fresh().await;
    assert_eq!(store.past(&[previous()], at(9)).await.unwrap(), Past::default());
    for (minute, size) in [(1, 10), (5, 50), (3, 30), (90, 900)] {
        saw(&store, minute, size).await;
    }
    // The run of minute 90 is the future of minute 9: a clock went backwards since.
    for (minute, size) in [(9, Some(50)), (5, Some(30)), (4, Some(30)), (2, Some(10)), (1, None)] {
        let past = store.past(&[previous()], at(minute)).await.unwrap();
        assert_eq!(size_before(&past), size.map(Value::Int), "before minute {minute}");
    }
}

#[tokio::test]
async fn an_answer_that_failed_is_not_the_one_before() {
    let (_place, store) = fresh().await;
    saw(&store, 1, 10).await;
    let denied = Arc::new(Missing::new(Cause::Denied, "no rights"));
    save(&store, at(2), vec![observation(at(2), Err(denied))]).await;
    save(&store, at(3), Vec::new()).await;
    store.remember(&one(at(4), Verdict::Fail), None).await.unwrap();
    let past = store.past(&[previous()], at(9)).await.unwrap();
    assert_eq!(size_before(&past), Some(Value::Int(10)));
}

#[tokio::test]
async fn the_answer_before_of_a_check_is_that_of_a_run_that_judged_it() {
    let (_place, store) = fresh().await;
    let (policy, target) = the_check();
    let own = Before::Previous(Some(Whose { policy, target }));
    let other = Before::Previous(Some(Whose { policy: "other".into(), target: "shop-db".into() }));
    let run = async |minute: i64, size: i64, checks: Vec<Check>, who: Identity| {
        let seen = Observation { identity: who, ..observation(at(minute), Ok(table(size, 2, 9))) };
        let recording = recording_of(at(minute), vec![seen]);
        store.remember(&report(at(minute), checks), Some(&recording)).await.unwrap();
    };
    let size = async |source: &Before, minute: i64| {
        let wanted = PastRequest::Before(source.clone(), key());
        let past = store.past(&[wanted], at(minute)).await.unwrap();
        let answer = past.before.get(&(source.clone(), key()))?;
        let rows = &answer.result.as_ref().unwrap().rows;
        rows.iter().find(|row| row[1] == Ok(Value::text("orders"))).map(|row| row[2].clone().unwrap())
    };
    let who = |system: &str| Identity { system: Some(system.into()), ..Identity::default() };
    let judged = || vec![check(Verdict::Fail, vec![finding("aa01", Verdict::Fail)])];
    let unjudged = || vec![check(Verdict::Unknown, Vec::new())];
    // What could never be judged is compared with what was seen last.
    run(1, 10, unjudged(), who("a")).await;
    assert_eq!(size(&own, 2).await, Some(Value::Int(10)));
    run(2, 20, judged(), who("a")).await;
    run(3, 30, Vec::new(), who("a")).await;
    run(4, 40, vec![check(Verdict::Skipped, Vec::new())], who("a")).await;
    run(5, 50, unjudged(), who("a")).await;
    assert_eq!(size(&own, 9).await, Some(Value::Int(20)), "of that which judged it");
    assert_eq!(size(&other, 9).await, None, "never judged");
    assert_eq!(size(&Before::Previous(None), 9).await, Some(Value::Int(50)));
    // Another system is not compared with what was before it.
    run(6, 60, unjudged(), who("b")).await;
    assert_eq!(size(&own, 9).await, Some(Value::Int(60)));
}

#[tokio::test]
async fn samples_begin_anew_with_another_system() {
    let (_place, store) = fresh().await;
    for (minute, size, system) in [(1, 1, "a"), (2, 2, "a"), (3, 3, "b")] {
        let identity = Identity { system: Some(system.into()), ..Identity::default() };
        save(
            &store,
            at(minute),
            vec![Observation { identity, ..observation(at(minute), Ok(table(size, 2, 9))) }],
        )
        .await;
    }
    let past = store.past(&[history(5, &["size"])], at(9)).await.unwrap();
    assert_eq!(track(&past, "public.orders", "size").unwrap().values, [Value::Int(3)]);
    let known = &past.history[&key()];
    assert_eq!((known.left_out, known.of.as_ref().unwrap().system.as_deref()), (2, Some("b")));
}

#[tokio::test]
async fn an_answer_to_another_question_or_of_a_judged_recording_is_not_the_one_before() {
    let (_place, store) = fresh().await;
    let mut other = observation(at(1), Ok(table(1, 0, 9)));
    other.key.args = r#"{"schemas":["audit"]}"#.into();
    let mut declared = observation(at(1), Ok(table(1, 0, 9)));
    declared.key.facts = "[]".into();
    save(&store, at(1), vec![other, declared]).await;
    let mut replay = one(at(2), Verdict::Fail);
    replay.recording = Some(at(0).to_string());
    let seen = recording_of(at(2), vec![observation(at(2), Ok(table(1, 0, 9)))]);
    store.remember(&replay, Some(&seen)).await.unwrap();
    let past = store.past(&[previous(), history(5, &["size"])], at(9)).await.unwrap();
    assert!(past.before.is_empty());
    assert!(past.history[&key()].subjects.is_empty());
}

#[tokio::test]
async fn files_and_gates_are_not_looked_for_in_the_store() {
    let (_place, store) = fresh().await;
    saw(&store, 1, 10).await;
    let others = [
        PastRequest::Before(Before::Gate, key()),
        PastRequest::Before(Before::Recording("a.json".into()), key()),
    ];
    assert_eq!(store.past(&others, at(9)).await.unwrap(), Past::default());
}

#[tokio::test]
async fn what_was_pruned_is_no_past() {
    let (_place, store) = fresh().await;
    saw(&store, 1, 10).await;
    save(&store, at(60), Vec::new()).await;
    store.prune(at(30)).await.unwrap();
    let past = store.past(&[previous(), history(5, &["size"])], at(90)).await.unwrap();
    assert!(past.before.is_empty() && past.history[&key()].subjects.is_empty());
}

// Samples.

#[tokio::test]
async fn samples_ascend_and_end_at_the_time_that_is_asked_for() {
    let (_place, store) = fresh().await;
    for (minute, size) in [(10, 1), (40, 4), (20, 2), (30, 3), (90, 9)] {
        saw(&store, minute, size).await;
    }
    let past = store.past(&[history(1, &["size"])], at(75)).await.unwrap();
    let seen = track(&past, "public.orders", "size").unwrap();
    assert_eq!(seen.at, [20, 30, 40].map(|minute| at(minute).as_microsecond()));
    assert_eq!(seen.values, [2, 3, 4].map(Value::Int));
    let nulls = track(&past, "public.t0", "size").unwrap();
    assert_eq!(nulls.values, vec![Value::Null; 3], "null is a value");
    assert_eq!(past.history[&key()].subjects.len(), 3);
    assert!(track(&past, "public.orders", "table").is_none());
}

#[tokio::test]
async fn windows_of_one_question_are_joined() {
    let (_place, store) = fresh().await;
    saw(&store, 1, 1).await;
    saw(&store, 119, 2).await;
    let wanted = [history(1, &["table"]), history(9, &["size", "table"]), history(1, &["size"])];
    let past = store.past(&wanted, at(120)).await.unwrap();
    let known = &past.history[&key()];
    assert_eq!(known.facts.iter().map(|fact| &**fact).collect::<Vec<_>>(), ["table", "size"]);
    assert_eq!(track(&past, "public.orders", "size").unwrap().values, [1, 2].map(Value::Int));
    assert_eq!(track(&past, "public.orders", "table").unwrap().values, ["orders"; 2].map(Value::text));
    let never = [PastRequest::History(Key { args: "{}".into(), ..key() }, 9, vec!["a".into()])];
    assert_eq!(store.past(&never, at(9)).await.unwrap().history.len(), 1, "an entry that knows nothing");
}

/// A question with any facts.
fn asked(
    fields: Vec<Field>,
    key: Vec<usize>,
    rows: Vec<Row>,
    minute: i64,
    clock: Option<Timestamp>,
) -> Observation {
    let schema = Schema { version: 1, fields, key, rows: Rows::Many, zero: ZeroRows::Fine };
    let total = rows.len() as u64;
    let table = Table { schema: Arc::new(schema), rows, total, cut: None };
    Observation { source_clock: clock, ..observation(at(minute), Ok(table)) }
}

fn row(cells: impl IntoIterator<Item = Cell>) -> Row {
    cells.into_iter().collect()
}

#[tokio::test]
async fn what_was_not_read_and_what_shares_its_name_is_no_sample() {
    let (_place, store) = fresh().await;
    let fields = || {
        let ty = Type::Int;
        vec![
            Field::declared("name", Type::TEXT),
            Field::declared("n", ty),
            Field::declared("l", Type::list(Type::Int)),
        ]
    };
    let text = |name: &str| Ok(Value::text(name));
    let list = || Ok(Value::List([Ok(Value::Int(1))].into()));
    let denied = || Err(Arc::new(Missing::new(Cause::Denied, "no")));
    let rows = vec![
        row([text("once"), Ok(Value::Int(1)), list()]),
        row([text("twice"), Ok(Value::Int(2)), list()]),
        row([text("unread"), denied(), denied()]),
        row([denied(), Ok(Value::Int(3)), list()]),
        row([text("twice"), Ok(Value::Int(4)), list()]),
    ];
    save(&store, at(1), vec![asked(fields(), vec![0], rows, 1, None)]).await;
    let past = store.past(&[history(1, &["l", "n"])], at(9)).await.unwrap();
    let known = &past.history[&key()];
    assert_eq!(known.facts, [Arc::from("n")], "lists have no samples");
    assert_eq!(known.subjects.keys().map(|name| &**name).collect::<Vec<_>>(), ["once"]);
    assert_eq!(track(&past, "once", "n").unwrap().values, [Value::Int(1)]);
}

#[tokio::test]
async fn a_sample_has_the_time_of_the_source_and_the_subject_of_one_row_is_the_target() {
    let (_place, store) = fresh().await;
    let fields = || vec![Field::declared("lag", Type::DURATION.nullable())];
    let rows = || vec![row([Ok(Value::Int(5))])];
    save(&store, at(1), vec![asked(fields(), vec![], rows(), 1, Some(at(-30)))]).await;
    save(&store, at(2), vec![asked(fields(), vec![], rows(), 2, Some(at(200)))]).await;
    let past = store.past(&[history(9, &["lag"])], at(9)).await.unwrap();
    assert_eq!(track(&past, "shop-db", "lag").unwrap().at, [at(-30).as_microsecond()]);
}

#[tokio::test]
async fn a_sample_of_another_type_is_left_out() {
    let (_place, store) = fresh().await;
    for (minute, ty) in [(1, Type::Int), (2, Type::BYTES), (3, Type::BYTES.nullable())] {
        let fields = vec![Field::declared("size", ty)];
        save(
            &store,
            at(minute),
            vec![asked(fields, vec![], vec![row([Ok(Value::Int(minute))])], minute, None)],
        )
        .await;
    }
    let past = store.past(&[history(9, &["size"])], at(9)).await.unwrap();
    assert_eq!(track(&past, "shop-db", "size").unwrap().values, [2, 3].map(Value::Int));
}

#[tokio::test]
async fn a_long_past_of_many_subjects_comes_back_whole() {
    let (place, store) = fresh().await;
    for minute in 0..600 {
        let mut table = table(minute, 300, 999);
        for (index, row) in (0..).zip(&mut table.rows) {
            row[2] = Ok(Value::Int(index * 1_000_003 + minute));
        }
        save(&store, at(minute), vec![observation(at(minute), Ok(table))]).await;
    }
    let past = store.past(&[history(99, &["size"])], at(900)).await.unwrap();
    let known = &past.history[&key()];
    assert_eq!(known.subjects.len(), 301);
    for index in 0..300 {
        let track = track(&past, &format!("public.t{index}"), "size").unwrap();
        let wanted: Vec<Value> = (0..600).map(|minute| Value::Int(index * 1_000_003 + minute)).collect();
        assert_eq!(track.values, wanted);
    }
    store.close().await;
    let size = std::fs::metadata(&place.path).unwrap().len();
    assert!(size < 301 * 600 * 6, "{size} bytes for {} samples", 301 * 600);
}

// Exactly what was saved.

fn any_cell() -> impl Strategy<Value = Cell> {
    let missing = (0..Cause::ALL.len(), ".{0,4}")
        .prop_map(|(index, what)| Err(Arc::new(Missing::new(Cause::ALL[index], what))));
    let list = proptest::collection::vec(any::<i64>().prop_map(|int| Ok(Value::Int(int))), 0..3);
    prop_oneof![
        Just(Ok(Value::Null)),
        any::<i64>().prop_map(|int| Ok(Value::Int(int))),
        (-1e300..1e300).prop_map(|float| Ok(Value::Float(float))),
        any::<bool>().prop_map(|bool| Ok(Value::Bool(bool))),
        "\\PC{0,60}".prop_map(|text| Ok(Value::text(text))),
        list.prop_map(|list| Ok(Value::List(list.into()))),
        missing,
    ]
}

fn any_table() -> impl Strategy<Value = Table> {
    (1usize..5, 0usize..30).prop_flat_map(|(width, rows)| {
        let types = prop_oneof![
            Just(Type::Int),
            Just(Type::BYTES.nullable()),
            Just(Type::Time),
            Just(Type::words(&["a", "b"])),
            Just(Type::list(Type::TEXT)),
        ];
        let fields = proptest::collection::vec((types, any::<bool>()), width);
        let cells = proptest::collection::vec(proptest::collection::vec(any_cell(), width), rows);
        (fields, cells, any::<u64>(), any::<bool>(), 0..width, any::<bool>()).prop_map(
            |(fields, rows, total, cut, key, one)| {
                let field = |(index, (ty, estimate)): (usize, (Type, bool))| Field {
                    estimate,
                    ..Field::declared(&format!("f{index}"), ty)
                };
                let schema = Schema {
                    version: 3,
                    fields: fields.into_iter().enumerate().map(field).collect(),
                    key: vec![key],
                    rows: if one { Rows::One } else { Rows::Many },
                    zero: if one { ZeroRows::Fine } else { ZeroRows::Suspicious },
                };
                let cut = cut.then(|| Arc::new(Missing::new(Cause::Incomplete, "cut")));
                Table { schema: Arc::new(schema), rows: rows.into_iter().map(row).collect(), total, cut }
            },
        )
    })
}

fn any_observation() -> impl Strategy<Value = Observation> {
    let result = prop_oneof![
        4 => any_table().prop_map(Ok),
        1 => ".{0,9}".prop_map(|what| Err(Arc::new(Missing::new(Cause::Timeout, what).fix("wait")))),
    ];
    let time = || {
        (-9_000_000_000i64..99_000_000_000, 0i32..1_000_000_000)
            .prop_map(|(s, n)| Timestamp::new(s, n).unwrap())
    };
    let who = (".{0,9}", proptest::option::of(".{0,9}")).prop_map(|(host, system)| Identity {
        host: host.into(),
        system: system.map(Arc::from),
        ..Identity::default()
    });
    (result, time(), proptest::option::of(time()), 0u64..1 << 50, who, 0u8..3).prop_map(
        |(result, at, source_clock, took, identity, question)| {
            let key = Key { args: format!("{{\"n\":{question}}}").into(), ..key() };
            Observation { key, result, at, source_clock, took: Duration::from_micros(took), identity }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_saved_comes_back_exactly(runs in proptest::collection::vec(proptest::collection::vec(any_observation(), 0..6), 1..4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_place, store) = fresh().await;
            let mut saved = Vec::new();
            for (minute, observations) in (0..).zip(runs) {
                let recording = recording_of(at(minute), observations);
                let run = store.remember(&one(at(minute), Verdict::Fail), Some(&recording)).await.unwrap();
                saved.push((run, recording));
            }
            for (run, recording) in saved {
                assert_eq!(store.recording(run).await.unwrap(), Some(recording));
            }
            store.prune(at(1)).await.unwrap();
            store.close().await;
        });
    }
}

// Damage.

async fn damaged(sql: &'static str) -> (Place, Store) {
    let (place, store) = fresh().await;
    let wide = || observation(at(1), Ok(table(7, 400, 999)));
    save(&store, at(1), vec![wide()]).await;
    save(&store, at(2), vec![wide()]).await;
    store.close().await;
    assert!(count(&place.path, "SELECT count(*) FROM part").await >= 2);
    execute(&place.path, sql).await;
    let store = Store::open(&place.path).await.unwrap();
    (place, store)
}

#[tokio::test]
async fn a_changed_blob_is_an_error_and_never_a_gap() {
    for sql in [
        "UPDATE blob SET value = substr(value, 1, length(value) - 1)",
        "UPDATE blob SET value = zeroblob(length(value))",
        "UPDATE blob SET value = x''",
        "DELETE FROM part WHERE field = 1 AND observation = 1",
        "DELETE FROM blob",
        "UPDATE observation SET body = substr(body, 1, length(body) - 1)",
        "UPDATE observation SET body = x''",
        "UPDATE observation SET body = zeroblob(40)",
        "UPDATE observation SET shape = 99999",
        "DELETE FROM text WHERE value LIKE '%\"schema\":%'",
        "UPDATE text SET value = '{}' WHERE value LIKE '%\"schema\":%'",
        "UPDATE text SET value = replace(value, '\"size\"', '\"sise\"') WHERE value LIKE '%\"schema\":%';
         UPDATE text SET value = replace(value, ',\"estimate\":true', '}, {\"name\": \"more\", \"type\": \"int\"') WHERE value LIKE '%\"schema\":%'",
    ] {
        let (_place, store) = damaged(sql).await;
        let past = store.past(&[history(9, &["size"])], at(9)).await;
        let said = [
            store.recording(1).await.err(),
            store.samples("shop-db", "postgres.tables", None, at(0)).await.err(),
            past.err(),
        ];
        for error in said {
            assert!(matches!(error, Some(StoreError::Content { .. })), "{sql}: {error:?}");
        }
    }
    let (_place, store) = damaged("DELETE FROM observation WHERE id = 2").await;
    assert!(matches!(store.recording(2).await, Err(StoreError::Content { .. })));
}

// The same through a log that machines share.

super::shared::tests::through_a_log! {
    the_answer_before_of_a_check_is_that_of_a_run_that_judged_it,
    samples_begin_anew_with_another_system,
    the_answer_before_is_that_of_the_newest_run_by_its_own_time,
    an_answer_that_failed_is_not_the_one_before,
    an_answer_to_another_question_or_of_a_judged_recording_is_not_the_one_before,
    files_and_gates_are_not_looked_for_in_the_store,
    what_was_pruned_is_no_past,
    samples_ascend_and_end_at_the_time_that_is_asked_for,
    windows_of_one_question_are_joined,
    what_was_not_read_and_what_shares_its_name_is_no_sample,
    a_sample_has_the_time_of_the_source_and_the_subject_of_one_row_is_the_target,
    a_sample_of_another_type_is_left_out,
    a_changed_blob_is_an_error_and_never_a_gap,
}
