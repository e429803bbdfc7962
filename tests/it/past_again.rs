//! The past with which a check compares: its own, of the same system, whoever else looked in between.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use crate::harness::Shop;

const PROJECT: &str = "owner: team\npolicies: [policies/]\ntargets:\n  l: { type: sqlite, path: l.db }\nstore: { path: s.db }\n";

/// Tables do not vanish and do not shrink.
const SHRINKS: &str = "tier: weekly\ntarget: { type: sqlite }\nobserve: { tables: { probe: sqlite.tables, before: previous } }\n\
     fail:\n  - if: side == \"before\"\n    message: \"{{ name }} is gone\"\n  - if: side == \"both\" && rows < before.rows\n    message: \"{{ name }} shrank\"\n";

/// Asks the same question, and compares nothing.
const SMALL: &str = "tier: continuous\ntarget: { type: sqlite }\nobserve: { tables: { probe: sqlite.tables } }\n\
     each: tables\nfail: rows > 1000\n";

fn sql(shop: &Shop, file: &str, sql: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(shop.at(file)).create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

/// Two tables, one of which will be lost.
fn shop(policies: &[(&str, &str)]) -> Shop {
    let shop = Shop::new();
    shop.project(PROJECT);
    for (id, yaml) in policies {
        shop.policy(id, yaml);
    }
    sql(
        &shop,
        "l.db",
        "CREATE TABLE t (a); INSERT INTO t VALUES (1); CREATE TABLE u (a); INSERT INTO u VALUES (1)",
    );
    shop
}

// The run before is that of the check.

#[test]
fn a_run_of_another_policy_does_not_swallow_a_loss() {
    let shop = shop(&[("h", SHRINKS), ("small", SMALL)]);
    shop.check(&[]).exits(3);
    shop.check(&[]).exits(0);
    sql(&shop, "l.db", "DROP TABLE u");
    shop.check(&["--tier", "continuous"]).exits(0);
    let run = shop.check(&["--tier", "weekly"]).exits(1);
    assert!(run.stdout.contains("u is gone"), "{}", run.stdout);
    shop.check(&["--tier", "weekly"]).exits(0);
}

#[test]
fn what_was_never_judged_has_no_run_before() {
    let shop = shop(&[("small", SMALL)]);
    shop.check(&[]).exits(0);
    shop.policy("h", SHRINKS);
    let run = shop.check(&[]).exits(3);
    assert_eq!(run.verdict("h"), "unknown", "{}", run.stdout);
    shop.check(&[]).exits(0);
}

#[test]
fn each_policy_compares_with_its_own_run_and_the_question_is_asked_once() {
    let shop = shop(&[("h", SHRINKS), ("i", &SHRINKS.replace("weekly", "daily"))]);
    shop.check(&[]).exits(3);
    sql(&shop, "l.db", "DROP TABLE u");
    let run = shop.check(&["--tier", "daily"]).exits(1);
    assert_eq!(run.verdict("i"), "fail");
    // The recording has the past of either, and is judged as the run was.
    let run = shop.run(&["record", "r.json"]);
    assert!(run.code < 2, "{}", run.stderr);
    let recorded = std::fs::read_to_string(shop.at("r.json")).unwrap();
    let recorded: serde_json::Value = serde_json::from_str(&recorded).unwrap();
    assert_eq!(recorded["observations"].as_array().unwrap().len(), 1);
    assert_eq!(recorded["past"]["before"].as_array().unwrap().len(), 2, "{}", recorded["past"]["before"]);
    for run in [shop.check(&["--facts", "r.json"]).exits(1), shop.check(&[]).exits(1)] {
        assert_eq!((run.verdict("h"), run.verdict("i")), ("fail", "pass"), "{}", run.stdout);
    }
    shop.check(&[]).exits(0);
}

// Of the same system.

const WITH_RECORDING: &str = "target: { type: sqlite }\nobserve: { tables: { probe: sqlite.tables, before: { recording: base.json } } }\n\
     fail:\n  - if: side == \"before\"\n    message: \"{{ name }} is gone\"\n";

#[test]
fn another_file_is_not_compared_with_the_run_before() {
    let shop = shop(&[("h", SHRINKS)]);
    sql(
        &shop,
        "other.db",
        "CREATE TABLE t (a); INSERT INTO t VALUES (1); CREATE TABLE u (a); INSERT INTO u VALUES (1)",
    );
    shop.check(&[]).exits(3);
    shop.check(&[]).exits(0);
    shop.project(&PROJECT.replace("l.db", "other.db"));
    let run = shop.check(&[]).exits(3);
    assert_eq!(run.cause("h"), "wrong-target", "{}", run.stdout);
    assert!(run.stdout.contains("/l.db") && run.stdout.contains("/other.db"), "{}", run.stdout);
    shop.check(&[]).exits(0);
}

#[test]
fn another_file_is_not_compared_with_a_recording() {
    let shop = shop(&[("small", SMALL)]);
    sql(&shop, "other.db", "CREATE TABLE t (a); CREATE TABLE u (a)");
    shop.run(&["record", "base.json"]).exits(0);
    shop.policy("h", WITH_RECORDING);
    shop.check(&[]).exits(0);
    shop.project(&PROJECT.replace("l.db", "other.db"));
    let run = shop.check(&["--policy", "h"]).exits(3);
    assert_eq!(run.cause("h"), "wrong-target", "{}", run.stdout);
    assert!(
        run.stdout.contains("was at `l.db`") && run.stdout.contains("is at `other.db`"),
        "{}",
        run.stdout
    );
    // Labels are no place, and the same file may be called in another way.
    let labelled = PROJECT.replace("path: l.db", "path: ./l.db, labels: { env: prod }");
    shop.project(&format!("{labelled}labels: {{ env: [prod] }}\n"));
    shop.check(&["--policy", "h"]).exits(0);
}

#[test]
fn a_recording_of_another_host_or_of_the_future_is_not_compared_with() {
    let shop = Shop::new();
    let disks = |before: &str| {
        format!("target: {{ type: host }}\nobserve: {{ disks: {{ probe: disk.usage{before} }} }}\n")
    };
    shop.project("owner: team\npolicies: [policies/]\ntargets:\n  h: { type: host }\n");
    shop.policy("d", &format!("{}each: disks\nfail: free < 1.bytes\n", disks("")));
    shop.run(&["record", "base.json"]);
    shop.policy(
        "d",
        &format!(
            "{}fail:\n  - if: side == \"before\"\n    message: \"{{{{ path }}}} is gone\"\n",
            disks(", before: { recording: base.json }")
        ),
    );
    let text = std::fs::read_to_string(shop.at("base.json")).unwrap();
    let mut recorded: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shop.check(&[]).verdict("d"), "pass");
    recorded["about"]["host"] = "otherbox".into();
    shop.file("base.json", &recorded.to_string());
    let run = shop.check(&[]).exits(3);
    assert_eq!(run.cause("d"), "wrong-target", "{}", run.stdout);
    assert!(run.stdout.contains("was recorded on `otherbox`"), "{}", run.stdout);
    // Who does not say where it was made is not refused for it.
    recorded.as_object_mut().unwrap().remove("about");
    shop.file("base.json", &recorded.to_string());
    assert_eq!(shop.check(&[]).verdict("d"), "pass");
    recorded["started"] = "2999-01-01T00:00:00Z".into();
    shop.file("base.json", &recorded.to_string());
    let run = shop.check(&[]).exits(3);
    assert_eq!(run.cause("d"), "clock", "{}", run.stdout);
}

#[test]
fn what_an_incomplete_recording_does_not_have_is_unknown_and_said() {
    let shop = shop(&[("small", SMALL)]);
    shop.run(&["record", "base.json"]).exits(0);
    let text = std::fs::read_to_string(shop.at("base.json")).unwrap();
    let mut recorded: serde_json::Value = serde_json::from_str(&text).unwrap();
    recorded["complete"] = false.into();
    recorded["observations"] = serde_json::json!([]);
    shop.file("base.json", &recorded.to_string());
    shop.policy("h", WITH_RECORDING);
    let run = shop.check(&["--policy", "h"]).exits(3);
    assert!(run.stdout.contains("`base.json` is not complete"), "{}", run.stdout);
    assert_eq!(run.cause("h"), "no-history", "{}", run.stdout);
}

// Samples.

#[test]
fn samples_of_another_file_are_none() {
    let shop = shop(&[(
        "g",
        "target: { type: sqlite }\nobserve: { q: { probe: sqlite.query, with: { sql: 'SELECT count(*) AS n FROM t' }, facts: { n: int }, history: { window: 30d, points: 2 } } }\nfail: q.n > previous(q.n)\n",
    )]);
    sql(&shop, "other.db", "CREATE TABLE t (a)");
    shop.check(&[]).exits(3);
    shop.check(&[]).exits(0);
    shop.project(&PROJECT.replace("l.db", "other.db"));
    let run = shop.check(&[]).exits(3);
    assert_eq!(run.cause("g"), "no-history", "{}", run.stdout);
    assert!(run.stdout.contains("2 that are left out are of another system"), "{}", run.stdout);
    shop.check(&[]).exits(0);
    sql(&shop, "other.db", "INSERT INTO t VALUES (1)");
    shop.check(&[]).exits(1);
}

// What is seen once does not last.

#[test]
fn an_alert_that_waits_for_a_difference_to_the_run_before_is_refused() {
    let alert = "alert: { urgency: page, for: 10m, context: [side] }\nremedy: { steps: [{ shell: ls }] }\n";
    let shop = shop(&[("h", &format!("{SHRINKS}{alert}"))]);
    let run = shop.run(&["check"]).exits(2).says("seen once");
    for part in ["for: 10m", "before: previous", "drop `for`", "policies/h.yaml:"] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    shop.policy("h", &format!("{SHRINKS}{}", alert.replace("for: 10m, ", "")));
    shop.check(&[]).exits(3);
}
