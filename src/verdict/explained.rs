//! How a verdict came about, as a tree.

use serde::{Deserialize, Serialize};

use super::Origin;

/// One step of a decision, or one part of a condition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Which kind of step: `observe`, `where`, `let`, `fail`, `compare`, `value`, `for`, `waiver` …
    pub step: String,
    /// As the policy writes it, or what was done.
    pub text: String,
    /// What came of it: `true`, `false`, `unknown: denied: …`, a value with its unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Where a value comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// File, line and column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Reason>,
}

impl Reason {
    /// A step with what came of it.
    pub fn new(step: &str, text: impl Into<String>, said: impl Into<String>) -> Self {
        Self { step: step.to_owned(), text: text.into(), said: Some(said.into()), ..Self::default() }
    }

    /// The same, with its place.
    pub fn at(mut self, at: impl Into<String>) -> Self {
        self.at = Some(at.into());
        self
    }

    /// The same, made of these.
    pub fn of(mut self, parts: Vec<Self>) -> Self {
        self.parts = parts;
        self
    }
}
