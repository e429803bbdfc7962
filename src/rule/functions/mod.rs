//! The one table of functions and unit words: checker, evaluator, script engine and docs read it.

mod bodies;
mod table;

use crate::fact::{Cell, Type, Value, float_to_int};

pub(crate) use bodies::in_list;
pub use table::FUNCTIONS;

/// One function.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its arguments as docs show them.
    pub shape: &'static str,
    /// One line.
    pub doc: &'static str,
    /// An example with its result.
    pub example: (&'static str, &'static str),
    /// The type of the result for these arguments; the error says what it takes.
    pub check: fn(&[Type]) -> Option<Type>,
    /// What it does; arguments are never null.
    pub run: fn(&[Value], &[Type]) -> Cell,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name)
    }
}

/// The function of that name.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// `7.days`: word, type, and how many base units one is.
pub const UNITS: &[(&str, Type, f64)] = &[
    ("microseconds", Type::DURATION, 1.0),
    ("milliseconds", Type::DURATION, 1e3),
    ("second", Type::DURATION, 1e6),
    ("seconds", Type::DURATION, 1e6),
    ("minute", Type::DURATION, 6e7),
    ("minutes", Type::DURATION, 6e7),
    ("hour", Type::DURATION, 3.6e9),
    ("hours", Type::DURATION, 3.6e9),
    ("day", Type::DURATION, 8.64e10),
    ("days", Type::DURATION, 8.64e10),
    ("week", Type::DURATION, 6.048e11),
    ("weeks", Type::DURATION, 6.048e11),
    ("bytes", Type::BYTES, 1.0),
    ("kB", Type::BYTES, 1e3),
    ("MB", Type::BYTES, 1e6),
    ("GB", Type::BYTES, 1e9),
    ("TB", Type::BYTES, 1e12),
    ("KiB", Type::BYTES, 1024.0),
    ("MiB", Type::BYTES, 1_048_576.0),
    ("GiB", Type::BYTES, 1_073_741_824.0),
    ("TiB", Type::BYTES, 1_099_511_627_776.0),
    ("PiB", Type::BYTES, 1_125_899_906_842_624.0),
    ("percent", Type::RATIO, 0.01),
];

/// The word of a YAML unit: `d` is `days`.
pub fn unit_word(unit: &str) -> Option<&'static str> {
    const WORDS: &[(&str, &str)] = &[
        ("us", "microseconds"),
        ("ms", "milliseconds"),
        ("s", "seconds"),
        ("m", "minutes"),
        ("h", "hours"),
        ("d", "days"),
        ("w", "weeks"),
        ("B", "bytes"),
        ("kB", "kB"),
        ("MB", "MB"),
        ("GB", "GB"),
        ("TB", "TB"),
        ("KiB", "KiB"),
        ("MiB", "MiB"),
        ("GiB", "GiB"),
        ("TiB", "TiB"),
        ("PiB", "PiB"),
    ];
    WORDS.iter().find(|(short, _)| *short == unit).map(|(_, word)| *word)
}

/// `7.days` as a value.
pub fn quantity(number: &Value, unit: &str) -> Option<Result<(Value, Type), String>> {
    let (_, ty, factor) = UNITS.iter().find(|(word, _, _)| *word == unit)?;
    let amount = number.as_float()?;
    if *ty == Type::RATIO {
        return Some(Ok((Value::Float(amount / 100.0), Type::RATIO)));
    }
    let whole = match number {
        Value::Int(int) => float_to_int(*factor).and_then(|factor| int.checked_mul(factor)),
        _ => float_to_int(amount * factor),
    };
    Some(whole.map(|int| (Value::Int(int), ty.clone())).ok_or_else(|| "the number is too large".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_sorted_and_unique() {
        assert!(FUNCTIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
