//! Against a real MariaDB.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, MySqlConnection};

use crate::fact::{Cause, Level, Missing, Value};
use crate::probe::postgres::testing::{block, env};
use crate::probe::testing::{Question, ask, cell, value};
use crate::secret::{Redactor, Secret};

static NEXT: AtomicU32 = AtomicU32::new(0);

pub(in crate::probe) struct Database {
    name: String,
}

async fn admin() -> MySqlConnection {
    MySqlConnectOptions::new()
        .host(&env("MUSTER_TEST_MARIADB_HOST"))
        .port(env("MUSTER_TEST_MARIADB_PORT").parse().unwrap())
        .username("muster_admin")
        .password(&env("MUSTER_TEST_MARIADB_PASSWORD"))
        .connect()
        .await
        .unwrap()
}

fn run(sql: String) {
    block(async {
        let mut connection = admin().await;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

impl Database {
    pub(in crate::probe) fn new(sql: &str) -> Self {
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        run(format!("create database {name}; use {name}; {sql}"));
        Self { name }
    }

    fn ask(&self, user: &str, sql: &str) -> Question {
        self.question(user, ask("mysql.query", json!({"sql": "-"})).arg("sql", Value::text(sql)))
    }

    /// The same question, asked of this database.
    pub(in crate::probe) fn question(&self, user: &str, question: Question) -> Question {
        let (host, port) = (env("MUSTER_TEST_MARIADB_HOST"), env("MUSTER_TEST_MARIADB_PORT"));
        let url = format!("mysql://{user}@{host}:{port}/{}", self.name);
        question.target(|target| {
            target.kind = "mysql".into();
            target.url = Some(url.parse().unwrap());
            target.password = Some(Secret::new(&env("MUSTER_TEST_MARIADB_PASSWORD"), &Redactor::new()));
        })
    }

    fn failed(&self, sql: &str) -> Missing {
        self.ask("muster_reader", sql).fact("a", "int", "").run().expect_err(sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A failed test must show its own panic; the whole server is thrown away anyway.
        if std::thread::panicking() {
            return;
        }
        run(format!("drop database if exists {}", self.name));
    }
}

#[test]
fn a_query_gives_its_columns_typed() {
    let database = Database::new(
        "create table t (id bigint unsigned, price decimal(20,2), name varchar(20), seen timestamp(6) null,
         day date, raw varbinary(4), flag tinyint(1), bits bit(12), f float, d double, e enum('x','y'), j json);
         set time_zone = '+05:30';
         insert into t values (9007199254740993, 12.50, 'a', '2026-11-01 08:30:00.25', '2026-11-01', x'ff00', 1, 2571, 0.1, 0.25, 'y', '[1]')",
    );
    let answer = database
        .ask("muster_reader", "select t.*, sum(id) as s, count(*) > 0 as many, null as n from t # end")
        .fact("id", "int", "")
        .fact("price", "float", "")
        .fact("name", "text", "")
        .fact("seen", "time", "")
        .fact("day", "date", "")
        .fact("raw", "text", "")
        .fact("flag", "bool", "")
        .fact("many", "bool", "")
        .fact("bits", "int", "")
        .fact("f", "float", "")
        .fact("e", "enum(x|y)", "")
        .fact("s", "int", "")
        .fact("n", "int?", "")
        .run()
        .unwrap();
    assert_eq!(value(&answer, 0, "id"), Value::Int(9_007_199_254_740_993));
    assert_eq!(value(&answer, 0, "price"), Value::Float(12.5));
    assert_eq!(value(&answer, 0, "seen"), Value::Int(1_793_502_000_250_000));
    assert_eq!(value(&answer, 0, "day"), Value::Int(20_758));
    assert_eq!(value(&answer, 0, "raw"), Value::text("0xff00"));
    assert_eq!(value(&answer, 0, "flag"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "many"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "bits"), Value::Int(2571));
    assert_eq!(value(&answer, 0, "f"), Value::Float(0.1));
    assert_eq!(value(&answer, 0, "e"), Value::text("y"));
    assert_eq!(value(&answer, 0, "s"), Value::Int(9_007_199_254_740_993));
    assert_eq!(value(&answer, 0, "n"), Value::Null);
    assert!(answer.identity.version.unwrap().contains("MariaDB"));
    let clock = answer.source_clock.unwrap();
    assert!((clock.as_second() - jiff::Timestamp::now().as_second()).abs() < 5, "{clock}");
}

#[test]
fn a_value_of_another_type_is_never_bent() {
    let database = Database::new("");
    for (column, ty, says) in [
        ("cast('2026-11-01' as datetime)", "time", "no time zone"),
        ("cast('01:00:00' as time)", "duration", "time_to_sec"),
        ("18446744073709551615", "int", "not a whole number"),
        ("2", "bool", "not bool"),
        ("null", "int", "is null"),
        ("'1'", "int", "not int"),
    ] {
        let answer = database.ask("muster_reader", &format!("select {column} as a")).fact("a", ty, "").run();
        let why = cell(&answer.unwrap(), 0, "a").unwrap_err();
        assert_eq!(why.cause, Cause::WrongType, "{column}");
        let text = format!("{why} {}", why.fix.clone().unwrap_or_default());
        assert!(text.contains(says), "{column}: {text}");
    }
}

#[test]
fn a_date_of_zero_is_no_null() {
    let database = Database::new(
        "set sql_mode = ''; create table t (day date, at timestamp null); insert into t values ('0000-00-00', '0000-00-00 00:00:00'), (null, null)",
    );
    for (column, ty) in [("day", "date?"), ("at", "time?")] {
        let of = |rows: &str| {
            let sql = format!("select {column} as a from t where {column} {rows}");
            database.ask("muster_reader", &sql).fact("a", ty, "").run().unwrap()
        };
        assert!(cell(&of("is not null"), 0, "a").is_err(), "{column}: nobody wrote a null there");
        assert_eq!(value(&of("<=> null"), 0, "a"), Value::Null, "{column}");
    }
}

#[test]
fn nothing_can_be_changed() {
    let database = Database::new(
        "create table t (id int); grant all on t to muster_reader;
         create function sly() returns int modifies sql data begin insert into t values (1); return 1; end; grant execute on function sly to muster_reader",
    );
    for sql in [
        "delete from t",
        "select 1 as a; select 2",
        "select 1 as a into outfile '/tmp/x'",
        "select get_lock('a', 1) as a",
        "select 1 as a) q, (select 2",
    ] {
        assert_eq!(database.failed(sql).cause, Cause::Denied, "{sql}");
    }
    let why = database.failed("select sly() as a");
    assert_eq!(why.cause, Cause::Denied, "{why}");
    assert!(why.what.contains("1792"), "{why}");
    let why = database.ask("muster_admin", "select 1 as a").fact("a", "int", "").run().unwrap_err();
    assert_eq!(why.cause, Cause::Denied);
    assert!(why.what.contains("SUPER"), "{why}");
    run(format!(
        "revoke all on {0}.t from muster_reader; revoke execute on function {0}.sly from muster_reader",
        database.name
    ));
}

#[test]
fn faults_have_their_cause() {
    let database = Database::new("create table t (id int)");
    assert_eq!(database.failed("select x as a from t").cause, Cause::Absent);
    assert_eq!(database.failed("select id as a from nowhere").cause, Cause::Absent);
    assert_eq!(database.failed("select 1 as a, 2 as a").cause, Cause::Ambiguous);
    assert_eq!(database.failed("select from where").cause, Cause::Malformed);
    assert_eq!(database.failed("select id as a from t").cause, Cause::Empty);
    let why = database.ask("muster_plain", "select id as a from t").fact("a", "int", "").run().unwrap_err();
    assert_eq!(why.cause, Cause::Denied, "{why}");
    let why = database.failed("select user as a from mysql.user");
    assert_eq!((why.cause, why.level), (Cause::Denied, Level::Probe), "{why}");
    let wrong = |change: fn(&mut crate::probe::Target)| {
        database.ask("muster_reader", "select 1 as a").target(change).fact("a", "int", "").run().unwrap_err()
    };
    let why = wrong(|target| target.password = Some(Secret::new("hunter2hunter2", &Redactor::new())));
    assert_eq!((why.cause, why.level), (Cause::Denied, Level::Target));
    let why = wrong(|target| target.url.as_mut().unwrap().set_path("/test_none"));
    assert_eq!((why.cause, why.level), (Cause::Absent, Level::Target), "{why}");
    let why = wrong(|target| target.url.as_mut().unwrap().set_port(Some(1)).unwrap());
    assert_eq!((why.cause, why.level), (Cause::Unreachable, Level::Target));
    let tls = database.ask("muster_reader", "select 1 as a").fact("a", "int", "");
    tls.target(|target| target.tls.ca = Some(env("MUSTER_TEST_MARIADB_CA").into())).run().unwrap();
}

#[test]
fn the_server_ends_what_lasts_too_long() {
    let database = Database::new("create table t (id int)");
    let slow = database.ask("muster_reader", "select sleep(20) as a").fact("a", "int", "");
    let why = slow.deadline(Duration::from_millis(900)).run().unwrap_err();
    assert_eq!((why.cause, why.level), (Cause::Timeout, Level::Probe), "{why}");
    assert!(why.what.contains("1969"), "stopped by the server: {why}");
    let why = block(async {
        let mut other = admin().await;
        other.execute(AssertSqlSafe(format!("lock tables {}.t write", database.name))).await.unwrap();
        let asked = database.ask("muster_reader", "select count(*) as a from t").fact("a", "int", "");
        let why = asked.run_async().await.unwrap_err();
        other.close().await.unwrap();
        why
    });
    assert_eq!(why.cause, Cause::Timeout, "{why}");
}

#[test]
fn rows_that_name_files_stream() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a"), "abc").unwrap();
    std::fs::write(dir.path().join("b"), "abc").unwrap();
    let database = Database::new(
        "create table uploads (path varchar(99), size bigint unsigned, digest binary(16));
         insert into uploads values ('a', 3, unhex(md5('abc'))), ('b', 3, unhex(md5('abd'))), ('gone', null, null), (null, 1, null)",
    );
    let ask = |user: &str, sql: &str| {
        let args = json!({"sql": sql, "root": dir.path(), "depth": "content", "algorithm": "md5"});
        let asked = database.ask(user, sql);
        let target = asked.given();
        ask("data.files", args).target(move |own| *own = target).run()
    };
    let answer = ask("muster_reader", "select path, size, digest from uploads;").unwrap();
    let counts = ["references", "nameless", "missing", "extra", "size_differs", "content_differs"];
    assert_eq!(counts.map(|name| value(&answer, 0, name)), [4, 1, 1, 0, 0, 1].map(Value::Int));
    assert_eq!(ask("muster_admin", "select path, digest from uploads").unwrap_err().cause, Cause::Denied);
    assert_eq!(ask("muster_reader", "select path from uploads").unwrap_err().cause, Cause::Absent);
    assert_eq!(ask("muster_reader", "select path, digest from gone").unwrap_err().cause, Cause::Absent);
}
