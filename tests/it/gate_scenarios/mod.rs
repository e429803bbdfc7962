//! Whole migrations, made with the tools that people use, and judged by `builtin:release` with two commands around them.
//! Each is healthy first, and passes; then its defects are planted, and they are found, and nothing else; then the
//! remedies of the findings are carried out, and it passes again.

mod engines;
mod postgres;
mod twelve;
mod uploads;

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value as Json;

use crate::harness::{Run, Shop};
use crate::policies_postgres::{path, shared};
use crate::trial::{done, env, unique};

/// A project with both sides of a migration.
struct Gate {
    shop: Shop,
}

/// Policy, subject, verdict.
type Found = BTreeSet<(String, String, String)>;

/// This is found.
fn these(all: &[(&str, &str, &str)]) -> Found {
    all.iter()
        .map(|(policy, subject, verdict)| ((*policy).into(), (*subject).into(), (*verdict).into()))
        .collect()
}

impl Gate {
    /// With these lines in the project besides the library.
    fn new(rest: &str) -> Self {
        let mut shop = Shop::new();
        shop.env("SECRET", &env("MUSTER_TEST_PG_PASSWORD"));
        let gate = Self { shop };
        gate.project(rest);
        gate
    }

    fn project(&self, rest: &str) {
        self.shop.project(&format!("owner: team-release\npolicies: [builtin:release]\n{rest}"));
    }

    /// Before the migration.
    #[track_caller]
    fn snapshot(&self) -> Run {
        self.shop.run(&["gate", "snapshot", "before.json"]).exits(0)
    }

    /// After it.
    fn verify(&self) -> Run {
        self.shop.run(&["gate", "verify", "before.json", "--format", "json"])
    }

    /// What is not well.
    fn found(run: &Run) -> Found {
        let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        let bad = run.findings().into_iter().filter(|one| one["verdict"] != "skipped");
        bad.map(|one| (text(&one["policy"]), text(&one["subject"]["shown"]), text(&one["verdict"]))).collect()
    }

    /// Everything passes.
    #[track_caller]
    fn opens(&self) -> Run {
        let run = self.verify();
        assert_eq!(Self::found(&run), these(&[]), "{}{}", run.stdout, run.stderr);
        run.exits(0)
    }

    /// This is found, and nothing else.
    #[track_caller]
    fn finds(&self, wanted: &[(&str, &str, &str)]) -> Run {
        let run = self.verify();
        assert_eq!(Self::found(&run), these(wanted), "{}{}", run.stdout, run.stderr);
        run.exits(1)
    }
}

/// The steps of a finding that a machine can carry out, by kind.
#[track_caller]
fn steps(run: &Run, policy: &str, subject: &str) -> Vec<(String, String)> {
    let all = run.findings_of(policy);
    let one = all.iter().find(|one| one["subject"]["shown"] == subject);
    let one = one.unwrap_or_else(|| panic!("{policy} has no finding about {subject}: {all:?}"));
    let steps = one["remedy"].as_array().unwrap().iter();
    let steps: Vec<(String, String)> = steps
        .map(|step| (step["kind"].as_str().unwrap().into(), step["text"].as_str().unwrap().into()))
        .collect();
    assert!(!steps.is_empty(), "{policy} says nothing to do about {subject}");
    steps
}

/// Carries out the statements of a remedy.
#[track_caller]
fn mend(run: &Run, policy: &str, subject: &str, sql: impl Fn(&str)) {
    let steps = steps(run, policy, subject);
    assert!(steps.iter().any(|(kind, _)| kind == "sql"), "{policy}: {steps:?}");
    steps.iter().filter(|(kind, _)| kind == "sql").for_each(|(_, text)| sql(text));
}

/// A PostgreSQL database on the server of `tests/run`, dropped with this value.
struct Postgres(String);

impl Postgres {
    /// With the rights that look, and nothing else.
    fn new() -> Self {
        Self::made("TEMPLATE muster_template")
    }

    fn made(how: &str) -> Self {
        let made = Self(unique());
        shared("postgres", &format!("CREATE DATABASE {} {how}", made.0));
        // Who looks reads the time zone of the server, past the one that its own connection asks for.
        made.sql("GRANT EXECUTE ON FUNCTION pg_show_all_file_settings() TO muster_full");
        made
    }

    #[track_caller]
    fn sql(&self, sql: &str) {
        shared(&self.0, sql);
    }

    /// A target of a project.
    fn target(&self) -> String {
        let port = env("MUSTER_TEST_PG_PORT");
        format!(
            "{{ type: postgres, url: 'postgres://muster_full@127.0.0.1:{port}/{}', password: {{ env: SECRET }} }}",
            self.0
        )
    }

    /// A line of shell with the programs of the server, as its superuser.
    #[track_caller]
    fn shell(&self, line: &str) -> String {
        let mut shell = Command::new("sh");
        shell.args(["-ec", line]).env("PATH", path()).env("PGPASSWORD", env("MUSTER_TEST_PG_PASSWORD"));
        shell.env("PGHOST", "127.0.0.1").env("PGPORT", env("MUSTER_TEST_PG_PORT")).env("PGUSER", "postgres");
        done(shell.env("DB", &self.0))
    }

    /// Moves everything from another one, as people do.
    #[track_caller]
    fn restore(&self, from: &Self) {
        let line =
            format!("pg_dump -Fc {} | pg_restore --no-publications -d \"$DB\"; vacuumdb -qz \"$DB\"", from.0);
        self.shell(&line);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            shared("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.0));
        }
    }
}

/// Tables, keys, a view, a function, a trigger, an index and a grant of a shop, with so many orders.
fn a_shop(database: &Postgres, orders: u32) {
    database.sql(
        "CREATE TYPE state AS ENUM ('new', 'paid', 'sent');
         CREATE TABLE customers (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE,
            country text NOT NULL DEFAULT 'DE', note text);
         CREATE TABLE orders (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
            customer int NOT NULL REFERENCES customers, total numeric(10,2) NOT NULL CHECK (total >= 0),
            placed timestamptz NOT NULL, state state NOT NULL DEFAULT 'new');
         CREATE INDEX orders_placed ON orders (placed);
         CREATE TABLE uploads (id int PRIMARY KEY, path text NOT NULL UNIQUE, size bigint NOT NULL);
         CREATE VIEW open_orders AS SELECT id, total FROM orders WHERE state = 'new';
         CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.placed := coalesce(NEW.placed, now()); RETURN NEW; END';
         CREATE TRIGGER stamped BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION stamp();
         GRANT SELECT ON orders TO muster_plain",
    );
    database.sql(&format!(
        "INSERT INTO customers (email, note) SELECT 'c' || n || '@example.org', CASE WHEN n % 3 = 0 THEN 'naïve €' END
            FROM generate_series(1, 500) n;
         INSERT INTO orders (customer, total, placed) SELECT 1 + n % 500, n * 0.01, '2026-01-01Z'::timestamptz + n * '1 minute'::interval
            FROM generate_series(1, {orders}) n;
         ANALYZE"
    ));
}
