//! Counters of a real server that were lost.

use serde_json::json;
use sqlx::{Connection, Executor};

use super::testing::{Database, block, missing, row_of};
use crate::fact::{Cause, Value};
use crate::probe::testing::value;

#[test]
fn lost_counters_are_not_an_empty_table() {
    let database = Database::new(
        "create table t (id int);
insert into t select generate_series(1, 100);
analyze t;
select pg_stat_reset_single_table_counters('t'::regclass)",
    );
    let answer = database.ask("muster_plain", "postgres.tables", json!({})).run().unwrap();
    for name in ["live_rows", "dead_rows", "dead_ratio", "last_vacuum", "modified_since_analyze"] {
        assert_eq!(missing(&answer, 0, name).cause, Cause::NoHistory, "{name}");
    }
    // What came since is not all there is.
    database.run("insert into t select generate_series(1, 50)");
    let answer = database.ask("muster_plain", "postgres.tables", json!({})).run().unwrap();
    assert_eq!(missing(&answer, 0, "live_rows").cause, Cause::NoHistory);
    database.run("analyze t");
    let answer = database.ask("muster_plain", "postgres.tables", json!({})).run().unwrap();
    assert_eq!(value(&answer, 0, "live_rows"), Value::Int(150));
}

/// As many rows came after the loss as were there before: the counter says what the catalogue says, and the file does not.
#[test]
fn a_table_that_grew_by_more_than_is_counted_is_not_known() {
    let database = Database::new(
        "create table queue (id int, note text);
insert into queue select i, 'text' from generate_series(1, 20000) i;
analyze queue;
delete from queue where id % 2 = 0;
select pg_stat_reset();
insert into queue select i, 'text' from generate_series(1, 20000) i;
create table grown (id int, note text);
insert into grown select i, 'text' from generate_series(1, 1000) i;
create index on grown (id);
insert into grown select i, 'text' from generate_series(1, 30000) i;
create table small (id int);
insert into small select i from generate_series(1, 200) i;
create index on small (id);
insert into small select i from generate_series(1, 200) i",
    );
    let ask = || database.ask("muster_plain", "postgres.tables", json!({})).run().unwrap();
    let answer = ask();
    let queue = row_of(&answer, "public.queue");
    assert_eq!(missing(&answer, queue, "dead_rows").cause, Cause::NoHistory);
    for (table, rows) in [("grown", 31_000), ("small", 400)] {
        let row = row_of(&answer, &format!("public.{table}"));
        assert_eq!(
            value(&answer, row, "live_rows"),
            Value::Int(rows),
            "{table} was never analyzed, and is whole"
        );
    }
    database.run("analyze queue");
    assert_eq!(value(&ask(), queue, "dead_rows"), Value::Int(10_000));
}

#[test]
fn lost_counters_of_a_table_that_was_never_analyzed_are_told() {
    let database = Database::new(
        "create table empty (id int);
create table full_one (id int);
insert into full_one select generate_series(1, 100);
create table indexed (id int);
insert into indexed select generate_series(1, 100);
create index on indexed (id);
create table swept (id int);
insert into swept select generate_series(1, 100);
delete from swept;
analyze swept",
    );
    let answer = database.ask("muster_plain", "postgres.tables", json!({})).run().unwrap();
    for (table, rows) in [("empty", 0), ("full_one", 100), ("indexed", 100)] {
        assert_eq!(
            value(&answer, row_of(&answer, &format!("public.{table}")), "live_rows"),
            Value::Int(rows)
        );
    }
    database.run("select pg_stat_reset()");
    let answer = block(async {
        let mut other = database.connect().await;
        other.execute("begin").await.unwrap();
        other.execute("lock table empty in access exclusive mode").await.unwrap();
        let locked = database.ask("muster_plain", "postgres.tables", json!({})).run_async().await.unwrap();
        assert_eq!(missing(&locked, row_of(&locked, "public.empty"), "live_rows").cause, Cause::Timeout);
        other.close().await.unwrap();
        database.ask("muster_plain", "postgres.tables", json!({})).run_async().await.unwrap()
    });
    assert_eq!(value(&answer, row_of(&answer, "public.empty"), "live_rows"), Value::Int(0));
    for table in ["full_one", "indexed", "swept"] {
        let why = missing(&answer, row_of(&answer, &format!("public.{table}")), "live_rows");
        assert_eq!(why.cause, Cause::NoHistory, "{table}");
    }
    assert!(!value(&answer, 0, "stats_since").is_null());
}
