//! The full outer join: rows of two sides by their key, each subject once, whichever side it stands on.
//!
//! What cannot be matched is never taken for matched or for absent: a key that stands twice on one side, a key
//! that is null or could not be read, a side that was cut, each makes unknown what it could decide.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::fact::{Before, Cause, Cell, Level, Missing, Observation, Row, Schema, Table, Value, ZeroRows};
use crate::policy::{Join, Observe, View};

use super::tables::{Rows, Tables, exact};

/// No row on this side.
const NONE: u32 = u32::MAX;

/// A side of a join: a view of the check, or an earlier answer.
enum Side<'a> {
    View(usize),
    Table(Box<Table>),
    /// Borrowed rows of the answer of now.
    Answer(Cow<'a, Table>),
}

/// Pairs of rows.
pub(super) struct Pairs<'a> {
    sides: [Side<'a>; 2],
    /// Positions in the left and the right side.
    pub(super) pairs: Vec<[u32; 2]>,
    /// Columns of the key in either side; empty for rows of now and then, whose key stands in the row of now.
    by: Vec<[usize; 2]>,
    /// Does the key stand in front, or in the columns of the left side?
    key_in_front: bool,
    widths: [usize; 2],
    words: [Arc<str>; 3],
    /// Why it is not known whether a row that is missing on this side is there.
    unsure: [Option<Arc<Missing>>; 2],
    /// Pairs that stand for several rows of one key.
    pub(super) ambiguous: BTreeMap<usize, Arc<Missing>>,
    pub(super) faults: Vec<Arc<Missing>>,
}

impl Side<'_> {
    fn cells<'s>(&'s self, tables: &'s Tables<'_>, index: u32) -> Result<Cow<'s, [Cell]>, Arc<Missing>> {
        let lost = || Arc::new(Missing::new(Cause::Internal, "there is no such row"));
        let index = usize::try_from(index).map_err(|_too_large| lost())?;
        match self {
            Self::View(view) => tables.row(*view, index),
            Self::Table(table) => table.rows.get(index).map(|row| (&**row).into()).ok_or_else(lost),
            Self::Answer(table) => table.rows.get(index).map(|row| (&**row).into()).ok_or_else(lost),
        }
    }
}

impl Pairs<'_> {
    /// The cells of a pair, in the order of the view's columns.
    pub(super) fn row(&self, tables: &Tables<'_>, index: usize) -> Result<Vec<Cell>, Arc<Missing>> {
        let lost = || Arc::new(Missing::new(Cause::Internal, "there is no such row"));
        let [left, right] = self.pairs.get(index).copied().ok_or_else(lost)?;
        let [a, b] = &self.sides;
        let left = if left == NONE { None } else { Some(a.cells(tables, left)?) };
        let right = if right == NONE { None } else { Some(b.cells(tables, right)?) };
        let [wide, narrow] = self.widths;
        let mut cells = Vec::with_capacity(self.by.len() + 1 + wide + narrow);
        let key = |number: usize| {
            let [l, r] = self.by.get(number)?;
            left.as_ref().and_then(|row| row.get(*l)).or_else(|| right.as_ref().and_then(|row| row.get(*r)))
        };
        let [a, b, both] = &self.words;
        let [unsure_left, unsure_right] = &self.unsure;
        let side = match (&left, &right) {
            (Some(_), Some(_)) => Ok(Value::Text(Arc::clone(both))),
            (Some(_), None) => unsure_right
                .as_ref()
                .map_or_else(|| Ok(Value::Text(Arc::clone(a))), |why| Err(Arc::clone(why))),
            _ => unsure_left
                .as_ref()
                .map_or_else(|| Ok(Value::Text(Arc::clone(b))), |why| Err(Arc::clone(why))),
        };
        if self.key_in_front {
            cells.extend((0..self.by.len()).map(|number| key(number).cloned().unwrap_or(Ok(Value::Null))));
            cells.push(side);
            part(&mut cells, left.as_deref(), wide, unsure_left.as_ref());
        } else {
            part(&mut cells, left.as_deref(), wide, unsure_left.as_ref());
            if left.is_none() {
                for (number, [column, _]) in self.by.iter().enumerate() {
                    if let (Some(slot), Some(cell)) = (cells.get_mut(*column), key(number)) {
                        *slot = cell.clone();
                    }
                }
            }
            cells.push(side);
        }
        part(&mut cells, right.as_deref(), narrow, unsure_right.as_ref());
        Ok(cells)
    }
}

/// The cells of one side; of a row that is not there, null, or why that is not known.
fn part(cells: &mut Vec<Cell>, row: Option<&[Cell]>, width: usize, unsure: Option<&Arc<Missing>>) {
    match row {
        Some(row) => cells.extend(row.iter().cloned()),
        None => cells.extend((0..width).map(|_| unsure.map_or(Ok(Value::Null), |why| Err(Arc::clone(why))))),
    }
}

/// One key with the rows that have it.
struct Entry {
    hash: u64,
    rows: [u32; 2],
    doubled: [bool; 2],
}

/// The rows of both sides, read through one function.
struct Matcher<'r> {
    cell: &'r dyn Fn(usize, u32, usize) -> Option<&'r Cell>,
    by: &'r [[usize; 2]],
    hasher: DefaultHashBuilder,
    table: HashTable<u32>,
    entries: Vec<Entry>,
    nulls: [u64; 2],
    unread: [Option<Arc<Missing>>; 2],
}

/// Hashes a value so that equal values have one hash. Sides have one type, so numbers are of one kind.
fn hash_value(value: &Value, state: &mut impl Hasher) {
    match value {
        Value::Null => state.write_u8(0),
        Value::Bool(bool) => bool.hash(state),
        Value::Int(int) => int.hash(state),
        Value::Float(float) => (float + 0.0).to_bits().hash(state),
        Value::Text(text) => state.write(text.as_bytes()),
        Value::List(cells) | Value::Record(cells) => {
            cells.iter().flatten().for_each(|cell| hash_value(cell, state));
        }
    }
}

/// The hash of the values of a key; `None` if a part is null, an error if one could not be read.
pub(super) fn hash_key<'c>(
    cells: impl Iterator<Item = Option<&'c Cell>>,
    hasher: &DefaultHashBuilder,
    nulls: bool,
) -> Result<Option<u64>, Arc<Missing>> {
    let mut state = hasher.build_hasher();
    for cell in cells {
        match cell {
            Some(Ok(Value::Null)) | None if !nulls => return Ok(None),
            Some(Ok(value)) => hash_value(value, &mut state),
            Some(Err(why)) => return Err(Arc::clone(why)),
            None => state.write_u8(0),
        }
    }
    Ok(Some(state.finish()))
}

impl<'r> Matcher<'r> {
    fn new(
        cell: &'r dyn Fn(usize, u32, usize) -> Option<&'r Cell>,
        by: &'r [[usize; 2]],
        rows: usize,
    ) -> Self {
        Self {
            cell,
            by,
            hasher: DefaultHashBuilder::default(),
            table: HashTable::with_capacity(rows),
            entries: Vec::with_capacity(rows),
            nulls: [0, 0],
            unread: [None, None],
        }
    }

    fn column(by: &[usize; 2], side: usize) -> usize {
        let [left, right] = by;
        if side == 0 { *left } else { *right }
    }

    fn equal(&self, entry: &Entry, side: usize, row: u32) -> bool {
        let [left, right] = entry.rows;
        let (other, at) = if left == NONE { (1, right) } else { (0, left) };
        self.by.iter().all(|by| {
            let mine = (self.cell)(side, row, Self::column(by, side));
            let theirs = (self.cell)(other, at, Self::column(by, other));
            matches!((mine, theirs), (Some(Ok(a)), Some(Ok(b))) if a == b)
        })
    }

    /// Enters a row; returns the entry that it shares with others.
    fn enter(&mut self, side: usize, row: u32) -> Option<u32> {
        let cells = self.by.iter().map(|by| (self.cell)(side, row, Self::column(by, side)));
        let hash = match hash_key(cells, &self.hasher, false) {
            Ok(Some(hash)) => hash,
            Ok(None) => {
                if let Some(count) = self.nulls.get_mut(side) {
                    *count += 1;
                }
                return None;
            }
            Err(why) => {
                if let Some(slot) = self.unread.get_mut(side) {
                    slot.get_or_insert(why);
                }
                return None;
            }
        };
        let same = |index: &u32| {
            let entry = usize::try_from(*index).ok().and_then(|index| self.entries.get(index));
            entry.is_some_and(|entry| entry.hash == hash && self.equal(entry, side, row))
        };
        if let Some(found) = self.table.find(hash, same).copied() {
            self.join(found, side, row);
            return Some(found);
        }
        let index = u32::try_from(self.entries.len()).unwrap_or(NONE);
        let mut rows = [NONE, NONE];
        if let Some(slot) = rows.get_mut(side) {
            *slot = row;
        }
        self.entries.push(Entry { hash, rows, doubled: [false, false] });
        let entries = &self.entries;
        self.table.insert_unique(hash, index, |index| {
            usize::try_from(*index).ok().and_then(|index| entries.get(index)).map_or(0, |entry| entry.hash)
        });
        Some(index)
    }

    fn join(&mut self, entry: u32, side: usize, row: u32) {
        let found = usize::try_from(entry).ok().and_then(|index| self.entries.get_mut(index));
        let Some(entry) = found else { return };
        if let (Some(slot), Some(doubled)) = (entry.rows.get_mut(side), entry.doubled.get_mut(side)) {
            if *slot == NONE {
                *slot = row;
            } else {
                *doubled = true;
            }
        }
    }
}

/// What the sides are called, and how much of them is known.
struct About<'n> {
    names: [&'n str; 2],
    key: String,
    cuts: [Option<Arc<Missing>>; 2],
    /// May several rows of the left side have one key, because their own key tells them apart?
    many_left: bool,
}

/// Pairs with what is uncertain about them.
struct Matched {
    pairs: Vec<[u32; 2]>,
    ambiguous: BTreeMap<usize, Arc<Missing>>,
    unsure: [Option<Arc<Missing>>; 2],
    faults: Vec<Arc<Missing>>,
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(NONE - 1)
}

/// Joins the rows of two sides, left order first.
fn pair<'r>(
    cell: &'r dyn Fn(usize, u32, usize) -> Option<&'r Cell>,
    by: &'r [[usize; 2]],
    rows: [usize; 2],
    about: &About<'_>,
) -> Matched {
    let [left_rows, right_rows] = rows.map(count);
    let mut matcher = Matcher::new(cell, by, rows.into_iter().max().unwrap_or(0));
    for row in 0..right_rows {
        matcher.enter(1, row);
    }
    let mut of_left = Vec::with_capacity(rows.first().copied().unwrap_or(0));
    for row in 0..left_rows {
        of_left.push(matcher.enter(0, row));
    }
    let mut matched =
        Matched { pairs: Vec::new(), ambiguous: BTreeMap::new(), unsure: [None, None], faults: Vec::new() };
    matched.pairs.reserve(matcher.entries.len());
    for (row, entry) in of_left.iter().enumerate() {
        let Some(index) = entry else { continue };
        let Some(entry) = usize::try_from(*index).ok().and_then(|index| matcher.entries.get(index)) else {
            continue;
        };
        let [first, right] = entry.rows;
        let row = count(row);
        let [left_double, right_double] = entry.doubled;
        let doubled = if right_double { Some(1) } else { (left_double && !about.many_left).then_some(0) };
        if let Some(side) = doubled {
            if first != row {
                continue;
            }
            matched.ambiguous.insert(matched.pairs.len(), several(about, side));
        }
        matched.pairs.push([row, right]);
    }
    for entry in &matcher.entries {
        let [left, right] = entry.rows;
        if left == NONE {
            if entry.doubled.get(1) == Some(&true) {
                matched.ambiguous.insert(matched.pairs.len(), several(about, 1));
            }
            matched.pairs.push([NONE, right]);
        }
    }
    uncertain(&mut matched, &matcher, about);
    matched
}

fn several(about: &About<'_>, side: usize) -> Arc<Missing> {
    let name = about.names.get(side).copied().unwrap_or("");
    let what = format!(
        "several rows of `{name}` have this `{}`, so it is not known which of them is meant",
        about.key
    );
    Arc::new(
        Missing::new(Cause::Ambiguous, what)
            .level(Level::Row)
            .fix("join by more facts, or let the query give one row for each"),
    )
}

/// Keys that are null or were not read, and sides that were cut.
fn uncertain(matched: &mut Matched, matcher: &Matcher<'_>, about: &About<'_>) {
    let sides = about.names.iter().zip(&about.cuts).zip(matcher.nulls).zip(&matcher.unread);
    for (index, (((name, cut), nulls), unread)) in sides.enumerate() {
        if nulls > 0 {
            let rows = if nulls == 1 { "1 row".to_owned() } else { format!("{nulls} rows") };
            let what = format!("{rows} of `{name}` without a `{}` cannot be matched", about.key);
            let missing = Missing::new(Cause::Ambiguous, what);
            matched
                .faults
                .push(Arc::new(missing.fix("leave such rows out on purpose, for example in the query")));
        }
        matched.faults.extend(unread.iter().chain(cut).cloned());
        if let Some(slot) = matched.unsure.get_mut(index) {
            *slot = unread.clone().or_else(|| cut.clone());
        }
    }
}

/// Rows whose own key another row has, too. A key with a null or an unread part is nobody's.
pub(super) fn doubled(rows: &[Row], key: &[usize]) -> Vec<bool> {
    let mut doubled = vec![false; rows.len()];
    let hasher = DefaultHashBuilder::default();
    let mut table: HashTable<(u64, usize)> = HashTable::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let Ok(Some(hash)) = hash_key(key.iter().map(|column| row.get(*column)), &hasher, false) else {
            continue;
        };
        let same = |(known, at): &(u64, usize)| {
            *known == hash
                && rows.get(*at).is_some_and(|other| key.iter().all(|c| other.get(*c) == row.get(*c)))
        };
        match table.find(hash, same).copied() {
            Some((_, first)) => {
                for at in [first, index] {
                    if let Some(slot) = doubled.get_mut(at) {
                        *slot = true;
                    }
                }
            }
            None => {
                table.insert_unique(hash, (hash, index), |(hash, _)| *hash);
            }
        }
    }
    doubled
}

/// What is ambiguous in a side is ambiguous in a pair of it, and where another key was asked for, it is not known
/// which rows the others would have met.
fn inherited(matched: &mut Matched, sides: [&Rows<'_>; 2], schemas: [&Arc<Schema>; 2], by: &[[usize; 2]]) {
    for (number, (rows, schema)) in sides.into_iter().zip(schemas).enumerate() {
        let Rows::Pairs(inner) = rows else { continue };
        let Some(why) = inner.ambiguous.values().next().cloned() else { continue };
        for (index, pair) in matched.pairs.iter().enumerate() {
            let row = pair.get(number).and_then(|row| usize::try_from(*row).ok());
            if let Some(why) = row.and_then(|row| inner.ambiguous.get(&row)) {
                matched.ambiguous.entry(index).or_insert_with(|| Arc::clone(why));
            }
        }
        if by.iter().any(|columns| !schema.key.contains(&Matcher::column(columns, number))) {
            if let Some(slot) = matched.unsure.get_mut(number) {
                slot.get_or_insert_with(|| Arc::clone(&why));
            }
            matched.faults.push(why);
        }
    }
}

/// Two views by key.
pub(super) fn join<'a>(tables: &Tables<'a>, view: &View, join: &Join) -> Result<Pairs<'a>, Arc<Missing>> {
    let [a, b] = join.sides;
    let (left, right) = (tables.rows(a)?, tables.rows(b)?);
    let names = [tables.schema(a)?, tables.schema(b)?];
    // Rows that are pairs themselves are put together once, because keys are looked at again and again.
    let (left_rows, right_rows) = (tables.whole(a)?, tables.whole(b)?);
    let cell = |side: usize, row: u32, column: usize| {
        let table = if side == 0 { &left_rows } else { &right_rows };
        table.rows.get(usize::try_from(row).ok()?)?.get(column)
    };
    let own = &names.first().map(|schema| schema.key.clone()).unwrap_or_default();
    let roots =
        [view.rows.parts.first(), view.rows.parts.get(1)].map(|part| part.map_or("", |part| &*part.root));
    let about = About {
        names: roots,
        key: key_names(&view.rows.schema, join.by.len()),
        cuts: [left, right].map(|rows| rows.faults().into_iter().next()),
        many_left: own.iter().any(|column| !join.by.iter().any(|[left, _]| left == column)),
    };
    let mut matched = pair(&cell, &join.by, [left.len(), right.len()], &about);
    if about.many_left && matches!(left, Rows::Plain(_)) {
        let doubled = doubled(&left_rows.rows, own);
        for (index, [row, _]) in matched.pairs.iter().enumerate() {
            let row = usize::try_from(*row).ok().and_then(|row| doubled.get(row));
            if row == Some(&true) {
                matched.ambiguous.entry(index).or_insert_with(|| several(&about, 0));
            }
        }
    }
    inherited(&mut matched, [left, right], names, &join.by);
    empties(tables, [left, right], names, roots, &mut matched);
    let [root_a, root_b] = roots;
    Ok(Pairs {
        sides: [Side::View(a), Side::View(b)],
        pairs: matched.pairs,
        by: join.by.clone(),
        key_in_front: true,
        widths: names.map(|schema| schema.fields.len()),
        words: [Arc::from(root_a), Arc::from(root_b), Arc::from("both")],
        unsure: matched.unsure,
        ambiguous: matched.ambiguous,
        faults: matched.faults,
    })
}

fn key_names(schema: &Schema, count: usize) -> String {
    schema.fields.iter().take(count).map(|field| &*field.name).collect::<Vec<_>>().join("`, `")
}

/// A side without rows that had to have some proves nothing by its emptiness.
fn empties(
    tables: &Tables<'_>,
    rows: [&Rows<'_>; 2],
    schemas: [&Arc<Schema>; 2],
    names: [&str; 2],
    matched: &mut Matched,
) {
    let empty =
        |(rows, schema): &(&Rows<'_>, &Arc<Schema>)| rows.len() == 0 && schema.zero == ZeroRows::Suspicious;
    let sides: Vec<bool> = rows.into_iter().zip(schemas).map(|side| empty(&side)).collect();
    if tables.any_is_fine() || matched.pairs.is_empty() {
        return;
    }
    for (name, _) in names.into_iter().zip(sides).filter(|(_, empty)| *empty) {
        let what = format!("`{name}` has no rows, and something had to be there");
        let missing = Missing::new(Cause::Empty, what).fix("if nothing is fine here, write `expect: any`");
        matched.faults.push(Arc::new(missing));
    }
}

/// The rows of now and of then.
pub(super) fn before<'a>(
    tables: &Tables<'a>,
    view: &View,
    observation: usize,
) -> Result<Pairs<'a>, Arc<Missing>> {
    let now = tables.observed(observation)?;
    let answers = tables.answers(observation)?;
    let observe = tables.check.policy.observe.get(observation);
    let source = observe.and_then(|observe| observe.before.clone());
    let (Some(answer), Some(source), Some(observe)) = (answers.first(), source, observe) else {
        return Err(Arc::new(Missing::new(Cause::Internal, "there is nothing to compare with")));
    };
    let schema = &observe.asked;
    let then = earlier(tables, answer, source, observe)?;
    let by: Vec<[usize; 2]> = schema.key.iter().map(|column| [*column, *column]).collect();
    let about = About {
        names: ["after", "before"],
        key: schema.key_names().join("`, `"),
        cuts: [now.cut.clone(), then.cut.clone()],
        many_left: false,
    };
    let matched = if by.is_empty() {
        let whole = now.rows.len() == 1 && then.rows.len() == 1;
        if !whole {
            return Err(Arc::new(Missing::new(Cause::Empty, "one of the two answers has no row")));
        }
        let faults = about.cuts.iter().flatten().cloned().collect();
        Matched { pairs: vec![[0, 0]], ambiguous: BTreeMap::new(), unsure: [None, None], faults }
    } else {
        let cell = |side: usize, row: u32, column: usize| {
            let table: &Table = if side == 0 { &now } else { &then };
            table.rows.get(usize::try_from(row).ok()?)?.get(column)
        };
        let mut matched = pair(&cell, &by, [now.rows.len(), then.rows.len()], &about);
        let suspicious = schema.zero == ZeroRows::Suspicious && !tables.any_is_fine();
        if then.rows.is_empty() && suspicious && !matched.pairs.is_empty() {
            let what = "the earlier answer has no rows, and something had to be there";
            matched.faults.push(Arc::new(Missing::new(Cause::Empty, what)));
        }
        matched
    };
    let width = view.rows.side.unwrap_or(schema.fields.len());
    Ok(Pairs {
        sides: [Side::Answer(now), Side::Table(Box::new(then))],
        pairs: matched.pairs,
        by,
        key_in_front: false,
        widths: [width, width],
        words: ["after", "before", "both"].map(Arc::from),
        unsure: matched.unsure,
        ambiguous: matched.ambiguous,
        faults: matched.faults,
    })
}

/// The earlier answer in the shape of now, if it is of the same system.
fn earlier(
    tables: &Tables<'_>,
    answer: &Observation,
    source: Before,
    observe: &Observe,
) -> Result<Table, Arc<Missing>> {
    let (what, fix) = match &source {
        Before::Previous => (
            "there is no earlier answer to compare with".to_owned(),
            "the next run has one, if the project has a `store:`",
        ),
        Before::Recording(path) => (
            format!("the recording `{path}` has no answer to this question"),
            "record it again with `muster record`",
        ),
        Before::Gate => ("there is no snapshot of the gate".to_owned(), "take one before the migration"),
    };
    let none = || Arc::new(Missing::new(Cause::NoHistory, what).fix(fix));
    let then = tables.given.past.before.get(&(source, answer.key.clone())).ok_or_else(none)?;
    if let (Some(now), Some(before)) = (&answer.identity.system, &then.identity.system)
        && now != before
    {
        let what = format!("the earlier answer is of the system {before}, and this is {now}");
        return Err(Arc::new(
            Missing::new(Cause::WrongTarget, what).fix("compare with an answer of the same system"),
        ));
    }
    let table = then.result.as_ref().map_err(|why| {
        let what = format!("the earlier answer could not be read: {}", why.what);
        Arc::new(Missing { what, ..(**why).clone() })
    })?;
    let table = table.fit(&observe.asked, &answer.key.probe)?;
    // What is refused now is refused then.
    Ok(match observe.exact {
        true => exact(observe, Cow::Owned(table)).into_owned(),
        false => table,
    })
}
