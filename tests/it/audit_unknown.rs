//! A judgement that could not tell how something stands is none: for what is due as for the audit.

use serde_json::Value as Json;

use crate::audit::at;
use crate::harness::{Run, Shop};

const PROJECT: &str = "owner: team\npolicies: [policies/]\nowners: { team: {} }\ntargets: { here: { type: host }, ours: { type: project } }\n\
    store: { path: .muster/store.db }\n";

fn shop() -> Shop {
    let mut shop = Shop::new();
    shop.env("LD_PRELOAD", "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1").env("TZ", "UTC");
    shop.project(PROJECT).file("logs/big.log", "small");
    shop.policy(
        "logs",
        "target: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/logs/*.log'] } } }\neach: files\nfail: size > 10.KiB\n",
    );
    shop
}

/// Where the folder is not there, nothing can be told.
fn hide(shop: &Shop, is_hidden: bool) {
    let (from, to) = if is_hidden { ("logs", "hidden") } else { ("hidden", "logs") };
    std::fs::rename(shop.at(from), shop.at(to)).unwrap();
}

fn check(shop: &Shop, time: &str) -> Run {
    at(shop, &format!("2026-{time}"), &["check", "--format", "json"])
}

/// The notices of a run that ended so.
fn notices(run: &Run) -> Vec<String> {
    let all = run.json()["notices"].as_array().unwrap().clone();
    all.iter().map(|one| one["message"].as_str().unwrap().to_owned()).collect()
}

fn due(shop: &Shop, time: &str) -> Json {
    let listed =
        at(shop, &format!("2026-{time}"), &["list", "--due", "--format", "json"]).exits(0).json().clone();
    let all = listed["checks"].as_array().unwrap().clone();
    all.into_iter().find(|one| one["policy"] == "logs").unwrap()
}

#[test]
fn what_ends_unknown_every_time_is_overdue_when_its_grace_is_over_and_not_before() {
    let shop = shop();
    hide(&shop, true);
    let first = check(&shop, "07-01 02:00:00").exits(3);
    assert_eq!(notices(&first), Vec::<String>::new(), "it is new");
    let again = check(&shop, "07-02 02:00:00").exits(3);
    assert_eq!(notices(&again), Vec::<String>::new(), "its grace lasts");
    let late = check(&shop, "07-02 05:00:00").exits(3);
    let said = notices(&late);
    assert_eq!(said.len(), 1, "{said:?}");
    for part in
        ["was never judged", "promised since 2026-07-01T02:00", "could not be judged since 2026-07-01T02:00"]
    {
        assert!(said[0].contains(part), "{part}: {said:?}");
    }
    assert_eq!(due(&shop, "07-02 05:30:00")["state"], "overdue");
    let audit =
        at(&shop, "2026-10-02 09:00:00", &["audit", "--period", "2026-Q3", "--format", "json"]).exits(0);
    assert_eq!(audit.json()["population"]["judged"], 0, "the audit counts alike");
    hide(&shop, false);
    let told = check(&shop, "07-02 06:00:00").exits(0);
    assert_eq!(notices(&told), Vec::<String>::new(), "this run could tell");
    assert_eq!(due(&shop, "07-02 07:00:00")["state"], "judged");
}

#[test]
fn what_could_be_told_and_is_unknown_since_shows_both() {
    let shop = shop();
    check(&shop, "07-01 02:00:00").exits(0);
    hide(&shop, true);
    check(&shop, "07-01 12:00:00").exits(3);
    check(&shop, "07-02 02:00:00").exits(3);
    let listed = due(&shop, "07-02 03:00:00");
    assert!(listed["judged"].as_str().unwrap().starts_with("2026-07-01T02:00"), "{listed:#}");
    assert!(listed["unknown_since"].as_str().unwrap().starts_with("2026-07-01T12:00"), "{listed:#}");
    let list = at(&shop, "2026-07-02 03:00:30", &["list", "--due"]).exits(0);
    assert!(
        list.stdout.contains("judged 1d 1h ago") && list.stdout.contains("unknown since 15h"),
        "{}",
        list.stdout
    );
    assert_eq!(notices(&check(&shop, "07-02 04:00:00").exits(3)), Vec::<String>::new(), "its grace lasts");
    let said = notices(&check(&shop, "07-02 04:30:00").exits(3));
    assert!(said[0].contains("was judged last at 2026-07-01T02:00"), "{said:?}");
    assert!(said[0].contains("could not be judged since 2026-07-01T12:00"), "{said:?}");
}

#[test]
fn a_policy_sees_what_is_unknown_as_overdue_though_the_run_tries_it_again() {
    let shop = shop();
    shop.policy(
        "overdue",
        "target: { type: project }\nobserve: { checks: { probe: project.checks } }\neach: checks\nwhere: policy == \"logs\"\n\
         fail:\n  - if: overdue && unknown_since != null\n    message: 'since {{ unknown_since }}, judged {{ judged }}'\n  - if: overdue\n    message: nobody tries\n",
    );
    let overdue = |run: &Run| {
        let checks = run.json()["checks"].as_array().unwrap().clone();
        let check = checks.into_iter().find(|check| check["policy"] == "overdue").unwrap();
        check["findings"].as_array().unwrap().first().map(|one| one["message"].as_str().unwrap().to_owned())
    };
    check(&shop, "07-01 02:00:00").exits(0);
    hide(&shop, true);
    check(&shop, "07-01 12:00:00").exits(3);
    let said = overdue(&check(&shop, "07-03 02:00:00").exits(1)).unwrap();
    assert!(said.starts_with("since 2026-07-01T12:00") && said.contains("judged 2026-07-01T02:00"), "{said}");
    hide(&shop, false);
    check(&shop, "07-03 03:00:00").exits(1);
    assert_eq!(overdue(&check(&shop, "07-03 04:00:00").exits(0)), None, "the run before could tell");
}
