//! What is broken is told once: what the project says of it is no further fault.

use crate::harness::{Shop, in_days};

const FINE: &str = "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: '@SHOP@/big.log' } } }\neach: file\nfail: exists == false\n";

fn shop(waived: &[&str]) -> Shop {
    let shop = Shop::new();
    let waiver = |policy: &&str| {
        format!(
            "- {{ policy: '{policy}', reason: it is replaced, owner: team, ticket: T-{policy}, expires: {} }}\n",
            in_days(60)
        )
    };
    let waivers: String = waived.iter().map(waiver).collect();
    shop.project(&format!(
        "owner: team\npolicies: [policies/]\nowners: {{ team: {{}} }}\ntargets: {{ here: {{ type: host }} }}\nwaivers:\n{waivers}"
    ));
    shop.file("big.log", "small").policy("fine", FINE);
    shop.policy("torn", &FINE.replace("exists == false", "exists == 3"));
    shop
}

#[test]
fn a_waiver_of_a_policy_that_is_broken_is_no_further_fault() {
    let shop = shop(&["torn"]);
    shop.check(&[]).exits(2).says("type-mismatch");
    let run = shop.check(&["--keep-going"]).exits(3);
    assert_eq!((run.verdict("fine"), run.verdict("torn")), ("pass", "unknown"));
    assert_eq!(run.json()["notices"], serde_json::json!([]), "whether it covers something is not known");
    assert!(!run.stderr.contains("no policy is called so"), "{}", run.stderr);
}

#[test]
fn a_waiver_of_a_policy_that_nobody_has_stays_wrong_input() {
    let shop = shop(&["torn", "nobody"]);
    let run = shop.run(&["check", "--keep-going"]).exits(2).says("a waiver names `nobody`");
    assert!(!run.stderr.contains("a waiver names `torn`"), "{}", run.stderr);
}

#[test]
fn a_waiver_that_covers_nothing_of_what_loads_is_told_beside_a_broken_policy() {
    let run = shop(&["fine"]).check(&["--keep-going"]).exits(3);
    let notices = run.json()["notices"].as_array().unwrap();
    assert!(notices[0]["message"].as_str().unwrap().contains("covers nothing"), "{notices:#?}");
}
