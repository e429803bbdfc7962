//! Diagnostics as remarks for reviewers of a change.

use serde_json::Map;

use crate::diag::{Diag, Label, Level};
use crate::lint::{Base, fingerprints};
use crate::report::Review;
use crate::report::review::{Accepted, Grade, Looked, Place, Remark, render};
use crate::source::Loc;

use super::super::places::named;
use super::found::Found;

/// What lint found, in a format for reviewers.
pub(super) fn drawn(found: &Found, exit: u8, format: Review) -> String {
    let Found { diags, allowed, policies, base, seen, .. } = found;
    let top = seen.as_named_here();
    let prints = fingerprints(diags.iter().chain(allowed.iter().map(|(diag, _)| diag)), base);
    let reasons = diags.iter().map(|diag| (diag, None));
    let all = reasons.chain(allowed.iter().map(|(diag, reason)| {
        let accepted = Accepted { why: reason.to_string(), in_source: true };
        (diag, Some(accepted))
    }));
    let remarks: Vec<Remark> = all
        .zip(prints)
        .map(|((diag, suppressed), print)| Remark { suppressed, ..remark(diag, &top, print) })
        .collect();
    let mut properties = Map::new();
    properties.insert("policies".to_owned(), (*policies).into());
    let errors = diags.iter().filter(|diag| diag.level == Level::Error).count();
    let exit_reason = format!("{policies} policies, {errors} errors, {} warnings", diags.len() - errors);
    let (rules, home) = (Vec::new(), seen.project());
    render(&Looked { rules, properties, exit, exit_reason, command: "lint", home }, &remarks, format)
}

fn remark(diag: &Diag, top: &Base, fingerprint: String) -> Remark {
    let main = diag.labels.first();
    let mut help: Vec<String> = Vec::new();
    if let Some(label) = main.filter(|label| !label.text.is_empty()) {
        help.push(format!("here: {}", label.text));
    }
    help.extend(diag.help.clone());
    let see = |label: &Label| format!("see {}: {}", named(&label.loc.to_string(), top), label.text);
    help.extend(diag.labels.iter().skip(1).map(see));
    Remark {
        rule: diag.code.id.to_owned(),
        title: diag.code.explain.to_owned(),
        grade: match diag.level {
            Level::Error => Grade::Error,
            Level::Warning => Grade::Warning,
        },
        message: diag.message.clone(),
        help: help.join("\n"),
        place: main.map(|label| place(&label.loc, top)),
        fingerprint,
        suppressed: None,
        properties: Map::new(),
    }
}

fn place(loc: &Loc, top: &Base) -> Place {
    let (line, column) = loc.line_column();
    let (start, end) = (loc.start as usize, loc.end as usize);
    // One character at least, so that there is something to underline.
    let behind = loc.with(end.max(start), end.max(start)).line_column();
    let end = if behind == (line, column) { None } else { Some(behind) };
    let file = loc.source.name.strip_prefix("builtin:").map(|inside| format!("builtin/{inside}"));
    Place { file: file.unwrap_or_else(|| top.name(&loc.source.name)), line, column, end }
}
