//! `data.schema`: every object of a database with its definition in one form.
//!
//! Two databases with the same schema give the same rows, whatever the version that made them and the order in which
//! that happened: no numbers of objects, no positions of columns, options sorted, long texts as digests. What cannot be
//! read is a row whose definition is missing, and never a row that is left out.

mod found;
mod mysql;
mod portable;
mod postgres;
mod sqlite;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_changes;
mod text;

use std::sync::Arc;

use super::tables::{Engine, Open, Wanted};
use crate::fact::{Cause, Missing};
use crate::probe::{Answer, Ask, Context, Observing, Probe};
use found::Found;

/// The body of `data.schema`.
pub(in crate::probe) struct Schema;

impl Probe for Schema {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let asked = Asked::read(ask, Engine::of(cx)?)?;
            let mut open = Open::open(cx, false).await?;
            let answer = look(ask, &mut open, &asked).await;
            open.close().await;
            answer
        })
    }
}

/// What is asked for.
struct Asked {
    /// Only these kinds; None for all.
    kinds: Option<Vec<Arc<str>>>,
    /// Which schemas, and without which tables.
    wanted: Wanted,
    portable: bool,
}

impl Asked {
    fn read(ask: &Ask<'_>, engine: Engine) -> Result<Self, Missing> {
        let args = &ask.request.args;
        let kinds = args.get("kinds").map(|_| args.texts("kinds"));
        let known = crate::fact::catalogue::SCHEMA_KINDS;
        if let Some(other) = kinds.iter().flatten().find(|kind| !known.contains(&&***kind)) {
            let what = format!("`{other}` in `kinds` is no kind of objects");
            return Err(
                Missing::new(Cause::Malformed, what).fix(format!("write some of {}", known.join(", ")))
            );
        }
        Ok(Self { kinds, wanted: Wanted::of(args, engine)?, portable: args.flag("portable") })
    }

    /// Is one of these kinds asked for?
    fn has(&self, kinds: &[&str]) -> bool {
        self.kinds.as_ref().is_none_or(|asked| asked.iter().any(|kind| kinds.contains(&&**kind)))
    }
}

async fn look(ask: &Ask<'_>, open: &mut Open<'_>, asked: &Asked) -> Result<Answer, Missing> {
    let mut found = Found::new(asked);
    let incomplete = match open {
        _ if asked.portable => portable::read(open, asked, &mut found).await?,
        Open::Postgres(session) => {
            postgres::read(session, asked, &mut found).await?;
            None
        }
        Open::Mysql(session) => mysql::read(session, asked, &mut found).await?,
        Open::Sqlite(session) => {
            sqlite::read(session, &mut found).await?;
            None
        }
    };
    let mut table = ask.table();
    found.finish(&mut table);
    if let Some(why) = incomplete {
        table.cut(why);
    }
    Ok(Answer::new(table.finish()).identity(open.identity()).clock(open.clock()))
}
