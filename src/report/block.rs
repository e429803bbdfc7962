//! One block of the human format: a shared fault, or the findings of one rule of one check.

use super::outline::{Item, SHOWN};
use super::page::{Ink, Page, symbol};
use super::parts::{self, Body, Part};
use super::{text, words};
use crate::verdict::{Check, Fault, Finding, Severity, Verdict};

/// Names of values are aligned up to that many columns.
const NAME: usize = 30;

fn heading(page: &mut Page, verdict: Verdict, severity: Option<Severity>) {
    page.blank();
    let word = format!("{} {}", symbol(verdict), words::headline(verdict, severity));
    page.rule(&word, Ink::Of(verdict));
}

fn draw(page: &mut Page, indent: usize, parts: &[Part]) {
    let names = parts.iter().filter_map(|part| match &part.body {
        Body::Value(name, ..) => Some(text::columns(&text::inline(name))),
        _ => None,
    });
    let name_width = names.filter(|width| *width <= NAME).max().unwrap_or(0);
    let mut last = "";
    for part in parts {
        let label = if part.label == last { "" } else { part.label };
        last = part.label;
        match &part.body {
            Body::Text(said) => page.labelled(indent, label, said),
            Body::Value(name, shown, from) if name == shown => {
                page.labelled(indent, label, &format!("{name} ({from})"));
            }
            Body::Value(name, shown, from) => {
                page.value(indent, label, &text::pad(&text::inline(name), name_width), shown, from);
            }
            Body::Fix(fix) => page.fix(indent, part.label, fix),
            Body::Steps(steps) => page.steps(indent, part.label, steps),
        }
    }
}

/// The subject, unless the target itself is meant.
fn subject(finding: &Finding) -> Option<&str> {
    (!finding.subject.key.is_empty()).then_some(&*finding.subject.shown)
}

fn place(finding: &Finding) -> String {
    match (finding.policy.is_empty(), finding.target.is_empty()) {
        (false, true) => finding.policy.to_string(),
        (true, _) => finding.target.to_string(),
        (false, false) => format!("{} @ {}", finding.policy, finding.target),
    }
}

fn single(page: &mut Page, check: Option<&Check>, finding: &Finding) {
    let subject = subject(finding).map(|subject| format!(": {subject}"));
    page.paragraph(0, 2, Ink::Bold, &format!("{}{}", place(finding), subject.unwrap_or_default()));
    page.blank();
    page.message(2, &finding.message);
    page.blank();
    draw(page, 2, &parts::of(check, finding));
    page.labelled(2, "id", &finding.id);
}

/// Several findings: what they share is said once, below; the worst is the last of the list.
fn several(page: &mut Page, check: Option<&Check>, findings: &[&Finding], shown: usize) {
    let Some(first) = findings.first() else { return };
    let many = words::count(words::size(findings.len()), "finding");
    page.paragraph(0, 2, Ink::Bold, &format!("{}: {many}", place(first)));
    page.blank();
    let more = findings.len().saturating_sub(shown);
    if more > 0 {
        let more = words::number(words::size(more));
        page.paragraph(2, 2, Ink::Plain, &format!("… and {more} more (all in --format json)"));
    }
    let worst: Vec<&Finding> = findings.iter().take(shown).copied().collect();
    let (shared, each) = parts::hoist(worst.iter().map(|finding| parts::of(check, finding)).collect());
    for (finding, own) in worst.iter().zip(&each).rev() {
        page.blank();
        page.named(2, &finding.subject.shown, &finding.id);
        if finding.message != *finding.subject.shown {
            page.message(4, &finding.message);
        }
        draw(page, 4, own);
    }
    page.blank();
    let of = if more > 0 { format!("these {}", worst.len()) } else { format!("all {}", worst.len()) };
    page.paragraph(2, 2, Ink::Dim, &format!("the same for {of}:"));
    draw(page, 2, &shared);
}

fn fault(page: &mut Page, fault: &Fault, findings: &[&Finding], id: Option<&str>) {
    let missing = &fault.missing;
    page.paragraph(0, 2, Ink::Bold, &format!("{}: {}", fault.target, missing.cause));
    page.blank();
    page.message(2, &missing.what);
    page.blank();
    page.labelled(2, "hides", &hides(fault));
    if !findings.is_empty() {
        let owners = words::tally(findings.iter().map(|finding| words::owner(finding)));
        page.labelled(2, "owner", &owners);
    }
    if let Some(fix) = &missing.fix {
        page.fix(2, "to see it", fix);
    }
    if let Some(id) = id {
        page.labelled(2, "id", &format!("{id} (one of {})", words::number(fault.findings)));
    }
}

/// `40 checks (a, b, c, d, e, … and 35 more)`.
pub(super) fn hides(fault: &Fault) -> String {
    let checks = words::size(fault.policies.len());
    let names = words::listed(&fault.policies, 5);
    if checks == fault.findings {
        return format!("{} ({names})", words::count(checks, "check"));
    }
    format!("{} of {} ({names})", words::count(fault.findings, "finding"), words::count(checks, "check"))
}

fn silent(page: &mut Page, check: &Check) {
    page.paragraph(0, 2, Ink::Bold, &format!("{} @ {}", check.policy, check.target));
    page.blank();
    let note =
        check.note.as_deref().unwrap_or("no finding explains this verdict; treat it as a fault of muster");
    page.message(2, note);
    page.labelled(2, "expected", &check.title);
}

/// A block with its heading.
pub(super) fn item(page: &mut Page, item: &Item<'_>, verbose: bool) {
    heading(page, item.verdict(), item.severity());
    let shown = if verbose { usize::MAX } else { SHOWN };
    match item {
        Item::Fault(shared, findings) => fault(page, shared, findings, item.first_id()),
        Item::Group(check, findings) => match findings.as_slice() {
            [finding] => single(page, *check, finding),
            findings => several(page, *check, findings, shown),
        },
        Item::Silent(check) => silent(page, check),
    }
}

/// One finding without its heading, for other formats.
pub(super) fn finding(page: &mut Page, check: Option<&Check>, finding: &Finding) {
    single(page, check, finding);
}
