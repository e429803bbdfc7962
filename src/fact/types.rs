//! Types; units are part of them.

use std::fmt;
use std::sync::Arc;

use super::Schema;

/// What a text stands for, which decides how a template quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// Any text.
    Plain,
    /// A (possibly qualified) name of a database object, quoted where needed.
    SqlName,
    /// A path of a file system.
    Path,
    /// A host name or address.
    Host,
    /// An URL.
    Url,
}

/// The dimension of a quantity: exponents of byte and second. Both zero is a ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Exponent of byte.
    pub byte: i8,
    /// Exponent of second.
    pub second: i8,
}

impl Unit {
    /// Bytes.
    pub const BYTES: Self = Self { byte: 1, second: 0 };
    /// Durations.
    pub const DURATION: Self = Self { byte: 0, second: 1 };
    /// Shares: 20 % is 0.2.
    pub const RATIO: Self = Self { byte: 0, second: 0 };
    /// Bytes per second.
    pub const BYTE_RATE: Self = Self { byte: 1, second: -1 };
    /// Events per second.
    pub const RATE: Self = Self { byte: 0, second: -1 };

    /// Is a value of this unit a whole number of its base (bytes, microseconds)?
    pub fn is_whole(self) -> bool {
        self == Self::BYTES || self == Self::DURATION
    }
}

/// The type of a fact, a parameter or an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number or a count.
    Int,
    /// A number with a fraction.
    Float,
    /// Text.
    Text(TextKind),
    /// One of a closed set of words.
    Enum(Arc<[Arc<str>]>),
    /// Bytes, a duration, a ratio or a rate.
    Quantity(Unit),
    /// A number that only grows until it starts again at zero.
    Counter,
    /// An instant.
    Time,
    /// A day.
    Date,
    /// A version, compared number by number.
    Version,
    /// A list of one type.
    List(Arc<Type>),
    /// A record.
    Record(Arc<Schema>),
    /// The type, or null.
    Nullable(Arc<Type>),
}

impl Type {
    /// Plain text.
    pub const TEXT: Self = Self::Text(TextKind::Plain);
    /// Bytes.
    pub const BYTES: Self = Self::Quantity(Unit::BYTES);
    /// A duration.
    pub const DURATION: Self = Self::Quantity(Unit::DURATION);
    /// A ratio.
    pub const RATIO: Self = Self::Quantity(Unit::RATIO);

    /// An enum of these words.
    pub fn words(words: &[&str]) -> Self {
        Self::Enum(words.iter().map(|word| Arc::from(*word)).collect())
    }

    /// A list of this type.
    pub fn list(item: Self) -> Self {
        Self::List(Arc::new(item))
    }

    /// This type or null.
    pub fn nullable(self) -> Self {
        match self {
            Self::Nullable(_) => self,
            other => Self::Nullable(Arc::new(other)),
        }
    }

    /// May a value be null?
    pub fn is_nullable(&self) -> bool {
        matches!(self, Self::Nullable(_))
    }

    /// The type without null.
    pub fn base(&self) -> &Self {
        match self {
            Self::Nullable(inner) => inner,
            other => other,
        }
    }

    /// A plain number without a unit?
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Float | Self::Counter)
    }

    /// Text of any kind, or a word of an enum?
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Enum(_))
    }

    /// The type of a name such as `bytes?` or `list<text>` or `enum(a|b)`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(inner) = text.strip_suffix('?') {
            return Some(Self::parse(inner)?.nullable());
        }
        if let Some(inner) = text.strip_prefix("list<").and_then(|rest| rest.strip_suffix('>')) {
            return Some(Self::list(Self::parse(inner)?));
        }
        if let Some(inner) = text.strip_prefix("enum(").and_then(|rest| rest.strip_suffix(')')) {
            let words: Vec<&str> = inner.split('|').map(str::trim).filter(|word| !word.is_empty()).collect();
            return if words.is_empty() { None } else { Some(Self::words(&words)) };
        }
        NAMES.iter().find(|(name, _)| *name == text).map(|(_, ty)| ty.clone())
    }

    /// The names that [`Type::parse`] takes, without `?`, `list<>` and `enum()`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }
}

/// Names of types, as declared facts write them. The first name of a type is the one that is printed.
const NAMES: &[(&str, Type)] = &[
    ("bool", Type::Bool),
    ("int", Type::Int),
    ("count", Type::Int),
    ("float", Type::Float),
    ("text", Type::TEXT),
    ("name", Type::Text(TextKind::SqlName)),
    ("path", Type::Text(TextKind::Path)),
    ("host", Type::Text(TextKind::Host)),
    ("url", Type::Text(TextKind::Url)),
    ("bytes", Type::BYTES),
    ("duration", Type::DURATION),
    ("ratio", Type::RATIO),
    ("bytes/s", Type::Quantity(Unit::BYTE_RATE)),
    ("rate", Type::Quantity(Unit::RATE)),
    ("counter", Type::Counter),
    ("time", Type::Time),
    ("date", Type::Date),
    ("version", Type::Version),
];

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nullable(inner) => write!(out, "{inner}?"),
            Self::List(inner) => write!(out, "list<{inner}>"),
            Self::Enum(words) => write!(out, "enum({})", words.join("|")),
            Self::Record(_) => out.write_str("record"),
            other => match NAMES.iter().find(|(_, ty)| ty == other) {
                Some((name, _)) => out.write_str(name),
                None => unit_name(other, out),
            },
        }
    }
}

/// A unit that has no name of its own, such as `bytes^2/s`.
fn unit_name(ty: &Type, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    match ty {
        Type::Quantity(unit) => write!(out, "bytes^{}·s^{}", unit.byte, unit.second),
        _ => out.write_str("value"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_types_read_back() {
        for text in ["bool", "bytes?", "list<text>", "list<bytes>?", "enum(a|b)", "ratio", "bytes/s", "time?"]
        {
            assert_eq!(Type::parse(text).map(|ty| ty.to_string()).as_deref(), Some(text));
        }
        assert_eq!(Type::parse("byte"), None);
        assert_eq!(Type::parse("enum()"), None);
    }
}
