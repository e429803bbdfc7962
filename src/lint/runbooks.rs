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

/// What stands for a line in a fence: it is something, and promises nothing.
const CODE: &str = "(code)";

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
        CODE
    })
}

/// The section that a runbook names, if it names one.
pub(super) fn section(runbook: &str) -> Option<&str> {
    let (_, section) = runbook.split_once('#')?;
    Some(section.trim()).filter(|section| !section.is_empty())
}

/// Has the text a heading, or a mark of its own, to which this anchor leads?
pub(super) fn has_section(text: &str, anchor: &str) -> bool {
    let wanted = anchor.to_lowercase();
    let lines: Vec<&str> = prose(text).collect();
    if lines.iter().any(|line| is_marked(line, &wanted)) {
        return true;
    }
    let below = lines.iter().skip(1).copied().chain([""]);
    let headings: Vec<String> =
        lines.iter().zip(below).filter_map(|(line, below)| heading(line, below)).map(slug).collect();
    let many = |name: &str| headings.iter().filter(|known| *known == name).count();
    // The second heading of one name is called `name-1`.
    let numbered = |(name, number): (&str, &str)| {
        number
            .parse()
            .is_ok_and(|count: usize| count > 0 && count.to_string() == number && many(name) > count)
    };
    many(&wanted) > 0 || wanted.rsplit_once('-').is_some_and(numbered)
}

/// Has a line a mark with exactly this name?
fn is_marked(line: &str, wanted: &str) -> bool {
    let line = line.to_lowercase();
    let quoted = ["id", "name"].into_iter().any(|key| {
        ['"', '\''].into_iter().any(|quote| line.contains(&format!("{key}={quote}{wanted}{quote}")))
    });
    quoted || ['}', ' '].into_iter().any(|end| line.contains(&format!("{{#{wanted}{end}")))
}

/// The text of a line that is a heading: one that begins so, or stands above a line of `=` or `-`.
fn heading<'t>(line: &'t str, below: &str) -> Option<&'t str> {
    let text = line.trim_start();
    // What is moved in that far is code.
    if line == CODE || line.len() - text.len() > 3 {
        return None;
    }
    let marks = ['#', '='];
    let below = below.trim_end();
    let is_above =
        ['=', '-'].into_iter().any(|mark| below.len() > 2 && below.chars().all(|sign| sign == mark));
    (text.starts_with(marks) || is_above)
        .then(|| text.trim_start_matches(marks).trim().trim_end_matches(marks).trim())
}

/// What a heading is called in an address.
fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|sign| sign.is_alphanumeric() || [' ', '-', '_'].contains(sign));
    kept.map(|sign| if sign == ' ' { '-' } else { sign }).collect()
}

#[cfg(test)]
mod tests {
    use super::has_section;

    const TEXT: &str = "# Disk full\n\nSome words\n\n```\n# in code\n```\n---\n\n<a id=\"old-stuff\"></a>\n## Mitigation\n## Mitigation ##\n\nBelow it\n---\n\n== Asciidoc\n## Named {#own-name}\n";

    #[test]
    fn a_section_is_a_heading_or_a_mark_with_its_whole_name() {
        for there in [
            "disk-full",
            "Disk-Full",
            "old-stuff",
            "mitigation",
            "mitigation-1",
            "below-it",
            "asciidoc",
            "own-name",
        ] {
            assert!(has_section(TEXT, there), "{there}");
        }
        for gone in [
            "code",
            "in-code",
            "old",
            "some-words",
            "mitigation-7",
            "mitigation-2",
            "mitigation-0",
            "mitigation-01",
            "own",
            "stuff",
            "",
        ] {
            assert!(!has_section(TEXT, gone), "{gone}");
        }
    }
}
