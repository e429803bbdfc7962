//! The past of questions, as data: recalled before observing, handed to the judge, and kept in recordings, so
//! that judging needs no store and a replay gives the same answer.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Identity, Key, Observation, Value};

/// With which earlier answer an observation is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Before {
    /// The last run that judged this check and answered the question. A policy does not name a check, and recordings
    /// of earlier versions did not: without one, it is the last run that answered, whoever asked.
    Previous(Option<Whose>),
    /// A recording in a file; the path as the policy writes it, relative to the project.
    Recording(Arc<str>),
    /// The snapshot of a gate.
    Gate,
}

/// A check: a policy at a target. What one has seen, another one has not judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Whose {
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
}

impl Before {
    /// As a recording writes it.
    pub fn word(&self) -> String {
        match self {
            Self::Previous(_) => "previous".to_owned(),
            Self::Gate => "gate".to_owned(),
            Self::Recording(path) => format!("recording:{path}"),
        }
    }

    /// What a recording wrote.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "previous" => Some(Self::Previous(None)),
            "gate" => Some(Self::Gate),
            other => other.strip_prefix("recording:").map(|path| Self::Recording(Arc::from(path))),
        }
    }
}

/// What is wanted of the past of a question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PastRequest {
    /// Its answer as it was.
    Before(Before, Key),
    /// Samples of some facts, as far back as the window of microseconds reaches.
    History(Key, i64, Vec<Arc<str>>),
}

/// Everything that was recalled.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// Earlier answers. One that is not there was not found; one that is `Err` could not be read then.
    pub before: BTreeMap<(Before, Key), Arc<Observation>>,
    /// Samples by question.
    pub history: BTreeMap<Key, Arc<History>>,
    /// How earlier runs judged, for alerts that must have held for a time.
    pub recall: Recall,
}

impl Past {
    /// The earlier answer with which a check compares. Recordings of earlier versions do not say whose it is.
    pub fn earlier(&self, source: &Before, key: &Key, whose: Whose) -> Option<&Arc<Observation>> {
        let of = |source: Before| self.before.get(&(source, key.clone()));
        match source {
            Before::Previous(_) => of(Before::Previous(Some(whose))).or_else(|| of(Before::Previous(None))),
            other => of(other.clone()),
        }
    }

    /// A policy that is called otherwise now compares with what it saw under the other name.
    pub fn rename(&mut self, one: &Arc<str>, other: &Arc<str>) {
        let called = |id: &Arc<str>| [(one, other), (other, one)].into_iter().find(|(from, _)| *from == id);
        let more = self.before.iter().filter_map(|((source, key), answer)| {
            let Before::Previous(Some(whose)) = source else { return None };
            let (_, to) = called(&whose.policy)?;
            let whose = Whose { policy: Arc::clone(to), target: Arc::clone(&whose.target) };
            Some(((Before::Previous(Some(whose)), key.clone()), Arc::clone(answer)))
        });
        for (place, answer) in more.collect::<Vec<_>>() {
            self.before.entry(place).or_insert(answer);
        }
    }

    /// Does a gate compare with it? Policies that compare with a snapshot are judged with it only.
    pub fn is_of_a_gate(&self) -> bool {
        self.before.keys().any(|(with, _)| *with == Before::Gate)
    }
}

/// How earlier runs judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recall {
    /// Times at which each check (policy, target) was judged, ascending. A run in which the check was skipped,
    /// or could not be judged as a whole, is not among them: it says nothing.
    pub judged: BTreeMap<(Arc<str>, Arc<str>), Vec<Timestamp>>,
    /// For each finding id: times at which its rule held, ascending.
    pub held: BTreeMap<Arc<str>, Vec<Timestamp>>,
    /// For each finding id: times at which this subject alone could not be judged, ascending. Such a time is no
    /// sample of it, although its check was judged then.
    pub unread: BTreeMap<Arc<str>, Vec<Timestamp>>,
}

/// What was seen of the subjects of one question over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Names of the facts that were recalled.
    pub facts: Vec<Arc<str>>,
    /// For each subject (the row's name; the target's name where rows have no key) one track per fact.
    pub subjects: HashMap<Arc<str>, Vec<Track>>,
    /// The system that the samples are of; `None` if that was not noted.
    pub of: Option<Identity>,
    /// How many answers are left out because another system gave them, after which the samples begin anew.
    pub left_out: usize,
}

/// Samples of one fact of one subject, ascending in time. A time at which it could not be read is no sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    /// When, in microseconds since 1970, by the clock that ages are counted against.
    pub at: Vec<i64>,
    /// What was seen; null where the source had no value.
    pub values: Vec<Value>,
}

impl History {
    /// The samples of a fact of a subject.
    pub fn track(&self, subject: &str, fact: &str) -> Option<&Track> {
        let index = self.facts.iter().position(|name| **name == *fact)?;
        self.subjects.get(subject)?.get(index)
    }
}
