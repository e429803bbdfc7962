//! The frozen model of what was allowed, and of what it hid.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fact::Pattern;
use crate::verdict::{Finding, WaiverNote};

/// What kind of exception it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words say it")]
pub enum ExceptionKind {
    Waiver,
    Override,
    Suppression,
    Scratch,
}

impl ExceptionKind {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiver => "waiver",
            Self::Override => "loosened override",
            Self::Suppression => "suppressed lint",
            Self::Scratch => "leaves something behind",
        }
    }
}

/// An exception as a project file, or a policy, says it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Allowed {
    /// What kind.
    pub kind: ExceptionKind,
    /// Of which policy.
    pub policy: Arc<str>,
    /// At which targets and subjects, as written; empty for all.
    pub scope: String,
    /// What exactly.
    pub what: String,
    /// Who answers for it; empty if nobody said.
    pub owner: Arc<str>,
    /// Why; empty if nobody said.
    pub reason: String,
    /// Where it is discussed; empty if nowhere.
    pub ticket: String,
    /// The last day; empty if it has none.
    pub expires: String,
}

impl Allowed {
    /// Is it the waiver that covers this finding?
    pub fn covers(&self, finding: &Finding) -> bool {
        finding.waiver.as_ref().is_some_and(|note| self.is_of(note)) && self.scope().holds(finding)
    }

    /// Which findings it names. Two waivers may have one ticket.
    pub fn scope(&self) -> Scope {
        let (target, subject) = match self.scope.strip_prefix("target ") {
            Some(rest) => {
                rest.split_once(", subject ").map_or((Some(rest), None), |(t, s)| (Some(t), Some(s)))
            }
            None => (None, self.scope.strip_prefix("subject ")),
        };
        let named = |pattern: Option<&str>| pattern.filter(|pattern| *pattern != "*").map(Pattern::or_name);
        Scope { policy: named(Some(&self.policy)), target: named(target), subject: named(subject) }
    }

    /// Is it the waiver of this note? That has the ticket, the owner and the reason.
    pub fn is_of(&self, note: &WaiverNote) -> bool {
        let is_its = note.ticket == self.ticket && *note.owner == *self.owner && note.reason == self.reason;
        self.kind == ExceptionKind::Waiver && is_its
    }
}

/// Which findings a waiver names; none of a part is all of them.
#[derive(Debug)]
pub struct Scope {
    policy: Option<Pattern>,
    target: Option<Pattern>,
    subject: Option<Pattern>,
}

impl Scope {
    /// Does it name this one?
    pub fn holds(&self, finding: &Finding) -> bool {
        let fits =
            |named: &Option<Pattern>, name: &str| named.as_ref().is_none_or(|named| named.matches(name));
        fits(&self.policy, &finding.policy)
            && fits(&self.target, &finding.target)
            && fits(&self.subject, &finding.subject.shown)
    }
}

/// Something that was allowed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exception {
    /// What is allowed.
    #[serde(flatten)]
    pub allowed: Allowed,
    /// The first run of the period with it.
    pub from: Timestamp,
    /// The last run of the period with it.
    pub to: Timestamp,
    /// Is it still there?
    pub open: bool,
    /// Findings that it hid, by id.
    pub hid: Vec<Arc<str>>,
    /// Judgements that it hid.
    pub hidden: u64,
    /// How what it hid moved, the worst first.
    pub beneath: Vec<Beneath>,
    /// What of it got worse, in words.
    pub worse: Vec<String>,
}

/// How something stood that a waiver hid, when it was hidden first in the period and at the last judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beneath {
    /// Id of the finding.
    pub finding: Arc<str>,
    /// What it is about.
    pub subject: Arc<str>,
    /// What the rule compared, as it writes it; empty if no number is known.
    pub what: Arc<str>,
    /// When it was hidden first.
    pub first: Option<Timestamp>,
    /// The last judgement.
    pub last: Option<Timestamp>,
    /// The number at first.
    pub before: Option<Figure>,
    /// The number at the last judgement.
    pub after: Option<Figure>,
    /// Where it went.
    pub moved: Moved,
    /// It did not fail at first, and fails at the last judgement.
    pub fails_now: bool,
    /// It failed neither at first nor at the last judgement, and did between them, while it was hidden.
    pub failed_between: bool,
    /// Why a number is missing; empty if none is.
    pub why: String,
}

/// A number and its limit, with their units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// The number.
    pub value: String,
    /// What it was held against.
    pub limit: String,
}

/// Where something went that a waiver hid, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moved {
    /// Further beyond its limit, or to a worse rung.
    Worse,
    /// It could not be read at the last judgement.
    Unread,
    /// It cannot be told.
    Untold,
    /// Where it was.
    Unchanged,
    /// Nearer to its limit, or to a better rung.
    Better,
    /// It was not there any more at the last judgement.
    Gone,
}

impl Moved {
    /// All of them, the worst first.
    pub const ALL: [Self; 6] =
        [Self::Worse, Self::Unread, Self::Untold, Self::Unchanged, Self::Better, Self::Gone];

    /// The word, as it is written in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Unread => "unread",
            Self::Untold => "untold",
            Self::Unchanged => "unchanged",
            Self::Better => "better",
            Self::Gone => "gone",
        }
    }

    /// For a person.
    pub fn said(self) -> &'static str {
        match self {
            Self::Unread => "could not be read at the last judgement",
            Self::Untold => "better or worse cannot be told",
            Self::Gone => "gone at the last judgement",
            one => one.word(),
        }
    }
}

impl Beneath {
    /// Did it get worse?
    pub fn is_worse(&self) -> bool {
        self.moved == Moved::Worse || self.fails_now || self.failed_between
    }

    /// In words: `uploads: used 12 % → 31 % (limit 10 %), worse`.
    pub fn said(&self) -> String {
        let numbers = match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                let limit = if before.limit == after.limit {
                    after.limit.clone()
                } else {
                    format!("{} → {}", before.limit, after.limit)
                };
                format!("{} {} → {} (limit {limit}), ", self.what, before.value, after.value)
            }
            (Some(before), None) => {
                format!("{} {} (limit {}) at first, ", self.what, before.value, before.limit)
            }
            (None, Some(after)) => {
                format!("{} {} (limit {}) at the last judgement, ", self.what, after.value, after.limit)
            }
            (None, None) => String::new(),
        };
        let fails = match (self.fails_now, self.failed_between) {
            (true, _) => "; it was near its limit, and fails now",
            (_, true) => "; it failed in between",
            _ => "",
        };
        let why =
            if self.why.is_empty() { String::new() } else { format!(" (without a number: {})", self.why) };
        format!("{}: {numbers}{}{fails}{why}", self.subject, self.moved.said())
    }
}
