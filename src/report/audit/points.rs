//! What nobody may overlook, in sentences: each says how many, names the first, and leads to the table that has all.

use super::super::sheet::{at, between, days, lasted};
use super::super::words::{count, number, size};
use super::Kind;
use super::glance::{Point, is_checked, is_new, mended};
use crate::audit::{Audit, Gap, History};
use crate::verdict::Verdict;

/// So many lines of each kind; the tables have all.
const SHOWN: usize = 5;

/// Characters of a message.
const SHORT: usize = 160;

fn point(tone: &'static str, section: &'static str, said: String, all: Vec<String>) -> Point {
    let more = all.len().saturating_sub(SHOWN);
    Point { tone, said, first: all.into_iter().take(SHOWN).collect(), more, section }
}

/// What nobody may overlook, left out where there is nothing of it.
pub(super) fn points(audit: &Audit, kind: Kind) -> Vec<Point> {
    let mut all = Vec::new();
    if kind == Kind::Weekly {
        all.extend(worse(audit));
        all.extend(ahead(audit));
    }
    all.extend(unseen(audit));
    all.extend(never(audit));
    all.extend(missed(audit));
    all.extend(open(audit));
    all.extend(waived(audit));
    all.extend(hidden(audit));
    all.extend(unchecked(audit));
    all.extend(attested(audit));
    all.extend(mending(audit));
    all.extend(disturbed(audit));
    all
}

/// What the store cannot know.
fn unseen(audit: &Audit) -> Vec<Point> {
    let population = &audit.population;
    let mut all = Vec::new();
    if population.expected == 0 {
        let said = "No tier promises a judgement in this time, so that nobody can say what is missing";
        all.push(point("unknown", "missed", said.to_owned(), Vec::new()));
    }
    if let Some(time) = population.unseen {
        let said = format!("The store knows nothing of the time before {}", at(time));
        all.push(point("unknown", "missed", said, Vec::new()));
    }
    all
}

/// Checks that were promised, and of which nobody read anything.
fn never(audit: &Audit) -> Option<Point> {
    let never = audit.population.checks.iter().filter(|check| check.last.is_none());
    let never: Vec<String> = never.map(|check| format!("{} at {}", check.policy, check.target)).collect();
    let said = format!("{} never judged", are(size(never.len()), "check"));
    (!never.is_empty()).then(|| point("unknown", "missed", said, never))
}

/// Findings that a waiver hides now.
fn waived(audit: &Audit) -> Option<Point> {
    let waived = audit.findings.iter().filter(|finding| finding.now == Some(Verdict::Waived));
    let waived: Vec<String> = waived.map(|finding| told(finding, audit)).collect();
    let said = format!("{} hidden by a waiver", are(size(waived.len()), "finding"));
    (!waived.is_empty()).then(|| point("waived", "findings", said, waived))
}

/// `1 check was`, `2 checks were`.
fn are(many: u64, noun: &str) -> String {
    format!("{} {}", count(many, noun), if many == 1 { "was" } else { "were" })
}

/// Runs that are not what they should be.
fn disturbed(audit: &Audit) -> Vec<Point> {
    let (population, store) = (&audit.population, &audit.store);
    let mut all = Vec::new();
    if store.unpromised > 0 {
        let said = format!(
            "{} of {} named only some policies, or what they promised was not kept",
            number(store.unpromised),
            count(store.runs, "run")
        );
        all.push(point("warn", "evidence", said, Vec::new()));
    }
    if !population.interrupted.is_empty() {
        let many = size(population.interrupted.len());
        let told = population.interrupted.iter().map(|one| format!("{} {}", at(one.at), one.about)).collect();
        all.push(point("unknown", "missed", format!("{} began and never ended", count(many, "run")), told));
    }
    if !population.clocks.is_empty() {
        let many = size(population.clocks.len());
        let told = population
            .clocks
            .iter()
            .map(|one| format!("{}: {} after {}", one.host, at(one.at), at(one.before)));
        let said = format!(
            "The clock went backwards {}",
            if many == 1 { "once".to_owned() } else { format!("{many} times") }
        );
        all.push(point("warn", "missed", said, told.collect()));
    }
    all
}

pub(super) fn gap(gap: &Gap) -> String {
    let still = if gap.open { ", and still is not" } else { "" };
    format!(
        "{} at {} was not judged for {} ({} to {}{still}), {} missed, owner {}",
        gap.policy,
        gap.target,
        days(between(gap.from, gap.to)),
        at(gap.from),
        at(gap.to),
        count(gap.missed, "judgement"),
        gap.owner
    )
}

fn missed(audit: &Audit) -> Option<Point> {
    let population = &audit.population;
    let checks = population.checks.iter().filter(|check| check.missed > 0).count();
    if checks == 0 && population.gaps.is_empty() && population.missed == 0 {
        return None;
    }
    let said = format!(
        "{} of {} promised judgements did not happen, of {}",
        number(population.missed),
        number(population.expected),
        count(size(checks), "check")
    );
    Some(point("unknown", "missed", said, population.gaps.iter().map(gap).collect()))
}

/// As much of a message as is read in a minute.
fn short(message: &str) -> String {
    match message.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
        None => message.to_owned(),
    }
}

/// A finding in one line.
fn told(finding: &History, audit: &Audit) -> String {
    let subject =
        if finding.subject.is_empty() { String::new() } else { format!(" {}:", short(&finding.subject)) };
    let since = finding.since().map(|since| days(between(since, audit.period.until)));
    let since = since.map(|since| format!(", since {since}")).unwrap_or_default();
    let owner = if finding.owner.is_empty() { "no owner" } else { &finding.owner };
    format!(
        "{} {} at {}:{subject} {} ({owner}{since})",
        finding.severity.word(),
        finding.policy,
        finding.target,
        short(&finding.message),
    )
}

fn open(audit: &Audit) -> Option<Point> {
    let mut open: Vec<&History> = audit.findings.iter().filter(|finding| finding.is_open()).collect();
    open.sort_by_key(|finding| std::cmp::Reverse((finding.severity, finding.now)));
    let worst = open.iter().filter_map(|finding| finding.now).max()?;
    let said = format!("{} open, the worst first", is_or_are(size(open.len()), "finding"));
    let told = open.iter().map(|finding| told(finding, audit)).collect();
    Some(point(worst.word(), "findings", said, told))
}

fn is_or_are(many: u64, noun: &str) -> String {
    format!("{} {}", count(many, noun), if many == 1 { "is" } else { "are" })
}

fn mending(audit: &Audit) -> Option<Point> {
    let times = mended(audit);
    let (middle, longest) = (times.get(times.len() / 2)?, times.last()?);
    let again: u64 = audit.findings.iter().map(|finding| finding.reopened).sum();
    let said = format!(
        "Findings were mended {}: half of the times within {}, at the latest after {}; {} back",
        if times.len() == 1 { "once".to_owned() } else { format!("{} times", number(size(times.len()))) },
        lasted(*middle),
        lasted(*longest),
        if again == 1 { "1 came".to_owned() } else { format!("{} came", number(again)) },
    );
    Some(point("pass", "findings", said, Vec::new()))
}

fn hidden(audit: &Audit) -> Option<Point> {
    let worse: Vec<String> = audit
        .exceptions
        .iter()
        .filter(|one| !one.worse.is_empty())
        .map(|one| {
            format!(
                "{} of {} ({}, {}): {}",
                one.allowed.kind.word(),
                one.allowed.policy,
                if one.allowed.owner.is_empty() { "no owner" } else { &one.allowed.owner },
                if one.allowed.ticket.is_empty() { "no ticket" } else { &one.allowed.ticket },
                one.worse.join("; ")
            )
        })
        .collect();
    let said = format!(
        "{} something that got worse",
        if worse.len() == 1 {
            "1 exception hid".to_owned()
        } else {
            format!("{} exceptions hid", worse.len())
        }
    );
    (!worse.is_empty()).then(|| point("warn", "exceptions", said, worse))
}

fn unchecked(audit: &Audit) -> Option<Point> {
    let all = audit.controls.iter().flat_map(|framework| {
        let open = framework.controls.iter().filter(|control| !is_checked(control));
        open.map(|control| {
            format!("{} {} {} ({})", framework.title, control.id, control.title, control.state)
        })
    });
    let all: Vec<String> = all.collect();
    let said = format!("Nobody checks {}", count(size(all.len()), "control"));
    (!all.is_empty()).then(|| point("warn", "controls", said, all))
}

fn attested(audit: &Audit) -> Option<Point> {
    let faulty = audit.attestations.iter().filter(|one| !one.faults.is_empty());
    let all: Vec<String> = faulty
        .map(|one| format!("{} by {} of {}: {}", one.topic, one.by, one.at, one.faults.join("; ")))
        .collect();
    let many = count(size(all.len()), "attestation");
    let said = format!("{many} {}", if all.len() == 1 { "does not count" } else { "do not count" });
    (!all.is_empty()).then(|| point("warn", "attestations", said, all))
}

/// What got worse within the time: what began or came back.
fn worse(audit: &Audit) -> Option<Point> {
    let mut new: Vec<&History> = audit.findings.iter().filter(|finding| is_new(finding)).collect();
    new.sort_by_key(|finding| std::cmp::Reverse((finding.now, finding.severity)));
    let worst = new.iter().filter_map(|finding| finding.now).max()?;
    let said = format!("{} new or came back", is_or_are(size(new.len()), "finding"));
    let told = new.iter().map(|finding| told(finding, audit)).collect();
    Some(point(worst.word(), "worse", said, told))
}

/// What will cross its limit or end.
fn ahead(audit: &Audit) -> Option<Point> {
    // How old a backup is does not end.
    let all: Vec<String> = audit.outlook.iter().filter(|one| &*one.kind != "backup").map(when).collect();
    let said = match all.len() {
        1 => "1 thing ends soon or crosses its limit".to_owned(),
        many => format!("{} things end soon or cross their limit", number(size(many))),
    };
    (!all.is_empty()).then(|| point("warn", "outlook", said, all))
}

fn when(one: &crate::audit::Ahead) -> String {
    format!("{} {}: {} ({})", one.kind, one.name, one.what, one.when())
}
