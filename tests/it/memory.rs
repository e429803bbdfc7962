//! The store as the command uses it: history, comparisons, and a store that cannot be used. Whatever is wrong with it,
//! a run is never green, and what was judged is reported.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use crate::harness::{Run, Shop};

const PROJECT: &str = "owner: team\npolicies: [policies/]\ntargets:\n  here: { type: host }\nstore: { path: .muster/store.db }\n";

fn shop() -> Shop {
    let shop = Shop::new();
    shop.project(PROJECT).file("a.txt", "a").policy(
        "sizes",
        "target: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/*.txt'] } } }\n\
         each: files\nexpect: some\nfail: size > 1.KiB\n",
    );
    shop
}

/// Whoever opens the store takes in the runs that wait beside it.
fn taken_in(shop: &Shop) {
    shop.run(&["history"]);
    assert!(Path::new(&shop.at(".muster/store.db")).exists());
}

/// Runs SQL in the shop's store.
fn sql(shop: &Shop, sql: &'static str) {
    taken_in(shop);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(shop.at(".muster/store.db"));
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

fn history(shop: &Shop, arguments: &[&str]) -> Run {
    shop.run(&[&["history", "here", "file.set"], arguments].concat())
}

// History.

#[test]
fn history_shows_what_was_seen_and_knows_names() {
    let shop = shop();
    shop.check(&[]).exits(0);
    shop.file("a.txt", "abc");
    shop.check(&[]).exits(0);
    let run = history(&shop, &["--fact", "size", "--format", "json"]).exits(0);
    let samples = &run.json()["questions"][0]["subjects"][0]["facts"][0]["samples"];
    assert_eq!((&samples[0][1], &samples[1][1]), (&Json::from(1), &Json::from(3)), "{}", run.stdout);
    let run = history(&shop, &["--fact", "size"]).exits(0);
    for part in ["asked 2 times", "2 samples", "min   1 B", "max   3 B", "last  3 B"] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert!(run.stdout.is_ascii() || !run.stdout.contains('█'), "no chart in a pipe");
    history(&shop, &["--fact", "sise"]).exits(2).says("did you mean `size`?");
    history(&shop, &["--subject", "x"]).exits(2).says("no subject `x` was seen");
    shop.run(&["history", "heer", "file.set"]).exits(2).says("did you mean `here`?");
    shop.run(&["history", "here", "file.sett"]).exits(2).says("did you mean `file.set`?");
    shop.run(&["history", "here"]).exits(2).says("it was asked file.set");
    shop.run(&["history", "here", "disk.usage"]).exits(4).says("`disk.usage` was never asked of `here`");
    let run = shop.run(&["history"]).exits(0);
    assert_eq!(run.stdout.lines().count(), 3, "{}", run.stdout);
    sql(&shop, "UPDATE observation SET seen = 0");
    history(&shop, &["--since", "7d"]).exits(4);
}

#[test]
fn history_of_a_finding_is_that_of_its_subject() {
    let shop = shop();
    shop.bytes("a.txt", &[b'x'; 2000]);
    let id = shop.check(&[]).exits(1).json()["checks"][0]["findings"][0]["id"].as_str().unwrap().to_owned();
    let run = shop.run(&["history", &id, "--fact", "size"]).exits(0);
    assert!(run.stdout.contains("file.set at here") && run.stdout.contains("2 KiB"), "{}", run.stdout);
}

#[test]
fn history_without_a_sample_is_no_success() {
    let shop = shop();
    shop.run(&["history", "here", "file.set"]).exits(2).says("is not there yet");
    shop.check(&[]).exits(0);
    sql(&shop, "UPDATE run SET replay = '2025-01-01T00:00:00Z'");
    history(&shop, &[]).exits(4);
    let plain = Shop::new();
    plain.run(&["history"]).exits(2).says("there is no muster.yaml");
}

// Comparisons.

#[test]
fn diff_shows_what_got_worse_and_its_code_says_so() {
    let shop = shop();
    shop.check(&["--format", "json=before.json"]).exits(0);
    shop.bytes("a.txt", &[b'x'; 2000]);
    shop.check(&["--format", "json=after.json"]).exits(1);
    shop.check(&[]).exits(1);
    let run = shop.run(&["diff", "1", "last~1"]).exits(1);
    assert!(
        run.stdout.contains("new (1)\n  - -> fail") && run.stdout.contains("1 change is worse"),
        "{}",
        run.stdout
    );
    let files = shop.run(&["diff", "before.json", "after.json", "--format", "json"]).exits(1);
    let stored = shop.run(&["diff", "1", "2", "--format", "json"]).exits(1);
    for part in ["id", "subject", "before", "after", "severity"] {
        assert_eq!(files.json()["new"][0][part], stored.json()["new"][0][part], "{part}");
    }
    assert_eq!(files.json()["new"][0]["worse"], Json::from(true));
    shop.run(&["diff", "2", "3"]).exits(0);
    let run = shop.run(&["diff", "2", "1", "--format", "markdown"]).exits(0);
    assert!(
        run.stdout.contains("nothing got worse") && run.stdout.contains("### better (1)"),
        "{}",
        run.stdout
    );
    shop.policy("other", "target: { type: host }\nobserve: { usage: { probe: disk.usage } }\neach: usage\nfail: free < 1.bytes\n");
    shop.check(&["--policy", "other"]).exits(0);
    let gone = shop.run(&["diff", "3", "last"]).exits(1);
    assert!(gone.stdout.contains("gone (1)\n  fail -> -"), "{}", gone.stdout);
}

#[test]
fn diff_refuses_what_is_not_comparable_or_not_there() {
    let shop = shop();
    shop.check(&["--format", "json=here.json"]).exits(0);
    let there = std::fs::read_to_string(shop.at("here.json")).unwrap();
    shop.file("there.json", &there.replace("\"target\": \"here\"", "\"target\": \"there\""));
    let run = shop.run(&["diff", "here.json", "there.json"]).exits(3);
    assert!(run.stdout.contains("not comparable: here.json is about `here`"), "{}", run.stdout);
    let run = shop.run(&["diff", "here.json", "there.json", "--format", "json"]).exits(3);
    assert_eq!(run.json()["exit"], Json::from(3));
    shop.run(&["diff", "1", "7"]).exits(2).says("there is no run 7");
    shop.run(&["diff", "last~3", "last"]).exits(2).says("there is no run 3 before the last");
    shop.run(&["diff", "1", "none.json"]).exits(2).says("none.json");
    shop.file("x.json", "{}");
    shop.run(&["diff", "1", "x.json"]).exits(2).says("this is not a report");
}

// A store that cannot be used.

/// A check whose store is refused before anything is observed.
#[track_caller]
fn refused(shop: &Shop, words: &str) {
    let run = shop.run(&["check"]).exits(2).says(words);
    assert!(!run.stdout.contains("PASS") && !run.stdout.contains("0 fail"), "{}", run.stdout);
}

#[test]
fn a_store_that_is_newer_older_or_damaged_stops_the_check_and_is_not_touched() {
    let shop = shop();
    shop.check(&[]).exits(0);
    for (change, words) in [
        ("PRAGMA user_version = 9", "a newer muster wrote it (format 9"),
        ("PRAGMA user_version = 1", "from before the first release"),
        ("PRAGMA application_id = 7", "belongs to another application"),
    ] {
        sql(&shop, change);
        let before = std::fs::read(shop.at(".muster/store.db")).unwrap();
        refused(&shop, words);
        assert!(std::fs::read(shop.at(".muster/store.db")).unwrap() == before, "{words}");
    }
}

#[test]
fn a_store_that_may_not_be_written_stops_the_check() {
    let shop = shop();
    shop.check(&[]).exits(0);
    taken_in(&shop);
    let mode = |path: &str, bits| {
        std::fs::set_permissions(shop.at(path), std::fs::Permissions::from_mode(bits)).unwrap();
    };
    std::fs::copy(env!("CARGO_BIN_EXE_muster"), shop.at("muster")).unwrap();
    for path in ["", "muster", ".muster"] {
        mode(path, 0o755);
    }
    // Nothing is denied to root.
    let as_nobody = || {
        let mut command = Command::new("setpriv");
        command.args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "--inh-caps=-all",
            "--no-new-privs",
        ]);
        let output = command.arg(shop.at("muster")).arg("check").current_dir(shop.path()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).replace("\n        ", " "))
    };
    mode(".muster/store.db", 0o644);
    let (code, said) = as_nobody();
    assert!(code == Some(2) && said.contains("the file is read-only"), "{code:?} {said}");
    mode(".muster/store.db", 0o666);
    let (code, said) = as_nobody();
    assert!(code == Some(2) && said.contains("read-only"), "{code:?} {said}");
    mode(".muster", 0o777);
    let (code, said) = as_nobody();
    assert!(code == Some(2) && said.contains("store.db-runs"), "{code:?} {said}");
}

/// What was judged is reported in every format, and the code says that something went wrong.
#[track_caller]
fn reported_and_not_green(run: &Run, words: &str) {
    let report = run.json();
    assert_eq!(report["checks"][0]["verdict"], Json::from("pass"), "{}", run.stderr);
    assert_eq!((run.code, &report["exit"]), (3, &Json::from(3)), "{}", run.stderr);
    let reason = report["exit_reason"].as_str().unwrap();
    assert!(reason.contains("the run was not remembered") && reason.contains(words), "{reason}");
    assert!(!run.stderr.is_empty());
}

#[test]
fn a_store_that_is_locked_is_waited_for_by_who_needs_it_and_loses_no_run() {
    let shop = shop();
    shop.check(&[]).exits(0);
    taken_in(&shop);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let options = SqliteConnectOptions::new().filename(shop.at(".muster/store.db"));
    let mut other = runtime.block_on(SqliteConnection::connect_with(&options)).unwrap();
    runtime.block_on(sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other)).unwrap();
    shop.check(&[]).exits(0);
    let words = "another process has held it for more than 5 seconds";
    shop.run(&["history"]).exits(2).says(words);
    // What is promised changed, so that the store has to be asked what is overdue.
    shop.project(&format!("{PROJECT}# a new line\n"));
    let run = shop.check(&[]).exits(0).says(words);
    let notice = &run.json()["notices"][0];
    assert_eq!(notice["verdict"], Json::from("warn"), "{notices:#}", notices = run.json()["notices"]);
    let message = notice["message"].as_str().unwrap();
    assert!(message.starts_with("it is not known what is overdue: ") && message.contains(words), "{message}");
    assert!(!notice["remedy"].as_array().unwrap().is_empty());
    shop.check(&["--fail-on", "warn"]).exits(1);
    runtime.block_on(sqlx::raw_sql("ROLLBACK").execute(&mut other)).unwrap();
    let run = shop.check(&[]).exits(0);
    assert_eq!(run.json()["notices"].as_array().unwrap().len(), 0);
    let runs = shop.run(&["history"]).exits(0);
    assert_eq!(runs.stdout.lines().count(), 6, "five runs were remembered: {}", runs.stdout);
}

#[test]
fn a_check_that_has_to_recall_is_refused_while_runs_cannot_be_taken_in() {
    let shop = shop();
    shop.check(&[]).exits(0);
    taken_in(&shop);
    shop.policy(
        "held",
        "target: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/*.txt'] } } }\n\
         each: files\nfail: size > 1.KiB\nalert: { urgency: page, for: 10m, context: [size] }\n\
         remedy: { steps: [{ shell: rm a.txt }] }\n",
    );
    shop.check(&[]).exits(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let options = SqliteConnectOptions::new().filename(shop.at(".muster/store.db"));
    let mut other = runtime.block_on(SqliteConnection::connect_with(&options)).unwrap();
    runtime.block_on(sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other)).unwrap();
    refused(&shop, "another process has held it for more than 5 seconds");
    runtime.block_on(sqlx::raw_sql("ROLLBACK").execute(&mut other)).unwrap();
    shop.check(&[]).exits(0);
}

#[test]
fn a_disk_that_fills_up_does_not_lose_the_report() {
    let shop = shop();
    shop.check(&[]).exits(0);
    let mut globs = Vec::new();
    for index in 0..300 {
        shop.file(&format!("many/{index}.txt"), "a");
        globs.push(format!("'@SHOP@/many/{index}.txt'"));
    }
    let observe = format!("{{ probe: file.set, with: {{ globs: [{}] }} }}", globs.join(", "));
    shop.policy(
        "sizes",
        &format!(
            "target: {{ type: host }}\nobserve: {{ files: {observe} }}\neach: files\nfail: size > 1.KiB\n"
        ),
    );
    // Too little for this run.
    let limited = "trap '' XFSZ; exec prlimit --fsize=2048 \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", limited, "sh", env!("CARGO_BIN_EXE_muster"), "check", "--format", "json"]);
    let output = command.current_dir(shop.path()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    let report = serde_json::from_str(&stdout).ok();
    reported_and_not_green(
        &Run { code: output.status.code().unwrap_or(-1), stdout, stderr, report },
        "a limit on file sizes",
    );
    shop.check(&[]).exits(0);
    let runs = shop.run(&["history"]).exits(0);
    assert_eq!(runs.stdout.lines().count(), 3, "two runs were remembered: {}", runs.stdout);
}

#[test]
fn a_clock_that_went_backwards_is_told_and_the_future_is_no_past() {
    let shop = shop();
    shop.check(&[]).exits(0);
    sql(&shop, "UPDATE run SET started = started + 999999999999");
    let run = shop.run(&["check"]).exits(0).says("the clock went backwards");
    assert!(run.stderr.contains("warning") || run.stderr.contains('⚠'), "{}", run.stderr);
}
