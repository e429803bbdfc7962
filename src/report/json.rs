//! Everything, as data: `{"report": 1, …}` and then the fields of [`RunReport`], keys in a stable order.

use serde_json::{Map, Value as Json, json};

use super::text;
use crate::verdict::RunReport;

/// Version of the JSON report. A field may be added within a version; a changed meaning is a new one.
pub const VERSION: u64 = 1;

pub(super) fn render(report: &RunReport) -> String {
    let drawn = draw(report).and_then(|json| serde_json::to_string_pretty(&json));
    let text = drawn.unwrap_or_else(|error| {
        // Without `exit` and `checks` nobody can take it for a report in which all is well.
        json!({ "report": VERSION, "error": format!("could not be written as JSON: {error}") }).to_string()
    });
    format!("{}\n", ascii_controls(&text))
}

fn draw(report: &RunReport) -> Result<Json, serde_json::Error> {
    let mut all = Map::new();
    all.insert("report".to_owned(), VERSION.into());
    if let Json::Object(fields) = serde_json::to_value(report)? {
        all.extend(fields);
    }
    Ok(Json::Object(all))
}

/// JSON lets C1 controls and bidirectional marks stand; shown on a terminal they would act. Outside strings
/// there are none, so that each can be written as its escape without changing the data.
pub(super) fn ascii_controls(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for char in json.chars() {
        if char == '\n' || !text::is_hostile(char) {
            out.push(char);
            continue;
        }
        for unit in char.encode_utf16(&mut [0; 2]) {
            text::put(&mut out, format_args!("\\u{unit:04x}"));
        }
    }
    out
}
