//! `runs.json`: what the evidence is about, and the chain of its runs, a line for each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::names::{self, digest};
use super::{FORMAT, Period, Role, Scope};

/// What stands before the first run.
pub(super) const NONE_BEFORE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Where a text of an edition lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Placed {
    /// As findings name it.
    pub(super) name: String,
    /// What it is for.
    pub(super) role: Role,
    /// Its file.
    pub(super) path: String,
}

/// One run of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// From 1.
    pub(super) run: usize,
    /// What it is called where it was remembered.
    pub(super) id: String,
    /// When it began.
    pub(super) started: Timestamp,
    /// By which edition it was judged, from 1.
    pub(super) edition: usize,
    /// What it was asked.
    pub(super) scope: Scope,
    /// Digest of its recording.
    pub(super) recording: String,
    /// Digest of its findings.
    pub(super) findings: String,
    /// Why the findings are not what the recording gives now; known when this was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) not_again: Option<String>,
    /// Policies that had another text when it was recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) changed_policies: Vec<String>,
    /// The link of the run before.
    pub(super) previous: String,
    /// The link of this run.
    pub(super) link: String,
}

impl Entry {
    /// The link of this run after another one. It can be computed with `printf` and `sha256sum`.
    pub(super) fn linked(&self, previous: &str) -> String {
        let Self { id, started, recording, findings, .. } = self;
        digest(format!("{previous}\n{id}\n{started}\n{recording}\n{findings}\n").as_bytes())
    }
}

/// The whole of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Index {
    /// Version of the format.
    pub(super) evidence: u64,
    /// Version of muster.
    pub(super) muster: String,
    /// Where it was made.
    pub(super) host: String,
    /// When it was made.
    pub(super) made: Timestamp,
    /// What time it is about.
    pub(super) period: Period,
    /// Were texts replaced by keyed digests?
    pub(super) masked: bool,
    /// The key that signed it.
    pub(super) key: Option<String>,
    /// Projects and policies.
    pub(super) editions: Vec<Vec<Placed>>,
    /// Reports of the audit.
    pub(super) reports: Vec<String>,
    /// Runs of the period that are not here, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) left_out: Vec<String>,
    /// The chain.
    pub(super) runs: Vec<Entry>,
}

impl Index {
    /// As the text of its file.
    pub(super) fn to_text(&self) -> Result<String, serde_json::Error> {
        let head = serde_json::to_string(&Self { runs: Vec::new(), ..self.clone() })?;
        let head = head.strip_suffix("]}").unwrap_or(&head);
        let runs = self.runs.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        Ok(format!("{head}\n{}\n]}}\n", runs.join(",\n")))
    }

    /// From the text of its file; the error is a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let index: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if index.evidence != FORMAT {
            return Err(format!(
                "format {} is not the format {FORMAT} that this build reads",
                index.evidence
            ));
        }
        if index.to_text().map_err(|error| error.to_string())? != text {
            return Err("it is not written as muster writes it".to_owned());
        }
        let paths = index.editions.iter().flatten().map(|placed| &placed.path).chain(&index.reports);
        for path in paths {
            if !names::is_inside(path) {
                return Err(format!("the path `{}` leads out of the directory", path.escape_debug()));
            }
        }
        Ok(index)
    }

    /// The link of the last run.
    pub(super) fn head(&self) -> &str {
        self.runs.last().map_or(NONE_BEFORE, |entry| &entry.link)
    }

    /// What does not hold of the chain, with the number of the run.
    pub(super) fn broken(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        let mut previous = NONE_BEFORE;
        let mut before: Option<Timestamp> = None;
        for (at, entry) in self.runs.iter().enumerate() {
            let number = at + 1;
            if entry.run != number {
                found.push((number, format!("it is called run {}", entry.run)));
            }
            if entry.previous != previous {
                found.push((
                    number,
                    "it does not follow the run before it: one was taken out, put in or changed".to_owned(),
                ));
            }
            if entry.link != entry.linked(&entry.previous) {
                found.push((number, "its link is not that of its id, time and files".to_owned()));
            }
            if before.is_some_and(|before| before > entry.started) {
                found.push((number, "it began before the run before it".to_owned()));
            }
            if entry.started < self.period.from || entry.started >= self.period.until {
                found.push((number, "it is not of the period".to_owned()));
            }
            if entry.edition == 0 || entry.edition > self.editions.len() {
                found.push((number, format!("there is no edition {}", entry.edition)));
            }
            (previous, before) = (&entry.link, Some(entry.started));
        }
        found
    }
}
