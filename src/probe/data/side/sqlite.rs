//! SQLite: rows as its thread reads them; each value says what it is.

use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection, TypeInfo as _, ValueRef as _};
use tokio::sync::mpsc::Sender;

use super::Reading;
use super::batch::{Broken, Said, Sink};
use crate::probe::data::canonical::Raw;

/// Reads all rows; the connection comes back if it can be asked again.
pub(super) async fn read(
    mut link: SqliteConnection,
    reading: Reading,
    to: Sender<Said>,
) -> Option<SqliteConnection> {
    let mut sink = Sink::new(reading.shape, to);
    match rows(&mut link, reading.sql, &mut sink).await {
        Ok(true) => Some(link),
        Ok(false) => None,
        Err(why) => {
            sink.broke(why).await;
            None
        }
    }
}

async fn rows(link: &mut SqliteConnection, sql: String, sink: &mut Sink) -> Result<bool, Broken> {
    let mut found = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch(link);
    while let Some(row) = found.try_next().await.map_err(Broken::Driver)? {
        let values = (0..row.len()).map(|index| value(&row, index)).collect::<Result<Vec<_>, _>>();
        if sink.add(&values.map_err(Broken::Driver)?)? && sink.flush().await.is_err() {
            return Ok(false);
        }
    }
    Ok(sink.flush().await.is_ok())
}

fn value(row: &SqliteRow, index: usize) -> Result<Raw<'_>, sqlx::Error> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Raw::Null);
    }
    Ok(match raw.type_info().name() {
        "INTEGER" => Raw::Int(i128::from(row.try_get_unchecked::<i64, _>(index)?)),
        "REAL" => Raw::Float(row.try_get_unchecked::<f64, _>(index)?),
        "BLOB" => Raw::Bytes(row.try_get_unchecked::<&[u8], _>(index)?),
        _ => Raw::Text(row.try_get_unchecked::<&[u8], _>(index)?),
    })
}
