//! Comments that allow what a lint finds.

use crate::harness::Shop;

const SLOW: &str = "tier: weekly\ntarget: { type: host }\nobserve: { usage: { probe: disk.usage } }\nfail: free < 1.MiB\nalert: { urgency: page, context: [free] }\nremedy: { steps: [{ shell: df }] }\n";

fn shop(policy: &str) -> Shop {
    let shop = Shop::new();
    shop.project("policies: [policies/]\ntargets: { here: { type: host } }\n");
    shop.policy("p", policy);
    shop
}

fn last_line(shop: &Shop, code: i32) -> String {
    let run = shop.run(&["lint"]).exits(code);
    run.stdout.lines().last().unwrap().to_owned()
}

#[test]
fn a_finding_is_allowed_on_its_line_and_above_it() {
    for head in [
        "# muster: allow slow-page -- it is only due at the end of a quarter\npolicy: p\n",
        "policy: p # muster: allow slow-page -- it is only due at the end of a quarter\n",
        "# muster: allow unused-param, slow-page -- it is only due at the end of a quarter\n# and nobody minds\npolicy: p\nparams: { x: 1GiB }\n",
    ] {
        let said = last_line(&shop(&format!("{head}{SLOW}")), 0);
        let wanted = if head.contains("params") {
            "1 policy: 2 warnings, 1 allowed by comments"
        } else {
            "1 policy: nothing found, 1 allowed by comments"
        };
        assert_eq!(said, wanted, "{head}");
    }
}

#[test]
fn a_comment_at_another_line_allows_nothing_and_is_told() {
    let shop =
        shop(&format!("policy: p\n{SLOW}# muster: allow slow-page -- it is only due once a quarter\n"));
    let run = shop.run(&["lint"]).exits(0);
    assert!(run.stdout.contains("there is no `slow-page` here to be allowed"), "{}", run.stdout);
    assert!(run.stdout.contains("1 policy: 2 warnings"), "{}", run.stdout);
}

#[test]
fn a_comment_without_a_reason_or_with_an_unknown_lint_allows_nothing() {
    for comment in [
        "allow slow-page",
        "allow slow-page --",
        "allow slow-pages -- it is fine",
        "alow slow-page -- it is fine",
    ] {
        let said = last_line(&shop(&format!("# muster: {comment}\npolicy: p\n{SLOW}")), 2);
        assert_eq!(said, "1 policy: 1 error, 1 warning", "{comment}");
    }
}

#[test]
fn what_does_not_load_cannot_be_allowed() {
    let policy = SLOW.replace("free < 1.MiB", "fre < 1.MiB # muster: allow unknown-fact -- it is fine");
    let shop = shop(&policy);
    shop.run(&["lint"]).exits(2);
    shop.check(&[]).exits(2).says("unknown-fact");
}

#[test]
fn an_error_that_is_allowed_is_told_by_every_check() {
    let policy = "target: { type: host }\nobserve: { usage: { probe: disk.usage } }\nfail: free < 1.bytes && 2 > 1 # muster: allow constant-condition -- the second is being tried\n";
    let shop = shop(policy);
    let run = shop.check(&[]).exits(0).says("constant-condition").says("the second is being tried");
    assert_eq!(run.verdict("p"), "pass");
    assert_eq!(last_line(&shop, 0), "1 policy: nothing found, 1 allowed by comments");
}

#[test]
fn a_waiver_is_allowed_where_it_stands() {
    let shop = shop(&SLOW.replace("page", "ticket"));
    let waiver = |comment: &str| {
        shop.project(&format!("muster: 1\npolicies: [policies/]\ntargets: {{ here: {{ type: host }} }}\nwaivers:\n{comment}  - {{ policy: p, reason: TODO, owner: t, ticket: T-1, expires: {} }}\n", crate::harness::in_days(60)));
    };
    waiver("");
    assert_eq!(last_line(&shop, 0), "1 policy: 1 warning");
    waiver("  # muster: allow waiver-reason -- the ticket says it\n");
    assert_eq!(last_line(&shop, 0), "1 policy: nothing found, 1 allowed by comments");
}

#[test]
fn a_lint_of_the_project_is_not_called_unused_where_it_does_not_run() {
    let shop = shop(&format!(
        "# muster: allow alert-route -- the route comes with the next release\npolicy: p\n{}",
        SLOW.replace("weekly", "daily")
    ));
    assert_eq!(last_line(&shop, 0), "1 policy: 1 warning, 1 that `muster lint --fix` can mend");
    let run = shop.run(&["lint", "policies/p.yaml"]).exits(0);
    assert!(run.stdout.ends_with("1 policy: nothing found\n"), "{}", run.stdout);
}

#[test]
fn reviewers_see_what_is_allowed_as_suppressed() {
    let shop =
        shop(&format!("# muster: allow slow-page -- it is only due once a quarter\npolicy: p\n{SLOW}"));
    let json = shop.run(&["lint", "--format", "sarif"]).exits(0).json().clone();
    let results = json["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 1, "{json:#}");
    assert_eq!(results[0]["suppressions"][0]["justification"], "it is only due once a quarter");
    let json = shop.run(&["lint", "--format", "json"]).exits(0).json().clone();
    assert_eq!(json["allowed"][0]["reason"], "it is only due once a quarter");
    assert_eq!(json["diagnostics"].as_array().unwrap().len(), 0);
}
