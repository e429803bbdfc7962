//! Observed facts for people: one row as a list, many as a table, and why cells are missing.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fact::{Identity, Missing, Observation, Row, Rows, Schema, Table, show_cell};
use crate::report::inline;

use super::page::{Page, columns};

/// Rows that are shown at most.
const MOST: usize = 200;

/// Characters of a cell in a table.
const WIDEST: usize = 60;

/// One fault with the facts that it hides.
pub(super) struct Fault {
    pub why: Arc<Missing>,
    pub facts: Vec<Arc<str>>,
    pub rows: usize,
}

/// Every fault of a table once, with what it hides.
pub(super) fn faults(table: &Table) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for row in &table.rows {
        let mut hit = BTreeSet::new();
        for (field, cell) in table.schema.fields.iter().zip(row) {
            let Err(why) = cell else { continue };
            let known = faults.iter().position(|fault| fault.why == *why);
            let index = known.unwrap_or(faults.len());
            if known.is_none() {
                faults.push(Fault { why: Arc::clone(why), facts: Vec::new(), rows: 0 });
            }
            let Some(fault) = faults.get_mut(index) else { continue };
            if !fault.facts.contains(&field.name) {
                fault.facts.push(Arc::clone(&field.name));
            }
            fault.rows += usize::from(hit.insert(index));
        }
    }
    faults
}

/// Is every cell there, and the answer whole?
pub(super) fn is_whole(answer: &Observation) -> bool {
    let whole = |table: &Table| table.cut.is_none() && table.rows.iter().flatten().all(Result::is_ok);
    answer.result.as_ref().is_ok_and(whole)
}

/// Who answered, in a few words; empty if nobody said.
pub(super) fn identity(identity: &Identity) -> String {
    let system = identity.system.as_ref().map(|system| format!("system {system}"));
    let host = (!identity.host.is_empty()).then(|| identity.host.to_string());
    let parts = [host, text(identity.version.as_ref()), text(identity.role.as_ref()), system];
    inline(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn text(part: Option<&Arc<str>>) -> Option<String> {
    part.map(ToString::to_string)
}

/// The whole answer.
pub(super) fn shown(answer: &Observation) -> String {
    let who = identity(&answer.identity);
    let who = if who.is_empty() { String::new() } else { format!(" ({who})") };
    let took = format!("{}.{:01} ms", answer.took.as_millis(), answer.took.as_micros() / 100 % 10);
    let head = format!("{} at {}{who}", answer.key.probe, answer.key.target);
    match &answer.result {
        Err(why) => format!("{head}: unknown, took {took}\n{}", fault(why)),
        Ok(table) => {
            let rows = match table.rows.len() {
                1 => "1 row".to_owned(),
                many => format!("{many} rows"),
            };
            format!("{head}: {rows}, took {took}\n\n{}{}", cells(table), missing(table))
        }
    }
}

fn fault(why: &Missing) -> String {
    let fix = why.fix.as_ref().map(|fix| format!("\n  to do: {}", inline(fix)));
    format!("  {}: {}{}\n", why.cause, inline(&why.what), fix.unwrap_or_default())
}

fn cells(table: &Table) -> String {
    let schema = &table.schema;
    if table.rows.is_empty() {
        return "(no rows)\n".to_owned();
    }
    if schema.rows == Rows::One || table.rows.len() == 1 {
        return table.rows.iter().map(|row| list(schema, row)).collect();
    }
    let most = table.rows.get(..MOST).unwrap_or(&table.rows);
    let drawn = grid(schema, most)
        .unwrap_or_else(|| most.iter().map(|row| list(schema, row)).collect::<Vec<_>>().join("\n"));
    let more = table.rows.len() - most.len();
    let more = if more == 0 {
        String::new()
    } else {
        format!("… and {more} more rows; `--format json` has all\n")
    };
    drawn + &more
}

/// One row: a line for each fact.
fn list(schema: &Schema, row: &Row) -> String {
    let fields = schema.fields.iter().zip(row);
    let rows: Vec<(String, String)> = fields
        .map(|(field, cell)| {
            let text = inline(&show_cell(cell, field.ty.base(), field.null_reads.as_deref()));
            (field.name.to_string(), format!("{text}   [{}]", field.ty))
        })
        .collect();
    let mut page = Page::new();
    page.rows(&rows);
    page.finish()
}

/// A table, if it fits the terminal.
fn grid(schema: &Schema, rows: &[Row]) -> Option<String> {
    let head = schema.fields.iter().map(|field| field.name.to_string()).collect();
    let types = schema.fields.iter().map(|field| format!("[{}]", field.ty)).collect();
    let mut lines: Vec<Vec<String>> = vec![head, types];
    for row in rows {
        let cell = |(field, cell): (&crate::fact::Field, &crate::fact::Cell)| {
            inline(&show_cell(cell, field.ty.base(), field.null_reads.as_deref()))
        };
        lines.push(schema.fields.iter().zip(row).map(cell).collect());
    }
    let too_wide = lines.iter().flatten().any(|cell| cell.chars().count() > WIDEST);
    let drawn = columns(&lines);
    let width = super::output::style(false).width;
    (!too_wide && drawn.lines().all(|line| line.chars().count() <= width)).then_some(drawn)
}

/// Why cells are missing, and what would show them.
fn missing(table: &Table) -> String {
    let mut text = String::new();
    if let Some(why) = &table.cut {
        text.push_str(&format!(
            "\nthe answer is not complete ({} of {} rows)\n{}",
            table.rows.len(),
            table.total,
            fault(why)
        ));
    }
    for one in faults(table) {
        let names: Vec<&str> = one.facts.iter().map(|name| &**name).collect();
        text.push_str(&format!(
            "\nmissing in {} of {} rows: {}\n{}",
            one.rows,
            table.rows.len(),
            names.join(", "),
            fault(&one.why)
        ));
    }
    text
}
