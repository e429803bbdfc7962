//! Policies about sessions, locks and what holds vacuum back.

use super::Recipe;
use crate::policies_postgres::{Server, end};
use crate::trial::{carry_out, none};

/// How each is made to fail.
pub(super) const RECIPES: &[Recipe] = &[
    (
        "postgres-blocked-locks",
        "One session locks a table and does nothing, and another waits for it for more than a second.",
    ),
    ("postgres-long-transactions", "A session begins a transaction and does nothing for a second."),
    (
        "postgres-xmin-held",
        "A session reads in a repeatable transaction and stays, while others use up transaction ids.",
    ),
];

const SHORT: &str = "warn_after: 1s, fail_after: 2s";

/// The process of the session that is idle in a transaction.
fn holder(server: &Server) -> String {
    let pid = "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction'";
    let output = server.psql("postgres").args(["-c", pid]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_transaction_that_stays_open_is_ended() {
    let server = Server::new("");
    let trial = server.trial("postgres-long-transactions").set(SHORT);
    trial.finds(&[], 0);
    let session = server.session("postgres", "BEGIN; SELECT 1;");
    let pid = holder(&server);
    trial.soon(&crate::trial::found(&[(&pid, "fail")], 0));
    let run = trial.run();
    // do: it is no dump
    carry_out(&trial.steps(&run, &pid), |text| server.sql(text), none);
    trial.finds(&[], 0);
    end(session);
}

#[test]
fn a_queue_names_who_stands_at_its_end() {
    let server = Server::new("");
    server.sql("CREATE TABLE orders (id int)");
    let trial = server.trial("postgres-blocked-locks").set(SHORT);
    trial.finds(&[], 0);
    let session = server.session("postgres", "BEGIN; LOCK TABLE orders;");
    let root = holder(&server);
    let mut waiting = server.psql("postgres").args(["-c", "SELECT count(*) FROM orders"]).spawn().unwrap();
    let mut pid = String::new();
    for _ in 0..100 {
        let asked = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        let output = server.psql("postgres").args(["-c", asked]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().clone_into(&mut pid);
        if !pid.is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let run = trial.soon(&crate::trial::found(&[(&pid, "fail")], 0));
    assert!(run.stdout.contains(&format!("behind session {root} of postgres")), "{}", run.stdout);
    // do: it does nothing
    carry_out(&trial.steps(&run, &pid), |text| server.sql(text), none);
    assert!(waiting.wait().unwrap().success(), "the one that waited goes on");
    trial.finds(&[], 0);
    end(session);
}

#[test]
fn what_keeps_vacuum_from_removing_rows_is_named_and_ended() {
    let server = Server::new("max_prepared_transactions = 2");
    let trial = server.trial("postgres-xmin-held").set("warn_at: 5, fail_at: 20");
    trial.finds(&[], 0);
    let session = server.session("postgres", "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;");
    let pid = holder(&server);
    server
        .sql("CREATE TABLE t (id int); BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'left behind';");
    for _ in 0..30 {
        server.sql("SELECT txid_current()");
    }
    let (held, prepared) = (format!("session.{pid}"), "prepared.left behind");
    let run = trial.finds(&[(&held, "fail"), (prepared, "fail")], 0);
    for subject in [held.as_str(), prepared] {
        // VACUUM stands alone, so that each step is a statement of its own.
        carry_out(&trial.steps(&run, subject), |text| server.sql(text), none);
    }
    trial.finds(&[], 0);
    end(session);
}
