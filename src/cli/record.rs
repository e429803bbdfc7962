//! `muster record`: observe once, judge offline.

use std::path::PathBuf;

use clap::Args;

use crate::verdict::Timings;

use super::check::How;
use super::exit;
use super::output::{Done, note, write_file};
use super::run::{Facts, Options, run as run_checks, warnings};
use super::setup::{Select, Sources, setup};

/// Observes what the policies ask for and saves the facts
#[derive(Args)]
#[command(after_help = "Examples:
  muster record facts.json
  muster record facts.json builtin:postgres --target shop-db
  muster check --facts facts.json")]
pub(super) struct Arguments {
    /// Where the facts are written
    file: PathBuf,
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    how: How,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let setup = setup(&arguments.sources, &arguments.select, false, false)?;
    warnings(&setup);
    let options = Options { compare: false, ..arguments.how.options(None) };
    let ran = run_checks(&setup, Facts::Live, &options, &mut Timings::default())?;
    let recording = &ran.recording;
    let text = ran.redactor.clean(&recording.to_text());
    write_file(&arguments.file, &text)?;
    let missing = recording.observations.iter().filter(|answer| answer.result.is_err()).count();
    let total = recording.observations.len();
    let observations = if total == 1 { "observation" } else { "observations" };
    note(&format!("{}: {total} {observations}, {missing} could not be made", arguments.file.display()));
    for answer in &recording.observations {
        if let Err(why) = &answer.result {
            note(&format!(
                "  {} at {}: {}",
                answer.key.probe,
                answer.key.target,
                ran.redactor.clean(&why.to_string())
            ));
        }
    }
    Ok(match (recording.observations.len(), missing) {
        (0, _) => exit::NOTHING,
        (_, 0) => exit::GOOD,
        _ => exit::UNKNOWN,
    })
}
