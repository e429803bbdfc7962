//! Parameters through their layers: policy default < project < environment < labels < target < subject < command line.

use std::sync::Arc;

use super::{Looser, Selection, Setting, Settings, SubjectSettings, TargetInfo};
use crate::diag::{Diag, code, did_you_mean};
use crate::fact::{Type, Value, parse_literal, show};
use crate::policy::decode::out_of_bounds;
use crate::policy::limits::{inverted, is_looser};
use crate::policy::model::Arg;
use crate::policy::{Expect, Override, Param, Policy, Project, Tier, literal};
use crate::rule::node::Place;
use crate::source::Loc;
use crate::source::yaml::Node;
use crate::verdict::{Layer, Severity, Urgency};

/// Names that overrides may set besides parameters.
pub(super) const EXTRAS: &[&str] = &["severity", "owner", "tier", "urgency", "runbook"];

/// Does an override apply to this policy at this target?
pub fn applies(entry: &Override, policy: &Policy, target: &TargetInfo, environments: &[Arc<str>]) -> bool {
    entry.policy.matches(&policy.id)
        && entry.target.as_ref().is_none_or(|name| *name == target.name)
        && entry.labels.iter().all(|(name, value)| target.labels.get(name) == Some(value))
        && entry.environment.as_ref().is_none_or(|name| environments.contains(name))
}

/// Names of the environments that a target belongs to.
pub fn environments(project: &Project, target: &TargetInfo) -> Vec<Arc<str>> {
    let inside = project.environments.iter().filter(|environment| environment.has(&target.labels));
    inside.map(|environment| Arc::clone(&environment.name)).collect()
}

/// The settings of a check and those of some of its subjects.
pub fn resolve(
    policy: &Policy,
    target: &TargetInfo,
    project: &Project,
    selection: &Selection,
    diags: &mut Vec<Diag>,
) -> (Settings, Vec<SubjectSettings>) {
    let within = environments(project, target);
    let mut entries: Vec<&Override> =
        project.overrides.iter().filter(|entry| applies(entry, policy, target, &within)).collect();
    entries.sort_by_key(|entry| entry.layer());
    let (for_all, for_some): (Vec<&Override>, Vec<&Override>) =
        entries.into_iter().partition(|entry| entry.subject.is_none());
    let mut settings = defaults(policy);
    let mut set = Setter { policy, diags, seen: Vec::new() };
    for entry in for_all {
        set.entry(&mut settings, entry);
    }
    let mut subjects = Vec::new();
    for entry in for_some {
        let mut own = settings.clone();
        set.entry(&mut own, entry);
        set.command_line(&mut own, selection);
        if let Some(pattern) = entry.subject.clone() {
            subjects.push(SubjectSettings { pattern, settings: own, at: entry.loc.to_string() });
        }
    }
    set.command_line(&mut settings, selection);
    for settings in
        std::iter::once(&mut settings).chain(subjects.iter_mut().map(|subject| &mut subject.settings))
    {
        settings.looser = looser(policy, settings);
        if let Some(diag) = inverted(policy, &settings.values())
            && !set.diags.iter().any(|known| known.message == diag.message)
        {
            set.diags.push(diag);
        }
    }
    (settings, subjects)
}

fn defaults(policy: &Policy) -> Settings {
    let default = |param: &Param| Setting {
        value: param.default.clone(),
        layer: Layer::Policy,
        at: param.loc.to_string(),
        why: None,
    };
    Settings { params: policy.params.iter().map(default).collect(), ..Settings::default() }
}

fn looser(policy: &Policy, settings: &Settings) -> Vec<Looser> {
    let pairs = policy.params.iter().zip(&settings.params).enumerate();
    pairs
        .filter(|(index, (param, setting))| is_looser(policy, *index, &param.default, &setting.value))
        .map(|(_, (param, setting))| {
            let (value, default) = (show(&setting.value, &param.ty), show(&param.default, &param.ty));
            Looser { what: format!("{} {value} instead of {default}", param.name), why: setting.why.clone() }
        })
        .collect()
}

/// Where a parameter is read before there are subjects.
fn early(policy: &Policy, index: usize) -> Option<&'static str> {
    let place = Place::Param(index);
    let mut args = policy.observe.iter().flat_map(|observe| &observe.args);
    if args.any(|(_, arg, _)| matches!(arg, Arg::Param(given) if *given == index)) {
        return Some("an argument of a probe");
    }
    if policy.when.as_ref().is_some_and(|when| when.reads.contains(&place)) {
        return Some("`when`");
    }
    if policy.groups_read(&place) {
        return Some("a group");
    }
    (policy.expect == Expect::Param(index)).then_some("`expect`")
}

/// A layer; that of subjects has one level for each pattern.
type Level = (Layer, Option<Arc<str>>);

struct Setter<'a> {
    policy: &'a Policy,
    diags: &'a mut Vec<Diag>,
    /// Level, name and place of what was set, to find two that disagree at one level.
    seen: Vec<(Level, Arc<str>, String, Loc)>,
}

impl Setter<'_> {
    fn entry(&mut self, settings: &mut Settings, entry: &Override) {
        for (name, node) in &entry.set {
            if let Some(value) = self.one(settings, name, node, entry) {
                self.conflict(entry, name, value, &node.loc);
            }
        }
    }

    fn conflict(&mut self, entry: &Override, name: &Arc<str>, value: String, loc: &Loc) {
        let level = (entry.layer(), entry.subject.as_ref().map(|pattern| Arc::clone(&pattern.text)));
        let other =
            self.seen.iter().find(|(seen, known, set, _)| *seen == level && known == name && *set != value);
        if let Some((_, _, _, first)) = other {
            let message = format!(
                "two overrides of one level set `{name}` of `{}` to different values",
                self.policy.id
            );
            self.diags.push(
                Diag::error(&code::OVERRIDE_CONFLICT, message)
                    .at(loc, "the second")
                    .at(first, "the first")
                    .help("make one of them more specific"),
            );
        }
        self.seen.push((level, Arc::clone(name), value, loc.clone()));
    }

    /// Sets one value; returns it as text.
    fn one(
        &mut self,
        settings: &mut Settings,
        name: &Arc<str>,
        node: &Node,
        entry: &Override,
    ) -> Option<String> {
        if EXTRAS.contains(&&**name) {
            return self.extra(settings, name, node);
        }
        let Some(index) = self.policy.params.iter().position(|param| param.name == *name) else {
            // A pattern may cover policies without this parameter; a single policy must have it.
            if *entry.policy.text == *self.policy.id {
                self.unknown(name, &node.loc);
            }
            return None;
        };
        let param = self.policy.params.get(index)?;
        if let Some(place) = entry.subject.as_ref().and(early(self.policy, index)) {
            let message = format!("`{name}` cannot be set for some subjects: it is read by {place}");
            let help = "subjects are known only later; set it for a target or for all";
            self.diags.push(Diag::error(&code::BAD_VALUE, message).at(&node.loc, "").help(help));
            return None;
        }
        let value = literal::typed(node, &param.ty).map_err(|diag| self.diags.push(diag)).ok()?;
        self.diags.extend(out_of_bounds(param, &value, &node.loc));
        let shown = show(&value, &param.ty);
        if let Some(slot) = settings.params.get_mut(index) {
            let (layer, at, why) = (entry.layer(), node.loc.to_string(), entry.why.clone());
            *slot = Setting { value, layer, at, why };
        }
        Some(shown)
    }

    fn unknown(&mut self, name: &str, loc: &Loc) {
        let names = || self.policy.params.iter().map(|param| &*param.name).chain(EXTRAS.iter().copied());
        let help = did_you_mean(name, names())
            .unwrap_or_else(|| format!("it has {}", names().collect::<Vec<_>>().join(", ")));
        let diag =
            Diag::error(&code::UNKNOWN_NAME, format!("`{}` has no parameter `{name}`", self.policy.id))
                .at(loc, "");
        self.diags.push(diag.help(help));
    }

    fn extra(&mut self, settings: &mut Settings, name: &str, node: &Node) -> Option<String> {
        let word = node.as_str().unwrap_or("").trim();
        let good = match name {
            "severity" => {
                Severity::from_word(word).map(|severity| settings.severity = Some(severity)).is_some()
            }
            "tier" => Tier::from_word(word).map(|tier| settings.tier = Some(tier)).is_some(),
            "urgency" => Urgency::from_word(word).map(|urgency| settings.urgency = Some(urgency)).is_some(),
            "owner" => {
                settings.owner = Some(Arc::from(word));
                !word.is_empty()
            }
            _ => {
                settings.runbook = Some(Arc::from(word));
                !word.is_empty()
            }
        };
        if !good {
            let words: &[&str] = match name {
                "severity" => Severity::WORDS,
                "tier" => Tier::WORDS,
                _ => Urgency::WORDS,
            };
            let diag = Diag::error(&code::BAD_VALUE, format!("`{word}` is not a {name}")).at(&node.loc, "");
            self.diags.push(diag.help(format!("it is one of {}", words.join(", "))));
        }
        good.then(|| word.to_owned())
    }

    fn command_line(&mut self, settings: &mut Settings, selection: &Selection) {
        for set in selection
            .set
            .iter()
            .filter(|set| set.policy.as_ref().is_none_or(|pattern| pattern.matches(&self.policy.id)))
        {
            let Some(index) = self.policy.params.iter().position(|param| param.name == set.name) else {
                continue;
            };
            let Some(param) = self.policy.params.get(index) else { continue };
            let here = Loc::nowhere("--set");
            match given(&set.text, &param.ty) {
                Ok(value) => {
                    self.diags.extend(out_of_bounds(param, &value, &here));
                    if let Some(slot) = settings.params.get_mut(index) {
                        *slot =
                            Setting { value, layer: Layer::CommandLine, at: "--set".to_owned(), why: None };
                    }
                }
                Err(message) => self.diags.push(Diag::error(&code::BAD_LITERAL, message).at(&here, "")),
            }
        }
    }
}

/// A list of the command line may stand in brackets, as it does in a file.
fn inside(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text)
}

/// A value of the command line; lists are separated by commas.
fn given(text: &str, ty: &Type) -> Result<Value, String> {
    if let Type::List(item) = ty {
        let text = inside(text);
        if text.trim().is_empty() {
            return Err("the list is empty".to_owned());
        }
        let items =
            text.split(',').map(|part| parse_literal(part.trim(), item).map(Ok).map_err(|error| error.0));
        return Ok(Value::List(items.collect::<Result<Vec<_>, _>>()?.into()));
    }
    parse_literal(text, ty).map_err(|error| error.0)
}
