//! `muster test --update`: new texts are accepted where nothing but texts differ, and the rest of the file stays.

use crate::harness::Shop;

const POLICY: &str = "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: /x } } }\neach: file\nfail: exists == false\nmessage: \"{{ path }} is gone\"\nremedy: { steps: [{ do: \"Restore {{ path }}.\" }, { do: Look why. }] }\n";

const CASES: &str = "# Why: a file that is gone is a failure.
cases: there
now: 2026-11-01T03:00:00Z
file: { path: /x, exists: false }   # defaults

check:
  - name: it is gone
    facts: { file: [{}] }
    findings:
      - subject: /x
        verdict: fail
        message: /x went away    # as it was said
        remedy:
          - 'Restore it.'
          - Look why.
  - name: it is gone too
    facts: { file: [{ path: /y }] }
    findings: [{ subject: /y, verdict: fail, message: \"no more: /y\" }]
  - name: in a block
    facts: { file: [{}] }
    findings:
      - subject: /x
        verdict: fail
        message: |
          /x
          went away
  - name: it is there
    facts: { file: [{ exists: true }] }
    findings: []
";

fn shop(cases: &str) -> Shop {
    let shop = Shop::new();
    shop.policy("there", POLICY).file("policies/there.cases.yaml", cases);
    shop
}

fn read(shop: &Shop) -> String {
    std::fs::read_to_string(shop.at("policies/there.cases.yaml")).unwrap()
}

#[test]
fn texts_are_accepted_and_nothing_else_of_the_file_changes() {
    let shop = shop(CASES);
    shop.run(&["test", "policies/"]).exits(1);
    let run = shop.run(&["test", "policies/", "--update"]).exits(0);
    assert!(run.stdout.contains("- /x went away\n         + /x is gone\n"), "{}", run.stdout);
    assert!(run.stdout.ends_with("4 texts accepted in 1 file\n"), "{}", run.stdout);
    let wanted = CASES
        .replace("/x went away    #", "/x is gone    #")
        .replace("'Restore it.'", "'Restore /x.'")
        .replace("\"no more: /y\"", "\"/y is gone\"")
        .replace("          /x\n          went away\n", "          /x is gone\n");
    assert_eq!(read(&shop), wanted);
    shop.run(&["test", "policies/"]).exits(0);
    let run = shop.run(&["test", "policies/", "--update"]).exits(0);
    assert_eq!(run.stdout, "0 texts accepted in 0 files\n");
}

#[test]
fn a_dry_run_is_a_diff_and_writes_nothing() {
    let shop = shop(CASES);
    let run = shop.run(&["test", "policies/", "--update", "--dry-run"]).exits(1);
    for part in [
        "--- a/policies/there.cases.yaml\n+++ b/policies/there.cases.yaml\n",
        "-        message: /x went away    # as it was said\n",
        "+        message: /x is gone    # as it was said\n",
        "4 texts would be accepted in 1 file\n",
    ] {
        assert!(run.stdout.contains(part), "{part}:\n{}", run.stdout);
    }
    assert_eq!(read(&shop), CASES);
    let run = shop.run(&["test", "policies/", "--update", "--dry-run", "--format", "json"]).exits(1);
    assert_eq!(run.json()["changes"].as_array().unwrap().len(), 4);
    assert_eq!(run.json()["changes"][0]["to"], "/x is gone");
    let diff = shop.run(&["test", "policies/", "--update", "--dry-run"]).stdout;
    let patch = diff.split("4 texts").next().unwrap();
    shop.file("p.diff", patch);
    let mut patch = std::process::Command::new("patch");
    let done = patch.args(["-p1", "-i", "p.diff"]).current_dir(shop.path()).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    shop.run(&["test", "policies/"]).exits(0);
}

#[test]
fn another_verdict_cause_or_subject_is_never_accepted() {
    for (from, to) in [
        ("verdict: fail\n        message: /x went", "verdict: warn\n        message: /x went"),
        (
            "- subject: /x\n        verdict: fail\n        message: /x went",
            "- subject: /z\n        verdict: fail\n        message: /x went",
        ),
        (
            "verdict: fail\n        message: /x went",
            "verdict: fail\n        severity: low\n        message: /x went",
        ),
        ("          - Look why.\n", ""),
    ] {
        let cases = CASES.replace(from, to);
        assert_ne!(cases, CASES);
        let shop = shop(&cases);
        let run = shop.run(&["test", "policies/", "--update"]).exits(1);
        assert!(run.stdout.contains("FAIL     there · it is gone\n"), "{}", run.stdout);
        assert!(
            run.stdout.contains("1 case differs in more than texts and was left as it is"),
            "{}",
            run.stdout
        );
        let text = read(&shop);
        assert!(text.contains("/x went away    #"), "{text}");
        assert!(text.contains("\"/y is gone\""), "the others are mended:\n{text}");
        assert_eq!(shop.run(&["test", "policies/"]).code, 1);
    }
}

#[test]
fn a_text_that_a_passing_case_shares_is_not_taken_from_it() {
    let cases = CASES
        .replace("message: /x went away    # as it was said", "message: &m /x is gone")
        .replace("'Restore it.'", "'Restore /x.'")
        .replace("\"no more: /y\"", "*m")
        .replace("          /x\n          went away\n", "          /x is gone\n");
    let shop = shop(&cases);
    shop.run(&["test", "policies/", "--update"]).exits(2).says("an alias may share a text");
    assert_eq!(read(&shop), cases);
}

#[test]
fn what_cannot_be_written_is_said() {
    let shop = Shop::new();
    shop.run(&["test", "builtin:command", "--update"]).exits(0);
    shop.run(&["test", "builtin:command", "--update", "--mutate"]).exits(2);
    shop.run(&["test", "builtin:command", "--dry-run"]).exits(2);
    let empty = Shop::new();
    empty.policy("bare", POLICY);
    empty.run(&["test", "policies/", "--update"]).exits(4).says("no case was run");
}
