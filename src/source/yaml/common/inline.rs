//! Values on one line.

use std::borrow::Cow;

use super::super::{Kind, Node, Style};
use super::Scan;

/// Longer keys are left to the general parser, which has a limit for them.
const LONGEST_KEY: usize = 256;

/// May a value without quotes begin so? Fewer than YAML allows.
fn begins_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte > 127 || b"_./$()~+<=^;\\".contains(&byte)
}

fn in_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_./-".contains(&byte)
}

impl Scan<'_> {
    /// Where a key ends that begins here and is followed by a colon.
    pub(super) fn key_end(&self, at: usize) -> Option<usize> {
        let rest = self.bytes.get(at..)?;
        let length = rest.iter().take(LONGEST_KEY).position(|byte| !in_key(*byte))?;
        let first = self.byte(at);
        let end = at + length;
        let fine = (first.is_ascii_alphanumeric() || first == b'_')
            && self.byte(end) == b':'
            && matches!(self.byte(end + 1), b' ' | b'\n');
        fine.then_some(end)
    }

    /// A value behind a key or a dash, and where the text goes on.
    pub(super) fn inline(&mut self, at: usize, depth: usize) -> Option<(Node, usize)> {
        match self.byte(at) {
            quote @ (b'"' | b'\'') => self.quoted(at, quote),
            b'{' => self.braces(at, depth),
            b'[' => self.brackets(at, depth),
            first if begins_plain(first) => {
                let end = self.plain_end(at)?;
                self.plain(at, end)
            }
            _ => None,
        }
    }

    fn plain(&mut self, at: usize, end: usize) -> Option<(Node, usize)> {
        let text = self.text.get(at..end)?.trim_end_matches(' ');
        let node = self.scalar(text, Style::Plain, at, at + text.len())?;
        Some((node, at + text.len()))
    }

    /// To the end of the line or a comment.
    fn plain_end(&self, mut at: usize) -> Option<usize> {
        loop {
            match self.byte(at) {
                b'\n' => return Some(at),
                b':' if matches!(self.byte(at + 1), b' ' | b'\n') => return None,
                b' ' if self.byte(at + 1) == b'#' => return Some(at),
                _ => at += 1,
            }
        }
    }

    /// The same within brackets.
    fn plain_end_in_flow(&self, mut at: usize) -> Option<usize> {
        loop {
            match self.byte(at) {
                b'\n' | b'{' | b'[' => return None,
                b',' | b'}' | b']' => return Some(at),
                b':' if matches!(self.byte(at + 1), b' ' | b'\n' | b',' | b'[' | b']' | b'{' | b'}') => {
                    return None;
                }
                b' ' if self.byte(at + 1) == b'#' => return None,
                _ => at += 1,
            }
        }
    }

    fn quoted(&mut self, start: usize, quote: u8) -> Option<(Node, usize)> {
        let (mut text, mut from, mut at) = (Cow::Borrowed(""), start + 1, start + 1);
        loop {
            let byte = self.byte(at);
            let next = self.byte(at + 1);
            let escaped = match (quote, byte) {
                (_, b'\n') => return None,
                (b'\'', b'\'') => next == b'\'',
                (b'"', b'\\') if matches!(next, b'"' | b'\\') => true,
                (b'"', b'\\') => return None,
                (_, byte) if byte == quote => false,
                _ => {
                    at += 1;
                    continue;
                }
            };
            let piece = self.text.get(from..at)?;
            if !escaped {
                if text.is_empty() {
                    text = Cow::Borrowed(piece);
                } else {
                    text.to_mut().push_str(piece);
                }
                break;
            }
            // What is escaped stands for itself and is read with what follows.
            text.to_mut().push_str(piece);
            text.to_mut().push_str(self.text.get(at + 1..at + 2)?);
            at += 2;
            from = at;
        }
        let style = if quote == b'"' { Style::Double } else { Style::Single };
        Some((self.scalar(&text, style, start, at + 1)?, at + 1))
    }

    fn flow_value(&mut self, at: usize, depth: usize) -> Option<(Node, usize)> {
        match self.byte(at) {
            b'"' | b'\'' | b'{' | b'[' => self.inline(at, depth),
            first if begins_plain(first) => {
                let end = self.plain_end_in_flow(at)?;
                self.plain(at, end)
            }
            _ => None,
        }
    }

    /// Behind a value in brackets: where the next one begins, or `None` and the end if that was the last.
    fn follows(&self, behind: usize, close: u8) -> Option<(Option<usize>, usize)> {
        let at = self.behind_spaces(behind);
        match self.byte(at) {
            b',' => {
                let next = self.behind_spaces(at + 1);
                (self.byte(next) != close).then_some((Some(next), next))
            }
            byte if byte == close => Some((None, at + 1)),
            _ => None,
        }
    }

    fn braces(&mut self, start: usize, depth: usize) -> Option<(Node, usize)> {
        self.enter(depth)?;
        let mut pairs = Vec::new();
        let mut at = self.behind_spaces(start + 1);
        let mut end = at + 1;
        let mut more = (self.byte(at) != b'}').then_some(at);
        while let Some(key_at) = more {
            let key_end = self.key_end(key_at)?;
            let key = self.scalar(self.text.get(key_at..key_end)?, Style::Plain, key_at, key_end)?;
            at = self.behind_spaces(key_end + 1);
            let (value, behind) = self.flow_value(at, depth + 1)?;
            pairs.push((key, value));
            (more, end) = self.follows(behind, b'}')?;
        }
        self.last_end = end;
        Some((self.node(Kind::Map(pairs), start, end), end))
    }

    fn brackets(&mut self, start: usize, depth: usize) -> Option<(Node, usize)> {
        self.enter(depth)?;
        let mut items = Vec::new();
        let at = self.behind_spaces(start + 1);
        let mut end = at + 1;
        let mut more = (self.byte(at) != b']').then_some(at);
        while let Some(item_at) = more {
            let (item, behind) = self.flow_value(item_at, depth + 1)?;
            items.push(item);
            (more, end) = self.follows(behind, b']')?;
        }
        self.last_end = end;
        Some((self.node(Kind::Seq(items), start, end), end))
    }
}
