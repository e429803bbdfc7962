//! What is half typed or wrong in one place hides nothing that is wrong in another, and shows no secret.

use crate::harness::{Shop, in_days, policy};

const FULL: &str = "
target: { type: host }
observe: { usage: { probe: disk.usage } }
params: { fail_at: { default: 85%, at_most: 98%, why: it was agreed } }
fail: used_ratio > params.fail_at
";

/// Two versions of a project, in `old/` and `new/`; `more` is added to the project file of each.
fn versions(more: [&str; 2]) -> Shop {
    let shop = Shop::new();
    for (folder, more) in ["old", "new"].iter().zip(more) {
        let project = format!("muster: 1\nowner: team\npolicies: [policies/]\n{more}");
        shop.file(&format!("{folder}/muster.yaml"), &project);
        shop.file(&format!("{folder}/policies/full.yaml"), &policy("full", FULL));
    }
    shop
}

const HOST: &str = "targets: { here: { type: host } }\n";

#[test]
fn a_policy_in_a_file_of_any_name_is_broken_and_not_gone() {
    let shop = Shop::new();
    for (folder, text) in [("old", policy("extra", FULL)), ("new", "policy: extra\nfail: [\n".to_owned())] {
        for text in [text.clone(), text.replace("policy:", "  policy:").replace("\n  policy:", "\npolicy:")] {
            shop.file(&format!("{folder}/extra.policy"), &text);
        }
        let project = format!("muster: 1\nowner: team\npolicies: [policies/, extra.policy]\n{HOST}");
        shop.file(&format!("{folder}/muster.yaml"), &project);
        shop.file(&format!("{folder}/policies/full.yaml"), &policy("full", FULL));
    }
    let run = shop.run(&["diff", "old", "new", "--fail-on", "looser"]).exits(2);
    assert!(run.stdout.contains("broken"), "{}", run.stdout);
    // Nothing tells the name of this one.
    for folder in ["old", "new"] {
        shop.file(&format!("{folder}/extra.policy"), "fail: [\n");
    }
    shop.run(&["diff", "old", "new"]).exits(2);
}

#[test]
fn every_policy_of_a_file_that_is_no_yaml_is_broken() {
    let shop = versions([HOST, HOST]);
    let three: Vec<String> = ["full", "b", "c"].iter().map(|id| policy(id, FULL)).collect();
    shop.file("old/policies/full.yaml", &three.join("---\n"));
    shop.file("new/policies/full.yaml", &three.join("---\n").replacen("tier:", "tags: [\ntier:", 1));
    let run = shop.run(&["diff", "old", "new", "--format", "json"]).exits(2);
    let changes = run.json()["changes"].as_array().unwrap();
    let broken = changes.iter().filter(|one| one["direction"] == "broken");
    let mut ids: Vec<&str> = broken.filter_map(|one| one["policy"].as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["b", "c", "full"], "{changes:#?}");
}

#[test]
fn what_is_wrong_in_both_versions_is_told_of_each_at_its_place_and_shows_no_secret() {
    let secret =
        "targets:\n  pg: { type: postgres, url: 'postgres://w@localhost/shop', password: hunter2plain }\n";
    let shop = versions([secret, secret]);
    shop.file("new/muster.yaml", &format!("muster: 1\nowner: team\n{secret}"));
    for arguments in [&["diff", "old", "new"][..], &["diff", "old", "new", "--format", "json"]] {
        let run = shop.run(arguments).exits(2);
        assert!(
            !run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"),
            "{}{}",
            run.stdout,
            run.stderr
        );
    }
    let slip = "targets: { here: { typ: host } }\n";
    let shop = versions([slip, slip]);
    let run = shop.run(&["diff", "old", "new", "--format", "json"]).exits(2);
    let changes = run.json()["changes"].as_array().unwrap();
    let at = |file: &str| changes.iter().filter(|one| one["at"].as_str().unwrap().starts_with(file)).count();
    assert_eq!((at("old/muster.yaml"), at("new/muster.yaml"), changes.len()), (1, 1, 2), "{changes:#?}");
}

#[test]
fn a_fault_of_a_project_file_of_any_name_is_no_policy() {
    let shop = versions([HOST, HOST]);
    for folder in ["old", "new"] {
        let slip = "muster: 1\nowner: team\npolicies: [policies/]\ntargets: { here: { typ: host } }\n";
        shop.file(&format!("{folder}/ops.yaml"), slip);
    }
    let run = shop.run(&["diff", "old/ops.yaml", "new/ops.yaml", "--format", "json"]).exits(2);
    let changes = run.json()["changes"].as_array().unwrap();
    assert!(changes.iter().all(|one| one["policy"] != "ops"), "{changes:#?}");
    assert!(!changes.is_empty());
}

#[test]
fn a_fault_in_a_file_that_the_project_names_hides_no_policy() {
    let shop = Shop::new();
    shop.project(&format!("owner: team\npolicies: [policies/]\nframeworks: [f.json]\n{HOST}"));
    shop.file("f.json", "{\"a\": ");
    shop.file("policies/q.yaml", "policy: q\nfail: [\n");
    let run = shop.run(&["lint"]).exits(2);
    assert!(run.stdout.contains("f.json") && run.stdout.contains("q.yaml"), "{}", run.stdout);
}

#[test]
fn a_warning_about_a_name_hides_no_error_about_it() {
    let shop = Shop::new();
    let waiver = |policy: &str, days: i64| {
        format!(
            "- {{ policy: {policy}, reason: it is replaced soon, owner: team, ticket: A-1, expires: {} }}\n",
            in_days(days)
        )
    };
    let waivers = format!("waivers:\n{}{}", waiver("gone", 5), waiver("gone2", 60));
    let check = |more: &str| {
        shop.project(&format!("owner: team\npolicies: [policies/]\n{HOST}{more}{waivers}"));
        shop.policy("full", FULL);
        let run = shop.run(&["lint"]).exits(2);
        for name in ["gone", "gone2"] {
            assert!(run.stdout.contains(&format!("a waiver names `{name}`,")), "{name}: {}", run.stdout);
        }
    };
    check("");
    check("environments: { ci: { lables: {} } }\n");
    // A key that there is not is nothing that a name could come from.
    check("surprise: 1\n");
}
