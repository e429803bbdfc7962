//! A run that is ready to be saved, as the bytes of one file, and back.
//!
//! The number of the format, then texts, then numbers that point to them, and at the end what tells whether a byte
//! was changed. The reader is total, as that of bodies.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::body::Head;
use super::bytes::{Fault, Reader, Writer, sealed, unsealed};
use super::draft::{Answer, Draft, Found, Judged, Seen, Texts};

/// The format that this build writes, and the newest that it knows.
pub(super) const FORMAT: u64 = 2;

/// Why bytes are no run.
#[derive(Debug, PartialEq)]
pub(super) enum Unread {
    /// A newer muster wrote them, in this format.
    Newer(u64),
    Fault(Fault),
}

impl From<Fault> for Unread {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The run as bytes.
pub(super) fn pack(draft: &Draft) -> Vec<u8> {
    let mut out = Writer::default();
    out.count(FORMAT);
    texts(&mut out, &draft.texts);
    out.signed(draft.at);
    out.count(u64::from(draft.exit));
    draft.about.iter().for_each(|text| out.size(*text));
    [draft.replay, draft.environment, draft.promised].iter().for_each(|text| maybe(&mut out, *text));
    out.size(draft.judged.len());
    for one in &draft.judged {
        out.size(one.policy);
        out.size(one.target);
        out.signed(one.verdict);
        out.count(u64::from(one.whole));
    }
    out.size(draft.found.len());
    for one in &draft.found {
        [one.policy, one.target, one.name, one.json].iter().for_each(|text| out.size(*text));
        out.signed(one.verdict);
        out.signed(one.state);
        out.count(u64::from(one.notice));
    }
    out.count(u64::from(draft.seen.is_some()));
    if let Some(seen) = &draft.seen {
        texts(&mut out, &seen.texts);
        out.text(&seen.recorded);
        out.text(&seen.header);
        out.size(seen.answers.len());
        seen.answers.iter().for_each(|answer| pack_answer(&mut out, answer));
    }
    sealed(out.0)
}

fn texts(out: &mut Writer, texts: &Texts) {
    out.size(texts.list.len());
    texts.list.iter().for_each(|text| out.text(text));
}

/// None is 0.
fn maybe(out: &mut Writer, text: Option<usize>) {
    out.size(text.map_or(0, |text| text + 1));
}

fn time(out: &mut Writer, at: Timestamp) {
    out.signed(at.as_second());
    out.signed(i64::from(at.subsec_nanosecond()));
}

fn pack_answer(out: &mut Writer, answer: &Answer) {
    answer.key.iter().for_each(|text| out.size(*text));
    out.size(answer.shape);
    [answer.fault, answer.cut, answer.faults].iter().for_each(|text| maybe(out, *text));
    let Head { at, source_clock, took, table } = &answer.head;
    time(out, *at);
    out.count(u64::from(source_clock.is_some()));
    source_clock.iter().for_each(|clock| time(out, *clock));
    out.count(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    out.count(u64::from(table.is_some()));
    if let Some((rows, total)) = table {
        out.size(*rows);
        out.count(*total);
    }
    out.size(answer.columns.len());
    for column in &answer.columns {
        out.size(column.len());
        out.0.extend_from_slice(column);
    }
}

/// Reads the bytes of a run.
pub(super) fn unpack(bytes: &[u8]) -> Result<Draft, Unread> {
    let mut reader = Reader(unsealed(bytes)?);
    match reader.count()? {
        FORMAT => {}
        found if found > FORMAT => return Err(Unread::Newer(found)),
        _ => return Err(Unread::Fault("no muster ever wrote its format")),
    }
    let texts = read_texts(&mut reader)?;
    let at = reader.signed()?;
    let exit = u8::try_from(reader.count()?).map_err(|_too_large| "its exit code is beyond 255")?;
    let mut about = [0; 6];
    for slot in &mut about {
        *slot = reader.size()?;
    }
    let replay = read_maybe(&mut reader)?;
    let (environment, promised) = (read_maybe(&mut reader)?, read_maybe(&mut reader)?);
    let judged = read_all(&mut reader, |reader| {
        let (policy, target) = (reader.size()?, reader.size()?);
        Ok(Judged { policy, target, verdict: reader.signed()?, whole: read_flag(reader)? })
    })?;
    let found = read_all(&mut reader, |reader| {
        let (policy, target, name, json) = (reader.size()?, reader.size()?, reader.size()?, reader.size()?);
        let (verdict, state) = (reader.signed()?, reader.signed()?);
        Ok(Found { policy, target, name, json, verdict, state, notice: read_flag(reader)? })
    })?;
    let seen = if read_flag(&mut reader)? { Some(read_seen(&mut reader)?) } else { None };
    reader.end()?;
    Ok(Draft { texts, at, exit, about, replay, environment, promised, judged, found, seen })
}

/// Its number of elements, then each; nothing is reserved for a number that nobody wrote.
fn read_all<'a, T>(
    reader: &mut Reader<'a>,
    mut read: impl FnMut(&mut Reader<'a>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let size = reader.size()?;
    let mut all = Vec::new();
    for _ in 0..size {
        all.push(read(reader)?);
    }
    Ok(all)
}

fn read_texts(reader: &mut Reader<'_>) -> Result<Texts, Fault> {
    Ok(Texts::of(read_all(reader, |reader| Ok(Arc::from(reader.text()?)))?))
}

fn read_maybe(reader: &mut Reader<'_>) -> Result<Option<usize>, Fault> {
    Ok(reader.size()?.checked_sub(1))
}

fn read_flag(reader: &mut Reader<'_>) -> Result<bool, Fault> {
    match reader.count()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err("a flag is neither yes nor no"),
    }
}

fn read_time(reader: &mut Reader<'_>) -> Result<Timestamp, Fault> {
    let (second, nanos) = (reader.signed()?, reader.signed()?);
    let nanos = i32::try_from(nanos).map_err(|_too_large| "a time has too many nanoseconds")?;
    Timestamp::new(second, nanos).map_err(|_beyond| "a time lies beyond the year 9999")
}

fn read_seen(reader: &mut Reader<'_>) -> Result<Seen, Fault> {
    let texts = read_texts(reader)?;
    let (recorded, header) = (reader.text()?.to_owned(), reader.text()?.to_owned());
    Ok(Seen { texts, recorded, header, answers: read_all(reader, read_answer)? })
}

fn read_answer(reader: &mut Reader<'_>) -> Result<Answer, Fault> {
    let key = [reader.size()?, reader.size()?, reader.size()?, reader.size()?];
    let shape = reader.size()?;
    let (fault, cut, faults) = (read_maybe(reader)?, read_maybe(reader)?, read_maybe(reader)?);
    let at = read_time(reader)?;
    let source_clock = if read_flag(reader)? { Some(read_time(reader)?) } else { None };
    let took = Duration::from_micros(reader.count()?);
    let table = if read_flag(reader)? { Some((reader.size()?, reader.count()?)) } else { None };
    let columns = read_all(reader, |reader| {
        let size = reader.size()?;
        reader.take(size).map(<[u8]>::to_vec)
    })?;
    Ok(Answer { key, shape, fault, cut, faults, head: Head { at, source_clock, took, table }, columns })
}
