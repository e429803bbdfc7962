//! From a position of Rhai to a place in the file of the user.

use std::ops::Range;
use std::sync::Arc;

use rhai::Position;

use crate::rule::Text;
use crate::rule::parse::Reader;
use crate::source::{Loc, Source, yaml};

/// The text of a script and where it stands.
pub(super) struct Places {
    source: Arc<Source>,
    inline: Option<yaml::Node>,
}

/// A position as it can be ordered.
pub(super) fn line_column(position: Position) -> (usize, usize) {
    (position.line().unwrap_or(0), position.position().unwrap_or(0))
}

impl Places {
    pub(super) fn new(source: &Arc<Source>, inline: Option<&yaml::Node>) -> Self {
        Self { source: Arc::clone(source), inline: inline.cloned() }
    }

    pub(super) fn text(&self) -> &str {
        &self.source.text
    }

    fn range(&self, position: Position) -> Range<usize> {
        let reader = Reader::new(Text::bare(&self.source.text));
        reader.token(reader.offset(position))
    }

    /// The token at a position, as it is written.
    pub(super) fn written(&self, position: Position) -> &str {
        self.source.text.get(self.range(position)).unwrap_or("")
    }

    /// What follows a position.
    pub(super) fn rest(&self, position: Position) -> &str {
        self.source.text.get(self.range(position).start..).unwrap_or("")
    }

    /// The place of the token at a position; of the whole script if there is none.
    pub(super) fn at(&self, position: Position) -> Loc {
        let range = if position.is_none() { 0..self.source.text.len() } else { self.range(position) };
        match &self.inline {
            Some(node) => node.place(range.start, range.end),
            None => Loc::new(&self.source, range.start, range.end),
        }
    }
}
