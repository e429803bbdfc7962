//! A database of its own for each test, on the private server that `tests/run` starts.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value as Json;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use crate::fact::{Missing, Value};
use crate::probe::Answer;
use crate::probe::testing::{Question, ask, cell, value};
use crate::secret::{Redactor, Secret};

static NEXT: AtomicU32 = AtomicU32::new(0);

#[expect(clippy::disallowed_methods, reason = "tests learn of their server from the environment")]
pub(crate) fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run tests/run"))
}

/// A database that is dropped with this value.
pub(crate) struct Database {
    pub(crate) name: String,
    port: String,
}

/// Runs to the end on a runtime of its own.
pub(crate) fn block<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(work)
}

impl Database {
    /// A new one in which this was run.
    pub(crate) fn new(sql: &str) -> Self {
        Self::at(&env("MUSTER_TEST_PG_PORT"), sql)
    }

    /// One that is there already, or that the test makes itself.
    pub(crate) fn of(name: &str) -> Self {
        Self { name: name.to_owned(), port: env("MUSTER_TEST_PG_PORT") }
    }

    /// A new one that the replica has too, as soon as it has followed, and its port there.
    pub(crate) fn replicated(sql: &str) -> (Self, String) {
        (Self::at(&env("MUSTER_TEST_PG_PRIMARY_PORT"), sql), env("MUSTER_TEST_PG_REPLICA_PORT"))
    }

    fn at(port: &str, sql: &str) -> Self {
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let made = Self { name, port: port.to_owned() };
        made.run_in("postgres", &format!("CREATE DATABASE {} TEMPLATE muster_template", made.name));
        made.run(sql);
        made
    }

    fn run_in(&self, database: &str, sql: &str) {
        run_at(&self.port, database, sql);
    }

    /// Runs statements as superuser, each in a session of its own: a session tells what it counted when it ends.
    pub(crate) fn run(&self, sql: &str) {
        for statement in sql.split(";\n") {
            self.run_in(&self.name, statement);
        }
    }

    /// A connection as superuser.
    pub(crate) async fn connect(&self) -> PgConnection {
        connect(&self.port, "postgres", &self.name).await
    }

    /// A connection as this role.
    pub(crate) async fn connect_as(&self, role: &str) -> PgConnection {
        connect(&self.port, role, &self.name).await
    }

    /// A question to it as this role.
    pub(crate) fn ask(&self, role: &str, probe: &'static str, args: Json) -> Question {
        self.ask_at(&self.port, role, probe, args)
    }

    /// The same through PgBouncer.
    pub(crate) fn ask_bouncer(&self, role: &str, probe: &'static str, args: Json) -> Question {
        self.ask_at(&env("MUSTER_TEST_PGBOUNCER_PORT"), role, probe, args)
    }

    /// The same at another port.
    pub(crate) fn ask_at(&self, port: &str, role: &str, probe: &'static str, args: Json) -> Question {
        let url = format!("postgres://{role}@{}:{port}/{}", env("MUSTER_TEST_PG_HOST"), self.name);
        ask(probe, args).target(|target| {
            target.url = Some(url.parse().unwrap());
            target.password = Some(Secret::new(&env("MUSTER_TEST_PG_PASSWORD"), &Redactor::new()));
        })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A failed test must show its own panic; the whole server is thrown away anyway.
        if std::thread::panicking() {
            return;
        }
        self.run_in("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

async fn connect(port: &str, role: &str, database: &str) -> PgConnection {
    PgConnectOptions::new_without_pgpass()
        .host(&env("MUSTER_TEST_PG_HOST"))
        .port(port.parse().unwrap())
        .username(role)
        .password(&env("MUSTER_TEST_PG_PASSWORD"))
        .ssl_mode(PgSslMode::Disable)
        .database(database)
        .connect()
        .await
        .unwrap()
}

/// Runs SQL as superuser in a database.
pub(crate) fn run(database: &str, sql: &str) {
    run_at(&env("MUSTER_TEST_PG_PORT"), database, sql);
}

fn run_at(port: &str, database: &str, sql: &str) {
    block(async {
        let mut connection = connect(port, "postgres", database).await;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

/// Why a cell has no value.
pub(super) fn missing(answer: &Answer, row: usize, name: &str) -> Missing {
    (*cell(answer, row, name).expect_err(name)).clone()
}

/// The row whose keys are these.
pub(super) fn row(answer: &Answer, keys: &[(&str, &str)]) -> usize {
    let is = |row: &usize| keys.iter().all(|(key, name)| value(answer, *row, key) == Value::text(*name));
    (0..answer.table.rows.len()).find(is).unwrap_or_else(|| panic!("no {keys:?} in {:?}", answer.table))
}

/// The row of a table.
pub(super) fn row_of(answer: &Answer, table: &str) -> usize {
    let found = (0..answer.table.rows.len()).find(|row| value(answer, *row, "table") == Value::text(table));
    found.unwrap_or_else(|| panic!("no table {table}"))
}
