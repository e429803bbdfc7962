//! Calls: of the script's own functions, whose parameters are what they are given, and of muster's.

use rhai::{Expr, FnCallExpr, Position};

use super::calls;
use super::check::Checker;
use super::kinds::Kind;
use crate::diag::{code, did_you_mean};
use crate::fact::Type;
use crate::rule::env::list;

impl Checker<'_> {
    /// A call or an operator.
    pub(super) fn call(&mut self, call: &FnCallExpr, at: Position) -> Kind {
        let kinds: Vec<Kind> = call.args.iter().map(|arg| self.expr(arg)).collect();
        if let Some(token) = &call.op_token {
            return self.operator(call, token, at, kinds);
        }
        let own: Vec<usize> = self
            .functions
            .iter()
            .enumerate()
            .filter(|(_, function)| function.name == call.name)
            .map(|(index, _)| index)
            .collect();
        if own.is_empty() {
            let args: Vec<Option<&Expr>> = call.args.iter().map(Some).collect();
            return self.builtin(&call.name, at, &kinds, &args);
        }
        self.found.nests = true;
        self.own(&own, call, at, kinds);
        Kind::Other
    }

    /// A call of a function of the script: its parameters are what it is given.
    fn own(&mut self, own: &[usize], call: &FnCallExpr, at: Position, kinds: Vec<Kind>) {
        let arity = |index: &usize| self.functions.get(*index).map_or(0, |function| function.params.len());
        let Some(index) = own.iter().copied().find(|index| arity(index) == kinds.len()) else {
            let counts: Vec<String> = own.iter().map(|index| arity(index).to_string()).collect();
            let message =
                format!("`{}` takes {} values, not {}", call.name, counts.join(" or "), kinds.len());
            let diag = self.diag(&code::SCRIPT, at, message);
            return self.push(diag);
        };
        for (at, kind) in kinds.into_iter().enumerate() {
            let name = self.functions.get(index).and_then(|function| function.params.get(at));
            let kind = match kind {
                Kind::Text(_) => Kind::Value(Type::TEXT),
                Kind::Null => Kind::Other,
                _ if name.is_some_and(|name| self.assigned.contains(name)) => self.escape(&kind),
                kind => kind,
            };
            match self.params.get(&(index, at)).cloned() {
                Some(known) if known == kind => {}
                Some(known) => {
                    self.escape(&known);
                    let kind = self.escape(&kind);
                    self.params.insert((index, at), kind);
                }
                None => {
                    self.params.insert((index, at), kind);
                }
            }
        }
    }

    pub(super) fn builtin(
        &mut self,
        name: &str,
        at: Position,
        kinds: &[Kind],
        args: &[Option<&Expr>],
    ) -> Kind {
        let Some((counts, shape)) = calls::arity(name) else {
            let own = self.functions.iter().map(|function| function.name.as_str());
            let mut known: Vec<&str> = calls::names().collect();
            known.extend(own);
            let help = did_you_mean(name, known)
                .unwrap_or_else(|| format!("a script may call {}", list(calls::names())));
            let diag = self.diag(&code::SCRIPT, at, format!("there is no function `{name}`")).help(help);
            self.push(diag);
            return Kind::Other;
        };
        if !counts.contains(&kinds.len()) {
            let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
            let message = format!("`{name}` takes {} values, not {}", counts.join(" or "), kinds.len());
            let diag = self.diag(&code::SCRIPT, at, message).help(format!("write `{shape}`"));
            self.push(diag);
            return Kind::Other;
        }
        if name == "known" {
            return self.known(at, kinds, args);
        }
        let types: Option<Vec<Type>> =
            kinds.iter().map(|kind| kind.ty().map(|ty| ty.base().clone())).collect();
        let result =
            crate::rule::functions::find(name).zip(types).map(|(f, types)| ((f.check)(&types), types));
        if name != "len" || kinds.first() != Some(&Kind::Rows) {
            for kind in kinds {
                self.escape(kind);
            }
        }
        match result {
            Some((Some(ty), _)) => Kind::Value(ty),
            Some((None, types)) => {
                let found: Vec<String> = types.iter().map(ToString::to_string).collect();
                let diag = self.diag(
                    &code::TYPE_MISMATCH,
                    at,
                    format!("`{shape}` does not take ({})", found.join(", ")),
                );
                self.push(diag);
                Kind::Other
            }
            None => Kind::Other,
        }
    }

    fn known(&mut self, at: Position, kinds: &[Kind], args: &[Option<&Expr>]) -> Kind {
        let place = args.get(1).copied().flatten().map_or(at, Expr::start_position);
        match kinds {
            [Kind::Row, Kind::Text(name)] => {
                self.fact(name, place);
            }
            [Kind::Row | Kind::Other, Kind::Text(_) | Kind::Other | Kind::Value(_)] => self.all = true,
            _ => self.refuse(
                at,
                "`known` asks whether a fact of a row could be read",
                "write `known(row, \"fact\")`",
            ),
        }
        Kind::Value(Type::Bool)
    }
}
