//! What a project promised: taken in from the files beside the store, and since when a check belongs to it.

use std::path::Path;

use serde_json::{Map, Value as Json, json};
use sqlx::SqliteConnection;

use super::draft::Draft;
use super::inbox::{fault, promises};
use super::write::Writer;
use super::{Store, StoreError};

/// The promise of the run of the same environment before this one.
const EARLIER: &str = "
SELECT promised FROM run WHERE id < ?1 AND promised IS NOT NULL
AND environment IS (SELECT environment FROM run WHERE id = ?1) ORDER BY id DESC LIMIT 1";

/// Checks of a promise, with the numbers of their texts.
const CHECKS: &str = "
INSERT INTO text (value) SELECT value ->> 'policy' FROM json_each(?1) WHERE TRUE
UNION SELECT value ->> 'target' FROM json_each(?1) WHERE TRUE ON CONFLICT DO NOTHING";

/// Checks of which it is not known since when they are promised.
const SINCE: &str = "
INSERT INTO bound (policy, target, notice, promised) SELECT policy.id, target.id, 0, ? FROM json_each(?) wanted
CROSS JOIN text policy ON policy.value = wanted.value ->> 'policy'
CROSS JOIN text target ON target.value = wanted.value ->> 'target'
WHERE TRUE ON CONFLICT DO UPDATE SET promised = excluded.promised WHERE bound.promised IS NULL";

/// Checks that were not promised before, whatever was known of them.
const AGAIN: &str = "
UPDATE bound SET promised = NULL WHERE id IN (
    SELECT bound.id FROM (SELECT value ->> 'policy' AS policy, value ->> 'target' AS target FROM json_each(?)
        EXCEPT SELECT value ->> 'policy', value ->> 'target' FROM json_each(?)) AS fresh
    CROSS JOIN text policy ON policy.value = fresh.policy CROSS JOIN text target ON target.value = fresh.target
    CROSS JOIN bound ON bound.policy = policy.id AND bound.target = target.id AND bound.notice = 0)";

/// What each environment promised last.
const NEWEST: &str = "
SELECT promised FROM run WHERE promised IS NOT NULL AND id IN (
    SELECT max(id) FROM run WHERE promised IS NOT NULL GROUP BY environment)";

/// The newest promise of each environment.
pub(super) async fn newest(store: &Store, tx: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    sqlx::query_scalar(NEWEST).fetch_all(tx).await.map_err(|error| store.fault(&error))
}

/// Takes in the promises that wait. Those that no newest run of an environment refers to lose their files, so that they
/// are said again when they come back.
pub(super) async fn take(writer: &mut Writer<'_>, folder: &Path) -> Result<(), StoreError> {
    for file in promises(folder) {
        let Some(name) = file.file_stem().and_then(|name| name.to_str()) else { continue };
        let digest = format!("sha256:{name}");
        let known = sqlx::query_scalar::<_, i64>("SELECT 1 FROM promise WHERE digest = ?").bind(&digest);
        let known = known.fetch_optional(&mut **writer.tx()).await.map_err(|error| writer.fault(&error))?;
        if known.is_some() {
            continue;
        }
        let text =
            std::fs::read_to_string(&file).map_err(|error| fault(writer.store().path(), &file, &error))?;
        // What a power cut took is written again by the next run.
        match serde_json::from_str::<Map<String, Json>>(&text) {
            Ok(promise) => save(writer, &digest, promise).await?,
            Err(_cut) => drop(std::fs::remove_file(&file)),
        }
    }
    Ok(())
}

/// Saves one; the texts of its policies stand apart, each once.
pub(super) async fn save(
    writer: &mut Writer<'_>,
    digest: &str,
    mut promise: Map<String, Json>,
) -> Result<(), StoreError> {
    let texts = promise.remove("texts").unwrap_or_else(|| json!({}));
    let split = "INSERT INTO policy (digest, source) SELECT key, value FROM json_each(?) WHERE TRUE ON CONFLICT DO NOTHING";
    let done = sqlx::query(split).bind(texts.to_string()).execute(&mut **writer.tx()).await;
    done.map_err(|error| writer.fault(&error))?;
    let insert = "INSERT INTO promise (digest, json) VALUES (?, ?) ON CONFLICT DO NOTHING";
    let query = sqlx::query(insert).bind(digest).bind(Json::Object(promise).to_string());
    query.execute(&mut **writer.tx()).await.map_err(|error| writer.fault(&error))?;
    // A run may have come before what it promised, which a power cut took and a later run said again.
    let first = "SELECT min(started) FROM run WHERE promised = ?";
    let first = sqlx::query_scalar(first).bind(digest).fetch_one(&mut **writer.tx()).await;
    let first: Option<i64> = first.map_err(|error| writer.fault(&error))?;
    let Some(at) = first else { return Ok(()) };
    match checks(writer, digest).await? {
        Some(checks) => since(writer, at, &checks, &checks).await,
        None => Ok(()),
    }
}

/// Notes since when the checks of a run's promise belong to it.
pub(super) async fn note(writer: &mut Writer<'_>, draft: &Draft, run: i64) -> Result<(), StoreError> {
    let Some(digest) = draft.promised.and_then(|number| draft.texts.list.get(number)) else { return Ok(()) };
    let earlier = sqlx::query_scalar::<_, String>(EARLIER).bind(run).fetch_optional(&mut **writer.tx()).await;
    let earlier = earlier.map_err(|error| writer.fault(&error))?;
    if earlier.as_deref() == Some(&**digest) {
        return Ok(());
    }
    let Some(checks) = checks(writer, digest).await? else { return Ok(()) };
    let before = match &earlier {
        Some(earlier) => self::checks(writer, earlier).await?.unwrap_or_else(|| "[]".to_owned()),
        None => "[]".to_owned(),
    };
    since(writer, draft.at, &checks, &before).await
}

/// Notes that checks are promised since a time: those that were not promised before, and those of which that is not known.
async fn since(writer: &mut Writer<'_>, at: i64, checks: &str, before: &str) -> Result<(), StoreError> {
    let done = sqlx::query(CHECKS).bind(checks).execute(&mut **writer.tx()).await;
    done.map_err(|error| writer.fault(&error))?;
    let done = sqlx::query(AGAIN).bind(checks).bind(before).execute(&mut **writer.tx()).await;
    done.map_err(|error| writer.fault(&error))?;
    let query = sqlx::query(SINCE).bind(at).bind(checks);
    query.execute(&mut **writer.tx()).await.map(drop).map_err(|error| writer.fault(&error))
}

/// The checks of a promise, if it is known.
async fn checks(writer: &mut Writer<'_>, digest: &str) -> Result<Option<String>, StoreError> {
    let query = sqlx::query_scalar("SELECT json -> 'checks' FROM promise WHERE digest = ?").bind(digest);
    query.fetch_optional(&mut **writer.tx()).await.map_err(|error| writer.fault(&error))
}

/// Removes the files of promises that are no environment's newest.
pub(super) fn sweep(folder: &Path, newest: &[String]) {
    for file in promises(folder) {
        let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if !newest.iter().any(|digest| digest.trim_start_matches("sha256:") == name) {
            // Whoever needs it writes it again.
            drop(std::fs::remove_file(&file));
        }
    }
}
