//! One side of a comparison: a connection with a snapshot of its own, and the rows of a statement as they come.

mod batch;
mod mysql;
mod postgres;
mod sqlite;

use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection, SqliteConnection};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinSet;

use super::tables::{Column, Engine, Open, UserTable};
use crate::fact::{Cause, Identity, Missing};
use crate::probe::Context;
use crate::probe::sql::{Step, late, late_at};

pub(super) use batch::{Batch, Broken, Row, Said, Shape};

/// Batches that wait at most.
const WAITING: usize = 4;

/// How a column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decode {
    Bool,
    Int,
    Unsigned,
    Bits,
    Float,
    Real,
    Number,
    Text,
    Bytes,
    Time,
    Date,
    Clock,
    Span,
    Uuid,
    Json,
    /// By the value itself.
    Any,
}

/// A statement and how its columns are read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) sql: String,
    pub(super) decode: Vec<Decode>,
    pub(super) shape: Shape,
}

/// The driver's connection.
enum Link {
    Postgres(PgConnection),
    Mysql(MySqlConnection),
    Sqlite(SqliteConnection),
}

/// One side.
pub(super) struct Side<'a> {
    pub(super) cx: &'a Context,
    pub(super) engine: Engine,
    pub(super) identity: Identity,
    /// The version of PostgreSQL; 0 elsewhere.
    pub(super) version: i64,
    /// Nothing while a task has it, or after it broke.
    link: Option<Link>,
}

/// Rows of a statement, read by a task that ends with this value.
pub(super) struct Feed<'a> {
    cx: &'a Context,
    rows: Receiver<Said>,
    task: JoinSet<Option<Link>>,
}

impl<'a> Side<'a> {
    /// Takes over a session.
    pub(super) fn new(cx: &'a Context, open: Open<'a>) -> Self {
        let (engine, identity) = (open.engine(), open.identity());
        let (version, link) = match open {
            Open::Postgres(session) => (session.who.version_num, Link::Postgres(session.connection)),
            Open::Mysql(session) => (0, Link::Mysql(session.connection)),
            Open::Sqlite(session) => (0, Link::Sqlite(session.connection)),
        };
        Self { cx, engine, identity, version, link: Some(link) }
    }

    /// A new transaction that sees one state until the next.
    pub(super) async fn snapshot(&mut self) -> Result<(), Missing> {
        let left = self.cx.remaining();
        let sql = match self.engine {
            Engine::Postgres => format!(
                "COMMIT; BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; \
                 SET LOCAL statement_timeout = {0}; SET LOCAL lock_timeout = '1s'; \
                 SET LOCAL idle_in_transaction_session_timeout = {0}; SET LOCAL TimeZone = 'UTC'; \
                 SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL bytea_output = 'hex'; \
                 SET LOCAL standard_conforming_strings = on; SET LOCAL extra_float_digits = 1; \
                 SET LOCAL row_security = off; SET LOCAL search_path = pg_catalog; SET LOCAL jit = off; \
                 SET LOCAL client_encoding = 'UTF8'; SET LOCAL work_mem = '64MB'; SET LOCAL xmloption = 'content'{1}",
                left.as_millis().max(1),
                // A server that hashes would not notice that nobody waits any more; not every system can look.
                if self.version >= 140_000 {
                    "; SELECT CASE WHEN version() LIKE '%linux%' THEN set_config('client_connection_check_interval', '5s', true) END"
                } else {
                    ""
                }
            ),
            Engine::Mysql => "COMMIT; SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
                 SET SESSION max_sort_length = 8192; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
                .to_owned(),
            Engine::Sqlite => "COMMIT; BEGIN".to_owned(),
        };
        self.run(sql).await
    }

    async fn run(&mut self, sql: String) -> Result<(), Missing> {
        let deadline = self.cx.deadline;
        let work = async {
            let sql = AssertSqlSafe(sql);
            match self.link.as_mut() {
                None => return Ok(None),
                Some(Link::Postgres(link)) => {
                    sqlx::raw_sql(sql).execute(link).await?;
                }
                Some(Link::Mysql(link)) => {
                    sqlx::raw_sql(sql).execute(link).await?;
                }
                Some(Link::Sqlite(link)) => {
                    sqlx::raw_sql(sql).execute(link).await?;
                }
            }
            Ok(Some(()))
        };
        match tokio::time::timeout_at(deadline, work).await {
            Err(_) => Err(late_of(self.cx)),
            Ok(Err(error)) => Err(fault(self.cx, &error)),
            Ok(Ok(None)) => Err(gone()),
            Ok(Ok(Some(()))) => Ok(()),
        }
    }

    /// The rows of a statement of PostgreSQL, which are few.
    pub(super) async fn postgres_rows(&mut self, sql: String) -> Result<Vec<sqlx::postgres::PgRow>, Missing> {
        let Some(Link::Postgres(link)) = self.link.as_mut() else { return Err(gone()) };
        let asked = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(link);
        crate::probe::postgres::session::within(self.cx, Step::Ask, asked).await
    }

    /// The rows of a statement of MySQL, which are few.
    pub(super) async fn mysql_rows(&mut self, sql: String) -> Result<Vec<sqlx::mysql::MySqlRow>, Missing> {
        let Some(Link::Mysql(link)) = self.link.as_mut() else { return Err(gone()) };
        let asked = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(link);
        crate::probe::mysql::session::within(self.cx, Step::Ask, asked).await
    }

    /// The rows of a table.
    pub(super) async fn count(&mut self, from: &str) -> Result<u64, Missing> {
        let sql = format!("SELECT count(*) FROM {from}");
        let deadline = self.cx.deadline;
        let work = async {
            Ok(Some(match self.link.as_mut() {
                None => return Ok(None),
                Some(Link::Postgres(link)) => {
                    sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).persistent(false).fetch_one(link).await?
                }
                Some(Link::Mysql(link)) => {
                    sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).persistent(false).fetch_one(link).await?
                }
                Some(Link::Sqlite(link)) => {
                    sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).persistent(false).fetch_one(link).await?
                }
            }))
        };
        match tokio::time::timeout_at(deadline, work).await {
            Err(_) => Err(late_of(self.cx)),
            Ok(Err(error)) => Err(fault(self.cx, &error)),
            Ok(Ok(None)) => Err(gone()),
            Ok(Ok(Some(count))) => Ok(u64::try_from(count).unwrap_or(0)),
        }
    }

    /// Bytes of the pages of a table of PostgreSQL, by the catalogue, which does not wait for its locks.
    pub(super) async fn size(&mut self, table: &UserTable) -> Result<u64, Missing> {
        let sql = format!(
            "SELECT (sum(c.relpages::int8) * current_setting('block_size')::int8)::int8 FROM pg_class c \
              WHERE c.oid = {0} OR c.oid IN (SELECT relid FROM pg_partition_tree({0}))",
            table.oid
        );
        let rows = self.postgres_rows(sql).await?;
        let row = rows.first().ok_or_else(|| Missing::new(Cause::Absent, "the table is gone"))?;
        let size: Option<i64> = sqlx::Row::try_get(row, 0).map_err(|error| fault(self.cx, &error))?;
        Ok(size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0))
    }

    /// Begins to read.
    pub(super) fn feed(&mut self, reading: Reading) -> Result<Feed<'a>, Missing> {
        let link = self.link.take().ok_or_else(gone)?;
        let (to, rows) = channel(WAITING);
        let mut task = JoinSet::new();
        task.spawn(async move {
            match link {
                Link::Postgres(link) => postgres::read(link, reading, to).await.map(Link::Postgres),
                Link::Mysql(link) => mysql::read(link, reading, to).await.map(Link::Mysql),
                Link::Sqlite(link) => sqlite::read(link, reading, to).await.map(Link::Sqlite),
            }
        });
        Ok(Feed { cx: self.cx, rows, task })
    }

    /// Takes the connection back from rows that were read to their end.
    pub(super) async fn back(&mut self, mut feed: Feed<'a>) {
        feed.rows.close();
        let ended = tokio::time::timeout_at(self.cx.deadline, feed.task.join_next()).await;
        if let Ok(Some(Ok(link))) = ended {
            self.link = link;
        }
    }

    /// Can it be asked?
    pub(super) fn is_open(&self) -> bool {
        self.link.is_some()
    }

    /// Ends the connection; what does not end now ends with the socket.
    pub(super) async fn close(mut self) {
        let end = async {
            match self.link.take() {
                None => Ok(()),
                Some(Link::Postgres(link)) => link.close().await,
                Some(Link::Mysql(link)) => link.close().await,
                Some(Link::Sqlite(link)) => link.close().await,
            }
        };
        drop(tokio::time::timeout(std::time::Duration::from_millis(200), end).await);
    }
}

impl Feed<'_> {
    /// The next rows; nothing at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Batch>, Missing> {
        match tokio::time::timeout_at(self.cx.deadline, self.rows.recv()).await {
            Err(_) => Err(late_of(self.cx)),
            Ok(None) => Ok(None),
            Ok(Some(Ok(batch))) => Ok(Some(batch)),
            Ok(Some(Err(Broken::Driver(error)))) => Err(fault(self.cx, &error)),
            Ok(Some(Err(Broken::Malformed(what)))) => Err(self.cx.missing(Cause::Malformed, what)),
        }
    }
}

/// A fault of the engine's driver.
pub(super) fn fault(cx: &Context, error: &sqlx::Error) -> Missing {
    match &*cx.target.kind {
        "mysql" => crate::probe::mysql::error::fault(cx, Step::Ask, error),
        "sqlite" => {
            let path = cx.target.path.clone().unwrap_or_default();
            crate::probe::sqlite::error::fault(cx, &path, error)
        }
        _ => crate::probe::postgres::error::fault(cx, Step::Ask, error),
    }
}

fn late_of(cx: &Context) -> Missing {
    let why = match &cx.target.path {
        Some(path) => late_at(cx, Step::Ask, &path.display()),
        None => late(cx, Step::Ask),
    };
    why.fix("raise `within`, or let fewer tables be compared at once (`tables`, `except`)")
}

fn gone() -> Missing {
    Missing::new(Cause::Unreachable, "the connection broke off before")
}

/// How a column is written in a statement of this engine, and read from its rows.
pub(super) fn decode_of(engine: Engine, column: &Column) -> (String, Decode) {
    let name = engine.quoted(&column.name);
    match engine {
        Engine::Postgres => postgres::decode_of(column, &name),
        Engine::Mysql => (name, mysql::decode_of(column)),
        Engine::Sqlite => (name, Decode::Any),
    }
}
