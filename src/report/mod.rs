//! Formats: a run as text for a terminal, as a table, as JSON, as `JUnit` XML, as Markdown, as a page for a browser, and for reviewers of changes.
//!
//! Every format is a pure function of [`RunReport`]: no I/O, no clock, no printing. A format never changes
//! a verdict, a count or the exit code. Texts of the observed world (names of files, messages of servers)
//! are hostile until `text` has made every character that moves, hides or reorders its neighbours visible.

pub mod audit;
mod block;
pub mod controls;
mod diff;
pub mod explained;
#[cfg(test)]
mod fixture;
pub mod gate;
mod html;
mod human;
pub mod impact;
mod json;
mod junit;
mod markdown;
mod outline;
mod page;
mod parts;
pub mod review;
mod schema;
mod sheet;
mod table;
pub mod tested;
mod text;
mod web;
mod words;

pub use diff::Compared;
pub use json::VERSION;
pub use schema::json_schema;
pub(crate) use text::inline;
pub(crate) use words::count;

pub use review::Review;

use crate::verdict::RunReport;

/// A way to write a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// For a person at a terminal, the worst last.
    Human,
    /// Everything, as versioned data ([`json_schema`]).
    Json,
    /// For the test view of a CI system.
    Junit,
    /// For a comment of a pull request or the summary of a job, the worst first.
    Markdown,
    /// For a person who wants to see every check in a line.
    Table,
    /// One page for a browser and for paper.
    Html,
    /// For those who read remarks beside the lines of a change.
    Review(Review),
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Human,
        Self::Json,
        Self::Junit,
        Self::Markdown,
        Self::Table,
        Self::Html,
        Self::Review(Review::Sarif),
        Self::Review(Review::Github),
        Self::Review(Review::Gitlab),
    ];

    /// The word of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
            Self::Table => "table",
            Self::Html => "html",
            Self::Review(review) => review.word(),
        }
    }

    /// The format of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }
}

/// How the human format is drawn; the others are the same everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// May ANSI colours be used?
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Every passing check, every hidden finding, every target.
    pub verbose: bool,
    /// Is the run remembered, so that a finding can be explained by its id?
    pub remembered: bool,
}

/// The report in that format, ending with a newline.
pub fn render(report: &RunReport, format: Format, style: &Style) -> String {
    match format {
        Format::Human => human::render(report, style),
        Format::Json => json::render(report),
        Format::Junit => junit::render(report),
        Format::Markdown => markdown::render(report),
        Format::Table => table::render(report, style),
        Format::Html => html::render(report),
        Format::Review(format) => review::of_run(report, "", format),
    }
}

#[cfg(test)]
mod tests;

/// One finding as it was found at that time, for a terminal.
pub fn explain_finding(finding: &crate::verdict::Finding, at: &str, style: &Style) -> String {
    let mut page = page::Page::new(style);
    page.labelled(0, "found", at);
    page.labelled(0, "verdict", finding.verdict.word());
    block::finding(&mut page, None, finding);
    page.finish()
}
