//! `muster audit`: what was checked, and evidence of it.

mod bundle;
mod edition;
mod judge;
mod key;
mod verify;

use clap::{Args, Subcommand};

use crate::diag::{Diag, code};
use crate::evidence::EvidenceError;

use super::output::{Done, Problem};

/// Makes evidence of what was judged, and looks at evidence
#[derive(Args)]
#[command(after_help = "Examples:
  muster audit bundle evidence/2026-11 --facts monday.json --facts tuesday.json
  muster audit verify evidence/2026-11 --key audit-key.pub.pem --anchor anchor.jsonl")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Verify(verify::Arguments),
    Bundle(Box<bundle::Arguments>),
}

pub(super) fn run(arguments: &Arguments) -> Done {
    match &arguments.what {
        What::Verify(arguments) => verify::run(arguments),
        What::Bundle(arguments) => bundle::run(arguments),
    }
}

/// Why there is no evidence, with what to do.
fn problem(error: &EvidenceError) -> Problem {
    let help = match error {
        EvidenceError::Exists(_) => "nothing is overwritten: name another directory, or move this one away",
        EvidenceError::Nothing => "a period without runs proves nothing",
        EvidenceError::Io { .. } => "nothing was left half done",
        EvidenceError::Input(_) => "nothing was written",
        EvidenceError::NotEvidence { .. } => "`muster audit bundle DIR --facts FILE` makes one",
    };
    Diag::error(&code::EVIDENCE, error.to_string()).help(help).into()
}
