//! Runs day by day; a day without one on which something was promised is a gap.

use jiff::Timestamp;

use super::super::sheet::{Cell, Sheet};
use super::super::words::{count, number, size};
use super::sections::{Section, section};
use crate::audit::{Audit, RunDay};

/// The section.
pub(super) fn runs(audit: &Audit) -> Section {
    let sheet = Sheet {
        caption: "Runs of each day and environment, and how many checks they judged; days and times are UTC",
        heads: &[
            "day",
            "environment",
            "runs",
            "ended",
            "killed",
            "first",
            "last",
            "worst",
            "judged",
            "unknown",
            "not kept",
        ],
        key: 0,
        rows: audit.run_days.iter().map(|one| row(one).into()).collect(),
        empty: "No run began in this time.".to_owned(),
        folded: false,
    };
    section("runs", "Runs", notes(audit), vec![sheet])
}

fn notes(audit: &Audit) -> Vec<String> {
    let sum = |of: fn(&RunDay) -> u64| audit.run_days.iter().map(of).sum::<u64>();
    let (runs, killed, unkept) = (sum(|one| one.runs), sum(|one| one.killed), sum(|one| one.unkept));
    let mut notes = vec![format!(
        "{} began; {} ended, {} did not. A check counts as judged on a day if one run could tell how it stands.",
        count(runs, "run"),
        number(runs - killed),
        number(killed)
    )];
    let silent = audit.run_days.iter().filter(|one| one.runs == 0).count();
    if silent > 0 {
        notes.push(format!(
            "On {} no run began, though something is promised every day.",
            count(size(silent), "day")
        ));
    }
    if unkept > 0 {
        notes.push(format!(
            "{} cannot be judged again: it named only some policies, or its texts or what it saw were not kept. \
             `--format csv-runs` says it of each.",
            count(unkept, "run")
        ));
    }
    notes
}

fn row(one: &RunDay) -> Vec<Cell> {
    let environment =
        if one.environment.is_empty() { Cell::text("all targets") } else { Cell::name(&one.environment) };
    let day = Cell::text(&one.day);
    if one.runs == 0 {
        let mut cells = vec![day, environment, Cell::Number(0)];
        cells.extend((0..4).map(|_| Cell::Nothing));
        cells.push(Cell::Badge("unknown", "no run".to_owned()));
        cells.extend((0..3).map(|_| Cell::Nothing));
        return cells;
    }
    let clock =
        |at: Option<Timestamp>| at.map_or(Cell::Nothing, |at| Cell::Text(at.strftime("%H:%M").to_string()));
    let worst = one.worst.map_or_else(|| Cell::Badge("unknown", "nothing judged".to_owned()), Cell::of);
    vec![
        day,
        environment,
        Cell::Number(one.runs),
        Cell::Number(one.ended),
        Cell::Number(one.killed),
        clock(one.first),
        clock(one.last),
        worst,
        Cell::Number(one.judged),
        Cell::Number(one.unknown),
        Cell::Number(one.unkept),
    ]
}
