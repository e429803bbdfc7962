//! Expressions: what they are, and the names that they read.

use rhai::{ASTFlags, Expr, Position};

use super::check::Checker;
use super::kinds::Kind;
use crate::diag::code;
use crate::fact::Type;

impl Checker<'_> {
    fn escaping(&mut self, items: &[Expr]) {
        for item in items {
            let kind = self.expr(item);
            self.escape(&kind);
        }
    }

    /// An expression and what it is.
    pub(super) fn expr(&mut self, expr: &Expr) -> Kind {
        match expr {
            Expr::BoolConstant(..) => Kind::Value(Type::Bool),
            Expr::IntegerConstant(..) => Kind::Value(Type::Int),
            Expr::FloatConstant(_, at) => self.float(*at),
            Expr::StringConstant(text, _) => Kind::Text(text.to_string()),
            Expr::Unit(at) => self.null(*at),
            Expr::InterpolatedString(parts, _) => {
                self.escaping(parts);
                Kind::Value(Type::TEXT)
            }
            Expr::Array(items, _) => {
                self.escaping(items);
                Kind::Other
            }
            Expr::Map(map, _) => {
                for (_, value) in &map.0 {
                    self.escaping(std::slice::from_ref(value));
                }
                Kind::Other
            }
            Expr::Variable(name, _, _) => self.lookup(&name.1),
            Expr::Stmt(block) => {
                self.value_block(block.statements());
                Kind::Other
            }
            Expr::FnCall(call, at) => self.call(call, *at),
            Expr::Dot(..) | Expr::Index(..) => self.chain(expr),
            Expr::And(items, _) | Expr::Or(items, _) => {
                items.iter().for_each(|item| self.condition(item));
                Kind::Value(Type::Bool)
            }
            Expr::Coalesce(items, _) => self.coalesce(items),
            Expr::ThisPtr(at) => {
                self.refuse(*at, "`this` cannot be used in a script", "give the value as a parameter");
                Kind::Other
            }
            other => {
                self.refuse(
                    other.position(),
                    "this cannot stand in a script",
                    "write it with `if` and operators",
                );
                Kind::Other
            }
        }
    }

    fn float(&mut self, at: Position) -> Kind {
        let rest = self.places.rest(at).trim_start_matches(['-', ' ']);
        let length =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
        if !rest.get(..length).unwrap_or("").contains(['.', 'e', 'E']) {
            self.refuse(
                at,
                "the number does not fit into 64 bits",
                "write a smaller number, or one with a fraction",
            );
        }
        Kind::Value(Type::Float)
    }

    fn null(&mut self, at: Position) -> Kind {
        if !at.is_none() && self.places.rest(at).starts_with('(') {
            self.refuse(at, "`()` is not a value", "write `null`");
        }
        Kind::Null
    }

    fn coalesce(&mut self, items: &[Expr]) -> Kind {
        let kinds: Vec<Kind> = items.iter().map(|item| self.expr(item)).collect();
        let (first, last) = (kinds.first().and_then(Kind::ty), kinds.last().and_then(Kind::ty));
        let result = match (first, last) {
            (Some(first), Some(last)) if !last.is_nullable() && *first.base() == last => Kind::Value(last),
            _ => Kind::Other,
        };
        for kind in kinds {
            self.escape(&kind);
        }
        result
    }

    /// Something that must be true or false.
    pub(super) fn condition(&mut self, expr: &Expr) {
        let kind = self.expr(expr);
        if let Some(ty) = kind.ty().filter(|ty| *ty.base() != Type::Bool) {
            let diag = self.diag(
                &code::NOT_BOOL,
                expr.start_position(),
                format!("a condition is true or false, and this is {ty}"),
            );
            self.push(diag);
        }
    }

    fn chain(&mut self, expr: &Expr) -> Kind {
        let (Expr::Dot(root, ..) | Expr::Index(root, ..)) = expr else { return Kind::Other };
        let mut kind = self.expr(&root.lhs);
        let mut node = expr;
        loop {
            let (pair, flags, dotted) = match node {
                Expr::Dot(pair, flags, _) => (pair, flags, true),
                Expr::Index(pair, flags, _) => (pair, flags, false),
                _ => return kind,
            };
            let next = match &pair.rhs {
                Expr::Dot(next, ..) | Expr::Index(next, ..) if !flags.intersects(ASTFlags::BREAK) => {
                    Some(next)
                }
                _ => None,
            };
            let part = next.map_or(&pair.rhs, |next| &next.lhs);
            kind = if dotted { self.dotted(kind, part) } else { self.indexed(&kind, part) };
            if next.is_none() {
                return kind;
            }
            node = &pair.rhs;
        }
    }

    fn dotted(&mut self, of: Kind, part: &Expr) -> Kind {
        match part {
            Expr::Property(property, at) => self.property(&of, &property.2, *at),
            Expr::MethodCall(call, at) => {
                let kinds: Vec<Kind> = call.args.iter().map(|arg| self.expr(arg)).collect();
                let texts: Vec<Option<&Expr>> =
                    std::iter::once(None).chain(call.args.iter().map(Some)).collect();
                if self.functions.iter().any(|function| function.name == call.name) {
                    self.refuse(
                        *at,
                        format!("`{}` is not called with a dot", call.name),
                        format!("write `{}(x)`", call.name),
                    );
                    return Kind::Other;
                }
                let kinds: Vec<Kind> = std::iter::once(of).chain(kinds).collect();
                self.builtin(&call.name, *at, &kinds, &texts)
            }
            other => self.expr(other),
        }
    }

    fn indexed(&mut self, of: &Kind, index: &Expr) -> Kind {
        let at = index.start_position();
        let kind = self.expr(index);
        match (of, kind) {
            (Kind::Rows, _) => Kind::Row,
            (Kind::Row, Kind::Text(name)) => self.fact(&name, at),
            (Kind::Row, _) => self.escape(&Kind::Row),
            // A name that is computed may be that of any parameter.
            (Kind::Ctx | Kind::Params, kind) if !matches!(kind, Kind::Text(_)) => self.escape(of),
            (Kind::Value(ty), _) => {
                if let Type::List(item) = ty.base() {
                    return Kind::Value((**item).clone());
                }
                self.refuse(
                    at,
                    format!("{} has no items", ty.base()),
                    "an index `[…]` takes one item of a list",
                );
                Kind::Other
            }
            (given, Kind::Text(name)) if given.is_given() => self.property(of, &name, at),
            _ => Kind::Other,
        }
    }
}
