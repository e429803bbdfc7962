//! Against real files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use crate::fact::{Cause, Level, Missing, Value};
use crate::probe::postgres::testing::block;
use crate::probe::testing::{Question, ask, cell, value};
use tokio::time::Instant;

struct File {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(false)
        .connect()
        .await
        .unwrap()
}

async fn run(connection: &mut SqliteConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

impl File {
    fn new(sql: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a b?c.db");
        block(async {
            let mut connection = open(&path).await;
            run(&mut connection, sql).await;
            connection.close().await.unwrap();
        });
        Self { _dir: dir, path }
    }

    fn ask(&self, probe: &'static str) -> Question {
        let args = if probe == "sqlite.query" { json!({"sql": "-"}) } else { json!({}) };
        ask(probe, args).target(|target| target.path = Some(self.path.clone()))
    }

    fn query(&self, sql: &str) -> Question {
        self.ask("sqlite.query").arg("sql", Value::text(sql))
    }

    fn failed(&self, sql: &str) -> Missing {
        self.query(sql).fact("a", "int", "").run().expect_err(sql)
    }
}

const SHOP: &str = "create table t (id integer primary key, p int references p(id), note text);
    create index i on t (note); create table p (id integer primary key); create table \"My Table\" (a);
    insert into t values (1, 7, 'x'), (2, null, 'y'); insert into p values (1); analyze;
    pragma user_version = 12; pragma application_id = 99";

#[test]
fn a_database_tells_its_size_and_health() {
    let file = File::new(SHOP);
    let answer = file.ask("sqlite.database").run().unwrap();
    assert_eq!(value(&answer, 0, "page_size"), Value::Int(4096));
    assert_eq!(value(&answer, 0, "path"), Value::text(file.path.display().to_string()));
    let pages = value(&answer, 0, "page_count").as_int().unwrap();
    assert_eq!(value(&answer, 0, "size"), Value::Int(pages * 4096));
    assert_eq!(value(&answer, 0, "freelist_count"), Value::Int(0));
    assert_eq!(value(&answer, 0, "wal_size"), Value::Null);
    assert_eq!(value(&answer, 0, "journal_mode"), Value::text("delete"));
    assert_eq!(value(&answer, 0, "user_version"), Value::Int(12));
    assert_eq!(value(&answer, 0, "application_id"), Value::Int(99));
    assert_eq!(value(&answer, 0, "integrity"), Value::text("ok"));
    assert_eq!(value(&answer, 0, "foreign_key_violations"), Value::Int(1));
    let answer = file.ask("sqlite.database").without(&["integrity", "integrity_report"]).run().unwrap();
    assert_eq!(cell(&answer, 0, "integrity").unwrap_err().cause, Cause::Absent);
}

#[test]
fn a_damaged_page_is_corrupt() {
    let file = File::new(
        "create table t (a text); insert into t select hex(randomblob(200)) from
        (with recursive n(i) as (select 1 union all select i + 1 from n where i < 500) select i from n)",
    );
    let mut bytes = std::fs::read(&file.path).unwrap();
    let middle = bytes.len() / 4096 / 2 * 4096;
    bytes[middle..middle + 64].fill(0xff);
    std::fs::write(&file.path, bytes).unwrap();
    let answer = file.ask("sqlite.database").run().unwrap();
    assert_eq!(value(&answer, 0, "integrity"), Value::text("corrupt"));
    let Value::List(report) = value(&answer, 0, "integrity_report") else { panic!("no list") };
    assert!(!report.is_empty());
    let why = file.failed("select sum(length(a)) as a from t");
    assert_eq!(why.cause, Cause::Malformed, "{why}");
}

#[test]
fn tables_are_listed_with_rows_and_sizes() {
    let file = File::new(SHOP);
    let answer = file.ask("sqlite.tables").run().unwrap();
    assert_eq!(answer.table.rows.len(), 3);
    assert_eq!(value(&answer, 0, "name"), Value::text("\"My Table\""));
    assert_eq!(value(&answer, 0, "rows"), Value::Int(0));
    assert_eq!(value(&answer, 2, "name"), Value::text("t"));
    assert_eq!(value(&answer, 2, "rows"), Value::Int(2));
    assert_eq!(value(&answer, 2, "indexes"), Value::Int(1));
    assert_eq!(value(&answer, 2, "size"), Value::Int(8192));
    assert_eq!(value(&answer, 2, "has_statistics"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "has_statistics"), Value::Bool(false));
}

#[test]
fn a_query_gives_its_columns_typed() {
    let file = File::new("create table t (a)");
    let sql = "select 9007199254740993 as i, 0.25 as r, 'x' as s, x'ff' as b, null as n, 1 as flag,
        '2026-11-01 03:00:00' as t1, '2026-11-01T03:00:00.5+01:00' as t2, 'text' as wrong, '7' as seven";
    let answer = file
        .query(sql)
        .fact("i", "int", "")
        .fact("r", "ratio", "")
        .fact("s", "text", "")
        .fact("b", "text", "")
        .fact("n", "int?", "")
        .fact("flag", "bool", "")
        .fact("t1", "time", "")
        .fact("t2", "time", "")
        .fact("wrong", "int", "")
        .fact("seven", "int", "")
        .fact("nothing", "int?", "")
        .run()
        .unwrap();
    assert_eq!(value(&answer, 0, "i"), Value::Int(9_007_199_254_740_993));
    assert_eq!(value(&answer, 0, "r"), Value::Float(0.25));
    assert_eq!(value(&answer, 0, "b"), Value::text("0xff"));
    assert_eq!(value(&answer, 0, "n"), Value::Null);
    assert_eq!(value(&answer, 0, "flag"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "t1"), Value::Int(1_793_502_000_000_000));
    assert_eq!(value(&answer, 0, "t2"), Value::Int(1_793_498_400_500_000));
    assert_eq!(cell(&answer, 0, "wrong").unwrap_err().cause, Cause::WrongType);
    assert_eq!(cell(&answer, 0, "seven").unwrap_err().cause, Cause::WrongType);
    assert_eq!(cell(&answer, 0, "nothing").unwrap_err().cause, Cause::Absent);
}

#[test]
fn nothing_is_created_or_changed() {
    let file = File::new("create table t (a)");
    let before = std::fs::read(&file.path).unwrap();
    let other = file.path.with_file_name("other.db");
    for sql in [
        "insert into t values (1)".to_owned(),
        "select 1 as a; insert into t values (1)".to_owned(),
        format!("attach '{}' as o", other.display()),
        "pragma user_version = 3".to_owned(),
        "select load_extension('x') as a".to_owned(),
        "vacuum".to_owned(),
    ] {
        assert_eq!(file.failed(&sql).cause, Cause::Denied, "{sql}");
    }
    assert_eq!(std::fs::read(&file.path).unwrap(), before);
    assert!(!other.exists());
    let missing = ask("sqlite.database", json!({})).target(|target| target.path = Some(other.clone()));
    let why = missing.run().unwrap_err();
    assert_eq!((why.cause, why.level), (Cause::Absent, Level::Target));
    assert!(!other.exists(), "looking must not create it");
}

#[test]
fn what_is_no_database_has_its_cause() {
    let file = File::new("create table t (a)");
    let at = |content: &[u8]| {
        let path = file.path.with_file_name("x.db");
        std::fs::write(&path, content).unwrap();
        let asked = ask("sqlite.database", json!({})).target(|target| target.path = Some(path));
        let why = asked.run().unwrap_err();
        (why.cause, why.level)
    };
    assert_eq!(at(&[b'x'; 5000]), (Cause::Malformed, Level::Target));
    assert_eq!(at(b""), (Cause::Empty, Level::Target));
    let dir = file.path.parent().unwrap().to_owned();
    let why = ask("sqlite.database", json!({})).target(|target| target.path = Some(dir)).run().unwrap_err();
    assert_eq!((why.cause, why.level), (Cause::WrongType, Level::Target));
    let why = file.failed("select a from nowhere");
    assert_eq!(why.cause, Cause::Absent, "{why}");
    assert_eq!(file.failed("select other as a from t").cause, Cause::Absent);
    assert_eq!(file.failed("select from where").cause, Cause::Malformed);
    assert_eq!(file.failed("select a from t").cause, Cause::Empty);
    assert_eq!(file.failed("select 1 as a, 2 as a").cause, Cause::Ambiguous);
    assert_eq!(file.failed("select abs(-9223372036854775808) as a").cause, Cause::Undecidable);
}

#[test]
fn a_locked_database_is_a_timeout() {
    let file = File::new("create table t (a)");
    let why = block(async {
        let mut other = open(&file.path).await;
        run(&mut other, "begin exclusive").await;
        let why = file.ask("sqlite.database").deadline(Duration::from_secs(1)).run_async().await.unwrap_err();
        run(&mut other, "rollback").await;
        why
    });
    assert_eq!(why.cause, Cause::Timeout, "{why}");
    assert!(why.what.contains("locked"), "{why}");
}

#[test]
fn a_wal_is_read_and_measured() {
    let file = File::new("pragma journal_mode = wal; create table t (a)");
    let answer = block(async {
        let mut other = open(&file.path).await;
        run(&mut other, "insert into t values (1)").await;
        let answer = file.ask("sqlite.database").run_async().await;
        other.close().await.unwrap();
        answer.unwrap()
    });
    assert_eq!(value(&answer, 0, "journal_mode"), Value::text("wal"));
    assert!(value(&answer, 0, "wal_size").as_int().unwrap() > 4096);
}

#[test]
fn a_runaway_query_is_stopped_on_its_own_thread() {
    let file = File::new("create table t (a)");
    let start = Instant::now();
    let endless =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as a from n";
    let asked = file.query(endless).fact("a", "int", "").deadline(Duration::from_millis(400));
    let why = asked.run().unwrap_err();
    assert_eq!(why.cause, Cause::Timeout);
    // The words of the thread itself: it has stopped, and not only we have gone away.
    assert!(why.what.contains("interrupted"), "{why}");
    assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
}

#[test]
fn more_rows_than_wanted_are_cut_and_said() {
    let file = File::new("create table t (a); insert into t values (1), (2), (3)");
    let answer = file.query("select a from t").fact("a", "int", "").key(&["a"]).max_rows(2).run().unwrap();
    assert_eq!(answer.table.rows.len(), 2);
    assert_eq!(answer.table.cut.unwrap().cause, Cause::Incomplete);
}
