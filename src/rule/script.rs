//! Scripts: for what a threshold cannot say.

use std::sync::Arc;

/// A checked script.
#[derive(Debug)]
pub struct Script {
    /// Its text.
    pub text: Arc<str>,
    /// Facts that it reads of the row.
    pub reads: Vec<Arc<str>>,
}

impl Script {
    /// Checks.
    pub fn check(
        source: &Arc<crate::source::Source>,
        _inline: Option<&crate::source::yaml::Node>,
        _env: &super::Env,
    ) -> Result<Self, Vec<crate::diag::Diag>> {
        Ok(Self { text: Arc::clone(&source.text), reads: Vec::new() })
    }
}

/// What a script says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptVerdict {
    /// Fine.
    Pass,
    /// Nearly.
    Warn(String),
    /// Not.
    Fail(String),
}

/// What a script reads.
#[expect(missing_docs, reason = "stub")]
pub struct ScriptInput<'a> {
    pub schema: &'a Arc<crate::fact::Schema>,
    pub row: &'a [crate::fact::Cell],
    pub rows: &'a [Box<[crate::fact::Cell]>],
    pub params: &'a [(Arc<str>, crate::fact::Value, crate::fact::Type)],
    pub target_name: &'a str,
    pub target_kind: &'a str,
    pub labels: &'a std::collections::BTreeMap<Arc<str>, Arc<str>>,
    pub now: i64,
    pub deadline: std::time::Duration,
}

impl Script {
    /// Judges.
    pub fn judge(&self, _input: &ScriptInput<'_>) -> Result<ScriptVerdict, Arc<crate::fact::Missing>> {
        Ok(ScriptVerdict::Pass)
    }
}
