//! A reviewer who has never seen the project opens a pull request that loosens a threshold, misspells a fact, adds an
//! alert without an owner, and renames a policy that a waiver names. Each is shown at its line, with what to do, by the
//! workflow as it stands in the documentation; and hooks stop what cannot be loaded before it is committed.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use passmuster::source::{Source, yaml};
use serde_json::Value as Json;

use crate::harness::{Shop, in_days};
use crate::repository::Repository;
use crate::review_formats::{block, commands};

const DISK: &str = "target: { type: host }\nobserve: { disks: { probe: disk.usage } }\nparams:\n  limit: 80%\nfail: used_ratio > params.limit\n";

const FILE: &str = "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: /etc/passwd } } }\nfail: exists == false\n";

const ALERT: &str = "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: /etc/group } } }\nfail: exists == false\nalert: { urgency: page, context: [path] }\nremedy: { steps: [{ shell: \"ls {{ path }}\" }] }\n";

fn project(shop: &Shop) {
    let waiver = format!(
        "  - {{ policy: backups, target: web, owner: team, ticket: T-1, expires: {}, reason: the disk is replaced soon }}\n",
        in_days(20)
    );
    shop.project(&format!(
        "policies: [policies/]\ntargets:\n  web: {{ type: host }}\nowners: {{ team: {{ page: \"#team\", ticket: T }} }}\nwaivers:\n{waiver}"
    ));
}

/// The policy without the owner that the harness adds.
fn unowned(id: &str, yaml: &str) -> String {
    crate::harness::policy(id, yaml).replace("owner: team\n", "")
}

/// The line of a file that begins so, from 1.
fn line(shop: &Shop, file: &str, begins: &str) -> usize {
    let text = std::fs::read_to_string(shop.at(file)).unwrap();
    text.lines().position(|line| line.trim_start().starts_with(begins)).unwrap() + 1
}

/// One mistake: where, in which words, and what to do.
struct Mistake {
    file: &'static str,
    line: usize,
    says: &'static str,
    to_do: &'static str,
}

fn pull_request(shop: &Shop) -> [Mistake; 4] {
    shop.policy("disk", &DISK.replace("80%", "95%"));
    shop.policy("passwd", &FILE.replace("exists", "exist"));
    shop.file("policies/group.yaml", &unowned("group", ALERT));
    std::fs::remove_file(shop.at("policies/backups.yaml")).unwrap();
    shop.policy("backup-age", &backups());
    [
        Mistake {
            file: "policies/disk.yaml",
            line: line(shop, "policies/disk.yaml", "limit:"),
            says: "params.limit",
            to_do: "fail → pass",
        },
        Mistake {
            file: "policies/passwd.yaml",
            line: line(shop, "policies/passwd.yaml", "fail:"),
            says: "exist",
            to_do: "did you mean `exists`?",
        },
        Mistake {
            file: "policies/group.yaml",
            line: line(shop, "policies/group.yaml", "policy:"),
            says: "has no owner",
            to_do: "write `owner:` into the policy",
        },
        Mistake {
            file: "muster.yaml",
            line: line(shop, "muster.yaml", "- { policy: backups"),
            says: "is called `backup-age` now",
            to_do: "write `policy: backup-age` here",
        },
    ]
}

fn backups() -> String {
    format!(
        "title: Backups are young\nwhy: A backup of last week restores last week.\n{}",
        FILE.replace("exists == false", "(modified_age ?? 0.days) > 700.days")
    )
}

#[test]
fn each_of_four_mistakes_is_shown_at_its_line_with_what_to_do() {
    let shop = Shop::new();
    project(&shop);
    shop.policy("disk", DISK).policy("passwd", FILE).policy("backups", &backups());
    let repository = Repository::of(&shop);
    repository.commit("as it was");
    repository.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    shop.run(&["lint"]).exits(0);
    let mistakes = pull_request(&shop);
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md")).unwrap();
    let mut annotations = String::new();
    for words in
        commands(&block(&page, "GitHub")).iter().filter(|words| ["lint", "diff"].contains(&words[0].as_str()))
    {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        annotations.push_str(&shop.run(&words).exits(2).stdout);
    }
    let comment = std::fs::read_to_string(shop.at("comment.md")).unwrap().replace('\\', "");
    let results: Vec<Json> = ["lint.sarif", "impact.sarif"]
        .iter()
        .flat_map(|file| {
            let json: Json = serde_json::from_str(&std::fs::read_to_string(shop.at(file)).unwrap()).unwrap();
            json["runs"][0]["results"].as_array().unwrap().clone()
        })
        .collect();
    for Mistake { file, line, says, to_do } in mistakes {
        let begins = format!("file={file},line={line},");
        let found =
            annotations.lines().any(|one| one.contains(&begins) && one.contains(says) && one.contains(to_do));
        assert!(found, "no annotation `{begins}` says `{says}` and `{to_do}`\n{annotations}");
        let found = results.iter().any(|result| {
            let place = &result["locations"][0]["physicalLocation"];
            let text = result["message"]["text"].as_str().unwrap();
            place["artifactLocation"]["uri"] == file
                && place["region"]["startLine"] == line
                && text.contains(says)
                && text.contains(to_do)
        });
        assert!(found, "no result at {file}:{line} says `{says}` and `{to_do}`\n{results:#?}");
        let at = comment
            .find(&format!("{file}:{line}:"))
            .unwrap_or_else(|| panic!("{file}:{line} is not in\n{comment}"));
        let start = comment[..at].rfind("\n- ").unwrap();
        let end = comment[at..].find("\n- ").map_or(comment.len(), |end| at + end);
        let entry = &comment[start..end];
        assert!(entry.contains(says) && entry.contains(to_do), "`{says}`, `{to_do}`\n{entry}");
    }
}

#[test]
fn the_hooks_let_a_good_commit_pass_and_stop_one_that_does_not_load() {
    let shop = Shop::new();
    project(&shop);
    shop.policy("disk", DISK).policy("backups", &backups());
    shop.file(
        "policies/backups.cases.yaml",
        "cases: backups\nnow: 2026-11-01T03:00:00Z\ncheck:\n  - name: young\n    facts: { file: [{ path: /x, modified: 2026-10-31T03:00:00Z }] }\n    findings: []\n",
    );
    let repository = Repository::of(&shop);
    repository.commit("as it was");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    let source = Source::new("hooks", std::fs::read_to_string(path).unwrap());
    let hooks = yaml::parse(&source, &yaml::Limits::default()).unwrap();
    let entries: Vec<&str> =
        hooks[0].root.items().iter().map(|hook| hook.get("entry").unwrap().as_str().unwrap()).collect();
    assert_eq!(entries, ["muster lint", "muster test", "muster diff HEAD ."]);
    let hook = shop.at(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, format!("#!/bin/sh\nset -e\n{}\n", entries.join("\n"))).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder = Path::new(env!("CARGO_BIN_EXE_muster")).parent().unwrap().display().to_string();
    let search = format!("{folder}:{}", std::env::var("PATH").unwrap());
    let commit = |message: &str| {
        repository.git(&["add", "--all"]);
        let output =
            repository.command(&["commit", "--message", message]).env("PATH", &search).output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    shop.policy("disk", &DISK.replace("80%", "90%"));
    let (good, said) = commit("looser");
    assert!(good && said.contains("`params.limit` 80% → 90%"), "{said}");
    shop.policy("disk", &DISK.replace("used_ratio", "used_ration"));
    let (good, said) = commit("misspelt");
    assert!(!good && said.contains("did you mean `used_ratio`?"), "{said}");
}
