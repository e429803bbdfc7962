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
