//! The text of a statement, its evidence, and the file that it is added to.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::super::output::{Problem, write_new, write_over};
use super::wrong;
use crate::fact::{Type, Value, hex, show};
use crate::policy::attestations::decode;
use crate::source::Source;
use crate::source::yaml::{self, Limits, scalar};

/// What is written.
pub(super) struct Statement {
    pub topic: String,
    pub by: String,
    pub at: i64,
    pub looked_at: String,
    pub result: String,
    /// Link, and the digest of a file.
    pub evidence: Vec<(String, Option<String>)>,
    pub no_evidence: Option<String>,
    pub valid_until: String,
    pub note: Option<String>,
}

impl Statement {
    /// As a document.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |key: &str, value: &str| text.push_str(&format!("{key}: {value}\n"));
        line("attestation", &scalar(&self.topic));
        line("by", &scalar(&self.by));
        line("at", &show(&Value::Int(self.at), &Type::Time));
        line("looked_at", &scalar(&self.looked_at));
        line("result", &self.result);
        if let Some(why) = &self.no_evidence {
            line("no_evidence", &scalar(why));
        }
        if !self.evidence.is_empty() {
            text.push_str("evidence:\n");
        }
        for (link, digest) in &self.evidence {
            text.push_str(&format!("  - link: {}\n", scalar(link)));
            if let Some(digest) = digest {
                text.push_str(&format!("    sha256: {}\n", scalar(digest)));
            }
        }
        text.push_str(&format!("valid_until: {}\n", self.valid_until));
        if let Some(note) = &self.note {
            text.push_str(&format!("note: {}\n", scalar(note)));
        }
        text
    }
}

/// A file of the project with its digest, or an address.
pub(super) fn piece(given: &str, root: &Path) -> Result<(String, Option<String>), Problem> {
    if given.contains("://") {
        return Ok((given.to_owned(), None));
    }
    let lost = |error: std::io::Error| {
        let message = format!("the evidence `{given}` cannot be read: {error}");
        wrong(message, "give a file that is there, or the address at which it is kept")
    };
    let path = std::fs::canonicalize(given).map_err(lost)?;
    let home = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let home = std::fs::canonicalize(home).map_err(lost)?;
    let Some(inside) = path.strip_prefix(&home).ok().and_then(Path::to_str) else {
        let message = format!("the evidence `{given}` lies outside of the project");
        return Err(wrong(message, format!("copy it below `{}`, so that it stays there", home.display())));
    };
    let data = std::fs::metadata(&path).map_err(lost)?;
    if !data.is_file() {
        return Err(wrong(
            format!("the evidence `{given}` is no file"),
            "give a file: an archive of a folder, for example",
        ));
    }
    if data.len() == 0 {
        let help = "give what shows it: the log of the rehearsal, the list that was reviewed";
        return Err(wrong(format!("the evidence `{given}` is empty, and shows nothing"), help));
    }
    let mut file = std::fs::File::open(&path).map_err(lost)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0_u8; 128 * 1024];
    loop {
        match std::io::Read::read(&mut file, &mut piece).map_err(lost)? {
            0 => break,
            read => hash.update(piece.get(..read).unwrap_or_default()),
        }
    }
    Ok((inside.to_owned(), Some(hex(&hash.finalize()))))
}

/// What the file becomes, with what it was.
pub(super) struct Text {
    old: Option<Arc<Source>>,
    new: String,
}

/// The file with the statement at its end, which must say what it said before and this.
pub(super) fn text(file: &Path, statement: &Statement, root: &Path) -> Result<Text, Problem> {
    let there = std::fs::symlink_metadata(file).is_ok();
    let old = if there { Some(yaml::read_file(file, &Limits::default())?) } else { None };
    let before = old.as_ref().map_or("", |source| &source.text);
    let newline = if before.contains("\r\n") { "\r\n" } else { "\n" };
    let ended = if before.is_empty() || before.ends_with('\n') { "" } else { newline };
    let divided = if before.is_empty() { String::new() } else { format!("{ended}---{newline}") };
    let added = statement.text().replace('\n', newline);
    let new = format!("{before}{divided}{added}");
    let name = file.display().to_string();
    if adds_one(old.as_ref(), &Source::new(name.as_str(), new.as_str()), statement, root) {
        return Ok(Text { old, new });
    }
    let message = format!("`{name}` is written so that nothing can be added to it safely");
    let help = format!("write it there yourself; nothing was changed:\n---\n{}", statement.text());
    Err(wrong(message, help))
}

/// Does the new file say what the old one said, and this statement besides?
fn adds_one(old: Option<&Arc<Source>>, new: &Arc<Source>, statement: &Statement, root: &Path) -> bool {
    let (mut diags, mut none) = (Vec::new(), Vec::new());
    // A file with nothing but comments holds no statement, which is no fault here.
    let before = old.map(|source| decode(source, root, &mut none)).unwrap_or_default();
    let mut after = decode(new, root, &mut diags);
    let Some(last) = after.pop() else { return false };
    let alone = decode(&Source::new(Arc::clone(&new.name), statement.text()), root, &mut diags);
    let same = before.len() == after.len() && before.iter().zip(&after).all(|(old, new)| old == new);
    diags.is_empty() && same && alone.len() == 1 && alone.iter().all(|one| one.says_the_same(&last))
}

/// Writes it whole or not at all, over nothing that somebody saved meanwhile.
pub(super) fn write(file: &Path, text: &Text) -> Result<(), Problem> {
    if let Some(old) = &text.old {
        return write_over(old, &text.new);
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|error| {
            wrong(format!("`{}` cannot be made: {error}", folder.display()), "nothing was written")
        })?;
    }
    write_new(file, &text.new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Statement {
        Statement {
            topic: "access-review".into(),
            by: "team".into(),
            at: 1_790_000_000_000_000,
            looked_at: "all: of it\nin two lines".into(),
            result: "holds".into(),
            evidence: vec![("a b.csv".into(), Some(format!("1e{}", "5".repeat(62))))],
            no_evidence: None,
            valid_until: "2027-01-31".into(),
            note: Some("# no comment".into()),
        }
    }

    #[test]
    fn what_is_written_is_read_as_it_was_meant() {
        let mut diags = Vec::new();
        let found = decode(&Source::new("a.yaml", statement().text()), Path::new(""), &mut diags);
        assert!(diags.is_empty(), "{diags:?}");
        let one = &found[0];
        assert_eq!(
            (&*one.looked_at, one.at, one.note.as_deref()),
            ("all: of it\nin two lines", 1_790_000_000_000_000, Some("# no comment"))
        );
        assert_eq!((&*one.evidence[0].link, one.evidence[0].sha256.as_ref().unwrap().len()), ("a b.csv", 64));
    }

    #[test]
    fn what_stood_there_stays_with_its_comments() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.yaml");
        let added = |before: &str| {
            std::fs::write(&file, before).unwrap();
            text(&file, &statement(), dir.path()).map(|text| text.new)
        };
        let old = "# of 2025\nattestation: x\nby: team\nat: 2025-01-01\nlooked_at: |\n  all\nresult: holds\nno_evidence: none\nvalid_until: 2025-12-31  # soon";
        let one = statement().text();
        assert_eq!(added("# only a comment\n").ok(), Some(format!("# only a comment\n---\n{one}")));
        assert_eq!(added(old).ok(), Some(format!("{old}\n---\n{one}")));
        let list = format!("- {}\n", old.replace('\n', "\n  ").replacen("# of 2025\n  ", "", 1));
        assert_eq!(added(&list).ok(), Some(format!("{list}---\n{one}")));
        let windows = format!("{}\r\n", old.replace('\n', "\r\n"));
        assert!(added(&windows).ok().unwrap().starts_with(&windows));
        assert!(added("attestation: [").is_err(), "what is broken is not written over");
    }
}
