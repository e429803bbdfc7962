//! What a scalar is by the core schema of YAML 1.2.

use super::{Kind, Node, Scalar, Style};

/// A scalar by the core schema.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Core<'a> {
    /// Nothing, `~`, `null`.
    Null,
    /// `true` or `false`; `yes`, `no`, `on` and `off` are texts.
    Bool(bool),
    /// An integer, decimal, `0o17` or `0x1F`; `014` is fourteen.
    Int(i64),
    /// An integer that does not fit, as written.
    BigInt(&'a str),
    /// A number with a point or exponent; `.inf` and `.nan` too.
    Float(f64),
    /// Everything else, and everything in quotes.
    Str(&'a str),
}

/// The tags of the core schema that say how to read a scalar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CoreTag {
    Null,
    Bool,
    Int,
    Float,
    Str,
}

impl CoreTag {
    /// The tag of that name behind `tag:yaml.org,2002:`.
    pub(super) fn find(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::Null,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "float" => Self::Float,
            "str" => Self::Str,
            _ => return None,
        })
    }
}

impl Scalar {
    /// The value by the core schema.
    pub fn core(&self) -> Core<'_> {
        if self.style == Style::Plain { plain(&self.text) } else { Core::Str(&self.text) }
    }
}

impl Node {
    /// The value of a scalar by the core schema and its tag.
    pub(super) fn core(&self) -> Option<Core<'_>> {
        let Kind::Scalar(scalar) = &self.kind else { return None };
        let tag = self.tag().and_then(|tag| tag.core);
        Some(tag.map_or_else(|| scalar.core(), |tag| tagged(scalar, tag)))
    }
}

/// A tag that does not fit the text leaves a text.
fn tagged(scalar: &Scalar, tag: CoreTag) -> Core<'_> {
    let text = &*scalar.text;
    match (tag, plain(text)) {
        (CoreTag::Null, Core::Null) => Core::Null,
        (CoreTag::Bool, bool @ Core::Bool(_)) => bool,
        (CoreTag::Int, int @ (Core::Int(_) | Core::BigInt(_))) => int,
        (CoreTag::Float, float @ Core::Float(_)) => float,
        (CoreTag::Float, Core::Int(_) | Core::BigInt(_)) => text.parse().map_or(Core::Str(text), Core::Float),
        _ => Core::Str(text),
    }
}

fn plain(text: &str) -> Core<'_> {
    // No number and no word of YAML begins with another letter than these, and most keys and values do.
    let first = text.bytes().next().unwrap_or(b'~');
    if first.is_ascii_alphabetic() && !b"ntfNTF".contains(&first) {
        return Core::Str(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Core::Null,
        "true" | "True" | "TRUE" => Core::Bool(true),
        "false" | "False" | "FALSE" => Core::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Core::Float(f64::NAN),
        _ if text.starts_with(|first: char| first.is_ascii_alphabetic()) => Core::Str(text),
        _ => number(text).unwrap_or(Core::Str(text)),
    }
}

fn number(text: &str) -> Option<Core<'_>> {
    let digits = |digits: &str, radix| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(rest) = text.strip_prefix(prefix) {
            let read = || i64::from_str_radix(rest, radix).map_or(Core::BigInt(text), Core::Int);
            return digits(rest, radix).then(read);
        }
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits(unsigned, 10) {
        return Some(text.parse().map_or(Core::BigInt(text), Core::Int));
    }
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(Core::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }));
    }
    is_float(unsigned).then(|| text.parse().ok().map(Core::Float)).flatten()
}

/// `[0-9]+(\.[0-9]*)?` or `\.[0-9]+`, then perhaps an exponent.
fn is_float(unsigned: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let some = !whole.is_empty() || !fraction.is_empty();
    some && digits(whole) && digits(fraction) && !exponent.is_empty() && digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_yaml_1_1_are_texts() {
        for word in ["yes", "no", "on", "off", "y", "n", "Yes", "1_000", "0b1", "1:30", "-", "+", ".", "e5"] {
            assert_eq!(plain(word), Core::Str(word));
        }
        for word in
            ["0x", "0o", "0o8", "0xg", "-0x1", "1e", "1e+", "--1", "+-1", "nAn", "inf", "nan", "1.2.3", ".e1"]
        {
            assert_eq!(plain(word), Core::Str(word));
        }
    }

    #[test]
    fn numbers_follow_the_core_schema() {
        for (text, value) in [("014", 14), ("08", 8), ("0o7", 7), ("0x1F", 31), ("+1", 1), ("-0", 0)] {
            assert_eq!(plain(text), Core::Int(value));
        }
        for (text, value) in
            [("1.", 1.0), (".5", 0.5), ("-1e3", -1000.0), ("1.5E-1", 0.15), ("-.INF", f64::NEG_INFINITY)]
        {
            assert_eq!(plain(text), Core::Float(value));
        }
        assert_eq!(plain("-9223372036854775808"), Core::Int(i64::MIN));
        for text in ["9223372036854775808", "0xFFFFFFFFFFFFFFFF", "-9223372036854775809"] {
            assert_eq!(plain(text), Core::BigInt(text));
        }
        assert!(matches!(plain(".nan"), Core::Float(nan) if nan.is_nan()));
    }

    #[test]
    fn quoted_is_text() {
        let scalar = Scalar { text: "1".into(), style: Style::Single };
        assert_eq!(scalar.core(), Core::Str("1"));
    }
}
