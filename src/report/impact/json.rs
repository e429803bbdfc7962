//! For a program.

use serde_json::{Value as Json, json};

use super::Weighed;
use crate::report::json::ascii_controls;
use crate::verdict::{Direction, PolicyChange, VerdictChange};

/// Version of the JSON of a comparison of policies.
pub(super) const VERSION: u64 = 1;

/// The word of a direction as data.
pub(super) fn word(direction: Direction) -> String {
    direction.word().replace(' ', "-")
}

pub(super) fn render(weighed: &Weighed<'_>) -> String {
    let impact = weighed.impact;
    let counts: serde_json::Map<String, Json> = Direction::ALL
        .into_iter()
        .map(|direction| (word(direction), impact.count(direction).into()))
        .collect();
    let all = json!({
        "impact": VERSION,
        "old": impact.old,
        "new": impact.new,
        "counts": counts,
        "changes": impact.changes.iter().map(change).collect::<Vec<Json>>(),
        "verdicts": impact.verdicts.iter().map(verdict).collect::<Vec<Json>>(),
        "recordings": impact.replayed.iter().map(|one| json!({
            "recording": one.recording, "started": one.started, "unchanged": one.unchanged,
            "unanswered": one.unanswered,
        })).collect::<Vec<Json>>(),
        "compared": impact.compared,
        "unchanged": impact.unchanged,
        "notes": impact.notes,
        "exit": weighed.exit,
        "exit_reason": weighed.exit_reason,
    });
    format!("{}\n", ascii_controls(&format!("{all:#}")))
}

pub(super) fn change(change: &PolicyChange) -> Json {
    let examples: Vec<Json> = change
        .examples
        .iter()
        .map(|example| {
            let facts: Vec<Json> =
                example.facts.iter().map(|(name, value)| json!({ "fact": name, "value": value })).collect();
            json!({ "facts": facts, "before": example.before, "after": example.after })
        })
        .collect();
    json!({
        "direction": word(change.direction),
        "kind": change.kind,
        "policy": change.policy,
        "targets": change.targets,
        "environments": change.environments,
        "subjects": change.subjects,
        "what": change.what,
        "at": change.at,
        "gone": change.gone,
        "examples": examples,
        "help": change.help,
    })
}

pub(super) fn verdict(change: &VerdictChange) -> Json {
    json!({
        "direction": word(change.direction),
        "recording": change.recording,
        "policy": change.policy,
        "target": change.target,
        "subject": change.subject,
        "before": change.before,
        "after": change.after,
        "said_before": change.said_before,
        "said_after": change.said_after,
        "operands": change.operands,
        "rule": change.rule,
        "at": change.at,
    })
}
