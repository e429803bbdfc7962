//! Counts of real servers.

use std::time::Duration;

use serde_json::json;
use sqlx::Executor as _;

use crate::fact::{Cause, Level, Missing, Value};
use crate::probe::Answer;
use crate::probe::data::tables::testing::{Lite, Maria};
use crate::probe::postgres::testing::{Database, block};
use crate::probe::testing::{cell, value};

fn at(answer: &Answer, name: &str) -> usize {
    let is = |row: &usize| value(answer, *row, "table") == Value::text(name);
    (0..answer.table.rows.len()).find(is).unwrap_or_else(|| panic!("no {name} in {:?}", answer.table))
}

fn tells(answer: &Answer, name: &str, fact: &str) -> Value {
    value(answer, at(answer, name), fact)
}

fn why(answer: &Answer, name: &str, fact: &str) -> Missing {
    (*cell(answer, at(answer, name), fact).expect_err(fact)).clone()
}

fn names(answer: &Answer) -> Vec<Value> {
    (0..answer.table.rows.len()).map(|row| value(answer, row, "table")).collect()
}

const SHOP: &str = "create table orders (id bigint primary key, note text);
insert into orders select i, 'x' from generate_series(3, 30002) i;
analyze orders;
insert into orders select i, 'x' from generate_series(30003, 31002) i;
create table pairs (a int, b text, at timestamptz, primary key (a, b));
insert into pairs values (2, 'b', now()), (2, 'B', now()), (1, 'z', now());
create table codes (code text primary key);
insert into codes values ('a'), ('B'), ('ä');
create table moments (at timestamptz primary key);
insert into moments values ('2026-11-01 03:00:00.5+00'), ('2026-11-01 03:00:00+02');
create table empty (id int primary key);
create table heap (a int);
insert into heap values (1), (1), (null);
create table grand (day date not null, id int not null, primary key (id, day)) partition by range (day);
create table one partition of grand for values from ('2026-01-01') to ('2026-02-01');
insert into grand values ('2026-01-05', 1), ('2026-01-06', 2);
create table base (id int primary key);
create table child () inherits (base);
insert into base values (1);
insert into child values (2), (3)";

#[test]
fn tables_of_postgres_are_counted_exactly_and_once() {
    let database = Database::new(SHOP);
    let answer = database.ask("postgres", "data.row_counts", json!({})).run().unwrap();
    for (table, rows) in [
        ("public.orders", 31_000),
        ("public.pairs", 3),
        ("public.empty", 0),
        ("public.heap", 3),
        ("public.grand", 2),
        ("public.base", 1),
        ("public.child", 2),
    ] {
        assert_eq!(tells(&answer, table, "rows"), Value::Int(rows), "{table}");
    }
    assert_eq!(names(&answer).len(), 9, "no partition besides its parent");
    let ends = |table| (tells(&answer, table, "least_key"), tells(&answer, table, "greatest_key"));
    assert_eq!(ends("public.orders"), (Value::text("3"), Value::text("31002")));
    assert_eq!(ends("public.pairs"), (Value::text(r#"["1","z"]"#), Value::text(r#"["2","b"]"#)));
    assert_eq!(
        ends("public.codes"),
        (Value::text("B"), Value::text("ä")),
        "by bytes, whatever the collation"
    );
    assert_eq!(
        ends("public.moments"),
        (Value::text("2026-11-01T01:00:00Z"), Value::text("2026-11-01T03:00:00.5Z"))
    );
    for table in ["public.empty", "public.heap"] {
        assert_eq!(ends(table), (Value::Null, Value::Null), "{table}");
    }
    assert!(answer.table.cut.is_none());
    assert!(answer.identity.system.is_some());
    let few = database.ask("postgres", "data.row_counts", json!({})).without(&[
        "least_key",
        "greatest_key",
        "newest",
    ]);
    let few = few.run().unwrap();
    assert_eq!(tells(&few, "public.orders", "rows"), Value::Int(31_000));
    for fact in ["least_key", "greatest_key", "newest"] {
        assert_eq!(
            why(&few, "public.orders", fact).cause,
            Cause::Absent,
            "nobody asked, and null says that there is no {fact}"
        );
    }
}

#[test]
fn only_rows_that_were_moved_count_and_a_condition_that_writes_is_refused() {
    let database = Database::new(SHOP);
    database
        .run("create function public.small(int8) returns bool language sql immutable as 'select $1 < 10'");
    let ask = |only: &str| {
        database
            .ask("muster_full", "data.row_counts", json!({"tables": ["public.orders", "public.pairs"]}))
            .arg("only", Value::text(only))
            .run()
    };
    let answer = ask(r#"{"public.orders": "small(id) or id = 31002 -- the newest"}"#).unwrap();
    assert_eq!(tells(&answer, "public.orders", "rows"), Value::Int(8));
    assert_eq!(tells(&answer, "public.orders", "greatest_key"), Value::text("31002"));
    assert_eq!(tells(&answer, "public.pairs", "rows"), Value::Int(3), "of others all count");
    for (only, cause, says) in [
        (r#"{"public.orders": "true); drop table orders; select (1"}"#, Cause::Denied, "refused"),
        (r#"{"public.orders": "pg_terminate_backend(1)"}"#, Cause::Denied, "ends other sessions"),
        (r#"{"public.orders": "1 = 1) or (select 1 from t for update"}"#, Cause::Denied, "refused"),
        (r#"{"public.orders": ""}"#, Cause::Malformed, "empty"),
        (r#"{"a..b": "true"}"#, Cause::Malformed, "no name"),
        ("[1]", Cause::Malformed, "no object"),
    ] {
        let why = ask(only).expect_err(only);
        assert_eq!(why.cause, cause, "{only}: {why:?}");
        assert!(why.what.contains(says), "{only}: {why:?}");
    }
    let broken = ask(r#"{"public.orders": "gone = 1"}"#).unwrap();
    assert_eq!(why(&broken, "public.orders", "rows").cause, Cause::Absent, "a condition that does not fit");
    assert_eq!(tells(&broken, "public.pairs", "rows"), Value::Int(3), "costs its own table only");
    let gone = ask(r#"{"public.order": "true"}"#).unwrap();
    assert_eq!(names(&gone).len(), 2, "it was not asked for");
    let all = database.ask("muster_full", "data.row_counts", json!({"only": r#"{"public.order": "true"}"#}));
    assert_eq!(why(&all.run().unwrap(), "public.\"order\"", "rows").cause, Cause::Absent);
    let refused =
        database.ask("postgres", "data.row_counts", json!({"only": r#"{"public.orders": "true"}"#}));
    assert_eq!(refused.run().unwrap_err().cause, Cause::Denied, "a superuser does not ask SQL of others");
}

#[test]
fn what_a_role_does_not_see_whole_is_never_a_smaller_number() {
    let database = Database::new(
        "create table open (id int primary key);
insert into open values (1), (2);
create table guarded (id int primary key);
insert into guarded values (1), (2);
alter table guarded enable row level security;
create policy mine on guarded using (id = 1);
create table part (id int primary key, secret text);
create table closed (id int);
grant select on open, guarded to muster_plain;
grant select (id) on part to muster_plain",
    );
    let answer = database.ask("muster_plain", "data.row_counts", json!({})).run().unwrap();
    assert_eq!(tells(&answer, "public.open", "rows"), Value::Int(2));
    for (table, fix) in [
        ("public.guarded", "ALTER ROLE \"muster_plain\" BYPASSRLS;"),
        ("public.part", "GRANT SELECT ON public.part TO \"muster_plain\";"),
        ("public.closed", "GRANT SELECT ON public.closed TO \"muster_plain\";"),
    ] {
        for fact in ["rows", "least_key", "greatest_key"] {
            let why = why(&answer, table, fact);
            assert_eq!((why.cause, why.level, why.fix.as_deref()), (Cause::Denied, Level::Row, Some(fix)));
        }
    }
    let plain = database.ask("postgres", "data.row_counts", json!({})).run().unwrap();
    assert_eq!(tells(&plain, "public.guarded", "rows"), Value::Int(2), "who bypasses it sees all");
}

#[test]
fn a_table_over_its_budget_is_named_and_one_that_lies_about_its_size_ends_at_it() {
    let database = Database::new(SHOP);
    let answer = database.ask("postgres", "data.row_counts", json!({"budget": "30_500"})).run().unwrap();
    let why_not = why(&answer, "public.orders", "rows");
    assert_eq!(why_not.cause, Cause::Limit, "estimated at 30,000, found to be larger");
    assert!(why_not.what.contains("has more rows than 30500"), "{why_not:?}");
    assert!(why_not.fix.unwrap().contains("--set"));
    let answer = database.ask("postgres", "data.row_counts", json!({"budget": "1000"})).run().unwrap();
    let why_not = why(&answer, "public.orders", "rows");
    assert!(why_not.what.contains("is estimated to have 30000 rows"), "{why_not:?}");
    assert_eq!(tells(&answer, "public.heap", "rows"), Value::Int(3), "never analyzed, and small");
}

#[test]
fn a_locked_or_slow_table_costs_its_own_row_only() {
    let database = Database::new(SHOP);
    database.run("create function public.slow(int8) returns bool language plpgsql as 'begin perform pg_sleep(0.01); return true; end'");
    let answer = block(async {
        let mut other = database.connect().await;
        other.execute("begin; lock table pairs in access exclusive mode").await.unwrap();
        let ask = database.ask(
            "muster_full",
            "data.row_counts",
            json!({"only": r#"{"public.orders": "public.slow(id)"}"#}),
        );
        ask.deadline(Duration::from_secs(3)).run_async().await.unwrap()
    });
    assert_eq!(why(&answer, "public.pairs", "rows").cause, Cause::Timeout);
    assert!(why(&answer, "public.pairs", "rows").what.contains("ACCESS EXCLUSIVE"));
    let slow = why(&answer, "public.orders", "rows");
    assert_eq!(slow.cause, Cause::Timeout);
    assert!(slow.fix.unwrap().contains("within"));
    assert_eq!(tells(&answer, "public.codes", "rows"), Value::Int(3));
    assert_eq!(tells(&answer, "public.grand", "rows"), Value::Int(2));
}

#[test]
fn many_tables_are_counted_although_some_of_them_break() {
    let tables: Vec<String> = (0..70)
        .map(|i| format!("create table \"t {i}\"\"; --\" as select 1 as \"a'b\" from generate_series(1, {i}) x;\nanalyze \"t {i}\"\"; --\""))
        .collect();
    let database = Database::new(&tables.join(";\n"));
    let answer = block(async {
        let mut other = database.connect().await;
        other.execute("begin; lock table \"t 7\"\"; --\" in access exclusive mode; lock table \"t 8\"\"; --\" in access exclusive mode").await.unwrap();
        let ask = database.ask("postgres", "data.row_counts", json!({}));
        ask.run_async().await.unwrap()
    });
    for i in 0..70 {
        let name = format!("public.\"t {i}\"\"; --\"");
        if i == 7 || i == 8 {
            assert_eq!(why(&answer, &name, "rows").cause, Cause::Timeout);
        } else {
            assert_eq!(tells(&answer, &name, "rows"), Value::Int(i), "{name}");
        }
    }
}

#[test]
fn locks_do_not_outlast_the_count_of_a_table() {
    let database = Database::new("create table a (id int);\ncreate table b (id int)");
    block(async {
        let question = database.ask("postgres", "data.row_counts", json!({}));
        let cx = question.context();
        let mut open = super::Open::open(&cx, false).await.unwrap();
        let listing = super::list(&mut open, &super::Wanted::default()).await.unwrap();
        let none = super::Conditions::default();
        let asked = super::ask::Asked {
            engine: open.engine(),
            budget: 10,
            ends: true,
            newest: true,
            conditions: &none,
            until: cx.deadline,
        };
        let mut rows = super::BTreeMap::new();
        super::count(&mut open, &listing.tables, &asked, &mut rows).await.unwrap();
        assert_eq!(rows.len(), 2);
        let mut other = database.connect().await;
        other
            .execute("set lock_timeout = '1s'; begin; lock table a, b in access exclusive mode")
            .await
            .unwrap();
        open.close().await;
        cx.idle.end().await;
    });
}

#[test]
fn a_name_that_is_not_there_is_told_and_a_database_without_tables_is_empty() {
    let database = Database::new("create view v as select 1 as a");
    let answer = database.ask("postgres", "data.row_counts", json!({})).run().unwrap();
    assert_eq!(answer.table.rows.len(), 0, "which its declaration calls suspicious");
    let answer = database.ask("postgres", "data.row_counts", json!({"tables": ["public.v"]})).run().unwrap();
    assert_eq!(why(&answer, "public.v", "rows").cause, Cause::Absent);
}

#[test]
fn keys_of_private_tables_are_digests() {
    let database =
        Database::new("create table patients (mail text primary key);\ninsert into patients values ('a@b')");
    let ask = |args| database.ask("postgres", "data.row_counts", args).run().unwrap();
    assert_eq!(tells(&ask(json!({})), "public.patients", "least_key"), Value::text("a@b"));
    let hidden = tells(&ask(json!({"private": ["patients"]})), "public.patients", "least_key");
    let Value::Text(hidden) = hidden else { panic!("{hidden:?}") };
    assert_eq!(hidden.len(), 16);
    assert!(!hidden.contains("a@b"));
}

#[test]
fn the_newest_rows_have_one_digest_in_every_engine_and_one_changed_value_has_another() {
    let rows = "(1, 'a', 12.50, true, null), (2, 'ä', 0.10, false, '2026-11-01 03:00:00.5')";
    let database = Database::new(&format!(
        "create table t (id int primary key, note text, price numeric(10,2), ok bool, at timestamp);\ninsert into t values {rows}"
    ));
    let postgres =
        |args| tells(&database.ask("postgres", "data.row_counts", args).run().unwrap(), "public.t", "newest");
    let first = postgres(json!({}));
    assert!(matches!(&first, Value::Text(text) if text.len() == 16), "{first:?}");
    let maria = Maria::new(&format!(
        "create table t (id int primary key, note text, price decimal(12,3), ok boolean, at datetime(6)); insert into t values {rows}"
    ));
    let answer = maria.ask("muster_reader", "data.row_counts", json!({})).run().unwrap();
    assert_eq!(tells(&answer, "t", "greatest_key"), Value::text("2"));
    let lite = Lite::new(&format!(
        "create table t (id integer primary key, note text, price decimal(10,2), ok boolean, at datetime); insert into t values {rows}"
    ));
    assert_eq!(tells(&lite.ask("data.row_counts", json!({})).run().unwrap(), "t", "newest"), first);
    database.run("update t set note = 'b' where id = 1");
    let changed = postgres(json!({}));
    assert_ne!(changed, first);
    database.run("update t set note = 'a' where id = 1;\ninsert into t select i, '', 1, true, null from generate_series(3, 20) i");
    let many = postgres(json!({}));
    database.run("update t set note = 'b' where id = 1");
    assert_eq!(postgres(json!({})), many, "it is not among the newest any more");
    database.run("update t set price = 2 where id = 11");
    assert_ne!(postgres(json!({})), many);
    let outside = database.ask("postgres", "data.row_counts", json!({"private": ["t"]}));
    let mut cx = outside.context();
    cx.salt = [].as_slice().into();
    let answer = block(async {
        let request = outside.request();
        let ask = crate::probe::Ask { request: &request, max_rows: 10 };
        crate::probe::Probe::observe(&super::RowCounts, &ask, &cx).await.unwrap()
    });
    for fact in ["greatest_key", "least_key"] {
        assert_eq!(why(&answer, "public.t", fact).cause, Cause::Absent, "anybody could guess {fact}");
    }
    assert!(matches!(tells(&answer, "public.t", "newest"), Value::Text(_)), "nobody guesses ten rows");
}

#[test]
fn tables_of_mariadb_are_counted_and_what_is_not_seen_is_denied() {
    let maria = Maria::new(
        "create table `Order` (id bigint unsigned primary key); insert into `Order` values (1), (18446744073709551615);
         create table codes (code varchar(20) primary key) collate utf8mb4_general_ci; insert into codes values ('a'), ('B'), ('ö');
         create table pairs (a int, at timestamp(6), primary key (a, at)); insert into pairs values (1, '2026-11-01 03:00:00.5');
         create table heap (a int); create view v as select 1 as a",
    );
    let answer = maria.ask("muster_reader", "data.row_counts", json!({})).run().unwrap();
    assert_eq!(names(&answer).len(), 4);
    assert_eq!(tells(&answer, "\"Order\"", "rows"), Value::Int(2));
    assert_eq!(tells(&answer, "\"Order\"", "greatest_key"), Value::text("18446744073709551615"));
    assert_eq!(tells(&answer, "codes", "least_key"), Value::text("B"), "by bytes, as in PostgreSQL");
    assert_eq!(tells(&answer, "codes", "greatest_key"), Value::text("ö"));
    assert_eq!(tells(&answer, "pairs", "least_key"), Value::text(r#"["1","2026-11-01T03:00:00.5Z"]"#));
    assert_eq!(tells(&answer, "heap", "rows"), Value::Int(0));
    assert!(answer.table.cut.is_none());
    let only = maria.ask(
        "muster_reader",
        "data.row_counts",
        json!({"only": r#"{"codes": "code <> 'A' # all but"}"#}),
    );
    assert_eq!(tells(&only.run().unwrap(), "codes", "rows"), Value::Int(2), "by the collation of the column");
    Maria::admin(&format!("grant select (a) on {}.pairs to muster_plain", maria.name));
    let part = maria.ask("muster_plain", "data.row_counts", json!({})).run().unwrap();
    assert_eq!(why(&part, "pairs", "rows").cause, Cause::Denied);
    assert_eq!(part.table.cut.as_ref().map(|why| why.cause), Some(Cause::Denied), "others may be hidden");
    Maria::admin(&format!("revoke all privileges on {}.pairs from muster_plain", maria.name));
    let answer = block(async {
        let mut other = Maria::connect().await;
        let lock = sqlx::AssertSqlSafe(format!("lock tables {}.pairs write", maria.name));
        sqlx::raw_sql(lock).execute(&mut other).await.unwrap();
        maria.ask("muster_reader", "data.row_counts", json!({})).run_async().await.unwrap()
    });
    assert_eq!(why(&answer, "pairs", "rows").cause, Cause::Timeout);
    assert_eq!(tells(&answer, "codes", "rows"), Value::Int(3));
}

#[test]
fn tables_of_sqlite_are_counted() {
    let lite = Lite::new(
        "create table \"Order\" (id integer primary key, note text); insert into \"Order\" values (3, 'a'), (10, 'b'), (9, 'c');
         create table codes (code text primary key not null collate nocase); insert into codes values ('a'), ('B');
         create table heap (a); create view v as select 1",
    );
    let answer = lite.ask("data.row_counts", json!({})).run().unwrap();
    assert_eq!(names(&answer).len(), 3);
    assert_eq!(tells(&answer, "\"Order\"", "rows"), Value::Int(3));
    assert_eq!(tells(&answer, "\"Order\"", "greatest_key"), Value::text("10"));
    assert_eq!(tells(&answer, "codes", "least_key"), Value::text("B"));
    assert_eq!(tells(&answer, "heap", "least_key"), Value::Null);
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000) ";
    lite.run(&format!("create table big (a); insert into big {many} select i from n"));
    let ask = lite.ask("data.row_counts", json!({"budget": "200_000"})).run().unwrap();
    assert_eq!(why(&ask, "big", "rows").cause, Cause::Limit);
    let slow =
        json!({"only": r#"{"big": "(select count(*) from big b, big c where b.a = c.a + big.a) >= 0"}"#});
    let answer = lite.ask("data.row_counts", slow).deadline(Duration::from_secs(2)).run().unwrap();
    assert_eq!(why(&answer, "big", "rows").cause, Cause::Timeout);
    assert_eq!(tells(&answer, "\"Order\"", "rows"), Value::Int(3));
}
