//! Shows what became of the cases.

use std::sync::Arc;

use clap::Args;

use crate::diag::render_json;
use crate::report::Format;
use crate::report::tested::{NO_CASE, NotTested, Tested, TestedCase, render};

use super::super::exit;
use super::super::output::{self, Done, Problem, Wanted};
use super::{Asked, Tried};

/// How the cases are shown.
#[derive(Args, Clone)]
pub(super) struct Shown {
    /// `human`, `json` or `junit`; `json=FILE` writes to a file; may be given several times
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = wanted)]
    format: Vec<Wanted>,
    /// Show every case
    #[arg(long, short)]
    verbose: bool,
}

/// Reads `--format`: those of `check` that cases have.
fn wanted(text: &str) -> Result<Wanted, String> {
    match output::wanted(text)? {
        Wanted {
            format: format @ (Format::Html | Format::Markdown | Format::Table | Format::Review(_)),
            ..
        } => Err(format!("cases have no `{}`; formats are human, json, junit", format.word())),
        wanted => Ok(wanted),
    }
}

impl Shown {
    /// Is JSON what goes to standard output?
    pub(super) fn json(&self) -> bool {
        output::to_stdout(&self.format, Format::Json)
    }

    /// Two formats cannot share standard output; said before anything is tried.
    pub(super) fn one_output(&self) -> Result<(), Problem> {
        output::one_output(&self.format)
    }

    /// Writes the cases in every format that is wanted.
    pub(super) fn publish(&self, tried: &[Tried<'_>], asked: &Asked<'_>) -> Done {
        let tested = tested(tried, asked);
        let none = tested.cases.is_empty() && asked.faults.is_empty();
        if none {
            output::note(NO_CASE);
        }
        output::warn_of(&asked.faults, "their cases were not run");
        let human = [Wanted { format: Format::Human, file: None }];
        for wanted in if self.format.is_empty() { &human[..] } else { &self.format } {
            let text = render(&tested, wanted.format, self.verbose).ok_or_else(|| {
                Problem::usage("cases have no such format", "formats are human, json, junit")
            })?;
            match &wanted.file {
                Some(file) => output::write_file(file, &text)?,
                // The error stream has said it.
                None if none && wanted.format == Format::Human => {}
                None => output::say(&text)?,
            }
        }
        Ok(tested.exit)
    }
}

fn tested(tried: &[Tried<'_>], asked: &Asked<'_>) -> Tested {
    let cases: Vec<TestedCase> = tried
        .iter()
        .map(|one| TestedCase {
            policy: Arc::clone(&one.policy.id),
            name: one.case.name.to_string(),
            at: asked.place(&one.case.loc.to_string()),
            faults: one.faults.iter().map(|fault| fault.text.clone()).collect(),
        })
        .collect();
    let exit = match cases.iter().any(|case| !case.faults.is_empty()) {
        _ if !asked.faults.is_empty() => exit::INPUT,
        _ if cases.is_empty() => exit::NOTHING,
        true => exit::FINDINGS,
        false => exit::GOOD,
    };
    Tested {
        muster: env!("CARGO_PKG_VERSION").to_owned(),
        without_cases: asked.without_cases().into_iter().map(Arc::from).collect(),
        cases,
        not_tested: asked
            .faults
            .iter()
            .map(|diag| NotTested { what: asked.fault(diag), diagnostic: render_json(diag) })
            .collect(),
        exit,
    }
}
