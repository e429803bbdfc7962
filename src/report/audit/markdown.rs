//! The audit for an issue or a wiki: the same parts in the same order, with long tables cut.

use super::super::markdown::{LIMIT, code, escape};
use super::super::sheet::{Cell, Row, Sheet, at};
use super::super::text;
use super::super::words::{count, number, size};
use super::Kind;
use super::glance::{Glance, Point, glance};
use super::sections::{Section, sections};
use crate::audit::Audit;

/// Rows of a table.
const ROWS: usize = 20;
/// Characters of a cell.
const CELL: usize = 160;
/// Room that is kept for what was cut, and for the foot.
const RESERVE: usize = 3_000;
/// Where all of it is.
const WHERE: &str = "all are in the HTML page, the CSV and the JSON of this audit";

pub(super) fn render(audit: &Audit, kind: Kind) -> String {
    let mut out = String::new();
    let glance = glance(audit, kind);
    head(&mut out, audit, kind, &glance);
    glance.points.iter().for_each(|one| point(&mut out, one));
    owners(&mut out, &glance);
    for section in sections(audit, kind) {
        drawn(&mut out, &section);
    }
    let made = format!("made {} on {} by muster {}", at(audit.made), audit.host, audit.muster);
    text::put(&mut out, format_args!("\n<sub>{}, from {}</sub>\n", escape(&made), code(&audit.store.path)));
    out
}

fn icon(tone: &str) -> &'static str {
    match tone {
        "pass" => "✅",
        "warn" => "🟡",
        "fail" => "❌",
        "waived" => "🔵",
        "skipped" => "⚪",
        _ => "❓",
    }
}

fn head(out: &mut String, audit: &Audit, kind: Kind, glance: &Glance) {
    let title = escape(&kind.title(audit));
    text::put(out, format_args!("# {title}\n\n## {} {}\n\n", icon(glance.tone), escape(&glance.decision)));
    text::put(out, format_args!("{} to {}\n\n", at(audit.period.from), at(audit.period.until)));
    if glance.nothing {
        out.push_str(
            "> [!CAUTION]\n> **NOTHING WAS JUDGED:** that nothing is listed below means that nobody looked, not that all is well\n\n",
        );
    }
    for tile in &glance.tiles {
        text::put(
            out,
            format_args!("- {} **{}** {}\n", icon(tile.tone), escape(&tile.figure), escape(&tile.of)),
        );
    }
    out.push('\n');
}

fn point(out: &mut String, point: &Point) {
    text::put(out, format_args!("**{} {}**\n\n", icon(point.tone), escape(&point.said)));
    for one in &point.first {
        text::put(out, format_args!("- {}\n", escape(&text::clip(one, CELL * 2))));
    }
    if point.more > 0 {
        text::put(out, format_args!("- … {} more, below\n", number(size(point.more))));
    }
    if !point.first.is_empty() {
        out.push('\n');
    }
}

fn owners(out: &mut String, glance: &Glance) {
    if glance.owners.is_empty() {
        return;
    }
    out.push_str("| owner | critical | high | medium | low | all open |\n|---|--:|--:|--:|--:|--:|\n");
    for one in glance.owners.iter().take(ROWS) {
        let owner = if one.owner.is_empty() { "**no owner**".to_owned() } else { escape(&one.owner) };
        let by: Vec<String> = one.by_severity.iter().map(|many| number(*many)).collect();
        text::put(out, format_args!("| {owner} | {} | {} |\n", by.join(" | "), number(one.all)));
    }
    more(out, glance.owners.len().saturating_sub(ROWS), "owner");
}

fn more(out: &mut String, left: usize, what: &str) {
    if left > 0 {
        text::put(out, format_args!("\n**… {} more:** {WHERE}\n", count(size(left), what)));
    }
}

fn drawn(out: &mut String, section: &Section) {
    text::put(out, format_args!("\n## {}\n\n", escape(&section.title)));
    for note in &section.notes {
        text::put(out, format_args!("{}\n\n", escape(&text::clip(note, CELL * 4))));
    }
    for sheet in &section.sheets {
        table(out, sheet);
    }
}

fn table(out: &mut String, sheet: &Sheet) {
    let caption = escape(sheet.caption);
    if sheet.rows.is_empty() {
        text::put(out, format_args!("**{caption}:** {}\n\n", escape(&sheet.empty)));
        return;
    }
    let all = count(size(sheet.rows.len()), "row");
    if sheet.folded {
        text::put(out, format_args!("**{caption}:** {all}, {WHERE}\n\n"));
        return;
    }
    text::put(
        out,
        format_args!(
            "**{caption}** ({all})\n\n| {} |\n|{}\n",
            sheet.heads.join(" | "),
            "---|".repeat(sheet.heads.len())
        ),
    );
    let mut drawn = 0;
    let mut used = out.chars().count();
    for row in sheet.rows.iter().take(ROWS) {
        let line = line(row);
        used += line.chars().count();
        if used > LIMIT - RESERVE {
            break;
        }
        out.push_str(&line);
        drawn += 1;
    }
    more(out, sheet.rows.len().saturating_sub(drawn), "row");
    out.push('\n');
}

fn line(row: &Row) -> String {
    let cells: Vec<String> = row.cells.iter().map(cell).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn cell(told: &Cell) -> String {
    match told {
        Cell::Nothing => String::new(),
        Cell::Text(told) | Cell::Link(told) => escape(&text::clip(told, CELL)),
        Cell::Name(told) | Cell::Finding(told) => code(&text::clip(told, CELL)),
        Cell::Under(first, below) => format!("{} <br> {}", cell(first), escape(&text::clip(below, CELL))),
        Cell::Badge(tone, word) => format!("{} {}", icon(tone), escape(word)),
        Cell::Number(many) => number(*many),
        Cell::Time(time) => at(*time),
        Cell::List(all) => {
            let mut shown: Vec<String> = all.iter().take(4).map(cell).collect();
            if all.len() > 4 {
                shown.push(format!("… {} more", number(size(all.len() - 4))));
            }
            shown.join(" <br> ")
        }
    }
}
