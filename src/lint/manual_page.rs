//! An alert that wakes a person, with nothing to paste.

use super::written::Written;
use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Policy;
use crate::verdict::{StepKind, Urgency};

pub(super) const LINT: Lint = Lint {
    code: &code::MANUAL_PAGE,
    category: Category::Alerting,
    level: WARNING,
    doc: "what wakes a person brings a command to begin with",
    page: Page {
        why: "Who is woken has five minutes and half a mind. A step that can be pasted, with the names filled in and \
              quoted, is done at once; a sentence is read twice, and a runbook has to be found first.",
        bad: "fail: free < 1.GiB\n\
              alert: { urgency: page, context: [free] }\n\
              remedy: { runbook: docs/disk.md, steps: [{ do: Free some space. }] }",
        good: "fail: free < 1.GiB\n\
               alert: { urgency: page, context: [free] }\n\
               remedy: { runbook: docs/disk.md, steps: [{ shell: \"du -xh --max-depth=2 {{ mount }}\" }] }",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let Some(alert) = &policy.alert else { return };
    let mut levels = alert.urgency.rungs.iter().map(|(level, _)| *level).chain([alert.urgency.otherwise]);
    if !levels.any(|level| level == Urgency::Page)
        || policy.remedy.iter().any(|step| step.kind != StepKind::Do)
    {
        return;
    }
    let message = format!("`{}` wakes a person, and its remedy has no step that can be pasted", policy.id);
    let place = Written::of(policy).value(&["remedy", "steps"]);
    diags.push(
        Diag::warning(&code::MANUAL_PAGE, message)
            .at(&place, "only `do:` steps")
            .help("begin with a `shell:` or `sql:` step that shows or mends it, or let it open a ticket"),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, warned};
    use super::LINT;

    const DO: &str = "remedy: { runbook: r.md, steps: [{ do: Mend it. }] }";

    #[test]
    fn a_page_with_sentences_only_is_shown() {
        warned(&LINT, &format!("fail: free < 1.GiB\nalert: {{ urgency: page, context: [free] }}\n{DO}"));
        let ladder = "{ page: free < 1.MiB, ticket: otherwise }";
        warned(&LINT, &format!("fail: free < 1.GiB\nalert: {{ urgency: {ladder}, context: [free] }}\n{DO}"));
    }

    #[test]
    fn tickets_and_commands_are_fine() {
        fine(&LINT, &format!("fail: free < 1.GiB\nalert: {{ urgency: ticket, context: [free] }}\n{DO}"));
        fine(&LINT, "fail: free < 1.GiB\nalert: { urgency: page, context: [free] }");
        fine(&LINT, &format!("fail: free < 1.GiB\n{DO}"));
    }
}
