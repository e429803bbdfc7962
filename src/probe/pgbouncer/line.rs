//! Columns of the console's answers. They differ from version to version, so that each is read by its name, and one
//! that is not there is `unsupported`, never zero.

use std::sync::Arc;

use sqlx::postgres::PgRow;
use sqlx::{Row, ValueRef};

use crate::fact::{Cause, Cell, Level, Missing, Value};
use crate::probe::Context;

/// One row.
pub(super) struct Line<'a> {
    pub(super) row: &'a PgRow,
    pub(super) cx: &'a Context,
    pub(super) version: &'a str,
}

impl Line<'_> {
    /// A text that is not asked for again if it is not there.
    pub(super) fn said(&self, name: &str) -> Option<String> {
        self.text(&[name]).ok()
    }

    /// Is this the text of the column?
    pub(super) fn says(&self, name: &str, text: &str) -> bool {
        self.said(name).as_deref() == Some(text)
    }

    /// The text of the first of these columns that is there: some were renamed.
    pub(super) fn text(&self, names: &[&str]) -> Result<String, Arc<Missing>> {
        let Some(value) = names.iter().find_map(|name| self.row.try_get_raw(*name).ok()) else {
            let what = format!("PgBouncer {} does not tell `{}`", self.version, names.join("` or `"));
            return Err(of_field(Cause::Unsupported, what, "update PgBouncer"));
        };
        if value.is_null() {
            let what = format!("the console gave no value for `{}`", names.join("` or `"));
            return Err(of_field(Cause::Undecidable, what, ""));
        }
        let text = value.as_str().map_err(|error| {
            Arc::new(self.cx.missing(Cause::Malformed, format!("`{}`: {error}", names.join("` or `"))))
        })?;
        Ok(text.to_owned())
    }

    /// The same as a number.
    pub(super) fn number(&self, names: &[&str]) -> Result<i64, Arc<Missing>> {
        let text = self.text(names)?;
        text.parse().map_err(|_no_number| {
            let what = format!("`{}` is {text:?}, not a number", names.join("` or `"));
            of_field(Cause::Malformed, what, "")
        })
    }

    /// A number as a cell.
    pub(super) fn int(&self, names: &[&str]) -> Cell {
        self.number(names).map(Value::Int)
    }

    /// `0` and `1` as a cell.
    pub(super) fn flag(&self, name: &str) -> Cell {
        match self.text(&[name])?.as_str() {
            "0" | "no" | "f" => Ok(Value::Bool(false)),
            "1" | "yes" | "t" => Ok(Value::Bool(true)),
            other => Err(of_field(Cause::Malformed, format!("`{name}` is {other:?}, neither 0 nor 1"), "")),
        }
    }
}

/// A fault of one fact.
pub(super) fn of_field(cause: Cause, what: String, fix: &str) -> Arc<Missing> {
    let why = Missing::new(cause, what).level(Level::Field);
    Arc::new(if fix.is_empty() { why } else { why.fix(fix) })
}
