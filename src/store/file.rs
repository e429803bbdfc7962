//! The file: is it a store, may it be written, and if there is none, a new one.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, SqliteConnection};
use tokio::time::Instant;

use super::inbox::Noted;
use super::place::{Size, absolute, look};
use super::{
    ExportError, Item, Keeping, Ledger, Standing, StoreError, StoredFinding, StoredRun, StoredSample,
    StoredVerdict, Take, Watched, compared, fold, inbox, ledger, observed, past, prune, read, repack, retain,
    samples, watch, write,
};
use crate::fact::{Key, Past, PastRequest, Recording, Schema, micros_of};
use crate::verdict::{Recall, RunReport, RunView};

/// `MUST`, by which `file` and every other program can tell a store from other databases.
const APPLICATION: i64 = 1_297_437_524;

/// The format that this build writes, and the newest it knows.
const VERSION: i64 = 4;

/// Sets both, in the transaction that makes the tables.
const MARK: &str = "PRAGMA application_id = 1297437524; PRAGMA user_version = 4";

/// How long another process is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The memory of muster.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
    path: Arc<str>,
    lost: u64,
    /// What the note beside the file shall say of promises, beginning with what it said of this very file.
    due: Arc<Mutex<Noted>>,
}

impl Store {
    /// Opens the store, or makes it together with its directories. Whatever is not a store of this format is
    /// refused and not touched. Runs that wait beside it are folded in.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let path = absolute(path)?;
        // Before it is opened: then it looks as it was noted.
        let noted = inbox::noted(&path);
        let end = Instant::now() + PATIENCE;
        loop {
            // Two that make the file at the same time can be told "busy" without being waited for.
            match open(&path).await {
                Err(StoreError::Busy { .. }) if Instant::now() < end => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                other => {
                    let (path, due) = (Arc::from(&*path), Arc::new(Mutex::new(noted)));
                    let mut store = Self { pool: other?, path, lost: 0, due };
                    match fold::fold(&store).await {
                        Ok(lost) => store.lost = lost,
                        Err(error) => {
                            store.pool.close().await;
                            return Err(error);
                        }
                    }
                    return Ok(store);
                }
            }
        }
    }

    /// How many runs that waited a power cut had taken, as was seen when it was opened.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Saves what a run found, and with a recording what it saw, and returns the run's number. All of it is on
    /// disk when this returns, or nothing is.
    pub async fn remember(
        &self,
        report: &RunReport,
        recording: Option<&Recording>,
    ) -> Result<i64, StoreError> {
        #[cfg(test)]
        if let Some(saved) = super::shared::tests::remember(self, report, recording).await {
            return saved;
        }
        write::remember(self, report, recording).await
    }

    /// What is known of these checks (policy, target) since a time.
    pub async fn recall(
        &self,
        checks: &[(Arc<str>, Arc<str>)],
        since: Timestamp,
    ) -> Result<Recall, StoreError> {
        read::recall(self, checks, since).await
    }

    /// The findings whose id starts so, each as it was last found; the one found last comes first.
    pub async fn finding(&self, id_prefix: &str) -> Result<Vec<StoredFinding>, StoreError> {
        read::finding(self, id_prefix).await
    }

    /// The last runs, the one saved last first.
    pub async fn runs(&self, limit: u32) -> Result<Vec<StoredRun>, StoreError> {
        read::runs(self, limit).await
    }

    /// When the runs began that are there: the earliest and the latest time.
    pub async fn span(&self) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        read::span(self).await
    }

    /// What a run saw; `None` if it was saved without. A run that is not there is an error.
    pub async fn recording(&self, run: i64) -> Result<Option<Recording>, StoreError> {
        observed::recording(self, run).await
    }

    /// What a probe saw at a target since a time (by the target's clock where it told it), of one subject or of all, in
    /// order of time. An observation that
    /// failed, or that was cut before the subject came, gives a sample that says why; a complete answer without
    /// the subject gives none, because then it did not exist.
    pub async fn samples(
        &self,
        target: &str,
        probe: &str,
        subject: Option<&str>,
        since: Timestamp,
    ) -> Result<Vec<StoredSample>, StoreError> {
        samples::samples(self, (target, probe), subject, since).await
    }

    /// The past of questions as judging wants it, up to a time. `Previous` is the answer of the newest run that
    /// began before that time and had one; none is no entry. Recordings and gates are not looked for here. Of a
    /// history, each question has one entry, also if nothing is known: with all facts that somebody wants (lists and
    /// records are left out), as far back as the longest window reaches. Of two rows with one name, and of a fact
    /// that could not be read, there is no sample; nor where the fact had another type than in the last answer.
    pub async fn past(&self, wanted: &[PastRequest], at: Timestamp) -> Result<Past, StoreError> {
        past::past(self, wanted, at).await
    }

    /// Every question that is known, in order of target, probe and arguments.
    pub async fn questions(&self) -> Result<Vec<Key>, StoreError> {
        watch::questions(self).await
    }

    /// The shape of the last answer to a question up to a time, if there was one.
    pub async fn schema(&self, key: &Key, to: Timestamp) -> Result<Option<Arc<Schema>>, StoreError> {
        watch::schema(self, key, to).await
    }

    /// What was seen of these facts from a time to another, both included, and when nothing was.
    pub async fn watch(
        &self,
        key: &Key,
        facts: &[Arc<str>],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Watched, StoreError> {
        watch::watch(self, key, facts, (from, to)).await
    }

    /// A run as far as two can be compared. A run that is not there is an error.
    pub async fn view(&self, run: i64) -> Result<RunView, StoreError> {
        compared::view(self, run).await
    }

    /// How every check was judged last by runs that began by then, those left out of which only recordings were judged.
    pub async fn newest(&self, by: Timestamp) -> Result<Vec<StoredVerdict>, StoreError> {
        read::newest(self, by).await
    }

    /// When every check that is known was judged last, and since when it is promised.
    pub async fn standing(&self) -> Result<Vec<Standing>, StoreError> {
        read::standing(self).await
    }

    /// Before that time nothing of a promise is overdue: no run has to look.
    pub fn note_due(&self, promise: &str, due: Timestamp) {
        let mut noted = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        noted.retain(|(digest, _)| digest != promise);
        noted.insert(0, (promise.to_owned(), micros_of(due)));
    }

    /// What is due is not known any more.
    pub(super) fn forget_due(&self) {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Everything that is known of the runs that began at or after a time and before another.
    pub async fn ledger(&self, from: Timestamp, to: Timestamp) -> Result<Ledger, StoreError> {
        ledger::ledger(self, (from, to)).await
    }

    /// Forgets the runs that began before a time, and what only they knew; returns how many.
    pub async fn prune(&self, before: Timestamp) -> Result<u64, StoreError> {
        prune::prune(self, before).await
    }

    /// The numbers of runs that are older than they are kept, by the tiers of what they judged.
    pub async fn outlived(&self, keep: &Keeping, now: Timestamp) -> Result<Vec<i64>, StoreError> {
        retain::outlived(self, keep, now).await
    }

    /// Forgets runs by their numbers, and what only they knew; returns how many.
    pub async fn forget(&self, runs: &[i64]) -> Result<u64, StoreError> {
        prune::forget(self, runs).await
    }

    /// Hands out everything that is known.
    pub async fn export(&self, take: Take<'_>) -> Result<(), ExportError> {
        repack::out(self, take).await
    }

    /// Takes in what another store had, and returns how many runs were new.
    pub async fn import(&self, items: &[Item]) -> Result<u64, StoreError> {
        repack::take(self, items).await
    }

    /// Closes the file and folds its log into it.
    pub async fn close(self) {
        let span = read::span_micros(&self).await;
        self.pool.close().await;
        let Ok(span) = span else { return };
        let due = self.due.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // In the tick of the clock in which the file was written the note proves nothing.
        for _ in 0..4 {
            if inbox::write_note(&self.path, span, &due) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    pub(super) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// That something in the file cannot be read back.
    pub(super) fn content(&self, what: impl Into<String>, why: impl Into<String>) -> StoreError {
        StoreError::Content { path: self.path().to_owned(), what: what.into(), why: why.into() }
    }

    /// An error of the driver, told for this file.
    pub(super) fn fault(&self, error: &sqlx::Error) -> StoreError {
        StoreError::of(&self.path, error)
    }
}

async fn open(path: &str) -> Result<SqlitePool, StoreError> {
    let known = match look(path)? {
        Some(size) => inspect(path, size).await?,
        None => None,
    };
    let mut options = options(path)
        .create_if_missing(true)
        .synchronous(SqliteSynchronous::Full)
        .pragma("cell_size_check", "ON");
    if known != Some(Kind::Ours) {
        // Asked of a file that has tables, it would write to it, and wait for whoever else does.
        options = options.auto_vacuum(SqliteAutoVacuum::Incremental);
    }
    // One connection: a run recalls first and saves last, and two of its own would only wait for each other.
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(|error| StoreError::of(path, &error))?;
    match prepare(path, &pool).await {
        Ok(()) => Ok(pool),
        Err(error) => {
            pool.close().await;
            Err(error)
        }
    }
}

fn options(path: &str) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(PATIENCE).foreign_keys(false)
}

/// Whose database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ours,
    Blank,
}

/// Looks into the file without the right to change it, so that a foreign one is not even checkpointed.
/// `None` if that cannot be seen before somebody's killed write is undone.
async fn inspect(path: &str, size: Size) -> Result<Option<Kind>, StoreError> {
    let fault = |error: sqlx::Error| StoreError::of(path, &error);
    let mut connection = match SqliteConnection::connect_with(&options(path).read_only(true)).await {
        Ok(connection) => connection,
        Err(error) if interrupted(&error) => return Ok(None),
        Err(error) => return Err(fault(error)),
    };
    let kind = kind(path, &mut connection).await;
    let page: Result<i64, _> = sqlx::query_scalar("PRAGMA page_size").fetch_one(&mut connection).await;
    let closed = connection.close().await;
    match kind {
        Ok(Ok(kind)) => {
            closed.map_err(fault)?;
            torn(path, size, page.map_err(fault)?)?;
            Ok(Some(kind))
        }
        Ok(Err(error)) => Err(error),
        // Whoever was killed here is recovered by the writing connection, which asks again before it writes.
        Err(error) if interrupted(&error) => Ok(None),
        Err(error) => Err(fault(error)),
    }
}

/// SQLite fills the last page up with zeros where it was cut. Only a log that is still there can mend it.
fn torn(path: &str, size: Size, page: i64) -> Result<(), StoreError> {
    let page = u64::try_from(page).unwrap_or(0);
    if size.log || size.bytes.is_multiple_of(page) {
        return Ok(());
    }
    let why = format!("its last page was cut: {} bytes are no multiple of {page}", size.bytes);
    Err(StoreError::Corrupt { path: path.to_owned(), why })
}

/// `READONLY_RECOVERY`, `READONLY_CANTLOCK`, `READONLY_ROLLBACK`: only a writer can recover what a killed one left.
fn interrupted(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| matches!(&*code, "264" | "520" | "776"))
}

/// Asks in one transaction, so that the answers belong together while another process makes the store.
async fn kind(
    path: &str,
    connection: &mut SqliteConnection,
) -> Result<Result<Kind, StoreError>, sqlx::Error> {
    let mut tx = connection.begin().await?;
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *tx).await?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *tx).await?;
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name LIMIT 3")
            .fetch_all(&mut *tx)
            .await?;
    tx.rollback().await?;
    Ok(judge(path, application, version, &tables))
}

fn judge(path: &str, application: i64, version: i64, tables: &[String]) -> Result<Kind, StoreError> {
    let path = path.to_owned();
    match (application, version) {
        (APPLICATION, VERSION) => Ok(Kind::Ours),
        (APPLICATION, found) if found > VERSION => Err(StoreError::Newer { path, found, known: VERSION }),
        (APPLICATION, found) if found >= 1 => Err(StoreError::Older { path, found, known: VERSION }),
        (APPLICATION, found) => {
            Err(StoreError::Corrupt { path, why: format!("no muster ever wrote format {found}") })
        }
        (0, 0) if tables.is_empty() => Ok(Kind::Blank),
        (0, _) if !tables.is_empty() => {
            Err(StoreError::Foreign { path, what: format!("it has the tables `{}`", tables.join("`, `")) })
        }
        (0, version) => Err(StoreError::Foreign { path, what: format!("its user_version is {version}") }),
        (other, _) => Err(StoreError::Foreign { path, what: format!("its application_id is {other}") }),
    }
}

/// Makes the tables, if there are none; two may try at once.
async fn prepare(path: &str, pool: &SqlitePool) -> Result<(), StoreError> {
    let fault = |error: sqlx::Error| StoreError::of(path, &error);
    let mut connection = pool.acquire().await.map_err(fault)?;
    let found = kind(path, &mut connection).await.map_err(fault)??;
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(&mut *connection).await.map_err(fault)?;
    if mode != "wal" {
        let why = format!("the file system does not allow a write-ahead log, only `{mode}`");
        return Err(StoreError::Io { path: path.to_owned(), why });
    }
    if found == Kind::Ours {
        return Ok(());
    }
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *tx).await.map_err(fault)?;
    if tables > 0 {
        // Another was faster; what it made is looked at as any other.
        tx.rollback().await.map_err(fault)?;
        return kind(path, &mut connection).await.map_err(fault)?.map(|_| ());
    }
    sqlx::raw_sql(include_str!("schema.sql")).execute(&mut *tx).await.map_err(fault)?;
    sqlx::raw_sql(MARK).execute(&mut *tx).await.map_err(fault)?;
    tx.commit().await.map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_are_the_constants() {
        assert_eq!(APPLICATION, i64::from(u32::from_be_bytes(*b"MUST")));
        assert_eq!(MARK, format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}"));
    }
}
