//! The past of questions: earlier answers, and samples of single facts.
//!
//! A recall reads the columns that are wanted and no others, some hundred observations at once, and remembers which
//! row is which subject as long as the keys are the same bytes; so that thirty days of a thousand subjects take
//! about as long as reading their numbers from a table would.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::column;
use super::shelf::{Parts, Shape, Shelf, Stored};
use super::{Store, StoreError, Watched, WatchedFact};
use crate::fact::{
    Before, Cell, History, Key, Missing, Observation, Past, PastRequest, Schema, Type, Value, micros_of,
    row_name,
};

/// Recalls everything that is asked for, in one transaction.
pub(super) async fn past(store: &Store, wanted: &[PastRequest], at: Timestamp) -> Result<Past, StoreError> {
    let mut past = Past::default();
    let mut tx = store.pool().begin().await.map_err(|error| store.fault(&error))?;
    let mut shelf = Shelf::new(store, &mut tx);
    let mut answers: HashMap<(i64, i64), Arc<Observation>> = HashMap::new();
    for request in wanted {
        let PastRequest::Before(source @ Before::Previous(whose), key) = request else { continue };
        let Some(stored) = shelf.previous(key, whose.as_ref(), at).await? else { continue };
        // As a rule all checks that ask a question compare with the answer of one run.
        let place = (stored.run, stored.question);
        let known = answers.get(&place).map(Arc::clone);
        let answer = match known {
            Some(answer) => Some(answer),
            None => shelf.whole(&[stored]).await?.pop().map(Arc::new),
        };
        if let Some(answer) = answer {
            answers.insert(place, Arc::clone(&answer));
            past.before.insert((source.clone(), key.clone()), answer);
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
    /// Who gave the last answer that says it.
    of: Option<Arc<Shape>>,
    /// How many answers samples were taken of, and how many others another system gave.
    taken: usize,
    left_out: usize,
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
            of: None,
            taken: 0,
            left_out: 0,
        }
    }

    /// Takes the types of this schema, and drops facts that are lists or records.
    pub(super) fn expect(&mut self, schema: &Schema) {
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
    pub(super) fn wants(&self, stored: &Stored, schema: &Schema, parts: &Parts, wanted: &mut BTreeSet<i64>) {
        let positions =
            schema.key.iter().copied().chain(self.positions(schema).map(|(_, position)| position));
        let blobs = positions.filter_map(|position| parts.get(&(stored.id, i64::try_from(position).ok()?)));
        wanted.extend(blobs);
    }

    pub(super) fn add(
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
        self.same_system(&shape);
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

    /// What another system said is no sample of this one: with each other one it begins anew. Who shows what was seen shows
    /// it all.
    fn same_system(&mut self, shape: &Arc<Shape>) {
        let is_other = |then: &Arc<Shape>| shape.identity.unlike(&then.identity).is_some();
        if !self.keep_unread && self.of.as_ref().is_some_and(is_other) {
            self.left_out += std::mem::take(&mut self.taken);
            self.tracks.iter_mut().flatten().for_each(|seen| *seen = WatchedFact::default());
        }
        self.taken += 1;
        if shape.identity.system.is_some() || !shape.identity.host.is_empty() {
            self.of = Some(Arc::clone(shape));
        }
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
        let mut history = History {
            facts: self.facts,
            subjects: HashMap::with_capacity(self.names.len()),
            of: self.of.map(|shape| shape.identity.clone()),
            left_out: self.left_out,
        };
        for (name, seen) in self.names.into_iter().zip(self.tracks) {
            if seen.iter().any(|seen| !seen.track.at.is_empty()) {
                history.subjects.insert(name, seen.into_iter().map(|seen| seen.track).collect());
            }
        }
        history
    }
}
