//! What changed between two runs, in every format.

use serde_json::{Value as Json, json};

use super::text::inline;
use super::words::{count, size};
use crate::verdict::{Change, Diff, RunView, Verdict};

/// Version of the JSON of a comparison.
const VERSION: u64 = 1;

/// Said with every comparison that has a change, because it limits what can be said.
const KNOWN: &str = "subjects that pass are not kept by name: what is new was a pass or was not there, and what is not found any more passes or is not there";

/// Two runs, and what changed between them.
pub struct Compared<'a> {
    /// The earlier one, as a rule.
    pub before: &'a RunView,
    /// The other.
    pub after: &'a RunView,
    /// What changed.
    pub diff: &'a Diff,
    /// The exit code.
    pub exit: u8,
}

impl Compared<'_> {
    fn lists(&self) -> [(&'static str, &Vec<Change>); 4] {
        let Diff { worse, new, gone, better, .. } = self.diff;
        [("worse", worse), ("new", new), ("gone", gone), ("better", better)]
    }

    fn verdict(&self) -> String {
        match self.diff.worsened() {
            0 if self.diff.is_empty() => "nothing changed".to_owned(),
            0 => "nothing got worse".to_owned(),
            many => format!(
                "{} worse",
                count(size(many), "change")
                    .replace("changes", "changes are")
                    .replace("1 change", "1 change is")
            ),
        }
    }

    fn unchanged(&self) -> String {
        let (checks, findings) = (self.diff.unchanged_checks, self.diff.unchanged_findings);
        format!("{}, {}", count(checks, "check"), count(findings, "finding"))
    }

    fn notes(&self) -> impl Iterator<Item = String> {
        let known = (!self.diff.is_empty()).then(|| KNOWN.to_owned());
        self.diff.notes.iter().map(|note| inline(note)).chain(known)
    }

    /// For a terminal.
    pub fn human(&self) -> String {
        let run = |what: &str, run: &RunView| {
            let checks = run.checks.iter().filter(|check| !check.notice).count();
            format!(
                "{what:7} {} of {}, {}\n",
                inline(&run.name),
                inline(&run.started),
                count(size(checks), "check")
            )
        };
        let mut text = run("before", self.before) + &run("after", self.after);
        for (name, changes) in self.lists() {
            if !changes.is_empty() {
                text.push_str(&format!("\n{name} ({})\n", changes.len()));
                changes.iter().for_each(|change| text.push_str(&entry(change)));
            }
        }
        text.push_str(&format!("\nunchanged: {}\n", self.unchanged()));
        self.notes().for_each(|note| text.push_str(&format!("note: {note}\n")));
        text + &format!("{}\n", self.verdict())
    }

    /// For a comment of a pull request.
    pub fn markdown(&self) -> String {
        let plain = |text: &str| {
            let text = inline(text).replace('\\', "\\\\");
            ["|", "`", "*", "_", "<", "[", "@"]
                .iter()
                .fold(text, |text, sign| text.replace(sign, &format!("\\{sign}")))
        };
        let mut text = format!(
            "## {}\n\nFrom {} ({}) to {} ({}).\n",
            self.verdict(),
            plain(&self.before.name),
            plain(&self.before.started),
            plain(&self.after.name),
            plain(&self.after.started)
        );
        for (name, changes) in self.lists() {
            if changes.is_empty() {
                continue;
            }
            text.push_str(&format!(
                "\n### {name} ({})\n\n| before | after | check | subject | what |\n|---|---|---|---|---|\n",
                changes.len()
            ));
            for change in changes {
                let subject = change.subject.as_deref().unwrap_or("(the check)");
                let check = format!("{} @ {}", change.policy, change.target);
                text.push_str(&format!(
                    "| {} | {} | {} | {} | {} |\n",
                    word(change.before),
                    word(change.after),
                    plain(&check),
                    plain(subject),
                    plain(&said(change))
                ));
            }
        }
        text.push_str(&format!("\nUnchanged: {}.\n", self.unchanged()));
        let notes: String = self.notes().map(|note| format!("- {}\n", plain(&note))).collect();
        if notes.is_empty() { text } else { format!("{text}\n{notes}") }
    }

    /// For a program.
    pub fn json(&self) -> String {
        let run =
            |run: &RunView| json!({ "name": run.name, "started": run.started, "recording": run.replay });
        let list = |changes: &Vec<Change>| changes.iter().map(data).collect::<Vec<Json>>();
        let all = json!({
            "diff": VERSION,
            "before": run(self.before),
            "after": run(self.after),
            "worse": list(&self.diff.worse),
            "new": list(&self.diff.new),
            "gone": list(&self.diff.gone),
            "better": list(&self.diff.better),
            "unchanged": { "checks": self.diff.unchanged_checks, "findings": self.diff.unchanged_findings },
            "notes": self.notes().collect::<Vec<_>>(),
            "exit": self.exit,
            "exit_reason": self.verdict(),
        });
        format!("{all:#}\n")
    }
}

fn word(verdict: Option<Verdict>) -> &'static str {
    verdict.map_or("-", Verdict::word)
}

fn data(change: &Change) -> Json {
    json!({
        "policy": change.policy,
        "target": change.target,
        "subject": change.subject,
        "id": change.id,
        "before": change.before,
        "after": change.after,
        "severity": change.severity,
        "message": change.message,
        "worse": change.is_worse,
        "policy_changed": change.policy_changed,
    })
}

fn said(change: &Change) -> String {
    let policy = change.policy_changed.then_some("the policy was changed in between");
    let parts: Vec<&str> = change.message.as_deref().into_iter().chain(policy).collect();
    parts.join("; ")
}

fn entry(change: &Change) -> String {
    let step = format!("{} -> {}", word(change.before), word(change.after));
    let severity =
        change.severity.filter(|_| change.is_worse).map(|severity| format!(" ({})", severity.word()));
    let subject = change.subject.as_ref().map(|subject| format!(": {}", inline(subject)));
    let id = change.id.as_ref().map(|id| format!("  [{}]", inline(id)));
    let (policy, target) = (inline(&change.policy), inline(&change.target));
    let rest = [severity, subject, id].map(Option::unwrap_or_default);
    let said = said(change);
    let said = if said.is_empty() { String::new() } else { format!("      {}\n", inline(&said)) };
    format!("  {step:18}  {policy} @ {target}{}{}{}\n{said}", rest[1], rest[0], rest[2])
}
