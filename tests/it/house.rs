//! What a project promises and remembers, as facts, and the policies over them: a system that was made bad fails, a healthy one
//! passes, and its remedy carried out makes it pass again. Time passes by a clock that is set.

use std::process::Command;

use serde_json::Value as Json;

use crate::harness::{Run, Shop};
use crate::remedy::shell_steps;

pub(crate) const PROJECT: &str = "owner: team\npolicies: [policies/, builtin:audit]\nowners: { team: {}, ops: {} }\n\
    targets: { here: { type: host }, audit: { type: project } }\nstore: { path: .muster/store.db }\n";

/// That there is a store, and a framework.
pub(crate) const SAID: &str = "overrides:\n\
    - { policy: 'check*', set: { remembered: true }, why: there is a store }\n\
    - { policy: findings-unmended, set: { remembered: true }, why: there is a store }\n\
    - { policy: runs-unfinished, set: { remembered: true }, why: there is a store }\n";

pub(crate) const SIZE: &str = "target: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/*.log'] } } }\n\
    each: files\nfail: size > 10.KiB\n";

/// A shop in which one file is looked at every day.
fn shop(rest: &str) -> Shop {
    let mut shop = Shop::new();
    shop.env("LD_PRELOAD", "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1").env("TZ", "UTC");
    shop.project(&format!("{PROJECT}{SAID}{rest}")).file("big.log", "small").policy("size", SIZE);
    shop
}

/// Runs at a time.
pub(crate) fn at(shop: &Shop, time: &str, arguments: &[&str]) -> Run {
    let mut command = shop.command(arguments);
    command.env("FAKETIME", format!("@2026-{time}")).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Run::of(command.spawn().unwrap())
}

/// What the team's job does.
fn nightly(shop: &Shop, day: &str) -> Run {
    at(shop, &format!("{day} 02:00:00"), &["check", "--policy", "size"])
}

/// One policy of the library.
pub(crate) fn judge(shop: &Shop, time: &str, policy: &str) -> Run {
    at(shop, time, &["check", "--format", "json", "--policy", policy])
}

#[track_caller]
fn verdict(shop: &Shop, time: &str, policy: &str) -> String {
    judge(shop, time, policy).verdict(policy).to_owned()
}

/// The finding of a policy about a subject, which must be.
#[track_caller]
fn found(run: &Run, policy: &str, subject: &str) -> Json {
    let found = run.findings_of(policy).into_iter().find(|one| one["subject"]["shown"] == subject);
    found.unwrap_or_else(|| panic!("nothing about {subject}: {}\n{}", run.stdout, run.stderr)).clone()
}

/// The steps of a remedy for the shell, pasted, all at a time.
fn carry_out(shop: &Shop, time: &str, finding: &Json, steps: std::ops::Range<usize>) {
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_muster")).parent().unwrap();
    for step in &shell_steps(finding)[steps] {
        let done = Command::new("sh")
            .args(["-c", step])
            .current_dir(shop.path())
            .env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()))
            .env("LD_PRELOAD", "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
            .env("FAKETIME", format!("@2026-{time}"))
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .output()
            .unwrap();
        assert_ne!(done.status.code(), Some(2), "{step}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

/// The rows of a probe: for each its facts by name.
pub(crate) fn rows(run: &Run) -> Vec<Json> {
    let table = &run.json()["observation"]["table"];
    let names: Vec<&str> = table["schema"]["fields"]
        .as_array()
        .unwrap_or_else(|| panic!("{:#}", run.json()))
        .iter()
        .map(|field| field["name"].as_str().unwrap())
        .collect();
    let row = |row: &Json| {
        names
            .iter()
            .zip(row.as_array().unwrap())
            .map(|(name, cell)| ((*name).to_owned(), cell.clone()))
            .collect()
    };
    table["rows"].as_array().unwrap().iter().map(|cells| Json::Object(row(cells))).collect()
}

pub(crate) fn probe(shop: &Shop, time: &str, name: &str) -> Run {
    at(shop, time, &["probe", name, "--format", "json"])
}

#[test]
fn a_check_that_nobody_ran_is_overdue_until_somebody_runs_it() {
    let shop = shop("");
    nightly(&shop, "07-01").exits(0);
    assert_eq!(verdict(&shop, "07-01 20:00:00", "checks-overdue"), "pass");
    let run = judge(&shop, "07-03 02:00:00", "checks-overdue").exits(1);
    let finding = found(&run, "checks-overdue", "size.here");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("judged last at 2026-07-01T02:00"), "{message}");
    assert_eq!(finding["severity"], "high");
    // Those of the library were promised by the run of the first day, and nobody ever judged them.
    let never = found(&run, "checks-overdue", "waivers-ending.audit");
    assert!(never["message"].as_str().unwrap().contains("was never judged"), "{never:#}");
    // What this very run judges is not overdue.
    assert!(!run.stdout.contains("checks-overdue at audit"), "{}", run.stdout);
    let whole = at(&shop, "07-03 02:30:00", &["check", "--format", "json", "--tier", "daily"]);
    assert_eq!(whole.verdict("checks-overdue"), "pass", "{}", whole.stdout);
    let run = judge(&shop, "07-05 02:00:00", "checks-overdue").exits(1);
    for finding in run.findings_of("checks-overdue") {
        carry_out(&shop, "07-05 03:00:00", finding, 0..2);
    }
    assert_eq!(verdict(&shop, "07-05 04:00:00", "checks-overdue"), "pass");
}

#[test]
fn an_alert_that_always_fires_is_told_until_it_was_fine_once() {
    let shop = shop("");
    shop.policy("loud", &format!("alert: {{ urgency: ticket, context: [size] }}\n{SIZE}"));
    shop.file("big.log", &"x".repeat(20_000));
    for day in 1..=20 {
        at(&shop, &format!("07-{day:02} 02:00:00"), &["check", "--policy", "loud", "--policy", "size"])
            .exits(1);
        let wanted = if day < 20 { "pass" } else { "fail" };
        if day > 18 {
            assert_eq!(
                verdict(&shop, &format!("07-{day:02} 03:00:00"), "check-always-fires"),
                wanted,
                "{day}"
            );
        }
    }
    let run = judge(&shop, "07-20 04:00:00", "check-always-fires").exits(1);
    let finding = found(&run, "check-always-fires", "loud.here");
    assert!(finding["message"].as_str().unwrap().contains("all of its 20 judgements"), "{finding:#}");
    assert_eq!(found(&run, "check-always-fires", "size.here")["verdict"], "warn", "it is no alert");
    shop.file("big.log", "small");
    carry_out(&shop, "07-20 05:00:00", &finding, 0..2);
    nightly(&shop, "07-21");
    assert_eq!(verdict(&shop, "07-21 05:00:00", "check-always-fires"), "pass");
}

#[test]
fn a_waiver_is_told_two_weeks_before_it_ends_and_after() {
    let waiver = |day: &str| {
        format!(
            "waivers: [{{ policy: size, target: here, reason: the disk is replaced, owner: ops, ticket: OPS-1, expires: 2026-{day} }}]\n"
        )
    };
    let shop = shop(&waiver("07-20"));
    assert_eq!(verdict(&shop, "07-06 02:00:00", "waivers-ending"), "pass");
    assert_eq!(verdict(&shop, "07-07 02:00:00", "waivers-ending"), "warn");
    let run = judge(&shop, "07-21 02:00:00", "waivers-ending").exits(1);
    let finding = found(&run, "waivers-ending", "size.waiver OPS-1 (target here)");
    assert!(finding["message"].as_str().unwrap().contains("ended on 2026-07-20 (ops; the disk is replaced)"));
    carry_out(&shop, "07-21 03:00:00", &finding, 0..1);
    shop.project(&format!("{PROJECT}{SAID}{}", waiver("09-20")));
    assert_eq!(verdict(&shop, "07-21 04:00:00", "waivers-ending"), "pass");
    shop.project(&format!("{PROJECT}{SAID}"));
    assert_eq!(verdict(&shop, "07-21 05:00:00", "waivers-ending"), "pass", "no waiver is how it should be");
}

#[test]
fn a_waiver_says_what_it_hides_and_two_of_one_ticket_are_two() {
    let one = |day: &str| {
        format!(
            "  - {{ policy: size, subject: '*.log', reason: it is old, owner: ops, ticket: OPS-1, expires: 2026-{day} }}\n"
        )
    };
    let shop = shop(&format!("waivers:\n{}{}", one("08-01"), one("09-01")));
    let none = probe(&shop, "07-01 02:00:00", "project.exceptions").exits(3);
    assert!(none.stdout.contains("no-history"), "{}", none.stdout);
    shop.file("big.log", &"x".repeat(20_000));
    nightly(&shop, "07-01").exits(0);
    let all = rows(&probe(&shop, "07-02 02:00:00", "project.exceptions").exits(0));
    let waivers: Vec<_> = all.iter().filter(|one| one["kind"] == "waiver").collect();
    assert_eq!(waivers.len(), 2);
    assert_ne!(waivers[0]["exception"], waivers[1]["exception"]);
    assert!(waivers.iter().all(|one| one["hides"] == 1), "{waivers:#?}");
}

#[test]
fn a_control_that_nobody_asks_is_told_until_a_policy_names_it() {
    let framework = |rest: &str| {
        format!(
            "{PROJECT}frameworks: [house.yaml]\n{SAID}- {{ policy: controls-uncovered, set: {{ framework: true }}, why: there is one }}\n{rest}"
        )
    };
    let shop = shop("");
    let skipped = judge(&shop, "07-01 02:00:00", "controls-uncovered").exits(4);
    assert_eq!(skipped.verdict("controls-uncovered"), "skipped");
    let probed = probe(&shop, "07-01 02:00:00", "project.controls").exits(3);
    assert!(probed.stdout.contains("declares no framework"), "{}", probed.stdout);
    shop.project(&framework("")).file(
        "house.yaml",
        "framework: house\ntitle: What the house asks\ncontrols:\n- { id: size, title: Files stay small }\n- { id: fire, title: Somebody tried the fire drill }\n",
    );
    shop.policy("size", &format!("controls: [size]\n{SIZE}"));
    let run = judge(&shop, "07-01 02:00:00", "controls-uncovered").exits(1);
    assert_eq!(run.findings_of("controls-uncovered").len(), 1, "{}", run.stdout);
    let finding = found(&run, "controls-uncovered", "house.fire");
    carry_out(&shop, "07-01 03:00:00", &finding, 0..2);
    shop.policy("fire", &format!("controls: [fire]\n{SIZE}"));
    assert_eq!(verdict(&shop, "07-01 04:00:00", "controls-uncovered"), "pass");
    nightly(&shop, "07-01").exits(0);
    let all = rows(&probe(&shop, "07-02 02:00:00", "project.controls").exits(0));
    assert_eq!((&all[0]["state"], &all[1]["state"]), (&"held".into(), &"unjudged".into()));
}

#[test]
fn what_nobody_mended_in_a_quarter_is_told_until_it_is_mended() {
    let shop = shop("");
    shop.file("big.log", &"x".repeat(20_000));
    nightly(&shop, "04-01").exits(1);
    nightly(&shop, "05-01").exits(1);
    assert_eq!(verdict(&shop, "05-30 02:00:00", "findings-unmended"), "pass");
    nightly(&shop, "06-01").exits(1);
    assert_eq!(verdict(&shop, "06-01 03:00:00", "findings-unmended"), "warn");
    nightly(&shop, "07-01").exits(1);
    let run = judge(&shop, "07-01 04:00:00", "findings-unmended").exits(1);
    let subject = format!("size.here.{}/*.log", shop.path().display());
    let finding = found(&run, "findings-unmended", &subject);
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("stands since 2026-04-01T02:00") && message.ends_with("(team)"), "{message}");
    carry_out(&shop, "07-01 05:00:00", &finding, 0..1);
    // It comes back, and is young again.
    shop.file("big.log", "small");
    nightly(&shop, "07-02").exits(0);
    assert_eq!(verdict(&shop, "07-02 03:00:00", "findings-unmended"), "pass");
    shop.file("big.log", &"x".repeat(20_000));
    nightly(&shop, "07-03").exits(1);
    let all = rows(&probe(&shop, "07-03 04:00:00", "project.findings").exits(0));
    let own: Vec<_> = all.iter().filter(|one| one["policy"] == "size").collect();
    assert_eq!(own.len(), 1, "{all:#?}");
    assert_eq!(own[0]["reopened"], 1);
    assert!(own[0]["open_since"].as_str().unwrap().starts_with("2026-07-03T02:00"), "{own:#?}");
    assert!(own[0]["first_seen"].as_str().unwrap().starts_with("2026-04-01T02:00"), "{own:#?}");
    // What the project does not ask any more is nobody's finding.
    std::fs::remove_file(shop.at("policies/size.yaml")).unwrap();
    shop.policy("other", &SIZE.replace("10.KiB", "1.GiB"));
    let all = rows(&probe(&shop, "07-03 05:00:00", "project.findings").exits(0));
    assert!(all.iter().all(|one| one["policy"] != "size"), "{all:#?}");
}

#[test]
fn a_finding_that_was_not_looked_at_for_a_year_stands() {
    let shop = shop("");
    shop.file("big.log", &"x".repeat(20_000));
    nightly(&shop, "01-01").exits(1);
    let run = at(
        &shop,
        "12-31 02:00:00",
        &["probe", "project.findings", "--with", "since=30d", "--format", "json"],
    );
    let all = rows(&run.exits(0));
    assert_eq!((all.len(), &all[0]["verdict"]), (1, &"fail".into()));
    assert!(all[0]["open_since"].as_str().unwrap().starts_with("2026-01-01T02:00"), "{all:#?}");
}

#[test]
fn a_run_that_was_killed_is_told_until_the_next_one_ends() {
    let shop = shop("");
    nightly(&shop, "07-01").exits(0);
    assert_eq!(verdict(&shop, "07-01 03:00:00", "runs-unfinished"), "pass");
    shop.policy("slow", "target: { type: host }\nobserve: { out: { probe: command.output, with: { command: slow } } }\neach: out\nfail: exit_status != 0\n");
    shop.project(&format!("{PROJECT}{SAID}commands: {{ slow: [sleep, '30'] }}\n"));
    let mut command = shop.command(&["check", "--policy", "slow"]);
    command.env("FAKETIME", "@2026-07-02 02:00:00").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let mut child = command.spawn().unwrap();
    let marks = || {
        let entries = std::fs::read_dir(shop.at(".muster/store.db-runs")).unwrap();
        entries
            .filter(|one| one.as_ref().unwrap().path().extension().is_some_and(|end| end == "begun"))
            .count()
    };
    while marks() == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // As long as it lasts it is no run that never ended.
    let all = rows(&probe(&shop, "07-02 02:00:05", "project.runs").exits(0));
    assert!(all.iter().all(|one| one["ended"] == true), "{all:#?}");
    child.kill().unwrap();
    child.wait().unwrap();
    shop.project(&format!("{PROJECT}{SAID}"));
    std::fs::remove_file(shop.at("policies/slow.yaml")).unwrap();
    let run = judge(&shop, "07-02 01:00:00", "runs-unfinished");
    assert_ne!(run.verdict("runs-unfinished"), "fail", "it lies in the future of a clock that went back");
    let run = judge(&shop, "07-02 03:00:00", "runs-unfinished").exits(1);
    let finding = run.findings_of("runs-unfinished")[0].clone();
    assert!(finding["message"].as_str().unwrap().contains("began at 2026-07-02T02:00"), "{finding:#}");
    carry_out(&shop, "07-02 04:00:00", &finding, 0..1);
    assert_eq!(verdict(&shop, "07-02 05:00:00", "runs-unfinished"), "pass");
    let all = rows(&probe(&shop, "07-02 06:00:00", "project.runs").exits(0));
    assert_eq!(all.iter().filter(|one| one["ended"] == false).count(), 1, "{all:#?}");
}

#[test]
fn a_certificate_that_nobody_is_named_for_is_told_until_somebody_is() {
    let shop = shop("");
    let none = judge(&shop, "07-01 02:00:00", "certificate-without-owner").exits(4);
    assert_eq!(none.verdict("certificate-without-owner"), "skipped");
    let text = crate::harness::policy(
        "certificate-shop",
        "target: { type: host }\nobserve: { chain: { probe: certificate.file, with: { path: /etc/shop.pem } } }\neach: chain\nfail: not_after_age > 0.seconds\n",
    );
    shop.file("policies/certificate-shop.yaml", &text.replace("owner: team\n", ""));
    let run = judge(&shop, "07-01 02:00:00", "certificate-without-owner").exits(1);
    let finding = found(&run, "certificate-without-owner", "here");
    shop.project(&format!("{PROJECT}{SAID}- {{ policy: 'certificate-shop', target: here, set: {{ owner: ops }}, why: they renew it }}\n"));
    carry_out(&shop, "07-01 02:00:00", &finding, 0..1);
    assert_eq!(verdict(&shop, "07-01 03:00:00", "certificate-without-owner"), "pass");
}

#[test]
fn a_system_that_nobody_looks_at_is_told_until_a_policy_fits_it() {
    let shop = shop("");
    assert_eq!(verdict(&shop, "07-01 02:00:00", "targets-unwatched"), "pass");
    let with = PROJECT.replace("audit: {", "web: { type: service, url: 'https://127.0.0.1:1/' }, audit: {");
    shop.project(&format!("{with}{SAID}"));
    let run = judge(&shop, "07-01 03:00:00", "targets-unwatched").exits(1);
    let finding = found(&run, "targets-unwatched", "web");
    let policy = |probe: &str, rule: &str| {
        format!(
            "target: {{ type: service }}\nobserve: {{ it: {{ probe: {probe} }} }}\neach: it\nfail: {rule}\n"
        )
    };
    shop.policy("port", &policy("tcp.port", "open == false"));
    let run = judge(&shop, "07-01 04:00:00", "targets-unwatched").exits(0);
    assert_eq!(found(&run, "targets-unwatched", "web")["verdict"], "warn", "{}", run.stdout);
    shop.policy("chain", &policy("tls.chain", "not_after < now"));
    carry_out(&shop, "07-01 05:00:00", &finding, 0..1);
    assert_eq!(verdict(&shop, "07-01 06:00:00", "targets-unwatched"), "pass");
}

#[test]
fn without_a_store_nothing_of_the_past_is_known_and_the_policies_are_skipped() {
    let shop = Shop::new();
    shop.project("owner: team\npolicies: [policies/, builtin:audit]\ntargets: { here: { type: host }, audit: { type: project } }\n");
    shop.file("big.log", "small").policy("size", SIZE);
    let run = shop.check(&[]);
    for policy in ["checks-overdue", "check-always-fires", "findings-unmended", "runs-unfinished"] {
        assert_eq!(run.verdict(policy), "skipped", "{policy}");
        let judged = shop.check(&["--policy", policy, "--set", "remembered=true"]).exits(3);
        for finding in judged.findings_of(policy) {
            assert_eq!(finding["cause"]["cause"], "no-history", "{policy}: {}", judged.stdout);
        }
        assert!(judged.stdout.contains("store: { path: .muster/store.db }"), "{}", judged.stdout);
    }
    // What the files say is known all the same.
    let all = rows(&shop.run(&["probe", "project.checks", "--format", "json"]).exits(3));
    let size = all.iter().find(|one| one["policy"] == "size").unwrap();
    assert_eq!((&size["owner"], &size["owner_from"]), (&"team".into(), &"policy".into()));
    assert!(size["overdue"]["missing"].is_object() || size["overdue"].is_object(), "{size:#}");
}

#[test]
fn a_store_that_cannot_be_read_is_missing_with_its_cause() {
    let waiver = "waivers: [{ policy: size, target: here, reason: the disk is replaced, owner: ops, ticket: OPS-1, expires: 2026-09-20 }]\n";
    let shop = shop(waiver);
    nightly(&shop, "07-01").exits(0);
    probe(&shop, "07-02 02:00:00", "project.findings").exits(0);
    let sqlite = |sql: &str| {
        let done = Command::new("sqlite3").arg(shop.at(".muster/store.db")).arg(sql).status().unwrap();
        assert!(done.success(), "{sql}");
    };
    let says = |cause: &str| {
        for name in ["project.findings", "project.runs", "project.checks", "project.exceptions"] {
            let run = probe(&shop, "07-02 03:00:00", name);
            // Before the first run it is known that nobody judged anything.
            if name == "project.checks" && cause == "no-history" {
                assert_eq!(run.code, 0, "{}", run.stdout);
                continue;
            }
            assert_eq!(run.code, 3, "{name}: {}", run.stdout);
            assert!(run.stdout.contains(&format!("\"{cause}\"")), "{name}: {}", run.stdout);
        }
    };
    sqlite("PRAGMA user_version = 99");
    says("unsupported");
    std::fs::remove_file(shop.at(".muster/store.db")).unwrap();
    shop.file(".muster/store.db", "something else altogether, and long enough to be looked at by SQLite, which wants a hundred bytes of it at the very least");
    says("malformed");
    std::fs::remove_dir_all(shop.at(".muster")).unwrap();
    says("no-history");
    shop.policy("size", "target: { type: host }\n");
    for name in
        ["project.findings", "project.runs", "project.checks", "project.exceptions", "project.controls"]
    {
        let run = probe(&shop, "07-02 03:00:00", name).exits(3);
        assert!(run.stdout.contains("\"malformed\""), "{name}: {}", run.stdout);
    }
}

#[test]
fn what_was_recorded_is_judged_again_without_a_store() {
    let shop = shop("");
    nightly(&shop, "07-01").exits(0);
    let run = at(&shop, "07-03 02:00:00", &["record", "facts.json", "--policy", "checks-overdue"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    std::fs::remove_dir_all(shop.at(".muster")).unwrap();
    let run = at(
        &shop,
        "07-09 02:00:00",
        &["check", "--policy", "checks-overdue", "--facts", "facts.json", "--format", "json"],
    );
    let finding = found(&run.exits(1), "checks-overdue", "size.here");
    assert!(finding["message"].as_str().unwrap().contains("judged last at 2026-07-01T02:00"), "{finding:#}");
}
