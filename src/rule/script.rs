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
