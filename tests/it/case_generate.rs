//! `muster test --generate`: proposed cases stand at the limits, pass, show what no case showed, and overwrite nothing.

use serde_json::Value as Json;

use crate::harness::Shop;

const POLICY: &str = "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: /x } } }\neach: file\nparams: { most: { default: 100B, why: none } }\nlet: { large: size != null && size > params.most }\nfail: large\nwarn: mode != null && mode != \"0644\"\nmessage: too large\n";

const CASES: &str = "# what was thought about\ncases: small\nnow: 2026-11-01T03:00:00Z\nfile: { path: /x, exists: true, mode: \"0644\" }\ncheck:\n  - name: of fifty\n    facts: { file: [{ size: 50B }] }\n    findings: []\n";

fn shop() -> Shop {
    let shop = Shop::new();
    shop.policy("small", POLICY).file("policies/small.cases.yaml", CASES);
    shop
}

fn read(shop: &Shop, path: &str) -> String {
    std::fs::read_to_string(shop.at(path)).unwrap()
}

/// The share of ways that cases show, in percent.
fn coverage(shop: &Shop) -> f64 {
    let run = shop.run(&["test", "policies/", "--coverage", "--format", "json"]);
    run.json()["policies"][0]["percent"].as_f64().unwrap()
}

fn unnoticed(shop: &Shop) -> usize {
    let run = shop.run(&["test", "policies/", "--mutate", "--format", "json"]);
    run.json()["unnoticed"].as_array().unwrap().len()
}

#[test]
fn limits_null_and_unknown_are_proposed_and_marked() {
    let shop = shop();
    let run = shop.run(&["test", "policies/", "--generate"]).exits(0).says("proposed for 1 of 1 policies");
    for part in [
        "# To be reviewed:",
        "cases: small\nnow: 2026-11-01T03:00:00Z\ncheck:\n",
        "proposed: size 99B, just below the limit",
        "size: 100B",
        "size: 101B, ",
        "size: null",
        "size: { missing: denied }",
        "file: { missing: unreachable }",
        "- { subject: /x, verdict: unknown, cause: denied }",
        "- { subject: /x, verdict: fail }",
    ] {
        assert!(run.stdout.contains(part), "{part}:\n{}", run.stdout);
    }
    assert_eq!(read(&shop, "policies/small.cases.yaml"), CASES, "printing writes nothing");
}

#[test]
fn proposals_pass_and_raise_coverage_and_mutation() {
    let shop = shop();
    let (shown, left) = (coverage(&shop), unnoticed(&shop));
    shop.run(&["test", "policies/", "--generate", "--write"]).exits(0);
    let text = read(&shop, "policies/small.cases.yaml");
    assert!(text.starts_with(CASES), "what stood there stands there still");
    shop.run(&["test", "policies/"]).exits(0);
    assert!(coverage(&shop) > shown && unnoticed(&shop) < left, "{shown} {left}");
    assert_eq!((coverage(&shop), unnoticed(&shop)), (100.0, 0), "{text}");
    shop.run(&["test", "policies/", "--generate", "--write"]).exits(0).says("0 cases proposed");
    assert_eq!(read(&shop, "policies/small.cases.yaml"), text, "nothing is proposed twice");
}

#[test]
fn a_policy_without_cases_gets_a_file_and_nothing_is_overwritten() {
    let shop = shop();
    shop.policy("bare", &POLICY.replace("/x", "/y"));
    shop.run(&["test", "policies/", "--generate", "--write", "--policy", "bare"]).exits(0);
    let text = read(&shop, "policies/bare.cases.yaml");
    assert!(text.starts_with("# Proposed by"), "{text}");
    shop.run(&["test", "policies/", "--policy", "bare"]).exits(0);
    assert_eq!(read(&shop, "policies/small.cases.yaml"), CASES);
    // A file of another kind stands where the cases would go.
    shop.policy("third", &POLICY.replace("/x", "/z"));
    std::fs::create_dir(shop.at("policies/third.cases.yaml")).unwrap();
    shop.run(&["test", "policies/third.yaml", "--generate", "--write"]).exits(2);
}

#[test]
fn limits_behind_joins_groups_and_ages_are_found() {
    let shop = Shop::new();
    shop.policy(
        "fresh",
        "target: { type: host }\nobserve: { files: { probe: file.stat, with: { paths: [/a, /b] } } }\ngroup: { all: { of: files, let: { newest: \"max(modified, modified != null)\", bytes: sum(size ?? 0.bytes) } } }\neach: all\nfail: newest == null || newest_age > 2.days\nwarn: bytes == null || bytes < 10.KiB\nmessage: old\n",
    );
    let run = shop.run(&["test", "policies/", "--generate", "--format", "json"]).exits(0);
    let text = run.json()["proposed"][0]["text"].as_str().unwrap();
    for part in
        ["modified: 2026-10-30T02:59:59Z", "modified: 2026-10-30T03:00:00Z", "size: 10KiB", "size: 10239B"]
    {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    shop.run(&["test", "policies/", "--generate", "--write"]).exits(0);
    shop.run(&["test", "policies/"]).exits(0);
}

#[test]
fn policies_that_came_with_muster_are_only_shown() {
    let shop = Shop::new();
    let run = shop.run(&["test", "builtin:command", "--generate"]).exits(0);
    assert!(run.stdout.contains("cases: command-succeeds"), "{}", run.stdout);
    shop.run(&["test", "builtin:command", "--generate", "--write"]).exits(2).says("came with muster");
}

/// What is proposed for every policy that ships passes, read as a file of its own.
#[test]
fn proposals_for_shipped_policies_pass() {
    let shop = Shop::new();
    for area in ["host", "tls"] {
        let run = shop.run(&["test", &format!("builtin:{area}"), "--generate", "--format", "json"]).exits(0);
        let proposed = run.json()["proposed"].as_array().unwrap().clone();
        assert!(!proposed.is_empty());
        let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policies").join(area);
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if !name.ends_with(".cases.yaml") {
                shop.bytes(&format!("{area}/{name}"), &std::fs::read(&path).unwrap());
            }
        }
        for one in &proposed {
            let id = one["policy"].as_str().unwrap();
            shop.file(&format!("{area}/{id}.cases.yaml"), one["text"].as_str().unwrap());
        }
        let cases: usize = proposed.iter().map(|one| one["cases"].as_array().map_or(0, Vec::len)).sum();
        let run = shop.run(&["test", &format!("{area}/"), "--format", "json"]).exits(0);
        let counts: &Json = &run.json()["counts"];
        assert_eq!((counts["passed"].as_u64(), counts["failed"].as_u64()), (Some(cases as u64), Some(0)));
    }
}
