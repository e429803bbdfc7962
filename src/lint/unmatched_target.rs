//! A policy that no target of the project can match: it is never judged.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::written::Written;
use super::{Category, Check, ERROR, Input, Lint, Page};
use crate::diag::{Diag, code, did_you_mean};
use crate::policy::{Policy, Selector, TargetEntry};
use crate::source::Loc;

pub(super) const LINT: Lint = Lint {
    code: &code::UNMATCHED_TARGET,
    category: Category::Bugs,
    level: ERROR,
    doc: "every policy of the project matches a target of it",
    page: Page {
        why: "A label that is written `primray` selects nothing. The policy loads, its tests pass, and no database is \
              ever looked at.",
        bad: "labels: { role: [primary, replica] }\n\
              targets: { shop: { type: postgres, url: 'postgres://muster@db:5432/shop', labels: { role: primary } } }\n\
              ---\n\
              target: { type: postgres, labels: { role: primray } }   # here\n\
              observe: { server: { probe: postgres.server } }\nfail: server.role == \"replica\"",
        good: "labels: { role: [primary, replica] }\n\
               targets: { shop: { type: postgres, url: 'postgres://muster@db:5432/shop', labels: { role: primary } } }\n\
               ---\n\
               target: { type: postgres, labels: { role: primary } }\n\
               observe: { server: { probe: postgres.server } }\nfail: server.role == \"replica\"",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    let targets = &input.project.targets;
    // Without targets in the file they are named on the command line.
    if targets.is_empty() {
        return;
    }
    // A library is skipped where nothing fits, with the reason.
    for policy in input.policies.iter().filter(|policy| policy.library.is_none()) {
        let selector = &policy.target;
        if !targets.iter().any(|target| selector.fits(&target.kind, &target.name, &target.labels)) {
            diags.extend(unmatched(input, policy, selector));
        }
    }
}

fn unmatched(input: &Input<'_>, policy: &Policy, selector: &Selector) -> Option<Diag> {
    let kind = selector.types();
    let of_kind: Vec<&TargetEntry> =
        input.project.targets.iter().filter(|target| selector.has(&target.kind)).collect();
    if of_kind.is_empty() {
        // Of a whole project `no-target` says the same as an error.
        if input.whole {
            return None;
        }
        let place = Written::of(policy).value(&["target", "type"]);
        let message = format!("`{}` is about targets of type `{kind}`, and the project has none", policy.id);
        let diag = Diag::warning(&code::UNMATCHED_TARGET, message).at(&place, "no target is of this type");
        return Some(diag.help("add such a target to muster.yaml, or remove the policy"));
    }
    let (place, message, help) = guilty(policy, &of_kind);
    let message = format!("`{}` matches no target: {message}", policy.id);
    Some(Diag::error(&code::UNMATCHED_TARGET, message).at(&place, "").help(help))
}

/// Which part of the selection is at fault.
fn guilty(policy: &Policy, of_kind: &[&TargetEntry]) -> (Loc, String, String) {
    let selector = &policy.target;
    let kind = selector.types();
    let names = of_kind.iter().map(|target| &*target.name);
    if let Some(glob) = &selector.name
        && !of_kind.iter().any(|target| glob.is_match(&*target.name))
    {
        let written = glob.glob().glob();
        let help = did_you_mean(written, names.clone())
            .unwrap_or_else(|| format!("targets of this type are {}", names.collect::<Vec<_>>().join(", ")));
        let place = Written::of(policy).value(&["target", "name"]);
        return (place, format!("no target of type `{kind}` is called `{written}`"), help);
    }
    for (label, value) in &selector.labels {
        if of_kind.iter().any(|target| target.labels.get(label) == Some(value)) {
            continue;
        }
        let known: BTreeSet<&Arc<str>> =
            of_kind.iter().filter_map(|target| target.labels.get(label)).collect();
        let known: Vec<&str> = known.into_iter().map(|known| &**known).collect();
        let help = did_you_mean(value, known.iter().copied()).unwrap_or_else(|| match known.as_slice() {
            [] => format!("give a target the label `{label}`, or take it out here"),
            known => format!("targets of this type have {}", known.join(", ")),
        });
        let place = Written::of(policy).value(&["target", "labels", label]);
        return (place, format!("no target of type `{kind}` has `{label}: {value}`"), help);
    }
    let message = format!("no target of type `{kind}` has all of it together");
    (selector.loc.clone(), message, "take a part of the selection out, or add such a target".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, said_of};
    use super::LINT;

    const TARGETS: &str = "labels: { env: any, role: any }\n\
        targets:\n  a: { type: host, labels: { env: prod, role: web } }\n  b: { type: host, labels: { env: test, role: db } }";

    fn places(target: &str) -> Vec<String> {
        let policy = policy(&format!("target: {target}\nfail: free < 1.GiB"));
        said_of(&LINT, TARGETS, &[policy]).iter().map(|diag| diag.labels[0].loc.text().to_owned()).collect()
    }

    #[test]
    fn the_part_that_selects_nothing_is_shown() {
        assert_eq!(places("{ type: host, labels: { env: prdo } }"), ["prdo"]);
        assert_eq!(places("{ type: host, name: c }"), ["c"]);
        assert_eq!(
            places("{ type: host, labels: { env: prod, role: db } }"),
            ["{ type: host, labels: { env: prod, role: db } }"]
        );
    }

    #[test]
    fn what_selects_a_target_is_fine() {
        assert_eq!(places("{ type: host, labels: { env: prod } }"), Vec::<String>::new());
        assert_eq!(places("{ type: host, name: 'a*' }"), Vec::<String>::new());
        let policy = policy("target: { type: host, labels: { env: x } }\nfail: free < 1.GiB");
        assert_eq!(said_of(&LINT, "", &[policy]), [], "a project without targets");
    }
}
