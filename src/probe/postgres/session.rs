//! One connection with one read-only transaction that ends by itself at the deadline.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::time::Instant;

use super::error::fault;
use super::forks;
use super::options::options;
use super::read::Read;
use crate::fact::{Cause, Identity, Level, Missing, timestamp};
use crate::probe::idle::Kept;
use crate::probe::sql::{Step, place};
use crate::probe::{Context, sql};

/// The oldest server whose catalogue our queries fit.
const OLDEST: i64 = 130_000;

/// How long the end of a transaction or connection is waited for.
const PATIENCE: Duration = Duration::from_millis(200);

/// How long a lock of another session is waited for, if nothing else is asked for.
pub(in crate::probe) const LOCK_TIMEOUT: Duration = Duration::from_millis(50);

/// What a transaction may do besides reading.
#[derive(Clone, Copy, Debug)]
pub(in crate::probe) struct Mode {
    /// How long to wait for a lock.
    pub(in crate::probe) lock_timeout: Duration,
    /// SQL of a policy: keeps the role's search path, and fails where row-level security would hide rows.
    pub(in crate::probe) foreign: bool,
}

impl Mode {
    /// For queries of our own.
    pub(in crate::probe) const OWN: Self = Self { lock_timeout: LOCK_TIMEOUT, foreign: false };
}

/// Who we are and who answers.
#[derive(Clone, Debug, Default)]
pub(in crate::probe) struct Who {
    /// Version as text and number.
    pub(in crate::probe) version: String,
    pub(in crate::probe) version_num: i64,
    /// Whose it is, if it is a fork of PostgreSQL that is understood.
    pub(in crate::probe) fork: Option<&'static str>,
    pub(in crate::probe) system: String,
    pub(in crate::probe) replica: bool,
    pub(in crate::probe) clock: Option<Timestamp>,
    pub(in crate::probe) database: String,
    pub(in crate::probe) role: String,
    /// What makes the role dangerous; empty if nothing does.
    pub(in crate::probe) dangerous: String,
    /// Predefined roles whose rights it has.
    pub(in crate::probe) roles: Vec<String>,
    /// Functions of the catalogue that it may execute, of those that are not for everybody.
    pub(in crate::probe) functions: Vec<String>,
    /// Relations of the catalogue that it may read, of those that are not for everybody.
    pub(in crate::probe) tables: Vec<String>,
    /// Extensions of the database with their schemas, as SQL writes them.
    pub(in crate::probe) extensions: Vec<String>,
}

/// An open connection in its transaction.
pub(in crate::probe) struct Session<'a> {
    pub(in crate::probe) connection: PgConnection,
    pub(in crate::probe) cx: &'a Context,
    pub(in crate::probe) who: Who,
    /// The database that was asked for; empty for that of the address.
    name: String,
    foreign: bool,
}

/// A step that ends at the deadline.
pub(in crate::probe) async fn within<T>(
    cx: &Context,
    step: Step,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Missing> {
    let begun = Instant::now();
    let done = sql::within(cx, step, fault, work).await;
    cx.meter.add(begun.elapsed());
    done
}

/// A connection that waits for the next question.
impl Kept for PgConnection {
    fn end(self: Box<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let closed = tokio::time::timeout(PATIENCE, self.close()).await;
            // The server is slow or gone; the socket ends with the process.
            drop(closed);
        })
    }

    fn any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

impl<'a> Session<'a> {
    /// Connects, begins the transaction, asks who is there.
    pub(in crate::probe) async fn open(
        cx: &'a Context,
        database: Option<&str>,
        mode: Mode,
    ) -> Result<Session<'a>, Missing> {
        let name = database.unwrap_or_default().to_owned();
        // One that waited may have been ended by the server meanwhile; then a new one is opened.
        if let Some(mut kept) = cx.idle.take::<PgConnection>(&name)
            && let Ok(who) = begin(cx, &mut kept, mode).await
        {
            return Ok(Self { connection: *kept, cx, who, name, foreign: mode.foreign });
        }
        let options = options(cx, database)?;
        let mut connection = within(cx, Step::Connect, PgConnection::connect_with(&options)).await?;
        match begin(cx, &mut connection, mode).await {
            Ok(who) => Ok(Self { connection, cx, who, name, foreign: mode.foreign }),
            Err(why) => {
                close(connection).await;
                Err(why)
            }
        }
    }

    /// A new transaction in place of one that an error has ended.
    pub(in crate::probe) async fn again(&mut self) -> Result<(), Missing> {
        let end = sqlx::raw_sql("ROLLBACK").execute(&mut self.connection);
        within(self.cx, Step::Ask, end).await?;
        self.who = begin(self.cx, &mut self.connection, Mode::OWN).await?;
        Ok(())
    }

    /// Ends the transaction, so that the server has nothing to log; the connection waits for the next question.
    ///
    /// The server counts what is rolled back, and on a quiet one nobody but us would. SQL of a policy may have
    /// done what waits for its commit (NOTIFY), so that is rolled back.
    pub(in crate::probe) async fn close(mut self) {
        let end =
            sqlx::raw_sql(if self.foreign { "ROLLBACK" } else { "COMMIT" }).execute(&mut self.connection);
        if let Ok(Ok(_)) = tokio::time::timeout(PATIENCE, end).await
            && let Some(surplus) = self.cx.idle.keep(&self.name, Box::new(self.connection))
        {
            surplus.end().await;
        }
    }

    /// Who answered.
    pub(in crate::probe) fn identity(&self) -> Identity {
        self.who.identity(self.cx)
    }
}

impl Who {
    /// The schema of an extension, as SQL writes it.
    pub(in crate::probe) fn extension(&self, name: &str) -> Option<&str> {
        self.extensions.iter().find_map(|known| known.strip_prefix(name)?.strip_prefix('='))
    }

    fn identity(&self, cx: &Context) -> Identity {
        Identity {
            host: Arc::from(place(cx)),
            system: Some(Arc::from(self.system.as_str())),
            database: Some(Arc::from(self.database.as_str())),
            version: Some(Arc::from(self.version.as_str())),
            role: Some(Arc::from(if self.replica { "replica" } else { "primary" })),
        }
    }

    fn read(row: &Read<'_>) -> Result<Self, Missing> {
        let mut dangerous = row.plain::<String>("dangerous")?;
        if row.plain::<bool>("superuser")? {
            "superuser".clone_into(&mut dangerous);
        } else if row.plain::<bool>("may_be_superuser")? {
            "may become superuser".clone_into(&mut dangerous);
        }
        Ok(Self {
            version: row.plain("version")?,
            fork: forks::alike(row.plain("banner")?),
            version_num: row.plain("version_num")?,
            system: row.plain("system")?,
            replica: row.plain("replica")?,
            clock: timestamp(row.plain("clock")?),
            database: row.plain("database")?,
            role: row.plain("role")?,
            dangerous,
            roles: row.plain("roles")?,
            functions: row.plain("functions")?,
            tables: row.plain("tables")?,
            extensions: row.plain("extensions")?,
        })
    }
}

/// The statement timeout lies a little before the deadline, so that the server's answer still comes.
fn statement_timeout(cx: &Context) -> Duration {
    let left = cx.remaining();
    let margin = (left / 10).min(Duration::from_millis(200));
    left.saturating_sub(margin).max(Duration::from_millis(1))
}

async fn begin(cx: &Context, connection: &mut PgConnection, mode: Mode) -> Result<Who, Missing> {
    let timeout = statement_timeout(cx).as_millis();
    let lock = mode.lock_timeout.as_millis().max(1);
    let idle = timeout + 5_000;
    // Everything is local to the transaction: a pooler hands the session to somebody else afterwards. Without a blank too many:
    // the console of pgbouncer closes the connection at more than some 460 bytes, and at fewer says what it is.
    let start = format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout={timeout}; SET LOCAL lock_timeout={lock}; \
         SET LOCAL idle_in_transaction_session_timeout={idle}; SET LOCAL TimeZone='UTC'; \
         SET LOCAL DateStyle='ISO'; SET LOCAL IntervalStyle='postgres'; \
         SET LOCAL standard_conforming_strings=on; SET LOCAL extra_float_digits=1; {}",
        if mode.foreign {
            "SET LOCAL row_security=off"
        } else {
            // A look at the catalogue takes no more than its own process.
            "SET LOCAL search_path=pg_catalog; SET LOCAL jit=off; SET LOCAL enable_nestloop=off; SET LOCAL work_mem='32MB'; \
             SET LOCAL max_parallel_workers_per_gather=0"
        },
    );
    let who = match ask_who(cx, connection, start).await {
        // Who refuses what PostgreSQL knows may be somebody else.
        Err(why) if why.level != Level::Target => {
            return Err(somebody_else(cx, connection).await.unwrap_or(why));
        }
        answer => answer?,
    };
    if who.version_num < OLDEST {
        let what = format!("PostgreSQL {} is older than 13, the oldest that is understood", who.version);
        return Err(Missing::new(Cause::Unsupported, what).level(Level::Target).fix("update the server"));
    }
    Ok(who)
}

async fn ask_who(cx: &Context, connection: &mut PgConnection, start: String) -> Result<Who, Missing> {
    within(cx, Step::Ask, sqlx::raw_sql(AssertSqlSafe(start)).execute(&mut *connection)).await?;
    let asked = sqlx::query(include_str!("queries/who.sql")).persistent(false).fetch_one(&mut *connection);
    let row = within(cx, Step::Ask, asked).await?;
    let read = Read { row: &row, cx };
    match forks::refused(read.plain("banner")?) {
        Some(why) => Err(why),
        None => Who::read(&read),
    }
}

/// The fault of a server that is not PostgreSQL, by its own words.
async fn somebody_else(cx: &Context, connection: &mut PgConnection) -> Option<Missing> {
    within(cx, Step::Ask, sqlx::raw_sql("ROLLBACK").execute(&mut *connection)).await.ok()?;
    let asked = sqlx::raw_sql("SELECT version() AS banner").fetch_one(&mut *connection);
    let row = within(cx, Step::Ask, asked).await.ok()?;
    forks::refused(Read { row: &row, cx }.plain("banner").ok()?)
}

/// Best effort: whatever does not end now ends with the socket.
async fn close(connection: PgConnection) {
    Box::new(connection).end().await;
}
