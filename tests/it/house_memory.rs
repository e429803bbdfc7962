//! What a project remembers is never better than it was: a clock that was ahead, runs that were not sent, a store of which
//! all was forgotten, and what could not be read for weeks do not make anything pass.

use serde_json::Value as Json;

use crate::harness::{Run, Shop};
use crate::house::{PROJECT, SAID, SIZE, at, judge, probe, rows};
use crate::policies_postgres::Database;
use crate::shared_store::{machine, machine_as, port};

/// A shop whose clock is set, with these lines in its project file.
fn shop(rest: &str) -> Shop {
    let mut shop = Shop::new();
    shop.env("LD_PRELOAD", "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1").env("TZ", "UTC");
    shop.project(&format!("{PROJECT}{SAID}{rest}")).file("big.log", "small").policy("size", SIZE);
    shop
}

#[test]
fn a_run_of_a_clock_that_was_ahead_is_not_the_newest_judgement() {
    let shop = shop("frameworks: [house.yaml]\n");
    shop.file(
        "house.yaml",
        "framework: house\ntitle: House\ncontrols: [{ id: size, title: Files stay small }]\n",
    );
    shop.policy("size", &format!("controls: [size]\n{SIZE}"));
    let mut ahead = shop.command(&["check", "--policy", "size"]);
    ahead.env("FAKETIME", "@2027-06-01 02:00:00").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Run::of(ahead.spawn().unwrap()).exits(0);
    let listed = |time| at(&shop, time, &["list", "controls", "--format", "json"]).exits(0);
    let state = |run: &Run| run.json()["frameworks"][0]["controls"][0]["state"].clone();
    let alone = listed("07-01 01:00:00");
    assert_eq!(state(&alone), "unjudged", "{}", alone.stdout);
    shop.file("big.log", &"x".repeat(20_000));
    at(&shop, "07-01 02:00:00", &["check", "--policy", "size"]).exits(1);
    let run = listed("07-01 03:00:00");
    assert_eq!(state(&run), "failing", "{}", run.stdout);
    assert!(run.stderr.contains("the clock went backwards"), "{}", run.stderr);
    let run = probe(&shop, "07-01 03:00:00", "project.controls").exits(3);
    assert!(run.stdout.contains("\"clock\""), "{}", run.stdout);
}

/// What a probe of the shared store says.
fn asked(shop: &Shop, name: &str) -> Run {
    shop.run(&["probe", name, "--target", "audit", "--format", "json"])
}

/// The project asks also what it remembers.
fn with_memory(shop: &Shop) {
    let text = std::fs::read_to_string(shop.at("muster.yaml")).unwrap();
    shop.project(
        &text.replace("  here: { type: host }\n", "  here: { type: host }\n  audit: { type: project }\n"),
    );
}

#[test]
fn what_a_machine_found_and_may_not_send_was_not_mended() {
    let database = Database::new(&[]);
    machine(&database).check(&[]).exits(0);
    database.sql("GRANT USAGE ON SCHEMA muster TO muster_plain; GRANT SELECT ON ALL TABLES IN SCHEMA muster TO muster_plain");
    database.sql("GRANT INSERT ON muster.run, muster.note TO muster_plain");
    let shop = machine_as(&database, "muster_plain", port(), "");
    with_memory(&shop);
    shop.check(&["--policy", "sizes"]).exits(0);
    assert_eq!(rows(&asked(&shop, "project.findings").exits(0)), Vec::<Json>::new());
    database.sql("REVOKE INSERT ON muster.run, muster.note FROM muster_plain");
    let run = shop.bytes("a.txt", &[b'x'; 2000]).check(&["--policy", "sizes"]);
    assert_eq!(run.verdict("sizes"), "fail", "{}", run.stdout);
    for name in ["project.findings", "project.runs", "project.checks"] {
        let run = asked(&shop, name).exits(3);
        assert!(run.stdout.contains("\"denied\""), "{name}: {}", run.stdout);
    }
    database.sql("GRANT INSERT ON muster.run, muster.note TO muster_plain");
    let all = rows(&asked(&shop, "project.findings").exits(0));
    assert_eq!((all.len(), &all[0]["policy"]), (1, &"sizes".into()), "{all:#?}");
}

#[test]
fn a_copy_that_cannot_be_used_is_missing_with_its_own_cause() {
    let database = Database::new(&[]);
    let shop = machine_as(&database, "postgres", port(), "  path: .muster/copy.db\n");
    with_memory(&shop);
    std::fs::create_dir_all(shop.at(".muster/copy.db")).unwrap();
    let run = asked(&shop, "project.findings").exits(3);
    assert!(run.stdout.contains("\"wrong-type\""), "{}", run.stdout);
}

#[test]
fn a_store_of_which_all_was_forgotten_knows_of_no_finding() {
    let shop = shop("");
    shop.file("big.log", &"x".repeat(20_000));
    at(&shop, "01-01 02:00:00", &["check", "--policy", "size"]).exits(1);
    assert_eq!(rows(&probe(&shop, "07-01 02:00:00", "project.findings").exits(0)).len(), 1);
    at(&shop, "07-01 03:00:00", &["store", "prune", "--before", "2026-06-01T00:00:00Z"]).exits(0);
    for name in ["project.findings", "project.runs"] {
        let run = probe(&shop, "07-01 04:00:00", name).exits(3);
        assert!(run.stdout.contains("\"no-history\""), "{name}: {}", run.stdout);
    }
    let run = judge(&shop, "07-01 05:00:00", "findings-unmended").exits(3);
    assert_eq!(run.cause("findings-unmended"), "no-history");
}

/// The findings about the table that failed.
fn open(shop: &Shop, time: &str, since: &str) -> Vec<Json> {
    let since = format!("since={since}");
    let run = at(shop, time, &["probe", "project.findings", "--with", &since, "--format", "json"]);
    let mut all = rows(&run.exits(0));
    all.retain(|one| one["policy"] == "tables" && one["verdict"] != "unknown");
    all
}

#[test]
fn what_could_not_be_read_since_it_failed_stands_however_far_back_is_asked() {
    let shop = shop("");
    let target = "shop: { type: sqlite, path: '@SHOP@/shop.db' }, audit: {";
    shop.project(&format!("{}{SAID}", PROJECT.replace("audit: {", target)));
    shop.policy(
        "tables",
        "target: { type: sqlite }\nobserve: { t: { probe: sqlite.tables } }\neach: t\nfail: indexes == 0\n",
    );
    let sqlite = |sql: &str| {
        let done = std::process::Command::new("sqlite3").arg(shop.at("shop.db")).arg(sql).status().unwrap();
        assert!(done.success(), "{sql}");
    };
    let check = |day: &str| at(&shop, &format!("{day} 02:00:00"), &["check", "--policy", "tables"]);
    sqlite("CREATE TABLE items (id int)");
    check("09-20").exits(1);
    let well = std::fs::read(shop.at("shop.db")).unwrap();
    shop.bytes("shop.db", &[0x9f; 4096]);
    check("09-30").exits(3);
    check("11-25").exits(3);
    for since in ["365d", "30d"] {
        let all = open(&shop, "11-26 02:00:00", since);
        assert_eq!(all.len(), 1, "{since}");
        assert!(all[0]["open_since"].as_str().unwrap().starts_with("2026-09-20T02:00"), "{since}: {all:#?}");
    }
    let audit = at(&shop, "12-01 02:00:00", &["audit", "--period", "2026-11", "--format", "json"]).exits(0);
    let found = audit.json()["findings"].as_array().unwrap();
    assert!(found.iter().any(|one| one["policy"] == "tables" && one["now"] == "fail"), "{}", audit.stdout);
    // All of it was judged, so that it was seen to be mended: within the time, and later before it.
    shop.bytes("shop.db", &well);
    sqlite("CREATE INDEX it ON items (id)");
    check("11-27").exits(0);
    assert_eq!(open(&shop, "11-28 02:00:00", "30d"), Vec::<Json>::new());
    shop.bytes("shop.db", &[0x9f; 4096]);
    check("12-30").exits(3);
    for since in ["365d", "30d"] {
        assert_eq!(open(&shop, "12-31 02:00:00", since), Vec::<Json>::new(), "{since}");
    }
    // It comes back, and what is put off does not hide it.
    shop.bytes("shop.db", &well);
    check("12-31").exits(1);
    assert_eq!(open(&shop, "12-31 03:00:00", "30d").len(), 1);
}

#[test]
fn a_run_that_is_told_another_limit_is_no_sample_of_how_long_a_failure_held() {
    let shop = shop("");
    shop.file("big.log", &"x".repeat(20_000)).policy(
        "size",
        "target: { type: host }\nobserve: { log: { probe: file.stat, with: { path: @SHOP@/big.log } } }\nparams: { most: { default: 10KiB, why: agreed } }\nfail: size != null && size > params.most\nmessage: large\nalert: { urgency: page, for: 10m, context: [size] }\n",
    );
    let check = |time: &str| at(&shop, time, &["check", "--policy", "size"]);
    check("07-01 10:00:00").exits(1);
    check("07-01 10:11:00").exits(1);
    at(&shop, "07-01 10:12:00", &["check", "--policy", "size", "--set", "most=1MiB"]).exits(0);
    let run = check("07-01 10:13:00").exits(1);
    assert!(!run.stdout.contains("pending"), "{}", run.stdout);
    // What is small for a while begins anew.
    shop.file("big.log", "small");
    check("07-01 10:14:00").exits(0);
    shop.file("big.log", &"x".repeat(20_000));
    let run = check("07-01 10:15:00").exits(0);
    assert!(run.stdout.contains("pending"), "{}", run.stdout);
}
