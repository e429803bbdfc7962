//! A probe whose answer is what one statement of ours returns: the statement, what of it depends on the version
//! and the rights, and which of its columns say that a fact cannot be known. All of that is data.
//!
//! A fact of the declaration is the column of the same name. Times and durations are `int8` microseconds, sizes
//! `int8` bytes, shares `float8`, lists `text[]`. A column that is missing, of another type, null without
//! being declared so, or a word that the declaration does not know, is a fault of that fact, never a value.

mod costly;
mod home;
mod part;
mod row;

use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use super::databases::{databases, merged, no_connect};
use super::error::{fault, is_gone};
use super::names::plain_or_quoted;
use super::options::started_with;
use super::session::{Mode, Session, Who, within};
use super::sizes::is_lock;
use crate::fact::{Cause, Cell, Level, Missing, Table, TableBuilder};
use crate::probe::sql::{Step, late, quoted};
use crate::probe::{Answer, Ask, Context, Databases, Observing, Probe};

pub(super) use costly::Costly;
pub(super) use part::{Part, When};
pub(super) use row::Fault;

/// Where the statement is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Once: it is about the whole server.
    Server,
    /// In each database of the target; the key gets the database before it if there are several.
    Database,
}

/// A fact that is known before the statement is asked, and how.
pub(super) type Given = (&'static str, fn(&Who) -> Cell);

/// A statement as a probe.
pub(in crate::probe) struct Reading {
    /// The statement. `{name}` stands for a part, or for an argument that is a number; `{own}` for the name of our
    /// connections, `{started}` for the settings for which they ask; `$1` is the argument `list`, or null.
    pub(super) sql: &'static str,
    /// Where it is asked.
    pub(super) scope: Scope,
    /// What of it depends on the server.
    pub(super) parts: &'static [Part],
    /// Columns that say why facts cannot be known.
    pub(super) faults: &'static [Fault],
    /// Facts that are asked row by row, if somebody wants them.
    pub(super) costly: &'static [Costly],
    /// It names few rows first and looks their details up one by one: nested loops are on.
    pub(super) nested: bool,
    /// The argument that is `$1`, a list of texts.
    pub(super) list: &'static str,
    /// Without these nothing of it is known, also if the statement would return no rows.
    pub(super) needs: &'static [When],
    /// Facts that are known before the statement is asked.
    pub(super) given: &'static [Given],
}

impl Reading {
    /// A statement that is asked in each database, and needs nothing else.
    pub(super) const fn each(sql: &'static str) -> Self {
        Self {
            sql,
            scope: Scope::Database,
            parts: &[],
            faults: &[],
            costly: &[],
            nested: false,
            list: "schemas",
            needs: &[],
            given: &[],
        }
    }

    /// A statement about the server.
    pub(super) const fn server(sql: &'static str) -> Self {
        Self { scope: Scope::Server, ..Self::each(sql) }
    }
}

impl Probe for Reading {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let mut session = Session::open(cx, None, Mode::OWN).await?;
            let answer = self.look(ask, &mut session).await;
            session.close().await;
            answer
        })
    }

    fn since(&self) -> Vec<(&'static str, i64)> {
        self.parts.iter().flat_map(Part::since).collect()
    }
}

impl Reading {
    async fn look(&self, ask: &Ask<'_>, session: &mut Session<'_>) -> Result<Answer, Missing> {
        let wanted = ask.request.args.int("max_rows").and_then(|max| usize::try_from(max).ok());
        let max = wanted.unwrap_or(usize::MAX).min(ask.max_rows);
        let mut table = TableBuilder::new(&ask.request.schema, max);
        let (identity, clock) = (session.identity(), session.who.clock);
        match session.cx.target.databases.clone() {
            Databases::All { except } if self.scope == Scope::Database => {
                self.every(ask, session, &except, &mut table).await?;
            }
            _ => self.read(ask, session, false, &mut table).await?,
        }
        Ok(Answer::new(advised(table.finish(), max)).identity(identity).clock(clock))
    }

    /// All databases; one that cannot be read makes the answer incomplete and is named.
    async fn every(
        &self,
        ask: &Ask<'_>,
        session: &mut Session<'_>,
        except: &[String],
        table: &mut TableBuilder,
    ) -> Result<(), Missing> {
        let mut faults = Vec::new();
        let mut read_any = false;
        for (name, connect) in databases(session).await? {
            if except.contains(&name) {
                continue;
            }
            let done = if connect {
                self.database(ask, session, &name, table).await
            } else {
                Err(no_connect(session, &name))
            };
            match done {
                Ok(()) => read_any = true,
                Err(why) => faults.push(why),
            }
        }
        match merged(faults) {
            Some(why) if read_any => table.cut(why.level(Level::Probe)),
            Some(why) => return Err(why),
            None => {}
        }
        Ok(())
    }

    async fn database(
        &self,
        ask: &Ask<'_>,
        session: &mut Session<'_>,
        name: &str,
        table: &mut TableBuilder,
    ) -> Result<(), Missing> {
        if name == session.who.database {
            return self.read(ask, session, true, table).await;
        }
        let named =
            |why: Missing| Missing { what: format!("database {}: {}", quoted(name), why.what), ..why };
        let mut other = Session::open(session.cx, Some(name), Mode::OWN).await.map_err(named)?;
        let done = self.read(ask, &mut other, true, table).await.map_err(named);
        other.close().await;
        done
    }

    /// Asks the statement in one database.
    async fn read(
        &self,
        ask: &Ask<'_>,
        session: &mut Session<'_>,
        several: bool,
        table: &mut TableBuilder,
    ) -> Result<(), Missing> {
        let prefix = if several { plain_or_quoted(&session.who.database) } else { String::new() };
        let there = |why: Missing| if several { home::placed(why, &prefix) } else { why };
        if let Some(why) = merged(part::unmet(self.needs, &session.who, ask.request)) {
            return Err(there(why));
        }
        let (mut sql, mut lost) = part::resolved(self, &session.who, ask.request);
        for (_, why) in lost.iter_mut().filter(|_| several) {
            *why = Arc::new(there((**why).clone()));
        }
        if sql.contains(STARTED) {
            sql = sql.replace(STARTED, &started_with(session.cx)?);
        }
        let mut shape = row::Shape::new(self, ask.request, &session.who, lost);
        shape.prefix = prefix;
        let texts = ask.request.args.get(self.list).map(|_| {
            ask.request.args.texts(self.list).iter().map(ToString::to_string).collect::<Vec<String>>()
        });
        let (held, wanted) = self.rows(ask, session, (&sql, texts.as_deref()), &shape, table).await?;
        let cx = session.cx;
        let found =
            if wanted { costly::measured(self, ask.request, session, &held).await? } else { Vec::new() };
        for (index, row) in held.iter().enumerate() {
            let extra: &[(&str, Cell)] = found.get(index).map_or(&[], Vec::as_slice);
            shape.push(row, cx, extra, table)?;
        }
        Ok(())
    }

    /// Puts the rows into the answer, or holds them if some of their facts are to be asked one by one. What was dropped
    /// while it was looked at, or locked just then, ends the statement; it is asked anew then, a few times.
    async fn rows(
        &self,
        ask: &Ask<'_>,
        session: &mut Session<'_>,
        (sql, list): (&str, Option<&[String]>),
        shape: &row::Shape<'_>,
        table: &mut TableBuilder,
    ) -> Result<(Vec<PgRow>, bool), Missing> {
        let cx = session.cx;
        let wanted = costly::wanted(self, ask.request);
        let mut tries = 0;
        loop {
            tries += 1;
            let mut held: Vec<PgRow> = Vec::new();
            let mut pushed = false;
            if self.nested {
                let on = sqlx::raw_sql("SET LOCAL enable_nestloop = on").execute(&mut session.connection);
                within(cx, Step::Ask, on).await?;
            }
            let begun = Instant::now();
            let rows = async {
                let asked = sqlx::query(AssertSqlSafe(sql)).persistent(false);
                let asked = if self.sql.contains("$1") { asked.bind(list) } else { asked };
                let mut rows = asked.fetch(&mut session.connection);
                loop {
                    match rows.try_next().await {
                        Ok(None) => return Ok(true),
                        Ok(Some(row)) if wanted => held.push(row),
                        Ok(Some(row)) => {
                            pushed = true;
                            shape.push(&row, cx, &[], table)?;
                        }
                        Err(error) if passes(&error) && !pushed && tries < TRIES => return Ok(false),
                        Err(error) => return Err(fault(cx, Step::Ask, &error)),
                    }
                }
            };
            let limited = tokio::time::timeout_at(cx.deadline, rows).await;
            let whole = limited.unwrap_or_else(|_| Err(late(cx, Step::Ask)))?;
            cx.meter.add(begun.elapsed());
            if whole {
                return Ok((held, wanted));
            }
            session.again().await?;
        }
    }
}

/// May the next try do better?
fn passes(error: &sqlx::Error) -> bool {
    is_gone(error) || is_lock(error)
}

/// An answer that was cut for its number of rows says how to get the rest.
fn advised(table: Table, max: usize) -> Table {
    let Some(why) = table.cut.as_ref().filter(|why| why.cause == Cause::Incomplete && why.fix.is_none())
    else {
        return table;
    };
    let fix = format!(
        "ask about fewer at once: several observations, each with its `schemas`; one answer holds at most {max} rows"
    );
    Table { cut: Some(Arc::new((**why).clone().fix(fix))), ..table }
}

/// In a statement: the settings for which our own connection asks at its start.
const STARTED: &str = "{started}";

/// How often a statement is asked that meets what is being dropped or locked.
const TRIES: usize = 8;

/// A fault that one row has.
fn of_row(cause: Cause, what: impl Into<String>) -> Arc<Missing> {
    Arc::new(Missing::new(cause, what.into()).level(Level::Row))
}
