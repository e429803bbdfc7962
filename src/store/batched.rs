//! Answers that stand in batches, read back as if each had a row of its own.

use std::collections::HashMap;

use futures_util::TryStreamExt;

use super::StoreError;
use super::batch;
use super::bytes::Fault;
use super::shelf::{From, Shelf, Stored};

/// A batch with the entry of one question: the roster's and the entry's number, place, shape and faults, the run and its first
/// observation, the base, the earliest time and the body.
type Row = (i64, i64, i64, Option<i64>, i64, i64, i64, i64, Vec<u8>);

/// Batches in which a question has an entry, from a time to another.
const OF: &str = "
SELECT m.number, m.place, m.shape, m.faults, run.id, run.first, b.base, b.seen, b.body FROM member m
CROSS JOIN batch b ON b.roster = m.roster AND b.last >= ?
CROSS JOIN run ON run.id = b.run AND run.replay IS NULL
WHERE m.question = ? AND b.seen <= ?";

/// The last of them up to a time. A batch begins before some of its entries, so a few are looked into.
const LAST: &str = "
SELECT m.number, m.place, m.shape, m.faults, run.id, run.first, b.base, b.seen, b.body FROM member m
CROSS JOIN batch b ON b.roster = m.roster
CROSS JOIN run ON run.id = b.run AND run.replay IS NULL
WHERE m.question = ? AND b.seen <= ? ORDER BY b.last DESC LIMIT 8";

const IN: &str = "
SELECT b.id, b.roster, run.first, b.base, b.seen, b.body FROM batch b
CROSS JOIN run ON run.id = b.run WHERE b.run = ?";

const MEMBERS: &str = "SELECT number, place, question, shape, faults FROM member WHERE roster = ?";

const QUESTIONS: &str = "
SELECT q.id FROM text target CROSS JOIN text probe
CROSS JOIN question q ON q.target = target.id AND q.probe = probe.id
WHERE target.value = ? AND probe.value = ?";

fn damaged(shelf: &Shelf<'_>, run: i64, why: Fault) -> StoreError {
    shelf.content(format!("a batch of answers in run {run}"), why)
}

/// The entry of one question.
fn entry(question: i64, row: Row) -> Result<Stored, (i64, Fault)> {
    let (number, place, shape, holes, run, first, base, seen, body) = row;
    let mut found = None;
    let wanted = usize::try_from(number).ok();
    let read = batch::read(&body, seen, |at| Some(at) == wanted, |_, seen, body| found = Some((seen, body)));
    read.map_err(|why| (run, why))?;
    let (seen, body) = found.ok_or((run, "an entry of it is gone"))?;
    let id = first.saturating_add(base).saturating_add(place);
    Ok(Stored { id, question, seen, run, shape, fault: None, cut: None, body, from: From::Batch(holes) })
}

impl Shelf<'_> {
    /// The answers to a question that stand in batches, in order of time.
    pub(super) async fn batched(
        &mut self,
        question: i64,
        (from, to): (i64, i64),
    ) -> Result<Vec<Stored>, StoreError> {
        let mut found: Vec<Stored> = Vec::new();
        let mut wrong = None;
        let mut rows = sqlx::query_as(OF).bind(from).bind(question).bind(to).fetch(self.tx());
        let mut fault = None;
        loop {
            match rows.try_next().await {
                Ok(Some(row)) => match entry(question, row) {
                    Ok(stored) => found.push(stored),
                    Err(why) => wrong = wrong.or(Some(why)),
                },
                Ok(None) => break,
                Err(error) => {
                    fault = Some(error);
                    break;
                }
            }
        }
        drop(rows);
        if let Some(error) = fault {
            return Err(self.fault(&error));
        }
        if let Some((run, why)) = wrong {
            return Err(damaged(self, run, why));
        }
        found.retain(|one| one.seen >= from && one.seen <= to);
        found.sort_unstable_by_key(|one| (one.seen, one.id));
        Ok(found)
    }

    /// The last of them up to a time.
    pub(super) async fn batched_last(
        &mut self,
        question: i64,
        to: i64,
    ) -> Result<Option<Stored>, StoreError> {
        let rows = sqlx::query_as(LAST).bind(question).bind(to).fetch_all(self.tx()).await;
        let rows: Vec<Row> = rows.map_err(|error| self.fault(&error))?;
        let mut last: Option<Stored> = None;
        for row in rows {
            let one = entry(question, row).map_err(|(run, why)| damaged(self, run, why))?;
            let later = last.as_ref().is_none_or(|last| (last.seen, last.id) < (one.seen, one.id));
            if one.seen <= to && later {
                last = Some(one);
            }
        }
        Ok(last)
    }

    /// All answers of a run that stand in batches.
    pub(super) async fn batched_in(&mut self, run: i64) -> Result<Vec<Stored>, StoreError> {
        type Batch = (i64, i64, i64, i64, i64, Vec<u8>);
        type Member = (i64, i64, i64, i64, Option<i64>);
        let batches = sqlx::query_as(IN).bind(run).fetch_all(self.tx()).await;
        let batches: Vec<Batch> = batches.map_err(|error| self.fault(&error))?;
        let mut found = Vec::new();
        for (_, roster, first, base, seen, body) in batches {
            let members = sqlx::query_as(MEMBERS).bind(roster).fetch_all(self.tx()).await;
            let members: Vec<Member> = members.map_err(|error| self.fault(&error))?;
            let members: HashMap<usize, Member> = members
                .into_iter()
                .filter_map(|member| Some((usize::try_from(member.0).ok()?, member)))
                .collect();
            let (before, mut strangers) = (found.len(), false);
            let read = batch::read(
                &body,
                seen,
                |_| true,
                |number, seen, body| {
                    let Some((_, place, question, shape, holes)) = members.get(&number).copied() else {
                        strangers = true;
                        return;
                    };
                    let id = first.saturating_add(base).saturating_add(place);
                    let (fault, cut) = (None, None);
                    found.push(Stored {
                        id,
                        question,
                        seen,
                        run,
                        shape,
                        fault,
                        cut,
                        body,
                        from: From::Batch(holes),
                    });
                },
            );
            read.map_err(|why| damaged(self, run, why))?;
            if strangers || found.len() - before != members.len() {
                return Err(damaged(self, run, "its entries are not those of its roster"));
            }
        }
        Ok(found)
    }

    /// The questions that a probe was asked at a target.
    pub(super) async fn questions(&mut self, target: &str, probe: &str) -> Result<Vec<i64>, StoreError> {
        let found = sqlx::query_scalar(QUESTIONS).bind(target).bind(probe).fetch_all(self.tx()).await;
        found.map_err(|error| self.fault(&error))
    }
}
