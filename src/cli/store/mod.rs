//! `muster store`: where runs are remembered, what is there, and what is done with all of it.

mod carry;
mod prune;
mod status;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::policy::Project;

use super::memory_shared::Place;
use super::output::{Done, Problem};
use super::setup::{Sources, project};

/// Shows where runs are remembered; takes them out, brings them in, forgets old ones
#[derive(Args)]
#[command(after_help = "Examples:
  muster store status
  muster store export runs.muster            all runs, as one file
  muster store import runs.muster            those of another store; twice is once
  muster store prune --keep 400d --dry-run

Exit codes: 0 good, 2 wrong input or a store that cannot be used, 3 `status` cannot reach a shared store, 4 there is no run")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Status(status::Arguments),
    Export(carry::Export),
    Import(carry::Import),
    Prune(prune::Arguments),
}

/// Which project.
#[derive(Args)]
struct Which {
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
}

impl Which {
    /// The project with its store.
    fn place(&self) -> Result<(Project, Place), Problem> {
        let help =
            "`store: { path: .muster/store.db }` in muster.yaml makes `muster check` remember every run";
        let sources = Sources { sources: Vec::new(), project: self.project.clone() };
        let project = project(&sources)?
            .ok_or_else(|| Problem::usage("there is no muster.yaml here or in a folder above", help))?;
        let place = Place::of(&project)?.ok_or_else(|| Problem::usage("the project has no store", help))?;
        Ok((project, place))
    }
}

pub(super) fn run(arguments: &Arguments) -> Done {
    match &arguments.what {
        What::Status(arguments) => status::run(arguments),
        What::Export(arguments) => carry::export(arguments),
        What::Import(arguments) => carry::import(arguments),
        What::Prune(arguments) => prune::run(arguments),
    }
}
