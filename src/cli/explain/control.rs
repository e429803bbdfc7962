//! A control: what it asks for, and which policies answer it.

use crate::policy::Policy;
use crate::policy::frameworks::{Control, Found, Framework, Frameworks, PLAYBOOK, playbook};

use super::{Known, Page};

/// Explains every control that the word names.
pub(super) fn explain(name: &str, known: &Known, page: &mut Page) -> bool {
    let found: Vec<(&Framework, &Control)> =
        all(&known.frameworks).filter(|one| is_called(one, name)).collect();
    for (framework, control) in &found {
        one(framework, control, known, page);
    }
    !found.is_empty()
}

/// All controls, for suggestions.
pub(super) fn names(frameworks: &Frameworks) -> Vec<String> {
    all(frameworks).map(|(framework, control)| format!("{}:{}", framework.id, control.id)).collect()
}

/// Those of the project, and those of the playbook, which policies may name in every project.
fn all(frameworks: &Frameworks) -> impl Iterator<Item = (&Framework, &Control)> {
    let declared = frameworks.all().iter().any(|framework| *framework.id == *PLAYBOOK);
    let shipped = playbook().into_iter().filter(move |_| !declared);
    let every = frameworks.all().iter().chain(shipped);
    every.flat_map(|framework| framework.controls.iter().map(move |control| (&**framework, control)))
}

fn is_called((framework, control): &(&Framework, &Control), name: &str) -> bool {
    let full = name.split_once(':').map(|(of, id)| *framework.id == *of.trim() && *control.id == *id.trim());
    full.unwrap_or(*control.id == *name)
}

fn one(framework: &Framework, control: &Control, known: &Known, page: &mut Page) {
    page.title(&format!("{}:{}", framework.id, control.id), &control.title);
    let mut rows = vec![("a control of", framework.title.to_string())];
    let groups: Vec<&str> = control.groups.iter().map(|title| &**title).collect();
    let version = framework.version.as_ref().map(ToString::to_string);
    let group = (!groups.is_empty()).then(|| groups.join(" / "));
    let parts = [
        ("version", version),
        ("group", group),
        ("link", control.link.as_ref().or(framework.link.as_ref()).map(ToString::to_string)),
        ("file", Some(control.at.to_string())),
        ("withdrawn", control.withdrawn.as_ref().map(ToString::to_string)),
    ];
    rows.extend(parts.into_iter().filter_map(|(name, text)| Some((name, text?))));
    page.rows(&rows);
    if let Some(text) = &control.text {
        page.head("What it asks for");
        page.prose(text);
    }
    let answers =
        known.policies.iter().filter(|policy| names_it(policy, framework, control, &known.frameworks));
    let answers: Vec<(&str, &str)> = answers.map(|policy| (&*policy.id, &*policy.title)).collect();
    page.head(if answers.is_empty() { "No policy answers it" } else { "Policies that answer it" });
    page.rows(&answers);
}

fn names_it(policy: &Policy, framework: &Framework, control: &Control, frameworks: &Frameworks) -> bool {
    policy.controls.iter().any(|word| match frameworks.find(word) {
        Ok(Found::Control(of, found)) => of.id == framework.id && found.id == control.id,
        Ok(Found::Free) | Err(_) => false,
    })
}
