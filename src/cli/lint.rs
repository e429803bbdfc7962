//! `muster lint`: what is wrong in policies and project, without asking any target.

use clap::Args;

use crate::diag::{Diag, Level, render_json};
use crate::lint;
use crate::plan::{Input, Selection, bind};

use super::exit;
use super::output::{self, Done, Form, Problem, say};
use super::run::day;
use super::setup::{Read, Sources, read};
use super::targets;

/// Finds mistakes in policies and project without asking any target
#[derive(Args)]
#[command(after_help = "Examples:
  muster lint                            the policies of the muster.yaml here, and the file itself
  muster lint policies/disk.yaml         one file
  muster lint --format json

Exit codes: 0 nothing or only warnings, 2 errors")]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: Sources,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Form::Human)]
    format: Form,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let json = arguments.format == Form::Json;
    let read = read(&arguments.sources, false).map_err(|problem| Problem { json, ..problem })?;
    let policies = read.loaded.policies.len() + read.loaded.broken.len();
    let diags = find(read, arguments.sources.sources.is_empty());
    let failed = has_errors(&diags);
    let exit = if failed { exit::INPUT } else { exit::GOOD };
    say(&if json { as_json(&diags, policies, exit) } else { as_text(&diags, policies) })?;
    Ok(exit)
}

fn has_errors(diags: &[Diag]) -> bool {
    diags.iter().any(|diag| diag.level == Level::Error)
}

/// Everything that is wrong, errors first; each thing once.
fn find(read: Read, whole: bool) -> Vec<Diag> {
    let Read { project, has_project, loaded } = read;
    let mut found = loaded.diags;
    let today = day(jiff::Timestamp::now());
    found.extend(lint::project(&lint::Input { policies: &loaded.policies, project: &project, today }));
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
