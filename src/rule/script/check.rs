//! What can be said of a script before it runs: names, arity, facts, types where they are plain.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rhai::{AST, ASTNode, Expr, Position, Stmt};

use super::calls;
use super::kinds::Kind;
use super::places::{Places, line_column};
use crate::diag::{Code, Diag, code};
use crate::rule::Env;

/// What the check found out.
#[derive(Default)]
pub(super) struct Found {
    pub(super) reads: Vec<Arc<str>>,
    pub(super) params: Vec<Arc<str>>,
    pub(super) null_tests: BTreeSet<(usize, usize)>,
    pub(super) uses_rows: bool,
    pub(super) nests: bool,
}

/// A function of the script.
pub(super) struct Function {
    pub(super) name: String,
    pub(super) params: Vec<String>,
    pub(super) body: Vec<Stmt>,
    pub(super) start: Position,
    /// `fn int.name()`: called with a dot on values of one type.
    pub(super) typed: bool,
}

/// Walks the tree.
pub(super) struct Checker<'a> {
    pub(super) places: &'a Places,
    pub(super) env: &'a Env,
    pub(super) functions: &'a [Function],
    pub(super) found: Found,
    pub(super) reads: BTreeSet<usize>,
    /// Does it read facts that cannot be named here?
    pub(super) all: bool,
    /// Parameters that it names.
    pub(super) named: BTreeSet<Arc<str>>,
    /// Does it read parameters that cannot be named here?
    pub(super) all_params: bool,
    /// Variables in scope with what they are.
    pub(super) scope: Vec<(String, Kind)>,
    /// Variables that are assigned somewhere, so that what they are cannot be told.
    pub(super) assigned: BTreeSet<String>,
    /// What the parameters of functions are, as the calls say.
    pub(super) params: BTreeMap<(usize, usize), Kind>,
    /// Is the function that is walked `judge`?
    pub(super) judging: bool,
    diags: Vec<Diag>,
}

/// Checks a parsed script.
pub(super) fn check(ast: &AST, places: &Places, env: &Env) -> Result<Found, Vec<Diag>> {
    let mut assigned = BTreeSet::new();
    let functions = functions(ast, &mut assigned);
    let start = |params: &BTreeMap<(usize, usize), Kind>| Checker {
        places,
        env,
        functions: &functions,
        found: Found::default(),
        reads: BTreeSet::new(),
        all: false,
        named: BTreeSet::new(),
        all_params: false,
        scope: Vec::new(),
        assigned: assigned.clone(),
        params: params.clone(),
        judging: false,
        diags: Vec::new(),
    };
    // What a parameter is follows from the calls that `judge` reaches; each can only change twice.
    let mut params = BTreeMap::new();
    loop {
        let mut checker = start(&params);
        checker.reached();
        if checker.params == params {
            break;
        }
        params = checker.params;
    }
    let mut checker = start(&params);
    checker.script(ast);
    checker.finish()
}

/// The functions of a script with their statements, which Rhai shows only in a walk over everything.
fn functions(ast: &AST, assigned: &mut BTreeSet<String>) -> Vec<Function> {
    let mut statements: Vec<Stmt> = Vec::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        if let [ASTNode::Stmt(stmt)] = path {
            statements.push((*stmt).clone());
        }
        if let Some(ASTNode::Stmt(Stmt::Assignment(parts))) = path.last()
            && let Expr::Variable(name, _, _) = &parts.1.lhs
        {
            assigned.insert(name.1.to_string());
        }
        true
    });
    let mut functions: Vec<Function> = ast
        .iter_fn_def()
        .map(|def| {
            let (start, end) = (def.body.start_position(), def.body.end_position());
            let within = |stmt: &&Stmt| {
                let at = line_column(stmt.position());
                at >= line_column(start) && at <= line_column(end)
            };
            Function {
                name: def.name.to_string(),
                params: def.params.iter().map(ToString::to_string).collect(),
                body: statements.iter().filter(within).cloned().collect(),
                start,
                typed: def.this_type.is_some(),
            }
        })
        .collect();
    functions.sort_by_key(|function| line_column(function.start));
    functions
}

impl Checker<'_> {
    pub(super) fn diag(&self, code: &'static Code, at: Position, message: impl Into<String>) -> Diag {
        Diag::error(code, message).at(&self.places.at(at), "")
    }

    pub(super) fn push(&mut self, diag: Diag) {
        if !self.diags.contains(&diag) {
            self.diags.push(diag);
        }
    }

    pub(super) fn refuse(&mut self, at: Position, message: impl Into<String>, help: impl Into<String>) {
        let diag = self.diag(&code::SCRIPT, at, message).help(help);
        self.push(diag);
    }

    fn finish(mut self) -> Result<Found, Vec<Diag>> {
        if !self.diags.is_empty() {
            self.diags.sort_by_key(|diag| diag.labels.first().map(|label| label.loc.start));
            return Err(self.diags);
        }
        let fields = self.env.row().map(|schema| schema.fields.as_slice()).unwrap_or_default();
        let read = fields.iter().enumerate().filter(|(index, _)| self.all || self.reads.contains(index));
        self.found.reads = read.map(|(_, field)| Arc::clone(&field.name)).collect();
        let params = self.env.params.iter().map(|param| &param.name);
        let read = params.filter(|name| self.all_params || self.named.contains(&***name));
        self.found.params = read.cloned().collect();
        Ok(self.found)
    }

    fn script(&mut self, ast: &AST) {
        if let Some(first) = ast.statements().first() {
            self.refuse(
                first.position(),
                "only functions stand at the top of a script",
                "move this into `fn judge(row, ctx) { … }`",
            );
        }
        match self.functions.iter().find(|function| function.name == "judge") {
            Some(judge) if judge.params.len() == 2 => {}
            Some(judge) => {
                self.refuse(judge.start, "`judge` takes two parameters", "write `fn judge(row, ctx) { … }`");
            }
            None => self.refuse(
                Position::NONE,
                "the script has no function `judge`",
                "write `fn judge(row, ctx) { … }`",
            ),
        }
        for (index, function) in self.functions.iter().enumerate() {
            self.function(index, function);
        }
    }

    /// Walks the functions whose parameters are known so far.
    fn reached(&mut self) {
        for (index, function) in self.functions.iter().enumerate() {
            let known = function.params.is_empty() || self.params.contains_key(&(index, 0));
            if known || function.name == "judge" {
                self.function(index, function);
            }
        }
    }

    fn function(&mut self, index: usize, function: &Function) {
        if calls::arity(&function.name).is_some() {
            let message = format!("`{}` is already a function of muster", function.name);
            self.refuse(function.start, message, "give yours another name");
        }
        if function.typed {
            self.refuse(
                function.start,
                format!("`{}` is bound to a type", function.name),
                "write `fn name(value) { … }`",
            );
        }
        let is_judge = function.name == "judge";
        self.scope = function
            .params
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let kind = match (is_judge, at) {
                    (true, 0) => Kind::Row,
                    (true, 1) => Kind::Ctx,
                    _ if self.assigned.contains(name) => Kind::Other,
                    _ => self.params.get(&(index, at)).cloned().unwrap_or(Kind::Other),
                };
                (name.clone(), kind)
            })
            .collect();
        self.body(&function.body, is_judge, function.start);
    }

    pub(super) fn lookup(&self, name: &str) -> Kind {
        let found = self.scope.iter().rev().find(|(known, _)| known == name);
        found.map_or(Kind::Other, |(_, kind)| kind.clone())
    }

    /// Adds a variable. What is assigned elsewhere is not known, and takes a row out of sight.
    pub(super) fn declare(&mut self, name: &str, kind: Kind) {
        let kind = if self.assigned.contains(name) { self.escape(&kind) } else { kind };
        self.scope.push((name.to_owned(), kind));
    }

    /// A value goes where it cannot be followed.
    pub(super) fn escape(&mut self, kind: &Kind) -> Kind {
        self.all |= matches!(kind, Kind::Row | Kind::Rows);
        self.all_params |= matches!(kind, Kind::Ctx | Kind::Params);
        Kind::Other
    }
}
