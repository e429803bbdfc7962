//! `muster audit`: what was checked, and evidence of it.

pub(super) mod allowed;
mod beneath;
mod bundle;
mod compare;
pub(super) mod edition;
mod evidence;
mod forecast;
mod gather;
mod human;
mod judge;
mod key;
mod outlook;
mod period;
mod verify;

use clap::{Args, Subcommand};

use crate::diag::{Diag, code};
use crate::evidence::EvidenceError;

use super::output::{Done, Problem};

pub(super) use period::Report;

/// What was checked in a period, what was not, and evidence that stands
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:
  muster audit --period 2026-Q3
  muster audit --period 2026-Q3 --framework playbook --format html=audit.html
  muster audit --period 2026-Q3 --evidence evidence/2026-Q3 --anchor ../audit-anchor/anchor.jsonl
  muster audit verify evidence/2026-Q3 --key audit-key.pub.pem
  muster audit bundle evidence/monday --facts monday.json

Exit codes: 0 the audit was made, 2 wrong input, 4 no run in the period"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    period: period::Arguments,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    Verify(verify::Arguments),
    Bundle(Box<bundle::Arguments>),
}

pub(super) fn run(arguments: &Arguments) -> Done {
    match &arguments.what {
        None => period::run(&arguments.period),
        Some(What::Verify(arguments)) => verify::run(arguments),
        Some(What::Bundle(arguments)) => bundle::run(arguments),
    }
}

/// Runs `muster report`.
pub(super) fn report(arguments: &Report) -> Done {
    period::report(arguments)
}

/// Why there is no evidence, with what to do.
fn problem(error: &EvidenceError) -> Problem {
    let help = match error {
        EvidenceError::Exists(_) => "nothing is overwritten: name another directory, or move this one away",
        EvidenceError::Nothing => "a period without runs proves nothing",
        EvidenceError::Io { .. } => "nothing was left half done",
        EvidenceError::Input(_) => "mend or leave out what is named; nothing was written",
        EvidenceError::NotEvidence { .. } => "`muster audit bundle DIR --facts FILE` makes one",
    };
    Diag::error(&code::EVIDENCE, error.to_string()).help(help).into()
}
