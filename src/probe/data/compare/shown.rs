//! The canonical encoding taken apart again, to name rows to people.

use std::fmt::Write as _;

use jiff::Timestamp;

/// The frames of a row: tag, length and content of each value.
pub(in crate::probe::data) fn frames(row: &[u8]) -> Frames<'_> {
    Frames(row)
}

/// Iterates over frames.
pub(in crate::probe::data) struct Frames<'a>(&'a [u8]);

impl<'a> Iterator for Frames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let length = match self.0.split_first()? {
            (0, _) => 1,
            (_, rest) => {
                let (length, _) = rest.split_first_chunk::<4>()?;
                5 + usize::try_from(u32::from_be_bytes(*length)).ok()?
            }
        };
        let (frame, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(frame)
    }
}

/// A value of a key as a person writes it.
pub(in crate::probe::data) fn text(frame: &[u8]) -> String {
    let (tag, content) = (frame.first().copied().unwrap_or(0), frame.get(5..).unwrap_or_default());
    let int = || content.try_into().ok().map(i64::from_be_bytes);
    match tag {
        0 => "null".to_owned(),
        1 => (content == [1]).to_string(),
        2 => number(&String::from_utf8_lossy(content)),
        5 => int()
            .and_then(|micros| Timestamp::from_microsecond(micros).ok())
            .map_or_else(|| hex(content), |at| at.to_string()),
        6 => content
            .try_into()
            .ok()
            .and_then(|days| Timestamp::from_second(i64::from(i32::from_be_bytes(days)) * 86_400).ok())
            .map_or_else(|| hex(content), |at| at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()),
        3 | 9 => String::from_utf8_lossy(content).into_owned(),
        10 => uuid(content),
        _ => hex(content),
    }
}

/// `12e2` as 1200, where that is short.
fn number(text: &str) -> String {
    let Some((digits, power)) = text.split_once('e') else { return text.to_owned() };
    let Ok(power) = power.parse::<i32>() else { return text.to_owned() };
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    if (0..=30).contains(&power) {
        return format!("{sign}{digits}{}", "0".repeat(usize::try_from(power).unwrap_or(0)));
    }
    let places = usize::try_from(-power).unwrap_or(usize::MAX);
    if places > 30 {
        return text.to_owned();
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, part) = padded.split_at_checked(padded.len() - places).unwrap_or((&padded, ""));
    format!("{sign}{whole}.{part}")
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", crate::probe::x509::hex(bytes))
}

fn uuid(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing into a string cannot fail.
        if write!(text, "{byte:02x}").is_err() {
            return hex(bytes);
        }
    }
    text
}
