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
