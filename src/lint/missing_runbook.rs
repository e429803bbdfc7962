//! A runbook that is not there.

use super::runbooks::{self, Runbook};
use super::written::value;
use super::{Category, Check, Input, Lint, Page, WARNING};
use crate::diag::{Diag, code};

pub(super) const LINT: Lint = Lint {
    code: &code::MISSING_RUNBOOK,
    category: Category::Remedy,
    level: WARNING,
    doc: "every runbook that stands in a file is there, with the section that is named",
    page: Page {
        why: "The file was moved a year ago. The link in the alert leads nowhere, and is followed for the first time in \
              the night in which it matters.",
        bad: "targets: { web: { type: host } }\n\
              ---\n\
              fail: free < 1.GiB\n\
              remedy:\n  steps: [{ shell: df -h }]\n  runbook: fixtures/runbooks/disk-ful.md   # here",
        good: "targets: { web: { type: host } }\n\
               ---\n\
               fail: free < 1.GiB\n\
               remedy:\n  steps: [{ shell: df -h }]\n  runbook: fixtures/runbooks/disk-full.md",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    for (policy, runbook) in runbooks::of(input) {
        let (what, help) = match runbook {
            Runbook::Missing(why) => (
                format!("is not there: {why}"),
                "a path begins in the folder of muster.yaml, or in that of the policy",
            ),
            Runbook::Text(source) => {
                let section = policy.runbook.as_deref().and_then(runbooks::section);
                let Some(section) = section.filter(|name| !runbooks::has_section(&source.text, name)) else {
                    continue;
                };
                (
                    format!("has no section `#{section}`"),
                    "an anchor is the heading in lower case, with `-` between its words",
                )
            }
        };
        let message = format!("the runbook of `{}` {what}", policy.id);
        let diag = Diag::warning(&code::MISSING_RUNBOOK, message);
        diags.push(diag.at(&value(policy, &["remedy", "runbook"]), "").help(help));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, said_of};
    use super::LINT;

    #[test]
    fn only_files_are_looked_for() {
        let said = |runbook: &str| {
            let text =
                format!("fail: free < 1.GiB\nremedy: {{ steps: [{{ shell: df }}], runbook: '{runbook}' }}");
            said_of(&LINT, "", &[policy(&text)]).len()
        };
        assert_eq!(said("fixtures/runbooks/nothing.md"), 1);
        assert_eq!(said("fixtures/runbooks"), 1, "a folder is no runbook");
        assert_eq!(said("fixtures/runbooks/disk-full.md#mitigation"), 0);
        assert_eq!(said("fixtures/runbooks/disk-full.md#nope"), 1);
        assert_eq!(said("https://wiki.example.org/disk"), 0);
    }
}
