//! Forgetting.

use jiff::Timestamp;

use super::{Store, StoreError};
use crate::fact::micros_of;

/// What only the forgotten runs knew, in an order in which each sees the one before; then the pages are given
/// back to the file system.
const REST: &str = "
DELETE FROM sample WHERE run NOT IN (SELECT id FROM run);
DELETE FROM judged WHERE run NOT IN (SELECT id FROM run);
DELETE FROM observation WHERE run NOT IN (SELECT id FROM run);
DELETE FROM batch WHERE run NOT IN (SELECT id FROM run);
DELETE FROM roster WHERE id NOT IN (SELECT roster FROM batch);
DELETE FROM member WHERE roster NOT IN (SELECT id FROM roster);
DELETE FROM finding WHERE id NOT IN (SELECT finding FROM sample);
DELETE FROM bound
    WHERE id NOT IN (SELECT bound FROM judged UNION SELECT bound FROM sample UNION SELECT bound FROM finding);
DELETE FROM part WHERE observation NOT IN (SELECT id FROM observation);
DELETE FROM blob WHERE id NOT IN (SELECT blob FROM part);
DELETE FROM question WHERE id NOT IN (SELECT question FROM observation UNION SELECT question FROM member);
DELETE FROM text WHERE id NOT IN (
    SELECT policy FROM bound UNION SELECT target FROM bound
    UNION SELECT muster FROM run UNION SELECT host FROM run UNION SELECT reason FROM run
    UNION SELECT checks FROM run UNION SELECT subjects FROM run UNION SELECT targets FROM run
    UNION SELECT header FROM run WHERE header IS NOT NULL
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
    let fault = |error: sqlx::Error| store.fault(&error);
    let mut tx = store.pool().begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
    let gone = sqlx::query("DELETE FROM run WHERE started < ?")
        .bind(micros_of(before))
        .execute(&mut *tx)
        .await
        .map_err(fault)?
        .rows_affected();
    if gone > 0 {
        sqlx::raw_sql(REST).execute(&mut *tx).await.map_err(fault)?;
    }
    tx.commit().await.map_err(fault)?;
    Ok(gone)
}
