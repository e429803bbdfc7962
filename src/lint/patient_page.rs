//! An alert that wakes a person for what a ticket would do.

use super::allowed::{About, Allowed};
use super::written::Written;
use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::fact::{Type, Value, show};
use crate::policy::{Param, Policy, Rung};
use crate::rule::Op;
use crate::verdict::Urgency;

pub(super) const LINT: Lint = Lint {
    code: &code::PATIENT_PAGE,
    category: Category::Alerting,
    level: WARNING,
    doc: "what wakes a person is due within hours",
    page: Page {
        why: "A certificate that ends in three weeks is nobody's night. Pages for what can wait teach people to sleep \
              through pages.",
        bad: "target: { type: service }\nobserve: { chain: { probe: tls.chain } }\n\
              let: { left: not_after - now }\nfail: left < 21.days\n\
              alert: { urgency: page, context: [left] }   # here",
        good: "target: { type: service }\nobserve: { chain: { probe: tls.chain } }\n\
               let: { left: not_after - now }\nfail: left < 21.days\n\
               alert: { urgency: { page: left < 12.hours, ticket: otherwise }, context: [left] }",
    },
    check: Check::Policy(check),
};

/// What is due later than this can wait for the morning.
const NIGHT: i64 = 24 * 3_600_000_000;

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let Some(alert) = &policy.alert else { return };
    // A ladder says itself when it is urgent.
    if !alert.urgency.rungs.is_empty() || alert.urgency.otherwise != Urgency::Page {
        return;
    }
    let place = || Written::of(policy).value(&["alert", "urgency"]);
    if policy.fail.is_empty() && !policy.warn.is_empty() {
        let message = format!("`{}` wakes a person, and it can only warn", policy.id);
        diags.push(
            Diag::warning(&code::PATIENT_PAGE, message)
                .at(&place(), "")
                .help("say what is bad enough for a night under `fail`, or let it open a ticket"),
        );
        return;
    }
    let left: Option<Vec<i64>> = policy.fail.iter().map(|rung| time_left(rung, &policy.params)).collect();
    let Some(shortest) = left.and_then(|left| left.into_iter().min()).filter(|left| *left >= NIGHT) else {
        return;
    };
    let message = format!(
        "`{}` wakes a person when {} are left",
        policy.id,
        show(&Value::Int(shortest), &Type::DURATION)
    );
    diags.push(Diag::warning(&code::PATIENT_PAGE, message).at(&place(), "").help(
        "page when hours are left, and open a ticket before: `urgency: { page: …, ticket: otherwise }`",
    ));
}

/// How much time is left when the rung begins to hold, if it is one about time that is left.
fn time_left(rung: &Rung, params: &[Param]) -> Option<i64> {
    let about = About::of(&rung.rule.node, params)?;
    // Of an age more is worse: a backup that is two days old is late.
    if *about.on.ty.base() != Type::DURATION || matches!(about.on.op, Op::Age(_)) {
        return None;
    }
    match about.allowed {
        Allowed::Range(None, Some((limit, _))) => limit.as_int(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, said, warned};
    use super::LINT;

    fn alert(rules: &str, urgency: &str) -> String {
        format!(
            "target: {{ type: service }}\nobserve: {{ chain: {{ probe: tls.chain }} }}\nlet: {{ left: not_after - now }}\n\
             {rules}\nalert: {{ urgency: {urgency}, context: [left] }}"
        )
    }

    #[test]
    fn a_page_for_next_week_is_shown() {
        warned(&LINT, &alert("fail: left < 7.days", "page"));
        warned(&LINT, &alert("params: { at: 14d }\nfail: left <= params.at", "page"));
        warned(&LINT, &alert("warn: left < 2.hours", "page"));
        let found = said(&LINT, &alert("fail: left < 7.days", "page"));
        assert_eq!(found[0].labels[0].loc.text(), "page");
    }

    #[test]
    fn what_is_due_tonight_is_fine() {
        fine(&LINT, &alert("fail: left < 6.hours", "page"));
        fine(&LINT, &alert("fail: [left < 7.days, trusted == false]", "page"));
        fine(&LINT, &alert("fail: left < 7.days", "ticket"));
        fine(&LINT, &alert("fail: left < 7.days", "{ page: left < 6.hours, ticket: otherwise }"));
        fine(&LINT, "fail: free < 1.GiB\nalert: { urgency: page, context: [free] }");
    }
}
