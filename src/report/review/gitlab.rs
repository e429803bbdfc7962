//! GitLab's code quality report. It has no place for what stands in no file, which is put at the top of the
//! project file, because a remark that is not shown is one that nobody gets.

use serde_json::{Value as Json, json};

use super::{Grade, Looked, Remark};

pub(super) fn render(looked: &Looked, remarks: &[&Remark]) -> String {
    let list: Vec<Json> = remarks
        .iter()
        .filter(|remark| remark.suppressed.is_none())
        .map(|remark| issue(looked, remark))
        .collect();
    format!("{}\n", super::super::json::ascii_controls(&format!("{:#}", Json::from(list))))
}

fn issue(looked: &Looked, remark: &Remark) -> Json {
    let severity = match (remark.grade, remark.properties.get("severity").and_then(Json::as_str)) {
        (Grade::Error, Some("critical")) => "blocker",
        (Grade::Error, Some("low" | "medium")) => "major",
        (Grade::Error, _) => "critical",
        (Grade::Warning, _) => "minor",
        (Grade::Note, _) => "info",
    };
    let place = remark.shown_at(looked);
    let help = if remark.help.is_empty() { String::new() } else { format!("\n{}", remark.help) };
    json!({
        "description": format!("{}{help}", remark.message),
        "check_name": remark.rule,
        "fingerprint": remark.fingerprint,
        "severity": severity,
        "location": { "path": place.file.strip_prefix("./").unwrap_or(&place.file), "lines": { "begin": place.line } },
    })
}
