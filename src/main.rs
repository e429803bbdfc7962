//! `muster`: parse, run, exit code.

use std::process::ExitCode;

/// Loading makes and drops millions of small texts on several threads, and a fifth of its time went into the system's
/// allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    passmuster::cli::main()
}
