//! A remedy of sentences only, without a runbook.

use super::written::Written;
use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Policy;
use crate::verdict::StepKind;

pub(super) const LINT: Lint = Lint {
    code: &code::MANUAL_REMEDY,
    category: Category::Remedy,
    level: WARNING,
    doc: "every remedy has a step that can be pasted, or a runbook",
    page: Page {
        why: "\"Free some space\" says what everybody knows. The command that shows what grows, with the mount filled in, \
              is what the reader would have to look up.",
        bad: "fail: free < 1.GiB\n\
              remedy:\n  steps:   # here\n    - do: Free some space.",
        good: "fail: free < 1.GiB\n\
               remedy:\n  steps:\n    - shell: du -xh --max-depth=2 {{ mount }} | sort -h | tail -n 20\n    - do: Remove what nobody needs.",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    if policy.runbook.is_some() || policy.remedy.iter().any(|step| step.kind != StepKind::Do) {
        return;
    }
    let place = Written::of(policy).key(&["remedy", "steps"]);
    let message = format!("the remedy of `{}` has only `do:` steps", policy.id);
    diags.push(
        Diag::warning(&code::MANUAL_REMEDY, message)
            .at(&place, "")
            .help("begin with a `shell:` or `sql:` step that shows what is wrong, or name a `runbook:`"),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, warned};
    use super::LINT;

    #[test]
    fn sentences_alone_are_shown() {
        warned(
            &LINT,
            "fail: free < 1.GiB\nremedy: { steps: [{ do: Free some space. }, { do: Look again. }] }",
        );
    }

    #[test]
    fn commands_and_runbooks_are_fine() {
        fine(&LINT, "fail: free < 1.GiB\nremedy: { steps: [{ do: Free some. }, { shell: df }] }");
        fine(&LINT, "fail: free < 1.GiB\nremedy: { runbook: r.md, steps: [{ do: Free some. }] }");
    }
}
