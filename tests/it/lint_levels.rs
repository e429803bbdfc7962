//! Levels of lints, and rules of the house.

use crate::harness::Shop;

const SLOW: &str = "tier: weekly\ntarget: { type: host }\nobserve: { usage: { probe: disk.usage } }\nfail: free < 1.MiB\nalert: { urgency: page, context: [free] }\nremedy: { steps: [{ shell: df }] }\n";
const CONSTANT: &str =
    "target: { type: host }\nobserve: { usage: { probe: disk.usage } }\nfail: free < 1.bytes && 2 > 1\n";

fn shop(lints: &str, policy: &str) -> Shop {
    let shop = Shop::new();
    shop.project(&format!("policies: [policies/]\ntargets: {{ here: {{ type: host }} }}\n{lints}\n"));
    shop.policy("p", policy);
    shop
}

#[test]
fn a_project_sets_the_level_of_a_lint() {
    for (levels, code, said) in [
        ("", 0, "1 policy: 1 warning"),
        ("lints: { levels: { slow-page: error } }", 2, "1 policy: 1 error"),
        ("lints: { levels: { alerting: error, slow-page: warning } }", 0, "1 policy: 1 warning"),
        ("lints: { levels: { slow-page: off } }", 0, "1 policy: nothing found"),
    ] {
        let run = shop(levels, SLOW).run(&["lint"]).exits(code);
        assert!(run.stdout.ends_with(&format!("{said}\n")), "{levels}: {}", run.stdout);
    }
}

#[test]
fn a_warning_that_a_project_raises_stops_a_check() {
    let shop = shop("lints: { levels: { slow-page: error } }", SLOW);
    shop.check(&[]).exits(2).says("slow-page");
}

#[test]
fn a_lint_that_does_not_exist_is_told_in_lint_and_check() {
    let shop = shop("lints: { levels: { slow-pages: error } }", SLOW);
    let run = shop.run(&["lint"]).exits(2);
    assert!(run.stdout.contains("did you mean `slow-page`?"), "{}", run.stdout);
    shop.check(&[]).exits(2).says("did you mean `slow-page`?");
}

#[test]
fn what_would_pass_wrongly_cannot_be_switched_off_and_is_told_by_every_check() {
    shop("", CONSTANT).check(&[]).exits(2).says("constant-condition");
    let off = shop("lints: { levels: { constant-condition: off } }", CONSTANT);
    off.check(&[]).exits(2).says("cannot be switched off");
    let lowered = shop("lints: { levels: { constant-condition: warning } }", CONSTANT);
    lowered.check(&[]).exits(0).says("constant-condition");
}

#[test]
fn rules_of_the_house_are_told_at_the_policy_that_breaks_them() {
    let rules = "lints:\n  rules:\n    - { rule: owners, why: only these teams have a pager, owners: [team-a] }\n    - { rule: ids, why: lists are sorted by system, id: '(disk|pg)-[a-z]+', level: error }\n    - { rule: high-is-soon, why: it was agreed, severity: [high], tiers: [daily, continuous] }\n    - { rule: pages, why: auditors ask, kind: alert, require: [controls, runbook] }\n";
    let shop = shop(rules, &SLOW.replace("urgency: page", "urgency: ticket"));
    let json = shop.run(&["lint", "--format", "json"]).exits(2).json().clone();
    let said: Vec<String> = json["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|diag| {
            let label = &diag["labels"][0];
            format!(
                "{} {} {}",
                diag["level"].as_str().unwrap(),
                label["line"],
                diag["message"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "error 1 `p` has another form of id: rule `ids` of the house",
            "warning 4 `p` belongs to `team`, who is not on the list: rule `owners` of the house",
            "warning 6 `p` is judged `weekly`: rule `high-is-soon` of the house",
            "warning 1 `p` has no `controls`: rule `pages` of the house",
            "warning 1 `p` has no `runbook`: rule `pages` of the house",
        ],
        "{json:#}"
    );
    assert!(json["diagnostics"][0]["help"].as_str().unwrap().ends_with("lists are sorted by system"));
}

#[test]
fn a_rule_that_asks_for_nothing_or_is_no_rule_is_refused() {
    for (rule, said) in [
        ("{ rule: r, why: w }", "asks for nothing"),
        ("{ rule: r, why: w, id: '(' }", "is not a regular expression"),
        ("{ rule: r, why: w, tiers: [dayly] }", "daily"),
        ("{ rule: r, why: w, requires: [tags] }", "did you mean `require`?"),
        ("{ rule: r, why: w, tags: [a] }, { rule: r, why: w, tags: [b] }", "two rules are called `r`"),
    ] {
        let run = shop(&format!("lints: {{ rules: [{rule}] }}"), SLOW).run(&["lint"]).exits(2);
        assert!(run.stdout.contains(said), "{rule}: {}", run.stdout);
    }
}

#[test]
fn every_lint_is_listed_and_explained_with_examples() {
    let shop = Shop::new();
    let listed = shop.run(&["list", "lints"]).exits(0).stdout;
    assert!(listed.lines().count() >= 15, "{listed}");
    for line in listed.lines() {
        let name = line.split(' ').next().unwrap();
        let page = shop.run(&["explain", name]).exits(0).stdout;
        for part in ["a lint of the category", "Why it matters", "Bad:", "Good:"] {
            assert!(page.contains(part), "{name}: {page}");
        }
    }
}

#[test]
fn a_lint_that_is_lowered_and_allowed_is_still_told() {
    let both = shop(
        "lints: { levels: { constant-condition: warning } }",
        &CONSTANT.replace("2 > 1", "2 > 1 # muster: allow constant-condition -- the second is tried"),
    );
    both.check(&[]).exits(0).says("constant-condition").says("the second is tried");
}

#[test]
fn the_level_of_a_rule_goes_before_that_of_its_lint() {
    let rule = |levels: &str| {
        format!(
            "lints:\n  levels: {{ {levels} }}\n  rules:\n    - {{ rule: ids, why: lists are sorted by system, id: '(disk|pg)-[a-z]+', level: error }}\n"
        )
    };
    for levels in ["slow-page: warning", "naming: warning", "naming: \"off\"", "house-rule: warning"] {
        let run = shop(&rule(levels), SLOW).run(&["lint"]).exits(2);
        assert!(run.stdout.contains("has another form of id"), "{levels}: {run:#?}");
    }
    let off = shop(&rule("house-rule: \"off\""), SLOW).run(&["lint"]).exits(2);
    assert!(off.stdout.contains("cannot be switched off"), "{off:#?}");
    let apart = shop("lints: { rules: [{ rule: ids, why: none, id: 'a)|(p' }] }", SLOW);
    let run = apart.run(&["lint"]).exits(2);
    assert!(run.stdout.contains("is not a regular expression"), "{run:#?}");
}
