//! Tables of a page: with a caption, heads and a name of each row, in a region that scrolls by itself. They are written here
//! and not by a template, as they may have ten thousand rows.

use super::escape_into;
use crate::report::sheet::{Cell, Row, Sheet, at};
use crate::report::text::{is_hostile, put};
use crate::report::words::{number, size};

/// Rows that are seen at once; the others are folded, so many at a time.
const SEEN: usize = 100;
const FOLD: usize = 1_000;

/// Adds a table; `tables` counts those of the page.
pub(in crate::report) fn draw(out: &mut String, sheet: &Sheet, tables: &mut usize) {
    if sheet.rows.is_empty() {
        out.push_str("<p class=\"empty\"><b>");
        escape_into(out, sheet.caption);
        out.push_str(":</b> ");
        escape_into(out, if sheet.empty.is_empty() { "none." } else { &sheet.empty });
        out.push_str("</p>\n");
        return;
    }
    let all = number(size(sheet.rows.len()));
    let seen = if sheet.folded { 0 } else { SEEN };
    let (first, others) = sheet.rows.split_at_checked(seen).unwrap_or((&sheet.rows, &[]));
    if !first.is_empty() {
        let told = if others.is_empty() {
            all.clone()
        } else {
            format!("{} of {all}, the others are folded below", number(size(seen)))
        };
        table(out, sheet, first, &told, tables);
    }
    let mut from = seen;
    for rows in others.chunks(FOLD) {
        let to = from + rows.len();
        let range = format!("{} to {} of {all}", number(size(from + 1)), number(size(to)));
        let range = if from == 0 && to == sheet.rows.len() { all.clone() } else { range };
        out.push_str("<details><summary>");
        escape_into(out, sheet.caption);
        put(out, format_args!(" ({range})</summary>\n"));
        table(out, sheet, rows, &range, tables);
        out.push_str("</details>\n");
        from = to;
    }
}

/// A table in a region that scrolls by itself and can be reached by the keyboard.
fn table(out: &mut String, sheet: &Sheet, rows: &[Row], told: &str, tables: &mut usize) {
    *tables += 1;
    let wide = if sheet.heads.len() > 4 { " class=\"wide\"" } else { "" };
    put(
        out,
        format_args!(
            "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"t{tables}\"><table{wide}><caption id=\"t{tables}\">"
        ),
    );
    escape_into(out, sheet.caption);
    put(out, format_args!(" <span class=\"soft\">({told})</span></caption>\n<thead><tr>"));
    let is_number =
        |column: usize| rows.first().and_then(|row| row.cells.get(column)).is_some_and(Cell::is_number);
    for (column, head) in sheet.heads.iter().enumerate() {
        let class = if is_number(column) { " class=\"number\"" } else { "" };
        put(out, format_args!("<th scope=\"col\"{class}>{head}</th>"));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        line(out, row, sheet.key);
    }
    out.push_str("</tbody></table></div>\n");
}

fn line(out: &mut String, row: &Row, key: usize) {
    match &row.id {
        Some(id) => {
            out.push_str("<tr id=\"f-");
            escape_into(out, id);
            out.push_str("\">");
        }
        None => out.push_str("<tr>"),
    }
    for (column, told) in row.cells.iter().enumerate() {
        let (open, close) = match told {
            _ if column == key => ("<th scope=\"row\">", "</th>"),
            Cell::Number(_) => ("<td class=\"number\">", "</td>"),
            Cell::Time(_) => ("<td class=\"nowrap\">", "</td>"),
            _ => ("<td>", "</td>"),
        };
        out.push_str(open);
        cell(out, told);
        out.push_str(close);
    }
    out.push_str("</tr>\n");
}

fn cell(out: &mut String, told: &Cell) {
    match told {
        Cell::Nothing => out.push_str("<span class=\"soft\">–</span>"),
        Cell::Text(told) => escape_into(out, told),
        Cell::Name(told) => {
            out.push_str("<span class=\"name\">");
            escape_into(out, told);
            out.push_str("</span>");
        }
        Cell::Under(first, below) => {
            cell(out, first);
            out.push_str("<br><small>");
            escape_into(out, below);
            out.push_str("</small>");
        }
        Cell::Badge(tone, word) => {
            put(out, format_args!("<span class=\"badge {tone}\">"));
            escape_into(out, word);
            out.push_str("</span>");
        }
        Cell::Number(many) => out.push_str(&number(*many)),
        Cell::Time(time) => out.push_str(&at(*time)),
        Cell::Link(told) => link(out, told),
        Cell::Finding(id) => {
            out.push_str("<a class=\"name\" href=\"#f-");
            escape_into(out, id);
            out.push_str("\">");
            escape_into(out, id);
            out.push_str("</a>");
        }
        Cell::List(all) => {
            for (index, one) in all.iter().enumerate() {
                if index > 0 {
                    out.push_str("<br>");
                }
                cell(out, one);
            }
        }
    }
}

/// Only an address of the web can be followed: `javascript:` and others are texts.
fn link(out: &mut String, told: &str) {
    let lower = told.get(..8).unwrap_or(told).to_ascii_lowercase();
    let web = lower.starts_with("https://") || lower.starts_with("http://");
    if !web || told.contains(is_hostile) {
        return escape_into(out, told);
    }
    out.push_str("<a rel=\"noopener noreferrer\" href=\"");
    escape_into(out, told);
    out.push_str("\">");
    escape_into(out, told);
    out.push_str("</a>");
}
