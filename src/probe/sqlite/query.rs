//! `sqlite.query`: the answer of a SELECT that a policy brings.

use serde_json::{Value as Json, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Column, Error, Row, TypeInfo, ValueRef};

use super::error::fault;
use super::session::Session;
use crate::fact::{Missing, SqlDialect, Type};
use crate::probe::rows::{Collector, Columns, Engine, column};
use crate::probe::sql::{Step, late_at, reading};
use crate::probe::x509::hex;
use crate::probe::{Answer, Ask, Context, Observing, Probe};

/// The body of `sqlite.query`.
pub(in crate::probe) struct Query;

impl Probe for Query {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let sql = reading(ask, SqlDialect::Sqlite)?;
            let mut session = Session::open(cx).await?;
            let answer = look(ask, sql, &mut session).await;
            session.close().await;
            answer
        })
    }
}

async fn look(ask: &Ask<'_>, sql: &str, session: &mut Session<'_>) -> Result<Answer, Missing> {
    let mut rows = Collector::new(ask).with_int_bools().without_limit();
    let (cx, path, identity) = (session.cx, session.path.clone(), session.identity());
    let found = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false).fetch(&mut session.connection);
    let engine = Engine {
        columns: &|row| {
            let mut columns = columns(row).map_err(|error| fault(cx, &path, &error))?;
            times(ask, &mut columns);
            Ok(columns)
        },
        fault: &|error| fault(cx, &path, error),
        late: &|| late_at(cx, Step::Ask, &path.display()),
        hint: &hint,
    };
    rows.read(found, cx.deadline, &engine).await?;
    Ok(Answer::new(rows.finish()?).identity(identity))
}

/// Every value carries its own type.
fn columns(row: &SqliteRow) -> Result<Columns, Error> {
    let mut columns = Columns::new();
    for (index, column) in row.columns().iter().enumerate() {
        let raw = row.try_get_raw(index)?;
        let json = if raw.is_null() { Json::Null } else { value(row, index, raw.type_info().name())? };
        columns.push((column.name().to_owned(), json));
    }
    Ok(columns)
}

fn value(row: &SqliteRow, index: usize, ty: &str) -> Result<Json, Error> {
    Ok(match ty {
        "INTEGER" => json!(row.try_get_unchecked::<i64, _>(index)?),
        "REAL" => json!(row.try_get_unchecked::<f64, _>(index)?),
        "BLOB" => {
            json!(format!("0x{}", hex(row.try_get_unchecked::<&[u8], _>(index)?)))
        }
        _ => json!(row.try_get_unchecked::<&str, _>(index)?),
    })
}

/// SQLite's own functions write times as `2026-11-01 03:00:00`, in UTC.
fn times(ask: &Ask<'_>, columns: &mut Columns) {
    for pointer in ask.request.declared.iter().filter(|pointer| pointer.ty.base() == &Type::Time) {
        let found = columns.iter_mut().find(|(name, _)| name == column(pointer));
        if let Some((_, Json::String(text))) = found
            && let Some((date, time)) = text.split_once([' ', 'T'])
            && date.len() == 10
            && time.chars().all(|c| c.is_ascii_digit() || c == ':' || c == '.')
        {
            *text = format!("{date}T{time}Z");
        }
    }
}

fn hint(ty: &Type, json: &Json) -> Option<(String, &'static str)> {
    match (ty.base(), json) {
        (Type::Int | Type::Float | Type::Counter, Json::String(text)) if text.parse::<f64>().is_ok() => Some(
            (format!("is the text {text:?}, not a number"), "write `CAST(… AS INTEGER) AS …` in the query"),
        ),
        _ => None,
    }
}
