//! The commands beside `check`: lint, explain, probe, doctor, init, new, waive, schema, completions.

use serde_json::Value as Json;

use crate::harness::{Run, Shop};

const HOST: &str = "owner: team\npolicies: [policies/]\ntargets:\n  here: { type: host }\n";
const DISK: &str =
    "target: { type: host }\nobserve: { usage: { probe: disk.usage, with: { path: / } } }\neach: usage\n";

/// A shop with one good policy.
fn shop() -> Shop {
    let shop = Shop::new();
    shop.project(HOST).policy("disk", &format!("{DISK}fail: free < 1.bytes\n"));
    shop
}

fn read(shop: &Shop, path: &str) -> String {
    std::fs::read_to_string(shop.at(path)).unwrap()
}

/// Names of everything in the shop's folder, without hidden files.
fn names(shop: &Shop) -> Vec<String> {
    let entries = std::fs::read_dir(shop.path()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn codes(run: &Run) -> Vec<&str> {
    run.json()["diagnostics"].as_array().unwrap().iter().map(|diag| diag["code"].as_str().unwrap()).collect()
}

// lint

#[test]
fn lint_finds_nothing_in_what_is_good() {
    let run = shop().run(&["lint"]).exits(0);
    assert!(run.stdout.contains("1 policy: nothing found"), "{}", run.stdout);
}

#[test]
fn lint_warns_and_exits_0() {
    let shop = shop();
    shop.project(&format!(
        "{HOST}waivers:\n  - {{ policy: '*', reason: todo, owner: team, ticket: T-1, expires: 2020-01-01 }}\n"
    ));
    shop.policy("idle", &format!("params: {{ limit: 90% }}\n{DISK}fail: used_ratio > 95.percent\n"));
    let run = shop.run(&["lint", "--format", "json"]).exits(0);
    let mut found = codes(&run);
    found.sort_unstable();
    assert_eq!(found, ["unused-param", "waiver-expired", "waiver-reason", "waiver-wide"]);
}

#[test]
fn lint_refuses_and_exits_2_and_so_does_check() {
    let shop = shop();
    shop.policy("turned", &format!("{DISK}fail: used_ratio > 80.percent\nwarn: used_ratio > 90.percent\n"));
    let run = shop.run(&["lint", "--format", "json"]).exits(2);
    assert_eq!(codes(&run), ["inverted-rungs"]);
    shop.run(&["check"]).exits(2).says("inverted-rungs");
    let going = shop.check(&["--keep-going"]).exits(3);
    assert_eq!((going.verdict("turned"), going.verdict("disk")), ("unknown", "pass"));
}

#[test]
fn a_condition_that_can_never_hold_is_no_pass() {
    let shop = shop();
    shop.policy("never", &format!("{DISK}fail: used_ratio > 1.percent && 1 > 2\n"));
    shop.run(&["check"]).exits(2).says("constant-condition");
}

#[test]
fn lint_sees_names_that_do_not_exist() {
    let shop = shop();
    shop.project(&format!("{HOST}overrides:\n  - {{ policy: dissk, set: {{ severity: low }} }}\n"));
    let run = shop.run(&["lint", "--format", "json"]).exits(2);
    assert_eq!(codes(&run), ["unknown-name"]);
    Shop::new().run(&["lint"]).exits(2).says("no policy was named");
}

// explain

#[test]
fn explain_shows_a_policy_whole() {
    let shop = shop();
    shop.policy(
        "full",
        &format!(
            "{DISK}params: {{ fail_at: {{ default: 90%, at_most: 95%, why: df is slow beyond }} }}\n\
             fail: used_ratio > params.fail_at\nmessage: \"{{{{ path }}}} is full\"\n"
        ),
    );
    let run = shop.run(&["explain", "full"]).exits(0);
    for part in [
        "full · It holds",
        "policies/full.yaml:1:",
        "90% by default",
        "at most 95%",
        "df is slow",
        "disk.usage with path = /",
        "{{ path }} is full",
        "Mend it.",
    ] {
        assert!(run.stdout.contains(part), "{part}\n{}", run.stdout);
    }
}

#[test]
fn explain_knows_every_kind_of_word() {
    let shop = Shop::new();
    for (name, part) in [
        ("postgres.tables", "Arguments"),
        ("inverted-rungs", "a lint"),
        ("unknown-fact", "a code"),
        ("starts_with", "a function"),
        ("ratio", "a type"),
        ("GiB", "a unit"),
        ("host", "a type of target"),
        ("denied", "a cause"),
        ("disk-space", "builtin:"),
    ] {
        let run = shop.run(&["explain", name]).exits(0);
        assert!(run.stdout.contains(part), "{name}\n{}", run.stdout);
    }
    shop.run(&["explain", "postgres.tabels"]).exits(2).says("did you mean `postgres.tables`?");
    shop.run(&["explain", "disk-spcae"]).exits(2).says("did you mean `disk-space`?");
}

#[test]
fn explain_of_a_broken_policy_says_what_is_wrong() {
    let shop = shop();
    shop.policy("broken", &format!("{DISK}fail: used_ratoi > 1.percent\n"));
    shop.run(&["explain", "broken"]).exits(2).says("used_ratoi");
    shop.run(&["explain", "disk.usage"]).exits(0);
}

// probe

#[test]
fn probe_shows_facts() {
    let shop = Shop::new();
    shop.file("a.txt", "hello");
    let path = shop.at("a.txt").display().to_string();
    let run = shop.run(&["probe", "file.stat", "--with", &format!("path={path}")]).exits(0);
    assert!(run.stdout.contains("5 B") && run.stdout.contains("1 row"), "{}", run.stdout);
    let run = shop
        .run(&["probe", "file.stat", "--format", "json", "--with", &format!("paths=[{path}, /none]")])
        .exits(0);
    assert_eq!(run.json()["observation"]["table"]["rows"].as_array().unwrap().len(), 2);
}

#[test]
fn probe_says_unknown_with_3() {
    let run = Shop::new().run(&["probe", "tcp.port", "--target", "sqlite:none.db"]).exits(2);
    assert!(run.stderr.contains("cannot ask"), "{}", run.stderr);
    let run = Shop::new().run(&["probe", "sqlite.database", "--target", "sqlite:none.db"]).exits(3);
    assert!(run.stdout.contains("unknown"), "{}", run.stdout);
}

#[test]
fn probe_compares_with_a_second_target() {
    let shop = Shop::new();
    let sql = |file: &str, sql: &str| {
        std::fs::create_dir_all(shop.at(file).parent().unwrap()).unwrap();
        crate::trial::done(std::process::Command::new("sqlite3").arg("-bail").arg(shop.at(file)).arg(sql));
    };
    let table = "CREATE TABLE orders (id INTEGER PRIMARY KEY); INSERT INTO orders VALUES (1), (2);";
    // Both files have one name.
    sql("a/shop.db", table);
    sql("b/shop.db", table);
    sql("b/shop.db", "DELETE FROM orders WHERE id = 2");
    let compare = |more: &[&str]| {
        let all = [&["probe", "data.compare", "--format", "json"], more].concat();
        shop.run(&all)
    };
    let missing = |run: &Run| {
        let observation = run.json()["observation"].to_string();
        observation.contains("\"missing\"").then_some(observation)
    };
    let run = compare(&["--target", "sqlite:b/shop.db", "--with", "source=sqlite:a/shop.db"]).exits(0);
    assert!(missing(&run).is_some(), "{}", run.stdout);
    let human = shop
        .run(&["probe", "data.compare", "--target", "sqlite:b/shop.db", "--with", "source=sqlite:a/shop.db"])
        .exits(0);
    assert!(human.stdout.contains("orders"), "{}", human.stdout);
    compare(&["--target", "sqlite:b/shop.db"]).exits(2).says("--with source=TARGET");
    compare(&["--target", "sqlite:b/shop.db", "--with", "source=sqlite:b/shop.db"]).exits(3);
    compare(&["--target", "sqlite:b/shop.db", "--with", "source=nobody"])
        .exits(2)
        .says("there is no target `nobody`");
    // By the move of the project, with its names.
    sql("b/shop.db", "ALTER TABLE orders RENAME TO sales; INSERT INTO sales VALUES (2)");
    shop.project("owner: team\ntargets:\n  old: { type: sqlite, path: a/shop.db }\n  new: { type: sqlite, path: b/shop.db }\n  other: { type: sqlite, path: a/shop.db }\ngate: { moves: { new: { from: old, tables: { orders: sales } } } }\n");
    let run = compare(&["--target", "new"]).exits(0);
    assert!(run.stdout.contains("sales") && run.stdout.contains("\"orders\""), "{}", run.stdout);
    // Another source is no source of the move, and has its own names.
    let run = compare(&["--target", "new", "--with", "source=other"]).exits(0);
    let rows = run.json()["observation"]["table"]["rows"].as_array().map(Vec::len);
    assert_eq!(rows, Some(2), "{}", run.stdout);
    compare(&["--target", "new", "--with", "source=new"]).exits(2).says("the target itself");
}

#[test]
fn a_bucket_is_named_by_its_address() {
    let mut shop = Shop::new();
    crate::trial::done(
        std::process::Command::new("sqlite3")
            .arg(shop.at("shop.db"))
            .arg("CREATE TABLE uploads (path); INSERT INTO uploads VALUES ('no-such-object')"),
    );
    let ask = |shop: &Shop, bucket: &str| {
        let bucket = format!("bucket={bucket}");
        shop.run(&[
            "probe",
            "data.files",
            "--target",
            "sqlite:shop.db",
            "--with",
            "sql=SELECT path FROM uploads",
            "--with",
            &bucket,
            "--with",
            "method=lookups",
        ])
    };
    shop.env(
        "AWS_ENDPOINT_URL_S3",
        &format!("http://127.0.0.1:{}", crate::trial::env("MUSTER_TEST_S3_PORT")),
    );
    shop.env("AWS_ACCESS_KEY_ID", "S3RVER");
    ask(&shop, "s3://uploads").exits(2).says("only one is set");
    shop.env("AWS_SECRET_ACCESS_KEY", "S3RVER");
    let run = ask(&shop, "s3://uploads/nothing-below").exits(0);
    assert!(run.stdout.contains("no-such-object"), "{}", run.stdout);
    assert!(ask(&shop, "s3://no-such-bucket").exits(3).stdout.contains("no bucket"));
    ask(&shop, "s3://").exits(2).says("names no bucket");
    shop.env("AWS_SESSION_TOKEN", "x");
    ask(&shop, "s3://uploads").exits(2).says("AWS_SESSION_TOKEN");
}

#[test]
fn probe_declares_facts_of_a_query() {
    let shop = Shop::new();
    sqlite(&shop, "CREATE TABLE t (id INTEGER, note TEXT); INSERT INTO t VALUES (1, 'a'), (2, NULL)");
    let sql = "sql=SELECT id, note FROM t";
    let ask = |facts: &[&str]| {
        let mut all = vec![
            "probe",
            "sqlite.query",
            "--target",
            "sqlite:shop.db",
            "--with",
            sql,
            "--key",
            "id",
            "--fact",
            "id=int",
        ];
        all.extend(facts);
        shop.run(&all)
    };
    let run = ask(&["--fact", "note=text?"]).exits(0);
    assert!(run.stdout.contains("2 rows"), "{}", run.stdout);
    ask(&["--fact", "note=text"]).exits(3);
    ask(&["--fact", "note=txet"]).exits(2).says("did you mean `text`?");
    ask(&["--fact", "note"]).exits(2).says("has no type");
}

#[test]
fn probe_refuses_what_does_not_fit() {
    let shop = Shop::new();
    shop.run(&["probe", "disk.usgae"]).exits(2).says("did you mean `disk.usage`?");
    shop.run(&["probe", "disk.usage", "--with", "pth=/"]).exits(2).says("did you mean `path`?");
    shop.run(&["probe", "disk.usage", "--with", "path"]).exits(2).says("has no value");
    shop.run(&["probe", "disk.usage", "--fact", "a=int"]).exits(2).says("are fixed");
    shop.run(&["probe", "postgres.tables"]).exits(2).says("--target");
    shop.run(&["probe", "command.output"]).exits(2).says("--with command=");
    let write = [
        "probe",
        "sqlite.query",
        "--target",
        "sqlite:a.db",
        "--fact",
        "a=int",
        "--with",
        "sql=DELETE FROM a",
    ];
    shop.run(&write).exits(2).says("looking must change nothing");
}

// doctor

fn sqlite(shop: &Shop, sql: &str) {
    let made = std::process::Command::new("sqlite3").arg(shop.at("shop.db")).arg(sql).status().unwrap();
    assert!(made.success());
}

#[test]
fn doctor_is_content_with_what_it_can_see() {
    let shop = Shop::new();
    sqlite(&shop, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    shop.project("targets:\n  shop: { type: sqlite, path: shop.db }\n");
    let run = shop.run(&["doctor"]).exits(0);
    for part in ["shop (sqlite): reachable", "sqlite.database: all", "sqlite.query: needs arguments"] {
        assert!(run.stdout.contains(part), "{part}\n{}", run.stdout);
    }
}

#[test]
fn doctor_names_what_is_dead_once() {
    let shop = Shop::new();
    shop.project("targets:\n  shop: { type: sqlite, path: none.db }\n  here: { type: host }\n");
    let run = shop.run(&["doctor", "--target", "shop"]).exits(3);
    assert!(run.stdout.contains("shop (sqlite): not reachable"), "{}", run.stdout);
    assert!(!run.stdout.contains("here"), "{}", run.stdout);
    shop.run(&["doctor", "--target", "shpo"]).exits(2).says("did you mean `shop`?");
}

#[test]
fn doctor_prints_the_exact_grants() {
    let variable =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name}: start tests/services"));
    let (host, port) = (variable("MUSTER_TEST_PG_HOST"), variable("MUSTER_TEST_PG_PORT"));
    let mut shop = Shop::new();
    shop.env("PW", &variable("MUSTER_TEST_PG_PASSWORD"));
    shop.project(&format!(
        "targets:\n  db: {{ type: postgres, url: 'postgres://muster_plain@{host}:{port}/postgres', password: {{ env: PW }} }}\n"
    ));
    let run = shop.run(&["doctor"]).exits(3);
    assert_eq!(run.stdout.matches("GRANT pg_monitor TO \"muster_plain\";").count(), 1, "{}", run.stdout);
    assert!(run.stdout.contains("db (postgres): reachable"), "{}", run.stdout);
    assert!(!run.stdout.contains(&variable("MUSTER_TEST_PG_PASSWORD")));
}

// init

#[test]
fn init_writes_a_project_that_runs() {
    let shop = Shop::new();
    sqlite(&shop, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    shop.file("not.db", "this is no database");
    let run = shop.run(&["init"]).exits(0);
    assert!(run.stdout.contains("shop (sqlite)") && !run.stdout.contains("not.db"), "{}", run.stdout);
    shop.run(&["lint"]).exits(0);
    let code = shop.check(&[]).code;
    assert!([0, 1, 3].contains(&code), "{code}");
    // What nobody asks yet is seen on the first day.
    let run = shop.run(&["list", "controls", "--uncovered"]).exits(0);
    assert!(run.stdout.contains("uncovered  backup-restored"), "{}", run.stdout);
}

#[test]
fn init_overwrites_nothing() {
    let shop = Shop::new();
    shop.project("owner: me # mine\n");
    let before = read(&shop, "muster.yaml");
    shop.run(&["init"]).exits(2).says("--force");
    assert_eq!(read(&shop, "muster.yaml"), before);
    assert_eq!(names(&shop), ["muster.yaml"]);
    shop.run(&["init", "--force"]).exits(0);
    assert_ne!(read(&shop, "muster.yaml"), before);
}

#[test]
fn init_takes_postgres_from_its_variables() {
    let mut shop = Shop::new();
    shop.env("PGHOST", "db.internal")
        .env("PGUSER", "wat ch")
        .env("PGDATABASE", "shop")
        .env("PGPASSWORD", "s3cr3t-s3cr3t");
    shop.run(&["init"]).exits(0);
    let text = read(&shop, "muster.yaml");
    assert!(text.contains("postgres://wat%20ch@db.internal:5432/shop"), "{text}");
    assert!(text.contains("{ env: PGPASSWORD }") && !text.contains("s3cr3t"), "{text}");
    shop.run(&["lint"]).exits(0);
}

// new

#[test]
fn every_new_policy_passes_its_cases() {
    let shop = Shop::new();
    shop.project("owner: team\ntargets:\n  here: { type: host }\ncommands: { smart: [smartctl], canary-enqueue: [x], canary-finished: [x], canary-clean: [x], last-report: [x] }\n");
    let probes = shop.run(&["list", "probes"]).exits(0).stdout;
    let probes: Vec<&str> = probes.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(probes.len() > 10, "{probes:?}");
    for (index, probe) in probes.iter().enumerate() {
        let id = format!("new-{index}");
        let mut arguments = vec!["new", &id, "--probe", probe];
        if index % 2 == 0 {
            arguments.push("--alert");
        }
        shop.run(&arguments).exits(0);
    }
    let run = shop.run(&["test", "policies/"]).exits(0);
    assert!(run.stdout.contains(" 0 failed") && !run.stdout.contains("without cases"), "{}", run.stdout);
    shop.run(&["lint", "policies/"]).exits(0);
}

#[test]
fn new_writes_both_files_or_none() {
    let shop = shop();
    shop.run(&["new", "Bad Id"]).exits(2).says("cannot be an id");
    shop.run(&["new", "other", "--probe", "disk.usgae"]).exits(2).says("did you mean");
    shop.run(&["new", "disk"]).exits(2).says("already");
    shop.file("policies/half.cases.yaml", "cases: half\n");
    shop.run(&["new", "half"]).exits(2).says("is there already");
    assert!(!shop.at("policies/half.yaml").exists());
    assert!(!shop.at("policies/other.yaml").exists());
}

// waive

const WAIVE: [&str; 7] =
    ["--reason", "the disk is small: \"we know\"", "--owner", "team", "--ticket", "OPS-1", "--expires"];

fn waive(shop: &Shop, policy: &str, expires: &str, more: &[&str]) -> Run {
    let mut arguments = vec!["waive", policy];
    arguments.extend(&WAIVE);
    arguments.push(expires);
    arguments.extend(more);
    shop.run(&arguments)
}

fn in_days(days: i64) -> String {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    today.checked_add(jiff::Span::new().days(days)).unwrap().to_string()
}

#[test]
fn waive_adds_to_the_file_and_keeps_the_rest() {
    let shop = shop();
    shop.policy("disk", &format!("{DISK}fail: total > 0.bytes\n"));
    shop.project(&format!("# mine\n{HOST}# end\n"));
    let before = read(&shop, "muster.yaml");
    shop.check(&[]).exits(1);
    waive(&shop, "disk", &in_days(30), &["--target", "here", "--subject", "/*"]).exits(0);
    let once = read(&shop, "muster.yaml");
    assert!(once.starts_with(&before), "{once}");
    waive(&shop, "disk", &in_days(40), &[]).exits(0);
    let twice = read(&shop, "muster.yaml");
    assert!(twice.starts_with(&once), "{twice}");
    let run = shop.check(&[]).exits(0);
    assert_eq!(run.verdict("disk"), "waived");
    assert_eq!(names(&shop), ["muster.yaml", "policies"]);
}

#[test]
fn waive_refuses_what_cannot_be_and_changes_nothing() {
    let shop = shop();
    let before = read(&shop, "muster.yaml");
    waive(&shop, "dsik", &in_days(30), &[]).exits(2).says("did you mean `disk`?");
    waive(&shop, "disk", &in_days(-1), &[]).exits(2).says("is past");
    waive(&shop, "disk", "tomorrow", &[]).exits(2).says("is not a day");
    waive(&shop, "disk", &in_days(401), &[]).exits(2).says("further ahead");
    waive(&shop, "disk", &in_days(30), &["--target", "there"]).exits(2).says("no target `there`");
    assert_eq!(read(&shop, "muster.yaml"), before);
    Shop::new().run(&["waive", "disk"]).exits(2);
}

#[test]
fn waive_keeps_links_and_modes() {
    use std::os::unix::fs::PermissionsExt;
    let shop = shop();
    std::fs::rename(shop.at("muster.yaml"), shop.at("real.yaml")).unwrap();
    std::fs::set_permissions(shop.at("real.yaml"), std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.yaml", shop.at("muster.yaml")).unwrap();
    waive(&shop, "disk", &in_days(30), &[]).exits(0);
    assert!(std::fs::symlink_metadata(shop.at("muster.yaml")).unwrap().is_symlink());
    assert!(read(&shop, "real.yaml").contains("OPS-1"));
    let mode = std::fs::metadata(shop.at("real.yaml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

// schema, completions

#[test]
fn schemas_are_printed_and_written() {
    let shop = Shop::new();
    let run = shop.run(&["schema", "policy"]).exits(0);
    assert_eq!(run.json()["title"], "muster policy");
    shop.run(&["schema", "polcy"]).exits(2).says("did you mean `policy`?");
    let listed = shop.run(&["schema"]).exits(0).stdout;
    shop.run(&["schema", "--out", "out/here"]).exits(0);
    let written = std::fs::read_dir(shop.at("out/here")).unwrap().count();
    assert_eq!(listed.lines().count(), written);
    let file: Json = serde_json::from_str(&read(&shop, "out/here/policy.schema.json")).unwrap();
    assert_eq!(&file, run.json());
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = Shop::new().run(&["completions", shell]).exits(0);
        assert!(run.stdout.contains("doctor") && run.stdout.contains("waive"), "{shell}");
    }
    Shop::new().run(&["completions", "tcsh"]).exits(2);
}

#[test]
fn every_command_has_examples_in_its_help() {
    let shop = Shop::new();
    let help = shop.run(&["--help"]).exits(0).stdout;
    let commands = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty());
    let names: Vec<&str> = commands
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(names.len() >= 12, "{names:?}");
    for name in names {
        let help = shop.run(&[name, "--help"]).exits(0).stdout;
        assert!(help.contains("Examples:"), "{name}");
    }
}
