//! The rows of the query, as they stream in: path, size, digest and owner of each, mapped and put into parts.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::question::{Depth, Question};
use super::records::Reference;
use super::store::{Parts, Side, Spill, Writer};
use super::tally::{Lists, Sort, Tally};
use crate::fact::{Cause, Missing};
use crate::probe::data::stream::Reader;
use crate::probe::stop::Stop;

/// What the rows say.
pub(super) struct References {
    pub(super) side: Side,
    /// Rows of the query.
    pub(super) rows: u64,
    /// Rows that name no file.
    pub(super) nameless: u64,
    /// What is wrong with references whatever the files are.
    pub(super) tally: Tally,
}

/// Takes rows until there are no more.
pub(super) fn collect(
    mut from: mpsc::Receiver<Vec<u8>>,
    question: &Question,
    spill: &Arc<Spill>,
    lists: Option<&Arc<Lists>>,
    stop: &Stop,
) -> Result<References, Missing> {
    let mut taker = Taker {
        question,
        writer: Writer::new(spill),
        parts: Parts::default(),
        path: Vec::new(),
        rows: 0,
        nameless: 0,
        tally: Tally::new(lists),
    };
    let mut reader = Reader::default();
    while let Some(batch) = from.blocking_recv() {
        stop.check("reading the rows of the query")?;
        reader.read(&batch, |fields| taker.take(fields))?;
    }
    reader.end()?;
    Ok(References {
        side: Side::new(spill, vec![taker.writer]),
        rows: taker.rows,
        nameless: taker.nameless,
        tally: taker.tally,
    })
}

struct Taker<'a> {
    question: &'a Question,
    writer: Writer,
    parts: Parts,
    path: Vec<u8>,
    rows: u64,
    nameless: u64,
    tally: Tally,
}

impl Taker<'_> {
    fn take(&mut self, fields: [Option<&[u8]>; 4]) -> Result<(), Missing> {
        let [name, size, digest, owner] = fields;
        self.rows += 1;
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            self.nameless += 1;
            return Ok(());
        };
        if self.question.template.map(name, &mut self.path).is_err() {
            return self.tally.add(Sort::Outside, name);
        }
        let size = match (self.question.depth, size) {
            (Depth::Existence, _) | (_, None) => None,
            (_, Some(size)) => Some(number(size)?),
        };
        let digest = digest.filter(|_digest| self.question.depth == Depth::Content);
        let reference = Reference { path: &self.path, size, digest, owner };
        // Single look-ups go directory by directory.
        let key = if self.question.lists { self.path.as_slice() } else { directory(&self.path) };
        self.writer.push(self.parts.of(key), |into| reference.write(into))
    }
}

/// The directory of a path; nothing for the root.
pub(super) fn directory(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    path.get(..end).unwrap_or_default()
}

/// Eight bytes, the highest first.
fn number(bytes: &[u8]) -> Result<i64, Missing> {
    let wrong = |_length| Missing::new(Cause::Malformed, "a size of the query is no whole number");
    Ok(i64::from_be_bytes(bytes.try_into().map_err(wrong)?))
}
