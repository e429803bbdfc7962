//! `--fix`: writes what can be mended, or shows it as a diff.

use similar::TextDiff;

use crate::diag::Diag;
use crate::lint::mend::mend;

use super::super::output::{self, Problem, note, say};
use super::super::places::Seen;
use super::found::Found;

/// Mends. Was a file written?
pub(super) fn fix(found: &Found, dry_run: bool) -> Result<bool, Problem> {
    let diags: Vec<&Diag> = found.diags.iter().collect();
    let (mended, refused) = mend(&diags, found.names.as_ref());
    refused.iter().for_each(|why| note(why));
    if dry_run {
        let drawn = mended.iter().map(|file| diff(&file.old.name, &file.old.text, &file.new));
        say(&drawn.collect::<String>())?;
        return Ok(false);
    }
    for file in &mended {
        output::write_over(&file.old, &file.new)?;
    }
    let settled: usize = mended.iter().map(|file| file.settled).sum();
    if settled > 0 {
        note(&format!("{settled} mended in {} files", mended.len()));
    }
    Ok(settled > 0)
}

/// The name by which `patch` and `git apply` find the file: as seen from here, or else from the top of the repository.
fn patched(name: &str) -> String {
    let Ok(seen) = Seen::of(None) else { return name.trim_start_matches('/').to_owned() };
    let inside = seen.report.name(name);
    let name = if inside.starts_with("..") { seen.as_named_here().name(name) } else { inside };
    name.trim_start_matches("../").trim_start_matches('/').to_owned()
}

/// A unified diff that `patch -p1` takes.
pub(in crate::cli) fn diff(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let name = patched(name);
    let diff = TextDiff::from_lines(old, new);
    diff.unified_diff().context_radius(3).header(&format!("a/{name}"), &format!("b/{name}")).to_string()
}
