//! A named text and half-open byte ranges in it.

use std::fmt;
use std::sync::{Arc, OnceLock};

/// A text with the name under which the user knows it (a path, or `<command line>`).
pub struct Source {
    /// How the user calls it.
    pub name: Arc<str>,
    /// The whole text, in the place where it was read.
    pub text: Arc<String>,
    /// Where lines begin, once somebody asked: every finding names a line, so nobody may count from the top each time.
    lines: Arc<OnceLock<Vec<u32>>>,
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.text == other.text
    }
}

impl Eq for Source {}

impl Source {
    /// A source to point into.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: Arc::new(text.into()), lines: Arc::default() })
    }

    /// The same text once more. Every place counts its source, and threads that count the same one wait for each
    /// other.
    pub fn twin(&self) -> Arc<Self> {
        self.named(Arc::clone(&self.name))
    }

    /// The same text under another name.
    pub fn named(&self, name: impl Into<Arc<str>>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: Arc::clone(&self.text), lines: Arc::clone(&self.lines) })
    }

    /// How many lines begin after the first and not behind this offset, and where the last of them begins.
    fn line(&self, offset: usize) -> (usize, usize) {
        let lines = self.lines.get_or_init(|| self.begins());
        let before = lines.partition_point(|start| *start as usize <= offset);
        (before, before.checked_sub(1).and_then(|last| lines.get(last)).map_or(0, |start| *start as usize))
    }

    /// Where every line but the first begins; counted first, because a list that grows is copied many times.
    fn begins(&self) -> Vec<u32> {
        let ends = || memchr::memchr_iter(b'\n', self.text.as_bytes());
        let mut lines = Vec::with_capacity(ends().count());
        lines.extend(ends().filter_map(|end| u32::try_from(end + 1).ok()));
        lines
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
        let (lines, begin) = self.source.line(self.start as usize);
        // A range that is not within the source is at its begin.
        let Some(before) = self.source.text.get(begin..self.start as usize) else { return (1, 1) };
        (lines + 1, before.trim_start_matches('\u{feff}').chars().count() + 1)
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

    #[test]
    fn lines_are_those_of_counting_from_the_top() {
        let source = Source::new("a.yaml", "\u{feff}a\n\n€b\nc\n");
        for start in (0..=source.text.len() + 1).filter(|start| source.text.is_char_boundary(*start)) {
            let before = source.text.get(..start).unwrap();
            let line = before.matches('\n').count() + 1;
            let column =
                before.rsplit('\n').next().unwrap().trim_start_matches('\u{feff}').chars().count() + 1;
            assert_eq!(Loc::new(&source, start, start).line_column(), (line, column), "offset {start}");
        }
        assert_eq!(Loc::new(&source, 99, 99).line_column(), (1, 1));
    }
}
