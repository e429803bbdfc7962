//! The untyped tree of an expression, independent of the parser that made it.

use std::ops::Range;

/// A piece of an expression with its byte range in the expression's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Ast {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Range<usize>,
}

impl Ast {
    /// Adds the bare names that it reads: not what follows a dot, nor what is called.
    pub fn names<'a>(&'a self, found: &mut Vec<&'a str>) {
        match &self.kind {
            Kind::Name(name) => found.push(name),
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) => {}
            // `rows.size` reads of `rows`, which is no value of its own.
            Kind::Field(base, ..) if matches!(base.kind, Kind::Name(_)) => {}
            Kind::Field(inner, ..) | Kind::Not(inner) | Kind::Negate(inner) => inner.names(found),
            Kind::Binary(_, pair) | Kind::In(pair) | Kind::Range(pair, _) => {
                pair.iter().for_each(|part| part.names(found));
            }
            Kind::List(items)
            | Kind::Call(_, items, _)
            | Kind::And(items)
            | Kind::Or(items)
            | Kind::Coalesce(items) => {
                items.iter().for_each(|item| item.names(found));
            }
            Kind::Method(base, _, items, _) => {
                base.names(found);
                items.iter().for_each(|item| item.names(found));
            }
        }
    }
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the operators")]
pub enum Binary {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

impl Binary {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
        }
    }

    /// The operator that is written so.
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        use Binary::{Add, Div, Eq, Ge, Gt, Le, Lt, Mul, Ne, Rem, Sub};
        [Eq, Ne, Lt, Le, Gt, Ge, Add, Sub, Mul, Div, Rem].into_iter().find(|op| op.symbol() == symbol)
    }

    /// Does it compare?
    pub fn is_comparison(self) -> bool {
        matches!(self, Self::Eq | Self::Ne | Self::Lt | Self::Le | Self::Gt | Self::Ge)
    }
}

/// The pieces.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the language")]
pub enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Ast>),
    Name(String),
    /// `x.name`; the range is that of the name.
    Field(Box<Ast>, String, Range<usize>),
    /// `name(args)`; the range is that of the name.
    Call(String, Vec<Ast>, Range<usize>),
    /// `x.name(args)`
    Method(Box<Ast>, String, Vec<Ast>, Range<usize>),
    Not(Box<Ast>),
    Negate(Box<Ast>),
    Binary(Binary, Box<[Ast; 2]>),
    And(Vec<Ast>),
    Or(Vec<Ast>),
    Coalesce(Vec<Ast>),
    /// `item in list`
    In(Box<[Ast; 2]>),
    /// `a..b` or `a..=b`
    Range(Box<[Ast; 2]>, bool),
}
