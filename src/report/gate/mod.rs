//! One page that a release manager signs: what a gate compared, how exactly, what differs, what could not be compared and
//! why, what stayed behind, who accepted which difference, and how it went over time.
//!
//! As HTML it is one file without a script that can be printed; as Markdown a page for a ticket; as JSON the same as data.

mod html;
mod json;
mod markdown;
mod schema;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::Serialize;

use crate::fact::Identity;
use crate::verdict::RunReport;

pub use json::VERSION;
pub use schema::json_schema;

/// A way to write the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageFormat {
    /// For a browser and for paper.
    Html,
    /// For a ticket.
    Markdown,
    /// As data.
    Json,
}

impl PageFormat {
    /// By the end of a file's name.
    pub fn of_file(name: &str) -> Option<Self> {
        let end = name.rsplit_once('.').map(|(_, end)| end.to_lowercase())?;
        match end.as_str() {
            "html" | "htm" => Some(Self::Html),
            "md" | "markdown" => Some(Self::Markdown),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// The snapshot that was compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SnapshotNote {
    /// Its file.
    pub file: String,
    /// SHA-256 of the file.
    pub digest: String,
    /// When it was taken, RFC 3339 UTC.
    pub taken: String,
    /// By which version of muster.
    pub muster: Arc<str>,
    /// On which host.
    pub host: Option<Arc<str>>,
    /// Was everything observed that was asked for?
    pub complete: bool,
}

/// Two sides that were compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SideNote {
    /// The target of the new side.
    pub target: Arc<str>,
    /// Its source; the target itself in place.
    pub source: Arc<str>,
    /// Who the source was.
    pub then: Option<Identity>,
    /// Who the target is.
    pub now: Option<Identity>,
}

/// One subject that was compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its name; empty if the target itself is meant.
    pub subject: String,
    /// What was there, as facts and values.
    pub then: String,
    /// What is there.
    pub now: String,
    /// How it was compared: `native`, `stream`, `exact` …
    pub method: String,
    /// Digests of both sides, if there are any.
    pub digests: [Option<String>; 2],
    /// Is it the same on both sides? Nothing if one of them could not be read.
    pub same: Option<bool>,
}

/// What one observation of one check compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// The policy.
    pub policy: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// What it was compared with.
    pub source: Arc<str>,
    /// The probe.
    pub probe: Arc<str>,
    /// What came out of the check.
    pub verdict: Arc<str>,
    /// When the old side was observed.
    pub then: Option<String>,
    /// When the new side was observed.
    pub now: String,
    /// How many subjects.
    pub subjects: u64,
    /// How many of them are the same on both sides.
    pub same: u64,
    /// Rows of data behind them, if the probe counts them.
    pub rows: Option<u64>,
    /// The subjects; the first ones if there are very many.
    pub lines: Vec<Line>,
    /// How many subjects are not shown.
    pub more: u64,
}

/// Something that could not be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Uncompared {
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// The subject; empty if the whole is meant.
    pub subject: String,
    /// Which kind of reason: a cause of `unknown`, or `skipped`.
    pub cause: String,
    /// Why.
    pub what: String,
    /// What would make it readable.
    pub fix: Option<String>,
}

/// What a move left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// The target.
    pub target: Arc<str>,
    /// The source in which it is.
    pub source: Arc<str>,
    /// The probe that saw it.
    pub probe: Arc<str>,
    /// How many rows of its answer.
    pub count: u64,
    /// Their names, the first ones if there are very many.
    pub names: Vec<Arc<str>>,
}

/// One round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Round {
    /// When it began.
    pub at: String,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Questions that were asked.
    pub asked: u64,
    /// Questions whose answers of an earlier round were kept.
    pub kept: u64,
    /// Checks that held at its end.
    pub holding: u64,
    /// Of how many.
    pub checks: u64,
}

/// A check came out otherwise than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// When.
    pub at: String,
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// From which verdict; nothing the first time.
    pub from: Option<Arc<str>>,
    /// To which, or `waits`.
    pub to: Arc<str>,
    /// What was said then.
    pub said: String,
}

/// How it went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// How long it could be waited, if it could.
    pub wait: Option<String>,
    /// How often in a row everything had to hold.
    pub stable: u32,
    /// How it ended: `done`, `late`, `cancelled`.
    pub end: &'static str,
    /// The rounds; the verdict is that of the last.
    pub rounds: Vec<Round>,
    /// What changed, in order.
    pub changes: Vec<Change>,
    /// Checks that held and then did not, with how often.
    pub flapped: Vec<(String, u64)>,
}

/// Everything that the page says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GatePage {
    /// When it ended.
    pub ended: String,
    /// The snapshot; nothing if both sides were asked.
    pub snapshot: Option<SnapshotNote>,
    /// Who was compared with whom.
    pub sides: Vec<SideNote>,
    /// What was compared.
    pub compared: Vec<Compared>,
    /// What could not be.
    pub uncompared: Vec<Uncompared>,
    /// What stayed behind.
    pub dropped: Vec<Dropped>,
    /// How it went.
    pub timeline: Timeline,
    /// What was judged.
    pub report: RunReport,
}

/// Who a side is: two databases of one server are two sides.
fn who(identity: Option<&Identity>) -> String {
    let Some(identity) = identity else { return "did not answer".to_owned() };
    let database = identity.database.as_ref().map(|name| format!("database {name}, ")).unwrap_or_default();
    format!("{database}{}", super::words::identity(identity))
}

impl GatePage {
    /// The page in that format.
    pub fn render(&self, format: PageFormat) -> String {
        match format {
            PageFormat::Html => html::render(self),
            PageFormat::Markdown => markdown::render(self),
            PageFormat::Json => json::render(self),
        }
    }

    /// How many subjects were compared.
    pub fn subjects(&self) -> u64 {
        self.compared.iter().map(|one| one.subjects).sum()
    }

    /// What it comes to, in a few words.
    fn decision(&self) -> (&'static str, &'static str) {
        match self.report.exit {
            0 => ("pass", "The gate is open"),
            1 => ("fail", "The gate is closed"),
            4 => ("unknown", "Nothing was compared"),
            _ => ("unknown", "Not everything could be judged"),
        }
    }

    /// Everything that is not as it should be, and nobody accepted.
    fn findings(&self, wanted: &[crate::verdict::Verdict]) -> Vec<&crate::verdict::Finding> {
        let all = self.report.checks.iter().flat_map(|check| &check.findings);
        let mut found: Vec<_> = all.filter(|finding| wanted.contains(&finding.verdict)).collect();
        found.sort_by_key(|finding| std::cmp::Reverse((finding.verdict, finding.severity)));
        found
    }
}
