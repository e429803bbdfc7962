//! A named text and half-open byte ranges in it.

use std::fmt;
use std::sync::Arc;

/// A text with the name under which the user knows it (a path, or `<command line>`).
#[derive(PartialEq, Eq)]
pub struct Source {
    /// How the user calls it.
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
}

impl Source {
    /// A source to point into.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }
}

/// A byte range of a source.
#[derive(Clone, PartialEq, Eq)]
pub struct Loc {
    /// The text that is pointed into.
    pub source: Arc<Source>,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Loc {
    /// A range; offsets beyond 4 GiB are cut, because no source may be that large.
    pub fn new(source: &Arc<Source>, start: usize, end: usize) -> Self {
        let cut = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { source: Arc::clone(source), start: cut(start), end: cut(end.max(start)) }
    }

    /// A place in nothing, for values that no text holds (a default of the program).
    pub fn nowhere(name: &str) -> Self {
        Self::new(&Source::new(name, ""), 0, 0)
    }

    /// The text of the range; empty if the range is not within the source.
    pub fn text(&self) -> &str {
        self.source.text.get(self.start as usize..self.end as usize).unwrap_or("")
    }

    /// Line and column of the start, both from 1, the column in characters.
    pub fn line_column(&self) -> (usize, usize) {
        let before = self.source.text.get(..self.start as usize).unwrap_or("");
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let last = before.rsplit('\n').next().unwrap_or("");
        (line, last.trim_start_matches('\u{feff}').chars().count() + 1)
    }

    /// The same source, another range.
    pub fn with(&self, start: usize, end: usize) -> Self {
        Self::new(&self.source, start, end)
    }
}

impl fmt::Display for Loc {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.source.text.is_empty() {
            return write!(out, "{}", self.source.name);
        }
        let (line, column) = self.line_column();
        write!(out, "{}:{line}:{column}", self.source.name)
    }
}

impl fmt::Debug for Loc {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let source = Source::new("a.yaml", "x: 1\nä€y: 2\n");
        let loc = Loc::new(&source, 10, 11);
        assert_eq!(loc.text(), "y");
        assert_eq!(loc.line_column(), (2, 3));
        assert_eq!(loc.to_string(), "a.yaml:2:3");
    }
}
