//! What a reviewer found green that is not: what an environment judges no more, recordings of something else, changes of
//! ladders that no case notices.

use std::process::Command;

use serde_json::{Value as Json, json};

use crate::harness::{Run, Shop};

const PROJECT: &str = "owner: team-shop\npolicies: [policies/]\nlabels: { env: [ci, prod] }\ntargets:\n  shop-host: { type: host, labels: { env: ci } }\n  big-host: { type: host, labels: { env: prod } }\n  spare-host: { type: host, labels: { env: ci } }\nenvironments:\n  ci: { targets: { env: ci } }\n  prod: { targets: { env: prod }, fail_on: warn }\nowners:\n  team-shop: { page: \"#oncall\", ticket: SHOP, notice: \"#shop\" }\n";

const DISK: &str = "target: { type: host }\nowner: team-shop\nobserve: { disks: { probe: disk.usage } }\nfail: used_ratio > 90.percent\nmessage: \"{{ path }} is full\"\n";

/// Two versions of a project and of the policy `disk-free`, compared.
fn diff(old: (&str, &str), new: (&str, &str), arguments: &[&str]) -> Run {
    let shop = Shop::new();
    for (folder, (project, policy)) in [("old", old), ("new", new)] {
        shop.file(&format!("{folder}/muster.yaml"), &format!("muster: 1\n{project}"));
        shop.file(&format!("{folder}/policies/disk-free.yaml"), &crate::harness::policy("disk-free", policy));
    }
    let mut all = vec!["diff", "old", "new", "--format", "json"];
    all.extend(arguments);
    shop.run(&all)
}

fn changes(run: &Run) -> Vec<(String, String, String)> {
    let text = |change: &Json, key: &str| change[key].as_str().unwrap().to_owned();
    let list = run.json()["changes"].as_array().unwrap();
    list.iter().map(|one| (text(one, "direction"), text(one, "kind"), text(one, "what"))).collect()
}

#[track_caller]
fn tells(project: (&str, &str), policy: (&str, &str), direction: &str, kind: &str, words: &str) {
    let new = PROJECT.replace(project.0, project.1);
    let policy = (policy.0.to_owned(), policy.1.to_owned());
    let run = diff((PROJECT, &policy.0), (&new, &policy.1), &[]);
    let found = changes(&run);
    let is = |one: &(String, String, String)| one.0 == direction && one.1 == kind && one.2.contains(words);
    assert!(found.iter().any(is), "{direction} {kind} {words}\n{found:#?}");
}

#[test]
fn a_target_that_leaves_an_environment_is_looser() {
    let moved =
        PROJECT.replace("shop-host: { type: host, labels: { env: ci } }", "shop-host: { type: host }");
    let run = diff((PROJECT, DISK), (&moved, DISK), &["--fail-on", "looser"]).exits(1);
    let found = changes(&run);
    let what = &found.iter().find(|one| one.1 == "environment").unwrap().2;
    assert!(what.contains("`shop-host` is not in the environment `ci` any more: 1 check is"), "{what}");
    let moved = PROJECT.replace(
        "big-host: { type: host, labels: { env: prod } }",
        "big-host: { type: host, labels: { env: ci } }\n  other: { type: host, labels: { env: prod } }",
    );
    let run = diff((PROJECT, DISK), (&moved, DISK), &["--fail-on", "looser"]).exits(1);
    let found = changes(&run);
    assert!(found.iter().any(|one| one.2.contains("and fail on `warn` there")), "{found:#?}");
    assert!(
        found.iter().any(|one| one.2.contains("`big-host` is in the environment `ci` now")),
        "{found:#?}"
    );
    let host = ("{ env: ci } }\n  big", "{ env: ci } }\n  big");
    tells((host.0, host.1), (DISK, &format!("{DISK}title: Other\n")), "text", "text", "title");
    let narrowed = ("ci: { targets: { env: ci } }", "ci: { targets: { env: prod } }");
    tells(narrowed, (DISK, DISK), "looser", "environment", "`spare-host`");
    tells(narrowed, (DISK, DISK), "stricter", "environment", "`big-host`");
    tells(
        ("prod: { targets: { env: prod }, fail_on: warn }", "prod: { targets: {}, fail_on: warn }"),
        (DISK, DISK),
        "stricter",
        "environment",
        "`shop-host`",
    );
}

#[test]
fn an_environment_without_a_target_is_an_error_everywhere() {
    let shop = Shop::new();
    let emptied = PROJECT.replace("env: prod } }\n  spare", "env: ci } }\n  spare");
    shop.project(&emptied).policy("disk-free", DISK);
    let lint = shop.run(&["lint"]).exits(2);
    assert!(lint.stdout.contains("the environment `prod` chooses no target"), "{}", lint.stdout);
    shop.run(&["check", "--env", "prod"]).exits(2).says("the environment `prod` chooses no target");
    let run = diff((PROJECT, DISK), (&emptied, DISK), &[]).exits(2);
    let found = changes(&run);
    assert!(found.iter().any(|one| one.0 == "broken" && one.2.contains("chooses no target")), "{found:#?}");
    assert!(found.iter().any(|one| one.0 == "looser" && one.1 == "environment"), "{found:#?}");
}

#[test]
fn what_nobody_is_told_any_more_is_told_by_diff() {
    let lints = |text: &str| format!("owners:\nlints: {text}\n");
    let with = |text: &str| PROJECT.replace("owners:\n", &format!("lints: {text}\nowners:\n"));
    assert_ne!(lints(""), with(""));
    let says = |old: &str, new: &str, wanted: &[&str]| {
        let found = changes(&diff((old, DISK), (new, DISK), &[]));
        let found: Vec<String> = found.iter().map(|one| format!("{} {}", one.0, one.1)).collect();
        assert_eq!(found, wanted, "{new}");
    };
    says(
        &with("{ levels: { slow-page: error } }"),
        &with("{ levels: { slow-page: off } }"),
        &["looser lint-level"],
    );
    says(&with("{ levels: { slow-page: error } }"), PROJECT, &["looser lint-level"]);
    says(PROJECT, &with("{ levels: { constant-condition: warning } }"), &["not-comparable lint-level"]);
    let rule = "{ rules: [{ rule: audited, why: auditors ask, severity: [critical], require: [owner] }] }";
    says(&with(rule), PROJECT, &["looser house-rule"]);
    says(&with(rule), &with(&rule.replace("[owner]", "[controls]")), &["not-comparable house-rule"]);
    let route = ("page: \"#oncall\"", "page: \"#dump\"");
    says(PROJECT, &PROJECT.replace(route.0, route.1), &["not-comparable route"]);
    let until = crate::harness::in_days(60);
    let waiver = |more: &str| {
        format!(
            "{PROJECT}waivers:\n  - {{ policy: disk-free, owner: team-shop, expires: {until}, {more} }}\n"
        )
    };
    let base = waiver("reason: the disk is replaced soon, ticket: T-1");
    says(&base, &waiver("reason: the disk is replaced later, ticket: T-2"), &["text waiver", "text waiver"]);
    let short = format!("max_waiver: 20d\n{base}");
    says(&format!("max_waiver: 200d\n{base}"), &short, &["broken broken", "stricter max-waiver"]);
    let private = DISK.replace("probe: disk.usage", "probe: disk.usage, private: [device]");
    tells(("x", "x"), (&private, DISK), "not-comparable", "private", "`device` is private no more");
    let when = format!("{DISK}when: target.name != \"nobody\"\n");
    tells(("x", "x"), (&when, DISK), "stricter", "when", "is gone");
    tells(("x", "x"), (DISK, &when), "looser", "when", "is new");
}

#[test]
fn a_rule_of_the_house_about_no_policy_is_told() {
    let shop = Shop::new();
    let rule = "lints: { rules: [{ rule: named, why: agreed, policies: 'nope-*', require: [owner] }] }\n";
    shop.project(&format!("{PROJECT}{rule}")).policy("disk-free", DISK);
    shop.run(&["lint"]).exits(0);
    let run = shop.run(&["lint"]);
    assert!(
        format!("{}{}", run.stdout, run.stderr).contains("is about `nope-*`, and no policy is called so")
    );
}

fn sqlite(shop: &Shop) {
    for (name, rows) in [("shop", 3), ("other", 5)] {
        let file = shop.at(&format!("data/{name}.db"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let sql = format!(
            "CREATE TABLE orders (id INTEGER); CREATE TABLE users (id INTEGER); WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {rows}) INSERT INTO orders SELECT x FROM n;"
        );
        assert!(Command::new("sqlite3").arg(&file).arg(sql).status().unwrap().success());
    }
    shop.project("policies: [policies/]\ntargets:\n  shop-db: { type: sqlite, path: data/shop.db }\n");
    shop.policy(
        "orders",
        "target: { type: sqlite }\nobserve: { tables: { probe: sqlite.tables } }\nwhere: name == \"orders\"\nfail: rows < 2\nmessage: few\n",
    );
    shop.run(&["record", "facts.json"]).exits(0);
    shop.run(&["check", "--facts", "facts.json"]).exits(0);
}

#[test]
fn a_recording_of_another_sqlite_file_is_refused() {
    let shop = Shop::new();
    sqlite(&shop);
    shop.project("policies: [policies/]\ntargets:\n  shop-db: { type: sqlite, path: data/other.db }\n");
    let said = "the target `shop-db` was at `data/shop.db` when it was recorded";
    shop.run(&["check", "--facts", "facts.json"]).exits(2).says(said);
    shop.project("policies: [policies/]\ntargets:\n  shop-db: { type: sqlite, path: @SHOP@/data/shop.db }\n");
    shop.run(&["check", "--facts", "facts.json"]).exits(0);
    shop.run(&["check", "--facts", "facts.json", "--project", "muster.yaml"]).exits(0);
}

#[test]
fn a_recording_that_was_edited_is_refused_with_what_cannot_be() {
    let shop = Shop::new();
    sqlite(&shop);
    let text = std::fs::read_to_string(shop.at("facts.json")).unwrap();
    let whole: Json = serde_json::from_str(&text).unwrap();
    let edited = |edit: &dyn Fn(&mut Json), said: &str| {
        let mut json = whole.clone();
        edit(&mut json);
        shop.bytes("facts.json", json.to_string().as_bytes());
        shop.run(&["check", "--facts", "facts.json"]).exits(2).says(said);
    };
    edited(
        &|json| json["schemas"][0]["key"] = json!(["kind"]),
        "were told apart by `kind`, and are by `name`",
    );
    edited(
        &|json| drop(json["observations"][0]["table"]["rows"].as_array_mut().unwrap().pop()),
        "1 row of 2 that it counts",
    );
    edited(&|json| json["observations"][0]["complete"] = json!(false), "there is no key `complete`");
    edited(&|json| json["observations"][0]["table"]["complete"] = json!(false), "there is no key `complete`");
    edited(&|json| json["pats"] = json!({}), "there is no key `pats`");
    edited(
        &|json| {
            let mut second = json["observations"][0].clone();
            second["table"]["rows"][0][2] = json!(1);
            json["observations"].as_array_mut().unwrap().push(second);
        },
        "`sqlite.tables` of `shop-db` has two answers to one question",
    );
}

const LADDERS: &str = "target: { type: host }\nobserve: { disks: { probe: disk.usage } }\nseverity: { critical: free < 1.MiB, high: otherwise }\nalert: { urgency: { page: free < 5.MiB, ticket: otherwise }, for: 2d, context: [free] }\nfail: free < 1.GiB\nmessage: \"{{ path }} {{ free }}\"\nremedy: { steps: [{ shell: \"df -h {{ path }}\" }] }\n";

#[test]
fn changes_of_ladders_and_of_for_are_noticed_by_proposed_cases() {
    let shop = Shop::new();
    shop.policy("m", LADDERS);
    let facts = |free: &str| format!("{{ disks: [{{ path: /srv, free: {free}, total: 20GiB }}] }}");
    shop.file(
        "policies/m.cases.yaml",
        &format!(
            "cases: m\nnow: 2026-11-01T03:00:00Z\ncheck:\n  - {{ name: ok, facts: {}, findings: [] }}\n  - {{ name: bad, facts: {}, findings: [{{ subject: /srv, verdict: fail }}] }}\n",
            facts("5GiB"),
            facts("500MiB")
        ),
    );
    let run = shop.run(&["test", "policies/", "--mutate"]).exits(1);
    for change in
        ["`free < 1.MiB` as `free <= 1.MiB`", "`free < 5.MiB` as `free <= 5.MiB`", "`for: 2d` as `for: "]
    {
        assert!(run.stdout.contains(change), "{change}\n{}", run.stdout);
    }
    let coverage = || shop.run(&["test", "policies/", "--coverage"]).stdout;
    assert!(coverage().contains("NOT SHOWN  m · severity `free < 1.MiB` true"), "{}", coverage());
    shop.run(&["test", "policies/", "--generate", "--write"]).exits(0);
    let run = shop.run(&["test", "policies/", "--mutate"]).exits(0);
    assert!(run.stdout.ends_with(", 0 unnoticed\n"), "{}", run.stdout);
    for (from, to) in [
        ("free < 5.MiB", "free < 500.MiB"),
        ("free < 5.MiB", "free <= 5.MiB"),
        ("free < 1.MiB", "free < 999.MiB"),
        ("free < 1.MiB", "free <= 1.MiB"),
        ("for: 2d", "for: 9d"),
        ("for: 2d", "for: 47h"),
    ] {
        shop.policy("m", &LADDERS.replace(from, to));
        shop.run(&["test", "policies/"]).exits(1);
    }
}

#[test]
fn how_long_a_failure_held_is_said_by_a_case() {
    let shop = Shop::new();
    shop.policy("m", LADDERS);
    let case = |held: &str, verdict: &str| {
        let text = format!(
            "cases: m\nnow: 2026-11-01T03:00:00Z\ncheck:\n  - name: held\n    held: {held}\n    facts: {{ disks: [{{ path: /srv, free: 500MiB }}] }}\n    findings: [{{ subject: /srv, verdict: {verdict} }}]\n"
        );
        shop.file("policies/m.cases.yaml", &text);
        shop.run(&["test", "policies/"])
    };
    case("2d", "fail").exits(0);
    case("3d", "fail").exits(0);
    case("47h", "warn").exits(0);
    case("47h", "fail").exits(1);
    shop.policy("m", &LADDERS.replace(", for: 2d", ""));
    case("2d", "fail").exits(2).says("the policy has no `for:`");
}

#[test]
fn a_proposal_says_more_than_a_case_with_its_facts() {
    let shop = Shop::new();
    shop.policy("m", LADDERS);
    let mut text = "cases: m\nnow: 2026-11-01T03:00:00Z\ncheck:\n".to_owned();
    for free in ["1048575B", "1MiB", "1048577B", "5242879B", "5MiB", "5242881B", "500MiB", "5GiB"] {
        let found = if free == "5GiB" { "[]" } else { "[{ subject: /srv, verdict: fail }]" };
        text.push_str(&format!(
            "  - {{ name: at {free}, facts: {{ disks: [{{ path: /srv, free: {free} }}] }}, findings: {found} }}\n"
        ));
    }
    shop.file("policies/m.cases.yaml", &text);
    shop.run(&["test", "policies/"]).exits(0);
    shop.run(&["test", "policies/", "--generate", "--write"]).exits(0);
    let run = shop.run(&["test", "policies/", "--mutate"]).exits(0);
    assert!(run.stdout.ends_with(", 0 unnoticed\n"), "{}", run.stdout);
    let again = shop.run(&["test", "policies/", "--generate"]).exits(0);
    assert_eq!(again.stdout, "", "nothing is left to be said");
}

#[test]
fn alike_is_what_both_versions_judge() {
    let shop = Shop::new();
    let both = |folder: &str, second: bool| {
        let project = "muster: 1\nowner: team\npolicies: [policies/]\ntargets: { here: { type: host } }\n";
        shop.file(&format!("{folder}/muster.yaml"), project);
        let policy = |name: &str, path: &str| {
            let text = format!(
                "target: {{ type: host }}\nobserve: {{ f: {{ probe: file.stat, with: {{ paths: {path} }} }} }}\neach: f\nfail: (size ?? 0.bytes) > 1.GB\nmessage: large\n"
            );
            shop.file(&format!("{folder}/policies/{name}.yaml"), &crate::harness::policy(name, &text));
        };
        policy("one", "['@SHOP@/a', '@SHOP@/b']");
        if second {
            policy("two", "['@SHOP@/c']");
        }
    };
    shop.file("a", "x").file("b", "x").file("c", "x");
    both("old", true);
    both("new", false);
    shop.run(&["record", "facts.json", "--project", "old/muster.yaml"]).exits(0);
    let alike = |new: &str| {
        let run = shop.run(&["diff", "old", new, "--facts", "facts.json", "--format", "json"]);
        run.json()["recordings"][0]["unchanged"].as_u64().unwrap()
    };
    assert_eq!((alike("old"), alike("new")), (3, 2));
    shop.file("new/policies/two.yaml", "policy: two\nfail: nothing\n");
    assert_eq!(alike("new"), 2, "what does not load is judged by nobody");
}

#[test]
fn what_no_system_can_have_and_what_has_no_name_of_its_own_is_no_case() {
    let shop = Shop::new();
    shop.policy("p", DISK);
    let cases = |facts: &[(&str, &str)]| {
        let mut text = "cases: p\nnow: 2026-11-01T03:00:00Z\ncheck:\n".to_owned();
        for (name, ratio) in facts {
            text.push_str(&format!(
                "  - {{ name: {name}, facts: {{ disks: [{{ path: /srv, used_ratio: {ratio} }}] }}, findings: [] }}\n"
            ));
        }
        shop.file("policies/p.cases.yaml", &text);
        shop.run(&["test", "policies/"])
    };
    cases(&[("a", "10%"), ("b", "0%")]).exits(0);
    cases(&[("a", "910%")]).exits(2).says("`used_ratio` cannot be 910%: it lies between 0% and 100%");
    cases(&[("a", "-10%")]).exits(2).says("`used_ratio` cannot be -10%");
    cases(&[("a", "10%"), ("a", "20%")]).exits(2).says("two cases of `p` are called `a`");
}

#[test]
fn what_ends_every_run_cannot_be_lowered_or_allowed() {
    let shop = Shop::new();
    let levels = |text: &str| format!("{PROJECT}lints: {{ levels: {{ {text} }} }}\n");
    for lint in ["unknown-owner", "ownerless-alert", "unmatched-target", "waiver-far"] {
        shop.project(&levels(&format!("{lint}: warning"))).policy("disk-free", DISK);
        let run = shop.run(&["lint"]).exits(2);
        assert!(run.stdout.contains(&format!("`{lint}` cannot be lowered")), "{}", run.stdout);
        shop.run(&["check"]).exits(2).says(&format!("`{lint}` cannot be lowered"));
        shop.project(PROJECT).policy("disk-free", &format!("# muster: allow {lint} -- we like it\n{DISK}"));
        let run = shop.run(&["lint"]).exits(2);
        assert!(run.stdout.contains("no run begins while it finds something"), "{}", run.stdout);
    }
}

#[test]
fn advice_is_what_can_be_written() {
    let shop = Shop::new();
    let says = |rule: &str, words: &str| {
        shop.policy("p", &DISK.replace("fail: used_ratio > 90.percent", rule));
        let run = shop.run(&["lint", "policies/"]).exits(2);
        let whole = format!("{}{}", run.stdout, run.stderr).replace("\n  │ ", "").replace("\n        ", " ");
        assert!(whole.contains(words), "{rule}: {words}\n{whole}");
    };
    says("fail: used_ratio > 90%", "write `90.percent`");
    says("fail: free = 1.GiB", "write `==` to compare");
    says("fail: !(free < 1.GiB || read_only)", "put the expression into quotes or a `|` block");
    says("let: { r: ratio(free, total) }\nfail: r < 10.percent", "YAML splits");
    shop.policy("p", DISK).file("policies/p.case.yaml", "cases: p\n");
    let run = shop.run(&["lint", "policies/"]).exits(2);
    assert!(run.stdout.contains("`….cases.yaml`"), "{}", run.stdout);
    assert_eq!(run.stdout.matches("policies/p.case.yaml` is neither").count(), 1, "{}", run.stdout);
}
