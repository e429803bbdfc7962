//! Counting in PostgreSQL: several small tables in one message, each in its own statement. Locks end with the message,
//! not with the transaction.

use futures_util::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Error, Row as _};

use super::SMALL;
use super::ask::{Asked, Count};
use crate::fact::Missing;
use crate::probe::data::tables::UserTable;
use crate::probe::postgres::error::fault;
use crate::probe::postgres::session::{Session, within};
use crate::probe::postgres::{busy, is_lock};
use crate::probe::sql::{Step, late};

/// Small tables in one message.
const BATCH: usize = 20;

/// The first of these tables, one at least.
pub(super) async fn some(
    session: &mut Session<'_>,
    tables: &[UserTable],
    asked: &Asked<'_>,
) -> Result<Vec<Result<Count, Missing>>, Missing> {
    let cx = session.cx;
    let small = tables.iter().take(BATCH).take_while(|table| table.estimate.is_some_and(|rows| rows < SMALL));
    let many = small.count().max(1);
    let batch = tables.get(..many).unwrap_or(tables);
    let text = message(batch, asked, tables.len() - batch.len());
    let mut found: Vec<Result<Count, Missing>> = Vec::new();
    let broken = {
        let mut rows = sqlx::raw_sql(AssertSqlSafe(text)).fetch(&mut session.connection);
        let work = async {
            loop {
                match rows.try_next().await {
                    Ok(None) => return Ok(None),
                    Ok(Some(row)) => {
                        let Some(table) = batch.get(found.len()) else { continue };
                        let texts = texts(&row).map_err(|error| fault(cx, Step::Ask, &error))?;
                        found.push(asked.count(table, texts));
                    }
                    Err(error) => return Ok(Some(error)),
                }
            }
        };
        tokio::time::timeout_at(cx.deadline, work).await.unwrap_or_else(|_| Err(late(cx, Step::Ask)))?
    };
    if let Some(error) = broken {
        let why = if is_lock(&error) { busy() } else { fault(cx, Step::Ask, &error) };
        found.push(Err(asked.own(why)?));
        let back =
            sqlx::raw_sql("ROLLBACK TO muster_count; RELEASE muster_count").execute(&mut session.connection);
        within(cx, Step::Ask, back).await?;
    }
    Ok(found)
}

fn texts(row: &PgRow) -> Result<[Option<String>; 4], Error> {
    Ok([
        row.try_get_unchecked(0)?,
        row.try_get_unchecked(1)?,
        row.try_get_unchecked(2)?,
        row.try_get_unchecked(3)?,
    ])
}

fn message(batch: &[UserTable], asked: &Asked<'_>, behind: usize) -> String {
    let mut text = "SAVEPOINT muster_count".to_owned();
    for (place, table) in batch.iter().enumerate() {
        let share = asked.share(behind + batch.len() - place - 1).as_millis().max(1);
        text.push_str("; SET LOCAL statement_timeout = ");
        text.push_str(&share.to_string());
        // A condition is read as the role itself would read it.
        let foreign = asked.conditions.of(&table.name).is_some();
        text.push_str(if foreign { "; SET LOCAL search_path TO DEFAULT; " } else { "; " });
        text.push_str(&asked.statement(table));
        text.push_str(if foreign { "; SET LOCAL search_path = pg_catalog" } else { "" });
    }
    text.push_str("; ROLLBACK TO muster_count; RELEASE muster_count");
    text
}
