//! SARIF 2.1.0, as code scanning takes it.

use serde_json::{Map, Value as Json, json};

use super::{Accepted, Grade, Looked, Place, Remark, uri};

/// The name under which our fingerprints stand; a changed way to make them is a new name.
const FINGERPRINT: &str = "muster/v1";

pub(super) fn render(looked: &Looked, remarks: &[&Remark]) -> String {
    let mut rules: Vec<(&str, &str)> =
        looked.rules.iter().map(|(id, title)| (id.as_str(), title.as_str())).collect();
    for remark in remarks {
        if !rules.iter().any(|(id, _)| *id == remark.rule) {
            rules.push((&remark.rule, &remark.title));
        }
    }
    let results: Vec<Json> = remarks.iter().map(|remark| result(looked, remark, &rules)).collect();
    let drawn: Vec<Json> = rules.iter().map(|(id, title)| rule(id, title)).collect();
    let sarif = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "muster", "semanticVersion": env!("CARGO_PKG_VERSION"), "version": env!("CARGO_PKG_VERSION"),
                "rules": drawn,
            } },
            "invocations": [{
                // Whatever was found: the tool did what it was asked to do.
                "executionSuccessful": true, "exitCode": looked.exit, "exitCodeDescription": looked.exit_reason,
            }],
            // Code scanning keeps the results of each category, and refuses two runs of one in an upload.
            "automationDetails": { "id": format!("muster/{}/", looked.command) },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { "SRCROOT": { "description": { "text": "the top of the repository" } } },
            "results": results,
            "properties": looked.properties,
        }],
    });
    format!("{}\n", super::super::json::ascii_controls(&format!("{sarif:#}")))
}

fn rule(id: &str, title: &str) -> Json {
    json!({
        "id": id,
        "shortDescription": { "text": if title.is_empty() { id } else { title } },
        "help": { "text": format!("muster explain {id}") },
    })
}

fn result(looked: &Looked, remark: &Remark, rules: &[(&str, &str)]) -> Json {
    let level = match remark.grade {
        Grade::Error => "error",
        Grade::Warning => "warning",
        Grade::Note => "note",
    };
    let text = if remark.help.is_empty() {
        remark.message.clone()
    } else {
        format!("{}\n{}", remark.message, remark.help)
    };
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), remark.rule.clone().into());
    if let Some(index) = rules.iter().position(|(id, _)| *id == remark.rule) {
        result.insert("ruleIndex".to_owned(), index.into());
    }
    result.insert("level".to_owned(), level.into());
    result.insert("message".to_owned(), json!({ "text": text }));
    result.insert("locations".to_owned(), json!([location(&remark.shown_at(looked))]));
    result.insert("partialFingerprints".to_owned(), json!({ FINGERPRINT: remark.fingerprint }));
    if let Some(Accepted { why, in_source }) = &remark.suppressed {
        let kind = if *in_source { "inSource" } else { "external" };
        result.insert(
            "suppressions".to_owned(),
            json!([{ "kind": kind, "status": "accepted", "justification": why }]),
        );
    }
    result.insert("properties".to_owned(), remark.properties.clone().into());
    result.into()
}

fn location(place: &Place) -> Json {
    let mut region = json!({ "startLine": place.line, "startColumn": place.column });
    if let (Some((line, column)), Json::Object(region)) = (place.end, &mut region) {
        region.insert("endLine".to_owned(), line.into());
        region.insert("endColumn".to_owned(), column.into());
    }
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&place.file), "uriBaseId": "SRCROOT" }, "region": region,
    } })
}
