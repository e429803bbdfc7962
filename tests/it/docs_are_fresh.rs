//! The pages below `docs/` are what the declarations say, and what they show as a policy loads.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use passmuster::cli::exit;
use passmuster::cli::reference::{NOTICE, pages};
use passmuster::policy::load::{File, Loaded, documents};
use passmuster::policy::project;
use passmuster::source::Source;

use crate::pg::whole::page;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn markdown(folder: &str) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(root().join(folder)).sort_by_file_name();
    let files = files.into_iter().map(|entry| entry.unwrap().into_path());
    files.filter(|path| path.extension().is_some_and(|end| end == "md")).collect()
}

/// What the declarations say, and what the proofs of the policies of PostgreSQL say besides.
fn generated() -> Vec<(PathBuf, String)> {
    let mut all: Vec<(PathBuf, String)> =
        pages().into_iter().map(|page| (root().join(&page.path), page.text)).collect();
    all.push((page::path(), page::text()));
    all
}

#[test]
fn generated_pages_are_committed_as_they_are() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut stale = Vec::new();
    for (path, wanted) in generated() {
        if std::fs::read_to_string(&path).is_ok_and(|text| text == wanted) {
            continue;
        }
        if update {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &wanted).unwrap();
        }
        stale.push(path);
    }
    assert!(update || stale.is_empty(), "run `UPDATE=1 cargo test --test it docs` for {stale:?}");
}

#[test]
fn no_generated_page_is_left_over() {
    let known: BTreeSet<PathBuf> = generated().into_iter().map(|(path, _)| path).collect();
    let generated = markdown("docs").into_iter().filter(|path| read(path).starts_with(NOTICE));
    let left: Vec<PathBuf> = generated.filter(|path| !known.contains(path)).collect();
    assert!(left.is_empty(), "remove {left:?}");
}

/// The fenced blocks of a page that begin with this line.
fn blocks(text: &str, fence: &str, begins: &str) -> Vec<String> {
    text.split(&format!("```{fence}\n"))
        .skip(1)
        .filter_map(|rest| rest.split_once("\n```"))
        .map(|(block, _)| format!("{block}\n"))
        .filter(|block| block.starts_with(begins))
        .collect()
}

fn load(name: &str, text: String) -> Loaded {
    let mut loaded = Loaded::default();
    let file = File { source: Source::new(name, text), library: None, folder: PathBuf::new() };
    documents(&file, None, &mut loaded);
    loaded
}

/// Pages that are written by hand, and the prose from which the others are made.
fn shown() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        markdown("docs").into_iter().filter(|path| !read(path).starts_with(NOTICE)).collect();
    files.extend(markdown("src"));
    files.push(root().join("README.md"));
    files
}

#[test]
fn every_policy_that_is_shown_loads() {
    let mut seen = 0;
    for path in shown() {
        for block in blocks(&read(&path), "yaml", "policy:") {
            let loaded = load(&path.display().to_string(), block);
            let diags: Vec<&str> = loaded.diags.iter().map(|diag| diag.message.as_str()).collect();
            assert!(diags.is_empty(), "{}: {diags:?}", path.display());
            seen += loaded.policies.len();
        }
    }
    assert!(seen > passmuster::fact::catalogue::PROBES.len(), "only {seen} policies were found");
}

/// A folder with the holiday file of a page, if it shows one.
fn with_holidays(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    if let Some(holidays) = blocks(text, "ics", "BEGIN:VCALENDAR").first() {
        std::fs::write(folder.path().join("holidays.ics"), holidays).unwrap();
    }
    folder
}

#[test]
fn every_project_file_that_is_shown_loads() {
    let mut seen = 0;
    for path in shown() {
        let folder = with_holidays(&read(&path));
        for block in blocks(&read(&path), "yaml", "muster: 1") {
            let mut diags = Vec::new();
            let source = Source::new(path.display().to_string(), block);
            let project = project::decode(&source, folder.path(), &mut diags);
            assert!(project.is_some() && diags.is_empty(), "{}: {diags:?}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn the_calendars_of_the_language_reference_do_what_it_says() {
    let text = read(&root().join("src/cli/reference/language.md"));
    let folder = with_holidays(&text);
    let projects = blocks(&text, "yaml", "muster: 1\ncalendars:");
    let source = Source::new("muster.yaml", projects[0].as_str());
    let project = project::decode(&source, folder.path(), &mut Vec::new()).unwrap();
    for (name, at, covered) in [
        ("office", "2026-07-31T08:00:00+02:00", true),
        ("office", "2026-07-31T18:00:00+02:00", false),
        ("shop", "2026-07-31T10:00:00+02:00", true),
        ("shop", "2026-08-01T10:00:00+02:00", false),
        ("shop", "2026-08-08T10:00:00+02:00", true),
        ("shop", "2027-03-29T10:00:00+02:00", false),
        ("shop", "2026-12-24T13:59:59+01:00", true),
        ("shop", "2026-12-24T14:00:00+01:00", false),
        ("night", "2026-11-28T05:59:59-05:00", true),
        ("night", "2026-11-28T06:00:00-05:00", false),
    ] {
        assert_eq!(project.calendars[name].covers(at.parse().unwrap()), covered, "{name} at {at}");
    }
}

/// The word behind a key at the start of a block.
fn id<'a>(block: &'a str, key: &str) -> &'a str {
    block.lines().next().and_then(|line| line.strip_prefix(key)).map_or("", str::trim)
}

#[test]
fn the_cases_that_are_shown_pass() {
    for (page, least) in [("src/cli/reference/language.md", 6), ("README.md", 1)] {
        let text = read(&root().join(page));
        let folder = tempfile::tempdir().unwrap();
        let mut wanted = 0;
        for cases in blocks(&text, "yaml", "cases:") {
            let name = id(&cases, "cases:").to_owned();
            let policies = blocks(&text, "yaml", "policy:");
            let policy = policies.iter().find(|policy| id(policy, "policy:") == name);
            let policy = policy.unwrap_or_else(|| panic!("{page}: cases of `{name}`, which is not shown"));
            std::fs::write(folder.path().join(format!("{name}.yaml")), policy).unwrap();
            std::fs::write(folder.path().join(format!("{name}.cases.yaml")), &cases).unwrap();
            wanted += cases.matches("\n  - name:").count();
        }
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert!(files >= 2 * least, "{page}: only {files} files");
        let command = Command::new(env!("CARGO_BIN_EXE_muster"))
            .args(["test", "."])
            .current_dir(folder.path())
            .output();
        let output = command.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains(&format!("{wanted} cases, {wanted} passed, 0 failed")),
            "{page}: {said}{errors}"
        );
    }
}

#[test]
fn the_readme_has_the_exit_codes_as_they_are() {
    let text = read(&root().join("README.md"));
    for (number, meaning) in exit::ALL {
        assert!(text.contains(&format!("| {number} | {meaning} |")), "{number}");
    }
}

/// Links to files of the repository.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
    let local = targets.filter(|link| !link.contains("://") && !link.starts_with('#'));
    local.map(|link| link.split('#').next().unwrap_or("")).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut files = markdown("docs");
    files.push(root().join("README.md"));
    files.push(root().join("CHANGELOG.md"));
    for path in files {
        let text = read(&path);
        for link in links(&text) {
            assert!(path.parent().unwrap().join(link).exists(), "{}: {link}", path.display());
        }
    }
}

/// Tests that the architecture names: every word in backticks behind "Test:" or "Tests:".
fn named(text: &str) -> Vec<&str> {
    let parts = text.lines().filter_map(|line| line.split_once("*Test")).map(|(_, rest)| rest);
    parts.flat_map(|rest| rest.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_test_that_the_architecture_names_exists() {
    let sources = ["src", "tests"].iter().flat_map(|folder| walkdir::WalkDir::new(root().join(folder)));
    let files = sources.map(|entry| entry.unwrap().into_path());
    let code: String = files
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .map(|path| read(&path))
        .collect();
    let text = read(&root().join("docs/ARCHITECTURE.md"));
    let names = named(&text);
    assert!(names.len() > 20, "{names:?}");
    for invariant in text.lines().filter(|line| line.contains("Invariant:")) {
        assert!(invariant.contains("*Test"), "without a test: {invariant}");
    }
    for name in names {
        let name = name.rsplit("::").next().unwrap_or(name);
        assert!(code.contains(&format!("fn {name}(")), "there is no test `{name}`");
    }
}
