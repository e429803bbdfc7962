//! Who is asked for each observation of a check: the target itself, or others that belong to it.

use std::sync::Arc;

use super::bind::{Binder, describe, fits};
use super::{Asked, Settings, TargetInfo};
use crate::fact::{Before, Cause, Level, Missing, PastRequest, Request, Whose};
use crate::policy::{Also, Observe, Policy};

impl Binder<'_> {
    pub(super) fn requests(
        &mut self,
        policy: &Policy,
        target: &TargetInfo,
        settings: &Settings,
    ) -> Vec<Asked> {
        let values = settings.values();
        let mut asked = Vec::with_capacity(policy.observe.len());
        for (index, observe) in policy.observe.iter().enumerate() {
            let also = observe.on.and_then(|on| policy.also.get(on));
            let others = match also {
                None => Ok(vec![Arc::clone(&target.name)]),
                Some(also) => self.others(also, target),
            };
            let names = match others {
                Ok(names) => names,
                Err(why) => {
                    asked.push(Asked::Nobody(why));
                    continue;
                }
            };
            let many = also.is_some_and(|also| also.many);
            let mut positions = Vec::with_capacity(names.len());
            let mut nobody = None;
            for name in names {
                let args = match self.completed(observe, &name, observe.resolve(&values)) {
                    Ok(args) => args,
                    Err(why) => {
                        nobody = Some(why);
                        break;
                    }
                };
                let mut request = Request::new(
                    observe.probe.name,
                    &name,
                    args,
                    Arc::clone(&observe.asked),
                    observe.pointers.clone(),
                );
                request.wants = policy.wants(index);
                self.remember((policy, target), index, observe, &request);
                positions.push(self.plan.ask(request));
            }
            if let Some(why) = nobody {
                asked.push(Asked::Nobody(why));
                continue;
            }
            asked.push(match positions.as_slice() {
                [one] if !many => Asked::One(*one),
                _ => Asked::Many(positions),
            });
        }
        asked
    }

    /// What of the past of a question is wanted.
    fn remember(
        &mut self,
        (policy, target): (&Policy, &TargetInfo),
        index: usize,
        observe: &Observe,
        request: &Request,
    ) {
        if let Some(before) = &observe.before {
            let before = match before {
                // What another policy saw since, this one has not judged.
                Before::Previous(_) => Before::Previous(Some(Whose {
                    policy: Arc::clone(&policy.id),
                    target: Arc::clone(&target.name),
                })),
                other => other.clone(),
            };
            self.plan.before.insert(PastRequest::Before(before, request.key.clone()));
        }
        let Some(history) = &observe.history else { return };
        let slot = self.plan.history.entry(request.key.clone()).or_default();
        slot.0 = slot.0.max(history.window);
        slot.1.extend(policy.sampled(index));
    }

    /// The targets that belong to a target. Another than exactly one is told, and nothing is guessed.
    fn others(&self, also: &Also, target: &TargetInfo) -> Result<Vec<Arc<str>>, Arc<Missing>> {
        let missing = |cause, what: String, fix: String| {
            Err(Arc::new(Missing::new(cause, what).level(Level::Probe).fix(fix)))
        };
        if let Some(label) = also.same.iter().find(|label| !target.labels.contains_key(*label)) {
            let what = format!("`{}` has no label `{label}`, by which `{}` is found", target.name, also.name);
            let fix = format!("give `{}` the label `{label}` in muster.yaml", target.name);
            return missing(Cause::Absent, what, fix);
        }
        let same = |other: &TargetInfo| {
            also.same.iter().all(|label| other.labels.get(label) == target.labels.get(label))
        };
        let found: Vec<Arc<str>> = self
            .input
            .targets
            .iter()
            .filter(|other| other.name != target.name && fits(&also.selector, other) && same(other))
            .map(|other| Arc::clone(&other.name))
            .collect();
        let shared: Vec<String> = also
            .same
            .iter()
            .filter_map(|label| Some(format!("{label}: {}", target.labels.get(label)?)))
            .collect();
        let wanted = match shared.as_slice() {
            [] => describe(&also.selector),
            shared => format!("{} and {{ {} }}", describe(&also.selector), shared.join(", ")),
        };
        match found.as_slice() {
            [] => missing(
                Cause::Absent,
                format!("no target with {wanted} belongs to `{}`", target.name),
                "add it to muster.yaml, or correct its labels".to_owned(),
            ),
            [_, _, ..] if !also.many => missing(
                Cause::Ambiguous,
                format!("several targets with {wanted} belong to `{}`: {}", target.name, found.join(", ")),
                "name one more label under `same`, or write `many: true`".to_owned(),
            ),
            _ => Ok(found),
        }
    }
}
