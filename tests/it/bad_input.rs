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

/// A second observation, whose rows have other facts.
const TWO: &str = "  sets: { probe: file.set, with: { glob: /x } }\n";

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
    let known = load::Known { labels: Arc::new(labels), ..load::Known::default() };
    load::documents(&file, Some(&known), &mut loaded);
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
    let text: String =
        all.iter().map(|shown| ["# ", &shown.what, "\n\n", &shown.text, "\n"].concat()).collect();
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
#[expect(clippy::too_many_lines, reason = "a table")]
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
        ("a second document that is empty", format!("{POLICY}---\n"), &["empty-input 13:4"]),
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
        ("a YAML literal in a rule", fail("fail: (size ?? 0.bytes) > 7d"), &["rule-syntax 9:28"]),
        (
            "an expression literal in a value",
            edit("fail:", "params: { a: 7.days }\nfail:"),
            &["bad-literal 9:14"],
        ),
        ("a misspelt word of an enum", fail("fail: type != null && type == \"fille\""), &["bad-value 9:31"]),
        ("a misspelt fact", fail("fail: exits == false"), &["unknown-fact 9:7"]),
        ("half an expression", fail("fail: exists =="), &["rule-syntax 9:16"]),
        ("one `=`", fail("fail: exists = false"), &["rule-syntax 9:14"]),
        ("units that do not fit", fail("fail: (size ?? 0.bytes) > 7.days"), &["type-mismatch 9:8"]),
        ("a number without a unit", fail("fail: (size ?? 0.bytes) > 7"), &["type-mismatch 9:8"]),
        ("null is not handled", fail("fail: size > 7.MiB"), &["nullable 9:7"]),
        ("not a condition", fail("fail: path"), &["not-bool 9:7"]),
        (
            "what Rhai can and we cannot",
            fail("fail: if exists { true } else { false }"),
            &["rule-unsupported 9:7"],
        ),
        ("always true", fail("fail: 1 == 1"), &["constant-condition 9:7"]),
        ("an empty list of rules", fail("fail: []"), &["bad-value 9:7"]),
        ("an empty text as rule", fail("fail: \"\""), &["rule-syntax 9:8"]),
        ("a misspelt key", edit("severity:", "severty:"), &["unknown-key 4:1"]),
        ("a misspelt key of an observation", edit("with:", "whit:"), &["unknown-key 8:30"]),
        ("a misspelt argument", edit("path: /x", "pth: /x"), &["unknown-key 8:38"]),
        (
            "a misspelt key of the target",
            edit("{ type: host }", "{ type: host, lables: { a: b } }"),
            &["unknown-key 6:23"],
        ),
        (
            "a misspelt key of a rung",
            fail("fail: [{ if: exists == false, mesage: x }]"),
            &["unknown-key 9:31"],
        ),
        (
            "a misspelt key of a parameter",
            edit("fail:", "params: { a: { default: 1, at_leat: 0 } }\nfail:"),
            &["unknown-key 9:28"],
        ),
        ("a misspelt key of a remedy", edit("  steps:", "  stpes:"), &["unknown-key 11:3"]),
        ("a misspelt key of a step", edit("do: Mend it.", "od: Mend it."), &["unknown-key 12:7"]),
        (
            "a misspelt key of an alert",
            edit("remedy:", "alert: { urgency: page, contxt: [path] }\nremedy:"),
            &["unknown-key 10:25"],
        ),
        ("a misspelt tier", edit("daily", "dayly"), &["bad-value 3:7"]),
        ("a misspelt severity", edit("severity: low", "severity: urgent"), &["bad-value 4:11"]),
        (
            "a misspelt urgency",
            edit("remedy:", "alert: { urgency: pages, context: [path] }\nremedy:"),
            &["bad-value 10:19"],
        ),
        ("an anchor", edit("title: The", "title: &t The"), &["yaml-anchor 2:8"]),
        (
            "an alias",
            edit("policy: p\ntitle: The file is there", "policy: &p p\ntitle: *p"),
            &["yaml-anchor 1:9", "yaml-anchor 2:8"],
        ),
        ("a text that begins with a star", edit("/x", "*.dump"), &["yaml-syntax 8:44"]),
        ("a merge key", edit("title:", "<<: { tags: [a] }\ntitle:"), &["unknown-key 2:1"]),
        (
            "bytes before the text and lines of Windows",
            format!("\u{feff}{}", edit("exists", "exits")).replace('\n', "\r\n"),
            &["unknown-fact 9:7"],
        ),
        (
            "columns behind other letters",
            fail("fail: \"path == \\\"ü→𝄞\\\" || exits\""),
            &["unknown-fact 9:27"],
        ),
        ("columns in a block", fail("fail: |\n  path == \"ü→𝄞\" ||\n  exits"), &["unknown-fact 11:3"]),
        ("a comma in braces", fail("fail:\n  - { if: min(1, 2) > 3 }"), &["unknown-key 10:18"]),
        ("a comma in braces, without a list", fail("fail: { if: min(1, 2) > 3 }"), &["unknown-key 9:20"]),
        (
            "a hole without quotes",
            edit("remedy:", "message: {{ path }} is gone\nremedy:"),
            &["yaml-syntax 10:21"],
        ),
        (
            "only a hole without quotes",
            edit("remedy:", "message: {{ path }}\nremedy:"),
            &["wrong-type 10:10"],
        ),
        (
            "a hole that is not closed",
            edit("remedy:", "message: \"{{ path is gone\"\nremedy:"),
            &["template 10:11"],
        ),
        (
            "a pipe in a hole",
            edit("remedy:", "message: \"{{ path | upper }}\"\nremedy:"),
            &["template 10:14"],
        ),
        ("a misspelt fact in a hole", edit("Mend it.", "\"Mend {{ paht }}.\""), &["unknown-fact 12:20"]),
        ("a key that stands twice", edit("tier: daily", "tier: daily\ntier: weekly"), &["duplicate-key 4:1"]),
        ("an argument that stands twice", edit("path: /x", "path: /x, path: /y"), &["duplicate-key 8:48"]),
        ("an unknown probe", edit("file.stat", "file.stats"), &["unknown-probe 8:19"]),
        ("an unknown area", edit("file.stat", "oracle.tables"), &["unknown-probe 8:19"]),
        ("a target that the probe cannot ask", edit("type: host", "type: postgres"), &["target 8:19"]),
        ("an unknown type of target", edit("type: host", "type: hots"), &["target 6:17"]),
        (
            "facts of a probe that has its own",
            edit("{ path: /x }", "{ path: /x }, facts: { a: text }"),
            &["unknown-key 8:57"],
        ),
        ("a query without facts", query(""), &["missing-key 8:10"]),
        (
            "a query whose key is no fact",
            query(", facts: { path: text }, key: [pth]"),
            &["unknown-fact 8:105"],
        ),
        (
            "a query with an unknown type",
            query(", facts: { path: text, size: byte }, key: [path]"),
            &["bad-value 8:103"],
        ),
        (
            "a fact declared by a reserved word",
            query(", facts: { path: text, while: int }, key: [path]"),
            &["shadow 8:97"],
        ),
        (
            "a query that changes something",
            with(&query(", facts: { path: text }, key: [path]"), "SELECT path FROM", "DELETE FROM"),
            &["sql 8:48"],
        ),
        (
            "a query without its text",
            with(
                &edit("file.stat, with: { path: /x }", "command.output"),
                "exists == false",
                "exit_status != 0",
            ),
            &["missing-key 8:10"],
        ),
        ("a key that is no fact", edit("{ path: /x }", "{ path: /x }, key: [pth]"), &["unknown-fact 8:56"]),
        (
            "a join of what is not observed",
            edit("fail:", "join: { a: { of: [x, y], by: path } }\nfail:"),
            &["relation 9:19", "relation 9:22"],
        ),
        (
            "a join with itself",
            edit("fail:", "join: { a: { of: [files, files], by: path } }\nfail:"),
            &["relation 9:12"],
        ),
        (
            "a join of three",
            edit("fail:", "join: { a: { of: [files, files, files], by: path } }\nfail:"),
            &["relation 9:18"],
        ),
        (
            "a join by a fact of one side only",
            edit("fail:", &format!("{TWO}join: {{ a: {{ of: [files, sets], by: path }} }}\neach: a\nfail:")),
            &["relation 10:37"],
        ),
        (
            "a join by a text and a number",
            edit("fail:", &format!("{TWO}join: {{ a: {{ of: [files, sets], by: mode }} }}\neach: a\nfail:")),
            &["relation 10:37"],
        ),
        (
            "relations in a circle",
            edit(
                "fail:",
                "join: { a: { of: [files, b], by: path } }\ngroup: { b: { of: a, let: { n: count() } } }\nfail:",
            ),
            &["cycle 9:9"],
        ),
        (
            "a group without its values",
            edit("fail:", "group: { a: { of: x, by: path } }\nfail:"),
            &["missing-key 9:15"],
        ),
        (
            "a group by what is no fact",
            edit("fail:", "group: { a: { of: files, by: pth, let: { n: count() } } }\neach: a\nfail:"),
            &["relation 9:30"],
        ),
        (
            "an aggregate over what may be null",
            edit("fail:", "group: { a: { of: files, let: { n: sum(size) } } }\neach: files\nfail:"),
            &["nullable 9:40"],
        ),
        (
            "an aggregate without its arguments",
            edit("fail:", "group: { a: { of: files, let: { n: sum() } } }\neach: files\nfail:"),
            &["type-mismatch 9:36"],
        ),
        ("an aggregate outside of a group", edit("exists == false", "count() > 3"), &["unknown-fact 9:7"]),
        (
            "a group that nothing reads",
            edit("fail:", "group: { a: { of: files, by: path, let: { n: count() } } }\neach: files\nfail:"),
            &["relation 9:13"],
        ),
        (
            "several things and no `each`",
            edit("fail:", "group: { a: { of: files, by: path, let: { n: count() } } }\nfail:"),
            &["missing-key 8:3"],
        ),
        (
            "another target that nothing looks at",
            edit("fail:", "also: { db: { type: host } }\nfail:"),
            &["relation 9:13"],
        ),
        (
            "an observation of another target that is not named",
            edit("{ path: /x }", "{ path: /x }, on: db"),
            &["unknown-name 8:54"],
        ),
        (
            "an earlier answer of nowhere",
            edit("{ path: /x }", "{ path: /x }, before: yesterday"),
            &["bad-value 8:58"],
        ),
        (
            "a history that is too short for itself",
            edit("{ path: /x }", "{ path: /x }, history: { window: 7d, at_least: 30d }"),
            &["relation 8:83"],
        ),
        (
            "a question about the past of what has none",
            edit("exists == false", "changed(exists)"),
            &["no-history 9:15"],
        ),
        (
            "a question about the past of what is computed",
            edit("exists == false", "changed(exists == false)"),
            &["no-history 9:15"],
        ),
        (
            "a line through texts",
            with(
                &edit("{ path: /x }", "{ path: /x }, history: { window: 30d }"),
                "exists == false",
                "per_day(path) > 1",
            ),
            &["type-mismatch 9:15"],
        ),
        (
            "a limit of another unit",
            with(
                &edit("{ path: /x }", "{ path: /x }, history: { window: 30d }"),
                "exists == false",
                "reaches(size, 90.percent) == null",
            ),
            &["type-mismatch 9:15"],
        ),
        (
            "a limit that is left out",
            with(
                &edit("{ path: /x }", "{ path: /x }, history: { window: 30d }"),
                "exists == false",
                "reaches(size) == null",
            ),
            &["type-mismatch 9:7"],
        ),
        (
            "names that the subjects themselves would expect",
            edit("fail:", "expect: files\nfail:"),
            &["relation 9:9"],
        ),
        (
            "a default below its bound",
            edit("fail:", "params: { a: { default: 1, at_least: 2 } }\nfail:"),
            &["bounds 9:25"],
        ),
        (
            "a default above its bound",
            edit("fail:", "params: { a: { default: 50%, at_most: 40% } }\nfail:"),
            &["bounds 9:25"],
        ),
        (
            "a bound of another unit",
            edit("fail:", "params: { a: { default: 50%, at_most: 4d } }\nfail:"),
            &["bad-literal 9:39"],
        ),
        (
            "a parameter that does not exist",
            fail("fail: (size ?? 0.bytes) > params.limit"),
            &["unknown-fact 9:34"],
        ),
        ("an argument of another type", edit("path: /x", "path: /x, follow: 3"), &["bad-literal 8:56"]),
        (
            "a duration that is none",
            edit("{ path: /x }", "{ path: /x }, max_age: 7 days"),
            &["bad-value 8:59"],
        ),
        ("a duration below zero", edit("{ path: /x }", "{ path: /x }, max_age: -7d"), &["bad-value 8:59"]),
        ("`each` names nothing", edit("fail:", "each: file\nfail:"), &["unknown-name 9:7"]),
        (
            "two observations without `each`",
            edit("fail:", "  sets: { probe: file.set, with: { glob: /x } }\nfail:"),
            &["missing-key 8:3"],
        ),
        (
            "nothing is observed",
            edit("observe:\n  files: { probe: file.stat, with: { path: /x } }", "observe: {}"),
            &["missing-key 7:10"],
        ),
        (
            "a remedy without steps",
            edit("  steps:\n    - do: Mend it.", "  runbook: x.md"),
            &["missing-key 11:3"],
        ),
        (
            "a remedy that is a list",
            edit("  steps:\n    - do: Mend it.", "  - do: Mend it."),
            &["wrong-type 11:3"],
        ),
        ("a step of two kinds", edit("do: Mend it.", "{ do: Mend it., shell: mend }"), &["bad-value 12:7"]),
        ("a step of no kind", edit("do: Mend it.", "danger: x"), &["bad-value 12:7"]),
        (
            "an alert without context",
            edit("remedy:", "alert: { urgency: page }\nremedy:"),
            &["missing-key 10:10"],
        ),
        (
            "an alert that nobody can mend",
            edit("remedy:", &format!("{alert}remedy:")),
            &["alert-incomplete 10:8"],
        ),
        (
            "a ladder without `otherwise`",
            edit("severity: low", "severity: { critical: exists == false }"),
            &["missing-key 4:11"],
        ),
        (
            "`otherwise` is not the last",
            edit("severity: low", "severity: { low: otherwise, critical: exists }"),
            &["unreachable-rung 4:18"],
        ),
        ("a circle", edit("fail:", "let: { a: b, b: a }\nfail:"), &["cycle 9:8"]),
        ("a `let` called as a fact", edit("fail:", "let: { size: 1 }\nfail:"), &["shadow 9:8"]),
        ("a `let` called as a root", edit("fail:", "let: { now: 1 }\nfail:"), &["shadow 9:8"]),
        ("a reserved word as a name", edit("fail:", "let: { switch: exists }\nfail:"), &["shadow 9:8"]),
        ("a reserved word as a parameter", edit("fail:", "params: { default: 1 }\nfail:"), &["shadow 9:11"]),
        ("an observation called as a root", edit("  files:", "  target:"), &["shadow 8:3"]),
        ("an id with capitals", edit("policy: p", "policy: P"), &["bad-value 1:9"]),
        ("an id that is a number", edit("policy: p", "policy: 7"), &["wrong-type 1:9"]),
        ("a title of two lines", edit("The file is there", "|\n  one\n  two"), &["bad-value 3:3"]),
        ("a `why` that is empty", edit("Nothing starts without it.", "\"\""), &["bad-value 5:6"]),
        ("`expect` a word", edit("fail:", "expect: all\nfail:"), &["bad-value 9:9"]),
        ("a tab as indent", edit("  steps:", "\tsteps:"), &["yaml-syntax 11:2"]),
        ("a quote that is not closed", edit("title: The", "title: \"The"), &["yaml-syntax 3:1"]),
        ("a colon in a text", edit("The file is there", "The file: is there"), &["yaml-syntax 2:16"]),
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
#[expect(clippy::too_many_lines, reason = "a table")]
fn projects() {
    let edit = |part: &str, other: &str| with(PROJECT, part, other);
    let reference = "{ env: SHOP_DB_PASSWORD }";
    let address = "postgres://watcher@db.internal:5432/shop";
    let cases: Vec<(&str, String, &[&str])> = vec![
        ("an empty file", String::new(), &["empty-input"]),
        ("two documents", format!("{PROJECT}---\n{PROJECT}"), &["bad-value 17:1"]),
        ("a password in plain text", edit(reference, "hunter2"), &["plain-secret 8:15"]),
        ("a password in quotes", edit(reference, "\"hunter2\""), &["plain-secret 8:15"]),
        ("a password in a block", edit(reference, "|\n      hunter2"), &["plain-secret 9:7"]),
        ("a password in a list", edit(reference, "[hunter2]"), &["plain-secret 8:15"]),
        ("a password under another key", edit(reference, "{ value: hunter2 }"), &["unknown-key 8:17"]),
        (
            "a misspelt key with a password",
            edit("password: { env: SHOP_DB_PASSWORD }", "pasword: hunter2"),
            &["unknown-key 8:5"],
        ),
        (
            "a password twice",
            edit(reference, "hunter2\n    password: hunter2"),
            &["duplicate-key 9:5", "plain-secret 8:15"],
        ),
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
            &["target 7:10"],
        ),
        (
            "a password near another fault",
            edit(reference, "hunter2\n    lables: { env: prod }"),
            &["plain-secret 8:15"],
        ),
        ("a password in a file that is no YAML", edit(reference, "\"hunter2"), &["yaml-syntax 9:5"]),
        (
            "a header in plain text",
            edit("password: { env: SHOP_DB_PASSWORD }", "headers: { X-Token: hunter2 }"),
            &["plain-secret 8:25"],
        ),
        ("a secret of two kinds", edit(reference, "{ env: A, file: b }"), &["bad-value 8:15"]),
        ("a secret of no kind", edit(reference, "{}"), &["bad-value 8:15"]),
        (
            "an unknown label",
            edit("    labels: { env: prod }", "    labels: { evn: prod }"),
            &["unknown-name 9:15"],
        ),
        (
            "an unknown value of a label",
            edit("    labels: { env: prod }", "    labels: { env: production }"),
            &["unknown-name 9:20"],
        ),
        (
            "an unknown target in an override",
            edit("target: shop-db, set", "target: shopdb, set"),
            &["unknown-name 13:26"],
        ),
        (
            "an unknown environment in an override",
            edit("target: shop-db, set", "environment: cl, set"),
            &["unknown-name 13:31"],
        ),
        (
            "a waiver for a target that does not exist",
            edit("target: shop-db, owner", "target: shop, owner"),
            &["unknown-name 15:26"],
        ),
        ("a waiver without an end", edit(", expires: 2027-01-31", ""), &["missing-key 15:7"]),
        ("a waiver that ends on no day", edit("2027-01-31", "2027-02-30"), &["bad-value 15:72"]),
        ("a waiver that ends in another form", edit("2027-01-31", "31.1.2027"), &["bad-value 15:72"]),
        (
            "a waiver that covers what cannot be covered",
            edit("reason: known", "reason: known, covers: [skipped]"),
            &["bad-value 15:108"],
        ),
        ("a format of the future", edit("muster: 1", "muster: 2"), &["format-version 1:9"]),
        ("no format", edit("muster: 1\n", ""), &["missing-key 1:1"]),
        ("a format in quotes", edit("muster: 1", "muster: \"1\""), &["wrong-type 1:9"]),
        ("an address of another type", edit(address, "mysql://watcher@db.internal/shop"), &["target 7:10"]),
        ("an address that is none", edit(address, "db.internal"), &["target 7:10"]),
        ("an address without a host", edit(address, "postgres:///shop"), &["target 7:10"]),
        ("no address", edit(&format!("    url: {address}\n"), ""), &["target 6:11"]),
        ("a host with an address", edit("type: postgres", "type: host"), &["target 7:10"]),
        ("an unknown type", edit("type: postgres", "type: postgresql"), &["target 6:11"]),
        ("a misspelt key", edit("overrides:", "overides:"), &["unknown-key 12:1"]),
        (
            "a calendar without hours",
            format!("{PROJECT}calendars: {{ office: {{ zone: Europe/Zurich }} }}\n"),
            &["missing-key 16:24"],
        ),
        (
            "a time zone that does not exist",
            format!("{PROJECT}calendars: {{ office: {{ zone: Europe/Zürich, hours: Mon 08:00-18:00 }} }}\n"),
            &["calendar 16:30"],
        ),
        (
            "a day that is none",
            format!("{PROJECT}calendars: {{ office: {{ zone: UTC, hours: Mon-Fry 08:00-18:00 }} }}\n"),
            &["calendar 16:46"],
        ),
        (
            "an hour that is none",
            format!(
                "{PROJECT}calendars: {{ office: {{ zone: UTC, hours: [Mon 08:00-18:00, 'Tue 08:00-25:00'] }} }}\n"
            ),
            &["calendar 16:71"],
        ),
        (
            "no hours at all",
            format!("{PROJECT}calendars: {{ office: {{ zone: UTC, hours: [] }} }}\n"),
            &["bad-value 16:42"],
        ),
        (
            "hours that overlap",
            format!(
                "{PROJECT}calendars: {{ office: {{ zone: UTC, hours: [Mon-Fri 08:00-18:00, Fri 08:00-15:00] }} }}\n"
            ),
            &["calendar 16:64"],
        ),
        (
            "a holiday file that is missing",
            format!(
                "{PROJECT}calendars: {{ office: {{ zone: UTC, hours: Mon 08:00-18:00, holidays: none.ics }} }}\n"
            ),
            &["unreadable 16:69"],
        ),
        (
            "a deadline below zero",
            edit("    labels: { env: prod }", "    limits: { deadline: -1s }"),
            &["bad-value 9:25"],
        ),
        (
            "no connections",
            edit("    labels: { env: prod }", "    limits: { connections: 0 }"),
            &["bad-value 9:28"],
        ),
        ("a tag", edit(reference, "!vault hunter2"), &["plain-secret 8:15"]),
        (
            "a name that stands twice",
            edit("  shop-db:", "  1: { type: host }\n  \"1\": { type: host }\n  shop-db:"),
            &["duplicate-key 6:3"],
        ),
        ("an empty list", edit("waivers:\n", "commands: { a: [] }\nwaivers:\n"), &["bad-value 14:16"]),
        ("an empty name", edit("ticket: A-1", "ticket: \"\u{a0}\""), &["bad-value 15:58"]),
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
    (load::load(&[(origin, None)], Some(&load::Known::default()), true), folder)
}

/// What it is, the files, what is asked for, the messages, and how many policies are loaded.
type Case<'a> = (&'a str, &'a [(&'a str, &'a [u8])], &'a str, &'a [&'a str], usize);

#[test]
fn files() {
    let other = with(POLICY, "policy: p", "policy: q");
    let latin: Vec<u8> = [b"policy: p\ntitle: ".as_slice(), b"Gr\xFC\xDFe\n"].concat();
    let wide: Vec<u8> = "policy: p\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
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
