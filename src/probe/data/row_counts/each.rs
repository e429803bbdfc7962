//! Counting in MySQL and SQLite: a short transaction for each table, so that nobody waits for us longer than for it.

use sqlx::{AssertSqlSafe, Row as _};

use super::ask::{Asked, Count};
use crate::fact::{Cause, Missing};
use crate::probe::data::tables::UserTable;
use crate::probe::mysql::error::fault;
use crate::probe::mysql::session as mysql;
use crate::probe::sql::Step;
use crate::probe::sqlite::session as sqlite;

fn first(tables: &[UserTable]) -> Result<&UserTable, Missing> {
    tables.first().ok_or_else(|| Missing::new(Cause::Internal, "there is no table to count"))
}

/// The first of these tables.
pub(super) async fn mysql(
    session: &mut mysql::Session<'_>,
    tables: &[UserTable],
    asked: &Asked<'_>,
) -> Result<Result<Count, Missing>, Missing> {
    let (table, cx) = (first(tables)?, session.cx);
    let share = asked.share(tables.len() - 1);
    let maria = session.identity.version.as_deref().is_some_and(|version| version.contains("MariaDB"));
    let limit = if maria {
        format!("max_statement_time = {:.3}", share.as_secs_f64().max(0.001))
    } else {
        format!("max_execution_time = {}", share.as_millis().max(1))
    };
    let start = format!(
        "COMMIT; SET SESSION {limit}, group_concat_max_len = 1073741824; START TRANSACTION READ ONLY"
    );
    let begun = sqlx::raw_sql(AssertSqlSafe(start)).execute(&mut session.connection);
    mysql::within(cx, Step::Ask, begun).await?;
    let sql = asked.statement(table);
    let counted = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_one(&mut session.connection);
    let row = match mysql::within(cx, Step::Ask, counted).await {
        Ok(row) => row,
        Err(why) => return Ok(Err(asked.own(why)?)),
    };
    let text = |index: usize| {
        row.try_get_unchecked::<Option<String>, _>(index).map_err(|error| fault(cx, Step::Ask, &error))
    };
    Ok(asked.count(table, [text(0)?, text(1)?, text(2)?, text(3)?]))
}

/// The first of these tables.
pub(super) async fn sqlite(
    session: &mut sqlite::Session<'_>,
    tables: &[UserTable],
    asked: &Asked<'_>,
) -> Result<Result<Count, Missing>, Missing> {
    let table = first(tables)?;
    session.rows("COMMIT".to_owned()).await?;
    session.rows("BEGIN".to_owned()).await?;
    session.until(tokio::time::Instant::now() + asked.share(tables.len() - 1)).await?;
    let found = session.rows(asked.statement(table)).await;
    session.until(asked.until).await?;
    let rows = match found {
        Ok(rows) => rows,
        Err(why) => return Ok(Err(asked.own(why)?)),
    };
    let Some(row) = rows.first() else {
        return Ok(Err(Missing::new(Cause::Empty, "the count gave nothing")));
    };
    let texts = [session.get(row, 0)?, session.get(row, 1)?, session.get(row, 2)?, session.get(row, 3)?];
    Ok(asked.count(table, texts))
}
