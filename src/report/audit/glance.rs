//! What a manager reads in a minute: what it comes to, in figures and sentences. Every format begins with it.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Serialize;

use super::super::sheet::{at, between, days, lasted};
use super::super::words::{count, number, size};
use super::Kind;
use crate::audit::{Audit, Control, Gap, History};
use crate::verdict::{Severity, Verdict};

/// So many lines of each kind; the tables have all.
const SHOWN: usize = 5;

/// A figure, and what it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Tile {
    pub(super) tone: &'static str,
    pub(super) figure: String,
    pub(super) of: String,
}

/// Something that somebody has to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Point {
    /// As a verdict's word.
    pub(super) tone: &'static str,
    pub(super) said: String,
    /// The first ones.
    pub(super) first: Vec<String>,
    /// How many are not among them.
    pub(super) more: usize,
    /// The section that has all.
    pub(super) section: &'static str,
}

/// How much of what is open belongs to somebody, from critical to low.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Owned {
    pub(super) owner: String,
    pub(super) by_severity: [u64; 4],
    pub(super) all: u64,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Glance {
    pub(super) tone: &'static str,
    pub(super) decision: String,
    pub(super) nothing: bool,
    pub(super) tiles: Vec<Tile>,
    pub(super) points: Vec<Point>,
    pub(super) owners: Vec<Owned>,
}

/// Severities, the worst first.
pub(super) const SEVERITIES: [Severity; 4] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

/// A control that was looked at: all else is a control that nobody checked, a state that is not known as well.
pub(super) fn is_checked(control: &Control) -> bool {
    !control.policies.is_empty() && matches!(&*control.state, "held" | "warning" | "failing")
}

/// Did it begin, or come back, within the period?
pub(super) fn is_new(history: &History) -> bool {
    history.is_open() && history.spells.last().is_some_and(|last| last.to.is_none() && !last.earlier)
}

/// Times after which findings were mended, the shortest first.
pub(super) fn mended(audit: &Audit) -> Vec<SignedDuration> {
    let spells = audit.findings.iter().flat_map(|finding| &finding.spells);
    let mut times: Vec<SignedDuration> =
        spells.filter_map(|spell| Some(between(spell.from, spell.to?))).collect();
    times.sort_unstable();
    times
}

/// Was anything judged at all? Nobody may take an empty page for a good one.
pub(super) fn nothing_judged(audit: &Audit) -> bool {
    let verdicts = audit.population.checks.iter().map(|check| &check.verdicts);
    let judged: u64 = verdicts.map(|all| all.total() - all.skipped).sum();
    audit.store.runs == 0 || (judged == 0 && audit.population.judged == 0)
}

pub(super) fn glance(audit: &Audit, kind: Kind) -> Glance {
    let nothing = nothing_judged(audit);
    let mut points = points(audit);
    if kind == Kind::Weekly {
        points.splice(0..0, ahead(audit));
        points.splice(0..0, worse(audit));
    }
    let open: Vec<&History> = audit.findings.iter().filter(|finding| finding.is_open()).collect();
    let (tone, decision) = decision(audit, nothing, &open, &points);
    Glance { tone, decision, nothing, tiles: tiles(audit, &open), points, owners: owners(&open) }
}

/// What it comes to; only what is whole and has nothing open is good.
fn decision(audit: &Audit, nothing: bool, open: &[&History], points: &[Point]) -> (&'static str, String) {
    let failing = open.iter().filter(|finding| finding.now == Some(Verdict::Fail)).count();
    let (expected, missed) = (audit.population.expected, audit.population.missed);
    let gaps = format!("{} of {} promised judgements did not happen", number(missed), number(expected));
    match (failing, missed) {
        _ if nothing => ("unknown", "Nothing was judged in this time".to_owned()),
        (0, 0) if points.iter().all(|point| point.tone == "pass") => {
            ("pass", "Everything that was promised was judged, and nothing is open".to_owned())
        }
        (0, 0) if expected == 0 => {
            ("unknown", "Nothing was promised, so nobody can say what is missing".to_owned())
        }
        (0, 0) => ("warn", format!("Nothing fails; {} to look at", count(size(points.len()), "thing"))),
        (0, _) => ("unknown", format!("Nothing that was judged fails; {gaps}")),
        (failing, 0) => ("fail", format!("{} now", fails(size(failing)))),
        (failing, _) => ("fail", format!("{} now; {gaps}", fails(size(failing)))),
    }
}

fn fails(many: u64) -> String {
    format!("{} {}", count(many, "finding"), if many == 1 { "fails" } else { "fail" })
}

fn tone(bad: bool, word: &'static str) -> &'static str {
    if bad { word } else { "pass" }
}

fn tiles(audit: &Audit, open: &[&History]) -> Vec<Tile> {
    let tile = |tone, figure: String, of: String| Tile { tone, figure, of };
    let population = &audit.population;
    let (judged, expected) = (population.judged, population.expected);
    let by_severity: Vec<String> = SEVERITIES
        .iter()
        .map(|severity| (severity, open.iter().filter(|finding| finding.severity == *severity).count()))
        .filter(|(_, many)| *many > 0)
        .map(|(severity, many)| format!("{} {}", number(size(many)), severity.word()))
        .collect();
    let times = mended(audit);
    let middle = times.get(times.len() / 2).map(|time| format!(", half of them within {}", lasted(*time)));
    let worse = audit.exceptions.iter().filter(|one| !one.worse.is_empty()).count();
    let controls: Vec<&Control> = audit.controls.iter().flat_map(|all| &all.controls).collect();
    let checked = controls.iter().filter(|control| is_checked(control)).count();
    let faulty = audit.attestations.iter().filter(|one| !one.faults.is_empty()).count();
    let colon = |told: String| if told.is_empty() { told } else { format!(": {told}") };
    let mut tiles = vec![
        tile(
            tone(judged < expected || expected == 0, "unknown"),
            format!("{} of {}", number(judged), number(expected)),
            format!("expected judgements happened{}", share(judged, expected)),
        ),
        tile(
            tone(!open.is_empty(), "fail"),
            number(size(open.len())),
            format!("findings open{}", colon(by_severity.join(", "))),
        ),
        tile("pass", number(size(times.len())), format!("times mended{}", middle.unwrap_or_default())),
        tile(
            tone(worse > 0, "warn"),
            number(size(audit.exceptions.len())),
            format!("exceptions, {} hid something that got worse", number(size(worse))),
        ),
    ];
    if !controls.is_empty() {
        let (checked, all) = (size(checked), size(controls.len()));
        let figure = format!("{} of {}", number(checked), number(all));
        tiles.push(tile(tone(checked < all, "warn"), figure, "controls were checked".to_owned()));
    }
    if !audit.attestations.is_empty() {
        let figure = format!("{} of {}", number(size(faulty)), number(size(audit.attestations.len())));
        tiles.push(tile(tone(faulty > 0, "warn"), figure, "attestations do not count".to_owned()));
    }
    tiles
}

/// In percent, rounded down: 100 % is only what is whole.
fn share(part: u64, whole: u64) -> String {
    let tenths = part.saturating_mul(1_000).checked_div(whole);
    tenths.map_or_else(String::new, |tenths| format!(" ({}.{} %)", tenths / 10, tenths % 10))
}

fn point(tone: &'static str, section: &'static str, said: String, all: Vec<String>) -> Point {
    let more = all.len().saturating_sub(SHOWN);
    Point { tone, said, first: all.into_iter().take(SHOWN).collect(), more, section }
}

/// What nobody may overlook, left out where there is nothing of it.
fn points(audit: &Audit) -> Vec<Point> {
    let mut all = Vec::new();
    all.extend(unseen(audit));
    all.extend(missed(audit));
    all.extend(open(audit));
    all.extend(mending(audit));
    all.extend(hidden(audit));
    all.extend(unchecked(audit));
    all.extend(attested(audit));
    all
}

/// What the store cannot know.
fn unseen(audit: &Audit) -> Vec<Point> {
    let (population, store) = (&audit.population, &audit.store);
    let mut all = Vec::new();
    if population.expected == 0 {
        let said = "No tier promises a judgement in this time, so that nobody can say what is missing";
        all.push(point("unknown", "missed", said.to_owned(), Vec::new()));
    }
    if let Some(time) = population.unseen {
        let said = format!("The store knows nothing of the time before {}", at(time));
        all.push(point("unknown", "missed", said, Vec::new()));
    }
    if store.unpromised > 0 {
        let said = format!(
            "{} of {} named only some policies, and promised nothing",
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

/// A finding in one line.
fn told(finding: &History, audit: &Audit) -> String {
    let subject = if finding.subject.is_empty() { String::new() } else { format!(" {}:", finding.subject) };
    let since = finding.since().map(|since| days(between(since, audit.period.until)));
    let since = since.map(|since| format!(", since {since}")).unwrap_or_default();
    format!(
        "{} {} at {}:{subject} {} ({}{since})",
        finding.severity.word(),
        finding.policy,
        finding.target,
        finding.message,
        finding.owner
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
                one.kind.word(),
                one.policy,
                if one.owner.is_empty() { "no owner" } else { &one.owner },
                if one.ticket.is_empty() { "no ticket" } else { &one.ticket },
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
    let all: Vec<String> = audit.outlook.iter().map(when).collect();
    let said = format!(
        "{} soon, or crosses its limit",
        if all.len() == 1 { "1 thing ends".to_owned() } else { format!("{} things end", all.len()) }
    );
    (!all.is_empty()).then(|| point("warn", "outlook", said, all))
}

fn when(one: &crate::audit::Ahead) -> String {
    let range = if one.from == one.to { one.from.clone() } else { format!("{} to {}", one.from, one.to) };
    format!("{} {}: {} ({range})", one.kind, one.name, one.what)
}

fn owners(open: &[&History]) -> Vec<Owned> {
    let mut all: BTreeMap<&str, [u64; 4]> = BTreeMap::new();
    for finding in open {
        let counts = all.entry(&finding.owner).or_default();
        for (slot, _) in counts.iter_mut().zip(SEVERITIES).filter(|(_, word)| *word == finding.severity) {
            *slot += 1;
        }
    }
    let mut owners: Vec<Owned> = all
        .into_iter()
        .map(|(owner, by_severity)| Owned {
            owner: owner.to_owned(),
            all: by_severity.iter().sum(),
            by_severity,
        })
        .collect();
    owners.sort_by_key(|one| std::cmp::Reverse(one.by_severity));
    owners
}
