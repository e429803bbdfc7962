//! The fourteen policies that operators asked for first, as they stand in `fixtures/operators`: in the language alone,
//! each with cases, and bound by a project.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::harness::{Run, Shop, in_days};
use crate::remedy::about;

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
