//! Tables and their cells: what every drawn format says, before it is drawn.

use jiff::{SignedDuration, Timestamp};

use crate::fact::{Type, Value, show};
use crate::verdict::Verdict;

use super::words;

/// Something in a table's cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// Nothing is to be said.
    Nothing,
    /// Prose.
    Text(String),
    /// A name, to be copied.
    Name(String),
    /// Something in the first line, and what it belongs to below.
    Under(Box<Self>, String),
    /// A verdict or another state, and its word.
    Badge(&'static str, String),
    /// A count.
    Number(u64),
    /// A time.
    Time(Timestamp),
    /// An address, if it is one, and otherwise a text.
    Link(String),
    /// A finding of this page, by id.
    Finding(String),
    /// Several.
    List(Vec<Self>),
}

impl Cell {
    pub(super) fn text(told: &str) -> Self {
        if told.is_empty() { Self::Nothing } else { Self::Text(told.to_owned()) }
    }

    pub(super) fn name(told: &str) -> Self {
        if told.is_empty() { Self::Nothing } else { Self::Name(told.to_owned()) }
    }

    /// A verdict; none says that it is mended.
    pub(super) fn verdict(verdict: Option<Verdict>) -> Self {
        verdict.map_or_else(|| Self::Badge("pass", "mended".to_owned()), Self::of)
    }

    pub(super) fn of(verdict: Verdict) -> Self {
        Self::Badge(verdict.word(), verdict.word().to_owned())
    }

    pub(super) fn list(all: Vec<Self>) -> Self {
        if all.is_empty() { Self::Nothing } else { Self::List(all) }
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }
}

/// A row, and the id by which the page can be asked for it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) id: Option<String>,
    pub(super) cells: Vec<Cell>,
}

impl From<Vec<Cell>> for Row {
    fn from(cells: Vec<Cell>) -> Self {
        Self { id: None, cells }
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sheet {
    /// What it shows, in a few words.
    pub(super) caption: &'static str,
    /// What stands above its columns.
    pub(super) heads: &'static [&'static str],
    /// Which column names the row.
    pub(super) key: usize,
    /// Its rows.
    pub(super) rows: Vec<Row>,
    /// What it means that there are none.
    pub(super) empty: String,
    /// Is it folded from its first row on?
    pub(super) folded: bool,
}

/// `11d`, `3h 20m`.
pub(super) fn lasted(time: SignedDuration) -> String {
    let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    show(&Value::Int(micros), &Type::DURATION)
}

/// `2026-07-01 09:16 UTC`.
pub(super) fn at(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `11 days`, `1 day`, or in smaller units if it is less.
pub(super) fn days(time: SignedDuration) -> String {
    match u64::try_from(time.as_hours() / 24) {
        Ok(days) if days > 0 => words::count(days, "day"),
        _ => lasted(time),
    }
}

/// The time between two others, never below nothing.
pub(super) fn between(from: Timestamp, to: Timestamp) -> SignedDuration {
    to.duration_since(from).max(SignedDuration::ZERO)
}
