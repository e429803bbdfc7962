//! Changes that `muster diff` could pass over: each loosens what is judged, or may, and `--fail-on looser` must say so.

use serde_json::Value as Json;

use crate::harness::{Run, Shop, policy};
use crate::repository::Repository;

const PROJECT: &str = "owner: team\npolicies: [policies/]\nlabels: { env: [prod, staging] }\ntargets: { a: { type: host, labels: { env: prod } } }\n";

const OBSERVE: &str = "target: { type: host }\nobserve:\n  f: { probe: file.stat, with: { paths: ['@SHOP@/x', '@SHOP@/y'] } }\n  g: { probe: file.stat, with: { paths: ['@SHOP@/x'] } }\n  h: { probe: file.stat, with: { paths: ['@SHOP@/y'] } }\neach: f\n";

/// Both versions in folders of their own; the files of each by path and text.
fn compared(shop: &Shop, versions: [&[(&str, &str)]; 2]) -> Run {
    for (folder, files) in ["old", "new"].into_iter().zip(versions) {
        for (path, text) in files {
            shop.file(&format!("{folder}/{path}"), text);
        }
    }
    shop.run(&["diff", "old", "new", "--fail-on", "looser", "--format", "json"])
}

/// Direction and kind of each change.
fn told(run: &Run) -> Vec<String> {
    let word = |change: &Json, key: &str| change[key].as_str().unwrap().to_owned();
    let changes = run.json()["changes"].as_array().unwrap().clone();
    changes.iter().map(|change| format!("{} {}", word(change, "direction"), word(change, "kind"))).collect()
}

/// Compares two versions of the policy `p` in a project, or without one.
#[track_caller]
fn policies(project: Option<[&str; 2]>, old: &str, new: &str, wanted: &str) {
    let shop = Shop::new();
    let [first, second] = [old, new].map(|lines| policy("p", lines));
    let run = match project {
        None => compared(&shop, [&[("p.yaml", &first)], &[("p.yaml", &second)]]),
        Some(projects) => {
            let [was, is] = projects.map(|text| format!("muster: 1\n{text}"));
            compared(
                &shop,
                [
                    &[("muster.yaml", &was), ("policies/p.yaml", &first)],
                    &[("muster.yaml", &is), ("policies/p.yaml", &second)],
                ],
            )
        }
    };
    let all = told(&run);
    assert!(all.contains(&wanted.to_owned()), "{wanted} is not among {all:?}\n{old}\n{new}\n{}", run.stdout);
    let bad = |one: &String| one.starts_with("looser") || one.starts_with("not-comparable");
    run.exits(if all.iter().any(|one| one.starts_with("looser")) {
        1
    } else {
        i32::from(all.iter().any(bad)) * 3
    });
}

#[test]
fn a_rule_that_moves_to_another_key_is_looser() {
    let (x, y) = ("(size ?? 0.bytes) > 1.MB", "path == \"y\"");
    let same = Some([PROJECT, PROJECT]);
    let moved = |old: String, new: String, wanted: &str| {
        policies(same, &format!("{OBSERVE}{old}"), &format!("{OBSERVE}{new}"), wanted);
    };
    moved(format!("fail: {x}\n"), format!("warn: {x}\n"), "looser rule");
    moved(
        format!("fail: [{{ if: '{x}' }}, {{ if: '{y}' }}]\n"),
        format!("fail: {x}\nwarn: {y}\n"),
        "looser rule",
    );
    moved(format!("where: {x}\nfail: {y}\n"), format!("fail: {x}\nwarn: {y}\n"), "stricter rule");
}

#[test]
fn what_a_script_may_read_is_not_passed_over() {
    let script = "script: |\n  fn judge(row, ctx) { if row.size > ctx.params.limit { fail(\"large\") } else { pass() } }\n";
    let lines = |limit: &str, script: &str| {
        format!(
            "{OBSERVE}params: {{ limit: {limit}, limits: 1MB }}\nwarn: (size ?? 0.bytes) > params.limits\n{script}"
        )
    };
    let same = Some([PROJECT, PROJECT]);
    policies(same, &lines("1MB", script), &lines("2MB", script), "not-comparable script");
    let over = format!("{PROJECT}overrides: [{{ policy: p, set: {{ limit: 9MB }} }}]\n");
    policies(Some([PROJECT, &over]), &lines("1MB", script), &lines("1MB", script), "not-comparable script");
    let labels = PROJECT.replace("labels: { env: prod }", "labels: { env: staging }");
    policies(Some([PROJECT, &labels]), &lines("1MB", script), &lines("1MB", script), "not-comparable script");
    // A parameter that no script names changes nothing of it.
    let other = format!("{PROJECT}overrides: [{{ policy: p, set: {{ limits: 9MB }} }}]\n");
    policies(Some([PROJECT, &other]), &lines("1MB", script), &lines("1MB", script), "looser rule");
    // Rows that are left out are shown to no script.
    let filtered = format!("{}where: path != \"x\"\n", lines("1MB", script));
    policies(same, &lines("1MB", script), &filtered, "looser rule");
}

#[test]
fn a_script_in_a_file_of_its_own_is_compared() {
    let shop = Shop::new();
    let text = policy("p", &format!("{OBSERVE}script: p.rhai\n"));
    let script = |verdict: &str| format!("fn judge(row, ctx) {{ {verdict} }}\n");
    let (was, is) = (script("fail(\"no\")"), script("pass()"));
    let run =
        compared(&shop, [&[("p.yaml", &text), ("p.rhai", &was)], &[("p.yaml", &text), ("p.rhai", &is)]]);
    assert_eq!(told(&run), ["not-comparable script"], "{}", run.stdout);
    run.exits(3);
}

#[test]
fn names_of_another_view_are_not_the_same_names() {
    let lines = |view: &str| format!("{OBSERVE}expect: {view}\nfail: (size ?? 0.bytes) > 1.MB\n");
    policies(Some([PROJECT, PROJECT]), &lines("g"), &lines("h"), "not-comparable expect");
}

#[test]
fn without_a_project_a_target_can_be_any() {
    let lines = |rule: &str| format!("{OBSERVE}fail: {rule}\n");
    for (old, new) in [
        (
            "target.name == \"db\" && (size ?? 0.bytes) > 1.MB",
            "(size ?? 0.bytes) > 900.MB && target.name == \"db\"",
        ),
        (
            "(target.labels.env ?? \"\") == \"prod\" && (size ?? 0.bytes) > 1.MB",
            "(target.labels.env ?? \"\") == \"prod\" && (size ?? 0.bytes) > 9.MB",
        ),
    ] {
        policies(None, &lines(old), &lines(new), "looser rule");
    }
    let when = |limit: &str| {
        format!("{OBSERVE}when: (target.labels.env ?? \"\") == \"prod\"\nfail: (size ?? 0.bytes) > {limit}\n")
    };
    policies(None, &when("1.MB"), &when("9.MB"), "looser rule");
    policies(None, &lines("(size ?? 0.bytes) > 1.MB"), &when("1.MB"), "looser rule");
}

#[test]
fn a_policy_that_nothing_judges_is_not_only_comments() {
    let lines = |limit: &str| {
        format!(
            "{OBSERVE}when: (target.labels.env ?? \"\") == \"staging\"\nfail: (size ?? 0.bytes) > {limit}\n"
        )
    };
    let same = Some([PROJECT, PROJECT]);
    policies(same, &lines("1.MB"), &lines("9.MB"), "not-comparable nowhere");
    policies(same, &lines("1.MB"), &format!("# a remark\n{}", lines("1.MB")), "text text");
}

#[test]
fn all_of_the_project_that_decides_is_told() {
    let server = "owner: team\npolicies: [policies/]\ntargets:\n  a: { type: host }\n  s: { type: postgres, url: 'postgres://w@h/x', databases: all, limits: { deadline: 5s, connections: 2 } }\n";
    let more = format!(
        "{server}commands: {{ list: [ls, -l] }}\nstore: {{ path: store.db }}\nrecordings: {{ max_age: 1d }}\n"
    );
    let lines = format!("{OBSERVE}fail: (size ?? 0.bytes) > 1.MB\n");
    for (from, to, wanted) in [
        (", databases: all", "", "looser databases"),
        ("databases: all", "databases: { except: [y] }", "looser databases"),
        ("databases: all", "databases: { except: [x] }", "looser databases"),
        ("[ls, -l]", "[echo]", "not-comparable command"),
        ("path: store.db", "path: other.db", "not-comparable store"),
        ("max_age: 1d", "max_age: 9d", "looser max-age"),
        ("recordings:", "attestations: [signed]\nrecordings:", "not-comparable attestations"),
        ("deadline: 5s", "deadline: 9s", "not-comparable deadline"),
        ("connections: 2", "connections: 3", "text connections"),
        ("databases: all", "databases: all, tls: { mode: require }", "not-comparable tls"),
        ("databases: all", "databases: all, password: { env: P }", "not-comparable login"),
    ] {
        assert!(more.contains(from), "{from}");
        policies(Some([&more, &more.replace(from, to)]), &lines, &lines, wanted);
    }
    let same = compared_alike(&more, &lines);
    assert_eq!(same, Vec::<String>::new());
}

/// What is said of two folders that hold the same.
fn compared_alike(project: &str, lines: &str) -> Vec<String> {
    let shop = Shop::new();
    let (project, text) = (format!("muster: 1\n{project}"), policy("p", lines));
    let files: [(&str, &str); 2] = [("muster.yaml", &project), ("policies/p.yaml", &text)];
    told(&compared(&shop, [&files, &files]).exits(0))
}

#[test]
fn overrides_that_match_one_subject_are_compared_together() {
    let lines = format!(
        "{OBSERVE}params: {{ limit: 1MB, least: 1KiB }}\nfail: (size ?? 0.bytes) > params.limit && (size ?? 0.bytes) > params.least\n"
    );
    let over = |entries: &[(&str, &str)]| {
        let entries: Vec<String> = entries
            .iter()
            .map(|(subject, set)| format!("{{ policy: p, subject: \"{subject}\", set: {{ {set} }} }}"))
            .collect();
        format!("{PROJECT}overrides: [{}]\n", entries.join(", "))
    };
    // Only together do the two leave anything out.
    policies(
        Some([&over(&[("*/x", "limit: 10KiB")]), &over(&[("*/x", "limit: 10KiB"), ("*x", "least: 20KiB")])]),
        &lines,
        &lines,
        "looser rule",
    );
    policies(
        Some([&over(&[("*/x", "limit: 2MB")]), &over(&[("*/x", "limit: 2MB"), ("*x", "limit: 3MB")])]),
        &lines,
        &lines,
        "not-comparable subjects",
    );
}

#[test]
fn a_fault_of_the_old_version_is_told() {
    let shop = Shop::new();
    let good = policy("p", &format!("{OBSERVE}fail: (size ?? 0.bytes) > 1.MB\n"));
    let files: [(&str, &str); 1] = [("p.yaml", &good)];
    let run = compared(&shop, [&[("p.yaml", &good), ("q.yaml", "policy: [\n")], &files]);
    assert_eq!(told(&run), ["not-comparable mended"], "{}", run.stdout);
    run.exits(3);
    let broken = good.replace("(size ??", "(sise ??");
    let shop = Shop::new();
    let run = compared(&shop, [&[("p.yaml", &broken)], &files]);
    assert_eq!(told(&run), ["not-comparable mended"], "{}", run.stdout);
    run.exits(3);
}

#[test]
fn policies_in_a_submodule_are_refused() {
    let shop = Shop::new();
    shop.project(PROJECT).policy("p", &format!("{OBSERVE}fail: (size ?? 0.bytes) > 1.MB\n"));
    let repository = Repository::of(&shop);
    repository.commit("policies");
    let head = String::from_utf8(repository.git(&["rev-parse", "HEAD"]).stdout).unwrap();
    let module = |path: &str| {
        let entry = format!("160000,{},{path}", head.trim());
        repository.git(&["update-index", "--add", "--cacheinfo", &entry]);
        repository.git(&["commit", "--quiet", "--message", path]);
    };
    module("vendor/other");
    shop.run(&["diff", "HEAD~1", "HEAD"]).exits(0);
    module("policies/shared");
    shop.run(&["diff", "HEAD~1", "HEAD"])
        .exits(2)
        .says("the submodule `policies/shared` is")
        .says("git submodule update --init");
}

#[test]
fn what_a_recording_does_not_answer_is_not_judged_alike() {
    let shop = Shop::new();
    shop.project("owner: team\npolicies: [policies/]\ntargets: { a: { type: host } }\n").bytes("x", b"x");
    let lines = |paths: &str, limit: &str| {
        format!(
            "target: {{ type: host }}\nobserve: {{ f: {{ probe: file.stat, with: {{ paths: [{paths}] }} }} }}\neach: f\nfail: (size ?? 0.bytes) > {limit}\n"
        )
    };
    shop.policy("p", &lines("'@SHOP@/x'", "1.MB"));
    shop.run(&["record", "facts.json"]).exits(0);
    shop.policy("q", &lines("'@SHOP@/y'", "1.MB"));
    let repository = Repository::of(&shop);
    repository.commit("as it was");
    shop.policy("q", &lines("'@SHOP@/y'", "2.MB"));
    let run = shop.run(&["diff", "HEAD", ".", "--facts", "facts.json", "--format", "json"]).exits(0);
    assert_eq!(run.json()["recordings"][0]["unchanged"], 1, "{}", run.stdout);
    assert_eq!(run.json()["recordings"][0]["unanswered"], 1);
    assert!(told(&run).contains(&"not-comparable unanswered".to_owned()), "{}", run.stdout);
    let human = shop.run(&["diff", "HEAD", ".", "--facts", "facts.json"]).exits(0);
    assert!(human.stdout.contains("1 subject judged alike, 1 not answered"), "{}", human.stdout);
    shop.policy("q", &lines("'@SHOP@/y'", "0.5.MB"));
    shop.run(&["diff", "HEAD", ".", "--facts", "facts.json", "--fail-on", "looser"]).exits(3);
}
