//! Places in the text of an expression: Rhai says only where something begins.

use std::ops::Range;

use rhai::{ParseError, Position};

use super::explain::explain;
use crate::diag::{Diag, code};
use crate::rule::Text;

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// Maps positions of Rhai to byte offsets of a text.
pub(in crate::rule) struct Reader<'a> {
    pub(super) text: Text<'a>,
    lines: Vec<usize>,
}

impl<'a> Reader<'a> {
    pub(in crate::rule) fn new(text: Text<'a>) -> Self {
        Self { text, lines: line_starts(text.text) }
    }

    /// Byte offset of a position; the end of the text if it has none.
    pub(in crate::rule) fn offset(&self, position: Position) -> usize {
        let all = self.text.text;
        let (Some(line), column) = (position.line(), position.position().unwrap_or(1)) else {
            return all.len();
        };
        let start = self.lines.get(line - 1).copied().unwrap_or(all.len());
        let rest = all.get(start..).unwrap_or("");
        rest.char_indices().nth(column - 1).map_or(all.len(), |(at, _)| start + at)
    }

    /// The token that begins at an offset.
    pub(in crate::rule) fn token(&self, start: usize) -> Range<usize> {
        let rest = self.text.text.get(start..).unwrap_or("");
        let first = rest.chars().next().unwrap_or(' ');
        let run = |legal: fn(char) -> bool| rest.find(|c| !legal(c)).unwrap_or(rest.len());
        let length = match first {
            '"' => closing_quote(rest),
            c if c.is_alphanumeric() || c == '_' => run(|c| c.is_alphanumeric() || c == '_'),
            '&' | '|' | '=' | '!' | '<' | '>' | '?' | '.' => run(|c| "&|=!<>?.".contains(c)).min(3),
            c => c.len_utf8(),
        };
        start..(start + length).min(self.text.text.len())
    }

    /// Where a comment begins, outside of texts in quotes.
    pub(super) fn comment(&self) -> Option<usize> {
        let mut at = 0;
        loop {
            let rest = self.text.text.get(at..)?;
            at += rest.find(['"', '`', '/', '#'])?;
            let rest = self.text.text.get(at..)?;
            at += match rest.as_bytes() {
                [b'/', b'/' | b'*', ..] => return Some(at),
                [b'/', ..] => 1,
                [b'`', ..] => rest.get(1..)?.find('`')? + 2,
                [b'#', ..] => raw_text(rest)?,
                _ => closing_quote(rest),
            };
        }
    }

    /// An error of syntax in our words, at its place.
    pub(super) fn syntax(&self, error: &ParseError) -> Diag {
        let start = self.offset(error.position());
        let (message, help) = explain(&error.0, self.text.text);
        let range = self.token(start);
        Diag::error(&code::RULE_SYNTAX, message)
            .at(&self.text.loc(range.start, range.end.max(range.start)), "here")
            .maybe_help(help)
    }

    /// Does it stand in parentheses?
    pub(super) fn in_parens(&self, span: &Range<usize>) -> bool {
        let before = self.text.text.get(..span.start).unwrap_or("").trim_end();
        let after = self.text.text.get(span.end..).unwrap_or("").trim_start();
        before.ends_with('(') && after.starts_with(')')
    }

    /// The range with the parentheses that its ends stand in: `(a ?? b) > c` begins with one that is no part of `a`.
    pub(super) fn balanced(&self, span: Range<usize>) -> Range<usize> {
        let all = self.text.text;
        let (mut opened, mut missing) = (0usize, 0usize);
        let mut rest = all.get(span.clone()).unwrap_or("");
        while let Some(first) = rest.chars().next() {
            let step = if first == '"' { closing_quote(rest).max(1) } else { first.len_utf8() };
            match first {
                '(' => opened += 1,
                ')' if opened > 0 => opened -= 1,
                ')' => missing += 1,
                _ => {}
            }
            rest = rest.get(step..).unwrap_or("");
        }
        let Range { mut start, mut end } = span;
        for _ in 0..missing {
            let before = all.get(..start).unwrap_or("").trim_end();
            start = before.strip_suffix('(').map_or(start, str::len);
        }
        for _ in 0..opened {
            let after = all.get(end..).unwrap_or("");
            let inner = after.trim_start();
            end = if inner.starts_with(')') { all.len() - inner.len() + 1 } else { end };
        }
        start..end
    }

    /// One past the bracket that closes the one at `start`.
    pub(super) fn closing(&self, start: usize, open: u8, close: u8) -> usize {
        let bytes = self.text.text.as_bytes();
        let (mut depth, mut at) = (0usize, start);
        while let Some(byte) = bytes.get(at) {
            if *byte == b'"' {
                at += closing_quote(self.text.text.get(at..).unwrap_or("")).max(1);
                continue;
            }
            depth = if *byte == open {
                depth + 1
            } else if *byte == close {
                depth.saturating_sub(1)
            } else {
                depth
            };
            at += 1;
            if depth == 0 && *byte == close {
                return at;
            }
        }
        bytes.len()
    }
}

/// Length of a quoted text, quotes included.
/// The length of `#"…"#`, in which nothing is escaped, or of signs that begin none; nothing if it is not closed.
fn raw_text(rest: &str) -> Option<usize> {
    let signs = rest.len() - rest.trim_start_matches('#').len();
    let Some(inner) = rest.get(signs..)?.strip_prefix('"') else { return Some(signs) };
    let end = format!("\"{}", "#".repeat(signs));
    Some(signs + 1 + inner.find(&end)? + end.len())
}

fn closing_quote(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return at + 1,
            _ => escaped = false,
        }
    }
    rest.len()
}
