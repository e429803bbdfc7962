//! Why there is no value.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The closed list of causes of `unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Nothing answered at the address.
    Unreachable,
    /// The answer did not come before the deadline.
    Timeout,
    /// The role may not see it.
    Denied,
    /// The version, the platform or this build does not have it.
    Unsupported,
    /// The answer was not what the protocol says.
    Malformed,
    /// Nothing was found where something had to be.
    Empty,
    /// It was not there, or not recorded.
    Absent,
    /// More than one thing has this name.
    Ambiguous,
    /// The answer was cut.
    Incomplete,
    /// The identity contradicts what the project file says.
    WrongTarget,
    /// The value has another type than declared.
    WrongType,
    /// Division by zero, overflow, not a number.
    Undecidable,
    /// Older than the policy accepts.
    Stale,
    /// An estimate whose inputs are bad, or one where the policy wants an exact value.
    Quality,
    /// Too little is remembered.
    NoHistory,
    /// Clocks disagree.
    Clock,
    /// A limit of size or number was reached.
    Limit,
    /// The recording does not tell this text.
    Masked,
    /// The run was ended by the user.
    Cancelled,
    /// A script did not give a verdict.
    Script,
    /// A fault of muster itself.
    Internal,
}

impl Cause {
    /// All causes.
    pub const ALL: &'static [Self] = &[
        Self::Unreachable,
        Self::Timeout,
        Self::Denied,
        Self::Unsupported,
        Self::Malformed,
        Self::Empty,
        Self::Absent,
        Self::Ambiguous,
        Self::Incomplete,
        Self::WrongTarget,
        Self::WrongType,
        Self::Undecidable,
        Self::Stale,
        Self::Quality,
        Self::NoHistory,
        Self::Clock,
        Self::Limit,
        Self::Masked,
        Self::Cancelled,
        Self::Script,
        Self::Internal,
    ];

    /// The word that outputs, cases and waivers use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Denied => "denied",
            Self::Unsupported => "unsupported",
            Self::Malformed => "malformed",
            Self::Empty => "empty",
            Self::Absent => "absent",
            Self::Ambiguous => "ambiguous",
            Self::Incomplete => "incomplete",
            Self::WrongTarget => "wrong-target",
            Self::WrongType => "wrong-type",
            Self::Undecidable => "undecidable",
            Self::Stale => "stale",
            Self::Quality => "quality",
            Self::NoHistory => "no-history",
            Self::Clock => "clock",
            Self::Limit => "limit",
            Self::Masked => "masked",
            Self::Cancelled => "cancelled",
            Self::Script => "script",
            Self::Internal => "internal",
        }
    }

    /// The cause of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.word() == word)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// How much one fault hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Everything about the target.
    Target,
    /// This one answer.
    Probe,
    /// This fact of every row.
    Field,
    /// This fact of this row.
    Row,
}

/// One fault, shared by everything that it hides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Missing {
    /// Which kind of fault.
    pub cause: Cause,
    /// How far it reaches.
    pub level: Level,
    /// What happened, for a person; never a secret.
    pub what: String,
    /// What would make it readable: an exact grant, a setting, a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Missing {
    /// A fault of one answer.
    pub fn new(cause: Cause, what: impl Into<String>) -> Self {
        Self { cause, level: Level::Probe, what: what.into(), fix: None }
    }

    /// The same, reaching as far as said.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// The same, with what would mend it.
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// As a cell.
    pub fn cell(self) -> super::Cell {
        Err(Arc::new(self))
    }
}

/// In the words of psql: what is behind it is for another database.
const CONNECT: &str = "\\connect ";
/// Where the name of that database ends.
const THERE: &str = " \\\\ ";

/// Statements for one of several databases, its name quoted where SQL needs it, as psql takes them.
pub fn in_database(database: &str, statements: &str) -> String {
    format!("{CONNECT}{database}{THERE}{statements}")
}

/// The database that statements name so, and the statements.
pub fn database_of(statements: &str) -> (Option<&str>, &str) {
    let there = statements.strip_prefix(CONNECT).and_then(|rest| rest.split_once(THERE));
    there.map_or((None, statements), |(database, statements)| (Some(database), statements))
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.cause, self.what)
    }
}
