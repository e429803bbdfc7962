//! What every probe promises: a walk over the catalogue. A new probe is held to all of it without a line here.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use passmuster::diag;
use passmuster::fact::{
    Declared, Effect, FieldDecl, ProbeDecl, Rows, TextKind, Ty, Type, Value, catalogue, parse_literal,
};
use passmuster::policy::load::{File, Loaded, documents};
use passmuster::rule::env::ROOTS;
use passmuster::rule::parse::RESERVED;
use passmuster::source::Source;

use crate::harness::policy;

const HEADINGS: &[&str] = &[
    "## What it reads",
    "## Parameters (generated)",
    "## Facts (generated)",
    "## Example policy",
    "## When it cannot be read",
    "## Required rights",
    "## Cost and locks",
    "## Remedies",
];

/// Folders whose name is not the area of their probes.
const FOLDERS: &[(&str, &str)] =
    &[("attestation", "project"), ("http", "net"), ("tcp", "net"), ("tls", "net")];

fn page(probe: &ProbeDecl) -> (PathBuf, String) {
    let (area, noun) = probe.name.split_once('.').unwrap();
    let folder = FOLDERS.iter().find(|(known, _)| *known == area).map_or(area, |(_, folder)| folder);
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/probe").join(folder).join(format!("{noun}.md"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (path, text)
}

fn load(name: &str, text: &str) -> Loaded {
    let file = File { source: Source::new(name, text), library: None, folder: PathBuf::new() };
    let mut loaded = Loaded::default();
    documents(&file, None, &mut loaded);
    loaded
}

#[track_caller]
fn loads(name: &str, text: &str) -> Loaded {
    let loaded = load(name, text);
    let said: String = loaded.diags.iter().map(|diag| diag::render_text(diag, false, 110)).collect();
    assert!(loaded.diags.is_empty(), "{name}\n{text}\n{said}");
    assert!(!loaded.policies.is_empty(), "{name} has no policy");
    loaded
}

fn all() -> impl Iterator<Item = &'static ProbeDecl> {
    catalogue::PROBES.iter().copied()
}

#[test]
fn names_are_sorted_and_well_formed() {
    let names: Vec<&str> = all().map(|probe| probe.name).collect();
    assert!(names.is_sorted() && names.iter().collect::<BTreeSet<_>>().len() == names.len(), "{names:?}");
    for name in names {
        let parts: Vec<&str> = name.split('.').collect();
        let good = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        assert!(parts.len() == 2 && parts.iter().all(good), "{name}");
        assert_eq!(catalogue::find(name).map(|probe| probe.name), Some(name));
    }
    assert!(catalogue::find("file.nothing").is_none());
}

#[test]
fn every_probe_has_its_page_with_the_fixed_headings() {
    for probe in all() {
        let (path, text) = page(probe);
        assert!(text.starts_with(&format!("# {}\n", probe.name)), "{}", path.display());
        let found: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(found, HEADINGS, "{}", path.display());
        let sections: Vec<&str> = text.split("\n## ").skip(1).collect();
        for section in sections {
            let (heading, body) = section.split_once('\n').unwrap();
            assert!(!body.trim().is_empty(), "{}: `{heading}` is empty", path.display());
        }
    }
}

#[test]
fn every_page_is_that_of_a_probe() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/probe");
    let known: BTreeSet<PathBuf> = all().map(|probe| page(probe).0).collect();
    for entry in walkdir::WalkDir::new(root).into_iter().map(Result::unwrap) {
        if entry.path().extension().is_some_and(|end| end == "md") {
            assert!(known.contains(entry.path()), "{} is the page of no probe", entry.path().display());
        }
    }
}

#[test]
fn the_example_policy_of_every_page_loads_and_uses_the_probe() {
    for probe in all() {
        let (path, text) = page(probe);
        let example = text.split("## Example policy").nth(1).unwrap().split("\n## ").next().unwrap();
        let blocks: Vec<&str> =
            example.split("```yaml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect();
        assert!(!blocks.is_empty(), "{} shows no policy", path.display());
        let mut used = BTreeSet::new();
        for block in blocks {
            let loaded = loads(probe.name, &format!("{block}\n"));
            used.extend(
                loaded.policies.iter().flat_map(|policy| &policy.observe).map(|observe| observe.probe.name),
            );
        }
        assert!(used.contains(probe.name), "{}: the example uses {used:?}", path.display());
    }
}

#[test]
fn names_of_facts_and_arguments_can_be_written() {
    for probe in all() {
        let facts: Vec<&str> = probe.facts.iter().map(|fact| fact.name).collect();
        let params: Vec<&str> = probe.params.iter().map(|param| param.name).collect();
        for names in [&facts, &params] {
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{}: {names:?}", probe.name);
            for name in names {
                let good = name.starts_with(|c: char| c.is_ascii_lowercase())
                    && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
                assert!(good, "{}: {name}", probe.name);
            }
        }
        for fact in facts {
            assert!(
                !RESERVED.contains(&fact) && !ROOTS.contains(&fact),
                "{}: {fact} is reserved",
                probe.name
            );
        }
        let is_age = |fact: &&FieldDecl| fact.name.ends_with("_age") && matches!(fact.ty, Ty::Duration);
        let age = probe.facts.iter().find(is_age).map(|fact| fact.name);
        assert_eq!(age, None, "{}: facts are instants, ages are derived", probe.name);
    }
}

/// `e3b0c442…` and `[]` are examples for people; all others are values of their type.
fn parses(text: &str, ty: &Type) -> Result<(), String> {
    let Type::List(item) = ty.base() else {
        return parse_literal(text, ty.base()).map(drop).map_err(|error| error.0);
    };
    // A list is written as YAML writes it, so YAML reads it.
    let source = Source::new("example", text);
    let documents = passmuster::source::yaml::parse(&source, &passmuster::source::yaml::Limits::default());
    let documents = documents.map_err(|diags| diags[0].message.clone())?;
    let items = documents[0].root.to_json();
    let items = items.as_array().ok_or_else(|| "this is not a list".to_owned())?;
    items.iter().try_for_each(|one| {
        let text = one.as_str().map_or_else(|| one.to_string(), str::to_owned);
        parse_literal(&text, item).map(drop).map_err(|error| error.0)
    })
}

#[test]
fn examples_and_defaults_are_values_of_their_types() {
    for probe in all() {
        for fact in probe.facts {
            if let Err(why) = parses(fact.example, &fact.ty.ty()) {
                panic!("{}.{}: `{}`: {why}", probe.name, fact.name, fact.example);
            }
        }
        for param in probe.params {
            for text in [Some(param.example), param.default].into_iter().flatten() {
                if let Err(why) = parses(text, &param.ty.ty()) {
                    panic!("{} with {}: `{text}`: {why}", probe.name, param.name);
                }
            }
            assert!(!param.required || param.default.is_none(), "{} with {}", probe.name, param.name);
        }
    }
}

#[test]
fn docs_are_one_line_without_a_period_and_null_has_its_words() {
    let line = |text: &str, place: &str| {
        assert!(!text.is_empty() && !text.contains('\n') && !text.ends_with('.'), "{place}: {text:?}");
    };
    for probe in all() {
        line(probe.doc, probe.name);
        line(probe.cost, probe.name);
        line(probe.locks, probe.name);
        for param in probe.params {
            line(param.doc, param.name);
        }
        let schema = probe.schema();
        for (fact, field) in probe.facts.iter().zip(&schema.fields) {
            let place = format!("{}.{}", probe.name, fact.name);
            line(fact.doc, &place);
            assert_eq!(fact.null.is_some(), field.ty.is_nullable(), "{place}");
            assert_eq!(field.null_reads.is_some(), field.ty.is_nullable(), "{place}");
            for words in [fact.null, fact.needs].into_iter().flatten() {
                line(words, &place);
            }
        }
    }
}

#[test]
fn keys_exist_and_are_there() {
    for probe in all() {
        let schema = probe.schema();
        assert_eq!(schema.key.len(), probe.key.len(), "{}: {:?}", probe.name, probe.key);
        for name in probe.key {
            let field = schema.field(name).unwrap();
            assert!(!field.ty.is_nullable(), "{}: the key `{name}` may be null", probe.name);
            assert!(
                !field.costly && !field.estimate && field.needs.is_none(),
                "{}: the key `{name}` must always be there",
                probe.name
            );
        }
        assert!(probe.rows == Rows::One || !probe.key.is_empty(), "{} has many rows and no key", probe.name);
    }
}

#[test]
fn targets_exist_and_each_type_is_asked_by_something() {
    let types: Vec<&str> = catalogue::TARGET_TYPES.iter().map(|(name, _)| *name).collect();
    for probe in all() {
        assert!(!probe.targets.is_empty(), "{}", probe.name);
        for target in probe.targets {
            assert!(types.contains(target), "{} asks `{target}`", probe.name);
        }
    }
    for kind in types {
        assert!(all().any(|probe| probe.targets.contains(&kind)), "nothing asks `{kind}`");
    }
}

#[test]
fn looking_leaves_nothing_and_versions_begin_at_one() {
    for probe in all() {
        // What has an effect is asked only where the target's entry allows it.
        let wanted = if probe.name == "job.canary" { Effect::Scratch } else { Effect::None };
        assert_eq!(probe.effect, wanted, "{}", probe.name);
        assert!(probe.version >= 1, "{}", probe.name);
        assert!(probe.declared != Declared::No || !probe.facts.is_empty(), "{} has no fact", probe.name);
    }
}

#[test]
fn bodies_are_there_for_what_is_built() {
    for probe in all() {
        assert_eq!(passmuster::probe::body(probe.name).is_some(), probe.is_built(), "{}", probe.name);
    }
    assert!(passmuster::probe::body("file.nothing").is_none());
}

#[test]
fn every_code_is_unique_and_explained() {
    let ids: BTreeSet<&str> = diag::ALL.iter().map(|code| code.id).collect();
    assert_eq!(ids.len(), diag::ALL.len());
    for code in diag::ALL {
        assert!(code.explain.len() > 30 && code.explain.ends_with('.'), "{}: {}", code.id, code.explain);
        assert_eq!(diag::code::find(code.id).map(|found| found.id), Some(code.id));
    }
}

/// A question to a probe that loads: required arguments, and a declared fact where there must be one.
fn observe(probe: &ProbeDecl) -> String {
    let given =
        |param: &&passmuster::fact::ParamDecl| param.required || param.name == "path" || param.name == "glob";
    let with: Vec<String> = probe
        .params
        .iter()
        .filter(given)
        .map(|param| format!("{}: {:?}", param.name, param.example))
        .collect();
    let facts =
        if probe.declared == Declared::Required { ", facts: { name: text, amount: int }" } else { "" };
    format!("{{ probe: {}, with: {{ {} }}{facts} }}", probe.name, with.join(", "))
        .replace("with: {  }, ", "")
        .replace(", with: {  }", "")
}

fn with_rule(probe: &ProbeDecl, rest: &str) -> String {
    let each = if probe.rows == Rows::Many { "each: x\n" } else { "" };
    policy(
        "made",
        &format!(
            "target: {{ type: {} }}\nobserve: {{ x: {} }}\n{each}{rest}\n",
            probe.targets[0],
            observe(probe)
        ),
    )
}

/// A comparison of a fact with its example, as a rule writes it.
pub(crate) fn rule(fact: &FieldDecl) -> Option<String> {
    let text = match fact.ty {
        Ty::Bool => format!("{} == {}", fact.name, fact.example),
        Ty::Enum(words) => format!("{} == {:?}", fact.name, words[0]),
        Ty::Text | Ty::Name | Ty::Path | Ty::Host | Ty::Url => format!("{} == {:?}", fact.name, fact.example),
        Ty::Time => format!("now - {} > 1.days", fact.name),
        Ty::Date => format!("date(now) - {} > 1.days", fact.name),
        Ty::Bytes => format!("{} > 1.GiB", fact.name),
        Ty::Duration => format!("{} > 1.hours", fact.name),
        Ty::Ratio => format!("{} > 90.percent", fact.name),
        Ty::Int | Ty::Counter => format!("{} > 3", fact.name),
        Ty::Version => format!("{} > version(\"1.0\")", fact.name),
        Ty::Float => format!("{} > 3.5", fact.name),
        Ty::Texts | Ty::Paths => format!("len({}) > 3", fact.name),
        _ => return None,
    };
    Some(if fact.null.is_some() { format!("{} != null && {text}", fact.name) } else { text })
}

#[test]
fn every_fact_can_be_judged_and_shown() {
    for probe in all() {
        for fact in probe.facts {
            let rule = rule(fact).unwrap_or_else(|| format!("{} == {0}", fact.name));
            let rest = format!("fail: {rule:?}\nmessage: \"{{{{ {} }}}}\"", fact.name);
            loads(&format!("{}.{}", probe.name, fact.name), &with_rule(probe, &rest));
        }
    }
}

#[test]
fn a_fact_that_may_be_null_has_to_be_guarded() {
    for probe in all() {
        for fact in probe.facts.iter().filter(|fact| fact.null.is_some()) {
            let Some(guarded) = rule(fact) else { continue };
            let bare = guarded.split(" && ").nth(1).unwrap().to_owned();
            let ordered = bare.contains('>');
            let loaded = load("bare", &with_rule(probe, &format!("fail: {bare:?}")));
            let refused = loaded.diags.iter().any(|diag| diag.code.id == "nullable");
            assert!(refused || !ordered, "{}.{}: `{bare}` loads", probe.name, fact.name);
        }
    }
}

#[test]
fn every_time_has_its_age() {
    for probe in all() {
        for fact in probe.facts.iter().filter(|fact| matches!(fact.ty, Ty::Time)) {
            let age = format!("{}_age", fact.name);
            let guard =
                if fact.null.is_some() { format!("{} != null && ", fact.name) } else { String::new() };
            let rest = format!("fail: \"{guard}{age} > 1.days\"\nmessage: \"{{{{ {age} }}}}\"");
            loads(&format!("{}.{age}", probe.name), &with_rule(probe, &rest));
        }
    }
}

#[test]
fn every_text_is_quoted_in_every_step_that_can_take_it() {
    for probe in all() {
        for fact in probe.facts {
            let Type::Text(kind) = fact.ty.ty() else { continue };
            for (step, text) in [("shell", "echo"), ("do", "See"), ("sql", "SELECT")] {
                let rest = format!(
                    "fail: {:?}\nremedy: {{ steps: [{{ {step}: \"{text} {{{{ {} }}}}\" }}] }}",
                    rule(fact).unwrap(),
                    fact.name
                );
                let loaded = load("step", &with_rule(probe, &rest));
                let place = format!("{}.{} ({kind:?}) in `{step}`", probe.name, fact.name);
                let codes: Vec<&str> = loaded.diags.iter().map(|diag| diag.code.id).collect();
                // What a step cannot quote is told; nothing else may be wrong.
                assert!(
                    codes.is_empty() || codes.iter().all(|code| *code == "quoting"),
                    "{place}: {codes:?}"
                );
                assert!(step != "do" || codes.is_empty(), "{place}");
                assert!(step != "sql" || kind != TextKind::SqlName || codes.is_empty(), "{place}");
            }
        }
    }
}

#[test]
fn a_misspelt_fact_argument_or_word_is_refused_for_every_probe() {
    for probe in all() {
        for fact in probe.facts {
            let rest = format!("fail: {}x == null", fact.name);
            let loaded = load("misspelt", &with_rule(probe, &rest));
            assert!(loaded.policies.is_empty(), "{}.{}", probe.name, fact.name);
        }
        let fact = probe.facts.iter().find(|fact| matches!(fact.ty, Ty::Enum(_)));
        if let Some(fact) = fact {
            let loaded = load("word", &with_rule(probe, &format!("fail: {} == \"no-such-word\"", fact.name)));
            assert!(loaded.policies.is_empty(), "{}.{}", probe.name, fact.name);
        }
        for param in probe.params {
            let text = with_rule(probe, "expect: any\nfail: false")
                .replace("with: { ", &format!("with: {{ {}x: 1, ", param.name));
            let loaded = load("argument", &text);
            assert!(loaded.policies.is_empty(), "{} with {}x", probe.name, param.name);
        }
    }
}

#[test]
fn a_schema_with_declared_facts_keeps_the_fixed_ones_in_place() {
    for probe in all().filter(|probe| probe.declared != Declared::No) {
        let own = passmuster::fact::Field::declared("own", Type::BYTES.nullable());
        let schema = probe.schema_with(&[own], &[Arc::from("own")]);
        assert_eq!(schema.fields.len(), probe.facts.len() + 1, "{}", probe.name);
        assert_eq!(schema.key_names(), ["own"], "{}", probe.name);
        assert_eq!(schema.rows, Rows::Many, "{}", probe.name);
        assert_eq!(parse_literal("1KiB", &schema.fields[probe.facts.len()].ty).unwrap(), Value::Int(1024));
    }
}
