//! Remarks at lines of files, for those who read them beside a change: code scanning, annotations, code quality.
//!
//! A run and a lint are both turned into [`Remark`]s; the formats know nothing else. Each has a stable
//! fingerprint, so that a remark that was seen is not a new one when a line moves.

mod github;
mod gitlab;
mod of_run;
mod sarif;

#[cfg(test)]
pub(in crate::report) mod tests;

use serde_json::{Map, Value as Json};

use super::text;
pub(super) use of_run::place;

use crate::verdict::RunReport;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// It is to be known.
    Note,
    /// It is not right.
    Warning,
    /// It is wrong.
    Error,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the user names it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Line and column behind its end, if known.
    pub end: Option<(usize, usize)>,
}

/// One remark.
#[derive(Clone, Debug)]
pub struct Remark {
    /// Id of the rule behind it: of a policy, or of a lint.
    pub rule: String,
    /// What that rule is about, in one line.
    pub title: String,
    /// How much it matters.
    pub grade: Grade,
    /// What is so.
    pub message: String,
    /// What to do, as lines.
    pub help: String,
    /// Where, if it is about a file.
    pub place: Option<Place>,
    /// Stays the same while it is the same remark.
    pub fingerprint: String,
    /// Why it is accepted for now.
    pub suppressed: Option<Accepted>,
    /// What else a program may want to know.
    pub properties: Map<String, Json>,
}

/// Why something is accepted, and where that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The reason.
    pub why: String,
    /// Does a comment at its place say so? Otherwise another file does: a waiver of the project.
    pub in_source: bool,
}

impl Remark {
    /// Where it is shown by those who show nothing without a place: the top of the project file, if it has none.
    fn shown_at(&self, looked: &Looked) -> Place {
        let home = if looked.home.is_empty() { "muster.yaml" } else { &looked.home };
        let nowhere = || Place { file: home.to_owned(), line: 1, column: 1, end: None };
        self.place.clone().unwrap_or_else(nowhere)
    }
}

/// What was looked at, without what was found.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// Rules with their titles, those without a remark too.
    pub rules: Vec<(String, String)>,
    /// What else a program may want to know.
    pub properties: Map<String, Json>,
    /// The exit code, and why.
    pub exit: u8,
    /// In words.
    pub exit_reason: String,
    /// What looked: `check`, `lint`, `diff`. Results of one of them do not replace those of another.
    pub command: &'static str,
    /// The project file, where what has no place is shown; `muster.yaml` if it is empty.
    pub home: String,
}

/// A format of remarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Review {
    /// SARIF 2.1.0.
    Sarif,
    /// Annotations of GitHub's workflow commands.
    Github,
    /// GitLab's code quality report.
    Gitlab,
}

impl Review {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sarif, Self::Github, Self::Gitlab];

    /// The word of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
        }
    }
}

/// Remarks in that format, the worst first, ending with a newline.
pub fn render(looked: &Looked, remarks: &[Remark], format: Review) -> String {
    let mut sorted: Vec<&Remark> = remarks.iter().collect();
    sorted.sort_by_key(|remark| std::cmp::Reverse((remark.suppressed.is_none(), remark.grade)));
    match format {
        Review::Sarif => sarif::render(looked, &sorted),
        Review::Github => github::render(looked, &sorted),
        Review::Gitlab => gitlab::render(looked, &sorted),
    }
}

/// A run in that format; `home` is its project file.
pub fn of_run(report: &RunReport, home: &str, format: Review) -> String {
    let (looked, remarks) = of_run::remarks(report);
    render(&Looked { home: home.to_owned(), ..looked }, &remarks, format)
}

/// A path as a relative URI reference: `policies/a b.yaml` is `policies/a%20b.yaml`.
fn uri(file: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:@!$&'()*+,;=".contains(&byte);
    let mut out = String::new();
    for byte in file.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            text::put(&mut out, format_args!("%{byte:02X}"));
        }
    }
    // A colon in the first part would read as a scheme.
    let first = out.split('/').next().unwrap_or_default();
    if first.contains(':') { format!("./{out}") } else { out }
}
