//! Bloat, databases and collations on a real server: what is true, what is withheld, what a role may not see.

use serde_json::{Value as Json, json};
use sqlx::{Connection, Executor};

use super::testing::{Database, block, run};
use crate::fact::{Cause, Level, Missing, Value};
use crate::probe::Answer;
use crate::probe::testing::{cell, value};

fn row(answer: &Answer, key: &str, name: &str) -> usize {
    let found = (0..answer.table.rows.len()).find(|row| value(answer, *row, key) == Value::text(name));
    found.unwrap_or_else(|| panic!("no {key} {name}"))
}

fn why(answer: &Answer, row: usize, name: &str) -> Missing {
    (*cell(answer, row, name).expect_err(name)).clone()
}

fn share(answer: &Answer, row: usize, name: &str) -> f64 {
    match value(answer, row, name) {
        Value::Float(share) => share,
        other => panic!("{name}: {other:?}"),
    }
}

/// Everything is looked at, and measured.
fn all() -> Json {
    json!({ "min_size": "100KiB", "confirm_from": "0B" })
}

const TABLES: &str = "CREATE EXTENSION pgstattuple;
CREATE TABLE fine AS SELECT id, 'x' || id AS note, now() AS at FROM generate_series(1, 40000) id;
CREATE TABLE odd AS SELECT true AS a, id::int8 AS b, false AS c, id::int8 AS d, 1::int2 AS e, 'text' || id AS f FROM generate_series(1, 30000) id;
CREATE TABLE filled (id int, note text) WITH (fillfactor = 70);
INSERT INTO filled SELECT id, 'abc' FROM generate_series(1, 40000) id;
CREATE TABLE nulls AS SELECT id, CASE WHEN id % 2 = 0 THEN 'long text ' || id END AS b FROM generate_series(1, 40000) id;
CREATE TABLE named AS SELECT ('n' || id)::name AS n FROM generate_series(1, 10000) id;
CREATE TABLE \"Bloated\" AS SELECT id, repeat('y', 50) AS note FROM generate_series(1, 40000) id;
DELETE FROM \"Bloated\" WHERE id % 10 <> 0;
VACUUM ANALYZE";

#[test]
fn the_estimate_of_a_table_agrees_with_its_measurement() {
    let database = Database::new(TABLES);
    let answer = database.ask("muster_full", "postgres.table_bloat", all()).run().unwrap();
    for (table, most) in [("fine", 0.02), ("odd", 0.02), ("filled", 0.02), ("nulls", 0.02), ("named", 0.02)] {
        let row = row(&answer, "name", table);
        assert!(share(&answer, row, "bloat_ratio") < most, "{table}");
        assert!(share(&answer, row, "exact_bloat_ratio") < 0.03, "{table}");
        assert_eq!(value(&answer, row, "exact_dead_ratio"), Value::Float(0.0), "{table}");
    }
    let bloated = row(&answer, "table", "public.\"Bloated\"");
    let (estimate, exact) =
        (share(&answer, bloated, "bloat_ratio"), share(&answer, bloated, "exact_bloat_ratio"));
    assert!(estimate > 0.85 && exact > 0.8 && (estimate - exact).abs() < 0.08, "{estimate} {exact}");
    assert_eq!(value(&answer, row(&answer, "name", "filled"), "fillfactor"), Value::Int(70));

    let large = json!({ "min_size": "1MiB", "confirm_from": "1MiB" });
    let answer = database.ask("muster_full", "postgres.table_bloat", large).run().unwrap();
    let fine = row(&answer, "name", "fine");
    assert_eq!(value(&answer, fine, "exact_bloat_size"), Value::Null, "no reason to measure");
    assert!(!answer.table.rows.iter().any(|row| row.iter().any(|cell| *cell == Ok(Value::text("named")))));
}

#[test]
fn an_estimate_from_bad_inputs_is_withheld_until_they_are_good() {
    let database = Database::new(
        "CREATE TABLE stale AS SELECT id, 'x' AS note FROM generate_series(1, 20000) id;
CREATE TABLE dead AS SELECT id, 'x' AS note FROM generate_series(1, 40000) id;
VACUUM ANALYZE;
UPDATE stale SET note = repeat('z', 200);
VACUUM stale;
UPDATE dead SET note = 'y' WHERE id <= 16000;
CREATE TABLE \"Never\" AS SELECT generate_series(1, 40000) AS id;
CREATE TABLE blind AS SELECT id, 'x' AS note FROM generate_series(1, 40000) id;
ALTER TABLE blind ALTER note SET STATISTICS 0;
VACUUM ANALYZE blind",
    );
    let ask = || database.ask("muster_full", "postgres.table_bloat", all()).run().unwrap();
    let answer = ask();
    for table in ["stale", "dead", "\"Never\"", "blind"] {
        let row = row(&answer, "table", &format!("public.{table}"));
        for fact in ["expected_size", "bloat_size", "bloat_ratio"] {
            let why = why(&answer, row, fact);
            assert_eq!((why.cause, why.level), (Cause::Quality, Level::Row), "{table} {fact}");
            assert_eq!(why.fix.unwrap(), format!("ANALYZE public.{table};"));
        }
        let why = why(&answer, row, "exact_bloat_ratio");
        assert_eq!((why.cause, why.level), (Cause::Absent, Level::Field), "no extension");
        assert_eq!(why.fix.as_deref(), Some("CREATE EXTENSION pgstattuple;"));
        assert_eq!(value(&answer, row, "confirmable"), Value::Bool(false));
    }
    database.run("CREATE EXTENSION pgstattuple");
    let stale = share(&ask(), row(&ask(), "name", "stale"), "exact_bloat_ratio");
    assert!(stale < 0.3, "measured where the estimate is withheld: {stale}");
    let answer = ask();
    let dead = share(&answer, row(&answer, "name", "dead"), "exact_dead_ratio");
    assert!((dead - 0.25).abs() < 0.05, "{dead}");
    database.run("ALTER TABLE blind ALTER note SET STATISTICS -1;\nANALYZE");
    let answer = ask();
    for table in ["stale", "dead", "Never", "blind"] {
        assert!(share(&answer, row(&answer, "name", table), "bloat_ratio") < 0.5, "{table}");
    }
}

#[test]
fn hidden_statistics_are_no_bloat_and_the_grant_shows_them() {
    let database = Database::new(TABLES);
    let ask = |role, probe| database.ask(role, probe, all()).run().unwrap();
    let answer = ask("muster_monitor", "postgres.table_bloat");
    let bloated = row(&answer, "table", "public.\"Bloated\"");
    let hidden = why(&answer, bloated, "bloat_ratio");
    assert_eq!((hidden.cause, hidden.level), (Cause::Denied, Level::Row));
    assert!(share(&answer, bloated, "exact_bloat_ratio") > 0.8, "pg_monitor measures without SELECT");
    let fix = hidden.fix.unwrap();
    assert_eq!(fix, "GRANT SELECT ON public.\"Bloated\" TO \"muster_monitor\";");
    database.run(&fix);
    assert!(share(&ask("muster_monitor", "postgres.table_bloat"), bloated, "bloat_ratio") > 0.85);

    let plain = ask("muster_plain", "postgres.table_bloat");
    for row in 0..plain.table.rows.len() {
        assert_eq!(why(&plain, row, "bloat_ratio").cause, Cause::Denied);
        let why = why(&plain, row, "exact_size");
        assert_eq!((why.cause, why.level), (Cause::Denied, Level::Field));
        assert_eq!(why.fix.as_deref(), Some("GRANT pg_monitor TO \"muster_plain\";"));
    }
    database.run(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO muster_plain;\nALTER TABLE fine ENABLE ROW LEVEL SECURITY",
    );
    let plain = ask("muster_plain", "postgres.table_bloat");
    let secured = why(&plain, row(&plain, "name", "fine"), "bloat_ratio");
    assert_eq!((secured.cause, secured.level), (Cause::Denied, Level::Row));
    assert_eq!(secured.fix.as_deref(), Some("ALTER ROLE \"muster_plain\" BYPASSRLS;"));
    assert!(share(&plain, row(&plain, "name", "odd"), "bloat_ratio") < 0.02);
}

#[test]
fn a_locked_table_costs_its_own_measurement_only() {
    let database = Database::new(TABLES);
    let answer = block(async {
        let mut other = database.connect().await;
        other.execute("BEGIN; LOCK TABLE odd IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let answer = database.ask("muster_full", "postgres.table_bloat", all()).run_async().await.unwrap();
        other.close().await.unwrap();
        answer
    });
    let odd = row(&answer, "name", "odd");
    assert_eq!(why(&answer, odd, "exact_bloat_ratio").cause, Cause::Timeout);
    assert!(share(&answer, odd, "bloat_ratio") < 0.02, "the catalogue is not locked");
    assert!(share(&answer, row(&answer, "name", "fine"), "exact_bloat_ratio") < 0.03);
}

const INDEXES: &str = "CREATE EXTENSION pgstattuple;
CREATE TABLE t AS SELECT id, id % 500 AS few, md5(id::text) AS hash, 'k' || id % 300 AS key, ('n' || id)::name AS name FROM generate_series(1, 60000) id;
CREATE UNIQUE INDEX \"By id\" ON t (id);
CREATE INDEX few ON t (few);
CREATE INDEX hash ON t (hash) INCLUDE (few);
CREATE INDEX two ON t (few, key);
CREATE INDEX named ON t (name);
CREATE INDEX lowered ON t (lower(hash));
CREATE TABLE random (hash text);
CREATE INDEX random_hash ON random (hash);
INSERT INTO random SELECT md5(id::text) FROM generate_series(1, 60000) id;
CREATE TABLE gone (id int);
CREATE INDEX gone_id ON gone (id);
INSERT INTO gone SELECT generate_series(1, 60000);
DELETE FROM gone WHERE id % 10 <> 0;
VACUUM ANALYZE;
ANALYZE";

#[test]
fn the_estimate_of_an_index_agrees_with_its_measurement() {
    let database = Database::new(INDEXES);
    let answer = database.ask("muster_full", "postgres.index_bloat", all()).run().unwrap();
    let both = |name: &str| {
        let row = row(&answer, "name", name);
        (share(&answer, row, "bloat_ratio"), share(&answer, row, "exact_bloat_ratio"))
    };
    for name in ["By id", "few", "hash"] {
        let (estimate, exact) = both(name);
        assert!(estimate < 0.08 && exact < 0.03, "{name}: {estimate} {exact}");
    }
    let (estimate, exact) = both("gone_id");
    assert!(estimate > 0.85 && exact > 0.85, "{estimate} {exact}");
    let (estimate, exact) = both("random_hash");
    assert!((0.15..0.35).contains(&estimate) && (0.15..0.35).contains(&exact), "{estimate} {exact}");
    assert_eq!(value(&answer, row(&answer, "name", "By id"), "table"), Value::text("public.t"));
    for name in ["two", "named"] {
        let row = row(&answer, "name", name);
        assert_eq!(why(&answer, row, "bloat_ratio").cause, Cause::Quality, "{name}");
        assert!(share(&answer, row, "exact_bloat_ratio") < 0.05, "{name}");
    }
    let expression = why(&answer, row(&answer, "name", "lowered"), "bloat_ratio");
    assert_eq!((expression.cause, expression.level), (Cause::Denied, Level::Row));
}

#[test]
fn every_database_is_there_and_a_closed_one_costs_its_own_size_only() {
    let database = Database::new("CREATE TABLE t (id int)");
    let closed = Database::new("SELECT 1");
    run("postgres", &format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", closed.name));
    run("postgres", &format!("ALTER DATABASE {} CONNECTION LIMIT 7", closed.name));
    let answer = database.ask("muster_plain", "postgres.databases", json!({})).run().unwrap();
    let (own, other) = (row(&answer, "name", &database.name), row(&answer, "name", &closed.name));
    let template = row(&answer, "database", "template0");
    assert_eq!(value(&answer, template, "allows_connections"), Value::Bool(false));
    assert_eq!(value(&answer, template, "template"), Value::Bool(true));
    assert!(value(&answer, template, "xid_age").as_int().unwrap() > 0);
    assert_eq!(value(&answer, own, "current"), Value::Bool(true));
    assert!(value(&answer, own, "size").as_int().unwrap() > 1 << 20);
    assert_eq!(value(&answer, own, "connections"), Value::Int(0), "ours is none");
    assert_eq!(value(&answer, own, "connection_limit"), Value::Null);
    assert_eq!(value(&answer, own, "checksum_failures"), Value::Null, "this server has no checksums");
    assert_eq!(value(&answer, other, "connection_limit"), Value::Int(7));
    let hidden = why(&answer, other, "size");
    assert_eq!((hidden.cause, hidden.level), (Cause::Denied, Level::Row));
    assert_eq!(hidden.fix.as_deref(), Some("GRANT pg_monitor TO \"muster_plain\";"));
    let temporary = why(&answer, own, "temp_size_now");
    assert_eq!((temporary.cause, temporary.level), (Cause::Denied, Level::Field));

    let answer = database.ask("muster_monitor", "postgres.databases", json!({})).run().unwrap();
    let other = row(&answer, "name", &closed.name);
    assert!(value(&answer, other, "size").as_int().unwrap() > 1 << 20);
    assert_eq!(value(&answer, other, "temp_size_now"), Value::Int(0));
}

#[test]
fn a_session_s_temporary_files_are_those_of_its_database() {
    let database = Database::new("SELECT 1");
    let answer = block(async {
        let mut other = database.connect().await;
        other.execute("SET work_mem = '64kB'").await.unwrap();
        let sorted = "BEGIN; DECLARE c CURSOR FOR SELECT md5(g::text) FROM generate_series(1, 50000) g ORDER BY 1; FETCH 1 FROM c";
        other.execute(sorted).await.unwrap();
        let answer =
            database.ask("muster_monitor", "postgres.databases", json!({})).run_async().await.unwrap();
        other.close().await.unwrap();
        answer
    });
    let own = row(&answer, "name", &database.name);
    assert!(value(&answer, own, "temp_size_now").as_int().unwrap() > 1 << 20);
    assert!(value(&answer, own, "temp_files_now").as_int().unwrap() >= 1);
    assert_eq!(value(&answer, row(&answer, "name", "template1"), "temp_size_now"), Value::Int(0));
}

#[test]
fn a_collation_that_sorts_otherwise_now_is_told_with_its_indexes() {
    let database = Database::new(
        "CREATE TABLE t (a text COLLATE \"en-x-icu\", b text, c text COLLATE \"de-x-icu\", d text COLLATE \"C\");
CREATE INDEX \"By a\" ON t (a);
CREATE INDEX by_b ON t (b);
CREATE INDEX by_d ON t (d);
CREATE INDEX some_b ON t (b) WHERE b > 'x' COLLATE \"sv-x-icu\";
UPDATE pg_collation SET collversion = '1.0' WHERE collname IN ('en-x-icu', 'sv-x-icu', 'C')",
    );
    let answer = database.ask("muster_plain", "postgres.collations", json!({})).run().unwrap();
    let drifted = row(&answer, "collation", "pg_catalog.\"en-x-icu\"");
    assert_eq!(value(&answer, drifted, "recorded"), Value::text("1.0"));
    assert_eq!(value(&answer, drifted, "drifted"), Value::Bool(true));
    assert_eq!(value(&answer, drifted, "indexes"), Value::Int(1));
    assert_eq!(value(&answer, drifted, "first_indexes"), Value::texts(["public.\"By a\""]));
    let unused = row(&answer, "collation", "pg_catalog.\"de-x-icu\"");
    assert_eq!(value(&answer, unused, "drifted"), Value::Bool(false));
    assert_eq!(value(&answer, unused, "indexes"), Value::Int(0));
    let own = row(&answer, "collation", "pg_catalog.\"default\"");
    assert_eq!(value(&answer, own, "of_database"), Value::Bool(true));
    assert_eq!(value(&answer, own, "indexes"), Value::Int(2));
    let condition = row(&answer, "collation", "pg_catalog.\"sv-x-icu\"");
    assert_eq!(value(&answer, condition, "drifted"), Value::Bool(true));
    assert_eq!(
        (value(&answer, condition, "indexes"), value(&answer, condition, "objects")),
        (Value::Int(0), Value::Int(1))
    );
    // Its version was recorded by a library that had one, and the one of now has none.
    let gone = row(&answer, "collation", "pg_catalog.\"C\"");
    assert_eq!(
        (value(&answer, gone, "drifted"), value(&answer, gone, "actual")),
        (Value::Bool(true), Value::Null)
    );
    assert_eq!(answer.table.rows.len(), 5, "only what is used");
}

#[test]
fn a_replica_estimates_nothing_and_measures() {
    let (database, port) = Database::replicated(TABLES);
    let begun = tokio::time::Instant::now();
    let answer = loop {
        match database.ask_at(&port, "muster_full", "postgres.table_bloat", all()).run() {
            Ok(answer) if answer.table.rows.len() == 6 => break answer,
            other => assert!(begun.elapsed().as_secs() < 20, "the replica does not follow: {other:?}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    let bloated = row(&answer, "name", "Bloated");
    let why = why(&answer, bloated, "bloat_ratio");
    assert_eq!((why.cause, why.level), (Cause::Unsupported, Level::Field));
    assert!(share(&answer, bloated, "exact_bloat_ratio") > 0.8);
}
