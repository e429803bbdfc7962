//! The page for a browser and for paper: one file, no script, light and dark.

use minijinja::{Environment, Error, context};
use serde_json::Value as Json;

use super::super::{text, words};
use super::{GatePage, who};
use crate::verdict::Verdict;

const TEMPLATE: &str = include_str!("page.html");

/// Characters of a digest that are shown; the rest is in the title and in the JSON.
const DIGEST: usize = 12;

pub(super) fn render(page: &GatePage) -> String {
    drawn(page).unwrap_or_else(|error| {
        // Nobody can take it for a page in which all is well.
        let told = text::inline(&error.to_string()).replace(['<', '>', '&'], "?");
        format!("<!doctype html><title>muster gate</title><p>The page could not be written: {told}</p>\n")
    })
}

fn drawn(page: &GatePage) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.add_filter("number", words::number);
    environment.add_filter("time", |time: String| moment(&time));
    environment.add_filter("short", |digest: String| short(&digest));
    environment.add_filter("seconds", seconds);
    environment.add_template("page.html", TEMPLATE)?;
    let (kind, decision) = page.decision();
    let of = |verdicts: &[Verdict]| value(clean(json(&page.findings(verdicts))));
    let sides: Vec<[String; 4]> = page
        .sides
        .iter()
        .map(|side| {
            [
                side.target.to_string(),
                side.source.to_string(),
                who(side.then.as_ref()),
                who(side.now.as_ref()),
            ]
        })
        .collect();
    let counts = page.report.checks_by_verdict;
    let same: u64 = page.compared.iter().map(|one| one.same).sum();
    environment.get_template("page.html")?.render(context! {
        page => value(clean(json(page))),
        kind, decision,
        differs => of(&[Verdict::Fail, Verdict::Warn]),
        accepted => of(&[Verdict::Waived]),
        sides => value(clean(json(&sides))),
        counts => value(counts),
        subjects => page.subjects(),
        same,
        rows => page.compared.iter().filter_map(|one| one.rows).sum::<u64>(),
    })
}

fn value(data: impl serde::Serialize) -> minijinja::Value {
    minijinja::Value::from(minijinja::value::Serde(data))
}

fn json(value: &impl serde::Serialize) -> Json {
    // Everything on the page has a JSON form; without one the page says so.
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
