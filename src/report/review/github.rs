//! GitHub's workflow commands: one annotation a line. GitHub shows ten of each level a step, so that the worst
//! stand first, and the last line says how many there are.

use super::{Grade, Looked, Remark};
use crate::report::text;

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
        properties.push(format!("title={}", property(&remark.rule)));
        let help = if remark.help.is_empty() { String::new() } else { format!("\n{}", remark.help) };
        let said = message(&format!("{}{help}{suppressed}", remark.message));
        text::put(&mut out, format_args!("::{word} {}::{said}\n", properties.join(",")));
    }
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

/// A message: what would end the line is escaped.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property: what would end it is escaped too.
fn property(text: &str) -> String {
    message(&text::inline(text)).replace(':', "%3A").replace(',', "%2C")
}
