//! A YAML document to a [`Policy`]: collects all faults, each with its place.

mod alert;
mod controls;
mod derived;
mod observe;
pub mod relations;
mod rules;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::check::{Strictness, check};
use super::frameworks::Frameworks;
use super::literal;
use super::model::{Observe, Param, Policy, Selector, Tier, View};
use super::nodes::{each, items, pairs, text, texts};
use super::shape::Shape;
use super::shapes;
use crate::diag::{Diag, Level, code, did_you_mean};
use crate::fact::{Value, catalogue};
use crate::rule::env::{Binding, ROOTS};
use crate::rule::{Env, Rule, parse, typing};
use crate::source::yaml::{Kind, Node};
use crate::source::{Loc, Source};
use crate::verdict::Severity;

/// What decoding needs to know of its surroundings.
pub struct Surroundings<'a> {
    /// Labels of the project; `None` without a project.
    pub labels: Option<Arc<BTreeSet<Arc<str>>>>,
    /// Calendars of the project; `None` without a project.
    pub calendars: Option<Arc<BTreeSet<Arc<str>>>>,
    /// Frameworks of the project; `None` without a project.
    pub controls: Option<Arc<Frameworks>>,
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
    if let (Some(name), None) = (node.get("framework"), node.get("policy")) {
        let diag = Diag::error(&code::WRONG_TYPE, "this is a framework, and no policy").at(&name.loc, "");
        diags.push(diag.help(
            "name it under `frameworks:` in muster.yaml, and keep it outside of the folders of policies",
        ));
        return None;
    }
    diags.extend(crate::source::yaml::duplicate_keys(node));
    check(node, &Shape::Map(&shapes::POLICY), Strictness::Policy, diags);
    if diags.len() > before {
        return None;
    }
    // A library cannot know the labels of a project: one that is not there reads null.
    let labels = around.labels.clone().filter(|_| around.library.is_none());
    let calendars = around.calendars.clone().filter(|_| around.library.is_none());
    let env = Env { labels, calendars, ..Env::default() };
    let mut decoder = Decoder { diags: Vec::new(), env, broken: Vec::new(), around };
    let policy = decoder.policy(node);
    let failed = decoder.diags.iter().any(|diag| diag.level == Level::Error);
    diags.append(&mut decoder.diags);
    policy.filter(|_| !failed)
}

struct Decoder<'a> {
    diags: Vec<Diag>,
    env: Env,
    /// Values under `let` that are wrong themselves, which is said: that they are not known says nothing more.
    broken: Vec<Arc<str>>,
    around: &'a Surroundings<'a>,
}

impl Decoder<'_> {
    fn push(&mut self, diag: Diag) {
        let follows = diag.code == &code::UNKNOWN_FACT
            && self.broken.iter().any(|name| diag.message == typing::not_known(name));
        if !follows {
            self.diags.push(diag);
        }
    }

    fn keep<T>(&mut self, result: Result<T, Diag>) -> Option<T> {
        result.map_err(|diag| self.push(diag)).ok()
    }

    fn policy(&mut self, node: &Node) -> Option<Policy> {
        let id = node.get("policy")?;
        let target = self.selector(node.get("target")?)?;
        // Of several types each target says itself how its names are quoted.
        self.env.backticks = target.kinds().all(|kind| **kind == *"mysql");
        let params = self.params(node.get("params"));
        let also = self.also(node.get("also"));
        let observe = self.observations(node.get("observe"), &params, &target, &also);
        self.parameters(&params);
        let mut views: Vec<View> =
            observe.iter().enumerate().map(|(index, observe)| relations::view_of(observe, index)).collect();
        self.relations(node, &mut views);
        let each = self.each(node, &observe, &views)?;
        self.environment(&views, each);
        let when = node.get("when").and_then(|when| self.without_facts(when));
        let filter = self.filter(node);
        let lets = self.lets(node.get("let"));
        let fail = self.rungs(node.get("fail"));
        let warn = self.rungs(node.get("warn"));
        let expect = self.expect(node.get("expect"), &params, &views);
        let script = node.get("script").and_then(|script| self.script(script));
        self.has_rule(node, &expect);
        let message = node.get("message").and_then(|message| self.template(message, None));
        let remedy = self.steps(node.get("remedy").and_then(|remedy| remedy.get("steps")));
        let alert = node.get("alert").and_then(|alert| self.alert(alert));
        let severity = self.ladder(node.get("severity")?, Severity::from_word)?;
        self.complete_alert(node, &remedy);
        let policy = Policy {
            id: text(Some(id))?,
            loc: id.loc.clone(),
            text: node.loc.clone(),
            title: text(node.get("title"))?,
            tier: node.get("tier").and_then(Node::as_str).and_then(Tier::from_word)?,
            severity,
            owner: text(node.get("owner")),
            tags: texts(node.get("tags")),
            controls: self.controls(node.get("controls")),
            prevents: texts(node.get("prevents")),
            why: text(node.get("why"))?,
            target,
            also,
            observe,
            views,
            each,
            when: when.map(Box::new),
            filter: filter.map(Box::new),
            params,
            lets,
            fail,
            warn,
            script: script.map(Arc::new),
            expect,
            message,
            remedy,
            runbook: text(node.get("remedy").and_then(|remedy| remedy.get("runbook"))),
            alert: alert.map(Box::new),
            library: self.around.library.clone(),
            digest: digest(node.loc.text()),
            judges: std::sync::OnceLock::new(),
            env: std::mem::take(&mut self.env),
        };
        Some(self.whole(node, policy))
    }

    /// `where`; what it says holds for all that follows.
    fn filter(&mut self, node: &Node) -> Option<Rule> {
        let filter = node.get("where").and_then(|filter| self.condition(filter));
        self.narrow(filter.as_ref());
        filter
    }

    /// Says what only the whole policy tells.
    fn whole(&mut self, node: &Node, policy: Policy) -> Policy {
        self.unused_relations(node, &policy);
        self.seen_once(node, &policy);
        if !relations::script_fits(&policy) {
            let at = node.get("script").map_or(&node.loc, |script| &script.loc);
            let message = "a script cannot judge rows of two parts";
            self.push(
                Diag::error(&code::SCRIPT, message)
                    .at(at, "")
                    .help("use `let`, `fail` and `warn`, or group the rows first"),
            );
        }
        policy
    }

    fn selector(&mut self, node: &Node) -> Option<Selector> {
        let mut kinds = self.types_of(node.get("type")?);
        let kind = if kinds.is_empty() { return None } else { kinds.remove(0) };
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
        Some(Selector { kind, others: kinds, name, labels, loc: node.loc.clone() })
    }

    /// One type, or several that are judged alike.
    fn types_of(&mut self, node: &Node) -> Vec<Arc<str>> {
        let types = || catalogue::TARGET_TYPES.iter().map(|(name, _)| *name);
        let mut found: Vec<Arc<str>> = Vec::new();
        let all = if node.as_str().is_some() { std::slice::from_ref(node) } else { items(Some(node)) };
        for kind in all {
            let Some(word) = kind.as_str() else { continue };
            if found.iter().any(|known| **known == *word) {
                let diag = Diag::error(&code::TARGET, format!("the type `{word}` is named twice"));
                self.push(diag.at(&kind.loc, "").help("name it once"));
                continue;
            }
            if !types().any(|name| name == word) {
                let help = did_you_mean(word, types())
                    .unwrap_or_else(|| format!("types are {}", types().collect::<Vec<_>>().join(", ")));
                let diag = Diag::error(&code::TARGET, format!("`{word}` is not a type of target"));
                self.push(diag.at(&kind.loc, "").help(help));
            }
            found.push(Arc::from(word));
        }
        found
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

    fn each(&mut self, node: &Node, observe: &[Observe], views: &[View]) -> Option<usize> {
        let names = || views.iter().map(|view| &*view.rows.name);
        if let Some(each) = node.get("each") {
            let word = each.as_str().unwrap_or("");
            let found = names().position(|name| name == word);
            let declared = ["observe", "join", "group"]
                .iter()
                .any(|key| node.get(key).and_then(|all| all.get(word)).is_some());
            if found.is_none() && !declared && !observe.is_empty() {
                let diag =
                    Diag::error(&code::UNKNOWN_NAME, format!("`each` names `{word}`, which is not observed"))
                        .at(&each.loc, "");
                self.push(diag.maybe_help(did_you_mean(word, names())));
            }
            return found;
        }
        if views.len() > 1 {
            let at = node.get("observe").map_or(&node.loc, |observe| &observe.loc);
            let diag = Diag::error(
                &code::MISSING_KEY,
                "several things are observed, so `each` must say whose rows are the subjects",
            );
            self.push(
                diag.at(at, "").help(format!("for example `each: {}`", names().next_back().unwrap_or(""))),
            );
            return None;
        }
        if observe.is_empty() && self.diags.is_empty() {
            let at = node.get("observe").map_or(&node.loc, |observe| &observe.loc);
            let diag = Diag::error(&code::MISSING_KEY, "nothing is observed").at(at, "");
            self.push(diag.help("name a probe: `observe: { files: { probe: file.stat } }`"));
        }
        (!observe.is_empty()).then_some(0)
    }

    fn parameters(&mut self, params: &[Param]) {
        self.env.params = params
            .iter()
            .map(|param| Binding { name: Arc::clone(&param.name), ty: param.ty.clone() })
            .collect();
    }

    fn environment(&mut self, views: &[View], each: usize) {
        self.env.observations = views.iter().map(|view| view.rows.clone()).collect();
        self.env.each = Some(each);
        self.env.facts = true;
    }
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
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    let digits = hash.iter().take(6).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    Arc::from(digits.collect::<String>())
}
