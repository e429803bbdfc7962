//! `muster lint`: what is wrong in policies and project, without asking any target.

mod review;

use clap::Args;

use crate::diag::{Diag, Level, render_json};
use crate::lint;
use crate::plan::{Input, Selection, bind};
use crate::report::Format;

use super::exit;
use super::output::{self, Done, Problem, Wanted, say};
use super::run::day;
use super::setup::{Read, Sources, here, read};
use super::targets;

/// Finds mistakes in policies and project without asking any target
#[derive(Args)]
#[command(after_help = "Examples:
  muster lint                            the policies of the muster.yaml here, and the file itself
  muster lint policies/disk.yaml         one file
  muster lint --format json
  muster lint --format human --format sarif=lint.sarif

Exit codes: 0 nothing or only warnings, 2 errors")]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: Sources,
    /// `human`, `json`, `sarif`, `github` or `gitlab`; `sarif=FILE` writes to a file; may be given several times
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = wanted)]
    format: Vec<Wanted>,
}

/// Reads `--format`: those of `check` that have a place for mistakes.
fn wanted(text: &str) -> Result<Wanted, String> {
    match output::wanted(text)? {
        Wanted { format: format @ (Format::Markdown | Format::Table | Format::Junit), .. } => {
            let word = format.word();
            Err(format!("lint has no `{word}`; formats are human, json, sarif, github, gitlab"))
        }
        wanted => Ok(wanted),
    }
}

pub(super) fn run(arguments: &Arguments) -> Done {
    output::one_output(&arguments.format)?;
    let (diags, policies) = match read(&arguments.sources, false) {
        Ok(read) => {
            let policies = read.loaded.policies.len() + read.loaded.broken.len();
            (find(read, arguments.sources.sources.is_empty()), policies)
        }
        // What cannot be read at all is a remark too, where somebody waits for remarks.
        Err(problem) => {
            let reviewed = |wanted: &&Wanted| matches!(wanted.format, Format::Review(_));
            for wanted in arguments.format.iter().filter(reviewed) {
                publish(wanted, &problem.diags, 0, exit::INPUT)?;
            }
            let json = output::to_stdout(&arguments.format, Format::Json);
            return Err(Problem { json, ..problem });
        }
    };
    let exit = if has_errors(&diags) { exit::INPUT } else { exit::GOOD };
    let human = [Wanted { format: Format::Human, file: None }];
    let formats = if arguments.format.is_empty() { &human[..] } else { &arguments.format };
    for wanted in formats {
        publish(wanted, &diags, policies, exit)?;
    }
    Ok(exit)
}

fn publish(wanted: &Wanted, diags: &[Diag], policies: usize, exit: u8) -> Result<(), Problem> {
    let text = match wanted.format {
        Format::Review(format) => review::drawn(diags, policies, exit, format, &here()?),
        Format::Json => as_json(diags, policies, exit),
        _ => as_text(diags, policies),
    };
    match &wanted.file {
        Some(file) => output::write_file(file, &text),
        None => say(&text),
    }
}

fn has_errors(diags: &[Diag]) -> bool {
    diags.iter().any(|diag| diag.level == Level::Error)
}

/// Everything that is wrong, errors first; each thing once.
fn find(read: Read, whole: bool) -> Vec<Diag> {
    let Read { project, has_project, loaded } = read;
    let mut found = loaded.diags;
    let today = day(jiff::Timestamp::now());
    let (policies, broken) = (&loaded.policies, &loaded.broken);
    let input = lint::Input { policies, broken, project: &project, has_project, whole, today };
    found.extend(lint::project(&input));
    // Whether names of the project file fit can only be told with all policies at hand.
    if has_project && whole && !has_errors(&found) {
        let targets: Vec<_> = project.targets.iter().map(targets::info).collect();
        let selection = Selection::default();
        let input = Input {
            policies: &loaded.policies,
            targets: &targets,
            project: &project,
            selection: &selection,
            has_project,
        };
        found.extend(bind(&input).err().unwrap_or_default());
    }
    let mut diags: Vec<Diag> = Vec::new();
    for diag in found {
        if !diags.contains(&diag) {
            diags.push(diag);
        }
    }
    diags.sort_by_key(|diag| std::cmp::Reverse(diag.level));
    diags
}

fn as_json(diags: &[Diag], policies: usize, exit: u8) -> String {
    let list: Vec<_> = diags.iter().map(render_json).collect();
    let json = serde_json::json!({
        "report": crate::report::VERSION, "exit": exit, "policies": policies, "diagnostics": list,
    });
    format!("{json:#}\n")
}

fn as_text(diags: &[Diag], policies: usize) -> String {
    let mut text = output::drawn(diags);
    let errors = diags.iter().filter(|diag| diag.level == Level::Error).count();
    let found = match (errors, diags.len() - errors) {
        (0, 0) => "nothing found".to_owned(),
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    let policies = if policies == 1 { "1 policy".to_owned() } else { format!("{policies} policies") };
    text.push_str(&format!("{policies}: {found}\n"));
    text
}

fn count(many: usize, noun: &str) -> String {
    format!("{many} {noun}{}", if many == 1 { "" } else { "s" })
}
