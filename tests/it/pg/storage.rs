//! Policies about storage: bloat, sizes, checksums, collations, temporary files.

use std::fs::OpenOptions;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::process::Stdio;

use super::Recipe;
use crate::policies_memory::{keep, remembering, server, skipped_by_default};
use crate::policies_postgres::{Database, Server, end, psql, shared};
use crate::remedy::{about, judge, rank, shell_steps};
use crate::trial::{Trial, carry_out, done, env, found, none, unique};

/// How each is made to fail.
pub(super) const RECIPES: &[Recipe] = &[
    ("postgres-dead-tuples", "updates four fifths of a table without a vacuum"),
    ("postgres-never-vacuumed", "fills a table and does not vacuum it"),
    ("postgres-statistics-stale", "changes every row twice after an analyze, and fills a table without one"),
    ("postgres-checksums", "makes a server without checksums"),
    (
        "postgres-table-bloat",
        "deletes nine of ten rows and vacuums; nothing is given back, for the last page is in use",
    ),
    ("postgres-index-bloat", "deletes nine of ten keys and vacuums; no page becomes empty"),
    (
        "postgres-checksum-failures",
        "overwrites two bytes of a table's file while the server is stopped, and reads it",
    ),
    ("postgres-index-corruption", "overwrites a page of an index while the server is stopped"),
    ("postgres-cache-hits", "reads a table that is ten times as large as shared_buffers, again and again"),
    (
        "postgres-collation-drift",
        "writes another version of a collation, and of an ICU database, into the catalogue",
    ),
    ("postgres-temp-files", "sorts with little work_mem, and holds the cursor open"),
    ("postgres-deadlocks", "lets two sessions lock two tables in opposite orders"),
    ("postgres-rollbacks", "rolls half of the transactions back"),
    ("postgres-statistics-reset", "calls pg_stat_reset(), and stops the server as a crash does"),
    (
        "postgres-database-refuses-connections",
        "closes a database while transactions go on, and marks another as half dropped",
    ),
    ("postgres-connection-limit", "opens all of the connections that a database allows"),
    (
        "postgres-database-growth",
        "keeps runs of earlier days in the store, in which the database was smaller",
    ),
];

const BLOATED: &str =
    "CREATE TABLE \"Order Lines\" AS SELECT id, repeat('y', 50) AS note FROM generate_series(1, 60000) id";
const FINE: &str =
    "CREATE TABLE orders AS SELECT id, repeat('y', 50) AS note FROM generate_series(1, 60000) id";
const DELETE: &str = "DELETE FROM \"Order Lines\" WHERE id % 10 <> 0";

#[test]
fn a_bloated_table_is_rewritten_whether_it_was_estimated_or_measured() {
    let subject = "public.\"Order Lines\"";
    for extension in ["SELECT 1", "CREATE EXTENSION pgstattuple"] {
        let database = Database::new(&[extension, BLOATED, FINE, "VACUUM ANALYZE"]);
        let trial = database.trial("postgres-table-bloat").set("min_bloat: 1MiB");
        trial.finds(&[], 2);
        database.sql(DELETE);
        database.sql("VACUUM ANALYZE");
        let run = trial.finds(&[(subject, "fail")], 1);
        // do: nothing holds vacuum back
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
        assert_eq!(trial.found().0, found(&[], 0).0);
    }
}

#[test]
fn old_statistics_of_a_healthy_table_are_no_bloat() {
    let database = Database::new(&[
        "CREATE TABLE t AS SELECT id, 'x' AS note FROM generate_series(1, 20000) id",
        "VACUUM ANALYZE",
        "UPDATE t SET note = repeat('z', 200)",
        "VACUUM t",
    ]);
    let trial = database.trial("postgres-table-bloat").set("min_bloat: 1MiB");
    let run = trial.finds(&[("public.t", "unknown")], 0);
    assert_eq!(run.cause("postgres-table-bloat"), "quality");
    let finding = run.finding("postgres-table-bloat");
    database.sql(finding["cause"]["fix"].as_str().unwrap());
    trial.finds(&[], 1);
}

#[test]
fn a_bloated_index_is_built_again_whether_it_was_estimated_or_measured() {
    let subject = "public.\"By id\"";
    for extension in ["SELECT 1", "CREATE EXTENSION pgstattuple"] {
        let database = Database::new(&[
            extension,
            BLOATED,
            FINE,
            "CREATE INDEX \"By id\" ON \"Order Lines\" (id)",
            "CREATE INDEX orders_id ON orders (id)",
            "VACUUM ANALYZE",
        ]);
        let trial = database.trial("postgres-index-bloat").set("min_bloat: 500KiB");
        trial.finds(&[], 2);
        database.sql(DELETE);
        database.sql("VACUUM ANALYZE");
        let run = trial.finds(&[(subject, "fail")], 1);
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
        trial.finds(&[], 1);
    }
}

/// Exchanges two bytes of a file.
fn damage(server: &Server, relation: &str) {
    let path =
        done(server.psql("postgres").args(["-c", &format!("SELECT pg_relation_filepath('{relation}')")]));
    server.sql("CHECKPOINT");
    server.control(&["stop", "-m", "fast"]);
    let mut file = OpenOptions::new().read(true).write(true).open(server.data().join(path.trim())).unwrap();
    let mut bytes = [0; 2];
    file.seek(SeekFrom::Start(8_000)).unwrap();
    file.read_exact(&mut bytes).unwrap();
    file.seek(SeekFrom::Start(8_000)).unwrap();
    file.write_all(&bytes.map(|byte| byte ^ 0xff)).unwrap();
    drop(file);
    server.start();
}

/// Overwrites the third page of a relation with zeros.
fn blank(server: &Server, relation: &str) {
    let path =
        done(server.psql("postgres").args(["-c", &format!("SELECT pg_relation_filepath('{relation}')")]));
    server.sql("CHECKPOINT");
    server.control(&["stop", "-m", "fast"]);
    let mut file = OpenOptions::new().write(true).open(server.data().join(path.trim())).unwrap();
    file.seek(SeekFrom::Start(2 * 8_192)).unwrap();
    file.write_all(&[0; 8_192]).unwrap();
    drop(file);
    server.start();
}

#[test]
fn a_damaged_index_is_built_again() {
    let id = "postgres-index-corruption";
    let server = Server::new("autovacuum = off");
    server.sql("CREATE TABLE orders AS SELECT generate_series(1, 60000) AS id");
    server.sql("CREATE INDEX fine ON orders (id)");
    server.sql("CREATE UNIQUE INDEX \"By id\" ON orders (id)");
    let trial = server.trial(id);
    let subject = "public.\"By id\"";
    // Neither the extension nor the right is there; the cause says how to get both, and where only the right is missing, that.
    for cause in ["absent", "denied"] {
        let run = trial.finds(&[(subject, "unknown"), ("public.fine", "unknown")], 0);
        let why = &run.findings_of(id)[0]["cause"];
        assert_eq!(why["cause"], cause);
        server.sql(why["fix"].as_str().unwrap());
        trial.finds(&[], 2);
        server.sql("REVOKE EXECUTE ON FUNCTION bt_index_check(regclass) FROM watcher");
    }
    server.sql("GRANT EXECUTE ON FUNCTION bt_index_check(regclass) TO watcher");
    blank(&server, "\"By id\"");
    let run = trial.finds(&[(subject, "fail")], 1);
    let said = run.finding(id)["message"].as_str().unwrap().to_owned();
    assert!(said.contains("unexpected zero page"), "{said}");
    // do: the cause is this test
    carry_out(&trial.steps(&run, subject), |text| server.sql(text), none);
    trial.finds(&[], 2);
}

#[test]
fn what_is_read_often_gets_memory() {
    let server = Server::new("shared_buffers = 1MB\nautovacuum = off");
    server.sql("CREATE TABLE large AS SELECT repeat('x', 1000) AS pad FROM generate_series(1, 9000)");
    server.sql("CREATE DATABASE small");
    let trial = server.trial("postgres-cache-hits").set("at_least: 20_000");
    let read = |times: usize| {
        let mut psql = server.psql("postgres").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let sql = "SELECT count(*) FROM large;\n".repeat(times);
        psql.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        assert!(psql.wait().unwrap().success());
    };
    // One block, read again and again.
    let again = "CREATE TABLE t AS SELECT 1 AS id; \
                 SELECT sum((SELECT id + g * 0 FROM t LIMIT 1)) FROM generate_series(1, 40000) g";
    done(server.psql("postgres").args(["-d", "small", "-c", again]));
    trial.soon(&found(&[], 1));
    read(30);
    let run = trial.soon(&found(&[("postgres", "warn")], 1));
    // do: raise shared_buffers and restart
    server.sql("ALTER SYSTEM SET shared_buffers = '64MB'");
    server.control(&["restart", "-m", "fast"]);
    carry_out(&trial.steps(&run, "postgres"), |text| server.sql(text), |text| server.shell(text));
    read(100);
    trial.soon(&found(&[], 2));
}

#[test]
fn a_damaged_page_is_told_until_it_is_restored() {
    let server = Server::new("autovacuum = off");
    let trial = server.trial("postgres-checksum-failures");
    trial.finds(&[], 0);
    server.control(&["stop", "-m", "fast"]);
    server.shell("pg_checksums --enable --pgdata=\"$PGDATA\" >/dev/null");
    server.start();
    server.sql("CREATE TABLE orders AS SELECT generate_series(1, 10000) AS id");
    trial.finds(&[], 3);
    damage(&server, "orders");
    let read = server.psql("postgres").args(["-c", "SELECT sum(id) FROM orders"]).output().unwrap();
    assert!(!read.status.success());
    let run = trial.soon(&found(&[("postgres", "fail")], 2));
    // do: restore the table; its rows are known here
    server.sql("TRUNCATE orders");
    carry_out(&trial.steps(&run, "postgres"), none, |text| server.shell(text));
    trial.soon(&found(&[], 3));
}

#[test]
fn indexes_are_sorted_again_before_the_version_is_refreshed() {
    let database = Database::new(&[
        "CREATE TABLE t (a text COLLATE \"en-x-icu\", b text)",
        "CREATE INDEX \"By a\" ON t (a)",
        "CREATE INDEX ON t (b)",
    ]);
    let trial = database.trial("postgres-collation-drift");
    trial.finds(&[], 2);
    database.sql("UPDATE pg_collation SET collversion = '1.0' WHERE collname = 'en-x-icu'");
    let subject = "pg_catalog.\"en-x-icu\"";
    let run = trial.finds(&[(subject, "fail")], 1);
    carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    trial.finds(&[], 2);
}

#[test]
fn a_database_s_own_collation_is_refreshed() {
    let name = unique();
    shared(
        "postgres",
        &format!(
            "CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' ENCODING 'UTF8'"
        ),
    );
    shared(&name, "CREATE TABLE t (a text); CREATE INDEX ON t (a)");
    let url = format!("postgres://muster_full@127.0.0.1:{}/{name}", env("MUSTER_TEST_PG_PORT"));
    let target = format!("{{ type: postgres, url: \"{url}\", password: {{ env: SECRET }} }}");
    let trial = Trial::new("postgres-collation-drift", &target).password(&env("MUSTER_TEST_PG_PASSWORD"));
    trial.finds(&[], 1);
    shared("postgres", &format!("UPDATE pg_database SET datcollversion = '1.0' WHERE datname = '{name}'"));
    let subject = "pg_catalog.\"default\"";
    let run = trial.finds(&[(subject, "fail")], 0);
    carry_out(&trial.steps(&run, subject), |text| shared(&name, text), none);
    trial.finds(&[], 1);
    done(&mut psql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)")));
}

#[test]
fn temporary_files_are_told_while_they_are_held_and_by_their_sum() {
    let server = Server::new("");
    let trial = server
        .trial("postgres-temp-files")
        .set("warn_at: 100KiB, fail_at: 1MiB, min_total: 1MiB, per_transaction: 10KiB");
    trial.finds(&[], 3);
    let sort = "SET work_mem = '64kB'; BEGIN; DECLARE c CURSOR FOR SELECT md5(g::text) FROM generate_series(1, 100000) g ORDER BY 1; MOVE 1 FROM c;";
    let session = server.session("postgres", sort);
    let run = trial.finds(&[("postgres", "fail")], 2);
    // do: end the query that nobody needs
    end(session);
    carry_out(&trial.steps(&run, "postgres"), |text| server.sql(text), |text| server.shell(text));
    let run = trial.run();
    // What was written counts until the counters begin anew.
    if run.verdict("postgres-temp-files") == "warn" {
        carry_out(&trial.steps(&run, "postgres"), |text| server.sql(text), |text| server.shell(text));
    }
    trial.soon(&found(&[], 3));
}

#[test]
fn sessions_that_lock_in_opposite_orders_are_told() {
    let server = Server::new("deadlock_timeout = 10ms");
    server.sql("CREATE TABLE a (); CREATE TABLE b ()");
    let trial = server.trial("postgres-deadlocks").set("min_deadlocks: 0");
    trial.finds(&[], 1);
    let mut one = server.session("postgres", "BEGIN; LOCK a;");
    let mut other = server.session("postgres", "BEGIN; LOCK b;");
    for (session, table) in [(&mut one, "b"), (&mut other, "a")] {
        writeln!(session.stdin.as_mut().unwrap(), "LOCK {table}; COMMIT;").unwrap();
    }
    // One of them is ended by the server, and psql with it; the other commits.
    for session in [&mut one, &mut other] {
        drop(session.stdin.take());
        session.wait().unwrap();
    }
    let run = trial.soon(&found(&[("postgres", "fail")], 0));
    // do: all take a before b now
    carry_out(&trial.steps(&run, "postgres"), |text| server.sql(text), |text| server.shell(text));
    trial.soon(&found(&[], 1));
}

#[test]
fn an_error_that_repeats_itself_is_told() {
    let server = Server::new("");
    let trial = server.trial("postgres-rollbacks").set("min_transactions: 100");
    let many = |sql: &str| {
        let mut psql = server.psql("postgres").stdin(Stdio::piped()).spawn().unwrap();
        psql.stdin.take().unwrap().write_all(sql.repeat(300).as_bytes()).unwrap();
        assert!(psql.wait().unwrap().success());
    };
    many("BEGIN; COMMIT;\n");
    trial.soon(&found(&[], 1));
    many("BEGIN; ROLLBACK;\n");
    let run = trial.soon(&found(&[("postgres", "fail")], 0));
    // do: the application is this test
    carry_out(&trial.steps(&run, "postgres"), none, |text| server.shell(text));
    trial.soon(&found(&[], 0));
    many("BEGIN; COMMIT;\n");
    trial.soon(&found(&[], 1));
}

#[test]
fn counters_that_were_reset_must_grow_old_first() {
    let server = Server::new("");
    let trial = server.trial("postgres-statistics-reset").set("min_age: 4s");
    trial.finds(&[], 1);
    server.sql("SELECT pg_stat_reset()");
    let run = trial.soon(&found(&[("postgres", "warn")], 0));
    carry_out(&trial.steps(&run, "postgres"), none, |text| server.shell(text));
    trial.soon(&found(&[], 1));
}

#[test]
fn counters_that_a_crash_lost_must_grow_old_first() {
    let server = Server::new("");
    let trial = server.trial("postgres-statistics-reset").set("min_age: 1h");
    trial.finds(&[], 1);
    // What begins with the server itself, in its first minute, is no loss.
    server.sql(
        "SELECT pg_sleep(greatest(0, 61 - extract(epoch FROM now()) + (system_identifier >> 32))) FROM pg_control_system()",
    );
    server.control(&["restart", "-m", "fast"]);
    trial.finds(&[], 1);
    server.control(&["stop", "-m", "immediate"]);
    server.start();
    let run = trial.finds(&[("postgres", "warn")], 0);
    assert!(run.stdout.contains("were reset, or lost in a crash"), "{}", run.stdout);
}

#[test]
fn a_database_that_refuses_connections_is_frozen_or_dropped() {
    let server = Server::new(
        "autovacuum = off\nautovacuum_freeze_max_age = 100000\nfsync = off\nsynchronous_commit = off",
    );
    let trial = server.trial("postgres-database-refuses-connections").set("fail_at: 20%");
    trial.finds(&[], 1);
    server.sql("CREATE DATABASE \"Old Shop\"");
    server.sql("ALTER DATABASE \"Old Shop\" ALLOW_CONNECTIONS false");
    let shop = "\"Old Shop\"";
    trial.finds(&[(shop, "warn")], 1);
    server.sql("DO $$ BEGIN FOR n IN 1..25000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$");
    server.sql("CREATE DATABASE half");
    server.sql("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half'");
    let subjects = [shop, "template0", "half"];
    let run = trial.finds(&subjects.map(|subject| (subject, "fail")), 0);
    for subject in subjects {
        carry_out(&trial.steps(&run, subject), |text| server.sql(text), |text| server.shell(text));
    }
    trial.finds(&[], 1);
}

#[test]
fn a_database_near_its_own_limit_is_told() {
    let server = Server::new("");
    server.sql("CREATE ROLE app LOGIN");
    let trial = server.trial("postgres-connection-limit");
    trial.finds(&[], 0);
    server.sql("ALTER DATABASE postgres CONNECTION LIMIT 8");
    trial.soon(&found(&[], 1));
    // The one that looks is not counted, and needs a place.
    let sessions: Vec<_> = (0..7).map(|_| server.session("app", "")).collect();
    let run = trial.soon(&found(&[("postgres", "warn")], 0));
    carry_out(&trial.steps(&run, "postgres"), |text| server.sql(text), none);
    trial.finds(&[], 1);
    sessions.into_iter().for_each(end);
}

#[test]
fn a_database_that_grows_is_told_before_it_reaches_its_limit() {
    let (server, target) = server();
    let policy = "postgres-database-growth";
    skipped_by_default("postgres", policy, &target);
    server
        .sql("CREATE TABLE \"Log\" AS SELECT id, repeat('x', 900) AS note FROM generate_series(1, 30000) id");
    let shop = remembering("postgres", policy, &target, "recorded: true, limit: 80MiB");
    assert_eq!(judge(&shop, policy).exits(3).cause(policy), "no-history");
    keep(&shop, &[2, 6, 10, 14, 18, 22, 26, 30]);
    let run = judge(&shop, policy).exits(1);
    let growing = about(&run, policy, "postgres");
    assert_eq!(rank(&growing)[..2], ["fail", "high"]);
    for step in shell_steps(&growing) {
        server.shell(&step);
    }
    // do: delete what is old
    server.sql("DROP TABLE \"Log\"");
    assert_eq!(judge(&shop, policy).exits(0).verdict(policy), "pass");
}
