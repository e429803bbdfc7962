//! Finds the rows of two sides that have one key.
//!
//! The rows lie all over memory, so what counts is how often the processor waits for it. The table keeps a part of
//! each hash beside the entry, and rows are looked for in blocks: one step is taken for all rows of a block before the
//! next, so that many waits pass at once. What only reads is done by all cores.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::fact::{Cell, Missing, Row, Value};

use super::parts::in_parts;

/// The prints of some rows, and what is said of those that have none.
struct Prints {
    of: Vec<Option<u32>>,
    nulls: u64,
    unread: Option<Arc<Missing>>,
}

impl Prints {
    fn add(&mut self, by: &[[usize; 2]], hasher: &DefaultHashBuilder, side: usize, row: &[Cell]) {
        let cells = by.iter().map(|by| row.get(Matcher::column(by, side)));
        let print = match hash_key(cells, hasher, false) {
            Ok(hash) => {
                self.nulls += u64::from(hash.is_none());
                hash.and_then(|hash| u32::try_from(hash >> 32).ok())
            }
            Err(why) => {
                self.unread.get_or_insert(why);
                None
            }
        };
        self.of.push(print);
    }
}

/// No row on this side.
pub(super) const NONE: u32 = u32::MAX;

/// Rows that are entered together.
const BLOCK: usize = 256;

/// One key with the rows that have it.
pub(super) struct Entry {
    pub(super) rows: [u32; 2],
    pub(super) doubled: [bool; 2],
}

/// An entry with a part of its key's hash, from which its place in the table follows.
struct Slot {
    print: u32,
    entry: u32,
}

/// The row that gave an entry its key.
struct Known<'r> {
    side: usize,
    row: &'r [Cell],
}

/// The keys of both sides.
pub(super) struct Matcher<'r> {
    rows: [&'r [Row]; 2],
    by: &'r [[usize; 2]],
    hasher: DefaultHashBuilder,
    table: HashTable<Slot>,
    pub(super) entries: Vec<Entry>,
    pub(super) nulls: [u64; 2],
    pub(super) unread: [Option<Arc<Missing>>; 2],
}

/// Hashes a value so that equal values have one hash. Sides have one type, so numbers are of one kind.
fn hash_value(value: &Value, state: &mut impl Hasher) {
    match value {
        Value::Null => state.write_u8(0),
        Value::Bool(bool) => bool.hash(state),
        Value::Int(int) => int.hash(state),
        Value::Float(float) => (float + 0.0).to_bits().hash(state),
        Value::Text(text) | Value::Masked(text) => state.write(text.as_bytes()),
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

/// The place of a print in the table.
fn spread(print: u32) -> u64 {
    u64::from(print).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn position(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

impl<'r> Matcher<'r> {
    pub(super) fn new(rows: [&'r [Row]; 2], by: &'r [[usize; 2]]) -> Self {
        let most = rows.iter().map(|rows| rows.len()).max().unwrap_or(0);
        Self {
            rows,
            by,
            hasher: DefaultHashBuilder::default(),
            table: HashTable::with_capacity(most),
            entries: Vec::with_capacity(most),
            nulls: [0, 0],
            unread: [None, None],
        }
    }

    pub(super) fn column(by: &[usize; 2], side: usize) -> usize {
        let [left, right] = by;
        if side == 0 { *left } else { *right }
    }

    /// Enters the rows of both sides, the right one first: the position of the entry of each row of the left side,
    /// `NONE` for those that cannot be matched.
    pub(super) fn enter(&mut self) -> Vec<u32> {
        let [left, right] = self.rows;
        let (left, right) = (self.prints(0, left), self.prints(1, right));
        self.put_all(1, &right, &[]);
        drop(right);
        // What is on the right does not change any more, so that all cores may look for the rows of the left.
        let found = self.look(&left);
        self.put_all(0, &left, &found)
    }

    /// A part of the hash of each row's key; `None` if the row cannot be matched, which is noted.
    fn prints(&mut self, side: usize, rows: &[Row]) -> Vec<Option<u32>> {
        let (by, hasher) = (self.by, &self.hasher);
        let parts = in_parts(rows, |_, rows| {
            let mut prints = Prints { of: Vec::with_capacity(rows.len()), nulls: 0, unread: None };
            rows.iter().for_each(|row| prints.add(by, hasher, side, row));
            prints
        });
        let mut all = Vec::with_capacity(rows.len());
        for Prints { of, nulls, unread } in parts {
            if all.is_empty() {
                all = of;
            } else {
                all.extend(of);
            }
            if let (Some(count), Some(slot)) = (self.nulls.get_mut(side), self.unread.get_mut(side)) {
                *count += nulls;
                *slot = slot.take().or(unread);
            }
        }
        all
    }

    /// The entries of the left side's rows, as far as they are there.
    fn look(&self, prints: &[Option<u32>]) -> Vec<Option<u32>> {
        let [left, _] = self.rows;
        let parts = in_parts(prints, |from, prints| {
            let rows = left.get(from..).unwrap_or_default();
            let mut all = Vec::with_capacity(prints.len());
            let (mut known, mut firsts) = (Vec::with_capacity(BLOCK), Vec::with_capacity(BLOCK));
            for (prints, rows) in prints.chunks(BLOCK).zip(rows.chunks(BLOCK)) {
                known.clear();
                firsts.clear();
                let begin = all.len();
                // Each line reads one thing of every row of the block, so the reads wait together.
                all.extend(prints.iter().map(|print| self.likely((*print)?)));
                let found = all.get_mut(begin..).unwrap_or_default();
                known.extend(found.iter().map(|entry| self.known((*entry)?)));
                firsts.extend(known.iter().map(|known| self.first(known.as_ref()?)));
                for (((found, known), first), row) in found.iter_mut().zip(&known).zip(&firsts).zip(rows) {
                    let same = known.as_ref().is_some_and(|known| self.same(known, *first, 0, row));
                    *found = found.filter(|_| same);
                }
            }
            all
        });
        parts
            .into_iter()
            .reduce(|mut all, part| {
                all.extend(part);
                all
            })
            .unwrap_or_default()
    }

    /// Puts every row of a side into its entry, which was found for it, or is found or made now.
    fn put_all(&mut self, side: usize, prints: &[Option<u32>], found: &[Option<u32>]) -> Vec<u32> {
        let rows = self.rows.get(side).copied().unwrap_or_default();
        let mut entered = Vec::with_capacity(rows.len());
        for (rows, prints) in rows.chunks(BLOCK).zip(prints.chunks(BLOCK)) {
            if found.is_empty() {
                // Reads on: the places of a whole block are waited for together.
                let some = prints.iter().flatten().filter(|print| self.likely(**print).is_some());
                std::hint::black_box(some.count());
            }
            for (row, print) in rows.iter().zip(prints) {
                let number = u32::try_from(entered.len()).unwrap_or(NONE);
                let known = found.get(entered.len()).copied().flatten();
                entered.push(print.map_or(NONE, |print| self.put(known, print, side, number, row)));
            }
        }
        entered
    }

    fn likely(&self, print: u32) -> Option<u32> {
        self.table.find(spread(print), |slot| slot.print == print).map(|slot| slot.entry)
    }

    /// The row by which an entry is known.
    fn known(&self, entry: u32) -> Option<Known<'r>> {
        let [left, right] = self.entries.get(position(entry))?.rows;
        let (side, at) = if left == NONE { (1, right) } else { (0, left) };
        let row = self.rows.get(side)?.get(position(at))?;
        Some(Known { side, row })
    }

    /// The first value of the key, if it is a text.
    fn first(&self, known: &Known<'r>) -> Option<&'r str> {
        let by = self.by.first()?;
        known.row.get(Self::column(by, known.side))?.as_ref().ok()?.as_text()
    }

    /// Has the row this key? Its first value is compared as a text, if it is one on both sides.
    fn same(&self, known: &Known<'r>, first: Option<&str>, side: usize, row: &[Cell]) -> bool {
        let equal = |by: &[usize; 2]| {
            let pair = (row.get(Self::column(by, side)), known.row.get(Self::column(by, known.side)));
            matches!(pair, (Some(Ok(a)), Some(Ok(b))) if a == b)
        };
        let Some((one, more)) = self.by.split_first() else { return true };
        let same = match (row.get(Self::column(one, side)), first) {
            (Some(Ok(Value::Text(mine))), Some(theirs)) => **mine == *theirs,
            _ => equal(one),
        };
        same && more.iter().all(equal)
    }

    /// Puts a row into the entry that was found for it, or into one that is found or made now.
    fn put(&mut self, found: Option<u32>, print: u32, side: usize, number: u32, row: &[Cell]) -> u32 {
        let same = |slot: &Slot| {
            let known = if slot.print == print { self.known(slot.entry) } else { None };
            known.is_some_and(|known| self.same(&known, self.first(&known), side, row))
        };
        let found = found.or_else(|| self.table.find(spread(print), same).map(|slot| slot.entry));
        if let Some(entry) = found {
            self.join(entry, side, number);
            return entry;
        }
        let entry = u32::try_from(self.entries.len()).unwrap_or(NONE);
        let rows = if side == 0 { [number, NONE] } else { [NONE, number] };
        self.entries.push(Entry { rows, doubled: [false, false] });
        self.table.insert_unique(spread(print), Slot { print, entry }, |slot| spread(slot.print));
        entry
    }

    fn join(&mut self, entry: u32, side: usize, row: u32) {
        let Some(entry) = self.entries.get_mut(position(entry)) else { return };
        if let (Some(slot), Some(doubled)) = (entry.rows.get_mut(side), entry.doubled.get_mut(side)) {
            if *slot == NONE {
                *slot = row;
            } else {
                *doubled = true;
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(keys: &[Option<&str>]) -> Vec<Row> {
        let cell = |key: Option<&str>| Ok(key.map_or(Value::Null, Value::text));
        keys.iter().map(|key| Box::from([cell(*key)])).collect()
    }

    #[test]
    fn rows_of_one_block_find_each_other() {
        let left = rows(&[Some("a"), Some("b"), None, Some("b")]);
        let right = rows(&[Some("b"), Some("c"), Some("c")]);
        let mut matcher = Matcher::new([&left, &right], &[[0, 0]]);
        assert_eq!(matcher.enter(), [2, 0, NONE, 0]);
        let seen: Vec<_> = matcher.entries.iter().map(|entry| (entry.rows, entry.doubled)).collect();
        let wanted = [([1, 0], [true, false]), ([NONE, 1], [false, true]), ([0, NONE], [false, false])];
        assert_eq!(seen, wanted);
        assert_eq!(matcher.nulls, [1, 0]);
    }

    #[test]
    fn every_row_of_many_blocks_and_parts_finds_its_own() {
        let names: Vec<String> = (0..80_000).map(|number| format!("row {number}")).collect();
        let left = rows(&names.iter().map(|name| Some(name.as_str())).collect::<Vec<_>>());
        let right: Vec<Row> = left.iter().rev().cloned().collect();
        let mut matcher = Matcher::new([&left, &right], &[[0, 0]]);
        matcher.enter();
        assert_eq!(matcher.entries.len(), 80_000);
        let last = |entry: &Entry| entry.rows.iter().sum::<u32>() == 79_999 && entry.doubled == [false; 2];
        assert!(matcher.entries.iter().all(last));
    }
}
