//! Long streams of documents, cut where a document begins, so that several threads can read them.
//!
//! A line that begins with `---` begins a document wherever it stands: YAML forbids it inside any value. What a
//! part says is used only if every part is without fault; otherwise the text is read as a whole, so that a
//! message never depends on how it was cut.

use std::ops::Range;
use std::sync::Arc;

use super::charge::Charged;
use super::{Document, Limits, Node, build};
use crate::source::{Loc, Source};

/// Shorter texts are not worth it.
const LEAST: usize = 64 * 1024;
/// The tree of a part is as large as some thirty times its text, and lives until the part is decoded: it should fit into the cache of a core.
const MOST: usize = 16 * 1024;

/// What the documents of a part are charged with.
pub struct Cost(Charged);

/// A text that was cut.
pub struct Parts<'a> {
    source: &'a Arc<Source>,
    limits: Limits,
    /// The parts, in the order of the text.
    pub ranges: Vec<Range<usize>>,
}

/// Could it be worth to cut this text?
pub fn is_long(source: &Source) -> bool {
    source.text.len() >= LEAST
}

/// Cuts a text into about so many parts, or more if they would be large. `None` if it is short, or of a kind that is only read as a whole.
pub fn parts<'a>(source: &'a Arc<Source>, limits: &Limits, count: usize) -> Option<Parts<'a>> {
    let text = &*source.text;
    // A directive stands before its document and counts for it.
    let directive = text.starts_with('%') || text.contains("\n%");
    if count < 2 || !is_long(source) || text.len() > limits.bytes || directive {
        return None;
    }
    let size = text.len().div_ceil(count).min(MOST);
    let (mut ranges, mut start) = (Vec::new(), 0);
    while start < text.len() {
        let end = document_at(text, start.saturating_add(size)).unwrap_or(text.len());
        ranges.push(start..end);
        start = end;
    }
    (ranges.len() > 1).then_some(Parts { source, limits: *limits, ranges })
}

/// Where the next document begins, at this offset or behind it.
fn document_at(text: &str, from: usize) -> Option<usize> {
    let from = (from.checked_sub(1)?..text.len()).find(|at| text.is_char_boundary(*at))?;
    let starts = text.get(from..)?.match_indices("\n---").map(|(at, _)| from + at + 1);
    let blank =
        |start: &usize| matches!(text.as_bytes().get(start + 3), None | Some(b' ' | b'\t' | b'\r' | b'\n'));
    starts.into_iter().find(blank)
}

/// The value of a document that was read before, by its place: keeping the trees of thousands of documents costs more
/// than reading a few of them twice. `None` if this is not the place of a document.
pub fn again(place: &Loc) -> Option<Node> {
    let source = &place.source;
    let start = source.text.get(..place.start as usize)?.rfind('\n').map_or(0, |at| at + 1);
    let (documents, _) = build::parse_part(source, start..place.end as usize, &Limits::default())?;
    documents.into_iter().next().map(|document| document.root)
}

impl Parts<'_> {
    /// The documents of one part, and what they cost; `None` if anything in it is wrong.
    pub fn parse(&self, part: Range<usize>) -> Option<(Vec<Document>, Cost)> {
        let (documents, charged) = build::parse_part(&self.source.twin(), part, &self.limits)?;
        Some((documents, Cost(charged)))
    }

    /// May all parts together cost so much?
    pub fn allow<'c>(&self, costs: impl IntoIterator<Item = &'c Cost>) -> bool {
        let add = |sum: Charged, Cost(one): &Cost| Charged {
            nodes: sum.nodes + one.nodes,
            repeated: sum.repeated + one.repeated,
        };
        costs.into_iter().fold(Charged::default(), add).is_allowed(&self.limits)
    }
}
