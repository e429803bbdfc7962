//! The page as data.

use serde_json::{Map, Value as Json, json};

use super::super::json::{VERSION as REPORT, ascii_controls};
use super::GatePage;

/// Version of the JSON page. A field may be added within a version; a changed meaning is a new one.
pub const VERSION: u64 = 1;

pub(super) fn render(page: &GatePage) -> String {
    let drawn = draw(page).and_then(|json| serde_json::to_string_pretty(&json));
    let text = drawn.unwrap_or_else(|error| {
        // Without `exit` nobody can take it for a gate that is open.
        json!({ "gate": VERSION, "error": format!("could not be written as JSON: {error}") }).to_string()
    });
    format!("{}\n", ascii_controls(&text))
}

fn draw(page: &GatePage) -> Result<Json, serde_json::Error> {
    let mut all = Map::new();
    all.insert("gate".to_owned(), VERSION.into());
    all.insert("exit".to_owned(), page.report.exit.into());
    all.insert("exit_reason".to_owned(), page.report.exit_reason.clone().into());
    if let Json::Object(fields) = serde_json::to_value(page)? {
        all.extend(fields);
    }
    if let Some(report) = all.get_mut("report").and_then(Json::as_object_mut) {
        let fields = std::mem::take(report);
        report.insert("report".to_owned(), REPORT.into());
        report.extend(fields);
    }
    Ok(Json::Object(all))
}
