//! What a change of policies means, before any fact is known: which of them judge less, and which more.

use std::sync::Arc;

use super::{Operand, Verdict};

/// What a change does to judging; the first is what a reviewer must see first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The new version cannot be loaded, so that nothing of it is judged.
    Broken,
    /// Something that was found, or was told to somebody, is not any more.
    Looser,
    /// Which way it goes cannot be told from the files.
    NotComparable,
    /// Something more is found, or is told louder or sooner.
    Stricter,
    /// The rule was written anew and says the same.
    Same,
    /// No verdict depends on it: titles, messages, remedies.
    Text,
}

impl Direction {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 6] =
        [Self::Broken, Self::Looser, Self::NotComparable, Self::Stricter, Self::Same, Self::Text];

    /// The word of outputs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Looser => "looser",
            Self::NotComparable => "not comparable",
            Self::Stricter => "stricter",
            Self::Same => "same",
            Self::Text => "text",
        }
    }

    /// The two together: what is both looser and stricter is not comparable.
    pub fn of(looser: bool, stricter: bool) -> Self {
        match (looser, stricter) {
            (true, true) => Self::NotComparable,
            (true, false) => Self::Looser,
            (false, true) => Self::Stricter,
            (false, false) => Self::Same,
        }
    }
}

/// What a verdict counts for where two versions are compared: what is not judged, and what passes, is no finding.
pub fn judged_as(verdict: Option<Verdict>) -> Verdict {
    verdict.unwrap_or(Verdict::Pass)
}

/// Facts for which the two versions say different things.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Names of facts with values, as people read them.
    pub facts: Vec<(String, String)>,
    /// What the old version says.
    pub before: String,
    /// What the new version says.
    pub after: String,
}

/// One change of a policy or of the project.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyChange {
    /// Which way it goes.
    pub direction: Direction,
    /// What was changed, as a stable word: `rule`, `tier`, `waiver`.
    pub kind: &'static str,
    /// The policy; `None` if the project itself was changed.
    pub policy: Option<Arc<str>>,
    /// The targets at which it is so, if it is not about the policy itself.
    pub targets: Vec<Arc<str>>,
    /// The environments that those belong to.
    pub environments: Vec<Arc<str>>,
    /// The pattern of subjects, if an override is for some only.
    pub subjects: Option<Arc<str>>,
    /// In one sentence.
    pub what: String,
    /// File, line and column: of the new version, or of the old one if it is gone there.
    pub at: String,
    /// Does `at` stand in the old version?
    pub gone: bool,
    /// Facts that show it, what is looser first.
    pub examples: Vec<Example>,
    /// What to do.
    pub help: Option<String>,
}

/// A verdict that is another one under the new version, on the same facts.
#[derive(Clone, Debug, PartialEq)]
pub struct VerdictChange {
    /// Which way it goes.
    pub direction: Direction,
    /// Which recording.
    pub recording: String,
    /// The policy, under its new name.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// The subject; the target's name if it is the subject.
    pub subject: Arc<str>,
    /// As the old version judges; `None` if it does not.
    pub before: Option<Verdict>,
    /// As the new version judges; `None` if it does not.
    pub after: Option<Verdict>,
    /// What the old version says.
    pub said_before: Option<String>,
    /// What the new version says.
    pub said_after: Option<String>,
    /// What the rules read: those of the new version, then those of the old one that it does not read.
    pub operands: Vec<Operand>,
    /// The rule of the new version, or of the old one, as written.
    pub rule: Arc<str>,
    /// Where it stands.
    pub at: String,
}

/// What was judged on one recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The recording.
    pub recording: String,
    /// When it was made, RFC 3339 UTC.
    pub started: String,
    /// Subjects that both versions judge alike.
    pub unchanged: u64,
    /// Subjects of which neither version can say anything, because the recording does not answer what they ask.
    pub unanswered: u64,
}

/// Everything that a change of policies means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Impact {
    /// How the old version was named.
    pub old: String,
    /// How the new version was named.
    pub new: String,
    /// The changes, what must be seen first at the top.
    pub changes: Vec<PolicyChange>,
    /// Verdicts that change, what got looser first.
    pub verdicts: Vec<VerdictChange>,
    /// Recordings that both were judged on.
    pub replayed: Vec<Replayed>,
    /// Checks of the new version that were compared.
    pub compared: u64,
    /// Those of them in which nothing changes a verdict.
    pub unchanged: u64,
    /// What else a reader must know.
    pub notes: Vec<String>,
}

impl Impact {
    /// How many changes, those of verdicts too, go that way.
    pub fn count(&self, direction: Direction) -> usize {
        let changes = self.changes.iter().filter(|change| change.direction == direction).count();
        changes + self.verdicts.iter().filter(|change| change.direction == direction).count()
    }

    /// How many policies, targets or environments are gone or have another name.
    pub fn removed(&self) -> usize {
        self.changes.iter().filter(|change| matches!(change.kind, "removed" | "renamed")).count()
    }
}
