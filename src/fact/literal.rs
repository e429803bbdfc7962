//! Literals as YAML values write them: `20%`, `7d`, `10GiB`, `10_000`, `2026-01-31`, `5MiB/s`.

use super::{Type, Unit, Value, float_to_int};

/// Why a text is not a literal of the wanted type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiteralError(pub String);

/// Units of durations with their length in microseconds.
pub(crate) const DURATIONS: &[(&str, &str, i64)] = &[
    ("us", "microseconds", 1),
    ("ms", "milliseconds", 1_000),
    ("s", "seconds", 1_000_000),
    ("m", "minutes", 60_000_000),
    ("h", "hours", 3_600_000_000),
    ("d", "days", 86_400_000_000),
    ("w", "weeks", 604_800_000_000),
];

/// Units of sizes with their bytes.
pub(crate) const SIZES: &[(&str, i64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("PiB", 1 << 50),
];

/// A plain number: digits with `_` between them, one dot, a sign.
fn number(text: &str) -> Option<f64> {
    let plain = text.strip_prefix('-').unwrap_or(text);
    let starts = plain.chars().next().is_some_and(|c| c.is_ascii_digit());
    let legal = plain.chars().all(|c| c.is_ascii_digit() || c == '_' || c == '.');
    if !starts || !legal || plain.ends_with('_') || plain.ends_with('.') {
        return None;
    }
    text.replace('_', "").parse().ok()
}

/// The number times the size of its unit, exactly where it is whole.
fn scaled(digits: &str, factor: i64) -> Option<i64> {
    match digits.replace('_', "").parse::<i64>() {
        Ok(int) if number(digits).is_some() => int.checked_mul(factor),
        _ => float_to_int(number(digits)? * super::int_to_float(factor)),
    }
}

/// A quantity literal without knowing its type: `7d`, `1h30m`, `10GiB`, `20%`, `5MiB/s`, `3/s`.
pub fn parse_quantity(text: &str) -> Option<(Value, Type)> {
    if let Some(share) = text.strip_suffix('%') {
        return number(share.trim_end()).map(|n| (Value::Float(n / 100.0), Type::RATIO));
    }
    if let Some(amount) = text.strip_suffix("/s") {
        let rate = |n: f64, unit| Some((Value::Float(n), Type::Quantity(unit)));
        return match (number(amount), size(amount)) {
            (Some(n), _) => rate(n, Unit::RATE),
            (None, Some(bytes)) => rate(super::int_to_float(bytes), Unit::BYTE_RATE),
            _ => None,
        };
    }
    if let Some(bytes) = size(text) {
        return Some((Value::Int(bytes), Type::BYTES));
    }
    duration(text).map(|micros| (Value::Int(micros), Type::DURATION))
}

fn size(text: &str) -> Option<i64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (digits, unit) = text.split_at(split);
    let (_, factor) = SIZES.iter().find(|(name, _)| *name == unit)?;
    scaled(digits.trim_end(), *factor)
}

/// `90s`, `1h30m`: parts of falling size.
fn duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mut total, mut last) = (0i64, i64::MAX);
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (digits, tail) = rest.split_at(unit_at);
        let end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, next) = tail.split_at(end);
        let (_, _, factor) = DURATIONS.iter().find(|(name, _, _)| *name == unit)?;
        // `number` takes a sign, and a part has none of its own.
        if *factor >= last || digits.starts_with('-') {
            return None;
        }
        total = total.checked_add(scaled(digits.trim_end(), *factor)?)?;
        (last, rest) = (*factor, next);
    }
    (last != i64::MAX).then_some(if negative { -total } else { total })
}

/// An RFC 3339 time in microseconds since 1970.
pub fn parse_time(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(super::micros_of).or_else(|| edge(text))
}

/// A UTC time within the last hours of the year 9999, which lie beyond a timestamp.
fn edge(text: &str) -> Option<i64> {
    let civil = text.strip_suffix('Z').filter(|text| text.starts_with("9999-12-3") && text.contains('T'))?;
    let at: jiff::civil::DateTime = civil.parse().ok()?;
    let epoch = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
    at.since((jiff::Unit::Microsecond, epoch)).ok().map(|span| span.get_microseconds())
}

/// A date in days since 1970.
pub fn parse_date(text: &str) -> Option<i64> {
    let date: jiff::civil::Date = text.parse().ok()?;
    if text.len() < 10 || text.contains(':') {
        return None;
    }
    let epoch = jiff::civil::date(1970, 1, 1);
    date.since((jiff::Unit::Day, epoch)).ok().map(|span| i64::from(span.get_days()))
}

/// A text read as the wanted type.
pub fn parse_literal(text: &str, ty: &Type) -> Result<Value, LiteralError> {
    let wrong = |example: &str| {
        let hint = match parse_quantity(text) {
            Some((_, found)) => format!("`{text}` is {found}, not {ty}"),
            None => format!("`{text}` is not {ty}"),
        };
        LiteralError(format!("{hint}; write for example `{example}`"))
    };
    let value = match ty.base() {
        Type::Bool => return text.parse().map(Value::Bool).map_err(|_e| wrong("true")),
        Type::Int | Type::Counter => {
            return number(text)
                .and_then(|_| text.replace('_', "").parse().ok())
                .map(Value::Int)
                .ok_or_else(|| wrong("10_000"));
        }
        Type::Float => return number(text).map(Value::Float).ok_or_else(|| wrong("1.5")),
        Type::Text(_) => return Ok(Value::text(text)),
        Type::Version if text.starts_with(|c: char| c.is_ascii_digit()) => return Ok(Value::text(text)),
        Type::Version => return Err(wrong("15.4")),
        Type::Enum(words) if words.iter().any(|word| **word == *text) => return Ok(Value::text(text)),
        Type::Enum(words) => return Err(wrong(words.first().map_or("", |word| word))),
        Type::Time => return parse_time(text).map(Value::Int).ok_or_else(|| wrong("2026-11-01T03:00:00Z")),
        Type::Date => return parse_date(text).map(Value::Int).ok_or_else(|| wrong("2026-11-01")),
        Type::Quantity(unit) => parse_quantity(text).filter(|(_, found)| found == &Type::Quantity(*unit)),
        Type::List(_) | Type::Record(_) | Type::Nullable(_) => None,
    };
    value.map(|(value, _)| value).ok_or_else(|| {
        wrong(match ty.base() {
            Type::Quantity(Unit::BYTES) => "10GiB",
            Type::Quantity(Unit::RATIO) => "20%",
            Type::Quantity(Unit::BYTE_RATE) => "5MiB/s",
            Type::Quantity(Unit::RATE) => "3/s",
            _ => "7d",
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_have_their_unit() {
        let cases: &[(&str, Value, Type)] = &[
            ("20%", Value::Float(0.2), Type::RATIO),
            ("7d", Value::Int(604_800_000_000), Type::DURATION),
            ("1h30m", Value::Int(5_400_000_000), Type::DURATION),
            ("1.5h", Value::Int(5_400_000_000), Type::DURATION),
            ("10GiB", Value::Int(10 << 30), Type::BYTES),
            ("1_000 kB", Value::Int(1_000_000), Type::BYTES),
            ("3/s", Value::Float(3.0), Type::Quantity(Unit::RATE)),
            ("1KiB/s", Value::Float(1024.0), Type::Quantity(Unit::BYTE_RATE)),
        ];
        for (text, value, ty) in cases {
            assert_eq!(parse_quantity(text), Some((value.clone(), ty.clone())), "{text}");
        }
        for text in [
            "7",
            "7 dd",
            "30m1h",
            "1h-30m",
            "--7d",
            "d7",
            "%",
            "10gib",
            "1h1h",
            "",
            "-",
            "1__",
            "99999999999999d",
        ] {
            assert_eq!(parse_quantity(text), None, "{text}");
        }
    }

    #[test]
    fn the_end_of_the_last_year_is_a_time() {
        let never = parse_time("9999-12-31T23:59:59Z");
        assert_eq!(never, Some(253_402_300_799_000_000));
        assert_eq!(
            crate::fact::show(&Value::Int(253_402_300_799_000_000), &Type::Time),
            "9999-12-31T23:59:59Z"
        );
        assert_eq!(parse_time("9999-12-31Z"), None);
    }

    #[test]
    fn wanted_types_are_enforced() {
        assert_eq!(parse_literal("10_000", &Type::Int), Ok(Value::Int(10_000)));
        assert_eq!(parse_literal("1970-01-02", &Type::Date), Ok(Value::Int(1)));
        assert!(parse_literal("20%", &Type::BYTES).unwrap_err().0.contains("is ratio, not bytes"));
        assert!(parse_literal("90", &Type::RATIO).is_err());
        assert!(parse_literal("1.5", &Type::Int).is_err());
    }
}
