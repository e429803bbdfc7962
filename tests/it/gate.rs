//! `muster gate` on real databases and files: what must never be equal by mistake first, then what is equal.

use std::process::Command;
use std::time::Duration;

use serde_json::Value as Json;

use crate::harness::{Run, Shop, in_days};
use crate::policies_postgres::Database;
use crate::trial::{done, env};

/// Rows of two tables, counted.
const COUNTS: &str = "tier: release\ntarget: { type: sqlite }\nobserve:\n  counts:\n    probe: sqlite.query\n    \
    with: { sql: \"SELECT 'orders' AS tab, count(*) AS many FROM orders UNION ALL SELECT 'users', count(*) FROM users\" }\n    \
    facts: { table: { type: text, at: tab }, rows: { type: int, at: many } }\n    key: [table]\n    before: gate\n\
    each: counts\nfail:\n  - { if: side == \"before\", message: \"{{ table }} is gone\" }\n  \
    - { if: side == \"after\", message: \"{{ table }} is new\" }\n  \
    - { if: side == \"both\" && rows != before.rows, message: \"{{ table }} has {{ rows }} rows, and had {{ before.rows }}\" }\n";

const PROJECT: &str = "owner: team\npolicies: [policies/]\ntargets:\n  old: { type: sqlite, path: old.db }\n  new: { type: sqlite, path: new.db }\n\
    gate: { moves: { new: { from: old } } }\n";

fn sql(shop: &Shop, file: &str, sql: &str) {
    done(Command::new("sqlite3").arg("-bail").arg(shop.at(file)).arg(sql));
}

const TABLES: &str =
    "CREATE TABLE orders (id INTEGER PRIMARY KEY); CREATE TABLE users (id INTEGER PRIMARY KEY);
    INSERT INTO orders SELECT value FROM generate_series(1, 40); INSERT INTO users VALUES (1), (2);";

/// A source, its copy, and a policy that counts.
fn shop() -> Shop {
    let mut shop = Shop::new();
    shop.env("COLUMNS", "400");
    shop.project(PROJECT).policy("counts", COUNTS);
    sql(&shop, "old.db", TABLES);
    sql(&shop, "new.db", TABLES);
    shop
}

fn snapshot(shop: &Shop) -> Run {
    shop.run(&["gate", "snapshot", "before.json"])
}

fn verify(shop: &Shop, more: &[&str]) -> Run {
    let mut all = vec!["gate", "verify", "before.json", "--format", "json"];
    all.extend(more);
    shop.run(&all)
}

fn text(shop: &Shop, file: &str) -> String {
    std::fs::read_to_string(shop.at(file)).unwrap()
}

fn json(shop: &Shop, file: &str) -> Json {
    serde_json::from_str(&text(shop, file)).unwrap()
}

// What differs is found, and what is the same passes.

#[test]
fn one_row_less_closes_the_gate_and_a_true_copy_opens_it() {
    let shop = shop();
    snapshot(&shop).exits(0).says("1 observation of old for 1 target");
    let run = verify(&shop, &["--report", "gate.json"]).exits(0).says("2 subjects compared, 2 the same");
    assert_eq!(run.verdict("counts"), "pass");
    let page = json(&shop, "gate.json");
    assert_eq!((page["exit"].as_u64(), page["compared"][0]["same"].as_u64()), (Some(0), Some(2)));
    sql(&shop, "new.db", "DELETE FROM orders WHERE id = 7");
    let run = verify(&shop, &["--report", "gate.json"]).exits(1);
    assert_eq!(run.finding("counts")["message"], "orders has 39 rows, and had 40");
    assert_eq!(run.verdict_of("counts", "users"), "pass");
    let page = json(&shop, "gate.json");
    assert_eq!(page["compared"][0]["lines"][0]["then"], "rows 40");
    assert_eq!(page["compared"][0]["lines"][0]["same"], false);
}

#[test]
fn both_sides_at_once_need_no_snapshot() {
    let shop = shop();
    let run = shop.run(&["gate", "verify", "--live", "--format", "json"]).exits(0);
    assert_eq!(run.verdict("counts"), "pass");
    sql(&shop, "new.db", "DELETE FROM users WHERE id = 1");
    let run = shop.run(&["gate", "verify", "--live", "policies/", "--format", "json"]).exits(1);
    assert_eq!(run.finding("counts")["subject"]["shown"], "users");
}

#[test]
fn renamed_tables_are_compared_and_what_stayed_behind_is_counted() {
    let shop = shop();
    shop.project(&PROJECT.replace("from: old }", "from: old, tables: { users: people }, drop: [orders] }"));
    snapshot(&shop).exits(0);
    let run = verify(&shop, &["--report", "gate.json", "--report", "gate.md"]).exits(1);
    let found: Vec<&str> =
        run.findings_of("counts").iter().map(|one| one["message"].as_str().unwrap()).collect();
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.contains(&"people is gone") && found.contains(&"orders is new"), "{found:?}");
    let page = json(&shop, "gate.json");
    assert_eq!(page["dropped"][0]["names"], serde_json::json!(["orders"]));
    assert!(text(&shop, "gate.md").contains("### Left behind on purpose"));
}

#[test]
fn tables_that_became_one_are_all_asked_for_so_that_none_is_lost_behind_another() {
    let shop = shop();
    let moves = "from: old, tables: { orders: rows_of, users: rows_of } }";
    shop.project(&PROJECT.replace("from: old }", moves));
    // All rows of one of them arrived, and none of the other.
    sql(&shop, "new.db", "ALTER TABLE orders RENAME TO rows_of; DROP TABLE users");
    let counts = "tier: release\ntarget: { type: sqlite }\nobserve:\n  counts: { probe: data.row_counts, before: gate, with: { tables: [rows_of] } }\n\
        each: counts\nfail: side != \"both\" || rows != before.rows\n";
    shop.policy("counts", counts);
    snapshot(&shop).exits(0);
    let run = verify(&shop, &["--report", "gate.json"]).exits(3);
    assert_eq!(run.cause("counts"), "ambiguous");
    let line = &json(&shop, "gate.json")["compared"][0]["lines"][0];
    assert!(line["subject"] == "rows_of" && line["same"] != true, "{line:#}");
}

#[test]
fn what_is_on_one_side_only_or_has_other_columns_is_not_the_same_on_the_page() {
    let shop = shop();
    sql(&shop, "old.db", "CREATE TABLE gone (id INTEGER PRIMARY KEY); ALTER TABLE users ADD COLUMN mail");
    let compare = "tier: release\ntarget: { type: sqlite }\nobserve: { t: { probe: data.compare } }\neach: t\nfail: missing > 0\n";
    shop.policy("counts", compare);
    let live = ["gate", "verify", "--live", "--format", "json", "--report", "gate.json"];
    shop.run(&live).exits(0).says("3 subjects compared, 1 the same");
    let page = json(&shop, "gate.json");
    let lines = page["compared"][0]["lines"].as_array().unwrap();
    let same = |name: &str| lines.iter().find(|line| line["subject"] == name).unwrap()["same"].as_bool();
    assert_eq!((same("gone"), same("users"), same("orders")), (Some(false), Some(false), Some(true)));
    // The proof, which no policy asked for.
    let orders = lines.iter().find(|line| line["subject"] == "orders").unwrap();
    assert_eq!(orders["method"], "stream");
    let digests = [&orders["digests"][0], &orders["digests"][1]].map(|digest| digest.as_str().unwrap());
    assert!(digests[0].len() >= 16 && digests[0] == digests[1], "{orders}");
    let now = orders["now"].as_str().unwrap();
    assert!(now.contains("rows 40") && now.contains("bytes "), "{orders}");
}

#[test]
fn a_row_that_names_something_else_than_a_file_is_not_the_same_on_the_page() {
    let shop = shop();
    std::fs::create_dir_all(shop.at("up/a")).unwrap();
    sql(&shop, "new.db", "CREATE TABLE uploads (path); INSERT INTO uploads VALUES ('a'), ('../b')");
    let files = "tier: release\ntarget: { type: sqlite, name: new }\nobserve: { f: { probe: data.files, with: { sql: SELECT path FROM uploads, root: '@SHOP@/up' } } }\n\
        each: f\nfail: missing > 0 || outside > 0 || not_files > 0\n";
    shop.policy("counts", &files.replace("@SHOP@", &shop.at("").display().to_string()));
    shop.run(&["gate", "verify", "--live", "--format", "json", "--report", "gate.json"]).exits(1);
    assert_eq!(json(&shop, "gate.json")["compared"][0]["lines"][0]["same"], false);
    std::fs::remove_dir(shop.at("up/a")).unwrap();
    std::fs::write(shop.at("up/a"), "x").unwrap();
    sql(&shop, "new.db", "DELETE FROM uploads WHERE path <> 'a'");
    shop.run(&["gate", "verify", "--live", "--format", "json", "--report", "gate.json"]).exits(0);
    assert_eq!(json(&shop, "gate.json")["compared"][0]["lines"][0]["same"], true);
}

#[test]
fn the_page_for_a_ticket_says_what_is_looser_and_what_an_accepted_finding_would_be() {
    let shop = shop();
    let fails = "fail: side == \"both\" && rows + params.more < before.rows\n";
    shop.policy(
        "counts",
        &format!("{}params: {{ more: 0 }}\n{fails}", COUNTS.split("fail:").next().unwrap()),
    );
    shop.project(&format!(
        "{PROJECT}overrides: [{{ policy: counts, set: {{ more: 5 }}, why: lost rows are fine }}]\n\
         waivers: [{{ policy: counts, target: new, subject: orders, owner: team, ticket: T-1, expires: {}, reason: known }}]\n",
        in_days(20)
    ));
    snapshot(&shop).exits(0);
    sql(&shop, "new.db", "DELETE FROM orders WHERE id > 10");
    verify(&shop, &["--report", "gate.md"]).exits(0);
    let page = text(&shop, "gate.md");
    assert!(page.contains("looser than its default: ") && page.contains("| fail | team |"), "{page}");
}

#[test]
fn what_a_gate_saw_is_judged_explained_and_compared_again_as_it_was() {
    let shop = shop();
    shop.policy("counts", &COUNTS.replace("{ type: sqlite }", "{ type: sqlite, name: new }"));
    snapshot(&shop).exits(0);
    sql(&shop, "new.db", "DELETE FROM orders WHERE id = 7");
    verify(&shop, &["--record", "seen.json"]).exits(1);
    let run = shop.run(&["check", "--facts", "seen.json", "--format", "json"]).exits(1);
    assert_eq!(run.finding("counts")["message"], "orders has 39 rows, and had 40");
    let run = shop.run(&["explain", "counts/new/orders", "--facts", "seen.json"]).exits(0);
    assert!(run.stdout.contains("before.rows = 40") && run.stdout.contains("orders: fail"), "{}", run.stdout);
    // A version that looks away is told, by what was seen, too.
    for folder in ["was", "is"] {
        shop.file(&format!("{folder}/policies/counts.yaml"), &text(&shop, "policies/counts.yaml"));
        shop.file(&format!("{folder}/muster.yaml"), &text(&shop, "muster.yaml"));
        for database in ["old.db", "new.db"] {
            std::fs::copy(shop.at(database), shop.at(&format!("{folder}/{database}"))).unwrap();
        }
    }
    let loose = text(&shop, "policies/counts.yaml").replace("rows != before.rows", "rows > before.rows");
    shop.file("is/policies/counts.yaml", &loose);
    let run =
        shop.run(&["diff", "was", "is", "--facts", "seen.json", "--format", "json", "--fail-on", "looser"]);
    assert!(
        run.code == 1 && run.stdout.contains("\"seen.json\"") && run.stdout.contains("\"looser\""),
        "{} {}",
        run.code,
        run.stdout
    );
}

#[test]
fn a_policy_of_the_gate_that_an_override_loosens_is_told() {
    let shop = shop();
    let fails = "fail: side == \"after\" && rows > params.more\n";
    let policy = format!("{}params: {{ more: 0 }}\n{fails}", COUNTS.split("fail:").next().unwrap());
    for folder in ["was", "is"] {
        shop.file(&format!("{folder}/policies/counts.yaml"), &crate::harness::policy("counts", &policy));
        shop.file(&format!("{folder}/muster.yaml"), &format!("muster: 1\n{PROJECT}"));
    }
    shop.run(&["diff", "was", "is"]).exits(0);
    let set = "overrides: [{ policy: counts, set: { more: 5 }, why: lost rows are fine }]\n";
    shop.file("is/muster.yaml", &format!("muster: 1\n{PROJECT}{set}"));
    let run = shop.run(&["diff", "was", "is", "--fail-on", "looser"]);
    assert!(run.code == 1 && run.stdout.contains("looser"), "{} {}", run.code, run.stdout);
}

// What must not be compared is refused.

#[test]
fn a_snapshot_that_was_cut_at_any_byte_or_edited_is_refused() {
    let shop = shop();
    snapshot(&shop).exits(0);
    let whole = text(&shop, "before.json");
    let cuts = (0..whole.len()).step_by(whole.len() / 40).chain([whole.len() - 1, whole.len() - 2]);
    for cut in cuts {
        shop.bytes("before.json", &whole.as_bytes()[..cut]);
        let run = verify(&shop, &[]).exits(2);
        assert!(run.stderr.contains("before.json"), "{cut}: {}", run.stderr);
    }
    shop.bytes("before.json", whole.replace("40", "39").as_bytes());
    verify(&shop, &[]).exits(2).says("it is not as it was written");
    shop.bytes("before.json", format!("{whole}\n").as_bytes());
    verify(&shop, &[]).exits(2).says("it is not as it was written");
    shop.bytes("before.json", whole.as_bytes());
    verify(&shop, &[]).exits(0);
}

#[test]
fn a_recording_that_is_no_snapshot_and_another_version_of_the_format_are_refused() {
    let shop = shop();
    shop.policy("disk", "target: { type: host }\nobserve: { u: { probe: disk.usage, with: { path: / } } }\neach: u\nfail: free < 1.bytes\n");
    shop.project(&PROJECT.replace("targets:\n", "targets:\n  here: { type: host }\n"));
    shop.run(&["record", "before.json"]).exits(0);
    verify(&shop, &[]).exits(2).says("no snapshot of a gate");
    snapshot(&shop).exits(0);
    let later = text(&shop, "before.json").replace("\"version\": 1", "\"version\": 2");
    shop.bytes("before.json", later.as_bytes());
    verify(&shop, &[]).exits(2).says("version 2 is not the version 1");
    shop.run(&["gate", "verify"]).exits(2).says("nothing to compare with");
    shop.run(&["gate", "verify", "nowhere.json"]).exits(2).says("nowhere.json");
}

#[test]
fn a_system_is_not_compared_with_itself() {
    let shop = shop();
    snapshot(&shop).exits(0);
    std::fs::create_dir(shop.at("x")).unwrap();
    shop.project(&PROJECT.replace("path: new.db", "path: x/../old.db"));
    verify(&shop, &[]).exits(2).says("compared with itself");
    shop.run(&["gate", "verify", "--live"]).exits(2).says("compared with itself");
}

#[test]
fn two_names_of_one_machine_are_one_machine() {
    let shop = shop();
    shop.project("owner: team\npolicies: [policies/]\ntargets:\n  one: { type: host }\n  two: { type: host }\ngate: { moves: { two: { from: one } } }\n");
    std::fs::remove_file(shop.at("policies/counts.yaml")).unwrap();
    shop.policy("files", "tier: release\ntarget: { type: host, name: two }\nobserve: { f: { probe: file.stat, with: { paths: ['@SHOP@/old.db'] }, before: gate } }\neach: f\nfail: side != \"both\" || (size ?? 0.bytes) != (before.size ?? 0.bytes)\n");
    snapshot(&shop).exits(0);
    verify(&shop, &[]).exits(2).says("compared with itself");
    shop.project(&text(&shop, "muster.yaml").replace("{ from: one }", "{ in_place: true }"));
    snapshot(&shop).exits(0);
    assert_eq!(verify(&shop, &[]).exits(0).verdict("files"), "pass");
    shop.file("old.db", "another size");
    assert_eq!(verify(&shop, &[]).exits(1).verdict("files"), "fail");
}

#[test]
fn in_place_the_system_has_to_be_the_same_and_cannot_be_asked_for_both_sides() {
    let shop = shop();
    shop.project(&PROJECT.replace("{ from: old }", "{ in_place: true }"));
    shop.policy("counts", &COUNTS.replace("{ type: sqlite }", "{ type: sqlite, name: new }"));
    snapshot(&shop).exits(0);
    assert_eq!(verify(&shop, &[]).exits(0).verdict("counts"), "pass");
    shop.run(&["gate", "verify", "--live"]).exits(2).says("in place");
    sql(&shop, "other.db", TABLES);
    shop.project(&PROJECT.replace("{ from: old }", "{ in_place: true }").replace("new.db", "other.db"));
    verify(&shop, &[]).exits(2).says("the move says `in_place: true`");
}

#[test]
fn another_version_of_a_policy_its_arguments_or_the_move_is_refused_by_name() {
    let shop = shop();
    snapshot(&shop).exits(0);
    shop.policy("counts", &COUNTS.replace("is gone", "is lost"));
    verify(&shop, &[]).exits(2).says("`counts` is another version");
    let with = COUNTS
        .replace("observe:", "params: { least: 0 }\nobserve:")
        .replace("sql: \"SELECT 'orders' AS tab, count(*) AS many FROM orders UNION ALL SELECT 'users', count(*) FROM users\"", "sql: \"SELECT 'a' AS tab, 1 AS many\", max_rows: params.least")
        .replace("{ least: 0 }", "{ least: 5 }");
    shop.policy("counts", &with);
    snapshot(&shop).exits(0);
    verify(&shop, &[]).exits(0);
    verify(&shop, &["--set", "least=6"]).exits(2).says("its arguments differ");
    shop.project(&PROJECT.replace("from: old }", "from: old, drop: [users] }"));
    verify(&shop, &[]).exits(2).says("what muster.yaml says of the move of `new` changed");
    shop.project(PROJECT);
    verify(&shop, &[]).exits(0);
}

#[test]
fn a_policy_that_is_gone_since_is_not_forgotten() {
    let shop = shop();
    shop.policy("again", &COUNTS.replace("is gone", "is missing"));
    snapshot(&shop).exits(0);
    std::fs::remove_file(shop.at("policies/again.yaml")).unwrap();
    verify(&shop, &[]).exits(2).says("is not judged any more");
    let run = verify(&shop, &["--policy", "counts", "--report", "gate.json"]).exits(0);
    assert_eq!(run.checks().len(), 1);
    let page = text(&shop, "gate.json");
    assert!(page.contains("of `again` at `new`"), "{page}");
}

#[test]
fn a_policy_that_is_gone_is_not_forgotten_within_its_environment() {
    let shop = shop();
    let labelled = PROJECT.replace("new.db }", "new.db, labels: { env: prod } }");
    shop.project(&format!(
        "labels: {{ env: [prod, test] }}\nenvironments: {{ live: {{ targets: {{ env: prod }} }}, trial: {{ targets: {{ env: test }} }} }}\n{}",
        labelled.replace("targets:\n", "targets:\n  other: { type: sqlite, path: new.db, labels: { env: test } }\n")
    ));
    let of = |name: &str| COUNTS.replace("{ type: sqlite }", &format!("{{ type: sqlite, name: {name} }}"));
    shop.policy("counts", &of("new")).policy("again", &of("new").replace("is gone", "is missing"));
    shop.policy("trial", "tier: release\ntarget: { type: sqlite, name: other }\nobserve: { q: { probe: sqlite.query, with: { sql: SELECT 1 AS n }, facts: { n: int } } }\neach: q\nfail: n != 1\n");
    snapshot(&shop).exits(0);
    assert_eq!(verify(&shop, &["--env", "live"]).exits(0).checks().len(), 2);
    verify(&shop, &["--env", "trial"]).exits(4);
    std::fs::remove_file(shop.at("policies/again.yaml")).unwrap();
    verify(&shop, &["--env", "live"]).exits(2).says("is not judged any more");
}

#[test]
fn a_snapshot_that_is_too_old_is_refused() {
    let shop = shop();
    snapshot(&shop).exits(0);
    std::thread::sleep(Duration::from_millis(1100));
    verify(&shop, &["--max-age", "1s"]).exits(2).says("1s is allowed");
    shop.project(&format!("{PROJECT}recordings: {{ max_age: 1s }}\n"));
    verify(&shop, &[]).exits(2).says("1s is allowed");
    verify(&shop, &["--max-age", "1h"]).exits(0);
}

// What could not be read is unknown.

#[test]
fn a_source_that_is_down_makes_an_incomplete_snapshot_and_its_checks_unknown() {
    let shop = shop();
    std::fs::remove_file(shop.at("old.db")).unwrap();
    snapshot(&shop).exits(3).says("sqlite.query at old: ");
    assert_eq!(json(&shop, "before.json")["complete"], false);
    let run = verify(&shop, &["--report", "gate.json", "--report", "gate.html"]).exits(3);
    assert_eq!(run.verdict("counts"), "unknown");
    let page = json(&shop, "gate.json");
    assert_eq!(page["uncompared"][0]["policy"], "counts");
    assert!(text(&shop, "gate.html").contains("not everything could be observed when it was taken"));
}

#[test]
fn a_target_that_is_down_is_unknown() {
    let shop = shop();
    snapshot(&shop).exits(0);
    std::fs::remove_file(shop.at("new.db")).unwrap();
    assert_eq!(verify(&shop, &[]).exits(3).verdict("counts"), "unknown");
}

#[test]
fn what_the_snapshot_does_not_have_is_unknown() {
    let shop = shop();
    snapshot(&shop).exits(0);
    shop.policy("later", &COUNTS.replace("FROM users", "FROM users WHERE 1"));
    let run = verify(&shop, &[]).exits(3);
    assert_eq!((run.verdict("counts"), run.verdict("later")), ("pass", "unknown"));
    assert_eq!(run.cause("later"), "no-history");
}

#[test]
fn a_target_without_a_move_is_unknown_and_says_what_to_write() {
    let shop = shop();
    shop.project(PROJECT.split("gate:").next().unwrap());
    shop.policy("counts", &COUNTS.replace("{ type: sqlite }", "{ type: sqlite, name: new }"));
    snapshot(&shop).exits(3).says("nothing says what `new` is compared with");
    let run = verify(&shop, &[]).exits(3);
    assert_eq!(run.verdict("counts"), "unknown");
}

#[test]
fn a_gate_that_compared_nothing_is_not_open() {
    let shop = shop();
    shop.policy("counts", "tier: release\ntarget: { type: sqlite, name: new }\nobserve: { q: { probe: sqlite.query, with: { sql: SELECT 1 AS n }, facts: { n: int } } }\neach: q\nfail: n != 1\n");
    snapshot(&shop).exits(4).says("nothing was written");
    assert!(!shop.at("before.json").exists());
    let run = shop.run(&["gate", "verify", "--live", "--format", "json"]).exits(4);
    assert_eq!(run.json()["exit"], 4);
    assert!(run.json()["exit_reason"].as_str().unwrap().starts_with("nothing was compared"));
    shop.policy("counts", &COUNTS.replace("tier: release", "tier: daily"));
    shop.run(&["gate", "verify", "--live"]).exits(4);
    shop.policy("counts", COUNTS);
    for file in ["old.db", "new.db"] {
        sql(
            &shop,
            file,
            "DROP TABLE orders; DROP TABLE users; CREATE TABLE orders(id); CREATE TABLE users(id)",
        );
    }
    let none = COUNTS
        .replace("FROM users\"", "FROM users LIMIT 0\"")
        .replace("each: counts", "each: counts\nexpect: any");
    shop.policy("counts", &none);
    shop.run(&["gate", "verify", "--live"]).exits(4);
}

#[test]
fn a_snapshot_is_written_whole_or_not_at_all() {
    let shop = shop();
    shop.run(&["gate", "snapshot", "nowhere/before.json"]).exits(2).says("nothing was written there");
    shop.file("before.json", "the one before");
    shop.policy("counts", &COUNTS.replace("SELECT 'orders'", "SELECT 'orders' WHERE"));
    snapshot(&shop).exits(3);
    shop.file("full/x", "");
    let full = shop.run(&["gate", "snapshot", "/dev/full"]);
    assert_eq!(full.code, 2, "{}", full.stderr);
}

// Waivers, and the page.

#[test]
fn who_accepted_a_difference_stands_on_the_page() {
    let shop = shop();
    snapshot(&shop).exits(0);
    sql(&shop, "new.db", "DELETE FROM orders WHERE id = 7");
    let waiver = format!(
        "waivers:\n  - {{ policy: counts, target: new, subject: orders, owner: team-data, ticket: DATA-7, expires: {}, reason: the test order was not moved }}\n",
        in_days(60)
    );
    shop.project(&format!("{PROJECT}{waiver}"));
    let files = ["gate.html", "gate.md", "gate.json"];
    let run = verify(&shop, &["--report", files[0], "--report", files[1], "--report", files[2]]).exits(0);
    assert_eq!(run.verdict("counts"), "waived");
    for file in files {
        let page = text(&shop, file);
        for word in ["team-data", "DATA-7", "the test order was not moved"] {
            assert!(page.contains(word), "{file} does not say {word}");
        }
    }
    let digest = json(&shop, "gate.json")["snapshot"]["digest"].as_str().unwrap().to_owned();
    let sum = done(Command::new("sha256sum").arg(shop.at("before.json")));
    assert!(sum.starts_with(&digest), "{sum}");
    assert!(text(&shop, "gate.html").contains(&digest) && text(&shop, "gate.md").contains(&digest));
    verify(&shop, &["--report", "gate.pdf"]).exits(2).says("`.html`, `.md` or `.json`");
    verify(&shop, &["--report", "nowhere/gate.md"]).exits(2).says("its folder is not there");
}

#[test]
fn the_page_as_data_is_what_its_schema_says() {
    let shop = shop();
    snapshot(&shop).exits(0);
    sql(&shop, "new.db", "DELETE FROM orders");
    verify(&shop, &["--report", "gate.json", "--wait", "2s", "--interval", "1s"]).exits(1);
    let schema = passmuster::report::gate::json_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let page = json(&shop, "gate.json");
    let faults: Vec<String> =
        validator.iter_errors(&page).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert_eq!(faults, Vec::<String>::new());
    let recording = passmuster::policy::schema::recording();
    let snapshot = json(&shop, "before.json");
    assert!(jsonschema::validator_for(&recording).unwrap().is_valid(&snapshot), "{snapshot:#}");
}

#[test]
fn names_of_the_world_do_no_harm_on_the_page() {
    let shop = shop();
    let evil = COUNTS.replace("SELECT 'orders'", "SELECT '<script>alert(1)</script> & \\\"x\\\"'");
    shop.policy("counts", &evil);
    snapshot(&shop).exits(0);
    sql(&shop, "new.db", "DELETE FROM orders");
    verify(&shop, &["--report", "gate.html", "--report", "gate.md"]).exits(1);
    for file in ["gate.html", "gate.md"] {
        let page = text(&shop, file);
        assert!(!page.contains("<script"), "{file}");
        assert!(page.contains("alert(1)"), "{file}");
    }
}

// Waiting.

/// A policy that passes while a file is there.
fn watches(file: &str) -> String {
    format!(
        "tier: release\ntarget: {{ type: host }}\nobserve: {{ f: {{ probe: file.stat, with: {{ paths: ['@SHOP@/{file}'] }} }} }}\neach: f\nfail: exists == false\nmessage: {file} is not there\n"
    )
}

fn waiting() -> Shop {
    let shop = shop();
    shop.project(&PROJECT.replace("targets:\n", "targets:\n  here: { type: host }\n"));
    shop.policy("ready", &watches("ready"));
    snapshot(&shop).exits(0);
    shop
}

#[test]
fn it_waits_until_all_hold_so_often_in_a_row() {
    let shop = waiting();
    let all = [
        "gate",
        "verify",
        "before.json",
        "--format",
        "json",
        "--wait",
        "30s",
        "--interval",
        "200ms",
        "--report",
        "gate.json",
    ];
    let child = shop.start(&all);
    std::thread::sleep(Duration::from_millis(700));
    shop.file("ready", "");
    let run = Run::of(child).exits(0);
    assert_eq!((run.verdict("ready"), run.verdict("counts")), ("pass", "pass"));
    let timeline = &json(&shop, "gate.json")["timeline"];
    assert_eq!(timeline["end"], "done");
    let rounds = timeline["rounds"].as_array().unwrap();
    let whole = rounds.iter().rev().take_while(|round| round["holding"] == 2).count();
    assert!(whole >= 3 && rounds.len() > whole, "{timeline:#}");
    let changes: Vec<(&str, &str)> = timeline["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["policy"] == "ready")
        .map(|one| (one["from"].as_str().unwrap_or("-"), one["to"].as_str().unwrap()))
        .collect();
    assert_eq!(changes, [("-", "fail"), ("fail", "pass")]);
}

#[test]
fn a_deadline_that_ends_before_it_is_stable_never_passes() {
    let shop = waiting();
    let run = verify(&shop, &["--wait", "1s", "--interval", "300ms"]).exits(1);
    assert_eq!(run.verdict("ready"), "fail");
    shop.file("ready", "");
    let run = verify(&shop, &["--wait", "1s", "--interval", "900ms", "--stable", "9"]).exits(3);
    assert_eq!((run.verdict("ready"), run.verdict("counts")), ("unknown", "unknown"));
    assert_eq!(run.cause("ready"), "timeout");
    assert!(run.stdout.contains("9 times were wanted"), "{}", run.stdout);
}

#[test]
fn what_passed_and_then_did_not_is_told() {
    let shop = waiting();
    shop.file("ready", "");
    let all = [
        "gate",
        "verify",
        "before.json",
        "--format",
        "json",
        "--wait",
        "20s",
        "--interval",
        "250ms",
        "--stable",
        "8",
        "--report",
        "gate.html",
        "--fail-on",
        "warn",
    ];
    let child = shop.start(&all);
    std::thread::sleep(Duration::from_millis(800));
    std::fs::remove_file(shop.at("ready")).unwrap();
    std::thread::sleep(Duration::from_millis(900));
    shop.file("ready", "");
    let run = Run::of(child).exits(1).says("passed and then did not");
    assert_eq!(run.verdict("ready"), "pass");
    assert!(run.notices()[0]["message"].as_str().unwrap().contains("ready at here flapped"));
    assert!(text(&shop, "gate.html").contains("passed, and then did not, once"));
}

/// What takes longer than the pause is kept once it held, and asked again for the round that counts.
#[test]
fn what_is_costly_and_stable_is_asked_again_only_for_the_last_round() {
    let shop = waiting();
    let slow = COUNTS.replace(
        "UNION ALL SELECT 'users', count(*) FROM users",
        "UNION ALL SELECT 'slow', (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700000) SELECT count(*) FROM n)",
    );
    shop.policy("slow", &slow);
    snapshot(&shop).exits(0);
    let all = [
        "gate",
        "verify",
        "before.json",
        "--format",
        "json",
        "--wait",
        "60s",
        "--interval",
        "20ms",
        "--stable",
        "2",
        "--report",
        "gate.json",
    ];
    let child = shop.start(&all);
    std::thread::sleep(Duration::from_secs(12));
    shop.file("ready", "");
    let run = Run::of(child).exits(0);
    assert_eq!((run.verdict("slow"), run.verdict("ready")), ("pass", "pass"));
    let page = json(&shop, "gate.json");
    let rounds = page["timeline"]["rounds"].as_array().unwrap();
    let of = |key: &str| rounds.iter().map(|round| round[key].as_u64().unwrap()).collect::<Vec<_>>();
    assert!(of("kept").contains(&1), "the slow one is kept: {rounds:#?}");
    assert_eq!(of("kept").last(), Some(&0), "the last round asks everything: {rounds:#?}");
    assert_eq!(of("asked").iter().filter(|asked| **asked == 3).count(), 3, "{rounds:#?}");
}

#[test]
fn what_needs_another_waits_for_it_and_never_passes_before() {
    let shop = waiting();
    shop.project(&format!(
        "{}  needs: {{ counts: [ready] }}\n",
        PROJECT
            .replace("targets:\n", "targets:\n  here: { type: host }\n")
            .replace("gate: { moves: { new: { from: old } } }\n", "gate:\n  moves: { new: { from: old } }\n")
    ));
    let run = verify(&shop, &["--report", "gate.json"]).exits(1);
    assert_eq!((run.verdict("ready"), run.verdict("counts")), ("fail", "unknown"));
    assert!(
        run.finding("counts")["message"]
            .as_str()
            .unwrap()
            .contains("it needs `ready`, which did not pass at `here`")
    );
    let run = verify(&shop, &["--wait", "1s", "--interval", "400ms"]).exits(1);
    assert_eq!(run.verdict("counts"), "unknown");
    let alone = verify(&shop, &["--policy", "counts"]).exits(3);
    assert!(alone.stdout.contains("is not among what is judged here"), "{}", alone.stdout);
    shop.file("ready", "");
    assert_eq!(verify(&shop, &[]).exits(0).verdict("counts"), "pass");
}

#[test]
fn a_misspelt_name_of_who_waits_or_for_whom_is_refused() {
    let shop = waiting();
    for needs in ["{ coutns: [ready] }", "{ counts: [raedy] }"] {
        let gate = format!("gate:\n  moves: {{ new: {{ from: old }} }}\n  needs: {needs}\n");
        shop.project(
            &PROJECT
                .replace("targets:\n", "targets:\n  here: { type: host }\n")
                .replace("gate: { moves: { new: { from: old } } }\n", &gate),
        );
        verify(&shop, &[]).exits(2).says("no policy is called so").says("did you mean");
    }
}

#[test]
fn policies_that_need_each_other_are_refused() {
    let shop = waiting();
    let needs = "gate:\n  moves: { new: { from: old } }\n  needs: { counts: [ready], ready: [counts] }\n";
    shop.project(
        &PROJECT
            .replace("targets:\n", "targets:\n  here: { type: host }\n")
            .replace("gate: { moves: { new: { from: old } } }\n", needs),
    );
    verify(&shop, &[]).exits(2).says("wait for each other");
}

#[test]
fn whoever_ends_the_wait_gets_no_pass() {
    let shop = waiting();
    shop.file("ready", "");
    let all = ["gate", "verify", "before.json", "--format", "json", "--wait", "60s", "--interval", "30s"];
    let child = shop.start(&all);
    std::thread::sleep(Duration::from_millis(1500));
    done(Command::new("kill").args(["-INT", &child.id().to_string()]));
    let run = Run::of(child).exits(3);
    assert_eq!((run.cause("ready"), run.cause("counts")), ("cancelled", "cancelled"));
}

// PostgreSQL, and what a dry run says.

fn postgres(old: &Database, new: &Database) -> Shop {
    let port = env("MUSTER_TEST_PG_PORT");
    let target = |name: &str, database: &Database| {
        format!(
            "  {name}: {{ type: postgres, url: \"postgres://muster_full@127.0.0.1:{port}/{}\", password: {{ env: SECRET }} }}\n",
            database.name()
        )
    };
    let mut shop = Shop::new();
    shop.env("COLUMNS", "400");
    shop.project(&format!(
        "owner: team\npolicies: [policies/]\ntargets:\n{}{}gate: {{ moves: {{ new: {{ from: old }} }} }}\n",
        target("old", old),
        target("new", new)
    ));
    shop.env("SECRET", &env("MUSTER_TEST_PG_PASSWORD"));
    shop.policy(
        "sequences",
        "tier: release\ntarget: { type: postgres }\nobserve: { s: { probe: postgres.sequences, before: gate } }\neach: s\nfail:\n  - { if: side == \"before\", message: \"{{ sequence }} is gone\" }\n  - { if: side == \"both\" && (last_value ?? 0) < (before.last_value ?? 0), message: \"{{ sequence }} is behind\" }\n",
    );
    shop.policy(
        "settings",
        "tier: release\ntarget: { type: postgres }\nobserve: { s: { probe: postgres.settings, with: { settings: [work_mem, max_connections] }, before: gate } }\neach: s\nfail: side == \"both\" && value != before.value\nmessage: \"{{ name }} is {{ value }}, and was {{ before.value }}\"\n",
    );
    shop
}

const SERIAL: &str = "CREATE TABLE orders (id serial PRIMARY KEY, what text); INSERT INTO orders (what) SELECT 'x' FROM generate_series(1, 30)";

#[test]
fn a_sequence_that_is_behind_and_a_setting_that_changed_are_found_on_postgresql() {
    let (old, new) = (Database::new(&[SERIAL]), Database::new(&[SERIAL]));
    let shop = postgres(&old, &new);
    snapshot(&shop).exits(0);
    let taken = text(&shop, "before.json");
    assert!(!taken.contains(&env("MUSTER_TEST_PG_PASSWORD")), "a secret is in the snapshot");
    let run = verify(&shop, &[]).exits(0);
    assert_eq!((run.verdict("sequences"), run.verdict("settings")), ("pass", "pass"));
    new.sql("SELECT setval('orders_id_seq', 3)");
    new.sql(&format!("ALTER DATABASE {} SET work_mem = '1MB'", new.name()));
    let run = verify(&shop, &["--report", "gate.html"]).exits(1);
    assert_eq!(run.finding("sequences")["message"], "public.orders_id_seq is behind");
    assert_eq!(run.finding("settings")["subject"]["shown"], "work_mem");
    // Another database of one server is another side; the same one is not.
    let same = postgres(&old, &old);
    same.bytes("before.json", taken.as_bytes());
    verify(&same, &[]).exits(2).says("compared with itself");
}

#[test]
fn a_dry_run_reads_nothing_and_says_what_would_be_read() {
    let shop = shop();
    let run = shop.run(&["gate", "snapshot", "before.json", "--dry-run"]).exits(0);
    assert!(run.stdout.contains("sqlite.query of old, for counts"), "{}", run.stdout);
    assert!(run.stdout.contains("the snapshot: 1 question, about"), "{}", run.stdout);
    assert!(!shop.at("before.json").exists());
    shop.policy("counts", "tier: release\ntarget: { type: sqlite, name: new }\nobserve: { q: { probe: sqlite.query, with: { sql: SELECT 1 AS n }, facts: { n: int } } }\neach: q\nfail: n != 1\n");
    shop.run(&["gate", "snapshot", "before.json", "--dry-run"]).exits(4);
}

#[test]
fn masked_texts_are_not_in_a_snapshot() {
    let (old, new) = (Database::new(&[SERIAL]), Database::new(&[SERIAL]));
    let shop = postgres(&old, &new);
    shop.run(&["gate", "snapshot", "before.json", "--mask=postgres.settings.value"]).exits(0).says("masked");
    assert!(text(&shop, "before.json").contains("\"masked\""));
    let run = verify(&shop, &[]).exits(3);
    assert_eq!((run.verdict("sequences"), run.verdict("settings")), ("pass", "unknown"));
    // With a key that is kept, both sides are masked alike.
    let mut shop = postgres(&old, &new);
    let keyed = format!("{}recordings: {{ mask_key: {{ env: KEY }} }}\n", text(&shop, "muster.yaml"));
    shop.project(&keyed);
    shop.env("KEY", "a key that is kept");
    shop.run(&["gate", "snapshot", "before.json", "--mask=postgres.settings.value"]).exits(0);
    assert_eq!(verify(&shop, &[]).exits(0).verdict("settings"), "pass");
    new.sql(&format!("ALTER DATABASE {} SET work_mem = '1MB'", new.name()));
    assert_eq!(verify(&shop, &[]).exits(1).finding("settings")["subject"]["shown"], "work_mem");
    shop.env("KEY", "another key");
    verify(&shop, &[]).exits(2).says("masked with another key");
}
