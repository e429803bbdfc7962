//! Calls of functions, and of those that are part of the language.

use std::sync::Arc;

use super::super::ast::{Ast, Kind};
use super::super::env::list;
use super::super::node::{Op, Place};
use super::super::{eval, functions};
use super::{Checker, Nothing, Typed, folds, past};
use crate::diag::{code, did_you_mean};
use crate::fact::Type;

/// Functions that are not in the table, because their arguments are more than values.
pub(crate) const SPECIAL: &[&str] =
    &["known", "matches", "during", "per_day", "reaches", "falls_to", "previous", "past", "changed"];

impl Checker<'_> {
    pub(super) fn call(&mut self, ast: &Ast, name: &str, args: &[Ast], at: &std::ops::Range<usize>) -> Typed {
        match name {
            "known" => return self.known(ast, args),
            "matches" => return self.matches(ast, args),
            "during" => return self.during(ast, args),
            _ => {}
        }
        if let Some(ask) = past::ask(name) {
            return self.history(ast, ask, name, args);
        }
        if let Some(fold) = self.aggregate(ast, name, args)? {
            return Ok(fold);
        }
        let Some(function) = functions::find(name) else {
            let aggregates = folds::AGGREGATES.iter().map(|(aggregate, ..)| *aggregate);
            let aggregates = aggregates.filter(|_| self.env.members.is_some());
            let names = functions::FUNCTIONS.iter().map(|f| f.name).chain(SPECIAL.iter().copied());
            let names = names.chain(aggregates);
            let help =
                did_you_mean(name, names.clone()).unwrap_or_else(|| format!("functions are {}", list(names)));
            return Err(self
                .error(&code::UNKNOWN_FACT, at, format!("there is no function `{name}`"), "")
                .help(folds::only_in_groups(name).unwrap_or(help)));
        };
        let nodes = args.iter().map(|arg| self.value(arg)).collect::<Result<Vec<_>, _>>()?;
        let types: Vec<Type> = nodes.iter().map(|node| node.ty.clone()).collect();
        let Some(ty) = (function.check)(&types) else {
            let given = types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let message = format!("`{name}` does not take ({given})");
            return Err(self
                .error(&code::TYPE_MISMATCH, &ast.span, message, "")
                .help(format!("it is `{}`: {}", function.shape, function.doc)));
        };
        // Samples of the past are at least one, so what is made of them is never null.
        let whole = nodes.iter().all(|node| matches!(node.op, Op::History(..)));
        let ty = if whole && ty.is_nullable() { ty.base().clone() } else { ty };
        let node = self.make(ast, Op::Call(function, nodes), ty);
        if node.is_constant()
            && let Err(why) = eval::eval(&node, &Nothing)
        {
            return Err(self.error(&code::BAD_LITERAL, &ast.span, why.what.clone(), ""));
        }
        Ok(node)
    }

    pub(super) fn known(&mut self, ast: &Ast, args: &[Ast]) -> Typed {
        let [arg] = args else {
            return Err(self.error(&code::TYPE_MISMATCH, &ast.span, "`known` takes one fact".into(), ""));
        };
        let inner = self.node(arg)?;
        Ok(self.make(ast, Op::Known(Box::new(inner)), Type::Bool))
    }

    pub(super) fn matches(&mut self, ast: &Ast, args: &[Ast]) -> Typed {
        let [text, pattern] = args else {
            return Err(self.error(
                &code::TYPE_MISMATCH,
                &ast.span,
                "`matches` takes a text and a regular expression".into(),
                "",
            ));
        };
        let node = self.value(text)?;
        if !node.ty.is_text() {
            let message = format!("`matches` looks into a text, and this is {}", node.ty);
            return Err(self.error(&code::TYPE_MISMATCH, &text.span, message, ""));
        }
        let Kind::Text(pattern_text) = &pattern.kind else {
            return Err(self
                .error(
                    &code::TYPE_MISMATCH,
                    &pattern.span,
                    "a regular expression is a literal text".into(),
                    "",
                )
                .help("so that it can be checked when the policy is loaded"));
        };
        match regex::Regex::new(pattern_text) {
            Ok(regex) => Ok(self.make(ast, Op::Matches(Box::new(node), Arc::new(regex)), Type::Bool)),
            Err(error) => {
                let said = error.to_string();
                let last = said
                    .lines()
                    .last()
                    .unwrap_or("it cannot be compiled")
                    .trim_start_matches("error: ")
                    .to_owned();
                Err(self.error(
                    &code::BAD_VALUE,
                    &pattern.span,
                    "this is not a regular expression".into(),
                    last,
                ))
            }
        }
    }

    /// `during("office")`
    fn during(&self, ast: &Ast, args: &[Ast]) -> Typed {
        let [Ast { kind: Kind::Text(name), span }] = args else {
            return Err(self
                .error(&code::TYPE_MISMATCH, &ast.span, "`during` takes the name of a calendar".into(), "")
                .help("write it as a literal text: `during(\"office\")`"));
        };
        if let Some(known) = self.env.calendars.as_ref().filter(|known| !known.contains(&**name)) {
            let names = known.iter().map(|name| &**name);
            let help = did_you_mean(name, names.clone()).unwrap_or_else(|| match known.len() {
                0 => "declare it under `calendars:` in muster.yaml".to_owned(),
                _ => format!("calendars of the project are {}", list(names)),
            });
            let message = format!("no calendar is called `{name}`");
            return Err(self.error(&code::UNKNOWN_NAME, span, message, "").help(help));
        }
        Ok(self.make(ast, Op::Read(Place::During(Arc::from(name.as_str()))), Type::Bool))
    }
}
