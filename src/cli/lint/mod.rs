//! `muster lint`: what is wrong in policies and project, without asking any target.

mod fix;
mod found;
mod review;

use std::path::PathBuf;

use clap::Args;

use crate::diag::{Diag, Level, render_json};
use crate::report::Format;

use super::exit;
use super::output::{self, Done, Problem, Wanted, say};
use super::setup::Sources;
pub(super) use fix::diff;
use found::{Found, find};

/// Finds mistakes in policies and project without asking any target
#[derive(Args)]
#[command(after_help = "Examples:
  muster lint                            the policies of the muster.yaml here, and the file itself
  muster lint policies/disk.yaml         one file
  muster lint --fix --dry-run            what could be mended, as a diff
  muster lint --baseline lint.json --write-baseline
                                         from now on only what is new is shown with `--baseline lint.json`
  muster lint --format json
  muster lint --format human --format sarif=lint.sarif

Levels of lints and rules of the house stand in muster.yaml under `lints:`. A comment at its place allows a finding:
`# muster: allow slow-page -- why it is fine here`. `muster list lints` shows all lints, `muster explain LINT` one.

Exit codes: 0 nothing or only warnings, 2 errors")]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: Sources,
    /// `human`, `json`, `sarif`, `github` or `gitlab`; `sarif=FILE` writes to a file; may be given several times
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = wanted)]
    format: Vec<Wanted>,
    /// Show only what is not in this file; what does not load is always shown
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what is found to the file of `--baseline`
    #[arg(long, requires = "baseline", conflicts_with = "fix")]
    write_baseline: bool,
    /// Mend what can be mended without judging anything otherwise
    #[arg(long)]
    fix: bool,
    /// With `--fix`: show the changes as a diff and write nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
}

/// Reads `--format`: those of `check` that have a place for mistakes.
fn wanted(text: &str) -> Result<Wanted, String> {
    match output::wanted(text)? {
        Wanted {
            format: format @ (Format::Html | Format::Markdown | Format::Table | Format::Junit), ..
        } => {
            let word = format.word();
            Err(format!("lint has no `{word}`; formats are human, json, sarif, github, gitlab"))
        }
        wanted => Ok(wanted),
    }
}

pub(super) fn run(arguments: &Arguments) -> Done {
    output::one_output(&arguments.format)?;
    let found = match fixed(arguments) {
        Ok(found) => found,
        // What cannot be read at all is a remark too, where somebody waits for remarks.
        Err(problem) => {
            let reviewed = |wanted: &&Wanted| matches!(wanted.format, Format::Review(_));
            let nothing = Found::only(problem.diags.clone(), None)?;
            for wanted in arguments.format.iter().filter(reviewed) {
                publish(wanted, &nothing, exit::INPUT)?;
            }
            let json = output::to_stdout(&arguments.format, Format::Json);
            return Err(Problem { json, ..problem });
        }
    };
    if arguments.dry_run {
        // The diff is alone on standard output; what it does not mend is told beside it.
        output::warn_of(&found.left(), "they have to be mended by hand");
        return Ok(code(&found));
    }
    let exit = code(&found);
    let human = [Wanted { format: Format::Human, file: None }];
    let formats = if arguments.format.is_empty() { &human[..] } else { &arguments.format };
    for wanted in formats {
        publish(wanted, &found, exit)?;
    }
    Ok(exit)
}

fn code(found: &Found) -> u8 {
    if has_errors(&found.diags) { exit::INPUT } else { exit::GOOD }
}

/// What is found, after what could be mended was.
fn fixed(arguments: &Arguments) -> Result<Found, Problem> {
    let look = || find(&arguments.sources, arguments.baseline.as_deref(), arguments.write_baseline);
    let found = look()?;
    if !arguments.fix || !fix::fix(&found, arguments.dry_run)? {
        return Ok(found);
    }
    look()
}

fn publish(wanted: &Wanted, found: &Found, exit: u8) -> Result<(), Problem> {
    let text = match wanted.format {
        Format::Review(format) => review::drawn(found, exit, format),
        Format::Json => as_json(found, exit),
        _ => as_text(found),
    };
    match &wanted.file {
        Some(file) => output::write_file(file, &text),
        None => say(&text),
    }
}

fn has_errors(diags: &[Diag]) -> bool {
    diags.iter().any(|diag| diag.level == Level::Error)
}

fn as_json(found: &Found, exit: u8) -> String {
    let list: Vec<_> = found.diags.iter().map(render_json).collect();
    let allowed = found.allowed.iter().map(|(diag, reason)| {
        let mut json = render_json(diag);
        if let Some(map) = json.as_object_mut() {
            map.insert("reason".to_owned(), reason.as_ref().into());
        }
        json
    });
    let json = serde_json::json!({
        "report": crate::report::VERSION, "exit": exit, "policies": found.policies, "diagnostics": list,
        "allowed": allowed.collect::<Vec<_>>(), "in_baseline": found.known,
    });
    format!("{json:#}\n")
}

fn as_text(found: &Found) -> String {
    let diags = &found.diags;
    let mut text = output::drawn(diags);
    let errors = diags.iter().filter(|diag| diag.level == Level::Error).count();
    let mut words = match (errors, diags.len() - errors) {
        (0, 0) => "nothing found".to_owned(),
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    let fixable = diags.iter().filter(|diag| !diag.edits.is_empty()).count();
    for (many, what) in [
        (found.allowed.len(), "allowed by comments"),
        (found.known, "in the baseline"),
        (fixable, "that `muster lint --fix` can mend"),
    ] {
        if many > 0 {
            words.push_str(&format!(", {many} {what}"));
        }
    }
    let policies =
        if found.policies == 1 { "1 policy".to_owned() } else { format!("{} policies", found.policies) };
    text.push_str(&format!("{policies}: {words}\n"));
    text
}

fn count(many: usize, noun: &str) -> String {
    format!("{many} {noun}{}", if many == 1 { "" } else { "s" })
}
