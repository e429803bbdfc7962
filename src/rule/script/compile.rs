//! Text to Rhai's tree, with syntax errors in our words.

use rhai::{AST, LexError, ParseError, ParseErrorType};

use super::engine::{ENGINE, MAX_TEXT};
use super::places::Places;
use crate::diag::{Diag, code};

type Compiled = Result<AST, Box<Diag>>;

/// Parses a script.
pub(super) fn compile(places: &Places) -> Compiled {
    let whole = places.at(rhai::Position::NONE);
    if places.text().trim().is_empty() {
        return Err(Box::new(Diag::error(&code::SCRIPT, "the script is empty").at(&whole, "")));
    }
    if places.text().len() > MAX_TEXT {
        let message = format!("the script is longer than {MAX_TEXT} bytes");
        return Err(Box::new(Diag::error(&code::SCRIPT, message).at(&whole, "")));
    }
    ENGINE.compile(places.text()).map_err(|error| Box::new(syntax(&error, places)))
}

fn syntax(error: &ParseError, places: &Places) -> Diag {
    let written = places.written(error.position());
    let (message, help) = explain(&error.0, written);
    Diag::error(&code::SCRIPT, message).at(&places.at(error.position()), "here").maybe_help(help)
}

/// Rhai's words for a syntax error in ours.
fn explain(error: &ParseErrorType, written: &str) -> (String, Option<String>) {
    let help = |text: &str| Some(text.to_owned());
    match error {
        ParseErrorType::UnexpectedEOF => {
            ("the script is not whole".to_owned(), help("a `}` or `)` is missing at the end"))
        }
        ParseErrorType::Reserved(word) if word == "eval" || word == "import" || word == "export" => (
            format!("`{word}` cannot be used in a script"),
            help("a script is one text and reads only `row` and `ctx`"),
        ),
        ParseErrorType::Reserved(word) => (
            format!("`{word}` is a word that the language reserves"),
            help("if it is meant as a text, put it into double quotes"),
        ),
        ParseErrorType::VariableUndefined(name) => (
            format!("`{name}` is not known here"),
            Some(format!("a fact is `row.{name}`, a parameter `ctx.params.{name}`; `let` makes a variable")),
        ),
        ParseErrorType::VariableExists(name) => {
            (format!("`{name}` is already defined here"), help("give the second one another name"))
        }
        ParseErrorType::FnDuplicatedDefinition(name, _) => {
            (format!("the function `{name}` is defined twice"), None)
        }
        ParseErrorType::TooManyFunctions => ("the script has more than 64 functions".to_owned(), None),
        ParseErrorType::ExprTooDeep => {
            ("an expression is nested too deep".to_owned(), help("take a part out with `let`"))
        }
        ParseErrorType::BadInput(LexError::MalformedChar(_)) => {
            ("a text stands in double quotes".to_owned(), help("write `\"…\"`"))
        }
        ParseErrorType::BadInput(LexError::MalformedNumber(number)) => (
            format!("`{number}` is not a number of this language"),
            help("write for example `7.days`, `10.GiB` or `20.percent`"),
        ),
        other => (lower(&other.to_string()), hint(written)),
    }
}

fn hint(written: &str) -> Option<String> {
    let help = match written {
        "|" | "||" => "functions have names: `fn name(x) { … }`",
        "and" => "write `&&`",
        "or" => "write `||`",
        "not" => "write `!`",
        _ => return None,
    };
    Some(help.to_owned())
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
