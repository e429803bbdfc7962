//! Against real servers and files. What must not be equal stands first.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use sqlx::Executor as _;

use crate::fact::{Cause, Value};
use crate::probe::data::tables::testing::{Lite, Maria};
use crate::probe::postgres::testing::{Database, env};
use crate::probe::testing::{Question, cause, cell, value};
use crate::probe::{Answer, Target};
use crate::secret::{Redactor, Secret};

/// Whoever can be a side.
trait Side {
    fn as_target(&self) -> Target;
}

impl Side for Database {
    fn as_target(&self) -> Target {
        pg(self, "muster_full")
    }
}

impl Side for Maria {
    fn as_target(&self) -> Target {
        let (host, port) = (env("MUSTER_TEST_MARIADB_HOST"), env("MUSTER_TEST_MARIADB_PORT"));
        Target {
            name: Arc::from("old"),
            kind: Arc::from("mysql"),
            url: Some(format!("mysql://muster_reader@{host}:{port}/{}", self.name).parse().unwrap()),
            password: Some(Secret::new(&env("MUSTER_TEST_MARIADB_PASSWORD"), &Redactor::new())),
            ..Target::default()
        }
    }
}

impl Side for Lite {
    fn as_target(&self) -> Target {
        Target {
            name: Arc::from("old"),
            kind: Arc::from("sqlite"),
            path: Some(self.path.clone()),
            ..Target::default()
        }
    }
}

fn pg(database: &Database, role: &str) -> Target {
    let (host, port) = (env("MUSTER_TEST_PG_HOST"), env("MUSTER_TEST_PG_PORT"));
    Target {
        name: Arc::from("old"),
        kind: Arc::from("postgres"),
        url: Some(format!("postgres://{role}@{host}:{port}/{}", database.name).parse().unwrap()),
        password: Some(Secret::new(&env("MUSTER_TEST_PG_PASSWORD"), &Redactor::new())),
        ..Target::default()
    }
}

fn ask(old: &impl Side, new: &Database, args: Json) -> Question {
    new.ask("muster_full", "data.compare", args)
        .other("source", old.as_target())
        .deadline(Duration::from_mins(1))
}

fn compare(old: &impl Side, new: &Database, args: Json) -> Answer {
    ask(old, new, args).run().unwrap()
}

/// Table, method, rows, missing, extra, changed, columns and keys, of every row.
fn told(answer: &Answer) -> Vec<String> {
    let rows = 0..answer.table.rows.len();
    rows.map(|row| {
        if let Err(why) = cell(answer, row, "rows") {
            return format!("{:?} {:?}: {why}", value(answer, row, "table"), why.cause);
        }
        let text = |name| match value(answer, row, name) {
            Value::Text(text) => text.to_string(),
            Value::Int(int) => int.to_string(),
            Value::List(items) => {
                let texts = items.iter().map(|item| match item {
                    Ok(Value::Text(text)) => text.to_string(),
                    other => format!("{other:?}"),
                });
                format!("[{}]", texts.collect::<Vec<_>>().join(", "))
            }
            other => format!("{other:?}"),
        };
        let names = ["table", "method", "rows", "missing", "extra", "changed", "columns", "keys"];
        names.map(text).join(" ")
    })
    .collect()
}

const EVERY_METHOD: [&str; 3] = ["native", "stream", "multiset"];

const ORDERS: &str = "CREATE TABLE orders (id bigint PRIMARY KEY, customer int, price numeric(12,4), note text, at timestamptz, seen timestamp, w float8, ok bool, tags text[], doc jsonb, raw bytea, day date, uid uuid, span interval);
INSERT INTO orders SELECT i, i % 97, i / 7.0, 'note ' || i, '2026-01-01'::timestamptz + i * interval '1 min', '2026-01-01'::timestamp + i * interval '1 s', i / 3.0, i % 2 = 0, ARRAY['a', i::text], jsonb_build_object('i', i), decode(md5(i::text), 'hex'), '2026-01-01'::date + i % 300, md5(i::text)::uuid, i * interval '1 hour' FROM generate_series(1, 5000) i";

#[test]
fn one_changed_row_is_found_by_every_method() {
    let (old, new) = (Database::new(ORDERS), Database::new(ORDERS));
    let again = ORDERS
        .split_once(";\n")
        .unwrap()
        .1
        .replace("generate_series(1, 5000)", "generate_series(4711, 4711)");
    for (change, columns) in [
        ("UPDATE orders SET note = 'other' WHERE id = 4711", "note (1)"),
        ("UPDATE orders SET note = note || ' ' WHERE id = 4711", "note (1)"),
        ("UPDATE orders SET note = '' WHERE id = 4711", "note (1)"),
        ("UPDATE orders SET note = NULL WHERE id = 4711", "note (1)"),
        ("UPDATE orders SET price = price + 0.0001 WHERE id = 4711", "price (1)"),
        ("UPDATE orders SET w = w + 1e-9 WHERE id = 4711", "w (1)"),
        ("UPDATE orders SET at = at + interval '1 us' WHERE id = 4711", "at (1)"),
        ("UPDATE orders SET ok = NOT ok WHERE id = 4711", "ok (1)"),
        ("UPDATE orders SET tags = '{{a,4711}}' WHERE id = 4711", "tags (1)"),
        ("UPDATE orders SET doc = '[[],[]]' WHERE id = 4711", "doc (1)"),
        ("UPDATE orders SET span = '196 days 7 hours' WHERE id = 4711", "span (1)"),
    ] {
        new.run(change);
        for method in EVERY_METHOD {
            let answer = compare(&old, &new, json!({"method": method}));
            let expected = if method == "multiset" {
                "public.orders multiset 5000 1 1 0 [] []".to_owned()
            } else {
                format!("public.orders {method} 5000 0 0 1 [{columns}] [4711]")
            };
            assert_eq!(told(&answer), [expected], "{change}");
        }
        new.run(&format!("DELETE FROM orders WHERE id = 4711;\n{again}"));
    }
    for method in EVERY_METHOD {
        let answer = compare(&old, &new, json!({"method": method}));
        assert_eq!(told(&answer), [format!("public.orders {method} 5000 0 0 0 [] []")]);
        assert_eq!(value(&answer, 0, "digest"), value(&answer, 0, "source_digest"));
    }
    assert_eq!(value(&compare(&old, &new, json!({})), 0, "method"), Value::text("native"));
}

#[test]
fn values_that_changed_places_are_found() {
    // A sum over the hashes of columns would be the same.
    let table = "CREATE TABLE t (id int PRIMARY KEY, a int, b int, c bigint)";
    let old =
        Database::new(&format!("{table};\nINSERT INTO t VALUES (1, 10, 20, 1), (2, 30, 40, 4294967296)"));
    for (rows, changed) in [
        ("(1, 30, 20, 1), (2, 10, 40, 4294967296)", 2),
        ("(1, 20, 10, 1), (2, 30, 40, 4294967296)", 1),
        ("(2, 10, 20, 1), (1, 30, 40, 4294967296)", 2),
        // Both halves of a whole number.
        ("(1, 10, 20, 4294967296), (2, 30, 40, 4294967296)", 1),
        ("(1, 10, 20, 1), (2, 30, 40, 1)", 1),
    ] {
        let new = Database::new(&format!("{table};\nINSERT INTO t VALUES {rows}"));
        for method in ["native", "stream"] {
            let answer = compare(&old, &new, json!({"method": method}));
            assert_eq!(value(&answer, 0, "changed"), Value::Int(changed), "{method} {rows}");
        }
    }
}

#[test]
fn lists_that_json_writes_alike_differ() {
    let table = "CREATE TYPE pair AS (a int, b jsonb); CREATE TABLE t (id int PRIMARY KEY, n int[], d jsonb[], c pair[])";
    let old = Database::new(&format!(
        "{table};\nINSERT INTO t VALUES (1, '[0:1]={{1,2}}', ARRAY['null'::jsonb], ARRAY[ROW(1, 'null')::pair]), (2, '{{1}}', ARRAY['[1]'::jsonb, '[2]'], NULL)"
    ));
    for (rows, column) in [
        (
            "(1, '{1,2}', ARRAY['null'::jsonb], ARRAY[ROW(1, 'null')::pair]), (2, '{1}', ARRAY['[1]'::jsonb, '[2]'], NULL)",
            "n",
        ),
        (
            "(1, '[0:1]={1,2}', ARRAY[NULL::jsonb], ARRAY[ROW(1, 'null')::pair]), (2, '{1}', ARRAY['[1]'::jsonb, '[2]'], NULL)",
            "d",
        ),
        (
            "(1, '[0:1]={1,2}', ARRAY['null'::jsonb], ARRAY[ROW(1, NULL)::pair]), (2, '{1}', ARRAY['[1]'::jsonb, '[2]'], NULL)",
            "c",
        ),
        (
            "(1, '[0:1]={1,2}', ARRAY['null'::jsonb], ARRAY[ROW(1, 'null')::pair]), (2, '{1}', '{{1},{2}}', NULL)",
            "d",
        ),
    ] {
        let new = Database::new(&format!("{table};\nINSERT INTO t VALUES {rows}"));
        for method in ["native", "stream"] {
            let answer = compare(&old, &new, json!({"method": method}));
            assert_eq!(value(&answer, 0, "changed"), Value::Int(1), "{method} {rows}");
            assert_eq!(
                value(&answer, 0, "columns"),
                Value::texts([format!("{column} (1)")]),
                "{method} {rows}"
            );
        }
    }
}

#[test]
fn rows_that_are_missing_or_extra_are_found() {
    let old = Database::new(ORDERS);
    let new = Database::new(&format!(
        "{ORDERS};\nDELETE FROM orders WHERE id IN (1, 5000);\nINSERT INTO orders (id) VALUES (-5), (5001), (5002)"
    ));
    for method in ["native", "stream"] {
        let found = told(&compare(&old, &new, json!({"method": method})));
        let expected = format!("public.orders {method} 5001 2 3 0 [] [-5, 1, 5000, 5001, 5002]");
        assert_eq!(found, [expected]);
    }
    let found = told(&compare(&old, &new, json!({"method": "multiset"})));
    assert_eq!(found, ["public.orders multiset 5001 2 3 0 [] []"]);
    let answer = compare(&old, &new, json!({"sample": 1}));
    assert_eq!(value(&answer, 0, "keys"), Value::texts(["-5"]));
}

#[test]
fn rows_without_a_key_are_counted_as_often_as_they_are_there() {
    let table = "CREATE TABLE t (a int, b text)";
    let old =
        Database::new(&format!("{table};\nINSERT INTO t VALUES (1, 'x'), (1, 'x'), (2, NULL), (3, '')"));
    for (rows, expected) in [
        ("(1, 'x'), (2, NULL), (3, '')", "3 1 0"),
        ("(1, 'x'), (1, 'x'), (1, 'x'), (2, NULL), (3, '')", "5 0 1"),
        ("(1, 'x'), (1, 'x'), (2, ''), (3, '')", "4 1 1"),
        ("(2, NULL), (2, NULL), (3, ''), (3, '')", "4 2 2"),
        ("(3, ''), (1, 'x'), (2, NULL), (1, 'x')", "4 0 0"),
    ] {
        let new = Database::new(&format!("{table};\nINSERT INTO t VALUES {rows}"));
        assert_eq!(
            told(&compare(&old, &new, json!({}))),
            [format!("public.t multiset {expected} 0 [] []")],
            "{rows}"
        );
    }
    let empty = Database::new(table);
    assert_eq!(told(&compare(&empty, &Database::new(table), json!({}))), ["public.t multiset 0 0 0 0 [] []"]);
}

#[test]
fn empty_tables_are_equal_with_the_proof_of_no_row() {
    let table = "CREATE TABLE t (a int PRIMARY KEY)";
    let (old, new) = (Database::new(table), Database::new(table));
    for method in EVERY_METHOD {
        let answer = compare(&old, &new, json!({"method": method}));
        assert_eq!(told(&answer), [format!("public.t {method} 0 0 0 0 [] []")]);
        assert_eq!(value(&answer, 0, "source_rows"), Value::Int(0));
    }
    // Nothing on both sides is suspicious: what was compared?
    let nothing = compare(&Database::new("SELECT 1"), &Database::new("SELECT 1"), json!({}));
    assert_eq!(nothing.table.rows.len(), 0);
}

#[test]
fn composite_keys_and_keys_of_texts_do_not_depend_on_a_collation() {
    let table = |collation: &str| {
        format!(
            "CREATE TABLE t (region text COLLATE \"{collation}\", n numeric, v int, PRIMARY KEY (region, n));
INSERT INTO t SELECT (ARRAY['a', 'B', 'ä', 'a b', 'A-1', 'ab', ''])[1 + i % 7], i / 10.0, i FROM generate_series(1, 3000) i"
        )
    };
    let old = Database::new(&table("en-x-icu"));
    let new = Database::new(&format!("{};\nUPDATE t SET v = 0 WHERE v = 777", table("C")));
    for method in ["native", "stream"] {
        let found = told(&compare(&old, &new, json!({"method": method})));
        let collation = "region (collation pg_catalog.\"C\" was pg_catalog.\"en-x-icu\")";
        let expected = format!("public.t {method} 3000 0 0 1 [{collation}, v (1)] [a, 77.7]");
        assert_eq!(found, [expected]);
    }
}

#[test]
fn a_move_is_taken_into_account() {
    let old = Database::new(
        "CREATE TABLE users (id int PRIMARY KEY, mail text, legacy int);\nINSERT INTO users SELECT i, 'm' || i, i FROM generate_series(1, 100) i;\nCREATE TABLE sessions (id int);\nCREATE TABLE \"Case\" (id int PRIMARY KEY)",
    );
    let new = Database::new(
        "CREATE TABLE people (id int PRIMARY KEY, email text);\nINSERT INTO people SELECT i, 'm' || i FROM generate_series(51, 100) i;\nCREATE TABLE \"case\" (id int PRIMARY KEY)",
    );
    let found = told(&compare(&old, &new, json!({})));
    assert_eq!(
        found,
        [
            "public.\"Case\" Null Null 0 0 0 [] []",
            "public.\"case\" Null 0 0 0 0 [] []",
            "public.people Null 50 0 50 0 [] []",
            "public.sessions Null Null 0 0 0 [] []",
            "public.users Null Null 100 0 0 [] []",
        ]
    );
    let map = json!({
        "tables": {"public.users": "public.people"}, "columns": {"public.users.mail": "email"},
        "drop": ["public.sessions", "public.users.legacy", "public.\"Case\""], "only": {"public.users": "id > 50"},
    });
    let answer =
        ask(&old, &new, json!({"except": ["public.case"]})).arg("map", Value::text(map.to_string())).run();
    assert_eq!(told(&answer.unwrap()), ["public.people native 50 0 0 0 [] []"]);
    // Without what was left behind on purpose.
    let map = json!({"tables": {"public.users": "public.people"}});
    let answer =
        ask(&old, &new, json!({"tables": ["public.people"]})).arg("map", Value::text(map.to_string())).run();
    let differs = "[mail (only in the source), legacy (only in the source), email (only in the target)]";
    assert!(told(&answer.unwrap())[0].contains(differs));
    for only in ["id > 50) OR (true", "id > 50; DELETE FROM users", "id > 50 -- x", "(SELECT"] {
        let map = json!({"only": {"public.users": only}, "tables": {"public.users": "public.people"}});
        let asked =
            ask(&old, &new, json!({"tables": ["public.people"]})).arg("map", Value::text(map.to_string()));
        let why = cell(&asked.run().unwrap(), 0, "rows").unwrap_err();
        assert!(matches!(why.cause, Cause::Denied | Cause::Malformed), "{only}: {why}");
    }
    let wrong = ask(&old, &new, json!({})).arg("map", Value::text("{\"tabels\":{}}")).run().unwrap_err();
    assert_eq!(wrong.cause, Cause::Malformed);
}

#[test]
fn what_a_role_does_not_see_is_denied() {
    let table = "CREATE TABLE t (id int PRIMARY KEY, a int);\nINSERT INTO t VALUES (1, 1), (2, 2)";
    let old = Database::new(table);
    for (hides, fix) in [
        ("ALTER TABLE t ENABLE ROW LEVEL SECURITY;\nCREATE POLICY p ON t USING (id = 1)", "BYPASSRLS"),
        (
            "REVOKE SELECT ON t FROM muster_full;\nGRANT SELECT (id) ON t TO muster_full",
            "GRANT SELECT ON public.t",
        ),
    ] {
        let new = Database::new(&format!("{table};\n{hides}"));
        for (was, is) in [(&old, &new), (&new, &old)] {
            let answer = compare(was, is, json!({}));
            assert_eq!(cause(&answer, 0, "missing"), Cause::Denied, "{hides}");
            assert!(cell(&answer, 0, "rows").unwrap_err().fix.as_ref().unwrap().contains(fix), "{hides}");
        }
    }
}

#[test]
fn a_key_that_names_no_row_on_the_other_side_is_ambiguous() {
    let new =
        Database::new("CREATE TABLE t (id int PRIMARY KEY, a int);\nINSERT INTO t VALUES (1, 1), (2, 2)");
    for (rows, says) in [("(1, 1), (2, 2), (2, 2)", "not unique"), ("(1, 1), (NULL, 2), (2, 2)", "null")] {
        let old = Database::new(&format!("CREATE TABLE t (id int, a int);\nINSERT INTO t VALUES {rows}"));
        for method in ["native", "stream"] {
            let answer = compare(&old, &new, json!({"method": method}));
            let why = cell(&answer, 0, "missing").unwrap_err();
            assert_eq!(why.cause, Cause::Ambiguous, "{why}");
            assert!(why.what.contains(says) && why.what.contains("source"), "{why}");
        }
    }
}

#[test]
fn nobody_is_compared_with_itself() {
    let one = Database::new("CREATE TABLE t (id int PRIMARY KEY)");
    let why = ask(&one, &one, json!({})).run().unwrap_err();
    assert_eq!(why.cause, Cause::WrongTarget, "{why}");
    let file = Lite::new("create table t (id integer primary key)");
    let why = file.ask("data.compare", json!({})).other("source", file.as_target()).run().unwrap_err();
    assert_eq!(why.cause, Cause::WrongTarget, "{why}");
    let maria = Maria::new("create table t (id int primary key)");
    let why = maria.ask("muster_reader", "data.compare", json!({})).other("source", maria.as_target()).run();
    assert_eq!(why.unwrap_err().cause, Cause::WrongTarget);
}

#[test]
fn a_table_over_its_budget_is_not_read() {
    let (old, new) = (Database::new(ORDERS), Database::new(ORDERS));
    for method in EVERY_METHOD {
        let answer = compare(&old, &new, json!({"method": method, "budget": 4_999}));
        let why = cell(&answer, 0, "missing").unwrap_err();
        assert_eq!(why.cause, Cause::Limit, "{why}");
        assert!(why.fix.clone().unwrap().contains("--set"), "{why}");
    }
}

const MARIA: &str = "create table items (id int unsigned primary key, name varchar(40), price decimal(12,4), w double, f float, ok tinyint(1), at timestamp(6) null, seen datetime(3), day date, dur time(3), raw varbinary(40), note longtext, doc json, e enum('x','y'), uid char(36), fixed char(5), bits bit(3));
insert into items select seq, concat('Nämé ', seq), seq / 7, seq / 3e0, 0.1, seq % 2, from_unixtime(1767225600 + seq), '2026-01-01 00:00:00' + interval seq second, '2026-01-01' + interval (seq % 300) day, sec_to_time(seq % 86400), unhex(md5(seq)), if(seq % 5 = 0, null, if(seq % 7 = 0, '', concat('n', seq))), json_object('i', seq, 'l', json_array(1, 2.50)), if(seq % 2, 'x', 'y'), concat(substr(md5(seq), 1, 8), '-', substr(md5(seq), 9, 4), '-', substr(md5(seq), 13, 4), '-', substr(md5(seq), 17, 4), '-', substr(md5(seq), 21)), 'ab', seq % 8 from seq_1_to_3000;";

const MOVED: &str = "CREATE TABLE items (id bigint PRIMARY KEY, name text, price numeric, w float8, f float8, ok boolean, at timestamptz, seen timestamp, day date, dur time, raw bytea, note text, doc jsonb, e text, uid uuid, fixed char(5), bits int);
INSERT INTO items SELECT i, 'Nämé ' || i, round(i / 7.0, 4), i / 3.0::float8, 0.1, i % 2 = 1, to_timestamp(1767225600 + i), '2026-01-01'::timestamp + i * interval '1 s', '2026-01-01'::date + i % 300, '00:00'::time + (i % 86400) * interval '1 s', decode(md5(i::text), 'hex'), CASE WHEN i % 5 = 0 THEN NULL WHEN i % 7 = 0 THEN '' ELSE 'n' || i END, jsonb_build_object('l', '[1,2.5]'::jsonb, 'i', i), CASE i % 2 WHEN 1 THEN 'x' ELSE 'y' END, md5(i::text)::uuid, 'ab', i % 8 FROM generate_series(1, 3000) i";

#[test]
fn what_was_moved_from_mariadb_is_the_same_or_told() {
    let old = Maria::new(MARIA);
    let map = json!({"schema": "public"}).to_string();
    let new = Database::new(MOVED);
    for (change, columns) in [
        ("UPDATE items SET name = 'Name 77' WHERE id = 77", "name (1)"),
        ("UPDATE items SET name = left(name, 5)", "name (3000)"),
        ("UPDATE items SET price = round(price, 2)", "price (2572)"),
        ("UPDATE items SET w = w::float4", "w (2000)"),
        ("UPDATE items SET at = at + interval '1 hour'", "at (3000)"),
        ("UPDATE items SET note = NULL WHERE note = ''", "note (343)"),
        ("UPDATE items SET note = '' WHERE note IS NULL", "note (600)"),
        ("UPDATE items SET ok = NOT ok WHERE id = 3000", "ok (1)"),
        ("UPDATE items SET doc = '{}' WHERE id = 1", "doc (1)"),
        ("UPDATE items SET day = day - 1 WHERE id < 3", "day (2)"),
        ("UPDATE items SET raw = raw || '\\x00' WHERE id < 3", "raw (2)"),
    ] {
        new.run(change);
        let answer = ask(&old, &new, json!({"sample": 0})).arg("map", Value::text(&map)).run().unwrap();
        let changed = columns.split(['(', ')']).nth(1).unwrap();
        assert_eq!(
            told(&answer),
            [format!("public.items stream 3000 0 0 {changed} [{columns}] []")],
            "{change}"
        );
        new.run(&format!("DELETE FROM items;\n{}", MOVED.split_once(";\n").unwrap().1));
    }
    for method in ["stream", "multiset"] {
        let answer = ask(&old, &new, json!({"method": method})).arg("map", Value::text(&map)).run().unwrap();
        assert_eq!(told(&answer), [format!("public.items {method} 3000 0 0 0 [] []")]);
        assert_eq!(value(&answer, 0, "digest"), value(&answer, 0, "source_digest"));
    }
}

#[test]
fn texts_of_mariadb_are_sorted_by_their_bytes() {
    let old = Maria::new(
        "create table t (k varchar(20) character set latin1 collate latin1_swedish_ci, n int, primary key (k, n)); insert into t select elt(1 + seq % 6, 'a', 'B', 'ä', 'b', 'a b', 'Z'), seq from seq_1_to_600; create table g (id int primary key, p point); create table z (id int primary key, d date); set sql_mode = ''; insert into z values (1, '0000-00-00')",
    );
    let new = Database::new(
        "CREATE TABLE t (k text, n int, PRIMARY KEY (k, n));\nINSERT INTO t SELECT (ARRAY['a', 'B', 'ä', 'b', 'a b', 'Z'])[1 + i % 6], i FROM generate_series(1, 600) i;\nCREATE TABLE g (id int PRIMARY KEY, p point);\nCREATE TABLE z (id int PRIMARY KEY, d date);\nINSERT INTO z VALUES (1, NULL)",
    );
    let answer = ask(&old, &new, json!({})).arg("map", Value::text("{\"schema\":\"public\"}")).run().unwrap();
    let found = told(&answer);
    assert!(found[0].contains("Unsupported") && found[0].contains("public.g"), "{found:?}");
    assert_eq!(found[1..], ["public.t stream 600 0 0 0 [] []", "public.z stream 1 0 0 1 [d (1)] [1]"]);
}

#[test]
fn what_was_moved_from_sqlite_is_the_same_or_told() {
    let old = Lite::new(
        "create table items (id integer primary key, name text, price numeric, ok boolean, at text, day text, raw blob, doc text, uid text, ms integer);
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
         insert into items select i, 'n' || i, i / 4.0, i % 2, datetime(1767225600 + i, 'unixepoch'), date(1767225600 + i, 'unixepoch'), x'00ff', json_object('i', i), '9f86d081-884c-7d65-9a2f-eaa0c55ad015', (1767225600 + i) * 1000 from n;
         create table \"Odd Name\" (a);",
    );
    let table = "CREATE TABLE items (id int PRIMARY KEY, name varchar(50), price numeric(12,2), ok boolean, at timestamptz, day date, raw bytea, doc jsonb, uid uuid, ms timestamptz)";
    let rows = "INSERT INTO items SELECT i, 'n' || i, i / 4.0, i % 2 = 1, to_timestamp(1767225600 + i), to_timestamp(1767225600 + i)::date, '\\x00ff', jsonb_build_object('i', i), '9f86d081-884c-7d65-9a2f-eaa0c55ad015', to_timestamp(1767225600 + i) FROM generate_series(1, 2000) i";
    let new = Database::new(&format!("{table};\n{rows};\nCREATE TABLE \"Odd Name\" (a int)"));
    let map = json!({"schema": "public", "kinds": {"items.ms": "unix_ms"}, "tables": {"\"Odd Name\"": "public.\"Odd Name\""}});
    let asked = |args| ask(&old, &new, args).arg("map", Value::text(map.to_string())).run().unwrap();
    for (change, columns) in [
        ("UPDATE items SET name = upper(name) WHERE id = 9", "name (1)"),
        ("UPDATE items SET price = round(price)", "price (1500)"),
        ("UPDATE items SET at = at + interval '2 hours'", "at (2000)"),
        ("UPDATE items SET ms = ms + interval '1 ms' WHERE id = 9", "ms (1)"),
        ("UPDATE items SET ok = NULL WHERE NOT ok", "ok (1000)"),
    ] {
        new.run(change);
        let found = told(&asked(json!({"sample": 0, "tables": ["public.items"]})));
        let changed = columns.split(['(', ')']).nth(1).unwrap();
        assert_eq!(found, [format!("public.items stream 2000 0 0 {changed} [{columns}] []")], "{change}");
        new.run(&format!("DELETE FROM items;\n{rows}"));
    }
    let found = told(&asked(json!({})));
    assert_eq!(found, ["public.\"Odd Name\" multiset 0 0 0 0 [] []", "public.items stream 2000 0 0 0 [] []"]);
}

#[test]
fn what_was_cut_goes_on_where_it_stood() {
    let sql = |note: &str| {
        format!(
            "CREATE TABLE a (id int PRIMARY KEY, n text);\nINSERT INTO a VALUES (1, '{note}');\nCREATE TABLE b (id int PRIMARY KEY);\nCREATE TABLE c (id int PRIMARY KEY)"
        )
    };
    let (old, new) = (Database::new(&sql("x")), Database::new(&sql("y")));
    let folder = tempfile::tempdir().unwrap();
    // The second table is held by somebody.
    let locked = crate::probe::postgres::testing::block(async {
        use sqlx::Executor as _;
        let mut other = new.connect().await;
        other.execute("BEGIN; LOCK TABLE b").await.unwrap();
        let asked = ask(&old, &new, json!({})).work(folder.path());
        asked.run_async().await.unwrap()
    });
    assert_eq!(value(&locked, 0, "changed"), Value::Int(1));
    assert_eq!(cause(&locked, 1, "changed"), Cause::Timeout);
    assert_eq!(value(&locked, 2, "changed"), Value::Int(0), "a lock on one table holds up no other");
    let state = |folder: &std::path::Path| {
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.extension().is_some_and(|ext| ext == "json")).collect::<Vec<_>>()
    };
    let [kept] = state(folder.path()).try_into().unwrap();
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&kept).unwrap();
    let changed = |old: &Database, new: &Database, args| {
        let answer = ask(old, new, args).work(folder.path()).run().unwrap();
        value(&answer, 0, "changed")
    };
    // What was found is taken from there, which can be told by a number that nobody counted.
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("\"changed\":1"), "{text}");
    let put = |text: &str| std::fs::write(&kept, text.replace("\"changed\":1", "\"changed\":7")).unwrap();
    put(&text);
    assert_eq!(changed(&old, &new, json!({"sample": 5})), Value::Int(1), "another question");
    put(&text);
    assert_eq!(changed(&old, &Database::new(&sql("y")), json!({})), Value::Int(1), "another system");
    put(text.split_at(text.len() / 2).0);
    assert_eq!(changed(&old, &new, json!({})), Value::Int(1), "half of a file");
    put(&text);
    assert_eq!(changed(&old, &new, json!({})), Value::Int(7), "from before the cut");
    assert!(state(folder.path()).is_empty(), "all is done");
    assert_eq!(changed(&old, &new, json!({})), Value::Int(1));
}

#[test]
fn what_was_written_since_the_cut_is_compared_again() {
    let sql = "CREATE TABLE a (id int PRIMARY KEY, n text); INSERT INTO a VALUES (1, 'x'); CREATE TABLE b (id int PRIMARY KEY)";
    let changes = [
        "UPDATE a SET n = 'y'",
        "DELETE FROM a",
        "TRUNCATE a",
        "INSERT INTO a VALUES (2, 'x')",
        "ALTER TABLE a RENAME n TO m",
        "DROP TABLE a; CREATE TABLE a (id int PRIMARY KEY, n text)",
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let (old, new) = (Database::new(sql), Database::new(sql));
        let folder = tempfile::tempdir().unwrap();
        let told = |locked: bool| {
            crate::probe::postgres::testing::block(async {
                let mut other = new.connect().await;
                if locked {
                    other.execute("BEGIN; LOCK TABLE b").await.unwrap();
                }
                told(&ask(&old, &new, json!({})).work(folder.path()).run_async().await.unwrap())
            })
        };
        let same = "public.a native 1 0 0 0 [] []";
        assert_eq!(told(true)[0], same);
        let side = if number % 2 == 0 { &old } else { &new };
        side.run(change);
        settled(side);
        assert_ne!(told(false)[0], same, "{change}");
    }
}

/// The server counts what was written when its session ends, which nobody waits for.
fn settled(database: &Database) {
    crate::probe::postgres::testing::block(async {
        let mut other = database.connect().await;
        let others = format!(
            "SELECT 1 FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()",
            database.name
        );
        while other.fetch_optional(sqlx::AssertSqlSafe(others.clone())).await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
}

#[test]
fn what_does_not_tell_whether_it_was_written_to_is_compared_again() {
    let tables = "CREATE TABLE a (id int PRIMARY KEY, n varchar(9)); INSERT INTO a VALUES (1, 'x'); CREATE TABLE b (id int PRIMARY KEY)";
    let new = Database::new(tables);
    let other = |old: &dyn Side, change: &dyn Fn()| {
        let folder = tempfile::tempdir().unwrap();
        let asked = |locked: bool| {
            crate::probe::postgres::testing::block(async {
                let mut holder = new.connect().await;
                if locked {
                    holder.execute("BEGIN; LOCK TABLE b").await.unwrap();
                }
                let question =
                    new.ask("muster_full", "data.compare", json!({"map": "{\"schema\":\"public\"}"}));
                let question = question.other("source", old.as_target()).deadline(Duration::from_mins(1));
                told(&question.work(folder.path()).run_async().await.unwrap())
            })
        };
        assert_eq!(asked(true)[0], "public.a stream 1 0 0 0 [] []");
        change();
        assert_eq!(asked(false)[0], "public.a stream 1 0 0 1 [n (1)] [1]");
    };
    let maria = Maria::new(tables);
    other(&maria, &|| maria.run("UPDATE a SET n = 'y'"));
    let lite = Lite::new(tables);
    other(&lite, &|| lite.run("UPDATE a SET n = 'y'"));
    let log = Lite::new(&format!("PRAGMA journal_mode = wal; {tables}"));
    other(&log, &|| log.run("UPDATE a SET n = 'y'"));
}

#[test]
fn all_keys_that_differ_are_written_down_and_private_ones_as_digests() {
    let old = Database::new(ORDERS);
    let new = Database::new(&format!(
        "{ORDERS};\nUPDATE orders SET note = 'other' WHERE id % 10 = 0;\nDELETE FROM orders WHERE id = 7"
    ));
    let folder = tempfile::tempdir().unwrap();
    let answer = ask(&old, &new, json!({"sample": 2})).work(folder.path()).run().unwrap();
    assert_eq!(value(&answer, 0, "keys"), Value::texts(["7", "10"]));
    let list = || {
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        std::fs::read_to_string(names.into_iter().next().unwrap()).unwrap()
    };
    assert_eq!(list().lines().count(), 501);
    assert!(list().starts_with("missing\t7\nchanged\t10\nchanged\t20\n"), "{}", list());
    std::fs::read_dir(folder.path())
        .unwrap()
        .for_each(|entry| std::fs::remove_file(entry.unwrap().path()).unwrap());
    let private = json!({"sample": 2, "private": ["public.orders"]});
    let answer = ask(&old, &new, private).work(folder.path()).run().unwrap();
    let Value::List(keys) = value(&answer, 0, "keys") else { panic!("no list") };
    assert!(keys.iter().all(|key| matches!(key, Ok(Value::Text(text)) if text.len() == 32)), "{keys:?}");
    assert_eq!(list().lines().count(), 501);
    assert!(!list().contains("\t7\n"));
}

#[test]
fn a_source_that_goes_away_is_unreachable_and_never_equal() {
    // More than fits into what lies between.
    let rows = "CREATE TABLE a (id int PRIMARY KEY, n text);\nINSERT INTO a SELECT i, repeat('x', 1000) FROM generate_series(1, 40000) i;\nCREATE TABLE z (id int)";
    let (old, new) = (Database::new(rows), Database::new(rows));
    let name = old.name.clone();
    let answer = crate::probe::postgres::testing::block(async {
        let asked = ask(&old, &new, json!({"rows_per_second": 2_000})).run_async();
        let kill = async {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            let mut admin = new.connect().await;
            let sql =
                format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
            admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
        };
        tokio::join!(asked, kill).0.unwrap()
    });
    assert_eq!(cause(&answer, 0, "missing"), Cause::Unreachable);
    // Others may be compared by a connection of their own, or are unknown too.
    assert!(cell(&answer, 1, "missing").is_ok() || cause(&answer, 1, "missing") == Cause::Unreachable);
}

#[test]
fn the_deadline_ends_a_comparison_at_both_servers() {
    let (old, new) = (Database::new(ORDERS), Database::new(ORDERS));
    let asked = ask(&old, &new, json!({"rows_per_second": 100})).deadline(Duration::from_millis(1_500));
    let answer = asked.run().unwrap();
    assert_eq!(cause(&answer, 0, "missing"), Cause::Timeout);
}

#[test]
fn what_a_server_hashes_alike_is_no_equality() {
    // Its hash of a number has no sign, and none of what is no number; that of a time is folded.
    let cases = [
        ("numeric", "1", "-1"),
        ("numeric(12,2)", "100.50", "-100.50"),
        ("numeric", "'NaN'", "'Infinity'"),
        ("numeric", "'Infinity'", "'-Infinity'"),
        ("time", "'00:00:00.000001'", "'01:11:34.967296'"),
        ("float8", "0", "1"),
        ("bigint", "4294967295", "-1"),
        ("timestamp", "'infinity'", "'-infinity'"),
        ("date", "'infinity'", "'-infinity'"),
        ("text[]", "'{NULL}'", "'{\"NULL\"}'"),
        ("jsonb", "'1'", "'\"1\"'"),
        ("interval", "'1 day'", "'24:00:00'"),
        ("bytea", "''", "'\\x00'"),
    ];
    let columns: Vec<String> = (0..cases.len())
        .map(|at| format!("CREATE TABLE t{at} (id int PRIMARY KEY, c {0}, d {0})", cases[at].0))
        .collect();
    let tables = columns.join(";\n");
    // The third row changes places.
    let old = cases.iter().enumerate().map(|(at, (_, a, b))| {
        format!("INSERT INTO t{at} VALUES (1, {a}, {a}), (2, {a}, {b}), (3, {a}, {b}), (4, NULL, {a})")
    });
    let new = cases.iter().enumerate().map(|(at, (_, a, b))| {
        format!("INSERT INTO t{at} VALUES (1, {a}, {b}), (2, {a}, {b}), (3, {b}, {a}), (4, {a}, NULL)")
    });
    let old = Database::new(&format!("{tables};\n{}", old.collect::<Vec<_>>().join(";\n")));
    let new = Database::new(&format!("{tables};\n{}", new.collect::<Vec<_>>().join(";\n")));
    for method in ["native", "stream"] {
        let answer = compare(&old, &new, json!({"method": method}));
        for row in 0..cases.len() {
            let Value::Text(name) = value(&answer, row, "table") else { panic!("no name") };
            let case = cases[name.trim_start_matches("public.t").parse::<usize>().unwrap()];
            assert_eq!(value(&answer, row, "changed"), Value::Int(3), "{method} {case:?}");
        }
    }
}

#[test]
fn each_value_alone_that_a_server_hashes_alike_is_found() {
    let cases = [("numeric", "7", "-7"), ("time", "'00:00:00.000001'", "'01:11:34.967296'")];
    for (ty, was, is) in cases {
        let table = |value: &str| {
            Database::new(&format!(
                "CREATE TABLE t (id int PRIMARY KEY, c {ty});\nINSERT INTO t VALUES (1, {value})"
            ))
        };
        let (old, new) = (table(was), table(is));
        let answer = compare(&old, &new, json!({"method": "native"}));
        assert_eq!(value(&answer, 0, "changed"), Value::Int(1), "{ty}");
    }
    // A float that is zero must take its place in the hash.
    let table = |row: &str| {
        Database::new(&format!(
            "CREATE TABLE t (id int PRIMARY KEY, a float8, b float8);\nINSERT INTO t VALUES {row}"
        ))
    };
    let (old, new) = (table("(1, 0, 5)"), table("(1, 5, 0)"));
    let answer = compare(&old, &new, json!({"method": "native"}));
    assert_eq!(value(&answer, 0, "changed"), Value::Int(1), "places");
    // A power of 10,000 moves the hash of a number by one, up or down, which a sum may undo.
    let tables: Vec<String> =
        (1..=8).map(|at| format!("CREATE TABLE t{at} (id int PRIMARY KEY, c numeric)")).collect();
    let rows = |value: &str| {
        let rows = (1..=8).map(|at| format!("INSERT INTO t{at} VALUES ({at}, {value}), (10{at}, {value})"));
        Database::new(&format!("{};\n{}", tables.join(";\n"), rows.collect::<Vec<_>>().join(";\n")))
    };
    let (old, new) = (rows("1"), rows("10000"));
    let answer = compare(&old, &new, json!({"method": "native"}));
    for row in 0..8 {
        assert_eq!(value(&answer, row, "changed"), Value::Int(2), "{:?}", value(&answer, row, "table"));
    }
}

#[test]
fn the_same_bytes_in_another_encoding_are_another_text() {
    let sql = "CREATE TABLE t (id int PRIMARY KEY, n text)";
    let new = Database::new(&format!("{sql};\nINSERT INTO t VALUES (1, 'ä')"));
    let old = Database::of(&format!("{}_latin", new.name));
    crate::probe::postgres::testing::run(
        "postgres",
        &format!(
            "CREATE DATABASE {} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
            old.name
        ),
    );
    old.run(&format!("{sql};\nGRANT SELECT ON t TO muster_full;\nINSERT INTO t VALUES (1, 'Ã¤')"));
    assert_eq!(told(&compare(&old, &new, json!({}))), ["public.t stream 1 0 0 1 [n (1)] [1]"]);
    let answer = compare(&old, &new, json!({"method": "native"}));
    assert_eq!(cause(&answer, 0, "changed"), Cause::Unsupported);
    old.run("UPDATE t SET n = 'ä'");
    assert_eq!(value(&compare(&old, &new, json!({})), 0, "changed"), Value::Int(0));
}

/// Databases of PostgreSQL 18, dropped in the end.
struct Newest(String);

impl Newest {
    fn new(end: &str, sql: &str) -> Self {
        let made = Self(format!("compare_{}_{end}", std::process::id()));
        Self::run("postgres", &format!("CREATE DATABASE {}", made.0));
        sql.split(";\n").for_each(|statement| Self::run(&made.0, statement));
        made
    }

    fn run(database: &str, sql: &str) {
        crate::probe::postgres::testing::block(async {
            use sqlx::{
                ConnectOptions as _, Connection as _, postgres::PgConnectOptions, postgres::PgSslMode,
            };
            let options = PgConnectOptions::new_without_pgpass().host(&env("MUSTER_TEST_PG_HOST"));
            let options = options.port(env("MUSTER_TEST_PG18_PORT").parse().unwrap()).username("postgres");
            let options = options.password(&env("MUSTER_TEST_PG_PASSWORD")).ssl_mode(PgSslMode::Disable);
            let mut link = options.database(database).connect().await.unwrap();
            link.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap();
            link.close().await.unwrap();
        });
    }
}

impl Drop for Newest {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            Self::run("postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.0));
        }
    }
}

impl Side for Newest {
    fn as_target(&self) -> Target {
        let (host, port) = (env("MUSTER_TEST_PG_HOST"), env("MUSTER_TEST_PG18_PORT"));
        let mut target = Target {
            name: Arc::from("old"),
            kind: Arc::from("postgres"),
            url: Some(format!("postgres://postgres@{host}:{port}/{}", self.0).parse().unwrap()),
            password: Some(Secret::new(&env("MUSTER_TEST_PG_PASSWORD"), &Redactor::new())),
            ..Target::default()
        };
        target.tls.mode = Some("disable".to_owned());
        target
    }
}

fn newest(old: &Newest, new: &Newest) -> Answer {
    crate::probe::testing::ask("data.compare", json!({}))
        .target(|target| {
            *target = Target { name: Arc::clone(&target.name), ..new.as_target() };
        })
        .other("source", old.as_target())
        .deadline(Duration::from_mins(1))
        .run()
        .unwrap()
}

#[test]
fn a_null_in_a_column_that_only_promises_to_have_none_hides_no_row() {
    let sql = |note: &str| {
        format!(
            "CREATE TABLE t (id int PRIMARY KEY, n int, note text);\nINSERT INTO t VALUES (1, NULL, '{note}'), (2, 2, 'b');\nALTER TABLE t ADD CONSTRAINT full_up NOT NULL n NOT VALID"
        )
    };
    let (old, new) = (Newest::new("a", &sql("old")), Newest::new("b", &sql("new")));
    assert_eq!(value(&newest(&old, &new), 0, "changed"), Value::Int(1));
}

#[test]
fn what_was_found_before_a_cut_is_not_believed_of_a_table_that_is_gone_or_another() {
    let sql = "CREATE TABLE a (id int PRIMARY KEY, n text);\nCREATE TABLE b (id int PRIMARY KEY)";
    let (old, new) = (Database::new(sql), Database::new(sql));
    let folder = tempfile::tempdir().unwrap();
    let cut = || {
        crate::probe::postgres::testing::block(async {
            let mut other = new.connect().await;
            other.execute("BEGIN; LOCK TABLE b").await.unwrap();
            ask(&old, &new, json!({})).work(folder.path()).run_async().await.unwrap()
        })
    };
    assert_eq!(value(&cut(), 0, "missing"), Value::Int(0));
    old.run("INSERT INTO a VALUES (1, 'x')");
    new.run("REVOKE SELECT ON a FROM muster_full");
    let answer = cut();
    assert_eq!(cause(&answer, 0, "missing"), Cause::Denied, "hidden");
    new.run("DROP TABLE a");
    let answer = cut();
    assert_eq!(value(&answer, 0, "rows"), Value::Null, "gone");
    assert_eq!(value(&answer, 0, "missing"), Value::Int(1), "gone");
}

#[test]
fn however_many_rows_differ_each_of_them_is_found() {
    let table = "CREATE TABLE t (id bigint PRIMARY KEY, n text);\nINSERT INTO t SELECT i, 'n' || i FROM generate_series(1, 30000) i";
    let (old, known) = (Database::new(table), Database::new(&format!("{table};\nANALYZE t")));
    for (change, expected) in [
        // One beyond the first rows; few; many of the groups; half of all rows; all rows.
        ("UPDATE t SET n = n || ' ' WHERE id = 29999", "30000 0 0 1"),
        ("UPDATE t SET n = upper(n) WHERE id % 100 = 7", "30000 0 0 300"),
        ("UPDATE t SET n = upper(n) WHERE id > 4000 AND id % 20 = 0", "30000 0 0 1300"),
        ("UPDATE t SET n = upper(n) WHERE id > 15000", "30000 0 0 15000"),
        ("UPDATE t SET n = upper(n)", "30000 0 0 30000"),
        ("DELETE FROM t WHERE id <= 2000 OR id % 1000 = 0", "27972 2028 0 0"),
        ("INSERT INTO t SELECT -i, 'n' FROM generate_series(1, 500) i", "30500 0 500 0"),
        ("DELETE FROM t", "0 30000 0 0"),
    ] {
        let new = Database::new(&format!("{table};\n{change}"));
        // Where the catalogue says that the rows are few, the first ones are not asked for.
        for (was, analyze) in [(&old, "SELECT 1"), (&known, "ANALYZE t")] {
            new.run(analyze);
            let answer = compare(was, &new, json!({"method": "native", "sample": 0}));
            let columns = if expected.ends_with(" 0") { String::new() } else { changed(expected) };
            let told = told(&answer);
            assert_eq!(told, [format!("public.t native {expected} [{columns}] []")], "{change}, {analyze}");
            assert_eq!(value(&answer, 0, "source_rows"), Value::Int(30_000), "{change}");
            assert_ne!(value(&answer, 0, "digest"), value(&answer, 0, "source_digest"), "{change}");
        }
    }
}

/// The one column, behind the last number.
fn changed(expected: &str) -> String {
    format!("n ({})", expected.rsplit(' ').next().unwrap())
}

#[test]
fn the_digest_of_equal_rows_is_that_of_the_hashes_of_all_rows() {
    let table = "CREATE TABLE t (id bigint PRIMARY KEY, n text);\nINSERT INTO t SELECT i, 'n' || i FROM generate_series(1, 9000) i";
    let (old, new) = (Database::new(table), Database::new(table));
    let equal = value(&compare(&old, &new, json!({"method": "native"})), 0, "digest");
    new.run("UPDATE t SET n = '' WHERE id = 3");
    // Summed up here, not by the server.
    let answer = compare(&old, &new, json!({"method": "native"}));
    assert_eq!(value(&answer, 0, "source_digest"), equal);
    assert_ne!(value(&answer, 0, "digest"), equal);
}

#[test]
fn types_whose_text_is_alike_are_not_taken_for_equal() {
    let domain = "CREATE DOMAIN padded AS bpchar";
    let cases = [
        ("int[]", "'{1,2}'", "text[]", "'{1,2}'"),
        ("boolean[]", "'{t,f}'", "text[]", "'{t,f}'"),
        ("padded", "'a '", "padded", "'a'"),
        ("float8", "0.10000000149011612", "float4", "0.1"),
    ];
    for (was, a, is, b) in cases {
        let table = |ty: &str, value: &str| {
            Database::new(&format!(
                "{domain};\nCREATE TABLE t (id int PRIMARY KEY, c {ty});\nINSERT INTO t VALUES (1, {value})"
            ))
        };
        let (old, new) = (table(was, a), table(is, b));
        for args in [json!({}), json!({"method": "stream"})] {
            let answer = compare(&old, &new, args);
            assert_eq!(value(&answer, 0, "changed"), Value::Int(1), "{was} {a}, {is} {b}");
        }
    }
}

#[test]
fn nulls_that_were_never_promised_away_do_not_hide_the_columns_before_them() {
    for (ty, full) in [("bytea", "'\\x00'"), ("date", "'2026-01-01'"), ("int", "7")] {
        let sql = |note: &str| {
            format!(
                "CREATE TABLE t (id int PRIMARY KEY, note text, n {ty});\nINSERT INTO t VALUES (1, '{note}', NULL), (2, 'b', {full});\nALTER TABLE t ADD CONSTRAINT full_up NOT NULL n NOT VALID"
            )
        };
        let (old, new) =
            (Newest::new(&format!("c{ty}"), &sql("old")), Newest::new(&format!("d{ty}"), &sql("new")));
        assert_eq!(value(&newest(&old, &new), 0, "changed"), Value::Int(1), "{ty}");
    }
}

#[test]
fn what_one_column_is_told_by_is_not_told_of_the_next_one() {
    let names: Vec<String> = (0..20).map(|at| format!("c{at}")).collect();
    let table = format!(
        "CREATE TABLE t (id int PRIMARY KEY, {} numeric, at timestamp, day date)",
        names.join(" numeric, ")
    );
    let row = |first: &str, second: &str, at: &str, day: &str| {
        let others = "1, ".repeat(names.len() - 2);
        format!("{first}, {second}, {others}{at}, {day}")
    };
    let (at, day) = ("'2000-01-01'", "'1970-01-01'");
    let rows = [
        row("-1", "0", at, day),
        row("1", "NULL", at, day),
        row("1", "0", at, day),
        row("NULL", "0", at, day),
        row("0", "-1", at, day),
        row("0", "1", at, "NULL"),
        row("0", "1", "NULL", day),
        row("0", "1", "'1970-01-01'", day),
        row("0", "1", "'1970-01-01'", "NULL"),
        row("'NaN'", "1", at, day),
        row("'Infinity'", "1", at, day),
        row("'-Infinity'", "1", at, day),
        // Halves of the bits of a time, below zero and above it, are folded onto one another.
        row("0", "1", "'2000-01-01'::timestamp + 5 * interval '1 us'", day),
        row("0", "1", "'2000-01-01'::timestamp - 4294967291 * interval '1 us'", day),
        row("0", "1", "'2000-01-01'::timestamp + 4294967300 * interval '1 us'", day),
        row("0", "1", "'infinity'", day),
        row("0", "1", "'-infinity'", day),
    ];
    // Each with each, as a row of its own: one that is taken for equal is one that does not count.
    let pairs = rows.iter().enumerate().flat_map(|(at, was)| rows.iter().skip(at).map(move |is| (was, is)));
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for (id, (was, is)) in pairs.enumerate() {
        old.push(format!("({id}, {was})"));
        new.push(format!("({id}, {is})"));
    }
    let made =
        |rows: &[String]| Database::new(&format!("{table};\nINSERT INTO t VALUES {}", rows.join(", ")));
    let answer = compare(&made(&old), &made(&new), json!({"method": "native", "sample": 0}));
    let differ = rows.len() * (rows.len() - 1) / 2;
    assert_eq!(value(&answer, 0, "changed"), Value::Int(i64::try_from(differ).unwrap()));
}
