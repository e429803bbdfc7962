//! An expression's text together with the YAML node that it stands in.

use crate::source::Loc;
use crate::source::yaml::Node as Yaml;

/// A text that can point into the file.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    /// The decoded text.
    pub text: &'a str,
    /// Offset of `text` in the node's decoded text (a hole of a template).
    pub offset: usize,
    /// Where it stands; `None` for texts of tests.
    pub node: Option<&'a Yaml>,
}

impl<'a> Text<'a> {
    /// The text of a scalar node.
    pub fn of(node: &'a Yaml) -> Self {
        Self { text: node.as_str().unwrap_or(""), offset: 0, node: Some(node) }
    }

    /// A text that stands in no file.
    pub fn bare(text: &'a str) -> Self {
        Self { text, offset: 0, node: None }
    }

    /// A part of it.
    pub fn part(self, start: usize, end: usize) -> Self {
        Self { text: self.text.get(start..end).unwrap_or(""), offset: self.offset + start, node: self.node }
    }

    /// The place of a byte range of the text.
    pub fn loc(&self, start: usize, end: usize) -> Loc {
        match self.node {
            Some(node) => node.place(self.offset + start, self.offset + end),
            None => Loc::new(&crate::source::Source::new("<expression>", self.text), start, end),
        }
    }

    /// The place of all of it.
    pub fn whole(&self) -> Loc {
        self.loc(0, self.text.len())
    }
}
