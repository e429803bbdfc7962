//! The command line: arguments and wiring. The only module that prints, reads the environment and exits.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the edge: the clock and the environment are read here"
)]

mod attest;
mod audit;
mod baseline;
mod broken;
mod chart;
mod check;
mod completions;
mod controls;
#[cfg(all(feature = "sql", feature = "net"))]
mod demo;
mod diff;
mod doctor;
mod due;
mod edge;
pub mod exit;
mod explain;
mod facts;
mod fmt;
mod gate;
mod history;
mod history_page;
mod house;
mod init;
mod lint;
mod list;
mod memory;
mod memory_due;
mod memory_keep;
mod memory_shared;
mod new;
mod output;
mod page;
mod places;
mod probe;
mod promise;
mod record;
mod recorded;
mod records;
mod records_rows;
pub mod reference;
mod run;
mod schema;
mod setup;
mod starter;
mod store;
mod targets;
mod test;
mod waive;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Judges what must hold in production: databases, files, certificates, disks, services.
#[derive(Parser)]
#[command(name = "muster", version, about, long_about = None, max_term_width = 110, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  muster demo                                   see it work on a small shop made for it
  muster check                                  judge everything of the muster.yaml here
  muster check policy.yaml --target postgres://watcher@db/shop
  muster test                                   run the policies' own cases
  muster explain postgres.tables                what a probe, policy, code or finding means

Exit codes: 0 good, 1 findings, 2 wrong input, 3 something could not be judged, 4 nothing was judged";

#[derive(Subcommand)]
enum Command {
    Check(check::Arguments),
    Test(test::Arguments),
    Lint(lint::Arguments),
    Fmt(fmt::Arguments),
    List(list::Arguments),
    Explain(explain::Arguments),
    Probe(probe::Arguments),
    Doctor(doctor::Arguments),
    Init(init::Arguments),
    New(new::Arguments),
    Waive(waive::Arguments),
    Attest(attest::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
    Record(record::Arguments),
    Gate(gate::Arguments),
    History(history::Arguments),
    Diff(diff::Arguments),
    Audit(Box<audit::Arguments>),
    Report(audit::Report),
    Store(store::Arguments),
    #[cfg(all(feature = "sql", feature = "net"))]
    Demo(demo::Arguments),
}

/// Parses the command line, runs, and returns the exit code.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { exit::INPUT } else { exit::GOOD };
            return if error.print().is_ok() { ExitCode::from(code) } else { ExitCode::from(exit::INPUT) };
        }
    };
    let code = match arguments.command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Lint(arguments) => lint::run(&arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::List(arguments) => list::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Probe(arguments) => probe::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::New(arguments) => new::run(&arguments),
        Command::Waive(arguments) => waive::run(&arguments),
        Command::Attest(arguments) => attest::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Record(arguments) => record::run(&arguments),
        Command::Gate(arguments) => gate::run(&arguments),
        Command::History(arguments) => history::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Report(arguments) => audit::report(&arguments),
        Command::Store(arguments) => store::run(&arguments),
        #[cfg(all(feature = "sql", feature = "net"))]
        Command::Demo(arguments) => demo::run(&arguments),
    };
    ExitCode::from(code.unwrap_or_else(|problem| problem.report()))
}
