//! What reviewers see: lint and check as SARIF, annotations and code quality, at the right line.

use serde_json::Value as Json;

use crate::harness::Shop;

const POLICY: &str = "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: @SHOP@/x } } }\neach: file\nfail: exist == false\nmessage: gone\n";

#[test]
fn a_misspelt_fact_is_remarked_at_its_line_in_every_format() {
    let shop = Shop::new();
    shop.policy("ab", POLICY);
    let path = "policies/a: b.yaml";
    std::fs::rename(shop.at("policies/ab.yaml"), shop.at(path)).unwrap();
    let text = std::fs::read_to_string(shop.at(path)).unwrap();
    let line = text.lines().position(|line| line.starts_with("fail:")).unwrap() + 1;
    let run = shop.run(&[
        "lint",
        path,
        "--format",
        "sarif",
        "--format",
        "github=g.txt",
        "--format",
        "gitlab=q.json",
    ]);
    let sarif = run.exits(2).json().clone();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "unknown-fact", "{sarif:#}");
    assert!(result["message"]["text"].as_str().unwrap().contains("did you mean `exists`?"), "{result:#}");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "policies/a:%20b.yaml");
    assert_eq!(place["region"]["startLine"], line);
    let github = std::fs::read_to_string(shop.at("g.txt")).unwrap();
    assert!(github.starts_with(&format!("::error file=policies/a%3A b.yaml,line={line},col=7,")), "{github}");
    let gitlab: Json = serde_json::from_str(&std::fs::read_to_string(shop.at("q.json")).unwrap()).unwrap();
    assert_eq!(gitlab[0]["location"]["path"], path);
    assert_eq!(gitlab[0]["location"]["lines"]["begin"], line);
}

#[test]
fn a_remark_keeps_its_fingerprint_when_lines_move() {
    let shop = Shop::new();
    let print = |shop: &Shop| {
        let json = shop.run(&["lint", "policies/", "--format", "sarif"]).exits(2).json().clone();
        json["runs"][0]["results"][0]["partialFingerprints"]["muster/v1"].as_str().unwrap().to_owned()
    };
    shop.policy("moved", POLICY);
    let first = print(&shop);
    shop.policy("moved", &format!("tags: [new]\n{POLICY}"));
    assert_eq!(print(&shop), first);
    shop.policy("moved", &POLICY.replace("exist ==", "exis =="));
    assert_ne!(print(&shop), first, "another mistake");
}

#[test]
fn a_failing_check_is_a_remark_and_the_exit_code_stays() {
    let shop = Shop::new();
    shop.policy("there", &POLICY.replace("exist ", "exists "));
    for (format, wanted) in [
        ("sarif", "\"level\": \"error\""),
        ("github", "::error file=policies/there.yaml,line="),
        ("gitlab", "\"check_name\": \"there\""),
    ] {
        let run = shop.run(&["check", "policies/there.yaml", "--format", format]).exits(1);
        assert!(run.stdout.contains(wanted), "{format}: {}", run.stdout);
    }
    shop.file("x", "");
    let json = shop.run(&["check", "policies/there.yaml", "--format", "sarif"]).exits(0).json().clone();
    assert_eq!(json["runs"][0]["results"], Json::Array(Vec::new()));
    assert_eq!(json["runs"][0]["properties"]["checks"][0]["verdict"], "pass");
}

#[test]
fn what_cannot_be_read_is_a_remark_too() {
    let shop = Shop::new();
    let run = shop.run(&["lint", "nowhere.yaml", "--format", "sarif"]).exits(2);
    let json = run.json().clone();
    assert_eq!(json["runs"][0]["results"].as_array().unwrap().len(), 1, "{json:#}");
    assert_eq!(json["runs"][0]["invocations"][0]["exitCode"], 2);
    shop.run(&["lint", "--format", "junit"]).exits(2).says("lint has no `junit`");
}

#[test]
fn a_mistake_of_the_project_file_is_shown_at_a_path_of_the_checkout() {
    let shop = Shop::new();
    shop.project("targets: { host: { type: host } }\nnonsense: 1\n");
    let run = shop.run(&["lint", "--format", "sarif", "--format", "github=g.txt"]);
    let json = run.exits(2).json().clone();
    let place = &json["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "muster.yaml", "{json:#}");
    let github = std::fs::read_to_string(shop.at("g.txt")).unwrap();
    assert!(github.starts_with("::error file=muster.yaml,line=3,"), "{github}");
}

/// The indented or fenced block after a heading of the page.
pub(crate) fn block(page: &str, heading: &str) -> String {
    let behind = page.split_once(&format!("## {heading}\n")).unwrap_or_else(|| panic!("no `{heading}`")).1;
    let inside = behind.split_once("```").unwrap().1.split_once("\n```").unwrap().0;
    inside.split_once('\n').unwrap().1.to_owned()
}

/// The commands of muster in a block, without the environment that only a server has.
pub(crate) fn commands(block: &str) -> Vec<Vec<String>> {
    let lines = block.lines().filter_map(|line| {
        line.trim_start().trim_start_matches("- ").trim_start_matches("run: ").strip_prefix("muster ")
    });
    lines
        .map(|line| {
            line.split(' ').filter(|word| !["--env", "ci"].contains(word)).map(str::to_owned).collect()
        })
        .collect()
}

#[test]
fn the_workflows_of_the_page_run_as_they_stand_there() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md");
    let page = std::fs::read_to_string(path).unwrap();
    let shop = Shop::new();
    shop.project("targets: { host: { type: host } }\npolicies: [policies/]\n");
    shop.policy("there", &POLICY.replace("exist ", "exists ")).file("x", "");
    shop.file(
        "policies/there.cases.yaml",
        "cases: there\nnow: 2026-11-01T03:00:00Z\nfile: { path: /x }\ncheck:\n  - name: it is gone\n    facts: { file: [{ exists: false }] }\n    findings: [{ subject: /x, verdict: fail }]\n",
    );
    let repository = crate::repository::Repository::of(&shop);
    repository.commit("as it was");
    repository.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    for (heading, many) in [("GitHub", 4), ("GitLab", 4), ("Before a commit", 2)] {
        let found = commands(&block(&page, heading));
        assert_eq!(found.len(), many, "{heading}: {found:?}");
        for words in found {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            shop.run(&words).exits(0);
        }
    }
    for file in [
        "lint.sarif",
        "impact.sarif",
        "impact.json",
        "comment.md",
        "check.sarif",
        "summary.md",
        "lint.json",
        "cases.xml",
        "gl-code-quality-report.json",
        "checks.xml",
    ] {
        assert!(shop.at(file).is_file(), "{file}");
    }
}
