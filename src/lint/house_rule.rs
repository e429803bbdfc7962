//! A policy that breaks a rule of its organisation (`lints: { rules: [..] }` of the project file).

use super::written::Written;
use super::{Category, Check, Input, Lint, Page, WARNING};
use crate::diag::{Diag, code, did_you_mean};
use crate::policy::{HouseRule, Policy};

pub(super) const LINT: Lint = Lint {
    code: &code::HOUSE_RULE,
    category: Category::Naming,
    level: WARNING,
    doc: "every policy keeps the rules of the house",
    page: Page {
        why: "The rule says it. Such a rule is read by a program at every change, and by a person once.",
        bad: "lints: { rules: [{ rule: audited, why: auditors ask for the control, severity: [high, critical], require: [controls] }] }\n---\nseverity: high\nfail: free < 1.GiB",
        good: "lints: { rules: [{ rule: audited, why: auditors ask for the control, severity: [high, critical], require: [controls] }] }\n---\nseverity: high\ncontrols: [SOC2-A1.2]\nfail: free < 1.GiB",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    if input.project.lints.rules.is_empty() {
        return;
    }
    diags.extend(
        input.project.lints.rules.iter().filter(|_| input.whole).filter_map(|rule| idle(input, rule)),
    );
    // A library is not written by this house.
    for policy in input.policies.iter().filter(|policy| policy.library.is_none()) {
        for rule in input.project.lints.rules.iter().filter(|rule| is_about(rule, policy)) {
            let owner = policy.owner.as_deref().or(input.project.owner.as_deref());
            diags.extend(broken(rule, policy, owner).into_iter().map(|broken| said(rule, policy, &broken)));
        }
    }
}

/// A rule about policies that there are not asks for nothing.
fn idle(input: &Input<'_>, rule: &HouseRule) -> Option<Diag> {
    let pattern = rule.policies.as_ref()?;
    let own = input.policies.iter().filter(|policy| policy.library.is_none());
    let ids = || own.clone().map(|policy| &*policy.id).chain(input.broken.iter().map(|(id, _)| &**id));
    if ids().any(|id| pattern.matches(id)) {
        return None;
    }
    let message =
        format!("rule `{}` of the house is about `{}`, and no policy is called so", rule.name, pattern.text);
    let help = did_you_mean(&pattern.text, ids())
        .unwrap_or_else(|| "change `policies:` of the rule, or remove the rule".to_owned());
    Some(Diag::warning(&code::HOUSE_RULE, message).at(&rule.loc, "it asks for nothing").help(help))
}

fn is_about(rule: &HouseRule, policy: &Policy) -> bool {
    let severities =
        || policy.severity.rungs.iter().map(|(level, _)| level).chain([&policy.severity.otherwise]);
    rule.policies.as_ref().is_none_or(|pattern| pattern.matches(&policy.id))
        && rule.kind.as_ref().is_none_or(|kind| **kind == *policy.kind())
        && (rule.severity.is_empty() || severities().any(|level| rule.severity.contains(level)))
}

/// What is wrong, the key that it is about, and what to do.
struct Broken {
    what: String,
    key: &'static str,
    help: String,
}

fn said(rule: &HouseRule, policy: &Policy, broken: &Broken) -> Diag {
    let message = format!("`{}` {}: rule `{}` of the house", policy.id, broken.what, rule.name);
    let place = match broken.key {
        "policy" => policy.loc.clone(),
        key => Written::of(policy).key(&[key]),
    };
    let diag = Diag::warning(&code::HOUSE_RULE, message);
    let help = format!("{}; {}", broken.help, rule.why);
    Diag { level: rule.level.unwrap_or(diag.level), ..diag }
        .at(&place, "")
        .at(&rule.loc, "the rule")
        .help(help)
}

fn broken(rule: &HouseRule, policy: &Policy, owner: Option<&str>) -> Vec<Broken> {
    let mut found = Vec::new();
    for key in rule.require.iter().filter(|key| !has(policy, key, owner)) {
        let help = if **key == *"runbook" {
            "write `runbook:` under `remedy:`".into()
        } else {
            format!("write `{key}:`")
        };
        found.push(Broken { what: format!("has no `{key}`"), key: "policy", help });
    }
    if let Some((written, _)) = rule.id.as_ref().filter(|(_, whole)| !whole.is_match(&policy.id)) {
        let help = format!("ids match `{written}`");
        found.push(Broken { what: "has another form of id".into(), key: "policy", help });
    }
    if let Some(owner) =
        owner.filter(|owner| !rule.owners.is_empty() && !rule.owners.iter().any(|one| **one == **owner))
    {
        let known = || rule.owners.iter().map(|one| &**one);
        let help = did_you_mean(owner, known())
            .unwrap_or_else(|| format!("owners are {}", known().collect::<Vec<_>>().join(", ")));
        found.push(Broken {
            what: format!("belongs to `{owner}`, who is not on the list"),
            key: "owner",
            help,
        });
    }
    if !rule.tiers.is_empty() && !rule.tiers.contains(&policy.tier) {
        let words: Vec<&str> = rule.tiers.iter().map(|tier| tier.word()).collect();
        let help = format!("write `tier: {}`", words.join("`, or `tier: "));
        found.push(Broken { what: format!("is judged `{}`", policy.tier.word()), key: "tier", help });
    }
    if !rule.tags.is_empty() && !rule.tags.iter().any(|tag| policy.tags.contains(tag)) {
        let help = format!("add one of `{}`", rule.tags.join("`, `"));
        found.push(Broken { what: "has none of the tags that are asked for".into(), key: "tags", help });
    }
    for label in rule.labels.iter().filter(|label| !policy.target.labels.contains_key(*label)) {
        let help = format!("write `target: {{ labels: {{ {label}: … }} }}`");
        found.push(Broken {
            what: format!("does not say of its targets which `{label}` they have"),
            key: "target",
            help,
        });
    }
    found
}

fn has(policy: &Policy, key: &str, owner: Option<&str>) -> bool {
    match key {
        "owner" => owner.is_some(),
        "tags" => !policy.tags.is_empty(),
        "controls" => !policy.controls.is_empty(),
        "prevents" => !policy.prevents.is_empty(),
        "message" => policy.message.is_some() || policy.fail.iter().all(|rung| rung.message.is_some()),
        "runbook" => policy.runbook.is_some(),
        // The shape of the project file knows no other.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, said_of};
    use super::LINT;

    fn messages(rule: &str, lines: &str) -> Vec<String> {
        let project = format!("lints: {{ rules: [{{ rule: r, why: agreed in May, {rule} }}] }}");
        let policies = [policy(&format!("{lines}\nfail: free < 1.GiB"))];
        said_of(&LINT, &project, &policies)
            .into_iter()
            .filter(|diag| !diag.message.contains("no policy is called so"))
            .map(|diag| format!("{} {}", diag.labels[0].loc, diag.message))
            .collect()
    }

    #[test]
    fn every_demand_has_its_place() {
        for (rule, bad, good, place) in [
            (
                "require: [tags, runbook]",
                "policy: p\nremedy: { steps: [{ do: x }], runbook: docs/x.md }",
                "tags: [a]\nremedy: { steps: [{ do: x }], runbook: docs/x.md }",
                "p.yaml:1:9",
            ),
            ("id: 'disk-[a-z]+'", "policy: disk-", "policy: disk-full", "p.yaml:1:9"),
            ("owners: [team-a]", "owner: team-b", "owner: team-a", "p.yaml:1:1"),
            ("severity: [high], tiers: [daily]", "why: x\ntier: weekly", "tier: daily", "p.yaml:2:1"),
            (
                "severity: [critical], tiers: [daily]",
                "severity: { critical: free < 1.MiB, low: otherwise }\ntier: weekly",
                "tier: weekly",
                "p.yaml:2:1",
            ),
            ("tags: [prod, staging]", "tags: [disk]", "tags: [disk, prod]", "p.yaml:1:1"),
            (
                "labels: [app]",
                "target: { type: host }",
                "target: { type: host, labels: { app: x } }",
                "p.yaml:1:1",
            ),
            ("policies: 'disk-*', require: [tags]", "policy: disk-full", "policy: p", "p.yaml:1:9"),
            (
                "kind: alert, require: [tags]",
                "policy: p\nalert: { urgency: page, context: [free] }",
                "policy: p",
                "p.yaml:1:9",
            ),
        ] {
            let found = messages(rule, bad);
            assert_eq!(found.len(), 1, "{rule}: {found:?}");
            assert!(found[0].starts_with(place), "{rule}: {found:?}");
            assert_eq!(messages(rule, good), Vec::<String>::new(), "{rule}");
        }
    }

    #[test]
    fn a_rule_about_policies_that_there_are_not_is_told() {
        let said = |pattern: &str| {
            let rule = format!("{{ rule: r, why: agreed in May, policies: '{pattern}', require: [owner] }}");
            let policies = [policy("policy: disk-full\nfail: free < 1.GiB")];
            said_of(&LINT, &format!("lints: {{ rules: [{rule}] }}"), &policies).len()
        };
        assert_eq!((said("nope-*"), said("disk-*")), (1, 0));
    }
}
