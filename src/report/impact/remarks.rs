//! As remarks at the lines of the new version.

use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::{Weighed, example, json as data, meaning, step, subject, whereabouts, whose};
use crate::report::review::{Grade, Looked, Place, Remark, place};
use crate::report::text::inline;
use crate::report::words;
use crate::verdict::{Direction, PolicyChange, VerdictChange};

pub(super) fn of(weighed: &Weighed<'_>) -> (Looked, Vec<Remark>) {
    let impact = weighed.impact;
    let mut remarks: Vec<Remark> =
        impact.verdicts.iter().filter(|change| shown(change.direction)).map(judged).collect();
    remarks.extend(impact.changes.iter().filter(|change| shown(change.direction)).map(changed));
    let mut properties = Map::new();
    properties.insert("compared".to_owned(), impact.compared.into());
    properties.insert("unchanged".to_owned(), impact.unchanged.into());
    let unanswered: u64 = impact.replayed.iter().map(|one| one.unanswered).sum();
    properties.insert("unanswered".to_owned(), unanswered.into());
    for direction in Direction::ALL {
        properties.insert(data::word(direction), impact.count(direction).into());
    }
    let rules = rules().map(|(id, meaning)| (id, meaning.to_owned())).collect();
    let exit_reason = weighed.exit_reason.clone();
    let home = String::new();
    (Looked { rules, properties, exit: weighed.exit, exit_reason, command: "diff", home }, remarks)
}

/// Is there a remark of it?
fn shown(direction: Direction) -> bool {
    !matches!(direction, Direction::Same | Direction::Text)
}

/// The rules of remarks with what they mean: `change-looser`.
pub(super) fn rules() -> impl Iterator<Item = (String, &'static str)> {
    let all = Direction::ALL.into_iter().filter(|direction| shown(*direction));
    all.map(|direction| (rule(direction), meaning(direction)))
}

/// The rule of a remark: what it is about is a direction, and the policy stands in the message.
fn rule(direction: Direction) -> String {
    format!("change-{}", data::word(direction))
}

fn grade(direction: Direction) -> Grade {
    match direction {
        Direction::Broken => Grade::Error,
        Direction::Looser | Direction::NotComparable => Grade::Warning,
        Direction::Stricter | Direction::Same | Direction::Text => Grade::Note,
    }
}

/// A place of the new version; what stands in the old one only has none there.
fn at(at: &str, gone: bool) -> Option<Place> {
    if gone { None } else { place(at) }
}

/// Made of what is so, and not of where: a line that moves is no new remark.
fn print(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn changed(change: &PolicyChange) -> Remark {
    let name = whose(change);
    let about = whereabouts(change);
    let about = if about.is_empty() { String::new() } else { format!(" {about}") };
    let message = format!("{}: {name}{about}: {}", change.direction.word(), change.what);
    let mut help: Vec<String> = change.examples.iter().map(|one| inline(&example(one))).collect();
    if change.gone {
        help.push(format!("it stood at {}", inline(&change.at)));
    }
    help.extend(change.help.iter().map(|help| inline(&format!("to do: {help}"))));
    let mut properties = Map::new();
    if let Json::Object(all) = data::change(change) {
        properties.extend(all);
    }
    let subjects = change.subjects.as_deref().unwrap_or_default();
    let targets = change.targets.join(",");
    Remark {
        rule: rule(change.direction),
        title: meaning(change.direction).to_owned(),
        grade: grade(change.direction),
        message: inline(&message),
        help: help.join("\n"),
        place: at(&change.at, change.gone),
        fingerprint: print(&[
            &data::word(change.direction),
            change.kind,
            name,
            &targets,
            subjects,
            &change.what,
        ]),
        suppressed: None,
        properties,
    }
}

fn judged(change: &VerdictChange) -> Remark {
    let said = change.said_after.as_ref().or(change.said_before.as_ref()).cloned().unwrap_or_default();
    let message = format!(
        "{}: {}: {}: {}: {said}",
        change.direction.word(),
        change.policy,
        subject(change),
        step(change)
    );
    let operands = change.operands.iter().map(|operand| {
        inline(&format!("{} = {} ({})", operand.text, operand.shown, words::origin(&operand.origin)))
    });
    let mut help: Vec<String> = operands.collect();
    help.push(format!("facts of {}", inline(&change.recording)));
    let mut properties = Map::new();
    if let Json::Object(all) = data::verdict(change) {
        properties.extend(all);
    }
    properties.insert("kind".to_owned(), json!("verdict"));
    Remark {
        rule: rule(change.direction),
        title: meaning(change.direction).to_owned(),
        grade: grade(change.direction),
        message: inline(&message),
        help: help.join("\n"),
        place: at(&change.at, false),
        fingerprint: print(&["verdict", &change.recording, &change.policy, &change.target, &change.subject]),
        suppressed: None,
        properties,
    }
}
