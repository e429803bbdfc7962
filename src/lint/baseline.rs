//! What an old repository is known to have, so that only what is new is shown.
//!
//! An entry is a fingerprint, never a line number. What is found and known is not shown; what is known and no
//! longer found is told, so that the file shrinks.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::Base;
use crate::diag::{Diag, code};
use crate::source::{Loc, Source};

/// The version of the file.
const VERSION: u64 = 1;

/// One finding that is known.
struct Entry {
    print: String,
    lint: String,
    file: String,
    loc: Loc,
}

/// Findings that are known.
pub struct Baseline {
    entries: Vec<Entry>,
}

fn unusable(source: &Arc<Source>, why: impl std::fmt::Display) -> Diag {
    Diag::error(&code::BASELINE, format!("`{}` is no baseline: {why}", source.name))
        .help("`muster lint --baseline FILE --write-baseline` writes one")
}

impl Baseline {
    /// Reads a file.
    ///
    /// # Errors
    /// What makes it unusable: an entry that is not understood would hide or forget something.
    pub fn read(source: &Arc<Source>) -> Result<Self, Diag> {
        let json: Json = serde_json::from_str(&source.text).map_err(|error| unusable(source, error))?;
        match json.get("muster_baseline").and_then(Json::as_u64) {
            Some(VERSION) => {}
            Some(other) => {
                return Err(unusable(source, format!("it is of version {other}, this is {VERSION}")));
            }
            None => return Err(unusable(source, "it has no `muster_baseline`")),
        }
        let list = json.get("findings").and_then(Json::as_array);
        let list = list.ok_or_else(|| unusable(source, "it has no list of `findings`"))?;
        let entries = list.iter().map(|entry| read_entry(entry, source)).collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }

    /// Which of these fingerprints are known.
    pub fn knows(&self, prints: &[String]) -> Vec<bool> {
        let known: BTreeSet<&str> = self.entries.iter().map(|entry| entry.print.as_str()).collect();
        prints.iter().map(|print| known.contains(print.as_str())).collect()
    }

    /// Entries that are no longer found, of files that were looked at.
    pub fn stale(&self, prints: &[String], looked_at: impl Fn(&str) -> bool) -> Vec<Diag> {
        let found: BTreeSet<&str> = prints.iter().map(String::as_str).collect();
        let gone = |entry: &&Entry| !found.contains(entry.print.as_str()) && looked_at(&entry.file);
        let said = |entry: &Entry| {
            let message = format!("`{}` of the baseline is no longer found in `{}`", entry.lint, entry.file);
            Diag::warning(&code::STALE_BASELINE, message)
                .at(&entry.loc, "")
                .help("write the baseline anew: `--write-baseline`")
        };
        self.entries.iter().filter(gone).map(said).collect()
    }
}

fn read_entry(entry: &Json, source: &Arc<Source>) -> Result<Entry, Diag> {
    let text = |key: &str| {
        let found = entry.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
        found.map(str::to_owned).ok_or_else(|| unusable(source, format!("an entry has no `{key}`")))
    };
    let (print, lint, file) = (text("fingerprint")?, text("lint")?, text("file")?);
    let at = source.text.find(&format!("\"{print}\"")).unwrap_or(0);
    let loc = Loc::new(source, at + 1, at + 1 + print.len());
    Ok(Entry { print, lint, file, loc })
}

/// The text of a file that knows all of these, sorted by file.
pub fn written(diags: &[&Diag], prints: &[String], base: &Base) -> String {
    let mut list: Vec<(String, &str, &str, &str)> = diags
        .iter()
        .zip(prints)
        .map(|(diag, print)| {
            let file =
                diag.labels.first().map_or_else(|| "-".to_owned(), |label| base.name(&label.loc.source.name));
            (file, diag.code.id, print.as_str(), diag.message.as_str())
        })
        .collect();
    list.sort();
    let entry = |(file, lint, print, message): &(String, &str, &str, &str)| json!({ "fingerprint": print, "lint": lint, "file": file, "message": message });
    let json = json!({ "muster_baseline": VERSION, "findings": list.iter().map(entry).collect::<Vec<_>>() });
    format!("{json:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Baseline, Diag> {
        Baseline::read(&Source::new("b.json", text))
    }

    #[test]
    fn a_file_that_is_not_understood_is_refused() {
        for text in [
            "",
            "[]",
            "{}",
            "{\"muster_baseline\":2,\"findings\":[]}",
            "{\"muster_baseline\":1}",
            "{\"muster_baseline\":1,\"findings\":[{\"fingerprint\":\"a\"}]}",
            "{\"muster_baseline\":1,\"findings\":[1]}",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("{\"muster_baseline\":1,\"findings\":[]}").is_ok());
    }

    #[test]
    fn what_was_written_is_known_and_what_is_gone_is_told() {
        let source = Source::new("p.yaml", "a\nb\n");
        let diag = |at| Diag::warning(&code::SLOW_PAGE, "m").at(&Loc::new(&source, at, at + 1), "");
        let diags = [diag(0), diag(2)];
        let base = Base { here: "/".into(), root: "/".into() };
        let prints = super::super::fingerprints(&diags, &base);
        let text = written(&diags.iter().collect::<Vec<_>>(), &prints, &base);
        let baseline = read(&text).unwrap();
        assert_eq!(baseline.knows(&prints), [true, true]);
        assert_eq!(baseline.knows(&["x".to_owned()]), [false]);
        let stale = baseline.stale(&prints[..1], |_| true);
        assert_eq!((stale.len(), stale[0].labels[0].loc.text()), (1, prints[1].as_str()));
        assert_eq!(baseline.stale(&prints[..1], |file| file != "p.yaml"), []);
    }
}
