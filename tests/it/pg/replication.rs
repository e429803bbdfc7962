//! Policies about replication, slots, the archive, WAL and pools.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Recipe;
use crate::policies_postgres::{Server, as_postgres, end, folder, program};
use crate::policies_relations::Standby;
use crate::trial::{Trial, carry_out, done, found, none};

/// How each is made to fail.
pub(super) const RECIPES: &[Recipe] = &[
    ("pgbouncer-pool-exhausted", "two clients hold both connections of a pool in open transactions"),
    (
        "pgbouncer-waiting-clients",
        "`PAUSE` in the console, or one client that holds the only connection of its pool",
    ),
    ("postgres-archive-waiting", "`archive_command = 'false'` and five times `pg_switch_wal()`"),
    (
        "postgres-archiver",
        "`archive_command = 'false'`, none at all, or one that never returns, and `pg_switch_wal()`",
    ),
    ("postgres-checkpoints-requested", "three times `CHECKPOINT`"),
    ("postgres-replication-lag", "`pg_wal_replay_pause()` on a standby, and rows written on its primary"),
    ("postgres-replication-slot-retention", "a physical slot that reserves WAL at once, and 30 MB of rows"),
    ("postgres-slot-inactive", "a slot that nobody connects to"),
    ("postgres-slot-lost", "a slot, `max_slot_wal_keep_size = 16MB`, and more WAL than that"),
    (
        "postgres-standby-stale",
        "`pg_wal_replay_pause()` on the standby and rows on its primary; then the primary is stopped",
    ),
    (
        "postgres-standby-vanished",
        "one standby without and one with a slot are stopped after a check that saw them",
    ),
    ("postgres-sync-standby-missing", "`synchronous_standby_names` names a standby that is not started"),
    ("postgres-wal-size", "a slot that holds back ten WAL files on a server with `max_wal_size = 32MB`"),
];

/// Fills this many WAL files.
fn switch(server: &Server, files: usize) {
    for _ in 0..files {
        server.sql("CREATE TABLE IF NOT EXISTS filler (id int); INSERT INTO filler VALUES (1)");
        server.sql("SELECT pg_switch_wal()");
    }
}

#[test]
fn a_lost_slot_is_dropped() {
    let server = Server::new("max_slot_wal_keep_size = 16MB\nmax_wal_size = 32MB\nmin_wal_size = 32MB");
    let trial = server.trial("postgres-slot-lost");
    // No slot is fine.
    trial.finds(&[], 1);
    server.sql("SELECT pg_create_physical_replication_slot('fresh')");
    server.sql("SELECT pg_create_physical_replication_slot('late_one', true)");
    trial.finds(&[], 2);
    switch(&server, 5);
    server.sql("CHECKPOINT");
    let run = trial.finds(&[("late_one", "fail")], 1);
    assert!(run.finding("postgres-slot-lost")["message"].as_str().unwrap().contains("is lost"));
    carry_out(&trial.steps(&run, "late_one"), |text| server.sql(text), none);
    trial.finds(&[], 1);
}

#[test]
fn a_slot_that_nobody_uses_is_dropped() {
    let primary = Server::new("");
    let trial = primary.trial("postgres-slot-inactive");
    let _standby = Standby::new(&primary, "used", true);
    trial.soon(&found(&[], 1));
    primary.sql("SELECT pg_create_physical_replication_slot('forgotten', true)");
    let run = trial.finds(&[("forgotten", "fail")], 1);
    // do: it has no consumer
    carry_out(&trial.steps(&run, "forgotten"), |text| primary.sql(text), none);
    trial.finds(&[], 1);
}

#[test]
fn a_standby_that_stands_still_goes_on() {
    let id = "postgres-standby-stale";
    let primary = Server::new("");
    let on_primary = primary.trial(id);
    let standby = Standby::new(&primary, "one", false);
    let url = format!("postgres://watcher@127.0.0.1:{}/postgres", standby.port);
    let trial = Trial::new(id, &format!("{{ type: postgres, url: \"{url}\" }}"));
    let trial = trial.set("warn_after: 100ms, fail_after: 1s");
    trial.soon(&found(&[], 1));
    assert_eq!(on_primary.run().verdict(id), "skipped");
    standby.sql("SELECT pg_wal_replay_pause()");
    primary.sql("CREATE TABLE t AS SELECT repeat('x', 1000) FROM generate_series(1, 3000)");
    let run = trial.soon(&found(&[("db", "fail")], 0));
    let finding = run.finding(id);
    assert!(finding["message"].as_str().unwrap().contains("paused: true"), "{finding:#}");
    assert_eq!(finding["urgency"], "ticket", "{finding:#}");
    carry_out(&trial.steps(&run, "db"), |text| standby.sql(text), none);
    trial.soon(&found(&[], 1));
    // All that it received is replayed, and nothing comes any more.
    primary.control(&["-m", "fast", "stop"]);
    let run = trial.soon(&found(&[("db", "fail")], 0));
    let finding = run.finding(id);
    assert!(finding["message"].as_str().unwrap().contains("receives nothing"), "{finding:#}");
    assert_eq!(finding["urgency"], "page", "{finding:#}");
    // do: look whether its primary runs
    primary.start();
    trial.soon(&found(&[], 1));
}

#[test]
fn an_archive_that_never_began_is_seen() {
    let id = "postgres-archiver";
    let server = Server::new("archive_mode = on");
    let trial = server.trial(id).set("first_within: 100ms");
    let run = trial.finds(&[("db", "fail")], 0);
    assert!(run.finding(id)["message"].as_str().unwrap().contains("neither archive_command nor"));
    // A command that waits for something, and would do so for ever.
    let folder = server.folder().display();
    let waits = format!("while [ -d {folder} ] && [ ! -e {folder}/go ]; do sleep 0.1; done");
    server.sql(&format!("ALTER SYSTEM SET archive_command = '{waits}'"));
    server.sql("SELECT pg_reload_conf()");
    trial.soon(&found(&[], 1));
    switch(&server, 2);
    let run = trial.soon(&found(&[("db", "fail")], 0));
    assert!(run.finding(id)["message"].as_str().unwrap().contains("nothing was ever archived: 2 WAL files"));
    // do: mend what it waits for
    std::fs::write(server.folder().join("go"), "").unwrap();
    carry_out(&trial.steps(&run, "db"), |text| server.sql(text), none);
    trial.soon(&found(&[], 1));
}

#[test]
fn what_waits_for_the_archive_is_sent() {
    let server = Server::new("archive_mode = on\narchive_command = 'false'");
    let trial = server.trial("postgres-archive-waiting").set("warn_files: 1, fail_files: 3");
    trial.finds(&[], 1);
    switch(&server, 5);
    let run = trial.finds(&[("db", "fail")], 0);
    // do: mend the command and reload
    server.sql("ALTER SYSTEM SET archive_command = 'true'");
    server.sql("SELECT pg_reload_conf()");
    carry_out(&trial.steps(&run, "db"), |text| server.sql(text), none);
    trial.soon(&found(&[], 1));
}

#[test]
fn what_holds_back_wal_is_ended() {
    let server = Server::new("max_wal_size = 32MB\nmin_wal_size = 32MB");
    let trial = server.trial("postgres-wal-size");
    trial.finds(&[], 1);
    server.sql("SELECT pg_create_physical_replication_slot('holds', true)");
    switch(&server, 10);
    let run = trial.finds(&[("db", "fail")], 0);
    // do: the oldest slot has no consumer
    server.sql("SELECT pg_drop_replication_slot('holds')");
    carry_out(&trial.steps(&run, "db"), |text| server.sql(text), none);
    trial.soon(&found(&[], 1));
}

#[test]
fn wal_gets_more_room_for_its_checkpoints() {
    let id = "postgres-checkpoints-requested";
    let server = Server::new("checkpoint_timeout = 30s\nmax_wal_size = 64MB");
    let trial = server.trial(id).set("at_least: 3");
    assert_eq!(trial.run().verdict(id), "skipped", "too few to say");
    for _ in 0..3 {
        server.sql("CHECKPOINT");
    }
    let run = trial.soon(&found(&[("db", "fail")], 0));
    carry_out(&trial.steps(&run, "db"), |text| server.sql(text), none);
    let shown = done(server.psql("postgres").args(["-c", "SHOW max_wal_size"]));
    assert_eq!(shown, "128MB\n");
    // do: look again when enough were made; the next one comes by the clock
    let trial = server.trial_as("watcher", id).set("at_least: 1");
    server.sql("CREATE TABLE t ()");
    for _ in 0..40 {
        if trial.run().verdict(id) != "skipped" {
            break;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    trial.finds(&[], 1);
}

#[test]
fn commits_do_not_wait_for_a_standby_that_is_gone() {
    let primary = Server::new("");
    let trial = primary.trial("postgres-sync-standby-missing");
    // Nobody is waited for.
    trial.finds(&[], 1);
    let standby = Standby::new(&primary, "one", false);
    primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (one, \"Other One\")'");
    primary.sql("SELECT pg_reload_conf()");
    trial.soon(&found(&[], 1));
    standby.stop();
    let run = trial.soon(&found(&[("db", "fail")], 0));
    // do: start it
    standby.start();
    trial.soon(&found(&[], 1));
    standby.stop();
    trial.soon(&found(&[("db", "fail")], 0));
    carry_out(&trial.steps(&run, "db"), |text| primary.sql(text), none);
    trial.soon(&found(&[], 1));
}

/// A PgBouncer in front of a server, ended with this value.
struct Bouncer {
    folder: tempfile::TempDir,
    port: u16,
    child: Child,
}

impl Bouncer {
    fn new(server: &Server, pool_size: u32) -> Self {
        server.sql("CREATE ROLE app LOGIN");
        let folder = folder();
        let port = crate::ports::free_port();
        std::fs::write(folder.path().join("users"), "\"app\" \"\"\n\"postgres\" \"\"\n\"watcher\" \"\"\n")
            .unwrap();
        configure(folder.path().join("ini"), server, port, pool_size);
        let ini = folder.path().join("ini").display().to_string();
        let mut command = as_postgres(&["pgbouncer", "-q", &ini]);
        command.env("PATH", format!("{}:/usr/sbin:/sbin", crate::policies_postgres::path()));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let made = Self { folder, port, child };
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        // A pool that is well.
        done(made.psql("postgres", "postgres").args(["-c", "SELECT 1"]));
        made
    }

    fn psql(&self, role: &str, database: &str) -> Command {
        let mut psql = Command::new(program("psql"));
        psql.args(["-qXAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", role, "-d", database]);
        psql.args(["-p", &self.port.to_string()]);
        psql
    }

    /// A command of its console.
    fn console(&self, command: &str) {
        done(self.psql("postgres", "pgbouncer").args(["-c", command]));
    }

    /// A client that runs this and ends.
    fn client(&self, sql: &str) -> Child {
        let mut psql = self.psql("app", "postgres");
        psql.args(["-c", sql]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        psql.spawn().unwrap()
    }

    fn trial(&self, policy: &'static str) -> Trial {
        let url = format!("postgres://watcher@127.0.0.1:{}/pgbouncer", self.port);
        Trial::new(policy, &format!("{{ type: pgbouncer, url: \"{url}\" }}"))
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn configure(ini: PathBuf, server: &Server, port: u16, pool_size: u32) {
    let users = ini.with_file_name("users");
    let text = format!(
        "[databases]\npostgres = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
         unix_socket_dir =\nauth_type = trust\nauth_file = {}\nadmin_users = postgres\nstats_users = watcher\n\
         pool_mode = transaction\ndefault_pool_size = {pool_size}\n",
        server.port(),
        users.display()
    );
    std::fs::write(ini, text).unwrap();
}

/// Does a client sleep on the server? Before, another one could overtake it.
fn is_asleep(server: &Server) -> bool {
    let asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    server.psql("postgres").args(["-c", asked]).output().unwrap().stdout == b"1\n"
}

#[test]
fn clients_that_wait_for_a_pool_are_served() {
    let id = "pgbouncer-waiting-clients";
    let server = Server::new("");
    let bouncer = Bouncer::new(&server, 1);
    let trial = bouncer.trial(id).set("warn_after: 100ms, fail_after: 500ms");
    trial.finds(&[], 1);
    bouncer.console("PAUSE postgres");
    let waits = bouncer.client("SELECT 1");
    let run = trial.soon(&found(&[("postgres/app", "fail")], 1));
    assert!(run.finding(id)["message"].as_str().unwrap().contains("is paused"));
    carry_out(&trial.steps(&run, "postgres/app"), |text| bouncer.console(text), none);
    trial.soon(&found(&[], 2));
    assert!(waits.wait_with_output().unwrap().status.success());
    // One holds the only connection, another one waits.
    let holds = bouncer.client("SELECT pg_sleep(60)");
    while !is_asleep(&server) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let waits = bouncer.client("SELECT 1");
    let run = trial.soon(&found(&[("postgres/app", "fail")], 1));
    let finding = run.finding(id);
    assert!(
        finding["message"].as_str().unwrap().contains("1 of 1 server connections are busy"),
        "{finding:#}"
    );
    carry_out(&trial.steps(&run, "postgres/app"), |text| bouncer.console(text), none);
    // do: end the transaction that lasts long
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()");
    trial.soon(&found(&[], 2));
    assert!(waits.wait_with_output().unwrap().status.success());
    end(holds);
}

#[test]
fn a_pool_without_connections_gets_more() {
    let server = Server::new("");
    let bouncer = Bouncer::new(&server, 2);
    let trial = bouncer.trial("pgbouncer-pool-exhausted");
    trial.finds(&[], 1);
    let clients = [bouncer.client("SELECT pg_sleep(60)"), bouncer.client("SELECT pg_sleep(60)")];
    let run = trial.soon(&found(&[("postgres/app", "fail")], 1));
    // do: raise default_pool_size
    configure(bouncer.folder.path().join("ini"), &server, bouncer.port, 20);
    carry_out(&trial.steps(&run, "postgres/app"), |text| bouncer.console(text), none);
    trial.soon(&found(&[], 2));
    clients.into_iter().for_each(end);
}
