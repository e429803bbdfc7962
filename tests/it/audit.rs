//! The audit: a quarter is lived through with a clock that is set, and an auditor sees what happened in it.

use serde_json::Value as Json;

use crate::harness::{Run, Shop};

const PROJECT: &str = "owner: team\npolicies: [policies/]\nframeworks: [house.yaml]\nowners: { team: {}, ops: {} }\n\
    targets: { here: { type: host }, audit: { type: project } }\nstore: { path: .muster/store.db }\n";

const HOUSE: &str = "framework: house\ntitle: What the house asks\ncontrols:\n\
    - { id: backup, title: Backups are made every day }\n\
    - { id: size, title: Files stay small }\n\
    - { id: fire, title: Somebody tried the fire drill }\n";

/// A shop whose clock is set for each run.
fn shop() -> Shop {
    let mut shop = Shop::new();
    shop.env("LD_PRELOAD", "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1").env("TZ", "UTC");
    shop.project(PROJECT).file("house.yaml", HOUSE).file("backup.tar", "a backup").file("big.log", "small");
    shop.policy(
        "backup",
        "controls: [backup]\ntarget: { type: host }\nobserve: { file: { probe: file.stat, with: { path: '@SHOP@/backup.tar' } } }\n\
         each: file\nfail: exists == false\n",
    );
    shop.policy(
        "size",
        "controls: [size]\ntarget: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/*.log'] } } }\n\
         each: files\nfail: size > 10.KiB\nwarn: size > 1.KiB\n",
    );
    shop
}

/// Runs from a time on.
pub(crate) fn at(shop: &Shop, time: &str, arguments: &[&str]) -> Run {
    let mut command = shop.command(arguments);
    command.env("FAKETIME", format!("@{time}")).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Run::of(command.spawn().unwrap())
}

fn check(shop: &Shop, day: &str) -> Run {
    at(shop, &format!("2026-{day} 02:00:00"), &["check"])
}

/// The audit of the quarter as it is seen in October.
fn audit(shop: &Shop) -> Json {
    at(shop, "2026-10-02 09:00:00", &["audit", "--period", "2026-Q3", "--format", "json"])
        .exits(0)
        .json()
        .clone()
}

/// Every day of a month but some.
fn month(shop: &Shop, month: u32, days: u32, but: std::ops::Range<u32>) {
    for day in (1..=days).filter(|day| !but.contains(day)) {
        check(shop, &format!("{month:02}-{day:02}")).exits(0);
    }
}

/// A time of this second or one of the next.
fn is_at(time: &Json, wanted: &str) -> bool {
    time.as_str().unwrap().starts_with(wanted)
}

fn of<'a>(list: &'a Json, name: &str, value: &str) -> &'a Json {
    let all = list.as_array().unwrap();
    all.iter().find(|one| one[name] == value).unwrap_or_else(|| panic!("no {name} is {value}: {list:#}"))
}

#[test]
fn of_the_days_of_a_quarter_those_without_a_run_are_missed() {
    let shop = shop();
    month(&shop, 7, 31, 40..40);
    month(&shop, 8, 31, 4..15);
    month(&shop, 9, 30, 40..40);
    let audit = audit(&shop);
    let backup = of(&audit["population"]["checks"], "policy", "backup");
    assert_eq!(
        (&backup["expected"], &backup["judged"], &backup["missed"]),
        (&92.into(), &81.into(), &11.into())
    );
    let gap = of(&audit["population"]["gaps"], "policy", "backup");
    assert!(is_at(&gap["from"], "2026-08-03T02:00"), "{}", gap["from"]);
    assert!(is_at(&gap["to"], "2026-08-15T02:00"), "{}", gap["to"]);
    assert_eq!((&gap["runs"], &gap["open"]), (&0.into(), &false.into()));
    let days = audit["days"].as_array().unwrap();
    assert_eq!(days.len(), 92);
    assert_eq!(days.iter().filter(|day| day["checks"].is_null()).count(), 11);
    assert_eq!(of(&audit["controls"][0]["controls"], "id", "fire")["state"], "uncovered");
    assert_eq!(of(&audit["controls"][0]["controls"], "id", "backup")["state"], "held");
    let run = at(&shop, "2026-10-02 09:00:00", &["audit", "--period", "2026-Q3"]).exits(0);
    for part in [
        "of 184 expected judgements 162 happened, 22 did not",
        "11 missed from 2026-08-03T02:00",
        "no run at all",
        "fire Somebody tried the fire drill: uncovered",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
}

#[test]
fn a_period_without_a_run_is_no_green_report() {
    let shop = shop();
    check(&shop, "07-01").exits(0);
    let run = at(&shop, "2026-10-02 09:00:00", &["audit", "--period", "2026-Q2"]).exits(4);
    run.says("nothing was judged in 2026-Q2").says("runs from 2026-07-01T02:00");
    at(&shop, "2026-10-02 09:00:00", &["audit", "--period", "2026-Q5"]).exits(2).says("is not a period");
    at(&shop, "2026-10-02 09:00:00", &["audit", "--period", "2027-Q1"]).exits(2).says("it has not begun yet");
    at(&shop, "2026-10-02 09:00:00", &["report"]).exits(4);
}

#[test]
fn what_is_overdue_is_said_by_every_run_that_does_not_judge_it() {
    let shop = shop();
    shop.policy("weekly", "tier: weekly\ntarget: { type: host }\nobserve: { file: { probe: file.stat, with: { path: '@SHOP@/backup.tar' } } }\neach: file\nfail: exists == false\n");
    check(&shop, "07-01").exits(0);
    let daily = |day: &str| {
        at(&shop, &format!("2026-07-{day} 02:00:00"), &["check", "--tier", "daily", "--format", "json"])
            .exits(0)
            .json()
            .clone()
    };
    assert_eq!(daily("08")["notices"].as_array().unwrap().len(), 0, "its grace lasts");
    let notices = daily("10")["notices"].clone();
    let notice = &notices[0];
    assert_eq!((&notice["policy"], &notice["verdict"]), (&"weekly".into(), &"warn".into()), "{notices:#}");
    let message = notice["message"].as_str().unwrap();
    assert!(message.contains("was judged last at 2026-07-01T02:00"), "{message}");
    let strict =
        at(&shop, "2026-07-10 03:00:00", &["check", "--tier", "daily", "--fail-on", "warn"]).exits(1);
    assert!(strict.stdout.contains("overdue"), "{}", strict.stdout);
    let due = at(&shop, "2026-07-10 03:00:00", &["list", "--due"]).exits(0);
    assert!(due.stdout.contains("weekly") && due.stdout.contains("overdue"), "{}", due.stdout);
    at(&shop, "2026-07-10 04:00:00", &["check"]).exits(0);
    assert_eq!(daily("11")["notices"].as_array().unwrap().len(), 0, "judged again");
}

#[test]
fn what_judges_otherwise_than_the_project_is_no_judgement_of_it() {
    let shop = shop();
    let size = |most: &str| {
        crate::harness::policy(
            "size",
            &format!(
                "controls: [size]\ntarget: {{ type: host }}\nobserve: {{ files: {{ probe: file.set, with: {{ globs: ['@SHOP@/*.log'] }} }} }}\n\
             each: files\nparams: {{ most: {{ default: {most} }} }}\nfail: size > params.most\n"
            ),
        )
    };
    shop.file("policies/size.yaml", &size("10KiB")).file("loose/size.yaml", &size("1GiB"));
    shop.file("big.log", &"x".repeat(20_000));
    for day in ["07-01", "07-02", "07-03"] {
        check(&shop, day).exits(1);
    }
    // The same id from elsewhere, and the project's own with another limit.
    at(&shop, "2026-07-04 02:00:00", &["check", "loose/size.yaml"]).exits(0);
    at(&shop, "2026-07-05 02:00:00", &["check", "--policy", "size", "--set", "size.most=1GiB"]).exits(0);
    let judged = |time: &str| {
        let due = at(&shop, time, &["list", "--due", "--format", "json"]).exits(0).json().clone();
        let all = due["checks"].as_array().unwrap().clone();
        let one = all.into_iter().find(|check| check["policy"] == "size").unwrap();
        (one["judged"].as_str().unwrap()[..10].to_owned(), one["state"].clone())
    };
    assert_eq!(judged("2026-07-05 09:00:00"), ("2026-07-03".to_owned(), "overdue".into()));
    let report = audit(&shop);
    let finding = report["findings"].as_array().unwrap().iter().find(|one| one["policy"] == "size").unwrap();
    assert_eq!(
        (&finding["now"], &finding["spells"][0]["to"]),
        (&"fail".into(), &Json::Null),
        "nothing was mended"
    );
    let checks = report["population"]["checks"].as_array().unwrap();
    let counted = checks.iter().find(|one| one["policy"] == "size").unwrap();
    assert_eq!((&counted["judged"], &counted["verdicts"]["pass"]), (&3.into(), &0.into()), "{counted:#}");
    // Its own file, named alone, is a judgement.
    at(&shop, "2026-07-06 02:00:00", &["check", "policies/size.yaml"]).exits(1);
    assert_eq!(judged("2026-07-06 09:00:00"), ("2026-07-06".to_owned(), "judged".into()));
}

#[test]
fn a_policy_that_is_new_and_a_store_that_was_reset_are_not_overdue() {
    let shop = shop();
    check(&shop, "07-01").exits(0);
    shop.policy("monthly", "tier: monthly\ntarget: { type: host }\nobserve: { file: { probe: file.stat, with: { path: '@SHOP@/backup.tar' } } }\neach: file\nfail: exists == false\n");
    let daily = |day: &str| {
        at(&shop, &format!("2026-{day} 02:00:00"), &["check", "--tier", "daily", "--format", "json"])
            .exits(0)
            .json()
            .clone()
    };
    assert_eq!(daily("08-20")["notices"].as_array().unwrap().len(), 0, "new since now");
    let notices = daily("09-25")["notices"].clone();
    assert!(
        notices[0]["message"]
            .as_str()
            .unwrap()
            .contains("was never judged, and is promised since 2026-08-20"),
        "{notices:#}"
    );
    std::fs::remove_dir_all(shop.at(".muster")).unwrap();
    assert_eq!(daily("10-25")["notices"].as_array().unwrap().len(), 0, "the store knows nothing");
}

#[test]
fn a_run_that_was_killed_is_told() {
    let shop = shop();
    shop.file(
        "policies/slow.yaml",
        &crate::harness::policy("slow", "target: { type: host }\nobserve: { out: { probe: command.output, with: { command: slow } } }\neach: out\nfail: exit_status != 0\n"),
    );
    shop.project(&format!("{PROJECT}commands: {{ slow: [sleep, '30'] }}\n"));
    let mut command = shop.command(&["check"]);
    let mut child = command
        .env("FAKETIME", "@2026-07-02 02:00:00")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .spawn()
        .unwrap();
    let marks = || {
        let entries = std::fs::read_dir(shop.at(".muster/store.db-runs")).into_iter().flatten();
        entries
            .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "begun"))
            .count()
    };
    while marks() == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    shop.project(PROJECT);
    std::fs::remove_file(shop.at("policies/slow.yaml")).unwrap();
    let run = at(&shop, "2026-10-02 09:00:00", &["audit", "--period", "2026-Q3"]).exits(4);
    run.says("1 run of it began and never ended, the last at 2026-07-02T02:00");
    check(&shop, "07-03").exits(0);
    let audit = audit(&shop);
    let killed = &audit["population"]["interrupted"];
    assert_eq!(killed.as_array().unwrap().len(), 1, "{killed:#}");
    assert!(killed[0]["at"].as_str().unwrap().starts_with("2026-07-02T02:00"), "{killed:#}");
}

#[test]
fn a_finding_has_a_beginning_an_end_and_comes_back() {
    let shop = shop();
    check(&shop, "07-01").exits(0);
    std::fs::rename(shop.at("backup.tar"), shop.at("gone")).unwrap();
    check(&shop, "07-02").exits(1);
    check(&shop, "07-03").exits(1);
    std::fs::rename(shop.at("gone"), shop.at("backup.tar")).unwrap();
    check(&shop, "07-04").exits(0);
    std::fs::rename(shop.at("backup.tar"), shop.at("gone")).unwrap();
    check(&shop, "07-05").exits(1);
    let audit = audit(&shop);
    let finding = of(&audit["findings"], "policy", "backup");
    assert_eq!((&finding["reopened"], &finding["now"]), (&1.into(), &"fail".into()));
    assert!(is_at(&finding["spells"][0]["from"], "2026-07-02T02:00"), "{}", finding["spells"][0]["from"]);
    assert!(is_at(&finding["spells"][0]["to"], "2026-07-04T02:00"), "{}", finding["spells"][0]["to"]);
    assert!(finding["spells"][1]["to"].is_null());
}

#[test]
fn a_waiver_that_hid_a_worsening_is_told() {
    let shop = shop();
    shop.file("big.log", &"x".repeat(2_000));
    let waiver = "waivers:\n  - { policy: size, reason: it grows, owner: ops, ticket: OPS-1, expires: 2026-09-30, covers: [warn, fail] }\n";
    shop.project(&format!("{PROJECT}{waiver}"));
    check(&shop, "07-01").exits(0);
    check(&shop, "07-02").exits(0);
    shop.file("big.log", &"x".repeat(20_000));
    check(&shop, "07-03").exits(0);
    let audit = audit(&shop);
    let exception = of(&audit["exceptions"], "kind", "waiver");
    assert_eq!(
        (&exception["owner"], &exception["ticket"], &exception["hidden"]),
        (&"ops".into(), &"OPS-1".into(), &3.into())
    );
    assert!(exception["worse"][0].as_str().unwrap().contains("fails now"), "{exception:#}");
}

#[test]
fn waivers_of_one_ticket_are_told_apart_and_one_that_was_extended_counts_since_then() {
    let shop = shop();
    shop.file("big.log", &"x".repeat(20_000)).file("other.log", &"x".repeat(20_000));
    shop.policy(
        "size",
        "target: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/big*', '@SHOP@/other*'] } } }\n\
         each: files\nfail: size > 10.KiB\n",
    );
    let waiver = |name: &str, until: &str| {
        format!(
            "  - {{ policy: size, subject: '*/{name}*', reason: it grows, owner: ops, ticket: OPS-1, expires: {until}, covers: [warn, fail] }}\n"
        )
    };
    let both = |until: &str| {
        shop.project(&format!(
            "{PROJECT}waivers:\n{}{}",
            waiver("big", until),
            waiver("other", "2026-09-30")
        ));
    };
    both("2026-08-30");
    check(&shop, "07-01").exits(0);
    check(&shop, "07-02").exits(0);
    both("2026-09-30");
    check(&shop, "07-03").exits(0);
    let audit = audit(&shop);
    let hid = |scope: &str, expires: &str| {
        let all = audit["exceptions"].as_array().unwrap().iter();
        let one = all.clone().find(|one| one["scope"] == scope && one["expires"] == expires);
        let one = one.unwrap_or_else(|| panic!("no {scope} until {expires}: {:#}", audit["exceptions"]));
        (one["hidden"].as_u64().unwrap(), one["hid"].as_array().unwrap().len())
    };
    assert_eq!(hid("subject */big*", "2026-08-30"), (2, 1));
    assert_eq!(hid("subject */big*", "2026-09-30"), (1, 1));
    assert_eq!(hid("subject */other*", "2026-09-30"), (3, 1));
}

#[test]
fn a_promise_that_was_loosened_wipes_no_gap_and_is_a_change() {
    let shop = shop();
    check(&shop, "07-01").exits(0);
    check(&shop, "07-10").exits(0);
    let before = of(&audit(&shop)["population"]["checks"], "policy", "backup")["missed"].clone();
    shop.project(&PROJECT.replace("targets:", "tiers: { daily: 90d }\ntargets:"));
    at(&shop, "2026-09-29 02:00:00", &["check"]).exits(0);
    let audit = audit(&shop);
    let counted = of(&audit["population"]["checks"], "policy", "backup");
    let missed = counted["missed"].as_u64().unwrap();
    assert!(missed >= 80 && missed <= before.as_u64().unwrap(), "{missed}, before {before}");
    let change = of(&audit["changes"], "policy", "backup");
    assert_eq!(change["direction"], "looser", "{change:#}");
    assert!(change["what"][0].as_str().unwrap().contains("judged every 90d, was every 1d"), "{change:#}");
}

#[test]
fn a_policy_that_was_loosened_stands_beside_the_verdict_that_it_moved() {
    let shop = shop();
    shop.file("big.log", &"x".repeat(20_000));
    check(&shop, "07-01").exits(1);
    let text = std::fs::read_to_string(shop.at("policies/size.yaml")).unwrap();
    shop.file("policies/size.yaml", &text.replace("fail: size > 10.KiB", "fail: size > 100.KiB"));
    check(&shop, "07-02").exits(0);
    let audit = audit(&shop);
    let change = of(&audit["changes"], "policy", "size");
    assert_eq!(change["direction"], "looser", "{change:#}");
    assert_eq!(change["moved"][0]["before"], "fail");
    assert_eq!(change["moved"][0]["after"], "warn");
}

#[test]
fn one_command_makes_evidence_and_one_byte_that_was_changed_is_named() {
    let shop = shop();
    month(&shop, 7, 4, 40..40);
    std::fs::rename(shop.at("backup.tar"), shop.at("gone")).unwrap();
    check(&shop, "07-05").exits(1);
    at(&shop, "2026-07-05 03:00:00", &["check", "policies/backup.yaml"]).exits(1);
    let run = at(&shop, "2026-10-02 09:00:00", &["audit", "--period", "2026-Q3", "--evidence", "evidence"])
        .exits(0);
    assert!(run.stderr.contains("5 runs"), "{} {}", run.stdout, run.stderr);
    assert!(run.stderr.contains("not in it     1 run, 2026-07-05T03:00"), "{} {}", run.stdout, run.stderr);
    let verify =
        |arguments: &[&str]| at(&shop, "2026-10-03 09:00:00", &[&["audit", "verify"], arguments].concat());
    let run = verify(&["evidence"]).exits(0);
    for part in ["not in it     1 run, 2026-07-05T03:00", "audit.json, audit.html: not made again"] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert!(
        std::fs::read_to_string(shop.at("evidence/README.md")).unwrap().contains("* 1 run, 2026-07-05T03:00")
    );
    let runs: Vec<_> =
        std::fs::read_dir(shop.at("evidence/runs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(runs.len() >= 10, "{runs:?}");
    let file = runs.iter().find(|file| file.to_string_lossy().contains("findings")).unwrap();
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
    let run = verify(&["evidence"]).exits(1);
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(run.stdout.contains(name), "{name}: {}", run.stdout);
    at(&shop, "2026-10-02 09:00:00", &["audit", "--period", "2026-Q3", "--evidence", "evidence"]).exits(2);
}
