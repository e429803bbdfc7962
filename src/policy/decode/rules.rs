//! Rules: conditions, shared values, rungs, messages, scripts, what is expected of the subjects.

use std::sync::Arc;

use super::super::model::{Expect, Let, Param, Policy, Rung, View, ViewKind};
use super::{Decoder, each, pairs, text, texts};
use crate::diag::{Diag, Level, code, did_you_mean};
use crate::fact::Type;
use crate::rule::env::Binding;
use crate::rule::script::Script;
use crate::rule::template::{self, Template};
use crate::rule::{Rule, Text, parse, typing};
use crate::source::Source;
use crate::source::yaml::{Kind, Node};
use crate::verdict::StepKind;

impl Decoder<'_> {
    pub(super) fn without_facts(&mut self, node: &Node) -> Option<Rule> {
        self.env.facts = false;
        let rule = self.condition(node);
        self.env.facts = true;
        rule
    }

    /// The expression of a scalar, with YAML's traps told apart.
    pub(super) fn expression(&mut self, node: &Node, condition: bool) -> Option<Rule> {
        let text = Text::of(node);
        let checked =
            if condition { typing::check_condition(text, &self.env) } else { typing::check(text, &self.env) };
        self.expression_of(node, checked)
    }

    /// Keeps what was typed, unless YAML cut the expression.
    pub(super) fn expression_of(&mut self, node: &Node, checked: Result<Rule, Diag>) -> Option<Rule> {
        let cut = node.trailing_comment().filter(|(_, comment)| checked.is_err() || operator(comment));
        if let Some((loc, _)) = cut {
            let diag = Diag::error(&code::COMMENT_CUTS, "a comment cuts the expression");
            self.push(diag.at(&loc, "YAML takes this for a comment").help(
                "put the expression into quotes or a `|` block, or move the comment to a line of its own",
            ));
            return None;
        }
        self.keep(checked)
    }

    pub(super) fn condition(&mut self, node: &Node) -> Option<Rule> {
        self.expression(node, true)
    }

    pub(super) fn narrow(&mut self, filter: Option<&Rule>) {
        if let Some(rule) = filter {
            self.env.narrowed = crate::rule::narrowed(&rule.node);
        }
    }

    /// `let`s in any order: each is typed when those that it reads are.
    pub(super) fn lets(&mut self, node: Option<&Node>) -> Vec<Let> {
        if node.is_none() {
            return Vec::new();
        }
        let schema_names = self.env.names();
        let mut open: Vec<&(Node, Node)> = pairs(node).iter().collect();
        for (key, _) in &open {
            let taken = |word: &str| {
                schema_names.iter().any(|name| name == word).then_some("taken by a fact or an observation")
            };
            self.free_name(key, "a `let`", &taken);
        }
        let names: Vec<Arc<str>> = open.iter().filter_map(|(key, _)| text(Some(key))).collect();
        let mut lets = Vec::new();
        while !open.is_empty() {
            let waits = |name: &&Arc<str>| !self.broken.contains(*name);
            let names: Vec<Arc<str>> = names.iter().filter(waits).cloned().collect();
            let ready = open.iter().position(|(_, value)| !reads_any(value, &names, &lets));
            let Some(at) = ready else {
                let circle = open.iter().filter_map(|(key, _)| key.as_str()).collect::<Vec<_>>().join("`, `");
                let at = open.first().map(|(key, _)| key.loc.clone());
                if let Some(at) = at {
                    let what =
                        if open.len() == 1 { "refers to itself" } else { "refer to each other in a circle" };
                    self.push(
                        Diag::error(&code::CYCLE, format!("`{circle}` {what}"))
                            .at(&at, "")
                            .help("say one of them by facts and parameters alone"),
                    );
                }
                self.broken.extend(open.iter().filter_map(|(key, _)| text(Some(key))));
                break;
            };
            let (key, value) = open.remove(at);
            let Some(name) = text(Some(key)) else { continue };
            let rule = self.expression(value, false);
            let binding =
                rule.as_ref().map(|rule| Binding { name: Arc::clone(&name), ty: rule.node.ty.clone() });
            match (rule, binding) {
                (Some(rule), Some(binding)) => {
                    self.env.lets.push(Some(binding));
                    lets.push(Let { name, rule });
                }
                _ => self.broken.push(name),
            }
        }
        lets
    }

    pub(super) fn rungs(&mut self, node: Option<&Node>) -> Vec<Rung> {
        let Some(node) = node else { return Vec::new() };
        let nodes =
            if let Kind::Seq(items) = &node.kind { items.as_slice() } else { std::slice::from_ref(node) };
        each(nodes, |node| self.rung(node))
    }

    pub(super) fn rung(&mut self, node: &Node) -> Option<Rung> {
        let condition = node.get("if").unwrap_or(node);
        let rule = self.condition(condition);
        if let Some(rule) = rule.as_ref().filter(|rule| rule.node.is_constant()) {
            let diag = Diag::error(
                &code::CONSTANT_CONDITION,
                format!("`{}` reads nothing, so it always says the same", rule.node.text),
            );
            self.push(diag.at(&rule.node.loc, "").help("compare a fact with a limit"));
        }
        let kept = self.env.narrowed.len();
        if let Some(rule) = &rule {
            self.env.narrowed.extend(crate::rule::narrowed(&rule.node));
        }
        let message = node.get("message").and_then(|message| self.template(message, None));
        self.env.narrowed.truncate(kept);
        Some(Rung { rule: rule?, message })
    }

    pub(super) fn template(&mut self, node: &Node, step: Option<StepKind>) -> Option<Template> {
        // A fact that the message shows needs no guard, so nothing is narrowed away here.
        match template::check(Text::of(node), &self.env, step) {
            Ok(template) => Some(template),
            Err(diags) => {
                diags.into_iter().for_each(|diag| self.push(diag));
                None
            }
        }
    }

    pub(super) fn has_rule(&mut self, node: &Node, expect: &Expect) {
        let by_list = matches!(expect, Expect::List(_) | Expect::Param(_) | Expect::Keys(_));
        if ["fail", "warn", "script"].iter().all(|key| node.get(key).is_none()) && !by_list {
            let at = node.get("policy").map_or(&node.loc, |id| &id.loc);
            let diag = Diag::error(&code::NO_RULE, "the policy has no rule, so it can never fail").at(at, "");
            self.push(diag.help(
                "add `fail:` or `warn:` with an expression, a `script:`, or `expect:` with a list of names",
            ));
        }
    }

    pub(super) fn expect(&mut self, node: Option<&Node>, params: &[Param], views: &[View]) -> Expect {
        let Some(node) = node else { return Expect::Default };
        if let Kind::Seq(_) = &node.kind {
            return Expect::List(texts(Some(node)));
        }
        match node.as_str().unwrap_or("") {
            "some" => Expect::Some,
            "any" => Expect::Any,
            other if views.iter().any(|view| *view.rows.name == *other) => {
                self.expect_keys(node, other, views)
            }
            other => match other
                .strip_prefix("params.")
                .and_then(|name| params.iter().position(|param| &*param.name == name))
            {
                Some(index)
                    if params
                        .get(index)
                        .is_some_and(|param| matches!(&param.ty, Type::List(item) if item.is_text())) =>
                {
                    Expect::Param(index)
                }
                _ => {
                    let diag =
                        Diag::error(&code::BAD_VALUE, format!("`{other}` says nothing about the subjects"))
                            .at(&node.loc, "");
                    self.push(
                        diag.help(
                            did_you_mean(other, views.iter().map(|view| &*view.rows.name)).unwrap_or_else(|| {
                                "write `some`, `any`, a list of names, `params.NAME` of a list of texts, or the name of another observation".to_owned()
                            }),
                        ),
                    );
                    Expect::Default
                }
            },
        }
    }

    pub(super) fn script(&mut self, node: &Node) -> Option<Script> {
        let written = node.as_str()?;
        let named = written.trim_end().ends_with(".rhai") && !written.contains('\n');
        let source = if named {
            let read = (self.around.script)(written.trim());
            self.keep(read.map_err(|error| {
                Diag::error(&code::UNREADABLE, format!("the script cannot be read: {error}"))
                    .at(&node.loc, "")
            }))?
        } else {
            Source::new(node.loc.source.name.to_string(), written)
        };
        let inline = (!named).then_some(node);
        match Script::check(&source, inline, &self.env) {
            Ok(script) => Some(script),
            Err(diags) => {
                diags.into_iter().for_each(|diag| self.push(diag));
                None
            }
        }
    }

    /// The keys of another observation are the names that must be there.
    fn expect_keys(&mut self, node: &Node, name: &str, views: &[View]) -> Expect {
        let found = views.iter().position(|view| *view.rows.name == *name);
        let Some((index, view)) = found.and_then(|index| views.get(index).map(|view| (index, view))) else {
            return Expect::Default;
        };
        let wrong = if self.env.each == Some(index) {
            Some("the subjects would be compared with themselves")
        } else if view.rows.schema.key.is_empty() {
            Some("its rows have no key")
        } else {
            None
        };
        if let Some(why) = wrong {
            let message = format!("`{name}` cannot say what is expected: {why}");
            self.push(Diag::error(&code::RELATION, message).at(&node.loc, ""));
        }
        Expect::Keys(index)
    }

    /// A target or a relation that nothing reads is a check that was meant and is not made.
    pub(super) fn unused_relations(&mut self, node: &Node, policy: &Policy) {
        let (also, views) = (&policy.also, &policy.views);
        let used_target = |index: usize| {
            let observed = node.get("observe");
            let name = also.get(index).map(|also| &*also.name);
            pairs(observed).iter().any(|(_, value)| value.get("on").and_then(Node::as_str) == name)
        };
        for (index, other) in also.iter().enumerate() {
            if !used_target(index) {
                let message = format!("nothing is observed on `{}`", other.name);
                let diag = Diag::error(&code::RELATION, message).at(&other.selector.loc, "");
                self.push(diag.help(format!("write `on: {}` at an observation, or remove it", other.name)));
            }
        }
        // A rule that is wrong itself may be the one that reads it.
        if self.diags.iter().any(|diag| diag.level == Level::Error) {
            return;
        }
        let read = policy.views_read();
        for (index, view) in views.iter().enumerate() {
            let derived = matches!(view.kind, ViewKind::Join(_) | ViewKind::Group(_));
            let of = |other: &View| match &other.kind {
                ViewKind::Join(join) => join.sides.contains(&index),
                ViewKind::Group(group) => group.of == index,
                _ => false,
            };
            if derived && !read.contains(&index) && !views.iter().any(of) {
                let name = &view.rows.name;
                let key = if matches!(view.kind, ViewKind::Join(_)) { "join" } else { "group" };
                let at = node.get(key).and_then(|all| all.get(name)).map_or(&node.loc, |found| &found.loc);
                let diag = Diag::error(&code::RELATION, format!("nothing reads `{name}`")).at(at, "");
                self.push(diag.help(format!("write `each: {name}`, or remove it")));
            }
        }
    }
}

fn operator(comment: &str) -> bool {
    comment.trim_start().starts_with(['|', '&', '>', '<', '=', '+', '*', '/', '?', '!', '-', '%'])
}

/// Does the expression read a name that is not computed yet? One that cannot be parsed reads nothing: it is
/// refused when it is typed.
fn reads_any(value: &Node, names: &[Arc<str>], done: &[Let]) -> bool {
    let Ok(ast) = parse::parse(Text::of(value)) else { return false };
    let open =
        |word: &str| names.iter().any(|name| **name == *word) && !done.iter().any(|l| *l.name == *word);
    ast.names().into_iter().any(open)
}
