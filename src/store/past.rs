//! The past of questions: earlier answers, and samples of single facts.
//!
//! A recall reads the columns that are wanted and no others, some hundred observations at once, and remembers which
//! row is which subject as long as the keys are the same bytes; so that thirty days of a thousand subjects take
//! about as long as reading their numbers from a table would.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::column;
use super::shelf::{Parts, Shelf, Stored};
use super::{Store, StoreError, Watched, WatchedFact};
use crate::fact::{
    Before, Cell, History, Key, Missing, Past, PastRequest, Schema, Type, Value, micros_of, row_name,
};

/// The question of a key.
const QUESTION: &str = "
SELECT q.id FROM question q JOIN text target ON target.id = q.target JOIN text probe ON probe.id = q.probe
JOIN text args ON args.id = q.args JOIN text facts ON facts.id = q.facts
WHERE target.value = ? AND probe.value = ? AND args.value = ? AND facts.value = ?";

/// The newest run before a time that has an answer. Runs are walked from the newest on, so that as a rule the first
/// one ends it.
const PREVIOUS: &str = "
SELECT run.id FROM run WHERE run.started < ?1 AND run.replay IS NULL AND (EXISTS (
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

/// Recalls everything that is asked for, in one transaction.
pub(super) async fn past(store: &Store, wanted: &[PastRequest], at: Timestamp) -> Result<Past, StoreError> {
    let mut past = Past::default();
    let mut tx = store.pool().begin().await.map_err(|error| store.fault(&error))?;
    let mut shelf = Shelf::new(store, &mut tx);
    for request in wanted {
        if let PastRequest::Before(Before::Previous, key) = request
            && let Some(answer) = shelf.previous(key, at).await?
        {
            past.before.insert((Before::Previous, key.clone()), Arc::new(answer));
        }
    }
    for (key, (window, facts)) in windows(wanted) {
        let from = micros_of(at).saturating_sub(window);
        let history = match shelf.question(key).await? {
            None => History { facts, ..History::default() },
            Some(question) => {
                let mut collector = Collector::new(facts, &key.target, false);
                shelf.collect(question, (from, micros_of(at)), &mut collector).await?;
                collector.history()
            }
        };
        past.history.insert(key.clone(), Arc::new(history));
    }
    tx.rollback().await.map_err(|error| store.fault(&error))?;
    Ok(past)
}

/// Each question once: the longest window, and all facts that somebody wants.
fn windows(wanted: &[PastRequest]) -> BTreeMap<&Key, (i64, Vec<Arc<str>>)> {
    let mut windows: BTreeMap<&Key, (i64, Vec<Arc<str>>)> = BTreeMap::new();
    for request in wanted {
        if let PastRequest::History(key, window, facts) = request {
            let known = windows.entry(key).or_default();
            known.0 = known.0.max(*window);
            for fact in facts {
                if !known.1.contains(fact) {
                    known.1.push(Arc::clone(fact));
                }
            }
        }
    }
    windows
}

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

    async fn previous(
        &mut self,
        key: &Key,
        at: Timestamp,
    ) -> Result<Option<crate::fact::Observation>, StoreError> {
        let Some(question) = self.question(key).await? else { return Ok(None) };
        let answered: Result<bool, _> =
            sqlx::query_scalar(ANSWERED).bind(question).fetch_one(self.tx()).await;
        if !answered.map_err(|error| self.fault(&error))? {
            return Ok(None);
        }
        let found =
            sqlx::query_scalar(PREVIOUS).bind(micros_of(at)).bind(question).fetch_optional(self.tx()).await;
        let found: Option<i64> = found.map_err(|error| self.fault(&error))?;
        let Some(run) = found else { return Ok(None) };
        let found = sqlx::query_as(ANSWER).bind(run).bind(question).fetch_optional(self.tx()).await;
        let found: Option<Stored> = found.map_err(|error| self.fault(&error))?;
        let found = match found {
            Some(found) => Some(found),
            None => self.batched_in(run).await?.into_iter().find(|one| one.question == question),
        };
        let Some(stored) = found else { return Ok(None) };
        Ok(self.whole(&[stored]).await?.pop())
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

/// Which subject each row is; a row that has no name, or shares it, is none.
type Slots = Arc<[Option<usize>]>;

/// The same schema with the same bytes in its key has the same subjects.
#[derive(PartialEq, Eq, Hash)]
struct Fingerprint {
    schema: usize,
    rows: usize,
    keys: Vec<Result<i64, Vec<u8>>>,
}

/// Key columns whose rows are remembered; beyond that they hardly repeat.
const REMEMBERED: usize = 64;

/// Makes tracks of observations that come in order of time.
pub(super) struct Collector {
    facts: Vec<Arc<str>>,
    /// Types in the last answer. A sample of another type is left out, as it was counted in another unit.
    types: Vec<Option<Type>>,
    target: Arc<str>,
    keep_unread: bool,
    numbers: HashMap<Arc<str>, usize>,
    names: Vec<Arc<str>>,
    tracks: Vec<Vec<WatchedFact>>,
    slots: HashMap<Fingerprint, Slots>,
    asked: Vec<(i64, Option<Arc<Missing>>)>,
}

impl Collector {
    pub(super) fn new(facts: Vec<Arc<str>>, target: &Arc<str>, keep_unread: bool) -> Self {
        Self {
            types: vec![None; facts.len()],
            facts,
            target: Arc::clone(target),
            keep_unread,
            numbers: HashMap::new(),
            names: Vec::new(),
            tracks: Vec::new(),
            slots: HashMap::new(),
            asked: Vec::new(),
        }
    }

    /// Takes the types of this schema, and drops facts that are lists or records.
    fn expect(&mut self, schema: &Schema) {
        let single = |name: &Arc<str>| {
            let ty = schema.field(name).map(|field| field.ty.base());
            !matches!(ty, Some(Type::List(_) | Type::Record(_)))
        };
        self.facts.retain(single);
        let ty = |name: &Arc<str>| schema.field(name).map(|field| field.ty.base().clone());
        self.types = self.facts.iter().map(ty).collect();
    }

    /// Where a fact stands in this schema, if it is of the same type there.
    fn positions<'b>(&'b self, schema: &'b Schema) -> impl Iterator<Item = (usize, usize)> + 'b {
        let position = |(fact, (name, ty)): (usize, (&Arc<str>, &Option<Type>))| {
            let position = schema.position(name)?;
            let found = schema.fields.get(position)?.ty.base();
            let same = ty.as_ref().is_some_and(|ty| ty == found || (ty.is_text() && found.is_text()));
            same.then_some((fact, position))
        };
        self.facts.iter().zip(&self.types).enumerate().filter_map(position)
    }

    /// Blobs that are needed to add this observation.
    fn wants(&self, stored: &Stored, schema: &Schema, parts: &Parts, wanted: &mut BTreeSet<i64>) {
        let positions =
            schema.key.iter().copied().chain(self.positions(schema).map(|(_, position)| position));
        let blobs = positions.filter_map(|position| parts.get(&(stored.id, i64::try_from(position).ok()?)));
        wanted.extend(blobs);
    }

    fn add(
        &mut self,
        shelf: &Shelf<'_>,
        stored: &Stored,
        parts: &Parts,
        blobs: &HashMap<i64, Vec<u8>>,
    ) -> Result<(), StoreError> {
        if self.keep_unread {
            self.asked.push((stored.seen, shelf.fault_of(stored)));
        }
        if stored.fault.is_some() {
            return Ok(());
        }
        let shape = shelf.shape_of(stored)?;
        let body = shelf.body(stored)?;
        let (Some(schema), Some((rows, _))) = (&shape.schema, body.head.table) else {
            return Err(shelf.wrong(stored, "it is neither an answer nor a fault"));
        };
        if body.columns.len() != schema.fields.len() {
            return Err(shelf.wrong(stored, "it has not the columns of its schema"));
        }
        let column = |field: usize| {
            let inside = body.columns.get(field).copied().flatten();
            shelf.column(stored, (field, inside), parts, blobs)
        };
        let mut keys = Vec::with_capacity(schema.key.len());
        for field in &schema.key {
            keys.push((*field, column(*field)?));
        }
        let blob = |field: usize| parts.get(&(stored.id, i64::try_from(field).ok()?)).copied();
        let fingerprint = Fingerprint {
            schema: Arc::as_ptr(schema).addr(),
            rows,
            keys: keys.iter().map(|(field, bytes)| blob(*field).ok_or_else(|| bytes.to_vec())).collect(),
        };
        let known = self.slots.get(&fingerprint).map(Arc::clone);
        let slots = if let Some(slots) = known {
            slots
        } else {
            let slots = self.name(schema, &keys, rows).map_err(|why| shelf.wrong(stored, why))?;
            if self.slots.len() >= REMEMBERED {
                self.slots.clear();
            }
            self.slots.insert(fingerprint, Arc::clone(&slots));
            slots
        };
        let wanted: Vec<(usize, usize)> = self.positions(schema).collect();
        for (fact, field) in wanted {
            self.samples(fact, &slots, stored.seen, (column(field)?, rows))
                .map_err(|why| shelf.wrong(stored, why))?;
        }
        Ok(())
    }

    fn samples(
        &mut self,
        fact: usize,
        slots: &Slots,
        at: i64,
        (bytes, rows): (&[u8], usize),
    ) -> Result<(), &'static str> {
        let (tracks, keep_unread) = (&mut self.tracks, self.keep_unread);
        column::decode(bytes, rows, &[], |row, seen| {
            let slot = slots.get(row).copied().flatten();
            let Some(to) = slot.and_then(|slot| tracks.get_mut(slot)?.get_mut(fact)) else { return };
            match seen {
                Ok(Value::List(_) | Value::Record(_)) => {}
                Ok(value) => {
                    to.track.at.push(at);
                    to.track.values.push(value);
                }
                Err(_) if keep_unread => to.unread.push(at),
                Err(_) => {}
            }
        })
    }

    /// The subject of each row.
    fn name(&mut self, schema: &Schema, keys: &[(usize, &[u8])], rows: usize) -> Result<Slots, &'static str> {
        let mut cells: Vec<Vec<Cell>> = Vec::with_capacity(keys.len());
        for (_, bytes) in keys {
            let mut column = Vec::with_capacity(rows);
            let unread = Arc::new(Missing::new(crate::fact::Cause::Absent, "unread"));
            column::decode(bytes, rows, &[], |_, seen| {
                column.push(seen.map_err(|_fault| Arc::clone(&unread)));
            })?;
            cells.push(column);
        }
        let mut row: Vec<Cell> = vec![Ok(Value::Null); schema.fields.len()];
        let mut slots: Vec<Option<usize>> = Vec::with_capacity(rows);
        let mut first: HashMap<usize, usize> = HashMap::new();
        for index in 0..rows {
            for ((field, _), column) in keys.iter().zip(&mut cells) {
                if let (Some(to), Some(from)) = (row.get_mut(*field), column.get_mut(index)) {
                    *to = std::mem::replace(from, Ok(Value::Null));
                }
            }
            let name =
                if schema.key.is_empty() { Ok(Arc::clone(&self.target)) } else { row_name(schema, &row) };
            let slot = name.ok().map(|name| self.number(name));
            slots.push(slot);
            // Of two rows with one name nobody knows which is which.
            if let Some(earlier) = slot.and_then(|slot| first.insert(slot, index)) {
                for twice in [earlier, index] {
                    if let Some(slot) = slots.get_mut(twice) {
                        *slot = None;
                    }
                }
            }
        }
        Ok(slots.into())
    }

    fn number(&mut self, name: Arc<str>) -> usize {
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        let number = self.names.len();
        self.names.push(Arc::clone(&name));
        self.tracks.push(vec![WatchedFact::default(); self.facts.len()]);
        self.numbers.insert(name, number);
        number
    }

    pub(super) fn watched(self) -> Watched {
        let facts = self.facts.into_iter().zip(self.types);
        Watched {
            facts: facts.filter_map(|(name, ty)| Some((name, ty?))).collect(),
            subjects: self.names.into_iter().zip(self.tracks).collect(),
            asked: self.asked,
        }
    }

    fn history(self) -> History {
        let mut history = History { facts: self.facts, subjects: HashMap::with_capacity(self.names.len()) };
        for (name, seen) in self.names.into_iter().zip(self.tracks) {
            if seen.iter().any(|seen| !seen.track.at.is_empty()) {
                history.subjects.insert(name, seen.into_iter().map(|seen| seen.track).collect());
            }
        }
        history
    }
}
