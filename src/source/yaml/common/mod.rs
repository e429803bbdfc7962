//! The YAML that most files consist of, read without the general parser, which takes ten times as long.
//!
//! Block maps and lists with one value a line, values without quotes, in quotes, in `|` blocks, and braces that close on
//! their line: that is all. Whatever is not surely of this kind is `None` and left to the general parser, everything
//! that is wrong too, so there is one judge of what YAML is. Both give the same tree with the same places: tests hold
//! them against each other over the test suite of YAML, all policies, and texts made by chance.

mod inline;
mod literal;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use super::build::DEEPEST;
use super::charge::{Charged, most_nodes};
use super::{Document, Kind, Limits, Node, Scalar, Style};
use crate::source::{Loc, Source};

/// The documents of a part of a text, and what they are charged with.
pub(super) fn read(
    source: &Arc<Source>,
    part: Range<usize>,
    limits: &Limits,
) -> Option<(Vec<Document>, Charged)> {
    let text = source.text.get(..part.end)?;
    if !is_common(text.get(part.start..)?) {
        return None;
    }
    let limits = Limits { depth: limits.depth.min(DEEPEST), ..*limits };
    let mut scan =
        Scan { source, text, bytes: text.as_bytes(), limits, next: Next::End, nodes: 0, last_end: 0 };
    scan.seek(part.start)?;
    scan.documents()
}

/// Only characters that are nothing but themselves: no tabs, no other line breaks, no marks of byte order.
fn is_common(text: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n');
    if text.bytes().all(plain) {
        return true;
    }
    text.chars().all(|c| match c {
        '\n' | ' '..='~' | '\u{a1}'..='\u{167f}' | '\u{1681}'..='\u{1fff}' | '\u{2010}'..='\u{2027}' => true,
        _ => matches!(c, '\u{2030}'..='\u{205e}' | '\u{2070}'..='\u{2fff}' | '\u{3001}'..='\u{d7ff}' | '\u{1f300}'..='\u{1faff}'),
    })
}

/// A line with something on it.
#[derive(Clone, Copy)]
struct Line {
    begin: usize,
    /// Behind its indent.
    start: usize,
    end: usize,
}

impl Line {
    fn indent(self) -> usize {
        self.start - self.begin
    }
}

/// What comes next.
#[derive(Clone, Copy)]
enum Next {
    Line(Line),
    /// `---`
    Document(Line),
    End,
}

/// Reads from top to bottom; every method gives up with `None`.
struct Scan<'a> {
    source: &'a Arc<Source>,
    text: &'a str,
    bytes: &'a [u8],
    limits: Limits,
    next: Next,
    /// Nodes of this document.
    nodes: usize,
    /// Where the last value ended.
    last_end: usize,
}

impl Scan<'_> {
    fn documents(&mut self) -> Option<(Vec<Document>, Charged)> {
        let (mut documents, mut nodes) = (Vec::new(), 0);
        loop {
            let explicit = match self.next {
                Next::End => break,
                // Something behind the value of a document, which no document may have.
                Next::Line(_) if !documents.is_empty() => return None,
                Next::Line(_) => false,
                Next::Document(line) => {
                    self.seek(line.end + 1)?;
                    true
                }
            };
            self.nodes = 0;
            let root = self.block(self.line()?, 0)?;
            nodes += self.nodes;
            documents.push(Document { root, explicit });
        }
        let fine = !documents.is_empty() && nodes <= most_nodes(&self.limits);
        fine.then_some((documents, Charged { nodes, repeated: 0 }))
    }

    /// The byte at an offset; behind the end there is a line break.
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b'\n')
    }

    fn behind_spaces(&self, mut at: usize) -> usize {
        while self.byte(at) == b' ' {
            at += 1;
        }
        at
    }

    fn line_end(&self, at: usize) -> usize {
        let length = self.bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n'));
        length.map_or(self.bytes.len(), |length| at + length)
    }

    /// Finds the next line with something on it, from the begin of a line on.
    fn seek(&mut self, mut begin: usize) -> Option<()> {
        self.next = Next::End;
        while begin < self.bytes.len() {
            let start = self.behind_spaces(begin);
            let end = self.line_end(start);
            match self.byte(start) {
                b'\n' | b'#' => begin = end + 1,
                _ => {
                    self.next = self.mark(Line { begin, start, end })?;
                    return Some(());
                }
            }
        }
        Some(())
    }

    fn mark(&self, line: Line) -> Option<Next> {
        let first = self.bytes.get(line.start..line.start + 3);
        match first.filter(|_| line.indent() == 0) {
            Some(b"---") if line.end == line.start + 3 => Some(Next::Document(line)),
            Some(b"---" | b"...") => None,
            _ => Some(Next::Line(line)),
        }
    }

    /// The next line of this document.
    fn line(&self) -> Option<Line> {
        match self.next {
            Next::Line(line) => Some(line),
            Next::Document(_) | Next::End => None,
        }
    }

    fn loc(&self, start: usize, end: usize) -> Loc {
        Loc::new(self.source, start, end)
    }

    fn charge(&mut self) -> Option<()> {
        self.nodes += 1;
        (self.nodes <= self.limits.nodes).then_some(())
    }

    /// Before a collection that stands in so many others.
    fn enter(&mut self, depth: usize) -> Option<()> {
        self.charge()?;
        (depth < self.limits.depth).then_some(())
    }

    fn node(&self, kind: Kind, start: usize, end: usize) -> Node {
        Node::plain(self.loc(start, end), kind)
    }

    fn scalar(&mut self, text: &str, style: Style, start: usize, end: usize) -> Option<Node> {
        self.charge()?;
        self.last_end = end;
        Some(self.node(Kind::Scalar(Scalar { text: text.into(), style }), start, end))
    }

    fn block(&mut self, line: Line, depth: usize) -> Option<Node> {
        if self.is_item(line) { self.list(line, depth) } else { self.map(line, line.start, depth) }
    }

    fn is_item(&self, line: Line) -> bool {
        self.byte(line.start) == b'-' && self.byte(line.start + 1) == b' '
    }

    /// A map whose first key stands at an offset of the line.
    fn map(&mut self, line: Line, mut key_at: usize, depth: usize) -> Option<Node> {
        self.enter(depth)?;
        let (start, column) = (key_at, key_at - line.begin);
        let mut pairs = Vec::with_capacity(4);
        let mut line = line;
        loop {
            let key_end = self.key_end(key_at)?;
            let key = self.scalar(self.text.get(key_at..key_end)?, Style::Plain, key_at, key_end)?;
            pairs.push((key, self.value(line, key_end + 1, column, depth + 1)?));
            match self.line() {
                Some(next) if next.indent() == column => (line, key_at) = (next, next.start),
                Some(next) if next.indent() > column => return None,
                _ => return Some(self.node(Kind::Map(pairs), start, self.last_end)),
            }
        }
    }

    /// What stands behind a colon.
    fn value(&mut self, line: Line, behind: usize, column: usize, depth: usize) -> Option<Node> {
        let at = self.behind_spaces(behind);
        if !matches!(self.byte(at), b'\n' | b'#') {
            return self.content(line, at, column, depth);
        }
        self.seek(line.end + 1)?;
        let next = self.line()?;
        if next.indent() > column {
            self.block(next, depth)
        } else if next.indent() == column && self.is_item(next) {
            self.list(next, depth)
        } else {
            None
        }
    }

    fn list(&mut self, line: Line, depth: usize) -> Option<Node> {
        self.enter(depth)?;
        let (start, column) = (line.start, line.indent());
        let (mut items, mut line) = (Vec::new(), line);
        loop {
            let at = self.behind_spaces(line.start + 1);
            let is_map = self.key_end(at).is_some();
            items.push(if is_map {
                self.map(line, at, depth + 1)?
            } else {
                self.content(line, at, column, depth + 1)?
            });
            match self.line() {
                Some(next) if next.indent() == column && self.is_item(next) => line = next,
                Some(next) if next.indent() > column => return None,
                _ => return Some(self.node(Kind::Seq(items), start, self.last_end)),
            }
        }
    }

    /// A value that begins on this line. No line below it may stand further right than its parent.
    fn content(&mut self, line: Line, at: usize, column: usize, depth: usize) -> Option<Node> {
        if self.byte(at) == b'|' {
            return self.literal(line, at, column);
        }
        let (node, behind) = self.inline(at, depth)?;
        let rest = self.behind_spaces(behind);
        match self.byte(rest) {
            b'\n' => {}
            b'#' if rest > behind => {}
            _ => return None,
        }
        self.seek(line.end + 1)?;
        self.line().is_none_or(|next| next.indent() <= column).then_some(node)
    }
}
