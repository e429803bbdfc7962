//! Values and cells.

use std::sync::Arc;

use jiff::Timestamp;

use super::Missing;

/// A value as a probe read it. Its type stands in the schema, not here.
///
/// Quantities are numbers of their base unit: bytes and durations are whole numbers of bytes and
/// microseconds; ratios and rates are floats (0.2 is 20 %, rates are per second). A time is the number of
/// microseconds since 1970 UTC, which reaches beyond the year 9999 that certificates use for "never".
/// A date is the number of days since 1970.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// The source has no value.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number, or a quantity of a whole base unit.
    Int(i64),
    /// A number with a fraction, a ratio or a rate.
    Float(f64),
    /// Text, an enum's word, a version.
    Text(Arc<str>),
    /// A text that its recording does not tell: equal to another one of the recording, or not.
    Masked(Arc<str>),
    /// A list.
    List(Arc<[Cell]>),
    /// A record; names stand in its schema.
    Record(Arc<[Cell]>),
}

/// A value, or the reason why there is none.
pub type Cell = Result<Value, Arc<Missing>>;

impl Value {
    /// A text.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Arc::from(text.as_ref()))
    }

    /// A list of texts.
    pub fn texts<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Self {
        Self::List(items.into_iter().map(|item| Ok(Self::text(item))).collect())
    }

    /// A time.
    pub fn time(at: Timestamp) -> Self {
        Self::Int(micros_of(at))
    }

    /// A number of bytes; what does not fit into 63 bits is cut there.
    pub fn bytes(count: u64) -> Self {
        Self::count(count)
    }

    /// A count; what does not fit into 63 bits is cut there.
    pub fn count(count: u64) -> Self {
        Self::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// A duration.
    pub fn duration(duration: std::time::Duration) -> Self {
        Self::Int(micros(duration))
    }

    /// The value or null.
    pub fn or_null(value: Option<Self>) -> Self {
        value.unwrap_or(Self::Null)
    }

    /// Is there no value at the source?
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Is it a masked text, or a list of some?
    pub fn is_masked(&self) -> bool {
        match self {
            Self::Masked(_) => true,
            Self::List(items) => items.iter().flatten().any(Self::is_masked),
            _ => false,
        }
    }

    /// The whole number, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            _ => None,
        }
    }

    /// The bool, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(bool) => Some(*bool),
            _ => None,
        }
    }

    /// The number as a float, if it is a number.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Int(int) => Some(super::int_to_float(*int)),
            Self::Float(float) => Some(*float),
            _ => None,
        }
    }
}

/// A duration in microseconds.
pub fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// A time in microseconds since 1970.
pub fn micros_of(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The time of a number of microseconds since 1970, if it lies in the years -9999 to 9999.
pub fn timestamp(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}
