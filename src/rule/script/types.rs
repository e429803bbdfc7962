//! Operators on values whose types are known before the script runs.

use rhai::{FnCallExpr, Position, Token};

use super::check::Checker;
use super::kinds::Kind;
use super::operators::{arithmetic, comparison};
use super::places::line_column;
use crate::diag::{code, did_you_mean};
use crate::fact::Type;
use crate::rule::env::list;
use crate::rule::node::{Arith, Cmp};
use crate::rule::ops;

impl Checker<'_> {
    pub(super) fn operator(
        &mut self,
        call: &FnCallExpr,
        token: &Token,
        at: Position,
        kinds: Vec<Kind>,
    ) -> Kind {
        let result = match kinds.as_slice() {
            [a, b] => match (comparison(&call.name), arithmetic(&call.name)) {
                (Some(cmp), _) => {
                    self.comparison(cmp, a, b, at);
                    Some(Kind::Value(Type::Bool))
                }
                (None, Some(op)) => Some(self.arithmetic(op, a, b, at)),
                _ if matches!(token, Token::ExclusiveRange | Token::InclusiveRange) => Some(Kind::Other),
                _ => None,
            },
            [a] => match token {
                Token::Bang => {
                    if a.ty().is_some_and(|ty| *ty.base() != Type::Bool) {
                        let diag = self.diag(&code::NOT_BOOL, at, "`!` takes true or false");
                        self.push(diag);
                    }
                    Some(Kind::Value(Type::Bool))
                }
                Token::Minus | Token::UnaryMinus => Some(self.negated(a, at)),
                _ => None,
            },
            _ => None,
        };
        for kind in kinds {
            self.escape(&kind);
        }
        result.unwrap_or_else(|| {
            self.refuse(
                at,
                format!("the operator `{}` cannot be used in a script", call.name),
                "compare with `==`, `<` and the like, join with `&&` and `||`",
            );
            Kind::Other
        })
    }

    fn negated(&mut self, of: &Kind, at: Position) -> Kind {
        let Some(ty) = of.ty() else { return Kind::Other };
        if !(ty.base().is_number() || matches!(ty.base(), Type::Quantity(_))) {
            let diag = self.diag(&code::TYPE_MISMATCH, at, format!("{} cannot be negated", ty.base()));
            self.push(diag);
        }
        Kind::Value(ty.base().clone())
    }

    fn comparison(&mut self, cmp: Cmp, a: &Kind, b: &Kind, at: Position) {
        let ordered = !matches!(cmp, Cmp::Eq | Cmp::Ne);
        if *a == Kind::Null || *b == Kind::Null {
            if ordered {
                self.refuse(at, "null has no order", "compare with `==` or `!=`");
            }
            self.found.null_tests.insert(line_column(at));
            let other = if *a == Kind::Null { b } else { a };
            if let Some(ty) = other.ty().filter(|ty| !ty.is_nullable()) {
                let diag = self.diag(&code::NULLABLE, at, format!("this {ty} is never null"));
                self.push(
                    diag.help(
                        "a fact that could not be read is unknown, not null; ask `known(row, \"fact\")`",
                    ),
                );
            }
            return;
        }
        let (Some(x), Some(y)) = (a.ty(), b.ty()) else { return };
        for (kind, ty) in [(a, &y), (b, &x)] {
            if let (Kind::Text(word), Type::Enum(words)) = (kind, ty.base())
                && !words.iter().any(|known| **known == **word)
            {
                let names = words.iter().map(|word| &**word);
                let help = did_you_mean(word, names.clone())
                    .unwrap_or_else(|| format!("it is one of {}", list(names)));
                let diag = self.diag(&code::BAD_VALUE, at, format!("this is never `{word}`")).help(help);
                self.push(diag);
            }
        }
        let version = |x: &Type, kind: &Kind| *x.base() == Type::Version && matches!(kind, Kind::Text(_));
        if !ops::comparable(&x, &y, ordered) && !version(&x, b) && !version(&y, a) {
            let message = if ops::comparable(&x, &y, false) {
                format!("{} has no order", x.base())
            } else {
                format!("{} cannot be compared with {}", x.base(), y.base())
            };
            let diag = self.diag(&code::TYPE_MISMATCH, at, message);
            self.push(diag);
        }
    }

    pub(super) fn arithmetic(&mut self, op: Arith, a: &Kind, b: &Kind, at: Position) -> Kind {
        let (Some(x), Some(y)) = (a.ty(), b.ty()) else { return Kind::Other };
        let (x, y) = (x.base().clone(), y.base().clone());
        if op == Arith::Add && (x.is_text() || y.is_text()) {
            return Kind::Value(Type::TEXT);
        }
        ops::arith_type(op, &x, &y).map_or_else(
            || {
                let diag = self.diag(&code::TYPE_MISMATCH, at, format!("{x} and {y} cannot be combined"));
                self.push(diag);
                Kind::Other
            },
            Kind::Value,
        )
    }
}
