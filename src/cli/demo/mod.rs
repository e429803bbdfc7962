//! `muster demo`: a small shop with realistic defects, and the shipped policies on it.

mod server;
mod shop;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::verdict::Timings;

use super::check::How;
use super::edge::Watch;
use super::exit;
use super::output::{Done, Problem, say};
use super::run::{Facts, run as run_checks};
use super::setup::{Select, Sources, setup};

/// Makes a small shop in a temporary folder and judges it
#[derive(Args)]
#[command(
    after_help = "Examples:\n  muster demo\n  muster demo --keep shop     leave the shop and its muster.yaml for playing"
)]
pub(super) struct Arguments {
    /// Leave the shop in this folder, which must not exist
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    how: How,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    arguments.how.one_output()?;
    let temporary;
    let folder = if let Some(folder) = &arguments.keep {
        std::fs::create_dir(folder).map_err(|error| cannot(folder, &error))?;
        folder.canonicalize().map_err(|error| cannot(folder, &error))?
    } else {
        temporary = tempfile::tempdir().map_err(|error| cannot(Path::new("the temporary folder"), &error))?;
        temporary.path().to_owned()
    };
    let certificates = shop::certificates(&folder).map_err(|error| broken(&error))?;
    let server = server::start(certificates).map_err(|error| broken(&error))?;
    shop::build(&folder, server.port).map_err(|error| broken(&error))?;
    say(&introduction(&folder, arguments.keep.is_some()))?;
    let sources = Sources { sources: Vec::new(), project: Some(folder.join("muster.yaml")) };
    let setup = setup(&sources, &Select::default(), false, false)?;
    let mut ran = run_checks(&setup, Facts::Live, &arguments.how.options(None), &mut Timings::default())?;
    arguments.how.publish(&mut ran, Timings::default(), Watch::start())?;
    drop(server);
    say(&conclusion(&folder, arguments.keep.is_some()))?;
    // The shop is broken on purpose: the demonstration succeeded if it was judged.
    Ok(if ran.report.checks.is_empty() { exit::NOTHING } else { exit::GOOD })
}

fn cannot(path: &Path, error: &std::io::Error) -> Problem {
    Problem::usage(
        format!("`{}` cannot be made: {error}", path.display()),
        "choose a folder that does not exist, below one that you may write to",
    )
}

fn broken(error: &anyhow::Error) -> Problem {
    Problem::usage(
        format!("the shop cannot be made: {error:#}"),
        "this is a fault of the machine (disk, ports) or of muster, not of your input",
    )
}

fn introduction(folder: &Path, kept: bool) -> String {
    let stays =
        if kept { "it stays there" } else { "it is removed afterwards; `--keep DIR` leaves one for playing" };
    format!(
        "A small shop was made in {} ({stays}):\n\
         a SQLite database, uploads, backups, certificates, logs and an HTTPS server, with the defects of a shop that nobody looks after.\n\
         Its muster.yaml names the targets; the policies come with the binary. Now `muster check` runs:\n\n",
        folder.display()
    )
}

fn conclusion(folder: &Path, kept: bool) -> String {
    let play = if kept {
        format!(
            "Play with it:\n  cd {}\n  muster check                      judge it again (the HTTPS server has stopped: see what becomes unknown)\n  \
             $EDITOR muster.yaml               change a limit under `overrides:`, misspell it, and see what is said\n  muster explain backup-fresh       read a policy\n",
            folder.display()
        )
    } else {
        "Go on with your own systems:\n  muster init                       write a muster.yaml from what is found here\n  \
         muster new my-first-policy        write a policy with its cases\n  muster check                      judge\n  \
         muster demo --keep shop           leave this shop for playing\n"
            .to_owned()
    };
    format!(
        "\nThat was the demonstration: in a real run the exit code would be the one above; here it is 0, because the shop is broken on purpose.\n{play}"
    )
}
