//! Helpers of the lints' tests: a policy or a project in a few lines.

use std::sync::Arc;

use super::comments::Comments;
use super::{Check, Input, Lint};
use crate::diag::{Diag, Level};
use crate::fact::parse_date;
use crate::policy::load::{File, Loaded, documents};
use crate::policy::{Policy, Project, project};
use crate::source::Source;

/// A policy of these lines, completed with what every policy needs.
pub(super) fn policy(lines: &str) -> Arc<Policy> {
    let rest = [
        ("policy", "p"),
        ("title", "It holds"),
        ("tier", "daily"),
        ("severity", "high"),
        ("owner", "team"),
        ("why", "Because it was agreed."),
        ("target", "{ type: host }"),
        ("observe", "{ usage: { probe: disk.usage } }"),
        ("remedy", "{ steps: [{ shell: df }] }"),
    ];
    let mut text = lines.to_owned() + "\n";
    for (key, value) in rest {
        let has = |line: &str| line.starts_with(&format!("{key}:")) || line == format!("# no {key}");
        if !lines.lines().any(has) {
            text.push_str(&format!("{key}: {value}\n"));
        }
    }
    let file = File { source: Source::new("p.yaml", text), library: None, folder: "".into() };
    let mut loaded = Loaded::default();
    documents(&file, None, &mut loaded);
    assert!(loaded.diags.is_empty(), "{:#?}", loaded.diags);
    loaded.policies.remove(0)
}

/// A project of these lines.
pub(super) fn project_of(lines: &str) -> Project {
    let source = Source::new("muster.yaml", format!("muster: 1\n{lines}\n"));
    let mut diags = Vec::new();
    project::decode(&source, std::path::Path::new(""), &mut diags).unwrap_or_else(|| panic!("{diags:#?}"))
}

/// A project and policies of an example of a lint's page.
pub(super) fn example(lint: &Lint, text: &str) -> (Project, Vec<Arc<Policy>>) {
    match lint.check {
        Check::Policy(_) | Check::Comments(_) => (Project::default(), vec![policy(text)]),
        Check::Project(_) => {
            let mut parts = text.split("\n---\n");
            let lines = parts.next().unwrap().trim_start_matches("muster: 1");
            (project_of(lines), parts.map(policy).collect())
        }
    }
}

/// What a lint says of a project with these policies on 2026-11-01; everything has the lint's code.
pub(super) fn said_by(lint: &Lint, (project, policies): &(Project, Vec<Arc<Policy>>)) -> Vec<Diag> {
    let mut diags = Vec::new();
    match lint.check {
        Check::Policy(check) => policies.iter().for_each(|policy| check(policy, &mut diags)),
        Check::Project(check) => {
            let today = parse_date("2026-11-01").unwrap();
            check(
                &Input { policies, broken: &[], project, has_project: true, whole: true, today },
                &mut diags,
            );
        }
        Check::Comments(check) => policies.iter().for_each(|policy| {
            let levels = super::Levels::default();
            let Some(mut comments) = Comments::of(&policy.loc.source) else { return };
            super::policy(policy, &levels).iter().for_each(|diag| drop(comments.allows(diag)));
            comments.ran(&levels, false);
            check(&comments, &mut diags);
        }),
    }
    assert!(diags.iter().all(|diag| diag.code == lint.code), "{}: {diags:?}", lint.name());
    let highest = diags.iter().map(|diag| Some(diag.level)).max().flatten();
    assert!(highest <= lint.level.max(super::WARNING), "{}: louder than it says: {diags:?}", lint.name());
    diags
}

/// What a lint about one policy says.
pub(super) fn said(lint: &Lint, lines: &str) -> Vec<Diag> {
    let (Check::Policy(_) | Check::Comments(_)) = lint.check else { panic!("not a lint about policies") };
    said_by(lint, &(Project::default(), vec![policy(lines)]))
}

/// What a lint about the project says on 2026-11-01.
pub(super) fn said_of(lint: &Lint, lines: &str, policies: &[Arc<Policy>]) -> Vec<Diag> {
    let Check::Project(_) = lint.check else { panic!("not a lint about projects") };
    said_by(lint, &(project_of(lines), policies.to_vec()))
}

/// The lint says nothing.
#[track_caller]
pub(super) fn fine(lint: &Lint, lines: &str) {
    assert_eq!(said(lint, lines), []);
}

/// The lint says exactly one thing, an error.
#[track_caller]
pub(super) fn refused(lint: &Lint, lines: &str) {
    assert!(matches!(said(lint, lines).as_slice(), [one] if one.level == Level::Error), "{lines}");
}

/// The lint says exactly one thing, a warning.
#[track_caller]
pub(super) fn warned(lint: &Lint, lines: &str) {
    assert!(matches!(said(lint, lines).as_slice(), [one] if one.level == Level::Warning), "{lines}");
}
