//! Against a real PgBouncer, and against what is none.

use serde_json::json;

use crate::fact::{Cause, Level, Missing, Value};
use crate::probe::Answer;
use crate::probe::postgres::testing::{Database, env};
use crate::probe::testing::{Question, ask, cause, cell, value};
use crate::secret::{Redactor, Secret};

fn at(probe: &'static str, port: &str, role: &str, database: &str) -> Question {
    let url = format!("postgres://{role}@{}:{port}/{database}", env("MUSTER_TEST_PG_HOST"));
    ask(probe, json!({})).target(|target| {
        target.url = Some(url.parse().unwrap());
        target.password = Some(Secret::new(&env("MUSTER_TEST_PG_PASSWORD"), &Redactor::new()));
    })
}

fn pools(port: &str, role: &str, database: &str) -> Question {
    at("pgbouncer.pools", port, role, database)
}

fn failed(question: Question) -> Missing {
    question.run().expect_err("an answer where there must be none")
}

/// The answer and the row of a pool of this database, once the console lists it: a database that comes from `*` is
/// not listed for a while if its first client logs in while the pooler tidies up.
fn pool_of(database: &Database, console: &str) -> (Answer, usize) {
    let wanted = Ok(Value::text(format!("{}/muster_full", database.name)));
    for _ in 0..20 {
        database.ask_bouncer("muster_full", "postgres.server", json!({})).run().unwrap();
        let answer = pools(&env("MUSTER_TEST_PGBOUNCER_PORT"), "muster_monitor", console).run().unwrap();
        let row = (0..answer.table.rows.len()).find(|row| cell(&answer, *row, "pool") == wanted);
        match row {
            Some(row) if cell(&answer, row, "pool_size").is_ok() => return (answer, row),
            Some(row) => assert_eq!(cause(&answer, row, "pool_size"), Cause::Absent),
            None => {}
        }
        std::thread::sleep(std::time::Duration::from_millis(400));
    }
    panic!("the pool is not listed");
}

#[test]
fn a_pool_is_seen_with_its_limits() {
    let database = Database::new("select 1");
    for name in ["pgbouncer", ""] {
        let (answer, row) = pool_of(&database, name);
        assert_eq!(value(&answer, row, "user"), Value::text("muster_full"));
        assert_eq!(value(&answer, row, "pool_mode"), Value::text("transaction"));
        assert_eq!(value(&answer, row, "pool_size"), Value::Int(2));
        assert_eq!(value(&answer, row, "clients_waiting"), Value::Int(0));
        assert_eq!(value(&answer, row, "maxwait"), Value::Int(0));
        assert_eq!(value(&answer, row, "used_ratio"), Value::Float(0.0));
        assert_eq!(value(&answer, row, "max_database_connections"), Value::Null);
        assert_eq!(value(&answer, row, "paused"), Value::Bool(false));
        assert_eq!(value(&answer, row, "max_clients"), Value::Int(100));
        assert!(value(&answer, row, "all_clients").as_int().unwrap() >= 1);
        assert!(
            answer.identity.version.as_ref().is_some_and(|version| version.starts_with(char::is_numeric))
        );
        let console = (0..answer.table.rows.len())
            .any(|row| value(&answer, row, "database") == Value::text("pgbouncer"));
        assert!(!console, "the console is no pool");
    }
}

#[test]
fn who_may_not_see_the_console_is_told_how() {
    let why = failed(pools(&env("MUSTER_TEST_PGBOUNCER_PORT"), "muster_plain", "pgbouncer"));
    assert_eq!((why.cause, why.level), (Cause::Denied, Level::Target), "{why}");
    assert!(why.fix.unwrap().contains("stats_users"));
    let why = failed(pools(&env("MUSTER_TEST_PGBOUNCER_PORT"), "nobody", "pgbouncer"));
    assert_eq!((why.cause, why.level), (Cause::Denied, Level::Target), "{why}");
}

#[test]
fn a_server_is_not_taken_for_a_pooler_nor_a_console_for_a_database() {
    let (server, pooler) = (env("MUSTER_TEST_PG_PORT"), env("MUSTER_TEST_PGBOUNCER_PORT"));
    for (port, name) in [(&server, "postgres"), (&server, "pgbouncer"), (&server, ""), (&pooler, "postgres")]
    {
        let why = failed(pools(port, "muster_monitor", name));
        assert_eq!((why.cause, why.level), (Cause::WrongTarget, Level::Target), "{port} {name}: {why}");
        assert!(why.what.contains("not the console of a PgBouncer"), "{why}");
    }
    for probe in ["postgres.server", "postgres.connections", "postgres.slots"] {
        let why = failed(at(probe, &pooler, "muster_monitor", "pgbouncer"));
        assert_eq!((why.cause, why.level), (Cause::WrongTarget, Level::Target), "{probe}: {why}");
        assert!(why.what.ends_with("is the console of a PgBouncer, not a database"), "{why}");
        assert!(why.fix.unwrap().contains("type `pgbouncer`"));
    }
    // The pooler remembers for a while that a login failed.
    let name = format!("not_there_{}", std::process::id());
    let why = failed(at("postgres.server", &pooler, "muster_monitor", &name));
    assert_eq!((why.cause, why.level), (Cause::Absent, Level::Target), "{why}");
}

#[test]
fn a_pooler_that_is_not_there_is_unreachable() {
    let why = failed(pools("1", "muster_monitor", "pgbouncer"));
    assert_eq!((why.cause, why.level), (Cause::Unreachable, Level::Target), "{why}");
}
