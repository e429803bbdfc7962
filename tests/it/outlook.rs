//! The weekly report says what will cross its limit and when, how old backups are, and who answers for what ends.

use std::fs::File;

use serde_json::Value as Json;

use crate::audit::at;
use crate::harness::Shop;

const PROJECT: &str = "owner: team\npolicies: [policies/]\nowners: { team: {}, ops: {} }\n\
    targets: { here: { type: host } }\nstore: { path: .muster/store.db }\n";

fn shop(overrides: &str) -> Shop {
    let mut shop = Shop::new();
    shop.env("LD_PRELOAD", "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1").env("TZ", "UTC");
    shop.project(&format!("{PROJECT}{overrides}"));
    for name in ["grows", "shrinks", "still", "other"] {
        shop.file(&format!("files/{name}"), "");
    }
    // Of `other` it is not asked; `both` has to be too large and something else.
    shop.policy(
        "size",
        "owner: ops\ntarget: { type: host }\nparams: { most: { default: 20KiB, why: it was agreed } }\n\
         observe: { files: { probe: file.stat, with: { paths: ['@SHOP@/files/grows', '@SHOP@/files/shrinks', '@SHOP@/files/still', '@SHOP@/files/other'] } } }\n\
         each: files\nwhere: 'ends_with(path, \"other\") == false'\n\
         warn: size != null && size > 15.KiB\nfail: [exists && (size ?? 0.bytes) > params.most, size != null && size < 2.KiB]\n",
    );
    shop.policy(
        "both",
        "target: { type: host }\nobserve: { files: { probe: file.stat, with: { paths: ['@SHOP@/files/grows', '@SHOP@/files/shrinks', '@SHOP@/files/still', '@SHOP@/files/other'] } } }\n\
         each: files\nfail: exists == false && (size ?? 0.bytes) > 20.KiB\n",
    );
    shop.policy(
        "backups",
        "tags: [backup]\ntarget: { type: host }\nobserve: { sets: { probe: file.set, with: { globs: ['@SHOP@/*.dump'] } } }\n\
         each: sets\nfail: count == 0\n",
    );
    shop
}

/// The last day on which nothing is beyond a limit; what only warns ends with 0.
const LATEST: u32 = 16;

/// Days in which `grows` and `other` gain and `shrinks` loses a KiB each.
fn days(shop: &Shop, days: std::ops::RangeInclusive<u32>) {
    for day in days {
        for (name, kib) in [("grows", 4 + day), ("other", 4 + day), ("shrinks", 18 - day), ("still", 5)] {
            shop.file(&format!("files/{name}"), &"x".repeat(1024 * usize::try_from(kib).unwrap()));
        }
        shop.file("newest.dump", "a dump");
        let dumped = format!("2026-07-{day:02}T01:00:00Z").parse::<jiff::Timestamp>().unwrap();
        let dump = File::options().write(true).open(shop.at("newest.dump")).unwrap();
        dump.set_modified(dumped.into()).unwrap();
        at(shop, &format!("2026-07-{day:02} 02:00:00"), &["check"]).exits(i32::from(day > LATEST));
    }
}

fn ahead(shop: &Shop, day: &str) -> Vec<Json> {
    let report = at(shop, &format!("2026-07-{day} 02:00:00"), &["report", "--format", "json"]).exits(0);
    report.json()["outlook"].as_array().unwrap().clone()
}

fn limits(all: &[Json]) -> Vec<&Json> {
    all.iter().filter(|one| one["kind"] == "limit").collect()
}

#[test]
fn what_grows_is_told_with_the_day_on_which_it_crosses() {
    let shop = shop("");
    days(&shop, 1..=8);
    let all = ahead(&shop, "09");
    let limits = limits(&all);
    assert_eq!(limits.len(), 2, "{limits:#?}");
    // 12 KiB on the 8th, and a KiB a day: the 15 of `warn` come first.
    let name = |one: &Json| one["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let of = |wanted: &str| limits.iter().find(|one| name(one) == wanted).unwrap();
    assert_eq!((&of("grows")["from"], &of("grows")["to"]), (&"2026-07-11".into(), &"2026-07-11".into()));
    let what = of("grows")["what"].as_str().unwrap();
    assert_eq!(what, "size is 12 KiB; at this rate it crosses 15 KiB (warn) about 2026-07-11");
    assert_eq!(of("grows")["owner"], "ops");
    // From 10 KiB down to 2.
    assert_eq!(of("shrinks")["from"], "2026-07-16");
    assert!(of("shrinks")["what"].as_str().unwrap().contains("crosses 2 KiB (fail)"), "{limits:#?}");
    let report = at(&shop, "2026-07-09 02:00:00", &["report"]).exits(0);
    let text = "at this rate it crosses 15 KiB (warn) about 2026-07-11 (2026-07-11)";
    assert!(report.stdout.contains(text), "{}", report.stdout);
}

#[test]
fn what_is_beyond_its_limit_or_far_away_or_seldom_seen_is_no_forecast() {
    let few = shop("");
    days(&few, 1..=4);
    assert_eq!(limits(&ahead(&few, "05")), Vec::<&Json>::new(), "four samples are too few");
    let shop = shop("");
    days(&shop, 1..=13);
    let all = ahead(&shop, "14");
    // 17 KiB are beyond `warn`, and it is told when it fails.
    let grows =
        limits(&all).into_iter().find(|one| one["name"].as_str().unwrap().ends_with("grows")).unwrap();
    assert_eq!(grows["from"], "2026-07-16");
    assert!(grows["what"].as_str().unwrap().contains("crosses 20 KiB (fail)"), "{grows:#}");
    std::fs::remove_file(shop.at("files/grows")).unwrap();
    at(&shop, "2026-07-14 02:00:00", &["check"]);
    let all = ahead(&shop, "15");
    assert!(limits(&all).iter().all(|one| !one["name"].as_str().unwrap().ends_with("grows")), "{all:#?}");
}

#[test]
fn a_limit_is_the_one_that_an_override_sets_for_the_subject() {
    let shop =
        shop("overrides:\n  - { policy: size, subject: '*grows', set: { most: 14KiB }, why: it is small }\n");
    days(&shop, 1..=8);
    let all = ahead(&shop, "09");
    let grows =
        limits(&all).into_iter().find(|one| one["name"].as_str().unwrap().ends_with("grows")).unwrap();
    assert_eq!(grows["from"], "2026-07-10", "{grows:#}");
    assert!(grows["what"].as_str().unwrap().contains("crosses 14 KiB (fail)"), "{grows:#}");
}

#[test]
fn the_age_of_backups_is_told_and_whose_they_are() {
    let shop = shop("");
    days(&shop, 1..=2);
    let all = ahead(&shop, "05");
    let backup = all.iter().find(|one| one["kind"] == "backup").unwrap();
    assert_eq!((&backup["what"], &backup["owner"]), (&"the newest is 3d 1h old".into(), &"team".into()));
    assert!(backup["from"].as_str().unwrap().starts_with("2026-07-02T01:00"), "{backup:#}");
    let audit =
        at(&shop, "2026-07-05 02:00:00", &["audit", "--period", "2026-Q3", "--format", "json"]).exits(0);
    assert_eq!(audit.json()["outlook"], Json::Array(Vec::new()), "an audit looks back");
}

#[test]
fn a_set_of_backups_in_which_there_is_none_comes_first() {
    let shop = shop("");
    days(&shop, 1..=2);
    std::fs::remove_file(shop.at("newest.dump")).unwrap();
    at(&shop, "2026-07-03 02:00:00", &["check"]).exits(1);
    let all = ahead(&shop, "04");
    assert_eq!((&all[0]["kind"], &all[0]["what"]), (&"backup".into(), &"there is none".into()), "{all:#?}");
}

#[test]
fn every_check_of_one_answer_has_its_own_limit() {
    let shop = shop("");
    shop.policy(
        "small",
        "target: { type: host }\nobserve: { files: { probe: file.stat, with: { paths: ['@SHOP@/files/grows', '@SHOP@/files/shrinks', '@SHOP@/files/still', '@SHOP@/files/other'] } } }\n\
         each: files\nfail: exists && (size ?? 0.bytes) > 19.KiB\n",
    );
    days(&shop, 1..=8);
    let all = ahead(&shop, "09");
    let of = |policy: &str| {
        limits(&all).into_iter().filter(|one| one["name"].as_str().unwrap().starts_with(policy)).count()
    };
    assert_eq!((of("size at"), of("small at"), of("both at")), (2, 2, 0), "{all:#?}");
}

#[test]
fn what_cannot_be_bound_any_more_is_said_and_the_week_is_told() {
    let shop = shop("");
    days(&shop, 1..=8);
    let text = std::fs::read_to_string(shop.at("policies/size.yaml")).unwrap();
    shop.file("policies/size.yaml", &text.replace("owner: ops", "owner: gone"));
    let report = at(&shop, "2026-07-09 02:00:00", &["report", "--format", "json"]).exits(0);
    let report = report.says("gone").says("what lies ahead is told as far as checks can be bound to targets");
    assert_eq!(limits(report.json()["outlook"].as_array().unwrap()).len(), 2);
    assert_eq!(report.json()["population"]["judged"], report.json()["population"]["expected"]);
}
