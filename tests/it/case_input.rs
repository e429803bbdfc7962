//! Wrong input of `muster test`: said with its place, and never green.

use crate::harness::Shop;

const POLICY: &str = "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: /x } } }\neach: file\nfail: exists == false\nmessage: gone\n";

fn shop(cases: &str) -> Shop {
    let shop = Shop::new();
    shop.policy("there", POLICY).file("policies/there.cases.yaml", cases);
    shop
}

const MODES: &[&[&str]] = &[&[], &["--mutate"], &["--coverage"], &["--update"], &["--generate"]];

#[test]
fn a_case_file_for_a_policy_that_does_not_exist_is_wrong_input_in_every_mode() {
    let shop = shop(
        "cases: their\nnow: 2026-11-01T03:00:00Z\ncheck:\n  - name: a\n    facts: { file: [{ exists: true }] }\n    findings: []\n",
    );
    for mode in MODES {
        let run =
            shop.run(&[&["test", "policies/"], *mode].concat()).exits(2).says("there is no policy `their`");
        assert!(
            run.stderr.contains("policies/there.cases.yaml:1:8") && run.stderr.contains("there"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn what_no_case_tests_is_not_green_in_any_mode() {
    for cases in ["cases: there\nnow: 2026-11-01T03:00:00Z\ncheck: []\n", "# nothing yet\n", ""] {
        let shop = shop(cases);
        for mode in MODES {
            let run = shop.run(&[&["test", "policies/"], *mode].concat());
            assert!([2, 4].contains(&run.code), "{cases:?} {mode:?}: {}\n{}", run.code, run.stderr);
            assert!(!run.stderr.is_empty(), "{cases:?} {mode:?}");
        }
    }
}

#[test]
fn names_that_nothing_has_are_wrong_input() {
    let shop = shop(
        "cases: there\nnow: 2026-11-01T03:00:00Z\nfile: { path: /x }\ncheck:\n  - name: it is there\n    facts: { file: [{ exists: true }] }\n    findings: []\n",
    );
    for mode in MODES {
        let with = |more: &[&str]| shop.run(&[&["test", "policies/"], *mode, more].concat());
        with(&["--policy", "thare"]).exits(2).says("no policy is called `thare`").says("there");
        with(&["--case", "it is ther"]).exits(2).says("no case is called `it is ther`");
    }
    shop.run(&["test", "policies/", "--case", "it is*", "--policy", "the*"]).exits(0);
}

#[test]
fn half_a_case_file_is_said_with_its_place() {
    let whole = "cases: there\nnow: 2026-11-01T03:00:00Z\ncheck:\n  - name: a\n    facts: { file: [{ exists: true }] }\n    findings: []\n";
    for end in [20, 40, 60, 75, 90] {
        let shop = shop(&whole[..end]);
        let run = shop.run(&["test", "policies/"]).exits(2);
        assert!(run.stderr.contains("policies/there.cases.yaml:"), "{end}: {}", run.stderr);
    }
}

/// The outcome of cases does not depend on where and how they are run.
#[test]
fn cases_give_the_same_in_every_time_zone_and_locale() {
    let shop = shop(
        "cases: there\nnow: 2026-11-01T03:00:00Z\nfile: { path: /x }\ncheck:\n  - name: it is gone\n    facts: { file: [{ exists: false }] }\n    findings: []\n",
    );
    let run = |zone: &str, locale: &str| {
        let mut command = shop.command(&["test", "policies/", "--format", "json"]);
        command.env("TZ", zone).env("LC_ALL", locale);
        crate::harness::Run::of(command.spawn().unwrap()).exits(1).stdout
    };
    let same = run("UTC", "C");
    assert_eq!(run("Asia/Kathmandu", "tr_TR.UTF-8"), same);
    assert_eq!(run("America/New_York", "xx"), same);
}
