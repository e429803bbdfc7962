//! Short answers of one run in one body: what takes a row for each is kept once for up to sixty-four of them.
//!
//! Which questions they answer, and in which shapes, is a *roster*, which is the same from run to run. A body has an
//! entry for each: how many bytes it takes, how long after the first of them it was seen, and its own body, in which
//! a column that is the same as in the first entry is left out.

use super::body::{self, Body, Head};
use super::bytes::{Fault, Reader, Writer, sealed, unsealed};

/// Answers whose places in the run begin so; one that fails moves no other to another batch.
pub(super) const PLACES: usize = 64;

/// An answer of more bytes has a row of its own: looking for one answer reads the whole body.
pub(super) const SHORT: usize = 192;

/// Writes a body. `seen` is the earliest time of the entries.
pub(super) fn write(entries: &[(&Head, &[&[u8]])], seen: i64) -> Vec<u8> {
    let mut out = Writer::default();
    let first = entries.first().map_or(&[][..], |(_, columns)| columns);
    for (index, (head, columns)) in entries.iter().enumerate() {
        let mut own: Vec<Option<&[u8]>> = Vec::with_capacity(columns.len());
        for (field, column) in columns.iter().enumerate() {
            let same = index > 0 && first.get(field) == Some(column);
            own.push((!same).then_some(*column));
        }
        let mut entry = Writer::default();
        entry.signed(head.seen().wrapping_sub(seen));
        entry.0.extend(body::plain(head, &own));
        out.size(entry.0.len());
        out.0.extend(entry.0);
    }
    sealed(out.0)
}

/// The entries that are wanted, by number, each as its time and its body.
pub(super) fn read(
    bytes: &[u8],
    seen: i64,
    wanted: impl Fn(usize) -> bool,
    mut tell: impl FnMut(usize, i64, Vec<u8>),
) -> Result<(), Fault> {
    let mut reader = Reader(unsealed(bytes)?);
    let mut first: Option<Body<'_>> = None;
    let mut number = 0;
    while !reader.0.is_empty() {
        let size = reader.size()?;
        let entry = reader.take(size)?;
        if first.is_none() || wanted(number) {
            let mut entry = Reader(entry);
            let at = seen.wrapping_add(entry.signed()?);
            let Body { head, mut columns } = body::read_plain(entry.0, at)?;
            if let Some(first) = &first {
                for (column, other) in columns.iter_mut().zip(&first.columns) {
                    *column = column.or(*other);
                }
            }
            if columns.iter().any(Option::is_none) {
                return Err("a column of it stands nowhere");
            }
            if wanted(number) {
                tell(number, at, body::plain(&head, &columns));
            }
            if first.is_none() {
                first = Some(Body { head, columns });
            }
        }
        number += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::fact::timestamp;

    fn head(micros: i64, rows: usize) -> Head {
        let at: Timestamp = timestamp(micros).unwrap();
        Head { at, source_clock: None, took: Duration::from_micros(7), table: Some((rows, 9)) }
    }

    proptest! {
        #[test]
        fn entries_come_back_and_columns_that_are_the_same_take_no_room(
            seen in proptest::collection::vec((-1_000_000i64..1_000_000, proptest::collection::vec(proptest::collection::vec(0u8..3, 0..4), 0..4)), 1..9)
        ) {
            let heads: Vec<Head> = seen.iter().map(|(at, _)| head(1_700_000_000_000_000 + at, 1)).collect();
            let columns: Vec<Vec<&[u8]>> = seen.iter().map(|(_, columns)| columns.iter().map(Vec::as_slice).collect()).collect();
            let entries: Vec<(&Head, &[&[u8]])> = heads.iter().zip(&columns).map(|(head, columns)| (head, &**columns)).collect();
            let from = heads.iter().map(Head::seen).min().unwrap();
            let bytes = write(&entries, from);
            let mut back = Vec::new();
            read(&bytes, from, |_| true, |number, at, plain| back.push((number, at, plain))).unwrap();
            prop_assert_eq!(back.len(), seen.len());
            for ((number, at, plain), (head, columns)) in back.iter().zip(&entries) {
                let whole: Vec<Option<&[u8]>> = columns.iter().copied().map(Some).collect();
                prop_assert_eq!(body::read_plain(plain, *at), Ok(Body { head: (*head).clone(), columns: whole }));
                let mut one = Vec::new();
                read(&bytes, from, |wanted| wanted == *number, |_, _, plain| one.push(plain)).unwrap();
                prop_assert_eq!(&one[..], std::slice::from_ref(plain));
            }
            prop_assert!(read(&bytes[..bytes.len() - 1], from, |_| true, |_, _, _| ()).is_err());
        }

        #[test]
        fn bytes_that_nobody_wrote_are_a_fault_and_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let read = read(&sealed(bytes), 0, |_| true, |_, _, _| ());
            prop_assert!(read.is_ok() || read.is_err());
        }
    }
}
