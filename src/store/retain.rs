//! Which runs are kept longer than they should: by the tiers of what they judged.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::{Keeping, Store, StoreError};
use crate::fact::micros_of;

/// Runs that may be too old, with what they promised and the checks that they judged.
const OLD: &str = "
SELECT run.id, run.started, run.promised, ifnull(of.bounds, '[]') FROM run
LEFT JOIN (SELECT run, json_group_array(bound) AS bounds FROM judged WHERE whole <> 2 GROUP BY run) of ON of.run = run.id
WHERE run.started < ? ORDER BY run.id";

const CHECKS: &str = "
SELECT bound.id, policy.value, target.value FROM bound
JOIN text policy ON policy.id = bound.policy JOIN text target ON target.id = bound.target WHERE bound.notice = 0";

/// The tiers of checks (policy, target) as a project promised them.
type Tiers = HashMap<(String, String), String>;

/// The numbers of runs that are older than they are kept.
pub(super) async fn outlived(store: &Store, keep: &Keeping, now: Timestamp) -> Result<Vec<i64>, StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let shortest = keep.tiers.values().min().copied().unwrap_or(keep.rest).min(keep.rest);
    let old: Vec<(i64, i64, Option<String>, String)> = sqlx::query_as(OLD)
        .bind(micros_of(before(now, shortest)))
        .fetch_all(store.pool())
        .await
        .map_err(fault)?;
    if keep.tiers.is_empty() {
        return Ok(old.into_iter().map(|(run, ..)| run).collect());
    }
    let checks: Vec<(i64, String, String)> =
        sqlx::query_as(CHECKS).fetch_all(store.pool()).await.map_err(fault)?;
    let checks: HashMap<i64, (String, String)> =
        checks.into_iter().map(|(id, policy, target)| (id, (policy, target))).collect();
    let promises = promises(store, &old).await?;
    let mut gone = Vec::new();
    for (run, started, promised, bounds) in old {
        let bounds: Vec<i64> = store.parse(&format!("run {run}"), &bounds)?;
        let tiers = promised.and_then(|promised| promises.get(&promised));
        let keeps = |bound: i64| {
            let tier = tiers.and_then(|tiers| tiers.get(checks.get(&bound)?));
            tier.and_then(|tier| keep.tiers.get(tier)).copied().unwrap_or(keep.rest)
        };
        // One that judged nothing has no tier.
        let kept = bounds.into_iter().map(keeps).max().unwrap_or(keep.rest);
        if started < micros_of(before(now, kept)) {
            gone.push(run);
        }
    }
    Ok(gone)
}

fn before(now: Timestamp, keep: SignedDuration) -> Timestamp {
    now.checked_sub(keep).unwrap_or(Timestamp::MIN)
}

async fn promises(
    store: &Store,
    runs: &[(i64, i64, Option<String>, String)],
) -> Result<BTreeMap<String, Tiers>, StoreError> {
    let wanted: BTreeSet<&String> = runs.iter().filter_map(|(_, _, promised, _)| promised.as_ref()).collect();
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT digest, json -> 'checks' FROM promise WHERE digest IN (SELECT value FROM json_each(?))",
    )
    .bind(json!(wanted).to_string())
    .fetch_all(store.pool())
    .await
    .map_err(|error| store.fault(&error))?;
    let mut promises = BTreeMap::new();
    for (digest, checks) in rows {
        let checks: Vec<Json> = store.parse(&format!("the promise {digest}"), &checks)?;
        let text = |check: &Json, key: &str| check.get(key).and_then(Json::as_str).map(str::to_owned);
        let tier =
            |check: &Json| Some(((text(check, "policy")?, text(check, "target")?), text(check, "tier")?));
        promises.insert(digest, checks.iter().filter_map(tier).collect());
    }
    Ok(promises)
}
