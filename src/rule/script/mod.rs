//! Scripts: for what a threshold cannot say.
//!
//! Rhai runs them, on an engine without packages: every operator and every function is registered here and
//! goes through [`super::ops`] and [`super::functions`], so a script and an expression cannot disagree. What
//! Rhai answers with `false` (unlike types, null, a misspelt name) is an error. A script that does not end
//! with a verdict is `unknown`, never `pass`.

mod bridge;
mod calls;
mod check;
mod compile;
mod engine;
mod expr;
mod flow;
mod kinds;
mod names;
mod operators;
mod places;
mod run;
#[cfg(test)]
mod tests;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::Env;
use crate::diag::Diag;
use crate::fact::{Cell, Missing, Schema, Type, Value};
use crate::source::{Source, yaml};

/// A checked script.
pub struct Script {
    /// Its text.
    pub text: Arc<String>,
    /// Facts that it reads of the row; all of them if it looks at other rows or passes the row on.
    pub reads: Vec<Arc<str>>,
    /// Parameters that it reads; all of them if it passes them on.
    pub params: Vec<Arc<str>>,
    ast: rhai::AST,
    places: places::Places,
    /// Comparisons with a written `null`, by line and column: the only ones that may meet null.
    null_tests: Arc<BTreeSet<(usize, usize)>>,
    uses_rows: bool,
    /// Does it call functions of its own, so that it may need much stack?
    nests: bool,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Script")
            .field("text", &self.text)
            .field("reads", &self.reads)
            .finish_non_exhaustive()
    }
}

/// What a script is given.
#[derive(Clone, Copy, Debug)]
pub struct ScriptInput<'a> {
    /// The facts.
    pub schema: &'a Arc<Schema>,
    /// The row that is judged.
    pub row: &'a [Cell],
    /// All rows.
    pub rows: &'a [Box<[Cell]>],
    /// The parameters.
    pub params: &'a [(Arc<str>, Value, Type)],
    /// Name of the target.
    pub target_name: &'a str,
    /// Type of the target.
    pub target_kind: &'a str,
    /// Labels of the target.
    pub labels: &'a BTreeMap<Arc<str>, Arc<str>>,
    /// The time of the observation, in microseconds since 1970.
    pub now: i64,
    /// Wall time that one call may take.
    pub deadline: Duration,
}

/// What a script says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptVerdict {
    /// All is well.
    Pass,
    /// Somebody should look at it.
    Warn(String),
    /// It must not be so.
    Fail(String),
}

impl Script {
    /// Checks a script: syntax, names, arity, the facts that it reads, and that it ends with a verdict.
    ///
    /// `inline` is the node of the policy that it stands in; a script without one stands in `source`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(source: &Arc<Source>, inline: Option<&yaml::Node>, env: &Env) -> Result<Self, Vec<Diag>> {
        let places = places::Places::new(source, inline);
        let ast = compile::compile(&places).map_err(|diag| vec![*diag])?;
        let found = check::check(&ast, &places, env)?;
        Ok(Self {
            text: Arc::clone(&source.text),
            reads: found.reads,
            params: found.params,
            ast,
            places,
            null_tests: Arc::new(found.null_tests),
            uses_rows: found.uses_rows,
            nests: found.nests,
        })
    }

    /// Judges one row.
    ///
    /// # Errors
    /// Why there is no verdict: the cause of a fact that was read and is unknown, or `script`.
    pub fn judge(&self, input: &ScriptInput<'_>) -> Result<ScriptVerdict, Arc<Missing>> {
        run::judge(self, input)
    }
}
