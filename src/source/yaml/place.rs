//! From a range of a decoded scalar back to the source.

use std::ops::Range;

use super::{Kind, Node, Scalar, Style};
use crate::source::Loc;

const BLANK: [char; 2] = [' ', '\t'];
pub(super) const BREAK: [char; 2] = ['\r', '\n'];

impl Node {
    /// The place in the source of a byte range of the decoded text: exact for plain, quoted and literal
    /// scalars. Of a folded scalar, or if the range is not one of the text, it is the whole node.
    pub fn place(&self, start: usize, end: usize) -> Loc {
        let Kind::Scalar(scalar) = &self.kind else { return self.loc.clone() };
        let found = match scalar.style {
            Style::Plain | Style::Single | Style::Double => self.place_flow(scalar, start, end),
            Style::Literal => self.place_literal(scalar, start, end),
            Style::Folded => None,
        };
        let valid = |(start, end): &(usize, usize)| self.loc.source.text.get(*start..*end).is_some();
        found.filter(valid).map_or_else(|| self.loc.clone(), |(start, end)| self.loc.with(start, end))
    }

    /// The comment that follows a scalar on its line: what ` # …` cuts from an unquoted expression.
    /// The text comes without `#`. Block scalars have none, their `#` is text.
    pub fn trailing_comment(&self) -> Option<(Loc, String)> {
        let Kind::Scalar(scalar) = &self.kind else { return None };
        if matches!(scalar.style, Style::Literal | Style::Folded) {
            return None;
        }
        let end = self.alias().map_or(self.loc.end, |alias| alias.end) as usize;
        let rest = self.loc.source.text.get(end..)?;
        let line = rest.split(BREAK).next()?;
        let comment = line.trim_start_matches(BLANK);
        let text = comment.strip_prefix('#').filter(|_| comment.len() < line.len())?;
        let start = end + line.len() - comment.len();
        Some((self.loc.with(start, end + line.len()), text.trim().to_owned()))
    }

    fn place_flow(&self, scalar: &Scalar, start: usize, end: usize) -> Option<(usize, usize)> {
        let written = self.loc.text();
        let quote = usize::from(scalar.style != Style::Plain);
        let inner = written.get(quote..written.len().checked_sub(quote)?)?;
        let base = self.loc.start as usize + quote;
        // Written as it reads, on one line: every offset is the same in both.
        if *inner == *scalar.text && !inner.contains(BREAK) {
            let within = |offset: usize| (offset <= inner.len()).then_some(base + offset);
            return Some((within(start)?, within(end)?.max(within(start)?)));
        }
        let (mut at, mut from, mut to) = (0, None, None);
        let mut rest = inner;
        while let Some(unit) = unit(rest, scalar.style) {
            let here = base + inner.len() - rest.len();
            let next = at + unit.decoded;
            let exact = unit.written == unit.decoded;
            if from.is_none() && start < next {
                from = Some(if exact { here + (start - at) } else { here });
            }
            if to.is_none() && end <= next {
                to = Some(match end - at {
                    0 => here,
                    within if exact => here + within,
                    _ => here + unit.written,
                });
            }
            rest = rest.get(unit.written..)?;
            at = next;
        }
        let last = |offset: usize| (offset == at).then_some(base + inner.len());
        let (from, to) = (from.or(last(start)), to.or(last(end)));
        // If the lengths disagree this walk and the parser disagree, so no part can be trusted.
        if at != scalar.text.len() {
            return None;
        }
        Some((from?, to?.max(from?)))
    }

    fn place_literal(&self, scalar: &Scalar, start: usize, end: usize) -> Option<(usize, usize)> {
        let text = &*scalar.text;
        text.get(start..end)?;
        let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let first = text.split('\n').position(|line| spaces(line) < line.len())?;
        let source = &*self.loc.source.text;
        let line_start =
            |offset: usize| source.get(..offset)?.rfind(BREAK).map_or(Some(0), |at| Some(at + 1));
        let content = line_start(self.loc.start as usize)?;
        let indent = (self.loc.start as usize - content).checked_sub(spaces(text.split('\n').nth(first)?))?;
        let map = |offset: usize| {
            let before = text.get(..offset)?;
            let line = before.matches('\n').count();
            let column = offset - before.rfind('\n').map_or(0, |at| at + 1);
            let from = lines_below(source, content, first, line)?;
            let length = source.get(from..)?.split(BREAK).next()?.len();
            Some(from + (indent + column).min(length))
        };
        // A range that ends with its line's break ends before it.
        let to = if end > start && text.get(..end)?.ends_with('\n') { end - 1 } else { end };
        let (from, to) = (map(start)?, map(to)?);
        (from <= to).then_some((from, to))
    }
}

/// The start of line `line` of a block, whose line `first` starts at `content`.
fn lines_below(source: &str, content: usize, first: usize, line: usize) -> Option<usize> {
    let mut at = content;
    for _ in line..first {
        let before = source.get(..at)?;
        let before = before.strip_suffix("\r\n").or_else(|| before.strip_suffix(BREAK))?;
        at = before.rfind(BREAK).map_or(0, |at| at + 1);
    }
    for _ in first..line {
        let rest = source.get(at..)?;
        at += rest.find(BREAK).map_or(rest.len(), |end| end + break_length(rest.get(end..).unwrap_or("")));
    }
    Some(at)
}

fn break_length(text: &str) -> usize {
    if text.starts_with("\r\n") { 2 } else { usize::from(text.starts_with(BREAK)) }
}

/// A piece of a flow scalar that decodes as a whole, in bytes. Only if both lengths are equal can it be cut.
struct Unit {
    written: usize,
    decoded: usize,
}

fn unit(rest: &str, style: Style) -> Option<Unit> {
    let first = rest.chars().next()?;
    if let Some(blank) = blank(rest) {
        return Some(blank);
    }
    match (style, first) {
        (Style::Single, '\'') => Some(Unit { written: 2, decoded: 1 }),
        (Style::Double, '\\') => escape(rest),
        _ => Some(Unit { written: first.len_utf8(), decoded: first.len_utf8() }),
    }
}

/// Blank space: as it is within a line; at its end one break is a space, each further one a line break.
fn blank(rest: &str) -> Option<Unit> {
    let after = rest.trim_start_matches(|c| BLANK.contains(&c) || BREAK.contains(&c));
    let written = rest.len() - after.len();
    let decoded = match breaks(rest.get(..written)?) {
        0 => written,
        breaks => (breaks - 1).max(1),
    };
    (written > 0).then_some(Unit { written, decoded })
}

fn breaks(text: &str) -> usize {
    text.matches(BREAK).count() - text.matches("\r\n").count()
}

fn escape(rest: &str) -> Option<Unit> {
    let code = rest.chars().nth(1)?;
    let hex = |from: usize, to: usize| u32::from_str_radix(rest.get(from..to)?, 16).ok();
    let digits = match code {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        '\r' | '\n' => {
            let after = rest.get(1..)?.trim_start_matches(|c| BLANK.contains(&c) || BREAK.contains(&c));
            let written = rest.len() - after.len();
            return Some(Unit { written, decoded: breaks(rest.get(..written)?).saturating_sub(1) });
        }
        // Next line and no-break space take two bytes, line and paragraph separator three.
        'N' | '_' => return Some(Unit { written: 2, decoded: 2 }),
        'L' | 'P' => return Some(Unit { written: 2, decoded: 3 }),
        other => return Some(Unit { written: 1 + other.len_utf8(), decoded: 1 }),
    };
    let value = hex(2, 2 + digits)?;
    if (0xD800..0xDC00).contains(&value) {
        // A surrogate pair is one character of four bytes.
        return Some(Unit { written: 12, decoded: 4 });
    }
    Some(Unit { written: 2 + digits, decoded: char::from_u32(value)?.len_utf8() })
}

/// Skips blank space, comments, tags, anchors and the given indicators.
pub(super) fn skip_to_content(text: &str, from: usize, indicators: &str) -> usize {
    let mut rest = text.get(from..).unwrap_or("");
    loop {
        let after =
            rest.trim_start_matches(|c: char| c.is_whitespace() || indicators.contains(c) || c == '\u{feff}');
        let after = match after.chars().next() {
            Some('#') => after.trim_start_matches(|c| !BREAK.contains(&c)),
            Some('!' | '&') => after.trim_start_matches(|c: char| !c.is_whitespace()),
            _ => after,
        };
        if after.len() == rest.len() {
            return text.len() - rest.len();
        }
        rest = after;
    }
}

/// The range of a block scalar without its first indent and without blank space behind it. One without
/// any text is where its indicator is.
pub(super) fn block_range(text: &str, decoded: &str, last: usize, span: &Range<usize>) -> (usize, usize) {
    let space = |c: char| c == ' ' || BREAK.contains(&c);
    let written = text.get(span.clone()).unwrap_or("");
    if decoded.chars().all(space) {
        let start = skip_to_content(text, last, ":?-,[{");
        let header = text.get(start..).and_then(|rest| rest.split(BREAK).next()).unwrap_or("");
        let header = header.split([' ', '\t']).next().unwrap_or("");
        if header.starts_with(['|', '>']) {
            return (start, start + header.len());
        }
        return (span.start, span.start);
    }
    let start = span.start + written.len() - written.trim_start_matches(space).len();
    let end = span.start + written.trim_end().len();
    (start, end.max(start))
}
