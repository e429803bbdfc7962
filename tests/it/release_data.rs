//! The release policies of rows and schemas on a real server: a recording stands in for the snapshot, defects are planted,
//! and each is found, with nothing else.

use std::path::Path;

use crate::harness::{Run, Shop};
use crate::policies_postgres::Database;
use crate::trial::env;

/// A project with a shipped policy that compares with a recording of the same database.
fn shop(policy: &str, database: &Database) -> Shop {
    let mut shop = Shop::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("policies/release/{policy}.yaml"));
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains("before: gate"), "{policy}");
    let text = text.replace("before: gate", "before: { recording: then.json }");
    let text = text.replace("source_gone: { default: false", "source_gone: { default: true");
    shop.file(&format!("policies/{policy}.yaml"), &text);
    let port = env("MUSTER_TEST_PG_PORT");
    let url = format!("postgres://muster_full@127.0.0.1:{port}/{}", database.name());
    shop.project(&format!(
        "owner: team-data\npolicies: [policies/]\ntargets:\n  shop-db: {{ type: postgres, url: '{url}', password: {{ env: SECRET }} }}\n"
    ));
    shop.env("SECRET", &env("MUSTER_TEST_PG_PASSWORD"));
    shop.run(&["record", "then.json"]).exits(0);
    shop
}

/// Subjects and verdicts.
fn found(run: &Run, policy: &str) -> Vec<String> {
    let mut found: Vec<String> = run
        .findings_of(policy)
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                one["verdict"].as_str().unwrap(),
                one["subject"]["shown"].as_str().unwrap_or("-")
            )
        })
        .collect();
    found.sort();
    found
}

const TABLES: &[&str] = &[
    "CREATE TABLE customers (id int PRIMARY KEY, mail text NOT NULL)",
    "INSERT INTO customers SELECT i, 'x' FROM generate_series(1, 100) i",
    "CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers, net numeric DEFAULT 0, CHECK (net >= 0))",
    "INSERT INTO orders SELECT i, i, 1 FROM generate_series(1, 100) i",
    "CREATE TABLE events (id int PRIMARY KEY)",
    "INSERT INTO events VALUES (1)",
    "CREATE TABLE carts (id int PRIMARY KEY)",
    "INSERT INTO carts VALUES (1), (2)",
    "CREATE INDEX orders_customer ON orders (customer)",
    "CREATE VIEW totals AS SELECT customer, sum(net) FROM orders GROUP BY customer",
    "CREATE TYPE mood AS ENUM ('sad', 'ok')",
    "CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
    "CREATE TRIGGER touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touched()",
    "GRANT INSERT ON orders TO muster_monitor",
];

#[test]
fn rows_that_are_lost_doubled_or_replaced_are_found_and_nothing_else() {
    let database = Database::new(TABLES);
    let shop = shop("release-row-counts", &database);
    let policy = "release-row-counts";
    let run = shop.check(&[]).exits(0);
    assert_eq!(run.verdict(policy), "pass");
    for sql in [
        "DELETE FROM orders WHERE id = 50",
        "UPDATE carts SET id = 3 WHERE id = 2",
        "INSERT INTO events VALUES (2)",
        "CREATE TABLE extra (id int)",
    ] {
        database.sql(sql);
    }
    let run = shop.check(&[]).exits(1);
    let all = ["fail public.carts", "fail public.events", "fail public.orders", "warn public.extra"];
    assert_eq!(found(&run, policy), all);
    let run = shop.check(&["--set", "append_only=[public.events]"]).exits(1);
    assert_eq!(found(&run, policy), ["fail public.carts", "fail public.orders", "warn public.extra"]);
    shop.check(&["--set", "append_only=[]"]).exits(2).says("the list is empty");
    database.sql("REVOKE SELECT ON customers FROM muster_full");
    let run = shop.check(&[]).exits(1);
    assert!(
        found(&run, policy).contains(&"unknown public.customers".to_owned()),
        "{:?}",
        found(&run, policy)
    );
}

#[test]
fn fingerprints_of_what_is_hidden_are_not_known_and_it_is_not_gone() {
    let database = Database::new(TABLES);
    let policy = "release-fingerprints";
    let shop = shop(policy, &database);
    assert_eq!(shop.check(&[]).exits(0).verdict(policy), "pass");
    database.sql("REVOKE SELECT ON orders FROM muster_full");
    let run = shop.check(&[]).exits(3);
    let all = found(&run, policy);
    assert!(all.contains(&"unknown public.orders.all".to_owned()), "{all:?}");
    assert!(all.iter().all(|one| one.starts_with("unknown ")), "{all:?}");
    database.sql("UPDATE carts SET id = 3 WHERE id = 2");
    let all = found(&shop.check(&[]).exits(1), policy);
    let failed: Vec<_> = all.iter().filter(|one| one.starts_with("fail ")).collect();
    assert!(!failed.is_empty() && failed.iter().all(|one| one.contains("public.carts.")), "{all:?}");
    database.sql("GRANT SELECT ON orders TO muster_full");
    database.sql("UPDATE carts SET id = 2 WHERE id = 3");
    assert_eq!(shop.check(&[]).exits(0).verdict(policy), "pass");
    database.sql("DROP TABLE orders CASCADE");
    let all = found(&shop.check(&[]).exits(1), policy);
    assert!(all.iter().all(|one| one.starts_with("fail public.orders.")), "{all:?}");
}

#[test]
fn planted_changes_of_a_schema_are_found_and_nothing_else() {
    let database = Database::new(TABLES);
    database.sql("SELECT lo_create(0)");
    let shop = shop("release-schema", &database);
    let policy = "release-schema";
    let run = shop.check(&[]).exits(0);
    assert_eq!(run.verdict(policy), "pass");
    for sql in [
        "DROP INDEX orders_customer",
        "ALTER TABLE orders ALTER net SET DEFAULT 1",
        "REVOKE INSERT ON orders FROM muster_monitor",
        "ALTER TABLE orders DISABLE TRIGGER touch",
        "ALTER TYPE mood ADD VALUE 'new' BEFORE 'ok'",
        "ALTER TABLE orders DROP CONSTRAINT orders_net_check",
        "ALTER TABLE orders ADD CONSTRAINT orders_net_check CHECK (net >= 0) NOT VALID",
        "CREATE OR REPLACE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN null; END'",
        "GRANT SELECT ON customers TO PUBLIC",
        "SELECT lo_unlink(oid) FROM pg_largeobject_metadata",
        // What changes nothing of the schema.
        "INSERT INTO events VALUES (7)",
        "ANALYZE",
    ] {
        database.sql(sql);
    }
    let run = shop.check(&[]).exits(1);
    assert_eq!(
        found(&run, policy),
        [
            "fail column.public.orders.net",
            "fail constraint.public.orders.orders_net_check",
            "fail enum.public.mood",
            "fail function.public.touched()",
            "fail grant.public.customers to PUBLIC",
            "fail grant.public.orders to muster_monitor",
            "fail index.public.orders.orders_customer",
            "fail large_objects.large_objects",
            "fail trigger.public.orders.touch",
        ]
    );
    let index = run
        .findings_of(policy)
        .into_iter()
        .find(|one| one["subject"]["shown"] == "index.public.orders.orders_customer");
    let message = index.unwrap()["message"].as_str().unwrap().to_owned();
    assert_eq!(message, "index public.orders.orders_customer is gone; it was: USING btree (customer)");
}
