//! Anchors: lines that lie elsewhere and say which runs there were at a time, so that it is noticed when the newest runs
//! of a chain are cut off.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::index::{Entry, Index, NONE_BEFORE};
use super::key::{PublicKey, SigningKey};
use super::statement::pae;
use super::{EvidenceError, FORMAT, Period};
use crate::fact::{hex, unhex};

/// What is signed of a line.
const KIND: &str = "application/vnd.passmuster.anchor+json";

/// An anchor is read whole.
const LARGEST: u64 = 64 << 20;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    anchor: u64,
    made: Timestamp,
    period: Period,
    /// How many runs there were.
    runs: usize,
    /// When the last of them began.
    last: Timestamp,
    /// The digest of the last of them alone.
    own: String,
    /// The link of the last of them.
    head: String,
    /// The digest of the list of files.
    manifest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
}

/// How an anchor and a chain fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Anchored {
    /// Lines that are in the chain.
    pub lines: usize,
    /// How many of them are signed by the key of the evidence.
    pub signed: usize,
    /// How many of them know this very list of files; of any other files than the runs the rest says nothing.
    pub of_this: usize,
    /// Lines of which only the last run is here, so that they prove nothing of those before it.
    pub last_only: usize,
    /// Lines about another time.
    pub other: usize,
}

/// What a line is signed over.
fn unsigned(line: &Line) -> Result<Vec<u8>, String> {
    let line = Line { signature: None, ..line.clone() };
    Ok(pae(KIND, serde_json::to_string(&line).map_err(|error| error.to_string())?.as_bytes()))
}

fn read(path: &Path) -> Result<Vec<Line>, EvidenceError> {
    let wrong = |error: &std::io::Error| EvidenceError::io(path, error);
    let size = std::fs::metadata(path).map_err(|error| wrong(&error))?.len();
    if size > LARGEST {
        return Err(EvidenceError::Input(format!(
            "the anchor `{}` is larger than an anchor can be",
            path.display()
        )));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    let lines = text.split_inclusive('\n').enumerate().map(|(at, line)| {
        let place = || format!("the anchor `{}`, line {}", path.display(), at + 1);
        let Some(line) = line.strip_suffix('\n') else {
            return Err(EvidenceError::Input(format!("{}: it is cut", place())));
        };
        let read: Line = serde_json::from_str(line)
            .map_err(|error| EvidenceError::Input(format!("{}: {error}", place())))?;
        if read.anchor != FORMAT {
            return Err(EvidenceError::Input(format!(
                "{}: its format is not the one that this build reads",
                place()
            )));
        }
        Ok(read)
    });
    lines.collect()
}

/// The link of the `count`th of these runs, if they were a chain of their own.
fn chained<'e>(entries: impl Iterator<Item = &'e Entry>, count: usize) -> Option<String> {
    let mut previous = NONE_BEFORE.to_owned();
    let mut seen = 0;
    for entry in entries.take(count) {
        previous = entry.linked(&previous);
        seen += 1;
    }
    (seen == count && count > 0).then_some(previous)
}

/// How a line fits a chain.
enum Fit {
    /// The runs, and perhaps the very list of files.
    Chain {
        of_this: bool,
    },
    LastOnly,
    Other,
}

/// How a line fits, or why it does not. `manifest` is the digest of the list, where it is made already.
fn fits(line: &Line, index: &Index, manifest: Option<&str>) -> Result<Fit, String> {
    let Period { from, until, .. } = &index.period;
    if line.last < *from || line.last >= *until {
        return Ok(Fit::Other);
    }
    let lacks = || {
        Err(format!(
            "it knows {} runs of `{}` up to {}, which the evidence does not have so: runs were cut off, taken out or changed",
            line.runs, line.period.name, line.last
        ))
    };
    if line.period.from < *from {
        // Its first runs are not here; its last one has to be.
        let known = index.runs.iter().any(|entry| entry.linked("") == line.own);
        return if known { Ok(Fit::LastOnly) } else { lacks() };
    }
    let since = index.runs.iter().filter(|entry| entry.started >= line.period.from);
    if chained(since, line.runs).as_deref() != Some(&*line.head) {
        return lacks();
    }
    // The line that was written for this very evidence knows all of its files.
    if line.made == index.made && manifest.is_some_and(|manifest| *manifest != line.manifest) {
        return Err("it was written for this evidence, and knows another list of its files".to_owned());
    }
    Ok(Fit::Chain { of_this: manifest.is_some_and(|manifest| *manifest == line.manifest) })
}

/// Is a signature, if the line has one of this key, its?
fn proven(line: &Line, key: Option<&PublicKey>) -> Result<bool, String> {
    let Some(key) = key.filter(|key| line.key.as_deref() == Some(&*key.id())) else { return Ok(false) };
    let signature = line.signature.as_deref().and_then(unhex);
    match signature {
        Some(signature) if key.proves(&unsigned(line)?, &signature) => Ok(true),
        _ => Err("its signature is not that of its key".to_owned()),
    }
}

/// How a chain fits an anchor, and what does not fit, with the number of its line.
pub(super) fn check(
    path: &Path,
    index: &Index,
    key: Option<&PublicKey>,
    manifest: Option<&str>,
) -> Result<(Anchored, Vec<(usize, String)>), EvidenceError> {
    let (mut said, mut wrong) = (Anchored::default(), Vec::new());
    for (at, line) in read(path)?.iter().enumerate() {
        match proven(line, key).and_then(|signed| Ok((signed, fits(line, index, manifest)?))) {
            Ok((signed, Fit::Chain { of_this })) => {
                said.lines += 1;
                said.of_this += usize::from(of_this);
                said.signed += usize::from(signed);
            }
            Ok((_, Fit::LastOnly)) => said.last_only += 1,
            Ok((_, Fit::Other)) => said.other += 1,
            Err(why) => wrong.push((at + 1, why)),
        }
    }
    Ok((said, wrong))
}

/// Adds a line about a chain, which has to go on from what the anchor knows.
pub(super) fn append(
    path: &Path,
    index: &Index,
    manifest: &str,
    key: Option<&SigningKey>,
) -> Result<(), EvidenceError> {
    match check(path, index, key.map(SigningKey::public), None) {
        Ok((_, wrong)) => {
            if let Some((at, why)) = wrong.first() {
                return Err(EvidenceError::Input(format!(
                    "the anchor `{}`, line {at}: {why}",
                    path.display()
                )));
            }
        }
        Err(EvidenceError::Io { .. })
            if std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound) => {}
        Err(error) => return Err(error),
    }
    let Some(last) = index.runs.last() else { return Err(EvidenceError::Nothing) };
    let mut line = Line {
        anchor: FORMAT,
        made: index.made,
        period: index.period.clone(),
        runs: index.runs.len(),
        last: last.started,
        own: last.linked(""),
        head: last.link.clone(),
        manifest: manifest.to_owned(),
        key: key.map(|key| key.public().id()),
        signature: None,
    };
    if let Some(key) = key {
        line.signature = Some(hex(&key.sign(&unsigned(&line).map_err(EvidenceError::Input)?)));
    }
    let text = serde_json::to_string(&line).map_err(|error| EvidenceError::Input(error.to_string()))?;
    let write = || -> std::io::Result<()> {
        let mut file = File::options().append(true).create(true).open(path)?;
        file.write_all(format!("{text}\n").as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| EvidenceError::io(path, &error))
}
