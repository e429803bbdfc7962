//! What was seen of a subject over time.

use std::sync::Arc;

use jiff::Timestamp;

use super::shelf::{Shelf, Stored};
use super::{Store, StoreError, StoredRow, StoredSample};
use crate::fact::{Key, Missing, Observation, Row, Schema, Table, micros_of, row_name};

/// Reads the observations back.
pub(super) async fn samples(
    store: &Store,
    (target, probe): (&str, &str),
    subject: Option<&str>,
    since: Timestamp,
) -> Result<Vec<StoredSample>, StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let mut tx = store.pool().begin().await.map_err(fault)?;
    let mut stored: Vec<Stored> = sqlx::query_as(
        "SELECT o.id, o.question, o.seen, o.run, o.shape, o.fault, o.cut, o.body FROM question q \
         JOIN text target ON target.id = q.target JOIN text probe ON probe.id = q.probe \
         JOIN observation o ON o.question = q.id JOIN run ON run.id = o.run \
         WHERE target.value = ? AND probe.value = ? AND o.seen >= ? AND run.replay IS NULL \
         ORDER BY o.seen, o.id",
    )
    .bind(target)
    .bind(probe)
    .bind(micros_of(since))
    .fetch_all(&mut *tx)
    .await
    .map_err(fault)?;
    let mut found = Vec::new();
    let mut shelf = Shelf::new(store, &mut tx);
    for question in shelf.questions(target, probe).await? {
        stored.extend(shelf.batched(question, (micros_of(since), i64::MAX)).await?);
    }
    stored.sort_unstable_by_key(|one| (one.seen, one.id));
    for some in stored.chunks(Shelf::AT_ONCE) {
        for (one, observation) in some.iter().zip(shelf.whole(some).await?) {
            of(one.run, observation, subject, &mut found);
        }
    }
    tx.rollback().await.map_err(fault)?;
    Ok(found)
}

/// Makes samples of one observation.
struct Maker {
    run: i64,
    at: Timestamp,
    source_clock: Option<Timestamp>,
    key: Key,
}

impl Maker {
    fn make(&self, subject: Arc<str>, answer: Result<StoredRow, Arc<Missing>>) -> StoredSample {
        let Self { run, at, source_clock, ref key } = *self;
        StoredSample { run, at, source_clock, key: key.clone(), subject, answer }
    }
}

fn of(run: i64, observation: Observation, wanted: Option<&str>, found: &mut Vec<StoredSample>) {
    let Observation { key, result, at, source_clock, .. } = observation;
    let target = Arc::clone(&key.target);
    let unread = || wanted.map_or_else(|| Arc::clone(&target), Arc::from);
    let maker = Maker { run, at, source_clock, key };
    let Table { schema, rows, cut, .. } = match result {
        Ok(table) => table,
        Err(why) => return found.push(maker.make(unread(), Err(why))),
    };
    let before = found.len();
    let mut gaps: Vec<Arc<Missing>> = Vec::new();
    for cells in rows {
        match name(&schema, &cells, &target) {
            Ok(name) if wanted.is_none_or(|wanted| *wanted == *name) => {
                found.push(maker.make(name, Ok(StoredRow { schema: Arc::clone(&schema), cells })));
            }
            Ok(_) => {}
            Err(why) => gaps.push(why),
        }
    }
    // A row without a name, or one beyond the cut, may have been the wanted one; found, it was not.
    gaps.extend(cut);
    if wanted.is_none() || found.len() == before {
        let many = if wanted.is_none() { gaps.len() } else { 1 };
        found.extend(gaps.into_iter().take(many).map(|why| maker.make(unread(), Err(why))));
    }
}

fn name(schema: &Schema, cells: &Row, target: &Arc<str>) -> Result<Arc<str>, Arc<Missing>> {
    if schema.key.is_empty() { Ok(Arc::clone(target)) } else { row_name(schema, cells) }
}
