//! What once passed, or went missing, without a word.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::harness::{Shop, policy};

const HOST: &str = "owner: team\npolicies: [policies/]\ntargets:\n  here: { type: host }\n";
const LOST: &str = "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: @SHOP@/lost } } }\neach: file\nfail: exists == false\n";
const THERE: &str = "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: @SHOP@/muster.yaml } } }\neach: file\nfail: exists == false\n";

fn shop() -> Shop {
    let shop = Shop::new();
    shop.project(HOST).policy("there", THERE);
    shop
}

#[test]
fn a_comment_within_an_expression_is_refused_wherever_yaml_joins_lines() {
    for fail in [
        "fail:\n  exists == false  // gone\n  || size == null\n",
        "fail: >\n  exists == false  // gone\n  || size == null\n",
        "fail: exists == false /* or */ || size == null\n",
        "fail: exists == false\nmessage: \"{{ path // the path }}\"\n",
    ] {
        let shop = shop();
        shop.policy("cut", &THERE.replace("fail: exists == false\n", fail));
        shop.check(&[]).exits(2).says("comment-cuts");
    }
    let shop = shop();
    shop.policy("text", &THERE.replace("fail: exists == false\n", "fail: path == \"a//b /* c\"\n"));
    shop.check(&[]).exits(0);
}

#[test]
fn files_of_policies_are_read_in_any_case() {
    let shop = shop();
    for (file, id) in [("policies/two.YAML", "two"), ("policies/three.Yml", "three")] {
        shop.file(file, &policy(id, LOST));
    }
    shop.file("policies/there.CASES.YAML", "cases: there\nnow: 2026-11-01T03:00:00Z\ncheck:\n  - { name: gone, facts: { file: [{ path: /x, exists: false }] }, findings: [{ subject: /x, verdict: fail }] }\n");
    let run = shop.check(&[]).exits(1);
    assert_eq!((run.verdict("two"), run.verdict("three"), run.verdict("there")), ("fail", "fail", "pass"));
    let run = shop.run(&["test", "--policy", "there"]).exits(0);
    assert!(run.stdout.contains("1 passed"), "{}", run.stdout);
}

#[test]
fn doctor_calls_nobody_reachable_whom_it_did_not_reach() {
    let shop = shop();
    let doctor = |address: &str| shop.run(&["doctor", "--deadline", "2s", "--target", address]).exits(3);
    assert!(doctor("mysql://u@127.0.0.1:1/x").stdout.contains("(mysql): not asked"));
    for address in
        ["tcp://127.0.0.1:1", "tls://127.0.0.1:1", "http://127.0.0.1:1", "postgres://u@127.0.0.1:1/x"]
    {
        let run = doctor(address);
        assert!(run.stdout.contains(": not reachable"), "{address}: {}", run.stdout);
    }
}

#[test]
fn reports_replace_neither_each_other_nor_policies() {
    let shop = shop();
    let both = ["check", "--format", "json=r.out", "--format", "junit=r.out"];
    shop.run(&both).exits(2).says("two formats go to `r.out`");
    let before = std::fs::read(shop.at("policies/there.yaml")).unwrap();
    for file in ["policies/there.yaml", "muster.yaml"] {
        shop.run(&["check", "--format", &format!("json={file}")]).exits(2).says("is there, and a report");
    }
    assert_eq!(std::fs::read(shop.at("policies/there.yaml")).unwrap(), before);
    shop.run(&["check", "--format", "json=r.json", "--format", "junit=r.xml"]).exits(0);
}

#[test]
fn the_next_command_is_one_that_works() {
    let shop = shop();
    shop.policy("lost", LOST);
    let needs = "needs a `store:`";
    assert!(shop.run(&["check"]).exits(1).stdout.contains(needs));
    shop.project(&format!("{HOST}store: {{ path: s.db }}\n"));
    let run = shop.run(&["check"]).exits(1);
    assert!(!run.stdout.contains(needs), "{}", run.stdout);
    let id =
        run.stdout.split("muster explain ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    shop.run(&["explain", id]).exits(0);
}

#[test]
fn a_database_that_lets_nobody_in_is_not_tried_again_for_every_question() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let tried = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tried);
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            held.push(stream);
        }
    });
    let target = format!("postgres://u@127.0.0.1:{port}/x");
    let shop = Shop::new();
    let run =
        shop.run(&["check", "builtin:postgres", "--target", &target, "--deadline", "1s", "--format", "json"]);
    let run = run.exits(3);
    let json = run.json();
    let checks = json["checks"].as_array().unwrap();
    assert!(checks.len() > 20 && checks.iter().all(|check| check["verdict"] != "pass"), "{}", run.stdout);
    // Two connections of a database, and each is tried with and without encryption at most.
    let tried = tried.load(Ordering::SeqCst);
    assert!((1..=4).contains(&tried), "{tried} connections");
}

#[test]
fn a_secret_that_is_a_word_of_every_report_leaves_reports_and_recordings_whole() {
    let mut shop = Shop::new();
    shop.project("owner: team\npolicies: [policies/]\ntargets:\n  web: { type: service, url: 'http://127.0.0.1:1/', headers: { x-key: { env: KEY } } }\n");
    shop.policy("answers", "target: { type: service }\nobserve: { answer: { probe: http.response } }\neach: answer\nfail: status >= 500\n");
    for key in ["1", "w", "fail", "test", "observe", "status"] {
        shop.env("KEY", key);
        let run = shop.run(&["check", "--format", "json", "--format", "junit=r.xml"]).exits(3);
        assert_eq!(run.verdict("answers"), "unknown", "{key}");
        assert!(run.stderr.contains("is short, or a word of every report"), "{key}: {}", run.stderr);
        assert!(std::fs::read_to_string(shop.at("r.xml")).unwrap().contains("<testsuites "), "{key}");
        shop.run(&["record", "r.json"]);
        shop.run(&["check", "--facts", "r.json"]).exits(3);
    }
    shop.env("KEY", "a-key-of-its-own");
    let run = shop.run(&["check"]).exits(3);
    assert!(!run.stderr.contains("word of every report"), "{}", run.stderr);
}
