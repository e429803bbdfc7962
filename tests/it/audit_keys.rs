//! Keys and passwords end as certificates do: the report of a week says so before, and evidence says so after.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value as Json;

use crate::audit::at;
use crate::harness::Shop;

const PROJECT: &str = "owner: team\npolicies: [policies/]\nowners: { team: {}, ops: {} }\ntargets: { here: { type: host } }\nstore: { path: .muster/store.db }\n";

/// A shop with a key that has a date, and two runs in July.
fn shop(audit: &str) -> Shop {
    let mut shop = Shop::new();
    shop.env("LD_PRELOAD", "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1").env("TZ", "UTC");
    shop.project(&format!("{PROJECT}audit: {audit}\n"));
    shop.file("logs/big.log", "small").policy(
        "logs",
        "target: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/logs/*.log'] } } }\neach: files\nfail: size > 10.KiB\n",
    );
    let key = shop.at("key.pem");
    let made = Command::new("openssl").args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&key).output();
    assert!(made.unwrap().status.success());
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    for day in ["01", "02"] {
        at(&shop, &format!("2026-07-{day} 02:00:00"), &["check"]).exits(0);
    }
    shop
}

fn outlook(shop: &Shop, time: &str) -> Vec<Json> {
    let report = at(shop, time, &["report", "--since", "60d", "--format", "json"]).exits(0);
    report.json()["outlook"].as_array().unwrap().clone()
}

#[test]
fn the_key_of_evidence_is_told_before_it_ends_with_who_answers_for_it() {
    let shop = shop("{ key: { file: key.pem }, valid_until: 2026-07-31 }");
    assert_eq!(outlook(&shop, "2026-07-01 12:00:00"), Vec::<Json>::new(), "it is far away");
    let ahead = outlook(&shop, "2026-07-03 12:00:00");
    assert_eq!((&ahead[0]["kind"], &ahead[0]["owner"]), (&"key".into(), &"team".into()), "{ahead:#?}");
    assert_eq!(
        (&ahead[0]["from"], &ahead[0]["what"]),
        (&"2026-08-01T00:00:00Z".into(), &"28 days are left".into())
    );
    assert!(ahead[0]["name"].as_str().unwrap().contains("key.pem"), "{ahead:#?}");
    assert_eq!(outlook(&shop, "2026-08-02 12:00:00")[0]["what"], "it has ended");
}

#[test]
fn a_key_signs_until_the_end_of_its_day_and_nothing_after_it() {
    let shop = shop("{ key: { file: key.pem }, valid_until: 2026-07-31 }");
    let evidence = |time: &str, dir: &str| {
        at(&shop, time, &["audit", "--period", "2026-07-01..2026-07-10", "--evidence", dir])
    };
    evidence("2026-07-31 23:59:00", "good").exits(0);
    let late = evidence("2026-08-01 00:00:10", "late").exits(2);
    late.says("counted until 2026-07-31").says("make a new one");
    assert!(!shop.at("late").exists());
    let verify = |dir: &str| at(&shop, "2026-08-02 09:00:00", &["audit", "verify", dir]).exits(0);
    assert!(verify("good").stdout.contains("counts until 2026-07-31"), "{}", verify("good").stdout);
    assert!(verify("good").stdout.contains("made before"), "{}", verify("good").stdout);
    // Whoever gives the key another date in the project leaves the date of its runs in the evidence.
    let project = std::fs::read_to_string(shop.at("muster.yaml")).unwrap();
    shop.file("muster.yaml", &project.replace("2026-07-31", "2026-12-31"));
    evidence("2026-08-01 01:00:00", "late").exits(0);
    assert!(verify("late").stdout.contains("it was made AFTER that"), "{}", verify("late").stdout);
    let json = at(&shop, "2026-08-02 09:00:00", &["audit", "verify", "late", "--format", "json"]).exits(0);
    assert_eq!(
        (&json.json()["key_valid_until"], &json.json()["made_after_key"]),
        (&"2026-07-31".into(), &true.into())
    );
}

#[test]
fn a_date_of_a_key_that_is_none_is_refused_at_its_place() {
    let shop = Shop::new();
    shop.policy(
        "logs",
        "target: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/*.log'] } } }\neach: files\nfail: size > 10.KiB\n",
    );
    for (audit, said) in [
        ("{ key: { file: key.pem }, valid_until: soon }", "muster.yaml:7:"),
        ("{ key: { file: key.pem }, valid_until: 2026-13-01 }", "muster.yaml:7:"),
        ("{ key: { file: key.pem }, valid_untill: 2026-12-01 }", "`valid_until`"),
        ("{ valid_until: 2026-12-01 }", "there is none"),
    ] {
        shop.project(&format!("{PROJECT}audit: {audit}\n"));
        shop.check(&[]).exits(2);
        shop.run(&["check"]).exits(2).says(said);
    }
}

#[test]
fn the_password_of_a_role_is_told_before_it_ends() {
    let (server, target) = crate::policies_memory::server();
    let soon = crate::harness::in_days(12);
    server.sql(&format!("CREATE ROLE \"App\" LOGIN VALID UNTIL '{soon}'; CREATE ROLE later LOGIN VALID UNTIL '2099-01-01'; CREATE ROLE ever LOGIN"));
    let shop = Shop::new();
    shop.project(&format!("owner: team\npolicies: [policies/]\nowners: {{ team: {{}}, ops: {{}} }}\ntargets: {{ db: {target} }}\nstore: {{ path: .muster/store.db }}\n"));
    shop.policy(
        "roles",
        "owner: ops\ntarget: { type: postgres }\nobserve: { roles: { probe: postgres.roles } }\neach: roles\nwhere: valid_until != null\nexpect: any\nfail: valid_until <= now\n",
    );
    shop.check(&[]).exits(0);
    let report = shop.run(&["report", "--format", "json"]).exits(0);
    let ahead = report.json()["outlook"].as_array().unwrap().clone();
    assert_eq!(ahead.len(), 1, "{ahead:#?}");
    assert_eq!((&ahead[0]["kind"], &ahead[0]["owner"]), (&"password".into(), &"ops".into()), "{ahead:#?}");
    assert!(ahead[0]["name"].as_str().unwrap().contains("App"), "{ahead:#?}");
    assert!(ahead[0]["from"].as_str().unwrap().starts_with(&soon), "{ahead:#?}");
}
