//! What a waiver hid is told with the numbers that its rule compared, over three runs with a real store.

use serde_json::Value as Json;

use crate::audit::at;
use crate::harness::Shop;

const PROJECT: &str = "owner: team\npolicies: [policies/]\nowners: { team: {}, ops: {} }\ntargets: { here: { type: host } }\n\
    store: { path: .muster/store.db }\nwaivers:\n\
    - { policy: size, reason: they grow, owner: ops, ticket: OPS-1, expires: EXPIRES, covers: [warn, fail] }\n\
    - { policy: few, reason: they come, owner: ops, ticket: OPS-2, expires: 2026-09-30 }\n\
    - { policy: lost, reason: it was moved, owner: ops, ticket: OPS-3, expires: 2026-09-30 }\n";

fn shop(expires: &str) -> Shop {
    let mut shop = Shop::new();
    shop.env("LD_PRELOAD", "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1").env("TZ", "UTC");
    shop.project(&PROJECT.replace("EXPIRES", expires));
    shop.policy(
        "size",
        "target: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/up.log', '@SHOP@/down.log', '@SHOP@/gone.log', '@SHOP@/same.log'] } } }\n\
         each: files\nparams: { most: 10KiB }\nfail: size > params.most\nwarn: size > 1.KiB\n",
    );
    shop.policy(
        "few",
        "target: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/*.tar', '@SHOP@/*.zip'] } } }\n\
         each: files\nlet: { enough: count >= 4 }\nfail: '!enough'\n",
    );
    shop.policy(
        "lost",
        "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: '@SHOP@/lost' } } }\neach: file\nfail: exists == false\n",
    );
    files(&shop, [2_000, 20_000, 2_000, 2_000], 3, 1);
    shop
}

fn files(shop: &Shop, sizes: [usize; 4], tars: usize, zips: usize) {
    for (name, size) in ["up", "down", "gone", "same"].into_iter().zip(sizes) {
        shop.file(&format!("{name}.log"), &"x".repeat(size));
    }
    for (end, many) in [("tar", tars), ("zip", zips)] {
        for number in 0..4 {
            let file = shop.at(&format!("{number}.{end}"));
            if number < many {
                std::fs::write(file, "x").unwrap();
            } else if file.exists() {
                std::fs::remove_file(file).unwrap();
            }
        }
    }
}

fn audit(shop: &Shop, format: &str) -> String {
    at(shop, "2026-10-02 09:00:00", &["audit", "--period", "2026-Q3", "--format", format]).exits(0).stdout
}

/// What is told of each subject beneath the waiver with this ticket, by the end of its name.
fn told(audit: &str, ticket: &str) -> Vec<String> {
    let audit: Json = serde_json::from_str(audit).unwrap();
    let all = audit["exceptions"].as_array().unwrap();
    let waiver = all.iter().find(|one| one["ticket"] == ticket).unwrap();
    let of = |one: &Json| {
        let text = |name: &str| one[name].as_str().unwrap_or("-").to_owned();
        let figure = |name: &str| match &one[name] {
            Json::Null => "-".to_owned(),
            figure => {
                format!("{} of {}", figure["value"].as_str().unwrap(), figure["limit"].as_str().unwrap())
            }
        };
        let subject = text("subject");
        let subject = subject.rsplit('/').next().unwrap();
        let parts = [subject.to_owned(), text("what"), figure("before"), figure("after"), text("moved")];
        format!("{}{}", parts.join(" | "), if one["fails_now"] == true { " | fails now" } else { "" })
    };
    let mut all: Vec<String> = waiver["beneath"].as_array().unwrap().iter().map(of).collect();
    all.sort();
    all
}

#[test]
fn a_waiver_is_told_with_the_numbers_that_it_hid_in_the_direction_in_which_they_are_worse() {
    let shop = shop("2026-09-30");
    let check = |day: &str| at(&shop, &format!("2026-07-{day} 02:00:00"), &["check"]).exits(0);
    check("01");
    files(&shop, [9_000, 15_000, 2_000, 2_000], 2, 2);
    check("02");
    files(&shop, [20_480, 12_288, 100, 2_000], 1, 3);
    check("03");
    let json = audit(&shop, "json");
    assert_eq!(
        told(&json, "OPS-1"),
        [
            "down.log | size | 19.5 KiB of 10 KiB | 12 KiB of 10 KiB | better",
            "gone.log | size | 2 KiB of 1 KiB | - | gone",
            "same.log | size | 2 KiB of 1 KiB | 2 KiB of 1 KiB | unchanged",
            "up.log | size | 2 KiB of 1 KiB | 20 KiB of 10 KiB | worse | fails now",
        ]
    );
    assert_eq!(
        told(&json, "OPS-2"),
        ["*.tar | count | 3 of 4 | 1 of 4 | worse", "*.zip | count | 1 of 4 | 3 of 4 | better"]
    );
    assert_eq!(told(&json, "OPS-3"), ["lost |  | - | - | untold"]);
    for format in ["human", "html", "markdown", "csv-exceptions", "json"] {
        let text = audit(&shop, format).replace("&#8203;", "").replace("<wbr>", "");
        for part in ["(limit 4), worse", "it was near its limit, and fails now"] {
            assert!(text.contains(part), "{format} does not say {part}: {text}");
        }
    }
    let table = audit(&shop, "csv-exceptions");
    for part in
        ["count 1 → 3 (limit 4), better", "unchanged", "gone at the last judgement", "no number was compared"]
    {
        assert!(table.contains(part), "{part}: {table}");
    }
}

#[test]
fn what_failed_only_in_between_is_told_as_worse() {
    let shop = shop("2026-09-30");
    let check = |day: &str| at(&shop, &format!("2026-07-{day} 02:00:00"), &["check"]).exits(0);
    check("01");
    files(&shop, [20_480, 12_288, 2_000, 2_000], 2, 2);
    check("02");
    files(&shop, [2_048, 20_000, 2_000, 2_000], 2, 2);
    check("03");
    for format in ["human", "html", "json"] {
        let text = audit(&shop, format).replace("&#8203;", "").replace("<wbr>", "");
        assert!(text.contains("failed in between"), "{format}: {text}");
    }
    let all: Json = serde_json::from_str(&audit(&shop, "json")).unwrap();
    let waiver = all["exceptions"].as_array().unwrap().iter().find(|one| one["ticket"] == "OPS-1").unwrap();
    let between: Vec<&str> = waiver["beneath"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["failed_between"] == true)
        .map(|one| one["subject"].as_str().unwrap().rsplit('/').next().unwrap())
        .collect();
    assert_eq!(between, ["up.log"]);
}

#[test]
fn a_waiver_that_has_ended_is_told_with_what_it_hid_until_then() {
    let shop = shop("2026-07-02");
    at(&shop, "2026-07-01 02:00:00", &["check"]).exits(0);
    files(&shop, [20_480, 20_480, 100, 2_000], 3, 1);
    at(&shop, "2026-07-02 02:00:00", &["check"]).exits(0);
    at(&shop, "2026-07-03 02:00:00", &["check"]).exits(1);
    let told = told(&audit(&shop, "json"), "OPS-1");
    assert!(told[3].starts_with("up.log | size | 2 KiB of 1 KiB | 20 KiB of 10 KiB | worse"), "{told:?}");
}

#[test]
fn where_the_texts_were_not_kept_a_number_is_missing_and_said_to_be() {
    let shop = shop("2026-09-30");
    // A run of named policies promises nothing, and its texts are not kept.
    at(&shop, "2026-07-01 02:00:00", &["check", "policies/size.yaml"]).exits(0);
    files(&shop, [20_480, 20_480, 100, 2_000], 3, 1);
    at(&shop, "2026-07-02 02:00:00", &["check"]).exits(0);
    let json = audit(&shop, "json");
    let told = told(&json, "OPS-1");
    assert_eq!(told[3], "up.log |  | - | - | worse | fails now", "{told:?}");
    assert!(json.contains("that run named only some policies"), "{json}");
}
