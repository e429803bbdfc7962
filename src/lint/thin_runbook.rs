//! A runbook that describes the problem, and not what to do.

use super::runbooks::{self, Runbook};
use super::written::value;
use super::{Category, Check, Input, Lint, Page, WARNING};
use crate::diag::{Diag, code};

pub(super) const LINT: Lint = Lint {
    code: &code::THIN_RUNBOOK,
    category: Category::Remedy,
    level: WARNING,
    doc: "every runbook has a section that says what to do",
    page: Page {
        why: "Half of the runbooks that are published explain the alert and end there. Who is awake knows already that \
              the disk is full.",
        bad: "targets: { web: { type: host } }\n\
              ---\n\
              fail: free < 1.GiB\n\
              remedy:\n  steps: [{ shell: df -h }]\n  runbook: fixtures/runbooks/thin.md   # here",
        good: "targets: { web: { type: host } }\n\
               ---\n\
               fail: free < 1.GiB\n\
               remedy:\n  steps: [{ shell: df -h }]\n  runbook: fixtures/runbooks/disk-full.md",
    },
    check: Check::Project(check),
};

/// Beginnings of words of a heading under which something is done.
const DOES: &[&str] = &[
    "mitigat",
    "remed",
    "fix",
    "resol",
    "recover",
    "repair",
    "restor",
    "action",
    "procedure",
    "steps",
    "response",
    "respond",
    "mend",
    "what to do",
    "how to",
    "workaround",
    "rollback",
];

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    for (policy, runbook) in runbooks::of(input) {
        let Runbook::Text(source) = runbook else { continue };
        if is_of_use(&source.text) {
            continue;
        }
        let message = format!("no section of the runbook `{}` says what to do", source.name);
        diags.push(
            Diag::warning(&code::THIN_RUNBOOK, message)
                .at(&value(policy, &["remedy", "runbook"]), "")
                .help("give it a heading such as `## Mitigation`, with the commands below it"),
        );
    }
}

/// Is there a heading that promises what to do, and something below it?
fn is_of_use(text: &str) -> bool {
    let lines: Vec<&str> = runbooks::prose(text).collect();
    let level = |line: &str| line.chars().take_while(|sign| *sign == '#').count();
    lines.iter().enumerate().any(|(at, line)| {
        let below = lines.iter().skip(at + 1).map(|line| line.trim()).find(|line| !line.is_empty());
        let filled = below.is_some_and(|below| level(below) == 0 || level(below) > level(line).max(1));
        filled && says_what_to_do(line)
    })
}

/// A short line without a period: a heading of Markdown and its like.
fn says_what_to_do(line: &str) -> bool {
    let heading = line.trim().trim_matches(['#', '=', '*', '-', ' ', ':', '.']);
    let short =
        !heading.is_empty() && heading.split_whitespace().count() <= 6 && !line.trim_end().ends_with('.');
    short && {
        let lower = heading.to_lowercase();
        DOES.iter().any(|word| {
            let begins =
                |at: usize| lower.get(..at).is_some_and(|before| !before.ends_with(char::is_alphanumeric));
            lower.match_indices(word).any(|(at, _)| begins(at))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{is_of_use, says_what_to_do};

    #[test]
    fn a_heading_counts_with_something_below_it_and_outside_of_code() {
        assert!(is_of_use("# Disk\n## Mitigation\n\nRun `df`.\n"));
        assert!(is_of_use("## Mitigation\n### Steps\n```\ndf\n```\n"));
        assert!(!is_of_use("# Disk\n```\n## Mitigation\nRun it.\n```\n"));
        assert!(!is_of_use("# Disk\nIt is full.\n## Mitigation\n"));
        assert!(!is_of_use("## Mitigation\n\n## Links\nhere\n"));
    }

    #[test]
    fn headings_that_promise_an_action_count() {
        for line in [
            "## Mitigation",
            "Resolution",
            "=== How to fix it",
            "**Steps**",
            "# What to do",
            "## Remediation:",
        ] {
            assert!(says_what_to_do(line), "{line}");
        }
        for line in [
            "## Meaning",
            "There is nothing to fix here, it goes away.",
            "",
            "## Prefix",
            "This was resolved in 2024.",
        ] {
            assert!(!says_what_to_do(line), "{line}");
        }
    }
}
