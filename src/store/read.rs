//! Reading runs, findings and the past of checks back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::write::State;
use super::{Store, StoreError, StoredFinding, StoredRun};
use crate::fact::{micros_of, timestamp};
use crate::verdict::Recall;

/// `CROSS JOIN` keeps the order: for each check, runs since the time by their index, then the row itself. Asked
/// for ten minutes, a year of history costs nothing.
const JUDGED: &str = "
SELECT wanted.value, run.started FROM json_each(?) wanted
CROSS JOIN run ON run.started >= ? AND run.replay IS NULL
CROSS JOIN judged ON judged.bound = wanted.value AND judged.run = run.id AND judged.whole = 1";

const SAMPLES: &str = "
SELECT finding.name, run.started, sample.state FROM json_each(?) wanted
CROSS JOIN run ON run.started >= ? AND run.replay IS NULL
CROSS JOIN sample ON sample.bound = wanted.value AND sample.run = run.id AND sample.state > 0
CROSS JOIN finding ON finding.id = sample.finding";

/// Every check that was ever judged: some thousand.
const BOUND: &str = "
SELECT bound.id, policy.value, target.value FROM bound
JOIN text policy ON policy.id = bound.policy JOIN text target ON target.id = bound.target";

impl Store {
    pub(super) fn time(&self, micros: i64) -> Result<Timestamp, StoreError> {
        timestamp(micros).ok_or_else(|| {
            let why = format!("{micros} microseconds after 1970 lie beyond the year 9999");
            self.content("the time of a run", why)
        })
    }

    pub(super) fn parse<T: DeserializeOwned>(&self, what: &str, json: &str) -> Result<T, StoreError> {
        serde_json::from_str(json).map_err(|error| self.content(what, error.to_string()))
    }
}

/// What is known of these checks.
pub(super) async fn recall(
    store: &Store,
    checks: &[(Arc<str>, Arc<str>)],
    since: Timestamp,
) -> Result<Recall, StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let asked: BTreeSet<(&str, &str)> =
        checks.iter().map(|(policy, target)| (&**policy, &**target)).collect();
    // One transaction, so that a run saved in between is seen in all answers or in none.
    let mut tx = store.pool().begin().await.map_err(fault)?;
    let bound: Vec<(i64, String, String)> = sqlx::query_as(BOUND).fetch_all(&mut *tx).await.map_err(fault)?;
    let bound: BTreeMap<i64, (Arc<str>, Arc<str>)> = bound
        .into_iter()
        .filter(|(_, policy, target)| asked.contains(&(policy, target)))
        .map(|(id, policy, target)| (id, (Arc::from(policy), Arc::from(target))))
        .collect();
    let wanted = json!(bound.keys().collect::<Vec<_>>()).to_string();
    let judged: Vec<(i64, i64)> = sqlx::query_as(JUDGED)
        .bind(&wanted)
        .bind(micros_of(since))
        .fetch_all(&mut *tx)
        .await
        .map_err(fault)?;
    let samples: Vec<(String, i64, i64)> = sqlx::query_as(SAMPLES)
        .bind(&wanted)
        .bind(micros_of(since))
        .fetch_all(&mut *tx)
        .await
        .map_err(fault)?;
    tx.rollback().await.map_err(fault)?;
    let mut recall = Recall::default();
    for (id, at) in judged {
        if let Some(check) = bound.get(&id) {
            recall.judged.entry(check.clone()).or_default().push(store.time(at)?);
        }
    }
    for (finding, at, state) in samples {
        let held = state == State::Held as i64;
        let times = if held { &mut recall.held } else { &mut recall.unread };
        times.entry(Arc::from(finding)).or_default().push(store.time(at)?);
    }
    ascend(&mut recall.judged);
    ascend(&mut recall.held);
    ascend(&mut recall.unread);
    Ok(recall)
}

/// In order of time, whatever the clock did, each time once.
fn ascend<K: Ord>(times: &mut BTreeMap<K, Vec<Timestamp>>) {
    for list in times.values_mut() {
        list.sort_unstable();
        list.dedup();
    }
}

/// The findings whose id starts so.
pub(super) async fn finding(store: &Store, prefix: &str) -> Result<Vec<StoredFinding>, StoreError> {
    let rows: Vec<(i64, i64, Option<String>, String)> = sqlx::query_as(
        "SELECT run, at, replay, json FROM finding \
         WHERE name >= ? AND name < ? \
         ORDER BY run DESC, name",
    )
    .bind(prefix)
    .bind(format!("{prefix}\u{10ffff}"))
    .fetch_all(store.pool())
    .await
    .map_err(|error| store.fault(&error))?;
    let read = |(run, at, replay, json): (i64, i64, Option<String>, String)| {
        Ok(StoredFinding { finding: store.parse("a finding", &json)?, run, at: store.time(at)?, replay })
    };
    rows.into_iter().map(read).collect()
}

/// A row of the table of runs.
struct RunRow {
    id: i64,
    started: i64,
    muster: String,
    host: String,
    exit: i64,
    reason: String,
    checks: String,
    subjects: String,
    replay: Option<String>,
    recorded: bool,
}

impl FromRow<'_, SqliteRow> for RunRow {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            started: row.try_get("started")?,
            muster: row.try_get("muster")?,
            host: row.try_get("host")?,
            exit: row.try_get("exit")?,
            reason: row.try_get("reason")?,
            checks: row.try_get("checks")?,
            subjects: row.try_get("subjects")?,
            replay: row.try_get("replay")?,
            recorded: row.try_get("recorded")?,
        })
    }
}

/// When the oldest and the newest run began.
pub(super) async fn span(store: &Store) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
    let span = span_micros(store).await?;
    span.map(|(oldest, newest)| Ok((store.time(oldest)?, store.time(newest)?))).transpose()
}

/// The same as numbers.
pub(super) async fn span_micros(store: &Store) -> Result<Option<(i64, i64)>, StoreError> {
    let ends: (Option<i64>, Option<i64>) =
        sqlx::query_as("SELECT (SELECT min(started) FROM run), (SELECT max(started) FROM run)")
            .fetch_one(store.pool())
            .await
            .map_err(|error| store.fault(&error))?;
    Ok(ends.0.zip(ends.1))
}

/// The last runs.
pub(super) async fn runs(store: &Store, limit: u32) -> Result<Vec<StoredRun>, StoreError> {
    let rows: Vec<RunRow> = sqlx::query_as(
        "SELECT run.id, started, muster.value AS muster, host.value AS host, exit, reason.value AS reason, \
         checks.value AS checks, subjects.value AS subjects, replay, recorded IS NOT NULL AS recorded FROM run \
         JOIN text muster ON muster.id = run.muster JOIN text host ON host.id = run.host \
         JOIN text reason ON reason.id = run.reason JOIN text checks ON checks.id = run.checks \
         JOIN text subjects ON subjects.id = run.subjects ORDER BY run.id DESC LIMIT ?",
    )
    .bind(i64::from(limit))
    .fetch_all(store.pool())
    .await
    .map_err(|error| store.fault(&error))?;
    rows.into_iter().map(|row| run(store, row)).collect()
}

fn run(store: &Store, row: RunRow) -> Result<StoredRun, StoreError> {
    let what = format!("run {}", row.id);
    let exit = u8::try_from(row.exit)
        .map_err(|error| store.content(&*what, format!("its exit code {}: {error}", row.exit)))?;
    Ok(StoredRun {
        id: row.id,
        started: store.time(row.started)?,
        muster: row.muster.into(),
        host: row.host.into(),
        exit,
        exit_reason: row.reason.into(),
        checks: store.parse(&what, &row.checks)?,
        subjects: store.parse(&what, &row.subjects)?,
        replay: row.replay,
        recorded: row.recorded,
    })
}
