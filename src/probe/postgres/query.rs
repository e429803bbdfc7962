//! `postgres.query`: the answer of a SELECT that a policy brings.
//!
//! Three barriers: the text is read and refused if it changes something; the role is checked, because a
//! read-only transaction stops neither functions nor programs of the server; and the text runs as a
//! sub-select of one statement in a read-only transaction. The server makes JSON of each row, so that every
//! type of every extension comes back without a table of types of ours.

use std::time::Duration;

use serde_json::Value as Json;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row};

use super::error::fault;
use super::refused;
use super::session::{Mode, Session};
use crate::fact::{Cause, Level, Missing, SqlDialect, Type};
use crate::probe::rows::{Collector, Engine, columns_of};
use crate::probe::sql::{Step, bare, late, reading};
use crate::probe::{Answer, Ask, Context, Observing, Probe};

/// The body of `postgres.query`.
pub(in crate::probe) struct Query;

impl Probe for Query {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let sql = reading(ask, SqlDialect::Postgres)?;
            let lock = ask.request.args.int("lock_timeout").and_then(|us| u64::try_from(us).ok());
            let lock_timeout = lock.map_or(super::session::LOCK_TIMEOUT, Duration::from_micros);
            let mut session = Session::open(cx, None, Mode { lock_timeout, foreign: true }).await?;
            let answer = match look(ask, sql, &mut session).await {
                Err(why) => Err(refused::exact(&mut session, why).await),
                answer => answer,
            };
            session.close().await;
            answer
        })
    }
}

async fn look(ask: &Ask<'_>, sql: &str, session: &mut Session<'_>) -> Result<Answer, Missing> {
    refuse_role(session)?;
    let cx = session.cx;
    let mut rows = Collector::new(ask);
    let text = wrapped(sql, rows.limit());
    let found = sqlx::query(AssertSqlSafe(text)).persistent(false).fetch(&mut session.connection);
    let engine = Engine {
        columns: &|row: &PgRow| {
            let text: &str = row.try_get(0).map_err(|error| fault(cx, Step::Ask, &error))?;
            columns_of(text).map_err(|why| cx.missing(Cause::Malformed, why))
        },
        fault: &|error| fault(cx, Step::Ask, error),
        late: &|| late(cx, Step::Ask),
        hint: &hint,
    };
    rows.read(found, cx.deadline, &engine).await?;
    Ok(Answer::new(rows.finish()?).identity(session.identity()).clock(session.who.clock))
}

/// The statement as a sub-select: whatever is not one query is an error of syntax there. A line of its own
/// keeps a comment at its end harmless.
fn wrapped(sql: &str, limit: usize) -> String {
    let sql = bare(sql);
    format!(
        "SELECT pg_catalog.to_json(__muster_row)::pg_catalog.text FROM (\n{sql}\n) __muster_row LIMIT {limit}"
    )
}

/// Refuses a role with which SQL of a policy could change something.
pub(in crate::probe) fn refuse_role(session: &Session<'_>) -> Result<(), Missing> {
    let who = &session.who;
    if who.dangerous.is_empty() {
        return Ok(());
    }
    let is = match who.dangerous.as_str() {
        "superuser" => "is superuser".to_owned(),
        "may become superuser" => "may become superuser".to_owned(),
        roles => format!("is a member of {roles}"),
    };
    let what = format!("the role `{}` {is}; looking must not be able to change", who.role);
    Err(Missing::new(Cause::Denied, what).level(Level::Probe).fix(
        "CREATE ROLE muster LOGIN PASSWORD '…'; GRANT pg_monitor TO muster; GRANT SELECT on what it has to read, and name it in the target's address",
    ))
}

/// What to do about a value of PostgreSQL that a type does not take.
fn hint(ty: &Type, json: &Json) -> Option<(String, &'static str)> {
    let text = json.as_str()?;
    match ty.base() {
        Type::Time if is_zoneless(text) => Some((
            format!("is {text}, which has no time zone"),
            "cast it in the query: `column AT TIME ZONE 'UTC' AS …` (with the zone it was written in)",
        )),
        ty if *ty == Type::DURATION => Some((
            format!("is the text {text:?}, most likely an interval"),
            "write `extract(epoch FROM …) AS …` in the query: a number of seconds",
        )),
        Type::Int | Type::Float | Type::Counter if text.parse::<f64>().is_ok() => {
            Some((format!("is the text {text:?}, not a number"), "cast it in the query: `column::bigint`"))
        }
        _ => None,
    }
}

/// `2026-11-01T03:00:00` and nothing behind it.
fn is_zoneless(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', ' ']) else { return false };
    date.len() >= 10 && time.chars().all(|c| c.is_ascii_digit() || c == ':' || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_is_wrapped_without_its_semicolon() {
        let text = wrapped(" select 1 ; \n", 11);
        assert!(text.contains("(\nselect 1\n) __muster_row LIMIT 11"), "{text}");
        assert!(wrapped("select 1 -- x", 1).contains("-- x\n)"));
    }

    #[test]
    fn a_time_without_zone_is_seen() {
        assert!(is_zoneless("2026-11-01T03:00:00.5"));
        assert!(!is_zoneless("2026-11-01T03:00:00+00:00"));
        assert!(!is_zoneless("2026-11-01"));
    }
}
