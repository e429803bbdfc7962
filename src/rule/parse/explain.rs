//! What a syntax error means and what to write instead.

use rhai::{LexError, ParseErrorType};

use crate::rule::functions;

/// Rhai's words for a syntax error in ours.
pub(super) fn explain(error: &ParseErrorType, text: &str) -> (String, Option<String>) {
    let said = error.to_string();
    let message = |text: &str| text.to_owned();
    match error {
        ParseErrorType::UnexpectedEOF => match suffix(text) {
            // `90%` ends in an operator.
            Some(found) => number_help(found),
            None => {
                (message("the expression is not whole"), Some(message("something must follow at the end")))
            }
        },
        ParseErrorType::Reserved(word) => (
            format!("`{word}` is a word that the language reserves"),
            Some(message("if it is meant as a text, put it into double quotes")),
        ),
        ParseErrorType::BadInput(LexError::ImproperSymbol(symbol, _)) if symbol == "()" => {
            (message("`()` is not a value"), Some(message("write `null`")))
        }
        ParseErrorType::BadInput(LexError::MalformedNumber(number)) => number_help(number),
        ParseErrorType::BadInput(LexError::MalformedChar(_) | LexError::UnterminatedString) => {
            (said.to_lowercase(), Some(message("a text stands in double quotes: `\"…\"`")))
        }
        _ if text.contains(" and ") || text.contains(" or ") || text.contains("not ") => {
            (lower(&said), Some(message("write `&&`, `||` and `!` for and, or and not")))
        }
        _ if text.trim_start().starts_with("if") => {
            (lower(&said), Some(message("a condition stands alone; use a script for `if`")))
        }
        _ => match suffix(text) {
            Some(found) => number_help(found),
            None if single_equals(text) => (lower(&said), Some(message("write `==` to compare"))),
            None => (lower(&said), None),
        },
    }
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn number_help(written: &str) -> (String, Option<String>) {
    let help = suggestion(written)
        .unwrap_or_else(|| "write for example `7.days`, `10.GiB` or `20.percent`".to_owned());
    (format!("`{written}` is not a number of this language"), Some(help))
}

/// `7d` as `7.days`.
fn suggestion(written: &str) -> Option<String> {
    let split = written.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))?;
    let (number, unit) = written.split_at(split);
    // `1.GiB` is as it has to be.
    if number.ends_with('.') {
        return None;
    }
    let word = match unit {
        "%" => "percent",
        other => functions::unit_word(other)?,
    };
    Some(format!("in an expression write `{number}.{word}`"))
}

/// A number with a unit of YAML's form somewhere in the text.
fn suffix(text: &str) -> Option<&str> {
    text.split(|c: char| !(c.is_alphanumeric() || "._%".contains(c)))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && suggestion(word).is_some())
}

fn single_equals(text: &str) -> bool {
    let bytes = text.as_bytes();
    (0..bytes.len()).any(|at| {
        let around = |offset: usize| bytes.get(offset).copied().unwrap_or(b' ');
        around(at) == b'=' && around(at + 1) != b'=' && (at == 0 || !b"=!<>".contains(&around(at - 1)))
    })
}
