//! `mysql.query`: the answer of a SELECT that a policy brings, on MySQL or MariaDB.

use serde_json::Value as Json;
use sqlx::AssertSqlSafe;

use super::decode::columns;
use super::error::fault;
use super::session::Session;
use crate::fact::{Cause, Missing, SqlDialect, Type};
use crate::probe::rows::{Collector, Engine};
use crate::probe::sql::{Step, bare, late, reading};
use crate::probe::{Answer, Ask, Context, Observing, Probe};

/// The body of `mysql.query`.
pub(in crate::probe) struct Query;

impl Probe for Query {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let sql = reading(ask, SqlDialect::Mysql)?;
            let mut session = Session::open(cx).await?;
            let answer = look(ask, sql, &mut session).await;
            session.close().await;
            answer
        })
    }
}

async fn look(ask: &Ask<'_>, sql: &str, session: &mut Session<'_>) -> Result<Answer, Missing> {
    if let Some(why) = refused(session) {
        return Err(why);
    }
    let cx = session.cx;
    let mut rows = Collector::new(ask).with_int_bools();
    let text = wrapped(sql, rows.limit());
    let found = sqlx::query(AssertSqlSafe(text)).persistent(false).fetch(&mut session.connection);
    let engine = Engine {
        columns: &|row| columns(row).map_err(|error| fault(cx, Step::Ask, &error)),
        fault: &|error| fault(cx, Step::Ask, error),
        late: &|| late(cx, Step::Ask),
        hint: &hint,
    };
    rows.read(found, cx.deadline, &engine).await?;
    Ok(Answer::new(rows.finish()?).identity(session.identity.clone()).clock(session.clock))
}

/// Why SQL of a policy is not asked as this user: with its privileges looking could change something.
pub(in crate::probe) fn refused(session: &Session<'_>) -> Option<Missing> {
    if session.dangerous.is_empty() {
        return None;
    }
    let what = format!(
        "the user {} has the privileges {}; looking must not be able to change",
        session.user, session.dangerous
    );
    let fix = "CREATE USER muster IDENTIFIED BY '…'; GRANT SELECT ON what it has to read TO muster; and name it in the target's address";
    Some(Missing::new(Cause::Denied, what).fix(fix))
}

/// The statement as a derived table, where only a query can stand.
fn wrapped(sql: &str, limit: usize) -> String {
    let sql = bare(sql);
    format!("SELECT * FROM (\n{sql}\n) AS __muster_row LIMIT {limit}")
}

/// What to do about a value of MySQL that a type does not take.
fn hint(ty: &Type, json: &Json) -> Option<(String, &'static str)> {
    let text = json.as_str()?;
    match ty.base() {
        Type::Time if !text.ends_with('Z') => Some((
            format!("is {text}, which has no time zone"),
            "write `unix_timestamp(…) AS …` in the query (it reads DATETIME as UTC) and `unit: s` at the fact; TIMESTAMP columns need nothing",
        )),
        ty if *ty == Type::DURATION => Some((
            format!("is the text {text:?}"),
            "write `time_to_sec(…) AS …` in the query: a number of seconds",
        )),
        _ => None,
    }
}
