//! The list of all files: path, size and SHA-256, sorted, in a form that `sha256sum -c MANIFEST` checks as well.

use std::collections::BTreeMap;

use super::names::{is_digest, is_inside};

const HEAD: &str = "# passmuster evidence 1: above each file its size in bytes\n";

/// A file of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) size: u64,
    pub(super) digest: String,
}

/// All files by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) files: BTreeMap<String, Listed>,
}

impl Manifest {
    /// As the text of its file.
    pub(super) fn to_text(&self) -> String {
        let mut text = HEAD.to_owned();
        for (path, Listed { size, digest }) in &self.files {
            text.push_str(&format!("# {size}\n{digest}  {path}\n"));
        }
        text
    }

    /// From the text of its file; the error names the line. What is not written as this build writes it is refused: a list
    /// that can be read in two ways is none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix(HEAD).ok_or("line 1: it does not begin as a list of this format")?;
        let mut files = BTreeMap::new();
        let mut lines = rest.split_inclusive('\n').enumerate().map(|(at, line)| (at + 2, line));
        let mut last: Option<String> = None;
        while let Some((at, line)) = lines.next() {
            let size = line.strip_prefix("# ").and_then(|size| size.strip_suffix('\n'));
            let number = size.and_then(|size| size.parse::<u64>().ok());
            let Some(size) = number.filter(|number| size == Some(number.to_string().as_str())) else {
                return Err(format!("line {at}: here a size has to stand"));
            };
            let Some((at, line)) = lines.next() else {
                return Err(format!("line {at}: it ends after a size"));
            };
            let parts = line.strip_suffix('\n').and_then(|line| line.split_once("  "));
            let Some((digest, path)) = parts.filter(|(digest, _)| is_digest(digest)) else {
                return Err(format!("line {at}: here a digest and a path have to stand"));
            };
            if !is_inside(path) {
                return Err(format!(
                    "line {at}: the path `{}` leads out of the directory",
                    path.escape_debug()
                ));
            }
            if last.as_deref().is_some_and(|last| last >= path) {
                return Err(format!("line {at}: the path `{path}` is not in its place, or stands twice"));
            }
            last = Some(path.to_owned());
            files.insert(path.to_owned(), Listed { size, digest: digest.to_owned() });
        }
        Ok(Self { files })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Manifest {
        let listed = |size| Listed { size, digest: "a".repeat(64) };
        Manifest { files: [("a b".to_owned(), listed(0)), ("b/c".to_owned(), listed(12))].into() }
    }

    #[test]
    fn a_list_comes_back() {
        assert_eq!(Manifest::parse(&some().to_text()), Ok(some()));
    }

    #[test]
    fn a_list_that_was_cut_or_edited_is_refused_or_another() {
        let text = some().to_text();
        for end in 0..text.len() {
            assert_ne!(Manifest::parse(text.get(..end).unwrap()), Ok(some()), "cut at {end}");
        }
        let wrong = [
            text.replace("a b", "../b"),
            text.replace("a b", "/b"),
            text.replace("a b", "z"),
            text.replace("b/c", "a b"),
            text.replace("# 12", "# 012"),
            text.replace("# 12", "12"),
            text.replace("  b/c", " b/c"),
            text.replace("aaaa  b", "AAAA  b"),
        ];
        for text in wrong {
            assert!(Manifest::parse(&text).is_err(), "{text}");
        }
    }
}
