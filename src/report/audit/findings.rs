//! Findings over time as tables: what is open, what is hidden, what was mended.

use super::super::sheet::{Cell, Row, Sheet, at, between, days};
use super::super::text;
use super::super::words::{count, number, size};
use super::glance::nothing_judged;
use super::sections::Section;
use crate::audit::{Audit, History};

/// Characters of a message in a table; the JSON has all of it.
const LONGEST: usize = 600;

/// All findings of the period.
pub(super) fn open(audit: &Audit) -> Section {
    let (open, others): (Vec<&History>, Vec<&History>) =
        audit.findings.iter().partition(|finding| finding.is_open());
    let (hidden, mended): (Vec<&History>, Vec<&History>) =
        others.into_iter().partition(|finding| finding.now.is_some());
    let nothing = nothing_judged(audit);
    let none = |told: &'static str| {
        if nothing { "Nothing was judged in this time: that there is no finding says nothing." } else { told }
    };
    let notes = vec![format!(
        "{} of this time: {} open, {} hidden by a waiver, {} mended.",
        count(size(audit.findings.len()), "finding"),
        number(size(open.len())),
        number(size(hidden.len())),
        number(size(mended.len()))
    )];
    let sheets = vec![
        sheet("Open findings, the worst first", &open, audit, none("No finding is open.")),
        sheet("Findings that a waiver hides", &hidden, audit, none("No finding is hidden by a waiver.")),
        sheet(
            "Findings that were mended",
            &mended,
            audit,
            none("No finding was mended, as none was open that is not open now."),
        ),
    ];
    Section { id: "findings", title: "Findings".to_owned(), notes, sheets }
}

/// A table of findings.
pub(super) fn sheet(caption: &'static str, all: &[&History], audit: &Audit, empty: &str) -> Sheet {
    Sheet {
        caption,
        heads: &["now", "severity", "finding", "what was said last", "owner", "open", "seen", "came back"],
        key: 2,
        rows: all.iter().map(|finding| row(finding, audit)).collect(),
        empty: empty.to_owned(),
        folded: false,
    }
}

fn row(finding: &History, audit: &Audit) -> Row {
    let at_check = format!("{} at {}; id {}", finding.policy, finding.target, finding.id);
    let subject = if finding.subject.is_empty() { &finding.target } else { &finding.subject };
    let spans: Vec<Cell> =
        finding.spells.iter().rev().take(3).map(|spell| Cell::Text(spelled(spell, audit))).collect();
    let mut spans = spans;
    if finding.spells.len() > 3 {
        spans.push(Cell::Text(format!("… and {} times more", number(size(finding.spells.len() - 3)))));
    }
    let worst = (finding.now != Some(finding.worst)).then(|| format!("at worst {}", finding.worst.word()));
    let now = Cell::verdict(finding.now);
    Row {
        id: Some(finding.id.to_string()),
        cells: vec![
            match worst {
                Some(worst) => Cell::Under(Box::new(now), worst),
                None => now,
            },
            Cell::text(finding.severity.word()),
            Cell::Under(Box::new(Cell::name(subject)), at_check),
            Cell::Text(text::clip(&finding.message, LONGEST)),
            if finding.owner.is_empty() {
                Cell::Badge("fail", "no owner".to_owned())
            } else {
                Cell::text(&finding.owner)
            },
            Cell::list(spans),
            Cell::Text(format!("{} to {}", at(finding.first), at(finding.last))),
            Cell::Number(finding.reopened),
        ],
    }
}

fn spelled(spell: &crate::audit::Spell, audit: &Audit) -> String {
    let waived = if spell.waived > 0 {
        format!(", waived in {}", count(spell.waived, "judgement"))
    } else {
        String::new()
    };
    match spell.to {
        Some(to) => format!("{}, mended {}{waived}", days(between(spell.from, to)), at(to)),
        None => format!("{} so far{waived}", days(between(spell.from, audit.period.until))),
    }
}
