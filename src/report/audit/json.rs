//! The model as data.

use serde_json::json;

use super::super::json::ascii_controls;
use crate::audit::Audit;

/// Version of the JSON. A field may be added within a version; a changed meaning is a new one.
pub const VERSION: u32 = 1;

pub(super) fn render(audit: &Audit) -> String {
    let text = serde_json::to_string_pretty(audit).unwrap_or_else(|error| {
        // Without `population` nobody can take it for an audit in which all is well.
        json!({ "audit": VERSION, "error": format!("could not be written as JSON: {error}") }).to_string()
    });
    format!("{}\n", ascii_controls(&text))
}
