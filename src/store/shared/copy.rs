//! The copy of the log on this machine: how far it is, and what comes next.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, Sqlite, Transaction};

use super::super::packed::{FORMAT, Unread, unpack};
use super::super::write::Writer;
use super::super::{Kind, Store, StoreError, prune, repack};
use super::SharedError;
use super::carry::{damaged, item};
use super::link::Link;
use super::log::{self, About, Note, Row};
use crate::fact::micros_of;

/// One row. log, pruned: which log it is a copy of. seq, name: the last run that is in it. noted: the last
/// mark of a run that never ended. reached: when it had all.
const TABLE: &str = "
CREATE TABLE IF NOT EXISTS copy_of (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    log TEXT NOT NULL,
    pruned INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    name TEXT NOT NULL,
    noted INTEGER NOT NULL,
    reached INTEGER
) STRICT";

/// How far the copy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    log: String,
    pruned: i64,
    seq: i64,
    name: String,
    noted: i64,
}

impl FromRow<'_, SqliteRow> for Mark {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            log: row.try_get("log")?,
            pruned: row.try_get("pruned")?,
            seq: row.try_get("seq")?,
            name: row.try_get("name")?,
            noted: row.try_get("noted")?,
        })
    }
}

/// Makes sure that the file is a copy, and not a store of its own.
pub(super) async fn prepare(store: &Store) -> Result<(), StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let mut tx = store.pool().begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
    let is_copy: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'copy_of')")
            .fetch_one(&mut *tx)
            .await
            .map_err(fault)?;
    if !is_copy {
        let runs: i64 =
            sqlx::query_scalar("SELECT count(*) FROM run").fetch_one(&mut *tx).await.map_err(fault)?;
        if runs > 0 {
            return Err(StoreError::NotACopy { path: store.path().to_owned(), runs });
        }
        sqlx::raw_sql(TABLE).execute(&mut *tx).await.map_err(fault)?;
    }
    tx.commit().await.map_err(fault)
}

/// When it had all.
pub(super) async fn reached(store: &Store) -> Result<Option<Timestamp>, StoreError> {
    let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'copy_of'";
    let there: i64 =
        sqlx::query_scalar(there).fetch_one(store.pool()).await.map_err(|error| store.fault(&error))?;
    if there == 0 {
        return Ok(None);
    }
    let reached: Option<Option<i64>> = sqlx::query_scalar("SELECT reached FROM copy_of")
        .fetch_optional(store.pool())
        .await
        .map_err(|error| store.fault(&error))?;
    reached.flatten().map(|micros| store.time(micros)).transpose()
}

async fn mark(store: &Store, tx: &mut Transaction<'static, Sqlite>) -> Result<Option<Mark>, StoreError> {
    sqlx::query_as("SELECT log, pruned, seq, name, noted FROM copy_of")
        .fetch_optional(&mut **tx)
        .await
        .map_err(|error| store.fault(&error))
}

/// How far it is, by itself.
async fn here(store: &Store) -> Result<Option<Mark>, StoreError> {
    sqlx::query_as("SELECT log, pruned, seq, name, noted FROM copy_of")
        .fetch_optional(store.pool())
        .await
        .map_err(|error| store.fault(&error))
}

/// Brings the copy up to date, and returns how many runs are new in it.
pub(super) async fn pull(link: &mut Link, store: &Store, now: Timestamp) -> Result<u64, SharedError> {
    let about = log::about(link).await?;
    let mut new = 0;
    loop {
        let Some(at) = here(store).await? else {
            begin(store, None, &about).await?;
            continue;
        };
        if !is_of(link, &at, &about).await? {
            begin(store, Some(&at), &about).await?;
            continue;
        }
        let rows = log::after(link, at.seq).await?;
        let marks = log::notes_after(link, at.noted, Some(Kind::Begun)).await?;
        if !marks.is_empty() {
            note(link, store, &at, marks).await?;
            continue;
        }
        refer(link, store, &rows).await?;
        if rows.is_empty() {
            arrived(store, &at, now).await?;
            return Ok(new);
        }
        new += fold(link, store, &at, &rows).await?;
    }
}

/// Is the copy one of this log, as it is now? A log that was restored from a backup has another run with this number,
/// or none.
async fn is_of(link: &mut Link, at: &Mark, about: &About) -> Result<bool, SharedError> {
    if at.log != about.log || at.pruned != about.pruned {
        return Ok(false);
    }
    Ok(at.seq == 0 || log::name_of(link, at.seq).await?.as_deref() == Some(&*at.name))
}

/// Empties the copy, so that it begins anew, unless another process did so since it was as far as this.
pub(super) async fn begin(store: &Store, was: Option<&Mark>, about: &About) -> Result<(), StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let mut tx = store.pool().begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
    if mark(store, &mut tx).await?.as_ref() != was {
        return Ok(());
    }
    prune::everything(store, &mut tx).await?;
    // Since when a check is promised, and when it was judged, was another log's word.
    sqlx::raw_sql("DELETE FROM bound; DELETE FROM begun").execute(&mut *tx).await.map_err(fault)?;
    let set = "INSERT INTO copy_of (one, log, pruned, seq, name, noted) VALUES (1, ?, ?, 0, '', 0) \
               ON CONFLICT (one) DO UPDATE SET log = excluded.log, pruned = excluded.pruned, seq = 0, name = '', noted = 0, \
               reached = NULL";
    sqlx::query(set).bind(&about.log).bind(about.pruned).execute(&mut *tx).await.map_err(fault)?;
    tx.commit().await.map_err(fault)?;
    store.forget_due();
    Ok(())
}

/// It has all that there was.
async fn arrived(store: &Store, at: &Mark, now: Timestamp) -> Result<(), StoreError> {
    let set = "UPDATE copy_of SET reached = ? WHERE log = ? AND seq >= ?";
    let done = sqlx::query(set).bind(micros_of(now)).bind(&at.log).bind(at.seq).execute(store.pool()).await;
    done.map(|_| ()).map_err(|error| store.fault(&error))
}

/// Fetches what rows refer to and the copy does not have. It was added to the log before them.
async fn refer(link: &mut Link, store: &Store, rows: &[Row]) -> Result<(), SharedError> {
    let drafts = rows.iter().filter_map(|row| unpack(&row.body).ok());
    let wanted: BTreeSet<String> =
        drafts.filter_map(|draft| Some(draft.texts.list.get(draft.promised?)?.to_string())).collect();
    let known: Vec<String> =
        sqlx::query_scalar("SELECT digest FROM promise WHERE digest IN (SELECT value FROM json_each(?))")
            .bind(json!(wanted).to_string())
            .fetch_all(store.pool())
            .await
            .map_err(|error| store.fault(&error))?;
    let missing: Vec<String> = wanted.into_iter().filter(|digest| !known.contains(digest)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let notes = log::promised(link, missing).await?;
    let mut writer = Writer::begin(store).await?;
    for note in notes {
        repack::note(&mut writer, &item(link, note)?).await?;
    }
    Ok(writer.commit().await?)
}

/// Saves what is no run.
async fn note(link: &Link, store: &Store, at: &Mark, notes: Vec<Note>) -> Result<(), SharedError> {
    let mut writer = Writer::begin(store).await?;
    if mark(store, writer.tx()).await?.as_ref() != Some(at) {
        // Another process was faster.
        return Ok(());
    }
    for note in notes {
        let seq = note.0;
        repack::note(&mut writer, &item(link, note)?).await?;
        let set = sqlx::query("UPDATE copy_of SET noted = ?").bind(seq).execute(&mut **writer.tx()).await;
        set.map_err(|error| store.fault(&error))?;
    }
    Ok(writer.commit().await?)
}

/// Saves rows of the log, and how far it is, in one transaction. Of a run that cannot be read those before it are saved.
async fn fold(link: &Link, store: &Store, at: &Mark, rows: &[Row]) -> Result<u64, SharedError> {
    let mut writer = Writer::begin(store).await?;
    if mark(store, writer.tx()).await?.as_ref() != Some(at) {
        // Another process was faster.
        return Ok(0);
    }
    let (mut saved, mut wrong) = (0, None);
    for row in rows {
        let draft = match row.whole().map_err(Unread::Fault).and_then(|()| unpack(&row.body)) {
            Ok(draft) => draft,
            Err(why) => {
                wrong = Some(unread(link, row, &why));
                break;
            }
        };
        number(store, writer.tx(), row.seq).await?;
        writer.save(&draft, &row.name).await?;
        advance(store, writer.tx(), row).await?;
        saved += 1;
    }
    writer.commit().await?;
    wrong.map_or(Ok(saved), Err)
}

/// The next run has this number, so that it has the same in every copy.
async fn number(store: &Store, tx: &mut Transaction<'static, Sqlite>, seq: i64) -> Result<(), StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let set = sqlx::query("UPDATE sqlite_sequence SET seq = ? WHERE name = 'run'").bind(seq - 1);
    if set.execute(&mut **tx).await.map_err(fault)?.rows_affected() == 0 {
        let add = sqlx::query("INSERT INTO sqlite_sequence (name, seq) VALUES ('run', ?)").bind(seq - 1);
        add.execute(&mut **tx).await.map_err(fault)?;
    }
    Ok(())
}

async fn advance(store: &Store, tx: &mut Transaction<'static, Sqlite>, row: &Row) -> Result<(), StoreError> {
    let set = sqlx::query("UPDATE copy_of SET seq = ?, name = ?").bind(row.seq).bind(&row.name);
    set.execute(&mut **tx).await.map(|_| ()).map_err(|error| store.fault(&error))
}

fn unread(link: &Link, row: &Row, why: &Unread) -> SharedError {
    let (place, seq) = (link.place.clone(), row.seq);
    match why {
        Unread::Newer(found) => SharedError::NewerRun { place, seq, found: *found, known: FORMAT },
        Unread::Fault(why) => damaged(link, row, why),
    }
}
