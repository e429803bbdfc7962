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

impl Ast {
    /// The bare names in it: those of values and the roots of fields, not what follows a dot.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.collect(&mut names);
        names
    }

    fn collect<'a>(&'a self, names: &mut Vec<&'a str>) {
        match &self.kind {
            Kind::Name(name) => names.push(name),
            // `params.limit` is no `limit`.
            Kind::Field(base, ..) if matches!(&base.kind, Kind::Name(root) if root == "params" || root == "target") =>
                {}
            Kind::Field(inner, ..) | Kind::Not(inner) | Kind::Negate(inner) => inner.collect(names),
            Kind::Method(base, _, args, _) => {
                base.collect(names);
                args.iter().for_each(|arg| arg.collect(names));
            }
            Kind::List(items)
            | Kind::Call(_, items, _)
            | Kind::And(items)
            | Kind::Or(items)
            | Kind::Coalesce(items) => items.iter().for_each(|item| item.collect(names)),
            Kind::Binary(_, pair) | Kind::In(pair) | Kind::Range(pair, _) => {
                pair.iter().for_each(|part| part.collect(names));
            }
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) => {}
        }
    }
}
