//! What became of the policies' own cases, in every format: pure functions of [`Tested`].
//!
//! No case is no success in any of them: the text says so, JSON has `exit` 4, and `JUnit` an error, because most
//! test views look at nothing else.

mod junit;
mod schema;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::json::ascii_controls;
use super::{Format, text};

pub use schema::json_schema;

/// Version of the JSON. A field may be added within a version; a changed meaning is a new one.
pub const VERSION: u64 = 1;

/// One case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TestedCase {
    /// The policy's id.
    pub policy: Arc<str>,
    /// The case's name.
    pub name: String,
    /// File, line and column.
    pub at: String,
    /// What the policy says and the case does not, or the other way round; none if the case passed.
    pub faults: Vec<String>,
}

/// What could not be read, so that its cases were not run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotTested {
    /// Where and what, in one line.
    pub what: String,
    /// As data, in the form of every JSON of wrong input.
    pub diagnostic: Json,
}

/// All cases.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tested {
    /// Version of the program.
    pub muster: String,
    /// The cases in order.
    pub cases: Vec<TestedCase>,
    /// Policies that were asked for and have no case.
    pub without_cases: Vec<Arc<str>>,
    /// Files and policies that could not be read.
    pub not_tested: Vec<NotTested>,
    /// The exit code.
    pub exit: u8,
}

/// Said where no case was run.
pub const NO_CASE: &str = "no case was run: there is no `<id>.cases.yaml` beside the policies that were asked for; nothing tested is not success";

impl Tested {
    fn failed(&self) -> usize {
        self.cases.iter().filter(|case| !case.faults.is_empty()).count()
    }

    /// Why the exit code is what it is.
    fn why(&self) -> String {
        let ran = match (self.cases.len(), self.failed()) {
            (0, _) if !self.not_tested.is_empty() => "no case was run".to_owned(),
            (0, _) => NO_CASE.to_owned(),
            (all, 0) => format!("{all} cases passed"),
            (all, failed) => format!("{failed} of {all} cases failed"),
        };
        match self.not_tested.len() {
            0 => ran,
            1 => format!("1 error in the input; {ran}"),
            many => format!("{many} errors in the input; {ran}"),
        }
    }
}

/// The cases in a format that has them; Markdown and those for reviewers have not. With `verbose` the text names those that passed.
pub fn render(tested: &Tested, format: Format, verbose: bool) -> Option<String> {
    match format {
        Format::Human => Some(human(tested, verbose)),
        Format::Json => Some(as_json(tested)),
        Format::Junit => Some(junit::render(tested)),
        Format::Html | Format::Markdown | Format::Table | Format::Review(_) => None,
    }
}

fn human(tested: &Tested, verbose: bool) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    for case in &tested.cases {
        let name = text::inline(&case.name);
        if case.faults.is_empty() {
            if verbose {
                line(&format!("ok    {} · {name}", case.policy));
            }
            continue;
        }
        line(&format!("FAIL  {} · {name}\n      at {}", case.policy, text::inline(&case.at)));
        case.faults.iter().for_each(|fault| line(&format!("      {}", text::inline(fault))));
    }
    if !tested.without_cases.is_empty() {
        line(&format!("without cases: {}", tested.without_cases.join(", ")));
    }
    for NotTested { what, .. } in &tested.not_tested {
        line(&format!("NOT TESTED  {}", text::inline(what)));
    }
    let (all, failed) = (tested.cases.len(), tested.failed());
    line(&format!("{all} cases, {} passed, {failed} failed", all - failed));
    if all == 0 && tested.not_tested.is_empty() {
        line(NO_CASE);
    }
    out
}

fn as_json(tested: &Tested) -> String {
    let failed = tested.failed();
    let cases: Vec<_> = tested
        .cases
        .iter()
        .map(|case| {
            let verdict = if case.faults.is_empty() { "passed" } else { "failed" };
            json!({
                "policy": case.policy, "name": case.name, "at": case.at, "verdict": verdict, "faults": case.faults,
            })
        })
        .collect();
    let all = json!({
        "test": VERSION,
        "muster": tested.muster,
        "exit": tested.exit,
        "exit_reason": tested.why(),
        "counts": { "cases": cases.len(), "passed": cases.len() - failed, "failed": failed },
        "cases": cases,
        "without_cases": tested.without_cases,
        "diagnostics": tested.not_tested.iter().map(|one| &one.diagnostic).collect::<Vec<_>>(),
    });
    format!("{}\n", ascii_controls(&format!("{all:#}")))
}
