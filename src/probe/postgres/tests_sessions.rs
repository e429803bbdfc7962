//! Tests of the probes about sessions, locks, and what holds vacuum back.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::testing::{Database, block, missing};
use crate::fact::{Cause, Level, Value};
use crate::probe::Answer;
use crate::probe::testing::{cell, value};

/// The row in which the fact has this text.
fn row(answer: &Answer, name: &str, text: &str) -> usize {
    let found = (0..answer.table.rows.len()).find(|row| value(answer, *row, name) == Value::text(text));
    found.unwrap_or_else(|| panic!("no row with {name} {text}"))
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

async fn pid(connection: &mut PgConnection) -> String {
    sqlx::query_scalar("SELECT pg_backend_pid()::text").fetch_one(connection).await.unwrap()
}

/// Until this process waits for a lock.
async fn waits(connection: &mut PgConnection, pid: &str) {
    let asked = format!("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid = {pid})");
    while !sqlx::query_scalar::<_, bool>(AssertSqlSafe(asked.clone()))
        .fetch_one(&mut *connection)
        .await
        .unwrap()
    {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// One session holds a lock, one waits for it, and one behind that; then these questions are asked.
fn queue(database: &Database, probe: &'static str, roles: &[&str]) -> (Vec<Answer>, [String; 3]) {
    block(async {
        let mut all = [database.connect().await, database.connect().await, database.connect().await];
        let mut pids = [String::new(), String::new(), String::new()];
        for (connection, pid_of) in all.iter_mut().zip(&mut pids) {
            *pid_of = pid(connection).await;
        }
        let [holder, first, second] = &mut all;
        run(holder, "set application_name = 'holder'; begin; lock table t in access share mode").await;
        run(first, "set application_name = 'first'").await;
        run(second, "set application_name = 'second'").await;
        let (mut watch, mut watch_too) = (database.connect().await, database.connect().await);
        let [_, first_pid, second_pid] = &pids;
        let queued = async {
            tokio::join!(run(first, "begin; lock table t; commit"), async {
                waits(&mut watch, first_pid).await;
                run(second, "select * from t").await;
            })
        };
        let look = async {
            waits(&mut watch_too, second_pid).await;
            let mut answers = Vec::new();
            for role in roles {
                answers.push(database.ask(role, probe, json!({})).run_async().await.unwrap());
            }
            run(holder, "rollback").await;
            answers
        };
        let (answers, _) = tokio::join!(look, queued);
        (answers, pids)
    })
}

#[test]
fn the_end_of_a_queue_is_named() {
    let database = Database::new("create table t (id int)");
    let (answers, [holder, first, second]) =
        queue(&database, "postgres.sessions", &["muster_monitor", "muster_plain"]);
    let answer = &answers[0];
    let (at, behind) = (row(answer, "pid", &first), row(answer, "pid", &second));
    for row in [at, behind] {
        assert_eq!(value(answer, row, "waits_for_lock"), Value::Bool(true));
        assert_eq!(value(answer, row, "root"), Value::text(&holder));
        assert_eq!(value(answer, row, "root_kind"), Value::text("session"));
        assert_eq!(value(answer, row, "root_application"), Value::text("holder"));
        assert_eq!(value(answer, row, "root_state"), Value::text("idle in transaction"));
        assert_ne!(value(answer, row, "waiting_since"), Value::Null);
    }
    assert_eq!(value(answer, behind, "blocked_by"), Value::texts([first.clone()]));
    let root = row(answer, "pid", &holder);
    assert_eq!(value(answer, root, "blocks"), Value::Int(2));
    assert_eq!(value(answer, root, "waits_for_lock"), Value::Bool(false));
    assert_eq!(value(answer, root, "root"), Value::Null);
    // Without rights the queue is seen, and what the sessions do is not.
    let plain = &answers[1];
    let at = row(plain, "pid", &first);
    assert_eq!(value(plain, at, "root"), Value::text(&holder));
    for name in ["state", "transaction_start", "query_start", "state_change", "root_state", "query", "client"]
    {
        let why = missing(plain, at, name);
        assert_eq!((why.cause, why.level), (Cause::Denied, Level::Field), "{name}");
        assert_eq!(why.fix.as_deref(), Some("GRANT pg_monitor TO \"muster_plain\";"));
    }
}

#[test]
fn a_blocker_is_one_row_however_many_wait() {
    let database = Database::new("create table t (id int)");
    let (answers, [holder, first, _]) =
        queue(&database, "postgres.blockers", &["muster_monitor", "muster_plain"]);
    for answer in &answers {
        let at = row(answer, "name", &holder);
        assert_eq!(value(answer, at, "waiting"), Value::Int(2));
        assert_eq!(value(answer, at, "waiter"), Value::text(&first));
        assert_eq!(value(answer, at, "relation"), Value::text("public.t"));
        assert_ne!(value(answer, at, "waiting_since"), Value::Null);
    }
    let at = row(&answers[0], "name", &holder);
    assert_eq!(value(&answers[0], at, "state"), Value::text("idle in transaction"));
    let at = row(&answers[1], "name", &holder);
    assert_eq!(missing(&answers[1], at, "state").cause, Cause::Denied);
    assert_eq!(missing(&answers[1], at, "oldest_query_start").cause, Cause::Denied);
}

#[test]
fn a_session_that_does_not_tell_is_not_idle() {
    let database = Database::new("create table t (id int)");
    let (answer, pid) = block(async {
        let mut silent = database.connect().await;
        let pid = pid(&mut silent).await;
        run(&mut silent, "set track_activities = off; begin; insert into t values (1)").await;
        let answer =
            database.ask("muster_monitor", "postgres.sessions", json!({})).run_async().await.unwrap();
        silent.close().await.unwrap();
        (answer, pid)
    });
    let at = row(&answer, "pid", &pid);
    for name in ["state", "transaction_start", "state_change"] {
        assert_eq!(missing(&answer, at, name).cause, Cause::Undecidable, "{name}");
    }
    let Value::Int(age) = value(&answer, at, "xmin_age") else { panic!("it has written") };
    assert!(age >= 1, "{age}");
}

#[test]
fn a_statement_is_read_only_if_somebody_asks() {
    let database = Database::new("create table t (id int)");
    block(async {
        let mut other = database.connect().await;
        let pid = pid(&mut other).await;
        run(&mut other, "select 'secret'").await;
        let all = database.ask("muster_monitor", "postgres.sessions", json!({})).run_async().await.unwrap();
        assert_eq!(value(&all, row(&all, "pid", &pid), "query"), Value::text("select 'secret'"));
        let cheap = database.ask("muster_monitor", "postgres.sessions", json!({}));
        let cheap = cheap.without(&["query", "blocked_by"]).run_async().await.unwrap();
        assert_eq!(missing(&cheap, row(&cheap, "pid", &pid), "query").cause, Cause::Absent);
        assert_eq!(missing(&cheap, row(&cheap, "pid", &pid), "blocked_by").cause, Cause::Absent);
        assert_eq!(value(&cheap, row(&cheap, "pid", &pid), "blocks"), Value::Int(0));
        other.close().await.unwrap();
    });
}

#[test]
fn the_oldest_holder_comes_first_and_its_age_needs_no_right() {
    let database = Database::new("create table t (id int)");
    block(async {
        let mut old = database.connect().await;
        let mut writer = database.connect().await;
        let mut other = database.connect().await;
        let (old_pid, writer_pid) = (pid(&mut old).await, pid(&mut writer).await);
        run(&mut old, "begin isolation level repeatable read; select 1").await;
        run(&mut other, "select txid_current()").await;
        run(&mut writer, "begin; insert into t values (1)").await;
        run(&mut other, "select txid_current()").await;
        for role in ["muster_monitor", "muster_plain"] {
            let answer = database.ask(role, "postgres.xmin_holders", json!({})).run_async().await.unwrap();
            let (old, writer) = (row(&answer, "name", &old_pid), row(&answer, "name", &writer_pid));
            let age = |row| value(&answer, row, "xmin_age").as_int().unwrap();
            assert!(age(old) > age(writer) && age(writer) >= 2, "{} {}", age(old), age(writer));
            assert!(
                value(&answer, old, "rank").as_int().unwrap()
                    < value(&answer, writer, "rank").as_int().unwrap()
            );
            if role == "muster_plain" {
                assert_eq!(missing(&answer, old, "since").cause, Cause::Denied);
            } else {
                assert_eq!(value(&answer, old, "state"), Value::text("idle in transaction"));
            }
        }
    });
}

#[test]
fn a_replica_does_not_say_that_nothing_is_prepared_or_due() {
    let (database, port) = Database::replicated("select 1");
    let started = tokio::time::Instant::now();
    for probe in ["postgres.prepared_transactions", "postgres.vacuum_due", "postgres.autovacuum"] {
        let why = loop {
            match database.ask_at(&port, "muster_monitor", probe, json!({})).run() {
                Err(why) if why.cause == Cause::Unsupported => break why,
                other => {
                    assert!(started.elapsed().as_secs() < 20, "the replica does not follow: {other:?}");
                }
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        };
        assert_eq!(why.level, Level::Probe);
        assert_eq!(why.fix.as_deref(), Some("ask the primary"));
    }
}

#[test]
fn what_is_due_follows_the_options_of_each_table() {
    let database = Database::new(
        "create table plain (id int);\ninsert into plain select generate_series(1, 1000);\nvacuum analyze plain;\n\
         delete from plain where id <= 240;\n\
         create table \"Patient\" (id int) with (autovacuum_vacuum_threshold = 500);\n\
         insert into \"Patient\" select generate_series(1, 1000);\nvacuum analyze \"Patient\";\n\
         delete from \"Patient\" where id <= 500;\n\
         create table eager (id int) with (autovacuum_vacuum_scale_factor = 0);\n\
         insert into eager select generate_series(1, 1000);\nvacuum analyze eager;\n\
         delete from eager where id <= 100;\n\
         create table off (id int) with (autovacuum_enabled = false);\n\
         insert into off select generate_series(1, 9000);\ndelete from off;\n\
         create table filled (id int);\ninsert into filled select generate_series(1, 3000);\n\
         create table long (t text) with (toast.autovacuum_vacuum_insert_threshold = 5, \
         toast.autovacuum_vacuum_insert_scale_factor = 0);\n\
         alter table long alter t set storage external;\ninsert into long select repeat('x', 9000) from generate_series(1, 10);\n\
         create table held (t text) with (autovacuum_enabled = false);\n\
         create table apart (t text) with (autovacuum_enabled = false, toast.vacuum_truncate = false);\n\
         alter table held alter t set storage external;\nalter table apart alter t set storage external;\n\
         insert into held select repeat('x', 9000) from generate_series(1, 400);\ninsert into apart select * from held",
    );
    let ask = || {
        database.ask("muster_plain", "postgres.vacuum_due", json!({ "schemas": ["public"] })).run().unwrap()
    };
    let started = tokio::time::Instant::now();
    // The counters of a session reach the server when it ends.
    let answer = loop {
        let answer = ask();
        if answer.table.rows.len() == 4 && started.elapsed().as_millis() > 500 {
            break answer;
        }
        assert!(started.elapsed().as_secs() < 10, "{:?}", answer.table.rows);
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    let eager = row(&answer, "table", "public.eager");
    assert_eq!(value(&answer, eager, "due_ratio"), Value::Float(2.0));
    assert_eq!(value(&answer, eager, "reason"), Value::text("dead_rows"));
    let filled = row(&answer, "table", "public.filled");
    assert_eq!(value(&answer, filled, "due_ratio"), Value::Float(3.0));
    assert_eq!(value(&answer, filled, "reason"), Value::text("inserts"));
    let long = row(&answer, "table", "public.long");
    assert_eq!(value(&answer, long, "toast"), Value::Bool(true));
    // With any option of its own a TOAST table takes none of its table's.
    let apart = row(&answer, "table", "public.apart");
    assert_eq!(value(&answer, apart, "toast"), Value::Bool(true));
    assert_eq!(value(&answer, apart, "reason"), Value::text("inserts"));
    let all = database.ask("muster_monitor", "postgres.autovacuum", json!({})).run().unwrap();
    assert!(value(&all, 0, "due").as_int().unwrap() >= 3);
    assert_eq!(value(&all, 0, "workers"), Value::Int(0));
    let plain = database.ask("muster_plain", "postgres.autovacuum", json!({})).run().unwrap();
    assert_eq!(missing(&plain, 0, "workers").cause, Cause::Denied);
    assert_eq!(value(&plain, 0, "cost_limit"), Value::Int(200));
}

#[test]
fn a_prepared_transaction_is_named_as_blocker() {
    let database = Database::new("create table t (id int)");
    let gid = format!("it's {}", database.name);
    let quoted = gid.replace('\'', "''");
    block(async {
        let mut one = database.connect().await;
        run(&mut one, "begin; lock table t; insert into t values (1)").await;
        run(&mut one, &format!("prepare transaction '{quoted}'")).await;
        let mut waiter = database.connect().await;
        let waiter_pid = pid(&mut waiter).await;
        let mut watch = database.connect().await;
        let look = async {
            waits(&mut watch, &waiter_pid).await;
            let ask = |probe| database.ask("muster_monitor", probe, json!({})).run_async();
            let blockers = ask("postgres.blockers").await.unwrap();
            let at = row(&blockers, "name", &gid);
            assert_eq!(value(&blockers, at, "kind"), Value::text("prepared"));
            assert_eq!(value(&blockers, at, "state"), Value::text("prepared"));
            assert_eq!(value(&blockers, at, "database"), Value::text(&database.name));
            let sessions = ask("postgres.sessions").await.unwrap();
            let at = row(&sessions, "pid", &waiter_pid);
            assert_eq!(value(&sessions, at, "blocked_by"), Value::texts(["0".to_owned()]));
            assert_eq!(value(&sessions, at, "root"), Value::text(&gid));
            let prepared = ask("postgres.prepared_transactions").await.unwrap();
            row(&prepared, "gid", &gid);
            run(&mut one, &format!("rollback prepared '{quoted}'")).await;
        };
        tokio::join!(look, run(&mut waiter, "select * from t"));
    });
}

#[test]
fn the_lock_table_is_counted_and_whoever_holds_most_is_named() {
    let database = Database::new("create table t (id int);\ncreate table u (id int)");
    block(async {
        let mut one = database.connect().await;
        let pid = pid(&mut one).await;
        run(&mut one, "begin; lock table t, u").await;
        for index in 0..40 {
            run(&mut one, &format!("select pg_advisory_xact_lock({index})")).await;
        }
        let answer =
            database.ask("muster_plain", "postgres.connections", json!({})).run_async().await.unwrap();
        assert!(value(&answer, 0, "locks").as_int().unwrap() >= 42);
        assert_eq!(value(&answer, 0, "most_locks_pid"), Value::text(&pid));
        assert_eq!(value(&answer, 0, "lock_slots"), Value::Int(256 * (100 + 10)));
    });
}

#[test]
fn what_looks_is_no_load() {
    let database = Database::new("create table t (id int)");
    block(async {
        let mut other = database.connect().await;
        // The same name, and not our number: another muster is a client like any other.
        run(&mut other, "set application_name = 'muster'; begin; select 1").await;
        let other_pid = pid(&mut other).await;
        let name = super::options::own_name();
        for role in ["muster_monitor", "postgres"] {
            let mut second = database.connect_as(role).await;
            run(&mut second, &format!("set application_name = '{name}'; begin; select pg_current_xact_id()"))
                .await;
            let own_pid = pid(&mut second).await;
            let ask = |probe| database.ask(role, probe, json!({})).run_async();
            let sessions = ask("postgres.sessions").await.unwrap();
            row(&sessions, "pid", &other_pid);
            let listed = |answer: &Answer, fact: &str| {
                (0..answer.table.rows.len()).any(|row| value(answer, row, fact) == Value::text(&own_pid))
            };
            assert!(!listed(&sessions, "pid"));
            assert!(!listed(&ask("postgres.xmin_holders").await.unwrap(), "name"));
            let databases = ask("postgres.databases").await.unwrap();
            let here = row(&databases, "name", &database.name);
            assert_eq!(value(&databases, here, "connections"), Value::Int(1));
            second.close().await.unwrap();
        }
    });
}

/// A session of another role that took our name has done this, and that which waits for it too; then a question is asked.
#[test]
fn whoever_took_our_name_is_a_client() {
    let database = Database::new("create table t (id int)");
    block(async {
        let named = format!("set application_name = '{}'", super::options::own_name());
        let (mut holder, mut waiter) = (database.connect().await, database.connect().await);
        let (holder_pid, waiter_pid) = (pid(&mut holder).await, pid(&mut waiter).await);
        run(&mut holder, &format!("{named}; begin; lock table t; select pg_current_xact_id()")).await;
        for index in 0..90 {
            run(&mut holder, &format!("select pg_advisory_xact_lock({index})")).await;
        }
        run(&mut waiter, &named).await;
        let mut watch = database.connect().await;
        let look = async {
            waits(&mut watch, &waiter_pid).await;
            let ask = |probe| database.ask("muster_monitor", probe, json!({})).run_async();
            let sessions = ask("postgres.sessions").await.unwrap();
            row(&sessions, "pid", &holder_pid);
            let at = row(&sessions, "pid", &waiter_pid);
            assert_eq!(value(&sessions, at, "root"), Value::text(&holder_pid));
            let blockers = ask("postgres.blockers").await.unwrap();
            assert_eq!(
                value(&blockers, row(&blockers, "name", &holder_pid), "waiter"),
                Value::text(&waiter_pid)
            );
            row(&ask("postgres.xmin_holders").await.unwrap(), "name", &holder_pid);
            let databases = ask("postgres.databases").await.unwrap();
            let here = row(&databases, "name", &database.name);
            assert_eq!(value(&databases, here, "connections"), Value::Int(3));
            let connections = ask("postgres.connections").await.unwrap();
            assert!(value(&connections, 0, "waiting_on_lock").as_int().unwrap() >= 1);
            assert_eq!(value(&connections, 0, "most_locks_pid"), Value::text(&holder_pid));
            run(&mut holder, "rollback").await;
        };
        tokio::join!(look, run(&mut waiter, "select * from t"));
    });
}

#[test]
fn of_a_limit_of_connections_only_the_clients_count() {
    let database = Database::new("select 1");
    database.run(&format!("alter database {} connection limit 1000", database.name));
    block(async {
        let limited = async || {
            let answer =
                database.ask("muster_monitor", "postgres.connections", json!({})).run_async().await.unwrap();
            (value(&answer, 0, "limited_database"), value(&answer, 0, "limited_database_used"))
        };
        let mut second = database.connect_as("muster_monitor").await;
        let name = super::options::own_name();
        run(&mut second, &format!("set application_name = '{name}'")).await;
        let (_, before) = limited().await;
        assert_eq!(before, Value::Int(0));
        run(&mut second, "set application_name = 'muster'").await;
        assert_eq!(limited().await, (Value::text(&database.name), Value::Int(1)));
    });
}

#[test]
fn a_database_that_is_dropped_meanwhile_costs_its_own_row() {
    let database = Database::new("select 1");
    let passing = format!("{}_passing", database.name);
    let coming_and_going = std::thread::spawn(move || {
        for _ in 0..10 {
            super::testing::run("postgres", &format!("create database {passing} template template0"));
            super::testing::run("postgres", &format!("drop database {passing}"));
        }
    });
    while !coming_and_going.is_finished() {
        for role in ["muster_plain", "muster_monitor"] {
            let databases = database.ask(role, "postgres.databases", json!({})).run().unwrap();
            let here = row(&databases, "name", &database.name);
            assert!(matches!(value(&databases, here, "size"), Value::Int(size) if size > 0));
            for index in 0..databases.table.rows.len() {
                if let Err(why) = cell(&databases, index, "size") {
                    assert!(matches!(why.cause, Cause::Absent | Cause::Denied), "{why:?}");
                    assert_eq!(why.level, Level::Row);
                }
            }
        }
        let server = database.ask("muster_monitor", "postgres.server", json!({})).run().unwrap();
        assert!(matches!(value(&server, 0, "size"), Value::Int(size) if size > 0));
    }
    coming_and_going.join().unwrap();
}
