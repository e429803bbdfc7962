//! A YAML document to a [`Policy`]: collects all faults, each with its place.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::check::{Strictness, check};
use super::literal;
use super::model::{
    Alert, Arg, Expect, Ladder, Let, Observe, Param, Policy, Rung, Selector, StepTemplate, Tier,
};
use super::shape::Shape;
use super::shapes;
use crate::diag::{Diag, Level, code, did_you_mean};
use crate::fact::{
    Declared, Field, Pointer, ProbeDecl, SqlDialect, Type, Value, catalogue, parse_literal, refuse_sql,
};
use crate::rule::env::{Binding, Observed, ROOTS};
use crate::rule::script::Script;
use crate::rule::template::{self, Template};
use crate::rule::{Env, Rule, Text, parse, typing};
use crate::source::yaml::{Kind, Node};
use crate::source::{Loc, Source};
use crate::verdict::{Severity, StepKind, Urgency};

/// What decoding needs to know of its surroundings.
pub struct Surroundings<'a> {
    /// Labels of the project; `None` without a project.
    pub labels: Option<BTreeSet<Arc<str>>>,
    /// Reads a script that stands beside the policy.
    pub script: &'a dyn Fn(&str) -> Result<Arc<Source>, String>,
    /// The library that the policy came with.
    pub library: Option<Arc<str>>,
}

/// Decodes one document. `None` if anything in it is an error; warnings leave a policy.
pub fn policy(node: &Node, around: &Surroundings<'_>, diags: &mut Vec<Diag>) -> Option<Policy> {
    let before = diags.len();
    if node.is_null() {
        let diag =
            Diag::error(&code::EMPTY_INPUT, "the document is empty").at(&node.loc, "nothing stands here");
        diags.push(diag.help("remove the `---`, or write a policy below it: `policy: ID`"));
        return None;
    }
    diags.extend(crate::source::yaml::duplicate_keys(node));
    check(node, &Shape::Map(&shapes::POLICY), Strictness::Policy, diags);
    if diags.len() > before {
        return None;
    }
    // A library cannot know the labels of a project: one that is not there reads null.
    let labels = around.labels.clone().filter(|_| around.library.is_none());
    let mut decoder = Decoder { diags: Vec::new(), env: Env { labels, ..Env::default() }, around };
    let policy = decoder.policy(node);
    let failed = decoder.diags.iter().any(|diag| diag.level == Level::Error);
    diags.append(&mut decoder.diags);
    policy.filter(|_| !failed)
}

struct Decoder<'a> {
    diags: Vec<Diag>,
    env: Env,
    around: &'a Surroundings<'a>,
}

fn text(node: Option<&Node>) -> Option<Arc<str>> {
    node.and_then(Node::as_str).map(|text| Arc::from(text.trim()))
}

fn texts(node: Option<&Node>) -> Vec<Arc<str>> {
    items(node).iter().filter_map(|item| text(Some(item))).collect()
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.kind) {
        Some(Kind::Seq(items)) => items,
        _ => &[],
    }
}

fn pairs(node: Option<&Node>) -> &[(Node, Node)] {
    match node.map(|node| &node.kind) {
        Some(Kind::Map(pairs)) => pairs,
        _ => &[],
    }
}

impl Decoder<'_> {
    fn push(&mut self, diag: Diag) {
        self.diags.push(diag);
    }

    fn keep<T>(&mut self, result: Result<T, Diag>) -> Option<T> {
        result.map_err(|diag| self.push(diag)).ok()
    }

    fn policy(&mut self, node: &Node) -> Option<Policy> {
        let id = node.get("policy")?;
        let target = self.selector(node.get("target")?)?;
        self.env.backticks = &*target.kind == "mysql";
        let params = self.params(node.get("params"));
        let observe = self.observations(node.get("observe"), &params, &target);
        let each = self.each(node, &observe)?;
        self.environment(&params, &observe, each);
        let when = node.get("when").and_then(|when| self.without_facts(when));
        let filter = node.get("where").and_then(|filter| self.condition(filter));
        self.narrow(filter.as_ref());
        let lets = self.lets(node.get("let"));
        let fail = self.rungs(node.get("fail"));
        let warn = self.rungs(node.get("warn"));
        let expect = self.expect(node.get("expect"), &params);
        let script = node.get("script").and_then(|script| self.script(script));
        self.has_rule(node, &expect);
        let message = node.get("message").and_then(|message| self.template(message, None));
        let remedy = self.steps(node.get("remedy").and_then(|remedy| remedy.get("steps")));
        let alert = node.get("alert").and_then(|alert| self.alert(alert));
        let severity = self.ladder(node.get("severity")?, Severity::from_word)?;
        self.complete_alert(node, &remedy);
        Some(Policy {
            id: text(Some(id))?,
            loc: id.loc.clone(),
            title: text(node.get("title"))?,
            tier: node.get("tier").and_then(Node::as_str).and_then(Tier::from_word)?,
            severity,
            owner: text(node.get("owner")),
            tags: texts(node.get("tags")),
            controls: texts(node.get("controls")),
            prevents: texts(node.get("prevents")),
            why: text(node.get("why"))?,
            target,
            observe,
            each,
            when,
            filter,
            params,
            lets,
            fail,
            warn,
            script: script.map(Arc::new),
            expect,
            message,
            remedy,
            runbook: text(node.get("remedy").and_then(|remedy| remedy.get("runbook"))),
            alert,
            library: self.around.library.clone(),
            digest: digest(node.loc.text()),
            env: self.env.clone(),
        })
    }

    fn selector(&mut self, node: &Node) -> Option<Selector> {
        let kind = node.get("type")?;
        let word = kind.as_str()?;
        let types = || catalogue::TARGET_TYPES.iter().map(|(name, _)| *name);
        if !types().any(|name| name == word) {
            let help = did_you_mean(word, types())
                .unwrap_or_else(|| format!("types are {}", types().collect::<Vec<_>>().join(", ")));
            self.push(
                Diag::error(&code::TARGET, format!("`{word}` is not a type of target"))
                    .at(&kind.loc, "")
                    .help(help),
            );
        }
        let name = node.get("name").and_then(|name| {
            let glob = globset::Glob::new(name.as_str().unwrap_or("")).map(|glob| glob.compile_matcher());
            self.keep(
                glob.map_err(|error| Diag::error(&code::BAD_VALUE, error.to_string()).at(&name.loc, "")),
            )
        });
        let mut labels = std::collections::BTreeMap::new();
        for (key, value) in pairs(node.get("labels")) {
            self.known_label(key);
            labels.insert(text(Some(key))?, text(Some(value))?);
        }
        Some(Selector { kind: Arc::from(word), name, labels, loc: node.loc.clone() })
    }

    fn known_label(&mut self, key: &Node) {
        let word = key.as_str().unwrap_or("");
        let Some(known) = self.around.labels.as_ref().filter(|labels| !labels.contains(word)) else { return };
        let names: Vec<&str> = known.iter().map(|label| &**label).collect();
        // A library cannot know the labels of a project: there it selects nothing, which is skipped with the reason.
        if self.around.library.is_some() {
            return;
        }
        let help = did_you_mean(word, names.iter().copied())
            .unwrap_or_else(|| format!("labels of the project are {}", names.join(", ")));
        self.push(
            Diag::error(&code::UNKNOWN_NAME, format!("no label is called `{word}`"))
                .at(&key.loc, "")
                .help(help),
        );
    }

    fn free_name(&mut self, node: &Node, what: &str, taken: &dyn Fn(&str) -> Option<&'static str>) {
        let word = node.as_str().unwrap_or("");
        let by = if ROOTS.contains(&word) {
            Some("a reserved root")
        } else if parse::RESERVED.contains(&word) {
            Some("a word that the language reserves")
        } else {
            taken(word)
        };
        if let Some(by) = by {
            let diag = Diag::error(&code::SHADOW, format!("{what} cannot be called `{word}`"));
            self.push(diag.at(&node.loc, format!("this is {by}")).help("choose another name"));
        }
    }

    fn params(&mut self, node: Option<&Node>) -> Vec<Param> {
        let mut params = Vec::new();
        for (key, value) in pairs(node) {
            self.free_name(key, "a parameter", &|_| None);
            let long = matches!(value.kind, Kind::Map(_));
            let default = if long { value.get("default") } else { Some(value) };
            let Some(default_node) = default else { continue };
            let Some((default, ty)) = self.keep(literal::untyped(default_node)) else { continue };
            let mut bound = |name: &str| {
                value.get(name).filter(|_| long).and_then(|node| {
                    self.keep(literal::typed(node, &ty)).map(|value| (value, node.loc.clone()))
                })
            };
            let (at_least, at_most) = (bound("at_least"), bound("at_most"));
            let param = Param {
                name: text(Some(key)).unwrap_or_default(),
                ty,
                default,
                at_least: at_least.map(|(value, _)| value),
                at_most: at_most.map(|(value, _)| value),
                why: if long { text(value.get("why")) } else { None },
                loc: default_node.loc.clone(),
            };
            if let Some(diag) = out_of_bounds(&param, &param.default, &param.loc) {
                self.push(diag);
            }
            params.push(param);
        }
        params
    }

    fn observations(&mut self, node: Option<&Node>, params: &[Param], target: &Selector) -> Vec<Observe> {
        let mut observations = Vec::new();
        for (key, value) in pairs(node) {
            self.free_name(key, "an observation", &|_| None);
            if let Some(observe) = self.observation(key, value, params, target) {
                observations.push(observe);
            }
        }
        observations
    }

    fn probe(&mut self, node: &Node, target: &Selector) -> Option<&'static ProbeDecl> {
        let name = node.as_str()?;
        let Some(probe) = catalogue::find(name) else {
            let names = || catalogue::PROBES.iter().map(|probe| probe.name);
            let help =
                did_you_mean(name, names()).unwrap_or_else(|| "`muster list probes` shows all".to_owned());
            self.push(
                Diag::error(&code::UNKNOWN_PROBE, format!("there is no probe `{name}`"))
                    .at(&node.loc, "")
                    .help(help),
            );
            return None;
        };
        if !probe.is_built() {
            let feature = probe.feature.unwrap_or("");
            let diag =
                Diag::error(&code::PROBE_NOT_BUILT, format!("this build of muster lacks the probe `{name}`"));
            self.push(diag.at(&node.loc, "").help(format!("build it with the cargo feature `{feature}`")));
        }
        let known = catalogue::TARGET_TYPES.iter().any(|(name, _)| *name == &*target.kind);
        if known && !probe.targets.contains(&&*target.kind) {
            let message = format!("`{name}` cannot ask a target of type `{}`", target.kind);
            let help = format!("it asks targets of type {}", probe.targets.join(", "));
            self.push(
                Diag::error(&code::TARGET, message)
                    .at(&node.loc, "")
                    .at(&target.loc, "the target is selected here")
                    .help(help),
            );
        }
        Some(probe)
    }

    fn observation(
        &mut self,
        key: &Node,
        node: &Node,
        params: &[Param],
        target: &Selector,
    ) -> Option<Observe> {
        let probe = self.probe(node.get("probe")?, target)?;
        let args = self.args(node, probe, params);
        let pointers = self.pointers(node, probe);
        // Without its facts every rule that reads one would be called wrong as well.
        if probe.declared == Declared::Required && node.get("facts").is_none() {
            return None;
        }
        let names = self.key(node, probe, &pointers);
        let fields: Vec<Field> = pointers
            .iter()
            .map(|(pointer, reads)| Field {
                null_reads: reads.clone().or_else(|| Some(Arc::from("none"))),
                ..Field::declared(&pointer.name, pointer.ty.clone())
            })
            .collect();
        let schema = probe.shared_schema(&fields, &names);
        Some(Observe {
            name: text(Some(key))?,
            probe,
            args,
            schema,
            pointers: pointers.into_iter().map(|(pointer, _)| pointer).collect(),
            max_age: node
                .get("max_age")
                .and_then(|age| literal::typed(age, &Type::DURATION).ok())
                .and_then(|age| age.as_int()),
            exact: node.get("accept").is_some(),
            loc: key.loc.clone(),
        })
    }

    fn args(&mut self, node: &Node, probe: &ProbeDecl, params: &[Param]) -> Vec<(Arc<str>, Arg, Type)> {
        let mut args: Vec<(Arc<str>, Arg, Type)> = Vec::new();
        for (key, value) in pairs(node.get("with")) {
            let word = key.as_str().unwrap_or("");
            let Some(decl) = probe.params.iter().find(|param| param.name == word) else {
                let names = || probe.params.iter().map(|param| param.name);
                let known = names().collect::<Vec<_>>().join(", ");
                let help =
                    did_you_mean(word, names()).unwrap_or_else(|| format!("its arguments are {known}"));
                self.push(
                    Diag::error(&code::UNKNOWN_KEY, format!("`{}` takes no `{word}`", probe.name))
                        .at(&key.loc, "")
                        .help(help),
                );
                continue;
            };
            let ty = decl.ty.ty();
            if let Some(arg) = self.arg(value, &ty, params) {
                args.push((Arc::from(word), arg, ty));
            }
        }
        for decl in probe.params {
            if args.iter().any(|(name, _, _)| &**name == decl.name)
                || pairs(node.get("with")).iter().any(|(key, _)| key.as_str() == Some(decl.name))
            {
                continue;
            }
            let ty = decl.ty.ty();
            if let Some(Ok(value)) = decl.default.map(|default| parse_literal(default, &ty)) {
                args.push((Arc::from(decl.name), Arg::Value(value), ty));
            } else if decl.required {
                let diag = Diag::error(
                    &code::MISSING_KEY,
                    format!("`{}` needs `with: {{ {}: … }}`", probe.name, decl.name),
                );
                self.push(
                    diag.at(&node.loc, "")
                        .help(format!("`{}`: {}, for example `{}`", decl.name, decl.doc, decl.example)),
                );
            }
        }
        self.guard_sql(node, probe, params);
        args.sort_by(|a, b| a.0.cmp(&b.0));
        args
    }

    fn guard_sql(&mut self, node: &Node, probe: &ProbeDecl, params: &[Param]) {
        let Some(sql) = node.get("with").and_then(|with| with.get("sql")) else { return };
        let Some(dialect) = SqlDialect::of_probe(probe.name) else { return };
        // Of a parameter, its default; the probe itself refuses what a project sets instead.
        let param = sql.as_str().and_then(|text| text.strip_prefix("params."));
        let text = match param {
            Some(name) => {
                params.iter().find(|param| &*param.name == name).and_then(|param| param.default.as_text())
            }
            None => sql.as_str(),
        };
        if let Some(why) = text.and_then(|text| refuse_sql(text, dialect)) {
            self.push(
                Diag::error(&code::SQL, why)
                    .at(&sql.loc, "")
                    .help("looking must change nothing: write one SELECT"),
            );
        }
    }

    fn arg(&mut self, value: &Node, ty: &Type, params: &[Param]) -> Option<Arg> {
        if let Some(name) = value.as_str().and_then(|text| text.strip_prefix("params.")) {
            let Some(index) = params.iter().position(|param| &*param.name == name) else {
                let names = params.iter().map(|param| &*param.name);
                let diag = Diag::error(&code::UNKNOWN_FACT, format!("there is no parameter `{name}`"))
                    .at(&value.loc, "");
                self.push(diag.maybe_help(did_you_mean(name, names)));
                return None;
            };
            let given = params.get(index).map(|param| &param.ty)?;
            if !fits(given, ty) {
                let message = format!("the parameter is {given}, and {ty} is needed");
                self.push(Diag::error(&code::TYPE_MISMATCH, message).at(&value.loc, ""));
                return None;
            }
            return Some(Arg::Param(index));
        }
        if matches!(&value.kind, Kind::Seq(items) if items.is_empty()) {
            let diag = Diag::error(&code::BAD_VALUE, "the list is empty").at(&value.loc, "");
            self.push(diag.help("leave the argument out, or name what it is about: an empty list looks at nothing, or at everything"));
            return None;
        }
        self.keep(literal::typed(value, ty)).map(Arg::Value)
    }

    fn pointers(&mut self, node: &Node, probe: &ProbeDecl) -> Vec<(Pointer, Option<Arc<str>>)> {
        let declared = node.get("facts");
        if probe.declared == Declared::Required && declared.is_none() {
            let diag = Diag::error(
                &code::MISSING_KEY,
                format!("`{}` needs `facts:` with the type of each column", probe.name),
            );
            self.push(diag.at(&node.loc, "").help("for example `facts: { path: text, size: bytes }`"));
        }
        if let (Declared::No, Some(facts)) = (probe.declared, declared) {
            let diag = Diag::error(&code::UNKNOWN_KEY, format!("the facts of `{}` are fixed", probe.name));
            self.push(diag.at(&facts.loc, "").help(format!("`muster explain {}` lists them", probe.name)));
        }
        let mut pointers = Vec::new();
        for (key, value) in pairs(declared) {
            let fixed = |word: &str| {
                probe.facts.iter().any(|fact| fact.name == word).then_some("a fact of the probe")
            };
            self.free_name(key, "a fact", &fixed);
            let (Some(name), Some(ty_node)) = (text(Some(key)), value.get("type").or(Some(value))) else {
                continue;
            };
            let written = ty_node.as_str().unwrap_or("");
            let Some(ty) = Type::parse(written) else {
                let diag =
                    Diag::error(&code::BAD_VALUE, format!("`{written}` is not a type")).at(&ty_node.loc, "");
                let all = Type::names().collect::<Vec<_>>().join(", ");
                self.push(
                    diag.help(
                        did_you_mean(written.trim_end_matches('?'), Type::names())
                            .unwrap_or_else(|| format!("types are {all}; `?` makes one nullable")),
                    ),
                );
                continue;
            };
            let at = text(value.get("at")).unwrap_or_else(|| Arc::clone(&name));
            pointers.push((Pointer { name, ty, at, unit: text(value.get("unit")) }, text(value.get("null"))));
        }
        pointers
    }

    fn key(
        &mut self,
        node: &Node,
        probe: &ProbeDecl,
        pointers: &[(Pointer, Option<Arc<str>>)],
    ) -> Vec<Arc<str>> {
        let names = texts(node.get("key"));
        for item in items(node.get("key")) {
            let word = item.as_str().unwrap_or("");
            if !pointers.iter().any(|(pointer, _)| &*pointer.name == word)
                && !probe.facts.iter().any(|fact| fact.name == word)
            {
                let fixed = probe.facts.iter().map(|fact| fact.name);
                let known: Vec<&str> = fixed.chain(pointers.iter().map(|(p, _)| &*p.name)).collect();
                let help = did_you_mean(word, known.iter().copied())
                    .unwrap_or_else(|| format!("facts are {}", known.join(", ")));
                self.push(
                    Diag::error(&code::UNKNOWN_FACT, format!("the key names `{word}`, which is not a fact"))
                        .at(&item.loc, "")
                        .help(help),
                );
            }
        }
        if names.is_empty() && probe.key.is_empty() && probe.rows == crate::fact::Rows::Many {
            let diag = Diag::error(&code::MISSING_KEY, "the rows need a `key`").at(&node.loc, "");
            self.push(diag.help("name the facts that tell the rows apart: `key: [path]`; findings, waivers and overrides name subjects by it"));
        }
        names
    }

    fn each(&mut self, node: &Node, observe: &[Observe]) -> Option<usize> {
        let names = || observe.iter().map(|observe| &*observe.name);
        if let Some(each) = node.get("each") {
            let word = each.as_str().unwrap_or("");
            let found = names().position(|name| name == word);
            let declared = node.get("observe").and_then(|all| all.get(word));
            if found.is_none() && declared.is_none() && !observe.is_empty() {
                let diag =
                    Diag::error(&code::UNKNOWN_NAME, format!("`each` names `{word}`, which is not observed"))
                        .at(&each.loc, "");
                self.push(diag.maybe_help(did_you_mean(word, names())));
            }
            return found;
        }
        if observe.len() > 1 {
            let at = node.get("observe").map_or(&node.loc, |observe| &observe.loc);
            let diag = Diag::error(
                &code::MISSING_KEY,
                "several things are observed, so `each` must say whose rows are the subjects",
            );
            self.push(diag.at(at, "").help(format!("for example `each: {}`", names().next().unwrap_or(""))));
            return None;
        }
        if observe.is_empty() && self.diags.is_empty() {
            let at = node.get("observe").map_or(&node.loc, |observe| &observe.loc);
            let diag = Diag::error(&code::MISSING_KEY, "nothing is observed").at(at, "");
            self.push(diag.help("name a probe: `observe: { files: { probe: file.stat } }`"));
        }
        (!observe.is_empty()).then_some(0)
    }

    fn environment(&mut self, params: &[Param], observe: &[Observe], each: usize) {
        self.env.params = params
            .iter()
            .map(|param| Binding { name: Arc::clone(&param.name), ty: param.ty.clone() })
            .collect();
        self.env.observations = observe
            .iter()
            .map(|o| Observed { name: Arc::clone(&o.name), schema: Arc::clone(&o.schema) })
            .collect();
        self.env.each = Some(each);
        self.env.facts = true;
    }

    fn without_facts(&mut self, node: &Node) -> Option<Rule> {
        self.env.facts = false;
        let rule = self.condition(node);
        self.env.facts = true;
        rule
    }

    /// The expression of a scalar, with YAML's traps told apart.
    fn expression(&mut self, node: &Node, condition: bool) -> Option<Rule> {
        let text = Text::of(node);
        let checked =
            if condition { typing::check_condition(text, &self.env) } else { typing::check(text, &self.env) };
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

    fn condition(&mut self, node: &Node) -> Option<Rule> {
        self.expression(node, true)
    }

    fn narrow(&mut self, filter: Option<&Rule>) {
        if let Some(rule) = filter {
            self.env.narrowed = crate::rule::narrowed(&rule.node);
        }
    }

    /// `let`s in any order: each is typed when those that it reads are.
    fn lets(&mut self, node: Option<&Node>) -> Vec<Let> {
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
            let ready = open.iter().position(|(_, value)| !reads_any(value, &names, &lets));
            let Some(at) = ready else {
                let circle = open.iter().filter_map(|(key, _)| key.as_str()).collect::<Vec<_>>().join("`, `");
                let at = open.first().map(|(key, _)| key.loc.clone());
                if let Some(at) = at {
                    self.push(
                        Diag::error(&code::CYCLE, format!("`{circle}` refer to each other in a circle"))
                            .at(&at, "")
                            .help("say one of them by facts and parameters alone"),
                    );
                }
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
                _ => break,
            }
        }
        lets
    }

    fn rungs(&mut self, node: Option<&Node>) -> Vec<Rung> {
        let Some(node) = node else { return Vec::new() };
        let nodes =
            if let Kind::Seq(items) = &node.kind { items.as_slice() } else { std::slice::from_ref(node) };
        nodes.iter().filter_map(|node| self.rung(node)).collect()
    }

    fn rung(&mut self, node: &Node) -> Option<Rung> {
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

    fn template(&mut self, node: &Node, step: Option<StepKind>) -> Option<Template> {
        // A fact that the message shows needs no guard, so nothing is narrowed away here.
        match template::check(Text::of(node), &self.env, step) {
            Ok(template) => Some(template),
            Err(mut diags) => {
                self.diags.append(&mut diags);
                None
            }
        }
    }

    fn has_rule(&mut self, node: &Node, expect: &Expect) {
        let by_list = matches!(expect, Expect::List(_) | Expect::Param(_));
        if ["fail", "warn", "script"].iter().all(|key| node.get(key).is_none()) && !by_list {
            let at = node.get("policy").map_or(&node.loc, |id| &id.loc);
            let diag = Diag::error(&code::NO_RULE, "the policy has no rule, so it can never fail").at(at, "");
            self.push(diag.help(
                "add `fail:` or `warn:` with an expression, a `script:`, or `expect:` with a list of names",
            ));
        }
    }

    fn expect(&mut self, node: Option<&Node>, params: &[Param]) -> Expect {
        let Some(node) = node else { return Expect::Default };
        if let Kind::Seq(_) = &node.kind {
            return Expect::List(texts(Some(node)));
        }
        match node.as_str().unwrap_or("") {
            "some" => Expect::Some,
            "any" => Expect::Any,
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
                            "write `some`, `any`, a list of names, or `params.NAME` of a list of texts",
                        ),
                    );
                    Expect::Default
                }
            },
        }
    }

    fn script(&mut self, node: &Node) -> Option<Script> {
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
            Err(mut diags) => {
                self.diags.append(&mut diags);
                None
            }
        }
    }

    fn steps(&mut self, node: Option<&Node>) -> Vec<StepTemplate> {
        items(node).iter().filter_map(|step| self.step(step)).collect()
    }

    fn step(&mut self, node: &Node) -> Option<StepTemplate> {
        let kinds = [StepKind::Sql, StepKind::Shell, StepKind::Do];
        let found: Vec<(StepKind, &Node)> =
            kinds.into_iter().filter_map(|kind| node.get(kind.word()).map(|text| (kind, text))).collect();
        let [(kind, body)] = found.as_slice() else {
            let help = if found.is_empty() {
                "add `do:` with what a person does, or `shell:` or `sql:` with what can be pasted"
            } else {
                "make a step of each of them"
            };
            let diag = Diag::error(&code::BAD_VALUE, "a step is exactly one of `sql`, `shell` and `do`");
            self.push(diag.at(&node.loc, "").help(help));
            return None;
        };
        let condition = node.get("if").and_then(|condition| self.condition(condition));
        let text = self.template(body, Some(*kind))?;
        Some(StepTemplate { kind: *kind, text, condition, danger: text_of(node.get("danger")) })
    }

    fn ladder<T: Copy + PartialOrd>(
        &mut self,
        node: &Node,
        word: fn(&str) -> Option<T>,
    ) -> Option<Ladder<T>> {
        if let Kind::Scalar(_) = node.kind {
            return node.as_str().and_then(word).map(Ladder::fixed);
        }
        let (mut rungs, mut otherwise) = (Vec::new(), None);
        let all = pairs(Some(node));
        for (index, (key, value)) in all.iter().enumerate() {
            let level = key.as_str().and_then(word)?;
            if value.as_str() != Some("otherwise") {
                rungs.extend(self.condition(value).map(|rule| (level, rule)));
                continue;
            }
            otherwise = Some(level);
            if index + 1 < all.len() {
                self.push(
                    Diag::error(&code::UNREACHABLE_RUNG, "`otherwise` is not the last rung")
                        .at(&value.loc, "nothing after it is ever reached"),
                );
            }
        }
        if otherwise.is_none() {
            self.push(
                Diag::error(&code::MISSING_KEY, "a ladder needs `otherwise`")
                    .at(&node.loc, "")
                    .help("the last rung says `otherwise`, so that there is always an answer"),
            );
        }
        Some(Ladder { rungs, otherwise: otherwise? })
    }

    fn alert(&mut self, node: &Node) -> Option<Alert> {
        let urgency = self.ladder(node.get("urgency")?, Urgency::from_word)?;
        let held = node
            .get("for")
            .and_then(|held| literal::typed(held, &Type::DURATION).ok())
            .and_then(|held| held.as_int());
        let context =
            items(node.get("context")).iter().filter_map(|item| self.expression(item, false)).collect();
        Some(Alert { urgency, held, context })
    }

    /// The failure of an alert must reach a person who can do something.
    fn complete_alert(&mut self, node: &Node, remedy: &[StepTemplate]) {
        let Some(alert) = node.get("alert") else { return };
        let carried_out = remedy.iter().any(|step| step.kind != StepKind::Do)
            || node.get("remedy").and_then(|r| r.get("runbook")).is_some();
        if !carried_out && !remedy.is_empty() {
            let diag = Diag::error(
                &code::ALERT_INCOMPLETE,
                "the remedy of an alert has no step that can be carried out",
            )
            .at(&alert.loc, "");
            self.push(diag.help("add a `sql:` or `shell:` step, or a `runbook:`"));
        }
    }
}

fn text_of(node: Option<&Node>) -> Option<String> {
    node.and_then(Node::as_str).map(|text| text.trim().to_owned())
}

/// Does a parameter of one type fit an argument of another?
fn fits(given: &Type, wanted: &Type) -> bool {
    match (given, wanted) {
        (Type::List(a), Type::List(b)) => fits(a, b),
        (a, b) if a.is_text() && b.is_text() => true,
        (a, b) => a == b,
    }
}

fn operator(comment: &str) -> bool {
    comment.trim_start().starts_with(['|', '&', '>', '<', '=', '+', '*', '/', '?', '!', '-', '%'])
}

/// Does the expression read a name that is not computed yet?
fn reads_any(value: &Node, names: &[Arc<str>], done: &[Let]) -> bool {
    let written = value.as_str().unwrap_or("");
    let words = written.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words
        .into_iter()
        .any(|word| names.iter().any(|name| &**name == word) && !done.iter().any(|l| &*l.name == word))
}

/// A value outside the bounds of its parameter.
pub fn out_of_bounds(param: &Param, value: &Value, loc: &Loc) -> Option<Diag> {
    use crate::rule::node::Cmp;
    use crate::rule::ops::compare;
    let beyond = |cmp, bound: &Option<Value>| {
        bound.as_ref().filter(|bound| compare(cmp, value, bound, &param.ty).unwrap_or(false)).cloned()
    };
    let (bound, word) = match (beyond(Cmp::Lt, &param.at_least), beyond(Cmp::Gt, &param.at_most)) {
        (Some(bound), _) => (bound, "at_least"),
        (_, Some(bound)) => (bound, "at_most"),
        _ => return None,
    };
    let show = |value: &Value| crate::fact::show(value, &param.ty);
    let message =
        format!("`{}` is {}, and the policy's `{word}` is {}", param.name, show(value), show(&bound));
    Some(
        Diag::error(&code::BOUNDS, message)
            .at(loc, "")
            .help("the bound holds for everybody; change it in the policy if it is wrong"),
    )
}

/// Twelve hexadecimal digits that change when the text does.
pub fn digest(text: &str) -> Arc<str> {
    use sha2::Digest;
    let hash = sha2::Sha256::digest(text.as_bytes());
    Arc::from(hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect::<String>())
}
