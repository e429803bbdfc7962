//! A run that is ready to be saved, as the bytes of one file, and back.
//!
//! The number of the format, then texts, then numbers that point to them, and at the end what tells whether a byte
//! was changed. The reader is total, as that of bodies.

use std::sync::Arc;

use super::answer::Answers;
use super::bytes::{Fault, Reader, Writer, sealed, unsealed};
use super::draft::{Draft, Extent, Found, Judged, Seen, Texts};

/// The format that this build writes, and the newest that it knows.
pub(super) const FORMAT: u64 = 3;

/// The one before had the same bytes, and no run that judged otherwise than the project does.
const BEFORE: u64 = 2;

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
    let mut out = Writer(Vec::with_capacity(room(draft)));
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
        out.count(one.extent.code().cast_unsigned());
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
        seen.answers.write(&mut out);
    }
    sealed(out.0)
}

/// What it takes, or a little more: to grow takes as long as to fill.
fn room(draft: &Draft) -> usize {
    let texts = |texts: &Texts| texts.list.iter().map(|text| text.len() + 3).sum::<usize>();
    let seen = |seen: &Seen| texts(&seen.texts) + seen.header.len() + seen.answers.room();
    let one = |count: usize| count.saturating_mul(16);
    texts(&draft.texts)
        + one(draft.judged.len() + draft.found.len())
        + draft.seen.as_ref().map_or(0, seen)
        + 256
}

fn texts(out: &mut Writer, texts: &Texts) {
    out.size(texts.list.len());
    texts.list.iter().for_each(|text| out.text(text));
}

/// None is 0.
pub(super) fn maybe(out: &mut Writer, text: Option<usize>) {
    out.size(text.map_or(0, |text| text + 1));
}

/// Reads the bytes of a run.
pub(super) fn unpack(bytes: &[u8]) -> Result<Draft, Unread> {
    let mut reader = Reader(unsealed(bytes)?);
    match reader.count()? {
        FORMAT | BEFORE => {}
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
        let verdict = reader.signed()?;
        let extent =
            Extent::of_code(reader.count()?.cast_signed()).ok_or("it was judged in no way that is known")?;
        Ok(Judged { policy, target, verdict, extent })
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
pub(super) fn read_all<'a, T>(
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

pub(super) fn read_maybe(reader: &mut Reader<'_>) -> Result<Option<usize>, Fault> {
    Ok(reader.size()?.checked_sub(1))
}

pub(super) fn read_flag(reader: &mut Reader<'_>) -> Result<bool, Fault> {
    match reader.count()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err("a flag is neither yes nor no"),
    }
}

fn read_seen(reader: &mut Reader<'_>) -> Result<Seen, Fault> {
    let texts = read_texts(reader)?;
    let (recorded, header) = (reader.text()?.to_owned(), reader.text()?.to_owned());
    Ok(Seen { texts, recorded, header, answers: Answers::read(reader)? })
}
