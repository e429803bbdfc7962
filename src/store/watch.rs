//! Samples of facts for people, with the times at which nothing could be read.

use jiff::Timestamp;
use std::sync::Arc;

use super::past::Collector;
use super::shelf::Shelf;
use super::{Store, StoreError, Watched};
use crate::fact::{Key, Schema, micros_of};

/// Every question that is known, in order of target, probe and arguments.
pub(super) async fn questions(store: &Store) -> Result<Vec<Key>, StoreError> {
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT probe.value, target.value, args.value, facts.value FROM question q \
         JOIN text probe ON probe.id = q.probe JOIN text target ON target.id = q.target \
         JOIN text args ON args.id = q.args JOIN text facts ON facts.id = q.facts \
         ORDER BY target.value, probe.value, args.value, facts.value",
    )
    .fetch_all(store.pool())
    .await
    .map_err(|error| store.fault(&error))?;
    let key = |(probe, target, args, facts): (String, String, String, String)| Key {
        probe: probe.into(),
        target: target.into(),
        args: args.into(),
        facts: facts.into(),
    };
    Ok(rows.into_iter().map(key).collect())
}

/// The shape of the last answer up to a time.
pub(super) async fn schema(
    store: &Store,
    key: &Key,
    to: Timestamp,
) -> Result<Option<Arc<Schema>>, StoreError> {
    let mut tx = store.pool().begin().await.map_err(|error| store.fault(&error))?;
    let mut shelf = Shelf::new(store, &mut tx);
    match shelf.question(key).await? {
        None => Ok(None),
        Some(question) => shelf.schema(question, micros_of(to)).await,
    }
}

/// What was seen of these facts from a time to another.
pub(super) async fn watch(
    store: &Store,
    key: &Key,
    facts: &[Arc<str>],
    (from, to): (Timestamp, Timestamp),
) -> Result<Watched, StoreError> {
    let mut tx = store.pool().begin().await.map_err(|error| store.fault(&error))?;
    let mut shelf = Shelf::new(store, &mut tx);
    let mut collector = Collector::new(facts.to_vec(), &key.target, true);
    if let Some(question) = shelf.question(key).await? {
        shelf.collect(question, (micros_of(from), micros_of(to)), &mut collector).await?;
    }
    Ok(collector.watched())
}
