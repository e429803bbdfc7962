//! An alert whose `for` is shorter than the interval at which it is judged.

use super::written::value;
use super::{Category, Check, Input, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::fact::{Type, Value, micros, show};
use crate::policy::{Policy, Project, Tier};

pub(super) const LINT: Lint = Lint {
    code: &code::SHORT_FOR,
    category: Category::Alerting,
    level: WARNING,
    doc: "the `for` of every alert spans at least two samples",
    page: Page {
        why: "`for: 10m` in a policy that is judged once a day is one sample, and one sample is judged as if it had \
              held: the alert fires at the first blip, which `for` was meant to prevent.",
        bad: "targets: { web: { type: host } }\n\
              ---\n\
              tier: daily\nfail: free < 1.GiB\n\
              alert:\n  urgency: ticket\n  for: 10m   # here\n  context: [free]",
        good: "targets: { web: { type: host } }\n\
               ---\n\
               tier: continuous\nfail: free < 1.GiB\n\
               alert:\n  urgency: ticket\n  for: 10m\n  context: [free]",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    for policy in input.policies {
        diags.extend(of_policy(input.project, policy));
    }
}

fn of_policy(project: &Project, policy: &Policy) -> Option<Diag> {
    let held = policy.alert.as_ref()?.held?;
    let interval = micros(project.interval(policy.tier)?);
    if held >= interval {
        return None;
    }
    let shown = |micros| show(&Value::Int(micros), &Type::DURATION);
    let message = format!(
        "`{}` must have held for {}, and the tier `{}` is judged every {}",
        policy.id,
        shown(held),
        policy.tier.word(),
        shown(interval)
    );
    let help = if policy.tier == Tier::Continuous {
        format!("let it hold for two samples, at least `for: {}`, or leave `for` out", literal(interval))
    } else {
        "judge it more often (`tier: continuous`), or leave `for` out".to_owned()
    };
    let diag = Diag::warning(&code::SHORT_FOR, message);
    Some(diag.at(&value(policy, &["alert", "for"]), "one sample at most").help(help))
}

/// A duration as the file would have it.
fn literal(micros: i64) -> String {
    show(&Value::Int(micros), &Type::DURATION).replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, said_of};
    use super::LINT;

    fn said(project: &str, tier: &str, held: &str) -> usize {
        let alert = format!("alert: {{ urgency: ticket, context: [free], for: {held} }}");
        said_of(&LINT, project, &[policy(&format!("tier: {tier}\nfail: free < 1.GiB\n{alert}"))]).len()
    }

    #[test]
    fn one_sample_is_shown() {
        assert_eq!(said("", "daily", "10m"), 1);
        assert_eq!(said("", "continuous", "1m"), 1);
        assert_eq!(said("tiers: { continuous: 15m }", "continuous", "10m"), 1);
    }

    #[test]
    fn two_samples_are_fine() {
        assert_eq!(said("", "continuous", "5m"), 0);
        assert_eq!(said("tiers: { daily: 5m }", "daily", "10m"), 0);
        assert_eq!(said("", "release", "10m"), 0);
        assert_eq!(said_of(&LINT, "", &[policy("fail: free < 1.GiB")]), []);
    }
}
