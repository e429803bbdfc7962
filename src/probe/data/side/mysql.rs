//! MySQL and MariaDB: rows as the driver streams them.

use futures_util::TryStreamExt as _;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Error, MySqlConnection, Row as _, ValueRef as _};
use tokio::sync::mpsc::Sender;

use super::batch::{Broken, Said, Sink};
use super::{Decode, Reading};
use crate::probe::data::canonical::Raw;
use crate::probe::data::tables::{Column, Kind};

/// Reads all rows; the connection comes back if it can be asked again.
pub(super) async fn read(
    mut link: MySqlConnection,
    reading: Reading,
    to: Sender<Said>,
) -> Option<MySqlConnection> {
    let mut sink = Sink::new(reading.shape, to);
    match rows(&mut link, reading.sql, &reading.decode, &mut sink).await {
        Ok(true) => Some(link),
        Ok(false) => None,
        Err(why) => {
            sink.broke(why).await;
            None
        }
    }
}

async fn rows(
    link: &mut MySqlConnection,
    sql: String,
    decode: &[Decode],
    sink: &mut Sink,
) -> Result<bool, Broken> {
    let mut found = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch(link);
    while let Some(row) = found.try_next().await.map_err(Broken::Driver)? {
        if add(&row, decode, sink)? && sink.flush().await.is_err() {
            return Ok(false);
        }
    }
    Ok(sink.flush().await.is_ok())
}

fn add(row: &MySqlRow, decode: &[Decode], sink: &mut Sink) -> Result<bool, Broken> {
    let mut few = [Raw::Null; 32];
    let mut many = Vec::new();
    let values = if let Some(values) = few.get_mut(..decode.len()) {
        values
    } else {
        many.resize(decode.len(), Raw::Null);
        many.as_mut_slice()
    };
    for (index, (slot, how)) in values.iter_mut().zip(decode).enumerate() {
        *slot = value(row, index, *how)?;
    }
    sink.add(values)
}

fn value(row: &MySqlRow, index: usize, how: Decode) -> Result<Raw<'_>, Broken> {
    let bytes = || row.try_get_unchecked::<&[u8], _>(index);
    // The driver takes `0000-00-00` for null; but a null has no bytes.
    let is_zero = || matches!(how, Decode::Date | Decode::Time) && bytes().is_ok();
    if row.try_get_raw(index).map_err(Broken::Driver)?.is_null() && !is_zero() {
        return Ok(Raw::Null);
    }
    let raw = match how {
        Decode::Int => row.try_get_unchecked::<i64, _>(index).map(|value| Raw::Int(i128::from(value))),
        Decode::Unsigned => row.try_get_unchecked::<u64, _>(index).map(|value| Raw::Int(i128::from(value))),
        Decode::Bits => bytes().map(|bytes| Raw::Int(big_endian(bytes))),
        Decode::Real => row.try_get_unchecked::<f32, _>(index).map(Raw::Real),
        Decode::Float => row.try_get_unchecked::<f64, _>(index).map(Raw::Float),
        Decode::Number => bytes().map(Raw::Digits),
        Decode::Bytes => bytes().map(Raw::Bytes),
        Decode::Json => bytes().map(Raw::Json),
        Decode::Date => bytes().and_then(date),
        Decode::Time => bytes().and_then(instant),
        Decode::Clock => bytes().and_then(clock),
        Decode::Text | Decode::Bool | Decode::Span | Decode::Uuid | Decode::Any => bytes().map(Raw::Text),
    };
    raw.map_err(Broken::Driver)
}

fn big_endian(bytes: &[u8]) -> i128 {
    bytes.iter().fold(0, |sum, byte| (sum << 8) | i128::from(*byte))
}

/// The parts of a time: what is zero at the end is not sent.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, Error> {
        match bytes.split_first() {
            Some((length, rest)) if usize::from(*length) == rest.len() => Ok(Self(rest)),
            _ => Err(Error::Protocol(format!("a time has {} bytes", bytes.len()))),
        }
    }

    fn at(&self, index: usize) -> u8 {
        self.0.get(index).copied().unwrap_or(0)
    }

    fn int(&self, index: usize) -> i64 {
        i64::from(u32::from_le_bytes([
            self.at(index),
            self.at(index + 1),
            self.at(index + 2),
            self.at(index + 3),
        ]))
    }

    fn day(&self) -> Option<i32> {
        let year = i16::try_from(self.year()).ok()?;
        let (month, day) = (i8::try_from(self.at(2)).ok()?, i8::try_from(self.at(3)).ok()?);
        let date = jiff::civil::Date::new(year, month, day).ok()?;
        let begin = jiff::civil::Date::new(1970, 1, 1).ok()?;
        begin.until(date).ok().map(|span| span.get_days())
    }

    fn year(&self) -> u16 {
        u16::from_le_bytes([self.at(0), self.at(1)])
    }

    /// Microseconds, from the place of the hour.
    fn micros(&self, hour: usize) -> i64 {
        let seconds = i64::from(self.at(hour)) * 3_600
            + i64::from(self.at(hour + 1)) * 60
            + i64::from(self.at(hour + 2));
        seconds * 1_000_000 + self.int(hour + 3)
    }

    fn no_date(&self, micros: i64) -> Raw<'static> {
        Raw::NoDate(self.year(), self.at(2), self.at(3), micros)
    }
}

fn date(bytes: &[u8]) -> Result<Raw<'_>, Error> {
    let parts = Parts::of(bytes)?;
    Ok(parts.day().map_or_else(|| parts.no_date(0), Raw::Day))
}

fn instant(bytes: &[u8]) -> Result<Raw<'_>, Error> {
    let parts = Parts::of(bytes)?;
    let micros = parts.micros(4);
    Ok(parts
        .day()
        .map_or_else(|| parts.no_date(micros), |day| Raw::Time(i64::from(day) * 86_400_000_000 + micros)))
}

/// Sign, days (4), hour, minute, second, microseconds (4).
fn clock(bytes: &[u8]) -> Result<Raw<'_>, Error> {
    let parts = Parts::of(bytes)?;
    let micros = parts.int(1) * 86_400_000_000 + parts.micros(5);
    Ok(Raw::Clock(if parts.at(0) == 1 { -micros } else { micros }))
}

/// How a column is read.
pub(in crate::probe::data) fn decode_of(column: &Column) -> Decode {
    let is = |word: &str| column.ty.starts_with(word);
    match column.kind {
        Kind::Int if is("year") || column.ty.contains("unsigned") || column.ty.contains("zerofill") => {
            Decode::Unsigned
        }
        Kind::Int => Decode::Int,
        Kind::Decimal => Decode::Number,
        Kind::Float if is("float") => Decode::Real,
        Kind::Float => Decode::Float,
        Kind::Bytes if is("bit") => Decode::Bits,
        Kind::Bytes => Decode::Bytes,
        Kind::Json => Decode::Json,
        Kind::Date => Decode::Date,
        Kind::Time => Decode::Clock,
        Kind::Timestamp | Kind::Instant => Decode::Time,
        Kind::Bool | Kind::Text | Kind::Uuid | Kind::Interval | Kind::Enum | Kind::List | Kind::Other => {
            Decode::Text
        }
    }
}
