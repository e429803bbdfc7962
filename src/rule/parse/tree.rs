//! Rhai's tree to ours.

use rhai::{AST, BinaryExpr, Expr, FnCallExpr, Position, Stmt, Token};

use super::Reader;
use crate::diag::{Diag, code};
use crate::rule::ast::{Ast, Binary, Kind};

type Read = Result<Ast, Diag>;

impl Reader<'_> {
    fn unsupported(&self, what: &str, position: Position) -> Diag {
        let range = self.token(self.offset(position));
        Diag::error(&code::RULE_UNSUPPORTED, format!("{what} cannot stand in an expression"))
            .at(&self.text.loc(range.start, range.end), "this cannot be typed")
            .help("use `script:` for what a threshold cannot say")
    }

    /// The whole expression.
    pub(super) fn tree(&self, tree: &AST) -> Read {
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
            Expr::Unit(at) if self.written_at(*at).starts_with("()") => return Err(self.unit(*at)),
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

    fn written_at(&self, at: Position) -> &str {
        self.text.text.get(self.offset(at)..).unwrap_or("")
    }

    fn unit(&self, at: Position) -> Diag {
        let start = self.offset(at);
        Diag::error(&code::RULE_SYNTAX, "`()` is not a value")
            .at(&self.text.loc(start, start + 2), "here")
            .help("write `null`")
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
        let span = self.balanced(span);
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
        let span = self.balanced(item.span.start..list.span.end);
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
                let span = self.balanced(begin..a.span.end);
                kind(Kind::Not(Box::new(a)), span)
            }
            (Some(Token::UnaryMinus | Token::Minus), Some(a), None) => {
                let span = self.balanced(start..a.span.end);
                kind(Kind::Negate(Box::new(a)), span)
            }
            (Some(token @ (Token::ExclusiveRange | Token::InclusiveRange)), Some(a), Some(b)) => {
                let inclusive = *token == Token::InclusiveRange;
                let span = self.balanced(a.span.start..b.span.end);
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
        let span = self.balanced(a.span.start..b.span.end);
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
