//! What was to be judged and what was: gaps, checks, runs that never ended, clocks, days.

use super::super::sheet::{Cell, Row, Sheet, at, between, days as in_days};
use super::super::words::{number, size};
use super::glance::nothing_judged;
use super::sections::Section;
use crate::audit::{Audit, Counted, Gap};
use crate::verdict::Verdict;

/// What was not judged.
pub(super) fn missed(audit: &Audit) -> Section {
    let population = &audit.population;
    let mut notes = vec![format!(
        "Of {} promised judgements {} happened and {} did not.",
        number(population.expected),
        number(population.judged),
        number(population.missed)
    )];
    if let Some(time) = population.unseen {
        notes.push(format!(
            "The store knows nothing of the time before {}: what happened then is neither good nor bad here, it is not known.",
            at(time)
        ));
    }
    let mut sheets = vec![gaps(audit)];
    sheets.extend(interrupted(audit));
    sheets.extend(clocks(audit));
    sheets.push(checks(audit));
    Section { id: "missed", title: "What was not judged".to_owned(), notes, sheets }
}

fn check(policy: &str, target: &str) -> Cell {
    Cell::Under(Box::new(Cell::name(policy)), format!("at {target}"))
}

fn gap(gap: &Gap) -> Row {
    let to = if gap.open { Cell::Badge("fail", "still".to_owned()) } else { Cell::Time(gap.to) };
    let meanwhile = match (gap.runs, gap.unread) {
        (0, _) => "no run at all".to_owned(),
        (runs, 0) => format!("{} runs, none of them judged it", number(runs)),
        (runs, unread) => format!("{} runs, {} of them could not read it", number(runs), number(unread)),
    };
    Row::from(vec![
        check(&gap.policy, &gap.target),
        Cell::text(&gap.tier),
        Cell::text(&gap.owner),
        Cell::Text(in_days(between(gap.from, gap.to))),
        Cell::Time(gap.from),
        to,
        Cell::Number(gap.missed),
        Cell::Text(meanwhile),
    ])
}

fn gaps(audit: &Audit) -> Sheet {
    let population = &audit.population;
    let empty = match () {
        () if nothing_judged(audit) => "Nothing was judged at all in this time.",
        () if population.expected == 0 => {
            "Nothing was promised, so that nothing can be late: this says nothing about what was judged."
        }
        () => "Every check was judged as often as its tier promises.",
    };
    Sheet {
        caption: "Times in which a check was not judged, the longest first",
        heads: &["check", "tier", "owner", "for", "from", "to", "missed", "meanwhile"],
        key: 0,
        rows: population.gaps.iter().map(gap).collect(),
        empty: empty.to_owned(),
        folded: false,
    }
}

fn interrupted(audit: &Audit) -> Option<Sheet> {
    let rows: Vec<Row> = audit
        .population
        .interrupted
        .iter()
        .map(|one| Row::from(vec![Cell::Time(one.at), Cell::name(&one.host), Cell::text(&one.about)]))
        .collect();
    (!rows.is_empty()).then(|| Sheet {
        caption: "Runs that began and never ended",
        heads: &["began", "host", "about"],
        key: 0,
        rows,
        empty: String::new(),
        folded: false,
    })
}

fn clocks(audit: &Audit) -> Option<Sheet> {
    let rows: Vec<Row> = audit
        .population
        .clocks
        .iter()
        .map(|one| Row::from(vec![Cell::Time(one.at), Cell::Time(one.before), Cell::name(&one.host)]))
        .collect();
    (!rows.is_empty()).then(|| Sheet {
        caption: "Where the clock went backwards: these runs began before the run that was saved before them",
        heads: &["began", "saved after one that began", "host"],
        key: 0,
        rows,
        empty: String::new(),
        folded: false,
    })
}

fn counted(one: &Counted) -> Row {
    let since = match (one.new, one.ended) {
        (false, false) => "all the time".to_owned(),
        (true, false) => format!("new since {}", at(one.from)),
        (false, true) => format!("until {}", at(one.until)),
        (true, true) => format!("{} to {}", at(one.from), at(one.until)),
    };
    let other =
        [Verdict::Fail, Verdict::Unknown, Verdict::Warn, Verdict::Waived, Verdict::Skipped, Verdict::Pass]
            .into_iter()
            .filter(|verdict| one.verdicts.of(*verdict) > 0)
            .map(|verdict| format!("{} {}", number(one.verdicts.of(verdict)), verdict.word()))
            .collect::<Vec<_>>();
    let never = || Cell::Badge("unknown", "never".to_owned());
    let expected = if one.every.is_none() && one.expected == 0 {
        Cell::Text("not by the clock".to_owned())
    } else {
        Cell::Number(one.expected)
    };
    Row::from(vec![
        one.now.map_or_else(never, Cell::of),
        check(&one.policy, &one.target),
        Cell::text(&one.tier),
        Cell::text(&one.owner),
        Cell::Text(since),
        expected,
        Cell::Number(one.judged),
        Cell::Number(one.missed),
        if other.is_empty() { Cell::Nothing } else { Cell::Text(other.join(", ")) },
        one.last.map_or_else(never, Cell::Time),
    ])
}

fn checks(audit: &Audit) -> Sheet {
    Sheet {
        caption: "Every check that was promised, those that missed most first",
        heads: &[
            "now",
            "check",
            "tier",
            "owner",
            "promised",
            "expected",
            "judged",
            "missed",
            "all verdicts",
            "last read",
        ],
        key: 1,
        rows: audit.population.checks.iter().map(counted).collect(),
        empty: "No run of this time promised a check.".to_owned(),
        folded: audit.population.checks.len() > 12,
    }
}

/// The numbers of the charts.
pub(super) fn days(audit: &Audit) -> Section {
    let silent = audit.days.iter().filter(|day| super::chart::judged(day).is_none()).count();
    let rows = audit.days.iter().map(|day| {
        let mut cells = vec![Cell::text(&day.day), Cell::Number(day.runs)];
        if let Some(counts) = super::chart::judged(day) {
            cells.extend(Verdict::ALL.iter().rev().map(|verdict| Cell::Number(counts.of(*verdict))));
        } else {
            let word = if day.runs == 0 { "no run" } else { "nothing judged" };
            cells.push(Cell::Badge("unknown", word.to_owned()));
            cells.extend(Verdict::ALL.iter().skip(1).map(|_| Cell::Nothing));
        }
        Row::from(cells)
    });
    let sheet = Sheet {
        caption: "Of each day (UTC) the last verdict of every check that was judged on it",
        heads: &["day", "runs", "fail", "unknown", "warn", "waived", "skipped", "pass"],
        key: 0,
        rows: rows.collect(),
        empty: "The period has no day yet.".to_owned(),
        folded: true,
    };
    let notes = vec![format!(
        "On {} of {} days nothing was judged.",
        number(size(silent)),
        number(size(audit.days.len()))
    )];
    Section { id: "days", title: "Day by day".to_owned(), notes, sheets: vec![sheet] }
}
