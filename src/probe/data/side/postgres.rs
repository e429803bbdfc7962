//! PostgreSQL: `COPY … TO STDOUT (FORMAT binary)`, whose rows are taken apart here.

use futures_util::TryStreamExt as _;
use sqlx::PgConnection;
use tokio::sync::mpsc::Sender;

use super::batch::{Broken, Said, Sink};
use super::{Decode, Reading};
use crate::probe::data::canonical::Raw;
use crate::probe::data::tables::{Column, Kind};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// What the reader does next.
enum Step {
    /// A row, and how many bytes it took.
    Row(usize),
    /// More bytes are needed.
    More,
    /// The end that the format has.
    End,
}

/// Reads all rows; the connection comes back if it can be asked again.
pub(super) async fn read(mut link: PgConnection, reading: Reading, to: Sender<Said>) -> Option<PgConnection> {
    let mut sink = Sink::new(reading.shape, to);
    let sql = format!("COPY ({}) TO STDOUT (FORMAT binary)", reading.sql);
    let done = rows(&mut link, &sql, &reading.decode, &mut sink).await;
    match done {
        Ok(true) => Some(link),
        Ok(false) => None,
        Err(why) => {
            sink.broke(why).await;
            None
        }
    }
}

/// `false` says that nobody waits any more.
async fn rows(
    link: &mut PgConnection,
    sql: &str,
    decode: &[Decode],
    sink: &mut Sink,
) -> Result<bool, Broken> {
    let mut stream = link.copy_out_raw(sql).await.map_err(Broken::Driver)?;
    let mut reader = Reader { head: false, ended: false, pending: Vec::new(), fields: Vec::new() };
    while let Some(chunk) = stream.try_next().await.map_err(Broken::Driver)? {
        if reader.take(&chunk, decode, sink)? && sink.flush().await.is_err() {
            return Ok(false);
        }
    }
    if !reader.ended {
        return Err(Broken::Malformed("the rows broke off before their end".to_owned()));
    }
    Ok(sink.flush().await.is_ok())
}

struct Reader {
    head: bool,
    ended: bool,
    /// A row that has not come whole.
    pending: Vec<u8>,
    /// Where the fields of a row are; nothing for null.
    fields: Vec<Option<(usize, usize)>>,
}

impl Reader {
    /// Takes bytes; `true` says that the sink is full.
    fn take(&mut self, chunk: &[u8], decode: &[Decode], sink: &mut Sink) -> Result<bool, Broken> {
        if self.pending.is_empty() {
            let used = self.all(chunk, decode, sink)?;
            self.pending.extend_from_slice(chunk.get(used.0..).unwrap_or_default());
            return Ok(used.1);
        }
        let mut whole = std::mem::take(&mut self.pending);
        whole.extend_from_slice(chunk);
        let used = self.all(&whole, decode, sink)?;
        whole.drain(..used.0);
        self.pending = whole;
        Ok(used.1)
    }

    /// All whole rows of these bytes: how many bytes they took, and whether the sink is full.
    fn all(&mut self, bytes: &[u8], decode: &[Decode], sink: &mut Sink) -> Result<(usize, bool), Broken> {
        let (mut used, mut full) = (0, false);
        if !self.head {
            match head(bytes)? {
                None => return Ok((0, false)),
                Some(length) => (self.head, used) = (true, length),
            }
        }
        while !self.ended {
            let rest = bytes.get(used..).unwrap_or_default();
            match self.row(rest)? {
                Step::More => break,
                Step::End => {
                    self.ended = true;
                    used = bytes.len();
                }
                Step::Row(length) => {
                    full |= emit(rest, &self.fields, decode, sink)?;
                    used += length;
                }
            }
        }
        Ok((used, full))
    }

    /// Finds the fields of the next row.
    fn row(&mut self, bytes: &[u8]) -> Result<Step, Broken> {
        let Some((count, mut rest)) = bytes.split_first_chunk::<2>() else { return Ok(Step::More) };
        let count = i16::from_be_bytes(*count);
        if count == -1 {
            return Ok(Step::End);
        }
        self.fields.clear();
        let mut at = 2;
        for _ in 0..count {
            let Some((length, behind)) = rest.split_first_chunk::<4>() else { return Ok(Step::More) };
            at += 4;
            rest = behind;
            let length = i32::from_be_bytes(*length);
            if length == -1 {
                self.fields.push(None);
                continue;
            }
            let length = usize::try_from(length)
                .map_err(|_negative| Broken::Malformed("a field has a length below zero".to_owned()))?;
            let Some(behind) = rest.get(length..) else { return Ok(Step::More) };
            self.fields.push(Some((at, at + length)));
            at += length;
            rest = behind;
        }
        Ok(Step::Row(at))
    }
}

/// The length of what stands before the rows, if it is all there.
fn head(bytes: &[u8]) -> Result<Option<usize>, Broken> {
    let Some((fixed, rest)) = bytes.split_at_checked(SIGNATURE.len() + 4) else { return Ok(None) };
    if !fixed.starts_with(SIGNATURE) {
        return Err(Broken::Malformed("the rows do not begin as PostgreSQL's binary format does".to_owned()));
    }
    let Some((length, _)) = rest.split_first_chunk::<4>() else { return Ok(None) };
    let more = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let whole = (SIGNATURE.len() + 8).saturating_add(more);
    Ok((bytes.len() >= whole).then_some(whole))
}

fn emit(
    bytes: &[u8],
    fields: &[Option<(usize, usize)>],
    decode: &[Decode],
    sink: &mut Sink,
) -> Result<bool, Broken> {
    // Wider tables than this pay for a list of their own.
    let mut few = [Raw::Null; 32];
    let mut many = Vec::new();
    let row = if let Some(row) = few.get_mut(..fields.len()) {
        row
    } else {
        many.resize(fields.len(), Raw::Null);
        many.as_mut_slice()
    };
    if fields.len() != decode.len() {
        return Err(Broken::Malformed(format!("a row has {} columns", fields.len())));
    }
    for ((slot, field), how) in row.iter_mut().zip(fields).zip(decode) {
        let Some((from, to)) = field else { continue };
        let found = bytes.get(*from..*to).and_then(|bytes| value(*how, bytes));
        *slot = found.ok_or_else(|| Broken::Malformed(format!("a value is not of its type ({how:?})")))?;
    }
    sink.add(row)
}

/// Days from 1970 to 2000, where PostgreSQL begins.
const DAYS: i32 = 10_957;
const MICROS: i64 = 946_684_800_000_000;

fn value(how: Decode, bytes: &[u8]) -> Option<Raw<'_>> {
    Some(match how {
        Decode::Bool => Raw::Bool(bytes == [1]),
        Decode::Int => Raw::Int(match bytes.len() {
            8 => i128::from(i64::from_be_bytes(bytes.try_into().ok()?)),
            4 => i128::from(i32::from_be_bytes(bytes.try_into().ok()?)),
            _ => i128::from(i16::from_be_bytes(bytes.try_into().ok()?)),
        }),
        Decode::Float if bytes.len() == 4 => Raw::Real(f32::from_be_bytes(bytes.try_into().ok()?)),
        Decode::Float => Raw::Float(f64::from_be_bytes(bytes.try_into().ok()?)),
        Decode::Number => Raw::Numeric(bytes),
        Decode::Text => Raw::Text(bytes),
        Decode::Json => Raw::Json(bytes),
        Decode::Bytes => Raw::Bytes(bytes),
        Decode::Time => match i64::from_be_bytes(bytes.try_into().ok()?) {
            i64::MAX => Raw::Ever(true),
            i64::MIN => Raw::Ever(false),
            micros => Raw::Time(micros.checked_add(MICROS)?),
        },
        Decode::Date => match i32::from_be_bytes(bytes.try_into().ok()?) {
            i32::MAX => Raw::Ever(true),
            i32::MIN => Raw::Ever(false),
            days => Raw::Day(days.checked_add(DAYS)?),
        },
        Decode::Clock => Raw::Clock(i64::from_be_bytes(bytes.try_into().ok()?)),
        Decode::Span => {
            let (micros, rest) = bytes.split_first_chunk::<8>()?;
            let (days, months) = rest.split_first_chunk::<4>()?;
            Raw::Span {
                months: i32::from_be_bytes(months.try_into().ok()?),
                days: i32::from_be_bytes(*days),
                micros: i64::from_be_bytes(*micros),
            }
        }
        Decode::Uuid => Raw::Uuid(bytes.try_into().ok()?),
        Decode::Real | Decode::Unsigned | Decode::Bits | Decode::Any => return None,
    })
}

/// How a column is written in the statement, and read from it.
pub(in crate::probe::data) fn decode_of(column: &Column, name: &str) -> (String, Decode) {
    let as_it_is = |decode| (name.to_owned(), decode);
    match column.kind {
        Kind::Bool => as_it_is(Decode::Bool),
        // Object ids go beyond what four bytes with a sign hold.
        Kind::Int if !matches!(&*column.ty, "smallint" | "integer" | "bigint") => {
            (format!("{name}::int8"), Decode::Int)
        }
        Kind::Int => as_it_is(Decode::Int),
        Kind::Decimal => as_it_is(Decode::Number),
        Kind::Float => as_it_is(Decode::Float),
        Kind::Text | Kind::Enum if &*column.ty == "\"char\"" => (format!("{name}::text"), Decode::Text),
        Kind::Text | Kind::Enum => as_it_is(Decode::Text),
        Kind::Bytes => as_it_is(Decode::Bytes),
        Kind::Uuid => as_it_is(Decode::Uuid),
        Kind::Json => (format!("{name}::text"), Decode::Json),
        Kind::Date => as_it_is(Decode::Date),
        Kind::Time => as_it_is(Decode::Clock),
        Kind::Timestamp | Kind::Instant => as_it_is(Decode::Time),
        Kind::Interval => as_it_is(Decode::Span),
        Kind::List => (format!("to_json({name})::text"), Decode::Json),
        Kind::Other => (format!("{name}::text"), Decode::Text),
    }
}
