//! Times that an engine keeps as text, as ISO 8601 writes them.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};

/// Microseconds since 1970; without a zone it is UTC. What is finer than a microsecond is no time here, because it
/// would equal its neighbours.
pub(super) fn instant(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let zoned = Timestamp::from_str(text).ok();
    let at = zoned.or_else(|| {
        let civil = DateTime::from_str(text).ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })?;
    (at.subsec_nanosecond() % 1_000 == 0).then(|| at.as_microsecond())
}

/// Days since 1970.
pub(super) fn day(text: &[u8]) -> Option<i32> {
    let text = std::str::from_utf8(text).ok()?.trim();
    if text.len() > 10 {
        let micros = instant(text.as_bytes())?;
        let day = 86_400_000_000;
        return (micros.rem_euclid(day) == 0).then(|| i32::try_from(micros.div_euclid(day)).ok())?;
    }
    let date = Date::from_str(text).ok()?;
    Date::new(1970, 1, 1).ok()?.until(date).ok().map(|span| span.get_days())
}

/// Microseconds since midnight.
pub(super) fn clock(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let time = Time::from_str(text).ok()?;
    let nanos = i64::from(time.subsec_nanosecond());
    let seconds = i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    (nanos % 1_000 == 0).then_some(seconds * 1_000_000 + nanos / 1_000)
}
