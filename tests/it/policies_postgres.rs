//! The policies of the area `postgres` on PostgreSQL: those about tables on the server that `tests/run` starts,
//! those about the server itself on one of their own.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::trial::{Trial, carry_out, done, env, found, none, unique};

pub(crate) fn program(name: &str) -> PathBuf {
    Path::new(&env("MUSTER_TEST_PG_BIN")).join(name)
}

/// `PATH` with the server's programs in front.
pub(crate) fn path() -> String {
    format!("{}:{}", env("MUSTER_TEST_PG_BIN"), env("PATH"))
}

/// A database on the server of `tests/run`, dropped with this value.
pub(crate) struct Database(String);

impl Database {
    pub(crate) fn new(sql: &[&str]) -> Self {
        let made = Self(unique());
        shared("postgres", &format!("CREATE DATABASE {} TEMPLATE muster_template", made.0));
        // Each in a session of its own, which tells what it counted when it ends.
        for sql in sql {
            made.sql(sql);
        }
        made
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    pub(crate) fn sql(&self, sql: &str) {
        shared(&self.0, sql);
    }

    /// A statement that must fail.
    pub(crate) fn refused(&self, sql: &str) {
        let output = psql(&self.0, sql).output().unwrap();
        assert!(!output.status.success(), "{sql}");
    }

    pub(crate) fn trial(&self, policy: &'static str) -> Trial {
        let port = env("MUSTER_TEST_PG_PORT");
        let url = format!("postgres://muster_full@127.0.0.1:{port}/{}", self.0);
        let target = format!("{{ type: postgres, url: \"{url}\", password: {{ env: SECRET }} }}");
        Trial::new(policy, &target).password(&env("MUSTER_TEST_PG_PASSWORD"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            shared("postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.0));
        }
    }
}

pub(crate) fn psql(database: &str, sql: &str) -> Command {
    let mut psql = Command::new(program("psql"));
    psql.args(["-qXAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", "-d", database]);
    psql.args(["-p", &env("MUSTER_TEST_PG_PORT"), "-c", sql]);
    psql.env("PGPASSWORD", env("MUSTER_TEST_PG_PASSWORD"));
    psql
}

/// Runs statements on the server of `tests/run` as its superuser.
pub(crate) fn shared(database: &str, sql: &str) {
    done(&mut psql(database, sql));
}

/// A folder for a server, which is its account's.
pub(crate) fn folder() -> tempfile::TempDir {
    let made = tempfile::tempdir_in(env("MUSTER_TEST_SERVERS")).unwrap();
    if rustix::process::geteuid().is_root() {
        done(Command::new("chown").arg("postgres").arg(made.path()));
    }
    made
}

/// A server of its own, ended with this value.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    port: u16,
    /// What its environment has besides ours.
    environment: Vec<(&'static str, String)>,
}

/// The server refuses root, so that its programs run as `postgres` then.
pub(crate) fn as_postgres(words: &[&str]) -> Command {
    let root = rustix::process::geteuid().is_root();
    let prefix: &[&str] =
        if root { &["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] } else { &["env"] };
    let mut command = Command::new(prefix[0]);
    command.args(&prefix[1..]).args(words).env("PATH", path());
    command
}

impl Server {
    pub(crate) fn new(settings: &str) -> Self {
        Self::within(settings, |_| Vec::new())
    }

    /// With variables in its environment, made for its folder.
    pub(crate) fn within(
        settings: &str,
        environment: impl FnOnce(&Path) -> Vec<(&'static str, String)>,
    ) -> Self {
        let mut made = Self::made();
        made.environment = environment(made.folder.path());
        let text = format!(
            "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n{settings}\n",
            made.port
        );
        let mut file =
            std::fs::OpenOptions::new().append(true).open(made.data().join("postgresql.conf")).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        made.start();
        made
    }

    fn made() -> Self {
        // Before there is something to end.
        env("MUSTER_TEST_PG_BIN");
        let folder = folder();
        let port = crate::ports::free_port();
        let made = Self { folder, port, environment: Vec::new() };
        let data = made.data().display().to_string();
        done(&mut as_postgres(&[
            "initdb",
            "-D",
            &data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]));
        made
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its own folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn control(&self, words: &[&str]) {
        let data = self.data().display().to_string();
        let log = self.folder.path().join("log").display().to_string();
        let mut all = vec!["pg_ctl", "-D", &data, "-l", &log, "-w", "-t", "60"];
        all.extend(words);
        done(as_postgres(&all).stdout(Stdio::null()));
    }

    pub(crate) fn start(&self) {
        // Not through a pipe, which the server would hold open.
        let data = self.data().display().to_string();
        let log = self.folder.path().join("log").display().to_string();
        // Through `env`, so that nothing but the server gets them.
        let environment = self.environment.iter().map(|(name, value)| format!("{name}={value}"));
        let status = as_postgres(&["env"])
            .args(environment)
            .args(["pg_ctl", "-D", &data, "-l", &log, "-w", "-t", "60", "start"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{}", std::fs::read_to_string(&log).unwrap_or_default());
    }

    pub(crate) fn psql(&self, role: &str) -> Command {
        let mut psql = Command::new(program("psql"));
        psql.args(["-qXAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", role, "-d", "postgres"]);
        psql.args(["-p", &self.port.to_string()]);
        psql
    }

    /// Runs statements as its superuser.
    pub(crate) fn sql(&self, sql: &str) {
        done(self.psql("postgres").args(["-c", sql]));
    }

    /// A step for the shell, with what a person there has in the environment.
    pub(crate) fn shell(&self, text: &str) {
        let mut shell = as_postgres(&["sh", "-e", "-c", text]);
        shell.env("PGHOST", "127.0.0.1").env("PGPORT", self.port.to_string()).env("PGUSER", "postgres");
        done(shell.env("PGDATA", self.data()));
    }

    /// A session that has done this, and stays.
    pub(crate) fn session(&self, role: &str, sql: &str) -> Child {
        let mut child = self.psql(role).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "{sql} SELECT 'ready';").unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        child
    }

    pub(crate) fn trial_as(&self, role: &str, policy: &'static str) -> Trial {
        let url = format!("postgres://{role}@127.0.0.1:{}/postgres", self.port);
        Trial::new(policy, &format!("{{ type: postgres, url: \"{url}\" }}"))
    }

    /// A role that only looks.
    pub(crate) fn trial(&self, policy: &'static str) -> Trial {
        self.sql("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
        self.trial_as("watcher", policy)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.data().display().to_string();
        let stopped = as_postgres(&["pg_ctl", "-D", &data, "-m", "immediate", "stop"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(stopped.is_ok() || std::thread::panicking());
    }
}

pub(crate) fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

const ORDERS: &str = "CREATE TABLE orders AS SELECT id, 'x' AS note FROM generate_series(1, 50000) id";
const LINES: &str =
    "CREATE TABLE \"Order Lines\" AS SELECT id, 'x' AS note FROM generate_series(1, 50000) id";

#[test]
fn dead_rows_are_vacuumed() {
    let database = Database::new(&[ORDERS, LINES, "VACUUM ANALYZE"]);
    let trial = database.trial("postgres-dead-tuples");
    trial.finds(&[], 2);
    database.sql("UPDATE \"Order Lines\" SET note = 'y' WHERE id <= 40000");
    let subject = "public.\"Order Lines\"";
    let run = trial.finds(&[(subject, "fail")], 1);
    // do: nothing holds vacuum back
    carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    trial.finds(&[], 2);
}

#[test]
fn a_table_that_was_never_vacuumed() {
    let still = "CREATE TABLE countries AS SELECT generate_series(1, 200) AS id";
    let database = Database::new(&[ORDERS, LINES, still, "VACUUM orders"]);
    let trial = database.trial("postgres-never-vacuumed");
    let subject = "public.\"Order Lines\"";
    let run = trial.finds(&[(subject, "fail")], 2);
    // do: autovacuum is off on this server
    carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    trial.finds(&[], 3);
}

#[test]
fn stale_statistics_are_analyzed() {
    let database = Database::new(&[ORDERS, LINES, "ANALYZE"]);
    let trial = database.trial("postgres-statistics-stale");
    trial.finds(&[], 2);
    database.sql("UPDATE \"Order Lines\" SET note = 'y'");
    database.sql("UPDATE \"Order Lines\" SET note = 'z'");
    database.sql("CREATE TABLE loaded AS SELECT generate_series(1, 20000) AS id");
    let lines = "public.\"Order Lines\"";
    let run = trial.finds(&[(lines, "fail"), ("public.loaded", "fail")], 1);
    for subject in [lines, "public.loaded"] {
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    }
    trial.finds(&[], 3);
}

#[test]
fn autovacuum_of_the_server_is_switched_on() {
    let server = Server::new("autovacuum = off");
    let trial = server.trial("postgres-autovacuum-on");
    let run = trial.finds(&[("db", "fail")], 0);
    carry_out(&trial.steps(&run, "db"), |text| server.sql(text), none);
    trial.soon(&found(&[], 1));
}

#[test]
fn autovacuum_of_a_table_is_switched_on() {
    let database =
        Database::new(&[ORDERS, "CREATE TABLE \"Log\" (id int) WITH (autovacuum_enabled = false)"]);
    let trial = database.trial("postgres-autovacuum-tables");
    let run = trial.finds(&[("public.\"Log\"", "fail")], 1);
    carry_out(&trial.steps(&run, "public.\"Log\""), |text| database.sql(text), none);
    trial.finds(&[], 2);
    database.sql("ALTER TABLE orders SET (toast.autovacuum_enabled = false)");
    let run = trial.finds(&[("public.orders", "fail")], 1);
    assert!(run.stdout.contains("public.orders has toast.autovacuum_enabled = false"), "{}", run.stdout);
    carry_out(&trial.steps(&run, "public.orders"), |text| database.sql(text), none);
    trial.finds(&[], 2);
}

#[test]
fn connections_that_leak_are_ended() {
    let server = Server::new("max_connections = 23\nsuperuser_reserved_connections = 3");
    let trial = server.trial("postgres-connections").set("idle_after: 500ms");
    trial.soon(&found(&[], 1));
    server.sql("CREATE ROLE app LOGIN");
    let sessions: Vec<Child> = (0..19).map(|_| server.session("app", "")).collect();
    let run = trial.soon(&found(&[("db", "fail")], 0));
    std::thread::sleep(Duration::from_secs(1));
    // do: no pool here
    carry_out(&trial.steps(&run, "db"), |text| server.sql(text), none);
    trial.soon(&found(&[], 1));
    sessions.into_iter().for_each(end);
}

#[test]
fn a_table_without_a_key_gets_one() {
    let database = Database::new(&[ORDERS, "ALTER TABLE orders ADD PRIMARY KEY (id)", LINES]);
    let trial = database.trial("postgres-no-primary-key");
    let subject = "public.\"Order Lines\"";
    let run = trial.finds(&[(subject, "fail")], 1);
    // do: no column of it is taken for the key
    carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    trial.finds(&[], 2);
}

#[test]
fn an_interrupted_index_is_built_again() {
    let database =
        Database::new(&[ORDERS, "CREATE INDEX ON orders (note)", "INSERT INTO orders VALUES (7, 'twice')"]);
    let trial = database.trial("postgres-invalid-indexes");
    trial.finds(&[], 1);
    database.refused("CREATE UNIQUE INDEX CONCURRENTLY \"By id\" ON orders (id)");
    database.refused("REINDEX INDEX CONCURRENTLY \"By id\"");
    let (index, leftover) = ("public.\"By id\"", "public.\"By id_ccnew\"");
    let run = trial.finds(&[(index, "fail"), (leftover, "fail")], 1);
    // do: it was interrupted by duplicates
    database.sql("DELETE FROM orders WHERE note = 'twice'");
    for subject in [index, leftover] {
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    }
    trial.finds(&[], 2);
}

#[test]
fn a_sequence_is_widened() {
    let database = Database::new(&[
        "CREATE TABLE fine (id serial)",
        "CREATE SEQUENCE wide; CREATE TABLE narrow (id int DEFAULT nextval('wide')); SELECT setval('wide', 2100000000)",
        "CREATE TABLE small (id smallserial); SELECT setval('small_id_seq', 32000)",
        "CREATE TABLE identity (\"Id\" int GENERATED ALWAYS AS IDENTITY); SELECT setval('\"identity_Id_seq\"', 2000000000)",
        "CREATE SEQUENCE down INCREMENT -1 MINVALUE -100; SELECT setval('down', -95)",
        "CREATE SEQUENCE round MAXVALUE 10 CYCLE; SELECT setval('round', 10)",
    ]);
    let trial = database.trial("postgres-sequence-exhaustion");
    let bad = ["public.wide", "public.small_id_seq", "public.\"identity_Id_seq\"", "public.down"];
    let run = trial.finds(&bad.map(|subject| (subject, "fail")), 1);
    for subject in bad {
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    }
    trial.finds(&[], 5);
}

#[test]
fn a_sequence_that_may_not_be_read_is_unknown() {
    let database = Database::new(&[
        "CREATE SEQUENCE open",
        "CREATE SEQUENCE \"Hidden\" MAXVALUE 10; SELECT setval('\"Hidden\"', 10)",
        "REVOKE ALL ON SEQUENCE \"Hidden\" FROM muster_full",
    ]);
    let trial = database.trial("postgres-sequence-exhaustion");
    let run = trial.finds(&[("public.\"Hidden\"", "unknown")], 1);
    assert_eq!(run.cause("postgres-sequence-exhaustion"), "denied");
    let finding = run.finding("postgres-sequence-exhaustion");
    database.sql(finding["cause"]["fix"].as_str().unwrap());
    trial.finds(&[("public.\"Hidden\"", "fail")], 1);
}

#[test]
fn an_abandoned_slot_is_dropped() {
    let server = Server::new("");
    let trial = server.trial("postgres-replication-slot-retention").set("warn_at: 4MiB, fail_at: 16MiB");
    trial.finds(&[], 1);
    server.sql("SELECT pg_create_physical_replication_slot('old_one', true)");
    trial.finds(&[], 1);
    server.sql("CREATE TABLE t AS SELECT repeat('x', 1000) FROM generate_series(1, 30000)");
    let run = trial.finds(&[("old_one", "fail")], 0);
    // do: its consumer is gone
    carry_out(&trial.steps(&run, "old_one"), |text| server.sql(text), none);
    trial.finds(&[], 1);
}

#[test]
fn a_superuser_does_not_look() {
    let server = Server::new("");
    let trial = server.trial_as("postgres", "postgres-role-not-superuser");
    let run = trial.finds(&[("db", "fail")], 0);
    carry_out(&trial.steps(&run, "db"), |text| server.sql(text), none);
    // do: name the role in the project file; no password is needed here
    server.trial_as("muster", "postgres-role-not-superuser").finds(&[], 1);
}

#[test]
fn settings_that_lose_data_are_switched_back() {
    let server = Server::new("fsync = off\nfull_page_writes = off");
    let trial = server.trial("postgres-durability");
    let run = trial.finds(&[("db", "fail")], 0);
    carry_out(&trial.steps(&run, "db"), |text| server.sql(text), none);
    trial.soon(&found(&[], 1));
}

#[test]
fn checksums_are_switched_on() {
    let server = Server::new("");
    let trial = server.trial("postgres-checksums");
    let run = trial.finds(&[("db", "fail")], 0);
    // do: stop the server
    server.control(&["stop", "-m", "fast"]);
    carry_out(&trial.steps(&run, "db"), |text| server.sql(text), |text| server.shell(text));
    // do: start it
    server.start();
    trial.finds(&[], 1);
}

#[test]
fn an_archive_that_is_broken_is_mended() {
    let server = Server::new("archive_mode = on\narchive_command = 'false'");
    let trial = server.trial("postgres-archiver");
    trial.finds(&[], 1);
    server.sql("SELECT pg_switch_wal()");
    let run = trial.soon(&found(&[("db", "fail")], 0));
    // do: mend the command and reload
    server.sql("ALTER SYSTEM SET archive_command = 'true'");
    server.sql("SELECT pg_reload_conf()");
    carry_out(&trial.steps(&run, "db"), |text| server.sql(text), none);
    trial.soon(&found(&[], 1));
}

#[test]
fn a_forgotten_prepared_transaction_is_ended() {
    let server = Server::new("max_prepared_transactions = 4");
    let trial = server.trial("postgres-prepared-transactions").set("warn_after: 100ms, fail_after: 500ms");
    trial.finds(&[], 1);
    done(server.psql("postgres").args([
        "-c",
        "BEGIN",
        "-c",
        "CREATE TABLE t ()",
        "-c",
        "PREPARE TRANSACTION 'it''s'",
    ]));
    let run = trial.soon(&found(&[("it's", "fail")], 0));
    // do: its coordinator is this test
    carry_out(&trial.steps(&run, "it's"), |text| server.sql(text), none);
    trial.finds(&[], 1);
}
