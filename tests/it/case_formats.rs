//! `muster test` in its formats: what passed, what failed, and that no case is green in none.

use crate::harness::{Run, Shop};

const POLICY: &str = "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: /x } } }\neach: file\nfail: exists == false\nmessage: gone\n";

/// A shop with one policy and a case that expects this verdict of a file that is not there.
fn shop(verdict: &str) -> Shop {
    let shop = Shop::new();
    shop.policy("there", POLICY);
    shop.file(
        "policies/there.cases.yaml",
        &format!(
            "cases: there\nnow: 2026-11-01T03:00:00Z\nfile: {{ path: /x, exists: false }}\ncheck:\n  - name: it is gone\n    facts: {{ file: [{{}}] }}\n    findings: [{{ subject: /x, verdict: {verdict} }}]\n"
        ),
    );
    shop
}

fn test(shop: &Shop, arguments: &[&str]) -> Run {
    let mut all = vec!["test", "policies/"];
    all.extend(arguments);
    shop.run(&all)
}

#[test]
fn the_exit_code_is_the_same_in_every_format() {
    for (verdict, code) in [("fail", 0), ("warn", 1)] {
        let shop = shop(verdict);
        let said = test(&shop, &[]).exits(code).stdout;
        assert!(said.contains(&format!("1 cases, {} passed, {code} failed", 1 - code)), "{said}");
        let json = test(&shop, &["--format", "json"]).exits(code);
        assert_eq!(
            (json.json()["exit"].as_i64(), json.json()["test"].as_i64()),
            (Some(code.into()), Some(1))
        );
        let junit = test(&shop, &["--format", "junit"]).exits(code).stdout;
        assert!(junit.contains(&format!(r#"tests="1" skipped="0" failures="{code}" errors="0""#)), "{junit}");
    }
}

#[test]
fn several_formats_go_to_files_at_once() {
    let shop = shop("warn");
    let run =
        test(&shop, &["--format", "human", "--format", "json=a.json", "--format", "junit=b.xml"]).exits(1);
    assert!(run.stdout.contains("FAIL  there · it is gone"), "{}", run.stdout);
    let read = |path: &str| std::fs::read_to_string(shop.at(path)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&read("a.json")).unwrap();
    assert_eq!(json["cases"][0]["verdict"], "failed");
    let schema = passmuster::report::tested::json_schema();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&json), "{json:#}");
    assert!(read("b.xml").contains("it is gone"));
    test(&shop, &["--format", "human", "--format", "json"])
        .exits(2)
        .says("two formats go to standard output");
    test(&shop, &["--format", "markdown"]).exits(2).says("cases have no `markdown`");
    test(&shop, &["--format", "json=no/such/folder.json"]).exits(2).says("cannot be written");
}

#[test]
fn no_case_is_green_in_no_format() {
    for shop in [shop("fail"), Shop::new()] {
        shop.policy("bare", &POLICY.replace("/x", "/y"));
        let only = &["--policy", "bare"][..];
        let run = test(&shop, only).exits(4).says("no case was run");
        assert_eq!(run.stdout, "");
        let json = test(&shop, &[only, &["--format", "json"]].concat()).exits(4);
        assert_eq!(
            (json.json()["exit"].as_i64(), json.json()["counts"]["cases"].as_i64()),
            (Some(4), Some(0))
        );
        let junit = test(&shop, &[only, &["--format", "junit"]].concat()).exits(4).stdout;
        assert!(junit.contains(r#"errors="1""#), "{junit}");
        test(&shop, &[only, &["--format", "human=none.txt"]].concat()).exits(4);
        let text = std::fs::read_to_string(shop.at("none.txt")).unwrap();
        assert!(text.contains("nothing tested is not success"), "{text}");
    }
}

#[test]
fn wrong_input_is_json_where_json_is_wanted() {
    let shop = shop("fail");
    shop.file("policies/there.cases.yaml", "cases: there\n");
    let run = test(&shop, &["--format", "json"]).exits(2);
    assert_eq!(run.json()["exit"], 2);
    assert!(!run.json()["diagnostics"].as_array().unwrap().is_empty());
}
