//! One fact of all rows of an answer as a few bytes.
//!
//! A byte says how the values are written, and whether there are holes: rows in which the fact is null or could
//! not be read. Holes are runs (rows that are skipped, length, 0 for null or the number of the fault), because a
//! fact that nobody asked for is missing in every row. Then the other values follow, in order of the rows, written
//! in the way that takes the fewest bytes. Nothing here knows the type of the fact, so that whatever was seen
//! comes back, bit for bit.

use std::collections::HashMap;
use std::sync::Arc;

use super::bytes::{Fault, Reader, Writer, zigzag};
use crate::fact::{Cell, Missing, Value};

/// Follows in the same byte: there are holes.
const HOLES: u8 = 0x80;

const NOTHING: u8 = 0;
const INT: u8 = 1;
const DELTA: u8 = 2;
const ONE_INT: u8 = 3;
const FLOAT: u8 = 4;
const ONE_FLOAT: u8 = 5;
const BOOL: u8 = 6;
const WORDS: u8 = 7;
const TEXT: u8 = 8;
const MIXED: u8 = 9;

/// What stands in a cell within a list, or in a column of unlike values.
mod tag {
    pub(super) const NULL: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    pub(super) const INT: u8 = 3;
    pub(super) const FLOAT: u8 = 4;
    pub(super) const TEXT: u8 = 5;
    pub(super) const LIST: u8 = 6;
    pub(super) const RECORD: u8 = 7;
    pub(super) const MISSING: u8 = 8;
    pub(super) const MASKED: u8 = 9;
}

/// Lists in lists at most.
const DEEPEST: u32 = 64;

/// The faults of an answer, each once.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) list: Vec<Arc<Missing>>,
    known: HashMap<Arc<Missing>, u64>,
}

impl Faults {
    fn number(&mut self, why: &Arc<Missing>) -> u64 {
        // What nobody asked for is missing for one reason, column after column.
        if let Some(last) = self.list.len().checked_sub(1)
            && self.list.get(last).is_some_and(|known| Arc::ptr_eq(known, why))
        {
            return u64::try_from(last).unwrap_or(u64::MAX);
        }
        if let Some(number) = self.known.get(why) {
            return *number;
        }
        let number = u64::try_from(self.list.len()).unwrap_or(u64::MAX);
        self.list.push(Arc::clone(why));
        self.known.insert(Arc::clone(why), number);
        number
    }
}

/// Is it worth looking for the same bytes of an earlier run? Texts seldom change, numbers often.
pub(super) fn is_settled(column: &[u8]) -> bool {
    column.first().is_some_and(|head| matches!(head & !HOLES, WORDS | TEXT | MIXED))
}

/// Appends the cells of a column.
pub(super) fn encode<'a>(
    out: &mut Writer,
    cells: impl Iterator<Item = &'a Cell> + Clone,
    faults: &mut Faults,
) {
    let mut some = cells.clone();
    if let (Some(cell), None) = (some.next(), some.next()) {
        encode_one(out, cell, faults);
    } else {
        encode_all(out, cells, faults);
    }
}

/// The same of the one row that most answers have: in the same bytes, for less work.
fn encode_one(out: &mut Writer, cell: &Cell, faults: &mut Faults) {
    let head = out.0.len();
    out.0.push(NOTHING);
    let kind = match cell {
        Ok(Value::Null) => {
            out.0.extend_from_slice(&[1, 0, 1, 0]);
            HOLES | NOTHING
        }
        Err(why) => {
            let number = faults.number(why) + 1;
            out.0.extend_from_slice(&[1, 0, 1]);
            out.count(number);
            HOLES | NOTHING
        }
        Ok(Value::Int(int)) => {
            out.signed(*int);
            INT
        }
        Ok(Value::Float(float)) => {
            out.float(*float);
            FLOAT
        }
        Ok(Value::Bool(bool)) => {
            out.0.push(u8::from(*bool));
            BOOL
        }
        Ok(Value::Text(text)) => {
            out.size(1);
            out.text(text);
            WORDS
        }
        Ok(other) => {
            write_value(out, other, faults);
            MIXED
        }
    };
    if let Some(head) = out.0.get_mut(head) {
        *head = kind;
    }
}

fn encode_all<'a>(out: &mut Writer, cells: impl Iterator<Item = &'a Cell>, faults: &mut Faults) {
    let mut values = Vec::new();
    let mut holes: Vec<(usize, usize, u64)> = Vec::new();
    for (row, cell) in cells.enumerate() {
        let code = match cell {
            Ok(Value::Null) => 0,
            Ok(value) => {
                values.push(value);
                continue;
            }
            Err(why) => faults.number(why) + 1,
        };
        match holes.last_mut() {
            Some((from, length, last)) if *last == code && *from + *length == row => *length += 1,
            _ => holes.push((row, 1, code)),
        }
    }
    let head = out.0.len();
    out.0.push(if holes.is_empty() { 0 } else { HOLES });
    if !holes.is_empty() {
        out.size(holes.len());
        let mut end = 0;
        for (from, length, code) in holes {
            out.size(from - end);
            out.size(length);
            out.count(code);
            end = from + length;
        }
    }
    let kind = write(out, &values, faults);
    if let Some(head) = out.0.get_mut(head) {
        *head |= kind;
    }
}

fn all<T>(values: &[&Value], of: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    values.iter().map(|value| of(value)).collect()
}

fn write(out: &mut Writer, values: &[&Value], faults: &mut Faults) -> u8 {
    if values.is_empty() {
        return NOTHING;
    }
    if let Some(ints) = all(values, Value::as_int) {
        return write_ints(out, &ints);
    }
    let float = |value: &Value| if let Value::Float(float) = value { Some(*float) } else { None };
    if let Some(floats) = all(values, float) {
        return write_floats(out, &floats);
    }
    if let Some(bools) = all(values, Value::as_bool) {
        for eight in bools.chunks(8) {
            out.0.push(eight.iter().rev().fold(0, |byte, bool| byte << 1 | u8::from(*bool)));
        }
        return BOOL;
    }
    let text = |value: &&Value| if let Value::Text(text) = value { Some(Arc::clone(text)) } else { None };
    if let Some(texts) = values.iter().map(text).collect::<Option<Vec<_>>>() {
        return write_texts(out, &texts);
    }
    values.iter().for_each(|value| write_value(out, value, faults));
    MIXED
}

fn write_ints(out: &mut Writer, ints: &[i64]) -> u8 {
    let Some((first, rest)) = ints.split_first() else { return NOTHING };
    if ints.len() > 1 && rest.iter().all(|int| int == first) {
        out.signed(*first);
        return ONE_INT;
    }
    let length = |value: u64| u64::from(70 - value.leading_zeros().min(63)) / 7;
    let steps =
        || ints.iter().zip(std::iter::once(&0).chain(ints)).map(|(int, last)| int.wrapping_sub(*last));
    let plain: u64 = ints.iter().map(|int| length(zigzag(*int))).sum();
    let delta: u64 = steps().map(|step| length(zigzag(step))).sum();
    if delta < plain {
        steps().for_each(|step| out.signed(step));
        return DELTA;
    }
    ints.iter().for_each(|int| out.signed(*int));
    INT
}

fn write_floats(out: &mut Writer, floats: &[f64]) -> u8 {
    let Some((first, rest)) = floats.split_first() else { return NOTHING };
    if !rest.is_empty() && rest.iter().all(|float| float.to_bits() == first.to_bits()) {
        out.float(*first);
        return ONE_FLOAT;
    }
    floats.iter().for_each(|float| out.float(*float));
    FLOAT
}

/// Few texts that occur often are listed and numbered.
fn write_texts(out: &mut Writer, texts: &[Arc<str>]) -> u8 {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut words = Vec::new();
    for text in texts {
        if !numbers.contains_key(&**text) {
            numbers.insert(text, words.len());
            words.push(text);
        }
    }
    if words.len() * 2 > texts.len() && texts.len() > 1 {
        texts.iter().for_each(|text| out.text(text));
        return TEXT;
    }
    out.size(words.len());
    words.iter().for_each(|word| out.text(word));
    if words.len() > 1 {
        texts.iter().for_each(|text| out.size(numbers.get(&**text).copied().unwrap_or(usize::MAX)));
    }
    WORDS
}

fn write_value(out: &mut Writer, value: &Value, faults: &mut Faults) {
    match value {
        Value::Null => out.0.push(tag::NULL),
        Value::Bool(false) => out.0.push(tag::FALSE),
        Value::Bool(true) => out.0.push(tag::TRUE),
        Value::Int(int) => {
            out.0.push(tag::INT);
            out.signed(*int);
        }
        Value::Float(float) => {
            out.0.push(tag::FLOAT);
            out.float(*float);
        }
        Value::Text(text) => {
            out.0.push(tag::TEXT);
            out.text(text);
        }
        Value::Masked(digest) => {
            out.0.push(tag::MASKED);
            out.text(digest);
        }
        Value::List(cells) => {
            out.0.push(tag::LIST);
            write_cells(out, cells, faults);
        }
        Value::Record(cells) => {
            out.0.push(tag::RECORD);
            write_cells(out, cells, faults);
        }
    }
}

fn write_cells(out: &mut Writer, cells: &[Cell], faults: &mut Faults) {
    out.size(cells.len());
    for cell in cells {
        match cell {
            Ok(value) => write_value(out, value, faults),
            Err(why) => {
                out.0.push(tag::MISSING);
                out.count(faults.number(why));
            }
        }
    }
}

/// What is read of a row: a value, or the number of the fault for which there is none.
pub(super) type Seen = Result<Value, usize>;

/// Reads a column of so many rows, and tells each in order. `faults` are those of the answer.
pub(super) fn decode(
    bytes: &[u8],
    rows: usize,
    faults: &[Arc<Missing>],
    mut tell: impl FnMut(usize, Seen),
) -> Result<(), Fault> {
    let mut reader = Reader(bytes);
    let head = reader.byte()?;
    let mut holes = Reader(&[]);
    let mut left = 0;
    let mut missing = 0usize;
    if head & HOLES != 0 {
        left = reader.size()?;
        holes = reader;
        for _ in 0..left {
            let (gap, length) = (reader.size()?, reader.size()?);
            reader.count()?;
            let so_far = missing.checked_add(length).zip(gap.checked_add(length));
            missing = so_far.filter(|(sum, _)| *sum <= rows).ok_or("more rows are missing than there are")?.0;
        }
    }
    let count = rows.checked_sub(missing).ok_or("more rows are missing than there are")?;
    let mut values = Values::open(head & !HOLES, reader, count, faults)?;
    let mut row = 0usize;
    while left > 0 {
        let (gap, length, code) = (holes.size()?, holes.size()?, holes.size()?);
        left -= 1;
        let from = row.checked_add(gap).filter(|from| *from <= rows).ok_or("a hole lies beyond the rows")?;
        let to = from.checked_add(length).filter(|to| *to <= rows).ok_or("a hole lies beyond the rows")?;
        values.run(row, gap, &mut tell)?;
        for row in from..to {
            tell(row, code.checked_sub(1).map_or(Ok(Value::Null), Err));
        }
        row = to;
    }
    values.run(row, rows - row, &mut tell)?;
    values.reader.end()
}

/// The values of a column that are there.
struct Values<'a> {
    kind: u8,
    reader: Reader<'a>,
    left: usize,
    words: Vec<Value>,
    last: i64,
    one: Value,
    bits: u8,
    bit: u8,
    faults: &'a [Arc<Missing>],
}

impl<'a> Values<'a> {
    fn open(kind: u8, reader: Reader<'a>, left: usize, faults: &'a [Arc<Missing>]) -> Result<Self, Fault> {
        let mut values = Self {
            kind,
            reader,
            left,
            words: Vec::new(),
            last: 0,
            one: Value::Null,
            bits: 0,
            bit: 8,
            faults,
        };
        match kind {
            NOTHING if left > 0 => return Err("rows are missing"),
            NOTHING | INT | DELTA | FLOAT | BOOL | TEXT | MIXED => {}
            ONE_INT => values.one = Value::Int(values.reader.signed()?),
            ONE_FLOAT => values.one = Value::Float(values.reader.float()?),
            WORDS => {
                let words = values.reader.size()?;
                for _ in 0..words {
                    let word = Value::text(values.reader.text()?);
                    values.words.push(word);
                }
            }
            _ => return Err("a column is written in a way that nobody knows"),
        }
        Ok(values)
    }

    /// Tells the next values as those of the rows from here on. One loop for each of the common kinds, because
    /// millions of samples go through here.
    fn run(&mut self, from: usize, many: usize, tell: &mut impl FnMut(usize, Seen)) -> Result<(), Fault> {
        self.left = self.left.checked_sub(many).ok_or("rows are missing")?;
        let rows = from..from.saturating_add(many);
        match self.kind {
            INT => {
                for row in rows {
                    tell(row, Ok(Value::Int(self.reader.signed()?)));
                }
            }
            DELTA => {
                for row in rows {
                    self.last = self.last.wrapping_add(self.reader.signed()?);
                    tell(row, Ok(Value::Int(self.last)));
                }
            }
            FLOAT => {
                for row in rows {
                    tell(row, Ok(Value::Float(self.reader.float()?)));
                }
            }
            _ => {
                for row in rows {
                    tell(row, self.next()?);
                }
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Seen, Fault> {
        Ok(Ok(match self.kind {
            ONE_INT | ONE_FLOAT => self.one.clone(),
            BOOL => {
                if self.bit == 8 {
                    (self.bits, self.bit) = (self.reader.byte()?, 0);
                }
                let set = self.bits >> self.bit & 1 == 1;
                self.bit += 1;
                Value::Bool(set)
            }
            WORDS => {
                let number = if self.words.len() == 1 { 0 } else { self.reader.size()? };
                self.words.get(number).ok_or("a word that is not listed")?.clone()
            }
            TEXT => Value::text(self.reader.text()?),
            MIXED => return read_cell(&mut self.reader, self.faults, 0),
            _ => return Err("rows are missing"),
        }))
    }
}

fn read_cell(reader: &mut Reader<'_>, faults: &[Arc<Missing>], depth: u32) -> Result<Seen, Fault> {
    Ok(Ok(match reader.byte()? {
        tag::NULL => Value::Null,
        tag::FALSE => Value::Bool(false),
        tag::TRUE => Value::Bool(true),
        tag::INT => Value::Int(reader.signed()?),
        tag::FLOAT => Value::Float(reader.float()?),
        tag::TEXT => Value::text(reader.text()?),
        tag::MASKED => Value::Masked(Arc::from(reader.text()?)),
        tag::LIST => Value::List(read_cells(reader, faults, depth)?.into()),
        tag::RECORD => Value::Record(read_cells(reader, faults, depth)?.into()),
        tag::MISSING => return Ok(Err(reader.size()?)),
        _ => return Err("a value is written in a way that nobody knows"),
    }))
}

fn read_cells(reader: &mut Reader<'_>, faults: &[Arc<Missing>], depth: u32) -> Result<Vec<Cell>, Fault> {
    if depth > DEEPEST {
        return Err("lists lie too deep in each other");
    }
    let size = reader.size()?;
    let mut cells = Vec::new();
    for _ in 0..size {
        cells.push(cell(read_cell(reader, faults, depth + 1)?, faults)?);
    }
    Ok(cells)
}

/// What was read, with its fault.
pub(super) fn cell(seen: Seen, faults: &[Arc<Missing>]) -> Result<Cell, Fault> {
    match seen {
        Ok(value) => Ok(Ok(value)),
        Err(number) => Ok(Err(Arc::clone(faults.get(number).ok_or("a fault that is not listed")?))),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fact::{Cause, Level};

    /// A cause with any text.
    pub(in super::super) fn missing() -> impl Strategy<Value = Arc<Missing>> {
        let parts = (0..Cause::ALL.len(), "[a-c]{0,2}", proptest::option::of(".{0,3}"), any::<bool>());
        parts.prop_map(|(index, what, fix, field)| {
            let level = if field { Level::Field } else { Level::Row };
            Arc::new(Missing { cause: Cause::ALL[index], level, what, fix })
        })
    }

    fn leaf() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            (-9i64..9).prop_map(Value::Int),
            any::<f64>().prop_filter("NaN is not equal to itself", |f| !f.is_nan()).prop_map(Value::Float),
            "[a-d]{0,2}".prop_map(Value::text),
            ".*".prop_map(Value::text),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        leaf().prop_recursive(3, 16, 4, |inner| {
            let cell = prop_oneof![4 => inner.prop_map(Ok), 1 => missing().prop_map(Err)];
            let cells = proptest::collection::vec(cell, 0..4);
            prop_oneof![
                cells.clone().prop_map(|cells| Value::List(cells.into())),
                cells.prop_map(|cells| Value::Record(cells.into()))
            ]
        })
    }

    /// Cells of one kind with holes, or of any kind.
    fn cells() -> impl Strategy<Value = Vec<Cell>> {
        let with_holes = |value: BoxedStrategy<Value>| {
            let cell = prop_oneof![
                6 => value.prop_map(Ok),
                1 => Just(Ok(Value::Null)),
                1 => missing().prop_map(Err)
            ];
            proptest::collection::vec(cell, 0..40)
        };
        prop_oneof![
            with_holes(any::<i64>().prop_map(Value::Int).boxed()),
            with_holes((5_000i64..5_100).prop_map(Value::Int).boxed()),
            with_holes(Just(Value::Int(7)).boxed()),
            with_holes(any::<bool>().prop_map(Value::Bool).boxed()),
            with_holes((-1e9..1e9).prop_map(Value::Float).boxed()),
            with_holes(Just(Value::Float(-0.0)).boxed()),
            with_holes("[ab]".prop_map(Value::text).boxed()),
            with_holes(".*".prop_map(Value::text).boxed()),
            with_holes(value().boxed()),
            Just(vec![Ok(Value::Null); 500]),
            missing().prop_map(|why| vec![Err(why); 500]),
        ]
    }

    /// The column that stands behind another.
    fn encoded(cells: &[Cell], faults: &mut Faults) -> Vec<u8> {
        let mut out = Writer(vec![7]);
        encode(&mut out, cells.iter(), faults);
        assert_eq!(out.0.remove(0), 7);
        out.0
    }

    fn read(bytes: &[u8], rows: usize, faults: &[Arc<Missing>]) -> Result<Vec<Cell>, Fault> {
        let mut read = Vec::new();
        decode(bytes, rows, faults, |row, seen| {
            assert_eq!(row, read.len());
            read.push(seen);
        })?;
        assert_eq!(read.len(), rows);
        read.into_iter().map(|seen| cell(seen, faults)).collect()
    }

    proptest! {
        #[test]
        fn a_column_comes_back_as_it_was(cells in cells()) {
            let mut faults = Faults::default();
            let bytes = encoded(&cells, &mut faults);
            prop_assert_eq!(read(&bytes, cells.len(), &faults.list), Ok(cells.clone()));
            // Neither a row more nor a row less is taken for the column.
            let more = read(&bytes, cells.len() + 1, &faults.list);
            prop_assert!(more.is_err() || matches!(bytes[0] & !HOLES, ONE_INT | ONE_FLOAT | WORDS | BOOL));
            prop_assert!(read(&bytes[..bytes.len() - 1], cells.len(), &faults.list).is_err());
        }

        #[test]
        fn one_cell_is_written_as_a_column_of_one_is(
            cell in prop_oneof![9 => value().prop_map(Ok), 1 => missing().prop_map(Err)],
            other in missing(),
        ) {
            let (mut one, mut all) = (Faults::default(), Faults::default());
            one.number(&other);
            all.number(&other);
            let mut column = Writer::default();
            encode_all(&mut column, std::iter::once(&cell), &mut all);
            prop_assert_eq!(encoded(std::slice::from_ref(&cell), &mut one), column.0);
            prop_assert_eq!(one.list, all.list);
        }

        #[test]
        fn bytes_that_nobody_wrote_are_a_fault_or_cells_and_never_a_panic(
            kind in 0u8..12, holes: bool, bytes in proptest::collection::vec(any::<u8>(), 0..40), rows in 0usize..50
        ) {
            let mut all = vec![kind | if holes { HOLES } else { 0 }];
            all.extend(bytes);
            drop(read(&all, rows, &[]));
            drop(read(&all[1..], rows, &[]));
        }
    }

    #[test]
    fn what_is_missing_everywhere_or_the_same_takes_a_few_bytes() {
        let absent = Arc::new(Missing::new(Cause::Absent, "nobody asked"));
        let rows = |cell: Cell| encoded(&vec![cell; 1000], &mut Faults::default()).len();
        assert!(rows(Err(absent)) < 8);
        assert!(rows(Ok(Value::Null)) < 8);
        assert!(rows(Ok(Value::Int(1 << 40))) < 10);
        assert!(rows(Ok(Value::text("permanent"))) < 14);
    }
}
