//! Statements, and that every path of `judge` ends with a verdict.
//!
//! In Rhai the value of a statement that is not the last one is dropped, so `if bad { fail("…") } pass()`
//! passes. Here a verdict that is made and dropped is an error.

use rhai::{ASTFlags, Expr, FlowControl, FnCallExpr, Position, Stmt};

use super::calls::VERDICTS;
use super::check::Checker;
use super::kinds::Kind;
use super::operators::arithmetic;
use crate::fact::Type;

/// What becomes of the value of a block.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    /// It is what `judge` says.
    Verdict,
    /// Something takes it.
    Value,
    /// Nobody.
    Dropped,
}

const HELP: &str = "every path of `judge` ends with `pass()`, `warn(\"…\")` or `fail(\"…\")`";

impl Checker<'_> {
    /// The body of a function.
    pub(super) fn body(&mut self, body: &[Stmt], is_judge: bool, start: Position) {
        if body.is_empty() && is_judge {
            self.refuse(start, "`judge` gives no verdict", HELP);
        }
        self.judging = is_judge;
        self.block(body, if is_judge { Use::Verdict } else { Use::Value });
    }

    /// A block whose value is taken.
    pub(super) fn value_block(&mut self, body: &[Stmt]) {
        self.block(body, Use::Value);
    }

    fn block(&mut self, body: &[Stmt], used: Use) {
        let kept = self.scope.len();
        for (index, stmt) in body.iter().enumerate() {
            let last = index + 1 == body.len();
            self.stmt(stmt, if last { used } else { Use::Dropped });
        }
        self.scope.truncate(kept);
    }

    fn stmt(&mut self, stmt: &Stmt, used: Use) {
        match stmt {
            Stmt::Expr(expr) => self.tail(expr, used),
            Stmt::FnCall(call, at) => {
                self.call(call, *at);
                self.called(call, *at, used);
            }
            Stmt::Block(block) => self.branch(block.statements(), block.position(), used),
            Stmt::If(flow, at) => self.choice(flow, *at, used),
            Stmt::Return(value, flags, at) => self.end(value.as_deref(), *flags, *at),
            Stmt::Var(parts, _, _) => {
                let kind = self.expr(&parts.1);
                let kind = match kind {
                    Kind::Text(_) => Kind::Value(Type::TEXT),
                    Kind::Null => Kind::Other,
                    kind => kind,
                };
                self.declare(&parts.0.name, kind);
                self.silent(stmt, used);
            }
            Stmt::Assignment(parts) => {
                self.assignment(&parts.1.lhs, &parts.1.rhs, parts.0.position());
                if let Some((_, _, _, symbol, _, _)) = parts.0.get_op_assignment_info()
                    && arithmetic(symbol).is_none()
                {
                    let message = format!("the operator `{symbol}` cannot be used in a script");
                    self.refuse(parts.0.position(), message, "write `+=`, `-=`, `*=`, `/=` or `%=`");
                }
                self.silent(stmt, used);
            }
            other => self.loops(other, used),
        }
    }

    fn loops(&mut self, stmt: &Stmt, used: Use) {
        match stmt {
            Stmt::While(flow, _) => {
                let endless = matches!(flow.expr, Expr::Unit(at) if at.is_none());
                if !endless {
                    self.condition(&flow.expr);
                    self.silent(stmt, used);
                }
                self.block(flow.body.statements(), Use::Dropped);
            }
            Stmt::Do(flow, _, _) => {
                self.block(flow.body.statements(), Use::Dropped);
                self.condition(&flow.expr);
                self.silent(stmt, used);
            }
            Stmt::For(parts, _) => {
                let kept = self.scope.len();
                let item = match self.expr(&parts.2.expr) {
                    Kind::Rows => Kind::Row,
                    Kind::Value(ty) => match ty.base() {
                        Type::List(item) => Kind::Value((**item).clone()),
                        _ => Kind::Other,
                    },
                    other => self.escape(&other),
                };
                self.declare(&parts.0.name, item);
                if let Some(counter) = &parts.1 {
                    self.declare(&counter.name, Kind::Value(Type::Int));
                }
                self.block(parts.2.body.statements(), Use::Dropped);
                self.scope.truncate(kept);
                self.silent(stmt, used);
            }
            Stmt::BreakLoop(value, _, _) => {
                if let Some(value) = value {
                    let kind = self.expr(value);
                    self.escape(&kind);
                }
            }
            Stmt::Noop(_) => self.silent(stmt, used),
            Stmt::Switch(_, at) => self.refuse(
                *at,
                "`switch` cannot be used in a script",
                "write `if … else if …`: a `switch` skips a case of another type without a word",
            ),
            Stmt::TryCatch(_, at) => self.refuse(
                *at,
                "`try` cannot be used in a script",
                "an error makes the check unknown; ask `known(row, \"fact\")` or `x != null` before",
            ),
            other => self.refuse(other.position(), "this cannot stand in a script", HELP),
        }
    }

    /// A statement without a value where a verdict has to be.
    fn silent(&mut self, stmt: &Stmt, used: Use) {
        if used == Use::Verdict {
            self.refuse(stmt.position(), "`judge` can end here without a verdict", HELP);
        }
    }

    fn branch(&mut self, body: &[Stmt], at: Position, used: Use) {
        if body.is_empty() && used == Use::Verdict {
            self.refuse(at, "this path gives no verdict", HELP);
        }
        self.block(body, used);
    }

    fn choice(&mut self, flow: &FlowControl, at: Position, used: Use) {
        self.condition(&flow.expr);
        let no_else = matches!(flow.branch.statements(), [] | [Stmt::Noop(_)]);
        if no_else && used == Use::Verdict {
            self.refuse(at, "this `if` has no `else`, so one path gives no verdict", HELP);
        }
        self.branch(flow.body.statements(), flow.body.position(), used);
        if !no_else {
            self.branch(flow.branch.statements(), flow.branch.position(), used);
        }
    }

    fn end(&mut self, value: Option<&Expr>, flags: ASTFlags, at: Position) {
        if flags.intersects(ASTFlags::BREAK) {
            self.refuse(at, "`throw` cannot be used in a script", HELP);
        }
        let used = if self.judging { Use::Verdict } else { Use::Value };
        match value {
            Some(value) => self.tail(value, used),
            None if self.judging => self.refuse(at, "this `return` gives no verdict", HELP),
            None => {}
        }
    }

    /// An expression as a statement, or what is returned.
    fn tail(&mut self, expr: &Expr, used: Use) {
        if let Expr::Stmt(block) = expr {
            return self.branch(block.statements(), block.position(), used);
        }
        let kind = self.expr(expr);
        if let Expr::FnCall(call, at) = expr {
            return self.called(call, *at, used);
        }
        let plain = matches!(
            expr,
            Expr::And(..) | Expr::Or(..) | Expr::Array(..) | Expr::Map(..) | Expr::InterpolatedString(..)
        );
        if used == Use::Verdict && (plain || kind != Kind::Other) {
            self.refuse(expr.start_position(), "this is not a verdict", HELP);
        }
        self.escape(&kind);
    }

    /// A call as a statement, or what is returned.
    fn called(&mut self, call: &FnCallExpr, at: Position, used: Use) {
        let makes = call.op_token.is_none() && VERDICTS.contains(&call.name.as_str());
        let own = self.functions.iter().any(|function| function.name == call.name);
        match used {
            Use::Dropped if makes => {
                let message = format!("this `{}` is dropped: what follows decides", call.name);
                self.refuse(at, message, format!("write `return {}(…)`", call.name));
            }
            Use::Verdict if !makes && !own => self.refuse(at, "this is not a verdict", HELP),
            _ => {}
        }
    }

    fn assignment(&mut self, left: &Expr, right: &Expr, at: Position) {
        let kind = self.expr(right);
        self.escape(&kind);
        let mut root = left;
        while let Expr::Dot(pair, ..) | Expr::Index(pair, ..) = root {
            root = &pair.lhs;
        }
        let given = self.expr(root).is_given();
        if given {
            let written = self.places.written(root.start_position()).to_owned();
            let message = format!("`{written}` can only be read");
            self.refuse(at, message, "put what you compute into a variable of your own: `let x = …`");
        } else if !matches!(left, Expr::Variable(..)) {
            self.expr(left);
        }
    }
}
