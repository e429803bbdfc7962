//! Against a real server: grants, locks, deadlines, poolers, broken answers.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, Executor};

use super::testing::{Database, block, env, missing, row_of, run};
use crate::fact::{Cause, Level, Missing, Value};
use crate::probe::Databases;
use crate::probe::testing::{Question, ask, value};
use crate::secret::{Redactor, Secret};

fn query(database: &Database, role: &str, sql: &str) -> Question {
    database.ask(role, "postgres.query", json!({ "sql": "-" })).sql(sql)
}

impl Question {
    /// Sets the query; the literal reader of arguments would strip it.
    fn sql(self, sql: &str) -> Self {
        self.arg("sql", Value::text(sql))
    }
}

fn failed(question: Question) -> Missing {
    question.run().expect_err("an answer where there must be none")
}

#[test]
fn the_server_tells_a_plain_role_all_but_the_size_of_closed_databases() {
    let database = Database::new("select 1");
    let answer = database.ask("muster_plain", "postgres.server", json!({})).run().unwrap();
    assert_eq!(value(&answer, 0, "role"), Value::text("primary"));
    assert_eq!(value(&answer, 0, "fsync"), Value::Bool(false));
    assert_eq!(value(&answer, 0, "full_page_writes"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "autovacuum"), Value::Bool(false));
    assert_eq!(value(&answer, 0, "superuser"), Value::Bool(false));
    assert_eq!(value(&answer, 0, "archive_mode"), Value::text("off"));
    assert_eq!(value(&answer, 0, "last_archived"), Value::Null);
    assert!(value(&answer, 0, "xid_age").as_int().unwrap() > 0);
    let Value::Text(system) = value(&answer, 0, "system_identifier") else { panic!("no text") };
    assert_eq!(answer.identity.system.as_deref(), Some(&*system));
    assert_eq!(answer.identity.role.as_deref(), Some("primary"));
    let clock = answer.source_clock.unwrap();
    assert!((clock.as_second() - jiff::Timestamp::now().as_second()).abs() < 5, "{clock}");
    assert_eq!(value(&answer, 0, "server_time"), Value::time(clock));

    run("postgres", &format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", database.name));
    let closed = |role| {
        let url = format!("postgres://{role}@127.0.0.1:{}/postgres", env("MUSTER_TEST_PG_PORT"));
        ask("postgres.server", json!({})).target(|target| {
            target.url = Some(url.parse().unwrap());
            target.password = Some(Secret::new(&env("MUSTER_TEST_PG_PASSWORD"), &Redactor::new()));
        })
    };
    let answer = closed("muster_plain").run().unwrap();
    let why = missing(&answer, 0, "size");
    assert_eq!(why.cause, Cause::Denied);
    assert!(why.what.contains(&database.name), "{why}");
    assert_eq!(why.fix.as_deref(), Some("GRANT pg_monitor TO \"muster_plain\";"));
    let answer = closed("muster_monitor").run().unwrap();
    assert!(value(&answer, 0, "size").as_int().unwrap() > 1 << 20);
    let answer = closed("muster_plain").without(&["size"]).run().unwrap();
    assert_eq!(missing(&answer, 0, "size").cause, Cause::Absent, "nobody asked");
}

#[test]
fn a_dangerous_role_is_flagged_and_may_not_query() {
    let database = Database::new("select 1");
    for (role, says) in [("postgres", "is superuser"), ("muster_signal", "is a member of pg_signal_backend")]
    {
        let answer = database.ask(role, "postgres.server", json!({})).run().unwrap();
        assert_eq!(value(&answer, 0, "superuser"), Value::Bool(true), "{role}");
        let why = failed(query(&database, role, "select 1 as a").fact("a", "int", ""));
        assert_eq!(why.cause, Cause::Denied);
        assert!(why.what.contains(says) && why.what.contains(role), "{why}");
        assert!(why.fix.unwrap().contains("GRANT pg_monitor"));
    }
}

#[test]
fn states_of_other_sessions_need_pg_monitor() {
    let database = Database::new("select 1");
    let (plain, seen) = block(async {
        let mut other = database.connect().await;
        other.execute("begin").await.unwrap();
        other.execute("select 1").await.unwrap();
        let ask = |role| database.ask(role, "postgres.connections", json!({})).run_async();
        let answers = (ask("muster_plain").await.unwrap(), ask("muster_monitor").await.unwrap());
        other.close().await.unwrap();
        answers
    });
    assert_eq!(value(&plain, 0, "max_connections"), Value::Int(100));
    assert_eq!(value(&plain, 0, "reserved"), Value::Int(3));
    assert_eq!(value(&plain, 0, "available"), Value::Int(97));
    assert!(value(&plain, 0, "used").as_int().unwrap() >= 1);
    for name in ["active", "idle_in_transaction", "oldest_transaction_start", "waiting_on_lock"] {
        let why = missing(&plain, 0, name);
        assert_eq!((why.cause, why.level), (Cause::Denied, Level::Field), "{name}");
        assert_eq!(why.fix.as_deref(), Some("GRANT pg_monitor TO \"muster_plain\";"));
    }
    assert!(value(&seen, 0, "idle_in_transaction").as_int().unwrap() >= 1);
    let start = value(&seen, 0, "oldest_transaction_start").as_int().unwrap();
    assert!(start > 1_700_000_000_000_000, "{start}");
    assert!(!value(&seen, 0, "oldest_idle_in_transaction_start").is_null());
}

const TABLES: &str = "create table empty (id int primary key);
create table \"Order Items\" (id int, note text);
create table half (id int) with (autovacuum_enabled = off);
insert into half select generate_series(1, 1000);
insert into \"Order Items\" select 1 from generate_series(1, 10);
analyze half;
delete from half where id > 500;
vacuum \"Order Items\";
create schema other;
create table other.t (id int primary key);
create table parted (id int) partition by range (id);
create table part1 partition of parted for values from (0) to (10);
create materialized view mv as select 1 as a;
select pg_stat_force_next_flush()";

#[test]
fn tables_carry_what_autovacuum_knows() {
    let database = Database::new(TABLES);
    let answer = database.ask("muster_plain", "postgres.tables", json!({})).run().unwrap();
    let names: Vec<Value> = (0..answer.table.rows.len()).map(|row| value(&answer, row, "table")).collect();
    assert_eq!(names.len(), 6, "{names:?}");
    let empty = row_of(&answer, "public.empty");
    assert_eq!(value(&answer, empty, "dead_ratio"), Value::Null);
    assert_eq!(value(&answer, empty, "last_vacuum"), Value::Null);
    assert_eq!(value(&answer, empty, "pages_size"), Value::Null);
    assert_eq!(value(&answer, empty, "has_primary_key"), Value::Bool(true));
    assert_eq!(value(&answer, empty, "autovacuum_enabled"), Value::Bool(true));
    let half = row_of(&answer, "public.half");
    assert_eq!(value(&answer, half, "total_rows"), Value::Int(1000));
    assert_eq!(value(&answer, half, "dead_ratio"), Value::Float(0.5));
    assert_eq!(value(&answer, half, "modified_since_analyze"), Value::Int(500));
    assert_eq!(value(&answer, half, "autovacuum_enabled"), Value::Bool(false));
    assert!(value(&answer, half, "last_analyze").as_int().unwrap() > 1_700_000_000_000_000);
    assert!(value(&answer, half, "pages_size").as_int().unwrap() >= 8192);
    assert!(value(&answer, half, "size").as_int().unwrap() >= 8192);
    assert!(value(&answer, half, "xid_age").as_int().unwrap() >= 1);
    let items = row_of(&answer, "public.\"Order Items\"");
    assert_eq!(value(&answer, items, "name"), Value::text("Order Items"));
    assert!(!value(&answer, items, "last_vacuum").is_null());
    assert_eq!(value(&answer, items, "last_autovacuum"), Value::Null);
    assert_eq!(value(&answer, row_of(&answer, "public.part1"), "kind"), Value::text("partition"));
    assert_eq!(value(&answer, row_of(&answer, "public.mv"), "kind"), Value::text("matview"));

    let answer =
        database.ask("muster_plain", "postgres.tables", json!({"schemas": ["other"]})).run().unwrap();
    assert_eq!(answer.table.rows.len(), 1);
    let answer = database.ask("muster_plain", "postgres.tables", json!({"max_rows": 2})).run().unwrap();
    assert_eq!(answer.table.rows.len(), 2);
    assert_eq!(answer.table.cut.unwrap().cause, Cause::Incomplete);
}

#[test]
fn the_option_of_what_lies_outside_the_rows_is_its_own() {
    let database = Database::new(
        "create table narrow (id int);
create table plain (id text);
create table off (id text) with (autovacuum_enabled = false);
create table toast_off (id text) with (toast.autovacuum_enabled = false);
create table toast_own (id text) with (autovacuum_enabled = false, toast.autovacuum_vacuum_threshold = 9)",
    );
    let answer = database.ask("muster_plain", "postgres.tables", json!({})).run().unwrap();
    let told = |table: &str, fact: &str| value(&answer, row_of(&answer, &format!("public.{table}")), fact);
    for (table, own, toast) in [
        ("narrow", true, Value::Null),
        ("plain", true, Value::Bool(true)),
        ("off", false, Value::Bool(false)),
        ("toast_off", true, Value::Bool(false)),
        ("toast_own", false, Value::Bool(true)),
    ] {
        assert_eq!(told(table, "autovacuum_enabled"), Value::Bool(own), "{table}");
        assert_eq!(told(table, "toast_autovacuum_enabled"), toast, "{table}");
    }
}

#[test]
fn a_locked_table_hides_its_size_only() {
    let database =
        Database::new("create table locked (id int);\ncreate table free (id int);\nanalyze locked");
    let answer = block(async {
        let mut other = database.connect().await;
        other.execute("begin").await.unwrap();
        other.execute("lock table locked in access exclusive mode").await.unwrap();
        let answer = database.ask("muster_plain", "postgres.tables", json!({})).run_async().await;
        other.close().await.unwrap();
        answer.unwrap()
    });
    let why = missing(&answer, row_of(&answer, "public.locked"), "size");
    assert_eq!((why.cause, why.level), (Cause::Timeout, Level::Row));
    assert!(why.what.contains("ACCESS EXCLUSIVE"), "{why}");
    assert_eq!(value(&answer, row_of(&answer, "public.free"), "size"), Value::Int(0));
    assert_eq!(value(&answer, row_of(&answer, "public.locked"), "live_rows"), Value::Int(0));
}

#[test]
fn all_databases_are_read_and_a_closed_one_is_named() {
    let one = Database::new("create table a (id serial primary key, up int references a)");
    let two = Database::new("create table a (id serial primary key, up int references a)");
    let except = |target: &mut crate::probe::Target| {
        let ours = [one.name.as_str(), two.name.as_str()];
        let others = block(async {
            let mut connection = one.connect().await;
            sqlx::query_scalar::<_, String>("select datname::text from pg_database")
                .fetch_all(&mut connection)
                .await
                .unwrap()
        });
        let except = others.into_iter().filter(|name| !ours.contains(&name.as_str())).collect();
        target.databases = Databases::All { except };
    };
    // A database that another test makes in between may appear or vanish: only ours are looked at.
    let answer = one.ask("muster_plain", "postgres.tables", json!({})).target(except).run().unwrap();
    row_of(&answer, &format!("{}.public.a", one.name));
    let second = row_of(&answer, &format!("{}.public.a", two.name));
    assert_eq!(value(&answer, second, "database"), Value::text(&two.name));
    // Whatever a step of a remedy is pasted into, it finds no object of another database.
    for (probe, fact, told) in [
        ("postgres.sequences", "table", "{}.public.a"),
        ("postgres.foreign_keys", "referenced", "{}.public.a"),
        ("postgres.indexes", "table", "{}.public.a"),
    ] {
        let answer = one.ask("muster_plain", probe, json!({})).target(except).run().unwrap();
        let of_two = (0..answer.table.rows.len())
            .find(|row| value(&answer, *row, "database") == Value::text(&two.name))
            .unwrap();
        assert_eq!(value(&answer, of_two, fact), Value::text(told.replace("{}", &two.name)), "{probe}");
    }

    run("postgres", &format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", two.name));
    let answer = one.ask("muster_plain", "postgres.tables", json!({})).target(except).run().unwrap();
    let cut = answer.table.cut.unwrap();
    assert!(cut.what.contains(&two.name), "{cut}");
    assert!(cut.fix.as_ref().unwrap().contains(&format!("GRANT CONNECT ON DATABASE \"{}\"", two.name)));
}

#[test]
fn a_query_gives_its_columns_typed() {
    let database = Database::new("create table uploads (path text, size bigint, seen timestamptz)");
    let sql = "select 'a'::text as path, 9007199254740993::bigint as size, null::int as n, 0.25 as share,
        timestamptz '2026-11-01 03:00:00+00' as seen, true as ok, extract(epoch from interval '90 s') as took, 'x' as extra -- end";
    let answer = query(&database, "muster_plain", sql)
        .fact("path", "path", "")
        .fact("size", "bytes", "")
        .fact("n", "int?", "")
        .fact("share", "ratio", "")
        .fact("at", "time", "seen")
        .fact("ok", "bool", "")
        .fact("took", "duration", "")
        .run()
        .unwrap();
    assert_eq!(value(&answer, 0, "size"), Value::Int(9_007_199_254_740_993));
    assert_eq!(value(&answer, 0, "n"), Value::Null);
    assert_eq!(value(&answer, 0, "share"), Value::Float(0.25));
    assert_eq!(value(&answer, 0, "at"), Value::Int(1_793_502_000_000_000));
    assert_eq!(value(&answer, 0, "ok"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "took"), Value::Int(90_000_000));
    assert_eq!(value(&answer, 0, "path"), Value::text("a"));
    assert!(answer.source_clock.is_some() && answer.identity.system.is_some());
}

#[test]
fn a_value_of_another_type_is_never_bent() {
    let database = Database::new("select 1");
    for (column, ty, says) in [
        ("null::int", "int", "is null"),
        ("'1'::text", "int", "cast"),
        ("now()::timestamp", "time", "has no time zone"),
        ("interval '1 day'", "duration", "interval"),
        ("'infinity'::timestamptz", "time", "cannot be read"),
        ("'NaN'::numeric", "float", "text"),
        ("9223372036854775808::numeric", "int", "not a whole number"),
        ("12345678901234567890123::numeric", "bytes", "not a whole number"),
        ("90", "ratio", "percent"),
    ] {
        let sql = format!("select {column} as a");
        let answer = query(&database, "muster_plain", &sql).fact("a", ty, "").run().unwrap();
        let why = missing(&answer, 0, "a");
        assert_eq!(why.cause, Cause::WrongType, "{column}: {why}");
        let text = format!("{why} {}", why.fix.clone().unwrap_or_default());
        assert!(text.contains(says), "{column}: {text}");
    }
}

#[test]
fn rows_columns_and_keys_are_counted() {
    let database = Database::new("select 1");
    let ask = |sql: &str| query(&database, "muster_plain", sql).fact("a", "int", "");
    let why = failed(ask("select 1 as a where false"));
    assert_eq!(why.cause, Cause::Empty);
    let why = failed(ask("values (1), (2)").fact("column1", "int", ""));
    assert_eq!(why.cause, Cause::Ambiguous);
    let why = failed(ask("select 1 as a, 2 as a"));
    assert_eq!(why.cause, Cause::Ambiguous);
    assert!(why.what.contains("two columns `a`"), "{why}");
    let answer = ask("select 1 as b, 2 as c").run().unwrap();
    let why = missing(&answer, 0, "a");
    assert_eq!((why.cause, why.level), (Cause::Absent, Level::Field));
    assert!(why.what.contains("it has `b`, `c`"), "{why}");
    let series = "select generate_series(1, 5) as a";
    let answer = ask(series).key(&["a"]).run().unwrap();
    assert_eq!((answer.table.rows.len(), answer.table.cut.is_none()), (5, true));
    let answer = ask(series).key(&["a"]).max_rows(3).run().unwrap();
    assert_eq!(answer.table.rows.len(), 3);
    assert_eq!(answer.table.cut.unwrap().cause, Cause::Incomplete);
    let answer = ask("select 1 as a where false").key(&["a"]).run().unwrap();
    assert_eq!(answer.table.rows.len(), 0, "how none is judged is said by the schema");
}

#[test]
fn nothing_can_be_changed() {
    let database = Database::new(
        "create table t (id int);\ngrant all on t to public;
create function sly() returns int language sql as 'insert into public.t values (1) returning 1'",
    );
    for sql in [
        "delete from t",
        "with d as (delete from t returning 1) select count(*) as a from d",
        "with d as (insert into t values (1) returning id) select id as a from d",
        "create table u ()",
        "commit; create table u ()",
        "select 1 as a; create table u ()",
        "copy t to '/tmp/muster-test'",
        "select 1 as a) q; create table u (); select (1",
        "select 1 as a) q cross join (select pg_reload_conf()",
        "select pg_terminate_backend(1) as a",
    ] {
        let why = failed(query(&database, "muster_plain", sql).fact("a", "int", ""));
        assert!(matches!(why.cause, Cause::Denied | Cause::Malformed), "{sql}: {why}");
    }
    let why = failed(query(&database, "muster_plain", "select public.sly() as a").fact("a", "int", ""));
    assert_eq!(why.cause, Cause::Denied, "{why}");
    assert!(why.what.contains("read-only transaction"), "{why}");
    let left = block(async {
        let mut connection = database.connect().await;
        sqlx::query_scalar::<_, i64>(
            "select (select count(*) from t) + (select count(*) from pg_class where relname = 'u')",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap()
    });
    assert_eq!(left, 0);
}

#[test]
fn missing_grants_and_names_have_their_cause_and_remedy() {
    let database = Database::new(
        "create table \"My Orders\" (id int);\ncreate schema secret;
create table secret.t (id int);\ncreate table rows (id int);\ninsert into rows values (1);
alter table rows enable row level security;\ngrant select on rows to public",
    );
    let ask = |sql: &str| failed(query(&database, "muster_plain", sql).fact("a", "int", ""));
    let why = ask("select count(*) as a from \"My Orders\"");
    assert_eq!(why.cause, Cause::Denied);
    assert_eq!(why.fix.as_deref(), Some("GRANT SELECT ON public.\"My Orders\" TO \"muster_plain\";"));
    let why = ask("select count(*) as a from secret.t");
    assert_eq!(why.fix.as_deref(), Some("GRANT USAGE ON SCHEMA \"secret\" TO \"muster_plain\";"));
    let why = ask("select count(*) as a from rows");
    assert_eq!(why.cause, Cause::Denied, "{why}");
    assert!(why.fix.unwrap().contains("BYPASSRLS"), "row-level security must not hide rows silently");
    assert_eq!(ask("select a from nowhere").cause, Cause::Absent);
    assert_eq!(ask("select nothing as a").cause, Cause::Absent);
    assert_eq!(ask("select from where").cause, Cause::Malformed);
    assert_eq!(ask("select 1 / 0 as a").cause, Cause::Undecidable);
    let full =
        query(&database, "muster_full", "select count(*) as a from \"My Orders\"").fact("a", "int", "");
    assert_eq!(value(&full.run().unwrap(), 0, "a"), Value::Int(0));
}

#[test]
fn the_server_ends_what_lasts_too_long() {
    let database = Database::new("create table locked (id int);\ngrant select on locked to public");
    let slow = query(&database, "muster_plain", "select 1 as a from pg_sleep(30)").fact("a", "int", "");
    let why = failed(slow.deadline(Duration::from_millis(800)));
    assert_eq!((why.cause, why.level), (Cause::Timeout, Level::Probe));
    assert!(why.what.contains("57014"), "stopped by the server: {why}");
    let why = block(async {
        let mut other = database.connect().await;
        other.execute("begin").await.unwrap();
        other.execute("lock table locked in access exclusive mode").await.unwrap();
        let asked = query(&database, "muster_plain", "select count(*) as a from locked").fact("a", "int", "");
        let why = asked.run_async().await.unwrap_err();
        other.close().await.unwrap();
        why
    });
    assert_eq!(why.cause, Cause::Timeout);
    assert!(why.what.contains("55P03"), "{why}");
}

#[test]
fn a_pooler_in_transaction_mode_is_no_obstacle() {
    let database = Database::new("create type mood as enum ('sad', 'ok');\ncreate table t (m mood)");
    for _ in 0..6 {
        let asked = database.ask_bouncer("muster_plain", "postgres.query", json!({ "sql": "-" }));
        let asked = asked.sql("select 'ok'::mood as m, current_setting('statement_timeout') as limit_");
        let answer = asked.fact("m", "enum(sad|ok)", "").fact("limit_", "text", "").run().unwrap();
        assert_eq!(value(&answer, 0, "m"), Value::text("ok"));
        assert_ne!(value(&answer, 0, "limit_"), Value::text("0"));
    }
    database.ask_bouncer("muster_monitor", "postgres.server", json!({})).run().unwrap();
    database.ask_bouncer("muster_monitor", "postgres.connections", json!({})).run().unwrap();
    let answer = database.ask_bouncer("muster_monitor", "postgres.tables", json!({})).run().unwrap();
    assert_eq!(answer.table.rows.len(), 1);
}

#[test]
fn tls_is_verified_when_asked_for() {
    let database = Database::new("select 1");
    let ca = env("MUSTER_TEST_PG_CA");
    let ask = |mode: Option<&str>, ca: Option<&str>| {
        let (mode, ca) = (mode.map(str::to_owned), ca.map(Into::into));
        database.ask("muster_plain", "postgres.server", json!({})).target(|target| {
            target.tls.mode = mode;
            target.tls.ca = ca;
        })
    };
    ask(Some("verify-full"), Some(&ca)).run().unwrap();
    ask(None, Some(&ca)).run().unwrap();
    ask(Some("require"), None).run().unwrap();
    let why = failed(ask(Some("verify-full"), None));
    assert_eq!((why.cause, why.level), (Cause::Unreachable, Level::Target));
    assert!(why.what.contains("no TLS connection"), "{why}");
    let why = failed(ask(None, Some("/nowhere/ca.pem")));
    assert_eq!(why.cause, Cause::Absent);
    assert!(why.what.contains("/nowhere/ca.pem"), "{why}");
    assert_eq!(failed(ask(Some("perhaps"), None)).cause, Cause::Unsupported);
}

#[test]
fn a_wrong_login_is_denied_without_its_password() {
    let database = Database::new("select 1");
    let wrong = |change: fn(&mut crate::probe::Target)| {
        failed(database.ask("muster_plain", "postgres.server", json!({})).target(change))
    };
    let why = wrong(|target| target.password = Some(Secret::new("hunter2hunter2", &Redactor::new())));
    assert_eq!((why.cause, why.level), (Cause::Denied, Level::Target));
    assert!(!why.what.contains("hunter2"), "{why}");
    let why = wrong(|target| target.url.as_mut().unwrap().set_path("/no_such_database"));
    assert_eq!((why.cause, why.level), (Cause::Absent, Level::Target));
    let why = wrong(|target| target.url.as_mut().unwrap().set_port(Some(1)).unwrap());
    assert_eq!((why.cause, why.level), (Cause::Unreachable, Level::Target));
    let why = wrong(|target| target.url.as_mut().unwrap().set_host(Some("nowhere.invalid")).unwrap());
    assert_eq!((why.cause, why.level), (Cause::Unreachable, Level::Target));
    run("postgres", &format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", database.name));
    let why = wrong(|_| {});
    assert_eq!((why.cause, why.level), (Cause::Denied, Level::Target));
    assert!(why.fix.unwrap().contains("GRANT CONNECT ON DATABASE"));
}

/// A listener whose first connection is handled by this; its port.
fn listener(handle: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    std::thread::spawn(move || handle(listener.accept().unwrap().0));
    port
}

#[test]
fn servers_that_hang_lie_or_die_have_their_cause() {
    let database = Database::new("select 1");
    let ask = |port: &str| {
        failed(
            database
                .ask_at(port, "muster_plain", "postgres.server", json!({}))
                .deadline(Duration::from_millis(700)),
        )
    };
    let why = ask(&listener(|stream| {
        std::thread::sleep(Duration::from_secs(3));
        drop(stream);
    }));
    assert_eq!((why.cause, why.level), (Cause::Timeout, Level::Target), "{why}");
    let why = ask(&listener(|mut stream| {
        let mut buffer = [0; 64];
        let _read = stream.read(&mut buffer).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    }));
    assert_eq!((why.cause, why.level), (Cause::Malformed, Level::Target), "{why}");
    let why = ask(&listener(drop));
    assert_eq!((why.cause, why.level), (Cause::Unreachable, Level::Target), "{why}");
}

#[test]
fn a_session_ended_in_the_middle_is_unreachable() {
    let database = Database::new("select 1");
    let why = block(async {
        let sleeping =
            query(&database, "muster_plain", "select 1 as a from pg_sleep(20)").fact("a", "int", "");
        let asked = tokio::spawn(sleeping.run_async());
        let mut other = database.connect().await;
        loop {
            let ended: i64 = sqlx::query_scalar(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity
                 where datname = current_database() and query like '%pg_sleep(20)%' and pid <> pg_backend_pid()",
            )
            .fetch_one(&mut other)
            .await
            .unwrap();
            if ended > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        other.close().await.unwrap();
        asked.await.unwrap().unwrap_err()
    });
    assert_eq!((why.cause, why.level), (Cause::Unreachable, Level::Target), "{why}");
}

#[test]
fn a_replica_does_not_say_never() {
    let (database, port) = Database::replicated(
        "create table t (id int primary key);\ninsert into t values (1);\nvacuum analyze t",
    );
    let ask = |probe| database.ask_at(&port, "muster_monitor", probe, json!({}));
    let started = tokio::time::Instant::now();
    let answer = loop {
        match ask("postgres.tables").run() {
            Ok(answer) if !answer.table.rows.is_empty() => break answer,
            other => {
                assert!(
                    started.elapsed() < Duration::from_secs(20),
                    "the replica does not follow: {other:?}"
                );
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    for name in ["last_vacuum", "last_analyze", "live_rows", "dead_ratio", "modified_since_analyze"] {
        let why = missing(&answer, 0, name);
        assert_eq!((why.cause, why.level), (Cause::Unsupported, Level::Field), "{name}");
        assert_eq!(why.fix.as_deref(), Some("ask the primary"));
    }
    assert_eq!(value(&answer, 0, "has_primary_key"), Value::Bool(true));
    assert!(value(&answer, 0, "size").as_int().unwrap() > 0);
    assert_eq!(answer.identity.role.as_deref(), Some("replica"));
    let answer = ask("postgres.server").run().unwrap();
    assert_eq!(value(&answer, 0, "role"), Value::text("replica"));
}
