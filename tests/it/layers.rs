//! The modules import what the table of the design says, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Module → the modules that it may import. Exact: what is allowed and not used is wrong here too.
const TABLE: &[(&str, &[&str])] = &[
    ("audit", &["fact", "store", "verdict"]),
    (
        "cli",
        &[
            "audit", "diag", "fact", "impact", "judge", "layout", "lint", "observe", "plan", "policy",
            "probe", "report", "rule", "secret", "source", "store", "verdict",
        ],
    ),
    ("diag", &["source"]),
    ("fact", &[]),
    // `judge` for what rungs and ladders say, so that two versions are compared by what judges.
    ("impact", &["fact", "judge", "plan", "policy", "rule", "source", "verdict"]),
    // `lint` for what the comments of a file allow, which a layout may not change.
    ("layout", &["diag", "lint", "policy", "source"]),
    ("judge", &["fact", "plan", "policy", "rule", "verdict"]),
    // `verdict` for the urgencies that routes are named by.
    ("lint", &["diag", "fact", "policy", "rule", "source", "verdict"]),
    // `plan` for what a target says of itself (`TargetInfo`), which is compared with what was observed.
    ("observe", &["fact", "plan", "probe", "secret"]),
    // `source` for the places of overrides in messages.
    ("plan", &["diag", "fact", "policy", "rule", "source", "verdict"]),
    // `report` for the list of all published schemas (`schemas/`), which has that of the report too.
    // `verdict` for the words that policies and projects use: severities, urgencies, verdicts of waivers.
    ("policy", &["diag", "fact", "report", "rule", "secret", "source", "verdict"]),
    ("probe", &["fact", "secret"]),
    ("report", &["audit", "fact", "verdict"]),
    // `verdict` for the kinds of remedy steps, which decide how a template quotes.
    ("rule", &["diag", "fact", "source", "verdict"]),
    ("secret", &[]),
    ("source", &[]),
    // The reader of YAML stands below `source`, whose spans it gives to nodes, and reports as `diag`.
    ("source::yaml", &["diag", "source"]),
    ("store", &["fact", "verdict"]),
    ("verdict", &["fact"]),
];

/// The top of the crate: it declares the modules, and `main` calls `cli`.
const TOP: &[&str] = &["lib.rs", "main.rs"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// The lines without comments and without items under `#[cfg(test)]`, and the files of such modules.
fn of_the_product(text: &str) -> (Vec<&str>, Vec<String>) {
    let (mut kept, mut test_files) = (Vec::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        if !(line.trim().starts_with("#[cfg(") && line.contains("test")) {
            kept.push(line);
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let mut file = None;
        let item = lines.by_ref().find(|line| {
            let path = line.trim().strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]"));
            file = path.map(str::to_owned).or_else(|| file.take());
            !line.trim_start().starts_with("#[")
        });
        let item = item.unwrap();
        if let Some(name) = item.trim().strip_suffix(';').and_then(|item| item.rsplit_once("mod ")) {
            test_files.push(file.unwrap_or_else(|| format!("{}.rs", name.1)));
        } else if !item.trim_end().ends_with(';') {
            let end = [format!("{indent}}}"), format!("{indent}}};")];
            lines.by_ref().find(|line| end.iter().any(|end| end == line)).unwrap();
        }
    }
    (kept, test_files)
}

/// The modules that follow `crate::` in these lines, also within braces.
fn imported(text: &str) -> BTreeSet<String> {
    let word = |text: &str| {
        text.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect::<String>()
    };
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => drop(found.insert(word(rest))),
            Some(group) => {
                let mut depth = 0;
                for part in group.split_inclusive([',', '{', '}']) {
                    if depth == 0 && !word(part.trim_start()).is_empty() {
                        found.insert(word(part.trim_start()));
                    }
                    depth += i32::from(part.ends_with('{')) - i32::from(part.ends_with('}'));
                    if depth < 0 {
                        break;
                    }
                }
            }
        }
    }
    found.retain(|name| name.starts_with(char::is_lowercase));
    found
}

/// Every source file of the product with its path below `src` and its lines; files of tests are left out.
fn product() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let read: Vec<_> = files.iter().map(|file| (file, std::fs::read_to_string(file).unwrap())).collect();
    let mut of_tests = BTreeSet::new();
    for (file, text) in &read {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let folder = file.parent().unwrap();
        for test in of_the_product(text).1 {
            let beside = matches!(stem, "mod" | "lib" | "main") || folder.join(&test).exists();
            of_tests.insert(if beside { folder.join(&test) } else { folder.join(stem).join(&test) });
        }
    }
    let kept = read.iter().filter(|(file, _)| !of_tests.contains(*file));
    let inside = |file: &Path| file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
    kept.map(|(file, text)| (inside(file), of_the_product(text).0.join("\n"))).collect()
}

fn imports() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut imports: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (inside, text) in product() {
        let first = inside.split('/').next().unwrap();
        if TOP.contains(&first) {
            continue;
        }
        let yaml = inside.starts_with("source/yaml");
        let module = if yaml { "source::yaml" } else { first.trim_end_matches(".rs") }.to_owned();
        let all = imports.entry(module.clone()).or_default();
        for name in imported(&text).into_iter().filter(|name| *name != module) {
            all.entry(name).or_insert_with(|| inside.clone());
        }
    }
    imports
}

#[test]
fn modules_import_what_the_table_says() {
    let imports = imports();
    let mut wrong = Vec::new();
    for (module, used) in &imports {
        let Some((_, allowed)) = TABLE.iter().find(|(name, _)| name == module) else {
            wrong.push(format!("`{module}` is not in the table"));
            continue;
        };
        let breaks = used.iter().filter(|(name, _)| !allowed.contains(&name.as_str()));
        wrong.extend(breaks.map(|(name, file)| format!("`{module}` may not import `{name}` (src/{file})")));
        let unused = allowed.iter().filter(|name| !used.contains_key(**name));
        wrong.extend(
            unused.map(|name| format!("`{module}` does not import `{name}`: take it out of the table")),
        );
    }
    wrong.extend(
        TABLE
            .iter()
            .filter(|(name, _)| !imports.contains_key(*name))
            .map(|(name, _)| format!("there is no module `{name}`")),
    );
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn no_two_modules_import_each_other() {
    for (module, allowed) in TABLE.iter().filter(|(module, _)| *module != "cli") {
        for other in *allowed {
            let back = TABLE.iter().find(|(name, _)| name == other).unwrap().1;
            assert!(!back.contains(module), "`{module}` and `{other}` import each other");
        }
    }
}

#[test]
fn only_the_edge_prints_and_only_probes_and_the_edge_read_the_world() {
    for (inside, lines) in product() {
        if !inside.starts_with("cli") {
            for word in ["println!", "eprintln!", "std::process::exit", "io::stdout()", "io::stderr()"] {
                assert!(!lines.contains(word), "{inside} has {word}");
            }
        }
        if ["judge", "plan", "rule", "verdict", "fact", "report"].iter().any(|pure| inside.starts_with(pure))
        {
            for word in ["tokio", "std::fs", "std::net", "sqlx", "reqwest", "SystemTime", "std::env"] {
                assert!(!lines.contains(word), "{inside} is pure and has {word}");
            }
        }
    }
}

#[test]
fn the_reader_of_imports_sees_what_counts() {
    let text = "use crate::{fact::{Cell, Value}, plan};\n// crate::cli\nfn f() { crate::rule::parse(); }\n#[cfg(test)]\nmod tests {\n    use crate::report;\n}\nuse crate::verdict::X;\n#[cfg(test)]\n#[path = \"x_tests.rs\"]\nmod tests;\n";
    let (lines, files) = of_the_product(text);
    let found: Vec<String> = imported(&lines.join("\n")).into_iter().collect();
    assert_eq!(
        (found, files),
        (vec!["fact".into(), "plan".into(), "rule".into(), "verdict".into()], vec!["x_tests.rs".to_owned()])
    );
}
