//! What a change of policies means, as `muster diff` says it of folders and of revisions of git.

use serde_json::Value as Json;

use crate::harness::{Shop, in_days};
use crate::repository::Repository;

const OBSERVE: &str = "target: { type: host, labels: { env: prod } }\nobserve:\n  f: { probe: file.stat, with: { paths: ['@SHOP@/x', '@SHOP@/y'] }, max_age: 1h }\neach: f\n";

const PROJECT: &str = "owner: team\npolicies: [policies/]\nlabels: { env: [prod, staging], tier: any }\ntargets:\n  a: { type: host, labels: { env: prod } }\n  b: { type: host, labels: { env: prod, tier: slow } }\n  c: { type: host, labels: { env: staging } }\nenvironments: { live: { targets: { env: prod } } }\nowners: { team: { page: \"#a\", ticket: T } }\n";

/// A folder with a project and the policy `p`.
fn version(shop: &Shop, folder: &str, project: &str, policy: &str) {
    shop.file(&format!("{folder}/muster.yaml"), &format!("muster: 1\n{project}"));
    shop.file(&format!("{folder}/policies/p.yaml"), &crate::harness::policy("p", policy));
}

/// The changes between two versions, with the schema that they must fit.
#[track_caller]
fn changes(old: (&str, &str), new: (&str, &str)) -> Vec<Json> {
    let shop = Shop::new();
    version(&shop, "old", old.0, old.1);
    version(&shop, "new", new.0, new.1);
    let run = shop.run(&["diff", "old", "new", "--format", "json"]);
    let json = run.json().clone();
    let schema = passmuster::report::impact::json_schema();
    let wrong: Vec<String> = jsonschema::draft202012::new(&schema)
        .unwrap()
        .iter_errors(&json)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(wrong, Vec::<String>::new(), "{json:#}");
    json["changes"].as_array().unwrap().clone()
}

/// Direction, kind and targets of each.
fn told(changes: &[Json]) -> Vec<String> {
    let words = |json: &Json| {
        json.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" ")
    };
    let one = |change: &Json| {
        let text = format!(
            "{} {} {}",
            change["direction"].as_str().unwrap(),
            change["kind"].as_str().unwrap(),
            words(&change["targets"])
        );
        text.trim_end().to_owned()
    };
    changes.iter().map(one).collect()
}

/// Lines that every version of the policy has.
const BASE: &str =
    "params: { limit: { default: 10MB, at_most: 20MB } }\nfail: (size ?? 0.bytes) > params.limit\n";

#[test]
fn whatever_changes_when_something_is_judged_is_told() {
    let policy = |lines: &str| format!("{OBSERVE}{lines}");
    let base = policy(BASE);
    let alert = |lines: &str| {
        policy(&format!(
            "{BASE}alert: {{ {lines} context: [size] }}\nremedy: {{ steps: [{{ shell: \"ls {{{{ path }}}}\" }}] }}\n"
        ))
    };
    let paged = alert("urgency: page, for: 10m,");
    for (old, new, wanted) in [
        (base.clone(), base.replace("10MB", "12MB"), "looser rule a b"),
        (base.clone(), base.replace("10MB", "5MB"), "stricter rule a b"),
        (
            base.clone(),
            base.replace(
                "fail: (size ?? 0.bytes) > params.limit",
                "fail: |\n  !((size ?? 0.bytes) <= params.limit)",
            ),
            "same rule a b",
        ),
        (base.clone(), base.replace("> params.limit", "> params.limit && path != \"x\""), "looser rule a b"),
        (base.clone(), format!("{base}where: path != \"x\"\n"), "looser rule a b"),
        (base.clone(), format!("{base}tier: weekly\n"), "looser tier a b"),
        (base.clone(), format!("{base}severity: low\n"), "looser severity a b"),
        (base.clone(), format!("{base}severity: critical\n"), "stricter severity a b"),
        (
            base.clone(),
            format!("{base}severity: {{ low: (size ?? 0.bytes) < 1.GB, high: otherwise }}\n"),
            "looser severity a b",
        ),
        (base.clone(), format!("{base}expect: some\n"), "stricter expect a b"),
        (format!("{base}expect: [x, y]\n"), format!("{base}expect: [x]\n"), "looser expect a b"),
        (base.clone(), base.replace("max_age: 1h", "max_age: 2h"), "looser max-age"),
        (base.clone(), base.replace("max_age: 1h", "max_age: 1h, accept: exact"), "stricter accept"),
        (base.clone(), base.replace("/y'", "/z'"), "not-comparable observe a b"),
        (base.clone(), base.replace("at_most: 20MB", "at_most: 30MB"), "looser bound"),
        (
            base.clone(),
            format!("{base}when: (target.labels.tier ?? \"quick\") != \"slow\"\n"),
            "looser when b",
        ),
        (base.clone(), format!("{base}title: It still holds\n"), "text text"),
        (base.clone(), format!("# nothing but a remark\n{base}"), "text text"),
        (paged.clone(), alert("urgency: ticket, for: 10m,"), "looser urgency a b"),
        (paged.clone(), alert("urgency: page, for: 20m,"), "looser for"),
        (paged.clone(), alert("urgency: page,"), "stricter for"),
        (paged.clone(), base.clone(), "looser alert"),
        (base.clone(), format!("{base}script: |\n  fn judge(row, ctx) {{ pass() }}\n"), "stricter script"),
        (base.clone(), format!("{base}owner: other\n"), "text owner a b"),
    ] {
        let project = PROJECT.replace("owners: {", "owners: { other: { page: x, ticket: y },");
        let found = changes((&project, &old), (&project, &new));
        let all = told(&found);
        assert!(all.contains(&wanted.to_owned()), "{wanted} is not among {all:?}\n{old}\n{new}\n{found:#?}");
        let main = ["looser", "stricter", "not-comparable"];
        let others: Vec<&String> = all
            .iter()
            .filter(|one| **one != wanted && main.iter().any(|word| one.starts_with(word)))
            .collect();
        assert_eq!(others, Vec::<&String>::new(), "{wanted}\n{old}\n{new}");
    }
}

#[test]
fn what_the_project_says_counts_as_what_the_policy_says() {
    let policy = format!("{OBSERVE}{BASE}");
    let over = |entry: &str| format!("{PROJECT}overrides:\n  - {{ policy: p, {entry} }}\n");
    let waiver = |rest: &str| {
        format!(
            "{PROJECT}waivers:\n  - {{ policy: p, owner: team, ticket: T-1, reason: the disk is replaced soon, {rest} }}\n"
        )
    };
    let (soon, later) = (in_days(20), in_days(60));
    for (old, new, wanted) in [
        (PROJECT.to_owned(), over("target: b, set: { limit: 15MB }"), "looser rule b"),
        (over("target: b, set: { limit: 15MB }"), over("target: b, set: { limit: 18MB }"), "looser rule b"),
        (over("labels: { tier: slow }, set: { limit: 15MB }"), PROJECT.to_owned(), "stricter rule b"),
        (PROJECT.to_owned(), over("environment: live, set: { severity: low }"), "looser severity a b"),
        (PROJECT.to_owned(), over("subject: \"*/x.txt\", set: { limit: 15MB }"), "looser rule a b"),
        (PROJECT.to_owned(), over("set: { tier: monthly }"), "looser tier a b"),
        (PROJECT.to_owned(), waiver(&format!("expires: {soon}")), "looser waiver"),
        (waiver(&format!("expires: {soon}")), waiver(&format!("expires: {later}")), "looser waiver"),
        (waiver(&format!("expires: {later}")), waiver(&format!("expires: {soon}")), "stricter waiver"),
        (
            waiver(&format!("expires: {soon}, up_to: 15MB")),
            waiver(&format!("expires: {soon}")),
            "looser waiver",
        ),
        (
            waiver(&format!("expires: {soon}")),
            waiver(&format!("expires: {soon}, covers: [fail, unknown]")),
            "not-comparable waiver",
        ),
        (
            PROJECT.to_owned(),
            PROJECT.replace("  a: { type: host, labels: { env: prod } }\n", ""),
            "looser removed",
        ),
        (
            PROJECT.to_owned(),
            PROJECT.replace(
                "  a: { type: host, labels: { env: prod } }",
                "  a: { type: host, labels: { env: staging } }",
            ),
            "looser target a",
        ),
        (PROJECT.to_owned(), PROJECT.replace("ticket: T", "notice: T"), "looser route"),
        (PROJECT.to_owned(), format!("{PROJECT}tiers: {{ daily: 2d }}\n"), "not-comparable interval"),
        (
            PROJECT.replace("env: prod } } }", "env: prod }, fail_on: warn } }"),
            PROJECT.to_owned(),
            "looser fail-on",
        ),
    ] {
        let found = changes((&old, &policy), (&new, &policy));
        let all = told(&found);
        assert!(all.contains(&wanted.to_owned()), "{wanted} is not among {all:?}\n{old}\n{new}\n{found:#?}");
    }
}

#[test]
fn a_change_stands_at_its_line_with_an_example() {
    let policy = format!("{OBSERVE}{BASE}");
    let over = format!("{PROJECT}overrides:\n  - {{ policy: p, target: b, set: {{ limit: 15MB }} }}\n");
    let found = changes((PROJECT, &policy), (&over, &policy));
    let line = over.lines().count() + 1;
    let change = &found[0];
    assert_eq!(change["at"], format!("new/muster.yaml:{line}:43"), "{change:#}");
    assert_eq!(change["environments"], serde_json::json!(["live"]));
    assert_eq!(change["examples"][0]["facts"][0]["fact"], "size");
    assert_eq!(
        (&change["examples"][0]["before"], &change["examples"][0]["after"]),
        (&Json::from("fail"), &Json::from("pass"))
    );
    assert!(change["what"].as_str().unwrap().contains("`params.limit` 9.5 MiB → 14.3 MiB"), "{change:#}");
}

#[test]
fn a_policy_that_is_gone_or_renamed_is_told_with_what_names_it() {
    let shop = Shop::new();
    let policy = format!("{OBSERVE}{BASE}");
    let named = format!("{PROJECT}overrides:\n  - {{ policy: p, set: {{ limit: 15MB }} }}\n");
    version(&shop, "old", &named, &policy);
    version(&shop, "new", &named, &policy);
    std::fs::remove_file(shop.at("new/policies/p.yaml")).unwrap();
    shop.file("new/policies/q.yaml", &crate::harness::policy("q", &policy));
    let run = shop.run(&["diff", "old", "new", "--fail-on", "removed", "--format", "json"]).exits(2);
    let all = told(run.json()["changes"].as_array().unwrap());
    assert_eq!(all[0], "broken lost-name", "{all:?}");
    assert!(all.contains(&"not-comparable renamed".to_owned()), "{all:?}");
    assert!(all.contains(&"stricter rule a b".to_owned()), "the override is lost: {all:?}");
    let lost = &run.json()["changes"][0];
    assert!(lost["help"].as_str().unwrap().contains("write `policy: q`"), "{lost:#}");
    shop.file("new/muster.yaml", &format!("muster: 1\n{}", named.replace("policy: p", "policy: q")));
    shop.run(&["diff", "old", "new", "--fail-on", "removed"]).exits(1);
    let other = "target: { type: host }\nobserve: { d: { probe: disk.usage } }\neach: d\nfail: used_ratio > 90.percent\ntitle: Another\nwhy: Another reason.\n";
    shop.file("new/policies/q.yaml", &crate::harness::policy("q", other));
    shop.file("new/muster.yaml", &format!("muster: 1\n{PROJECT}"));
    let run = shop.run(&["diff", "old", "new", "--fail-on", "looser", "--format", "json"]).exits(1);
    let all = told(run.json()["changes"].as_array().unwrap());
    assert!(
        all.contains(&"looser removed".to_owned()) && all.contains(&"stricter added".to_owned()),
        "{all:?}"
    );
}

#[test]
fn the_exit_code_says_what_was_asked_for() {
    let shop = Shop::new();
    let policy = format!("{OBSERVE}{BASE}");
    version(&shop, "old", PROJECT, &policy);
    version(&shop, "new", PROJECT, &policy.replace("10MB", "12MB"));
    shop.run(&["diff", "old", "new"]).exits(0);
    shop.run(&["diff", "old", "new", "--fail-on", "looser"]).exits(1);
    shop.run(&["diff", "old", "new", "--fail-on", "removed"]).exits(0);
    shop.run(&["diff", "new", "old", "--fail-on", "looser"]).exits(0);
    shop.run(&["diff", "new", "old", "--fail-on", "changed"]).exits(1);
    version(&shop, "new", PROJECT, &policy.replace("/y'", "/z'"));
    shop.run(&["diff", "old", "new"]).exits(0);
    shop.run(&["diff", "old", "new", "--fail-on", "looser"]).exits(3);
    version(&shop, "new", PROJECT, &policy.replace("(size ??", "(sise ??"));
    let run = shop.run(&["diff", "old", "new"]).exits(2);
    assert!(
        run.stdout.contains("did you mean `size`?") && !run.stdout.contains("is not judged at"),
        "{}",
        run.stdout
    );
    let run = shop.run(&["diff", "new", "old"]).exits(0);
    assert!(run.stdout.contains("it could not be loaded before, and can be now"), "{}", run.stdout);
}

#[test]
fn folders_of_policies_need_no_project() {
    let shop = Shop::new();
    let text = |limit: &str| crate::harness::policy("p", &format!("{OBSERVE}{BASE}").replace("10MB", limit));
    shop.file("one/p.yaml", &text("10MB")).file("two/p.yaml", &text("12MB"));
    let run = shop.run(&["diff", "one", "two", "--format", "json"]).exits(0);
    assert_eq!(told(run.json()["changes"].as_array().unwrap()), ["looser rule"], "{}", run.stdout);
    shop.run(&["diff", "one/p.yaml", "two/p.yaml", "--fail-on", "looser"]).exits(1);
}

#[test]
fn revisions_are_read_without_touching_a_file() {
    let shop = Shop::new();
    shop.file("sub/muster.yaml", &format!("muster: 1\n{PROJECT}"));
    let text = |limit: &str| crate::harness::policy("p", &format!("{OBSERVE}{BASE}").replace("10MB", limit));
    shop.file("sub/policies/a: b.yaml", &text("10MB"));
    let repository = Repository::of(&shop);
    repository.commit("ten");
    repository.git(&["tag", "v1"]);
    shop.file("sub/policies/a: b.yaml", &text("12MB"));
    repository.commit("twelve");
    shop.file("sub/policies/a: b.yaml", &text("5MB"));
    let before = repository.git(&["status", "--porcelain"]).stdout;
    let run = |words: &[&str]| {
        crate::harness::Run::of(shop.command(words).current_dir(shop.at("sub")).spawn().unwrap())
    };
    let looser = run(&["diff", "v1", "HEAD", "--format", "github"]).exits(0);
    let line = text("12MB").lines().position(|line| line.starts_with("params")).unwrap() + 1;
    assert!(
        looser.stdout.contains(&format!("file=sub/policies/a%3A b.yaml,line={line},")),
        "{}",
        looser.stdout
    );
    assert!(looser.stdout.starts_with("::warning"), "{}", looser.stdout);
    let sarif = run(&["diff", "v1", "HEAD", "--format", "sarif"]).exits(0);
    let result = &sarif.json()["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "sub/policies/a:%20b.yaml");
    assert_eq!(place["region"]["startLine"], line);
    assert_eq!(result["ruleId"], "change-looser");
    run(&["diff", "HEAD", "--fail-on", "looser"]).exits(0);
    run(&["diff", "v1", "--fail-on", "looser"]).exits(0);
    run(&["diff", "HEAD~1", "HEAD", "--fail-on", "looser"]).exits(1);
    run(&["diff", "git:main~1", ".", "--fail-on", "changed"]).exits(1);
    let run =
        shop.run(&["diff", "v1", "HEAD", "--project", "sub/muster.yaml", "--format", "github"]).exits(0);
    assert!(run.stdout.contains("file=sub/policies/a%3A b.yaml"), "{}", run.stdout);
    assert_eq!(repository.git(&["status", "--porcelain"]).stdout, before);
}

#[test]
fn what_is_no_version_is_refused_with_what_to_do() {
    let shop = Shop::new();
    shop.run(&["diff", "main"]).exits(2).says("is in no work tree of git");
    let repository = Repository::of(&shop);
    shop.file("x", "");
    repository.commit("no project yet");
    shop.project(PROJECT).policy("p", &format!("{OBSERVE}{BASE}"));
    shop.run(&["diff", "main"]).exits(2).says("`main` has no `muster.yaml`");
    repository.commit("a project");
    shop.run(&["diff", "nowhere"])
        .exits(2)
        .says("`nowhere` is no run, no file or folder here, and no revision of git")
        .says("git fetch");
    shop.run(&["diff", "a b", "HEAD"]).exits(2).says("`a b` is no run");
    shop.run(&["diff", "HEAD:policies"]).exits(2).says("a revision has no `:`");
    shop.run(&["diff", "./none/", "HEAD"]).exits(2).says("cannot read `./none/`: it does not exist");
    shop.run(&["diff", "--format", "json", "nowhere"]).exits(2).json();
    shop.file("main/p.yaml", "");
    shop.run(&["diff", "main"])
        .exits(2)
        .says("is a file or folder here, and a revision of git")
        .says("git:main");
    shop.run(&["diff", "git:main"]).exits(0);
    shop.run(&["diff", "last", "HEAD"]).exits(2).says("`last` is a run, and `HEAD` is a revision of git");
    shop.run(&["diff", "last"]).exits(2).says("name two runs");
    shop.run(&["diff", "1", "2", "--fail-on", "looser"]).exits(2).says("these are two runs");
    shop.run(&["diff", "main", "--format", "junit"]).exits(2).says("diff has no `junit`");
    std::os::unix::fs::symlink("/etc", shop.at("policies/out")).unwrap();
    repository.commit("a link out of the repository");
    let run = shop.run(&["diff", "HEAD~1", "HEAD"]).exits(2);
    assert!(run.stdout.contains("policies/out"), "{}", run.stdout);
}

#[test]
fn both_versions_are_judged_on_recorded_facts() {
    let shop = Shop::new();
    shop.project("owner: team\npolicies: [policies/]\ntargets: { a: { type: host } }\n");
    let policy = "target: { type: host }\nobserve: { f: { probe: file.stat, with: { paths: ['@SHOP@/x.txt', '@SHOP@/y.txt', '@SHOP@/z.txt'] } } }\neach: f\nparams: { limit: 100B }\nfail: (size ?? 0.bytes) > params.limit\nmessage: \"{{ path }} has {{ size }}\"\n";
    shop.policy("p", policy).bytes("x.txt", &[b'x'; 150]).bytes("y.txt", &[b'x'; 300]).bytes("z.txt", b"x");
    let repository = Repository::of(&shop);
    repository.commit("as it was");
    shop.run(&["record", "facts.json"]).exits(0);
    shop.policy("p", &policy.replace("100B", "200B"));
    let run = shop.run(&["diff", "HEAD", ".", "--facts", "facts.json", "--format", "json"]).exits(0);
    let verdicts = run.json()["verdicts"].as_array().unwrap();
    assert_eq!(verdicts.len(), 1, "{verdicts:#?}");
    let change = &verdicts[0];
    assert_eq!(change["subject"], shop.at("x.txt").display().to_string());
    assert_eq!(
        (&change["direction"], &change["before"], &change["after"]),
        (&"looser".into(), &"fail".into(), &"pass".into())
    );
    let operands: Vec<&str> =
        change["operands"].as_array().unwrap().iter().map(|one| one["shown"].as_str().unwrap()).collect();
    assert_eq!(operands, ["150 B", "200 B", "100 B"], "{change:#}");
    assert_eq!(run.json()["recordings"][0]["unchanged"], 2);
    let human = shop.run(&["diff", "HEAD", ".", "--facts", "facts.json"]).exits(0);
    let at = human.stdout.find("fail → pass  p:").unwrap();
    assert!(at < human.stdout.find("p [rule]").unwrap(), "{}", human.stdout);
    let other = std::fs::read_to_string(shop.at("facts.json")).unwrap().replace("\"a\"", "\"elsewhere\"");
    shop.file("other.json", &other);
    shop.run(&["diff", "HEAD", ".", "--facts", "other.json"])
        .exits(2)
        .says("answers no question of either version");
    shop.file("cut.json", &other[..other.len() / 2]);
    shop.run(&["diff", "HEAD", ".", "--facts", "cut.json"]).exits(2).says("cut.json");
}
