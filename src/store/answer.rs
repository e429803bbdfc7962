//! What a run saw, one answer after the other, in the bytes in which it waits for the store.
//!
//! They are written as they are made: a run of a thousand answers has ten thousand columns of a few bytes, which would
//! take more time and room apart than all the rest of remembering it.

use std::time::Duration;

use jiff::Timestamp;

use super::body::Head;
use super::bytes::{Fault, Reader, Writer};
use super::packed::{maybe, read_all, read_flag, read_maybe};

/// The texts of an answer, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Named {
    /// Target, probe, arguments and facts.
    pub(super) key: [usize; 4],
    pub(super) shape: usize,
    pub(super) fault: Option<usize>,
    pub(super) cut: Option<usize>,
    /// The faults of its cells.
    pub(super) faults: Option<usize>,
}

/// One answer, or why there is none.
#[derive(Debug, PartialEq)]
pub(super) struct Answer<'a> {
    pub(super) named: Named,
    pub(super) head: Head,
    /// None if there is no table.
    pub(super) columns: Vec<&'a [u8]>,
}

/// Answers, one after the other.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Answers {
    count: usize,
    bytes: Writer,
}

/// Bytes of a short answer, to begin with.
const SHORT: usize = 96;

impl Answers {
    /// With room for so many short ones.
    pub(super) fn reserved(many: usize) -> Self {
        Self { count: 0, bytes: Writer(Vec::with_capacity(many.saturating_mul(SHORT))) }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// How many bytes are written of them.
    pub(super) fn room(&self) -> usize {
        self.bytes.0.len() + 10
    }

    /// Appends one; its columns are their number, and then of each its length and its bytes.
    pub(super) fn push(&mut self, named: &Named, head: &Head, columns: &[u8]) {
        let out = &mut self.bytes;
        named.key.iter().for_each(|text| out.size(*text));
        out.size(named.shape);
        [named.fault, named.cut, named.faults].iter().for_each(|text| maybe(out, *text));
        let Head { at, source_clock, took, table } = head;
        time(out, *at);
        out.count(u64::from(source_clock.is_some()));
        source_clock.iter().for_each(|clock| time(out, *clock));
        out.count(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        out.count(u64::from(table.is_some()));
        if let Some((rows, total)) = table {
            out.size(*rows);
            out.count(*total);
        }
        if columns.is_empty() {
            out.size(0);
        }
        out.0.extend_from_slice(columns);
        self.count += 1;
    }

    /// Their number, and then each.
    pub(super) fn write(&self, out: &mut Writer) {
        out.size(self.count);
        out.0.extend_from_slice(&self.bytes.0);
    }

    /// Reads what was written; each of them was read once when this returns.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let count = reader.size()?;
        let whole = reader.0;
        for _ in 0..count {
            read(reader)?;
        }
        let (bytes, _) = whole.split_at_checked(whole.len() - reader.0.len()).unwrap_or_default();
        Ok(Self { count, bytes: Writer(bytes.to_vec()) })
    }

    /// Each of them.
    pub(super) fn all(&self) -> Result<Vec<Answer<'_>>, Fault> {
        let mut reader = Reader(&self.bytes.0);
        let all = (0..self.count).map(|_| read(&mut reader)).collect::<Result<_, _>>()?;
        reader.end()?;
        Ok(all)
    }
}

fn time(out: &mut Writer, at: Timestamp) {
    out.signed(at.as_second());
    out.signed(i64::from(at.subsec_nanosecond()));
}

fn read_time(reader: &mut Reader<'_>) -> Result<Timestamp, Fault> {
    let (second, nanos) = (reader.signed()?, reader.signed()?);
    let nanos = i32::try_from(nanos).map_err(|_too_large| "a time has too many nanoseconds")?;
    Timestamp::new(second, nanos).map_err(|_beyond| "a time lies beyond the year 9999")
}

fn read<'a>(reader: &mut Reader<'a>) -> Result<Answer<'a>, Fault> {
    let key = [reader.size()?, reader.size()?, reader.size()?, reader.size()?];
    let shape = reader.size()?;
    let (fault, cut, faults) = (read_maybe(reader)?, read_maybe(reader)?, read_maybe(reader)?);
    let at = read_time(reader)?;
    let source_clock = if read_flag(reader)? { Some(read_time(reader)?) } else { None };
    let took = Duration::from_micros(reader.count()?);
    let table = if read_flag(reader)? { Some((reader.size()?, reader.count()?)) } else { None };
    let columns = read_all(reader, |reader| {
        let size = reader.size()?;
        reader.take(size)
    })?;
    let named = Named { key, shape, fault, cut, faults };
    Ok(Answer { named, head: Head { at, source_clock, took, table }, columns })
}
