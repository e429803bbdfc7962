//! `--fix`: writes what can be mended, or shows it as a diff.

use std::path::Path;

use similar::TextDiff;

use crate::diag::Diag;
use crate::lint::mend::{Mended, mend};
use crate::source::yaml;

use super::super::output::{self, Problem, note, say};
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
        write(file)?;
    }
    let settled: usize = mended.iter().map(|file| file.settled).sum();
    if settled > 0 {
        note(&format!("{settled} mended in {} files", mended.len()));
    }
    Ok(settled > 0)
}

fn write(file: &Mended) -> Result<(), Problem> {
    let path = Path::new(&*file.old.name);
    // An editor may have saved the file meanwhile.
    let now = yaml::read_file(path, &yaml::Limits::default())?;
    if now.text != file.old.text {
        let message = format!("`{}` was changed while it was looked at", path.display());
        return Err(Problem::usage(message, "nothing was written there; call it again"));
    }
    output::write_file(path, &file.new)
}

/// A unified diff that `patch -p1` takes.
pub(in crate::cli) fn diff(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let name = name.trim_start_matches('/');
    let diff = TextDiff::from_lines(old, new);
    diff.unified_diff().context_radius(3).header(&format!("a/{name}"), &format!("b/{name}")).to_string()
}
