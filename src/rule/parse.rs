//! Text of an expression to an [`Ast`], through Rhai's parser. The only file that knows Rhai's tree.
//!
//! Rhai's `internals` have no promise of stability, so its version is pinned. Traps handled here: integers
//! over 64 bits become floats, `in` is a call with swapped arguments, chains are right-nested, positions
//! are starts only.

use std::ops::Range;
use std::sync::LazyLock;

use rhai::{
    AST, BinaryExpr, Engine, Expr, FnCallExpr, LexError, OptimizationLevel, ParseError, ParseErrorType,
    Position, Stmt, Token,
};

use super::Text;
use super::ast::{Ast, Binary, Kind};
use crate::diag::{Diag, code};

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
        Token::Reserved(word) if word.as_str() == "null" => Token::Unit,
        Token::Unit => {
            Token::LexError(Box::new(LexError::ImproperSymbol("()".into(), "write `null`".into())))
        }
        other => other,
    });
    engine
}

static ENGINE: LazyLock<Engine> = LazyLock::new(engine);

/// Parses an expression.
pub fn parse(text: Text<'_>) -> Result<Ast, Diag> {
    if text.text.trim().is_empty() {
        return Err(Diag::error(&code::RULE_SYNTAX, "the expression is empty").at(&text.whole(), ""));
    }
    let reader = Reader::new(text);
    let tree = ENGINE.compile_expression(text.text).map_err(|error| reader.syntax(&error))?;
    reader.tree(&tree)
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// Maps positions of Rhai to byte offsets of a text.
pub(super) struct Reader<'a> {
    text: Text<'a>,
    lines: Vec<usize>,
}

type Read = Result<Ast, Diag>;

impl<'a> Reader<'a> {
    pub(super) fn new(text: Text<'a>) -> Self {
        Self { text, lines: line_starts(text.text) }
    }

    /// Byte offset of a position; the end of the text if it has none.
    pub(super) fn offset(&self, position: Position) -> usize {
        let all = self.text.text;
        let (Some(line), column) = (position.line(), position.position().unwrap_or(1)) else {
            return all.len();
        };
        let start = self.lines.get(line - 1).copied().unwrap_or(all.len());
        let rest = all.get(start..).unwrap_or("");
        rest.char_indices().nth(column - 1).map_or(all.len(), |(at, _)| start + at)
    }

    /// The token that begins at an offset.
    pub(super) fn token(&self, start: usize) -> Range<usize> {
        let rest = self.text.text.get(start..).unwrap_or("");
        let first = rest.chars().next().unwrap_or(' ');
        let run = |legal: fn(char) -> bool| rest.find(|c| !legal(c)).unwrap_or(rest.len());
        let length = match first {
            '"' => closing_quote(rest),
            c if c.is_alphanumeric() || c == '_' => run(|c| c.is_alphanumeric() || c == '_'),
            '&' | '|' | '=' | '!' | '<' | '>' | '?' | '.' => run(|c| "&|=!<>?.".contains(c)).min(3),
            c => c.len_utf8(),
        };
        start..(start + length).min(self.text.text.len())
    }

    fn syntax(&self, error: &ParseError) -> Diag {
        let start = self.offset(error.position());
        let (message, help) = explain(&error.0, self.text.text);
        let range = self.token(start);
        Diag::error(&code::RULE_SYNTAX, message)
            .at(&self.text.loc(range.start, range.end.max(range.start)), "here")
            .maybe_help(help)
    }

    fn unsupported(&self, what: &str, position: Position) -> Diag {
        let range = self.token(self.offset(position));
        Diag::error(&code::RULE_UNSUPPORTED, format!("{what} cannot stand in an expression"))
            .at(&self.text.loc(range.start, range.end), "this cannot be typed")
            .help("use `script:` for what a threshold cannot say")
    }

    fn tree(&self, tree: &AST) -> Read {
        match tree.statements() {
            [Stmt::Expr(expr)] => self.expr(expr),
            [Stmt::FnCall(call, position)] => self.call(call, *position),
            [other, ..] => Err(self.unsupported("a statement", other.position())),
            [] => Err(Diag::error(&code::RULE_SYNTAX, "the expression is empty").at(&self.text.whole(), "")),
        }
    }

    fn leaf(&self, kind: Kind, position: Position) -> Ast {
        Ast { kind, span: self.token(self.offset(position)) }
    }

    fn expr(&self, expr: &Expr) -> Read {
        Ok(match expr {
            Expr::Unit(at) => self.leaf(Kind::Null, *at),
            Expr::BoolConstant(value, at) => self.leaf(Kind::Bool(*value), *at),
            Expr::IntegerConstant(value, at) => self.number(Kind::Int(*value), *at),
            Expr::FloatConstant(value, at) => self.float(**value, *at)?,
            Expr::StringConstant(value, at) => self.leaf(Kind::Text(value.to_string()), *at),
            Expr::CharConstant(_, at) => return Err(self.quotes(*at)),
            Expr::Array(items, at) => {
                let items = items.iter().map(|item| self.expr(item)).collect::<Result<Vec<_>, _>>()?;
                let start = self.offset(*at);
                Ast { span: start..self.closing(start, b'[', b']'), kind: Kind::List(items) }
            }
            Expr::Variable(name, _, at) => self.leaf(Kind::Name(name.1.to_string()), *at),
            Expr::FnCall(call, at) => self.call(call, *at)?,
            Expr::Dot(pair, flags, at) if !flags.intersects(rhai::ASTFlags::NEGATED) => {
                self.chain(pair, *at)?
            }
            Expr::And(items, _) => self.many(items, Kind::And)?,
            Expr::Or(items, _) => self.many(items, Kind::Or)?,
            Expr::Coalesce(items, _) => self.coalesce(items)?,
            Expr::Dot(_, _, at) => return Err(self.unsupported("`?.`", *at)),
            Expr::Index(_, _, at) => return Err(self.unsupported("an index `[…]`", *at)),
            Expr::Map(_, at) => return Err(self.unsupported("a map `#{…}`", *at)),
            Expr::InterpolatedString(_, at) => return Err(self.unsupported("a text with `${…}`", *at)),
            Expr::ThisPtr(at) => return Err(self.unsupported("`this`", *at)),
            other => return Err(self.unsupported("`if`, `switch`, a block or a closure", other.position())),
        })
    }

    fn quotes(&self, at: Position) -> Diag {
        let range = self.token(self.offset(at));
        Diag::error(&code::RULE_SYNTAX, "a text stands in double quotes")
            .at(&self.text.loc(range.start, range.end), "single quotes make one character")
            .help("write `\"…\"`")
    }

    /// A literal whose token begins with a minus sign that Rhai folded into it.
    fn number(&self, kind: Kind, at: Position) -> Ast {
        let start = self.offset(at);
        let rest = self.text.text.get(start..).unwrap_or("");
        let sign = rest.len() - rest.trim_start_matches(['-', ' ']).len();
        let tail = rest.get(sign..).unwrap_or("");
        let mut length = tail.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(tail.len());
        if let (Kind::Float(_), Some(fraction)) =
            (&kind, tail.get(length..).and_then(|t| t.strip_prefix('.')))
        {
            length +=
                1 + fraction.find(|c: char| !(c.is_ascii_digit() || c == '_')).unwrap_or(fraction.len());
        }
        Ast { kind, span: start..start + sign + length }
    }

    fn float(&self, value: f64, at: Position) -> Read {
        let leaf = self.number(Kind::Float(value), at);
        let written = self.text.text.get(leaf.span.clone()).unwrap_or("");
        if !written.contains('.') && !written.contains(['e', 'E']) {
            let message = format!("`{written}` does not fit into 64 bits");
            return Err(Diag::error(&code::RULE_SYNTAX, message)
                .at(&self.text.loc(leaf.span.start, leaf.span.end), "too large for a whole number")
                .help("write a smaller number, or one with a fraction"));
        }
        Ok(leaf)
    }

    fn many(&self, items: &[Expr], kind: fn(Vec<Ast>) -> Kind) -> Read {
        let items = items.iter().map(|item| self.expr(item)).collect::<Result<Vec<_>, _>>()?;
        let span = items.first().map_or(0, |a| a.span.start)..items.last().map_or(0, |a| a.span.end);
        Ok(Ast { kind: kind(items), span })
    }

    fn coalesce(&self, items: &[Expr]) -> Read {
        let ast = self.many(items, Kind::Coalesce)?;
        let Kind::Coalesce(parts) = &ast.kind else { return Ok(ast) };
        for part in parts {
            if matches!(part.kind, Kind::Binary(..) | Kind::And(_) | Kind::Or(_))
                && !self.in_parens(&part.span)
            {
                return Err(self.parens(part));
            }
        }
        Ok(ast)
    }

    fn parens(&self, part: &Ast) -> Diag {
        Diag::error(&code::RULE_SYNTAX, "`??` beside another operator needs parentheses")
            .at(&self.text.loc(part.span.start, part.span.end), "which of the two comes first?")
            .help("write `(a ?? b) > c` or `a ?? (b > c)`")
    }

    fn in_parens(&self, span: &Range<usize>) -> bool {
        let before = self.text.text.get(..span.start).unwrap_or("").trim_end();
        let after = self.text.text.get(span.end..).unwrap_or("").trim_start();
        before.ends_with('(') && after.starts_with(')')
    }

    /// One past the bracket that closes the one at `start`.
    fn closing(&self, start: usize, open: u8, close: u8) -> usize {
        let bytes = self.text.text.as_bytes();
        let (mut depth, mut at) = (0usize, start);
        while let Some(byte) = bytes.get(at) {
            if *byte == b'"' {
                at += closing_quote(self.text.text.get(at..).unwrap_or("")).max(1);
                continue;
            }
            depth = if *byte == open {
                depth + 1
            } else if *byte == close {
                depth.saturating_sub(1)
            } else {
                depth
            };
            at += 1;
            if depth == 0 && *byte == close {
                return at;
            }
        }
        bytes.len()
    }

    fn call(&self, call: &FnCallExpr, at: Position) -> Read {
        let start = self.offset(at);
        let args = call.args.iter().map(|arg| self.expr(arg)).collect::<Result<Vec<_>, _>>()?;
        let written = self.text.text.get(start..).unwrap_or("");
        if call.op_token.is_none() && call.name == "contains" && !written.starts_with("contains") {
            return self.contained(args, at);
        }
        if call.op_token.is_some() {
            return self.operator(call, args, at);
        }
        let name = start..start + call.name.len();
        let rest = self.text.text.get(name.end..).unwrap_or("");
        let open = name.end + (rest.len() - rest.trim_start().len());
        Ok(Ast {
            span: start..self.closing(open, b'(', b')'),
            kind: Kind::Call(call.name.to_string(), args, name),
        })
    }

    /// `item in list`, which Rhai turns into `contains(list, item)` at the place of the `in`.
    fn contained(&self, args: Vec<Ast>, at: Position) -> Read {
        let [list, item] = <[Ast; 2]>::try_from(args).map_err(|_other| self.unsupported("this `in`", at))?;
        let span = item.span.start..list.span.end;
        Ok(Ast { kind: Kind::In(Box::new([item, list])), span })
    }

    fn operator(&self, call: &FnCallExpr, args: Vec<Ast>, at: Position) -> Read {
        let start = self.offset(at);
        let mut args = args.into_iter();
        let (first, second) = (args.next(), args.next());
        let kind = |kind, span| Ok(Ast { kind, span });
        match (call.op_token.as_ref(), first, second) {
            (Some(Token::Bang), Some(a), None) => {
                let begin = start.min(a.span.start);
                let span = begin..a.span.end;
                kind(Kind::Not(Box::new(a)), span)
            }
            (Some(Token::UnaryMinus | Token::Minus), Some(a), None) => {
                let span = start..a.span.end;
                kind(Kind::Negate(Box::new(a)), span)
            }
            (Some(token @ (Token::ExclusiveRange | Token::InclusiveRange)), Some(a), Some(b)) => {
                let inclusive = *token == Token::InclusiveRange;
                let span = a.span.start..b.span.end;
                kind(Kind::Range(Box::new([a, b]), inclusive), span)
            }
            (_, Some(a), Some(b)) => self.binary(&call.name, a, b, at),
            _ => Err(self.unsupported(&format!("`{}`", call.name), at)),
        }
    }

    fn binary(&self, name: &str, a: Ast, b: Ast, at: Position) -> Read {
        let Some(op) = Binary::from_symbol(name) else {
            return Err(self.unsupported(&format!("the operator `{name}`"), at));
        };
        for side in [&a, &b] {
            if matches!(side.kind, Kind::Coalesce(_)) && !self.in_parens(&side.span) {
                return Err(self.parens(side));
            }
        }
        let span = a.span.start..b.span.end;
        Ok(Ast { kind: Kind::Binary(op, Box::new([a, b])), span })
    }

    /// `a.b.c` is `a.(b.c)` in Rhai's tree; here it becomes `(a.b).c`.
    fn chain(&self, pair: &BinaryExpr, at: Position) -> Read {
        let mut left = self.expr(&pair.lhs)?;
        let mut right = &pair.rhs;
        loop {
            match right {
                Expr::Dot(inner, flags, _) if !flags.intersects(rhai::ASTFlags::NEGATED) => {
                    left = self.link(left, &inner.lhs)?;
                    right = &inner.rhs;
                }
                Expr::Dot(..) | Expr::Index(..) => return Err(self.unsupported("an index or `?.`", at)),
                last => return self.link(left, last),
            }
        }
    }

    fn link(&self, left: Ast, right: &Expr) -> Read {
        match right {
            Expr::Property(property, at) => {
                let range = self.token(self.offset(*at));
                let span = left.span.start..range.end;
                Ok(Ast { kind: Kind::Field(Box::new(left), property.2.to_string(), range), span })
            }
            Expr::MethodCall(call, at) => {
                let start = self.offset(*at);
                let name = start..start + call.name.len();
                let args = call.args.iter().map(|arg| self.expr(arg)).collect::<Result<Vec<_>, _>>()?;
                let span = left.span.start..self.closing(name.end, b'(', b')');
                Ok(Ast { kind: Kind::Method(Box::new(left), call.name.to_string(), args, name), span })
            }
            other => Err(self.unsupported("this after `.`", other.position())),
        }
    }
}

/// Length of a quoted text, quotes included.
fn closing_quote(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return at + 1,
            _ => escaped = false,
        }
    }
    rest.len()
}

/// Rhai's words for a syntax error in ours.
fn explain(error: &ParseErrorType, text: &str) -> (String, Option<String>) {
    let said = error.to_string();
    let message = |text: &str| text.to_owned();
    match error {
        ParseErrorType::UnexpectedEOF => {
            (message("the expression is not whole"), Some(message("something must follow at the end")))
        }
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
    let word = match unit {
        "%" => "percent",
        other => super::functions::unit_word(other)?,
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
