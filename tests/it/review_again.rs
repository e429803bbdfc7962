//! What a reviewer of policies needs in continuous integration: places of the repository, and no fault that hides another.

use serde_json::Value as Json;

use crate::harness::{Run, Shop, in_days};

const EMPTY: &str = "
target: { type: host }
observe: { files: { probe: file.stat, with: { paths: [@SHOP@/data/a.txt] } } }
each: files
fail: (size ?? 0.bytes) == 0.bytes
message: it is empty
";

const FULL: &str = "
target: { type: host }
observe: { usage: { probe: disk.usage } }
params: { fail_at: { default: 85%, at_most: 98%, why: it was agreed } }
fail: used_ratio > params.fail_at
";

const CASES: &str = "
now: 2026-11-01T03:00:00Z
check:
  - name: full
    facts: { usage: [{ path: /srv, used_ratio: 90% }] }
    findings: [{ subject: /srv, verdict: VERDICT }]
";

/// A project in a folder, with a waiver, an override for a subject, and one finding.
fn project(shop: &Shop, folder: &str) {
    let waiver = format!(
        "waivers:\n- {{ policy: full, subject: /nowhere, reason: it is replaced in January, owner: t, ticket: A-1, expires: {} }}\n",
        in_days(60)
    );
    let over = "overrides:\n- { policy: full, subject: /elsewhere, set: { fail_at: 80% } }\n";
    shop.file("data/a.txt", "");
    shop.file(
        &format!("{folder}muster.yaml"),
        &format!("muster: 1\npolicies: [policies/]\ntargets: {{ here: {{ type: host }} }}\n{over}{waiver}"),
    );
    for (id, yaml) in [("no-empty", EMPTY), ("full", FULL)] {
        shop.file(&format!("{folder}policies/{id}.yaml"), &crate::harness::policy(id, yaml));
    }
}

fn in_folder(shop: &Shop, folder: &str, arguments: &[&str]) -> Run {
    let mut command = shop.command(arguments);
    command.current_dir(shop.at(folder));
    Run::of(command.spawn().unwrap())
}

/// The files that a report in this format shows its remarks at.
fn files(text: &str, format: &str) -> Vec<String> {
    let json = || -> Json { serde_json::from_str(text).unwrap() };
    let mut files: Vec<String> = match format {
        "github" => text
            .lines()
            .filter_map(|line| line.split_once("file=")?.1.split_once(',').map(|(file, _)| file.to_owned()))
            .collect(),
        "gitlab" => json()
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["location"]["path"].as_str().unwrap().to_owned())
            .collect(),
        _ => json()["runs"][0]["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
            .map(|uri| uri.as_str().unwrap().to_owned())
            .collect(),
    };
    files.sort();
    files.dedup();
    files
}

#[test]
fn remarks_stand_at_files_of_the_repository_wherever_one_stands() {
    let shop = Shop::new();
    project(&shop, "infra/");
    std::fs::create_dir_all(shop.at("infra/deep")).unwrap();
    let wanted = ["infra/muster.yaml", "infra/policies/no-empty.yaml"];
    for git in [false, true] {
        if git {
            std::fs::create_dir(shop.at(".git")).unwrap();
        }
        for format in ["github", "gitlab", "sarif"] {
            let runs = [("", "infra/muster.yaml"), ("infra", ""), ("infra/deep", ""), ("infra/deep", "@")];
            for (folder, given) in runs {
                let whole = shop.at("infra/muster.yaml").display().to_string();
                let mut arguments = vec!["check", "--format", format];
                if !given.is_empty() {
                    arguments.extend(["--project", if given == "@" { &whole } else { given }]);
                }
                let run = in_folder(&shop, folder, &arguments).exits(1);
                let cut = if git || folder.is_empty() { "" } else { "infra/" };
                let wanted: Vec<&str> = wanted.iter().map(|name| name.strip_prefix(cut).unwrap()).collect();
                assert_eq!(
                    files(&run.stdout, format),
                    wanted,
                    "{format} in `{folder}`, {arguments:?}, {git}"
                );
            }
        }
    }
    shop.file(
        "infra/policies/full.yaml",
        &crate::harness::policy("full", &FULL.replace("used_ratio", "used_rat")),
    );
    shop.file("infra/policies/two.yaml", &crate::harness::policy("no-empty", EMPTY));
    for format in ["github", "gitlab", "sarif"] {
        let run = in_folder(&shop, "infra", &["lint", "--format", format]).exits(2);
        let found = files(&run.stdout, format);
        assert!(found.iter().all(|file| file.starts_with("infra/policies/")), "{found:?}");
        assert!(!run.stdout.contains(&shop.path().display().to_string()), "{}", run.stdout);
        assert!(run.stdout.contains("see infra/policies/no-empty.yaml:"), "{}", run.stdout);
    }
}

#[test]
fn a_run_names_files_as_its_replay_does() {
    let shop = Shop::new();
    project(&shop, "");
    let live = shop.check(&[]).exits(1);
    shop.run(&["record", "run.json"]).exits(0);
    let replay = shop.check(&["--facts", "run.json"]).exits(1);
    for run in [&live, &replay] {
        assert!(run.finding("no-empty")["at"].as_str().unwrap().starts_with("policies/no-empty.yaml:"));
        assert!(
            run.notices().iter().all(|notice| notice["at"].as_str().unwrap().starts_with("muster.yaml:"))
        );
        assert_eq!(run.notices().len(), 2);
    }
}

#[test]
fn what_is_said_of_waivers_keeps_its_id_and_is_explained() {
    let shop = Shop::new();
    project(&shop, "");
    shop.run(&["record", "run.json"]).exits(0);
    let ids = |run: &Run| -> Vec<String> {
        run.notices().iter().map(|notice| notice["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = shop.check(&["--facts", "run.json"]);
    let other = Shop::new();
    for file in ["muster.yaml", "policies/no-empty.yaml", "policies/full.yaml", "run.json"] {
        other.bytes(file, &std::fs::read(shop.at(file)).unwrap());
    }
    assert_eq!(first.stdout, other.check(&["--facts", "run.json"]).stdout);
    let text = std::fs::read_to_string(shop.at("muster.yaml")).unwrap();
    shop.file("muster.yaml", &text.replace("waivers:", "# another line\nwaivers:"));
    assert_eq!(ids(&first), ids(&shop.check(&["--facts", "run.json"])));
    for id in ids(&first) {
        let run = shop.run(&["explain", &id, "--facts", "run.json"]).exits(0);
        assert!(run.stdout.contains("full"), "{}", run.stdout);
    }
}

#[test]
fn a_slip_in_the_project_file_hides_no_change() {
    let shop = Shop::new();
    let day = in_days(60);
    for folder in ["old/", "new/"] {
        project(&shop, folder);
    }
    let full = crate::harness::policy("full", FULL);
    shop.file("new/policies/full.yaml", &full.replace("default: 85%", "default: 92%"));
    let text = std::fs::read_to_string(shop.at("new/muster.yaml")).unwrap();
    for (from, to) in [
        ("owner: t,", "ownr: t,"),
        (&*format!("expires: {day}"), "expires: 2027-13-41"),
        ("{ type: host }", "{ type: hots }"),
        ("{ type: host }", "{ type: host, labels: { nope: x } }"),
        ("[policies/]", "[policies/"),
        ("subject: /elsewhere", "subjct: /elsewhere"),
    ] {
        shop.file("new/muster.yaml", &text.replace(from, to));
        let run = shop
            .run(&[
                "diff",
                "old",
                "new",
                "--format",
                "json",
                "--format",
                "github=gh",
                "--format",
                "sarif=sa",
                "--format",
                "markdown=md",
            ])
            .exits(2);
        let changes = run.json()["changes"].as_array().unwrap();
        let kinds = |word: &str| changes.iter().filter(|change| change["direction"] == word).count();
        assert_eq!((kinds("looser"), kinds("stricter")), (1, 0), "{to}: {}", run.stdout);
        assert!(kinds("broken") >= 1, "{to}: {}", run.stdout);
        for file in ["gh", "sa", "md"] {
            let text = std::fs::read_to_string(shop.at(file)).unwrap();
            assert!(text.contains("92%") && text.contains("muster.yaml"), "{to}, {file}: {text}");
        }
    }
}

#[test]
fn an_error_elsewhere_hides_no_name_that_nothing_has() {
    let shop = Shop::new();
    project(&shop, "");
    let text = std::fs::read_to_string(shop.at("muster.yaml")).unwrap();
    let day = in_days(60);
    let more = format!(
        "- {{ policy: renamed, reason: it is replaced in January, owner: t, ticket: A-2, expires: {day} }}\n- {{ policy: broken, reason: it is replaced in January, owner: t, ticket: A-3, expires: {day} }}\n"
    );
    shop.file("muster.yaml", &format!("{text}{more}"));
    let full = crate::harness::policy("broken", FULL);
    for (broken, code) in [
        (full.replace("used_ratio >", "used_rat >"), "unknown-fact"),
        (full.replace("fail: used_ratio", "fail: [used_ratio"), "yaml-syntax"),
    ] {
        shop.file("policies/broken.yaml", &broken);
        let run = shop.run(&["lint"]).exits(2);
        assert!(run.stdout.contains(code), "{}", run.stdout);
        assert!(run.stdout.contains("`renamed`, and no policy is called so"), "{}", run.stdout);
        assert!(!run.stdout.contains("`broken`, and no policy"), "it is there: {}", run.stdout);
    }
    shop.file(
        "muster.yaml",
        &format!("{text}{more}").replace("targets: {", "targets: { there: { typ: host },"),
    );
    let run = shop.run(&["lint"]).exits(2);
    assert!(run.stdout.contains("`renamed`, and no policy is called so"), "{}", run.stdout);
    shop.file("muster.yaml", &text.replace("[policies/]", "[policies/"));
    let run = shop.run(&["lint"]).exits(2);
    assert!(run.stdout.contains("yaml-syntax") && run.stdout.contains("2 policies"), "{}", run.stdout);
}

#[test]
fn a_half_typed_file_stops_no_case_of_another() {
    let shop = Shop::new();
    project(&shop, "");
    let cases = |verdict: &str| format!("cases: full{}", CASES.replace("VERDICT", verdict));
    shop.file("policies/full.cases.yaml", &cases("fail"));
    shop.run(&["test"]).exits(0);
    let half = crate::harness::policy("half", FULL).replace("fail: used_ratio", "fail: [used_ratio");
    let no_empty = "cases: no-empty\nnow: 2026-11-01T03:00:00Z\ncheck: [";
    for (file, text) in [("policies/half.yaml", &*half), ("policies/no-empty.cases.yaml", no_empty)] {
        shop.file(file, text);
        shop.file("policies/full.cases.yaml", &cases("warn"));
        let run = shop.run(&["test", "--format", "human", "--format", "junit=j.xml"]).exits(2);
        assert!(run.stdout.contains("FAIL  full · full"), "{}\n{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("yaml-syntax"), "{}", run.stderr);
        let junit = std::fs::read_to_string(shop.at("j.xml")).unwrap();
        assert!(junit.contains(r#"failures="1" errors="1""#), "{junit}");
        shop.file("policies/full.cases.yaml", &cases("fail"));
        let run = shop.run(&["test", "--format", "json"]).exits(2);
        assert_eq!(run.json()["counts"]["passed"], 1);
        std::fs::remove_file(shop.at(file)).unwrap();
    }
}

#[test]
fn lint_reads_case_files() {
    let shop = Shop::new();
    project(&shop, "");
    for (text, said) in [
        ("cases: full\nnow: 2026-11-01T03:00:00Z\ncheck: [", "yaml-syntax"),
        ("cases: fulll\nnow: 2026-11-01T03:00:00Z\ncheck: []\n", "unknown-name"),
    ] {
        shop.file("policies/full.cases.yaml", text);
        let run = shop.run(&["lint"]).exits(2);
        assert!(run.stdout.contains(said) || run.stdout.contains("empty"), "{}", run.stdout);
        assert!(run.stdout.contains("policies/full.cases.yaml"), "{}", run.stdout);
    }
}

#[test]
fn a_diff_that_mends_can_be_applied_and_says_what_it_leaves() {
    let shop = Shop::new();
    project(&shop, "");
    let broken = crate::harness::policy("full", &FULL.replace("used_ratio >", "used_rat >"));
    shop.file("policies/full.yaml", &broken);
    let run = shop.run(&["lint", "--fix", "--dry-run"]).exits(2);
    assert!(run.stdout.is_empty() && run.stderr.contains("unknown-fact"), "{}{}", run.stdout, run.stderr);
    shop.policy("full", &format!("{FULL}tags: [a, a]\n"));
    std::fs::create_dir_all(shop.at("sub")).unwrap();
    for folder in ["", "sub"] {
        let run = in_folder(&shop, folder, &["lint", "--fix", "--dry-run"]).exits(0);
        assert!(
            run.stdout.starts_with("--- a/policies/full.yaml\n+++ b/policies/full.yaml\n"),
            "{}",
            run.stdout
        );
    }
}
