//! What a manager reads in a minute: what it comes to, in figures and sentences. Every format begins with it.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Serialize;

use super::super::sheet::{between, lasted};
use super::super::words::{count, number, size};
use super::Kind;
use super::points::points;
use crate::audit::{Audit, Control, History};
use crate::verdict::{Severity, Verdict};

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
pub(crate) fn is_checked(control: &Control) -> bool {
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
    let points = points(audit, kind);
    let open: Vec<&History> = audit.findings.iter().filter(|finding| finding.is_open()).collect();
    let mut tiles = tiles(audit, &open);
    // That nobody looked is nothing good, wherever a figure is zero.
    tiles.iter_mut().filter(|tile| nothing && tile.tone == "pass").for_each(|tile| tile.tone = "unknown");
    let (tone, decision) = decision(audit, nothing, &open, &points);
    Glance { tone, decision, nothing, tiles, points, owners: owners(&open) }
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
