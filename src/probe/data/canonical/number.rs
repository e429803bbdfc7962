//! Numbers as decimals: sign, digits without zeros at either end, power of ten.

use std::fmt::Write as _;

/// A number taken apart: value = 0.DIGITS × 10^exponent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) negative: bool,
    /// ASCII digits without zeros at either end; empty for zero.
    pub(super) digits: Vec<u8>,
    pub(super) exponent: i64,
    /// No number, or beyond all numbers.
    pub(super) special: Option<Special>,
}

/// What is no finite number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    NotANumber,
    Infinite,
}

impl Decimal {
    fn special(what: Special, negative: bool) -> Self {
        Self { negative, special: Some(what), ..Self::default() }
    }

    /// Digits and the power of ten behind the last of them.
    fn new(negative: bool, digits: Vec<u8>, scale: i64) -> Self {
        let mut digits = digits;
        let mut exponent = scale + i64::try_from(digits.len()).unwrap_or(i64::MAX);
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        if zeros > 0 {
            digits.drain(..zeros);
            exponent -= i64::try_from(zeros).unwrap_or(0);
        }
        if digits.is_empty() {
            // The sign of a zero is not kept: SQLite loses it, and all engines hold both equal.
            return Self::default();
        }
        Self { negative, digits, exponent, special: None }
    }

    pub(super) fn of_int(value: i128) -> Self {
        let mut text = String::new();
        // Writing into a string cannot fail.
        if write!(text, "{}", value.unsigned_abs()).is_err() {
            text.clear();
        }
        Self::new(value < 0, text.into_bytes(), 0)
    }

    /// The shortest decimal that reads back as this float.
    pub(super) fn of_float(value: f64) -> Self {
        Self::of_shortest(value.is_nan(), value.is_infinite(), value < 0.0, &format!("{value:e}"))
    }

    /// The same of 32 bits.
    pub(super) fn of_real(value: f32) -> Self {
        Self::of_shortest(value.is_nan(), value.is_infinite(), value < 0.0, &format!("{value:e}"))
    }

    fn of_shortest(nan: bool, infinite: bool, negative: bool, text: &str) -> Self {
        match (nan, infinite) {
            (true, _) => Self::special(Special::NotANumber, false),
            (_, true) => Self::special(Special::Infinite, negative),
            _ => Self::parse(text.as_bytes()).unwrap_or_default(),
        }
    }

    /// A number as SQL writes it; `None` if it is none.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        let (negative, rest) = match text.split_first()? {
            (b'-', rest) => (true, rest),
            (b'+', rest) => (false, rest),
            _ => (false, text),
        };
        if rest.eq_ignore_ascii_case(b"nan") {
            return Some(Self::special(Special::NotANumber, false));
        }
        if rest.eq_ignore_ascii_case(b"infinity") || rest.eq_ignore_ascii_case(b"inf") {
            return Some(Self::special(Special::Infinite, negative));
        }
        let (mantissa, power) = match rest.iter().position(|byte| matches!(byte, b'e' | b'E')) {
            None => (rest, 0),
            Some(at) => {
                let power = std::str::from_utf8(rest.get(at + 1..)?).ok()?;
                (rest.get(..at)?, power.parse::<i32>().ok()?)
            }
        };
        let point = mantissa.iter().position(|byte| *byte == b'.');
        let behind = point.map_or(0, |at| mantissa.len() - at - 1);
        let digits: Vec<u8> = mantissa.iter().copied().filter(|byte| *byte != b'.').collect();
        let points = mantissa.len() - digits.len();
        if digits.is_empty() || points > 1 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        Some(Self::new(negative, digits, i64::from(power) - i64::try_from(behind).ok()?))
    }

    /// PostgreSQL's binary form: count, weight, sign, scale, then digits to the base of 10,000.
    pub(super) fn of_numeric(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<8>()?;
        let ([count, weight, sign, _], _) = head.as_chunks::<2>() else { return None };
        let count = usize::from(u16::from_be_bytes(*count));
        let weight = i64::from(i16::from_be_bytes(*weight));
        let negative = match u16::from_be_bytes(*sign) {
            0 => false,
            0x4000 => true,
            0xC000 => return Some(Self::special(Special::NotANumber, false)),
            0xD000 => return Some(Self::special(Special::Infinite, false)),
            0xF000 => return Some(Self::special(Special::Infinite, true)),
            _ => return None,
        };
        if rest.len() != count * 2 {
            return None;
        }
        let mut digits = Vec::with_capacity(count * 4);
        for pair in rest.as_chunks::<2>().0 {
            let group = u16::from_be_bytes(*pair);
            for power in [1000, 100, 10, 1] {
                digits.push(b'0' + u8::try_from(group / power % 10).ok()?);
            }
        }
        let scale = (weight + 1 - i64::try_from(count).ok()?) * 4;
        Some(Self::new(negative, digits, scale))
    }

    /// `-123e-2`: digits and the power of ten behind the last of them, left out if it is zero.
    pub(super) fn text(&self, out: &mut Vec<u8>) {
        if self.negative {
            out.push(b'-');
        }
        match self.special {
            Some(Special::NotANumber) => out.extend_from_slice(b"NaN"),
            Some(Special::Infinite) => out.extend_from_slice(b"inf"),
            None if self.digits.is_empty() => out.push(b'0'),
            None => {
                out.extend_from_slice(&self.digits);
                let scale = self.exponent - i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
                if scale != 0 {
                    out.push(b'e');
                    out.extend_from_slice(scale.to_string().as_bytes());
                }
            }
        }
    }

    /// Bytes that sort as the numbers do; not-a-number is after all others, as PostgreSQL has it.
    pub(super) fn order(&self, out: &mut Vec<u8>) {
        let class = match (self.special, self.negative) {
            (Some(Special::NotANumber), _) => 6,
            (Some(Special::Infinite), true) => 1,
            (Some(Special::Infinite), false) => 5,
            (None, _) if self.digits.is_empty() => 3,
            (None, true) => 2,
            (None, false) => 4,
        };
        out.push(class);
        if self.special.is_some() || self.digits.is_empty() {
            return;
        }
        let begin = out.len();
        // Half of all 64 bits is zero.
        let biased = u64::try_from(i128::from(self.exponent) + (1_i128 << 63)).unwrap_or(u64::MAX);
        out.extend_from_slice(&biased.to_be_bytes());
        out.extend_from_slice(&self.digits);
        out.push(0);
        if self.negative {
            for byte in out.iter_mut().skip(begin) {
                *byte = !*byte;
            }
        }
    }
}

/// The canonical text of a whole number without a list of digits in between: rows consist of these.
pub(super) fn int_text(value: i128, out: &mut Vec<u8>) {
    let Ok(mut rest) = u64::try_from(value.unsigned_abs()) else {
        return Decimal::of_int(value).text(out);
    };
    if rest == 0 {
        out.push(b'0');
        return;
    }
    let mut zeros = 0_u8;
    while rest % 10 == 0 {
        rest /= 10;
        zeros += 1;
    }
    if value < 0 {
        out.push(b'-');
    }
    let begin = out.len();
    while rest > 0 {
        out.push(b'0' + u8::try_from(rest % 10).unwrap_or(0));
        rest /= 10;
    }
    if let Some(digits) = out.get_mut(begin..) {
        digits.reverse();
    }
    if zeros > 0 {
        out.push(b'e');
        if zeros >= 10 {
            out.push(b'1');
        }
        out.push(b'0' + zeros % 10);
    }
}
