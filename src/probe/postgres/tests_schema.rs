//! Indexes, keys, constraints, triggers and partitions of a real server.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, Executor};

use super::testing::{Database, block, missing, row, run};
use crate::fact::{Cause, Level, Value};
use crate::probe::Answer;
use crate::probe::testing::value;

fn names(answer: &Answer, name: &str) -> Vec<String> {
    let text = |row| match value(answer, row, name) {
        Value::Text(text) => text.to_string(),
        other => panic!("{other:?}"),
    };
    (0..answer.table.rows.len()).map(text).collect()
}

const INDEXES: &str = "create table customers (id int primary key, mail text, code text);
create table \"Order Lines\" (\"Id\" bigint primary key, \"Customer\" int references customers, other int references customers);
create index dup on customers (lower(mail));
create index dup_with_a_much_longer_name on customers  (  lower( mail ));
create index again on customers (id);
create unique index again_unique on customers (id);
create index short on customers (mail);
create index long on customers (mail, code);
create index backwards on customers (mail desc);
create index condition on customers (mail) where code is not null;
create index same_condition on customers (mail) where code   is not null;
create unique index tight on customers (code);
create index tight_as_well on customers (code);
create index on \"Order Lines\" (other) where other is not null;
create index blocks on \"Order Lines\" using brin (\"Customer\");
create index half on \"Order Lines\" (\"Customer\") where \"Customer\" > 7;
create table grand (day date, id int) partition by range (day);
create table one partition of grand for values from ('2026-01-01') to ('2026-02-01');
create index all_ids on grand (id)";

#[test]
fn indexes_that_repeat_others_are_told() {
    let database = Database::new(INDEXES);
    let answer = database.ask("muster_plain", "postgres.indexes", json!({})).run().unwrap();
    let at = |name: &str| row(&answer, &[("name", name)]);
    let tells = |name: &str, fact: &str| value(&answer, at(name), fact);
    let none = Value::Null;
    assert_eq!(tells("dup", "duplicate_of"), none);
    assert_eq!(tells("dup_with_a_much_longer_name", "duplicate_of"), Value::text("public.dup"));
    assert_eq!(tells("dup", "columns"), Value::texts(["(expression)"]));
    assert_eq!(tells("dup", "computed"), Value::Bool(true));
    for name in ["again", "again_unique"] {
        assert_eq!(tells(name, "duplicate_of"), Value::text("public.customers_pkey"), "{name}");
    }
    assert_eq!(tells("customers_pkey", "duplicate_of"), none);
    assert_eq!(tells("customers_pkey", "referenced"), Value::Bool(true));
    assert_eq!(tells("customers_pkey", "constraint"), Value::text("customers_pkey"));
    assert_eq!(tells("tight", "duplicate_of"), none, "an index that is not unique cannot stand for it");
    assert_eq!(tells("tight_as_well", "duplicate_of"), Value::text("public.tight"));
    assert_eq!(tells("short", "prefix_of"), Value::text("public.long"));
    for name in ["long", "backwards", "condition", "tight"] {
        assert_eq!(tells(name, "prefix_of"), none, "{name}");
        assert_eq!(tells(name, "duplicate_of"), none, "{name}");
    }
    assert_eq!(tells("same_condition", "duplicate_of"), Value::text("public.condition"));
    assert_eq!(tells("Order Lines_other_idx", "supports_foreign_key"), Value::Bool(true));
    assert_eq!(tells("half", "supports_foreign_key"), Value::Bool(false));
    assert_eq!(tells("blocks", "supports_foreign_key"), Value::Bool(false), "BRIN finds blocks");
    assert_eq!(tells("half", "table"), Value::text("public.\"Order Lines\""));
    assert_eq!(tells("half", "being_built"), Value::Bool(false));
    assert!(tells("half", "pages_size").as_int().unwrap() >= 8192);
    assert!(tells("half", "size").as_int().unwrap() >= 8192);
    assert!(tells("half", "stats_since").as_int().unwrap() > 1_700_000_000_000_000);
    assert_eq!(missing(&answer, at("half"), "last_scan").cause, Cause::Unsupported, "older than 16");
    assert_eq!(tells("one_id_idx", "parent"), Value::text("public.all_ids"));
    assert_eq!(tells("all_ids", "partitioned"), Value::Bool(true));
    assert_eq!(missing(&answer, at("all_ids"), "size").cause, Cause::Unsupported);
}

#[test]
fn scans_of_partitions_are_those_of_their_parent() {
    let database = Database::new(
        "create table grand (day date, id int) partition by range (day);
create table one partition of grand for values from ('2026-01-01') to ('2026-02-01');
create index all_ids on grand (id);
insert into grand select '2026-01-02', i from generate_series(1, 10000) i;
analyze one;
select count(*) from grand where id = 7;
select pg_stat_force_next_flush()",
    );
    let started = tokio::time::Instant::now();
    loop {
        let answer = database.ask("muster_plain", "postgres.indexes", json!({})).run().unwrap();
        let scans = value(&answer, row(&answer, &[("name", "all_ids")]), "scans");
        if scans.as_int().unwrap() > 0 {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "the scan is not counted");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn an_index_that_is_being_built_is_told_from_one_that_was_left() {
    let database = Database::new("create table t (id int);\ninsert into t values (1), (1)");
    let answers = block(async {
        let mut broken = database.connect().await;
        let refused = broken.execute("create unique index concurrently left_over on t (id)").await;
        assert!(refused.is_err());
        // A writer that does not end keeps the build waiting.
        let mut writer = database.connect().await;
        writer.execute("begin; insert into t values (2)").await.unwrap();
        let mut builder = database.connect().await;
        let pid: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut builder).await.unwrap();
        let build = tokio::spawn(async move {
            builder.execute("create index concurrently in_work on t (id)").await.unwrap();
        });
        let mut watcher = database.connect().await;
        loop {
            let waits: bool = sqlx::query_scalar(
                "select exists (select from pg_stat_progress_create_index where pid = $1 and index_relid <> 0
                                  and phase like 'waiting for writers%')",
            )
            .bind(pid)
            .fetch_one(&mut watcher)
            .await
            .unwrap();
            if waits {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let ask = |role| database.ask(role, "postgres.indexes", json!({})).run_async();
        let answers = (ask("muster_monitor").await.unwrap(), ask("muster_plain").await.unwrap());
        writer.execute("commit").await.unwrap();
        build.await.unwrap();
        for connection in [broken, writer, watcher] {
            connection.close().await.unwrap();
        }
        answers
    });
    let (seen, plain) = answers;
    let at = |answer: &Answer, name: &str| row(answer, &[("name", name)]);
    assert_eq!(value(&seen, at(&seen, "in_work"), "valid"), Value::Bool(false));
    assert_eq!(value(&seen, at(&seen, "in_work"), "being_built"), Value::Bool(true));
    assert_eq!(value(&seen, at(&seen, "left_over"), "being_built"), Value::Bool(false));
    for name in ["in_work", "left_over"] {
        let why = missing(&plain, at(&plain, name), "being_built");
        assert_eq!((why.cause, why.level), (Cause::Denied, Level::Row), "{name}");
        assert_eq!(why.fix.as_deref(), Some("GRANT pg_monitor TO \"muster_plain\";"));
    }
    let after = database.ask("muster_plain", "postgres.indexes", json!({})).run().unwrap();
    assert_eq!(value(&after, at(&after, "in_work"), "valid"), Value::Bool(true));
    assert_eq!(value(&after, at(&after, "left_over"), "being_built"), Value::Bool(false));
}

const KEYS: &str = "create table customers (id int primary key, country text, number int, unique (country, number));
create table \"Order Lines\" (\"Id\" bigint primary key, \"Customer\" int constraint \"to Customer\" references customers on delete cascade,
  country text, number int);
alter table \"Order Lines\" add constraint \"both\" foreign key (number, country) references customers (number, country) match full not valid;
create index on \"Order Lines\" (country, number, \"Id\");
create index on \"Order Lines\" (\"Customer\") where country is not null;
create table grand (day date, c int references customers) partition by range (day);
create table one partition of grand for values from ('2026-01-01') to ('2026-02-01');
insert into customers values (1, 'ch', 1);
set session_replication_role = replica; insert into \"Order Lines\" values (1, 77, 'ch', 1), (2, null, 'ch', null), (3, 1, null, null), (4, 78, 'de', 9); insert into grand values ('2026-01-05', 5)";

#[test]
fn foreign_keys_have_indexes_and_orphans() {
    let database = Database::new(KEYS);
    let answer = database.ask("muster_full", "postgres.foreign_keys", json!({})).run().unwrap();
    assert_eq!(answer.table.rows.len(), 3, "keys of partitions are folded");
    let at = |table: &str, name: &str| row(&answer, &[("table", table), ("constraint", name)]);
    let lines = "public.\"Order Lines\"";
    let one = at(lines, "\"to Customer\"");
    assert_eq!(value(&answer, one, "has_index"), Value::Bool(false), "its condition leaves out rows");
    assert_eq!(value(&answer, one, "columns"), Value::texts(["\"Customer\""]));
    assert_eq!(value(&answer, one, "referenced"), Value::text("public.customers"));
    assert_eq!(value(&answer, one, "on_delete"), Value::text("cascade"));
    assert_eq!(value(&answer, one, "validated"), Value::Bool(true));
    assert_eq!(value(&answer, one, "enforced"), Value::Bool(true));
    assert_eq!(value(&answer, one, "orphans"), Value::Int(2));
    let both = at(lines, "\"both\"");
    assert_eq!(value(&answer, both, "has_index"), Value::Bool(true), "in any order");
    assert_eq!(value(&answer, both, "validated"), Value::Bool(false));
    assert_eq!(value(&answer, both, "orphans"), Value::Int(2), "half a reference is none if it must be full");
    let grand = at("public.grand", "grand_c_fkey");
    assert_eq!(value(&answer, grand, "partitioned"), Value::Bool(true));
    assert_eq!(value(&answer, grand, "has_index"), Value::Bool(false));
    assert_eq!(value(&answer, grand, "orphans"), Value::Int(1));
    database.run("create index on one (c)");
    let answer = database.ask("muster_full", "postgres.foreign_keys", json!({})).run().unwrap();
    assert_eq!(value(&answer, grand, "has_index"), Value::Bool(true), "each partition has one");
}

#[test]
fn orphans_need_to_read_both_sides() {
    let database = Database::new(KEYS);
    database.run("revoke all on schema public from public");
    let ask = || database.ask("muster_plain", "postgres.foreign_keys", json!({})).run().unwrap();
    let answer = ask();
    for index in 0..answer.table.rows.len() {
        let why = missing(&answer, index, "orphans");
        assert_eq!((why.cause, why.level), (Cause::Denied, Level::Row));
        for statement in why.fix.unwrap().split(";\n") {
            database.run(statement);
        }
        assert!(!value(&answer, index, "has_index").is_null(), "the rest is told");
    }
    let answer = ask();
    for index in 0..answer.table.rows.len() {
        assert!(value(&answer, index, "orphans").as_int().unwrap() > 0);
    }
    database.run("alter table customers enable row level security");
    let answer = ask();
    let why = missing(&answer, 0, "orphans");
    assert_eq!((why.cause, why.level), (Cause::Denied, Level::Row));
    assert!(why.fix.unwrap().contains("BYPASSRLS"));
}

#[test]
fn a_locked_table_hides_its_orphans_only() {
    let database = Database::new(KEYS);
    let answer = block(async {
        let mut other = database.connect().await;
        other.execute("begin; lock table grand in access exclusive mode").await.unwrap();
        let answer = database.ask("muster_full", "postgres.foreign_keys", json!({})).run_async().await;
        other.close().await.unwrap();
        answer.unwrap()
    });
    let why = missing(&answer, row(&answer, &[("table", "public.grand")]), "orphans");
    assert_eq!((why.cause, why.level), (Cause::Timeout, Level::Row));
    let lines = row(&answer, &[("constraint", "\"to Customer\"")]);
    assert_eq!(value(&answer, lines, "orphans"), Value::Int(2));
}

#[test]
fn catalogue_reads_wait_for_no_lock() {
    let database = Database::new(INDEXES);
    database.run(
        "create table gone (day timestamptz default now(), id int check (id > 0)) partition by range (day)",
    );
    database.run("create table gone1 partition of gone for values from ('2026-01-01') to ('2026-02-01')");
    database.run("create table gone2 partition of gone default");
    block(async {
        let mut other = database.connect().await;
        other
            .execute("begin; lock table customers, \"Order Lines\", grand, gone in access exclusive mode")
            .await
            .unwrap();
        for (probe, costly) in [
            ("postgres.indexes", &["size"][..]),
            ("postgres.foreign_keys", &["orphans"]),
            ("postgres.constraints", &[]),
            ("postgres.triggers", &[]),
            ("postgres.sequences", &["highest", "behind"]),
            ("postgres.tables", &["size"]),
            ("postgres.partitions", &["default_size"]),
        ] {
            let asked = database.ask("muster_full", probe, json!({})).without(costly).run_async().await;
            assert!(asked.is_ok(), "{probe}: {asked:?}");
        }
        other.close().await.unwrap();
    });
}

#[test]
fn constraints_that_do_not_hold_for_all_rows_are_told() {
    let database = Database::new(
        "create table t (id int primary key check (id > 0), other int);
alter table t add constraint \"Small\" check (other < 10) not valid;
alter table t add constraint self foreign key (other) references t not valid;
create domain code as int;
alter domain code add constraint positive check (value > 0) not valid;
create table child () inherits (t)",
    );
    let answer = database.ask("muster_plain", "postgres.constraints", json!({})).run().unwrap();
    assert_eq!(
        names(&answer, "constraint"),
        ["positive", "\"Small\"", "self", "t_id_check"],
        "copies are left out"
    );
    for (name, kind, validated) in [
        ("\"Small\"", "check", false),
        ("self", "foreign key", false),
        ("positive", "domain", false),
        ("t_id_check", "check", true),
    ] {
        let at = row(&answer, &[("constraint", name)]);
        assert_eq!(value(&answer, at, "kind"), Value::text(kind), "{name}");
        assert_eq!(value(&answer, at, "validated"), Value::Bool(validated), "{name}");
        assert_eq!(value(&answer, at, "enforced"), Value::Bool(true), "{name}");
    }
}

#[test]
fn triggers_tell_when_they_fire() {
    let database = Database::new(
        "create table t (id int primary key);
create table s (id int references t);
create table grand (day date) partition by range (day);
create table one partition of grand for values from ('2026-01-01') to ('2026-02-01');
create table two partition of grand for values from ('2026-02-01') to ('2026-03-01');
create function \"Do it\"() returns trigger language plpgsql as 'begin return new; end';
create trigger \"On\" before update on t for each row execute function \"Do it\"();
create trigger off after insert on t execute function \"Do it\"();
create trigger replays after insert on t execute function \"Do it\"();
create trigger every after insert on grand for each row execute function \"Do it\"();
alter table t disable trigger off;
alter table t enable replica trigger replays;
alter table two disable trigger every",
    );
    let answer = database.ask("muster_plain", "postgres.triggers", json!({})).run().unwrap();
    let state = |table: &str, name: &str| {
        value(&answer, row(&answer, &[("table", table), ("trigger", name)]), "state")
    };
    assert_eq!(state("public.t", "\"On\""), Value::text("origin"));
    assert_eq!(state("public.t", "off"), Value::text("disabled"));
    assert_eq!(state("public.t", "replays"), Value::text("replica"));
    assert_eq!(state("public.grand", "every"), Value::text("origin"));
    assert_eq!(state("public.two", "every"), Value::text("disabled"));
    assert_eq!(
        answer.table.rows.len(),
        5,
        "copies that are as their parent, and what keeps keys, are left out"
    );
    let on = row(&answer, &[("trigger", "\"On\"")]);
    assert_eq!(value(&answer, on, "function"), Value::text("public.\"Do it\""));
    assert_eq!(value(&answer, on, "row_level"), Value::Bool(true));
    assert_eq!(value(&answer, on, "timing"), Value::text("before"));
    database.run("create rule \"No delete\" as on delete to t do instead nothing; alter table t disable rule \"No delete\"");
    database.run(
        "create function refuse() returns event_trigger language plpgsql as 'begin end';
create event trigger no_drops on sql_drop execute function refuse(); alter event trigger no_drops disable;
create view v as select 1",
    );
    let all = database.ask("muster_plain", "postgres.triggers", json!({})).run().unwrap();
    for (name, table, kind) in
        [("\"No delete\"", "public.t", "rule"), ("no_drops", "pg_catalog.pg_event_trigger", "event trigger")]
    {
        let at = row(&all, &[("trigger", name)]);
        assert_eq!(value(&all, at, "kind"), Value::text(kind));
        assert_eq!(value(&all, at, "table"), Value::text(table));
        assert_eq!(value(&all, at, "state"), Value::text("disabled"));
        assert_eq!(value(&all, at, "timing"), Value::Null);
    }
    assert_eq!(all.table.rows.len(), 7, "a view is no rule that somebody made");
    database.run("alter table s disable trigger all");
    let answer = database.ask("muster_plain", "postgres.triggers", json!({})).run().unwrap();
    let own = row(&answer, &[("table", "public.s")]);
    assert_eq!(value(&answer, own, "internal"), Value::Bool(true));
    assert_eq!(value(&answer, own, "constraint"), Value::text("s_id_fkey"));
    let answer = database.ask("muster_plain", "postgres.tables", json!({})).run().unwrap();
    assert_eq!(value(&answer, row(&answer, &[("table", "public.s")]), "disabled_triggers"), Value::Int(2));
}

#[test]
fn tables_tell_what_names_their_rows() {
    let database = Database::new(
        "create table keyed (id int primary key);
create table bare (id int);
create table whole (id int); alter table whole replica identity full;
create table none (id int primary key); alter table none replica identity nothing;
create table by_index (id int not null unique); alter table by_index replica identity using index by_index_id_key;
create unlogged table scratch (id int);
create table child () inherits (keyed);
create publication p for table bare, whole;
create publication adds for table keyed with (publish = 'insert')",
    );
    let answer = database.ask("muster_plain", "postgres.tables", json!({})).run().unwrap();
    let tells = |name: &str, fact: &str| value(&answer, row(&answer, &[("name", name)]), fact);
    for (name, identity, enough) in [
        ("keyed", "default", true),
        ("bare", "default", false),
        ("whole", "full", true),
        ("none", "nothing", false),
        ("by_index", "index", true),
        ("child", "default", false),
    ] {
        assert_eq!(tells(name, "replica_identity"), Value::text(identity), "{name}");
        assert_eq!(tells(name, "names_rows"), Value::Bool(enough), "{name}");
        assert_eq!(tells(name, "published"), Value::Bool(["bare", "whole"].contains(&name)), "{name}");
    }
    assert_eq!(tells("scratch", "persistence"), Value::text("unlogged"));
    assert_eq!(tells("bare", "persistence"), Value::text("permanent"));
    assert_eq!(tells("keyed", "children"), Value::Int(1));
}

const PARTITIONS: &str = "create table days (day timestamptz not null, id int) partition by range (day);
create table days1 partition of days for values from ('2026-01-01 00:00Z') to ('2026-02-01 00:00Z');
create table days2 partition of days for values from ('2026-02-01 00:00Z') to ('2026-03-01 00:00Z');
create table days4 partition of days for values from ('2026-04-01 00:00Z') to ('2026-05-01 00:00Z');
create table rest partition of days default;
insert into days values ('2030-01-01');
create table \"Numbers\" (id bigint) partition by range (id);
create table numbers1 partition of \"Numbers\" for values from (minvalue) to (-5);
create table numbers2 partition of \"Numbers\" for values from (-5) to (1000);
create table two (d date, x text) partition by range (d, x);
create table two1 partition of two for values from ('2026-01-01', 'it''s ) TO (') to ('2027-01-01', minvalue);
create table pairs (d date, x text) partition by range (d, x);
create table pairs1 partition of pairs for values from ('2026-01-01', 'a, b') to ('2027-01-01', minvalue);
create table pairs2 partition of pairs for values from ('2027-01-01', 'a') to ('2027-01-01', 'm');
create table computed (t timestamp) partition by range ((date_trunc('day', t)));
create table computed1 partition of computed for values from ('2026-01-01') to ('2026-02-01');
create table none (d date) partition by range (d);
create table only_rest (d date) partition by range (d);
create table only_rest1 partition of only_rest default;
create table dates (d date) partition by range (d);
create table dates1 partition of dates for values from ('2026-01-01') to ('2027-01-01');
create table forever (t timestamp) partition by range (t);
create table forever1 partition of forever for values from ('2026-01-01') to (maxvalue);
create table words (x text) partition by list (x);
create table words1 partition of words default;
create table hashed (x text) partition by hash (x)";

#[test]
fn partitions_tell_how_far_they_reach() {
    let database = Database::new(PARTITIONS);
    let answer = database.ask("muster_plain", "postgres.partitions", json!({})).run().unwrap();
    let tells = |name: &str, fact: &str| value(&answer, row(&answer, &[("name", name)]), fact);
    let time = |text: &str| Value::time(text.parse().unwrap());
    assert_eq!(tells("days", "partitions"), Value::Int(4));
    assert_eq!(tells("days", "highest_time"), time("2026-05-01T00:00:00Z"));
    assert_eq!(tells("days", "last_width"), Value::Int(30 * 86_400_000_000));
    assert_eq!(tells("days", "covered_until"), time("2026-05-01T00:00:00Z"));
    assert_eq!(tells("days", "gaps"), Value::Int(1));
    assert_eq!(tells("days", "open_ended"), Value::Bool(false));
    assert_eq!(tells("days", "default_partition"), Value::text("public.rest"));
    assert_eq!(tells("days", "default_size"), Value::Int(8192));
    assert_eq!(tells("Numbers", "highest_number"), Value::Int(1000));
    assert_eq!(tells("Numbers", "highest_time"), Value::Null);
    assert_eq!(tells("Numbers", "gaps"), Value::Int(0));
    assert_eq!(tells("dates", "highest_time"), time("2027-01-01T00:00:00Z"));
    assert_eq!(tells("forever", "open_ended"), Value::Bool(true));
    assert_eq!(tells("forever", "highest_time"), Value::Null);
    assert_eq!(tells("pairs", "highest_time"), time("2027-01-01T00:00:00Z"));
    assert_eq!(tells("pairs", "last_width"), Value::Null, "the last one lies within one day");
    assert_eq!(tells("pairs", "gaps"), Value::Null);
    assert_eq!(tells("computed", "highest_time"), time("2026-02-01T00:00:00Z"));
    assert_eq!(missing(&answer, row(&answer, &[("name", "two")]), "highest_time").cause, Cause::Unsupported);
    for (name, by, partitions) in [("none", "time", 0), ("only_rest", "time", 1), ("words", "other", 1)] {
        assert_eq!(tells(name, "divided_by"), Value::text(by), "{name}");
        assert_eq!(tells(name, "partitions"), Value::Int(partitions), "{name}");
    }
    for name in ["none", "only_rest", "words", "hashed"] {
        for fact in [
            "gaps",
            "open_ended",
            "covered_until",
            "next_from",
            "highest_time",
            "highest_number",
            "last_width",
        ] {
            assert_eq!(tells(name, fact), Value::Null, "{name} {fact}");
        }
    }
    assert_eq!(tells("words", "strategy"), Value::text("list"));
    assert_eq!(tells("words", "default_size"), Value::Int(0));
    assert_eq!(tells("hashed", "partitions"), Value::Int(0));
    assert_eq!(tells("hashed", "hash_share"), Value::Float(0.0));
    assert_eq!(tells("hashed", "default_partition"), Value::Null);
    run(&database.name, "analyze rest");
    run(&database.name, "select pg_stat_reset_single_table_counters('rest'::regclass)");
    let answer = database.ask("muster_plain", "postgres.partitions", json!({})).run().unwrap();
    let days = row(&answer, &[("name", "days")]);
    let why = missing(&answer, days, "default_rows");
    assert_eq!(why.cause, Cause::NoHistory);
    assert_eq!(why.fix.as_deref(), Some("ANALYZE public.rest;"));
}

/// What is there is told apart from what is taken now: a range of 2090 takes nothing of today.
#[test]
fn partitions_tell_until_when_each_moment_is_taken() {
    let database = Database::new(
        "create table gap (d timestamptz) partition by range (d);
         create table gap1 partition of gap for values from ('2020-01-01 00:00Z') to ('2021-01-01 00:00Z');
         create table gap2 partition of gap for values from ('2090-01-01 00:00Z') to ('2091-01-01 00:00Z');
         create table near (d timestamptz, x int) partition by range (d, x);
         create table near1 partition of near for values from ('2020-01-01 00:00Z', 5) to ('2080-01-01 00:00Z', 1);
         create table near2 partition of near for values from ('2080-01-01 00:00Z', 1) to ('2081-01-01 00:00Z', 1);
         create table near3 partition of near for values from ('2090-01-01 00:00Z', 1) to (maxvalue, maxvalue);
         create table later (d date) partition by range (d);
         create table later1 partition of later for values from ('2090-01-01') to ('2091-01-01');
         create table ever (d date) partition by range (d);
         create table ever1 partition of ever for values from (minvalue) to ('2020-01-01');
         create table ever2 partition of ever for values from ('2020-01-01') to ('infinity');
         create table listed (d date) partition by list (d);
         create table listed1 partition of listed for values in ('2026-01-01', '2026-01-02', null);
         create table listed2 partition of listed for values in ('2026-01-03');
         create table moments (t timestamptz) partition by list (t);
         create table tenants (tenant int, d date) partition by range (tenant, d);
         create table half (id int) partition by hash (id);
         create table half1 partition of half for values with (modulus 4, remainder 0);
         create table half2 partition of half for values with (modulus 4, remainder 2);
         create table thirds (id int) partition by hash (id);
         create table third1 partition of thirds for values with (modulus 3, remainder 0);
         create table third2 partition of thirds for values with (modulus 3, remainder 1);
         create table third3 partition of thirds for values with (modulus 3, remainder 2)",
    );
    let answer = database.ask("muster_plain", "postgres.partitions", json!({})).run().unwrap();
    let tells = |name: &str, fact: &str| value(&answer, row(&answer, &[("name", name)]), fact);
    let year = |year: i32| Value::time(format!("{year}-01-01T00:00:00Z").parse().unwrap());
    for (name, until, next, open) in [
        ("gap", year(2021), year(2090), false),
        ("near", year(2081), year(2090), false),
        ("later", Value::Null, year(2090), false),
        ("ever", Value::Null, Value::Null, true),
        ("listed", Value::time("2026-01-04T00:00:00Z".parse().unwrap()), Value::Null, false),
    ] {
        assert_eq!(tells(name, "divided_by"), Value::text("time"), "{name}");
        assert_eq!(tells(name, "covered_until"), until, "{name}");
        assert_eq!(tells(name, "next_from"), next, "{name}");
        assert_eq!(tells(name, "open_ended"), Value::Bool(open), "{name}");
    }
    assert_eq!(tells("near", "last_width"), Value::Int(366 * 86_400_000_000), "that before the gap");
    assert_eq!(tells("listed", "last_width"), Value::Int(86_400_000_000));
    for name in ["moments", "tenants"] {
        let why = missing(&answer, row(&answer, &[("name", name)]), "divided_by");
        assert_eq!((why.cause, why.level), (Cause::Unsupported, Level::Row), "{name}");
    }
    assert_eq!(tells("half", "hash_share"), Value::Float(0.5));
    assert_eq!(tells("thirds", "hash_share"), Value::Float(1.0));
    assert_eq!(tells("gap", "hash_share"), Value::Null);
    assert_eq!(tells("gap", "analyzed"), Value::Bool(false));
    database.run("analyze gap");
    let answer = database.ask("muster_plain", "postgres.partitions", json!({})).run().unwrap();
    assert_eq!(value(&answer, row(&answer, &[("name", "gap")]), "analyzed"), Value::Bool(true));
}

#[test]
fn what_an_interrupted_rebuild_left_at_a_toast_table_is_told() {
    let database = Database::new("create table notes (id int, text text); create index on notes (id)");
    let asked = || database.ask("muster_plain", "postgres.indexes", json!({})).run().unwrap();
    assert_eq!(names(&asked(), "index"), ["public.notes_id_idx"]);
    // As if REINDEX CONCURRENTLY had been interrupted.
    database.run(
        "set allow_system_table_mods = on; update pg_index set indisvalid = false
          where indrelid = (select reltoastrelid from pg_class where relname = 'notes')",
    );
    let answer = asked();
    let left = (0..2).find(|row| value(&answer, *row, "valid") == Value::Bool(false)).expect("it is told");
    assert!(value(&answer, left, "index").as_text().unwrap().starts_with("pg_toast.pg_toast_"));
    assert!(value(&answer, left, "table").as_text().unwrap().starts_with("pg_toast.pg_toast_"));
}
