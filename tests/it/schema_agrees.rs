//! Loader and JSON Schemas say the same of thousands of documents that are wrong in one place.
//!
//! Three judges look at every document: the structural check of the loader, the whole loader, and the schemas.
//! `schema::of` must agree with the structural check exactly; the published schemas lie between the two: they
//! refuse all that the structural check refuses, and nothing that the whole loader takes.

use std::path::Path;
use std::sync::Arc;

use jsonschema::Validator;
use passmuster::policy::check::{Strictness, check};
use passmuster::policy::shape::Shape;
use passmuster::policy::{attestations, cases, decode, frameworks, project, schema, shapes};
use passmuster::source::Source;
use passmuster::source::yaml::{self, Limits, Node};
use serde_json::{Map, Value as Json, json};

/// Values that stand in the place of every other one.
fn replacements() -> Vec<Json> {
    let long = "x".repeat(81);
    vec![
        Json::Null,
        json!(0),
        json!(1),
        json!(-3),
        json!(2.0),
        json!(2.5),
        json!(2_000_000),
        json!(u64::MAX),
        json!(true),
        json!(""),
        json!(" \n"),
        json!("word"),
        json!("two words\nin two lines"),
        json!("Word"),
        json!("a-b_c"),
        json!("7"),
        json!("7d"),
        json!("7 dd"),
        json!("-7d"),
        json!("0s"),
        json!("1h 30m"),
        json!("2026-11-01"),
        json!("2026-02-29"),
        json!("2026-11-01T03:00:00Z"),
        json!("2026-11-01T25:00:00Z"),
        json!("null"),
        json!(long),
        json!([]),
        json!([null]),
        json!([[]]),
        json!(["word"]),
        json!([7, "word", true]),
        json!({}),
        json!({ "word": 1 }),
        json!({ "if": "word" }),
        json!({ "env": "A", "file": "/b" }),
    ]
}

/// Every document that differs from this one in one place.
fn mutants(json: &Json) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    for path in places(json) {
        for (index, value) in replacements().into_iter().enumerate() {
            let mut mutant = json.clone();
            *at(&mut mutant, &path) = value;
            found.push((format!("{}: replacement {index}", path.join("/")), mutant));
        }
        let Json::Object(map) = at(&mut json.clone(), &path).clone() else { continue };
        let mut push = |what: String, keys: Map<String, Json>| {
            let mut mutant = json.clone();
            *at(&mut mutant, &path) = Json::Object(keys);
            found.push((format!("{}: {what}", path.join("/")), mutant));
        };
        for key in map.keys() {
            push(format!("without {key}"), map.clone().into_iter().filter(|(k, _)| k != key).collect());
            for other in [format!("{key}x"), key.chars().skip(1).collect(), key.to_uppercase(), "1".into()] {
                let renamed = |(k, v): (String, Json)| (if &k == key { other.clone() } else { k }, v);
                push(format!("{key} as {other}"), map.clone().into_iter().map(renamed).collect());
            }
        }
        for (key, value) in [
            ("unknown_key", json!(1)),
            ("join", json!({ "a": 1 })),
            ("history", json!("7d")),
            ("calendars", json!({})),
            ("null", json!("word")),
            ("true", json!({ "type": "host" })),
            ("é", json!("word")),
            ("", json!("word")),
        ] {
            let mut more = map.clone();
            more.insert(key.to_owned(), value);
            push(format!("with {key}"), more);
        }
    }
    found
}

/// The paths of all values, the root included.
fn places(json: &Json) -> Vec<Vec<String>> {
    let inner: Vec<(String, &Json)> = match json {
        Json::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Json::Array(list) => list.iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let mut found = vec![Vec::new()];
    for (key, value) in inner {
        let below = places(value).into_iter().map(|mut path| {
            path.insert(0, key.clone());
            path
        });
        found.extend(below);
    }
    found
}

fn at<'a>(json: &'a mut Json, path: &[String]) -> &'a mut Json {
    path.iter().fold(json, |json, key| match json {
        Json::Array(list) => &mut list[key.parse::<usize>().unwrap()],
        other => &mut other[key.as_str()],
    })
}

/// JSON is YAML, but for plain scalars, which have to be written as such to keep their meaning.
fn yaml_of(json: &Json) -> String {
    match json {
        Json::Object(map) => {
            let pairs = map.iter().map(|(key, value)| format!("{}: {}", key_of(key), yaml_of(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        Json::Array(list) => format!("[{}]", list.iter().map(yaml_of).collect::<Vec<_>>().join(", ")),
        Json::String(text) if plain(text) => text.clone(),
        other => other.to_string(),
    }
}

fn plain(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || "_-./%".contains(c);
    let same = || serde_json::from_str::<Json>(text).is_err() && !matches!(text, "null" | "true" | "false");
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(good) && same()
}

fn key_of(key: &str) -> String {
    if plain(key) || matches!(key, "1" | "null" | "true") { key.to_owned() } else { json!(key).to_string() }
}

/// The whole loader: does it take the document?
type Whole<'a> = dyn Fn(&Arc<Source>, &Node) -> bool + Sync + 'a;

/// What became of the mutants of one document.
#[derive(Default)]
struct Judged {
    count: usize,
    taken: usize,
    wrong: Vec<String>,
}

struct Judges {
    exact: Validator,
    published: Validator,
    shape: Shape,
    strictness: Strictness,
}

impl Judges {
    fn new(shape: Shape, strictness: Strictness, published: &Json) -> Self {
        let exact = jsonschema::validator_for(&schema::of(&shape, "test")).unwrap();
        let published = jsonschema::validator_for(published).unwrap();
        Self { exact, published, shape, strictness }
    }

    fn structural(&self, node: &Node) -> bool {
        let mut diags = yaml::duplicate_keys(node);
        check(node, &self.shape, self.strictness, &mut diags);
        diags.is_empty()
    }

    /// Judges one document; a disagreement is a line of text.
    fn judge(&self, text: &str, whole: &Whole<'_>) -> Result<bool, String> {
        let source = Source::new("test.yaml", text);
        let documents = yaml::parse(&source, &Limits::default()).unwrap();
        let node = &documents[0].root;
        let json = node.to_json();
        let (structural, exact) = (self.structural(node), self.exact.is_valid(&json));
        if structural != exact {
            return Err(format!("structural check {structural}, schema::of {exact}"));
        }
        let (published, whole) = (self.published.is_valid(&json), whole(&source, node));
        if published && !structural {
            return Err("the published schema takes what the structural check refuses".into());
        }
        if whole && !published {
            return Err("the loader takes what the published schema refuses".into());
        }
        Ok(whole)
    }

    fn judge_all(&self, documents: &[&str], whole: &Whole<'_>) -> usize {
        let judged: Vec<Judged> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                documents.iter().map(|text| scope.spawn(move || self.judge_mutants(text, whole))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let count = judged.iter().map(|judged| judged.count).sum();
        let taken: usize = judged.iter().map(|judged| judged.taken).sum();
        let wrong: Vec<&str> = judged.iter().flat_map(|judged| &judged.wrong).map(String::as_str).collect();
        let shown = wrong.iter().take(60).copied().collect::<Vec<_>>().join("\n");
        assert!(wrong.is_empty(), "{} of {count} disagree:\n{shown}", wrong.len());
        assert!(taken > 0 && taken < count, "{taken} of {count} mutants were taken");
        count
    }

    fn judge_mutants(&self, text: &str, whole: &Whole<'_>) -> Judged {
        assert_eq!(self.judge(text, whole), Ok(true), "this is not valid:\n{text}");
        let source = Source::new("test.yaml", text);
        let json = yaml::parse(&source, &Limits::default()).unwrap()[0].root.to_json();
        let mut judged = Judged::default();
        for (what, mutant) in mutants(&json) {
            judged.count += 1;
            match self.judge(&yaml_of(&mutant), whole) {
                Ok(whole) => judged.taken += usize::from(whole),
                Err(why) => judged.wrong.push(format!("{what}: {why}\n  {mutant}")),
            }
        }
        judged
    }
}

fn whole_policy(node: &Node) -> Option<passmuster::policy::Policy> {
    let script = |name: &str| Err(format!("no script {name}"));
    let around = decode::Surroundings {
        labels: None,
        calendars: None,
        controls: None,
        script: &script,
        library: None,
    };
    decode::policy(node, &around, &mut Vec::new())
}

#[test]
fn policies() {
    let judges = Judges::new(Shape::Map(&shapes::POLICY), Strictness::Policy, &schema::policy());
    let count = judges.judge_all(POLICIES, &|_, node| whole_policy(node).is_some());
    assert!(count > 10_000, "{count}");
}

#[test]
fn projects() {
    let judges = Judges::new(Shape::Map(&shapes::PROJECT), Strictness::Plain, &schema::project());
    let whole =
        |source: &Arc<Source>, _: &Node| project::decode(source, Path::new("/"), &mut Vec::new()).is_some();
    let count = judges.judge_all(PROJECTS, &whole);
    assert!(count > 5_000, "{count}");
}

#[test]
fn waivers() {
    let judges = Judges::new(Shape::Map(&shapes::WAIVER), Strictness::Plain, &schema::waiver());
    let count = judges.judge_all(WAIVERS, &|_, node| judges.structural(node));
    assert!(count > 700, "{count}");
}

#[test]
fn framework_files() {
    let judges = Judges::new(Shape::Map(&shapes::FRAMEWORK), Strictness::Plain, &schema::framework());
    let count = judges.judge_all(FRAMEWORKS, &|source, _| frameworks::from_yaml(source).is_ok());
    assert!(count > 1_000, "{count}");
}

#[test]
fn case_files() {
    let judges = Judges::new(shapes::CASE_FILE, Strictness::Plain, &schema::cases());
    let read = |text: &&str| {
        let source = Source::new("policy.yaml", *text);
        let policy = yaml::parse(&source, &Limits::default()).unwrap();
        Arc::new(whole_policy(&policy[0].root).unwrap())
    };
    let policies: Vec<_> = POLICIES.iter().map(read).collect();
    let find = |id: &str| policies.iter().find(|policy| id == &*policy.id).map(Arc::clone);
    let whole = |source: &Arc<Source>, _: &Node| {
        let mut diags = Vec::new();
        let found = cases::decode(source, &find, &[], &mut diags);
        assert_eq!(found.is_empty(), !diags.is_empty(), "cases without a word: {}", source.text);
        !found.is_empty()
    };
    let count = judges.judge_all(CASES, &whole);
    assert!(count > 2_500, "{count}");
}

#[test]
fn statements() {
    let judges = Judges::new(shapes::ATTESTATION_FILE, Strictness::Plain, &schema::attestation());
    let whole = |source: &Arc<Source>, _: &Node| {
        let mut diags = Vec::new();
        let found = attestations::decode(source, Path::new("/"), &mut diags);
        assert!(!found.is_empty() || !diags.is_empty(), "nothing without a word: {}", source.text);
        diags.is_empty()
    };
    let count = judges.judge_all(ATTESTATIONS, &whole);
    assert!(count > 1_000, "{count}");
}

#[test]
fn every_mutant_of_yaml_is_the_document_that_was_meant() {
    for text in POLICIES.iter().chain(PROJECTS).chain(CASES) {
        let source = Source::new("test.yaml", *text);
        let json = yaml::parse(&source, &Limits::default()).unwrap()[0].root.to_json();
        let again = Source::new("again.yaml", yaml_of(&json));
        assert_eq!(yaml::parse(&again, &Limits::default()).unwrap()[0].root.to_json(), json);
    }
}

const FRAMEWORKS: &[&str] = &["
framework: soc2
title: SOC 2
version: '2017'
link: https://example.org
controls: [{ id: A1.2, title: Backups, link: docs/a.md, text: Keep them. }]
groups:
  - title: Access
    controls: [{ id: CC6.1, title: Access }]
    groups: [{ title: Within, controls: [{ id: CC6.2, title: More }] }]
"];

const POLICIES: &[&str] = &[
    "
policy: files-are-there
title: The files are there
tier: daily
severity: high
owner: team-a
tags: [files, base]
controls: [SOC2-A1.2]
prevents: [INC-1]
why: |
  Nothing starts without them.

  Truly nothing.
target: { type: host, name: 'web-*', labels: { env: prod } }
observe:
  files: { probe: file.stat, with: { paths: [/etc/passwd, /etc/group] }, max_age: 1h }
each: files
where: path != \"/tmp/x\"
params:
  limit: { default: 1MiB, why: large enough, at_least: 1KiB, at_most: 1GiB }
let: { big: (size ?? 0.bytes) > params.limit }
fail: exists == false
warn: big
message: \"{{ path }} has {{ size }}\"
remedy:
  steps:
    - shell: touch {{ path }}
    - do: Look at it.
      if: exists
      danger: It hurts.
  runbook: docs/files.md
",
    "
policy: short
title: Short
tier: release
severity: low
why: why
target: { type: host }
observe: { files: { probe: file.stat, with: { path: /etc/passwd } } }
fail: exists == false
remedy: { steps: [{ do: Mend it. }] }
",
    "
policy: rungs
title: Several rungs
tier: weekly
severity: { critical: size == null, low: otherwise }
why: why
target: { type: host }
observe: { files: { probe: file.stat, with: { path: params.path, follow: false } } }
params: { path: /etc/passwd, most: 10MiB }
fail:
  - if: exists == false
    message: \"{{ path }} is not there\"
  - size == null
warn: { if: (size ?? 0.bytes) > params.most }
remedy: { steps: [{ do: Mend it. }] }
",
    "
policy: page-me
title: An alert
tier: continuous
severity: critical
owner: team-a
why: why
target: { type: host }
observe: { files: { probe: file.stat, with: { path: /run/app.pid } } }
fail: exists == false
alert: { urgency: page, for: 10m, context: [path, modified] }
remedy: { steps: [{ shell: systemctl restart app }] }
",
    "
policy: page-by-ladder
title: An alert with a ladder
tier: continuous
severity: medium
why: why
target: { type: host }
observe: { sets: { probe: file.set, with: { glob: /srv/*.dump, kind: file, max_depth: 2, follow: true } } }
fail: count == 0
alert: { urgency: { page: count == 0, ticket: otherwise }, context: [set, count] }
remedy: { steps: [{ do: Look. }], runbook: 'https://wiki/x' }
",
    "
policy: expects-names
title: Names are expected
tier: monthly
severity: low
why: why
target: { type: host }
observe: { sets: { probe: file.set, with: { globs: [/srv/a/*, /srv/b/*], exclude: [lost+found] } } }
expect: [/srv/a/*, /srv/b/*]
remedy: { steps: [{ do: Look. }] }
",
    "
policy: expects-some
title: Some are expected
tier: quarterly
severity: low
why: why
target: { type: host }
observe: { sets: { probe: file.set, with: { root: /srv/backup } } }
expect: some
when: target.name != \"spare\"
fail: count < params.least
params: { least: 3 }
remedy: { steps: [{ do: Look. }] }
",
    "
policy: expects-a-list-parameter
title: A parameter says which
tier: quarterly
severity: low
why: why
target: { type: host }
observe: { sets: { probe: file.set, with: { globs: params.sets }, accept: exact } }
params: { sets: { default: [/srv/a/*, /srv/b/*] } }
expect: params.sets
remedy: { steps: [{ do: Look. }] }
",
    "
policy: two-observations
title: Two observations
tier: daily
severity: high
why: why
target: { type: host }
observe:
  config: { probe: file.stat, with: { path: /etc/app.conf } }
  sets: { probe: file.set, with: { glob: /var/lib/app/* } }
each: sets
fail: count > 1_000
remedy: { steps: [{ do: Look. }] }
",
    "
policy: ages
title: Ages
tier: daily
severity: high
why: why
target: { type: host }
observe: { sets: { probe: file.set, with: { glob: /srv/backup/* } } }
params: { oldest: { default: 36h, at_most: 7d }, least: 20MiB }
let:
  age: newest_age ?? 1000.days
  old: age > params.oldest
fail: old
warn: newest_size != null && newest_size < params.least
message: the newest is {{ age }} old
remedy: { steps: [{ do: Look. }] }
",
    "
policy: numbers-and-flags
title: Numbers and flags
tier: daily
severity: high
why: why
target: { type: host }
observe: { sets: { probe: file.set, with: { glob: /x, max_entries: 10_000, follow: params.follow } } }
params: { follow: true, most: 12, part: 1.5 }
fail: count > params.most
remedy: { steps: [{ shell: ls /x }] }
",
    "
policy: a-condition
title: A literal true
tier: daily
severity: high
why: why
target: { type: host }
observe: { files: { probe: file.stat, with: { path: /x } } }
where: exists
warn: >-
  size != null
  && size > 1.GiB
remedy: { steps: [{ shell: 'rm {{ path }}', danger: it is gone then, if: exists }] }
",
    "
policy: related
title: Related
tier: daily
severity: high
why: why
target: { type: host }
also:
  other: { type: host, name: 'b-*', labels: { env: prod }, same: [app] }
  several: { type: sqlite, many: true }
observe:
  mounts: { probe: disk.usage, history: { window: 30d, at_least: 7d, points: 5 } }
  theirs: { probe: disk.usage, on: other }
  all: { probe: sqlite.tables, on: several }
join: { pairs: { of: [mounts, theirs], by: [path] } }
group: { total: { of: all, let: { n: count() } }, sets: { of: pairs, by: path, let: { n: count() } } }
each: sets
expect: theirs
fail: n > total.n
remedy: { steps: [{ do: Look. }] }
",
    "
policy: earlier
title: Earlier
tier: release
severity: high
why: why
target: { type: host }
observe:
  last: { probe: disk.usage, before: previous }
  gate: { probe: disk.usage, before: { recording: base.json }, history: { window: 3d } }
each: gate
fail: side == \"before\" || during(\"office\") || during(\"shop\")
remedy: { steps: [{ do: Look. }] }
",
];

const PROJECTS: &[&str] = &[
    "
muster: 1
",
    "
muster: 1
owner: team-a
policies: [policies/, 'builtin:postgres']
labels: { env: [staging, prod], app: any }
targets:
  shop-db:
    type: postgres
    url: postgres://watcher@db.internal:5432/shop
    password: { env: SHOP_DB_PASSWORD }
    labels: { env: prod, app: shop }
    tls: { mode: verify-full, ca: ca.pem, cert: c.pem, key: k.pem }
    databases: all
    limits: { connections: 2, deadline: 10s }
  shop-host: { type: host, labels: { env: prod, app: shop } }
  notes: { type: sqlite, path: notes.db }
  audit: { type: project, labels: { env: prod }, limits: { deadline: 10s } }
environments: { ci: { targets: { env: staging }, fail_on: unknown } }
owners: { team-a: { page: '#a', ticket: A } }
tiers: { continuous: 5m, daily: 1d }
commands: { smart: [smartctl, --json, -H, /dev/sda, ''] }
calendars:
  office: { zone: Europe/Zurich, hours: 'Mon-Fri 08:00-18:00' }
  shop: { zone: UTC, hours: ['Mon-Fri 22:00-06:00', 'Sat 09:00-24:00'] }
max_waiver: 400d
attestations: [attestations/, 'signed/*.yaml']
store: { path: .muster/store.db, keep: 400d }
",
    "
muster: 1
labels: { env: [staging, prod] }
targets:
  api: { type: service, url: 'https://api.internal/health', headers: { Authorization: { file: token }, X-Key: { command: [pass, key] } } }
  old: { type: mysql, url: 'mysql://watcher@old:3306/x', password: { command: [pass, old] }, databases: { except: [tmp] } }
  mail: { type: service, url: 'smtp://mail:25' }
environments: { prod: { targets: { env: prod } } }
overrides:
  - { policy: files-*, labels: { env: staging }, set: { severity: low } }
  - { policy: files-are-there, target: old, subject: '/etc/*', set: { limit: 2MiB, names: [a, b] }, why: larger here }
  - { policy: files-are-there, environment: prod, set: { limit: 3MiB } }
waivers:
  - { policy: files-are-there, target: old, subject: /etc/passwd, owner: team-a, ticket: A-1, expires: 2027-01-31, reason: known, covers: [fail, unknown], up_to: 95% }
  - { policy: short, owner: team-a, ticket: A-2, expires: 2028-02-29, reason: known }
",
];

const WAIVERS: &[&str] = &[
    "
policy: files-are-there
target: old
subject: /etc/passwd
owner: team-a
ticket: A-1
expires: 2027-01-31
reason: known
covers: [fail, warn, unknown]
up_to: 95%
",
    "{ policy: a, owner: b, ticket: c, expires: 2027-01-31, reason: d }",
];

const ATTESTATIONS: &[&str] = &[
    "
attestation: access-review
by: team-a
at: 2026-10-01T09:00:00Z
looked_at: every account
result: holds
evidence:
  - link: evidence/a.csv
    sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
  - link: 'https://wiki.example.org/a'
valid_until: 2026-12-31
note: two accounts were closed
",
    "
- { attestation: a, by: b, at: 2026-10-01, looked_at: c, result: fails, no_evidence: d, valid_until: 2026-10-01 }
- { attestation: a, by: b, at: 2026-10-02, looked_at: c, result: holds, evidence: [{ link: e }], valid_until: 2026-10-03 }
",
];

const CASES: &[&str] = &[
    "
cases: files-are-there
now: 2026-11-01T03:00:00Z
files: { exists: true, size: 12KiB, owner: null }
check:
  - name: all is well
    facts: { files: [{ path: /etc/passwd }, { path: /etc/group, size: null }] }
    findings: []
  - name: one is gone
    facts: { files: [{ path: /etc/passwd, exists: false }] }
    params: { limit: 2MiB }
    target: { name: web-1, labels: { env: prod } }
    findings:
      - subject: /etc/passwd
        verdict: fail
        message: gone
        severity: high
        remedy: [touch /etc/passwd, Look at it.]
",
    "
cases: files-are-there
now: 2026-11-01T03:00:00.5+01:00
check:
  - name: nothing could be read
    facts: { files: { missing: denied } }
    findings: [{ verdict: unknown, cause: denied, urgency: page }]
  - name: the answer was cut
    facts: { files: { rows: [{ path: /etc/passwd, sha256: { missing: timeout } }], cut: incomplete } }
    findings: [{ verdict: unknown, cause: incomplete }]
",
    "
cases: earlier
now: 2026-11-01T03:00:00Z
check:
  - name: one is gone
    facts: { last: [{ path: / }], gate: { rows: [{ path: / }], age: 2h } }
    before: { gate: [{ path: / }, { path: /x }] }
    past: { gate: [{ ago: 1d, rows: [{ path: / }] }] }
    during: [office, shop]
    findings: [{ subject: /x, verdict: fail }]
",
];
