//! Questions about the past of a fact.

use super::super::ast::Ast;
use super::super::node::{Ask, Node, Op};
use super::super::ops;
use super::{Checker, Typed};
use crate::diag::{Diag, code};
use crate::fact::Type;

/// Questions with how they are written and what they answer.
pub const QUESTIONS: &[(&str, Ask, &str, &str, &str)] = &[
    (
        "changed",
        Ask::Changed,
        "changed(x)",
        "bool",
        "whether it is another value than in the sample before; null is a value here",
    ),
    (
        "falls_to",
        Ask::FallsTo,
        "falls_to(x, limit)",
        "duration?",
        "how long until it has fallen to the limit; null if it does not fall, zero if it is there",
    ),
    (
        "past",
        Ask::Past,
        "past(x)",
        "list of its type",
        "earlier samples in the window that are not null, without the one of now",
    ),
    (
        "per_day",
        Ask::PerDay,
        "per_day(x)",
        "its type",
        "how much it changes in a day, by a line through the samples",
    ),
    ("previous", Ask::Previous, "previous(x)", "its type", "the sample before the one of now"),
    (
        "reaches",
        Ask::Reaches,
        "reaches(x, limit)",
        "duration?",
        "how long until it has grown to the limit; null if it does not grow, zero if it is there",
    ),
];

/// The question of that name.
pub(super) fn ask(name: &str) -> Option<Ask> {
    QUESTIONS.iter().find(|(known, ..)| *known == name).map(|(_, ask, ..)| *ask)
}

/// May a line be laid through it?
fn is_measure(ty: &Type) -> bool {
    ty.base().is_number() || matches!(ty.base(), Type::Quantity(_))
}

impl Checker<'_> {
    pub(super) fn history(&mut self, ast: &Ast, ask: Ask, name: &str, args: &[Ast]) -> Typed {
        let limited = matches!(ask, Ask::Reaches | Ask::FallsTo);
        let (fact, limit) = match args {
            [fact] if !limited => (fact, None),
            [fact, limit] if limited => (fact, Some(limit)),
            _ => {
                let shape = if limited { "a fact and its limit" } else { "one fact" };
                return Err(self
                    .error(&code::TYPE_MISMATCH, &ast.span, format!("`{name}` takes {shape}"), "")
                    .help(if limited {
                        format!("write `{name}(used, total)`, or a literal of the unit of the fact")
                    } else {
                        format!("write `{name}(x)`")
                    }));
            }
        };
        let node = self.node(fact)?;
        self.has_past(&node)?;
        if matches!(ask, Ask::PerDay | Ask::Reaches | Ask::FallsTo) && !is_measure(&node.ty) {
            let message = format!("`{name}` lays a line through numbers, and this is {}", node.ty);
            return Err(Diag::error(&code::TYPE_MISMATCH, message)
                .at(&node.loc, format!("this is {}", node.ty))
                .help("`changed(x)` and `previous(x)` take facts of every type"));
        }
        let ty = match ask {
            Ask::PerDay if node.ty.base().is_number() => Type::Float,
            Ask::PerDay => node.ty.base().clone(),
            Ask::Reaches | Ask::FallsTo => Type::DURATION.nullable(),
            Ask::Previous => node.ty.clone(),
            Ask::Past => Type::list(node.ty.base().clone()),
            Ask::Changed => Type::Bool,
        };
        let mut parts = vec![node];
        if let Some(limit) = limit {
            let limit = self.value(limit)?;
            let fact = parts.first().map_or(&limit, |fact| fact);
            if !ops::comparable(&fact.ty, &limit.ty, true) {
                let help =
                    "a limit has the type of the fact, for example another fact: `reaches(used, total)`";
                let diag = Self::incomparable(super::Binary::Lt, fact, &limit);
                return Err(if diag.help.is_none() { diag.help(help) } else { diag });
            }
            parts.push(limit);
        }
        Ok(self.make(ast, Op::History(ask, parts), ty))
    }

    /// Only facts of an observation with `history:` have samples.
    fn has_past(&self, node: &Node) -> Result<(), Diag> {
        let wrong = |message: String, help: &str| {
            Err(Diag::error(&code::NO_HISTORY, message).at(&node.loc, "").help(help))
        };
        let Op::Read(place) = &node.op else {
            let message = format!("`{}` is computed, and samples are kept of facts", node.text);
            return wrong(message, "ask about a fact that a probe reads, and compute with the answer");
        };
        let Some((view, column)) = self.env.column_of(place) else {
            let message = format!("`{}` is no fact of a probe, so there are no samples of it", node.text);
            return wrong(message, "ask about a fact that a probe reads, and compute with the answer");
        };
        if view.past.get(column).copied().unwrap_or(false) {
            return Ok(());
        }
        let message = format!("there are no samples of `{}`", node.text);
        wrong(message, "write `history: { window: 30d }` at the observation that reads it")
    }
}
