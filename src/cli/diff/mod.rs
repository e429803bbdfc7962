//! `muster diff`: what changed between two runs, or between two versions of the policies.

mod git;
mod name;
mod policies;
mod replay;
mod runs;
mod side;

pub(super) use side::made_up;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::report::Format;

use super::output::{self, Done, Problem, Wanted};
use name::Named;

/// Shows what changed between two runs, or what a change of policies means
#[derive(Args)]
#[command(after_help = "Examples:
  muster diff main                       the policies here against those of the branch `main`
  muster diff origin/main HEAD --fail-on looser --format markdown=comment.md
  muster diff policies/ /tmp/new/        two folders of policies
  muster diff v1.2 . --facts runs/*.json what the change means for recorded facts
  muster diff last~1 last                the last two runs of the store
  muster diff before.json after.json     two reports written by `muster check --format json`

What a name means: a whole number, `last` and `last~1` are runs of the store; `.` is the project here; what is there as
a folder or a YAML file is a version of the policies, and another file is a report; everything else is a revision of
git. `run:`, `path:` and `git:` before a name settle it. With a revision, files here are not touched.

Exit codes for policies: 0 nothing that `--fail-on` names, 1 something that it names, 2 wrong input (the new version
does not load, too), 3 nothing is looser, and something is not comparable (with `--fail-on looser`)
Exit codes for runs: 0 nothing got worse, 1 something did (also: a check that was judged is gone), 2 wrong input,
3 the runs are not comparable")]
pub(super) struct Arguments {
    /// The earlier one: a run, a report, a folder or file of policies, or a revision of git
    #[arg(value_name = "OLD")]
    before: String,
    /// The later one; the project here, if OLD names policies and this is left out
    #[arg(value_name = "NEW")]
    after: Option<String>,
    /// Judge both versions of the policies on the facts of these recordings, too
    #[arg(long, value_name = "RECORDING", num_args = 1..)]
    facts: Vec<PathBuf>,
    /// `human`, `json`, `markdown`; for policies `sarif`, `github` and `gitlab`, too; `sarif=FILE` writes to a file; may be given several times
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = wanted)]
    format: Vec<Wanted>,
    /// What makes the exit code 1; of policies only
    #[arg(long, value_name = "WHAT", value_enum)]
    fail_on: Vec<FailOn>,
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
}

/// What a comparison of policies fails on.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Less is found, or told to fewer or later; not comparable is code 3
    Looser,
    /// A policy, target or environment is gone or has another name
    Removed,
    /// Anything but texts
    Changed,
}

fn wanted(text: &str) -> Result<Wanted, String> {
    match output::wanted(text)? {
        Wanted { format: format @ (Format::Html | Format::Junit), .. } => {
            let word = format.word();
            Err(format!("diff has no `{word}`; formats are human, json, markdown, sarif, github, gitlab"))
        }
        wanted => Ok(wanted),
    }
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let json = output::to_stdout(&arguments.format, Format::Json);
    diff(arguments).map_err(|problem| Problem { json, ..problem })
}

fn diff(arguments: &Arguments) -> Done {
    output::one_output(&arguments.format)?;
    let before = Named::parse(&arguments.before)?;
    let after = match &arguments.after {
        Some(name) => Named::parse(name)?,
        None if before.is_policies() => Named::parse(".")?,
        None => {
            return Err(Problem::usage(
                format!("`{}` is a run, and nothing says with which other it is compared", arguments.before),
                "name two runs: `muster diff last~1 last`",
            ));
        }
    };
    match (before, after) {
        (Named::Run(before), Named::Run(after)) => runs::diff(arguments, &[before, after]),
        (Named::Policies(before), Named::Policies(after)) => policies::diff(arguments, &before, &after),
        (before, after) => {
            let is = |name: &str, named: &Named| format!("`{name}` is {}", named.describe());
            let second = arguments.after.as_deref().unwrap_or(".");
            Err(Problem::usage(
                format!("{}, and {}", is(&arguments.before, &before), is(second, &after)),
                "compare two runs, or two versions of policies; `run:`, `path:` and `git:` before a name say which it is",
            ))
        }
    }
}

/// The text in every format that is wanted, by what makes it.
fn publish(formats: &[Wanted], render: impl Fn(Format) -> String) -> Result<(), Problem> {
    let human = [Wanted { format: Format::Human, file: None }];
    for wanted in if formats.is_empty() { &human[..] } else { formats } {
        let text = render(wanted.format);
        match &wanted.file {
            Some(file) => output::write_file(file, &text)?,
            None => output::say(&text)?,
        }
    }
    Ok(())
}
