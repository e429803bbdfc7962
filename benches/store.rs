//! What `benches/store.py` measures: the store as the library offers it, beside a plain table of the same samples.
//!
//! `store FOLDER recall|size|single` writes a store into the folder and prints figures, a line each.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench stops at the first thing that is wrong, and measures by the clock"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use passmuster::fact::{
    Args, Field, Identity, Key, Observation, Past, PastRequest, Recording, Request, Rows, Schema,
    TableBuilder, Type, Value, ZeroRows,
};
use passmuster::store::Store;
use passmuster::verdict::{Counts, RunReport};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, Row, SqliteConnection};

/// Days, subjects and minutes between two runs of the recall.
const RUNS: i64 = 30 * 24 * 12;
const SUBJECTS: i64 = 1000;

fn start() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

fn at(run: i64) -> Timestamp {
    start() + SignedDuration::from_mins(5 * run)
}

/// A size that grows with every run, as the SQL of the plain table counts it too.
fn value(run: i64, subject: i64, fact: i64) -> i64 {
    subject * 7919 % 100_003 * 4096
        + run * (subject % 97) * 512
        + (subject * 31 + run * 17 + fact * 13) % 1009
}

const SQL_VALUE: &str = "s.n * 7919 % 100003 * 4096 + r.n * (s.n % 97) * 512 + (s.n * 31 + r.n * 17) % 1009";

fn schema(facts: i64, keyed: bool) -> Arc<Schema> {
    let mut fields = vec![Field::declared("name", Type::TEXT)];
    fields.extend((0..facts).map(|fact| Field::declared(&format!("f{fact}"), Type::BYTES)));
    let (key, rows) = if keyed { (vec![0], Rows::Many) } else { (vec![], Rows::One) };
    Arc::new(Schema { version: 1, fields, key, rows, zero: ZeroRows::Suspicious })
}

fn observation(run: i64, target: &str, subjects: i64, facts: i64) -> Observation {
    let schema = schema(facts, subjects > 1);
    let request = Request::new("bench.sizes", target, Args::default(), Arc::clone(&schema), Vec::new());
    let mut table = TableBuilder::new(&schema, usize::MAX);
    for subject in 0..subjects {
        let mut row = table.row().set("name", Value::text(format!("public.table_{subject:05}")));
        for (field, fact) in (1..).zip(0..facts) {
            row = row.at(field, Ok(Value::Int(value(run, subject, fact))));
        }
        row.push();
    }
    let took = Duration::from_micros(1234);
    let identity = Identity { host: target.into(), ..Identity::default() };
    Observation {
        key: request.key,
        result: Ok(table.finish()),
        at: at(run),
        source_clock: Some(at(run)),
        took,
        identity,
    }
}

fn report(run: i64) -> RunReport {
    RunReport {
        muster: "0.1.0".into(),
        host: "bench".into(),
        started: at(run).to_string(),
        recording: None,
        targets: Vec::new(),
        checks: Vec::new(),
        notices: Vec::new(),
        faults: Vec::new(),
        checks_by_verdict: Counts::default(),
        subjects: Counts::default(),
        exit: 0,
        exit_reason: "all is well".to_owned(),
        timings: None,
    }
}

async fn fill(path: &Path, runs: i64, answers: impl Fn(i64) -> Vec<Observation>) -> Store {
    let store = Store::open(path).await.unwrap();
    let began = Instant::now();
    for run in 0..runs {
        let recording = Recording {
            about: None,
            muster: "0.1.0".into(),
            started: at(run),
            policies: Vec::new(),
            observations: answers(run),
            complete: true,
            past: Past::default(),
            gate: None,
        };
        store.remember(&report(run), Some(&recording)).await.unwrap();
    }
    println!(
        "saved_ms_per_run {:.3}",
        began.elapsed().as_secs_f64() * 1000.0 / f64::from(i32::try_from(runs).unwrap())
    );
    store
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

async fn plain(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut plain = SqliteConnection::connect_with(&options).await.unwrap();
    let fill = format!(
        "CREATE TABLE sample (subject INTEGER NOT NULL, at INTEGER NOT NULL, value INTEGER NOT NULL);
         WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r WHERE n < {RUNS} - 1)
         INSERT INTO sample SELECT s.n, {} + r.n * 300000000, {SQL_VALUE} FROM r CROSS JOIN
            (WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < {SUBJECTS} - 1) SELECT n FROM s) s",
        start().as_microsecond()
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(fill)).execute(&mut plain).await.unwrap();
    plain
}

async fn recall(folder: &Path) {
    let path = folder.join("store.db");
    let store = fill(&path, RUNS, |run| vec![observation(run, "db", SUBJECTS, 1)]).await;
    store.close().await;
    println!("store_bytes {}", size(&path));
    let store = Store::open(&path).await.unwrap();
    let key: Key = observation(0, "db", 2, 1).key;
    let window = i64::try_from(SignedDuration::from_hours(31 * 24).as_micros()).unwrap();
    let wanted = [PastRequest::History(key, window, vec!["f0".into()])];
    let mut sum = 0i64;
    for _ in 0..3 {
        let began = Instant::now();
        let past = store.past(&wanted, at(RUNS)).await.unwrap();
        println!("recall_ms {:.1}", began.elapsed().as_secs_f64() * 1000.0);
        let tracks = past.history.values().flat_map(|history| history.subjects.values()).flatten();
        let values = tracks.clone().flat_map(|track| &track.values).filter_map(Value::as_int);
        sum = values.fold(0, i64::wrapping_add);
        println!("recalled {}", tracks.map(|track| track.at.len()).sum::<usize>());
    }
    store.close().await;
    let plain_path = folder.join("plain.db");
    let mut plain = plain(&plain_path).await;
    println!("plain_bytes {}", size(&plain_path));
    for _ in 0..3 {
        let began = Instant::now();
        let mut rows = sqlx::query("SELECT subject, at, value FROM sample").fetch(&mut plain);
        let (mut count, mut plain_sum) = (0u64, 0i64);
        while let Some(row) = rows.try_next().await.unwrap() {
            let (_, _, value): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
            plain_sum = plain_sum.wrapping_add(value);
            count += 1;
        }
        println!("plain_sqlx_ms {:.1}", began.elapsed().as_secs_f64() * 1000.0);
        assert_eq!((sum, count), (plain_sum, u64::try_from(RUNS * SUBJECTS).unwrap()));
    }
}

/// A million samples of five facts, in answers of so many rows; then half of them is forgotten.
async fn million(folder: &Path, answers: i64, subjects: i64) {
    let path = folder.join("store.db");
    let runs = 1_000_000 / answers / subjects;
    let one = |run| (0..answers).map(|n| observation(run, &format!("db{n}"), subjects, 5)).collect();
    fill(&path, runs, one).await.close().await;
    println!("store_bytes {}", size(&path));
    let store = Store::open(&path).await.unwrap();
    let began = Instant::now();
    println!("pruned_runs {}", store.prune(at(runs / 2)).await.unwrap());
    println!("prune_ms {:.1}", began.elapsed().as_secs_f64() * 1000.0);
    store.close().await;
    println!("left_bytes {}", size(&path));
}

fn main() {
    let words: Vec<String> = std::env::args().filter(|word| word != "--bench").collect();
    let [_, folder, what] = words.as_slice() else {
        println!("store FOLDER recall|size|single; benches/store.py calls it");
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        match what.as_str() {
            "recall" => recall(Path::new(folder)).await,
            "size" => million(Path::new(folder), 1, 1000).await,
            "small" => million(Path::new(folder), 10, 10).await,
            _ => million(Path::new(folder), 50, 1).await,
        }
    });
}
