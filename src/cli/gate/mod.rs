//! `muster gate`: what is there after a migration, compared with what was there before it.

mod asker;
mod dry;
mod estimate;
mod names;
mod outcome;
mod page;
mod rounds;
mod sides;
mod snapshot;
mod taken;
mod tracks;
mod verify;

use clap::{Args, Subcommand};

use super::output::Done;

/// Compares what is there after a migration with what was there before it, and says whether the gate is open
#[derive(Args)]
#[command(after_help = "Examples:
  muster gate snapshot before.json --dry-run        what would be read, and about how long it takes
  muster gate snapshot before.json                  before the migration: from the source
  muster gate verify before.json                    after it: judges the new system
  muster gate verify before.json --wait 15m --stable 3 --report gate.html
  muster gate verify --live                         both sides at once, without a snapshot

The policies are those of tier `release`; `gate: { moves: { NEW: { from: OLD } } }` in muster.yaml says what was moved.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Snapshot(snapshot::Arguments),
    Verify(verify::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Done {
    match &arguments.command {
        Command::Snapshot(arguments) => snapshot::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
    }
}
