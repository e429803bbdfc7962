//! The statement that counts one table.

use std::time::Duration;

use tokio::time::Instant;

use super::Conditions;
use super::key;
use crate::fact::{Cause, Level, Missing};
use crate::probe::data::tables::{Engine, UserTable};

/// What is known of a table after it was counted.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) rows: i64,
    pub(super) least: Option<String>,
    pub(super) greatest: Option<String>,
    /// The rows with the greatest keys, in one form.
    pub(super) newest: Option<String>,
}

/// How many rows are the newest.
const NEWEST: usize = 10;

/// What is asked of every table.
pub(super) struct Asked<'a> {
    pub(super) engine: Engine,
    pub(super) budget: i64,
    /// Are the ends of keys wanted?
    pub(super) ends: bool,
    /// Are the newest rows wanted?
    pub(super) newest: bool,
    pub(super) conditions: &'a Conditions,
    pub(super) until: Instant,
}

impl Asked<'_> {
    /// One row of four texts: rows, the least key, the greatest key, the newest rows.
    pub(super) fn statement(&self, table: &UserTable) -> String {
        let condition = self.conditions.of(&table.name);
        let from = match condition {
            // A line of its own keeps a comment at the end of a condition harmless.
            Some(condition) => format!("{} WHERE (\n{condition}\n)", table.from),
            None => table.from.to_string(),
        };
        let safe = table.estimate.is_some_and(|rows| rows < self.budget / 4);
        let counted = if safe {
            format!("SELECT count(*) FROM {from}")
        } else {
            let most = self.budget.saturating_add(1);
            format!("SELECT count(*) FROM (SELECT 1 AS one FROM {from} LIMIT {most}) counted")
        };
        let rows = match self.engine {
            Engine::Postgres => format!("({counted})::pg_catalog.text"),
            Engine::Mysql => format!("CAST(({counted}) AS CHAR)"),
            Engine::Sqlite => format!("CAST(({counted}) AS TEXT)"),
        };
        let end = |descending: bool| match (self.ends, key::text(self.engine, &table.key)) {
            (true, Some(text)) => {
                let order = key::order(self.engine, &table.key, descending);
                format!("(SELECT {text} FROM {from} ORDER BY {order} LIMIT 1)")
            }
            _ => "NULL".to_owned(),
        };
        let newest =
            match key::text(self.engine, &table.columns).filter(|_| self.newest && !table.key.is_empty()) {
                Some(text) => {
                    let order = key::order(self.engine, &table.key, true);
                    let from = format!("SELECT {text} AS line FROM {from} ORDER BY {order} LIMIT {NEWEST}");
                    key::lines(self.engine, &from)
                }
                None => "NULL".to_owned(),
            };
        let (least, greatest) = (end(false), end(true));
        format!("SELECT {rows} AS counted, {least} AS least, {greatest} AS greatest, {newest} AS newest")
    }

    /// The row that came back.
    pub(super) fn count(
        &self,
        table: &UserTable,
        [rows, least, greatest, newest]: [Option<String>; 4],
    ) -> Result<Count, Missing> {
        let rows = rows.and_then(|rows| rows.parse().ok()).ok_or_else(|| {
            Missing::new(Cause::Malformed, format!("the count of {} is no number", table.name))
                .level(Level::Row)
        })?;
        let told = |text: Option<String>| text.map(|text| key::told(&table.key, &text)).transpose();
        let newest = newest.map(|text| key::rows(&table.columns, &text)).transpose()?;
        Ok(Count { rows, least: told(least)?, greatest: told(greatest)?, newest })
    }

    /// How long one table may take while others wait: half of what is left.
    pub(super) fn share(&self, others: usize) -> Duration {
        let left = self.until.saturating_duration_since(Instant::now());
        (if others > 0 { left / 2 } else { left }).max(Duration::from_millis(1))
    }

    /// The fault of a table that took too long, or whose turn never came.
    pub(super) fn late(&self) -> Missing {
        Missing::new(Cause::Timeout, "the time for all tables was used up before its rows were counted")
            .level(Level::Row)
            .fix("raise `within`, or ask about fewer tables at once (`tables`, `except`)")
    }

    /// A fault of one table, or one that ends everything.
    pub(super) fn own(&self, why: Missing) -> Result<Missing, Missing> {
        match (why.level, why.cause) {
            (Level::Target, _) => Err(why),
            (_, Cause::Timeout) if !why.what.to_ascii_lowercase().contains("lock") => {
                let late = self.late();
                Ok(Missing { what: format!("{}: {}", late.what, why.what), ..late })
            }
            _ => Ok(why.level(Level::Row)),
        }
    }
}
