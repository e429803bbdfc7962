//! One layout for files that people write.
//!
//! The layout is that of `pretty_yaml`; what is written is trusted only after it was read again and says the same
//! as before, comments included.

use std::sync::Arc;

use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions};

use crate::diag::{Diag, code};
use crate::policy::load::Known;
use crate::policy::same::{May, same};
use crate::source::Source;
use crate::source::yaml::{self, Limits};

/// Columns of a line that can be broken.
const WIDTH: usize = 110;
/// A layout that does not come to rest after so many times is none.
const TIMES: usize = 4;

fn options() -> FormatOptions {
    FormatOptions {
        layout: LayoutOptions { print_width: WIDTH, ..LayoutOptions::default() },
        language: LanguageOptions { trailing_comma: false, ..LanguageOptions::default() },
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
    let new = at_rest(&source.text).map_err(|why| vec![left(source, &why)])?;
    let after = Source::new(Arc::clone(&source.name), new.as_str());
    same(source, &after, known, May::Layout).map_err(|why| vec![left(source, &why)])?;
    if comments(source) != comments(&after) {
        return Err(vec![left(source, "a comment would be lost")]);
    }
    Ok(new)
}

fn left(source: &Source, why: &str) -> Diag {
    Diag::error(&code::LAYOUT, format!("`{}` is left as it is: {why}", source.name))
        .help("the file can be used; only its layout stays. Please report a file with which this happens")
}

/// Formats until nothing changes any more, so that formatting again changes nothing.
fn at_rest(text: &str) -> Result<String, String> {
    let mut text = once(text)?;
    for _ in 0..TIMES {
        let next = once(&text)?;
        if next == text {
            return Ok(text);
        }
        text = next;
    }
    Err("its layout does not come to rest".to_owned())
}

fn once(text: &str) -> Result<String, String> {
    let options = options();
    let done = std::panic::catch_unwind(|| pretty_yaml::format_text(text, &options));
    match done {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the formatter ended unexpectedly".to_owned()),
    }
}

/// The comments of a text, in order, without the blank space around them.
fn comments(source: &Arc<Source>) -> Vec<String> {
    yaml::comments(source).iter().map(|loc| loc.text().trim_end().to_owned()).collect()
}
