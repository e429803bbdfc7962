//! How a verdict came about: the operands of every kind of rule, and the tree of the decision.

use serde_json::Value as Json;

use crate::harness::{Run, Shop, in_days};

const PROJECT: &str = "owner: team\npolicies: [policies/]\ntargets:\n  here: { type: host }\nowners: { team: { page: \"#team\", ticket: T } }\nstore: { path: .muster/store.db }\n";

const FILES: &str = "target: { type: host }\nobserve: { f: { probe: file.stat, with: { paths: ['@SHOP@/x.txt'] } } }\neach: f\n";

/// Steps of a tree and of all that is below them, as `step text: said`.
fn lines(tree: &Json, all: &mut Vec<String>) {
    for reason in tree.as_array().into_iter().flatten() {
        let text = |key: &str| reason[key].as_str().unwrap_or_default();
        all.push(format!("{} {}: {}", text("step"), text("text"), text("said")));
        lines(&reason["parts"], all);
    }
}

/// The tree of a subject, which must fit its schema.
#[track_caller]
fn tree(run: &Run) -> Vec<String> {
    let json = run.json();
    let schema = passmuster::report::explained::json_schema();
    let wrong: Vec<String> = jsonschema::draft202012::new(&schema)
        .unwrap()
        .iter_errors(json)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(wrong, Vec::<String>::new(), "{json:#}");
    let mut all = Vec::new();
    lines(&json["tree"], &mut all);
    all
}

#[track_caller]
fn has(all: &[String], wanted: &[&str]) {
    for part in wanted {
        assert!(all.iter().any(|line| line.contains(part)), "`{part}` is not in {all:#?}");
    }
}

/// A kind of rule, a policy of it, the subject that is found, the names of operands, and parts of its tree.
type Kind = (&'static str, String, &'static str, &'static [&'static str], &'static [&'static str]);

/// Kinds of rules with a policy that fails for a file of 150 bytes, the names of operands that it must show, and parts of its tree.
fn kinds() -> Vec<Kind> {
    vec![
        ("rule", format!("{FILES}params: {{ limit: 100B }}\nfail: (size ?? 0.bytes) > params.limit\n"), "@SHOP@/x.txt", &["size", "params.limit"], &["fail (size ?? 0.bytes) > params.limit: true", "value size: 150 B", "value params.limit: 100 B"]),
        ("let", format!("{FILES}let: {{ twice: (size ?? 0.bytes) * 2 }}\nfail: twice > 200.bytes\n"), "@SHOP@/x.txt", &["twice", "size"], &["value twice: 300 B", "let (size ?? 0.bytes) * 2: 300 B", "value size: 150 B"]),
        ("expect", format!("{FILES}expect: [/none]\n"), "/none", &["expected", "rows", "subjects"], &["expect this name is expected", "value expected: /none", "value rows: 1"]),
        ("empty", format!("{FILES}expect: some\nwhere: (size ?? 0.bytes) > 1.GB\nfail: (size ?? 0.bytes) > 2.GB\n"), "here", &["rows", "subjects"], &["expect at least one subject is expected", "value subjects: 0"]),
        ("script", format!("{FILES}params: {{ limit: 100B }}\nscript: |\n  fn judge(row, ctx) {{ if row.size > ctx.params.limit {{ fail(\"too large\") }} else {{ pass() }} }}\n"), "@SHOP@/x.txt", &["size", "params.limit"], &["script the script judges the row", "value size: 150 B"]),
        ("group", "target: { type: host }\nobserve: { f: { probe: file.stat, with: { paths: ['@SHOP@/x.txt'] } } }\ngroup: { all: { of: f, let: { total: sum(size ?? 0.bytes) } } }\neach: all\nfail: (total ?? 0.bytes) > 100.bytes\n".to_owned(), "here", &["total"], &["group all: f all in one", "let total = sum(size ?? 0.bytes)", "value total: 150 B"]),
        ("join", "target: { type: host }\nobserve:\n  f: { probe: file.stat, with: { paths: ['@SHOP@/x.txt'] } }\n  g: { probe: file.stat, with: { paths: ['@SHOP@/y.log'] } }\njoin: { both: { of: [f, g], by: path } }\neach: both\nfail: side != \"both\"\n".to_owned(), "@SHOP@/x.txt", &["side"], &["join both: f with g by path = path", "value side: f"]),
        ("before", "target: { type: host }\nobserve: { f: { probe: file.stat, with: { paths: ['@SHOP@/x.txt'] }, before: previous } }\neach: f\nfail: side == \"both\" && (size ?? 0.bytes) > (before.size ?? 0.bytes)\n".to_owned(), "@SHOP@/x.txt", &["side", "size", "before.size"], &["before f: rows of now and of then", "value before.size: 20 B", "value size: 150 B"]),
        ("history", "target: { type: host }\nobserve: { f: { probe: file.stat, with: { paths: ['@SHOP@/x.txt'] }, history: { window: 1d, at_least: 1s, points: 2 } } }\neach: f\nfail: (previous(size) ?? 0.bytes) != (size ?? 0.bytes)\n".to_owned(), "@SHOP@/x.txt", &["previous(size)", "size"], &["history previous(size): 20 B", "samples what earlier runs saw: 1 samples", "value size: 150 B"]),
    ]
}

#[test]
fn every_kind_of_rule_carries_its_operands_and_is_explained() {
    for (kind, policy, subject, operands, parts) in kinds() {
        let shop = Shop::new();
        shop.project(PROJECT).policy("p", &policy).bytes("x.txt", &[b'x'; 20]);
        shop.run(&["check"]);
        shop.bytes("x.txt", &[b'x'; 150]);
        let run =
            shop.run(&["check", "--format", "json", "--format", "sarif=s.sarif", "--format", "human=h.txt"]);
        let subject = subject.replace("@SHOP@", &shop.path().display().to_string());
        assert!(run.json()["checks"].is_array(), "{kind}: {}", run.stderr);
        let finding = run
            .findings()
            .into_iter()
            .find(|one| one["subject"]["shown"] == subject.as_str())
            .unwrap_or_else(|| panic!("{kind}: {}", run.stdout))
            .clone();
        let sarif: Json =
            serde_json::from_str(&std::fs::read_to_string(shop.at("s.sarif")).unwrap()).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        let result =
            results.iter().find(|one| one["partialFingerprints"]["muster/v1"] == finding["id"]).unwrap();
        let human = std::fs::read_to_string(shop.at("h.txt")).unwrap();
        for name in operands {
            let of = |list: &Json| list.as_array().unwrap().iter().any(|one| one["text"] == *name);
            assert!(of(&finding["operands"]), "{kind}: {name} is no operand of {finding:#}");
            assert!(of(&result["properties"]["operands"]), "{kind}: {name} is not in {result:#}");
            assert!(human.contains(name), "{kind}: {name} is not in\n{human}");
        }
        let id = finding["id"].as_str().unwrap();
        for name in [id.to_owned(), format!("p/here/{subject}")] {
            let explained = shop.run(&["explain", &name, "--format", "json"]).exits(0);
            assert_eq!(explained.json()["finding"]["id"], finding["id"], "{kind}: {name}");
            has(&tree(&explained), parts);
        }
    }
}

#[test]
fn a_tree_shows_what_was_unknown_and_what_covers_it() {
    let shop = Shop::new();
    let project = format!(
        "{PROJECT}overrides:\n  - {{ policy: p, set: {{ limit: 50B }} }}\nwaivers:\n  - {{ policy: p, subject: \"*/y.txt\", owner: team, ticket: T-1, expires: {0}, reason: the other one }}\n  - {{ policy: p, owner: team, ticket: T-2, expires: {0}, reason: it is replaced soon }}\n",
        in_days(20)
    );
    let policy = format!(
        "{FILES}params: {{ limit: 100B }}\nfail: (size ?? 0.bytes) > params.limit && path != \"x\"\nseverity: {{ critical: (size ?? 0.bytes) > 1.GB, high: otherwise }}\nalert: {{ urgency: page, for: 10m, context: [size] }}\nremedy: {{ steps: [{{ shell: \"ls {{{{ path }}}}\" }}] }}\n"
    );
    shop.project(&project).policy("p", &policy).bytes("x.txt", &[b'x'; 150]);
    shop.run(&["record", "r.json"]).exits(0);
    let path = shop.at("x.txt").display().to_string();
    let name = format!("p/here/{path}");
    let run = shop.run(&["explain", &name, "--facts", "r.json", "--format", "json"]).exits(0);
    assert_eq!(run.json()["verdict"], "waived");
    has(
        &tree(&run),
        &[
            "compare (size ?? 0.bytes) > params.limit: true",
            "compare path != \"x\": true",
            "rung (size ?? 0.bytes) > 1.GB: false",
            "severity the first rung that holds: high",
            "route team by page: #team",
            "for it must have held for 10m: one sample",
            "waiver `p`, subject `*/y.txt`: the other one: it is for other subjects",
            "waiver `p`: it is replaced soon: it covers this",
        ],
    );
    let human = shop.run(&["explain", &name, "--facts", "r.json"]).exits(0);
    assert!(human.stdout.contains("(project override, "), "{}", human.stdout);
    let set = shop.run(&["explain", &name, "--facts", "r.json", "--set", "limit=1kB"]).exits(0);
    assert!(
        set.stdout.contains("pass by the facts of r.json") && set.stdout.contains("command line, --set"),
        "{}",
        set.stdout
    );
    let recorded = std::fs::read_to_string(shop.at("r.json")).unwrap();
    assert!(recorded.contains("150"), "{recorded}");
    shop.run(&["explain", "p/here/nothing", "--facts", "r.json"])
        .exits(2)
        .says("is nothing that the facts of `r.json` are judged about")
        .says("it has p/here/");
    shop.run(&["explain", "p", "--facts", "r.json"]).exits(2).says("`p` is no finding");
    shop.file("cut.json", &recorded[..recorded.len() / 2]);
    shop.run(&["explain", &name, "--facts", "cut.json"]).exits(2).says("cut.json");
    shop.run(&["explain", &name]).exits(2).says("the store has no run whose facts");
}

#[test]
fn a_script_shows_the_parameters_that_it_reads_and_no_other() {
    let shop = Shop::new();
    let policy = format!(
        "{FILES}params: {{ limit: 100B, limits: 10B }}\nwhere: (size ?? 0.bytes) > params.limit\nscript: |\n  fn judge(row, ctx) {{ if (row.size ?? 0.bytes) > ctx.params.limits {{ fail(\"large\") }} else {{ pass() }} }}\n"
    );
    shop.project(PROJECT).policy("p", &policy).bytes("x.txt", &[b'x'; 150]);
    let run = shop.run(&["check", "--format", "json"]).exits(1);
    let operands = run.json()["checks"][0]["findings"][0]["operands"].as_array().unwrap().clone();
    let names: Vec<&str> = operands.iter().map(|operand| operand["text"].as_str().unwrap()).collect();
    assert!(names.contains(&"params.limits") && !names.contains(&"params.limit"), "{names:?}");
}
