//! The output of monitoring plugins: `text | 'label'=value[unit];warn;crit;min;max …`.

use crate::fact::{Cause, Cell, Level, Missing, Pointer, Type, Unit};
use crate::probe::decode::{Amount, amount_cell};

/// The word of an exit status.
pub(super) fn state(exit_status: i64) -> Option<&'static str> {
    match exit_status {
        0 => Some("ok"),
        1 => Some("warning"),
        2 => Some("critical"),
        3 => Some("unknown"),
        _ => None,
    }
}

/// One value of the performance data.
#[derive(Debug, PartialEq)]
pub(super) struct Datum {
    label: String,
    /// Number and unit, as they stand there.
    value: String,
}

/// The performance data of an output, from the first line and, after a second `|`, from the lines below.
pub(super) fn data(text: &str) -> Result<Vec<Datum>, Missing> {
    let (first, below) = text.split_once('\n').unwrap_or((text, ""));
    let mut data = Vec::new();
    for part in [first, below] {
        if let Some((_, listed)) = part.split_once('|') {
            list(listed, &mut data)?;
        }
    }
    Ok(data)
}

fn list(text: &str, data: &mut Vec<Datum>) -> Result<(), Missing> {
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (label, after) = label(rest).ok_or_else(|| bad(rest))?;
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (datum, next) = after.split_at(end);
        let value = datum.split(';').next().unwrap_or_default().to_owned();
        data.push(Datum { label, value });
        rest = next.trim_start();
    }
    Ok(())
}

/// A label and what stands after its `=`. In quotes it may hold anything; two quotes are one.
fn label(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('\'') else {
        let (label, after) = text.split_once('=')?;
        let legal = !label.is_empty() && !label.contains(|c: char| c.is_whitespace() || c == '\'');
        return legal.then(|| (label.to_owned(), after));
    };
    let mut label = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        label.push_str(part);
        match after.strip_prefix('\'') {
            Some(more) => {
                label.push('\'');
                rest = more;
            }
            None => return Some((label, after.strip_prefix('=')?)),
        }
    }
}

fn bad(rest: &str) -> Missing {
    let begin: String = rest.chars().take(40).collect();
    Missing::new(Cause::Malformed, format!("this performance data cannot be read: `{begin}`"))
        .level(Level::Row)
        .fix("the form is 'label'=value[unit];warn;crit;min;max, with a dot in numbers")
}

/// The value with the label of a declared fact.
pub(super) fn cell(data: &[Datum], pointer: &Pointer) -> Cell {
    let wanted = if pointer.at.is_empty() { &pointer.name } else { &pointer.at };
    let mut found = data.iter().filter(|datum| *datum.label == **wanted);
    match (found.next(), found.next()) {
        (Some(datum), None) => value(datum, pointer),
        (None, _) => {
            let labels: Vec<&str> = data.iter().take(20).map(|datum| datum.label.as_str()).collect();
            let told = if labels.is_empty() { "there is none".to_owned() } else { labels.join(", ") };
            let what = format!("the performance data has no `{wanted}` ({told})");
            row(Cause::Absent, what).fix(format!("correct `at` of the fact `{}`", pointer.name)).cell()
        }
        (Some(_), Some(_)) => {
            row(Cause::Ambiguous, format!("the performance data has `{wanted}` more than once")).cell()
        }
    }
}

fn value(datum: &Datum, pointer: &Pointer) -> Cell {
    if datum.value == "U" {
        let what = format!("the plugin could not determine `{}` (it says U)", datum.label);
        return row(Cause::Absent, what).cell();
    }
    let number = |c: char| c.is_ascii_digit() || c == '.' || c == '-' || c == '+';
    let split = datum.value.find(|c| !number(c)).unwrap_or(datum.value.len());
    let (digits, unit) = datum.value.split_at(split);
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let amount = digits.parse().map(Amount::Int).or_else(|_| digits.parse().map(Amount::Float));
    let Ok(amount) = amount else { return bad(&format!("{}={}", datum.label, datum.value)).cell() };
    match meaning(unit, pointer) {
        Ok(unit) => amount_cell(amount, unit, pointer),
        Err(what) => row(Cause::WrongType, what).cell(),
    }
}

/// The unit of a plugin as ours. Plugins write MB and count in 1024, so that is how it is read, unless the
/// policy says `unit: MB`.
fn meaning<'a>(unit: &'a str, pointer: &'a Pointer) -> Result<Option<&'a str>, String> {
    let said = pointer.unit.as_deref();
    let is_counter = matches!(pointer.ty.base(), Type::Counter | Type::Int);
    match (unit, said) {
        ("", said) => Ok(said),
        ("c", _) if is_counter => Ok(None),
        (unit, Some(said)) if unit.eq_ignore_ascii_case(said) || (unit == "%" && said == "percent") => {
            Ok(Some(said))
        }
        (unit, Some(said)) => {
            Err(format!("`{}` is in `{unit}` and the policy says `{said}`; leave `unit` out", pointer.at))
        }
        (unit, None) if pointer.ty.base() == &Type::Quantity(Unit::BYTES) => Ok(Some(match unit {
            "KB" | "kB" => "KiB",
            "MB" => "MiB",
            "GB" => "GiB",
            "TB" => "TiB",
            "PB" => "PiB",
            other => other,
        })),
        (unit, None) => Ok(Some(unit)),
    }
}

fn row(cause: Cause, what: String) -> Missing {
    Missing::new(cause, what).level(Level::Row)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fact::Value;

    const TEXT: &str = "DISK OK - free | '/ used'=12.5MB;50;80;0;100 time=0.25s;;; 'it''s'=3 pct=97%\nlong\ntext | c=12c b=1KB ms=5ms u=U d=1 d=2";

    fn read(at: &str, ty: &str, unit: Option<&str>) -> Result<Value, Cause> {
        let pointer = Pointer {
            name: Arc::from("x"),
            ty: Type::parse(ty).unwrap(),
            at: Arc::from(at),
            unit: unit.map(Arc::from),
        };
        cell(&data(TEXT).unwrap(), &pointer).map_err(|why| why.cause)
    }

    #[test]
    fn values_are_found_by_label_and_have_units() {
        let cases = [
            ("/ used", "bytes", None, Value::Int(13_107_200)),
            ("/ used", "bytes", Some("MB"), Value::Int(12_500_000)),
            ("time", "duration", None, Value::Int(250_000)),
            ("it's", "int", None, Value::Int(3)),
            ("it's", "float", None, Value::Float(3.0)),
            ("it's", "duration", Some("m"), Value::Int(180_000_000)),
            ("pct", "ratio", None, Value::Float(0.97)),
            ("c", "counter", None, Value::Int(12)),
            ("b", "bytes", None, Value::Int(1024)),
            ("ms", "duration", None, Value::Int(5_000)),
        ];
        for (at, ty, unit, wanted) in cases {
            assert_eq!(read(at, ty, unit), Ok(wanted), "{at}");
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let cases = [
            ("time", "bytes", None, Cause::WrongType),
            ("pct", "duration", None, Cause::WrongType),
            ("pct", "float", None, Cause::WrongType),
            ("time", "duration", Some("ms"), Cause::WrongType),
            ("time", "text", None, Cause::WrongType),
            ("gone", "int?", None, Cause::Absent),
            ("u", "int?", None, Cause::Absent),
            ("d", "int", None, Cause::Ambiguous),
        ];
        for (at, ty, unit, wanted) in cases {
            assert_eq!(read(at, ty, unit), Err(wanted), "{at}");
        }
    }

    #[test]
    fn broken_data_is_malformed() {
        for text in ["OK | nonsense", "OK | 'open=1", "OK | a b=1", "OK | =1"] {
            assert_eq!(data(text).unwrap_err().cause, Cause::Malformed, "{text}");
        }
        let comma = data("OK | t=0,5s").unwrap();
        let pointer = Pointer { name: Arc::from("t"), ty: Type::DURATION, at: Arc::from(""), unit: None };
        assert!(cell(&comma, &pointer).is_err());
        assert_eq!(data("OK without data").unwrap(), []);
    }
}
