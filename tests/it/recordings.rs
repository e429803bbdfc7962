//! Recordings: what they say of themselves, what they never say, that a replay is the same anywhere, and when one is
//! refused.

use serde_json::Value as Json;

use crate::harness::{Run, Shop};

const FILES: &str = "target: { type: host }\nobserve: { files: { probe: file.stat, with: { paths: [@SHOP@/a.txt, @SHOP@/b.txt] } } }\neach: files\nfail: (size ?? 0.bytes) == 0.bytes\nmessage: \"{{ path }} is empty, owned by {{ owner }}\"\n";

const PROJECT: &str = "policies: [policies/]\nlabels: { env: [prod, staging], app: any }\ntargets:\n  here: { type: host, labels: { env: prod } }\n";

fn shop() -> Shop {
    let shop = Shop::new();
    shop.file("a.txt", "hello").file("b.txt", "").project(PROJECT).policy("no-empty-file", FILES);
    shop
}

fn record(shop: &Shop, arguments: &[&str]) -> Json {
    let mut all = vec!["record", "facts.json"];
    all.extend(arguments);
    shop.run(&all).exits(0);
    json(shop, "facts.json")
}

fn json(shop: &Shop, path: &str) -> Json {
    serde_json::from_str(&text(shop, path)).unwrap()
}

fn text(shop: &Shop, path: &str) -> String {
    std::fs::read_to_string(shop.at(path)).unwrap()
}

fn write(shop: &Shop, path: &str, json: &Json) {
    shop.bytes(path, json.to_string().as_bytes());
}

fn replay(shop: &Shop, arguments: &[&str]) -> Run {
    let mut all = vec!["check", "--facts", "facts.json", "--format", "json"];
    all.extend(arguments);
    shop.run(&all)
}

#[test]
fn a_recording_says_of_what_and_by_what_it_was_made() {
    let shop = shop();
    let recording = record(&shop, &[]);
    let about = &recording["about"];
    assert_eq!(
        about["targets"][0],
        serde_json::json!({ "target": "here", "type": "host", "labels": { "env": "prod" } })
    );
    assert_eq!(about["probes"][0]["probe"], "file.stat");
    assert_eq!(about["probes"][0]["declaration"].as_str().unwrap().len(), 16);
    assert!(!about["host"].as_str().unwrap().is_empty());
    assert!(recording["started"].as_str().unwrap().ends_with('Z'));
    let schema =
        passmuster::policy::schema::all().into_iter().find(|(name, _)| name.contains("recording")).unwrap().1;
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&recording), "{recording:#}");
}

/// Whatever the time zone, the locale, the folder, the host and the number of questions at once.
#[test]
fn a_replay_is_the_same_byte_for_byte_anywhere() {
    let first = shop();
    record(&first, &[]);
    let one = replay(&first, &["--verbose"]).exits(1);
    let other = Shop::new();
    for path in ["a.txt", "b.txt", "muster.yaml", "policies/no-empty-file.yaml", "facts.json"] {
        other.bytes(path, &std::fs::read(first.at(path)).unwrap());
    }
    other.file("deep/er/x", "");
    let project = other.at("muster.yaml");
    let facts = other.at("facts.json");
    let run = |format: &str, zone: &str, locale: &str, jobs: &str, folder: &str| {
        let format = if format == "json" { vec!["--format", "json"] } else { vec!["--format", format] };
        let mut all = vec![
            "check",
            "--facts",
            facts.to_str().unwrap(),
            "--project",
            project.to_str().unwrap(),
            "--jobs",
            jobs,
        ];
        all.extend(format);
        let mut command = other.command(&all);
        command.env("TZ", zone).env("LC_ALL", locale).env("LANG", locale).current_dir(other.at(folder));
        Run::of(command.spawn().unwrap())
    };
    for format in ["json", "human", "table", "junit", "markdown", "github"] {
        let same = run(format, "UTC", "C", "64", "");
        assert_eq!(same.code, 1, "{}", same.stderr);
        for (zone, locale, jobs, folder) in [
            ("Pacific/Kiritimati", "de_CH.UTF-8", "1", "deep"),
            ("America/St_Johns", "tr_TR.UTF-8", "3", "deep/er"),
            (":/nowhere", "xx", "1024", ""),
        ] {
            let again = run(format, zone, locale, jobs, folder);
            assert_eq!((again.code, &again.stdout), (same.code, &same.stdout), "{format} {zone} {folder}");
        }
        let folder = other.path().to_str().unwrap();
        assert!(
            !same.stdout.contains(&format!("{folder}/policies")),
            "{format} says where the project lies:\n{}",
            same.stdout
        );
        if format == "json" {
            assert_eq!(same.stdout, one.stdout, "another machine's project lies elsewhere");
        }
    }
}

#[test]
fn a_secret_is_in_no_recording() {
    let mut shop = shop();
    shop.env("TOKEN", "hunter2-hunter2").project(
        "policies: [policies/]\ntargets:\n  here: { type: host }\n  web: { type: service, url: \"http://127.0.0.1:1/\", headers: { X-Token: { env: TOKEN } } }\n",
    );
    shop.policy(
        "answers",
        "target: { type: service }\nobserve: { page: { probe: http.response } }\nfail: status != 200\nmessage: no\n",
    );
    shop.file("a.txt", "hunter2-hunter2");
    shop.run(&["record", "facts.json"]).exits(3);
    assert!(!text(&shop, "facts.json").contains("hunter2"));
}

#[test]
fn another_target_is_refused_with_what_differs() {
    for (from, to, said) in [
        (
            "labels: { env: prod }",
            "labels: { env: staging }",
            "had `env: prod` when it was recorded, and has `env: staging`",
        ),
        ("{ type: host, labels: { env: prod } }", "{ type: host }", "and has no labels"),
        ("type: host", "type: sqlite, path: x.db", "was of type `host` when it was recorded, and is of type"),
    ] {
        let shop = shop();
        record(&shop, &[]);
        shop.project(&PROJECT.replace(from, to));
        replay(&shop, &[]).exits(2).says(said);
    }
    let shop = shop();
    let mut recording = record(&shop, &[]);
    recording["about"]["targets"][0]["address"] = "postgres://db.internal:5432/shop".into();
    write(&shop, "facts.json", &recording);
    replay(&shop, &[]).exits(2).says("was at `postgres://db.internal:5432/shop`");
    shop.run(&["check", "--facts", "facts.json"]).exits(2).says("`facts.json`");
    recording["about"]["targets"] = serde_json::json!([]);
    write(&shop, "facts.json", &recording);
    replay(&shop, &[]).exits(2).says("it does not say what the target `here` was");
}

#[test]
fn explain_and_diff_refuse_what_check_refuses() {
    let shop = shop();
    record(&shop, &[]);
    let explain = ["explain", "no-empty-file/here/@/b.txt", "--facts", "facts.json"];
    shop.file("old/policies/no-empty-file.yaml", &text(&shop, "policies/no-empty-file.yaml"));
    shop.file("old/muster.yaml", &text(&shop, "muster.yaml"));
    let diff = ["diff", "path:old", "path:.", "--facts", "facts.json"];
    shop.run(&diff).exits(0);
    let other = text(&shop, "muster.yaml").replace("env: prod }", "env: staging }");
    shop.file("muster.yaml", &other);
    shop.run(&explain).exits(2).says("has `env: staging`");
    // The old one is still of that target, so that what a change of the target means can be seen.
    assert_ne!(shop.run(&diff).code, 2);
    shop.file("old/muster.yaml", &other);
    shop.run(&diff).exits(2).says("has `env: staging`");
}

#[test]
fn two_pasts_of_one_question_contradict_each_other() {
    let shop = Shop::new();
    shop.file("a.txt", &"x".repeat(1000));
    shop.project("policies: [policies/]\nstore: { path: store.db }\ntargets: { here: { type: host } }\n");
    shop.policy(
        "shrinks",
        "target: { type: host }\nobserve: { files: { probe: file.stat, with: { paths: [@SHOP@/a.txt] }, before: previous } }\neach: files\nfail: side == \"both\" && (size ?? 0.bytes) < (before.size ?? 0.bytes)\nmessage: smaller\n",
    );
    shop.check(&[]);
    shop.file("a.txt", &"x".repeat(500));
    shop.run(&["record", "one.json"]);
    shop.check(&[]);
    shop.run(&["record", "two.json"]);
    let judged =
        |files: [&str; 2]| shop.run(&["check", "--facts", files[0], "--facts", files[1], "--format", "json"]);
    for files in [["one.json", "two.json"], ["two.json", "one.json"]] {
        judged(files).exits(2).says("has two earlier answers");
    }
}

#[test]
fn an_address_is_noted_without_its_user() {
    let shop = Shop::new();
    shop.project("policies: [policies/]\ntargets:\n  web: { type: service, url: \"http://127.0.0.1:1/status?key=abc\" }\n");
    shop.policy("answers", "target: { type: service }\nobserve: { page: { probe: http.response } }\nfail: status != 200\nmessage: no\n");
    shop.run(&["record", "facts.json"]).exits(3);
    let about = &json(&shop, "facts.json")["about"]["targets"][0];
    assert_eq!(about["address"], "http://127.0.0.1:1/status");
}

#[test]
fn what_is_older_than_allowed_is_refused() {
    let shop = shop();
    record(&shop, &[]);
    replay(&shop, &["--max-age", "1h"]).exits(1);
    let recording = json(&shop, "facts.json");
    let at: jiff::Timestamp = recording["started"].as_str().unwrap().parse().unwrap();
    let later = (at + jiff::SignedDuration::from_hours(50)).to_string();
    let earlier = (at - jiff::SignedDuration::from_hours(1)).to_string();
    replay(&shop, &["--max-age", "2d", "--now", &later]).exits(2).says("and 2d is allowed");
    replay(&shop, &["--max-age", "3d", "--now", &later]).exits(1);
    replay(&shop, &["--max-age", "3d", "--now", &earlier]).exits(2).says("ahead of now");
    shop.project(&format!("{PROJECT}recordings: {{ max_age: 2d }}\n"));
    replay(&shop, &["--now", &later]).exits(2).says("2d is allowed");
    replay(&shop, &["--now", &later, "--max-age", "9d"]).exits(1);
    shop.run(&["check", "--max-age", "1h"]).exits(2);
}

#[test]
fn facts_that_are_declared_otherwise_now_are_refused() {
    let change = |edit: &dyn Fn(&mut Json), said: &str| {
        let shop = shop();
        let mut recording = record(&shop, &[]);
        edit(&mut recording);
        write(&shop, "facts.json", &recording);
        replay(&shop, &[]).exits(2).says(said);
        shop.run(&["check", "--facts", "facts.json"]).exits(2).says("record it again with this version");
    };
    change(&|r| r["about"]["probes"][0]["version"] = 7.into(), "recorded by version 7 of `file.stat`");
    change(&|r| r["about"]["probes"][0]["probe"] = "file.was".into(), "this muster has no probe `file.was`");
    let other = |r: &mut Json| r["about"]["probes"][0]["declaration"] = "0011223344556677".into();
    change(
        &|r| {
            other(r);
            let fields = r["schemas"][0]["fields"].as_array_mut().unwrap();
            let size = fields.iter_mut().find(|field| field["name"] == "size").unwrap();
            size["type"] = "int?".into();
        },
        "the fact `size` of `file.stat` was int? when it was recorded, and is bytes?",
    );
    change(
        &|r| {
            other(r);
            let fields = r["schemas"][0]["fields"].as_array_mut().unwrap();
            fields.iter_mut().find(|field| field["name"] == "size").unwrap()["name"] = "extent".into();
        },
        "`file.stat` has no fact `extent` any more",
    );
    change(
        &|r| {
            other(r);
            r["schemas"][0]["key"] = serde_json::json!(["owner"]);
        },
        "were told apart by `owner`, and are by `path`",
    );
}

#[test]
fn a_fact_that_is_new_since_is_absent_and_no_reason_to_refuse() {
    let shop = shop();
    let mut recording = record(&shop, &[]);
    recording["about"]["probes"][0]["declaration"] = "0011223344556677".into();
    let fields = recording["schemas"][0]["fields"].as_array_mut().unwrap();
    let at = fields.iter().position(|field| field["name"] == "size").unwrap();
    fields.remove(at);
    for row in recording["observations"][0]["table"]["rows"].as_array_mut().unwrap() {
        row.as_array_mut().unwrap().remove(at);
    }
    write(&shop, "facts.json", &recording);
    let run = replay(&shop, &[]).exits(3);
    for finding in run.findings() {
        assert_eq!(
            (finding["verdict"].as_str(), finding["cause"]["cause"].as_str()),
            (Some("unknown"), Some("absent"))
        );
    }
}

#[test]
fn an_older_recording_is_read_and_it_is_said_what_it_lacks() {
    let shop = shop();
    let mut recording = record(&shop, &[]);
    recording.as_object_mut().unwrap().remove("about");
    recording["muster"] = "0.1.0".into();
    write(&shop, "facts.json", &recording);
    replay(&shop, &[]).exits(1).says("written by muster 0.1.0, which did not note targets and probes");
    let fields = recording["schemas"][0]["fields"].as_array_mut().unwrap();
    fields.iter_mut().find(|field| field["name"] == "size").unwrap()["type"] = "int?".into();
    write(&shop, "facts.json", &recording);
    replay(&shop, &[]).exits(2).says("the fact `size` of `file.stat` was int?");
}

#[test]
fn a_recording_that_was_cut_or_is_none_is_refused_with_its_place() {
    let shop = shop();
    record(&shop, &[]);
    let whole = text(&shop, "facts.json");
    for part in 1..8 {
        let mut end = whole.len() * part / 8;
        while !whole.is_char_boundary(end) {
            end += 1;
        }
        shop.bytes("facts.json", &whole.as_bytes()[..end]);
        let run = replay(&shop, &[]).exits(2).says("`facts.json`");
        assert!(run.stderr.contains("line "), "{}", run.stderr);
        assert_eq!(run.json()["exit"], 2);
    }
    shop.file("facts.json", "{}");
    replay(&shop, &[]).exits(2).says("this is not a recording");
    shop.file("facts.json", &whole.replace("\"recording\": 1", "\"recording\": 2"));
    replay(&shop, &[]).exits(2).says("format 2 is not the format 1");
    shop.run(&["check", "--facts", "nowhere.json"]).exits(2).says("nowhere.json");
}

#[test]
fn recordings_that_contradict_each_other_are_refused_and_others_are_put_together() {
    let shop = shop();
    shop.policy(
        "there",
        &FILES
            .replace("a.txt, @SHOP@/b.txt", "c.txt")
            .replace("fail: (size ?? 0.bytes) == 0.bytes", "fail: exists == true"),
    );
    shop.run(&["record", "one.json", "--policy", "no-empty-file"]).exits(0);
    shop.run(&["record", "two.json", "--policy", "there"]).exits(0);
    let both = ["check", "--facts", "one.json", "--facts", "two.json", "--format", "json"];
    let run = shop.run(&both).exits(1);
    assert_eq!((run.verdict("no-empty-file"), run.verdict("there")), ("fail", "pass"));
    let alone = shop.run(&["check", "--facts", "one.json", "--format", "json"]).exits(1);
    assert_eq!(alone.cause("there"), "absent");
    let (one, two) = (json(&shop, "one.json"), json(&shop, "two.json"));
    let differ = |edit: &dyn Fn(&mut Json), said: &str| {
        let mut other = two.clone();
        edit(&mut other);
        write(&shop, "two.json", &other);
        shop.run(&both).exits(2).says(said).says("it contradicts `one.json`");
    };
    differ(&|r| r["about"]["mask"] = "00".into(), "one is masked and the other is not");
    differ(
        &|r| {
            let mut answer = one["observations"][0].clone();
            let gone = serde_json::json!({ "cause": "denied", "level": "probe", "what": "no" });
            r["faults"] = serde_json::json!([gone]);
            answer.as_object_mut().unwrap().remove("table");
            answer["missing"] = 0.into();
            r["observations"].as_array_mut().unwrap().push(answer);
        },
        "`file.stat` of `here` has two answers",
    );
    differ(
        &|r| r["about"]["targets"][0]["labels"]["env"] = "staging".into(),
        "had `env: prod` in the other recording, and has `env: staging`",
    );
    let mut of_one = one.clone();
    of_one["identities"][0]["system"] = "7001".into();
    write(&shop, "one.json", &of_one);
    differ(
        &|r| r["identities"][0]["system"] = "7002".into(),
        "`here` is the system 7002 in it, and 7001 in the other",
    );
}

#[test]
fn masked_texts_are_not_told_and_still_equal() {
    let shop = shop();
    shop.policy(
        "both-listed",
        "target: { type: host }\nobserve:\n  left: { probe: file.stat, with: { paths: [@SHOP@/a.txt, @SHOP@/b.txt] } }\n  right: { probe: file.stat, with: { paths: [@SHOP@/b.txt, @SHOP@/a.txt, @SHOP@/a.txt] } }\njoin: { pairs: { of: [left, right], by: path } }\neach: pairs\nfail: side != \"both\" || (left.owner ?? \"\") != (right.owner ?? \"\")\nmessage: differs\n",
    );
    let clear = shop.run(&["check", "--format", "json"]).exits(1);
    let recording = record(&shop, &["--mask"]);
    assert!(recording["about"]["mask"].is_string());
    let told = recording["observations"].to_string();
    let rows: String = recording["observations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["table"]["rows"].to_string())
        .collect();
    assert!(!rows.contains("a.txt") && told.contains("masked"), "{rows}");
    let run = replay(&shop, &[]).exits(1);
    assert_eq!(run.verdict("both-listed"), clear.verdict("both-listed"));
    assert_eq!((run.verdict("no-empty-file"), run.findings_of("no-empty-file").len()), ("fail", 1));
    let finding = run.finding("no-empty-file");
    assert!(finding["subject"]["shown"].as_str().unwrap().starts_with("masked:"), "{finding:#}");
    let again = record(&shop, &["--mask"]);
    assert_ne!(again["about"]["mask"], recording["about"]["mask"], "a key for each recording");
    shop.run(&["record", "facts.json", "--mask=file.stat.nothing"]).exits(2).says("matches no text fact");
}

#[test]
fn a_masked_text_is_unknown_beside_one_that_is_told() {
    let shop = shop();
    for (id, rule) in [
        ("equal", "owner == \"nobody-of-that-name\""),
        ("unequal", "owner != \"root\""),
        ("listed", "owner in [\"a\", \"b\"]"),
        ("begins", "starts_with(path, \"/\") == false"),
        ("matched", "matches(path, \"txt$\") == false"),
        ("sized", "len(path) == 0"),
        ("parameter", "owner == params.name"),
    ] {
        let policy = FILES.replace(
            "fail: (size ?? 0.bytes) == 0.bytes",
            &format!("where: owner != null\nparams: {{ name: {{ default: x, why: none }} }}\nfail: {rule}"),
        );
        let policy = if id == "parameter" {
            policy
        } else {
            policy.replace("params: { name: { default: x, why: none } }\n", "")
        };
        shop.policy(id, &policy);
    }
    shop.policy(
        "counted",
        &FILES.replace("fail: (size ?? 0.bytes) == 0.bytes", "where: owner != null\nfail: size == null"),
    );
    record(&shop, &["--mask"]);
    let run = replay(&shop, &[]).exits(1);
    for id in ["equal", "unequal", "listed", "begins", "matched", "sized", "parameter"] {
        for finding in run.findings_of(id) {
            assert_eq!(
                (finding["verdict"].as_str(), finding["cause"]["cause"].as_str()),
                (Some("unknown"), Some("masked")),
                "{id}"
            );
        }
        assert_eq!(run.findings_of(id).len(), 2, "{id}");
    }
    assert_eq!(run.verdict("counted"), "pass", "what is masked is not null");
}

#[test]
fn names_that_are_masked_meet_no_override_waiver_or_expectation() {
    let shop = shop();
    shop.project(&format!(
        "{PROJECT}overrides:\n  - {{ policy: small, subject: \"*/a.txt\", set: {{ most: 1B }}, why: none }}\n"
    ));
    shop.policy(
        "small",
        &FILES.replace(
            "fail: (size ?? 0.bytes) == 0.bytes",
            "params: { most: { default: 100B, why: none } }\nfail: (size ?? 0.bytes) > params.most",
        ),
    );
    shop.policy(
        "expected",
        &FILES.replace("fail: (size", "expect: [@SHOP@/a.txt]\nfail: exists == false && (size"),
    );
    assert_eq!(shop.check(&[]).verdict("small"), "fail");
    record(&shop, &["--mask"]);
    let run = replay(&shop, &[]);
    assert_eq!(run.verdict("small"), "unknown", "the stricter limit may be for any of them");
    assert_eq!(run.verdict("expected"), "unknown", "it may be there");
    for finding in run.findings_of("expected") {
        assert_eq!(finding["cause"]["cause"], "masked");
    }
}

#[test]
fn a_pattern_of_a_waiver_does_not_fit_a_masked_subject_by_its_letters() {
    let shop = shop();
    let waiver = |subject: &str| {
        let day = crate::harness::in_days(30);
        shop.project(&format!(
            "{PROJECT}waivers:\n  - {{ policy: no-empty-file, subject: \"{subject}\", reason: it is filled at night, owner: team, ticket: T-1, expires: {day} }}\n"
        ));
    };
    waiver("m*");
    record(&shop, &["--mask"]);
    assert_eq!(replay(&shop, &[]).exits(1).verdict("no-empty-file"), "fail");
    waiver("*");
    assert_eq!(replay(&shop, &[]).exits(0).verdict("no-empty-file"), "waived", "it is for all of them");
}

#[test]
fn lists_of_masked_texts_are_equal_whatever_the_order_of_their_rows() {
    let shop = shop();
    let lists = "target: { type: host }\nobserve:\n  left: { probe: file.stat, with: { paths: [@SHOP@/a.txt, @SHOP@/b.txt] } }\n  right: { probe: file.stat, with: { paths: [@SHOP@/b.txt, @SHOP@/a.txt] } }\ngroup:\n  ones: { of: left, by: exists, let: { paths: list(path) } }\n  twos: { of: right, by: exists, let: { paths: list(path) } }\njoin: { both: { of: [ones, twos], by: exists } }\neach: both\nfail: side == \"both\" && ones.paths == twos.paths\nmessage: the same files\n";
    shop.policy("same-files", lists);
    assert_eq!(shop.check(&[]).verdict("same-files"), "fail");
    record(&shop, &["--mask"]);
    assert_eq!(replay(&shop, &[]).verdict("same-files"), "fail");
}

#[test]
fn a_mask_that_names_no_fact_is_refused() {
    for wrong in ["postgres.queryyy.x", "postgres.query", "file.statt.path"] {
        shop()
            .run(&["record", "facts.json", &format!("--mask={wrong}")])
            .exits(2)
            .says("matches no text fact");
    }
}

#[test]
fn what_a_policy_calls_private_is_masked_without_being_asked() {
    let shop = shop();
    shop.policy("no-empty-file", &FILES.replace("] } } }", "] }, private: [owner] } }"));
    let recording = record(&shop, &[]);
    let fields: Vec<&str> = recording["schemas"][0]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["name"].as_str().unwrap())
        .collect();
    let at = |name: &str| fields.iter().position(|field| *field == name).unwrap();
    for row in recording["observations"][0]["table"]["rows"].as_array().unwrap() {
        assert!(row[at("owner")]["masked"].is_string() && row[at("path")].is_string(), "{row}");
    }
    // Where it is observed, it is known.
    let live = shop.check(&[]).exits(1);
    assert!(!live.finding("no-empty-file")["message"].as_str().unwrap().contains("masked"));
    assert!(
        replay(&shop, &[]).exits(1).finding("no-empty-file")["message"]
            .as_str()
            .unwrap()
            .contains("owned by masked:")
    );
    for (name, said) in [("size", "only texts are masked"), ("ownr", "has no fact `ownr`")] {
        shop.policy("no-empty-file", &FILES.replace("] } } }", &format!("] }}, private: [{name}] }} }}")));
        shop.run(&["lint"]).exits(2);
        shop.check(&[]).exits(2).says(said);
    }
}

#[test]
fn one_key_makes_masked_recordings_comparable_and_is_not_told() {
    let mut shop = shop();
    shop.env("MASK", "hunter2-hunter2")
        .project(&format!("{PROJECT}recordings: {{ mask_key: {{ env: MASK }} }}\n"));
    let (one, two) = (record(&shop, &["--mask"]), record(&shop, &["--mask"]));
    assert_eq!(one["about"]["mask"], two["about"]["mask"]);
    assert_eq!(one["observations"][0]["table"]["rows"], two["observations"][0]["table"]["rows"]);
    assert!(!one.to_string().contains("hunter2"));
    shop.project(&format!("{PROJECT}recordings: {{ mask_key: hunter2 }}\n"));
    let run = shop.run(&["record", "x.json"]).exits(2).says("a secret stands in plain text");
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    let shop = self::shop();
    shop.project(&format!("{PROJECT}recordings: {{ mask_key: {{ env: NOT_SET }} }}\n"));
    shop.run(&["record", "x.json", "--mask"])
        .exits(2)
        .says("cannot be read from environment variable `NOT_SET`");
}

#[test]
fn a_masked_baseline_is_not_compared_with_what_is_told() {
    let shop = shop();
    shop.policy(
        "same-as-then",
        "target: { type: host }\nobserve: { files: { probe: file.stat, with: { paths: [@SHOP@/a.txt, @SHOP@/b.txt] }, before: { recording: then.json } } }\neach: files\nfail: side != \"both\"\nmessage: differs\n",
    );
    shop.run(&["record", "then.json"]).exits(0);
    assert_eq!(shop.check(&[]).verdict("same-as-then"), "pass");
    shop.run(&["record", "then.json", "--mask"]).exits(0);
    let run = shop.check(&[]);
    assert_eq!(run.cause("same-as-then"), "masked");
}

#[test]
fn a_table_has_a_line_for_every_check_and_no_colour() {
    let shop = shop();
    shop.policy("there", &FILES.replace("fail: (size ?? 0.bytes) == 0.bytes", "fail: exists == false"));
    let run = shop.run(&["check", "--format", "table"]).exits(1);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("VERDICT  POLICY") && lines[0].ends_with("ID"), "{}", run.stdout);
    assert!(lines.iter().any(|line| line.starts_with("pass     there")), "{}", run.stdout);
    assert!(
        lines.iter().any(|line| line.starts_with("fail     no-empty-file")
            && line.contains("b.txt")
            && line.contains("size = 0 B")),
        "{}",
        run.stdout
    );
    assert!(lines.last().unwrap().starts_with("exit 1:") && !run.stdout.contains('\u{1b}'));
    shop.run(&["test", "--format", "table"]).exits(2).says("cases have no `table`");
}
