//! A store that several machines share, as the command uses it: many at once, killed, a server that is away, slow or
//! refuses. Whatever is wrong with it, no verdict gets better, and the run says that it was not kept.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value as Json;

use crate::faults::{Faults, Mode};
use crate::harness::Shop;
use crate::policies_postgres::{Database, psql};
use crate::trial::env;

/// A machine with a project whose store is in this database, reached through this port.
pub(crate) fn machine_as(database: &Database, role: &str, port: u16, more: &str) -> Shop {
    let mut shop = Shop::new();
    shop.env("STORE_PASSWORD", &env("MUSTER_TEST_PG_PASSWORD"));
    // Where lines are broken depends on ports and folders.
    shop.env("COLUMNS", "2000");
    shop.project(&format!(
        "owner: team\npolicies: [policies/]\ntargets:\n  here: {{ type: host }}\nstore:\n  \
         url: postgres://{role}@127.0.0.1:{port}/{}\n  password: {{ env: STORE_PASSWORD }}\n{more}",
        database.name()
    ));
    shop.file("a.txt", "a").policy(
        "sizes",
        "target: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/*.txt'] } } }\n\
         each: files\nexpect: some\nfail: size > 1.KiB\n",
    );
    shop
}

pub(crate) fn machine(database: &Database) -> Shop {
    machine_as(database, "postgres", port(), "")
}

pub(crate) fn port() -> u16 {
    env("MUSTER_TEST_PG_PORT").parse().unwrap()
}

/// The same machine in front of a server that breaks.
fn behind(database: &Database) -> (Shop, Faults) {
    let upstream = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port());
    let faults = Faults::before(upstream, Mode::Forward).unwrap();
    let shop = machine_as(database, "postgres", faults.port(), "  deadline: 2s\n");
    (shop, faults)
}

fn ask(database: &Database, sql: &str) -> String {
    let output = psql(database.name(), sql).output().unwrap();
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn runs(database: &Database) -> String {
    ask(database, "SELECT count(*) FROM muster.run")
}

/// The runs that a machine shows, the newest first.
fn listed(shop: &Shop) -> Vec<Json> {
    let run = shop.run(&["history", "--format", "json"]).exits(0);
    run.json()["runs"].as_array().unwrap().clone()
}

/// What asks for the past: the sizes of files against those of the run before.
fn with_a_past(shop: &Shop) {
    shop.policy(
        "none-vanished",
        "target: { type: host }\nobserve:\n  files: { probe: file.set, with: { globs: ['@SHOP@/*.txt'] }, before: previous }\n\
         each: files\nexpect: any\nfail: side == \"before\"\n",
    );
    shop.policy(
        "grows",
        "target: { type: host }\nobserve:\n  files: { probe: file.set, with: { globs: ['@SHOP@/*.txt'] }, history: { window: 1d } }\n\
         each: files\nexpect: any\nfail: previous(size) > size\n",
    );
}

#[test]
fn machines_share_what_they_judged() {
    let database = Database::new(&[]);
    let (a, b) = (machine(&database), machine(&database));
    a.check(&[]).exits(0);
    b.bytes("a.txt", &[b'x'; 2000]).check(&[]).exits(1);
    let (seen, also) = (listed(&a), listed(&b));
    assert_eq!(seen, also, "with the same numbers");
    assert_eq!(seen.len(), 2);
    assert_eq!(
        ask(&database, "SELECT count(*) FROM muster.note WHERE kind = 'promise'"),
        "2",
        "two projects"
    );
    let run = a.run(&["diff", "1", "2"]).exits(1);
    assert!(run.stdout.contains("new (1)"), "{}", run.stdout);
    let all = format!("{}{}", run.stdout, run.stderr);
    assert!(!all.contains(&env("MUSTER_TEST_PG_PASSWORD")));
    let named = machine_as(&database, "postgres", port(), "  path: .muster/copy.db\n");
    assert_eq!(listed(&named).len(), 2);
    assert!(named.at(".muster/copy.db").exists());
}

#[test]
fn eight_machines_with_ten_runs_each_are_all_there_once() {
    let database = Database::new(&[]);
    let machines: Vec<Shop> = (0..8).map(|_| machine(&database)).collect();
    std::thread::scope(|scope| {
        for shop in &machines {
            scope.spawn(|| {
                for _ in 0..10 {
                    shop.check(&[]).exits(0);
                }
            });
        }
    });
    assert_eq!(ask(&database, "SELECT count(*), count(DISTINCT name) FROM muster.run"), "80|80");
    assert_eq!(listed(&machines[3]).len(), 80);
}

#[test]
fn whoever_is_killed_loses_no_run_and_doubles_none() {
    let database = Database::new(&[]);
    let shop = machine(&database);
    shop.check(&[]).exits(0);
    for pause in (0..24).map(|number| Duration::from_millis(number * 12)) {
        let mut child = shop.start(&["check"]);
        std::thread::sleep(pause);
        // It may have ended by itself.
        drop(child.kill());
        child.wait().unwrap();
    }
    shop.check(&[]).exits(0);
    let there = runs(&database);
    assert_eq!(ask(&database, "SELECT count(DISTINCT name) FROM muster.run"), there);
    assert_eq!(listed(&shop).len().to_string(), there);
    let marks: i64 = ask(&database, "SELECT count(*) FROM muster.note WHERE kind = 'begun'").parse().unwrap();
    assert!((1..=24).contains(&marks), "{marks} runs began and never ended");
    let status = shop.run(&["store", "status", "--format", "json"]).exits(0);
    assert_eq!(status.json()["waiting"]["runs"], 0, "{}", status.stdout);
}

#[test]
fn a_store_that_is_away_changes_no_verdict_and_the_run_is_sent_by_the_next() {
    let database = Database::new(&[]);
    let (shop, faults) = behind(&database);
    shop.check(&[]).exits(0);
    for (number, mode) in [Mode::Refuse, Mode::HANG, Mode::RESET, Mode::Garbage].into_iter().enumerate() {
        faults.set(mode);
        let run = shop.check(&[]).exits(3).says("the next run here that reaches the shared store sends it");
        assert_eq!(run.verdict("sizes"), "pass", "{mode:?}");
        let reason = run.json()["exit_reason"].as_str().unwrap();
        assert!(reason.contains("the run was not remembered"), "{reason}");
        shop.bytes("a.txt", &[b'x'; 2000]);
        let run = shop.check(&[]).exits(1);
        assert_eq!(run.verdict("sizes"), "fail", "{mode:?}");
        shop.file("a.txt", "a");
        let waiting = shop.run(&["store", "status", "--format", "json"]).exits(3);
        assert_eq!(waiting.json()["waiting"]["runs"], 2 * (number + 1));
        assert!(waiting.json()["waiting"]["since"].is_string(), "{}", waiting.stdout);
    }
    faults.set(Mode::Forward);
    shop.check(&[]).exits(0);
    assert_eq!(runs(&database), "10");
}

#[test]
fn what_needs_the_past_is_unknown_while_the_past_is_away() {
    let database = Database::new(&[]);
    let (shop, faults) = behind(&database);
    with_a_past(&shop);
    shop.file("b.txt", "bbb");
    shop.check(&[]);
    shop.check(&[]).exits(0);
    faults.set(Mode::Refuse);
    // Gone since the run before, which is in the copy and may not be the last.
    std::fs::remove_file(shop.at("b.txt")).unwrap();
    let run = shop.check(&[]).exits(3).says("the copy here is of");
    assert_eq!(run.verdict("sizes"), "pass");
    assert_eq!(run.verdict("none-vanished"), "unknown");
    assert_eq!(run.cause("none-vanished"), "no-history");
    assert!(run.finding("none-vanished")["message"].as_str().unwrap().contains("cannot be reached"));
    assert_eq!((run.verdict("grows"), run.cause("grows")), ("unknown", "no-history"));
    assert!(
        run.finding("grows")["message"].as_str().unwrap().contains("cannot be reached"),
        "{}",
        run.stdout
    );
    faults.set(Mode::Forward);
    let run = shop.check(&[]).exits(0);
    assert_eq!(run.verdict("none-vanished"), "pass", "the run that waited saw it go: {}", run.stdout);
    assert_eq!(runs(&database), "4");
}

#[test]
fn how_long_a_rule_has_held_is_judged_by_what_is_here() {
    let database = Database::new(&[]);
    let (shop, faults) = behind(&database);
    shop.policy(
        "held",
        "target: { type: host }\nseverity: high\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/*.txt'] } } }\n\
         each: files\nexpect: some\nfail: size > 1.KiB\nmessage: \"{{ set }} holds {{ size }}\"\n\
         alert: { urgency: ticket, for: 10m, context: [size] }\n",
    );
    shop.check(&["--policy", "held"]).exits(0);
    shop.bytes("a.txt", &[b'x'; 2000]);
    let run = shop.check(&["--policy", "held"]).exits(0);
    assert_eq!(run.verdict("held"), "warn", "it did not hold a moment ago");
    faults.set(Mode::Refuse);
    let run = shop.check(&["--policy", "held"]).exits(3);
    assert_eq!(run.verdict("held"), "warn", "the sample in which it did not hold is in the copy");
    let (fresh, broken) = behind(&database);
    let text = std::fs::read_to_string(shop.at("policies/held.yaml")).unwrap();
    fresh.file("policies/held.yaml", &text.replace(&shop.path().display().to_string(), "@SHOP@"));
    fresh.bytes("a.txt", &[b'x'; 2000]);
    std::fs::remove_file(fresh.at("policies/sizes.yaml")).unwrap();
    broken.set(Mode::Refuse);
    let run = fresh.check(&[]).exits(1);
    assert_eq!(run.verdict("held"), "fail", "without a copy it is judged as if it had held");
}

#[test]
fn what_is_read_while_the_log_is_away_is_the_copy_and_says_so() {
    let database = Database::new(&[]);
    let (shop, faults) = behind(&database);
    shop.check(&[]).exits(0);
    listed(&shop);
    faults.set(Mode::Refuse);
    let run = shop.run(&["history"]).exits(0).says("later runs are not in it");
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
    let (fresh, broken) = behind(&database);
    broken.set(Mode::Refuse);
    fresh.run(&["history"]).exits(2).says("there is no copy of it here yet");
}

#[test]
fn a_wrong_password_is_told_and_never_shown() {
    let database = Database::new(&[]);
    let mut shop = machine(&database);
    shop.env("STORE_PASSWORD", "hunter2-hunter2");
    let run = shop.check(&[]).exits(3).says("refuses the login");
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("hunter2"));
    assert_eq!(run.verdict("sizes"), "pass");
    shop.env("STORE_PASSWORD", "");
    shop.check(&[]).exits(2).says("the secret of the store cannot be read from environment variable");
}

#[test]
fn a_role_that_may_only_read_judges_with_the_past_and_keeps_its_runs() {
    let database = Database::new(&[]);
    let writer = machine(&database);
    writer.check(&[]).exits(0);
    database.sql("GRANT USAGE ON SCHEMA muster TO muster_plain; GRANT SELECT ON ALL TABLES IN SCHEMA muster TO muster_plain");
    let reader = machine_as(&database, "muster_plain", port(), "");
    let run = reader.check(&[]).exits(3).says("permission denied for table");
    assert_eq!(run.verdict("sizes"), "pass");
    assert_eq!(listed(&reader).len(), 1);
    database.sql("GRANT INSERT ON muster.run, muster.note TO muster_plain");
    reader.check(&[]).exits(0);
    assert_eq!(runs(&database), "3");
}

#[test]
fn a_pooler_in_between_and_tls_change_nothing() {
    let database = Database::new(&[]);
    let pooled = machine_as(&database, "postgres", env("MUSTER_TEST_PGBOUNCER_PORT").parse().unwrap(), "");
    with_a_past(&pooled);
    pooled.check(&[]);
    pooled.check(&[]).exits(0);
    let tls = format!("  tls: {{ ca: {} }}\n", env("MUSTER_TEST_PG_CA"));
    let secure = machine_as(&database, "postgres", port(), &tls);
    secure.check(&[]).exits(0);
    assert_eq!(listed(&secure).len(), 3);
}

#[test]
fn a_store_of_a_newer_muster_or_with_a_damaged_row_changes_no_verdict() {
    let database = Database::new(&[]);
    let shop = machine(&database);
    with_a_past(&shop);
    shop.check(&[]);
    let other = machine(&database);
    other.check(&[]).exits(0);
    database.sql("UPDATE muster.run SET body = substr(body, 2) WHERE seq = 2");
    let run = shop.check(&[]).exits(3).says("run 2 (");
    assert_eq!((run.verdict("sizes"), run.verdict("none-vanished")), ("pass", "unknown"));
    assert_eq!(runs(&database), "3", "sending is not hindered by it");
    database.sql("DELETE FROM muster.run WHERE seq = 2");
    shop.check(&[]).exits(0);
    database.sql(
        "INSERT INTO muster._sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'later', true, '', 0)",
    );
    let run = shop.check(&[]).exits(3).says("is of a newer muster");
    assert_eq!(run.verdict("sizes"), "pass");
}

#[test]
fn old_runs_are_forgotten_in_the_log_and_in_copies() {
    let database = Database::new(&[]);
    let shop = machine_as(&database, "postgres", port(), "  keep: 30d\n");
    shop.check(&[]).exits(0);
    shop.check(&[]).exits(0);
    listed(&shop);
    database.sql("UPDATE muster.run SET started = started - interval '40 days' WHERE seq = 1");
    shop.check(&[]).exits(0);
    assert_eq!(ask(&database, "SELECT string_agg(seq::text, ' ' ORDER BY seq) FROM muster.run"), "2 3");
}

#[test]
fn keys_that_do_not_belong_together_are_refused() {
    let mut shop = Shop::new();
    shop.env("COLUMNS", "2000");
    let refused = |store: &str, words: &str| {
        shop.project(&format!(
            "owner: team\npolicies: [policies/]\ntargets:\n  here: {{ type: host }}\nstore: {store}\n"
        ));
        shop.policy("p", "target: { type: host }\nobserve: { usage: { probe: disk.usage } }\neach: usage\nfail: free < 1.bytes\n");
        shop.run(&["check"]).exits(2).says(words)
    };
    refused("{ keep: 9d }", "neither `path` nor `url`");
    refused("{ path: a.db, schema: x }", "`schema` is for a store with `url`");
    refused("{ url: \"mysql://a@b/c\" }", "is not the address of a `postgres`");
    refused("{ url: \"postgres://a@b/c\", schema: pg_x }", "cannot be the name of a schema");
    let run = refused("{ url: \"postgres://a:hunter2@b/c\" }", "the address holds a password");
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    let run = refused("{ url: \"postgres://a@b/c\", password: hunter2 }", "a secret stands in plain text");
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    refused(
        "{ url: \"postgres://a@b/c\", password: { env: NOT_SET_HERE } }",
        "the secret of the store cannot be read",
    );
}

#[test]
fn runs_are_carried_to_another_store_each_once_whatever_the_order() {
    let (one, two) = (Database::new(&[]), Database::new(&[]));
    let (a, b) = (machine(&one), machine(&two));
    a.run(&["store", "export", "a.muster"]).exits(4);
    for _ in 0..3 {
        a.check(&[]).exits(0);
    }
    b.bytes("a.txt", &[b'x'; 2000]).check(&[]).exits(1);
    a.run(&["store", "export", "a.muster"]).exits(0).says("3 runs written");
    b.run(&["store", "export", "b.muster"]).exits(0).says("1 runs written");
    let (from_a, from_b) = (a.at("a.muster").display().to_string(), b.at("b.muster").display().to_string());
    for _ in 0..2 {
        a.run(&["store", "import", &from_b, &from_a]).exits(0);
        b.run(&["store", "import", &from_a]).exits(0);
    }
    assert_eq!((runs(&one), runs(&two)), ("4".to_owned(), "4".to_owned()));
    assert_eq!((listed(&a).len(), listed(&b).len()), (4, 4));
    let whole = std::fs::read(&from_a).unwrap();
    for (number, cut) in [0, 5, whole.len() / 2, whole.len() - 1].into_iter().enumerate() {
        let name = format!("cut{number}.muster");
        b.bytes(&name, &whole[..cut]);
        b.run(&["store", "import", &name]).exits(2).says("nothing was taken in");
    }
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    b.bytes("changed.muster", &changed);
    b.run(&["store", "import", &from_a, "changed.muster"]).exits(2).says("it was changed");
    b.run(&["store", "import", "nowhere"]).exits(2).says("No such file");
}

#[test]
fn what_is_pruned_by_hand_is_gone_in_every_copy() {
    let database = Database::new(&[]);
    let (a, b) = (machine(&database), machine(&database));
    a.run(&["store", "status"]).exits(4);
    for _ in 0..3 {
        a.check(&[]).exits(0);
    }
    assert_eq!((listed(&a).len(), listed(&b).len()), (3, 3));
    a.run(&["store", "prune"]).exits(2).says("nothing says how long runs are kept");
    a.run(&["store", "prune", "--before", "soon"]).exits(2).says("is not a time");
    let last = listed(&a)[0]["started"].as_str().unwrap().to_owned();
    let run = a.run(&["store", "prune", "--before", &last, "--dry-run"]).exits(0);
    assert!(
        run.stdout.starts_with("2 runs") && run.stdout.contains("would be forgotten, 1 are left"),
        "{}",
        run.stdout
    );
    assert_eq!(runs(&database), "3");
    a.run(&["store", "prune", "--before", &last]).exits(0);
    assert_eq!(runs(&database), "1");
    assert_eq!((listed(&a).len(), listed(&b).len()), (1, 1));
    let status = a.run(&["store", "status"]).exits(0);
    for part in ["runs     1,", "copy     ", "waiting  nothing", "schema muster"] {
        assert!(status.stdout.contains(part), "{part}: {}", status.stdout);
    }
}

#[test]
fn a_store_in_a_file_is_told_and_pruned_alike() {
    let shop = Shop::new();
    shop.project(
        "owner: team\npolicies: [policies/]\ntargets:\n  here: { type: host }\nstore: { path: s.db }\n",
    );
    shop.file("a.txt", "a").policy(
        "sizes",
        "target: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/*.txt'] } } }\n\
         each: files\nexpect: some\nfail: size > 1.KiB\n",
    );
    shop.run(&["store", "status"]).exits(4);
    shop.run(&["store", "export", "x"]).exits(4);
    shop.check(&[]).exits(0);
    shop.check(&[]).exits(0);
    let status = shop.run(&["store", "status", "--format", "json"]).exits(0);
    assert_eq!((&status.json()["runs"], &status.json()["kind"]), (&Json::from(2), &Json::from("file")));
    shop.run(&["store", "export", "runs.muster"]).exits(0).says("2 runs written");
    let run = shop.run(&["store", "import", "runs.muster"]).exits(0);
    assert!(run.stdout.starts_with("0 runs taken in, 2 were there"), "{}", run.stdout);
    shop.run(&["store", "prune", "--keep", "9d"]).exits(0);
    let run = shop.run(&["store", "prune", "--before", "2199-01-01T00:00:00Z"]).exits(0);
    assert!(run.stdout.starts_with("2 runs"), "{}", run.stdout);
    shop.run(&["history"]).exits(4);
    let run = shop.run(&["store", "import", "runs.muster"]).exits(0);
    assert!(run.stdout.starts_with("2 runs taken in"), "{}", run.stdout);
    assert_eq!(listed(&shop).len(), 2);
}

#[test]
fn what_a_store_knows_is_the_same_after_it_was_carried() {
    let shop = Shop::new();
    let project =
        "owner: team\npolicies: [policies/]\ntargets:\n  here: { type: host }\nstore: { path: s.db }\n";
    shop.project(project).file("a.txt", "a").policy(
        "sizes",
        "target: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/*.txt'] } } }\n\
         each: files\nexpect: some\nfail: size > 1.KiB\n",
    );
    shop.check(&[]).exits(0);
    shop.bytes("a.txt", &[b'x'; 2000]).check(&[]).exits(1);
    shop.check(&[]).exits(1);
    shop.file("a.txt", "a").check(&[]).exits(0);
    let asked: [&[&str]; 3] = [
        &["history"],
        &["diff", "1", "2"],
        &["history", "here", "file.set", "--fact", "size", "--format", "json"],
    ];
    let ask = || {
        let samples = |run: &crate::harness::Run| run.report.as_ref().map(|json| json["questions"].clone());
        asked.map(|arguments| {
            let run = shop.run(arguments);
            samples(&run).map_or_else(|| run.stdout.clone(), |samples| samples.to_string())
        })
    };
    let before = ask();
    shop.run(&["store", "export", "runs.muster"]).exits(0);
    shop.project(&project.replace("s.db", "other.db"));
    shop.run(&["store", "import", "runs.muster"]).exits(0);
    assert_eq!(ask(), before);
    let again = shop.run(&["store", "export", "again.muster"]).exits(0);
    assert!(again.stderr.contains("4 runs written"), "{}", again.stderr);
    let database = Database::new(&[]);
    let mut other = machine(&database);
    other.env("STORE_PASSWORD", &env("MUSTER_TEST_PG_PASSWORD"));
    other.run(&["store", "import", &shop.at("runs.muster").display().to_string()]).exits(0);
    assert_eq!(listed(&other).len(), 4);
    assert_eq!(other.run(&["diff", "1", "2"]).stdout, before[1]);
}

#[test]
fn runs_are_kept_as_long_as_the_longest_of_their_tiers() {
    let database = Database::new(&[]);
    let shop = machine_as(&database, "postgres", port(), "  keep: { continuous: 10d, daily: 100d }\n");
    shop.policy(
        "often",
        "tier: continuous\ntarget: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/*.txt'] } } }\n\
         each: files\nexpect: some\nfail: size > 1.KiB\n",
    );
    shop.check(&["--tier", "continuous"]).exits(0);
    shop.check(&["--tier", "daily"]).exits(0);
    shop.check(&[]).exits(0);
    // Packed runs tell their own time, so the copy is made older.
    listed(&shop);
    let copy = std::fs::read_dir(shop.at(".cache/muster/stores")).unwrap().map(|entry| entry.unwrap().path());
    let copy = copy.into_iter().find(|path| path.extension().is_some_and(|end| end == "db")).unwrap();
    let old = |days: i64| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            use sqlx::Connection;
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&copy);
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            let set = sqlx::query("UPDATE run SET started = started - ?").bind(days * 86_400_000_000);
            set.execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    };
    let numbers = || ask(&database, "SELECT string_agg(seq::text, ' ' ORDER BY seq) FROM muster.run");
    old(20);
    let run = shop.run(&["store", "prune", "--dry-run"]).exits(0);
    assert!(run.stdout.starts_with("1 runs") && run.stdout.ends_with("2 are left\n"), "{}", run.stdout);
    assert_eq!(numbers(), "1 2 3");
    shop.run(&["store", "prune"]).exits(0);
    assert_eq!(numbers(), "2 3");
    old(90);
    shop.run(&["store", "prune"]).exits(0);
    assert_eq!(numbers(), "");
}
