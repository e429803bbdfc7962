//! Comparisons: between values that can be compared, and with null.

use super::super::ast::{Ast, Binary, Kind};
use super::super::env::list;
use super::super::node::{Cmp, Node, Op};
use super::super::{ops, version};
use super::{Checker, Typed};
use crate::diag::{Diag, code, did_you_mean};
use crate::fact::{Type, Value, show};

impl Checker<'_> {
    pub(super) fn comparison(&mut self, ast: &Ast, op: Binary, pair: &[Ast; 2]) -> Typed {
        let cmp = comparison(op);
        let [left, right] = pair;
        if left.kind == Kind::Null || right.kind == Kind::Null {
            return self.with_null(ast, cmp, pair);
        }
        let (a, b) = (self.value(left)?, self.value(right)?);
        let (a, b) = (Self::as_type_of(a, &b)?, b);
        let (b, a) = (Self::as_type_of(b, &a)?, a);
        let ordered = !matches!(cmp, Cmp::Eq | Cmp::Ne);
        if !ops::comparable(&a.ty, &b.ty, ordered) {
            return Err(Self::incomparable(op, &a, &b));
        }
        Self::word_of_enum(&a, &b)?;
        Self::word_of_enum(&b, &a)?;
        Ok(self.make(ast, Op::Compare(cmp, Box::new([a, b])), Type::Bool))
    }

    /// A text literal beside a version, time or date is read as one.
    pub(super) fn as_type_of(node: Node, other: &Node) -> Typed {
        let (Op::Literal(Value::Text(text)), Type::Version) = (&node.op, &other.ty) else { return Ok(node) };
        if version::compare(text, text).is_none() {
            return Err(Diag::error(&code::BAD_LITERAL, format!("`{text}` is not a version"))
                .at(&node.loc, "")
                .help("write for example `\"15.4\"`"));
        }
        Ok(Node { ty: Type::Version, ..node })
    }

    pub(super) fn incomparable(op: Binary, a: &Node, b: &Node) -> Diag {
        let message = if ops::comparable(&a.ty, &b.ty, false) {
            format!("{} has no order, so `{}` says nothing", a.ty, op.symbol())
        } else {
            format!("{} cannot be compared with {}", a.ty, b.ty)
        };
        Diag::error(&code::TYPE_MISMATCH, message)
            .at(&a.loc, format!("this is {}", a.ty))
            .at(&b.loc, format!("this is {}", b.ty))
            .maybe_help(unit_help(&a.ty, b).or_else(|| unit_help(&b.ty, a)))
    }

    pub(super) fn word_of_enum(a: &Node, b: &Node) -> Result<(), Diag> {
        let (Type::Enum(words), Op::Literal(Value::Text(text))) = (&a.ty, &b.op) else { return Ok(()) };
        if words.contains(text) {
            return Ok(());
        }
        let names = words.iter().map(|word| &**word);
        let help =
            did_you_mean(text, names.clone()).unwrap_or_else(|| format!("it is one of {}", list(names)));
        Err(Diag::error(&code::BAD_VALUE, format!("`{}` is never `{text}`", a.text))
            .at(&b.loc, "not one of its words")
            .help(help))
    }

    pub(super) fn with_null(&mut self, ast: &Ast, cmp: Cmp, pair: &[Ast; 2]) -> Typed {
        let [left, right] = pair;
        let (null, other) = if left.kind == Kind::Null { (left, right) } else { (right, left) };
        if !matches!(cmp, Cmp::Eq | Cmp::Ne) {
            return Err(self
                .error(&code::TYPE_MISMATCH, &ast.span, "null has no order".into(), "")
                .help("compare with `==` or `!=`"));
        }
        if other.kind == Kind::Null {
            return Err(self.error(
                &code::CONSTANT_CONDITION,
                &ast.span,
                "null is compared with null".into(),
                "always the same",
            ));
        }
        let node = self.node(other)?;
        if !node.ty.is_nullable() {
            let message = format!("`{}` is never null", node.text);
            return Err(self
                .error(&code::NULLABLE, &ast.span, message, "always the same")
                .help("a fact that could not be read is unknown, not null; ask `known(…)`"));
        }
        let null = self.literal(null, Value::Null, node.ty.clone());
        Ok(self.make(ast, Op::Compare(cmp, Box::new([node, null])), Type::Bool))
    }

    pub(super) fn contained(&mut self, ast: &Ast, pair: &[Ast; 2]) -> Typed {
        let [left, right] = pair;
        let item = self.value(left)?;
        if let Kind::Range(ends, inclusive) = &right.kind {
            let [low, high] = &**ends;
            let (low, high) = (self.value(low)?, self.value(high)?);
            for end in [&low, &high] {
                if !ops::comparable(&item.ty, &end.ty, true) {
                    return Err(Self::incomparable(Binary::Lt, &item, end));
                }
            }
            return Ok(self.make(ast, Op::InRange(Box::new([item, low, high]), *inclusive), Type::Bool));
        }
        let whole = self.value(right)?;
        let Type::List(inner) = &whole.ty else {
            return Err(self
                .error(
                    &code::TYPE_MISMATCH,
                    &right.span,
                    format!("`in` needs a list, and this is {}", whole.ty),
                    "",
                )
                .help("for a part of a text write `contains(text, part)`"));
        };
        if !ops::comparable(&item.ty, inner, false) {
            return Err(Self::incomparable(
                Binary::Eq,
                &item,
                &Node { ty: (**inner).clone(), ..whole.clone() },
            ));
        }
        if let Op::List(words) = &whole.op {
            words.iter().try_for_each(|word| Self::word_of_enum(&item, word))?;
        }
        Ok(self.make(ast, Op::In(Box::new([item, whole])), Type::Bool))
    }
}

fn comparison(op: Binary) -> Cmp {
    match op {
        Binary::Ne => Cmp::Ne,
        Binary::Lt => Cmp::Lt,
        Binary::Le => Cmp::Le,
        Binary::Gt => Cmp::Gt,
        Binary::Ge => Cmp::Ge,
        _ => Cmp::Eq,
    }
}

/// For a plain number beside a quantity: how to write it with a unit.
pub(super) fn unit_help(wanted: &Type, node: &Node) -> Option<String> {
    let (Op::Literal(value), true) = (&node.op, node.ty.is_number()) else { return None };
    let number = show(value, &Type::Float);
    match *wanted.base() {
        Type::RATIO => {
            let share = value.as_float().unwrap_or(0.0);
            let percent = if share.abs() <= 1.0 { share * 100.0 } else { share };
            Some(format!(
                "a share is written in percent: `{}.percent`",
                show(&Value::Float(percent), &Type::Float)
            ))
        }
        Type::DURATION => Some(format!("a duration needs its unit: `{number}.hours`, `{number}.days`")),
        Type::BYTES => Some(format!("a size needs its unit: `{number}.MiB`, `{number}.GiB`")),
        _ => None,
    }
}
