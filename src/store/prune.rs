//! Forgetting.

use jiff::Timestamp;
use serde_json::json;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError, inbox, promised};
use crate::fact::micros_of;

/// What only the forgotten runs knew, in an order in which each sees the one before; then the pages are given
/// back to the file system. A change of a run that is forgotten belongs to the next one that judged the check; of
/// several the last.
const REST: &str = "
DELETE FROM judged WHERE run NOT IN (SELECT id FROM run);
DELETE FROM replayed WHERE run NOT IN (SELECT id FROM run);
CREATE TEMPORARY TABLE moved AS SELECT change.finding, change.run, change.verdict, change.state, (
    SELECT min(judged.run) FROM judged JOIN run ON run.id = judged.run
    WHERE judged.bound = finding.bound AND judged.run > change.run AND run.replay IS NULL) AS next
FROM change JOIN finding ON finding.id = change.finding
WHERE NOT EXISTS (SELECT 1 FROM judged WHERE judged.bound = finding.bound AND judged.run = change.run);
DELETE FROM change WHERE (finding, run) IN (SELECT finding, run FROM moved);
INSERT INTO change (finding, run, verdict, state)
    SELECT finding, next, verdict, state FROM (
        SELECT finding, next, verdict, state, max(run) FROM moved WHERE next IS NOT NULL GROUP BY finding, next)
    WHERE TRUE ON CONFLICT DO NOTHING;
DROP TABLE moved;
DELETE FROM finding WHERE id NOT IN (SELECT finding FROM change WHERE verdict >= 0 UNION SELECT finding FROM replayed);
UPDATE finding SET (verdict, state) = (
    SELECT ifnull(max(verdict), -1), ifnull(max(state), 0) FROM (
        SELECT verdict, state FROM change WHERE change.finding = finding.id ORDER BY run DESC LIMIT 1));
DELETE FROM change WHERE finding NOT IN (SELECT id FROM finding);
DELETE FROM told WHERE finding NOT IN (SELECT id FROM finding);
DELETE FROM promise WHERE digest NOT IN (SELECT promised FROM run WHERE promised IS NOT NULL);
DELETE FROM policy WHERE digest NOT IN (
    SELECT used.value FROM promise, json_each(promise.json, '$.policies') used
    UNION SELECT used.value ->> 'digest' FROM promise, json_each(promise.json, '$.pieces') used);
DELETE FROM observation WHERE run NOT IN (SELECT id FROM run);
DELETE FROM batch WHERE run NOT IN (SELECT id FROM run);
DELETE FROM roster WHERE id NOT IN (SELECT roster FROM batch);
DELETE FROM member WHERE roster NOT IN (SELECT id FROM roster);
DELETE FROM bound WHERE promised IS NULL AND id NOT IN (SELECT bound FROM judged UNION SELECT bound FROM finding);
DELETE FROM part WHERE observation NOT IN (SELECT id FROM observation);
DELETE FROM blob WHERE id NOT IN (SELECT blob FROM part);
DELETE FROM question WHERE id NOT IN (SELECT question FROM observation UNION SELECT question FROM member);
DELETE FROM text WHERE id NOT IN (
    SELECT policy FROM bound UNION SELECT target FROM bound
    UNION SELECT muster FROM run UNION SELECT host FROM run UNION SELECT reason FROM run
    UNION SELECT checks FROM run UNION SELECT subjects FROM run UNION SELECT targets FROM run
    UNION SELECT header FROM run WHERE header IS NOT NULL
    UNION SELECT environment FROM run WHERE environment IS NOT NULL
    UNION SELECT target FROM question UNION SELECT probe FROM question
    UNION SELECT args FROM question UNION SELECT facts FROM question
    UNION SELECT shape FROM observation UNION SELECT shape FROM member
    UNION SELECT faults FROM member WHERE faults IS NOT NULL
    UNION SELECT fault FROM observation WHERE fault IS NOT NULL
    UNION SELECT cut FROM observation WHERE cut IS NOT NULL
);
PRAGMA incremental_vacuum;
";

/// Forgets the runs before a time.
pub(super) async fn prune(store: &Store, before: Timestamp) -> Result<u64, StoreError> {
    delete(store, sqlx::query("DELETE FROM run WHERE started < ?").bind(micros_of(before))).await
}

/// Forgets these runs.
pub(super) async fn forget(store: &Store, runs: &[i64]) -> Result<u64, StoreError> {
    let runs = json!(runs).to_string();
    delete(store, sqlx::query("DELETE FROM run WHERE id IN (SELECT value FROM json_each(?))").bind(runs))
        .await
}

/// Forgets all runs, in somebody's transaction.
pub(super) async fn everything(
    store: &Store,
    tx: &mut Transaction<'static, Sqlite>,
) -> Result<(), StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    sqlx::query("DELETE FROM run").execute(&mut **tx).await.map_err(fault)?;
    sqlx::raw_sql(REST).execute(&mut **tx).await.map(drop).map_err(fault)
}

async fn delete(store: &Store, runs: Query<'_, Sqlite, SqliteArguments>) -> Result<u64, StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let mut tx = store.pool().begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
    let gone = runs.execute(&mut *tx).await.map_err(fault)?.rows_affected();
    if gone > 0 {
        sqlx::raw_sql(REST).execute(&mut *tx).await.map_err(fault)?;
    }
    let newest = promised::newest(store, &mut tx).await?;
    tx.commit().await.map_err(fault)?;
    // What is gone from here has to be said again when it comes back.
    promised::sweep(&inbox::folder(store.path()), &newest);
    Ok(gone)
}
