//! What of an observation changes with every run, in one small blob: its times, the numbers of its rows, and the
//! columns that are short. Long columns, and texts that seldom change, stand in blobs of their own, where the
//! same bytes are kept once.

use std::time::Duration;

use jiff::Timestamp;

use super::bytes::{Fault, Reader, Writer, sealed, unsealed};
use crate::fact::micros_of;

/// The source told its clock.
const CLOCK: u64 = 1;
/// There is a table.
const TABLE: u64 = 2;

/// Everything but the columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Head {
    pub(super) at: Timestamp,
    pub(super) source_clock: Option<Timestamp>,
    pub(super) took: Duration,
    /// Rows and how many the target has, if it answered.
    pub(super) table: Option<(usize, u64)>,
}

impl Head {
    /// The time of its samples.
    pub(super) fn seen(&self) -> i64 {
        micros_of(self.source_clock.unwrap_or(self.at))
    }
}

/// A body that was read: which columns stand in it, and which elsewhere (`None`).
#[derive(Debug, PartialEq)]
pub(super) struct Body<'a> {
    pub(super) head: Head,
    pub(super) columns: Vec<Option<&'a [u8]>>,
}

/// Writes a body; a column that is `None` stands elsewhere.
pub(super) fn write(head: &Head, columns: &[Option<&[u8]>]) -> Vec<u8> {
    sealed(plain(head, columns))
}

/// A body without what tells whether it was changed.
pub(super) fn plain(head: &Head, columns: &[Option<&[u8]>]) -> Vec<u8> {
    let mut out = Writer::default();
    let clock = head.source_clock.map_or(0, |_| CLOCK);
    out.count(clock | head.table.map_or(0, |_| TABLE));
    let seen = head.source_clock.unwrap_or(head.at);
    out.signed(i64::from(seen.subsec_nanosecond() % 1_000));
    if head.source_clock.is_some() {
        // A clock is seldom far away, so that this takes a few bytes.
        out.signed(head.at.as_second().wrapping_sub(seen.as_second()));
        out.signed(i64::from(head.at.subsec_nanosecond()) - i64::from(seen.subsec_nanosecond()));
    }
    out.count(u64::try_from(head.took.as_micros()).unwrap_or(u64::MAX));
    if let Some((rows, total)) = head.table {
        out.size(rows);
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        out.signed(total.wrapping_sub(rows).cast_signed());
        out.size(columns.len());
        for column in columns {
            out.size(column.map_or(0, |column| column.len() + 1));
        }
        for column in columns.iter().flatten() {
            out.0.extend_from_slice(column);
        }
    }
    out.0
}

fn time(second: i64, nanosecond: i64) -> Result<Timestamp, Fault> {
    let nanosecond = i32::try_from(nanosecond).map_err(|_too_large| "a time has too many nanoseconds")?;
    Timestamp::new(second, nanosecond).map_err(|_beyond| "a time lies beyond the year 9999")
}

/// Reads a body. `seen` is the time of its samples in microseconds, which stands beside it.
pub(super) fn read(bytes: &[u8], seen: i64) -> Result<Body<'_>, Fault> {
    read_plain(unsealed(bytes)?, seen)
}

/// Reads a body of which it is known that nobody changed it.
pub(super) fn read_plain(bytes: &[u8], seen: i64) -> Result<Body<'_>, Fault> {
    let mut reader = Reader(bytes);
    let flags = reader.count()?;
    if flags & !(CLOCK | TABLE) != 0 {
        return Err("it is written in a way that nobody knows");
    }
    let rest = reader.signed()?;
    let (second, micros) = (seen / 1_000_000, seen % 1_000_000);
    let nanos = micros.checked_mul(1_000).and_then(|nanos| nanos.checked_add(rest));
    let now = time(second, nanos.ok_or("a time has too many nanoseconds")?)?;
    let (at, source_clock) = if flags & CLOCK == 0 {
        (now, None)
    } else {
        let step = reader.signed()?;
        let nanos = i64::from(now.subsec_nanosecond()).wrapping_add(reader.signed()?);
        (time(now.as_second().wrapping_add(step), nanos)?, Some(now))
    };
    let took = Duration::from_micros(reader.count()?);
    let mut columns = Vec::new();
    let mut table = None;
    if flags & TABLE != 0 {
        let (rows, more) = (reader.size()?, reader.signed()?);
        table = Some((rows, u64::try_from(rows).unwrap_or(u64::MAX).wrapping_add(more.cast_unsigned())));
        let sizes = (0..reader.size()?).map(|_| reader.size()).collect::<Result<Vec<_>, _>>()?;
        for size in sizes {
            columns.push(size.checked_sub(1).map(|size| reader.take(size)).transpose()?);
        }
    }
    reader.end()?;
    Ok(Body { head: Head { at, source_clock, took, table }, columns })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn times() -> impl Strategy<Value = Timestamp> {
        prop_oneof![
            (-377_705_023_201i64..253_402_207_200, 0i32..1_000_000_000)
                .prop_map(|(second, nano)| Timestamp::new(second, nano).unwrap()),
            (-2i64..2, -999_999_999i32..=0)
                .prop_map(|(second, nano)| Timestamp::new(second.min(0), nano).unwrap()),
        ]
    }

    proptest! {
        #[test]
        fn a_body_comes_back_as_it_was(
            at in times(), clock in proptest::option::of(times()), took in 0..u64::MAX,
            table in proptest::option::of((0usize..9, any::<u64>())),
            columns in proptest::collection::vec(proptest::option::of(proptest::collection::vec(any::<u8>(), 0..9)), 0..5),
            any in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let head = Head { at, source_clock: clock, took: Duration::from_micros(took), table };
            let columns: Vec<Option<&[u8]>> = if table.is_some() { columns.iter().map(Option::as_deref).collect() } else { Vec::new() };
            let bytes = write(&head, &columns);
            prop_assert_eq!(read(&bytes, head.seen()), Ok(Body { head, columns }));
            drop(read(&sealed(any.clone()), 0));
            prop_assert!(read(&bytes[..bytes.len() - 1], 0).is_err());
        }
    }
}
