//! `muster test --mutate`: small changes of each policy, and those that no case notices.

use std::sync::Arc;

use serde_json::json;

use crate::fact::{Type, Value, show};
use crate::policy::Policy;
use crate::policy::cases::Case;
use crate::rule::Rule;
use crate::rule::mutate::{mutants, shifted};

use super::super::exit;
use super::super::output::{self, Done, Problem, line};
use super::{Asked, Shown, try_all, try_one};

/// A policy that was changed in one place.
pub(super) struct Changed {
    pub policy: Arc<Policy>,
    at: String,
    from: String,
    to: String,
}

/// Tries every change with the cases of its policy, and shows those that went unnoticed.
pub(super) fn run(shown: &Shown, asked: &Asked<'_>) -> Done {
    let (cases, files) = (&asked.cases, asked.files);
    let failed = try_all(cases).iter().filter(|tried| !tried.faults.is_empty()).count();
    if failed > 0 {
        return Err(Problem::usage(
            format!("{failed} cases fail as they are"),
            "`muster test` shows them; changes tell something only about cases that pass",
        ));
    }
    let mut policies: Vec<&Arc<Policy>> = cases.iter().map(|(policy, _)| *policy).collect();
    policies.sort_by(|one, two| one.id.cmp(&two.id));
    policies.dedup_by(|one, two| one.id == two.id);
    let bare = asked.without_cases();
    let changes: Vec<Changed> = policies.iter().flat_map(|policy| changes(policy)).collect();
    let unnoticed = survivors(&changes, cases);
    let exit = match (changes.is_empty(), unnoticed.is_empty()) {
        (true, _) => exit::NOTHING,
        (false, true) => exit::GOOD,
        (false, false) => exit::FINDINGS,
    };
    let scripts: Vec<&str> =
        files.iter().filter(|file| file.policy.script.is_some()).map(|file| &*file.policy.id).collect();
    if shown.json() {
        let list: Vec<_> = unnoticed
            .iter()
            .map(|one| json!({ "policy": &*one.policy.id, "at": asked.place(&one.at), "from": one.from, "to": one.to }))
            .collect();
        let json = json!({
            "mutate": 1, "exit": exit, "changes": changes.len(), "unnoticed": list, "scripts": scripts,
            "without_cases": bare,
        });
        output::say(&format!("{json:#}\n"))?;
    } else {
        output::say(&text(&changes, &unnoticed, &scripts, asked))?;
    }
    Ok(exit)
}

fn text(changes: &[Changed], unnoticed: &[&Changed], scripts: &[&str], asked: &Asked<'_>) -> String {
    let mut text = String::new();
    for one in unnoticed {
        line(&mut text, &format!("UNNOTICED  {} · `{}` as `{}`", one.policy.id, one.from, one.to));
        line(&mut text, &format!("           {}", asked.place(&one.at)));
    }
    if !unnoticed.is_empty() {
        line(&mut text, "A case at the limit, one just below and one just above would tell them apart.");
    }
    for script in scripts {
        line(&mut text, &format!("not changed: the script of {script}"));
    }
    for policy in asked.without_cases() {
        line(&mut text, &format!("no case at all: {policy}"));
    }
    line(&mut text, &format!("{} changes, {} unnoticed", changes.len(), unnoticed.len()));
    text
}

/// The changes after which all cases of the policy still pass.
fn survivors<'a>(changes: &'a [Changed], cases: &[(&Arc<Policy>, &Case)]) -> Vec<&'a Changed> {
    let survives = |change: &Changed| {
        let own = cases.iter().filter(|(policy, _)| policy.id == change.policy.id);
        own.into_iter().all(|(_, case)| try_one(&change.policy, case).faults.is_empty())
    };
    let survives = &survives;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let size = changes.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = changes
            .chunks(size)
            .map(|chunk| {
                scope.spawn(move || chunk.iter().filter(|change| survives(change)).collect::<Vec<_>>())
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// Every change of a policy: of its conditions, those of its ladders too, its shared values, how long a failure must hold,
/// and the defaults of its parameters.
pub(super) fn changes(policy: &Arc<Policy>) -> Vec<Changed> {
    let mut found = Vec::new();
    let mut of = |rule: &Rule, place: &dyn Fn(&mut Policy, Rule)| {
        for mutant in mutants(&rule.node) {
            let mut changed = (**policy).clone();
            place(&mut changed, Rule::new(mutant.node));
            let (at, from, to) = (mutant.loc.to_string(), mutant.from, mutant.to);
            found.push(Changed { policy: Arc::new(changed), at, from, to });
        }
    };
    for (index, rung) in policy.fail.iter().enumerate() {
        of(&rung.rule, &|policy, rule| {
            if let Some(rung) = policy.fail.get_mut(index) {
                rung.rule = rule;
            }
        });
    }
    for (index, rung) in policy.warn.iter().enumerate() {
        of(&rung.rule, &|policy, rule| {
            if let Some(rung) = policy.warn.get_mut(index) {
                rung.rule = rule;
            }
        });
    }
    if let Some(rule) = &policy.filter {
        of(rule, &|policy, rule| policy.filter = Some(Box::new(rule)));
    }
    if let Some(rule) = &policy.when {
        of(rule, &|policy, rule| policy.when = Some(Box::new(rule)));
    }
    for (index, shared) in policy.lets.iter().enumerate() {
        of(&shared.rule, &|policy, rule| {
            if let Some(shared) = policy.lets.get_mut(index) {
                shared.rule = rule;
            }
        });
    }
    for (index, (_, rule)) in policy.severity.rungs.iter().enumerate() {
        of(rule, &|policy, rule| {
            if let Some((_, slot)) = policy.severity.rungs.get_mut(index) {
                *slot = rule;
            }
        });
    }
    let urgency = policy.alert.iter().flat_map(|alert| &alert.urgency.rungs);
    for (index, (_, rule)) in urgency.enumerate() {
        of(rule, &|policy, rule| {
            let rungs = policy.alert.as_mut().map(|alert| &mut alert.urgency.rungs);
            if let Some((_, slot)) = rungs.and_then(|rungs| rungs.get_mut(index)) {
                *slot = rule;
            }
        });
    }
    found.extend(held(policy));
    found.extend(defaults(policy));
    found
}

/// Changes of how long a failure must hold.
fn held(policy: &Arc<Policy>) -> Vec<Changed> {
    let Some(needed) = policy.alert.as_ref().and_then(|alert| alert.held) else { return Vec::new() };
    let shown = |held: &Value| format!("for: {}", show(held, &Type::DURATION));
    let one = |value: Value| {
        let mut changed = (**policy).clone();
        if let Some(alert) = &mut changed.alert {
            alert.held = value.as_int();
        }
        Changed {
            policy: Arc::new(changed),
            at: policy.loc.to_string(),
            from: shown(&Value::Int(needed)),
            to: shown(&value),
        }
    };
    shifted(&Value::Int(needed), &Type::DURATION).into_iter().map(one).collect()
}

/// Changes of the defaults of parameters.
fn defaults(policy: &Arc<Policy>) -> Vec<Changed> {
    let mut found = Vec::new();
    for (index, param) in policy.params.iter().enumerate() {
        for value in shifted(&param.default, &param.ty) {
            let mut changed = (**policy).clone();
            let to = format!("{}: {}", param.name, show(&value, &param.ty));
            if let Some(param) = changed.params.get_mut(index) {
                param.default = value;
            }
            let from = format!("{}: {}", param.name, show(&param.default, &param.ty));
            found.push(Changed { policy: Arc::new(changed), at: param.loc.to_string(), from, to });
        }
    }
    found
}
