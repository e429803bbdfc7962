//! One page per probe: its README with the tables of its declaration.

use crate::fact::{Declared, Effect, FieldDecl, ParamDecl, ProbeDecl, Rows, ZeroRows, catalogue};

use super::{code, table};
use crate::source::Embedded;

// `PAGES`: every README below `src/probe`.
include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Where a generated table goes in a README.
const MARK: &str = "<!-- generated -->";

/// The README of a probe as it is written, found by its first line.
pub fn source(name: &str) -> Option<&'static str> {
    let title = format!("# {name}");
    PAGES
        .iter()
        .flat_map(Embedded::texts)
        .map(|(_, text)| text)
        .find(|text| text.lines().next() == Some(title.as_str()))
}

/// The page of a probe.
pub(super) fn text(probe: &ProbeDecl) -> String {
    let source = source(probe.name).unwrap_or("");
    let body = source.split_once('\n').map_or("", |(_, body)| body.trim());
    let (intro, rest) = body.split_at(body.find("## ").unwrap_or(body.len()));
    let intro = if intro.is_empty() { format!("{}.", probe.doc) } else { intro.trim().to_owned() };
    let filled = rest
        .replacen(MARK, params(probe).trim(), 1)
        .replacen(MARK, facts(probe).trim(), 1)
        .replace(" (generated)\n", "\n");
    format!("# {}\n\n{intro}\n\n{}\n{filled}", probe.name, about(probe))
}

/// What the declaration says of the probe as a whole.
fn about(probe: &ProbeDecl) -> String {
    let targets = probe.targets.iter().map(code).collect::<Vec<_>>().join(", ");
    let key = probe.key.iter().map(code).collect::<Vec<_>>().join(", ");
    let rows = match (probe.rows, key.is_empty()) {
        (Rows::One, _) => "one; the subject is the target".to_owned(),
        (Rows::Many, true) => "any number; the policy declares their `key`".to_owned(),
        (Rows::Many, false) => format!("any number, told apart by {key}"),
    };
    let zero = match (probe.rows, probe.zero) {
        (Rows::One, _) => "is `unknown: empty`",
        (Rows::Many, ZeroRows::Fine) => "means that nothing wrong was found",
        (Rows::Many, ZeroRows::Suspicious) => "is `unknown: empty` unless the policy says `expect: any`",
    };
    let effect = match probe.effect {
        Effect::None => "none: looking changes nothing",
        Effect::Scratch => "leaves something behind for a moment; only where the target allows it",
    };
    let mut rows = vec![
        vec!["asks targets of type".to_owned(), targets],
        vec!["rows".to_owned(), rows],
        vec!["an answer without rows".to_owned(), zero.to_owned()],
        vec!["effect".to_owned(), effect.to_owned()],
        vec!["version of the answer".to_owned(), probe.version.to_string()],
    ];
    if let Some(feature) = probe.feature {
        rows.push(vec!["cargo feature".to_owned(), code(feature)]);
    }
    table(&["", ""], rows)
}

fn params(probe: &ProbeDecl) -> String {
    if probe.params.is_empty() {
        return "None.".to_owned();
    }
    table(&["name", "type", "default", "example", "meaning"], probe.params.iter().map(param))
}

fn param(param: &ParamDecl) -> Vec<String> {
    let default = match (param.default, param.required) {
        (Some(default), _) => code(default),
        (None, true) => "must be given".to_owned(),
        (None, false) => "not given".to_owned(),
    };
    vec![code(param.name), code(param.ty.ty()), default, code(param.example), param.doc.to_owned()]
}

fn facts(probe: &ProbeDecl) -> String {
    let declared = match probe.declared {
        Declared::No => "",
        Declared::Optional => {
            "\nBesides these a policy declares facts of its own under `facts:`, with their types.\n"
        }
        Declared::Required => {
            "\nThe policy declares what it reads under `facts:`, with the type of each; there are no others.\n"
        }
    };
    if probe.facts.is_empty() {
        return declared.trim().to_owned();
    }
    let rows = probe.facts.iter().map(|fact| field(probe, fact));
    format!("{}{declared}", table(&["name", "type", "null means", "example", "meaning"], rows))
}

fn field(probe: &ProbeDecl, fact: &FieldDecl) -> Vec<String> {
    let ty = fact.ty.ty();
    let ty = if fact.null.is_some() { ty.nullable() } else { ty };
    let mut doc = fact.doc.to_owned();
    for (holds, note) in [
        (probe.key.contains(&fact.name), "part of the key"),
        (fact.costly, "read only when a rule, a message or a remedy uses it"),
        (fact.estimate, "an estimate, which `accept: exact` refuses"),
    ] {
        if holds {
            doc.push_str(&format!("; {note}"));
        }
    }
    if let Some(grant) = fact.needs {
        doc.push_str(&format!("; needs {grant}"));
    }
    let null = fact.null.map_or_else(|| "never null".to_owned(), ToOwned::to_owned);
    vec![code(fact.name), code(ty), null, code(fact.example), doc]
}

/// The index of all probes.
pub(super) fn index() -> String {
    let rows = catalogue::PROBES.iter().map(|probe| {
        vec![
            format!("[{}]({}.md)", probe.name, probe.name),
            probe.targets.iter().map(code).collect::<Vec<_>>().join(", "),
            probe.doc.to_owned(),
        ]
    });
    let types = catalogue::TARGET_TYPES.iter().map(|(name, doc)| vec![code(name), (*doc).to_owned()]);
    format!(
        "# Probes\n\nA probe reads one kind of fact from one type of target, and never decides whether something is bad.\n\n{}\n\
         Every fact of type `time` has an age: `modified` brings `modified_age`, a duration, by the clock of the system that was asked.\n\n\
         ## Types of targets\n\n{}",
        table(&["probe", "asks", "reads"], rows),
        table(&["type", "what it is, and its address"], types)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADINGS: [&str; 8] = [
        "## What it reads",
        "## Parameters (generated)",
        "## Facts (generated)",
        "## Example policy",
        "## When it cannot be read",
        "## Required rights",
        "## Cost and locks",
        "## Remedies",
    ];

    #[test]
    fn every_probe_has_its_readme_with_the_fixed_headings() {
        for probe in catalogue::PROBES {
            let text = source(probe.name).unwrap_or_else(|| panic!("`{}` has no README", probe.name));
            let found: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
            assert_eq!(found, HEADINGS, "{}", probe.name);
            assert_eq!(text.matches(MARK).count(), 2, "{}", probe.name);
        }
        assert_eq!(
            PAGES.iter().flat_map(Embedded::texts).count(),
            catalogue::PROBES.len(),
            "a README that belongs to no probe"
        );
    }
}
