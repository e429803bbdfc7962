//! Parameters through their layers, waivers, and who it is that answers.

use std::sync::Arc;

use passmuster::fact::{Args, Cause, Identity, Observation, Request, Table, TableBuilder, Value, catalogue};
use passmuster::observe::verify;
use passmuster::plan::TargetInfo;
use serde_json::Value as Json;

use crate::harness::{Run, Shop, in_days};

/// Three files of 100 bytes that are too large by any limit below 100, on a target with labels.
fn shop(rest: &str) -> Shop {
    let shop = Shop::new();
    for name in ["a.txt", "b.txt", "c.log"] {
        shop.file(&format!("data/{name}"), &"x".repeat(100));
    }
    shop.project(&format!(
        "policies: [policies/]\nlabels: {{ env: [prod, staging], role: any }}\nenvironments:\n  live: {{ targets: {{ env: prod }} }}\n  ci: {{ targets: {{ env: staging }} }}\ntargets:\n  here: {{ type: host, labels: {{ env: prod, role: web }} }}\n{rest}"
    ));
    shop.policy(
        "small",
        r"
target: { type: host }
observe: { files: { probe: file.stat, with: { paths: [@SHOP@/data/a.txt, @SHOP@/data/b.txt, @SHOP@/data/c.log] } } }
each: files
params:
  limit: { default: 10B, at_least: 2B, at_most: 1KiB }
  near: 5B
let: { length: size ?? 0.bytes }
fail: length > params.limit
warn: length > params.near
",
    );
    shop
}

fn overrides(entries: &[&str]) -> String {
    let lines: String = entries.iter().map(|entry| format!("  - {{ {entry} }}\n")).collect();
    format!("overrides:\n{lines}")
}

fn subject(shop: &Shop, name: &str) -> String {
    shop.at("data").join(name).display().to_string()
}

#[track_caller]
fn about<'a>(run: &'a Run, subject: &str) -> &'a Json {
    let found = run.findings().into_iter().find(|one| one["subject"]["shown"] == subject);
    found.unwrap_or_else(|| panic!("nothing about {subject}\n{}", run.stdout))
}

/// The value and the origin of `params.limit` as a finding shows them.
#[track_caller]
fn limit(finding: &Json) -> (&str, &str, &str) {
    let operands = finding["operands"].as_array().unwrap();
    let operand = operands.iter().find(|one| one["text"] == "params.limit").unwrap();
    let text =
        |value: &'_ Json| -> &str { Box::leak(value.as_str().unwrap_or("").to_owned().into_boxed_str()) };
    (text(&operand["shown"]), text(&operand["origin"]["layer"]), text(&operand["origin"]["at"]))
}

#[test]
fn each_layer_wins_over_those_before_it() {
    let layers = [
        ("project", "policy: small, set: { limit: 11B }", "11 B"),
        ("environment", "policy: small, environment: live, set: { limit: 12B }", "12 B"),
        ("labels", "policy: small, labels: { role: web }, set: { limit: 13B }", "13 B"),
        ("target", "policy: small, target: here, set: { limit: 14B }", "14 B"),
        ("subject", "policy: small, subject: \"*/a.txt\", set: { limit: 15B }", "15 B"),
    ];
    let none = shop("");
    let run = none.check(&[]).exits(1);
    let (shown, layer, at) = limit(about(&run, &subject(&none, "a.txt")));
    assert_eq!((shown, layer), ("10 B", "policy"));
    assert!(at.contains("policies/small.yaml:"), "{at}");
    for count in 1..=layers.len() {
        // The more specific first: the order in the file does not decide.
        let entries: Vec<&str> = layers[..count].iter().rev().map(|layer| layer.1).collect();
        let shop = shop(&overrides(&entries));
        let run = shop.check(&[]).exits(1);
        let (shown, layer, at) = limit(about(&run, &subject(&shop, "a.txt")));
        let (wanted, _, value) = layers[count - 1];
        assert_eq!((shown, layer), (value, wanted));
        assert!(at.contains("muster.yaml:") && at.matches(':').count() == 2, "{at}");
        let run = shop.check(&["--set", "limit=16B"]).exits(1);
        let finding = about(&run, &subject(&shop, "a.txt"));
        assert_eq!(limit(finding), ("16 B", "command-line", "--set"));
        let operands = finding["operands"].as_array().unwrap();
        assert!(operands.iter().any(|one| one["origin"]["default"] == "10 B"), "{finding:#}");
    }
}

#[test]
fn an_override_is_only_for_what_it_names() {
    for entry in [
        "policy: small, environment: ci, set: { limit: 1KiB }",
        "policy: small, labels: { role: db }, set: { limit: 1KiB }",
        "policy: small, labels: { role: web, env: staging }, set: { limit: 1KiB }",
        "policy: small, subject: \"*/c.log\", set: { limit: 1KiB }",
    ] {
        let shop = shop(&overrides(&[entry]));
        let run = shop.check(&[]).exits(1);
        assert_eq!(limit(about(&run, &subject(&shop, "a.txt"))).1, "policy", "{entry}");
    }
    let shop = shop(&overrides(&["policy: small, subject: \"*/c.log\", set: { limit: 1KiB, near: 1000B }"]));
    let run = shop.check(&[]).exits(1);
    assert_eq!(run.verdict_of("small", &subject(&shop, "c.log")), "pass");
    assert_eq!(run.verdict_of("small", &subject(&shop, "b.txt")), "fail");
}

#[test]
fn two_that_disagree_at_one_level_are_refused() {
    for (one, other) in [
        ("policy: small, set: { limit: 11B }", "policy: \"sm*\", set: { limit: 12B }"),
        (
            "policy: small, labels: { role: web }, set: { limit: 11B }",
            "policy: small, labels: { env: prod }, set: { limit: 12B }",
        ),
        (
            "policy: small, target: here, set: { limit: 11B }",
            "policy: small, target: here, set: { limit: 12B }",
        ),
        ("policy: small, set: { severity: low }", "policy: small, set: { severity: critical }"),
        (
            "policy: small, subject: \"*/a.txt\", set: { limit: 11B }",
            "policy: small, subject: \"*/a.txt\", set: { limit: 12B }",
        ),
    ] {
        shop(&overrides(&[one, other])).check(&[]).exits(2).says("override-conflict");
    }
    let same = "policy: small, set: { limit: 11B }";
    shop(&overrides(&[same, same])).check(&[]).exits(1);
}

#[test]
fn two_patterns_that_match_one_subject_work_together_or_leave_it_unknown() {
    let shop_of = |other: &str| {
        shop(&overrides(&["policy: small, subject: \"*.txt\", set: { limit: 1KiB, near: 50B }", other]))
    };
    let shop = shop_of("policy: small, subject: \"*/a.*\", set: { severity: low }");
    let run = shop.check(&[]).exits(1);
    let a = about(&run, &subject(&shop, "a.txt"));
    assert_eq!((&a["verdict"], &a["severity"]), (&Json::from("warn"), &Json::from("low")));
    let b = about(&run, &subject(&shop, "b.txt"));
    assert_eq!((&b["verdict"], &b["severity"]), (&Json::from("warn"), &Json::from("high")));
    assert_eq!(run.verdict_of("small", &subject(&shop, "c.log")), "fail");
    let shop = shop_of("policy: small, subject: \"*/a.*\", set: { limit: 20B }");
    let run = shop.check(&[]).exits(1);
    let finding = about(&run, &subject(&shop, "a.txt"));
    assert_eq!(
        (&finding["verdict"], &finding["cause"]["cause"]),
        (&Json::from("unknown"), &Json::from("ambiguous"))
    );
}

#[test]
fn bounds_hold_for_every_layer() {
    for entry in [
        "policy: small, set: { limit: 2KiB }",
        "policy: small, target: here, set: { limit: 1B }",
        "policy: small, subject: \"*/a.txt\", set: { limit: 2KiB }",
    ] {
        shop(&overrides(&[entry])).check(&[]).exits(2).says("bounds");
    }
    shop("").check(&["--set", "limit=2KiB"]).exits(2).says("bounds");
    shop("").check(&["--set", "limit=1KiB"]).exits(0);
    // The rungs are checked again.
    shop(&overrides(&["policy: small, set: { near: 50B }"])).check(&[]).exits(2).says("inverted-rungs");
    shop("").check(&["--set", "small.near=10B"]).exits(2).says("inverted-rungs");
}

#[test]
fn what_is_not_known_is_refused() {
    for (entry, said) in [
        ("policy: smal, set: { limit: 11B }", "`small`"),
        ("policy: \"x-*\", set: { limit: 11B }", "x-*"),
        ("policy: small, set: { limt: 11B }", "`limit`"),
        ("policy: \"s*\", set: { limt: 11B }", "`limit`"),
        ("policy: small, target: heer, set: { limit: 11B }", "`here`"),
        ("policy: small, environment: liv, set: { limit: 11B }", "`live`"),
        ("policy: small, labels: { rol: web }, set: { limit: 11B }", "`role`"),
        ("policy: small, labels: { env: prd }, set: { limit: 11B }", "`prod`"),
        ("policy: small, set: { limit: 11 }", "bytes"),
        ("policy: small, set: { limit: 11s }", "bytes"),
        ("policy: small, set: { severity: bad }", "critical"),
        ("policy: small, set: {}", ""),
        ("policy: small, sett: { limit: 11B }", "`set`"),
    ] {
        shop(&overrides(&[entry])).check(&[]).exits(2).says(said);
    }
    shop("").check(&["--set", "limt=3B"]).exits(2).says("`limit`");
    shop("").check(&["--set", "limit=3"]).exits(2);
    shop("").check(&["--set", "smal.limit=3B"]).exits(2);
}

#[test]
fn a_subject_that_matches_no_row_is_a_warning() {
    let shop = shop(&overrides(&["policy: small, subject: \"*/z.txt\", set: { limit: 1KiB }"]));
    let run = shop.check(&["--set", "limit=1KiB", "--set", "near=1000B"]).exits(0);
    assert_eq!(run.notices().len(), 1, "{}", run.stdout);
    assert!(run.notices()[0]["message"].as_str().unwrap().contains("matched no row"));
    assert!(run.notices()[0]["at"].as_str().unwrap().contains("muster.yaml:"));
    shop.check(&["--set", "limit=1KiB", "--set", "near=1000B", "--fail-on", "warn"]).exits(1);
}

#[test]
fn what_is_looser_than_the_default_is_shown() {
    let looser = |entries: &[&str]| {
        let run = shop(&overrides(entries)).check(&[]);
        run.check_of("small")["looser"].as_array().cloned().unwrap_or_default()
    };
    assert_eq!(looser(&["policy: small, set: { limit: 50B }"]), ["limit 50 B instead of 10 B"]);
    assert_eq!(looser(&["policy: small, set: { limit: 9B }"]), Vec::<Json>::new());
    let own = looser(&["policy: small, subject: \"*/a.txt\", set: { limit: 50B }"]);
    assert_eq!(own, ["limit 50 B instead of 10 B (for `*/a.txt`)"]);
    let human = shop(&overrides(&["policy: small, set: { limit: 50B }"])).run(&["check"]).exits(1);
    assert!(human.stdout.contains("looser") || human.stdout.contains("instead of 10 B"), "{}", human.stdout);
}

/// A parameter that only lets a policy be judged is a limit of nothing.
#[test]
fn a_policy_that_is_switched_on_is_not_looser_and_one_that_is_switched_off_is() {
    let looser = |default: bool, when: &str, rule: &str| {
        let shop = Shop::new();
        shop.file("a.txt", "a");
        shop.policy(
            "switched",
            &format!(
                "target: {{ type: host }}\nparams: {{ on: {{ default: {default}, why: somebody asks for it }} }}\nwhen: {when}\n\
                 observe: {{ file: {{ probe: file.stat, with: {{ path: '@SHOP@/a.txt' }} }} }}\neach: file\nfail: exists == {rule}\n"
            ),
        );
        let set = format!(
            "overrides:\n  - {{ policy: switched, set: {{ on: {} }}, why: there is one }}\n",
            !default
        );
        shop.project(&format!(
            "owner: team\npolicies: [policies/]\ntargets: {{ here: {{ type: host }} }}\n{set}"
        ));
        let run = shop.check(&[]);
        run.check_of("switched")["looser"].as_array().cloned().unwrap_or_default()
    };
    assert_eq!(looser(false, "params.on", "false"), Vec::<Json>::new());
    assert_eq!(looser(true, "params.on", "false"), ["on false instead of true"]);
    assert_eq!(looser(false, "\"!params.on\"", "false"), ["on true instead of false"]);
    assert_eq!(looser(false, "params.on", "false && params.on"), ["on true instead of false"]);
}

#[test]
fn severity_owner_and_runbook_are_set_too() {
    let set = "policy: small, set: { severity: low, owner: others, runbook: docs/x.md }";
    let own = "policy: small, subject: \"*/a.txt\", set: { severity: critical }";
    let shop = shop(&overrides(&[set, own]));
    let run = shop.check(&[]).exits(1);
    let (a, b) = (about(&run, &subject(&shop, "a.txt")), about(&run, &subject(&shop, "b.txt")));
    assert_eq!((&a["severity"], &a["owner"]), (&Json::from("critical"), &Json::from("others")));
    assert_eq!((&b["severity"], &b["runbook"]), (&Json::from("low"), &Json::from("docs/x.md")));
}

fn waivers(entries: &[&str]) -> String {
    let lines: String = entries
        .iter()
        .map(|entry| format!("  - {{ policy: small, reason: known, owner: team, ticket: T-1, {entry} }}\n"))
        .collect();
    format!("waivers:\n{lines}")
}

#[test]
fn a_waiver_covers_and_shows_what_is_beneath() {
    let shop = shop(&waivers(&[&format!("subject: \"*.txt\", expires: {}", in_days(100))]));
    let run = shop.check(&[]).exits(1);
    for (name, verdict) in [("a.txt", "waived"), ("b.txt", "waived"), ("c.log", "fail")] {
        assert_eq!(run.verdict_of("small", &subject(&shop, name)), verdict);
    }
    let waived = about(&run, &subject(&shop, "a.txt"));
    assert_eq!((&waived["beneath"], &waived["waiver"]["ticket"]), (&Json::from("fail"), &Json::from("T-1")));
    assert!(waived["waiver"]["at"].as_str().unwrap().contains("muster.yaml:"));
    assert_eq!(
        (&run.json()["subjects"]["waived"], &run.json()["subjects"]["fail"]),
        (&Json::from(2), &Json::from(1))
    );
    for format in ["human", "junit", "markdown"] {
        let run = shop.run(&["check", "--format", format]).exits(1);
        assert!(run.stdout.contains("waive"), "{format}: {}", run.stdout);
    }
    assert_eq!(shop.check(&["--set", "limit=1KiB"]).exits(0).verdict("small"), "warn");
}

#[test]
fn a_waiver_ends() {
    let cover = |days: i64| shop(&waivers(&[&format!("expires: {}", in_days(days))])).check(&[]);
    let expired = cover(-1).exits(1);
    assert_eq!((expired.verdict("small"), expired.notices().len()), ("fail", 1));
    assert!(expired.notices()[0]["message"].as_str().unwrap().contains("expired"));
    let last_day = cover(0);
    assert!(last_day.code == 0 || last_day.notices()[0]["message"].as_str().unwrap().contains("expired"));
    let soon = cover(7).exits(0);
    assert_eq!((soon.verdict("small"), soon.notices().len()), ("waived", 1));
    assert!(soon.notices()[0]["message"].as_str().unwrap().contains("expires in"));
    assert_eq!(cover(30).exits(0).notices().len(), 0);
    cover(401).exits(2).says("further ahead");
    let near = shop(&format!("max_waiver: 20d\n{}", waivers(&[&format!("expires: {}", in_days(30))])));
    near.check(&[]).exits(2).says("20 days");
}

#[test]
fn a_waiver_holds_up_to_its_limit() {
    let verdict = |up_to: &str| {
        let run = shop(&waivers(&[&format!("up_to: {up_to}, expires: {}", in_days(100))])).check(&[]);
        run.verdict("small").to_owned()
    };
    assert_eq!(verdict("100B"), "waived");
    assert_eq!(verdict("1KiB"), "waived");
    assert_eq!(verdict("99B"), "fail");
    // A limit of another kind than what is judged covers nothing.
    assert_eq!(verdict("95%"), "fail");
    shop(&waivers(&[&format!("up_to: much, expires: {}", in_days(100))])).check(&[]).exits(2);
}

#[test]
fn unknown_is_covered_only_if_a_waiver_says_so() {
    let unknown = |covers: &str| {
        let shop = shop(&waivers(&[&format!("{covers}expires: {}", in_days(100))]));
        std::fs::remove_file(shop.at("data/a.txt")).unwrap();
        std::os::unix::fs::symlink("a.txt", shop.at("data/a.txt")).unwrap();
        let run = shop.check(&[]);
        (run.code, run.verdict_of("small", &subject(&shop, "a.txt")).to_owned())
    };
    assert_eq!(unknown(""), (3, "unknown".to_owned()));
    assert_eq!(unknown("covers: [fail], "), (3, "unknown".to_owned()));
    assert_eq!(unknown("covers: [fail, warn, unknown], "), (0, "waived".to_owned()));
    assert_eq!(unknown("covers: [unknown], "), (1, "waived".to_owned()));
}

#[test]
fn a_waiver_is_for_its_target_and_policy_only() {
    let rest = format!("target: other, expires: {}", in_days(100));
    shop(&waivers(&[&rest])).check(&[]).exits(2).says("other");
    let shop = shop(&waivers(&[&rest.replace("other", "\"oth*\"")]));
    let run = shop.check(&[]).exits(1);
    assert_eq!((run.verdict("small"), run.notices().len()), ("fail", 1));
    let run = shop.check(&["--target", "here"]).exits(1);
    assert_eq!(run.notices().len(), 0, "what was not asked cannot be called unused");
}

fn answer(target: &str, role: Option<&str>) -> Observation {
    let schema = Arc::new(catalogue::find("postgres.server").unwrap().schema());
    let request = Request::new("postgres.server", target, Args::default(), Arc::clone(&schema), Vec::new());
    let mut table = TableBuilder::new(&schema, 10);
    table.row().set("database", Value::text("shop")).push();
    let identity = Identity { role: role.map(Arc::from), ..Identity::default() };
    let at = jiff::Timestamp::UNIX_EPOCH;
    let result: Result<Table, _> = Ok(table.finish());
    Observation {
        identity,
        result,
        ..Observation::missing(request.key, at, passmuster::fact::Missing::new(Cause::Absent, ""))
    }
}

fn target(name: &str, role: Option<&str>) -> Arc<TargetInfo> {
    let labels = role.map(|role| (Arc::from("role"), Arc::from(role))).into_iter().collect();
    Arc::new(TargetInfo {
        name: Arc::from(name),
        kind: Arc::from("postgres"),
        labels,
        ..TargetInfo::default()
    })
}

#[test]
fn a_target_that_is_another_one_than_its_label_says_is_not_judged() {
    let mut answers = [
        answer("a", Some("replica")),
        answer("a", None),
        answer("b", Some("replica")),
        answer("c", None),
        answer("d", Some("primary")),
    ];
    let targets = [
        target("a", Some("primary")),
        target("b", Some("replica")),
        target("c", Some("primary")),
        target("d", None),
    ];
    verify(&mut answers, &targets);
    let causes: Vec<_> =
        answers.iter().map(|answer| answer.result.as_ref().err().map(|why| why.cause)).collect();
    // Everything of `a` is about the wrong system; `c` did not say what it is, `d` was not labelled.
    assert_eq!(causes, [Some(Cause::WrongTarget), Some(Cause::WrongTarget), None, None, None]);
    let why = answers[0].result.as_ref().unwrap_err();
    assert!(why.what.contains("primary") && why.what.contains("replica") && why.fix.is_some(), "{why}");
}
