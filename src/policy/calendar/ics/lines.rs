//! Content lines of an iCalendar file: unfolded, with name, parameters, value and place.

use std::sync::Arc;

use super::fault;
use crate::diag::Diag;
use crate::source::{Loc, Source};

/// One content line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Its name in capitals.
    pub(super) name: String,
    /// Names in capitals with their values, without quotes.
    params: Vec<(String, String)>,
    /// What stands behind the colon.
    pub(super) value: String,
    /// The whole line, with what it is folded into.
    pub(super) loc: Loc,
}

impl Line {
    /// The value of a parameter.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The place of a piece of the value, or of the whole line.
    pub(super) fn place(&self, piece: &str) -> Loc {
        let found = self.loc.text().rfind(piece).filter(|_| !piece.is_empty());
        found.map_or_else(
            || self.loc.clone(),
            |at| {
                let start = self.loc.start as usize + at;
                self.loc.with(start, start + piece.len())
            },
        )
    }
}

/// The lines of a file, one after the other; blank ones are left out.
pub(super) fn lines(source: &Arc<Source>) -> impl Iterator<Item = Result<Line, Diag>> {
    let mut rest = physical(source).peekable();
    std::iter::from_fn(move || {
        let (start, first) = rest.find(|(_, text)| !text.is_empty())?;
        let (mut text, mut end) = (first.to_owned(), start + first.len());
        if folded(first) {
            return Some(Err(fault(&Loc::new(source, start, end), "this line continues none")
                .help("only a line that goes on begins with a blank")));
        }
        while let Some((at, more)) = rest.next_if(|(_, text)| folded(text)) {
            text.push_str(more.get(1..).unwrap_or(""));
            end = at + more.len();
        }
        Some(parse(&text, Loc::new(source, start, end)))
    })
}

fn folded(text: &str) -> bool {
    text.starts_with([' ', '\t'])
}

/// Lines with their offsets, without the byte order mark and the ends of lines.
fn physical(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let text: &str = &source.text;
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    text.get(at..).unwrap_or("").split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        let line = line.strip_suffix('\n').unwrap_or(line);
        (start, line.strip_suffix('\r').unwrap_or(line))
    })
}

fn parse(text: &str, loc: Loc) -> Result<Line, Diag> {
    if text.chars().any(|char| char.is_control() && char != '\t') {
        return Err(fault(&loc, "the line holds a control character")
            .help("save the file as text, with ends of lines of Unix or Windows"));
    }
    let end = text.find([':', ';']).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if name.is_empty() || !name.chars().all(good) || rest.is_empty() {
        return Err(fault(&loc, "this is not a line of iCalendar")
            .help("every line is `NAME:VALUE`; one that goes on begins with a blank"));
    }
    let mut params = Vec::new();
    while let Some(after) = rest.strip_prefix(';') {
        let (found, left) = param(after)
            .ok_or_else(|| fault(&loc, format!("a parameter of `{name}` is not `NAME=VALUE`")))?;
        params.push(found);
        rest = left;
    }
    let value = rest.strip_prefix(':').ok_or_else(|| fault(&loc, format!("`{name}` has no value")))?;
    Ok(Line { name: name.to_ascii_uppercase(), params, value: value.to_owned(), loc })
}

/// One parameter, and what follows it.
fn param(text: &str) -> Option<((String, String), &str)> {
    let (name, mut rest) = text.split_once('=')?;
    if name.is_empty() || name.contains([':', ';', '"', ',']) {
        return None;
    }
    let mut value = String::new();
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (inside, after) = quoted.split_once('"')?;
            value.push_str(inside);
            rest = after;
        } else {
            let end = rest.find([';', ':', ',', '"'])?;
            let (plain, after) = rest.split_at(end);
            value.push_str(plain);
            rest = after;
        }
        match rest.strip_prefix(',') {
            Some(more) => {
                value.push(',');
                rest = more;
            }
            None => break,
        }
    }
    rest.starts_with([';', ':']).then(|| ((name.to_ascii_uppercase(), value), rest))
}
