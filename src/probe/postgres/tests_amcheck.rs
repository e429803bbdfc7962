//! Indexes that are read by amcheck: which of them, and what an answer is worth that came at the second try.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::testing::Database;
use crate::fact::{Cause, Value};
use crate::probe::Answer;
use crate::probe::testing::{cell, value};

fn find(answer: &Answer, name: &str) -> Option<usize> {
    (0..answer.table.rows.len()).find(|row| value(answer, *row, "name") == Value::text(name))
}

#[test]
fn an_index_that_grew_since_it_was_seen_is_read() {
    let database = Database::new(
        "create extension amcheck;
create table young (id int) with (autovacuum_enabled = false);\ncreate index young_id on young (id);
insert into young select generate_series(1, 300000);
create table wide (t text) with (autovacuum_enabled = false);\ncreate index wide_t on wide (t);
insert into wide select (select string_agg(md5(g * 100 + n + id * 0 || 'x'), '') from generate_series(1, 60) n)
  from generate_series(1, 1500) g, lateral (select g) l (id);
create table grown (id int) with (autovacuum_enabled = false);\ncreate index grown_id on grown (id);
insert into grown select generate_series(1, 2000);\nanalyze grown;
insert into grown select generate_series(1, 300000);
create table small (id int) with (autovacuum_enabled = false);\ncreate index small_id on small (id);
insert into small select generate_series(1, 300)",
    );
    let begun = Instant::now();
    // The counters of a session reach the server when it ends.
    let answer = loop {
        let answer = database.ask("muster_full", "postgres.index_checks", json!({})).run().unwrap();
        if ["young_id", "wide_t", "grown_id"].iter().all(|name| find(&answer, name).is_some()) {
            break answer;
        }
        assert!(begun.elapsed().as_secs() < 10, "{:?}", answer.table.rows);
        std::thread::sleep(Duration::from_millis(100));
    };
    for row in 0..answer.table.rows.len() {
        assert!(value(&answer, row, "index_size").as_int().unwrap() < 1 << 20, "what was seen is small");
    }
    assert_eq!(find(&answer, "small_id"), None);
}

#[test]
fn an_extension_without_its_function_has_read_nothing() {
    let database = Database::new(
        "create extension amcheck;\nalter extension amcheck drop function bt_index_check(regclass);
drop function bt_index_check(regclass);\ncreate table t (id int primary key);
insert into t select generate_series(1, 60000);\nanalyze t",
    );
    let ask = || database.ask("postgres", "postgres.index_checks", json!({})).run().unwrap();
    let answer = ask();
    let why = cell(&answer, find(&answer, "t_pkey").unwrap(), "intact").unwrap_err();
    assert_eq!(why.cause, Cause::Absent);
    assert!(why.what.contains("no function bt_index_check(regclass)"), "{why}");
    for statement in why.fix.as_ref().unwrap().trim_end_matches(';').split("; ") {
        database.run(statement);
    }
    let answer = ask();
    assert_eq!(value(&answer, find(&answer, "t_pkey").unwrap(), "intact"), Value::Bool(true));
}

#[test]
fn a_replica_is_not_asked_about_what_is_not_logged() {
    let (database, port) = Database::replicated(
        "create extension amcheck;\ncreate unlogged table passing (id int primary key);
insert into passing select generate_series(1, 60000);\ncreate table staying (id int primary key);
insert into staying select generate_series(1, 60000);\nanalyze",
    );
    let here = database.ask("muster_full", "postgres.index_checks", json!({})).run().unwrap();
    assert!(find(&here, "passing_pkey").is_some() && find(&here, "staying_pkey").is_some());
    let begun = Instant::now();
    let answer = loop {
        match database.ask_at(&port, "postgres", "postgres.index_checks", json!({})).run() {
            Ok(answer) if find(&answer, "staying_pkey").is_some() => break answer,
            other => assert!(begun.elapsed().as_secs() < 20, "the replica does not follow: {other:?}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(value(&answer, find(&answer, "staying_pkey").unwrap(), "intact"), Value::Bool(true));
    assert_eq!(find(&answer, "passing_pkey"), None);
}

/// Meets what is being dropped at first, and then tells under which limits it is asked again. That it was asked before is
/// known by a lock that the way back to a savepoint leaves.
const FORGETFUL: &str =
    "create or replace function bt_index_check(index regclass) returns void language plpgsql as $$ begin
    if not exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) then
        perform pg_advisory_lock(4711);
        raise exception 'could not open relation with OID 1' using errcode = 'XX000';
    end if;
    perform pg_advisory_unlock_all();
    raise exception '% %', current_setting('row_security'),
        extract(epoch from current_setting('statement_timeout')::interval) using errcode = 'XX002';
end $$";

#[test]
fn a_second_try_has_the_limits_of_the_first() {
    let database = Database::new("create extension amcheck");
    super::testing::run(&database.name, FORGETFUL);
    database.run(
        "create table t (id int primary key);\ninsert into t select generate_series(1, 60000);\nanalyze t",
    );
    let answer = database.ask("postgres", "postgres.index_checks", json!({})).run().unwrap();
    let row = find(&answer, "t_pkey").unwrap();
    assert_eq!(value(&answer, row, "intact"), Value::Bool(false));
    let said = value(&answer, row, "damage").as_text().unwrap().to_owned();
    let (row_security, seconds) = said.split_once(' ').unwrap();
    assert_eq!(row_security, "off");
    // Of the ten seconds of the question, one row gets half at most.
    assert!((0.1..=5.0).contains(&seconds.parse::<f64>().unwrap()), "{seconds}");
}
