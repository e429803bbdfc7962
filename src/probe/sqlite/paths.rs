//! The rows of `data.files`.

use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Column, Error, Row as _, TypeInfo as _, ValueRef as _};
use tokio::time::timeout_at;

use super::error::fault;
use super::session::Session;
use crate::fact::Missing;
use crate::probe::Context;
use crate::probe::data::stream::{Sender, Told, places};
use crate::probe::sql::{Step, late_at};
use crate::probe::x509::hex;

/// Sends the rows of a statement that only reads.
pub(in crate::probe) async fn send(
    cx: &Context,
    sql: &str,
    needs: &[&str],
    to: Sender,
) -> Result<Told, Missing> {
    let mut session = Session::open(cx).await?;
    let told = Told { identity: session.identity(), clock: None };
    let late = late_at(cx, Step::Ask, &session.path.display());
    let sent = timeout_at(cx.deadline, rows(&mut session, sql, needs, to)).await;
    session.close().await;
    sent.unwrap_or(Err(late)).map(|()| told)
}

async fn rows(session: &mut Session<'_>, sql: &str, needs: &[&str], mut to: Sender) -> Result<(), Missing> {
    let (cx, path) = (session.cx, session.path.clone());
    let mut found =
        sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(false).fetch(&mut session.connection);
    let mut known = None;
    while let Some(row) = found.try_next().await.map_err(|error| fault(cx, &path, &error))? {
        let at = match known {
            Some(at) => at,
            None => *known.insert(places(row.columns().iter().map(Column::name), needs)?),
        };
        let [name, size, digest, owner] = at;
        let read = |error: Error| fault(cx, &path, &error);
        let name = bytes(&row, name).map_err(read)?;
        let size = match size {
            Some(size) => whole(&row, size).map_err(read)?,
            None => None,
        };
        let digest = text(&row, digest).map_err(read)?;
        let owner = text(&row, owner).map_err(read)?;
        let size = size.map(i64::to_be_bytes);
        let size = size.as_ref().map(<[u8; 8]>::as_slice);
        to.row([name, size, digest.as_deref(), owner.as_deref()]).await?;
    }
    drop(found);
    to.end();
    to.finish().await
}

/// Text or blob as it is.
fn bytes(row: &SqliteRow, at: Option<usize>) -> Result<Option<&[u8]>, Error> {
    match at {
        Some(at) if !row.try_get_raw(at)?.is_null() => row.try_get_unchecked(at).map(Some),
        _ => Ok(None),
    }
}

/// Text as it is, a blob in hexadecimal.
fn text(row: &SqliteRow, at: Option<usize>) -> Result<Option<Vec<u8>>, Error> {
    let Some(at) = at else { return Ok(None) };
    let is_blob = row.try_get_raw(at)?.type_info().name() == "BLOB";
    let found = bytes(row, Some(at))?;
    Ok(found.map(|bytes| if is_blob { hex(bytes).into_bytes() } else { bytes.to_vec() }))
}

fn whole(row: &SqliteRow, at: usize) -> Result<Option<i64>, Error> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok(None);
    }
    let ty = raw.type_info().name().to_owned();
    if ty == "INTEGER" {
        return row.try_get_unchecked(at).map(Some);
    }
    Err(Error::Decode(
        format!("a `size` is {ty}, and no whole number; write CAST(… AS INTEGER) AS size").into(),
    ))
}
