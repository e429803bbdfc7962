//! `data.row_counts`: rows counted exactly, table by table.
//!
//! What the catalogue says of a table's rows decides in which order they are counted and whether at all, and is never
//! told as a count. A table that is larger than its estimate ends at the budget or with its share of the time.

mod ask;
mod each;
mod key;
mod postgres;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::tables::{Engine, Listing, Open, UserTable, Wanted, list};
use crate::fact::{Cause, Level, Missing, RowBuilder, Value, refuse_sql};
use crate::probe::{Answer, Ask, Context, Observing, Probe};
use ask::Count;

/// The body of `data.row_counts`.
pub(in crate::probe) struct RowCounts;

/// With fewer rows by its estimate a table is small, and asked about together with others.
const SMALL: i64 = 20_000;

impl Probe for RowCounts {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let conditions = Conditions::read(ask, Engine::of(cx)?)?;
            let mut open = Open::open(cx, !conditions.0.is_empty()).await?;
            let answer = look(ask, cx, &mut open, &conditions).await;
            open.close().await;
            answer
        })
    }
}

async fn look(
    ask: &Ask<'_>,
    cx: &Context,
    open: &mut Open<'_>,
    conditions: &Conditions,
) -> Result<Answer, Missing> {
    let engine = open.engine();
    let newest = ask.request.wants("newest");
    let wanted = Wanted { columns: newest, ..Wanted::of(&ask.request.args, engine)? };
    let listing = list(open, &wanted).await?;
    let absent = conditions.absent(&listing, &wanted);
    let mut rows: BTreeMap<Arc<str>, Result<Count, Arc<Missing>>> = BTreeMap::new();
    for name in listing.absent.into_iter().chain(absent) {
        rows.insert(name, Err(Arc::new(not_there())));
    }
    let budget = ask.request.args.int("budget").unwrap_or(i64::MAX);
    let mut open_tables = Vec::new();
    for table in listing.tables {
        match refused(&table, budget) {
            Some(why) => drop(rows.insert(Arc::clone(&table.name), Err(why))),
            None => open_tables.push(table),
        }
    }
    // The small ones first: what a large one costs must not hide them.
    open_tables.sort_by_key(|table| table.estimate.unwrap_or(SMALL));
    let asked = ask::Asked {
        engine,
        budget,
        ends: ask.request.wants("least_key") || ask.request.wants("greatest_key"),
        newest,
        conditions,
        until: ends_at(cx),
    };
    count(open, &open_tables, &asked, &mut rows).await?;
    let mut table = ask.table();
    let private = Wanted::names(&ask.request.args, "private", engine)?;
    for (name, counted) in rows {
        let is_private = private.contains(&name);
        told(cx, &asked, table.row().set("table", Value::Text(name)), counted, is_private).push();
    }
    if let Some(why) = listing.incomplete {
        table.cut(why);
    }
    Ok(Answer::new(table.finish()).identity(open.identity()).clock(open.clock()))
}

/// The facts of one table.
fn told<'t>(
    cx: &Context,
    asked: &ask::Asked<'_>,
    row: RowBuilder<'t>,
    counted: Result<Count, Arc<Missing>>,
    is_private: bool,
) -> RowBuilder<'t> {
    let count = match counted {
        Err(why) => return row.missing_all(&["rows", "least_key", "greatest_key", "newest"], &why),
        Ok(count) => count,
    };
    let null = || Ok(Value::Null);
    let key = |key: Option<String>| match key {
        None => null(),
        Some(key) if is_private => key::hidden(cx, &key),
        Some(key) => Ok(Value::text(key)),
    };
    // What was not asked for stays unread; null says that there is none.
    let mut row = row.set("rows", Value::Int(count.rows));
    if asked.ends {
        row = row.cell("least_key", key(count.least)).cell("greatest_key", key(count.greatest));
    }
    if asked.newest {
        row = row.cell("newest", Ok(Value::or_null(count.newest.and_then(|rows| key::digest(cx, &rows)))));
    }
    row
}

/// A little before the deadline, so that what was counted until then still arrives.
fn ends_at(cx: &Context) -> Instant {
    let margin = (cx.remaining() / 10).min(std::time::Duration::from_millis(500));
    cx.deadline.checked_sub(margin).unwrap_or(cx.deadline)
}

/// Why a table is not counted at all.
fn refused(table: &UserTable, budget: i64) -> Option<Arc<Missing>> {
    if let Some(why) = &table.hidden {
        return Some(Arc::clone(why));
    }
    let rows = table.estimate.filter(|rows| *rows > budget)?;
    Some(Arc::new(limit(&table.name, &format!("is estimated to have {rows} rows, more than {budget}"))))
}

/// The fault of a table that is too large.
fn limit(name: &str, is: &str) -> Missing {
    Missing::new(Cause::Limit, format!("{name} {is}, the budget"))
        .level(Level::Row)
        .fix("raise it with `--set POLICY.budget=ROWS` (a policy that has it as its parameter) or `budget:` under `with`, or leave the table out (`except`)")
}

fn not_there() -> Missing {
    Missing::new(Cause::Absent, "there is no such table")
        .level(Level::Row)
        .fix("correct the name; with its schema in PostgreSQL")
}

/// Counts all of them; a fault of one table is its own.
async fn count(
    open: &mut Open<'_>,
    tables: &[UserTable],
    asked: &ask::Asked<'_>,
    rows: &mut BTreeMap<Arc<str>, Result<Count, Arc<Missing>>>,
) -> Result<(), Missing> {
    let mut rest = tables;
    while !rest.is_empty() {
        if Instant::now() >= asked.until {
            let why = Arc::new(asked.late());
            rows.extend(rest.iter().map(|table| (Arc::clone(&table.name), Err(Arc::clone(&why)))));
            return Ok(());
        }
        let found = match open {
            Open::Postgres(session) => postgres::some(session, rest, asked).await?,
            Open::Mysql(session) => vec![each::mysql(session, rest, asked).await?],
            Open::Sqlite(session) => vec![each::sqlite(session, rest, asked).await?],
        };
        let done = found.len().max(1);
        for (table, counted) in rest.iter().zip(found) {
            let counted = counted.and_then(|count| {
                let fits = count.rows <= asked.budget;
                if fits {
                    Ok(count)
                } else {
                    Err(limit(&table.name, &format!("has more rows than {}", asked.budget)))
                }
            });
            rows.insert(Arc::clone(&table.name), counted.map_err(Arc::new));
        }
        rest = rest.get(done..).unwrap_or_default();
    }
    Ok(())
}

/// By table which of its rows count.
#[derive(Debug, Default)]
pub(super) struct Conditions(BTreeMap<Arc<str>, String>);

impl Conditions {
    /// Reads the argument, and refuses what does more than read.
    fn read(ask: &Ask<'_>, engine: Engine) -> Result<Self, Missing> {
        let Some(text) = ask.request.args.text("only") else { return Ok(Self::default()) };
        let malformed = |what: String| {
            Missing::new(Cause::Malformed, what)
                .fix("write it as JSON: `{\"public.orders\": \"created_at >= '2020-01-01'\"}`")
        };
        let pairs: BTreeMap<String, String> = serde_json::from_str(text)
            .map_err(|error| malformed(format!("`only` is no object of texts: {error}")))?;
        let mut found = BTreeMap::new();
        for (name, condition) in pairs {
            let table = engine
                .normalised(&name)
                .ok_or_else(|| malformed(format!("`{name}` in `only` is no name of a table")))?;
            // As it will stand there: what is refused in a query is refused in a part of one.
            if let Some(why) = refuse_sql(&format!("SELECT 1 WHERE (\n{condition}\n)"), engine.dialect()) {
                let what = format!("the condition of {table} is refused: {why}");
                return Err(Missing::new(Cause::Denied, what));
            }
            if condition.trim().is_empty() {
                return Err(malformed(format!("the condition of {table} is empty")));
            }
            found.insert(table, condition);
        }
        Ok(Self(found))
    }

    /// Tables with a condition that are asked for and not there.
    fn absent(&self, listing: &Listing, wanted: &Wanted) -> Vec<Arc<str>> {
        let is_there = |name: &Arc<str>| listing.tables.iter().any(|table| table.name == *name);
        let names = self.0.keys().filter(|name| wanted.has(name) && !is_there(name));
        names.cloned().collect()
    }

    fn of(&self, table: &str) -> Option<&str> {
        self.0.get(table).map(String::as_str)
    }
}
