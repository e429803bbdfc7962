//! Rows of a query on their way from a database to a thread that takes them: four columns in PostgreSQL's binary
//! form of COPY, which the rows of the other databases are written in too.

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::fact::{Cause, Identity, Missing};

/// The columns, in order. The first one must be there.
pub(in crate::probe) const COLUMNS: [&str; 4] = ["path", "size", "digest", "owner"];

/// What a database said of itself while it was asked.
pub(in crate::probe) struct Told {
    /// Who it is.
    pub(in crate::probe) identity: Identity,
    /// Its clock.
    pub(in crate::probe) clock: Option<Timestamp>,
}

/// Where the columns stand among those of the query.
pub(in crate::probe) fn places<'a>(
    names: impl Iterator<Item = &'a str>,
    needs: &[&str],
) -> Result<[Option<usize>; 4], Missing> {
    let names: Vec<&str> = names.collect();
    let mut places = [None; 4];
    for (wanted, place) in COLUMNS.iter().zip(&mut places) {
        let mut found = names.iter().enumerate().filter(|(_, name)| *name == wanted).map(|(at, _)| at);
        *place = found.next();
        if found.next().is_some() {
            let what = format!("the query returns several columns `{wanted}`");
            return Err(Missing::new(Cause::Ambiguous, what).fix("give each column its own name with AS"));
        }
        if place.is_none() && needs.contains(wanted) {
            let known: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let what = format!("the query returns no column `{wanted}`; it has {}", known.join(", "));
            return Err(Missing::new(Cause::Absent, what).fix(format!("name the column: `… AS {wanted}`")));
        }
    }
    Ok(places)
}

/// How much goes to the other thread at once.
const BATCH: usize = 128 << 10;

/// Sends rows.
pub(in crate::probe) struct Sender {
    batch: Vec<u8>,
    to: mpsc::Sender<Vec<u8>>,
    /// The head is written.
    begun: bool,
}

const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

impl Sender {
    /// Into this channel.
    pub(in crate::probe) fn new(to: mpsc::Sender<Vec<u8>>) -> Self {
        Self { batch: Vec::with_capacity(BATCH), to, begun: false }
    }

    /// A piece of an answer to COPY.
    pub(in crate::probe) async fn raw(&mut self, bytes: &[u8]) -> Result<(), Missing> {
        self.begun = true;
        self.batch.extend_from_slice(bytes);
        self.send(BATCH).await
    }

    /// One row.
    pub(in crate::probe) async fn row(&mut self, fields: [Option<&[u8]>; 4]) -> Result<(), Missing> {
        self.begin();
        self.batch.extend_from_slice(&4_i16.to_be_bytes());
        for field in fields {
            let length = field.map_or(Ok(-1), |field| i32::try_from(field.len()));
            let length = length.map_err(|_long| Missing::new(Cause::Limit, "a value has more than 2 GiB"))?;
            self.batch.extend_from_slice(&length.to_be_bytes());
            self.batch.extend_from_slice(field.unwrap_or_default());
        }
        self.send(BATCH).await
    }

    /// The end of the rows of a database that does not write it itself.
    pub(in crate::probe) fn end(&mut self) {
        self.begin();
        self.batch.extend_from_slice(&(-1_i16).to_be_bytes());
    }

    /// What is left goes too.
    pub(in crate::probe) async fn finish(mut self) -> Result<(), Missing> {
        self.send(1).await
    }

    fn begin(&mut self) {
        if !self.begun {
            self.batch.extend_from_slice(HEAD);
            self.begun = true;
        }
    }

    async fn send(&mut self, from: usize) -> Result<(), Missing> {
        if self.batch.len() < from {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH + BATCH / 8));
        // Whoever takes them knows better why it stopped.
        self.to
            .send(batch)
            .await
            .map_err(|_ended| Missing::new(Cause::Cancelled, "nobody took the rows of the query"))
    }
}

/// Reads rows from pieces that begin and end anywhere.
#[derive(Default)]
pub(in crate::probe) struct Reader {
    /// What is left of the last piece.
    rest: Vec<u8>,
    begun: bool,
    ended: bool,
}

impl Reader {
    /// Hands every whole row of this and the pieces before to `take`.
    pub(in crate::probe) fn read(
        &mut self,
        piece: &[u8],
        mut take: impl FnMut([Option<&[u8]>; 4]) -> Result<(), Missing>,
    ) -> Result<(), Missing> {
        let mut all = std::mem::take(&mut self.rest);
        let mut bytes = if all.is_empty() {
            piece
        } else {
            all.extend_from_slice(piece);
            &all
        };
        if !self.begun {
            let Some((head, rest)) = bytes.split_at_checked(HEAD.len()) else {
                self.rest = bytes.to_vec();
                return Ok(());
            };
            if head != HEAD {
                return Err(malformed("begins otherwise"));
            }
            (self.begun, bytes) = (true, rest);
        }
        while !self.ended {
            match row(bytes)? {
                Step::More => break,
                Step::End => (self.ended, bytes) = (true, &[]),
                Step::Row(fields, rest) => {
                    take(fields)?;
                    bytes = rest;
                }
            }
        }
        self.rest = bytes.to_vec();
        Ok(())
    }

    /// Was that all? Fewer rows would be missing files that nobody misses.
    pub(in crate::probe) fn end(self) -> Result<(), Missing> {
        if self.ended {
            return Ok(());
        }
        Err(Missing::new(Cause::Incomplete, "the rows of the query ended before their end"))
    }
}

enum Step<'a> {
    Row([Option<&'a [u8]>; 4], &'a [u8]),
    End,
    More,
}

fn malformed(what: &str) -> Missing {
    Missing::new(Cause::Malformed, format!("the answer to COPY {what}"))
}

fn row(bytes: &[u8]) -> Result<Step<'_>, Missing> {
    let Some((count, mut rest)) = bytes.split_first_chunk() else { return Ok(Step::More) };
    match i16::from_be_bytes(*count) {
        -1 => return Ok(Step::End),
        4 => {}
        other => return Err(malformed(&format!("has a row of {other} columns"))),
    }
    let mut fields = [None; 4];
    for field in &mut fields {
        let Some((length, after)) = rest.split_first_chunk() else { return Ok(Step::More) };
        rest = after;
        let length = i32::from_be_bytes(*length);
        if length == -1 {
            continue;
        }
        let length = usize::try_from(length).map_err(|_negative| malformed("has a negative length"))?;
        let Some((value, after)) = rest.split_at_checked(length) else { return Ok(Step::More) };
        (*field, rest) = (Some(value), after);
    }
    Ok(Step::Row(fields, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(rows: &[[Option<&[u8]>; 4]], ends: bool) -> Vec<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (to, mut from) = mpsc::channel(4);
            let mut sender = Sender::new(to);
            for row in rows {
                sender.row(*row).await.unwrap();
            }
            if ends {
                sender.end();
            }
            sender.finish().await.unwrap();
            let mut all = Vec::new();
            while let Some(batch) = from.recv().await {
                all.extend(batch);
            }
            all
        })
    }

    #[test]
    fn rows_arrive_wherever_the_pieces_end() {
        let rows: [[Option<&[u8]>; 4]; 3] = [
            [Some(b"a"), None, Some(b""), Some(b"owner")],
            [None, None, None, None],
            [Some(b"\xff\0"), Some(b"12345678"), None, None],
        ];
        let bytes = sent(&rows, true);
        for size in 1..bytes.len() {
            let (mut reader, mut seen) = (Reader::default(), Vec::new());
            for piece in bytes.chunks(size) {
                let take = |fields: [Option<&[u8]>; 4]| {
                    seen.push(fields.map(|field| field.map(<[u8]>::to_vec)));
                    Ok(())
                };
                reader.read(piece, take).unwrap();
            }
            reader.end().unwrap();
            assert_eq!(seen, rows.map(|row| row.map(|field| field.map(<[u8]>::to_vec))), "pieces of {size}");
        }
    }

    #[test]
    fn rows_that_end_early_are_incomplete() {
        let row: [[Option<&[u8]>; 4]; 1] = [[Some(b"a"), None, None, None]];
        let whole = sent(&row, false);
        for end in [0, 5, whole.len() - 3, whole.len()] {
            let mut reader = Reader::default();
            reader.read(&whole[..end], |_| Ok(())).unwrap();
            assert_eq!(reader.end().unwrap_err().cause, Cause::Incomplete, "{end}");
        }
    }

    #[test]
    fn a_column_that_is_misspelt_or_twice_is_no_column() {
        let places = |names: &[&str]| places(names.iter().copied(), &["path", "size"]);
        assert_eq!(places(&["size", "other", "path"]).unwrap(), [Some(2), Some(0), None, None]);
        assert_eq!(places(&["path", "sise"]).unwrap_err().cause, Cause::Absent);
        assert_eq!(places(&["path", "size", "path"]).unwrap_err().cause, Cause::Ambiguous);
        assert_eq!(places(&[]).unwrap_err().cause, Cause::Absent);
    }

    #[test]
    fn noise_is_malformed() {
        for bytes in [b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x05".as_slice(), b"nothing of the kind at all"] {
            assert_eq!(Reader::default().read(bytes, |_| Ok(())).unwrap_err().cause, Cause::Malformed);
        }
        let mut bytes = HEAD.to_vec();
        bytes.extend([0, 4, 0xff, 0xff, 0xff, 0xfe]);
        assert_eq!(Reader::default().read(&bytes, |_| Ok(())).unwrap_err().cause, Cause::Malformed);
    }

    #[test]
    fn whoever_stops_taking_is_noticed() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (to, from) = mpsc::channel(1);
        drop(from);
        let mut sender = Sender::new(to);
        sender.end();
        assert_eq!(runtime.block_on(sender.finish()).unwrap_err().cause, Cause::Cancelled);
    }
}
