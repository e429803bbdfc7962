//! Diagnostics as remarks for reviewers of a change.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Map;
use sha2::{Digest as _, Sha256};

use crate::diag::{Diag, Level};
use crate::report::Review;
use crate::report::review::{Grade, Looked, Place, Remark, render};
use crate::source::Loc;

/// What lint found, in a format for reviewers.
pub(super) fn drawn(diags: &[Diag], policies: usize, exit: u8, format: Review, here: &Path) -> String {
    let mut seen = HashMap::new();
    let remarks: Vec<Remark> = diags.iter().map(|diag| remark(diag, here, &mut seen)).collect();
    let mut properties = Map::new();
    properties.insert("policies".to_owned(), policies.into());
    let errors = diags.iter().filter(|diag| diag.level == Level::Error).count();
    let exit_reason = format!("{policies} policies, {errors} errors, {} warnings", diags.len() - errors);
    render(&Looked { rules: Vec::new(), properties, exit, exit_reason }, &remarks, format)
}

fn remark(diag: &Diag, here: &Path, seen: &mut HashMap<String, usize>) -> Remark {
    let main = diag.labels.first();
    let print = fingerprint(diag, main.map(|label| &label.loc));
    let again = seen.entry(print.clone()).and_modify(|many| *many += 1).or_insert(0);
    // The same line twice, each with the same mistake: the second is another remark.
    let fingerprint = if *again == 0 { print } else { format!("{print}-{again}") };
    let mut help: Vec<String> = Vec::new();
    if let Some(label) = main.filter(|label| !label.text.is_empty()) {
        help.push(format!("here: {}", label.text));
    }
    help.extend(diag.help.clone());
    help.extend(diag.labels.iter().skip(1).map(|label| format!("see {}: {}", label.loc, label.text)));
    Remark {
        rule: diag.code.id.to_owned(),
        title: diag.code.explain.to_owned(),
        grade: match diag.level {
            Level::Error => Grade::Error,
            Level::Warning => Grade::Warning,
        },
        message: diag.message.clone(),
        help: help.join("\n"),
        place: main.map(|label| place(&label.loc, here)),
        fingerprint,
        suppressed: None,
        properties: Map::new(),
    }
}

fn place(loc: &Loc, here: &Path) -> Place {
    let (line, column) = loc.line_column();
    let (start, end) = (loc.start as usize, loc.end as usize);
    // One character at least, so that there is something to underline.
    let behind = loc.with(end.max(start), end.max(start)).line_column();
    let end = if behind == (line, column) { None } else { Some(behind) };
    let file = loc.source.name.strip_prefix("builtin:").map(|inside| format!("builtin/{inside}"));
    // A project file that was found is named by its whole path, which nobody else has.
    let name = Path::new(&*loc.source.name);
    let inside = || name.strip_prefix(here).unwrap_or(name).display().to_string();
    Place { file: file.unwrap_or_else(inside), line, column, end }
}

/// Made of what is wrong and the text of its line, so that lines before it may come and go.
fn fingerprint(diag: &Diag, loc: Option<&Loc>) -> String {
    let mut hash = Sha256::new();
    hash.update(diag.code.id);
    if let Some(loc) = loc {
        let (line, _) = loc.line_column();
        let text = loc.source.text.lines().nth(line - 1).unwrap_or_default();
        hash.update([0]);
        hash.update(loc.source.name.as_bytes());
        hash.update([0]);
        hash.update(text.trim().as_bytes());
    } else {
        hash.update(diag.message.as_bytes());
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
