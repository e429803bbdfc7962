//! Text of an expression to an [`Ast`], through Rhai's parser. The only folder that knows Rhai's tree.
//!
//! Rhai's `internals` have no promise of stability, so its version is pinned. Traps handled here: integers
//! over 64 bits become floats, `in` is a call with swapped arguments, chains are right-nested, positions
//! are starts only.

mod explain;
mod reader;
mod tree;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::LazyLock;

use rhai::{Engine, OptimizationLevel, Token};

use super::Text;
use super::ast::Ast;
use crate::diag::{Diag, code};

pub(super) use reader::Reader;

/// Words that Rhai keeps for itself, so that no fact, parameter or binding may be called so.
pub const RESERVED: &[&str] = &[
    "Fn",
    "as",
    "async",
    "await",
    "break",
    "call",
    "case",
    "catch",
    "const",
    "continue",
    "curry",
    "debug",
    "default",
    "do",
    "else",
    "eval",
    "exit",
    "export",
    "false",
    "fn",
    "for",
    "go",
    "goto",
    "if",
    "import",
    "in",
    "is",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "let",
    "loop",
    "match",
    "module",
    "new",
    "nil",
    "null",
    "package",
    "print",
    "private",
    "protected",
    "public",
    "return",
    "shared",
    "spawn",
    "static",
    "super",
    "switch",
    "sync",
    "this",
    "thread",
    "throw",
    "true",
    "try",
    "type_of",
    "until",
    "use",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

#[expect(
    deprecated,
    reason = "the token hook is marked volatile, not deprecated, and Rhai's version is pinned"
)]
fn engine() -> Engine {
    let mut engine = Engine::new_raw();
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_max_expr_depths(48, 16);
    engine.set_max_strings_interned(0);
    engine.on_parse_token(|token, _, _| match token {
        // `()` stays: it is an empty list of arguments; alone it is refused by the reader.
        Token::Reserved(word) if word.as_str() == "null" => Token::Unit,
        other => other,
    });
    engine
}

static ENGINE: LazyLock<Engine> = LazyLock::new(engine);

/// So many expressions of each thread are known, so that many policies do not become many trees.
const MOST_KNOWN: usize = 2048;
/// Longer ones do not stand in many policies.
const LONGEST_KNOWN: usize = 256;

thread_local! {
    /// Expressions without a fault, by their text: places in a tree are counted from the begin of the text, so a
    /// tree says nothing of the file that it came from. Thousands of policies differ in a limit or not at all.
    static KNOWN: RefCell<HashMap<Box<str>, Rc<Ast>>> = RefCell::default();
}

/// Parses an expression.
pub fn parse(text: Text<'_>) -> Result<Rc<Ast>, Diag> {
    if let Some(known) = KNOWN.with_borrow(|known| known.get(text.text).cloned()) {
        return Ok(known);
    }
    let ast = Rc::new(parse_anew(text)?);
    KNOWN.with_borrow_mut(|known| {
        if known.len() < MOST_KNOWN && text.text.len() <= LONGEST_KNOWN {
            known.insert(Box::from(text.text), Rc::clone(&ast));
        }
    });
    Ok(ast)
}

fn parse_anew(text: Text<'_>) -> Result<Ast, Diag> {
    if text.text.trim().is_empty() {
        return Err(Diag::error(&code::RULE_SYNTAX, "the expression is empty").at(&text.whole(), ""));
    }
    let reader = Reader::new(text);
    if let Some(at) = reader.comment() {
        let diag = Diag::error(&code::COMMENT_CUTS, "a comment stands in an expression");
        let help = "YAML joins the lines of most texts, and then what follows is no part of the expression: put the words into a comment of YAML above it (`# …`)";
        return Err(diag.at(&text.loc(at, at + 2), "it begins here").help(help));
    }
    let tree = ENGINE.compile_expression(text.text).map_err(|error| reader.syntax(&error))?;
    reader.tree(&tree)
}
