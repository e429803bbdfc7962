//! Reading runs, findings and the past of checks back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::write::{State, code};
use super::{Standing, Store, StoreError, StoredFinding, StoredRun, StoredVerdict};
use crate::fact::{micros_of, timestamp};
use crate::verdict::{Recall, Verdict};

/// `CROSS JOIN` keeps the order: for each check, runs since the time by their index, then the row itself. Asked
/// for ten minutes, a year of history costs nothing.
const JUDGED: &str = "
SELECT wanted.value, run.id, run.started, judged.whole FROM json_each(?) wanted
CROSS JOIN run ON run.started >= ? AND run.replay IS NULL
CROSS JOIN judged ON judged.bound = wanted.value AND judged.run = run.id";

/// Of each finding the changes from a run on, and the one that held then.
const CHANGES: &str = "
SELECT finding.name, finding.bound, change.run, change.state FROM json_each(?1) wanted
CROSS JOIN finding ON finding.bound = wanted.value
CROSS JOIN change ON change.finding = finding.id AND change.run >= ifnull(
    (SELECT max(run) FROM change held WHERE held.finding = finding.id AND held.run <= ?2), ?2)
ORDER BY finding.id, change.run";

/// Every check that was ever judged: some thousand.
const BOUND: &str = "
SELECT bound.id, policy.value, target.value FROM bound
JOIN text policy ON policy.id = bound.policy JOIN text target ON target.id = bound.target
WHERE bound.notice = 0";

impl Store {
    pub(super) fn time(&self, micros: i64) -> Result<Timestamp, StoreError> {
        timestamp(micros).ok_or_else(|| {
            let why = format!("{micros} microseconds after 1970 lie beyond the year 9999");
            self.content("the time of a run", why)
        })
    }

    /// The verdict of a number in the file.
    pub(super) fn verdict(&self, number: i64) -> Result<Verdict, StoreError> {
        let found = Verdict::ALL.into_iter().find(|verdict| code(*verdict) == number);
        found.ok_or_else(|| self.content("a verdict", format!("no verdict has the number {number}")))
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
    let bound_of: BTreeMap<i64, (Arc<str>, Arc<str>)> = bound
        .into_iter()
        .filter(|(_, policy, target)| asked.contains(&(policy, target)))
        .map(|(id, policy, target)| (id, (Arc::from(policy), Arc::from(target))))
        .collect();
    let wanted = json!(bound_of.keys().collect::<Vec<_>>()).to_string();
    let judged: Vec<(i64, i64, i64, i64)> = sqlx::query_as(JUDGED)
        .bind(&wanted)
        .bind(micros_of(since))
        .fetch_all(&mut *tx)
        .await
        .map_err(fault)?;
    let first = judged.iter().map(|(_, run, ..)| *run).min().unwrap_or(i64::MAX);
    let changes: Vec<(String, i64, i64, i64)> =
        sqlx::query_as(CHANGES).bind(&wanted).bind(first).fetch_all(&mut *tx).await.map_err(fault)?;
    tx.rollback().await.map_err(fault)?;
    let mut recall = Recall::default();
    let mut runs: BTreeMap<i64, Vec<(i64, Timestamp)>> = BTreeMap::new();
    for (bound, run, at, whole) in judged {
        let at = store.time(at)?;
        runs.entry(bound).or_default().push((run, at));
        if let Some(check) = bound_of.get(&bound).filter(|_| whole == 1) {
            recall.judged.entry(check.clone()).or_default().push(at);
        }
    }
    runs.values_mut().for_each(|runs| runs.sort_unstable());
    for finding in changes.chunk_by(|one, next| one.0 == next.0) {
        let ends = finding.iter().skip(1).map(|next| next.2).chain([i64::MAX]);
        for ((name, bound, from, state), to) in finding.iter().zip(ends) {
            let times = match *state {
                state if state == State::Held as i64 => &mut recall.held,
                state if state == State::Unread as i64 => &mut recall.unread,
                _ => continue,
            };
            let runs = runs.get(bound).map(Vec::as_slice).unwrap_or_default();
            let begin = runs.partition_point(|(run, _)| run < from);
            let during = runs.iter().skip(begin).take_while(|(run, _)| *run < to);
            times.entry(Arc::from(&**name)).or_default().extend(during.map(|(_, at)| *at));
        }
    }
    recall.held.retain(|_, times| !times.is_empty());
    recall.unread.retain(|_, times| !times.is_empty());
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
        "SELECT run, at, replay, told.json FROM finding \
         LEFT JOIN told ON told.finding = finding.id WHERE name >= ? AND name < ? \
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

/// How every check was judged by the run that began last; 4 is `unknown`.
const LAST: &str = "
SELECT bound.id, policy.value, target.value, bound.judged, bound.promised, (
    SELECT judged.verdict FROM run CROSS JOIN judged ON judged.bound = bound.id AND judged.run = run.id
    WHERE run.started <= bound.judged AND run.replay IS NULL AND judged.whole < 2
    ORDER BY run.started DESC LIMIT 1)
FROM bound JOIN text policy ON policy.id = bound.policy JOIN text target ON target.id = bound.target
WHERE bound.notice = 0";

/// When the last run began that could tell of these checks; only of those that the newest could not.
const TOLD: &str = "
SELECT wanted.value, (
    SELECT max(run.started) FROM judged CROSS JOIN run ON run.id = judged.run
    WHERE judged.bound = wanted.value AND judged.verdict <> 4 AND judged.whole < 2 AND run.replay IS NULL)
FROM json_each(?) wanted";

/// When the first run after it began that could not.
const UNKNOWN: &str = "
SELECT wanted.value ->> 0, (
    SELECT run.started FROM run CROSS JOIN judged ON judged.bound = wanted.value ->> 0 AND judged.run = run.id
    WHERE run.started > ifnull(wanted.value ->> 1, -9223372036854775808) AND run.replay IS NULL
    AND judged.verdict = 4 AND judged.whole < 2 ORDER BY run.started LIMIT 1)
FROM json_each(?) wanted";

/// Number, policy, target, when it was judged, since when it is promised, and the last verdict.
type LastRow = (i64, String, String, Option<i64>, Option<i64>, Option<i64>);

/// How every check stands. Of runs that are forgotten nobody knows how they ended, and they count as told.
pub(super) async fn standing(store: &Store) -> Result<Vec<Standing>, StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let mut tx = store.pool().begin().await.map_err(fault)?;
    let rows: Vec<LastRow> = sqlx::query_as(LAST).fetch_all(&mut *tx).await.map_err(fault)?;
    let untold: Vec<i64> = rows.iter().filter(|row| row.5 == Some(4)).map(|row| row.0).collect();
    let mut untold_since: HashMap<i64, (Option<i64>, Option<i64>)> = HashMap::new();
    if !untold.is_empty() {
        let wanted = json!(untold).to_string();
        let told: Vec<(i64, Option<i64>)> =
            sqlx::query_as(TOLD).bind(wanted).fetch_all(&mut *tx).await.map_err(fault)?;
        let wanted = json!(told).to_string();
        let since: Vec<(i64, Option<i64>)> =
            sqlx::query_as(UNKNOWN).bind(wanted).fetch_all(&mut *tx).await.map_err(fault)?;
        let told: HashMap<i64, Option<i64>> = told.into_iter().collect();
        let both = |(id, since)| (id, (told.get(&id).copied().flatten(), since));
        untold_since = since.into_iter().map(both).collect();
    }
    tx.rollback().await.map_err(fault)?;
    let time = |at: Option<i64>| at.map(|at| store.time(at)).transpose();
    let standing = |(id, policy, target, judged, promised, _): LastRow| {
        let (judged, unknown) = untold_since.get(&id).copied().unwrap_or((judged, None));
        let (judged, unknown, promised) = (time(judged)?, time(unknown)?, time(promised)?);
        Ok(Standing { policy: policy.into(), target: target.into(), judged, unknown, promised })
    };
    rows.into_iter().map(standing).collect()
}

/// Of each check the verdict of the run that began last, but not after a time: a run of a clock that was ahead would stay
/// the newest for ever. SQLite takes the other columns from the row of the maximum.
const NEWEST: &str = "
SELECT policy.value, target.value, newest.verdict, newest.started FROM (
    SELECT judged.bound, judged.verdict, max(run.started) AS started FROM judged
    JOIN run ON run.id = judged.run
    WHERE run.replay IS NULL AND judged.whole < 2 AND run.started <= ? GROUP BY judged.bound) newest
JOIN bound ON bound.id = newest.bound
JOIN text policy ON policy.id = bound.policy JOIN text target ON target.id = bound.target";

/// How every check was judged last, by runs that began by then.
pub(super) async fn newest(store: &Store, by: Timestamp) -> Result<Vec<StoredVerdict>, StoreError> {
    let query = sqlx::query_as(NEWEST).bind(micros_of(by));
    let rows: Vec<(String, String, i64, i64)> =
        query.fetch_all(store.pool()).await.map_err(|error| store.fault(&error))?;
    let one = |(policy, target, verdict, at): (String, String, i64, i64)| {
        let (verdict, at) = (store.verdict(verdict)?, store.time(at)?);
        Ok(StoredVerdict { policy: policy.into(), target: target.into(), verdict, at })
    };
    rows.into_iter().map(one).collect()
}
