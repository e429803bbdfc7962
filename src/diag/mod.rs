//! What we tell people about their input: a code, a sentence, places, and what to do.
//!
//! A diagnostic is data; rendering turns it into text or JSON. Text is lower case, without a final
//! period, with the user's own words in backticks.

mod codes;
mod render;

use crate::source::Loc;

pub use codes::{ALL, Code, code};
pub use render::{render_json, render_text};

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// The input can be used.
    Warning,
    /// The input is refused.
    Error,
}

/// A place with what is to be said about it.
#[derive(Clone, PartialEq, Debug)]
pub struct Label {
    /// Where.
    pub loc: Loc,
    /// What; may be empty.
    pub text: String,
}

/// A piece of a source with what belongs there instead.
#[derive(Clone, PartialEq, Debug)]
pub struct Edit {
    /// What is replaced; an empty range is where something is added.
    pub loc: Loc,
    /// By what.
    pub text: String,
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Debug)]
pub struct Diag {
    /// Stable code, explained by `muster explain CODE`.
    pub code: &'static Code,
    /// Error or warning.
    pub level: Level,
    /// One sentence.
    pub message: String,
    /// Places; the first is the main one.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
    /// How the source is to be changed so that this is mended and nothing is judged otherwise. All of them belong
    /// together; empty if a person has to decide.
    pub edits: Vec<Edit>,
}

impl Diag {
    /// An error without a place yet.
    pub fn error(code: &'static Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, level: Level::Error, message, labels: Vec::new(), help: None, edits: Vec::new() }
    }

    /// A warning without a place yet.
    pub fn warning(code: &'static Code, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(code, message) }
    }

    /// Adds a place.
    pub fn at(mut self, loc: &Loc, text: impl Into<String>) -> Self {
        self.labels.push(Label { loc: loc.clone(), text: text.into() });
        self
    }

    /// Says what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Replaces a piece of the source. Only for what cannot change a verdict.
    pub fn edit(mut self, loc: &Loc, text: impl Into<String>) -> Self {
        self.edits.push(Edit { loc: loc.clone(), text: text.into() });
        self
    }

    /// Says what to do, if there is something to say.
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

/// "did you mean `x`?" for a misspelt word, if one of the known words is near.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, known).map(|best| format!("did you mean `{best}`?"))
}

/// The nearest known word, if it is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1) + 1;
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.chars().count())
        // Of two that are as near, the one that goes on as the word begins: `rows` for `row`, and not `now`.
        .min_by_key(|(distance, candidate)| {
            (*distance, !(candidate.starts_with(word) || word.starts_with(candidate)), *candidate)
        })
        .map(|(_, candidate)| candidate)
}
