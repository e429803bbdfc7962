//! Policies about sessions, locks and what holds vacuum back.

use std::fmt::Write as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::Recipe;
use crate::policies_postgres::{Database, Server, as_postgres, end};
use crate::trial::{Trial, carry_out, done, found, none};

/// How each is made to fail.
pub(super) const RECIPES: &[Recipe] = &[
    ("postgres-autovacuum-behind", "four fifths of the rows of a table are deleted and nothing vacuums it"),
    (
        "postgres-autovacuum-saturated",
        "one worker, braked to two pages a second, and five tables whose rows are all deleted",
    ),
    (
        "postgres-blocked-locks",
        "a session and a prepared transaction lock a table each, and others read them",
    ),
    (
        "postgres-connections",
        "nineteen of twenty connections are opened and do nothing; two of a role that may have two",
    ),
    ("postgres-idle-in-transaction", "a session begins a transaction and does nothing"),
    ("postgres-lock-table", "one transaction locks 70 tables on a server with room for 100"),
    ("postgres-long-transactions", "a session begins a transaction and does not end it"),
    ("postgres-multixact-age", "`pg_resetwal` sets the next multixact to 1.6 billion"),
    ("postgres-prepared-transactions", "`PREPARE TRANSACTION`, and nobody ends it"),
    (
        "postgres-xid-age",
        "`pg_resetwal` sets the next transaction to 1.5 billion; or to 60 million, while a prepared one is as old as the cluster",
    ),
    (
        "postgres-xmin-held",
        "a session with a snapshot, a prepared transaction and a logical slot, and 400 transactions after them",
    ),
];

/// The only row of a statement.
fn asked(server: &Server, sql: &str) -> String {
    done(server.psql("postgres").args(["-c", sql])).trim().to_owned()
}

fn pid(server: &Server, role: &str) -> String {
    asked(server, &format!("SELECT pid FROM pg_stat_activity WHERE usename = '{role}'"))
}

/// Prepares a transaction of these statements.
fn prepare(server: &Server, sql: &str, gid: &str) {
    let prepare = format!("PREPARE TRANSACTION '{gid}'");
    done(server.psql("postgres").args(["-c", "BEGIN", "-c", sql, "-c", &prepare]));
}

/// A session that is told this and may have to wait.
fn told(server: &Server, role: &str, sql: &str) -> Child {
    server.psql(role).args(["-c", sql]).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
}

fn message(trial: &Trial, policy: &str) -> String {
    let run = trial.run();
    run.finding(policy)["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_transaction_that_is_open_for_long_is_ended() {
    let server = Server::new("");
    let trial = server.trial("postgres-long-transactions").set("warn_after: 100ms, fail_after: 500ms");
    trial.finds(&[], 1);
    server.sql("CREATE ROLE app LOGIN; CREATE ROLE dumper LOGIN");
    let bad = server.session("app", "BEGIN;");
    let dump = server.session("dumper", "SET application_name = 'pg_dump'; BEGIN;");
    let subject = pid(&server, "app");
    let run = trial.soon(&found(&[(&subject, "fail")], 1));
    // do: the application is this test
    carry_out(&trial.steps(&run, &subject), |text| server.sql(text), none);
    trial.finds(&[], 1);
    [bad, dump].into_iter().for_each(end);
}

#[test]
fn a_session_idle_in_its_transaction_is_ended() {
    let server = Server::new("");
    let trial = server.trial("postgres-idle-in-transaction").set("warn_after: 100ms, fail_after: 500ms");
    server.sql("CREATE ROLE app LOGIN; CREATE ROLE quiet LOGIN");
    let quiet = server.session("quiet", "BEGIN; COMMIT;");
    trial.finds(&[], 1);
    let bad = server.session("app", "BEGIN;");
    let subject = pid(&server, "app");
    let run = trial.soon(&found(&[(&subject, "fail")], 0));
    // do: the application is this test
    carry_out(&trial.steps(&run, &subject), |text| server.sql(text), none);
    trial.finds(&[], 1);
    [bad, quiet].into_iter().for_each(end);
}

#[test]
fn whoever_blocks_is_ended_and_not_who_waits() {
    let server = Server::new("max_prepared_transactions = 4");
    let trial = server.trial("postgres-blocked-locks").set("warn_after: 100ms, fail_after: 500ms");
    server.sql("CREATE TABLE orders (); CREATE TABLE lines (); CREATE TABLE other ()");
    server.sql("CREATE ROLE app LOGIN SUPERUSER; CREATE ROLE quiet LOGIN SUPERUSER");
    let quiet = server.session("quiet", "BEGIN; LOCK TABLE other;");
    trial.finds(&[], 1);
    let bad = server.session("app", "BEGIN; LOCK TABLE orders;");
    prepare(&server, "LOCK TABLE lines", "it''s");
    // The second stands behind the first, which is no blocker.
    let waiters: Vec<Child> = ["orders", "orders", "lines"]
        .map(|table| told(&server, "postgres", &format!("BEGIN; ALTER TABLE {table} SET (fillfactor = 90)")))
        .into();
    let session = format!("session.{}", pid(&server, "app"));
    let run = trial.soon(&found(&[(&session, "fail"), ("prepared.it's", "fail")], 0));
    let all = run.findings_of("postgres-blocked-locks");
    let said = all.iter().find(|one| one["subject"]["shown"] == session.as_str()).unwrap();
    let said = said["message"].as_str().unwrap();
    assert!(said.starts_with("2 sessions") && said.ends_with("for public.orders"), "{said}");
    for subject in [session.as_str(), "prepared.it's"] {
        carry_out(&trial.steps(&run, subject), |text| server.sql(text), none);
    }
    trial.soon(&found(&[], 1));
    for mut waiter in waiters {
        assert!(waiter.wait().unwrap().success());
    }
    [bad, quiet].into_iter().for_each(end);
}

#[test]
fn a_role_at_its_own_limit_is_named() {
    let server = Server::new("");
    let trial = server.trial("postgres-connections").set("idle_after: 100ms");
    server.sql("CREATE ROLE app LOGIN CONNECTION LIMIT 2");
    trial.finds(&[], 1);
    let sessions = [server.session("app", ""), server.session("app", "")];
    let run = trial.finds(&[("db", "fail")], 0);
    let said = message(&trial, "postgres-connections");
    assert_eq!(said, "the role app has 2 of its own 2 connections (100%)");
    std::thread::sleep(Duration::from_millis(200));
    // do: no pool here
    carry_out(&trial.steps(&run, "db"), |text| server.sql(text), none);
    trial.soon(&found(&[], 1));
    sessions.into_iter().for_each(end);
}

#[test]
fn whoever_fills_the_lock_table_is_ended() {
    let server = Server::new("max_connections = 10\nmax_locks_per_transaction = 10");
    let trial = server.trial("postgres-lock-table");
    server.sql("CREATE ROLE app LOGIN SUPERUSER");
    server.sql(
        "DO $$ BEGIN FOR i IN 1..70 LOOP EXECUTE 'CREATE TABLE t' || i || ' ()'; COMMIT; END LOOP; END $$",
    );
    let few = server.session("postgres", "BEGIN; LOCK TABLE t1 IN ACCESS SHARE MODE;");
    trial.finds(&[], 1);
    let mut tables = String::from("t2");
    (3..=70).for_each(|table| write!(tables, ", t{table}").unwrap());
    let bad = server.session("app", &format!("BEGIN; LOCK TABLE {tables};"));
    let run = trial.finds(&[("db", "fail")], 0);
    // do: it is no dump
    carry_out(&trial.steps(&run, "db"), |text| server.sql(text), none);
    trial.soon(&found(&[], 1));
    [bad, few].into_iter().for_each(end);
}

/// Sets the next transaction, and the next multixact to 1.6 billion.
fn aged(server: &Server, xid: u32) {
    server.control(&["stop", "-m", "fast"]);
    for file in [
        format!("pg_xact/{:04X}", xid / 1_048_576),
        format!("pg_multixact/offsets/{:04X}", 1_600_000_000 / 65_536),
    ] {
        let file = server.data().join(file).display().to_string();
        done(&mut as_postgres(&["truncate", "-s", "262144", &file]));
    }
    let (data, xid) = (server.data().display().to_string(), xid.to_string());
    done(&mut as_postgres(&["pg_resetwal", "-D", &data, "-x", &xid, "-m", "1600000000,1"]));
    server.start();
}

/// All databases are as old; the report names one at a time, and template0, which refuses connections, last.
fn frozen(server: &Server, trial: &Trial, policy: &str, wanted: u32) {
    let mut rounds = 0;
    loop {
        let run = trial.run();
        if run.verdict(policy) == "pass" {
            break;
        }
        trial.finds(&[("db", "fail")], 0);
        rounds += 1;
        assert!(rounds <= 3, "{}", run.stdout);
        // do: check again
        carry_out(&trial.steps(&run, "db"), |text| server.sql(text), |text| server.shell(text));
    }
    assert_eq!(rounds, wanted);
}

const NO_FREEZING: &str = "autovacuum = off\nautovacuum_freeze_max_age = 2000000000\n\
                           autovacuum_multixact_freeze_max_age = 2000000000";

#[test]
fn old_transactions_are_frozen() {
    let server = Server::new(NO_FREEZING);
    server.sql("CREATE DATABASE \"Old Shop\" ALLOW_CONNECTIONS false");
    let trial = server.trial("postgres-xid-age");
    trial.finds(&[], 1);
    aged(&server, 1_500_000_000);
    let said = message(&trial, "postgres-xid-age");
    assert!(
        said.contains("no transaction, slot or replica holds vacuum back: it does not get through"),
        "{said}"
    );
    // The one that refuses connections is let in with all others, and template0 has its turn then.
    frozen(&server, &trial, "postgres-xid-age", 2);
}

// The server writes 4 bytes for each transaction since the prepared one when it starts, so that this one is younger.
#[test]
fn old_transactions_are_frozen_once_their_holder_is_gone() {
    let server = Server::new(&format!("{NO_FREEZING}\nmax_prepared_transactions = 4"));
    let trial = server.trial("postgres-xid-age").set("warn_at: 1%, fail_at: 2%");
    prepare(&server, "CREATE TABLE t ()", "it''s");
    trial.finds(&[], 1);
    aged(&server, 60_000_000);
    let said = message(&trial, "postgres-xid-age");
    assert!(said.contains("the prepared it's of postgres holds vacuum back"), "{said}");
    // Without the holder's end nothing is gained.
    server.shell("vacuumdb --all --freeze");
    trial.finds(&[("db", "fail")], 0);
    // What could be frozen was, so that template0 is the oldest now.
    frozen(&server, &trial, "postgres-xid-age", 1);
}

#[test]
fn old_multixacts_are_frozen() {
    let server = Server::new(NO_FREEZING);
    let trial = server.trial("postgres-multixact-age");
    trial.finds(&[], 1);
    aged(&server, 1_500_000_000);
    let said = message(&trial, "postgres-multixact-age");
    assert!(said.contains("no transaction keeps it: vacuum does not get through"), "{said}");
    frozen(&server, &trial, "postgres-multixact-age", 2);
}

#[test]
fn what_holds_vacuum_back_is_ended() {
    let server = Server::new("wal_level = logical\nmax_prepared_transactions = 4\nautovacuum = off");
    let trial = server.trial("postgres-xmin-held").set("warn_at: 100, fail_at: 200");
    trial.finds(&[], 1);
    server.sql("CREATE ROLE app LOGIN; CREATE TABLE t ()");
    let bad = server.session("app", "BEGIN ISOLATION LEVEL REPEATABLE READ; DECLARE c CURSOR FOR SELECT 1;");
    server.sql("SELECT pg_create_logical_replication_slot('cdc', 'pgoutput')");
    prepare(&server, "CREATE TABLE u ()", "it''s");
    // Without a snapshot, only by its own transaction id.
    let wrote = server.session("postgres", "BEGIN; DROP TABLE t;");
    let writer = asked(&server, "SELECT pid FROM pg_stat_activity WHERE backend_xid IS NOT NULL");
    server.sql("DO $$ BEGIN FOR i IN 1..400 LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$");
    // A snapshot of now would reach back to the writer as well.
    prepare(&server, "CREATE TABLE v ()", "fresh");
    let (session, writer) = (format!("session.{}", pid(&server, "app")), format!("session.{writer}"));
    let bads = [session.as_str(), &writer, "prepared.it's", "slot_catalog.cdc"];
    let run = trial.finds(&bads.map(|subject| (subject, "fail")), 1);
    for subject in bads {
        // do: nothing reads the slot, and the coordinator is this test
        carry_out(&trial.steps(&run, subject), |text| server.sql(text), none);
    }
    trial.finds(&[], 1);
    [bad, wrote].into_iter().for_each(end);
}

#[test]
fn autovacuum_that_is_braked_is_let_go() {
    let server = Server::new(
        "autovacuum_max_workers = 1\nautovacuum_naptime = 1s\nautovacuum_vacuum_cost_limit = 1\n\
         autovacuum_vacuum_cost_delay = 100ms",
    );
    let trial = server.trial("postgres-autovacuum-saturated");
    trial.soon(&found(&[], 1));
    for table in 1..=5 {
        server.sql(&format!(
            "CREATE TABLE t{table} AS SELECT repeat('x', 180) AS note FROM generate_series(1, 800); DELETE FROM t{table}"
        ));
    }
    let run = trial.soon(&found(&[("db", "fail")], 0));
    // do: no worker more is needed
    carry_out(&trial.steps(&run, "db"), |text| server.sql(text), none);
    trial.soon(&found(&[], 1));
}

#[test]
fn a_table_that_autovacuum_does_not_reach_is_vacuumed() {
    let database = Database::new(&[
        "CREATE TABLE orders AS SELECT id FROM generate_series(1, 50000) id",
        "CREATE TABLE \"Order Lines\" AS SELECT id FROM generate_series(1, 50000) id",
        "VACUUM ANALYZE",
    ]);
    let trial = database.trial("postgres-autovacuum-behind").set("within: 100ms");
    trial.finds(&[], 1);
    database.sql("DELETE FROM \"Order Lines\" WHERE id <= 40000");
    let subject = "public.\"Order Lines\"";
    let run = trial.soon(&found(&[(subject, "fail")], 0));
    // do: autovacuum is off on this server
    carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    trial.soon(&found(&[], 1));
    // Whose counters are lost is due by nothing that is counted, and is not well for that.
    database.sql("SELECT pg_stat_reset()");
    let lost = ["public.\"Order Lines\"", "public.orders"];
    let run = trial.soon(&found(&lost.map(|subject| (subject, "unknown")), 0));
    assert!(run.stdout.contains("ANALYZE public.orders;"), "{}", run.stdout);
    database.sql("ANALYZE");
    trial.soon(&found(&[], 1));
}
