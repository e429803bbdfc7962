//! `data.compare`: are the rows of one database those of another?
//!
//! Each table is compared on its own, with one snapshot on each side that lasts as long as the table: by hashes of both
//! servers where both are PostgreSQL (`native`), else by all rows in the order of their key in the canonical encoding
//! (`stream`), or by how often each row is there if there is no key (`multiset`).

mod mark;
pub(in crate::probe::data) mod merge;
mod multiset;
mod native;
pub(in crate::probe::data) mod pair;
mod same;
pub(in crate::probe::data) mod shown;
pub(in crate::probe::data) mod sql;
mod state;
mod table;
mod tables;
pub(in crate::probe::data) mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::side::Side;
use super::tables::{Engine, Open};
use crate::fact::{Cause, Level, Missing, Move, TableBuilder, Value};
use crate::probe::{Answer, Ask, Context, Observing, Probe};
use pair::Pair;
use state::State;
use tables::{Job, Work};
use tally::Found;

/// The body of `data.compare`.
pub(in crate::probe) struct Compare;

impl Probe for Compare {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(look(ask, cx))
    }
}

/// What the arguments say.
struct Options {
    map: Move,
    method: Option<Arc<str>>,
    sample: usize,
    per_second: Option<u64>,
    budget: u64,
    private: BTreeSet<Arc<str>>,
    is_digested: bool,
}

impl Options {
    fn of(ask: &Ask<'_>, engine: Engine) -> Result<Self, Missing> {
        let args = &ask.request.args;
        let map = args.text("map").map(Move::from_text).transpose();
        let map = map.map_err(|why| Missing::new(Cause::Malformed, why))?.unwrap_or_default();
        let number = |name: &str| args.int(name).and_then(|value| u64::try_from(value).ok());
        let private = args.texts("private");
        Ok(Self {
            map,
            method: args.text("method").map(Arc::from),
            sample: number("sample").and_then(|sample| usize::try_from(sample).ok()).unwrap_or(20),
            per_second: number("rows_per_second"),
            budget: number("budget").unwrap_or(u64::MAX),
            private: private
                .iter()
                .map(|name| engine.normalised(name).unwrap_or_else(|| Arc::clone(name)))
                .collect(),
            is_digested: ask.request.wants("digest") || ask.request.wants("source_digest"),
        })
    }
}

async fn look(ask: &Ask<'_>, cx: &Context) -> Result<Answer, Missing> {
    let beside = cx.beside("source")?;
    let options = Options::of(ask, Engine::of(cx)?)?;
    // Conditions of the project file run in the source.
    let mut source = Open::open(&beside, !options.map.only.is_empty()).await?;
    let mut target = match Open::open(cx, false).await {
        Ok(target) => target,
        Err(why) => {
            source.close().await;
            return Err(why);
        }
    };
    let work = Work::list(ask, &options, &mut source, &mut target).await;
    let (identity, clock) = (target.identity(), target.clock());
    let (mut source, mut target) = (Side::new(&beside, source), Side::new(cx, target));
    let answer = match work {
        Ok(work) => all(ask, &options, work, &mut source, &mut target).await,
        Err(why) => Err(why),
    };
    source.close().await;
    target.close().await;
    Ok(Answer::new(answer?.finish()).identity(identity).clock(clock))
}

/// Compares table by table.
async fn all<'a>(
    ask: &Ask<'_>,
    options: &Options,
    work: Work,
    source: &mut Side<'a>,
    target: &mut Side<'a>,
) -> Result<TableBuilder, Missing> {
    let names = same::refuse(source, target).await?;
    let cx = target.cx;
    let question = format!("{names} {}", ask.request.key.args);
    let mut state = State::open(cx.work.as_deref(), question.clone(), cx.clock.now());
    let mut table = ask.table();
    // One side that is gone is gone for all that follow.
    let mut dead: Option<Arc<Missing>> = None;
    let mut is_whole = true;
    for job in work.jobs {
        let name = Arc::clone(&job.name);
        let mark = match &job.what {
            Job::Both(pair) if state.is_kept() && dead.is_none() => marked(pair, source, target).await,
            _ => None,
        };
        if let Some(found) = mark.as_deref().and_then(|mark| state.found(&name, mark)) {
            row(&mut table, &name, &found);
            continue;
        }
        let result = match (&dead, job.what) {
            (_, Job::Missing(why)) => Err(why),
            (Some(why), _) => Err(Arc::clone(why)),
            (None, what) => {
                let keys = cx.work.as_deref().map(|folder| (folder, question.as_str()));
                table::compare(&name, what, options, keys, source, target).await.map_err(Arc::new)
            }
        };
        match result {
            Ok(table::Result::Compared(found)) => {
                state.keep(&name, &found, mark, cx.clock.now())?;
                row(&mut table, &name, &found);
            }
            Ok(table::Result::OneSided(which, from, rows)) => one_sided(&mut table, &name, which, from, rows),
            Err(why) => {
                is_whole &= !matches!(why.cause, Cause::Timeout | Cause::Unreachable | Cause::Cancelled);
                // A lock on one table is no deadline of all.
                if why.level == Level::Target || cx.remaining().is_zero() {
                    dead = Some(Arc::clone(&why));
                }
                table.row().set("table", Value::Text(name)).missing_all(FACTS, &why).push();
            }
        }
    }
    if is_whole {
        state.end();
    }
    if let Some(why) = work.incomplete {
        table.cut(why);
    }
    Ok(table)
}

/// What tells whether the tables of a pair are written to. A side that cannot be asked says so when it is compared.
async fn marked<'a>(pair: &Pair, source: &mut Side<'a>, target: &mut Side<'a>) -> Option<String> {
    for side in [&mut *source, &mut *target] {
        table::ready(side).await.ok()?;
    }
    mark::of(pair, source, target).await
}

/// All facts but the key.
const FACTS: &[&str] = &[
    "source_table",
    "method",
    "rows",
    "source_rows",
    "missing",
    "extra",
    "changed",
    "columns",
    "keys",
    "bytes",
    "digest",
    "source_digest",
];

fn int(value: u64) -> Value {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

fn row(table: &mut TableBuilder, name: &Arc<str>, found: &Found) {
    let row = table
        .row()
        .set("table", Value::Text(Arc::clone(name)))
        .set("source_table", Value::text(&found.source_table))
        .set("method", Value::text(&found.method))
        .set("rows", int(found.rows))
        .set("source_rows", int(found.source_rows))
        .set("missing", int(found.missing))
        .set("extra", int(found.extra))
        .set("changed", int(found.changed))
        .set("columns", Value::texts(found.columns.iter().map(String::as_str)))
        .set("keys", Value::texts(found.keys.iter().map(String::as_str)))
        .set("bytes", int(found.bytes));
    let text = |text: &str| (!text.is_empty()).then(|| Value::text(text));
    row.set_or_null("digest", text(&found.digest))
        .set_or_null("source_digest", text(&found.source_digest))
        .push();
}

/// A table that the other side does not have.
fn one_sided(
    table: &mut TableBuilder,
    name: &Arc<str>,
    which: pair::Which,
    from: Option<Arc<str>>,
    rows: Result<u64, Arc<Missing>>,
) {
    let is_source = which == pair::Which::Source;
    let count = rows.map(int);
    let zero = || Ok(Value::Int(0));
    let (here, there) = if is_source { ("source_rows", "rows") } else { ("rows", "source_rows") };
    let (lost, none) = if is_source { ("missing", "extra") } else { ("extra", "missing") };
    table
        .row()
        .set("table", Value::Text(Arc::clone(name)))
        .set_or_null("source_table", from.map(Value::Text))
        .set("method", Value::Null)
        .cell(here, count.clone())
        .set(there, Value::Null)
        .cell(lost, count)
        .cell(none, zero())
        .cell("changed", zero())
        .set("columns", Value::texts::<&str>([]))
        .set("keys", Value::texts::<&str>([]))
        .cell("bytes", zero())
        .set("digest", Value::Null)
        .set("source_digest", Value::Null)
        .push();
}

/// A table that is larger than may be read.
pub(in crate::probe::data) fn over_budget(table: &str, budget: u64) -> Missing {
    let what = format!("{table} has more than {budget} rows, which is the budget");
    let why = Missing::new(Cause::Limit, what).level(Level::Row);
    why.fix("raise it with `--set POLICY-PARAM…`, or leave the table out (`except`)")
}
