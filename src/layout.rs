//! One layout for files that people write.
//!
//! The layout is that of `pretty_yaml`; what is written is trusted only after it was read again and says the same
//! as before, comments included.

use std::sync::Arc;

use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions};
use yaml_parser::SyntaxKind;

use crate::diag::{Diag, code};
use crate::lint::comments::covered_words;
use crate::policy::load::Known;
use crate::policy::same::{May, same};
use crate::source::Source;
use crate::source::yaml::{self, Limits};

/// Columns of a line that can be broken.
const WIDTH: usize = 110;
/// A layout that does not come to rest after so many times is none.
const TIMES: usize = 4;

fn options(trim: bool) -> FormatOptions {
    FormatOptions {
        layout: LayoutOptions { print_width: WIDTH, ..LayoutOptions::default() },
        language: LanguageOptions {
            trailing_comma: false,
            trim_trailing_whitespaces: trim,
            ..LanguageOptions::default()
        },
    }
}

/// The text of a file in our layout.
///
/// # Errors
/// The text is no YAML, or there is no layout of it that says the same.
pub fn formatted(source: &Arc<Source>, known: Option<&Known>) -> Result<String, Vec<Diag>> {
    let documents = yaml::parse(source, &Limits::default())?;
    // Nothing but comments, or nothing at all.
    if documents.iter().all(|document| document.root.is_null()) {
        return Ok(source.text.to_string());
    }
    // Blank space at the end of a line of a text may be a part of it.
    let done = laid_out(source, known, true).or_else(|_| laid_out(source, known, false));
    done.map_err(|why| vec![left(source, &why)])
}

fn laid_out(source: &Arc<Source>, known: Option<&Known>, trim: bool) -> Result<String, String> {
    let new = at_rest(&source.text, trim)?;
    let after = Source::new(Arc::clone(&source.name), new.as_str());
    same(source, &after, known, May::Layout)?;
    if comments(source) != comments(&after) {
        return Err("a comment would be lost".to_owned());
    }
    // A comment covers lines, so that a line that is broken or joined changes what it allows.
    if covered_words(source) != covered_words(&after) {
        return Err("a comment would allow something else".to_owned());
    }
    Ok(new)
}

fn left(source: &Source, why: &str) -> Diag {
    Diag::error(&code::LAYOUT, format!("`{}` is left as it is: {why}", source.name))
        .help("the file can be used; only its layout stays. Please report a file with which this happens")
}

/// Formats until nothing changes any more, so that formatting again changes nothing.
fn at_rest(text: &str, trim: bool) -> Result<String, String> {
    let mut text = once(text, trim)?;
    for _ in 0..TIMES {
        let next = once(&text, trim)?;
        if next == text {
            return Ok(text);
        }
        text = next;
    }
    Err("its layout does not come to rest".to_owned())
}

fn once(text: &str, trim: bool) -> Result<String, String> {
    let done =
        std::panic::catch_unwind(|| pretty_yaml::format_text(text, &options(trim)).map(|text| deeper(&text)));
    match done {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the formatter ended unexpectedly".to_owned()),
    }
}

/// Lines within brackets that are not closed on their line, indented once more: YAML wants them deeper than the key
/// that they belong to, the closing bracket too, which `pretty_yaml` puts below the key.
fn deeper(text: &str) -> Result<String, String> {
    let tree = yaml_parser::parse(text).map_err(|error| error.to_string())?;
    let is_flow = |kind| matches!(kind, SyntaxKind::FLOW_MAP | SyntaxKind::FLOW_SEQ);
    let outermost = tree
        .descendants()
        .filter(|node| is_flow(node.kind()) && !node.ancestors().skip(1).any(|above| is_flow(above.kind())));
    let mut new = String::with_capacity(text.len());
    let mut at = 0;
    for node in outermost {
        let range = node.text_range();
        let (start, end) = (usize::from(range.start()), usize::from(range.end()));
        new.push_str(text.get(at..start).unwrap_or(""));
        for (index, line) in text.get(start..end).unwrap_or("").split_inclusive('\n').enumerate() {
            let blank = line.trim().is_empty();
            new.push_str(if index == 0 || blank { "" } else { "  " });
            new.push_str(line);
        }
        at = end;
    }
    new.push_str(text.get(at..).unwrap_or(""));
    Ok(new)
}

/// The comments of a text, in order, without the blank space around them.
fn comments(source: &Arc<Source>) -> Vec<String> {
    yaml::comments(source).iter().map(|loc| loc.text().trim_end().to_owned()).collect()
}
