//! Types an [`Ast`] against an [`Env`] and lowers it to [`Node`]s.
//!
//! Everything that would be silently false in another language is an error here, with a caret: an unknown
//! name, a comparison of unlike units, a nullable fact without a guard, a word that an enum does not have.

mod calls;
mod compare;
pub mod folds;
mod names;
pub mod past;

use std::sync::Arc;

pub(crate) use calls::SPECIAL;

use super::ast::{Ast, Binary, Kind};
use super::env::{Env, Names};
use super::node::{Arith, Fold, Node, Op, Place};
use super::{Rule, Text, eval, narrow, ops, parse};
use crate::diag::{Code, Diag, code};
use crate::fact::{Cell, Type, Value};

pub use names::not_known;

type Typed = Result<Node, Diag>;

/// Parses and types an expression.
pub fn check(text: Text<'_>, env: &Env) -> Result<Rule, Diag> {
    let ast = parse::parse(text)?;
    Checker::new(text, env).node(&ast).map(Rule::new)
}

/// An expression of a group: its aggregates are added to `folds`, and it reads their results.
pub fn check_in_group(text: Text<'_>, env: &Env, folds: &mut Vec<Fold>) -> Result<Rule, Diag> {
    let ast = parse::parse(text)?;
    let mut checker = Checker { folds: std::mem::take(folds), ..Checker::new(text, env) };
    let node = checker.node(&ast);
    *folds = checker.folds;
    node.map(Rule::new)
}

/// The same, and it must be true or false.
pub fn check_condition(text: Text<'_>, env: &Env) -> Result<Rule, Diag> {
    let rule = check(text, env)?;
    match &rule.node.ty {
        Type::Bool => Ok(rule),
        Type::Nullable(_) => Err(nullable(&rule.node, env)),
        other => {
            Err(Diag::error(&code::NOT_BOOL, format!("a condition is true or false, and this is {other}"))
                .at(&rule.node.loc, format!("this is {other}"))
                .help("compare it with a limit, for example `x > 3`"))
        }
    }
}

fn nullable(node: &Node, env: &Env) -> Diag {
    let name = &node.text;
    let diag = Diag::error(&code::NULLABLE, format!("`{name}` may be null"))
        .at(&node.loc, format!("this is {}", node.ty));
    match (&node.op, env.row_view()) {
        // Null for no other reason than that its part of the row may not be there.
        (Op::Read(Place::Each(column)), Some(view)) if view.absent_only(*column) => {
            diag.help("it is null where its side of the row is not there: write `side == \"both\" && …`")
        }
        _ => diag.help(format!("say what then: `{name} ?? …`, or `{name} != null && …`")),
    }
}

struct Checker<'a> {
    text: Text<'a>,
    env: &'a Env,
    names: Names<'a>,
    /// Aggregates of the group that is typed.
    folds: Vec<Fold>,
}

impl<'a> Checker<'a> {
    fn new(text: Text<'a>, env: &'a Env) -> Self {
        let names = Names { env, narrowed: env.narrowed.clone() };
        Self { text, env, names, folds: Vec::new() }
    }
}

impl Checker<'_> {
    fn error(
        &self,
        code: &'static Code,
        span: &std::ops::Range<usize>,
        message: String,
        label: impl Into<String>,
    ) -> Diag {
        Diag::error(code, message).at(&self.text.loc(span.start, span.end), label)
    }

    fn make(&self, ast: &Ast, op: Op, ty: Type) -> Node {
        let text = self.text.text.get(ast.span.clone()).unwrap_or("").trim();
        Node { op, ty, loc: self.text.loc(ast.span.start, ast.span.end), text: Arc::from(text) }
    }

    fn literal(&self, ast: &Ast, value: Value, ty: Type) -> Node {
        self.make(ast, Op::Literal(value), ty)
    }

    fn node(&mut self, ast: &Ast) -> Typed {
        match &ast.kind {
            Kind::Null => Err(self
                .error(
                    &code::TYPE_MISMATCH,
                    &ast.span,
                    "`null` stands alone here".into(),
                    "null has no type of its own",
                )
                .help("compare with it: `x == null`, `x != null`")),
            Kind::Bool(value) => Ok(self.literal(ast, Value::Bool(*value), Type::Bool)),
            Kind::Int(value) => Ok(self.literal(ast, Value::Int(*value), Type::Int)),
            Kind::Float(value) => Ok(self.literal(ast, Value::Float(*value), Type::Float)),
            Kind::Text(text) => Ok(self.literal(ast, Value::text(text), Type::TEXT)),
            Kind::List(items) => self.list(ast, items),
            Kind::Name(name) => self.name(ast, name),
            Kind::Field(base, name, at) => self.field(ast, base, name, at),
            Kind::Call(name, args, at) => self.call(ast, name, args, at),
            Kind::Method(base, name, args, at) => {
                let all: Vec<Ast> = std::iter::once((**base).clone()).chain(args.iter().cloned()).collect();
                self.call(ast, name, &all, at)
            }
            Kind::Not(inner) => {
                let inner = self.condition(inner)?;
                Ok(self.make(ast, Op::Not(Box::new(inner)), Type::Bool))
            }
            Kind::Negate(inner) => self.negate(ast, inner),
            Kind::Binary(op, pair) if op.is_comparison() => self.comparison(ast, *op, pair),
            Kind::Binary(op, pair) => self.arithmetic(ast, *op, pair),
            Kind::And(items) => self.logic(ast, items, true),
            Kind::Or(items) => self.logic(ast, items, false),
            Kind::Coalesce(items) => self.coalesce(ast, items),
            Kind::In(pair) => self.contained(ast, pair),
            Kind::Range(..) => Err(self
                .error(&code::RULE_UNSUPPORTED, &ast.span, "a range stands only behind `in`".into(), "")
                .help("write `x in 1..10`")),
        }
    }

    /// A value that is not null.
    fn value(&mut self, ast: &Ast) -> Typed {
        let node = self.node(ast)?;
        if node.ty.is_nullable() { Err(nullable(&node, self.env)) } else { Ok(node) }
    }

    fn condition(&mut self, ast: &Ast) -> Typed {
        let node = self.value(ast)?;
        if node.ty == Type::Bool {
            return Ok(node);
        }
        let message = format!("`{}` is {}, and true or false is needed", node.text, node.ty);
        Err(self.error(&code::NOT_BOOL, &ast.span, message, format!("this is {}", node.ty)))
    }

    fn list(&mut self, ast: &Ast, items: &[Ast]) -> Typed {
        let nodes = items.iter().map(|item| self.value(item)).collect::<Result<Vec<_>, _>>()?;
        let Some(first) = nodes.first() else {
            return Err(self.error(
                &code::TYPE_MISMATCH,
                &ast.span,
                "the list is empty".into(),
                "nothing can be in it",
            ));
        };
        let ty = first.ty.clone();
        if let Some((other, at)) =
            nodes.iter().zip(items).find(|(node, _)| !ops::comparable(&ty, &node.ty, false))
        {
            let message = format!("the list holds {ty} and {}", other.ty);
            return Err(self.error(&code::TYPE_MISMATCH, &at.span, message, format!("this is {}", other.ty)));
        }
        Ok(self.make(ast, Op::List(nodes), Type::list(ty)))
    }

    fn negate(&mut self, ast: &Ast, inner: &Ast) -> Typed {
        let node = self.value(inner)?;
        if !(node.ty.is_number() || matches!(node.ty, Type::Quantity(_))) {
            return Err(self.error(
                &code::TYPE_MISMATCH,
                &ast.span,
                format!("{} cannot be negated", node.ty),
                "",
            ));
        }
        let ty = node.ty.clone();
        Ok(self.make(ast, Op::Negate(Box::new(node)), ty))
    }

    fn logic(&mut self, ast: &Ast, items: &[Ast], and: bool) -> Typed {
        let kept = self.names.narrowed.len();
        let mut nodes = Vec::with_capacity(items.len());
        for item in items {
            let node = self.condition(item)?;
            self.names.narrowed.extend(narrow::not_null(&node, and));
            nodes.push(node);
        }
        self.names.narrowed.truncate(kept);
        Ok(self.make(ast, if and { Op::All(nodes) } else { Op::Any(nodes) }, Type::Bool))
    }

    fn coalesce(&mut self, ast: &Ast, items: &[Ast]) -> Typed {
        let mut nodes = Vec::with_capacity(items.len());
        for item in items {
            nodes.push(self.node(item)?);
        }
        let (Some(first), Some(last)) = (nodes.first(), nodes.last()) else {
            return Err(self.error(&code::RULE_SYNTAX, &ast.span, "the expression is empty".into(), ""));
        };
        for (node, item) in nodes.iter().zip(items).skip(1) {
            if !ops::comparable(&first.ty, &node.ty, false) {
                let message = format!(
                    "`{}` is {}, and its replacement is {}",
                    first.text,
                    first.ty.base(),
                    node.ty.base()
                );
                return Err(self
                    .error(&code::TYPE_MISMATCH, &item.span, message, format!("this is {}", node.ty))
                    .maybe_help(compare::unit_help(&first.ty, node)));
            }
        }
        if let Some((never, at)) =
            nodes.iter().zip(items).rev().skip(1).find(|(node, _)| !node.ty.is_nullable())
        {
            let message = format!("`{}` is never null, so `??` replaces nothing", never.text);
            return Err(self
                .error(&code::NULLABLE, &at.span, message, "remove the `??`")
                .help("`??` replaces null (the source has no value), not unknown (it could not be read)"));
        }
        let base = if first.ty.is_number() && nodes.iter().any(|n| *n.ty.base() == Type::Float) {
            Type::Float
        } else {
            first.ty.base().clone()
        };
        let ty = if last.ty.is_nullable() { base.nullable() } else { base };
        Ok(self.make(ast, Op::OrElse(nodes), ty))
    }

    fn arithmetic(&mut self, ast: &Ast, op: Binary, pair: &[Ast; 2]) -> Typed {
        let [left, right] = pair;
        let (a, b) = (self.value(left)?, self.value(right)?);
        let arith = arithmetic(op);
        if let Some(ty) = ops::arith_type(arith, &a.ty, &b.ty) {
            return Ok(self.make(ast, Op::Arith(arith, Box::new([a, b])), ty));
        }
        let message = format!("{} `{}` {} has no result", a.ty, op.symbol(), b.ty);
        let help = compare::unit_help(&a.ty, &b).or_else(|| compare::unit_help(&b.ty, &a));
        Err(Diag::error(&code::TYPE_MISMATCH, message)
            .at(&a.loc, format!("this is {}", a.ty))
            .at(&b.loc, format!("this is {}", b.ty))
            .maybe_help(help.or_else(|| {
                (a.ty.is_text() || b.ty.is_text())
                    .then(|| "texts are put together in messages: `{{ a }}{{ b }}`".to_owned())
            })))
    }
}

/// A scope for constants.
struct Nothing;

impl eval::Scope for Nothing {
    fn read(&self, _: &Place) -> Cell {
        Err(ops::undecidable("a constant reads nothing"))
    }
}

fn arithmetic(op: Binary) -> Arith {
    match op {
        Binary::Sub => Arith::Sub,
        Binary::Mul => Arith::Mul,
        Binary::Div => Arith::Div,
        Binary::Rem => Arith::Rem,
        _ => Arith::Add,
    }
}

#[cfg(test)]
mod tests;
