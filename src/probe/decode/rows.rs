//! Rows of a table out of a document: cells that the probe itself knows, and declared facts.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{json_at, json_find, kind};
use crate::fact::{Cause, Cell, Missing, Pointer, TableBuilder};

/// One row for each item of the array at `rows`. Every row gets the fixed cells, by name, and each declared
/// fact from its place within the item.
pub(crate) fn rows_from_json(
    table: &mut TableBuilder,
    document: &Json,
    rows: &str,
    pointers: &[Pointer],
    fixed: &[(&str, Cell)],
) -> Result<(), Missing> {
    let found = if rows == "/" { Some(document) } else { json_find(document, rows, "") };
    let Some(found) = found else {
        let what = format!("the answer has nothing at `{rows}`, where its rows should be");
        return Err(Missing::new(Cause::Absent, what).fix("correct `rows`, or what answers"));
    };
    let Json::Array(items) = found else {
        let what = format!("`{rows}` is {}, not a list of rows", kind(found));
        return Err(Missing::new(Cause::WrongType, what).fix("let `rows` point to an array"));
    };
    for item in items {
        row_from_json(table, item, pointers, fixed);
    }
    Ok(())
}

/// One row: the fixed cells and the declared facts out of one object.
pub(crate) fn row_from_json(
    table: &mut TableBuilder,
    item: &Json,
    pointers: &[Pointer],
    fixed: &[(&str, Cell)],
) {
    cells_row(table, fixed, pointers.iter().map(|pointer| json_at(item, pointer)).collect());
}

/// One row: the fixed cells and the same fault for each of so many declared facts.
pub(crate) fn declared_missing(
    table: &mut TableBuilder,
    count: usize,
    fixed: &[(&str, Cell)],
    why: &Arc<Missing>,
) {
    cells_row(table, fixed, vec![Err(Arc::clone(why)); count]);
}

/// One row: the fixed cells by name, then the declared ones, which stand last in the schema. They go by
/// position, so that a declared fact never replaces a fixed one of the same name.
pub(crate) fn cells_row(table: &mut TableBuilder, fixed: &[(&str, Cell)], declared: Vec<Cell>) {
    let first = table.width().saturating_sub(declared.len());
    let mut row = table.row();
    for (name, cell) in fixed {
        row = row.cell(name, cell.clone());
    }
    for (index, cell) in declared.into_iter().enumerate() {
        row = row.at(first + index, cell);
    }
    row.push();
}
