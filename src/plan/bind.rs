//! Which policy is judged at which target.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::settings::{EXTRAS, environments};
use super::{Calendars, Check, Input, Plan, Planned, Settings, TargetInfo, resolve};
use crate::diag::{Diag, code, did_you_mean};
use crate::fact::{Cell, Pattern, Value};
use crate::policy::cores::in_parts;
use crate::policy::{Policy, Project, Selector};
use crate::rule::eval::{Scope, holds};
use crate::rule::node::Place;

/// Binds policies to targets.
pub fn bind(input: &Input<'_>) -> Planned {
    let (plan, diags) = bind_as_far(input);
    if diags.iter().any(|diag| diag.level == crate::diag::Level::Error) { Err(diags) } else { Ok(plan) }
}

/// Binds what can be bound, and says what is wrong: for a reader of both, never for a run.
pub fn bind_as_far(input: &Input<'_>) -> (Plan, Vec<Diag>) {
    let calendars = Arc::new(Calendars::Project(input.project.calendars.clone()));
    let mut binder = Binder { input, plan: Plan::default(), diags: Vec::new(), calendars };
    binder.patterns();
    binder.project_names();
    let parts = in_parts(input.policies, |policies| {
        let calendars = Arc::clone(&binder.calendars);
        // Most policies are bound to one target, and ask it one question; the first part takes in the others.
        let mut part =
            Binder { input, plan: Plan::with_room(input.policies.len()), diags: Vec::new(), calendars };
        policies.iter().for_each(|policy| part.policy(policy));
        (part.plan, part.diags)
    });
    for (plan, diags) in parts {
        binder.plan.append(plan);
        binder.diags.extend(diags);
    }
    binder.libraries();
    (binder.plan, binder.diags)
}

pub(super) struct Binder<'a> {
    pub(super) input: &'a Input<'a>,
    pub(super) plan: Plan,
    diags: Vec<Diag>,
    calendars: Arc<Calendars>,
}

/// Does a target fit a selector?
pub(super) fn fits(selector: &Selector, target: &TargetInfo) -> bool {
    selector.fits(&target.kind, &target.name, &target.labels)
}

fn any(patterns: &[Pattern], names: &[Arc<str>]) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| names.iter().any(|name| pattern.matches(name)))
}

impl Binder<'_> {
    fn usage(&mut self, message: String, help: Option<String>) {
        self.diags.push(Diag::error(&code::USAGE, message).maybe_help(help));
    }

    /// A pattern of the command line that matches nothing would silently judge nothing.
    fn patterns(&mut self) {
        let selection = self.input.selection;
        let policies: Vec<&str> = self.input.policies.iter().map(|policy| &*policy.id).collect();
        let targets: Vec<&str> = self.input.targets.iter().map(|target| &*target.name).collect();
        let tags: BTreeSet<&str> =
            self.input.policies.iter().flat_map(|policy| &policy.tags).map(|tag| &**tag).collect();
        self.matched("--policy", &selection.policies, &policies);
        self.matched("--target", &selection.targets, &targets);
        self.matched("--tag", &selection.tags, &tags.into_iter().collect::<Vec<_>>());
        for set in &selection.set {
            let takes = |policy: &&Arc<Policy>| {
                set.policy.as_ref().is_none_or(|pattern| pattern.matches(&policy.id))
                    && policy.params.iter().any(|param| param.name == set.name)
            };
            if !self.input.policies.iter().any(|policy| takes(&policy)) {
                let names: Vec<&str> = self
                    .input
                    .policies
                    .iter()
                    .flat_map(|policy| &policy.params)
                    .map(|param| &*param.name)
                    .collect();
                let of = set.policy.as_ref().map(|pattern| format!(" called `{}`", pattern.text));
                let message =
                    format!("`--set` names `{}`, which no policy{} has", set.name, of.unwrap_or_default());
                self.usage(
                    message,
                    did_you_mean(&set.name, names.into_iter().filter(|name| **name != *set.name)),
                );
            }
        }
        if let Some(name) = &selection.environment {
            let names: Vec<&str> =
                self.input.project.environments.iter().map(|environment| &*environment.name).collect();
            if !names.contains(&&**name) {
                let help =
                    did_you_mean(name, names.iter().copied()).unwrap_or_else(|| match names.as_slice() {
                        [] => "there are none: write `environments:` into muster.yaml".to_owned(),
                        names => format!("environments are {}", names.join(", ")),
                    });
                self.usage(format!("there is no environment `{name}`"), Some(help));
            } else if !self.input.targets.iter().any(|it| environments(self.input.project, it).contains(name))
            {
                let help = "give a target the labels of `environments:`, or run without `--env`".to_owned();
                self.usage(format!("the environment `{name}` chooses no target"), Some(help));
            }
        }
    }

    fn matched(&mut self, option: &str, patterns: &[Pattern], names: &[&str]) {
        for pattern in patterns {
            if !names.iter().any(|name| pattern.matches(name)) {
                let help = did_you_mean(&pattern.text, names.iter().copied())
                    .or_else(|| (names.len() <= 12).then(|| format!("known: {}", names.join(", "))));
                self.usage(format!("`{option} {}` matches nothing", pattern.text), help);
            }
        }
    }

    /// Policies that the project file names must exist, and what overrides set must be known to one of them.
    fn project_names(&mut self) {
        let ids: Vec<&str> = self.input.policies.iter().map(|policy| &*policy.id).collect();
        let project: &Project = self.input.project;
        let entries = project.overrides.iter().map(|entry| (&entry.policy, &entry.loc, "an override"));
        let waivers = project.waivers.iter().map(|waiver| (&waiver.policy, &waiver.loc, "a waiver"));
        for (pattern, loc, what) in entries.chain(waivers) {
            if !self.input.selection.named_sources && !ids.iter().any(|id| pattern.matches(id)) {
                let diag = Diag::error(
                    &code::UNKNOWN_NAME,
                    format!("{what} names `{}`, and no policy is called so", pattern.text),
                );
                self.diags
                    .push(diag.at(loc, "").maybe_help(did_you_mean(&pattern.text, ids.iter().copied())));
            }
        }
        // A policy that waits for nobody because its name is misspelt would be asked too early.
        let waiting = project.gate.needs.iter().flat_map(|(name, needed)| {
            let first = needed.first().map(|(_, loc)| (name, loc));
            first.into_iter().chain(needed.iter().map(|(name, loc)| (name, loc)))
        });
        for (name, loc) in waiting.filter(|_| !self.input.selection.named_sources) {
            if !ids.contains(&&**name) {
                let what = format!("`gate: needs:` names `{name}`, and no policy is called so");
                let diag = Diag::error(&code::UNKNOWN_NAME, what).at(loc, "");
                self.diags.push(diag.maybe_help(did_you_mean(name, ids.iter().copied())));
            }
        }
        for entry in &project.overrides {
            let covered: Vec<&Arc<Policy>> =
                self.input.policies.iter().filter(|policy| entry.policy.matches(&policy.id)).collect();
            for (name, node) in &entry.set {
                let known = EXTRAS.contains(&&**name)
                    || covered.iter().any(|policy| policy.params.iter().any(|param| param.name == *name));
                if !known && !covered.is_empty() {
                    let names: Vec<&str> = covered
                        .iter()
                        .flat_map(|policy| &policy.params)
                        .map(|param| &*param.name)
                        .chain(EXTRAS.iter().copied())
                        .collect();
                    let help = did_you_mean(name, names.iter().copied())
                        .unwrap_or_else(|| format!("they have {}", names.join(", ")));
                    self.diags.push(
                        Diag::error(
                            &code::UNKNOWN_NAME,
                            format!(
                                "no policy that matches `{}` has a parameter `{name}`",
                                entry.policy.text
                            ),
                        )
                        .at(&node.loc, "")
                        .help(help),
                    );
                }
            }
        }
    }

    fn policy(&mut self, policy: &Arc<Policy>) {
        let selection = self.input.selection;
        let fitting: Vec<&Arc<TargetInfo>> =
            self.input.targets.iter().filter(|target| fits(&policy.target, target)).collect();
        if fitting.is_empty() {
            self.without_target(policy);
            return;
        }
        if !any(&selection.policies, std::slice::from_ref(&policy.id))
            || (!selection.tags.is_empty() && !any(&selection.tags, &policy.tags))
        {
            return;
        }
        for target in fitting {
            let wanted = any(&selection.targets, std::slice::from_ref(&target.name));
            let inside = selection
                .environment
                .as_ref()
                .is_none_or(|name| environments(self.input.project, target).contains(name));
            if wanted && inside {
                self.check(policy, target);
            }
        }
    }

    fn without_target(&mut self, policy: &Arc<Policy>) {
        if !any(&self.input.selection.policies, std::slice::from_ref(&policy.id)) {
            return;
        }
        let wanted = describe(&policy.target);
        if policy.library.is_some() {
            let target = Arc::new(TargetInfo {
                name: Arc::from(super::NO_TARGET),
                kind: Arc::clone(&policy.target.kind),
                ..TargetInfo::default()
            });
            self.push_skipped(policy, target, format!("the project has no target with {wanted}"));
            return;
        }
        let help = if self.input.has_project {
            format!("add a target with {wanted} to muster.yaml, or change `target:`")
        } else {
            format!("say which: `--target {}`", example(&policy.target.kind))
        };
        let diag = Diag::error(
            &code::NO_TARGET,
            format!("`{}` matches no target, so it would never be judged", policy.id),
        );
        self.diags.push(diag.at(&policy.target.loc, format!("it wants {wanted}")).help(help));
    }

    fn push_skipped(&mut self, policy: &Arc<Policy>, target: Arc<TargetInfo>, why: String) {
        let (settings, _) =
            resolve(policy, &target, self.input.project, self.input.selection, &mut Vec::new());
        self.plan.checks.push(Check {
            policy: Arc::clone(policy),
            target,
            settings,
            subjects: Vec::new(),
            owner: Arc::from(""),
            routes: std::collections::BTreeMap::new(),
            requests: Vec::new(),
            calendars: Arc::clone(&self.calendars),
            has_store: self.input.project.store.is_some(),
            skip: Some(why),
            waivers: Vec::new(),
        });
    }

    fn owner(&mut self, policy: &Policy, settings: &Settings) -> Option<Arc<str>> {
        let owner = settings
            .owner
            .clone()
            .or_else(|| policy.owner.clone())
            .or_else(|| self.input.project.owner.clone());
        if owner.is_none() && policy.library.is_some() && !self.input.has_project {
            return Some(Arc::from("unowned"));
        }
        let Some(owner) = owner else {
            let diag =
                Diag::error(&code::MISSING_KEY, format!("`{}` has no owner", policy.id)).at(&policy.loc, "");
            self.diags.push(diag.help("write `owner:` into the policy, or a default `owner:` into muster.yaml: a failure that nobody owns is not mended"));
            return None;
        };
        let known = &self.input.project.owners;
        if !known.is_empty() && !known.contains_key(&owner) {
            let names: Vec<&str> = known.keys().map(|name| &**name).collect();
            let help = did_you_mean(&owner, names.iter().copied())
                .unwrap_or_else(|| format!("owners are {}", names.join(", ")));
            self.diags.push(
                Diag::error(
                    &code::UNKNOWN_NAME,
                    format!("`{owner}` owns `{}`, and muster.yaml has no such owner", policy.id),
                )
                .at(&policy.loc, "")
                .help(help),
            );
        }
        Some(owner)
    }

    fn check(&mut self, policy: &Arc<Policy>, target: &Arc<TargetInfo>) {
        let mut diags = Vec::new();
        let (settings, subjects) =
            resolve(policy, target, self.input.project, self.input.selection, &mut diags);
        self.diags.append(&mut diags);
        let tiers = &self.input.selection.tiers;
        if !tiers.is_empty() && !tiers.contains(&settings.tier.unwrap_or(policy.tier)) {
            return;
        }
        let Some(owner) = self.owner(policy, &settings) else { return };
        let skip = skip(policy, target, &settings).or_else(|| self.outside_of_a_gate(policy, target));
        let requests = if skip.is_some() { Vec::new() } else { self.requests(policy, target, &settings) };
        let covers = |waiver: &crate::policy::Waiver| {
            waiver.policy.matches(&policy.id)
                && waiver.target.as_ref().is_none_or(|pattern| pattern.matches(&target.name))
        };
        let waivers = self.input.project.waivers.iter().enumerate().filter(|(_, waiver)| covers(waiver));
        let waivers = waivers.map(|(index, waiver)| (index, Arc::new(waiver.clone()))).collect();
        let routes = self.input.project.owners.get(&owner).cloned().unwrap_or_default();
        self.plan.checks.push(Check {
            policy: Arc::clone(policy),
            target: Arc::clone(target),
            settings,
            subjects,
            owner,
            routes,
            requests,
            calendars: Arc::clone(&self.calendars),
            has_store: self.input.project.store.is_some(),
            skip,
            waivers,
        });
    }

    /// A library of which no policy fits any target is a mistake in the project file.
    fn libraries(&mut self) {
        let libraries: BTreeSet<&Arc<str>> =
            self.input.policies.iter().filter_map(|policy| policy.library.as_ref()).collect();
        for library in libraries {
            let of_library = |policy: &&Arc<Policy>| policy.library.as_ref() == Some(library);
            let useful = self
                .input
                .policies
                .iter()
                .filter(of_library)
                .any(|policy| self.input.targets.iter().any(|target| fits(&policy.target, target)));
            if !useful {
                let message = format!("no policy of `builtin:{library}` fits any target of the project");
                self.diags.push(
                    Diag::error(&code::NO_TARGET, message)
                        .help("add a target of its type, or remove the library"),
                );
            }
        }
    }
}

pub(super) fn describe(selector: &Selector) -> String {
    let labels =
        selector.labels.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ");
    let name = selector.name.as_ref().map(|glob| format!(", name `{}`", glob.glob())).unwrap_or_default();
    if labels.is_empty() {
        format!("type `{}`{name}", selector.types())
    } else {
        format!("type `{}`, labels {{ {labels} }}{name}", selector.types())
    }
}

fn example(kind: &str) -> &'static str {
    match kind {
        "postgres" => "postgres://user@host:5432/database",
        "pgbouncer" => "pgbouncer://stats_user@host:6432/pgbouncer",
        "mysql" => "mysql://user@host:3306/database",
        "sqlite" => "sqlite:PATH",
        "service" => "https://host/",
        _ => "host",
    }
}

/// What `when` may read.
struct Before<'a> {
    params: &'a [Value],
    target: &'a TargetInfo,
}

impl Scope for Before<'_> {
    fn read(&self, place: &Place) -> Cell {
        match place {
            Place::Param(index) => Ok(self.params.get(*index).cloned().unwrap_or(Value::Null)),
            Place::Target(name) => Ok(target_value(self.target, name)),
            _ => Err(crate::rule::ops::undecidable("not known before observing")),
        }
    }
}

/// `name`, `type` or `labels.x` of a target.
pub(crate) fn target_value(target: &TargetInfo, name: &str) -> Value {
    match name {
        "name" => Value::text(&target.name),
        "type" => Value::text(&target.kind),
        "scheme" if target.scheme.is_empty() => Value::Null,
        "scheme" => Value::text(&target.scheme),
        label => label
            .strip_prefix("labels.")
            .and_then(|label| target.labels.get(label))
            .map_or(Value::Null, Value::text),
    }
}

/// Why `when` leaves the check out. A `when` that cannot be decided leaves it in.
pub fn skip(policy: &Policy, target: &TargetInfo, settings: &Settings) -> Option<String> {
    let when = policy.when.as_ref()?;
    let values = settings.values();
    let decided = holds(&when.node, &Before { params: &values, target });
    (decided == Ok(false)).then(|| format!("`when: {}` is not so for this target", when.node.text))
}
