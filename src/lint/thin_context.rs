//! An alert whose notice does not carry the value that it is about.

use super::written::value;
use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::{Alert, Policy};
use crate::rule::Op;
use crate::rule::node::{Cmp, Place};

pub(super) const LINT: Lint = Lint {
    code: &code::THIN_CONTEXT,
    category: Category::Alerting,
    level: WARNING,
    doc: "the context of every alert holds a value that is judged",
    page: Page {
        why: "The notice is all that the person sees before the laptop is open. A device name says where; only the \
              number says whether to get up.",
        bad: "fail: free < 1.GiB\n\
              alert:\n  urgency: page\n  context: [device]   # here",
        good: "fail: free < 1.GiB\n\
               alert:\n  urgency: page\n  context: [device, free]",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let Some(alert) = &policy.alert else { return };
    let mut judged = Vec::new();
    for rung in policy.fail.iter().chain(&policy.warn) {
        rung.rule.node.walk(&mut |node| {
            // A state that is compared with one word is said by the message; a number is not.
            if matches!(node.op, Op::Compare(Cmp::Lt | Cmp::Le | Cmp::Gt | Cmp::Ge, _) | Op::InRange(..)) {
                node.walk(&mut |part| {
                    if let Op::Read(place) = &part.op {
                        fact(policy, place, &mut judged);
                    }
                });
            }
        });
    }
    // A script and a list of names have no fact of which this could be told.
    if policy.script.is_some() || judged.is_empty() || carries(policy, alert, &judged) {
        return;
    }
    let names: Vec<&str> = judged.iter().filter_map(|place| name(policy, place)).take(3).collect();
    let message = format!("the notice of `{}` carries nothing of what is judged", policy.id);
    diags.push(
        Diag::warning(&code::THIN_CONTEXT, message)
            .at(&value(policy, &["alert", "context"]), "")
            .help(format!("add what `fail` reads: `{}`", names.join("`, `"))),
    );
}

fn carries(policy: &Policy, alert: &Alert, judged: &[Place]) -> bool {
    let mut carried = Vec::new();
    for rule in &alert.context {
        rule.reads.iter().for_each(|place| fact(policy, place, &mut carried));
    }
    carried.iter().any(|place| judged.contains(place))
}

/// A fact, also through `let`.
fn fact(policy: &Policy, place: &Place, found: &mut Vec<Place>) {
    match place {
        Place::Let(index) => {
            if let Some(shared) = policy.lets.get(*index) {
                found.push(place.clone());
                shared.rule.reads.iter().for_each(|read| fact(policy, read, found));
            }
        }
        Place::Each(_) | Place::Observation(..) => found.push(place.clone()),
        _ => {}
    }
}

fn name<'a>(policy: &'a Policy, place: &Place) -> Option<&'a str> {
    match place {
        Place::Let(index) => policy.lets.get(*index).map(|shared| &*shared.name),
        place => policy.field(place).map(|field| &*field.name),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, said, warned};
    use super::LINT;

    fn alert(fail: &str, context: &str) -> String {
        format!("{fail}\nalert: {{ urgency: page, context: {context} }}")
    }

    #[test]
    fn a_notice_without_the_judged_value_is_shown() {
        warned(&LINT, &alert("fail: free < 1.GiB", "[device, mount]"));
        warned(&LINT, &alert("let: { left: free }\nfail: left < 1.GiB", "[device]"));
        let found = said(&LINT, &alert("fail: free < 1.GiB", "[device]"));
        assert_eq!(found[0].labels[0].loc.text(), "[device]");
        assert_eq!(found[0].help.as_deref(), Some("add what `fail` reads: `free`"));
    }

    #[test]
    fn a_notice_with_it_is_fine() {
        fine(&LINT, &alert("fail: free < 1.GiB", "[free]"));
        fine(&LINT, &alert("let: { left: free }\nfail: left < 1.GiB", "[left]"));
        fine(&LINT, &alert("let: { left: free }\nfail: left < 1.GiB", "[free]"));
        fine(&LINT, &alert("fail: used_ratio > 90.percent || free < 1.GiB", "[used_ratio]"));
        fine(&LINT, &alert("fail: read_only == true", "[device]"));
        fine(&LINT, "fail: free < 1.GiB");
    }
}
