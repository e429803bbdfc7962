//! `muster test --mutate`: changes of a policy that no case notices are told, and good cases notice all.

use std::fmt::Write as _;

use crate::harness::Shop;

const POLICY: &str = "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: /x } } }\neach: file\nparams: { most: { default: 100B, why: none } }\nfail: size != null && size > params.most\nmessage: too large\n";

/// A shop whose cases are files of these sizes, and one that is not there.
fn shop(sizes: &[u64]) -> Shop {
    let shop = Shop::new();
    shop.policy("small", POLICY);
    let mut text =
        "cases: small\nnow: 2026-11-01T03:00:00Z\nfile: { path: /x, exists: true }\ncheck:\n".to_owned();
    for size in sizes {
        let found = if *size > 100 { "[{ subject: /x, verdict: fail }]" } else { "[]" };
        writeln!(
            text,
            "  - name: of {size}\n    facts: {{ file: [{{ size: {size}B }}] }}\n    findings: {found}"
        )
        .unwrap();
    }
    text.push_str(
        "  - name: not there\n    facts: { file: [{ exists: false, size: null }] }\n    findings: []\n",
    );
    shop.file("policies/small.cases.yaml", &text);
    shop
}

#[test]
fn cases_at_the_limit_notice_every_change() {
    let shop = shop(&[90, 91, 100, 101, 110]);
    let run = shop.run(&["test", "policies/", "--mutate"]);
    let said = run.exits(0).stdout.clone();
    assert!(said.ends_with(", 0 unnoticed\n"), "{said}");
}

#[test]
fn a_change_that_no_case_notices_is_shown_with_its_place() {
    let shop = shop(&[1, 1000]);
    shop.policy("bare", POLICY);
    let run = shop.run(&["test", "policies/", "--mutate"]);
    let said = run.exits(1).stdout.clone();
    for change in [
        "UNNOTICED  small · `size > params.most` as `size >= params.most`",
        "UNNOTICED  small · `most: 100 B` as `most: 110 B`",
        "UNNOTICED  small · `most: 100 B` as `most: 90 B`",
    ] {
        assert!(said.contains(change), "{change}:\n{said}");
    }
    assert!(!said.contains("as `size < params.most`"), "turned round is noticed:\n{said}");
    assert!(said.contains("policies/small.yaml:"), "{said}");
    assert!(said.contains("no case at all: bare\n"), "{said}");
    let run = shop.run(&["test", "policies/", "--mutate", "--format", "json"]);
    let json = run.exits(1).json().clone();
    assert_eq!(json["unnoticed"].as_array().unwrap().len(), 3, "{json:#}");
    assert!(json["changes"].as_u64().unwrap() > 3);
}

#[test]
fn cases_that_fail_tell_nothing_about_changes() {
    let shop = shop(&[90]);
    let path = shop.at("policies/small.cases.yaml");
    let text = std::fs::read_to_string(&path)
        .unwrap()
        .replace("findings: []", "findings: [{ subject: /x, verdict: fail }]");
    std::fs::write(path, text).unwrap();
    shop.run(&["test", "policies/", "--mutate"]).exits(2).says("fail as they are");
}
