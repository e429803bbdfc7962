//! Saving a run.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError, observed};
use crate::fact::{Recording, micros_of};
use crate::verdict::{Check, Finding, RunReport, Verdict};

/// How a finding's rule stood in a run; of two findings with one id the higher counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Calm = 0,
    Unread = 1,
    Held = 2,
}

impl State {
    pub(super) fn of(finding: &Finding) -> Self {
        if finding.is_held() {
            Self::Held
        } else if finding.is_unread() {
            Self::Unread
        } else {
            Self::Calm
        }
    }
}

/// Numbers in the file, which do not follow the order of a type that may change.
pub(super) fn code(verdict: Verdict) -> i64 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Skipped => 1,
        Verdict::Waived => 2,
        Verdict::Warn => 3,
        Verdict::Unknown => 4,
        Verdict::Fail => 5,
    }
}

/// A run that is being saved: its transaction, and the ids that it has seen.
pub(super) struct Writer<'a> {
    store: &'a Store,
    tx: Transaction<'static, Sqlite>,
    texts: HashMap<Arc<str>, i64>,
    run: i64,
    at: i64,
    replay: Option<&'a str>,
}

/// Saves all in one transaction.
pub(super) async fn remember(
    store: &Store,
    report: &RunReport,
    recording: Option<&Recording>,
) -> Result<i64, StoreError> {
    let at: Timestamp = report.started.parse().map_err(|error: jiff::Error| StoreError::Time {
        path: store.path().to_owned(),
        time: report.started.clone(),
        why: error.to_string(),
    })?;
    // The lock is taken at the beginning: a reader that turns writer half-way may be refused without waiting.
    let tx = store.pool().begin_with("BEGIN IMMEDIATE").await.map_err(|error| store.fault(&error))?;
    let replay = report.recording.as_deref();
    let mut writer = Writer { store, tx, texts: HashMap::new(), run: 0, at: micros_of(at), replay };
    writer.run(report).await?;
    for check in &report.checks {
        writer.check(check).await?;
    }
    for notice in &report.notices {
        let bound = writer.bound(&notice.policy, &notice.target).await?;
        writer.finding(bound, notice).await?;
    }
    if let Some(recording) = recording {
        observed::save(&mut writer, recording).await?;
    }
    let run = writer.run;
    writer.tx.commit().await.map_err(|error| store.fault(&error))?;
    Ok(run)
}

impl Writer<'_> {
    pub(super) fn tx(&mut self) -> &mut Transaction<'static, Sqlite> {
        &mut self.tx
    }

    pub(super) fn store(&self) -> &Store {
        self.store
    }

    pub(super) fn number(&self) -> i64 {
        self.run
    }

    pub(super) fn fault(&self, error: &sqlx::Error) -> StoreError {
        self.store.fault(error)
    }

    pub(super) fn json(&self, what: &str, value: &impl serde::Serialize) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(|error| self.store.content(what, error.to_string()))
    }

    /// The id of a text that occurs often.
    pub(super) async fn text(&mut self, text: &str) -> Result<i64, StoreError> {
        if let Some(id) = self.texts.get(text) {
            return Ok(*id);
        }
        let known: Option<i64> = sqlx::query_scalar("SELECT id FROM text WHERE value = ?")
            .bind(text)
            .fetch_optional(&mut *self.tx)
            .await
            .map_err(|error| self.store.fault(&error))?;
        let id = match known {
            Some(id) => id,
            None => sqlx::query("INSERT INTO text (value) VALUES (?)")
                .bind(text)
                .execute(&mut *self.tx)
                .await
                .map_err(|error| self.store.fault(&error))?
                .last_insert_rowid(),
        };
        self.texts.insert(Arc::from(text), id);
        Ok(id)
    }

    async fn run(&mut self, report: &RunReport) -> Result<(), StoreError> {
        let muster = self.text(&report.muster).await?;
        let host = self.text(&report.host).await?;
        let reason = self.text(&report.exit_reason).await?;
        let checks = self.text(&self.json("the counts", &report.checks_by_verdict)?).await?;
        let subjects = self.text(&self.json("the counts", &report.subjects)?).await?;
        let targets = self.text(&self.json("who answered", &report.targets)?).await?;
        let insert = "INSERT INTO run (started, muster, host, exit, reason, checks, subjects, targets, replay) \
                      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let saved = sqlx::query(insert)
            .bind(self.at)
            .bind(muster)
            .bind(host)
            .bind(i64::from(report.exit))
            .bind(reason)
            .bind(checks)
            .bind(subjects)
            .bind(targets)
            .bind(report.recording.as_deref())
            .execute(&mut *self.tx)
            .await
            .map_err(|error| self.store.fault(&error))?;
        self.run = saved.last_insert_rowid();
        Ok(())
    }

    async fn bound(&mut self, policy: &str, target: &str) -> Result<i64, StoreError> {
        let (policy, target) = (self.text(policy).await?, self.text(target).await?);
        let known: Option<i64> = sqlx::query_scalar("SELECT id FROM bound WHERE policy = ? AND target = ?")
            .bind(policy)
            .bind(target)
            .fetch_optional(&mut *self.tx)
            .await
            .map_err(|error| self.store.fault(&error))?;
        if let Some(id) = known {
            return Ok(id);
        }
        let saved = sqlx::query("INSERT INTO bound (policy, target) VALUES (?, ?)")
            .bind(policy)
            .bind(target)
            .execute(&mut *self.tx)
            .await
            .map_err(|error| self.store.fault(&error))?;
        Ok(saved.last_insert_rowid())
    }

    async fn check(&mut self, check: &Check) -> Result<(), StoreError> {
        let bound = self.bound(&check.policy, &check.target).await?;
        let insert = "INSERT INTO judged (bound, run, verdict, whole) VALUES (?, ?, ?, ?) \
                      ON CONFLICT DO UPDATE SET verdict = max(verdict, excluded.verdict), \
                      whole = min(whole, excluded.whole)";
        sqlx::query(insert)
            .bind(bound)
            .bind(self.run)
            .bind(code(check.verdict))
            .bind(i64::from(check.is_whole()))
            .execute(&mut *self.tx)
            .await
            .map_err(|error| self.store.fault(&error))?;
        for finding in &check.findings {
            self.finding(bound, finding).await?;
        }
        Ok(())
    }

    async fn finding(&mut self, bound: i64, finding: &Finding) -> Result<(), StoreError> {
        let json = self.json("a finding", finding)?;
        let newest = "INSERT INTO finding (name, bound, run, at, replay, json) VALUES (?, ?, ?, ?, ?, ?) \
                      ON CONFLICT (name) DO UPDATE SET bound = excluded.bound, run = excluded.run, \
                      at = excluded.at, replay = excluded.replay, json = excluded.json RETURNING id";
        let id: i64 = sqlx::query_scalar(newest)
            .bind(&*finding.id)
            .bind(bound)
            .bind(self.run)
            .bind(self.at)
            .bind(self.replay)
            .bind(json)
            .fetch_one(&mut *self.tx)
            .await
            .map_err(|error| self.store.fault(&error))?;
        let sample = "INSERT INTO sample (bound, run, finding, verdict, state) VALUES (?, ?, ?, ?, ?) \
                      ON CONFLICT DO UPDATE SET verdict = max(verdict, excluded.verdict), \
                      state = max(state, excluded.state)";
        sqlx::query(sample)
            .bind(bound)
            .bind(self.run)
            .bind(id)
            .bind(code(finding.verdict))
            .bind(State::of(finding) as i64)
            .execute(&mut *self.tx)
            .await
            .map_err(|error| self.store.fault(&error))?;
        Ok(())
    }
}
