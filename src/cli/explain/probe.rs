//! A probe: what it reads, of whom, at what cost, with which rights.

use crate::fact::{Declared, Effect, FieldDecl, ParamDecl, ProbeDecl, Rows, ZeroRows, catalogue};

use super::Page;

pub(super) fn explain(name: &str, page: &mut Page) -> bool {
    let Some(probe) = catalogue::find(name) else { return false };
    page.title(probe.name, probe.doc);
    page.rows(&about(probe));
    if !probe.params.is_empty() {
        page.head("Arguments (`with:`)");
        page.rows(&probe.params.iter().map(|param| (param.name, argument(param))).collect::<Vec<_>>());
    }
    page.head("Facts");
    page.rows(&probe.facts.iter().map(|fact| (fact.name, self::fact(fact))).collect::<Vec<_>>());
    match probe.declared {
        Declared::No => {}
        Declared::Optional => page.prose("and those that the policy declares under `facts:`"),
        Declared::Required => {
            page.prose("those that the policy declares under `facts:`, for example `facts: { path: text, size: bytes? }`");
        }
    }
    page.head("Try it");
    page.prose(&trial(probe));
    true
}

fn about(probe: &ProbeDecl) -> Vec<(&'static str, String)> {
    let mut rights: Vec<&str> = Vec::new();
    for needs in probe.facts.iter().filter_map(|fact| fact.needs) {
        if !rights.contains(&needs) {
            rights.push(needs);
        }
    }
    let rows = match (probe.rows, probe.key) {
        (Rows::One, _) if probe.declared == Declared::No => "one; its subject is the target".to_owned(),
        (Rows::One, _) => "one; with `key:` many, named by it".to_owned(),
        (Rows::Many, key) => format!("many; named by {}", key.join(", ")),
    };
    let zero = match probe.zero {
        ZeroRows::Fine => "fine: nothing was found",
        ZeroRows::Suspicious => "unknown: empty, because something has to be there",
    };
    let mut about = vec![
        ("asks", format!("targets of type {}", probe.targets.join(", "))),
        ("rows", rows),
        ("no rows", zero.to_owned()),
        ("cost", probe.cost.to_owned()),
        ("locks", probe.locks.to_owned()),
        (
            "rights",
            if rights.is_empty() { "none besides those to reach it".to_owned() } else { rights.join("; ") },
        ),
    ];
    if probe.effect == Effect::Scratch {
        about.push(("effect", "leaves something for a moment; only where the target allows it".to_owned()));
    }
    if !probe.is_built() {
        let feature = probe.feature.unwrap_or("");
        about.push(("build", format!("not in this build; it needs the cargo feature `{feature}`")));
    }
    about
}

fn argument(param: &ParamDecl) -> String {
    let given = match (param.required, param.default) {
        (true, _) => ", must be given".to_owned(),
        (false, Some(default)) => format!(", {default} if left out"),
        (false, None) => String::new(),
    };
    format!("{}{given}: {}\nfor example {}", param.ty.ty(), param.doc, param.example)
}

/// A fact in words.
fn fact(fact: &FieldDecl) -> String {
    let mut text = format!("{}: {}", fact.ty.ty(), fact.doc);
    if let Some(null) = fact.null {
        text.push_str(&format!("; null reads \"{null}\""));
    }
    if fact.estimate {
        text.push_str("; an estimate");
    }
    if fact.costly {
        text.push_str("; costly, read only when it is wanted");
    }
    if let Some(needs) = fact.needs {
        text.push_str(&format!("; needs {needs}"));
    }
    if !fact.example.is_empty() {
        text.push_str(&format!("\nfor example {}", fact.example));
    }
    text
}

fn trial(probe: &ProbeDecl) -> String {
    let with = probe.params.iter().filter(|param| param.required);
    let with: String = with.map(|param| format!(" --with '{}={}'", param.name, param.example)).collect();
    let facts = if probe.declared == Declared::Required { " --fact open=int" } else { "" };
    let target = if probe.targets.contains(&"host") { "" } else { " --target NAME" };
    format!("muster probe {}{target}{with}{facts}", probe.name)
}
