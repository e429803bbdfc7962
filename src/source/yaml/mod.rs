//! YAML text to a tree that knows the place of every key and value.
//!
//! The tree is built from the events of `granit-parser` in its strict mode, so what the YAML
//! specification calls invalid is refused. Depth and size are charged while events arrive, and an alias is
//! charged with everything it stands for before it is copied: hostile input ends in an error, not in
//! memory or a stack overflow. What keys, tags and nulls mean in a policy is decided elsewhere.

mod build;
mod charge;
mod comments;
mod common;
mod edit;
mod errors;
mod file;
mod json;
mod merge;
mod parts;
mod place;
mod same;
mod scalar;
#[cfg(test)]
mod tests;
mod write;

use compact_str::CompactString;
use std::sync::Arc;

use super::{Loc, Source};
use crate::diag::Diag;

pub use comments::comments;
pub use edit::{Edit, edit};
pub use file::{read_file, read_with_metadata};
pub use merge::{duplicate_keys, merge};
pub use parts::{Cost, Parts, again, is_long, parts};
pub use same::same;
pub use scalar::Core;
pub use write::{quoted, scalar};

/// A value or a key, with its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Where it is defined; for an alias that is the place of the anchored value.
    pub loc: Loc,
    /// What it is.
    pub kind: Kind,
    /// Apart, because hardly any node has one, and every node would be twice as large.
    marks: Option<Box<Marks>>,
}

/// What may stand before a value, or instead of it.
#[derive(Clone, PartialEq, Debug, Default)]
struct Marks {
    tag: Option<Tagged>,
    anchor: Option<Loc>,
    alias: Option<Loc>,
}

/// An explicit tag.
#[derive(Clone, PartialEq, Debug)]
pub struct Tagged {
    /// As written, for example `!healthy` or `!!str`.
    pub text: CompactString,
    /// Where.
    pub loc: Loc,
    /// The type of the core schema that the tag names once its handle is resolved.
    core: Option<scalar::CoreTag>,
}

/// The three kinds of YAML nodes.
#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// A text in some notation; a missing value is an empty plain one.
    Scalar(Scalar),
    /// A list.
    Seq(Vec<Node>),
    /// A map in the order of the source, duplicate keys included.
    Map(Vec<(Node, Node)>),
}

/// A scalar as decoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scalar {
    /// The text after escapes and folding; of a plain scalar, what was written.
    pub text: CompactString,
    /// How it was written.
    pub style: Style,
}

/// The notation of a scalar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`.
    Single,
    /// `"…"`.
    Double,
    /// `|`.
    Literal,
    /// `>`.
    Folded,
}

/// One document of a stream.
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    /// The value; null if the document is empty.
    pub root: Node,
    /// Whether `---` stood there.
    pub explicit: bool,
}

/// How much is read before the text is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Collections inside each other.
    pub depth: usize,
    /// Nodes of one document, those that aliases stand for included.
    pub nodes: usize,
    /// Bytes of one file.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 64, nodes: 250_000, bytes: 64 * 1024 * 1024 }
    }
}

/// All documents of a stream. A document without content (`---` and comments only) has a null root; a
/// stream in which no document begins at all (nothing, or comments only) gives an empty list.
///
/// # Errors
/// What makes the text unusable: syntax, or a limit.
pub fn parse(source: &Arc<Source>, limits: &Limits) -> Result<Vec<Document>, Vec<Diag>> {
    build::parse(source, limits).map_err(|diag| vec![*diag])
}

impl Node {
    /// A value without marks.
    fn plain(loc: Loc, kind: Kind) -> Self {
        Self { loc, kind, marks: None }
    }

    /// The explicit tag.
    pub fn tag(&self) -> Option<&Tagged> {
        self.marks.as_ref()?.tag.as_ref()
    }

    /// The token `&name`, if the node has one.
    pub fn anchor(&self) -> Option<&Loc> {
        self.marks.as_ref()?.anchor.as_ref()
    }

    /// The token `*name`, if the node came from one.
    pub fn alias(&self) -> Option<&Loc> {
        self.marks.as_ref()?.alias.as_ref()
    }

    /// Whether nothing stands there, or `null`, `~`.
    pub fn is_null(&self) -> bool {
        matches!(self.core(), Some(Core::Null))
    }

    /// The text of a scalar of any notation and type.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(&scalar.text),
            Kind::Seq(_) | Kind::Map(_) => None,
        }
    }

    /// The text of a scalar without white space around it.
    pub fn text(&self) -> Option<Arc<str>> {
        self.as_str().map(|text| Arc::from(text.trim()))
    }

    /// The items of a list. What is no list has none: that it has to be one is checked by its shape.
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::Seq(items) => items,
            Kind::Scalar(_) | Kind::Map(_) => &[],
        }
    }

    /// The entries of a map, key and value. What is no map has none, as with [`items`](Self::items).
    pub fn pairs(&self) -> &[(Self, Self)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Scalar(_) | Kind::Seq(_) => &[],
        }
    }

    /// The value of the first entry with that key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.pairs().iter().find(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// The [`text`](Self::text) at a key.
    pub fn text_of(&self, key: &str) -> Option<Arc<str>> {
        self.get(key).and_then(Self::text)
    }

    /// The [`items`](Self::items) of the list at a key; none if the key is not there.
    pub fn items_of(&self, key: &str) -> &[Self] {
        self.get(key).map_or(&[], Self::items)
    }

    /// The [`pairs`](Self::pairs) of the map at a key; none if the key is not there.
    pub fn pairs_of(&self, key: &str) -> &[(Self, Self)] {
        self.get(key).map_or(&[], Self::pairs)
    }

    /// The node in the words of a message.
    pub fn describe(&self) -> &'static str {
        match (&self.kind, self.core()) {
            (Kind::Map(_), _) => "a map",
            (Kind::Seq(_), _) => "a list",
            (_, Some(Core::Null)) => "nothing",
            (_, Some(Core::Bool(_))) => "true or false",
            (_, Some(Core::Int(_) | Core::BigInt(_) | Core::Float(_))) => "a number",
            (_, Some(Core::Str(_)) | None) => "a text",
        }
    }
}
