//! Numbers with units, as the type that a fact was declared with.

use crate::fact::{Type, Unit, Value, float_to_int, int_to_float};

/// A number as it stands in an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Amount {
    /// Without a fraction.
    Int(i64),
    /// With one, or too large for the other.
    Float(f64),
}

impl Amount {
    fn float(self) -> f64 {
        match self {
            Self::Int(int) => int_to_float(int),
            Self::Float(float) => float,
        }
    }

    /// The whole number, if it is one exactly.
    fn whole(self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(int),
            Self::Float(float) => {
                let whole = float_to_int(float).filter(|int| int.abs() <= EXACT)?;
                ((int_to_float(whole) - float).abs() < f64::EPSILON).then_some(whole)
            }
        }
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(int) => write!(out, "{int}"),
            Self::Float(float) => write!(out, "{float}"),
        }
    }
}

/// The largest whole number up to which a float holds every one.
const EXACT: i64 = 1 << 53;

/// Units of durations (and of times as numbers) with their microseconds.
const DURATIONS: &[(&str, f64)] = &[
    ("s", 1e6),
    ("ns", 1e-3),
    ("us", 1.0),
    ("ms", 1e3),
    ("m", 60e6),
    ("h", 3_600e6),
    ("d", 86_400e6),
    ("w", 604_800e6),
];

/// Units of sizes with their bytes.
const SIZES: &[(&str, f64)] = &[
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1_024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
    ("PiB", 1_125_899_906_842_624.0),
];

/// Units of rates with their events per second.
const RATES: &[(&str, f64)] =
    &[("/s", 1.0), ("/m", 1.0 / 60.0), ("/h", 1.0 / 3_600.0), ("/d", 1.0 / 86_400.0)];

/// Units of ratios.
const RATIOS: &[(&str, f64)] = &[("ratio", 1.0), ("percent", 0.01), ("%", 0.01)];

/// A plain number as the type; its unit is the base unit if none is said.
pub(super) fn number(amount: Amount, unit: Option<&str>, ty: &Type) -> Result<Value, String> {
    match (ty, unit) {
        (Type::Int | Type::Counter, None) => {
            amount.whole().map(Value::Int).ok_or_else(|| format!("is {amount}, not a whole number that fits"))
        }
        (Type::Float, None) => finite(amount.float()),
        (Type::Quantity(Unit::BYTES), _) => scaled(amount, factor(SIZES, unit.or(Some("B")), ty)?, ty),
        (Type::Quantity(Unit::DURATION), _) => scaled(amount, factor(DURATIONS, unit.or(Some("s")), ty)?, ty),
        (Type::Time, None) => Err(format!(
            "is the number {amount}, and nothing says what it counts; write `unit: s` (or ms, us) for seconds since 1970"
        )),
        (Type::Time, Some(_)) => match scaled(amount, factor(DURATIONS, unit, ty)?, ty)? {
            Value::Int(micros) if !is_time(micros) => {
                Err(format!("is {amount}, far beyond the year 9999; correct `unit`"))
            }
            value => Ok(value),
        },
        (Type::Quantity(Unit::RATIO), _) => share(amount.float(), unit, ty),
        (Type::Quantity(Unit::RATE), _) => finite(amount.float() * factor(RATES, unit.or(Some("/s")), ty)?),
        (Type::Quantity(Unit::BYTE_RATE), _) => {
            let size = unit.map(|unit| unit.strip_suffix("/s").unwrap_or(unit));
            finite(amount.float() * factor(SIZES, size.or(Some("B")), ty)?)
        }
        (Type::Int | Type::Counter | Type::Float, Some(unit)) => Err(format!(
            "is {amount} {unit}, and {ty} has no unit; declare it as what it is (bytes, duration, ratio)"
        )),
        _ => Err(format!("is the number {amount}, not {ty}")),
    }
}

/// Can this be written as a date? Other times could be recorded and not read back.
pub(crate) fn is_time(micros: i64) -> bool {
    (-377_705_023_201_000_000..=253_402_300_799_999_999).contains(&micros)
}

/// A ratio. A number outside 0 to 1 without a unit is most likely percent, and then every limit would be
/// wrong by a factor of hundred; so it has to be said.
fn share(float: f64, unit: Option<&str>, ty: &Type) -> Result<Value, String> {
    if unit.is_none() && !(-1e-9..=1.0 + 1e-9).contains(&float) {
        return Err(format!(
            "is {float}, which is not between 0 and 1; write `unit: percent` if it is percent, `unit: ratio` if it can be so"
        ));
    }
    match unit {
        Some("percent" | "%") => finite(float / 100.0),
        _ => finite(float * factor(RATIOS, unit.or(Some("ratio")), ty)?),
    }
}

/// A whole number of the base unit.
fn scaled(amount: Amount, factor: f64, ty: &Type) -> Result<Value, String> {
    let too_large = || format!("is {amount}, which is too large for {ty}");
    if let (Some(whole), Some(factor)) = (amount.whole(), float_to_int(factor).filter(|_| factor >= 1.0)) {
        return whole.checked_mul(factor).map(Value::Int).ok_or_else(too_large);
    }
    if ty == &Type::BYTES && factor < 2.0 {
        return Err(format!("is {amount}, not a whole number of bytes that fits"));
    }
    float_to_int(amount.float() * factor).map(Value::Int).ok_or_else(too_large)
}

fn finite(float: f64) -> Result<Value, String> {
    if float.is_finite() { Ok(Value::Float(float)) } else { Err("is not a finite number".to_owned()) }
}

fn factor(units: &[(&str, f64)], unit: Option<&str>, ty: &Type) -> Result<f64, String> {
    let unit = unit.unwrap_or("");
    let known = || units.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let found = units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    found.ok_or_else(|| format!("is in `{unit}`, which is not a unit of {ty} (those are {})", known()))
}
