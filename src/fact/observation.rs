//! What was seen, when, and of whom.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Key, Missing, Table};

/// Who answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Host, address or path.
    #[serde(default)]
    pub host: Arc<str>,
    /// A stable identifier of the system (PostgreSQL's system identifier, a machine id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<Arc<str>>,
    /// The database of it that was looked at, where a system has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<Arc<str>>,
    /// Version of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Arc<str>>,
    /// The role that it says it has, where the type can verify it (`primary`, `replica`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Arc<str>>,
}

/// Why two answers are not of one system, and what to do.
pub type OtherSystem = (String, &'static str);

impl Identity {
    /// How this is another system than an earlier one. A system with a name of its own is known by it, wherever it stands,
    /// and by the database that was looked at; what has none is known by its place, as far as both say it: the host, the
    /// file. What says its name only once may be of any.
    pub fn unlike(&self, earlier: &Self) -> Option<OtherSystem> {
        let other = "compare with an answer of the same system; the next run has one";
        match (&self.system, &earlier.system) {
            (None, None) if self.host.is_empty() || earlier.host.is_empty() || self.host == earlier.host => {
                None
            }
            (None, None) => Some((
                format!("the earlier answer is of `{}`, and this is of `{}`", earlier.host, self.host),
                other,
            )),
            (Some(now), Some(then)) if now == then => self.other_database(earlier).map(|what| (what, other)),
            (Some(now), Some(then)) => {
                Some((format!("the earlier answer is of the system {then}, and this is {now}"), other))
            }
            (Some(now), None) => Some((
                format!(
                    "this is the system {now}, and the earlier answer does not say of which system it is"
                ),
                "compare with an answer that does; the next run has one",
            )),
            (None, Some(then)) => Some((
                format!(
                    "the earlier answer is of the system {then}, and this one does not say of which system it is"
                ),
                "see with `muster doctor` what the role may not read",
            )),
        }
    }

    fn other_database(&self, earlier: &Self) -> Option<String> {
        let (now, then) = (self.database.as_deref()?, earlier.database.as_deref()?);
        let other = !now.is_empty() && !then.is_empty() && now != then;
        other.then(|| format!("the earlier answer is of the database `{then}`, and this is of `{now}`"))
    }
}

/// The answer to one request, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The question.
    pub key: Key,
    /// The answer.
    pub result: Result<Table, Arc<Missing>>,
    /// When it was asked, by our clock.
    pub at: Timestamp,
    /// The target's own clock at that time.
    pub source_clock: Option<Timestamp>,
    /// How long it took.
    pub took: std::time::Duration,
    /// Who answered.
    pub identity: Identity,
}

impl Observation {
    /// An answer that never came.
    pub fn missing(key: Key, at: Timestamp, why: Missing) -> Self {
        let identity = Identity::default();
        let took = std::time::Duration::ZERO;
        Self { key, result: Err(Arc::new(why)), at, source_clock: None, took, identity }
    }

    /// The time against which ages are counted: the source's clock where it told it.
    pub fn now(&self) -> Timestamp {
        self.source_clock.unwrap_or(self.at)
    }
}
