//! Every lint finds the bad example of its page, at the line that the example marks, and not its good one: in the
//! library with the day that the examples are written for, and through the command for those that no day changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use passmuster::fact::parse_date;
use passmuster::lint::{Category, Check, Input, LINTS, Lint};
use passmuster::policy::load::load;
use passmuster::policy::{Policy, PolicyOrigin, Project, project};
use passmuster::source::Source;

use crate::harness::Shop;

/// What every policy needs, and an example leaves out.
const REST: &[(&str, &str)] = &[
    ("policy", "p"),
    ("title", "It holds"),
    ("tier", "daily"),
    ("severity", "high"),
    ("owner", "team"),
    ("why", "Because it was agreed."),
    ("target", "{ type: host }"),
    ("observe", "{ usage: { probe: disk.usage } }"),
    ("remedy", "{ steps: [{ shell: df }] }"),
];

/// An example as files: the project, and policies by path.
struct Example {
    project: String,
    policies: Vec<(String, String)>,
    /// The file and the line that are marked `# here`.
    here: Option<(String, usize)>,
}

fn completed(lines: &str) -> (String, String) {
    let mut text = format!("{}\n", lines.trim_end());
    for (key, value) in REST {
        let has = |line: &str| line.starts_with(&format!("{key}:")) || line == format!("# no {key}");
        if !lines.lines().any(has) {
            text.push_str(&format!("{key}: {value}\n"));
        }
    }
    let id = lines.lines().find_map(|line| line.strip_prefix("policy:")).unwrap_or("p");
    (id.split('#').next().unwrap().trim().to_owned(), text)
}

fn example(lint: &Lint, text: &str) -> Example {
    let (project, policies): (&str, Vec<&str>) = if let Check::Project(_) = lint.check {
        let mut parts = text.split("\n---\n");
        (parts.next().unwrap(), parts.collect())
    } else {
        ("targets: { here: { type: host } }", vec![text])
    };
    let mut project = project.trim_start_matches("muster: 1").trim_start().to_owned() + "\n";
    if !policies.is_empty() {
        project.push_str("policies: [policies/]\n");
    }
    let files = policies.iter().map(|lines| completed(lines)).map(|(id, text)| {
        // An example about one policy is a file `p.yaml`.
        let id = if matches!(lint.check, Check::Project(_)) { id } else { "p".to_owned() };
        (format!("policies/{id}.yaml"), text)
    });
    let policies: Vec<(String, String)> = files.collect();
    let project = format!("muster: 1\n{project}");
    let here = std::iter::once((&"muster.yaml".to_owned(), &project))
        .chain(policies.iter().map(|(path, text)| (path, text)))
        .find_map(|(path, text)| {
            let line = text.lines().position(|line| line.contains("# here"))?;
            Some((path.clone(), line + 1))
        });
    Example { project, policies, here }
}

fn shop(example: &Example) -> Shop {
    let shop = Shop::new();
    shop.file("muster.yaml", &example.project);
    for (path, text) in &example.policies {
        shop.file(path, text);
    }
    // What examples name.
    for folder in ["runbooks", "holidays"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
        for file in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            let name = file.file_name().into_string().unwrap();
            let path = format!("fixtures/{folder}/{name}");
            shop.bytes(&path, &std::fs::read(file.path()).unwrap());
        }
    }
    shop
}

/// The code, the file and the line of everything that one lint says, on 2026-11-01.
fn said(lint: &Lint, shop: &Shop) -> Vec<(String, usize)> {
    let path = shop.at("muster.yaml");
    let source = Source::new("muster.yaml", std::fs::read_to_string(&path).unwrap());
    let mut wrong = Vec::new();
    let project: Project =
        project::decode(&source, shop.path(), &mut wrong).unwrap_or_else(|| panic!("{wrong:#?}"));
    let policies = policies(shop);
    let mut found = Vec::new();
    if let Check::Policy(check) = lint.check {
        policies.iter().for_each(|policy| check(policy, &mut found));
    } else if let Check::Project(check) = lint.check {
        let today = parse_date("2026-11-01").unwrap();
        let input = Input {
            policies: &policies,
            broken: &[],
            project: &project,
            has_project: true,
            whole: true,
            today,
        };
        check(&input, &mut found);
    }
    if let Check::Comments(_) = lint.check {
        return told(lint, shop);
    }
    assert!(found.iter().all(|diag| diag.code == lint.code), "{}: {found:?}", lint.name());
    let place = |loc: &passmuster::source::Loc| {
        let name = PathBuf::from(&*loc.source.name);
        let name = name.strip_prefix(shop.path()).unwrap_or(&name).display().to_string();
        (name, loc.line_column().0)
    };
    found.iter().map(|diag| place(&diag.labels[0].loc)).collect()
}

/// The same of a lint about comments, which speaks once the others are done with them, as the command does it.
fn told(lint: &Lint, shop: &Shop) -> Vec<(String, usize)> {
    let json = shop.run(&["lint", "--format", "json"]).json().clone();
    let of_it = json["diagnostics"].as_array().unwrap().iter().filter(|diag| diag["code"] == lint.name());
    let place = |diag: &serde_json::Value| {
        let label = &diag["labels"][0];
        let name = PathBuf::from(label["file"].as_str().unwrap());
        let name = name.strip_prefix(shop.path()).unwrap_or(&name).display().to_string();
        (name, usize::try_from(label["line"].as_u64().unwrap()).unwrap())
    };
    of_it.map(place).collect()
}

fn policies(shop: &Shop) -> Vec<Arc<Policy>> {
    let folder = shop.at("policies");
    if !folder.exists() {
        return Vec::new();
    }
    let loaded = load(&[(PolicyOrigin::Path(folder), None)], None, false);
    assert!(loaded.diags.is_empty(), "{:#?}", loaded.diags);
    loaded.policies
}

#[test]
fn every_lint_finds_its_bad_example_at_the_right_line_and_not_its_good_one() {
    for lint in LINTS {
        let bad = example(lint, lint.page.bad);
        let found = said(lint, &shop(&bad));
        assert!(!found.is_empty(), "{} finds nothing in\n{}", lint.name(), lint.page.bad);
        for place in &found {
            let marked = bad.here.as_ref().is_none_or(|here| here == place);
            assert!(marked, "{}: found at {place:?}, and marked is {:?}", lint.name(), bad.here);
            // Without a mark the example is the defect, or the policy as a whole, which its id stands for.
            assert!(bad.here.is_some() || of_the_example(lint, &bad, place), "{}: {place:?}", lint.name());
        }
        let good = example(lint, lint.page.good);
        let found = said(lint, &shop(&good));
        assert_eq!(found, [], "{} finds something in\n{}", lint.name(), lint.page.good);
    }
}

fn of_the_example(lint: &Lint, bad: &Example, (path, line): &(String, usize)) -> bool {
    let text = if path == "muster.yaml" {
        &bad.project
    } else {
        &bad.policies.iter().find(|(name, _)| name == path).unwrap().1
    };
    let written = text.lines().nth(line - 1).unwrap();
    lint.page.bad.contains(written) || written.starts_with("policy:")
}

/// Codes of `muster lint` with their file and line.
fn by_command(lint: &Lint, text: &str) -> Vec<(String, usize)> {
    let shop = shop(&example(lint, text));
    let run = shop.run(&["lint", "--format", "json"]);
    let all = run.json()["diagnostics"].as_array().unwrap();
    let mine = all.iter().filter(|diag| diag["code"] == lint.name());
    mine.map(|diag| {
        let label = &diag["labels"][0];
        let file = PathBuf::from(label["file"].as_str().unwrap());
        let root = shop.path().canonicalize().unwrap();
        let file = [shop.path(), &root].iter().find_map(|root| file.strip_prefix(root).ok()).unwrap_or(&file);
        (file.display().to_string(), usize::try_from(label["line"].as_u64().unwrap()).unwrap())
    })
    .collect()
}

#[test]
fn the_command_says_what_the_lints_say() {
    // What changes with the day is told from a fixed one above.
    let always = |lint: &&Lint| lint.level.is_some() && lint.category != Category::Waivers;
    for lint in LINTS.iter().filter(always).filter(|lint| lint.name() != "holidays-used-up") {
        let bad = example(lint, lint.page.bad);
        let found = by_command(lint, lint.page.bad);
        assert!(!found.is_empty(), "{} is not said of\n{}", lint.name(), lint.page.bad);
        assert!(
            bad.here.is_none() || found.iter().all(|place| Some(place) == bad.here.as_ref()),
            "{found:?}"
        );
        assert_eq!(by_command(lint, lint.page.good), [], "{}\n{}", lint.name(), lint.page.good);
    }
}

#[test]
fn no_lint_finds_anything_in_what_ships() {
    let shop = Shop::new();
    let areas = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("policies")).unwrap();
    let areas: Vec<String> =
        areas.map(|area| format!("builtin:{}", area.unwrap().file_name().into_string().unwrap())).collect();
    let mut arguments = vec!["lint", "--format", "json"];
    arguments.extend(areas.iter().map(String::as_str));
    let run = shop.run(&arguments).exits(0);
    assert_eq!(run.json()["diagnostics"], serde_json::json!([]));
    assert!(run.json()["policies"].as_u64().unwrap() > 100);
}
