//! Runbooks that stand in files of the project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Input;
use crate::policy::{Policy, Project};
use crate::source::Source;
use crate::source::yaml::{Limits, read_file};

/// What stands behind the `runbook` of a policy.
#[derive(Clone)]
pub(super) enum Runbook {
    /// Nothing: where it was looked for, and why it was not read.
    Missing(String),
    /// Its text.
    Text(Arc<Source>),
}

/// Every policy of the project with a runbook in a file; each file is read once.
pub(super) fn of<'a>(input: &Input<'a>) -> Vec<(&'a Policy, Runbook)> {
    let mut known: BTreeMap<Vec<PathBuf>, Runbook> = BTreeMap::new();
    let mut found = Vec::new();
    // A library is not in a folder of the project.
    for policy in input.policies.iter().filter(|policy| policy.library.is_none()) {
        let Some(path) = policy.runbook.as_deref().and_then(in_a_file) else { continue };
        let places = places(input.project, policy, path);
        let runbook = known.entry(places).or_insert_with_key(|places| read(places));
        found.push((&**policy, runbook.clone()));
    }
    found
}

/// The path of a runbook that is no address, without the name of its section.
fn in_a_file(runbook: &str) -> Option<&str> {
    let path = runbook.split('#').next().unwrap_or("").trim();
    (!path.is_empty() && !runbook.contains("://")).then_some(path)
}

/// Below the project, or beside the policy.
fn places(project: &Project, policy: &Policy, path: &str) -> Vec<PathBuf> {
    let beside = Path::new(&*policy.loc.source.name).parent().unwrap_or(Path::new("")).join(path);
    let mut places = vec![project.root.join(path), beside];
    places.dedup();
    places
}

fn read(places: &[PathBuf]) -> Runbook {
    let mut why = String::new();
    for place in places {
        match read_file(place, &Limits::default()) {
            Ok(source) => return Runbook::Text(source),
            // What is said of the first place is what the author meant.
            Err(diag) if why.is_empty() => why = diag.message,
            Err(_) => {}
        }
    }
    Runbook::Missing(why)
}

/// The lines of a text, of which those in fences of code stand for themselves and are no headings.
pub(super) fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fence: Option<&str> = None;
    text.lines().map(move |line| {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => return line,
            _ => {}
        }
        // What stands in a fence is something, and promises nothing.
        "(code)"
    })
}

/// The section that a runbook names, if it names one.
pub(super) fn section(runbook: &str) -> Option<&str> {
    let (_, section) = runbook.split_once('#')?;
    Some(section.trim()).filter(|section| !section.is_empty())
}

/// Has the text a heading, or a mark of its own, to which this anchor leads?
pub(super) fn has_section(text: &str, anchor: &str) -> bool {
    let marks = ["id=\"", "name=\"", "id='", "name='", "{#"];
    let wanted = anchor.to_lowercase();
    let marked =
        |line: &str| marks.iter().any(|mark| line.to_lowercase().contains(&format!("{mark}{wanted}")));
    let slug = |heading: &str| -> String {
        let kept = heading.trim().to_lowercase();
        let kept = kept.chars().filter(|sign| sign.is_alphanumeric() || [' ', '-', '_'].contains(sign));
        kept.map(|sign| if sign == ' ' { '-' } else { sign }).collect()
    };
    let named = |line: &str| {
        let heading = line.trim_start().trim_start_matches(['#', '=']).trim().trim_end_matches(['#', '=']);
        let slug = slug(heading);
        // The second heading of one name is called after the first.
        let numbered =
            wanted.rsplit_once('-').filter(|(_, number)| number.bytes().all(|b| b.is_ascii_digit()));
        slug == wanted || numbered.is_some_and(|(first, _)| slug == first)
    };
    prose(text).any(|line| marked(line) || named(line))
}
