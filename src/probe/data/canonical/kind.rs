//! As what a column is compared.

/// As what the values of a column are encoded, on both sides alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::probe) enum Kind {
    /// True or false; 0 and 1 of engines without bools.
    Bool,
    /// Whole numbers, decimals and floats: a decimal number.
    Number,
    /// Numbers that are compared with the precision of a float of 32 bits.
    Real,
    /// Text as it is.
    Text,
    /// Text without the spaces at its end.
    Char,
    /// Bytes.
    Binary,
    /// An instant, or a date with a time of day.
    Time,
    /// A whole number of seconds since 1970, compared as an instant.
    Unix,
    /// The same in milliseconds.
    UnixMillis,
    /// A day.
    Date,
    /// A time of day.
    Clock,
    /// An interval.
    Span,
    /// JSON by its meaning.
    Json,
    /// A UUID.
    Uuid,
    /// Each value as what it is.
    Dynamic,
}

/// What the type of a column says by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::probe) enum Natural {
    /// Compared as this.
    Of(Kind),
    /// A list of this type: with one of the same type compared by its text form, which tells bounds and nulls, else as JSON.
    List(String),
    /// A type that only itself can be compared with, by its text form.
    Opaque(String),
    /// A type whose values cannot be encoded.
    Unknown(String),
}

const WORDS: &[(&str, Kind)] = &[
    ("bool", Kind::Bool),
    ("int", Kind::Number),
    ("decimal", Kind::Number),
    ("number", Kind::Number),
    ("float", Kind::Number),
    ("real", Kind::Real),
    ("text", Kind::Text),
    ("char", Kind::Char),
    ("binary", Kind::Binary),
    ("time", Kind::Time),
    ("unix", Kind::Unix),
    ("unix_ms", Kind::UnixMillis),
    ("date", Kind::Date),
    ("clock", Kind::Clock),
    ("interval", Kind::Span),
    ("json", Kind::Json),
    ("uuid", Kind::Uuid),
];

impl Kind {
    /// The kind of a word of `kinds`.
    pub(in crate::probe) fn parse(word: &str) -> Option<Self> {
        WORDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
    }

    /// The words that there are.
    pub(in crate::probe) fn words() -> String {
        WORDS.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
    }
}

/// As what a column of the source and one of the target are compared; `Err` says why they cannot be.
pub(in crate::probe) fn unify(source: &Natural, target: &Natural) -> Result<Kind, String> {
    match (source, target) {
        (Natural::Unknown(ty), _) | (_, Natural::Unknown(ty)) => {
            Err(format!("values of the type `{ty}` cannot be compared"))
        }
        (Natural::List(ty), Natural::List(other)) if ty == other => Ok(Kind::Text),
        (Natural::List(_), other) => unify(&Natural::Of(Kind::Json), other),
        (other, Natural::List(_)) => unify(other, &Natural::Of(Kind::Json)),
        (Natural::Opaque(ty), Natural::Opaque(other)) if ty == other => Ok(Kind::Text),
        (Natural::Opaque(ty), Natural::Opaque(other)) => Err(unlike(ty, other)),
        (Natural::Opaque(ty), Natural::Of(kind)) | (Natural::Of(kind), Natural::Opaque(ty)) => {
            Err(unlike(ty, &format!("{kind:?}").to_lowercase()))
        }
        (Natural::Of(source), Natural::Of(target)) => kinds(*source, *target).ok_or_else(|| {
            unlike(&format!("{source:?}").to_lowercase(), &format!("{target:?}").to_lowercase())
        }),
    }
}

fn unlike(source: &str, target: &str) -> String {
    format!("`{source}` and `{target}` have no common form")
}

fn kinds(source: Kind, target: Kind) -> Option<Kind> {
    use Kind::{Binary, Bool, Char, Clock, Date, Dynamic, Json, Number, Real, Span, Text, Time, Uuid};
    Some(match (source, target) {
        (a, b) if a == b => a,
        // What SQLite keeps has a type for each value, so that the other side decides.
        (Dynamic, other) | (other, Dynamic) => other,
        (Bool, Number) | (Number, Bool) => Bool,
        // What the source had is all that can be there.
        (Real, Number) => Real,
        // What the target can no longer tell is lost, and has to be seen.
        (Number, Real) => Number,
        (Text, Char) | (Char, Text) => Char,
        (Time, Date) | (Date, Time) => Time,
        (Text | Char | Binary, Uuid) | (Uuid, Text | Char | Binary) => Uuid,
        (Text, Json) | (Json, Text) => Json,
        (Clock, Span) | (Span, Clock) => Span,
        _ => return None,
    })
}
