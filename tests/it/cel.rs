//! The published conformance cases of CEL (comparisons, timestamps, logic) against our expressions.
//!
//! Each case is written in our language, as far as it can say it, and judged. Where CEL gives true or false we
//! give the same, or nothing (refused when loaded, or unknown), and where CEL gives an error we give no value; each
//! difference has its reason in [`Why`], and only two of these are another value. Every case is counted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use passmuster::fact::{Cell, Value};
use passmuster::rule::node::Place;
use passmuster::rule::{Env, Text, eval, typing};

/// A message of the text format of protocol buffers: its fields in order.
type Message = Vec<(String, Field)>;

#[derive(Debug)]
enum Field {
    Word(String),
    Message(Message),
}

/// Reads that format, as far as these files use it.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn skip(&mut self) {
        while let Some(byte) = self.text.get(self.at) {
            match byte {
                b'#' => self.at += self.text[self.at..].iter().position(|byte| *byte == b'\n').unwrap(),
                b' ' | b'\n' | b'\t' | b'\r' | b',' | b';' => self.at += 1,
                _ => return,
            }
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.skip();
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self) -> String {
        self.skip();
        let rest = &self.text[self.at..];
        // A key such as `[type.googleapis.com/…]` is one word.
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-+[]/".contains(&byte);
        let end = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
        assert_ne!(end, 0, "{}", String::from_utf8_lossy(&rest[..40.min(rest.len())]));
        self.at += end;
        String::from_utf8(rest[..end].to_vec()).unwrap()
    }

    /// Texts that stand side by side are one.
    fn text(&mut self) -> String {
        let mut bytes = Vec::new();
        while let Some(quote @ (b'"' | b'\'')) = self.peek() {
            self.at += 1;
            let begin = self.at;
            while self.text[self.at] != quote {
                self.at += if self.text[self.at] == b'\\' { 2 } else { 1 };
            }
            bytes.extend(unescaped(&self.text[begin..self.at]));
            self.at += 1;
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn message(&mut self) -> Message {
        let mut fields = Vec::new();
        while let Some(next) = self.peek() {
            if next == b'}' {
                break;
            }
            let name = self.word();
            let colon = self.eat(b':');
            let field = match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    let inner = self.message();
                    assert!(self.eat(b'}'));
                    Field::Message(inner)
                }
                Some(b'"' | b'\'') if colon => Field::Word(self.text()),
                _ if colon => Field::Word(self.word()),
                _ => panic!("`{name}` has no value"),
            };
            fields.push((name, field));
        }
        fields
    }
}

/// Escapes of C: `\n`, `\"`, `\x41`, `\101`, `\u00e1`.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let (mut bytes, mut at) = (Vec::new(), 0);
    let number = |from: usize, digits: usize, base: u32| {
        u32::from_str_radix(std::str::from_utf8(&text[from..from + digits]).unwrap(), base).unwrap()
    };
    while at < text.len() {
        if text[at] != b'\\' {
            bytes.push(text[at]);
            at += 1;
            continue;
        }
        let digits = match text[at + 1] {
            b'x' | b'X' => {
                bytes.push(u8::try_from(number(at + 2, 2, 16)).unwrap());
                2
            }
            wide @ (b'u' | b'U') => {
                let digits = if wide == b'u' { 4 } else { 8 };
                let read = char::from_u32(number(at + 2, digits, 16)).unwrap();
                bytes.extend(read.to_string().bytes());
                digits
            }
            b'0'..=b'3' => {
                bytes.push(u8::try_from(number(at + 1, 3, 8)).unwrap());
                2
            }
            b'n' => push(&mut bytes, b'\n'),
            b't' => push(&mut bytes, b'\t'),
            b'r' => push(&mut bytes, b'\r'),
            other => push(&mut bytes, other),
        };
        at += 2 + digits;
    }
    bytes
}

fn push(bytes: &mut Vec<u8>, byte: u8) -> usize {
    bytes.push(byte);
    0
}

fn messages<'a>(message: &'a Message, name: &'a str) -> impl Iterator<Item = &'a Message> {
    message.iter().filter_map(move |(known, field)| match field {
        Field::Message(inner) if known == name => Some(inner),
        _ => None,
    })
}

fn word<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.iter().find_map(|(known, field)| match field {
        Field::Word(word) if known == name => Some(word.as_str()),
        _ => None,
    })
}

/// What CEL gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Bool(bool),
    Error,
    /// A number, a text, a type.
    Other,
}

struct Case {
    section: String,
    name: String,
    expr: String,
    given: Given,
    /// Variables with a value that can be written.
    bound: BTreeMap<String, String>,
}

fn cases(file: &str) -> Vec<Case> {
    let material =
        std::env::var_os("MUSTER_TEST_MATERIAL").map_or_else(|| "target/material".into(), PathBuf::from);
    let path = material.join("cel").join(format!("{file}.textproto"));
    let text = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("no {}: run tests/run, which installs it ({error})", path.display()));
    let whole = Reader { text: &text, at: 0 }.message();
    let sections = messages(&whole, "section");
    sections
        .flat_map(|section| {
            let title = format!("{file}/{}", word(section, "name").unwrap());
            messages(section, "test").map(move |test| case(&title, test))
        })
        .collect()
}

fn case(section: &str, test: &Message) -> Case {
    let value = messages(test, "value").next();
    let given = match value.and_then(|value| word(value, "bool_value")) {
        Some(bool) => Given::Bool(bool == "true"),
        None if messages(test, "eval_error").next().is_some() => Given::Error,
        None => Given::Other,
    };
    let bound = messages(test, "bindings").filter_map(|binding| {
        let value = messages(messages(binding, "value").next()?, "value").next()?;
        let (kind, Field::Word(word)) = value.first()? else { return None };
        let text = if kind == "string_value" { quoted(word) } else { word.clone() };
        let is_written = matches!(
            &**kind,
            "bool_value" | "int64_value" | "uint64_value" | "double_value" | "string_value"
        );
        is_written.then(|| (self::word(binding, "key").unwrap().to_owned(), text))
    });
    Case {
        section: section.to_owned(),
        name: word(test, "name").unwrap().to_owned(),
        expr: word(test, "expr").unwrap().to_owned(),
        given,
        bound: bound.collect(),
    }
}

/// Why a case differs, on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// Facts are values, lists and rows; there are no maps.
    Maps,
    /// Protocol buffers, their enums and wrappers.
    Messages,
    /// Bytes are a quantity, not a string of them; a text is UTF-8.
    Bytes,
    /// Types are checked when a policy is loaded and are no values.
    Types,
    /// No conversion between texts and numbers: a number in quotes is a fault of the source.
    Conversions,
    /// Of a time its age is judged; its hour and weekday belong to a calendar.
    CalendarParts,
    /// Times and durations are microseconds.
    Nanoseconds,
    /// Whole numbers have 64 bits and a sign.
    Unsigned,
    /// `a ? b : c` is a ladder of rungs, so that a finding says which one held.
    Conditional,
    /// A time is written, not counted in seconds.
    Counted,
    /// What is no number is unknown, and never false.
    NoNumber,
    /// Null is only compared with what may be null.
    Null,
    /// Only numbers, quantities, times and versions have an order.
    NoOrder,
    /// A list has one type, which an empty one does not show.
    Lists,
    /// A variable that holds bytes, a map, a list or null, which no text here gives.
    Variables,
    /// Both sides of `&&` are conditions, also the one that is not looked at.
    Conditions,
    /// A whole number and a float are compared exactly; CEL rounds the whole number (another value).
    Exact,
    /// What fits into 64 bits is a time or a duration; CEL ends at the year 9999 and at 10,000 years (another value).
    Range,
}

/// A case in our language.
struct Writer<'a> {
    case: &'a Case,
    text: &'a [char],
    at: usize,
    out: String,
}

/// A text literal. Not as Rust shows it, which escapes more.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn written(case: &Case) -> Result<String, Why> {
    let text: Vec<char> = case.expr.chars().collect();
    let mut writer = Writer { case, text: &text, at: 0, out: String::new() };
    while writer.at < text.len() {
        writer.next()?;
    }
    Ok(writer.out)
}

impl Writer<'_> {
    fn next(&mut self) -> Result<(), Why> {
        match self.text[self.at] {
            '{' => return Err(Why::Maps),
            '?' => return Err(Why::Conditional),
            '"' | '\'' => {
                let text = self.quoted();
                self.out.push_str(&quoted(&text));
            }
            '.' | '0'..='9' if self.is_number() => self.number()?,
            c if c.is_alphabetic() || c == '_' => self.name()?,
            c => {
                self.out.push(c);
                self.at += 1;
            }
        }
        Ok(())
    }

    /// `.5` too; but the dot of a call is none.
    fn is_number(&self) -> bool {
        self.text[self.at] != '.' || self.text.get(self.at + 1).is_some_and(char::is_ascii_digit)
    }

    fn quoted(&mut self) -> String {
        let quote = self.text[self.at];
        self.at += 1;
        let begin = self.at;
        while self.text[self.at] != quote {
            self.at += if self.text[self.at] == '\\' { 2 } else { 1 };
        }
        let inner: String = self.text[begin..self.at].iter().collect();
        self.at += 1;
        String::from_utf8(unescaped(inner.as_bytes())).unwrap()
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let begin = self.at;
        while self.at < self.text.len() && belongs(self.text[self.at]) {
            self.at += 1;
        }
        self.text[begin..self.at].iter().collect()
    }

    fn number(&mut self) -> Result<(), Why> {
        let mut text = self.word(|c| c.is_ascii_alphanumeric() || c == '.');
        if text.ends_with(['e', 'E']) {
            let sign = self.text[self.at];
            self.at += 1;
            text = format!("{text}{sign}{}", self.word(|c| c.is_ascii_digit()));
        }
        self.literal(&text)
    }

    fn literal(&mut self, text: &str) -> Result<(), Why> {
        let text = text.trim_end_matches(['u', 'U']);
        if let Ok(int) = text.parse::<i64>() {
            self.out.push_str(&int.to_string());
        } else if text == "9223372036854775808" && self.out.ends_with('-') {
            self.out.pop();
            self.out.push_str("(-9223372036854775807 - 1)");
        } else if let Some(hex) = text.strip_prefix("0x") {
            self.out.push_str(&i64::from_str_radix(hex, 16).map_err(|_large| Why::Unsigned)?.to_string());
        } else if text.contains(['.', 'e', 'E']) {
            let float: f64 = text.parse().unwrap();
            let text = float.to_string();
            self.out.push_str(&if text.contains('.') { text } else { format!("{text}.0") });
        } else if text.eq_ignore_ascii_case("nan") {
            return Err(Why::NoNumber);
        } else {
            return Err(Why::Unsigned);
        }
        Ok(())
    }

    fn name(&mut self) -> Result<(), Why> {
        let name = self.word(|c| c.is_alphanumeric() || c == '_');
        let next = self.text.get(self.at).copied();
        match (name.as_str(), next) {
            ("b" | "B", Some('"' | '\'')) => Err(Why::Bytes),
            ("r" | "R", Some('"' | '\'')) => {
                let begin = self.at + 1;
                self.quoted();
                let raw: String = self.text[begin..self.at - 1].iter().collect();
                self.out.push_str(&quoted(&raw));
                Ok(())
            }
            ("dyn", Some('(')) => Ok(()),
            ("timestamp", Some('(')) if self.text.get(self.at + 1).is_some_and(|c| !"'\"".contains(*c)) => {
                Err(Why::Counted)
            }
            ("timestamp", Some('(')) => {
                self.out.push_str("time");
                Ok(())
            }
            ("duration", Some('(')) => self.duration(),
            ("true" | "false" | "in" | "null", _) => {
                self.out.push_str(&name);
                Ok(())
            }
            ("int" | "uint" | "double" | "string" | "bytes" | "bool", Some('(')) => Err(Why::Conversions),
            ("type", Some('(')) => Err(Why::Types),
            ("google" | "TestAllTypes", _) => Err(Why::Messages),
            (part, Some('(')) if part.starts_with("get") => Err(Why::CalendarParts),
            _ => match self.case.bound.get(&name) {
                Some(value) if value.starts_with('"') => {
                    self.out.push_str(value);
                    Ok(())
                }
                Some(value) if matches!(value.as_str(), "true" | "false") => {
                    self.out.push_str(value);
                    Ok(())
                }
                Some(value) => {
                    let minus = value.strip_prefix('-');
                    self.out.push_str(if minus.is_some() { "-" } else { "" });
                    let number = minus.unwrap_or(value).to_owned();
                    self.literal(&number)
                }
                None => Err(if self.case.expr.contains("get") { Why::CalendarParts } else { Why::Variables }),
            },
        }
    }

    /// `duration('1h2s')` as microseconds.
    fn duration(&mut self) -> Result<(), Why> {
        self.at += 1;
        let text = self.quoted();
        assert_eq!(self.text[self.at], ')');
        self.at += 1;
        let (minus, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
        let mut micros: i128 = 0;
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap();
            let unit =
                rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
            let number: i128 = rest[..digits].parse().unwrap();
            micros += match &rest[digits..unit] {
                "h" => number * 3_600_000_000,
                "m" => number * 60_000_000,
                "s" => number * 1_000_000,
                "ms" => number * 1_000,
                _ => return Err(Why::Nanoseconds),
            };
            rest = &rest[unit..];
        }
        self.out.push_str(&format!("({minus}{micros}.microseconds)"));
        Ok(())
    }
}

/// What we give.
#[derive(Debug, PartialEq)]
enum Ours {
    Bool(bool),
    Other,
    /// When loaded, with the code of the diagnostic.
    Refused(&'static str),
    Unknown,
}

struct Nothing;

impl eval::Scope for Nothing {
    fn read(&self, _place: &Place) -> Cell {
        Ok(Value::Null)
    }
}

fn ours(text: &str) -> Ours {
    match typing::check(Text::bare(text), &Env::default()) {
        Err(diag) => Ours::Refused(diag.code.id),
        Ok(rule) => match eval::eval(&rule.node, &Nothing) {
            Ok(Value::Bool(bool)) => Ours::Bool(bool),
            Ok(_) => Ours::Other,
            Err(_) => Ours::Unknown,
        },
    }
}

/// The reason why a case that we can write comes to nothing.
fn reason(text: &str, ours: &Ours) -> Option<Why> {
    let has = |part: &str| text.contains(part);
    match ours {
        Ours::Unknown if has("0.0/0.0") || has("0.0 / 0.0") => Some(Why::NoNumber),
        Ours::Refused(_) if has("null") => Some(Why::Null),
        Ours::Refused(_) if has("[") => Some(Why::Lists),
        Ours::Refused("type-mismatch") if has("<") || has(">") => Some(Why::NoOrder),
        Ours::Refused(_) if has("&&") || has("||") => Some(Why::Conditions),
        Ours::Bool(_) if has("9223372036854775807") && has("9223372036854776000.0") => Some(Why::Exact),
        Ours::Other if has("time(") || has(".microseconds") => Some(Why::Range),
        _ => None,
    }
}

/// How a case came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Came {
    Equal,
    Differs(Why),
}

fn compare(case: &Case) -> Result<Came, String> {
    let text = match written(case) {
        Ok(text) => text,
        Err(why) => return Ok(Came::Differs(why)),
    };
    let ours = ours(&text);
    let no_value = matches!(ours, Ours::Refused(_) | Ours::Unknown);
    let shown =
        || format!("{} {}: {} as `{text}`: {:?}, {ours:?}", case.section, case.name, case.expr, case.given);
    match (case.given, &ours) {
        (Given::Bool(theirs), Ours::Bool(ours)) if theirs == *ours => Ok(Came::Equal),
        (Given::Error, _) if no_value => Ok(Came::Equal),
        _ => reason(&text, &ours).map(Came::Differs).ok_or_else(shown),
    }
}

/// Cases of each section: all, those that come out equal, those that differ on purpose.
const SECTIONS: &[(&str, usize, usize, usize)] = &[
    ("comparisons/bound", 18, 3, 15),
    ("comparisons/eq_literal", 106, 56, 50),
    ("comparisons/eq_wrapper", 59, 0, 59),
    ("comparisons/gt_literal", 57, 33, 24),
    ("comparisons/gte_literal", 65, 37, 28),
    ("comparisons/in_list_literal", 15, 8, 7),
    ("comparisons/in_map_literal", 8, 0, 8),
    ("comparisons/lt_literal", 62, 32, 30),
    ("comparisons/lte_literal", 62, 35, 27),
    ("comparisons/ne_literal", 72, 35, 37),
    ("logic/AND", 11, 7, 4),
    ("logic/NOT", 3, 3, 0),
    ("logic/OR", 11, 7, 4),
    ("logic/conditional", 5, 0, 5),
    ("timestamps/comparisons", 12, 12, 0),
    ("timestamps/duration_conversions", 7, 0, 7),
    ("timestamps/duration_converters", 4, 0, 4),
    ("timestamps/duration_equality", 4, 4, 0),
    ("timestamps/duration_range", 14, 0, 14),
    ("timestamps/timestamp_arithmetic", 12, 6, 6),
    ("timestamps/timestamp_conversions", 5, 0, 5),
    ("timestamps/timestamp_equality", 4, 4, 0),
    ("timestamps/timestamp_range", 10, 1, 9),
    ("timestamps/timestamp_selectors", 10, 0, 10),
    ("timestamps/timestamp_selectors_tz", 12, 0, 12),
];

/// How often each reason counts.
const REASONS: &[(Why, usize)] = &[
    (Why::Maps, 47),
    (Why::Messages, 74),
    (Why::Bytes, 17),
    (Why::Types, 2),
    (Why::Conversions, 6),
    (Why::CalendarParts, 26),
    (Why::Nanoseconds, 16),
    (Why::Unsigned, 18),
    (Why::Conditional, 9),
    (Why::Counted, 3),
    (Why::NoNumber, 53),
    (Why::Null, 11),
    (Why::NoOrder, 42),
    (Why::Lists, 8),
    (Why::Variables, 8),
    (Why::Conditions, 4),
    (Why::Exact, 8),
    (Why::Range, 13),
];

#[test]
fn what_cel_decides_we_decide_alike_or_not_at_all() {
    let all: Vec<Case> = ["comparisons", "timestamps", "logic"].iter().flat_map(|file| cases(file)).collect();
    let (mut sections, mut reasons, mut wrong) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for case in &all {
        let counts: &mut (usize, usize, usize) = sections.entry(case.section.as_str()).or_default();
        counts.0 += 1;
        match compare(case) {
            Ok(Came::Equal) => counts.1 += 1,
            Ok(Came::Differs(why)) => {
                counts.2 += 1;
                *reasons.entry(why).or_insert(0_usize) += 1;
            }
            Err(shown) => wrong.push(shown),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    let sections: Vec<_> =
        sections.into_iter().map(|(name, (all, equal, differ))| (name, all, equal, differ)).collect();
    assert_eq!(sections, SECTIONS);
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), REASONS);
}
