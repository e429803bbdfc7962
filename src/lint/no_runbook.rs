//! An alert that wakes a person, without a runbook.

use super::written::Written;
use super::{Category, Check, Lint, OFF, Page};
use crate::diag::{Diag, code};
use crate::policy::Policy;
use crate::verdict::Urgency;

pub(super) const LINT: Lint = Lint {
    code: &code::NO_RUNBOOK,
    category: Category::Pedantic,
    level: OFF,
    doc: "what wakes a person has a runbook",
    page: Page {
        why: "The steps mend the common case. Whom to call when they do not, and what may be switched off, stands in a \
              longer text.",
        bad: "fail: free < 1.GiB\n\
              alert: { urgency: page, context: [free] }\n\
              remedy: { steps: [{ shell: df -h }] }   # here",
        good: "fail: free < 1.GiB\n\
               alert: { urgency: page, context: [free] }\n\
               remedy: { runbook: docs/disk.md, steps: [{ shell: df -h }] }",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let Some(alert) = policy.alert.as_ref().filter(|_| policy.runbook.is_none()) else { return };
    let mut levels = alert.urgency.rungs.iter().map(|(level, _)| *level).chain([alert.urgency.otherwise]);
    if !levels.any(|level| level == Urgency::Page) {
        return;
    }
    let message = format!("`{}` wakes a person and has no runbook", policy.id);
    diags.push(
        Diag::warning(&code::NO_RUNBOOK, message)
            .at(&Written::of(policy).key(&["remedy"]), "")
            .help("name one under `remedy`: `runbook: docs/runbooks/disk.md`"),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, warned};
    use super::LINT;

    #[test]
    fn only_pages_need_one() {
        warned(&LINT, "fail: free < 1.GiB\nalert: { urgency: page, context: [free] }");
        fine(&LINT, "fail: free < 1.GiB\nalert: { urgency: ticket, context: [free] }");
        fine(
            &LINT,
            "fail: free < 1.GiB\nalert: { urgency: page, context: [free] }\nremedy: { runbook: r.md, steps: [{ shell: df }] }",
        );
    }
}
