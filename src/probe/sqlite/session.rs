//! One read-only connection whose work ends by itself at the deadline.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tokio::time::Instant;

use super::error::fault;
use crate::fact::{Cause, Identity, Level, Missing};
use crate::probe::path::open_regular;
use crate::probe::sql::{Step, late_at};
use crate::probe::{Context, blocking};

/// An open file.
pub(in crate::probe) struct Session<'a> {
    pub(in crate::probe) connection: SqliteConnection,
    pub(in crate::probe) cx: &'a Context,
    pub(in crate::probe) path: PathBuf,
}

impl<'a> Session<'a> {
    /// Opens the target's file, which must be there.
    pub(in crate::probe) async fn open(cx: &'a Context) -> Result<Session<'a>, Missing> {
        let Some(path) = cx.target.path.clone() else {
            let why = Missing::new(Cause::Absent, "the target has no file").level(Level::Target);
            return Err(why.fix("write `path: /srv/shop.db` into the target"));
        };
        let found = path.clone();
        // On a thread of its own: a dead disk must not hold up those who watch the deadline.
        let looked = tokio::time::timeout_at(cx.deadline, blocking(move || exists(&found))).await;
        looked.unwrap_or_else(|_late| Err(late_at(cx, Step::Connect, &path.display())))?;
        let left = cx.remaining();
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .read_only(true)
            .create_if_missing(false)
            .busy_timeout((left / 2).min(Duration::from_secs(1)))
            .statement_cache_capacity(0)
            .foreign_keys(false)
            .pragma("query_only", "on")
            .pragma("trusted_schema", "off");
        let opened = tokio::time::timeout_at(cx.deadline, SqliteConnection::connect_with(&options)).await;
        let connection = match opened {
            Err(_) => return Err(late_at(cx, Step::Connect, &path.display())),
            Ok(Err(error)) => return Err(fault(cx, &path, &error).level(Level::Target)),
            Ok(Ok(connection)) => connection,
        };
        let mut session = Self { connection, cx, path };
        match session.begin(left).await {
            Ok(()) => Ok(session),
            Err(why) => {
                session.close().await;
                Err(why)
            }
        }
    }

    /// A dropped future does not stop a statement: it runs on a thread of its own. The handler does.
    async fn begin(&mut self, left: Duration) -> Result<(), Missing> {
        self.until(self.cx.deadline - (left / 10).min(Duration::from_millis(100))).await?;
        self.rows("BEGIN".to_owned()).await?;
        // The first read finds out whether it is a database.
        self.rows("SELECT count(*) FROM sqlite_schema".to_owned()).await.map(|_| ())
    }

    /// Ends whatever still runs at that moment.
    pub(in crate::probe) async fn until(&mut self, until: Instant) -> Result<(), Missing> {
        let mut handle = self.connection.lock_handle().await.map_err(|e| fault(self.cx, &self.path, &e))?;
        handle.set_progress_handler(10_000, move || Instant::now() < until);
        drop(handle);
        Ok(())
    }

    /// All rows of a statement.
    pub(in crate::probe) async fn rows(&mut self, sql: String) -> Result<Vec<SqliteRow>, Missing> {
        let asked = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(&mut self.connection);
        match tokio::time::timeout_at(self.cx.deadline, asked).await {
            Err(_) => Err(late_at(self.cx, Step::Ask, &self.path.display())),
            Ok(Err(error)) => Err(fault(self.cx, &self.path, &error)),
            Ok(Ok(rows)) => Ok(rows),
        }
    }

    /// The one number that a statement gives.
    pub(in crate::probe) async fn int(&mut self, sql: &str) -> Result<i64, Missing> {
        let rows = self.rows(sql.to_owned()).await?;
        let first =
            rows.first().ok_or_else(|| Missing::new(Cause::Empty, format!("`{sql}` gave nothing")))?;
        self.get(first, 0)
    }

    /// A column.
    pub(in crate::probe) fn get<'r, T>(&self, row: &'r SqliteRow, index: usize) -> Result<T, Missing>
    where
        T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        sqlx::Row::try_get(row, index).map_err(|error| fault(self.cx, &self.path, &error))
    }

    /// Who answered.
    pub(in crate::probe) fn identity(&self) -> Identity {
        Identity { host: Arc::from(self.path.display().to_string()), ..Identity::default() }
    }

    /// Closes the file.
    pub(in crate::probe) async fn close(self) {
        let closed = tokio::time::timeout(Duration::from_millis(200), self.connection.close()).await;
        drop(closed);
    }
}

/// SQLite's own words for a file that is not there are the same as for one that may not be read, an empty file is
/// a database to it, and a pipe holds it up for ever.
fn exists(path: &Path) -> Result<(), Missing> {
    let shown = path.display();
    // The command line may give one that is relative to where it was started.
    let whole = std::path::absolute(path).unwrap_or_else(|_unset| path.to_owned());
    let read = open_regular(&whole.to_string_lossy()).map_err(|why| {
        let why = why.level(Level::Target);
        if why.fix.is_none() { why.fix("correct `path` of the target") } else { why }
    });
    if read?.1.st_size == 0 {
        let what = format!("{shown}: the file is empty; no database was ever written to it");
        let why = Missing::new(Cause::Empty, what).level(Level::Target);
        return Err(why.fix("correct `path`, or restore the database"));
    }
    Ok(())
}
