//! Against real servers and files. What must not be equal stands first.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

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
        .deadline(Duration::from_secs(60))
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
        ("UPDATE orders SET tags = '{a,4711}' WHERE id = 4711", "tags (1)"),
        ("UPDATE orders SET doc = '[[],[]]' WHERE id = 4711", "doc (1)"),
        ("UPDATE orders SET span = '196 days 7 hours' WHERE id = 4711", "span (1)"),
    ] {
        new.run(change);
        for method in EVERY_METHOD {
            let answer = compare(&old, &new, json!({"method": method}));
            let expected = if method == "multiset" {
                format!("public.orders multiset 5000 1 1 0 [] []")
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
