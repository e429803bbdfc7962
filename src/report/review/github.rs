//! GitHub's workflow commands: one annotation a line. GitHub shows ten of each level a step, so that the worst
//! stand first, and the last line says how many there are.

use serde_json::Value as Json;

use super::{Grade, Looked, Remark};
use crate::report::{text, words};
use crate::verdict::Verdict;

/// So many checks that passed are named.
const LISTED: usize = 100;

pub(super) fn render(looked: &Looked, remarks: &[&Remark]) -> String {
    let mut out = String::new();
    for remark in remarks {
        let word = match remark.grade {
            Grade::Error if remark.suppressed.is_none() => "error",
            Grade::Warning if remark.suppressed.is_none() => "warning",
            _ => "notice",
        };
        let mut properties = Vec::new();
        if let Some(place) = &remark.place {
            properties.push(format!("file={}", property(&place.file)));
            properties.push(format!("line={}", place.line));
            properties.push(format!("col={}", place.column));
            if let Some((line, column)) = place.end {
                properties.push(format!("endLine={line}"));
                properties.push(format!("endColumn={column}"));
            }
        }
        let suppressed = remark
            .suppressed
            .as_ref()
            .map(|accepted| format!("\nwaived: {}", accepted.why))
            .unwrap_or_default();
        let id = remark.properties.get("id").and_then(Json::as_str);
        let id = id.map(|id| format!(" ({id})")).unwrap_or_default();
        properties.push(format!("title={}", property(&format!("{}{id}", remark.rule))));
        let help = if remark.help.is_empty() { String::new() } else { format!("\n{}", remark.help) };
        let said = message(&format!("{}{help}{suppressed}", remark.message));
        text::put(&mut out, format_args!("::{word} {}::{said}\n", properties.join(",")));
    }
    passed(looked, &mut out);
    let count =
        |grade| remarks.iter().filter(|remark| remark.grade == grade && remark.suppressed.is_none()).count();
    let (errors, warnings) = (count(Grade::Error), count(Grade::Warning));
    let rules = looked.rules.len();
    text::put(
        &mut out,
        format_args!(
            "muster: {rules} rules, {errors} errors, {warnings} warnings, exit {}: {}\n",
            looked.exit,
            text::inline(&looked.exit_reason)
        ),
    );
    out
}

/// What passed, so that a log without annotations is not like one of a run that looked at nothing.
fn passed(looked: &Looked, out: &mut String) {
    let checks = looked.properties.get("checks").and_then(Json::as_array);
    let of = |check: &Json| {
        let text = |key: &str| check.get(key).and_then(Json::as_str).map(text::inline);
        let passed = text("verdict").as_deref() == Some(Verdict::Pass.word());
        Some(format!("{} @ {}", text("policy")?, text("target")?)).filter(|_| passed)
    };
    let passed: Vec<String> = checks.into_iter().flatten().filter_map(of).collect();
    if !passed.is_empty() {
        let many = words::count(words::size(passed.len()), "check");
        text::put(out, format_args!("muster: {many} passed: {}\n", words::listed(&passed, LISTED)));
    }
}

/// A message: what would end the line is escaped.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property: what would end it is escaped too.
fn property(text: &str) -> String {
    message(&text::inline(text)).replace(':', "%3A").replace(',', "%2C")
}
