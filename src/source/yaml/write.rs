//! Texts as YAML scalars.

use std::fmt::Write as _;

use super::{Core, Scalar, Style};

/// A text as a scalar that reads back as this text, in block and in flow style: plain where nobody can mistake
/// it for anything else, otherwise in double quotes.
pub fn scalar(text: &str) -> String {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let legal = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '.' | '/' | '-'));
    let spaced = text.contains("  ") || text.ends_with(' ');
    let core = Scalar { text: text.into(), style: Style::Plain };
    if begins && legal && !spaced && matches!(core.core(), Core::Str(_)) {
        return text.to_owned();
    }
    quoted(text)
}

/// A text in double quotes, whatever it holds.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\u{2028}' | '\u{2029}' | '\u{feff}' => drop(write!(out, "\\u{:04X}", u32::from(c))),
            c if c.is_control() => drop(write!(out, "\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, parse};
    use super::*;
    use crate::source::Source;
    use proptest::prelude::*;

    fn read_back(text: &str) -> String {
        let source = Source::new("t", format!("a:\n  - {0}\nb: [{0}, {{ c: {0} }}]\n", scalar(text)));
        let root = parse(&source, &Limits::default()).unwrap().remove(0).root;
        let json = root.to_json();
        let first = json["a"][0].as_str().unwrap().to_owned();
        assert_eq!(json["b"], serde_json::json!([first, { "c": first }]));
        first
    }

    #[test]
    fn words_stay_plain_and_the_rest_is_quoted() {
        for plain in ["append-only", "DATA-12", "a b", "/etc/passwd"] {
            assert_eq!(scalar(plain), plain);
        }
        for text in [
            "",
            "true",
            "null",
            "12",
            "a: b",
            "a #b",
            "*",
            "- a",
            "x ",
            "1e3",
            "\u{85}",
            "a\"b\\c\n",
            "~",
            "{{ a }}",
        ] {
            assert_eq!(scalar(text), quoted(text));
            assert_eq!(read_back(text), text);
        }
    }

    proptest! {
        #[test]
        fn every_text_reads_back(text in any::<String>()) {
            prop_assert_eq!(read_back(&text), text);
        }
    }
}
