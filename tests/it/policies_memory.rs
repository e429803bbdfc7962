//! Policies of the library that need what was before, or another list or system beside: on real systems, with a store
//! where they remember. A defect fails, its remedy is carried out, and it passes again.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use passmuster::fact::{Recording, Value};
use passmuster::store::Store;
use passmuster::verdict::{Counts, RunReport};
use serde_json::Value as Json;

use crate::harness::{Run, Shop, in_days};
use crate::policies_postgres::{Database, Server, shared};
use crate::remedy::{about, carry_out, judge, rank, shop, words};
use crate::trial::{Step, done, env, none};

/// A shop with one target, a store, and other parameters of one policy.
pub(crate) fn remembering(area: &str, policy: &str, target: &str, set: &str) -> Shop {
    shop(
        area,
        &format!(
            "targets: {{ it: {target} }}\nstore: {{ path: store.db }}\noverrides: [{{ policy: {policy}, set: {{ {set} }} }}]\n"
        ),
    )
}

/// Without a project that says so it is skipped, which is no pass.
pub(crate) fn skipped_by_default(area: &str, policy: &str, target: &str) {
    let shop = shop(area, &format!("targets: {{ it: {target} }}\n"));
    assert_eq!(judge(&shop, policy).exits(4).verdict(policy), "skipped");
}

fn steps(finding: &Json) -> Vec<Step> {
    let text = |step: &Json, name: &str| step[name].as_str().unwrap().to_owned();
    let steps = finding["remedy"].as_array().unwrap().iter();
    steps.map(|step| (text(step, "kind"), text(step, "text"))).collect()
}

fn message(finding: &Json) -> &str {
    finding["message"].as_str().unwrap()
}

/// The first run has nothing to compare with, the second finds all as it was.
fn settle(shop: &Shop, policy: &str) {
    assert_eq!(judge(shop, policy).exits(3).cause(policy), "no-history");
    assert_eq!(judge(shop, policy).exits(0).verdict(policy), "pass");
}

// Log growth.

/// Keeps runs of earlier days, in which the sizes were these, the oldest first.
pub(crate) fn keep(shop: &Shop, mebibytes: &[i64]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&shop.at("store.db")).await.unwrap();
        let run = store.runs(1).await.unwrap()[0].id;
        let seen = store.recording(run).await.unwrap().unwrap();
        for (index, size) in mebibytes.iter().enumerate() {
            let days = i64::try_from(mebibytes.len() - index).unwrap();
            let (report, recording) = earlier(&seen, days, *size);
            store.remember(&report, Some(&recording)).await.unwrap();
        }
        store.close().await;
    });
}

fn earlier(seen: &Recording, days: i64, mebibytes: i64) -> (RunReport, Recording) {
    let before = |time: Timestamp| time.checked_sub(SignedDuration::from_hours(24 * days)).unwrap();
    let mut recording = seen.clone();
    recording.started = before(seen.started);
    for answer in &mut recording.observations {
        answer.at = before(answer.at);
        answer.source_clock = answer.source_clock.map(before);
        let table = answer.result.as_mut().unwrap();
        let column = table.schema.position("size").unwrap();
        for row in &mut table.rows {
            row[column] = Ok(Value::Int(mebibytes << 20));
        }
    }
    let report = RunReport {
        muster: "0.1.0".into(),
        host: "watcher".into(),
        started: recording.started.to_string(),
        recording: None,
        targets: Vec::new(),
        checks: Vec::new(),
        notices: Vec::new(),
        faults: Vec::new(),
        checks_by_verdict: Counts::default(),
        subjects: Counts::default(),
        exit: 0,
        exit_reason: String::new(),
        timings: None,
    };
    (report, recording)
}

/// A shop whose logs had these sizes on the days before, and have this one now.
fn logs(before: &[i64], now: u64) -> Shop {
    let set = "remembered: true, root: '@SHOP@/log'";
    let shop = remembering("host", "log-growth", "{ type: host }", set);
    shop.file("log/app.log", "");
    assert_eq!(judge(&shop, "log-growth").exits(3).cause("log-growth"), "no-history");
    keep(&shop, before);
    // Sparse: large without taking the space.
    std::fs::File::options().write(true).open(shop.at("log/app.log")).unwrap().set_len(now << 20).unwrap();
    shop
}

#[test]
fn logs_that_nobody_rotates_are_truncated() {
    skipped_by_default("host", "log-growth", "{ type: host }");
    let rising: Vec<i64> = (1..=15).map(|day| 1_500 * day).collect();
    let shop = logs(&rising, 24_000);
    let growing =
        about(&judge(&shop, "log-growth").exits(1), "log-growth", &shop.at("log").display().to_string());
    assert_eq!(rank(&growing)[..2], ["fail", "medium"]);
    let steps = carry_out(&growing);
    assert!(steps[0].contains("app.log"), "{steps:?}");
    assert_eq!(std::fs::metadata(shop.at("log/app.log")).unwrap().len(), 0);
    assert_eq!(judge(&shop, "log-growth").exits(0).verdict("log-growth"), "pass");
}

#[test]
fn logs_that_rotate_or_stay_do_not_alarm() {
    let saw: Vec<i64> = (0..20).map(|day| 1_500 * (day % 4 + 1)).collect();
    for before in [saw, vec![6_000; 20]] {
        let shop = logs(&before, 6_100);
        assert_eq!(judge(&shop, "log-growth").exits(0).verdict("log-growth"), "pass");
    }
    let slow: Vec<i64> = (1..=15).map(|day| 200 * day).collect();
    assert_eq!(judge(&logs(&slow, 3_200), "log-growth").exits(0).verdict("log-growth"), "warn");
    // Many samples of a few days say nothing about weeks.
    let shop = logs(&(1..=12).map(|day| 1_500 * day).collect::<Vec<_>>(), 20_000);
    assert_eq!(judge(&shop, "log-growth").exits(3).cause("log-growth"), "no-history");
}

// Changed files.

#[test]
fn files_that_were_changed_are_brought_back() {
    skipped_by_default("host", "files-changed", "{ type: host }");
    let set =
        "remembered: true, paths: ['@SHOP@/shop.conf', '@SHOP@/the key', '@SHOP@/gone', '@SHOP@/never']";
    let shop = remembering("host", "files-changed", "{ type: host }", set);
    shop.file("shop.conf", "port = 1\n").file("the key", "secret").file("gone", "here");
    let mode =
        |mode| std::fs::set_permissions(shop.at("the key"), std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o600);
    settle(&shop, "files-changed");
    // Written again with the same content.
    shop.file("shop.conf", "port = 1\n");
    assert_eq!(judge(&shop, "files-changed").exits(0).verdict("files-changed"), "pass");

    shop.file("shop.conf", "port = 2\n");
    mode(0o666);
    std::fs::remove_file(shop.at("gone")).unwrap();
    let run = judge(&shop, "files-changed").exits(1);
    let one = |run: &Run, name: &str| about(run, "files-changed", &shop.at(name).display().to_string());
    let (conf, key, gone) = (one(&run, "shop.conf"), one(&run, "the key"), one(&run, "gone"));
    assert!(message(&conf).contains("has other content than before"), "{conf:#}");
    assert!(message(&key).contains("has mode 0666, before 0600"), "{key:#}");
    assert!(message(&gone).contains("is gone"), "{gone:#}");
    assert_eq!((rank(&conf)[0], rank(&key)[0], rank(&gone)[0]), ("fail", "warn", "fail"));
    assert_eq!(run.findings().len(), 3);
    for finding in [&conf, &key, &gone] {
        carry_out(finding);
    }
    assert_eq!(std::fs::metadata(shop.at("the key")).unwrap().permissions().mode() & 0o777, 0o600);
    // What the last step says: bring the files back from a backup. That is a change too, and told once.
    shop.file("shop.conf", "port = 1\n").file("gone", "here");
    let back = judge(&shop, "files-changed").exits(1);
    assert!(message(&one(&back, "gone")).contains("was not there before"), "{}", back.stdout);
    assert_eq!(judge(&shop, "files-changed").exits(0).verdict("files-changed"), "pass");
}

// PostgreSQL.

pub(crate) fn server() -> (Server, String) {
    let server = Server::new("");
    server.sql("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
    let target =
        format!("{{ type: postgres, url: 'postgres://watcher@127.0.0.1:{}/postgres' }}", server.port());
    (server, target)
}

#[test]
fn settings_that_were_changed_are_set_back() {
    let (server, target) = server();
    let policy = "postgres-settings-changed";
    skipped_by_default("postgres", policy, &target);
    let shop = remembering("postgres", policy, &target, "remembered: true");
    // The server has read its configuration again a moment after it was told to.
    let reload = || {
        server.sql("SELECT pg_reload_conf()");
        std::thread::sleep(Duration::from_secs(1));
    };
    settle(&shop, policy);
    server.sql("ALTER SYSTEM SET fsync = off");
    server.sql("ALTER SYSTEM SET work_mem = '64MB'");
    server.sql("ALTER SYSTEM SET enable_seqscan = off");
    reload();
    let run = judge(&shop, policy).exits(1);
    let (sync, memory) = (about(&run, policy, "fsync"), about(&run, policy, "work_mem"));
    assert_eq!(
        (rank(&sync)[..2].to_vec(), message(&sync)),
        (vec!["fail", "critical"], "fsync is off, and was on")
    );
    assert_eq!(
        (rank(&memory)[..2].to_vec(), message(&memory)),
        (vec!["fail", "high"], "work_mem is 64MB, and was 4MB")
    );
    assert_eq!(run.findings().len(), 2, "{}", run.stdout);
    for finding in [&sync, &memory] {
        crate::trial::carry_out(&steps(finding), |text| server.sql(text), none);
    }
    reload();
    // The way back is a change, and told once.
    let back = judge(&shop, policy).exits(1);
    assert_eq!(message(&about(&back, policy, "fsync")), "fsync is on, and was off");
    assert_eq!(judge(&shop, policy).exits(0).verdict(policy), "pass");
}

#[test]
fn roles_that_nobody_reviewed_are_locked_out() {
    let (server, target) = server();
    let policy = "postgres-roles-reviewed";
    skipped_by_default("postgres", policy, &target);
    let shop = remembering("postgres", policy, &target, "roles: [postgres, watcher, shop]");
    server.sql("CREATE ROLE shop LOGIN; CREATE ROLE readers");
    assert_eq!(judge(&shop, policy).exits(0).verdict(policy), "pass");

    server
        .sql("CREATE ROLE \"Left Colleague\" LOGIN; ALTER ROLE watcher CREATEROLE; ALTER ROLE shop NOLOGIN");
    let run = judge(&shop, policy).exits(1);
    let (left, watcher, gone) = (
        about(&run, policy, "\"Left Colleague\""),
        about(&run, policy, "watcher"),
        about(&run, policy, "shop"),
    );
    assert_eq!((rank(&left)[0], rank(&watcher)[0], rank(&gone)[0]), ("fail", "warn", "fail"));
    for finding in [&left, &watcher] {
        crate::trial::carry_out(&steps(finding), |text| server.sql(text), none);
    }
    // What the last step says of a reviewed role that is missing.
    server.sql("ALTER ROLE shop LOGIN");
    assert_eq!(judge(&shop, policy).exits(0).verdict(policy), "pass");
}

/// A program of PostgreSQL on a database of the server that `tests/run` starts.
fn client(program: &str, database: &str, arguments: &[&str]) {
    let mut command = Command::new(std::path::Path::new(&env("MUSTER_TEST_PG_BIN")).join(program));
    command.args(["-h", "127.0.0.1", "-U", "postgres", "-p", &env("MUSTER_TEST_PG_PORT"), "-d", database]);
    done(command.args(arguments).env("PGPASSWORD", env("MUSTER_TEST_PG_PASSWORD")));
}

#[test]
fn tables_that_vanished_are_restored() {
    let database = Database::new(&[
        "CREATE TABLE orders AS SELECT id FROM generate_series(1, 2000) id",
        "CREATE TABLE \"Customers\" AS SELECT id FROM generate_series(1, 50) id",
        "CREATE TABLE carts AS SELECT id FROM generate_series(1, 50) id",
    ]);
    // What a session did is counted when it has ended; the table is counted anew, so that nothing is estimated.
    let sql = |text: &str| {
        shared(database.name(), text);
        std::thread::sleep(Duration::from_secs(1));
        shared(database.name(), "ANALYZE");
    };
    sql("SELECT 1");
    let policy = "postgres-tables-vanished";
    let url = format!("postgres://muster_full@127.0.0.1:{}/{}", env("MUSTER_TEST_PG_PORT"), database.name());
    let target = format!("{{ type: postgres, url: '{url}', password: {{ env: SECRET }} }}");
    let mut shop = remembering("postgres", policy, &target, "remembered: true");
    shop.env("SECRET", &env("MUSTER_TEST_PG_PASSWORD"));
    settle(&shop, policy);
    let backup = shop.at("backup.sql").display().to_string();
    client("pg_dump", database.name(), &["--clean", "--if-exists", "-f", &backup]);

    sql("DROP TABLE \"Customers\"; DELETE FROM orders WHERE id > 1900; DELETE FROM carts");
    let run = judge(&shop, policy).exits(1);
    let (gone, fewer) = (about(&run, policy, "public.\"Customers\""), about(&run, policy, "public.orders"));
    assert_eq!(rank(&gone)[..2], ["fail", "critical"]);
    assert_eq!(message(&gone), "public.\"Customers\" is gone; it had about 50 rows");
    assert_eq!(
        message(&fewer),
        "public.orders has about 1,900 rows, and had 2,000; nothing is ever deleted from it"
    );
    assert_eq!(run.findings().len(), 2, "{}", run.stdout);
    for finding in [&gone, &fewer] {
        crate::trial::carry_out(&steps(finding), |text| shared(database.name(), text), none);
        assert!(words(finding)[1].contains("restore the newest backup"), "{finding:#}");
    }
    client("psql", database.name(), &["-qX", "-v", "ON_ERROR_STOP=1", "-f", &backup]);
    sql("SELECT 1");
    assert_eq!(judge(&shop, policy).exits(0).verdict(policy), "pass");
}

// Lists beside.

#[test]
fn attestations_are_made_anew() {
    let policy = "attestation-due";
    skipped_by_default("command", policy, "{ type: host }");
    let shop = shop(
        "command",
        &format!(
            "targets: {{ box: {{ type: host }} }}\ncommands: {{ attested: [sh, -c, \"printf '['; paste -sd, @SHOP@/attested.jsonl; printf ']'\"] }}\noverrides: [{{ policy: {policy}, set: {{ command: attested, controls: [restore-drill, access-list] }} }}]\n"
        ),
    );
    let line = |control: &str, by: &str, at: i64, due: i64| {
        let day = |days| format!("{}T00:00:00Z", in_days(days));
        serde_json::json!({ "control": control, "by": by, "at": day(at), "due": day(due) }).to_string() + "\n"
    };
    let write = |lines: &[String]| {
        shop.file("attested.jsonl", &lines.concat());
    };
    let none_there = judge(&shop, policy);
    assert_ne!(none_there.verdict(policy), "pass", "{}", none_there.stdout);
    let good = vec![line("restore-drill", "ann", -30, 60), line("access-list", "bob", -30, 60)];
    write(&good);
    assert_eq!(judge(&shop, policy).exits(0).verdict(policy), "pass");
    for (bad, said) in [
        (line("access-list", "bob", -20, -1), "was due"),
        (line("access-list", "bob", 3, 90), "which is to come"),
        (line("access-list", "", -20, 90), "nobody says by whom"),
    ] {
        write(&[good.clone(), vec![bad.clone()]].concat());
        let finding = about(&judge(&shop, policy).exits(1), policy, "access-list");
        assert!(message(&finding).contains(said), "{finding:#}");
        assert!(
            words(&finding)[0].contains("append a line with `control`, `by`, `at` and `due`"),
            "{finding:#}"
        );
        // One from the future stays the last one until somebody corrects it; the others are followed by a new line.
        let old = if said == "which is to come" { String::new() } else { bad };
        write(&[good.clone(), vec![old, line("access-list", "bob", 0, 90)]].concat());
        assert_eq!(judge(&shop, policy).exits(0).verdict(policy), "pass", "{said}");
    }
    write(&good[..1]);
    assert_eq!(judge(&shop, policy).exits(1).verdict_of(policy, "access-list"), "fail");
    write(&["not json\n".to_owned()]);
    assert_eq!(judge(&shop, policy).exits(3).cause(policy), "malformed");
}

#[test]
fn uploads_are_brought_back_and_orphans_moved_away() {
    let policy = "sqlite-uploads-on-disk";
    skipped_by_default("sqlite", policy, "{ type: sqlite, path: shop.db }");
    let project = |second: &str| {
        format!(
            "labels: {{ app: any }}\ntargets:\n  db: {{ type: sqlite, path: '@SHOP@/shop.db', labels: {{ app: shop }} }}\n  box: {{ type: host, labels: {{ app: shop }} }}\n{second}commands: {{ listing: [sh, '@SHOP@/list.sh'] }}\noverrides: [{{ policy: {policy}, set: {{ listing: listing, aside: '@SHOP@/aside' }} }}]\n"
        )
    };
    let shop = shop("sqlite", &project(""));
    shop.file(
        "list.sh",
        "exec sqlite3 -json :memory: \"SELECT name AS path, length(data) AS size FROM fsdir('@SHOP@/up') WHERE data IS NOT NULL\"\n",
    );
    for (name, size) in [("a.jpg", 10), ("b.jpg", 20), ("c d.jpg", 30)] {
        shop.bytes(&format!("up/{name}"), &vec![b'x'; size]);
    }
    let rows = shop.path().display();
    let sql = format!(
        "CREATE TABLE uploads (path TEXT, size INT);
         INSERT INTO uploads VALUES ('{rows}/up/a.jpg', 10), ('{rows}/up/b.jpg', 20), ('{rows}/up/c d.jpg', NULL)"
    );
    done(Command::new("sqlite3").arg(shop.at("shop.db")).arg(sql));
    assert_eq!(judge(&shop, policy).exits(0).verdict(policy), "pass");

    std::fs::rename(shop.at("up/a.jpg"), shop.at("a.backup")).unwrap();
    shop.bytes("up/b.jpg", b"cut").bytes("up/it's an orphan", b"?");
    let run = judge(&shop, policy).exits(1);
    let one = |name: &str| about(&run, policy, &shop.at("up").join(name).display().to_string());
    let (lost, cut, orphan) = (one("a.jpg"), one("b.jpg"), one("it's an orphan"));
    assert!(message(&lost).ends_with("(10 B) is in the database and not on disk"), "{lost:#}");
    assert!(message(&cut).ends_with("has 20 B in the database, and 3 B on disk"), "{cut:#}");
    assert_eq!((rank(&lost)[0], rank(&cut)[0], rank(&orphan)[0]), ("fail", "fail", "warn"));
    carry_out(&orphan);
    assert!(shop.at("aside/it's an orphan").exists());
    // What the step of the others says.
    assert!(words(&lost)[0].contains("back from the newest backup"), "{lost:#}");
    std::fs::rename(shop.at("a.backup"), shop.at("up/a.jpg")).unwrap();
    shop.bytes("up/b.jpg", &[b'x'; 20]);
    assert_eq!(judge(&shop, policy).exits(0).verdict(policy), "pass");

    // A second host of the shop: nobody knows which one has the files.
    crate::remedy::project(&shop, "sqlite", &project("  other: { type: host, labels: { app: shop } }\n"));
    assert_eq!(judge(&shop, policy).exits(3).cause(policy), "ambiguous");
}
