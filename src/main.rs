//! `muster`: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    passmuster::cli::main()
}
