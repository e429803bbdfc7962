//! What the gate adds to a question: the target that the new one was moved from, and what was moved.

use std::sync::Arc;

use super::TargetInfo;
use super::bind::Binder;
use crate::diag::did_you_mean;
use crate::fact::{Args, Before, Cause, Effect, Level, Missing, Move, ProbeDecl, Type, Value};
use crate::policy::project::Moved;
use crate::policy::{Observe, Policy};

/// The argument that names the target to compare with; left out, it is the one of the move.
const SOURCE: &str = "source";

/// The argument that tells what a move renamed and left behind.
const MAP: &str = "map";

/// What compares the rows of a system with those that it had.
const FINGERPRINTS: &str = "set `source_gone: true` for `release-*` in muster.yaml, and take the snapshot then: release-fingerprints compares the rows with those of before";

fn nobody(cause: Cause, what: String, fix: String) -> Arc<Missing> {
    Arc::new(Missing::new(cause, what).level(Level::Probe).fix(fix))
}

fn takes(probe: &ProbeDecl, name: &str) -> bool {
    probe.params.iter().any(|param| param.name == name)
}

/// Is it compared with the target of the move?
fn is_moved(observe: &Observe) -> bool {
    let own = || observe.args.iter().any(|(name, ..)| &**name == SOURCE);
    observe.before == Some(Before::Gate) || (takes(observe.probe, SOURCE) && !own())
}

fn no_move(target: &str) -> String {
    format!("muster.yaml does not say where `{target}` was moved from")
}

impl Binder<'_> {
    /// Why a policy that compares with what was before a migration is not judged here.
    pub(super) fn outside_of_a_gate(&self, policy: &Policy, target: &TargetInfo) -> Option<String> {
        let gate = policy.observe.iter().any(|observe| observe.before == Some(Before::Gate));
        if gate && !self.input.selection.gate {
            return Some("it compares with a snapshot: `muster gate verify` judges it".to_owned());
        }
        if let Some(why) = self.other_engine(policy, target) {
            return Some(why);
        }
        // A library cannot know which of the targets were moved; who wrote the policy does.
        let moved = policy.observe.iter().any(is_moved);
        let unknown = !self.input.project.gate.moves.contains_key(&target.name);
        (policy.library.is_some() && moved && unknown).then(|| {
            format!("{}: `gate: {{ moves: {{ {}: {{ from: … }} }} }}`", no_move(&target.name), target.name)
        })
    }

    /// What only one engine has cannot be compared with another one: a policy of a library passes over that.
    fn other_engine(&self, policy: &Policy, target: &TargetInfo) -> Option<String> {
        let moved = self.input.project.gate.moves.get(&target.name)?;
        let kind = self.kind(&moved.from);
        let gate = policy.observe.iter().filter(|observe| observe.before == Some(Before::Gate));
        let mut strange = gate.filter(|observe| !observe.probe.targets.contains(&kind));
        let probe = strange.next().filter(|_| policy.library.is_some() && !kind.is_empty())?.probe.name;
        Some(format!("`{}` was moved from `{}`, and `{probe}` cannot ask a {kind}", target.name, moved.from))
    }

    /// The arguments of a question with what the project knows of the move, if everybody whom it concerns may be asked.
    pub(super) fn completed(
        &self,
        observe: &Observe,
        target: &Arc<str>,
        mut args: Args,
    ) -> Result<Args, Arc<Missing>> {
        let probe = observe.probe;
        let info = self.input.targets.iter().find(|info| info.name == *target);
        if probe.effect == Effect::Scratch && !info.is_some_and(|info| info.scratch) {
            let what = format!(
                "`{}` leaves something behind for a moment, and `{target}` does not allow it",
                probe.name
            );
            return Err(nobody(
                Cause::Denied,
                what,
                format!("write `scratch: true` into the target `{target}`"),
            ));
        }
        let moved = self.input.project.gate.moves.get(target);
        if takes(probe, SOURCE) && args.get(SOURCE).is_none() {
            if moved.is_some_and(|moved| moved.is_in_place(target)) {
                let what = format!(
                    "the migration happens on `{target}` itself, so that there is no other system to compare its rows with"
                );
                return Err(nobody(Cause::Unsupported, what, FINGERPRINTS.to_owned()));
            }
            let moved = moved.ok_or_else(|| {
                let fix = format!(
                    "write `gate: {{ moves: {{ {target}: {{ from: OTHER-TARGET }} }} }}` into muster.yaml, or `source: OTHER-TARGET` under `with`"
                );
                nobody(Cause::Absent, no_move(target), fix)
            })?;
            args.insert(Arc::from(SOURCE), Value::Text(Arc::clone(&moved.from)), Type::TEXT);
        }
        for (argument, name) in probe.others(&args) {
            self.other(argument, name, target)?;
        }
        if takes(probe, MAP)
            && args.get(MAP).is_none()
            && let Some(moved) =
                moved.filter(|moved| args.text(SOURCE).is_none_or(|from| *from == *moved.from))
        {
            let text = self.map_of(target, moved).to_text();
            args.insert(Arc::from(MAP), Value::text(text), Type::TEXT);
        }
        Ok(args)
    }

    /// Another target that a question names has to be there, and not the one that is asked.
    fn other(&self, argument: &str, name: &str, target: &str) -> Result<(), Arc<Missing>> {
        if name == target {
            let what = format!("`{argument}` names `{name}`, which is the target itself");
            return Err(nobody(Cause::WrongTarget, what, "name the other one".to_owned()));
        }
        let names = || self.input.targets.iter().map(|info| &*info.name);
        if names().any(|known| known == name) {
            return Ok(());
        }
        let help = did_you_mean(name, names()).unwrap_or_else(|| format!("add `{name}` to muster.yaml"));
        Err(nobody(Cause::Absent, format!("`{argument}` names `{name}`, and there is no such target"), help))
    }

    /// What a move did, with the schema into which tables of an engine without schemas go.
    pub(super) fn map_of(&self, target: &str, moved: &Moved) -> Move {
        map_between(&moved.map, self.kind(&moved.from), self.kind(target))
    }

    fn kind(&self, name: &str) -> &str {
        self.input.targets.iter().find(|info| *info.name == *name).map_or("", |info| &*info.kind)
    }
}

/// A move between two types of targets: only PostgreSQL has schemas, and `public` is what it uses if nobody says another.
pub fn map_between(map: &Move, from: &str, to: &str) -> Move {
    let into = (to == "postgres" && from != "postgres").then(|| Arc::from("public"));
    Move { schema: map.schema.clone().or(into), ..map.clone() }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
