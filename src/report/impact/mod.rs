//! What a change of policies means, in every format: for a terminal, for a comment of a pull request, as data, and as
//! remarks at the lines of the change.

mod human;
mod json;
mod markdown;
mod remarks;
mod schema;
#[cfg(test)]
mod tests;

use super::review::{Looked, Review, render as render_remarks};
use super::words::{count, size};
use super::{Format, text};
use crate::verdict::{Direction, Impact, PolicyChange, VerdictChange};

pub use schema::json_schema;

/// A comparison of two versions with its exit code.
pub struct Weighed<'a> {
    /// What it means.
    pub impact: &'a Impact,
    /// The exit code.
    pub exit: u8,
    /// Why that code.
    pub exit_reason: String,
    /// The project file, at which remarks are shown that have no other place; `muster.yaml` if it is empty.
    pub home: String,
}

impl Weighed<'_> {
    /// In that format; `None` if there is no such format of comparisons.
    pub fn render(&self, format: Format) -> Option<String> {
        Some(match format {
            Format::Human => human::render(self),
            Format::Json => json::render(self),
            Format::Markdown => markdown::render(self),
            Format::Review(review) => self.review(review),
            Format::Html | Format::Junit | Format::Table => return None,
        })
    }

    fn review(&self, format: Review) -> String {
        let (looked, remarks) = remarks::of(self);
        let home = self.home.clone();
        render_remarks(&Looked { home, ..looked }, &remarks, format)
    }

    /// Everything of one direction.
    fn of(&self, direction: Direction) -> (Vec<&PolicyChange>, Vec<&VerdictChange>) {
        let changes = self.impact.changes.iter().filter(|change| change.direction == direction).collect();
        let verdicts = self.impact.verdicts.iter().filter(|change| change.direction == direction).collect();
        (changes, verdicts)
    }

    /// `3 looser, 1 not comparable, 2 stricter`.
    fn summary(&self) -> String {
        let parts: Vec<String> = Direction::ALL
            .into_iter()
            .map(|direction| (direction, self.impact.count(direction)))
            .filter(|(_, many)| *many > 0)
            .map(|(direction, many)| format!("{many} {}", direction.word()))
            .collect();
        if parts.is_empty() { "nothing changed".to_owned() } else { parts.join(", ") }
    }

    /// How much was compared.
    fn compared(&self) -> String {
        let Impact { compared, unchanged, .. } = self.impact;
        format!("{} compared, {unchanged} of them judge as before", count(*compared, "check"))
    }

    /// What was judged on recorded facts.
    fn replayed(&self) -> Vec<String> {
        let of = |one: &crate::verdict::Replayed| {
            let unanswered = match one.unanswered {
                0 => String::new(),
                many => format!(", {many} not answered by the recording"),
            };
            format!(
                "{} of {}: {} judged alike{unanswered}",
                text::inline(&one.recording),
                one.started,
                count(one.unchanged, "subject")
            )
        };
        self.impact.replayed.iter().map(of).collect()
    }
}

/// The rules under which changes are shown to reviewers, with what they mean.
pub fn rules() -> impl Iterator<Item = (String, &'static str)> {
    remarks::rules()
}

/// What a direction means for whoever reads of it first.
fn meaning(direction: Direction) -> &'static str {
    match direction {
        Direction::Broken => "cannot be loaded or judged as it stands",
        Direction::Looser => "less is found, or told to fewer or later",
        Direction::NotComparable => "which way it goes cannot be told from the files",
        Direction::Stricter => "more is found, or told sooner",
        Direction::Same => "written anew, and says the same",
        Direction::Text => "no verdict depends on it",
    }
}

/// What a change is of: a policy, or the project file by its name.
fn whose(change: &PolicyChange) -> &str {
    if let Some(policy) = &change.policy {
        return policy;
    }
    let file = change.at.rsplitn(3, ':').nth(2).unwrap_or_default();
    let name = file.rsplit('/').next().unwrap_or_default();
    if name.is_empty() { "muster.yaml" } else { name }
}

/// Where a change holds: `at shop-db (prod)`; empty if it is about the policy itself.
fn whereabouts(change: &PolicyChange) -> String {
    let mut parts = Vec::new();
    if !change.targets.is_empty() {
        let names: Vec<&str> = change.targets.iter().map(|name| &**name).collect();
        parts.push(format!("at {}", super::words::listed(&names, 6)));
    }
    if !change.environments.is_empty() {
        let names: Vec<&str> = change.environments.iter().map(|name| &**name).collect();
        parts.push(format!("(environments: {})", names.join(", ")));
    }
    if let Some(pattern) = &change.subjects {
        parts.push(format!("for subjects `{pattern}`"));
    }
    parts.join(" ")
}

/// An example in one line: `share is 50%: fail → pass`.
fn example(example: &crate::verdict::Example) -> String {
    let facts: Vec<String> = example.facts.iter().map(|(name, value)| format!("{name} is {value}")).collect();
    let when = if facts.is_empty() { "always".to_owned() } else { facts.join(", ") };
    format!("{when}: {} → {}", example.before, example.after)
}

/// `fail → pass`; what is not judged says so.
fn step(change: &VerdictChange) -> String {
    let word = |verdict: Option<crate::verdict::Verdict>| {
        verdict.map_or("not judged", crate::verdict::Verdict::word)
    };
    format!("{} → {}", word(change.before), word(change.after))
}

/// The subject with its target.
fn subject(change: &VerdictChange) -> String {
    if change.subject == change.target {
        change.target.to_string()
    } else {
        format!("{} at {}", change.subject, change.target)
    }
}

/// What a list is about: how many entries.
fn entries(changes: usize, verdicts: usize) -> u64 {
    size(changes + verdicts)
}
