//! Recordings, taken apart so that what seldom changes is kept once, and put together again.
//!
//! The text of an observation's shape (who answered, and the schema) is the same from run to run, as are the
//! columns of its keys; what changes is a column of numbers, which takes a few bytes per row.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::answer::{Answer, Named};
use super::body::{self, Head};
use super::bytes::digest;
use super::draft::{Seen, Texts};
use super::shelf::{Shelf, Stored};
use super::write::Writer;
use super::{Store, StoreError, batch, column};
use crate::fact::{Observation, Recording};

/// A column of at least so many bytes has a blob of its own, so that a recall of one fact reads no other.
const LONG: usize = 1024;

/// A column that seldom changes has one from so many bytes on; below that, looking for it costs more than it saves.
const SETTLED: usize = 48;

/// The field number under which the faults of cells are kept.
pub(super) const FAULTS: i64 = -1;

/// Which observations a run with a recording has, so that the next has those after.
const NEXT: &str = "SELECT first + many FROM run WHERE many > 0 ORDER BY id DESC LIMIT 1";

const OBSERVATION: &str = "
INSERT INTO observation (id, question, seen, run, shape, fault, cut, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

/// Saves what a run saw.
pub(super) async fn save(writer: &mut Writer<'_>, seen: &Seen, run: i64) -> Result<(), StoreError> {
    let header = writer.text(&seen.header).await?;
    let next: Result<Option<i64>, _> = sqlx::query_scalar(NEXT).fetch_optional(&mut **writer.tx()).await;
    let first = next.map_err(|error| writer.fault(&error))?.unwrap_or(1);
    sqlx::query("UPDATE run SET recorded = ?, header = ?, first = ?, many = ? WHERE id = ?")
        .bind(&seen.recorded)
        .bind(header)
        .bind(first)
        .bind(i64::try_from(seen.answers.len()).unwrap_or(i64::MAX))
        .bind(run)
        .execute(&mut **writer.tx())
        .await
        .map_err(|error| writer.fault(&error))?;
    let answers = seen.answers.all().map_err(|why| writer.store().content("what a run saw", why))?;
    let places = places(writer, &seen.texts, &answers).await?;
    let answers: Vec<(&Answer<'_>, Place)> = answers.iter().zip(places).collect();
    for (base, some) in (0i64..).step_by(batch::PLACES).zip(answers.chunks(batch::PLACES)) {
        let short: Vec<bool> = some.iter().map(|(answer, _)| is_short(answer)).collect();
        let together = short.iter().filter(|short| **short).count() > 1;
        if together {
            save_batch(writer, run, base, some, &short).await?;
        }
        for ((id, one), short) in (first.saturating_add(base)..).zip(some).zip(short) {
            if !(together && short) {
                save_one(writer, &seen.texts, (id, run), *one).await?;
            }
        }
    }
    Ok(())
}

/// The ids of an answer's question, shape, fault, and of what cut it; of a short one those of the faults of its cells.
#[derive(Clone, Copy)]
struct Place {
    question: i64,
    shape: i64,
    fault: Option<i64>,
    cut: Option<i64>,
    faults: Option<i64>,
}

async fn places(
    writer: &mut Writer<'_>,
    texts: &Texts,
    answers: &[Answer<'_>],
) -> Result<Vec<Place>, StoreError> {
    let faults = |one: &Answer<'_>| one.named.faults.filter(|_| is_short(one));
    let used = |one: &Answer<'_>| {
        let Named { key, shape, fault, cut, .. } = one.named;
        key.into_iter().chain([shape]).chain(fault).chain(cut).chain(faults(one))
    };
    let wanted: BTreeSet<usize> = answers.iter().flat_map(used).collect();
    let ids = writer.texts(texts, &wanted).await?;
    let store = writer.store();
    let id = |number: usize| ids.of(store, number);
    let mut keys = Vec::with_capacity(answers.len());
    for Answer { named, .. } in answers {
        let [target, probe, args, facts] = &named.key;
        keys.push([id(*target)?, id(*probe)?, id(*args)?, id(*facts)?]);
    }
    let questions = writer.questions(&keys.iter().copied().collect()).await?;
    let place = |(one, key): (&Answer<'_>, &[i64; 4])| {
        let question = questions.get(key).copied();
        let question = question.ok_or_else(|| store.content("a question", "it was not saved"))?;
        let (fault, cut) = (one.named.fault.map(id).transpose()?, one.named.cut.map(id).transpose()?);
        Ok(Place {
            question,
            shape: id(one.named.shape)?,
            fault,
            cut,
            faults: faults(one).map(id).transpose()?,
        })
    };
    answers.iter().zip(&keys).map(place).collect()
}

/// May it stand in a body with others?
fn is_short(answer: &Answer<'_>) -> bool {
    let bytes: usize = answer.columns.iter().map(|column| column.len()).sum();
    answer.named.fault.is_none()
        && answer.named.cut.is_none()
        && answer.head.table.is_some()
        && bytes <= batch::SHORT
}

async fn save_batch(
    writer: &mut Writer<'_>,
    run: i64,
    base: i64,
    some: &[(&Answer<'_>, Place)],
    short: &[bool],
) -> Result<(), StoreError> {
    let members: Vec<(i64, &Answer<'_>, Place)> = (0i64..)
        .zip(some)
        .zip(short)
        .filter_map(|((place, (answer, ids)), short)| short.then_some((place, *answer, *ids)))
        .collect();
    let listed: Vec<(i64, i64, i64, Option<i64>)> =
        members.iter().map(|(place, _, ids)| (*place, ids.question, ids.shape, ids.faults)).collect();
    let roster = writer.roster(&listed).await?;
    let entries: Vec<(&Head, &[&[u8]])> =
        members.iter().map(|(_, answer, _)| (&answer.head, &*answer.columns)).collect();
    let times = || entries.iter().map(|(head, _)| head.seen());
    let (from, to) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
    sqlx::query("INSERT INTO batch (roster, seen, last, run, base, body) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(roster)
        .bind(from)
        .bind(to)
        .bind(run)
        .bind(base)
        .bind(batch::write(&entries, from))
        .execute(&mut **writer.tx())
        .await
        .map_err(|error| writer.fault(&error))?;
    Ok(())
}

async fn save_one(
    writer: &mut Writer<'_>,
    texts: &Texts,
    (id, run): (i64, i64),
    (answer, place): (&Answer<'_>, Place),
) -> Result<(), StoreError> {
    let mut inside = Vec::with_capacity(answer.columns.len());
    for (field, column) in (0i64..).zip(answer.columns.iter().copied()) {
        let outside = column.len() >= LONG || (column.len() >= SETTLED && column::is_settled(column));
        if outside {
            writer.part(id, field, column).await?;
        }
        inside.push((!outside).then_some(column));
    }
    if let Some(number) = answer.named.faults {
        let list = texts.list.get(number).ok_or_else(|| writer.store().content("faults", "they are gone"))?;
        writer.part(id, FAULTS, list.as_bytes()).await?;
    }
    sqlx::query(OBSERVATION)
        .bind(id)
        .bind(place.question)
        .bind(answer.head.seen())
        .bind(run)
        .bind(place.shape)
        .bind(place.fault)
        .bind(place.cut)
        .bind(body::write(&answer.head, &inside))
        .execute(&mut **writer.tx())
        .await
        .map_err(|error| writer.fault(&error))?;
    Ok(())
}

/// What a run saw.
pub(super) async fn recording(store: &Store, run: i64) -> Result<Option<Recording>, StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let wrong = |why: String| store.content(format!("the recording of run {run}"), why);
    // One transaction: a prune in between must not leave a run without its observations.
    let mut tx = store.pool().begin().await.map_err(fault)?;
    let known = "SELECT run.recorded, text.value, run.first, run.many FROM run \
                 LEFT JOIN text ON text.id = run.header WHERE run.id = ?";
    let header: Option<(Option<String>, Option<String>, i64, i64)> =
        sqlx::query_as(known).bind(run).fetch_optional(&mut *tx).await.map_err(fault)?;
    let Some((recorded, header, first, many)) = header else {
        return Err(StoreError::NoRun { path: store.path().to_owned(), run });
    };
    let (recorded, header) = match (recorded, header) {
        (None, _) => return Ok(None),
        (Some(recorded), Some(header)) => (recorded, header),
        (Some(_), None) => return Err(wrong("its header is gone".to_owned())),
    };
    let mut stored: Vec<Stored> = sqlx::query_as(
        "SELECT id, question, seen, run, shape, fault, cut, body FROM observation \
         WHERE id >= ? AND id < ? AND run = ? ORDER BY id",
    )
    .bind(first)
    .bind(first.saturating_add(many))
    .bind(run)
    .fetch_all(&mut *tx)
    .await
    .map_err(fault)?;
    let mut shelf = Shelf::new(store, &mut tx);
    stored.extend(shelf.batched_in(run).await?);
    stored.sort_unstable_by_key(|one| one.id);
    if i64::try_from(stored.len()).ok() != Some(many) {
        return Err(wrong(format!("{} of its {many} observations are there", stored.len())));
    }
    let mut observations = Vec::with_capacity(stored.len());
    for some in stored.chunks(Shelf::AT_ONCE) {
        observations.extend(shelf.whole(some).await?);
    }
    tx.rollback().await.map_err(fault)?;
    together(&header, &recorded, observations).map(Some).map_err(wrong)
}

fn together(header: &str, recorded: &str, observations: Vec<Observation>) -> Result<Recording, String> {
    let mut whole: Map<String, Json> = serde_json::from_str(header).map_err(|error| error.to_string())?;
    whole.insert("started".to_owned(), json!(recorded));
    whole.insert("observations".to_owned(), json!([]));
    Ok(Recording { observations, ..Recording::from_json(&Json::Object(whole))? })
}

impl Writer<'_> {
    /// A column that stands in a blob of its own; the same bytes are kept once.
    async fn part(&mut self, observation: i64, field: i64, bytes: &[u8]) -> Result<(), StoreError> {
        let digest = digest(bytes);
        let blob = match self.blobs.get(&digest) {
            Some(blob) => *blob,
            None => self.blob(digest, bytes).await?,
        };
        sqlx::query("INSERT INTO part (observation, field, blob) VALUES (?, ?, ?)")
            .bind(observation)
            .bind(field)
            .bind(blob)
            .execute(&mut **self.tx())
            .await
            .map_err(|error| self.fault(&error))?;
        Ok(())
    }

    async fn blob(&mut self, digest: [u8; 16], bytes: &[u8]) -> Result<i64, StoreError> {
        let known: Option<i64> = sqlx::query_scalar("SELECT id FROM blob WHERE digest = ?")
            .bind(&digest[..])
            .fetch_optional(&mut **self.tx())
            .await
            .map_err(|error| self.fault(&error))?;
        let blob = match known {
            Some(blob) => blob,
            None => sqlx::query("INSERT INTO blob (digest, value) VALUES (?, ?)")
                .bind(&digest[..])
                .bind(bytes)
                .execute(&mut **self.tx())
                .await
                .map_err(|error| self.fault(&error))?
                .last_insert_rowid(),
        };
        self.blobs.insert(digest, blob);
        Ok(blob)
    }

    /// The id of a roster: places, questions, shapes and faults.
    async fn roster(&mut self, members: &[(i64, i64, i64, Option<i64>)]) -> Result<i64, StoreError> {
        let listed = json!(members).to_string();
        let digest = digest(listed.as_bytes());
        if let Some(id) = self.rosters.get(&digest) {
            return Ok(*id);
        }
        let known: Option<i64> = sqlx::query_scalar("SELECT id FROM roster WHERE digest = ?")
            .bind(&digest[..])
            .fetch_optional(&mut **self.tx())
            .await
            .map_err(|error| self.fault(&error))?;
        let id = match known {
            Some(id) => id,
            None => self.new_roster(&digest, &listed).await?,
        };
        self.rosters.insert(digest, id);
        Ok(id)
    }

    async fn new_roster(&mut self, digest: &[u8; 16], listed: &str) -> Result<i64, StoreError> {
        let id = sqlx::query("INSERT INTO roster (digest) VALUES (?)")
            .bind(&digest[..])
            .execute(&mut **self.tx())
            .await
            .map_err(|error| self.fault(&error))?
            .last_insert_rowid();
        let members = "INSERT INTO member (roster, number, place, question, shape, faults) \
                       SELECT ?, key, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)";
        sqlx::query(members)
            .bind(id)
            .bind(listed)
            .execute(&mut **self.tx())
            .await
            .map_err(|error| self.fault(&error))?;
        Ok(id)
    }
}
