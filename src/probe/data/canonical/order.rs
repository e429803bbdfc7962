//! Keys as bytes that sort as the engines sort them where they are asked to in the plain order of bytes.

use super::encode::{clock_of, date_of, time_of, uuid_of, without_padding};
use super::number::Decimal;
use super::{Kind, Raw};

/// Adds one column of a key; `None` if the value does not fit the kind.
pub(in crate::probe) fn order(kind: Kind, raw: Raw<'_>, out: &mut Vec<u8>) -> Option<()> {
    if raw == Raw::Null {
        // Before all else, as it is asked for.
        out.push(0);
        return Some(());
    }
    out.push(1);
    match kind {
        Kind::Bool => match raw {
            Raw::Bool(value) => out.push(u8::from(value)),
            Raw::Int(value @ (0 | 1)) => out.push(u8::from(value == 1)),
            _ => return None,
        },
        Kind::Number | Kind::Real => return number(raw, out),
        Kind::Text => bytes(text(raw)?, out),
        Kind::Char => bytes(without_padding(text(raw)?), out),
        Kind::Binary => match raw {
            Raw::Bytes(value) | Raw::Text(value) => bytes(value, out),
            _ => return None,
        },
        Kind::Time | Kind::Unix | Kind::UnixMillis => match (raw, time_of(kind, raw)) {
            (Raw::Ever(later), _) => signed(if later { i64::MAX } else { i64::MIN }, out),
            (_, Some(micros)) => signed(micros, out),
            _ => return None,
        },
        Kind::Date => match raw {
            Raw::Ever(later) => signed(if later { i64::MAX } else { i64::MIN }, out),
            _ => signed(i64::from(date_of(raw)?), out),
        },
        Kind::Clock => signed(clock_of(raw)?, out),
        Kind::Uuid => out.extend_from_slice(&uuid_of(raw)?),
        // A file whose columns take any value is sorted by what each value is: null, numbers, texts, bytes.
        Kind::Dynamic => match raw {
            Raw::Int(_) | Raw::Float(_) => {
                out.push(0);
                return number(raw, out);
            }
            Raw::Text(value) => {
                out.push(1);
                bytes(value, out);
            }
            Raw::Bytes(value) => {
                out.push(2);
                bytes(value, out);
            }
            _ => return None,
        },
        Kind::Span | Kind::Json => return None,
    }
    Some(())
}

impl Kind {
    /// Can rows be sorted by a column of it, on every engine alike?
    pub(in crate::probe) fn has_order(self) -> bool {
        !matches!(self, Self::Span | Self::Json)
    }
}

fn number(raw: Raw<'_>, out: &mut Vec<u8>) -> Option<()> {
    let decimal = match raw {
        Raw::Int(value) => return int(value, out),
        Raw::Bool(value) => return int(i128::from(value), out),
        Raw::Float(value) => Decimal::of_float(value),
        Raw::Real(value) => Decimal::of_real(value),
        Raw::Digits(text) | Raw::Text(text) => Decimal::parse(text)?,
        Raw::Numeric(bytes) => Decimal::of_numeric(bytes)?,
        _ => return None,
    };
    decimal.order(out);
    Some(())
}

/// The bytes of `Decimal::order` for a whole number, without a list of digits.
fn int(value: i128, out: &mut Vec<u8>) -> Option<()> {
    let Ok(mut rest) = u64::try_from(value.unsigned_abs()) else {
        Decimal::of_int(value).order(out);
        return Some(());
    };
    if rest == 0 {
        out.push(3);
        return Some(());
    }
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    while rest > 0 {
        at -= 1;
        *digits.get_mut(at)? = b'0' + u8::try_from(rest % 10).ok()?;
        rest /= 10;
    }
    let digits = digits.get(at..)?;
    let shown = digits.iter().rposition(|digit| *digit != b'0')? + 1;
    out.push(if value < 0 { 2 } else { 4 });
    let begin = out.len();
    let biased = (1_u64 << 63) + u64::try_from(digits.len()).ok()?;
    out.extend_from_slice(&biased.to_be_bytes());
    out.extend_from_slice(digits.get(..shown)?);
    out.push(0);
    if value < 0 {
        out.get_mut(begin..)?.iter_mut().for_each(|byte| *byte = !*byte);
    }
    Some(())
}

fn text(raw: Raw<'_>) -> Option<&[u8]> {
    match raw {
        Raw::Text(value) | Raw::Json(value) => Some(value),
        _ => None,
    }
}

/// Ends with what is less than any byte, so that a beginning sorts before the whole.
fn bytes(value: &[u8], out: &mut Vec<u8>) {
    if value.contains(&0) {
        for byte in value {
            out.push(*byte);
            if *byte == 0 {
                out.push(0xff);
            }
        }
    } else {
        out.extend_from_slice(value);
    }
    out.extend_from_slice(&[0, 0]);
}

fn signed(value: i64, out: &mut Vec<u8>) {
    let mut bytes = value.to_be_bytes();
    if let Some(first) = bytes.first_mut() {
        *first ^= 0x80;
    }
    out.extend_from_slice(&bytes);
}
