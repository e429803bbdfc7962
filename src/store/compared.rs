//! A run as far as two can be compared: its checks, what did not pass, and who answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use sqlx::SqliteConnection;

use super::{Store, StoreError};
use crate::verdict::{CheckView, Finding, FindingView, RunView};

/// Of a run: when it began, which recording it judged, who answered, and its recording without the observations.
type RunRow = (i64, Option<String>, String, Option<String>);

/// Of a check: its number, policy and target, whether it is only noticed, and how it was judged.
type CheckRow = (i64, String, String, i64, i64, i64);

/// Of a finding: its check, name and verdict, and its newest text with the run that wrote it.
type FindingRow = (i64, String, i64, String, i64);

/// Reads a run.
pub(super) async fn view(store: &Store, run: i64) -> Result<RunView, StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let mut tx = store.pool().begin().await.map_err(fault)?;
    let known = "SELECT run.started, run.replay, targets.value, header.value FROM run \
                 JOIN text targets ON targets.id = run.targets \
                 LEFT JOIN text header ON header.id = run.header WHERE run.id = ?";
    let row: Option<RunRow> =
        sqlx::query_as(known).bind(run).fetch_optional(&mut *tx).await.map_err(fault)?;
    let Some((started, replay, targets, header)) = row else {
        return Err(StoreError::NoRun { path: store.path().to_owned(), run });
    };
    let what = format!("run {run}");
    let digests = match header {
        Some(header) => digests(&store.parse(&what, &header)?),
        None => BTreeMap::new(),
    };
    let checks = checks(store, &mut tx, (run, replay.is_some()), &digests).await?;
    tx.rollback().await.map_err(fault)?;
    Ok(RunView {
        started: store.time(started)?.to_string(),
        replay,
        targets: store.parse(&what, &targets)?,
        name: what,
        checks,
    })
}

/// Digests of policies, as the recording has them.
fn digests(header: &Json) -> BTreeMap<Arc<str>, Arc<str>> {
    let policies = header.get("policies").and_then(Json::as_array);
    let pair = |entry: &Json| {
        let text = |name: &str| entry.get(name).and_then(Json::as_str).map(Arc::from);
        Some((text("policy")?, text("digest")?))
    };
    policies.into_iter().flatten().filter_map(pair).collect()
}

async fn checks(
    store: &Store,
    tx: &mut SqliteConnection,
    (run, replay): (i64, bool),
    digests: &BTreeMap<Arc<str>, Arc<str>>,
) -> Result<Vec<CheckView>, StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let rows: Vec<CheckRow> = sqlx::query_as(
        "SELECT bound.id, policy.value, target.value, bound.notice, judged.verdict, judged.whole FROM bound \
         CROSS JOIN judged ON judged.bound = bound.id AND judged.run = ? \
         JOIN text policy ON policy.id = bound.policy JOIN text target ON target.id = bound.target",
    )
    .bind(run)
    .fetch_all(&mut *tx)
    .await
    .map_err(fault)?;
    let found: Vec<FindingRow> = sqlx::query_as(
        "SELECT f.bound, f.name, c.verdict, told.json, f.run FROM bound \
         CROSS JOIN judged ON judged.bound = bound.id AND judged.run = ?1 \
         CROSS JOIN finding f ON f.bound = bound.id \
         CROSS JOIN change c ON c.finding = f.id AND c.verdict >= 0 \
         AND c.run = (SELECT max(e.run) FROM change e WHERE e.finding = f.id AND e.run <= ?1) \
         CROSS JOIN told ON told.finding = f.id WHERE NOT ?2 \
         UNION ALL \
         SELECT finding.bound, finding.name, replayed.verdict, told.json, finding.run FROM replayed \
         CROSS JOIN finding ON finding.id = replayed.finding CROSS JOIN told ON told.finding = finding.id \
         WHERE replayed.run = ?1 ORDER BY 2",
    )
    .bind(run)
    .bind(replay)
    .fetch_all(&mut *tx)
    .await
    .map_err(fault)?;
    let mut findings: BTreeMap<i64, Vec<FindingView>> = BTreeMap::new();
    for row in found {
        findings.entry(row.0).or_default().push(finding(store, run, row)?);
    }
    let mut checks = Vec::new();
    for (bound, policy, target, notice, judged, whole) in rows {
        let findings = findings.remove(&bound).unwrap_or_default();
        let verdict = store.verdict(judged)?;
        let digest = digests.get(&*policy).cloned();
        let (policy, target, notice) = (policy.into(), target.into(), notice == 1);
        let whole = notice || whole == 1;
        checks.push(CheckView { policy, target, notice, verdict, whole, digest, note: None, findings });
    }
    Ok(checks)
}

/// Of a finding only the newest text is kept: what happened then is known of this run only if it was the last.
fn finding(
    store: &Store,
    run: i64,
    (_, name, judged, json, newest): FindingRow,
) -> Result<FindingView, StoreError> {
    let text: Finding = store.parse("a finding", &json)?;
    Ok(FindingView {
        id: name.into(),
        subject: text.subject.shown,
        verdict: store.verdict(judged)?,
        severity: Some(text.severity),
        message: (newest == run).then_some(text.message),
    })
}
