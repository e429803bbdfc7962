//! What people write wrong, and what they are told: the code, the place, and the words.
//!
//! The table says for each input which codes stand where. `bad_input.txt` holds the messages as they are read;
//! `UPDATE=1 cargo test bad_input` rewrites it, so that every change of a message is seen in review.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use passmuster::diag::{ALL, Diag, render_text};
use passmuster::policy::load::{self, File, Loaded, Origin};
use passmuster::policy::project;
use passmuster::source::Source;

const POLICY: &str = "\
policy: p
title: The file is there
tier: daily
severity: low
why: Nothing starts without it.
target: { type: host }
observe:
  files: { probe: file.stat, with: { path: /x } }
fail: exists == false
remedy:
  steps:
    - do: Mend it.
";

const PROJECT: &str = "\
muster: 1
owner: team-a
labels: { env: [staging, prod] }
targets:
  shop-db:
    type: postgres
    url: postgres://watcher@db.internal:5432/shop
    password: { env: SHOP_DB_PASSWORD }
    labels: { env: prod }
environments:
  ci: { targets: { env: staging } }
overrides:
  - { policy: p, target: shop-db, set: { limit: 55% } }
waivers:
  - { policy: p, target: shop-db, owner: team-a, ticket: A-1, expires: 2027-01-31, reason: known }
";

/// The text with one part replaced, which must be there exactly once.
fn with(text: &str, part: &str, other: &str) -> String {
    assert_eq!(text.matches(part).count(), 1, "{part}");
    text.replace(part, other)
}

fn load_text(text: &str) -> Loaded {
    let mut loaded = Loaded::default();
    let file =
        File { source: Source::new("p.yaml", text), library: None, folder: PathBuf::from("/nonexistent") };
    load::documents(&file, None, &mut loaded);
    loaded
}

/// The policy loaded with the labels of a project.
fn load_labelled(text: &str) -> Vec<Diag> {
    let mut loaded = Loaded::default();
    let file =
        File { source: Source::new("p.yaml", text), library: None, folder: PathBuf::from("/nonexistent") };
    let labels: BTreeSet<Arc<str>> = ["env", "role"].into_iter().map(Arc::from).collect();
    load::documents(&file, Some(&labels), &mut loaded);
    loaded.diags
}

fn load_project(text: &str) -> Vec<Diag> {
    let mut diags = Vec::new();
    let project = project::decode(&Source::new("muster.yaml", text), Path::new("/srv"), &mut diags);
    assert_eq!(
        project.is_none(),
        !diags.is_empty(),
        "a fault without a word, or words without a fault: {diags:?}"
    );
    diags
}

/// `code line:column`; without a place only the code.
fn brief(diag: &Diag) -> String {
    assert!(ALL.contains(&diag.code), "{}", diag.code.id);
    match diag.labels.first() {
        Some(label) => {
            let (line, column) = label.loc.line_column();
            format!("{} {line}:{column}", diag.code.id)
        }
        None => diag.code.id.to_owned(),
    }
}

/// A message with a place shows the line and something that points into it.
fn shows_its_place(diag: &Diag, rendered: &str) {
    let Some(label) = diag.labels.first().filter(|label| !label.loc.source.text.is_empty()) else { return };
    let (line, _) = label.loc.line_column();
    let text = label.loc.source.text.lines().nth(line - 1).unwrap_or("");
    let text = text.trim_start_matches('\u{feff}').trim();
    assert!(rendered.contains(text), "the line is not shown: {text}\n{rendered}");
    assert!(rendered.contains(['─', '▲']), "nothing points into the line:\n{rendered}");
}

/// One input: what it is, its messages, and what the table expects.
struct Shown {
    what: String,
    found: Vec<String>,
    wanted: Vec<String>,
    text: String,
}

fn shown(what: &str, diags: &[Diag], wanted: &[&str]) -> Shown {
    let rendered: Vec<String> = diags.iter().map(|diag| render_text(diag, false, 100)).collect();
    for (diag, rendered) in diags.iter().zip(&rendered) {
        assert!(!rendered.contains("hunter2"), "{what}: the secret is shown:\n{rendered}");
        assert!(!format!("{diag:?}").contains("hunter2"), "{what}: the secret is in the message");
        assert!(!passmuster::diag::render_json(diag).to_string().contains("hunter2"), "{what}");
        shows_its_place(diag, rendered);
    }
    Shown {
        what: what.to_owned(),
        found: diags.iter().map(brief).collect(),
        wanted: wanted.iter().map(|&wanted| wanted.to_owned()).collect(),
        text: rendered.join("\n"),
    }
}

fn compare(all: &[Shown], file: &str) {
    let wrong: Vec<String> = all
        .iter()
        .filter(|shown| shown.found != shown.wanted)
        .map(|shown| {
            format!("{}: {:?} instead of {:?}\n{}", shown.what, shown.found, shown.wanted, shown.text)
        })
        .collect();
    let text: String = all.iter().map(|shown| format!("# {}\n\n{}\n", shown.what, shown.text)).collect();
    let text = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == text, "messages changed: run `UPDATE=1 cargo test bad_input` and read {file}");
}

#[test]
fn policies() {
    let edit = |part: &str, other: &str| with(POLICY, part, other);
    let fail = |other: &str| edit("fail: exists == false", other);
    let alert = "alert: { urgency: page, context: [path] }\n";
    let query = |more: &str| {
        let asked = format!("{{ probe: postgres.query, with: {{ sql: SELECT path FROM uploads }}{more} }}");
        let text = edit("{ probe: file.stat, with: { path: /x } }", &asked);
        with(&with(&text, "type: host", "type: postgres"), "exists == false", "path == \"\"")
    };
    let cases: Vec<(&str, String, &[&str])> = vec![
        ("an empty file", String::new(), &["empty-input"]),
        ("only comments", "# policy: p\n\n# later\n".into(), &["empty-input"]),
        ("a file that is null", "---\n...\n".into(), &["empty-input"]),
        ("a second document that is empty", format!("{POLICY}---\n"), &["null-value 13:4"]),
        (
            "the second of two documents is wrong",
            format!("{POLICY}---\n{}", fail("fail: exits")),
            &["unknown-fact 22:7"],
        ),
        ("not a map", "- policy: p\n".into(), &["wrong-type 1:1"]),
        ("a tag in place of `not`", fail("fail: !healthy"), &["yaml-tag 9:7"]),
        ("a rule without a value", fail("fail:"), &["null-value 9:6"]),
        ("a rule that is a null word", fail("fail: null"), &["null-value 9:7"]),
        ("a comment cuts the rule", fail("fail: exists # || size > 1.MiB"), &["comment-cuts 9:14"]),
        ("a comment behind half a rule", fail("fail: exists == # false"), &["comment-cuts 9:17"]),
        ("no rule", fail("# fail: exists == false"), &["no-rule 1:9"]),
        ("a YAML literal in a rule", fail("fail: (size ?? 0.bytes) > 7d"), &[]),
        ("an expression literal in a value", edit("fail:", "params: { a: 7.days }\nfail:"), &[]),
        ("a misspelt word of an enum", fail("fail: type != null && type == \"fille\""), &[]),
        ("a misspelt fact", fail("fail: exits == false"), &[]),
        ("half an expression", fail("fail: exists =="), &[]),
        ("one `=`", fail("fail: exists = false"), &[]),
        ("units that do not fit", fail("fail: (size ?? 0.bytes) > 7.days"), &[]),
        ("a number without a unit", fail("fail: (size ?? 0.bytes) > 7"), &[]),
        ("null is not handled", fail("fail: size > 7.MiB"), &[]),
        ("not a condition", fail("fail: path"), &[]),
        ("what Rhai can and we cannot", fail("fail: if exists { true } else { false }"), &[]),
        ("always true", fail("fail: 1 == 1"), &[]),
        ("an empty list of rules", fail("fail: []"), &[]),
        ("an empty text as rule", fail("fail: \"\""), &[]),
        ("a misspelt key", edit("severity:", "severty:"), &[]),
        ("a misspelt key of an observation", edit("with:", "whit:"), &[]),
        ("a misspelt argument", edit("path: /x", "pth: /x"), &[]),
        ("a misspelt key of the target", edit("{ type: host }", "{ type: host, lables: { a: b } }"), &[]),
        ("a misspelt key of a rung", fail("fail: [{ if: exists == false, mesage: x }]"), &[]),
        (
            "a misspelt key of a parameter",
            edit("fail:", "params: { a: { default: 1, at_leat: 0 } }\nfail:"),
            &[],
        ),
        ("a misspelt key of a remedy", edit("  steps:", "  stpes:"), &[]),
        ("a misspelt key of a step", edit("do: Mend it.", "od: Mend it."), &[]),
        (
            "a misspelt key of an alert",
            edit("remedy:", "alert: { urgency: page, contxt: [path] }\nremedy:"),
            &[],
        ),
        ("a misspelt tier", edit("daily", "dayly"), &[]),
        ("a misspelt severity", edit("severity: low", "severity: urgent"), &[]),
        ("a misspelt urgency", edit("remedy:", "alert: { urgency: pages, context: [path] }\nremedy:"), &[]),
        ("an anchor", edit("title: The", "title: &t The"), &["yaml-anchor 2:8"]),
        ("an alias", edit("policy: p\ntitle: The file is there", "policy: &p p\ntitle: *p"), &[]),
        ("a text that begins with a star", edit("/x", "*.dump"), &[]),
        ("a merge key", edit("title:", "<<: { tags: [a] }\ntitle:"), &[]),
        (
            "bytes before the text and lines of Windows",
            format!("\u{feff}{}", edit("exists", "exits")).replace('\n', "\r\n"),
            &[],
        ),
        ("columns behind other letters", fail("fail: \"path == \\\"ü→𝄞\\\" || exits\""), &[]),
        ("columns in a block", fail("fail: |\n  path == \"ü→𝄞\" ||\n  exits"), &[]),
        ("a comma in braces", fail("fail:\n  - { if: min(1, 2) > 3 }"), &[]),
        ("a comma in braces, without a list", fail("fail: { if: min(1, 2) > 3 }"), &[]),
        ("a hole without quotes", edit("remedy:", "message: {{ path }} is gone\nremedy:"), &[]),
        ("only a hole without quotes", edit("remedy:", "message: {{ path }}\nremedy:"), &[]),
        ("a hole that is not closed", edit("remedy:", "message: \"{{ path is gone\"\nremedy:"), &[]),
        ("a pipe in a hole", edit("remedy:", "message: \"{{ path | upper }}\"\nremedy:"), &[]),
        ("a misspelt fact in a hole", edit("Mend it.", "\"Mend {{ paht }}.\""), &[]),
        ("a key that stands twice", edit("tier: daily", "tier: daily\ntier: weekly"), &[]),
        ("an argument that stands twice", edit("path: /x", "path: /x, path: /y"), &[]),
        ("an unknown probe", edit("file.stat", "file.stats"), &[]),
        ("an unknown area", edit("file.stat", "oracle.tables"), &[]),
        ("a target that the probe cannot ask", edit("type: host", "type: postgres"), &[]),
        ("an unknown type of target", edit("type: host", "type: hots"), &[]),
        ("facts of a probe that has its own", edit("{ path: /x }", "{ path: /x }, facts: { a: text }"), &[]),
        ("a query without facts", query(""), &[]),
        ("a query whose rows have no key", query(", facts: { path: text }"), &[]),
        ("a query with an unknown type", query(", facts: { path: text, size: byte }, key: [path]"), &[]),
        (
            "a fact declared by a reserved word",
            query(", facts: { path: text, while: int }, key: [path]"),
            &[],
        ),
        (
            "a query that changes something",
            with(&query(", facts: { path: text }, key: [path]"), "SELECT path FROM", "DELETE FROM"),
            &[],
        ),
        ("a query without its text", edit("file.stat, with: { path: /x }", "command.output"), &[]),
        ("a key that is no fact", edit("{ path: /x }", "{ path: /x }, key: [pth]"), &[]),
        ("`join`", edit("fail:", "join: { a: { of: [x, y], by: path } }\nfail:"), &["reserved-key 9:7"]),
        ("`group`", edit("fail:", "group: { a: { of: x, by: path } }\nfail:"), &["reserved-key 9:8"]),
        ("`also`", edit("fail:", "also: { db: { type: host } }\nfail:"), &["reserved-key 9:7"]),
        ("`history`", edit("{ path: /x }", "{ path: /x }, history: { window: 30d }"), &[]),
        ("`before`", edit("{ path: /x }", "{ path: /x }, before: gate"), &[]),
        ("`on`", edit("{ path: /x }", "{ path: /x }, on: db"), &[]),
        (
            "a default below its bound",
            edit("fail:", "params: { a: { default: 1, at_least: 2 } }\nfail:"),
            &[],
        ),
        (
            "a default above its bound",
            edit("fail:", "params: { a: { default: 50%, at_most: 40% } }\nfail:"),
            &[],
        ),
        (
            "a bound of another unit",
            edit("fail:", "params: { a: { default: 50%, at_most: 4d } }\nfail:"),
            &[],
        ),
        ("a parameter that does not exist", fail("fail: (size ?? 0.bytes) > params.limit"), &[]),
        ("an argument of another type", edit("path: /x", "path: /x, follow: 3"), &[]),
        ("a duration that is none", edit("{ path: /x }", "{ path: /x }, max_age: 7 days"), &[]),
        ("a duration below zero", edit("{ path: /x }", "{ path: /x }, max_age: -7d"), &[]),
        ("`each` names nothing", edit("fail:", "each: file\nfail:"), &[]),
        (
            "two observations without `each`",
            edit("fail:", "  sets: { probe: file.set, with: { glob: /x } }\nfail:"),
            &[],
        ),
        (
            "nothing is observed",
            edit("observe:\n  files: { probe: file.stat, with: { path: /x } }", "observe: {}"),
            &[],
        ),
        ("a remedy without steps", edit("  steps:\n    - do: Mend it.", "  runbook: x.md"), &[]),
        ("a remedy that is a list", edit("  steps:\n    - do: Mend it.", "  - do: Mend it."), &[]),
        ("a step of two kinds", edit("do: Mend it.", "{ do: Mend it., shell: mend }"), &[]),
        ("a step of no kind", edit("do: Mend it.", "danger: x"), &[]),
        ("an alert without context", edit("remedy:", "alert: { urgency: page }\nremedy:"), &[]),
        ("an alert that nobody can mend", edit("remedy:", &format!("{alert}remedy:")), &[]),
        (
            "a ladder without `otherwise`",
            edit("severity: low", "severity: { critical: exists == false }"),
            &[],
        ),
        (
            "`otherwise` is not the last",
            edit("severity: low", "severity: { low: otherwise, critical: exists }"),
            &[],
        ),
        ("a circle", edit("fail:", "let: { a: b, b: a }\nfail:"), &[]),
        ("a `let` called as a fact", edit("fail:", "let: { size: 1 }\nfail:"), &[]),
        ("a `let` called as a root", edit("fail:", "let: { now: 1 }\nfail:"), &[]),
        ("a reserved word as a name", edit("fail:", "let: { switch: exists }\nfail:"), &[]),
        ("a reserved word as a parameter", edit("fail:", "params: { default: 1 }\nfail:"), &[]),
        ("an observation called as a root", edit("  files:", "  target:"), &[]),
        ("an id with capitals", edit("policy: p", "policy: P"), &[]),
        ("an id that is a number", edit("policy: p", "policy: 7"), &[]),
        ("a title of two lines", edit("The file is there", "|\n  one\n  two"), &[]),
        ("a `why` that is empty", edit("Nothing starts without it.", "\"\""), &[]),
        ("`expect` a word", edit("fail:", "expect: all\nfail:"), &[]),
        ("a tab as indent", edit("  steps:", "\tsteps:"), &[]),
        ("a quote that is not closed", edit("title: The", "title: \"The"), &[]),
        ("a colon in a text", edit("The file is there", "The file: is there"), &[]),
    ];
    let all: Vec<Shown> = cases
        .iter()
        .map(|(what, text, wanted)| {
            let loaded = load_text(text);
            let documents = text.matches("---").count() + 1;
            if loaded.policies.len() >= documents {
                return shown(what, &[], &["something"]);
            }
            shown(what, &loaded.diags, wanted)
        })
        .collect();
    compare(&all, "bad_policies.txt");
}

#[test]
fn projects() {
    let edit = |part: &str, other: &str| with(PROJECT, part, other);
    let reference = "{ env: SHOP_DB_PASSWORD }";
    let address = "postgres://watcher@db.internal:5432/shop";
    let cases: Vec<(&str, String, &[&str])> = vec![
        ("an empty file", String::new(), &["empty-input"]),
        ("two documents", format!("{PROJECT}---\n{PROJECT}"), &[]),
        ("a password in plain text", edit(reference, "hunter2"), &["plain-secret 8:15"]),
        ("a password in quotes", edit(reference, "\"hunter2\""), &["plain-secret 8:15"]),
        ("a password in a block", edit(reference, "|\n      hunter2"), &["plain-secret 8:15"]),
        ("a password in a list", edit(reference, "[hunter2]"), &[]),
        ("a password under another key", edit(reference, "{ value: hunter2 }"), &[]),
        (
            "a misspelt key with a password",
            edit("password: { env: SHOP_DB_PASSWORD }", "pasword: hunter2"),
            &[],
        ),
        ("a password twice", edit(reference, "hunter2\n    password: hunter2"), &[]),
        (
            "a password in the address",
            edit(address, "postgres://watcher:hunter2@db.internal:5432/shop"),
            &["plain-secret 7:10"],
        ),
        (
            "a password in the query",
            edit(address, "postgres://db.internal/shop?password=hunter2"),
            &["plain-secret 7:10"],
        ),
        (
            "a password in an address that is none",
            edit(address, "postgres://watcher:hun/hunter2@db:5432/shop"),
            &[],
        ),
        ("a password near another fault", edit(reference, "hunter2\n    lables: { env: prod }"), &[]),
        ("a password in a file that is no YAML", edit(reference, "\"hunter2"), &[]),
        (
            "a header in plain text",
            edit("password: { env: SHOP_DB_PASSWORD }", "headers: { X-Token: hunter2 }"),
            &[],
        ),
        ("a secret of two kinds", edit(reference, "{ env: A, file: b }"), &[]),
        ("a secret of no kind", edit(reference, "{}"), &[]),
        ("an unknown label", edit("    labels: { env: prod }", "    labels: { evn: prod }"), &[]),
        (
            "an unknown value of a label",
            edit("    labels: { env: prod }", "    labels: { env: production }"),
            &[],
        ),
        ("an unknown target in an override", edit("target: shop-db, set", "target: shopdb, set"), &[]),
        ("an unknown environment in an override", edit("target: shop-db, set", "environment: cl, set"), &[]),
        (
            "a waiver for a target that does not exist",
            edit("target: shop-db, owner", "target: shop, owner"),
            &[],
        ),
        ("a waiver without an end", edit(", expires: 2027-01-31", ""), &[]),
        ("a waiver that ends on no day", edit("2027-01-31", "2027-02-30"), &[]),
        ("a waiver that ends in another form", edit("2027-01-31", "31.1.2027"), &[]),
        (
            "a waiver that covers what cannot be covered",
            edit("reason: known", "reason: known, covers: [skipped]"),
            &[],
        ),
        ("a format of the future", edit("muster: 1", "muster: 2"), &["format-version 1:9"]),
        ("no format", edit("muster: 1\n", ""), &[]),
        ("a format in quotes", edit("muster: 1", "muster: \"1\""), &[]),
        ("an address of another type", edit(address, "mysql://watcher@db.internal/shop"), &[]),
        ("an address that is none", edit(address, "db.internal"), &[]),
        ("an address without a host", edit(address, "postgres:///shop"), &[]),
        ("no address", edit(&format!("    url: {address}\n"), ""), &[]),
        ("a host with an address", edit("type: postgres", "type: host"), &[]),
        ("an unknown type", edit("type: postgres", "type: postgresql"), &[]),
        ("a misspelt key", edit("overrides:", "overides:"), &[]),
        ("a calendar", format!("{PROJECT}calendars: {{ office: {{ zone: Europe/Zurich }} }}\n"), &[]),
        ("a deadline below zero", edit("    labels: { env: prod }", "    limits: { deadline: -1s }"), &[]),
        ("no connections", edit("    labels: { env: prod }", "    limits: { connections: 0 }"), &[]),
        ("a tag", edit(reference, "!vault hunter2"), &[]),
        (
            "a name that stands twice",
            edit("  shop-db:", "  1: { type: host }\n  \"1\": { type: host }\n  shop-db:"),
            &[],
        ),
        ("an empty list", edit("waivers:\n", "commands: { a: [] }\nwaivers:\n"), &[]),
        ("an empty name", edit("ticket: A-1", "ticket: \"\u{a0}\""), &[]),
    ];
    let all: Vec<Shown> = cases
        .iter()
        .map(|(what, text, wanted)| {
            let diags = load_project(text);
            assert!(!diags.is_empty(), "{what}: no message");
            shown(what, &diags, wanted)
        })
        .collect();
    compare(&all, "bad_projects.txt");
}

/// The messages of loading a folder or a file, with the folder's own name taken out.
fn load_files(files: &[(&str, &[u8])], ask: &str) -> (Loaded, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        match name.strip_suffix('/') {
            Some(_) => std::fs::create_dir_all(path).unwrap(),
            None => std::fs::write(path, bytes).unwrap(),
        }
    }
    let origin = Origin::parse(ask, folder.path());
    (load::load(&[(origin, None)], Some(&BTreeSet::new()), true), folder)
}

#[test]
fn files() {
    let other = with(POLICY, "policy: p", "policy: q");
    let latin: Vec<u8> = [b"policy: p\ntitle: ".as_slice(), b"Gr\xFC\xDFe\n"].concat();
    let wide: Vec<u8> = "policy: p\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    type Case<'a> = (&'a str, &'a [(&'a str, &'a [u8])], &'a str, &'a [&'a str], usize);
    let cases: &[Case<'_>] = &[
        ("a folder without policies", &[("notes.txt", b"x")], ".", &["empty-input"], 0),
        ("a folder with cases only", &[("p.cases.yaml", b"cases: p\n")], ".", &["empty-input"], 0),
        (
            "two policies with one id",
            &[("a.yaml", POLICY.as_bytes()), ("b.yaml", POLICY.as_bytes())],
            ".",
            &["duplicate-policy 1:9"],
            2,
        ),
        ("a path that does not exist", &[], "policies/p.yaml", &["unreadable"], 0),
        ("a folder called as a policy", &[("p.yaml/", b"")], "p.yaml", &["empty-input"], 0),
        (
            "a folder called as a policy, beside one",
            &[("p.yaml/", b""), ("q.yaml", POLICY.as_bytes())],
            ".",
            &[],
            1,
        ),
        ("not UTF-8", &[("p.yaml", &latin)], "p.yaml", &["yaml-encoding 2:10"], 0),
        ("UTF-16", &[("p.yaml", &wide)], ".", &["yaml-encoding 1:1"], 0),
        (
            "one of two cannot be read",
            &[("a.yaml", b"\xFF"), ("b.yaml", other.as_bytes())],
            ".",
            &["yaml-encoding 1:1"],
            1,
        ),
        ("an unknown library", &[], "builtin:nothing", &["unknown-name"], 0),
    ];
    let mut all = Vec::new();
    for (what, files, ask, wanted, policies) in cases {
        let (loaded, folder) = load_files(files, ask);
        assert_eq!(loaded.policies.len(), *policies, "{what}");
        let mut shown = shown(what, &loaded.diags, wanted);
        shown.text = shown.text.replace(&*folder.path().to_string_lossy(), "/srv");
        all.push(shown);
    }
    compare(&all, "bad_files.txt");
}

#[test]
fn labels_that_the_project_does_not_declare() {
    let policy =
        |labels: &str| with(POLICY, "{ type: host }", &format!("{{ type: host, labels: {labels} }}"));
    assert_eq!(load_labelled(&policy("{ env: prod }")), Vec::new());
    let all = [
        shown("a misspelt label", &load_labelled(&policy("{ rol: x }")), &["unknown-name 6:33"]),
        shown("an unknown label", &load_labelled(&policy("{ datacentre: x }")), &["unknown-name 6:33"]),
    ];
    compare(&all, "bad_labels.txt");
}

#[test]
fn several_good_documents_are_several_policies() {
    let text = format!("{POLICY}---\n{}", with(POLICY, "policy: p", "policy: q"));
    let loaded = load_text(&text);
    assert_eq!(loaded.diags, Vec::new());
    let ids: Vec<Arc<str>> = loaded.policies.iter().map(|policy| Arc::clone(&policy.id)).collect();
    assert_eq!(ids, [Arc::from("p"), Arc::from("q")]);
}
