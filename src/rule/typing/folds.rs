//! Aggregates over the members of a group.
//!
//! Their parts are typed against the members, whose facts are bare there; what they give is a value of the
//! group. A nullable fact must say what its null means, because an aggregate that leaves nulls out without a
//! word would turn "never backed up" into the newest backup of the others.

use std::sync::Arc;

use super::super::ast::Ast;
use super::super::env::Names;
use super::super::node::{Fold, FoldKind, Node, Op, Place};
use super::super::{aggregate, functions, ops};
use super::{Checker, Typed};
use crate::diag::{Diag, code};
use crate::fact::{Rows, Type};

/// Aggregates with how they are written. `min` and `max` of two values are functions.
pub const AGGREGATES: &[(&str, &str, &str)] = &[
    ("all", "all(condition)", "whether it holds for every member; null over nothing"),
    ("any", "any(condition)", "whether it holds for some member"),
    ("avg", "avg(x)", "the mean; null over nothing"),
    ("count", "count() or count(condition)", "how many members there are, or of how many it holds"),
    ("count_distinct", "count_distinct(x)", "how many different values there are"),
    ("first_by", "first_by(x, key)", "`x` of the member whose `key` is smallest; null over nothing"),
    ("last_by", "last_by(x, key)", "`x` of the member whose `key` is largest; null over nothing"),
    ("list", "list(x)", "the values, in ascending order; null over nothing"),
    ("max", "max(x)", "the largest value; null over nothing"),
    ("median", "median(x)", "the middle value; null over nothing"),
    ("min", "min(x)", "the smallest value; null over nothing"),
    ("quantile", "quantile(x, 95.percent)", "the value below which this share lies; null over nothing"),
    ("sum", "sum(x)", "the sum; null over nothing"),
];

/// The help for an aggregate that stands outside of a group.
pub(super) fn only_in_groups(name: &str) -> Option<String> {
    let known = AGGREGATES.iter().any(|(aggregate, ..)| *aggregate == name);
    known.then(|| {
        format!("`{name}` aggregates the members of a group: write `group: {{ NAME: {{ of: ROWS, let: {{ x: {name}(…) }} }} }}`")
    })
}

/// The arguments before an optional condition that chooses the members.
struct Parts {
    value: Option<Node>,
    key: Option<Node>,
    filter: Option<Node>,
    share: Option<f64>,
}

impl Checker<'_> {
    /// An aggregate, if the name is one and this is a group.
    pub(super) fn aggregate(&mut self, ast: &Ast, name: &str, args: &[Ast]) -> Result<Option<Node>, Diag> {
        let Some(members) = self.env.members.clone() else { return Ok(None) };
        let Some((_, shape, _)) = AGGREGATES.iter().find(|(aggregate, ..)| *aggregate == name) else {
            return Ok(None);
        };
        let mut inner = Checker {
            text: self.text,
            env: &members,
            names: Names { env: &members, narrowed: members.narrowed.clone() },
            folds: Vec::new(),
        };
        // `min(a, b)` of two values of the group is the function of that name, and so is a quantile of a list.
        let is_function = match (functions::find(name).is_some(), args) {
            (true, [list, _]) if name == "quantile" => {
                inner.node(list).is_ok_and(|node| matches!(node.ty.base(), Type::List(_)))
            }
            (true, [_, second]) => !inner.node(second).is_ok_and(|node| node.ty == Type::Bool),
            _ => false,
        };
        if is_function {
            return Ok(None);
        }
        let Some(parts) = inner.parts(name, args)? else {
            let message = format!("`{name}` is not written so");
            return Err(self
                .error(&code::TYPE_MISMATCH, &ast.span, message, "")
                .help(format!("write `{shape}`; a last condition chooses the members: `sum(x, y > 1)`")));
        };
        self.fold(ast, name, parts).map(Some)
    }

    fn parts(&mut self, name: &str, args: &[Ast]) -> Result<Option<Parts>, Diag> {
        let wanted = match name {
            "count" => 0,
            "first_by" | "last_by" | "quantile" => 2,
            _ => 1,
        };
        let (own, filter) = match args.len().checked_sub(wanted) {
            Some(0) => (args, None),
            Some(1) => (args.get(..wanted).unwrap_or(&[]), args.last()),
            _ => return Ok(None),
        };
        // The condition is read first, because it may say that a value is not null.
        let filter = filter.map(|ast| self.condition(ast)).transpose()?;
        if let Some(filter) = &filter {
            self.names.narrowed.extend(super::narrow::not_null(filter, true));
        }
        let value = match own.first() {
            None => None,
            Some(ast) if name == "any" || name == "all" => Some(self.condition(ast)?),
            Some(ast) => Some(self.member_value(ast)?),
        };
        let share = match (name, own.get(1)) {
            ("quantile", Some(ast)) => Some(self.share(ast)?),
            _ => None,
        };
        let key = match (name, own.get(1)) {
            ("first_by" | "last_by", Some(ast)) => Some(self.member_value(ast)?),
            _ => None,
        };
        Ok(Some(Parts { value, key, filter, share }))
    }

    fn member_value(&mut self, ast: &Ast) -> Typed {
        let node = self.node(ast)?;
        if !node.ty.is_nullable() {
            return Ok(node);
        }
        let name = &node.text;
        Err(Diag::error(&code::NULLABLE, format!("`{name}` may be null, and an aggregate does not pass over it"))
            .at(&node.loc, format!("this is {}", node.ty))
            .help(format!("say what null counts as, `{name} ?? …`, or leave it out on purpose with a last condition, `{name} != null`")))
    }

    /// A literal share between 0 and 1.
    fn share(&mut self, ast: &Ast) -> Result<f64, Diag> {
        let node = self.value(ast)?;
        let share = match (&node.op, &node.ty) {
            (Op::Literal(value), &Type::RATIO | Type::Float) => value.as_float(),
            _ => None,
        };
        share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| {
            self.error(&code::TYPE_MISMATCH, &ast.span, "a quantile is a literal share".into(), "")
                .help("write for example `quantile(x, 95.percent)`")
        })
    }

    fn fold(&mut self, ast: &Ast, name: &str, parts: Parts) -> Typed {
        let value = parts.value.as_ref().map(|node| node.ty.clone());
        let kind = match (name, parts.share) {
            ("count", _) => FoldKind::Count,
            ("count_distinct", _) => FoldKind::CountDistinct,
            ("sum", _) => FoldKind::Sum,
            ("min", _) => FoldKind::Min,
            ("max", _) => FoldKind::Max,
            ("avg", _) => FoldKind::Avg,
            ("median", _) => FoldKind::Quantile(0.5),
            ("quantile", Some(share)) => FoldKind::Quantile(share),
            ("any", _) => FoldKind::Any,
            ("all", _) => FoldKind::All,
            ("list", _) => FoldKind::List,
            ("first_by", _) => FoldKind::FirstBy,
            _ => FoldKind::LastBy,
        };
        let wrong = |ty: &Type| {
            self.error(
                &code::TYPE_MISMATCH,
                &ast.span,
                format!("`{name}` does not take {ty}"),
                format!("this is {ty}"),
            )
            .help(match kind {
                FoldKind::Min | FoldKind::Max => "it takes what has an order",
                FoldKind::List => "it takes anything but lists",
                _ => "it takes numbers, sizes, durations and shares",
            })
        };
        let key_ordered = parts.key.as_ref().is_none_or(|key| ops::comparable(&key.ty, &key.ty, true));
        if !key_ordered {
            let message = format!("`{name}` needs a key that has an order");
            return Err(self.error(&code::TYPE_MISMATCH, &ast.span, message, ""));
        }
        let Some(plain) = aggregate::result_type(kind, value.as_ref()) else {
            return Err(wrong(&value.unwrap_or(Type::Bool)));
        };
        let empty = parts.filter.is_some() || self.env.row().is_none_or(|row| row.rows == Rows::One);
        let never_null = matches!(kind, FoldKind::Count | FoldKind::CountDistinct | FoldKind::Any);
        let ty = if empty && !never_null { plain.nullable() } else { plain };
        let Parts { value, key, filter, .. } = parts;
        let place = Place::Fold(self.folds.len());
        let node = self.make(ast, Op::Read(place.clone()), ty);
        self.folds.push(Fold { kind, value, key, filter, text: Arc::clone(&node.text) });
        Ok(node)
    }
}
