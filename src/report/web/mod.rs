//! What all pages for a browser have in common: one file each, without a script, light, dark and on paper.
//!
//! Invariant: a text of the observed world reaches a page only through a template, which escapes it, or through
//! [`escape`]; both make what hides or reorders visible first.

mod table;

use minijinja::{Environment, Error};
use serde_json::Value as Json;

use super::{text, words};

pub(super) use table::draw;

const STYLE: &str = include_str!("style.css");
const WIDE: &str = include_str!("wide.css");
const PARTS: &str = include_str!("parts.html");

/// Characters of a digest that are shown; the rest is in the title and in the JSON.
const DIGEST: usize = 12;

/// A page from its template, or one that says why there is none.
pub(super) fn page(title: &str, template: &str, context: &minijinja::Value) -> String {
    drawn(template, context).unwrap_or_else(|error| {
        // Nobody can take it for a page in which all is well.
        let told = escape(&error.to_string());
        format!("<!doctype html><title>{title}</title><p>The page could not be written: {told}</p>\n")
    })
}

fn drawn(template: &str, context: &minijinja::Value) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.add_filter("number", words::number);
    environment.add_filter("time", |time: String| moment(&time));
    environment.add_filter("short", |digest: String| short(&digest));
    environment.add_filter("seconds", seconds);
    environment.add_template("style.css", STYLE)?;
    environment.add_template("wide.css", WIDE)?;
    environment.add_template("parts.html", PARTS)?;
    environment.add_template("page.html", template)?;
    // The last newline of a template is not part of what it draws.
    Ok(environment.get_template("page.html")?.render(context)? + "\n")
}

/// Data for a template, its texts made harmless.
pub(super) fn value(data: &impl serde::Serialize) -> minijinja::Value {
    minijinja::Value::from(minijinja::value::Serde(clean(json(data))))
}

fn json(value: &impl serde::Serialize) -> Json {
    // Everything on a page has a JSON form; without one the page says so.
    serde_json::to_value(value).unwrap_or_else(|error| Json::String(error.to_string()))
}

/// Texts of others are made harmless; lines stay lines.
fn clean(json: Json) -> Json {
    match json {
        Json::String(told) => Json::String(text::lines(&told).join("\n")),
        Json::Array(items) => items.into_iter().map(clean).collect(),
        Json::Object(map) => Json::Object(map.into_iter().map(|(name, item)| (name, clean(item))).collect()),
        other => other,
    }
}

/// A text as it may stand between tags and within a quoted attribute.
pub(super) fn escape(told: &str) -> String {
    let mut out = String::with_capacity(told.len());
    escape_into(&mut out, told);
    out
}

/// The same, added to what is there: tables of ten thousand rows are made of it.
pub(super) fn escape_into(out: &mut String, told: &str) {
    for char in told.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if text::is_hostile(char) => out.extend(char.escape_unicode()),
            _ => out.push(char),
        }
    }
}

/// `2026-11-27 09:16:48 UTC`.
pub(super) fn moment(time: &str) -> String {
    let second = time.split(['.', 'Z']).next().unwrap_or(time);
    match second.split_once('T') {
        Some((day, hour)) => format!("{day} {hour} UTC"),
        None => time.to_owned(),
    }
}

fn short(digest: &str) -> String {
    let kept: String = digest.chars().take(DIGEST).collect();
    if digest.chars().count() > DIGEST { format!("{kept}…") } else { kept }
}

/// Microseconds as seconds.
fn seconds(micros: u64) -> String {
    format!("{}.{:02} s", micros / 1_000_000, micros / 10_000 % 100)
}
