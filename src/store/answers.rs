//! Finding the answers to a question: the newest before a time, the last, and all from a time to another, wherever
//! they stand.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::StoreError;
use super::past::Collector;
use super::shelf::{Shelf, Stored};
use crate::fact::{Key, Schema, Whose, micros_of};

/// The question of a key.
const QUESTION: &str = "
SELECT q.id FROM question q JOIN text target ON target.id = q.target JOIN text probe ON probe.id = q.probe
JOIN text args ON args.id = q.args JOIN text facts ON facts.id = q.facts
WHERE target.value = ? AND probe.value = ? AND args.value = ? AND facts.value = ?";

/// A check, by policy and target.
const BOUND: &str = "
SELECT bound.id FROM text policy CROSS JOIN text target
CROSS JOIN bound ON bound.policy = policy.id AND bound.target = target.id AND bound.notice = 0
WHERE policy.value = ? AND target.value = ?";

/// The newest run before a time that has an answer and judged a check (if one is named; as a whole if that is wanted), and
/// whether it was judged as a whole. A check that was skipped (verdict 1) was not judged. Runs are walked from the newest on,
/// so that as a rule the first one ends it.
const PREVIOUS: &str = "
SELECT run.id, ifnull((SELECT judged.whole FROM judged WHERE judged.bound = ?3 AND judged.run = run.id), 1) FROM run
WHERE run.started < ?1 AND run.replay IS NULL AND (?3 IS NULL OR EXISTS (
    SELECT 1 FROM judged WHERE judged.bound = ?3 AND judged.run = run.id
    AND judged.verdict <> 1 AND judged.whole BETWEEN ?4 AND 1
)) AND (EXISTS (
    SELECT 1 FROM observation o WHERE o.id >= run.first AND o.id < run.first + run.many AND o.run = run.id
    AND o.question = ?2 AND o.fault IS NULL
) OR EXISTS (
    SELECT 1 FROM batch CROSS JOIN member ON member.roster = batch.roster AND +member.question = ?2
    WHERE batch.run = run.id
)) ORDER BY run.started DESC, run.id DESC LIMIT 1";

/// The answer of a run in a row of its own.
const ANSWER: &str = "
SELECT o.id, o.question, o.seen, o.run, o.shape, o.fault, o.cut, o.body FROM run
CROSS JOIN observation o ON o.id >= run.first AND o.id < run.first + run.many AND o.run = run.id
WHERE run.id = ? AND o.question = ? AND o.fault IS NULL";

/// Was it ever answered? Without this, a question that never was would walk through all runs.
const ANSWERED: &str = "
SELECT EXISTS (SELECT 1 FROM observation WHERE question = ?1 AND fault IS NULL)
OR EXISTS (SELECT 1 FROM member WHERE question = ?1)";

/// Some observations of a question from a time to another, after one of them.
const SOME: &str = "
SELECT o.id, o.question, o.seen, o.run, o.shape, o.fault, o.cut, o.body FROM observation o
CROSS JOIN run ON run.id = o.run
WHERE o.question = ? AND o.seen >= ? AND o.seen <= ? AND (o.seen, o.id) > (?, ?) AND run.replay IS NULL
ORDER BY o.seen, o.id LIMIT 256";

/// The last answer up to a time, of which the types of its facts are wanted.
const LAST: &str = "
SELECT o.id, o.question, o.seen, o.run, o.shape, o.fault, o.cut, o.body FROM observation o
CROSS JOIN run ON run.id = o.run
WHERE o.question = ? AND o.seen <= ? AND o.fault IS NULL AND run.replay IS NULL
ORDER BY o.seen DESC, o.id DESC LIMIT 1";

impl Shelf<'_> {
    /// The number of a question, if it was ever asked.
    pub(super) async fn question(&mut self, key: &Key) -> Result<Option<i64>, StoreError> {
        let found = sqlx::query_scalar(QUESTION)
            .bind(&*key.target)
            .bind(&*key.probe)
            .bind(&*key.args)
            .bind(&*key.facts)
            .fetch_optional(self.tx())
            .await;
        found.map_err(|error| self.fault(&error))
    }

    /// The answer of the newest run before a time, or of the newest that judged a check. A run that could not judge it as a
    /// whole has told nobody what was lost by then, so the one before it counts that could; unless another system answers
    /// since, or in another shape, with which there is nothing to be compared.
    pub(super) async fn previous(
        &mut self,
        key: &Key,
        whose: Option<&Whose>,
        at: Timestamp,
    ) -> Result<Option<Stored>, StoreError> {
        let Some(question) = self.question(key).await? else { return Ok(None) };
        let answered: Result<bool, _> =
            sqlx::query_scalar(ANSWERED).bind(question).fetch_one(self.tx()).await;
        if !answered.map_err(|error| self.fault(&error))? {
            return Ok(None);
        }
        let bound = match whose {
            None => None,
            Some(whose) => match self.bound(whose).await? {
                // What was never judged has no run before.
                None => return Ok(None),
                bound => bound,
            },
        };
        let Some((newest, whole)) = self.answering(question, bound, (at, false)).await? else {
            return Ok(None);
        };
        if whole {
            return Ok(Some(newest));
        }
        let Some((judged, _)) = self.answering(question, bound, (at, true)).await? else {
            return Ok(Some(newest));
        };
        let both = [newest, judged];
        self.learn(&both).await?;
        let [newest, judged] = both;
        let (now, then) = (self.shape_of(&newest)?, self.shape_of(&judged)?);
        let alike = now.schema == then.schema && now.identity.unlike(&then.identity).is_none();
        Ok(Some(if alike { judged } else { newest }))
    }

    /// The number of a check, if it was ever judged.
    async fn bound(&mut self, whose: &Whose) -> Result<Option<i64>, StoreError> {
        let found = sqlx::query_scalar(BOUND)
            .bind(&*whose.policy)
            .bind(&*whose.target)
            .fetch_optional(self.tx())
            .await;
        found.map_err(|error| self.fault(&error))
    }

    /// The newest answer before a time, and whether its run judged the check as a whole.
    async fn answering(
        &mut self,
        question: i64,
        bound: Option<i64>,
        (at, only_whole): (Timestamp, bool),
    ) -> Result<Option<(Stored, bool)>, StoreError> {
        let found = sqlx::query_as(PREVIOUS)
            .bind(micros_of(at))
            .bind(question)
            .bind(bound)
            .bind(i64::from(only_whole))
            .fetch_optional(self.tx())
            .await;
        let found: Option<(i64, i64)> = found.map_err(|error| self.fault(&error))?;
        let Some((run, whole)) = found else { return Ok(None) };
        let found = sqlx::query_as(ANSWER).bind(run).bind(question).fetch_optional(self.tx()).await;
        let found: Option<Stored> = found.map_err(|error| self.fault(&error))?;
        let found = match found {
            Some(found) => Some(found),
            None => self.batched_in(run).await?.into_iter().find(|one| one.question == question),
        };
        Ok(found.map(|found| (found, whole == 1)))
    }

    /// The schema of the last answer up to a time.
    pub(super) async fn schema(&mut self, question: i64, to: i64) -> Result<Option<Arc<Schema>>, StoreError> {
        let found = sqlx::query_as(LAST).bind(question).bind(to).fetch_optional(self.tx()).await;
        let found: Option<Stored> = found.map_err(|error| self.fault(&error))?;
        let batched = self.batched_last(question, to).await?;
        let found = found.into_iter().chain(batched).max_by_key(|one| (one.seen, one.id));
        let Some(stored) = found else { return Ok(None) };
        self.learn(std::slice::from_ref(&stored)).await?;
        Ok(self.shape_of(&stored)?.schema.clone())
    }

    /// Hands every observation from a time to another to the collector.
    pub(super) async fn collect(
        &mut self,
        question: i64,
        (from, to): (i64, i64),
        collector: &mut Collector,
    ) -> Result<(), StoreError> {
        if let Some(schema) = self.schema(question, to).await? {
            collector.expect(&schema);
        }
        let mut batched = self.batched(question, (from, to)).await?.into_iter().peekable();
        let mut after = (i64::MIN, i64::MIN);
        loop {
            let some = sqlx::query_as(SOME)
                .bind(question)
                .bind(from)
                .bind(to)
                .bind(after.0)
                .bind(after.1)
                .fetch_all(self.tx())
                .await;
            let mut some: Vec<Stored> = some.map_err(|error| self.fault(&error))?;
            // Those of batches come in between, and all that are left after the last row.
            let end = some.last().map(|last| (last.seen, last.id));
            while let Some(one) = batched.next_if(|one| end.is_none_or(|end| (one.seen, one.id) < end)) {
                some.push(one);
            }
            if some.is_empty() {
                return Ok(());
            }
            some.sort_unstable_by_key(|one| (one.seen, one.id));
            after = end.unwrap_or(after);
            self.learn(&some).await?;
            let parts = self.parts(&some).await?;
            let mut wanted = BTreeSet::new();
            for one in &some {
                if let Some(schema) = &self.shape_of(one)?.schema {
                    collector.wants(one, schema, &parts, &mut wanted);
                }
            }
            let blobs = self.blobs(&wanted).await?;
            for one in &some {
                collector.add(self, one, &parts, &blobs)?;
            }
        }
    }
}
