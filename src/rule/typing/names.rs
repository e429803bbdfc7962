//! Names: facts, parameters, targets, quantities.

use std::sync::Arc;

use super::super::ast::{Ast, Kind};
use super::super::env::{Env, Meaning, list};
use super::super::functions;
use super::super::node::{Node, Op, Place};
use super::{Checker, Typed};
use crate::diag::{Diag, code, did_you_mean};
use crate::fact::{Rows, Type, Value};

/// What `target.scheme` can be; null for a target without an address.
const SCHEMES: &[&str] =
    &["https", "http", "tls", "tcp", "smtp", "postgres", "postgresql", "pgbouncer", "mysql", "mariadb"];

/// The help for a fact of the members that stands outside of an aggregate.
fn of_a_group(members: &Env, name: &str) -> Option<String> {
    let known = members.row().is_some_and(|schema| schema.position(name).is_some());
    known.then(|| {
        format!("`{name}` has a value for each member: aggregate it, for example `list({name})`, or add it to `by`")
    })
}

/// What is said of a name that nothing has.
pub fn not_known(name: &str) -> String {
    format!("`{name}` is not known here")
}

impl Checker<'_> {
    pub(super) fn meaning(&self, ast: &Ast, meaning: Meaning) -> Node {
        match meaning {
            Meaning::Value(place, ty) => self.make(ast, Op::Read(place), ty),
            Meaning::Age(place, now, ty) => {
                let time = self.make(ast, Op::Read(place), Type::Time);
                let now = self.make(ast, Op::Read(now), Type::Time);
                self.make(ast, Op::Age(Box::new([time, now])), ty)
            }
        }
    }

    pub(super) fn name(&mut self, ast: &Ast, name: &str) -> Typed {
        if let Some(meaning) = self.names.bare(name) {
            return Ok(self.meaning(ast, meaning));
        }
        let message = not_known(name);
        let diag =
            self.error(&code::UNKNOWN_FACT, &ast.span, message, "no fact, parameter or `let` has this name");
        if self.env.param(name).is_some() {
            return Err(diag.help(format!("write `params.{name}`")));
        }
        if self.env.observations.iter().any(|o| &*o.name == name) || ["params", "target"].contains(&name) {
            return Err(diag.help(format!("write `{name}.…`: a name of something in it must follow")));
        }
        if name == "side" || name == "before" {
            return Err(diag.help(
                "`side` is a fact of a `join`, and with `before` of an observation that has `before:`; `each` must name it",
            ));
        }
        if functions::find(name).is_some() || super::SPECIAL.contains(&name) {
            return Err(diag.help(format!("`{name}` is a function: write `{name}(…)`")));
        }
        if !self.env.facts {
            return Err(diag.help(
                "`when` is judged before observing, from `target` and `params` only; use `where` for facts",
            ));
        }
        let sided = self.env.row_view().map(|view| view.in_parts(name)).unwrap_or_default();
        if !sided.is_empty() {
            let names = list(sided.iter().map(String::as_str));
            return Err(diag.help(format!("only the key of a join stands bare: write {names}")));
        }
        if let Some(help) = self.env.members.as_ref().and_then(|members| of_a_group(members, name)) {
            return Err(diag.help(help));
        }
        if let Some(help) = self.of_others(name) {
            return Err(diag.help(help));
        }
        let names = self.env.names();
        let help = did_you_mean(name, names.iter().map(String::as_str));
        Err(diag
            .help(help.unwrap_or_else(|| format!("known here: {}", list(names.iter().map(String::as_str))))))
    }

    /// The help for a fact of an observation whose rows are not those in scope.
    fn of_others(&self, name: &str) -> Option<String> {
        let here = self.env.row_view().map(|view| &view.name)?;
        let other = self.env.observations.iter().find(|o| o.schema.position(name).is_some())?;
        Some(if other.schema.rows == Rows::One {
            format!("write `{}.{name}`", other.name)
        } else {
            format!("it is a fact of `{}`, and the rows that are judged are those of `{here}`", other.name)
        })
    }

    pub(super) fn field(&mut self, ast: &Ast, base: &Ast, name: &str, at: &std::ops::Range<usize>) -> Typed {
        match &base.kind {
            Kind::Int(_) | Kind::Float(_) => self.quantity(ast, base, name, at),
            Kind::Name(root) if root == "params" => self.param(ast, name, at),
            Kind::Name(root) if root == "target" => self.target(ast, name, at),
            Kind::Field(inner, labels, _)
                if labels == "labels" && matches!(&inner.kind, Kind::Name(n) if n == "target") =>
            {
                self.label(ast, name, at)
            }
            Kind::Name(root) => match self.names.member(root, name) {
                Some(Ok(meaning)) if self.env.facts => Ok(self.meaning(ast, meaning)),
                Some(Err(help)) => {
                    let message = format!("`{root}` has no fact `{name}`");
                    Err(self
                        .error(&code::UNKNOWN_FACT, at, message, "not a fact of this observation")
                        .help(help))
                }
                _ => {
                    self.name(base, root)?;
                    Err(self.no_fields(root, at))
                }
            },
            _ => match nested(base) {
                // In a join of a join the facts of the inner one are read as `pairs.rows.size`.
                Some((root, inner)) => match self.names.member(root, &format!("{inner}.{name}")) {
                    Some(Ok(meaning)) if self.env.facts => Ok(self.meaning(ast, meaning)),
                    _ => {
                        self.node(base)?;
                        Err(self.no_fields(&inner, at))
                    }
                },
                None => Err(self.no_fields("this", at)),
            },
        }
    }

    pub(super) fn no_fields(&self, root: &str, at: &std::ops::Range<usize>) -> Diag {
        self.error(&code::UNKNOWN_FACT, at, format!("`{root}` has nothing in it that could be named"), "")
    }

    pub(super) fn quantity(&self, ast: &Ast, base: &Ast, unit: &str, at: &std::ops::Range<usize>) -> Typed {
        let number = match base.kind {
            Kind::Int(int) => Value::Int(int),
            Kind::Float(float) => Value::Float(float),
            _ => Value::Null,
        };
        match functions::quantity(&number, unit) {
            Some(Ok((value, ty))) => Ok(self.literal(ast, value, ty)),
            Some(Err(message)) => Err(self.error(&code::BAD_LITERAL, &ast.span, message, "")),
            None => {
                let words = functions::UNITS.iter().map(|(word, _, _)| *word);
                let help = functions::unit_word(unit).map(|word| format!("write `{word}`"));
                let help = help
                    .or_else(|| did_you_mean(unit, words.clone()))
                    .unwrap_or_else(|| format!("units are {}", list(words)));
                Err(self.error(&code::BAD_LITERAL, at, format!("`{unit}` is not a unit"), "").help(help))
            }
        }
    }

    pub(super) fn param(&self, ast: &Ast, name: &str, at: &std::ops::Range<usize>) -> Typed {
        if let Some(meaning) = self.env.param(name) {
            return Ok(self.meaning(ast, meaning));
        }
        let names = self.env.params.iter().map(|param| &*param.name);
        let help = did_you_mean(name, names.clone()).unwrap_or_else(|| match self.env.params.len() {
            0 => "this policy declares no `params`".to_owned(),
            _ => format!("its parameters are {}", list(names)),
        });
        Err(self.error(&code::UNKNOWN_FACT, at, format!("there is no parameter `{name}`"), "").help(help))
    }

    pub(super) fn target(&self, ast: &Ast, name: &str, at: &std::ops::Range<usize>) -> Typed {
        match name {
            "name" | "type" => Ok(self.make(ast, Op::Read(Place::Target(Arc::from(name))), Type::TEXT)),
            "scheme" => {
                let place = Place::Target(Arc::from("scheme"));
                let ty = Type::words(SCHEMES);
                let ty = if self.names.narrowed.contains(&place) { ty } else { ty.nullable() };
                Ok(self.make(ast, Op::Read(place), ty))
            }
            _ => Err(self
                .error(&code::UNKNOWN_FACT, at, format!("a target has no `{name}`"), "")
                .help("it has `target.name`, `target.type`, `target.scheme` and `target.labels.NAME`")),
        }
    }

    pub(super) fn label(&self, ast: &Ast, name: &str, at: &std::ops::Range<usize>) -> Typed {
        if let Some(labels) = self.env.labels.as_ref().filter(|labels| !labels.contains(name)) {
            let names = labels.iter().map(|label| &**label);
            let help = did_you_mean(name, names.clone())
                .unwrap_or_else(|| format!("labels of the project are {}", list(names)));
            return Err(self
                .error(&code::UNKNOWN_NAME, at, format!("no label is called `{name}`"), "")
                .help(help));
        }
        let place = Place::Target(Arc::from(format!("labels.{name}")));
        let ty = if self.names.narrowed.contains(&place) { Type::TEXT } else { Type::TEXT.nullable() };
        Ok(self.make(ast, Op::Read(place), ty))
    }
}

/// `a.b.c` as the root and the rest.
fn nested(base: &Ast) -> Option<(&str, String)> {
    let Kind::Field(inner, name, _) = &base.kind else { return None };
    match &inner.kind {
        Kind::Name(root) => Some((root, name.clone())),
        _ => nested(inner).map(|(root, rest)| (root, format!("{rest}.{name}"))),
    }
}
