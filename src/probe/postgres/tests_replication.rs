//! Replicas, slots and WAL on a real primary with a replica.

use serde_json::json;

use super::testing::{Database, missing, run};
use crate::fact::{Cause, Level, Value};
use crate::probe::Answer;
use crate::probe::testing::{cell, value};

/// The row in which a fact has this text.
fn row_with(answer: &Answer, name: &str, text: &str) -> usize {
    let found = (0..answer.table.rows.len()).find(|row| cell(answer, *row, name) == Ok(Value::text(text)));
    found.unwrap_or_else(|| panic!("no row has {text} as {name}"))
}

#[test]
fn a_replica_is_seen_with_the_right_and_denied_without() {
    let (database, _) = Database::replicated("select 1");
    let seen = database.ask("muster_monitor", "postgres.replicas", json!({})).run().unwrap();
    let row = row_with(&seen, "replica", "walreceiver@127.0.0.1");
    assert_eq!(value(&seen, row, "state"), Value::text("streaming"));
    assert_eq!(value(&seen, row, "sync_state"), Value::text("async"));
    assert_eq!(value(&seen, row, "connected"), Value::Bool(true));
    assert_eq!(value(&seen, row, "slot"), Value::Null);
    assert!(value(&seen, row, "flush_behind").as_int().unwrap() >= 0);
    let plain = database.ask("muster_plain", "postgres.replicas", json!({})).run().unwrap();
    let row = row_with(&plain, "application", "walreceiver");
    assert_eq!(value(&plain, row, "replica"), Value::text("walreceiver"), "the address is hidden");
    for name in ["state", "sync_state", "replay_behind", "replay_lag", "slot"] {
        let why = missing(&plain, row, name);
        assert_eq!((why.cause, why.level), (Cause::Denied, Level::Field), "{name}");
        assert_eq!(why.fix.as_deref(), Some("GRANT pg_monitor TO \"muster_plain\";"));
    }
}

#[test]
fn a_standby_tells_of_itself_and_a_primary_nothing() {
    let (database, port) = Database::replicated("select 1");
    let primary = database.ask("muster_monitor", "postgres.standby", json!({})).run().unwrap();
    assert_eq!(value(&primary, 0, "in_recovery"), Value::Bool(false));
    for name in ["streaming", "replay_delay", "not_replayed", "conflicts", "paused"] {
        assert_eq!(missing(&primary, 0, name).cause, Cause::Unsupported, "{name}");
    }
    let ask = |role: &str| {
        let question = database.ask_at(&port, role, "postgres.standby", json!({})).target(|target| {
            let mut url = target.url.clone().unwrap();
            url.set_path("/postgres");
            target.url = Some(url);
        });
        question.run().unwrap()
    };
    let standby = ask("muster_monitor");
    assert_eq!(value(&standby, 0, "in_recovery"), Value::Bool(true));
    assert_eq!(value(&standby, 0, "streaming"), Value::Bool(true));
    assert_eq!(value(&standby, 0, "receiver"), Value::text("streaming"));
    assert_eq!(value(&standby, 0, "sender_host"), Value::text("127.0.0.1"));
    assert_eq!(value(&standby, 0, "max_streaming_delay"), Value::Null, "it is -1 there");
    assert!(value(&standby, 0, "replayed").as_int().unwrap() > 0);
    let plain = ask("muster_plain");
    for name in ["receiver", "streaming", "last_message", "not_received"] {
        assert_eq!(missing(&plain, 0, name).cause, Cause::Denied, "{name}");
    }
    assert_eq!(value(&plain, 0, "paused"), Value::Bool(false));
}

#[test]
fn slots_tell_what_they_hold_back() {
    let database = Database::new("select 1");
    let (physical, logical) = (format!("{}_p", database.name), format!("{}_l", database.name));
    database.run(&format!(
        "SELECT pg_create_physical_replication_slot('{physical}', true);\n\
         SELECT pg_create_physical_replication_slot('{physical}_fresh');\n\
         SELECT pg_create_logical_replication_slot('{logical}', 'test_decoding');\n\
         CREATE TABLE t AS SELECT generate_series(1, 10000)"
    ));
    let answer = database.ask("muster_plain", "postgres.slots", json!({})).run().unwrap();
    let replicas = database.ask("muster_monitor", "postgres.replicas", json!({})).run().unwrap();
    for slot in [physical.clone(), format!("{physical}_fresh"), logical.clone()] {
        run("postgres", &format!("SELECT pg_drop_replication_slot('{slot}')"));
    }
    let row = row_with(&answer, "slot", &physical);
    assert_eq!(value(&answer, row, "kind"), Value::text("physical"));
    assert_eq!(value(&answer, row, "active"), Value::Bool(false));
    assert!(value(&answer, row, "retained").as_int().unwrap() > 100_000);
    assert_eq!(value(&answer, row, "wal_status"), Value::text("reserved"));
    assert_eq!(value(&answer, row, "flush_behind"), Value::Null);
    assert_eq!(missing(&answer, row, "inactive_since").cause, Cause::Unsupported, "15 does not tell it");
    let row = row_with(&answer, "slot", &format!("{physical}_fresh"));
    assert_eq!(value(&answer, row, "retained"), Value::Null, "it was never used");
    assert_eq!(value(&answer, row, "wal_status"), Value::Null);
    let row = row_with(&answer, "slot", &logical);
    assert_eq!(value(&answer, row, "plugin"), Value::text("test_decoding"));
    assert_eq!(value(&answer, row, "database"), Value::text(&*database.name));
    assert_eq!(value(&answer, row, "two_phase"), Value::Bool(false));
    assert!(value(&answer, row, "catalog_xmin_age").as_int().unwrap() > 0);
    assert!(value(&answer, row, "flush_behind").as_int().unwrap() > 0);
    // A slot that a replica has used is a replica that is not there.
    let row = row_with(&replicas, "replica", &format!("slot {physical}"));
    assert_eq!(value(&replicas, row, "connected"), Value::Bool(false));
    assert_eq!(value(&replicas, row, "state"), Value::text("disconnected"));
    assert_eq!(value(&replicas, row, "replay_behind"), Value::Null);
    let named = |name: String| {
        (0..replicas.table.rows.len())
            .any(|row| cell(&replicas, row, "replica") == Ok(Value::text(name.as_str())))
    };
    assert!(!named(format!("slot {physical}_fresh")) && !named(format!("slot {logical}")));
}

#[test]
fn wal_is_told_to_all_and_its_files_to_monitors() {
    let database = Database::new("select 1");
    let answer = database.ask("muster_monitor", "postgres.wal", json!({})).run().unwrap();
    assert_eq!(value(&answer, 0, "in_recovery"), Value::Bool(false));
    assert_eq!(value(&answer, 0, "segment_size"), Value::Int(16 << 20));
    let (files, size) = (value(&answer, 0, "files"), value(&answer, 0, "size"));
    assert_eq!(files.as_int().unwrap() << 24, size.as_int().unwrap());
    assert_eq!(value(&answer, 0, "archive_mode"), Value::text("off"));
    assert_eq!(value(&answer, 0, "archive_by"), Value::Null);
    assert_eq!(value(&answer, 0, "archive_waiting"), Value::Int(0));
    assert_eq!(value(&answer, 0, "oldest_waiting"), Value::Null);
    assert_eq!(value(&answer, 0, "synchronous_wanted"), Value::Int(0));
    assert!(value(&answer, 0, "checkpoints_requested").as_int().is_some());
    let plain = database.ask("muster_plain", "postgres.wal", json!({})).run().unwrap();
    for name in ["files", "size", "archive_waiting", "oldest_waiting", "synchronous_connected"] {
        let why = missing(&plain, 0, name);
        assert_eq!(why.cause, Cause::Denied, "{name}");
        assert_eq!(why.fix.as_deref(), Some("GRANT pg_monitor TO \"muster_plain\";"));
    }
    assert!(value(&plain, 0, "written").as_int().unwrap() > 0);
}

#[test]
fn a_subscription_that_is_off_does_not_run() {
    let database = Database::new("select 1");
    database.run(
        "CREATE SUBSCRIPTION \"From Shop\" CONNECTION 'host=127.0.0.1 password=never-shown' PUBLICATION p WITH (connect = false)",
    );
    let answer = database.ask("muster_plain", "postgres.subscriptions", json!({})).run().unwrap();
    database.run("ALTER SUBSCRIPTION \"From Shop\" SET (slot_name = NONE);\nDROP SUBSCRIPTION \"From Shop\"");
    assert_eq!(answer.table.rows.len(), 1);
    assert_eq!(value(&answer, 0, "subscription"), Value::text("\"From Shop\""));
    assert_eq!(value(&answer, 0, "enabled"), Value::Bool(false));
    assert_eq!(value(&answer, 0, "running"), Value::Bool(false));
    assert_eq!(value(&answer, 0, "last_message"), Value::Null);
    assert_eq!(value(&answer, 0, "apply_errors"), Value::Int(0));
    assert!(!format!("{:?}", answer.table).contains("never-shown"));
}
