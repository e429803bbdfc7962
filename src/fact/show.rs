//! Values as people read them.

use super::{Cell, Type, Unit, Value, int_to_float, timestamp};

/// Digits with a comma between thousands.
fn grouped(int: i64) -> String {
    let digits = int.unsigned_abs().to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if int < 0 { format!("-{out}") } else { out }
}

/// A float with at most `digits` decimals, without trailing zeros.
fn decimal(float: f64, digits: usize) -> String {
    let text = format!("{float:.digits$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn bytes(count: f64, digits: usize) -> String {
    const STEPS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let (mut amount, mut unit) = (count, "B");
    for step in STEPS {
        if amount.abs() < 1024.0 {
            break;
        }
        (amount, unit) = (amount / 1024.0, step);
    }
    format!("{} {unit}", decimal(amount, digits))
}

/// The two largest parts of a duration: `3d 4h`, `1.5s`.
fn duration(micros: i64, digits: usize) -> String {
    const STEPS: [(&str, u64); 4] =
        [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000)];
    let sign = if micros < 0 { "-" } else { "" };
    let size = micros.unsigned_abs();
    if size < 1_000_000 {
        let millis = int_to_float(i64::try_from(size).unwrap_or(i64::MAX)) / 1_000.0;
        return if size == 0 { "0s".to_owned() } else { format!("{sign}{}ms", decimal(millis, digits)) };
    }
    if size < 60_000_000 {
        let seconds = int_to_float(i64::try_from(size).unwrap_or(i64::MAX)) / 1_000_000.0;
        return format!("{sign}{}s", decimal(seconds, digits));
    }
    let wanted = if digits > 1 { 4 } else { 2 };
    let mut rest = size;
    let mut parts = Vec::new();
    for (unit, step) in STEPS {
        let (count, left) = (rest / step, rest % step);
        rest = left;
        if count > 0 {
            parts.push(format!("{count}{unit}"));
        }
    }
    parts.truncate(wanted);
    format!("{sign}{}", parts.join(" "))
}

fn with_digits(value: &Value, ty: &Type, digits: usize) -> String {
    match (value, ty.base()) {
        (Value::Null, _) => "none".to_owned(),
        (Value::Bool(bool), _) => bool.to_string(),
        (Value::Int(int), Type::Quantity(Unit::BYTES)) => bytes(int_to_float(*int), digits),
        (Value::Int(int), Type::Quantity(Unit::DURATION)) => duration(*int, digits),
        (Value::Int(int), Type::Time) => timestamp(*int).map_or_else(|| edge(*int), |at| at.to_string()),
        (Value::Int(int), Type::Date) => date(*int),
        (Value::Int(int), _) => grouped(*int),
        (Value::Float(float), Type::Quantity(Unit::RATIO)) => format!("{}%", decimal(float * 100.0, digits)),
        (Value::Float(float), Type::Quantity(Unit::BYTE_RATE)) => format!("{}/s", bytes(*float, digits)),
        (Value::Float(float), Type::Quantity(Unit::RATE)) => format!("{}/s", decimal(*float, digits)),
        (Value::Float(float), _) => decimal(*float, digits.max(3)),
        (Value::Text(text), _) => text.to_string(),
        (Value::Masked(digest), _) => format!("masked:{digest}"),
        (Value::List(items), ty) => {
            let item = if let Type::List(item) = ty { item } else { &Type::TEXT };
            let shown: Vec<String> = items.iter().map(|cell| show_cell(cell, item, None)).collect();
            if shown.is_empty() { "(none)".to_owned() } else { shown.join(", ") }
        }
        (Value::Record(_), _) => "(record)".to_owned(),
    }
}

/// The last hours of the year 9999, with which certificates say "never", lie beyond a timestamp.
fn edge(micros: i64) -> String {
    let span = jiff::Span::new().try_microseconds(micros);
    let at = span.ok().and_then(|span| jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0).checked_add(span).ok());
    at.map_or_else(|| format!("{micros}µs after 1970"), |at| format!("{at}Z"))
}

fn date(days: i64) -> String {
    let epoch = jiff::civil::date(1970, 1, 1);
    let span = jiff::Span::new().try_days(days);
    let day = span.ok().and_then(|span| epoch.checked_add(span).ok());
    day.map_or_else(|| format!("{days} days after 1970"), |day| day.to_string())
}

/// A value with its unit.
pub fn show(value: &Value, ty: &Type) -> String {
    with_digits(value, ty, 1)
}

/// A value with as many digits as it takes to differ from its limit.
pub fn show_apart(value: &Value, limit: &Value, ty: &Type) -> String {
    for digits in 1..=9 {
        let shown = with_digits(value, ty, digits);
        if shown != with_digits(limit, ty, digits) || value == limit {
            return shown;
        }
    }
    format!("{value:?}")
}

/// A cell: its value, its words for null, or why it could not be read.
pub fn show_cell(cell: &Cell, ty: &Type, null_reads: Option<&str>) -> String {
    match cell {
        Ok(Value::Null) => null_reads.unwrap_or("none").to_owned(),
        Ok(value) => show(value, ty),
        Err(why) => format!("(unknown: {})", why.cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_carry_their_units() {
        let cases: &[(Value, Type, &str)] = &[
            (Value::Int(1_536), Type::BYTES, "1.5 KiB"),
            (Value::Int(100), Type::BYTES, "100 B"),
            (Value::Int(273_600_000_000), Type::DURATION, "3d 4h"),
            (Value::Int(1_500_000), Type::DURATION, "1.5s"),
            (Value::Int(12_345), Type::Int, "12,345"),
            (Value::Float(0.4321), Type::RATIO, "43.2%"),
            (Value::Int(0), Type::Time, "1970-01-01T00:00:00Z"),
            (Value::Int(20_000), Type::Date, "2024-10-04"),
        ];
        for (value, ty, text) in cases {
            assert_eq!(show(value, ty), *text);
        }
    }

    #[test]
    fn digits_grow_until_value_and_limit_differ() {
        assert_eq!(show_apart(&Value::Float(0.40001), &Value::Float(0.4), &Type::RATIO), "40.001%");
    }
}
