//! Every run of a quarter is listed, day by day on the page and one by one in a table.

use serde_json::Value as Json;

use crate::audit::at;
use crate::harness::Shop;

#[test]
fn a_day_without_a_run_is_a_row_of_its_own_and_every_run_is_a_line_of_the_table() {
    let mut shop = Shop::new();
    shop.env("LD_PRELOAD", "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1").env("TZ", "UTC");
    shop.project(
        "owner: team\npolicies: [policies/]\nowners: { team: {} }\ntargets: { here: { type: host } }\nstore: { path: .muster/store.db }\n",
    );
    shop.file("logs/big.log", "small").policy(
        "logs",
        "target: { type: host }\nobserve: { files: { probe: file.set, with: { globs: ['@SHOP@/logs/*.log'] } } }\neach: files\nfail: size > 10.KiB\n",
    );
    at(&shop, "2026-07-01 02:00:00", &["check"]).exits(0);
    at(&shop, "2026-07-01 14:00:00", &["check", "policies/logs.yaml"]).exits(0);
    std::fs::rename(shop.at("logs"), shop.at("hidden")).unwrap();
    at(&shop, "2026-07-03 02:00:00", &["check"]).exits(3);
    let audit = |format: &str| {
        let arguments = ["audit", "--period", "2026-07-01..2026-07-04", "--format", format];
        at(&shop, "2026-10-02 09:00:00", &arguments).exits(0)
    };
    let json = audit("json").json().clone();
    let days = json["run_days"].as_array().unwrap();
    let numbers = ["runs", "ended", "judged", "unknown", "unkept"];
    let counted = |day: &Json| numbers.map(|name| day[name].as_u64().unwrap());
    assert_eq!(days.iter().map(counted).collect::<Vec<_>>(), [[2, 2, 1, 0, 1], [0; 5], [1, 1, 0, 1, 0]]);
    assert!(days[0]["first"].as_str().unwrap().starts_with("2026-07-01T02:00"), "{json:#}");
    assert!(days[0]["last"].as_str().unwrap().starts_with("2026-07-01T14:00"), "{json:#}");
    assert_eq!((&days[1]["worst"], &days[2]["worst"]), (&Json::Null, &"unknown".into()));
    for format in ["html", "markdown"] {
        let text = audit(format).stdout;
        for part in ["days and times are UTC", "no run", "all targets", "14:00"] {
            assert!(text.contains(part), "{format} does not say {part}");
        }
    }
    let table = audit("csv-runs").stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(lines[0].starts_with("began,environment,host,"), "{table}");
    assert!(lines[2].contains(",no,") && lines[2].contains("named only some policies"), "{table}");
    assert!(
        lines[3].starts_with("2026-07-03T02:00:0") && lines[3].contains("\"unknown\",0,1,yes"),
        "{table}"
    );
}
