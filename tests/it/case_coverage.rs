//! `muster test --coverage`: what of a policy its cases show, by what was evaluated.

use serde_json::Value as Json;

use crate::harness::{Run, Shop};

const POLICY: &str = "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: /x } } }\neach: file\nwhere: (type ?? \"file\") != \"directory\"\nparams: { most: { default: 100B, why: none } }\nlet: { large: size != null && size > params.most }\nfail: [{ if: exists == false }, { if: large }]\nwarn: mode != null && mode != \"0644\"\nmessage: too large\n";

/// A shop with cases of these facts and what is found.
fn shop(policy: &str, cases: &[(&str, &str)]) -> Shop {
    let shop = Shop::new();
    shop.policy("small", policy);
    let mut text = "cases: small\nnow: 2026-11-01T03:00:00Z\nfile: { path: /x, exists: true, type: file, size: 1B, mode: \"0644\" }\ncheck:\n".to_owned();
    for (number, (facts, found)) in cases.iter().enumerate() {
        text.push_str(&format!(
            "  - name: number {number}\n    facts: {{ file: {facts} }}\n    findings: {found}\n"
        ));
    }
    shop.file("policies/small.cases.yaml", &text);
    shop
}

fn cover(shop: &Shop, arguments: &[&str]) -> Run {
    let mut all = vec!["test", "policies/", "--coverage"];
    all.extend(arguments);
    shop.run(&all)
}

/// Ways that are not shown, as `what text way`.
fn missing(run: &Run) -> Vec<String> {
    let ways = run.json()["policies"][0]["ways"].as_array().unwrap();
    let word = |way: &Json, key: &str| way[key].as_str().unwrap().to_owned();
    let open = ways.iter().filter(|way| way["shown"] == false);
    open.map(|way| format!("{} {} {}", word(way, "what"), word(way, "text"), word(way, "way"))).collect()
}

const ALL: &[(&str, &str)] = &[
    ("[{}]", "[]"),
    ("[{ type: directory }]", "[{ verdict: skipped }]"),
    ("[{ type: null, size: null, mode: null }]", "[]"),
    ("[{ exists: false, size: 500B }]", "[{ subject: /x, verdict: fail }]"),
    ("[{ size: 101B, mode: \"0600\" }]", "[{ subject: /x, verdict: fail }]"),
    ("[{ mode: \"0600\" }]", "[{ subject: /x, verdict: warn }]"),
    ("[{ exists: { missing: denied } }]", "[{ subject: /x, verdict: unknown }]"),
    ("[{ type: { missing: denied } }]", "[{ subject: /x, verdict: unknown }]"),
    ("[{ size: { missing: denied } }]", "[{ subject: /x, verdict: unknown }]"),
    ("[{ mode: { missing: denied } }]", "[{ subject: /x, verdict: unknown }]"),
    ("{ missing: timeout }", "[{ verdict: unknown, cause: timeout }]"),
    ("[]", "[{ verdict: unknown, cause: empty }]"),
];

#[test]
fn cases_that_show_everything_are_complete() {
    let shop = shop(POLICY, ALL);
    shop.run(&["test", "policies/"]).exits(0);
    let run = cover(&shop, &["--format", "json", "--fail-under", "100"]).exits(0);
    assert_eq!(missing(&run), Vec::<String>::new());
    assert_eq!(run.json()["policies"][0]["percent"], 100.0);
    let said = cover(&shop, &[]).exits(0).stdout;
    assert!(said.contains("small   17     17  100.0 %") && !said.contains("NOT SHOWN"), "{said}");
}

/// Without each of the cases in turn exactly what it alone shows is missing.
#[test]
fn each_case_is_missed_for_what_it_alone_shows() {
    for (left_out, wanted) in [
        (1, vec!["where (type ?? \"file\") != \"directory\" false"]),
        (2, vec!["fact type null", "fact size null", "fact mode null"]),
        (3, vec!["fail exists == false true"]),
        (4, vec!["fail large true"]),
        (5, vec!["warn mode != null && mode != \"0644\" true"]),
        (6, vec!["fact exists unknown"]),
        (7, vec!["fact type unknown"]),
        (8, vec!["fact size unknown"]),
        (9, vec!["fact mode unknown"]),
        (10, vec!["observe file unknown"]),
        (11, vec!["rows file no row"]),
    ] {
        let cases: Vec<_> =
            ALL.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, case)| *case).collect();
        let run = cover(&shop(POLICY, &cases), &["--format", "json"]).exits(0);
        assert_eq!(missing(&run), wanted, "without {left_out}");
    }
}

#[test]
fn what_another_rung_hides_is_not_seen() {
    // The warning would hold as well, and the failure before it decides.
    let run = cover(
        &shop(
            POLICY,
            &[("[{ exists: false, size: 500B, mode: \"0600\" }]", "[{ subject: /x, verdict: fail }]")],
        ),
        &["--format", "json"],
    );
    let missing = missing(&run.exits(0));
    for way in [
        "fail large true",
        "fail large false",
        "warn mode != null && mode != \"0644\" true",
        "fail exists == false false",
    ] {
        assert!(missing.iter().any(|known| known == way), "{way}: {missing:?}");
    }
}

#[test]
fn too_little_is_an_exit_code_and_a_policy_without_cases_is_too_little() {
    let few = shop(POLICY, &ALL[..1]);
    cover(&few, &[]).exits(0);
    let run = cover(&few, &["--fail-under", "50"]).exits(1);
    assert!(run.stdout.contains("too low"), "{}", run.stdout);
    cover(&few, &["--fail-under", "20%"]).exits(0);
    few.policy("bare", &POLICY.replace("/x", "/y"));
    let run = cover(&few, &["--fail-under", "20"]).exits(1);
    assert!(run.stdout.contains("no case, too low"), "{}", run.stdout);
    let json = cover(&few, &["--fail-under", "20", "--format", "json"]).exits(1);
    assert_eq!(json.json()["without_cases"][0], "bare");
    cover(&few, &["--policy", "bare"]).exits(4).says("no case was run");
    cover(&few, &["--fail-under", "120"]).exits(2);
    few.run(&["test", "policies/", "--fail-under", "10"]).exits(2);
    cover(&few, &["--mutate"]).exits(2);
}

#[test]
fn cases_that_fail_are_not_green_in_coverage() {
    let shop = shop(POLICY, &[("[{}]", "[{ subject: /x, verdict: fail }]")]);
    let run = cover(&shop, &[]).exits(1);
    assert!(run.stdout.contains("1 cases fail as they are"), "{}", run.stdout);
}

#[test]
fn sides_of_a_join_ladders_steps_and_the_past_are_ways() {
    let policy = "target: { type: host }\nobserve:\n  file: { probe: file.stat, with: { path: /x } }\n  other: { probe: file.stat, with: { path: /y } }\njoin: { pairs: { of: [file, other], by: path } }\neach: pairs\nfail: side == \"file\"\nseverity: { critical: side == \"file\", high: otherwise }\nmessage: x\nremedy: { steps: [{ do: a, if: side != \"both\" }, { do: b }] }\n";
    let shop = shop(policy, &[("[{}]", "[{ verdict: unknown, cause: absent }]")]);
    let run = cover(&shop, &["--format", "json"]);
    let missing = missing(&run);
    for way in [
        "side side file",
        "side side other",
        "side side both",
        "fail side == \"file\" true",
        "severity side == \"file\" true",
        "remedy if side != \"both\" false",
    ] {
        assert!(missing.iter().any(|known| known == way), "{way}: {missing:?}");
    }
}

#[test]
fn a_question_about_the_past_that_was_not_asked_is_not_shown() {
    let policy = POLICY.replace("{ if: large }", "{ if: large && changed(mode) }").replace(
        "file: { probe: file.stat, with: { path: /x } }",
        "file: { probe: file.stat, with: { path: /x }, history: { window: 1d } }",
    );
    let asked = |facts: &str, verdict: &str| {
        let run = cover(&shop(&policy, &[(facts, verdict)]), &["--format", "json"]).exits(0);
        !missing(&run).contains(&"past changed(mode) unknown".to_owned())
    };
    assert!(!asked("[{}]", "[]"), "`&&` stopped before it");
    assert!(asked("[{ size: 500B }]", "[{ subject: /x, verdict: unknown }]"));
}

#[test]
fn some_cases_are_no_measure_of_all() {
    cover(&shop(POLICY, ALL), &["--fail-under", "10", "--case", "number 1"])
        .exits(2)
        .says("cannot be used with");
}

#[test]
fn shipped_policies_are_mostly_shown() {
    let shop = Shop::new();
    for area in ["backup", "command", "host", "mysql", "pgbouncer", "postgres", "service", "sqlite", "tls"] {
        let run = shop.run(&["test", &format!("builtin:{area}"), "--coverage", "--fail-under", "40"]);
        assert_eq!(run.code, 0, "{area}\n{}", run.stdout);
    }
}
