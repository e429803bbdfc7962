//! A condition that compares a label with a value that no target has.

use std::sync::Arc;

use super::{Category, Check, ERROR, Input, Lint, Page};
use crate::diag::{Diag, code, did_you_mean};
use crate::policy::Project;
use crate::rule::node::{Cmp, Place};
use crate::rule::{Node, Op, Rule};

pub(super) const LINT: Lint = Lint {
    code: &code::UNKNOWN_LABEL_VALUE,
    category: Category::Bugs,
    level: ERROR,
    doc: "every label value that a condition names exists",
    page: Page {
        why: "`when: target.labels.env == \"prdo\"` is false for every target, so the policy is skipped everywhere, every day, \
              with a reason that nobody reads.",
        bad: "labels: { env: [prod, test] }\n\
              targets: { web: { type: host, labels: { env: prod } } }\n\
              ---\n\
              when: (target.labels.env ?? \"\") == \"prdo\"   # here\nfail: free < 1.GiB",
        good: "labels: { env: [prod, test] }\n\
               targets: { web: { type: host, labels: { env: prod } } }\n\
               ---\n\
               when: (target.labels.env ?? \"\") == \"prod\"\nfail: free < 1.GiB",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    if input.project.targets.is_empty() {
        return;
    }
    for policy in input.policies.iter().filter(|policy| policy.library.is_none()) {
        let rungs = policy.fail.iter().chain(&policy.warn).map(|rung| &rung.rule);
        let urgency = policy.alert.iter().flat_map(|alert| &alert.urgency.rungs).map(|(_, rule)| rule);
        let ladders = policy.severity.rungs.iter().map(|(_, rule)| rule).chain(urgency);
        for rule in
            policy.when.as_deref().into_iter().chain(policy.filter.as_deref()).chain(rungs).chain(ladders)
        {
            of_rule(input.project, rule, diags);
        }
    }
}

fn of_rule(project: &Project, rule: &Rule, diags: &mut Vec<Diag>) {
    if !rule.reads.iter().any(|place| matches!(place, Place::Target(_))) {
        return;
    }
    rule.node.walk(&mut |node| match &node.op {
        Op::Compare(Cmp::Eq | Cmp::Ne, pair) => {
            let [a, b] = &**pair;
            diags.extend(compared(project, a, b).or_else(|| compared(project, b, a)));
        }
        Op::In(pair) => {
            let [item, list] = &**pair;
            if let Op::List(values) = &list.op {
                diags.extend(values.iter().filter_map(|value| compared(project, item, value)));
            }
        }
        _ => {}
    });
}

fn compared(project: &Project, label: &Node, value: &Node) -> Option<Diag> {
    // `target.labels.env ?? ""` is the label too.
    let read = if let Op::OrElse(parts) = &label.op { parts.first()? } else { label };
    let (Op::Read(Place::Target(name)), Op::Literal(literal)) = (&read.op, &value.op) else { return None };
    let wanted = literal.as_text().filter(|wanted| !wanted.is_empty())?;
    let name = name.strip_prefix("labels.").unwrap_or(name);
    if name == "scheme" {
        return None;
    }
    let known = values(project, name);
    if known.iter().any(|known| &**known == wanted) {
        return None;
    }
    let message = format!("no target has `{wanted}` as its `{name}`");
    let help = did_you_mean(wanted, known.iter().map(|known| &**known)).unwrap_or_else(|| {
        format!("it is one of {}", known.iter().map(|k| &**k).collect::<Vec<_>>().join(", "))
    });
    Some(Diag::error(&code::UNKNOWN_LABEL_VALUE, message).at(&value.loc, "").help(help))
}

/// What the name, the type or a label of a target may be: those that are there, and those that are declared.
fn values(project: &Project, name: &str) -> Vec<Arc<str>> {
    let of = |target: &crate::policy::TargetEntry| match name {
        "name" => Some(Arc::clone(&target.name)),
        "type" => Some(Arc::clone(&target.kind)),
        label => target.labels.get(label).cloned(),
    };
    let declared = project.labels.get(name).into_iter().flatten().flatten().cloned();
    let mut all: Vec<Arc<str>> = project.targets.iter().filter_map(of).chain(declared).collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, said_of};
    use super::LINT;

    fn said(rule: &str) -> usize {
        let project = "labels: { env: [prod, test], app: any }\n\
                       targets: { a: { type: host, labels: { env: prod, app: shop } } }";
        said_of(&LINT, project, &[policy(rule)]).len()
    }

    #[test]
    fn values_that_nothing_has_are_refused() {
        assert_eq!(said("when: (target.labels.app ?? \"\") == \"shpo\"\nfail: free < 1.GiB"), 1);
        assert_eq!(said("fail: free < 1.GiB && target.name != \"b\""), 1);
        assert_eq!(said("fail: free < 1.GiB\nwhen: (target.labels.env ?? \"\") in [\"prod\", \"tset\"]"), 1);
    }

    #[test]
    fn declared_values_are_fine_without_a_target() {
        assert_eq!(said("when: (target.labels.env ?? \"\") == \"test\"\nfail: free < 1.GiB"), 0);
        assert_eq!(
            said(
                "when: (target.labels.app ?? \"\") == \"shop\" && target.type == \"host\"\nfail: free < 1.GiB"
            ),
            0
        );
        assert_eq!(said("fail: filesystem == \"ext4\" && free < 1.GiB"), 0);
    }
}
