//! A waiver that can never cover anything.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Category, Check, Input, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::{Expect, Policy, TargetEntry, Waiver};
use crate::verdict::Verdict;

pub(super) const LINT: Lint = Lint {
    code: &code::WAIVER_UNUSED,
    category: Category::Waivers,
    level: WARNING,
    doc: "every waiver names something that could fail",
    page: Page {
        why: "The database was renamed, and its waiver was not: what it was to cover fails again, and the entry stands \
              there until somebody gives a new system the old name.",
        bad: "targets: { web: { type: host } }\n\
              waivers:\n  - { policy: disk-full, target: 'web-old*', reason: replaced in January, owner: t, ticket: T-1, expires: 2027-01-15 }   # here\n\
              ---\npolicy: disk-full\nfail: free < 1.GiB",
        good: "targets: { web: { type: host } }\n\
               waivers:\n  - { policy: disk-full, target: 'web*', reason: replaced in January, owner: t, ticket: T-1, expires: 2027-01-15 }\n\
               ---\npolicy: disk-full\nfail: free < 1.GiB",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    // Of a part of the policies it cannot be told what else a waiver may be meant for.
    if !input.whole || input.project.waivers.is_empty() {
        return;
    }
    let by_id: HashMap<&str, &Arc<Policy>> =
        input.policies.iter().map(|policy| (&*policy.id, policy)).collect();
    for waiver in &input.project.waivers {
        // What is broken may be meant, and a name that nothing has is refused as `unknown-name`.
        if input.broken.iter().any(|(id, _)| waiver.policy.matches(id)) {
            continue;
        }
        let policies = named(input, &by_id, waiver);
        if policies.is_empty() {
            continue;
        }
        if let Some((why, help)) = unused(input, waiver, &policies) {
            let message = format!("the waiver of `{}` can cover nothing: {why}", waiver.policy.text);
            diags.push(Diag::warning(&code::WAIVER_UNUSED, message).at(&waiver.loc, "").help(help));
        }
    }
}

fn named<'a>(input: &Input<'a>, by_id: &HashMap<&str, &'a Arc<Policy>>, waiver: &Waiver) -> Vec<&'a Policy> {
    let plain = !waiver.policy.text.contains(['*', '?', '[', '{', '\\']);
    if plain {
        return by_id.get(&*waiver.policy.text).map(|policy| &***policy).into_iter().collect();
    }
    input.policies.iter().filter(|policy| waiver.policy.matches(&policy.id)).map(|policy| &**policy).collect()
}

fn unused(input: &Input<'_>, waiver: &Waiver, policies: &[&Policy]) -> Option<(String, &'static str)> {
    let targets = &input.project.targets;
    let wanted =
        |target: &&TargetEntry| waiver.target.as_ref().is_none_or(|pattern| pattern.matches(&target.name));
    if !targets.is_empty() {
        let left: Vec<&TargetEntry> = targets.iter().filter(wanted).collect();
        if let (true, Some(pattern)) = (left.is_empty(), &waiver.target) {
            return Some((
                format!("no target is called `{}`", pattern.text),
                "name a target of muster.yaml, or remove it",
            ));
        }
        let judged = |policy: &&&Policy| left.iter().any(|target| fits(policy, target));
        if !policies.iter().any(|policy| judged(&policy)) {
            return Some((
                "the policy is not judged at that target".to_owned(),
                "name a target that it is judged at, or remove it",
            ));
        }
        if let Some(pattern) = &waiver.subject {
            let one = |policy: &&Policy| policy.each_is_one() && policy.expect == Expect::Default;
            let names = |policy: &&Policy| left.iter().any(|t| fits(policy, t) && pattern.matches(&t.name));
            if policies.iter().all(|policy| one(policy) && !names(policy)) {
                let why = format!("its only subject is the target, and none is called `{}`", pattern.text);
                return Some((why, "leave `subject` out"));
            }
        }
    }
    let warns = waiver.covers.contains(&Verdict::Warn) || waiver.covers.contains(&Verdict::Unknown);
    let only_fails = !warns && waiver.covers.contains(&Verdict::Fail);
    let only_warns = waiver.covers.as_slice() == [Verdict::Warn];
    let can_fail = |policy: &&Policy| {
        !policy.fail.is_empty()
            || policy.script.is_some()
            || !matches!(policy.expect, Expect::Default | Expect::Any)
    };
    // An alert that has not held long enough yet warns.
    let can_warn =
        |policy: &&Policy| !policy.warn.is_empty() || policy.script.is_some() || policy.alert.is_some();
    if only_warns && !policies.iter().any(can_warn) {
        return Some((
            "it covers `warn`, and the policy never warns".to_owned(),
            "cover `fail`, or remove it",
        ));
    }
    if only_fails && !policies.iter().any(can_fail) {
        return Some((
            "it covers `fail`, and the policy never fails".to_owned(),
            "cover `warn`, or remove it",
        ));
    }
    None
}

fn fits(policy: &Policy, target: &TargetEntry) -> bool {
    policy.target.fits(&target.kind, &target.name, &target.labels)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, said_of};
    use super::LINT;

    fn said(waiver: &str) -> Vec<String> {
        let text = format!(
            "targets: {{ web: {{ type: host }}, db: {{ type: sqlite, path: x.db }} }}\n\
             waivers: [{{ {waiver}, reason: a b c, owner: t, ticket: T-1, expires: 2027-01-01 }}]"
        );
        let disk = policy("policy: disk\nfail: free < 1.GiB");
        let one = policy(
            "policy: free\ntarget: { type: sqlite }\nobserve: { file: { probe: sqlite.database } }\nwarn: free_ratio > 10.percent",
        );
        said_of(&LINT, &text, &[disk, one]).into_iter().map(|diag| diag.message).collect()
    }

    #[test]
    fn waivers_of_nothing_are_shown() {
        for (waiver, why) in [
            ("policy: disk, target: 'gone-*'", "no target is called `gone-*`"),
            ("policy: disk, target: db", "not judged at that target"),
            ("policy: 'dis*', target: 'd?'", "not judged at that target"),
            ("policy: free, subject: rows", "its only subject is the target"),
            ("policy: disk, covers: [warn]", "never warns"),
            ("policy: free, covers: [fail]", "never fails"),
        ] {
            let found = said(waiver);
            assert!(matches!(found.as_slice(), [one] if one.contains(why)), "{waiver}: {found:?}");
        }
    }

    #[test]
    fn waivers_that_may_cover_something_are_fine() {
        for waiver in [
            "policy: disk",
            "policy: '*', target: web",
            "policy: disk, subject: /srv",
            "policy: free, subject: 'd*'",
            "policy: disk, covers: [unknown]",
            "policy: nobody",
        ] {
            assert_eq!(said(waiver), Vec::<String>::new(), "{waiver}");
        }
    }
}
