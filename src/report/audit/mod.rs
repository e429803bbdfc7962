//! An audit as a page for a browser and for paper, as Markdown for a ticket or a wiki, as tables for a spreadsheet, and as
//! data: pure functions of the frozen model. First what a manager reads in a minute, then the tables, then the evidence.
//!
//! Invariant: an audit in which nothing was judged is never drawn as a good one.

mod beneath;
mod chart;
mod controls;
mod csv;
mod findings;
#[cfg(test)]
mod fixture;
mod glance;
mod html;
mod json;
mod markdown;
mod points;
mod population;
mod runs;
mod schema;
mod schema_exception;
mod schema_runs;
mod sections;
#[cfg(test)]
mod tests;

use crate::audit::Audit;

pub use csv::CsvTable;
pub(crate) use glance::is_checked;
pub use json::VERSION;
pub use schema::json_schema;

/// Who reads it, and what is told first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Somebody who was not there: what was checked, what was not, what was allowed.
    Quarterly,
    /// The team: what got worse, what lies ahead, who owns what is open.
    Weekly,
}

impl Kind {
    /// What stands above it.
    fn title(self, audit: &Audit) -> String {
        match self {
            Self::Quarterly => format!("Audit of {}", audit.period.name),
            Self::Weekly => format!("Report of {}", audit.period.name),
        }
    }
}

/// One self-contained page.
pub fn html(audit: &Audit, kind: Kind) -> String {
    html::render(audit, kind)
}

/// For an issue or a wiki: long tables are cut, with a word of where all is.
pub fn markdown(audit: &Audit, kind: Kind) -> String {
    markdown::render(audit, kind)
}

/// One table for a spreadsheet.
pub fn csv(audit: &Audit, table: CsvTable) -> String {
    csv::render(audit, table)
}

/// The model itself, by the schema [`json_schema`].
pub fn json(audit: &Audit) -> String {
    json::render(audit)
}
