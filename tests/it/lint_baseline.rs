//! A baseline for old repositories.

use crate::harness::Shop;

const SLOW: &str = "tier: weekly\ntarget: { type: host }\nobserve: { usage: { probe: disk.usage } }\nfail: free < 1.MiB\nalert: { urgency: page, context: [free] }\nremedy: { steps: [{ shell: df }] }\n";

fn old() -> Shop {
    let shop = Shop::new();
    shop.project("policies: [policies/]\ntargets: { here: { type: host } }\n");
    shop.policy("a", SLOW).policy("b", &format!("{SLOW}params: {{ x: 1GiB, y: 2GiB }}\n"));
    shop.run(&["lint", "--baseline", "lint.json", "--write-baseline"])
        .exits(0)
        .says("4 findings are written to lint.json");
    shop
}

fn said(shop: &Shop, arguments: &[&str], code: i32) -> String {
    let mut all = vec!["lint", "--baseline", "lint.json"];
    all.extend(arguments);
    let run = shop.run(&all).exits(code);
    run.stdout
}

#[test]
fn what_is_known_is_not_shown_wherever_lines_move() {
    let shop = old();
    assert_eq!(said(&shop, &[], 0), "2 policies: nothing found, 4 in the baseline\n");
    shop.policy("b", &format!("# a comment\n\n{SLOW}tags: [new]\nparams: {{ x: 1GiB, y: 2GiB }}\n"));
    assert_eq!(said(&shop, &[], 0), "2 policies: nothing found, 4 in the baseline\n");
    let text = std::fs::read_to_string(shop.at("lint.json")).unwrap();
    assert!(!text.contains("\"line\"") && !text.contains(&shop.path().display().to_string()), "{text}");
}

#[test]
fn a_baseline_is_the_same_from_every_folder() {
    let shop = old();
    let moved = Shop::new();
    for file in ["muster.yaml", "lint.json", "policies/a.yaml", "policies/b.yaml"] {
        moved.file(&format!("deep/{file}"), &std::fs::read_to_string(shop.at(file)).unwrap());
    }
    let run = moved.run(&["lint", "--project", "deep/muster.yaml", "--baseline", "deep/lint.json"]).exits(0);
    assert_eq!(run.stdout, "2 policies: nothing found, 4 in the baseline\n");
    let mut command = shop.command(&["lint", "a.yaml", "--baseline", "../lint.json"]);
    let run = crate::harness::Run::of(command.current_dir(shop.at("policies")).spawn().unwrap()).exits(0);
    assert_eq!(run.stdout, "1 policy: nothing found, 1 in the baseline\n");
}

#[test]
fn what_is_new_is_shown() {
    let shop = old();
    shop.policy("c", &SLOW.replace("1.MiB", "2.MiB"));
    assert!(said(&shop, &[], 0).ends_with("3 policies: 1 warning, 4 in the baseline\n"));
    shop.policy("c", &SLOW.replace("free <", "fre <"));
    assert!(said(&shop, &[], 2).ends_with("3 policies: 1 error, 4 in the baseline\n"));
}

#[test]
fn what_was_mended_is_told_until_it_is_written_anew() {
    let shop = old();
    shop.policy("a", &SLOW.replace("weekly", "daily"));
    let text = said(&shop, &[], 0);
    assert!(text.contains("`slow-page` of the baseline is no longer found in `policies/a.yaml`"), "{text}");
    assert!(text.ends_with("2 policies: 1 warning, 3 in the baseline\n"), "{text}");
    // Nobody looked at the other file.
    assert!(said(&shop, &["policies/b.yaml"], 0).ends_with("1 policy: nothing found, 3 in the baseline\n"));
    shop.run(&["lint", "--baseline", "lint.json", "--write-baseline"]).exits(0);
    assert_eq!(said(&shop, &[], 0), "2 policies: nothing found, 3 in the baseline\n");
    std::fs::remove_file(shop.at("policies/b.yaml")).unwrap();
    assert!(said(&shop, &[], 0).ends_with("1 policy: 3 warnings\n"));
}

#[test]
fn what_does_not_load_is_never_in_a_baseline() {
    let shop = old();
    shop.policy("a", &SLOW.replace("free <", "fre <"));
    let run = shop.run(&["lint", "--baseline", "lint.json", "--write-baseline"]).exits(2);
    assert!(run.stdout.contains("unknown-fact"), "{}", run.stdout);
    let text = said(&shop, &[], 2);
    assert!(text.contains("unknown-fact") && text.ends_with("1 error, 3 in the baseline\n"), "{text}");
}

#[test]
fn a_baseline_that_cannot_be_used_is_wrong_input() {
    let shop = old();
    for text in [
        "",
        "{}",
        "{\"muster_baseline\": 2, \"findings\": []}",
        "{\"muster_baseline\": 1, \"findings\": [{}]}",
    ] {
        shop.file("lint.json", text);
        shop.run(&["lint", "--baseline", "lint.json"]).exits(2).says("is no baseline");
    }
    shop.run(&["lint", "--baseline", "none.json"]).exits(2).says("it does not exist");
    shop.run(&["lint", "--write-baseline"]).exits(2).says("--baseline");
}

#[test]
fn the_same_line_of_another_policy_is_new() {
    let shop = Shop::new();
    shop.project("policies: [policies/]\ntargets: { here: { type: host } }\n");
    let two = |a: &str, b: &str| {
        let one = |id: &str, name: &str| {
            crate::harness::policy(id, &SLOW.replace("free < 1.MiB", &format!("free < {name}")))
        };
        let (a, b) = (one("a", "1.MiB") + a, one("b", "2.MiB") + b);
        shop.file("policies/both.yaml", &format!("{a}---\n{b}"));
    };
    two("params: { x: 1GiB }\n", "");
    shop.run(&["lint", "--baseline", "lint.json", "--write-baseline"]).exits(0);
    assert!(said(&shop, &[], 0).contains("nothing found"));
    two("", "params: { x: 1GiB }\n");
    let run = said(&shop, &[], 0);
    assert!(run.contains("unused-param") && run.contains("stale-baseline"), "{run}");
}

#[test]
fn names_are_held_against_the_project_whatever_is_known() {
    let shop = Shop::new();
    let project = "policies: [policies/]\ntargets: { here: { type: host } }\n";
    shop.project(project);
    // One judges what the other does, which is an error.
    shop.policy("a", SLOW).policy("b", SLOW);
    shop.run(&["lint"]).exits(2);
    shop.run(&["lint", "--baseline", "lint.json", "--write-baseline"]).exits(0);
    assert!(said(&shop, &[], 0).contains("in the baseline"));
    shop.project(&format!("{project}overrides: [{{ policy: nothing, set: {{ x: 1 }}, why: none }}]\n"));
    let run = said(&shop, &[], 2);
    assert!(run.contains("`nothing`"), "{run}");
}
