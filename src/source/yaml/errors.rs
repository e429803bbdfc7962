//! What to say when the text is not YAML.

use std::sync::Arc;

use granit_parser::{ErrorKind, ScanError};

use super::{Limits, place};
use crate::diag::{Diag, code};
use crate::source::{Loc, Source};

const QUOTE: &str = "put the whole value into quotes, or into a `|` block";

pub(super) fn limit(loc: &Loc, message: String) -> Diag {
    Diag::error(&code::YAML_LIMIT, message).at(loc, "here the limit is reached")
}

/// An alias inside the node that its anchor names.
pub(super) fn circular(loc: &Loc) -> Diag {
    Diag::error(&code::YAML_SYNTAX, "an alias stands inside the value that it repeats")
        .at(loc, "this would never end")
}

pub(super) fn syntax(source: &Arc<Source>, error: &ScanError, last_end: usize, limits: &Limits) -> Diag {
    let text = &*source.text;
    let mut offset = error.marker().byte_offset().unwrap_or(last_end).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let next = text.get(offset..).and_then(|rest| rest.chars().next()).filter(|c| !c.is_control());
    let loc = Loc::new(source, offset, offset + next.map_or(0, char::len_utf8));
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return limit(&loc, format!("nested deeper than {} levels", limits.depth));
    }
    let help = help(error.kind(), &Line::of(text, offset));
    let diag = Diag::error(&code::YAML_SYNTAX, message(error.kind())).at(&loc, label(error.kind()));
    let opening = place::skip_to_content(text, last_end, ":?-,[{");
    let opened = text.get(opening..).is_some_and(|rest| rest.starts_with(['"', '\'']));
    let diag = if is_open_quote(error.kind()) && opened && opening < offset {
        diag.at(&Loc::new(source, opening, opening + 1), "the quoted text begins here")
    } else {
        diag
    };
    diag.maybe_help(help)
}

/// The line of the error.
struct Line<'a> {
    /// Up to the error.
    before: &'a str,
    /// What stands behind the first `: ` or `- `.
    value: &'a str,
}

impl<'a> Line<'a> {
    fn of(text: &'a str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or("");
        let before = before.rsplit(['\r', '\n']).next().unwrap_or("");
        let rest = text.get(offset - before.len()..).unwrap_or("");
        let line = rest.split(['\r', '\n']).next().unwrap_or("").trim();
        let entry = line.trim_start_matches("- ");
        let value = entry.split_once(": ").map_or(entry, |(_, value)| value).trim_start();
        Self { before, value }
    }
}

fn is_open_quote(kind: &ErrorKind) -> bool {
    use ErrorKind as E;
    matches!(
        kind,
        E::UnclosedQuotedScalar | E::InvalidQuotedScalarIndent | E::DocumentIndicatorInQuotedScalar
    )
}

fn is_tab(kind: &ErrorKind) -> bool {
    use ErrorKind as E;
    matches!(
        kind,
        E::TabNotAllowed
            | E::TabInBlockIndentation
            | E::TabAtBlockScalarStart
            | E::TabInIndentation
            | E::TabInPlainScalar
    )
}

fn is_tag(kind: &ErrorKind) -> bool {
    use ErrorKind as E;
    matches!(
        kind,
        E::UndeclaredTagHandle | E::InvalidTagTerminator | E::MissingTagUri | E::UnclosedVerbatimTag
    )
}

fn message(kind: &ErrorKind) -> String {
    use ErrorKind as E;
    match kind {
        kind if is_tab(kind) => "a tab where YAML wants spaces".into(),
        kind if is_open_quote(kind) => "a quoted text is not closed, or its next line is not indented".into(),
        kind if is_tag(kind) => "`!` begins a YAML tag, and this is not a whole one".into(),
        E::MappingValueNotAllowed => "a `:` where no key can stand".into(),
        E::InvalidTrailingDoubleQuotedScalar | E::InvalidTrailingSingleQuotedScalar => {
            "something follows the closing quote".into()
        }
        E::SimpleKeyExpected => "a line that is neither a key with `:` nor part of the text above".into(),
        E::ExpectedBlockMappingKey => "a key was expected here".into(),
        E::ExpectedBlockSequenceEntry => "an entry that begins with `-` was expected here".into(),
        E::UnknownAnchor => "an alias `*name` without an anchor `&name` before it".into(),
        E::MissingAnchorOrAliasName => "`*` and `&` begin an alias or an anchor, and no name follows".into(),
        E::InvalidIndentation | E::InvalidFlowScalarIndent => {
            "a line inside brackets is not indented deeper than the key they belong to".into()
        }
        E::UnexpectedCharacter { character } => {
            format!("a value cannot begin with or contain `{}` here", character.escape_debug())
        }
        E::UnclosedFlowCollection { open } => format!("`{open}` is not closed"),
        E::CommentInterceptedScalar => "a comment cuts a text of several lines".into(),
        E::UnknownQuotedScalarEscape => "an escape that YAML does not know".into(),
        other => {
            let text = other.to_string();
            let mut chars = text.chars();
            chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
        }
    }
}

fn label(kind: &ErrorKind) -> &'static str {
    use ErrorKind as E;
    match kind {
        kind if is_tab(kind) => "tab",
        E::UnclosedFlowCollection { .. } => "opened here",
        E::UnclosedQuotedScalar => "the text begins here",
        E::CommentInterceptedScalar => "the comment",
        _ => "here",
    }
}

fn help(kind: &ErrorKind, line: &Line<'_>) -> Option<String> {
    use ErrorKind as E;
    if is_tab(kind) {
        return Some("indent with spaces".into());
    }
    if line.value.starts_with("{{") {
        return Some(format!("`{{{{` opens a YAML map: {QUOTE}"));
    }
    let opens = line.value.starts_with(['[', '{', '"', '\'']);
    Some(match kind {
        kind if is_tag(kind) => format!("write `x == false` instead of `!x`, or {QUOTE}"),
        kind if is_open_quote(kind) => "close the quote, or indent the lines of the text below its key".into(),
        E::InvalidTrailingDoubleQuotedScalar | E::InvalidTrailingSingleQuotedScalar => format!(
            "a value that begins with a quote ends at the next one: {QUOTE} (single quotes may hold double ones)"
        ),
        E::ExpectedBlockMappingKey | E::ExpectedBlockSequenceEntry if opens && !line.before.trim().is_empty() => {
            format!("a value that begins with a bracket ends at the closing one: {QUOTE}")
        }
        E::ExpectedBlockMappingKey | E::ExpectedBlockSequenceEntry => {
            "entries of one map or list begin in the same column".into()
        }
        E::MappingValueNotAllowed if line.before.contains(':') => {
            format!("a text with `: ` in it looks like a map: {QUOTE}")
        }
        E::MappingValueNotAllowed => {
            "the key above already has a value; give this line the same indent, or put a text with `:` into quotes"
                .into()
        }
        E::SimpleKeyExpected => "write `key: value`; a text goes on only in lines that are indented deeper".into(),
        E::UnexpectedCharacter { character } if character.is_control() => "remove the control character".into(),
        E::UnexpectedCharacter { .. } => QUOTE.into(),
        E::UnknownAnchor | E::MissingAnchorOrAliasName => format!("if it is meant as text, {QUOTE}"),
        E::InvalidIndentation | E::InvalidFlowScalarIndent | E::UnclosedFlowCollection { .. } => {
            "close the bracket; its lines, the closing bracket too, are indented deeper than the key".into()
        }
        E::UnknownQuotedScalarEscape => {
            r"in double quotes a backslash begins an escape: write `\\`, or use single quotes".into()
        }
        E::CommentInterceptedScalar => format!("` #` begins a comment: {QUOTE}"),
        E::BlockSequenceEntryNotAllowed => format!("a list begins on the line below its key; for a text, {QUOTE}"),
        E::UnclosedVerbatimTag | E::MappingKeyNotAllowed | E::MisplacedFlowCollectionEnd => QUOTE.into(),
        _ => return None,
    })
}
