//! Blocks of text behind `|`.

use super::super::{Node, Style};
use super::{Line, Scan};

impl Scan<'_> {
    /// The lines below that stand further right than the key or dash.
    pub(super) fn literal(&mut self, line: Line, at: usize, column: usize) -> Option<Node> {
        let strip = match self.text.get(at..line.end)? {
            "|" => false,
            "|-" => true,
            _ => return None,
        };
        let (mut text, mut begin) = (String::new(), line.end + 1);
        let (mut indent, mut start, mut end) = (None, 0, 0);
        while begin < self.bytes.len() {
            let first = self.behind_spaces(begin);
            let line_end = self.line_end(first);
            let here = first - begin;
            if line_end == begin {
                text.push('\n');
            } else if first == line_end {
                // Spaces alone may be text or not.
                return None;
            } else if here <= column {
                break;
            } else {
                if indent.is_none() {
                    (indent, start) = (Some(here), first);
                }
                let from = begin + indent.filter(|indent| *indent <= here)?;
                text.push_str(self.text.get(from..line_end)?);
                text.push('\n');
                end = line_end;
            }
            begin = line_end + 1;
        }
        // Without a break at its end, and without any text, other rules hold.
        if indent.is_none() || self.byte_before(begin) != Some(b'\n') {
            return None;
        }
        let kept = text.trim_end_matches('\n').len();
        text.truncate(if strip { kept } else { kept + 1 });
        end = start + self.text.get(start..end)?.trim_end().len();
        let node = self.scalar(&text, Style::Literal, start, end)?;
        self.seek(begin)?;
        self.line().is_none_or(|next| next.indent() <= column).then_some(node)
    }

    fn byte_before(&self, at: usize) -> Option<u8> {
        at.checked_sub(1).and_then(|before| self.bytes.get(before)).copied()
    }
}
