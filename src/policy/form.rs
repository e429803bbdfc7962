//! The forms of texts: names, lines, durations, dates.
//!
//! The loader and the JSON Schemas read the same patterns, so they cannot drift apart. The patterns stand in the
//! part of the syntax that ECMA-262 and Rust read alike: no look-around, white space spelled so that both mean
//! the same characters.

use std::sync::OnceLock;

use regex::Regex;

use super::shape::Shape;

/// One pattern that a text must match.
#[derive(Debug)]
pub struct Form {
    /// The pattern, anchored where it has to be.
    pub pattern: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Form {
    const fn new(pattern: &'static str) -> Self {
        Self { pattern, compiled: OnceLock::new() }
    }

    /// Does the text match? A pattern that is none (a test says that there is no such) matches nothing.
    pub fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(self.pattern).ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// Something is written: not only white space.
static PROSE: [Form; 1] = [Form::new(r"[^\s\u0085\uFEFF]")];
/// One line; white space after it may be anything, because a `|` block ends in a line break.
static LINE: [Form; 1] = [Form::new(r"^[^\n]*[^\s\u0085\uFEFF][\s\u0085\uFEFF]*$")];
static ID: [Form; 1] = [Form::new("^[a-z0-9][a-z0-9_-]{0,79}$")];
static NAME: [Form; 1] = [Form::new("^[a-z][a-z0-9_]{0,79}$")];
/// A field name of HTTP (RFC 9110, `token`).
static HEADER: [Form; 1] = [Form::new("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,80}$")];
/// Parts of falling size, each with so few digits that no sum leaves 64 bits of microseconds.
static DURATION: [Form; 2] = [
    Form::new(concat!(
        r"^([0-9](_?[0-9]){0,5}(\.[0-9]{1,6})? ?w)?",
        r"([0-9](_?[0-9]){0,5}(\.[0-9]{1,6})? ?d)?",
        r"([0-9](_?[0-9]){0,5}(\.[0-9]{1,6})? ?h)?",
        r"([0-9](_?[0-9]){0,5}(\.[0-9]{1,6})? ?m)?",
        r"([0-9](_?[0-9]){0,11}(\.[0-9]{1,6})? ?s)?",
        r"([0-9](_?[0-9]){0,11}(\.[0-9]{1,3})? ?ms)?",
        r"([0-9](_?[0-9]){0,11} ?us)?$",
    )),
    // Zero is no time at all, neither for a deadline nor for an age.
    Form::new("[1-9]"),
];
/// Every day of the Gregorian calendar, leap years included.
static DATE: [Form; 1] = [Form::new(concat!(
    "^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)",
    "|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$",
))];
/// RFC 3339 without leap seconds.
static TIME: [Form; 2] = [
    Form::new(concat!(
        "^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)",
        "|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)",
        r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
    )),
    // Years whose every instant can be kept, whatever the offset.
    Form::new("^[1-8]"),
];

/// A date, or a time.
static MOMENT: [Form; 2] = [
    Form::new(concat!(
        "^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)",
        "|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)",
        r"(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$",
    )),
    Form::new("^[1-8]"),
];

/// The forms that a text of this shape must have, all of them.
pub fn forms(shape: &Shape) -> &'static [Form] {
    match shape {
        Shape::Prose | Shape::Template => &PROSE,
        Shape::Line => &LINE,
        Shape::Id => &ID,
        Shape::Name => &NAME,
        Shape::Header => &HEADER,
        Shape::Duration => &DURATION,
        Shape::Date => &DATE,
        Shape::Time => &TIME,
        Shape::Moment => &MOMENT,
        _ => &[],
    }
}

/// Is the text surely of this shape? Most texts are, and hardly any needs its pattern.
fn is_plainly(text: &str, shape: &Shape) -> bool {
    match shape {
        Shape::Prose | Shape::Template => text.starts_with(|c: char| c.is_ascii_graphic()),
        Shape::Line => {
            text.starts_with(|c: char| c.is_ascii_graphic()) && text.bytes().all(|b| matches!(b, b' '..=b'~'))
        }
        Shape::Id => {
            let inner = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
            text.len() <= 80 && !text.starts_with(['_', '-']) && !text.is_empty() && text.bytes().all(inner)
        }
        _ => false,
    }
}

/// Is the text of this shape? The error is a sentence.
pub fn check(text: &str, shape: &Shape) -> Result<(), String> {
    if is_plainly(text, shape) {
        return Ok(());
    }
    if forms(shape).iter().all(|form| form.matches(text)) {
        return Ok(());
    }
    Err(match shape {
        Shape::Line if text.trim().is_empty() => "the text is empty".into(),
        Shape::Line => "the text has several lines, and only one fits here".into(),
        Shape::Prose | Shape::Template => "the text is empty".into(),
        Shape::Id => {
            format!("`{text}` is not a name: lower-case letters, digits, `-` and `_`, at most 80")
        }
        Shape::Name if text.contains(['(', ')']) => format!(
            "`{text}` is not a name: YAML splits `{{ … }}` at commas, so an expression with a comma stands in quotes"
        ),
        Shape::Name => {
            format!(
                "`{text}` is not a name: lower-case letters, digits and `_`, beginning with a letter, at most 80"
            )
        }
        Shape::Header => format!("`{text}` is not the name of a header"),
        Shape::Duration => format!("`{text}` is not a duration above zero"),
        Shape::Date => format!("`{text}` is not a date"),
        Shape::Time => format!("`{text}` is not a time"),
        Shape::Moment => format!("`{text}` is neither a time nor a date"),
        _ => format!("`{text}` does not fit here"),
    })
}

/// How to write it.
pub fn example(shape: &Shape) -> Option<&'static str> {
    match shape {
        Shape::Duration => Some("7d"),
        Shape::Date => Some("2026-11-01"),
        Shape::Time | Shape::Moment => Some("2026-11-01T03:00:00Z"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fact::{Type, parse_date, parse_literal, parse_time, timestamp};

    #[test]
    fn every_pattern_compiles() {
        for form in [&PROSE, &LINE, &ID, &NAME, &HEADER, &DATE]
            .into_iter()
            .flatten()
            .chain(&DURATION)
            .chain(&TIME)
            .chain(&MOMENT)
        {
            assert!(Regex::new(form.pattern).is_ok(), "{}", form.pattern);
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let years = (1895..=2105).chain([0, 4, 100, 400, 1600, 1700, 9999]);
        for year in years {
            for (month, day) in (0..=13).flat_map(|month| (0..=32).map(move |day| (month, day))) {
                let text = format!("{year:04}-{month:02}-{day:02}");
                assert_eq!(check(&text, &Shape::Date).is_ok(), parse_date(&text).is_some(), "{text}");
            }
        }
    }

    #[test]
    fn other_spellings_of_dates_and_times_are_refused() {
        for text in ["20261101", "2026-W44-7", "+002026-11-01", "2026-11-01 ", "2026-11-1", "1.11.2026"] {
            assert!(check(text, &Shape::Date).is_err(), "{text}");
        }
        for text in [
            "2026-11-01",
            "2026-11-01 03:00:00Z",
            "2026-11-01T03:00Z",
            "2026-11-01T03:00:00",
            "2026-11-01T24:00:00Z",
            "2026-11-01T03:00:60Z",
            "9999-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z",
        ] {
            assert!(check(text, &Shape::Time).is_err(), "{text}");
        }
    }

    #[test]
    fn a_moment_is_a_date_or_a_time() {
        for text in ["2026-11-01", "2026-11-01T03:00:00Z", "2024-02-29T03:00:00.5+01:00", "2024-02-29"] {
            assert_eq!(check(text, &Shape::Moment), Ok(()), "{text}");
        }
        for text in
            ["2026-02-29", "2026-11-01T", "2026-11-01T03:00Z", "2026-11-01 03:00:00Z", "0000-01-01", "today"]
        {
            assert!(check(text, &Shape::Moment).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_fall_and_are_more_than_nothing() {
        for text in ["7d", "1h30m", "1.5h", "10_000s", "90 s", "1w2d3h4m5s6ms7us", "0h1m", "999_999w"] {
            assert_eq!(check(text, &Shape::Duration), Ok(()), "{text}");
        }
        for text in
            ["", "0s", "-7d", "30m1h", "1h-30m", "7", "7 dd", "7D", "1h 30m", " 7d", "1h1h", "7_d", "0.0s"]
        {
            assert!(check(text, &Shape::Duration).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_has_the_form_of_a_duration_is_one(text in "([0-9_]{1,4}(\\.[0-9]{1,7})? ?(w|d|h|m|s|ms|us)){1,4}") {
            let parsed = parse_literal(&text, &Type::DURATION).ok().and_then(|value| value.as_int());
            if check(&text, &Shape::Duration).is_ok() {
                prop_assert!(parsed.is_some_and(|micros| micros > 0), "{}", text);
            }
        }

        #[test]
        fn what_has_the_form_of_a_time_is_one(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,9})?(Z|[+-][0-2][0-9]:[0-5][0-9])"
        ) {
            if check(&text, &Shape::Time).is_ok() {
                prop_assert!(parse_time(&text).and_then(timestamp).is_some(), "{}", text);
            }
        }

        #[test]
        fn what_is_plainly_of_a_shape_has_its_form(text in "[ \\n\\ta-z0-9_\u{a0}\u{85}A!~-]{0,5}", long in 70usize..90) {
            for text in [text.clone(), text.repeat(long)] {
                for shape in [Shape::Prose, Shape::Template, Shape::Line, Shape::Id, Shape::Name, Shape::Date] {
                    let matches = forms(&shape).iter().all(|form| form.matches(&text));
                    prop_assert!(matches || !is_plainly(&text, &shape), "{:?}: {:?}", shape, text);
                }
            }
        }

        #[test]
        fn the_forms_of_lines_are_what_people_see(text in "[ \\n\\ta\u{a0}\u{85}\u{feff}-]{0,6}") {
            let blank = |c: char| c.is_whitespace() || c == '\u{feff}';
            let trimmed = text.trim_end_matches(blank);
            let expected = !trimmed.trim_matches(blank).is_empty() && !trimmed.contains('\n');
            prop_assert_eq!(check(&text, &Shape::Line).is_ok(), expected);
            prop_assert_eq!(check(&text, &Shape::Prose).is_ok(), !text.chars().all(blank));
        }
    }
}
