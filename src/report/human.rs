//! For a person at a terminal: what is quiet first, the worst nearest to the prompt, then what it comes to.

use std::collections::BTreeMap;

use super::outline::{self, Item};
use super::page::{Ink, Page, symbol};
use super::{Style, block, words};
use crate::fact::{Type, Value, show};
use crate::verdict::{Check, Counts, RunReport, Timings, Verdict};

/// Up to that many checks that need nothing are named one by one.
const FEW: usize = 20;

pub(super) fn render(report: &RunReport, style: &Style) -> String {
    let mut page = Page::new(style);
    head(&mut page, report, style);
    quiet(&mut page, report, Verdict::Pass, style);
    quiet(&mut page, report, Verdict::Skipped, style);
    let items = outline::items(report, style.verbose);
    for item in &items {
        block::item(&mut page, item, style.verbose);
    }
    summary(&mut page, report, &items, style);
    page.finish()
}

fn head(page: &mut Page, report: &RunReport, style: &Style) {
    let run = format!("muster {} on {}, {}", report.muster, report.host, report.started);
    page.paragraph(0, 2, Ink::Dim, &run);
    if let Some(recording) = &report.recording {
        let said = format!("judged from a recording of {recording}: this is not the state of now");
        page.paragraph(0, 2, Ink::Bold, &said);
    }
    if style.verbose {
        for (target, identity) in &report.targets {
            page.paragraph(2, 2, Ink::Plain, &format!("{target}: {}", words::identity(identity)));
        }
    }
}

/// A check that needs nothing, or a subject of one, and the words that it has to say.
struct Quiet<'a> {
    policy: &'a str,
    target: &'a str,
    subject: Option<&'a str>,
    said: &'a str,
}

impl Quiet<'_> {
    /// Made only where it is shown: thousands need nothing and have nothing to say.
    fn name(&self) -> String {
        let Self { policy, target, .. } = self;
        match self.subject {
            None => format!("{policy} @ {target}"),
            Some(subject) => format!("{policy} @ {target}: {subject}"),
        }
    }
}

fn quiet_check(check: &Check, verdict: Verdict) -> Quiet<'_> {
    let said = match verdict {
        Verdict::Skipped => words::why_skipped(check),
        _ => check.note.as_deref().unwrap_or_default(),
    };
    Quiet { policy: &check.policy, target: &check.target, subject: None, said }
}

/// Subjects that were skipped within checks that were not.
fn skipped_subjects(report: &RunReport) -> impl Iterator<Item = Quiet<'_>> {
    let judged = report.checks.iter().filter(|check| words::worst(check) != Verdict::Skipped);
    let findings = judged.flat_map(|check| &check.findings);
    findings.filter(|finding| finding.verdict <= Verdict::Skipped).map(|finding| Quiet {
        policy: &finding.policy,
        target: &finding.target,
        subject: Some(&finding.subject.shown),
        said: &finding.message,
    })
}

fn quiet(page: &mut Page, report: &RunReport, verdict: Verdict, style: &Style) {
    let checks = report.checks.iter().filter(|check| words::worst(check) == verdict);
    let mut subjects = Counts::default();
    let mut entries = Vec::new();
    for check in checks {
        subjects.add(verdict, check.counts.of(verdict));
        entries.push((quiet_check(check, verdict), check.counts.of(verdict)));
    }
    let many = words::size(entries.len());
    if verdict == Verdict::Skipped {
        entries.extend(skipped_subjects(report).map(|entry| (entry, 0)));
    }
    if entries.is_empty() {
        return;
    }
    page.blank();
    let title = format!("{} {}", symbol(verdict), verdict.word().to_uppercase());
    let many = words::count(many, "check");
    let subjects = match subjects.of(verdict) {
        0 => String::new(),
        some => format!(", {}", words::count(some, "subject")),
    };
    page.paragraph(0, 2, Ink::Of(verdict), &format!("{title} {many}{subjects}"));
    if style.verbose || entries.len() <= FEW {
        for (entry, subjects) in &entries {
            entry_line(page, entry, *subjects);
        }
    } else {
        by_words(page, entries.iter().map(|(entry, _)| entry));
    }
}

fn entry_line(page: &mut Page, entry: &Quiet<'_>, subjects: u64) {
    let said = match (entry.said, subjects) {
        ("", 0 | 1) => String::new(),
        ("", _) => format!("  ({})", words::count(subjects, "subject")),
        (said, _) => format!("  ({said})"),
    };
    page.paragraph(2, 4, Ink::Plain, &format!("{}{said}", entry.name()));
}

/// Many of them: those that have something to say, by what they say.
fn by_words<'a>(page: &mut Page, entries: impl Iterator<Item = &'a Quiet<'a>>) {
    let mut said: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in entries.filter(|entry| !entry.said.is_empty()) {
        said.entry(entry.said).or_default().push(entry.name());
    }
    for (said, names) in said {
        page.paragraph(2, 4, Ink::Plain, &format!("{said}: {}", words::listed(&names, 3)));
    }
}

fn micros(time: u64) -> String {
    show(&Value::Int(i64::try_from(time).unwrap_or(i64::MAX)), &Type::DURATION)
}

fn times(timings: &Timings) -> String {
    let Timings { read, resolve, plan, observe, judge, report, probes: _ } = *timings;
    let parts = [
        ("read", read),
        ("resolve", resolve),
        ("plan", plan),
        ("observe", observe),
        ("judge", judge),
        ("report", report),
    ];
    parts.map(|(name, time)| format!("{name} {}", micros(time))).join(", ")
}

fn summary(page: &mut Page, report: &RunReport, items: &[Item<'_>], style: &Style) {
    page.blank();
    page.rule("", Ink::Dim);
    if let Some(timings) = &report.timings {
        page.labelled(0, "time", &times(timings));
    }
    let looser = words::looser(report);
    if !looser.is_empty() {
        let many = words::count(words::size(looser.len()), "threshold");
        let said = format!("{many} looser than the policy's default: {}", words::listed(&looser, 3));
        page.labelled(0, "looser", &said);
    }
    let scratch = words::scratch(report);
    if !scratch.is_empty() {
        let many = words::count(words::size(scratch.len()), "check");
        let said = format!("{many} left something behind for a moment: {}", words::listed(&scratch, 3));
        page.labelled(0, "scratch", &said);
    }
    page.labelled(0, "checks", &words::counts(&report.checks_by_verdict));
    page.labelled(0, "subjects", &words::counts(&report.subjects));
    if !report.notices.is_empty() {
        let many = words::count(words::size(report.notices.len()), "finding");
        page.labelled(0, "input", &format!("{many} about waivers, overrides and the like"));
    }
    if let Some(loud) = words::nothing_judged(report) {
        page.paragraph(0, 2, Ink::Loud, &format!("!! {loud} !!"));
    }
    if let Some(id) = items.last().and_then(Item::first_id) {
        let next = format!("muster explain {id}");
        let needs = "needs a `store:` in muster.yaml, or a recording (`--facts FILE`)";
        page.labelled(0, "next", &if style.remembered { next } else { format!("{next}   ({needs})") });
    }
    let ink = if report.exit == 0 { Ink::Of(Verdict::Pass) } else { Ink::Of(Verdict::Fail) };
    page.paragraph(0, 2, ink, &format!("exit {}: {}", report.exit, report.exit_reason));
}
