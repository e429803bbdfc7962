//! The fourteen policies that operators asked for first, as they stand in `fixtures/operators`: in the language alone,
//! each with cases, and bound by a project.

use std::collections::BTreeSet;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::harness::{Run, Shop, in_days};
use crate::policies_postgres::{Database, psql, shared};
use crate::remedy::about;
use crate::trial::{done, env};

const ASKED_FOR: [&str; 14] = [
    "access-review",
    "alert-routes",
    "backup-age-and-size",
    "certificate-fleet",
    "counts-before-and-after",
    "crontab-lines",
    "dead-tuples-that-matter",
    "disk-full-within-two-weeks",
    "login-journey",
    "replication-lag",
    "rows-against-files",
    "secret-age",
    "three-two-one",
    "transaction-age-with-its-cause",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/operators")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

/// The project as it stands, in a folder of its own, with what its commands print.
fn shop(prints: &[(&str, Json)]) -> Shop {
    let shop = Shop::new();
    for file in std::fs::read_dir(folder()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        // A waiver ends some day, and the test does not.
        shop.file(&name, &text(&name).replace("expires: 2027-03-31", &format!("expires: {}", in_days(100))));
    }
    for (name, json) in prints {
        shop.file(&format!("{name}.json"), &json.to_string());
    }
    shop
}

#[test]
fn all_of_them_stand_with_cases_that_pass() {
    let shop = Shop::new();
    let place = folder().display().to_string();
    let run = shop.run(&["test", &place, "--format", "json"]).exits(0);
    let mut names = BTreeSet::new();
    for one in run.json()["cases"].as_array().unwrap() {
        names.insert(one["policy"].as_str().unwrap());
    }
    assert_eq!(names, BTreeSet::from(ASKED_FOR), "{}", run.stdout);
}

#[test]
fn each_has_cases_beyond_pass_and_fail_and_none_has_a_script() {
    for name in ASKED_FOR {
        let policy = text(&format!("{name}.yaml"));
        assert!(!policy.contains("script:"), "{name}");
        let cases = text(&format!("{name}.cases.yaml"));
        let number = cases.lines().filter(|line| line.starts_with("  - name: ")).count();
        assert!(number >= 6, "{name}: {number} cases");
        for wanted in ["findings: []", "verdict: fail", "verdict: unknown", "missing: "] {
            assert!(cases.contains(wanted), "{name} has no case with `{wanted}`");
        }
        if policy.contains("history: {") || policy.contains("before: ") {
            assert!(cases.contains("cause: no-history"), "{name} has no case of its first run");
        }
        if policy.contains("during(") {
            assert!(cases.contains("during: ["), "{name} is never judged within hours");
        }
    }
}

#[test]
fn they_and_their_project_lint_clean() {
    let run = shop(&[]).run(&["lint"]).exits(0);
    assert!(run.stdout.contains("14 policies: nothing found"), "{}{}", run.stdout, run.stderr);
}

/// Certificates by how many days they have left.
fn fleet(days: &[(&str, i64)]) -> Json {
    let one = |(name, days): &(&str, i64)| serde_json::json!({ "name": name, "not_after": format!("{}T00:00:00Z", in_days(*days)), "issuer": "R11" });
    let named: Vec<String> = (days.len()..40).map(|number| format!("shop-{number:02}.example.org")).collect();
    let rest: Vec<(&str, i64)> = named.iter().map(|name| (name.as_str(), 60)).collect();
    days.iter().chain(&rest).map(one).collect()
}

fn judged(days: &[(&str, i64)]) -> Run {
    let run = shop(&[("fleet", fleet(days))]).check(&["--policy", "certificate-fleet"]);
    assert_eq!(run.check_of("certificate-fleet")["rows"], 40, "{}", run.stdout);
    run
}

#[test]
fn forty_certificates_with_two_exceptions() {
    let excepted = [("legacy.example.org", 7), ("a.partner.example.org", 5)];
    let run = judged(&excepted).exits(0);
    assert_eq!(run.verdict("certificate-fleet"), "pass");
    // An exception is no licence: beyond its own limit it fails, and names who set that.
    let run =
        judged(&[("legacy.example.org", 4), ("a.partner.example.org", 5), ("shop.example.org", 7)]).exits(1);
    assert_eq!(run.findings().len(), 2, "{}", run.stdout);
    for (subject, limit, layer) in
        [("legacy.example.org", "5d", "subject"), ("shop.example.org", "21d", "policy")]
    {
        let finding = about(&run, "certificate-fleet", subject);
        assert_eq!(finding["verdict"], "fail");
        let operands = finding["operands"].as_array().unwrap();
        let set = operands.iter().find(|one| one["text"] == "params.least").unwrap();
        assert_eq!((&set["shown"], &set["origin"]["layer"]), (&limit.into(), &layer.into()), "{set:#}");
    }
}

#[test]
fn a_waiver_covers_one_secret_and_shows_it() {
    let changed = |days: i64| format!("{}T00:00:00Z", in_days(-days));
    let secret = |name: &str, days: i64| serde_json::json!({ "name": name, "changed": changed(days), "created": changed(900) });
    let secrets = |other: i64| Json::from(vec![secret("mainframe-ftp", 200), secret("shop-db", other)]);
    let run = shop(&[("secrets", secrets(10))]).check(&["--policy", "secret-age"]).exits(0);
    let waived = about(&run, "secret-age", "mainframe-ftp");
    assert_eq!((&waived["verdict"], &waived["beneath"]), (&"waived".into(), &"fail".into()), "{waived:#}");
    let run = shop(&[("secrets", secrets(100))]).check(&["--policy", "secret-age"]).exits(1);
    assert_eq!(about(&run, "secret-age", "shop-db")["verdict"], "fail");
}

/// What the commands print of a shop in which all is well.
fn healthy() -> Vec<(&'static str, Json)> {
    let backup = |database: &str, day: i64| serde_json::json!({ "id": format!("{day}"), "database": database, "finished_at": format!("{}T00:00:00Z", in_days(day)), "size": 5_000 });
    let line = |line: &str| serde_json::json!({ "line": line, "user": "shop", "command": "x" });
    vec![
        (
            "backups",
            ["shop", "billing"].iter().flat_map(|one| (-3..=0).map(|day| backup(one, day))).collect(),
        ),
        (
            "crontab",
            vec![line("0 3 * * * /usr/local/bin/backup shop"), line("*/5 * * * * /usr/local/bin/outbox")]
                .into(),
        ),
        (
            "alert-rules",
            serde_json::json!([{ "alert": "Lag", "team": "data", "severity": "page" }, { "alert": "Bloat", "team": "data", "severity": null }]),
        ),
        (
            "alert-routes",
            serde_json::json!([{ "team": "data", "receiver": "data-oncall", "integrations": 1 }]),
        ),
        ("uploads", serde_json::json!([{ "path": "/up/a", "size": 10 }])),
        (
            "approved",
            serde_json::json!([{ "role": "postgres", "superuser": true, "ends": null, "by": "ann" }]),
        ),
    ]
}

/// With what one command prints instead.
fn with(name: &str, json: Json) -> Vec<(&'static str, Json)> {
    let mut all = healthy();
    let one = all.iter_mut().find(|(known, _)| *known == name).unwrap();
    one.1 = json;
    all
}

#[test]
fn what_commands_print_is_judged_as_in_the_cases() {
    for (policy, command, broken, said) in [
        (
            "backup-age-and-size",
            "backups",
            serde_json::json!([{ "id": "a", "database": "shop", "finished_at": null, "size": null }]),
            "no backup of shop was ever finished",
        ),
        (
            "crontab-lines",
            "crontab",
            serde_json::json!([{ "line": "* * * * * /tmp/x", "user": "www", "command": "/tmp/x" }]),
            "nobody agreed to `* * * * * /tmp/x` of www",
        ),
        (
            "alert-routes",
            "alert-routes",
            serde_json::json!([{ "team": "data", "receiver": null, "integrations": 0 }]),
            "the route of data ends nowhere: Bloat, Lag",
        ),
    ] {
        let run = shop(&healthy()).check(&["--policy", policy]).exits(0);
        assert_eq!(run.verdict(policy), "pass", "{}", run.stdout);
        let run = shop(&with(command, broken)).check(&["--policy", policy]).exits(1);
        assert!(run.findings().iter().any(|one| one["message"] == said), "{said}\n{}", run.stdout);
        let run = shop(&with(command, Json::Null)).check(&["--policy", policy]);
        assert_ne!(run.verdict(policy), "pass", "{}", run.stdout);
    }
}

#[test]
fn rows_of_a_real_file_are_compared_with_a_listing() {
    let shop = shop(&healthy());
    let sql = "CREATE TABLE uploads (path TEXT, size INT, deleted_at TEXT);
        INSERT INTO uploads VALUES ('/up/a', 10, NULL), ('/up/b', 10, '2026-01-01')";
    done(std::process::Command::new("sqlite3").arg(shop.at("shop.db")).arg(sql));
    let check = || shop.check(&["--policy", "rows-against-files"]);
    assert_eq!(check().exits(0).verdict("rows-against-files"), "pass");
    shop.file("uploads.json", "[]");
    assert_eq!(check().exits(1).verdict_of("rows-against-files", "/up/a"), "fail");
}

#[test]
fn their_queries_are_those_of_a_real_server() {
    let tables = ["orders", "payments", "carts"].map(|name| {
        format!("CREATE TABLE {name} AS SELECT generate_series(1, 500) AS id; GRANT SELECT ON {name} TO muster_full")
    });
    let database = Database::new(&tables.each_ref().map(String::as_str));
    let mut shop = shop(&healthy());
    let url = format!("postgres://muster_full@127.0.0.1:{}/{}", env("MUSTER_TEST_PG_PORT"), database.name());
    let stood = "url: \"postgres://watcher@db.internal:5432/shop\"";
    let project = text("muster.yaml");
    assert!(project.contains(stood));
    shop.file("muster.yaml", &project.replace(stood, &format!("url: '{url}', password: {{ env: SECRET }}")));
    shop.env("SECRET", &env("MUSTER_TEST_PG_PASSWORD"));
    let check = |policy: &str| shop.check(&["--policy", policy, "--target", "shop-db"]);

    assert_eq!(check("transaction-age-with-its-cause").verdict("transaction-age-with-its-cause"), "pass");
    horizon(&database);
    let large = shop.check(&["--policy", "dead-tuples-that-matter", "--set", "large=1B"]);
    assert_eq!(large.check_of("dead-tuples-that-matter")["rows"], 3, "{}", large.stdout);
    let gone = about(&check("replication-lag").exits(1), "replication-lag", "standby-a");
    assert_eq!(gone["message"], "`standby-a` is expected and was not found");
    let unknown = about(&check("access-review").exits(1), "access-review", "muster_full");
    assert_eq!(unknown["remedy"][0]["text"], "ALTER ROLE muster_full NOLOGIN;");

    let counts = "counts-before-and-after";
    assert_eq!(check(counts).exits(3).cause(counts), "no-history");
    assert_eq!(check(counts).exits(0).verdict(counts), "pass");
    shared(database.name(), "DELETE FROM orders WHERE id = 7");
    let lost = about(&check(counts).exits(1), counts, "public.orders");
    assert_eq!(lost["message"], "public.orders is append-only, and has 499 rows of 500");
}

/// Who holds the horizon, by the query of the policy: a writer that is idle, and never the session that asks.
fn horizon(database: &Database) {
    let policy = text("transaction-age-with-its-cause.yaml");
    let sql: String = policy
        .lines()
        .skip_while(|line| !line.contains("WITH held"))
        .take_while(|line| !line.contains("SELECT (SELECT"))
        .collect();
    let mut writer = psql(database.name(), "");
    let mut writer = std::process::Command::new(writer.get_program())
        .args(writer.get_args().take_while(|word| *word != "-c"))
        .envs(writer.env("PGAPPNAME", "writer").get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = writer.stdin.take().unwrap();
    writeln!(to, "BEGIN; INSERT INTO carts VALUES (0); SELECT pg_backend_pid();").unwrap();
    let mut pid = String::new();
    std::io::BufReader::new(writer.stdout.take().unwrap()).read_line(&mut pid).unwrap();
    let ask = format!(
        "{sql} SELECT count(*) FILTER (WHERE holder = '{}'), count(*) FILTER (WHERE holder = pg_backend_pid()::text) FROM held WHERE kind = 'session' AND age IS NOT NULL",
        pid.trim()
    );
    let told = psql(database.name(), &ask).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&told.stdout).trim(),
        "1|0",
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    drop(to);
    writer.wait().unwrap();
}

#[test]
fn what_a_command_printed_before_it_broke_off_is_no_pass() {
    let ends = format!("{}T00:00:00Z", in_days(60));
    let fleet = serde_json::json!([{ "name": "a", "not_after": ends, "issuer": "R11" }]);
    let shop = shop(&[("fleet", fleet)]);
    for (end, said) in [("exit 1", "exit status 1"), ("kill -9 $$", "signal 9")] {
        let project =
            text("muster.yaml").replace("[cat, fleet.json]", &format!("[sh, -c, 'cat fleet.json; {end}']"));
        shop.file("muster.yaml", &project);
        let run = shop.check(&["--policy", "certificate-fleet"]).exits(3);
        assert_eq!(run.cause("certificate-fleet"), "incomplete");
        assert!(
            run.finding("certificate-fleet")["message"].as_str().unwrap().contains(said),
            "{}",
            run.stdout
        );
    }
}
