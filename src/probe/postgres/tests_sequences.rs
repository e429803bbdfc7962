//! Sequences of a real server, and what they feed.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, Executor};

use super::testing::{Database, block, missing, row};
use crate::fact::{Cause, Level, Value};
use crate::probe::testing::value;

const SEQUENCES: &str = "create table parent (id serial primary key); create table child () inherits (parent);
alter sequence parent_id_seq restart with 2147483000;
create sequence shared; create table a (id int default nextval('shared')); create table b (id smallint default nextval('shared'));
insert into a select from generate_series(1, 10); insert into b values (500);
create domain tiny as numeric(3,0); create domain tinier as tiny;
create sequence exact; create table e (id tinier default nextval('exact')); select setval('exact', 998);
create sequence words; create table w (id text default 'W' || nextval('words')); select setval('words', 5);
create table fixed (id serial); insert into fixed values (10); select setval('fixed_id_seq', 11, false);
create table grand (day date, id serial) partition by range (day);
create table one partition of grand for values from ('2026-01-01') to ('2026-02-01');
create sequence used_only; select setval('used_only', 3); revoke all on used_only from muster_full; grant usage on sequence used_only to muster_full;
create sequence never_only; revoke all on never_only from muster_full; grant usage on sequence never_only to muster_full;
create unlogged table u (id serial)";

#[test]
fn sequences_are_judged_by_all_that_they_feed() {
    let database = Database::new(SEQUENCES);
    let answer = database.ask("muster_full", "postgres.sequences", json!({})).run().unwrap();
    let at = |name: &str| row(&answer, &[("name", name)]);
    let tells = |name: &str, fact: &str| value(&answer, at(name), fact);
    let Value::Float(used) = tells("parent_id_seq", "used_ratio") else { panic!("no share") };
    assert!(used > 0.999, "{used}: it begins near its end");
    assert_eq!(tells("parent_id_seq", "left_values"), Value::Int(647));
    assert_eq!(
        tells("parent_id_seq", "feeds"),
        Value::texts(["public.parent.id"]),
        "the child's is part of it"
    );
    assert_eq!(tells("shared", "limit"), Value::Int(32_767));
    assert_eq!(tells("shared", "table"), Value::text("public.b"));
    assert_eq!(tells("shared", "feeds"), Value::texts(["public.a.id", "public.b.id"]));
    assert_eq!(tells("shared", "highest"), Value::Int(500));
    assert_eq!(tells("shared", "behind"), Value::Bool(true));
    assert_eq!(tells("exact", "limit"), Value::Int(999), "the domain of a domain says so");
    assert_eq!(tells("exact", "column_type"), Value::text("numeric(3,0)"));
    assert_eq!(tells("exact", "left_values"), Value::Int(1));
    assert_eq!(tells("words", "column_type"), Value::Null);
    assert_eq!(tells("words", "behind"), Value::Null);
    assert_eq!(tells("fixed_id_seq", "last_value"), Value::Null);
    assert_eq!(tells("fixed_id_seq", "behind"), Value::Bool(false), "the next number is 11");
    assert_eq!(tells("grand_id_seq", "feeds"), Value::texts(["public.grand.id"]));
    assert_eq!(tells("used_only", "last_value"), Value::Int(3), "USAGE tells it");
    let why = missing(&answer, at("never_only"), "used_ratio");
    assert_eq!(why.cause, Cause::Denied, "only the sequence itself tells where it begins");
    database.run(&why.fix.unwrap());
    let answer = database.ask("muster_full", "postgres.sequences", json!({})).run().unwrap();
    assert_eq!(value(&answer, at("never_only"), "used_ratio"), Value::Float(0.0));
}

#[test]
fn what_is_left_is_counted_up_and_down() {
    let database = Database::new(
        "create sequence up increment 2 maxvalue 10; select setval('up', 5);
         create sequence down increment -2 minvalue -10; select setval('down', -5);
         create sequence over increment -1 minvalue -10; create table t (id smallint default nextval('over')); select setval('over', -10)",
    );
    let answer = database.ask("muster_full", "postgres.sequences", json!({})).run().unwrap();
    for (name, left) in [("up", 2), ("down", 2), ("over", 0)] {
        assert_eq!(
            value(&answer, row(&answer, &[("name", name)]), "left_values"),
            Value::Int(left),
            "{name}"
        );
    }
}

#[test]
fn a_locked_sequence_hides_itself_only() {
    let database = Database::new("create table t (id serial);\ncreate table s (id serial)");
    let answer = block(async {
        let mut other = database.connect().await;
        other.execute("begin; truncate t restart identity").await.unwrap();
        let answer = database.ask("muster_full", "postgres.sequences", json!({})).run_async().await;
        other.close().await.unwrap();
        answer.unwrap()
    });
    let why = missing(&answer, row(&answer, &[("name", "t_id_seq")]), "used_ratio");
    assert_eq!((why.cause, why.level), (Cause::Timeout, Level::Row));
    let free = row(&answer, &[("name", "s_id_seq")]);
    assert_eq!(value(&answer, free, "used_ratio"), Value::Float(0.0));
    assert_eq!(value(&answer, free, "behind"), Value::Bool(false));
}

#[test]
fn values_that_are_made_of_a_number_are_no_numbers_of_the_sequence() {
    let database = Database::new(
        "create sequence tens;\ncreate table ten (id bigint primary key default nextval('tens') * 10);
insert into ten select nextval('tens') * 10 from generate_series(1, 50);
create sequence own;\ncreate table owning (id int primary key default nextval('own'::text::regclass));
alter sequence own owned by owning.id;\ninsert into owning values (7);
create sequence short;\ncreate table brief (id smallint primary key default nextval('short')::smallint);
insert into brief values (7);
create domain tiny as smallint;\ncreate sequence cast_twice;
create table chained (id tiny primary key default nextval('cast_twice')::int::tiny);\ninsert into chained values (7);
create table told (id numeric(5,0) primary key);\ncreate sequence teller owned by told.id;\ninsert into told values (7)",
    );
    let answer = database.ask("muster_full", "postgres.sequences", json!({})).run().unwrap();
    let behind = |name: &str| value(&answer, row(&answer, &[("name", name)]), "behind");
    assert_eq!(value(&answer, row(&answer, &[("name", "tens")]), "highest"), Value::Null);
    assert_ne!(behind("tens"), Value::Bool(true));
    for name in ["own", "short", "teller", "cast_twice"] {
        assert_eq!(behind(name), Value::Bool(true), "{name}");
    }
}

#[test]
fn an_unlogged_sequence_is_nothing_to_a_replica() {
    let (database, port) =
        Database::replicated("create unlogged table u (id serial);\ncreate table t (id serial)");
    let started = tokio::time::Instant::now();
    let answer = loop {
        let asked = database.ask_at(&port, "muster_full", "postgres.sequences", json!({})).run();
        match asked {
            Ok(answer) if answer.table.rows.len() == 2 => break answer,
            other => {
                assert!(
                    started.elapsed() < Duration::from_secs(20),
                    "the replica does not follow: {other:?}"
                );
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let why = missing(&answer, row(&answer, &[("name", "u_id_seq")]), "used_ratio");
    assert_eq!((why.cause, why.level), (Cause::Unsupported, Level::Row));
    assert_eq!(value(&answer, row(&answer, &[("name", "t_id_seq")]), "used_ratio"), Value::Float(0.0));
}

const MEASURED: &str = "create table small (id int primary key default 1);
create sequence big; alter table small alter id set default nextval('big');
select setval('big', 2000000000);
create table \"Own\" (\"Id\" serial primary key);
insert into \"Own\" values (500);
create table ident (id smallint generated always as identity);
create sequence round maxvalue 10 cycle; select setval('round', 10);
create sequence hidden; revoke all on sequence hidden from muster_full;
create sequence down increment -1 minvalue -100 maxvalue 0 start 0; select setval('down', -50);
create table fallen (id int primary key); insert into fallen values (-60), (1);
alter table fallen alter id set default nextval('down');
create table turns (id int); create sequence turn cycle owned by turns.id";

#[test]
fn a_sequence_is_measured_by_the_column_that_it_feeds() {
    let database = Database::new(MEASURED);
    let answer = database.ask("muster_full", "postgres.sequences", json!({})).run().unwrap();
    let row = |name: &str| {
        let found =
            (0..answer.table.rows.len()).find(|row| value(&answer, *row, "sequence") == Value::text(name));
        found.unwrap_or_else(|| panic!("no sequence {name}"))
    };
    let big = row("public.big");
    assert_eq!(value(&answer, big, "limit"), Value::Int(2_147_483_647), "the column is an int");
    assert_eq!(value(&answer, big, "data_type"), Value::text("bigint"));
    let Value::Float(used) = value(&answer, big, "used_ratio") else { panic!("no share") };
    assert!((used - 0.931).abs() < 0.001, "{used}");
    assert_eq!(value(&answer, big, "left_values"), Value::Int(147_483_647));
    assert_eq!(value(&answer, big, "behind"), Value::Bool(false));
    let own = row("public.\"Own_Id_seq\"");
    assert_eq!(value(&answer, own, "last_value"), Value::Null);
    assert_eq!(value(&answer, own, "table"), Value::text("public.\"Own\""));
    assert_eq!(value(&answer, own, "highest"), Value::Int(500));
    assert_eq!(value(&answer, own, "behind"), Value::Bool(true));
    assert_eq!(value(&answer, row("public.ident_id_seq"), "limit"), Value::Int(32_767));
    assert_eq!(value(&answer, row("public.round"), "used_ratio"), Value::Float(1.0));
    for (name, keyed) in [("public.turn", false), ("public.round", false), ("public.big", true)] {
        assert_eq!(value(&answer, row(name), "feeds_key"), Value::Bool(keyed), "{name}");
    }
    let down = row("public.down");
    assert_eq!(value(&answer, down, "used_ratio"), Value::Float(0.5));
    assert_eq!(value(&answer, down, "highest"), Value::Int(-60), "the lowest, as it counts down");
    assert_eq!(value(&answer, down, "behind"), Value::Bool(true));
    let why = missing(&answer, row("public.hidden"), "used_ratio");
    assert_eq!((why.cause, why.level), (Cause::Denied, Level::Row));
    assert_eq!(why.fix.as_deref(), Some("GRANT SELECT ON SEQUENCE public.hidden TO \"muster_full\";"));

    let plain = database.ask("muster_plain", "postgres.sequences", json!({})).run().unwrap();
    for index in 0..plain.table.rows.len() {
        assert_eq!(missing(&plain, index, "used_ratio").cause, Cause::Denied);
        assert_eq!(missing(&plain, index, "behind").cause, Cause::Denied);
    }
    let cheap = database.ask("muster_full", "postgres.sequences", json!({})).without(&["highest", "behind"]);
    let cheap = cheap.run().unwrap();
    assert_eq!(missing(&cheap, 0, "behind").cause, Cause::Absent, "nobody asked");
}
