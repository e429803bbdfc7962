//! One value as bytes: tag, length, content.

use super::number::{Decimal, int_text};
use super::{Kind, Raw, json, time};

/// What stands in the content.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Tag {
    Null = 0,
    Bool = 1,
    Number = 2,
    Text = 3,
    Binary = 4,
    Time = 5,
    Date = 6,
    Clock = 7,
    Span = 8,
    Json = 9,
    Uuid = 10,
    NoDate = 11,
}

impl Tag {
    const fn byte(self) -> u8 {
        self as u8
    }
}

/// Adds one value. What does not fit the kind is added as what it is, and so equals nothing of that kind.
pub(in crate::probe) fn encode(kind: Kind, raw: Raw<'_>, out: &mut Vec<u8>) {
    let begin = out.len();
    if raw == Raw::Null {
        out.push(Tag::Null.byte());
        return;
    }
    out.extend_from_slice(&[0; 5]);
    let tag = if let Some(tag) = fitting(kind, raw, out) {
        tag
    } else {
        out.truncate(begin + 5);
        natural(raw, out)
    };
    // No engine has a value of 4 GiB.
    let length = u32::try_from(out.len() - begin - 5).unwrap_or(u32::MAX);
    let [a, b, c, d] = length.to_be_bytes();
    if let Some(head) = out.get_mut(begin..begin + 5) {
        head.copy_from_slice(&[tag.byte(), a, b, c, d]);
    }
}

/// The value as its column's kind has it; `None` if it does not fit.
fn fitting(kind: Kind, raw: Raw<'_>, out: &mut Vec<u8>) -> Option<Tag> {
    match kind {
        Kind::Dynamic => None,
        Kind::Bool => {
            out.push(u8::from(bool_of(raw)?));
            Some(Tag::Bool)
        }
        Kind::Number => number(raw, out),
        Kind::Real => real(raw, out),
        Kind::Text => text(raw, out),
        Kind::Char => match raw {
            Raw::Text(bytes) => text(Raw::Text(without_padding(bytes)), out),
            _ => text(raw, out),
        },
        Kind::Binary => match raw {
            Raw::Bytes(bytes) | Raw::Text(bytes) => {
                out.extend_from_slice(bytes);
                Some(Tag::Binary)
            }
            _ => None,
        },
        Kind::Time | Kind::Unix | Kind::UnixMillis => {
            out.extend_from_slice(&time_of(kind, raw)?.to_be_bytes());
            Some(Tag::Time)
        }
        Kind::Date => {
            out.extend_from_slice(&date_of(raw)?.to_be_bytes());
            Some(Tag::Date)
        }
        Kind::Clock => {
            out.extend_from_slice(&clock_of(raw)?.to_be_bytes());
            Some(Tag::Clock)
        }
        Kind::Span => span(raw, out),
        Kind::Json => match raw {
            Raw::Json(text) | Raw::Text(text) => json::canonical(text, out).map(|()| Tag::Json),
            _ => None,
        },
        Kind::Uuid => {
            out.extend_from_slice(&uuid_of(raw)?);
            Some(Tag::Uuid)
        }
    }
}

/// The value as what it is.
fn natural(raw: Raw<'_>, out: &mut Vec<u8>) -> Tag {
    let mut put = |tag, bytes: &[u8]| {
        out.extend_from_slice(bytes);
        tag
    };
    match raw {
        Raw::Null => Tag::Null,
        Raw::Bool(value) => put(Tag::Bool, &[u8::from(value)]),
        Raw::Text(bytes) => put(Tag::Text, bytes),
        Raw::Bytes(bytes) => put(Tag::Binary, bytes),
        Raw::Time(micros) => put(Tag::Time, &micros.to_be_bytes()),
        Raw::Ever(later) => put(Tag::Time, if later { b"+" } else { b"-" }),
        Raw::Day(day) => put(Tag::Date, &day.to_be_bytes()),
        Raw::Clock(micros) => put(Tag::Clock, &micros.to_be_bytes()),
        Raw::Uuid(bytes) => put(Tag::Uuid, &bytes),
        Raw::NoDate(year, month, day, micros) => {
            let text = format!("{year:04}-{month:02}-{day:02} {micros}");
            put(Tag::NoDate, text.as_bytes())
        }
        Raw::Span { .. } => span(raw, out).unwrap_or(Tag::Span),
        Raw::Json(text) => {
            let begin = out.len();
            if json::canonical(text, out).is_some() {
                return Tag::Json;
            }
            out.truncate(begin);
            put_more(out, text, Tag::Text)
        }
        Raw::Int(_) | Raw::Float(_) | Raw::Real(_) | Raw::Digits(_) | Raw::Numeric(_) => {
            let begin = out.len();
            number(raw, out).unwrap_or_else(|| {
                out.truncate(begin);
                let bytes = if let Raw::Digits(bytes) | Raw::Numeric(bytes) = raw { bytes } else { &[] };
                put_more(out, bytes, Tag::Binary)
            })
        }
    }
}

fn put_more(out: &mut Vec<u8>, bytes: &[u8], tag: Tag) -> Tag {
    out.extend_from_slice(bytes);
    tag
}

fn number(raw: Raw<'_>, out: &mut Vec<u8>) -> Option<Tag> {
    match raw {
        Raw::Int(value) => int_text(value, out),
        Raw::Bool(value) => int_text(i128::from(value), out),
        Raw::Float(value) => Decimal::of_float(value).text(out),
        Raw::Real(value) => Decimal::of_real(value).text(out),
        Raw::Digits(text) | Raw::Text(text) => Decimal::parse(text)?.text(out),
        Raw::Numeric(bytes) => Decimal::of_numeric(bytes)?.text(out),
        _ => return None,
    }
    Some(Tag::Number)
}

/// Without the spaces at its end.
pub(super) fn without_padding(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != b' ').map_or(0, |at| at + 1);
    text.get(..end).unwrap_or(text)
}

/// Rounded to a float of 32 bits.
fn real(raw: Raw<'_>, out: &mut Vec<u8>) -> Option<Tag> {
    let mut text = Vec::new();
    number(raw, &mut text)?;
    let text = String::from_utf8(text).ok()?;
    Decimal::of_real(text.parse::<f32>().ok()?).text(out);
    Some(Tag::Number)
}

fn text(raw: Raw<'_>, out: &mut Vec<u8>) -> Option<Tag> {
    match raw {
        Raw::Text(text) | Raw::Digits(text) => out.extend_from_slice(text),
        Raw::Int(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Raw::Uuid(bytes) => {
            for (index, byte) in bytes.iter().enumerate() {
                if matches!(index, 4 | 6 | 8 | 10) {
                    out.push(b'-');
                }
                out.extend_from_slice(format!("{byte:02x}").as_bytes());
            }
        }
        _ => return None,
    }
    Some(Tag::Text)
}

fn span(raw: Raw<'_>, out: &mut Vec<u8>) -> Option<Tag> {
    let (months, days, micros) = match raw {
        Raw::Span { months, days, micros } => (months, days, micros),
        Raw::Clock(micros) => (0, 0, micros),
        _ => return None,
    };
    out.extend_from_slice(&months.to_be_bytes());
    out.extend_from_slice(&days.to_be_bytes());
    out.extend_from_slice(&micros.to_be_bytes());
    Some(Tag::Span)
}

fn bool_of(raw: Raw<'_>) -> Option<bool> {
    match raw {
        Raw::Bool(value) => Some(value),
        Raw::Int(0) => Some(false),
        Raw::Int(1) => Some(true),
        Raw::Bytes([0]) => Some(false),
        Raw::Bytes([1]) => Some(true),
        Raw::Text(b"t" | b"true" | b"TRUE" | b"True") => Some(true),
        Raw::Text(b"f" | b"false" | b"FALSE" | b"False") => Some(false),
        _ => None,
    }
}

const DAY: i64 = 86_400_000_000;

/// Microseconds since 1970.
pub(super) fn time_of(kind: Kind, raw: Raw<'_>) -> Option<i64> {
    match (kind, raw) {
        (Kind::Unix, Raw::Int(seconds)) => i64::try_from(seconds).ok()?.checked_mul(1_000_000),
        (Kind::UnixMillis, Raw::Int(millis)) => i64::try_from(millis).ok()?.checked_mul(1_000),
        (_, Raw::Time(micros)) => Some(micros),
        (_, Raw::Day(day)) => i64::from(day).checked_mul(DAY),
        (_, Raw::Text(text)) => time::instant(text),
        _ => None,
    }
}

/// Days since 1970; of an instant only if it is a midnight.
pub(super) fn date_of(raw: Raw<'_>) -> Option<i32> {
    match raw {
        Raw::Day(day) => Some(day),
        Raw::Time(micros) if micros.rem_euclid(DAY) == 0 => i32::try_from(micros.div_euclid(DAY)).ok(),
        Raw::Text(text) => time::day(text),
        _ => None,
    }
}

/// Microseconds since midnight.
pub(super) fn clock_of(raw: Raw<'_>) -> Option<i64> {
    match raw {
        Raw::Clock(micros) => Some(micros),
        Raw::Text(text) => time::clock(text),
        _ => None,
    }
}

/// The bytes of a UUID, however it is written.
pub(super) fn uuid_of(raw: Raw<'_>) -> Option<[u8; 16]> {
    match raw {
        Raw::Uuid(bytes) => Some(bytes),
        Raw::Bytes(bytes) => bytes.try_into().ok().or_else(|| uuid_text(bytes)),
        Raw::Text(text) => uuid_text(text),
        _ => None,
    }
}

fn uuid_text(text: &[u8]) -> Option<[u8; 16]> {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or(text);
    let mut digits = Vec::with_capacity(32);
    for byte in text.iter().filter(|byte| **byte != b'-') {
        digits.push(char::from(*byte).to_digit(16)?);
    }
    let mut bytes = [0; 16];
    if digits.len() != 32 {
        return None;
    }
    for (slot, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        let [high, low] = *pair;
        *slot = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}
