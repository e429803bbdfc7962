//! Looking at evidence: is every byte as it was, and does it still say what it said?

mod files;
mod proof;
mod runs;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::anchor::{self, Anchored};
use super::index::Index;
use super::key::PublicKey;
use super::manifest::Manifest;
use super::names::{self, INDEX, MANIFEST, STATEMENT, UNLISTED};
use super::{EvidenceError, Judge, Period};

/// What evidence is held against, besides itself.
#[derive(Clone, Copy, Default)]
pub struct Against<'a> {
    /// The key that must have signed it.
    pub key: Option<&'a PublicKey>,
    /// Lines that lie elsewhere.
    pub anchor: Option<&'a Path>,
}

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The file.
    pub path: String,
    /// `changed`, `cut`, `longer`, `removed`, `added`, `not-plain`, `manifest`, `index`, `chain`, `signature`, `judged`,
    /// `derived`, `anchor`.
    pub kind: &'static str,
    /// What is not as it was.
    pub says: String,
}

impl Difference {
    fn new(path: &str, kind: &'static str, says: impl Into<String>) -> Self {
        Self { path: path.to_owned(), kind, says: says.into() }
    }
}

/// What a signature proves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Signature {
    /// There is none.
    Unsigned,
    /// It is of the key that lies beside it: nobody changed anything without having that key.
    Beside {
        /// Of the key.
        key: String,
    },
    /// It is of the key that was given.
    Given {
        /// Of the key.
        key: String,
    },
    /// It is not what it must be.
    Wrong,
}

/// A run that this version of muster does not judge as it was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotJudged {
    /// Its number.
    pub run: usize,
    /// What it is called where it was remembered.
    pub id: String,
    /// Why not.
    pub why: String,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The directory.
    pub path: PathBuf,
    /// What time it is about, if that can be read.
    pub period: Option<Period>,
    /// When it was made.
    pub made: Option<Timestamp>,
    /// By which version.
    pub muster: String,
    /// Where.
    pub host: String,
    /// Were texts replaced by digests?
    pub masked: bool,
    /// How many runs it has.
    pub runs: usize,
    /// How many files were looked at.
    pub files: usize,
    /// How many bytes.
    pub bytes: u64,
    /// Runs that were judged again and say the same, byte for byte.
    pub judged_again: usize,
    /// Runs that could not be.
    pub not_again: Vec<NotJudged>,
    /// Documents that follow from the rest, and were not made again and compared: another version made them.
    pub not_compared: Vec<String>,
    /// Runs by number with policies that had another text when they were recorded.
    pub changed_policies: BTreeMap<usize, Vec<String>>,
    /// The signature.
    pub signature: Signature,
    /// The anchor, if there was one.
    pub anchor: Option<Anchored>,
    /// Reports of the audit: they are as they were listed, and are not made again.
    pub reports: Vec<String>,
    /// Runs of the period that are not here and why, as whoever made it says.
    pub left_out: Vec<String>,
    /// Everything that is not as it was.
    pub differences: Vec<Difference>,
}

/// A look in progress.
struct Look<'l> {
    folder: &'l Path,
    /// Plain files with their sizes.
    present: BTreeMap<String, u64>,
    manifest: Manifest,
    differences: Vec<Difference>,
}

impl Look<'_> {
    fn differs(&mut self, path: &str, kind: &'static str, says: impl Into<String>) {
        self.differences.push(Difference::new(path, kind, says));
    }

    /// Files of which something is not as it was.
    fn bad(&self) -> BTreeSet<String> {
        self.differences.iter().map(|difference| difference.path.clone()).collect()
    }

    /// The bytes of a file that is there.
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.present.contains_key(path).then(|| std::fs::read(self.folder.join(path)).ok()).flatten()
    }

    fn text(&self, path: &str) -> Option<String> {
        String::from_utf8(self.read(path)?).ok()
    }

    /// Looks at the list and at every file.
    fn files(&mut self) -> Result<(), EvidenceError> {
        let ours = [INDEX, STATEMENT].iter().any(|name| self.present.contains_key(*name));
        let Some(text) = self.text(MANIFEST) else {
            let is_there = self.present.contains_key(MANIFEST);
            if !is_there && !ours {
                return Err(self.not_evidence(&format!("it has no `{MANIFEST}`")));
            }
            let (kind, says) =
                if is_there { ("changed", "it is no text") } else { ("removed", "it is gone") };
            self.differs(MANIFEST, kind, says);
            return Ok(());
        };
        match Manifest::parse(&text) {
            Ok(manifest) => self.manifest = manifest,
            Err(why) if ours => {
                self.differs(MANIFEST, "manifest", why);
                return Ok(());
            }
            Err(why) => return Err(self.not_evidence(&format!("`{MANIFEST}`, {why}"))),
        }
        let found = files::compare(self.folder, &self.present, &self.manifest);
        self.differences.extend(found);
        Ok(())
    }

    fn not_evidence(&self, why: &str) -> EvidenceError {
        EvidenceError::NotEvidence { path: self.folder.to_owned(), why: why.to_owned() }
    }

    /// What the evidence is about. Without a list there is nothing to be read.
    fn index(&mut self) -> Option<Index> {
        let Some(text) = self.text(INDEX) else {
            // Also if the list was changed so that it does not miss it.
            self.differs(INDEX, "removed", "it is gone, or no text: nothing says what the evidence is about");
            return None;
        };
        match Index::parse(&text) {
            Ok(index) => Some(index),
            Err(why) => {
                self.differs(INDEX, "index", why);
                None
            }
        }
    }
}

fn begin(folder: &Path) -> Result<Look<'_>, EvidenceError> {
    let meta = std::fs::metadata(folder).map_err(|error| EvidenceError::io(folder, &error))?;
    if !meta.is_dir() {
        let why = "it is a file".to_owned();
        return Err(EvidenceError::NotEvidence { path: folder.to_owned(), why });
    }
    let (present, differences) = files::walk(folder)?;
    Ok(Look { folder, present, manifest: Manifest::default(), differences })
}

/// What of the files is not as the list says.
pub(super) fn listed_differences(folder: &Path) -> Vec<Difference> {
    let looked = begin(folder).and_then(|mut look| look.files().map(|()| look.differences));
    looked.unwrap_or_else(|error| vec![Difference::new(MANIFEST, "manifest", error.to_string())])
}

/// Looks at evidence. The error is for what is none, or for an anchor that cannot be read.
pub fn verify(folder: &Path, against: &Against<'_>, judge: &mut dyn Judge) -> Result<Checked, EvidenceError> {
    let mut look = begin(folder)?;
    look.files()?;
    let index = look.index();
    let mut checked = Checked {
        path: folder.to_owned(),
        period: None,
        made: None,
        muster: String::new(),
        host: String::new(),
        masked: false,
        runs: 0,
        files: look.present.len(),
        bytes: look.present.values().sum(),
        judged_again: 0,
        not_again: Vec::new(),
        not_compared: Vec::new(),
        changed_policies: BTreeMap::new(),
        signature: Signature::Unsigned,
        anchor: None,
        reports: Vec::new(),
        left_out: Vec::new(),
        differences: Vec::new(),
    };
    if let Some(index) = &index {
        checked.period = Some(index.period.clone());
        checked.made = Some(index.made);
        (checked.muster, checked.host) = (index.muster.clone(), index.host.clone());
        (checked.masked, checked.runs) = (index.masked, index.runs.len());
        (checked.reports, checked.left_out) = (index.reports.clone(), index.left_out.clone());
        let changed = index.runs.iter().filter(|entry| !entry.changed_policies.is_empty());
        checked.changed_policies = changed.map(|entry| (entry.run, entry.changed_policies.clone())).collect();
        look.belongs(index);
        look.chain(index);
    }
    checked.signature = look.signature(index.as_ref(), against.key);
    if let Some(index) = &index {
        let summary = look.judge(index, judge, &mut checked);
        checked.not_compared = look.derived(index, summary.as_ref());
        if let Some(path) = against.anchor {
            checked.anchor = Some(look.anchored(index, path, against.key)?);
        }
    }
    look.differences.sort_by(|one, other| one.path.cmp(&other.path));
    checked.differences = look.differences;
    Ok(checked)
}

impl Look<'_> {
    /// Is every file of the list one that belongs to evidence, and none missing from the list?
    fn belongs(&mut self, index: &Index) {
        let wanted = runs::files_of(index);
        let listed: BTreeSet<String> = self.manifest.files.keys().cloned().collect();
        // Without a list that can be read, that is what is said.
        if listed.is_empty() {
            return;
        }
        for path in wanted.difference(&listed) {
            self.differs(
                path,
                "manifest",
                format!("it belongs to the evidence, and `{MANIFEST}` does not list it"),
            );
        }
        for path in listed.difference(&wanted) {
            self.differs(
                path,
                "manifest",
                format!("`{MANIFEST}` lists it, and it belongs to nothing in `{INDEX}`"),
            );
        }
    }

    fn anchored(
        &mut self,
        index: &Index,
        path: &Path,
        given: Option<&PublicKey>,
    ) -> Result<Anchored, EvidenceError> {
        let beside = self.key_beside();
        let manifest = self.read(MANIFEST).map(|list| names::digest(&list));
        let (said, wrong) = anchor::check(path, index, given.or(beside.as_ref()), manifest.as_deref())?;
        let name = path.display().to_string();
        if said.lines == 0 && wrong.is_empty() {
            let why = if said.last_only == 0 {
                "no line of it is about this period, so it proves nothing"
            } else {
                "of no line more than the last run is here, so it proves nothing of those before"
            };
            self.differs(&name, "anchor", why);
        }
        for (line, why) in wrong {
            self.differs(&name, "anchor", format!("line {line}: {why}"));
        }
        Ok(said)
    }
}

/// Is this file one that stands in no list?
fn is_unlisted(path: &str) -> bool {
    UNLISTED.contains(&path)
}
