//! The rows of `data.files`.

use std::borrow::Cow;

use futures_util::TryStreamExt as _;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Column, Error, Row as _, TypeInfo as _, ValueRef as _};
use tokio::time::timeout_at;

use super::error::fault;
use super::query::refused;
use super::session::Session;
use crate::fact::Missing;
use crate::probe::Context;
use crate::probe::data::stream::{Sender, Told, places};
use crate::probe::sql::{Step, bare, late};
use crate::probe::x509::hex;

/// Sends the rows of a statement that only reads.
pub(in crate::probe) async fn send(
    cx: &Context,
    sql: &str,
    needs: &[&str],
    to: Sender,
) -> Result<Told, Missing> {
    let mut session = Session::open(cx).await?;
    let told = Told { identity: session.identity.clone(), clock: session.clock };
    let sent = timeout_at(cx.deadline, rows(&mut session, sql, needs, to)).await;
    session.close().await;
    sent.unwrap_or_else(|_late| Err(late(cx, Step::Ask))).map(|()| told)
}

async fn rows(session: &mut Session<'_>, sql: &str, needs: &[&str], mut to: Sender) -> Result<(), Missing> {
    if let Some(why) = refused(session) {
        return Err(why);
    }
    let cx = session.cx;
    let text = format!("SELECT * FROM (\n{}\n) AS __muster_row", bare(sql));
    let mut found = sqlx::query(AssertSqlSafe(text)).persistent(false).fetch(&mut session.connection);
    let mut known = None;
    while let Some(row) = found.try_next().await.map_err(|error| fault(cx, Step::Ask, &error))? {
        let at = match known {
            Some(at) => at,
            None => *known.insert(places(row.columns().iter().map(Column::name), needs)?),
        };
        let [name, size, digest, owner] = at;
        let read = |error: Error| fault(cx, Step::Ask, &error);
        let name = bytes(&row, name, "path").map_err(read)?;
        let size = match size {
            Some(size) => whole(&row, size).map_err(read)?,
            None => None,
        };
        let digest = words(&row, digest, "digest").map_err(read)?;
        let owner = words(&row, owner, "owner").map_err(read)?;
        let size = size.map(i64::to_be_bytes);
        let size = size.as_ref().map(<[u8; 8]>::as_slice);
        to.row([name.as_deref(), size, digest.as_deref(), owner.as_deref()]).await?;
    }
    drop(found);
    to.end();
    to.finish().await
}

/// Text or binary as it is, a whole number as a person writes it: the driver has its bytes.
fn bytes<'r>(row: &'r MySqlRow, at: Option<usize>, column: &str) -> Result<Option<Cow<'r, [u8]>>, Error> {
    let Some(at) = at else { return Ok(None) };
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok(None);
    }
    let ty = raw.type_info().name().to_owned();
    let number = |text: String| Ok(Some(Cow::Owned(text.into_bytes())));
    match ty.as_str() {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
            number(row.try_get_unchecked::<i64, _>(at)?.to_string())
        }
        "FLOAT" | "DOUBLE" | "DATE" | "TIME" | "DATETIME" | "TIMESTAMP" | "YEAR" | "BIT" | "GEOMETRY" => {
            Err(Error::Decode(format!("`{column}` is {ty}; write CAST(… AS CHAR) AS {column}").into()))
        }
        ty if ty.ends_with("UNSIGNED") => number(row.try_get_unchecked::<u64, _>(at)?.to_string()),
        _ => row.try_get_unchecked::<&[u8], _>(at).map(|bytes| Some(Cow::Borrowed(bytes))),
    }
}

/// Text as it is, binary in hexadecimal.
fn words(row: &MySqlRow, at: Option<usize>, column: &str) -> Result<Option<Vec<u8>>, Error> {
    let Some(place) = at else { return Ok(None) };
    let ty = row.try_get_raw(place)?.type_info().name().to_owned();
    let found = bytes(row, at, column)?;
    let is_binary = ty.ends_with("BINARY") || ty.ends_with("BLOB");
    Ok(found.map(|bytes| if is_binary { hex(&bytes).into_bytes() } else { bytes.into_owned() }))
}

fn whole(row: &MySqlRow, at: usize) -> Result<Option<i64>, Error> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok(None);
    }
    match raw.type_info().name() {
        "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => row.try_get_unchecked(at).map(Some),
        ty if ty.ends_with("UNSIGNED") => {
            let size: u64 = row.try_get_unchecked(at)?;
            i64::try_from(size).map(Some).map_err(|error| Error::Decode(error.into()))
        }
        ty => Err(Error::Decode(format!("a `size` is {ty}; write CAST(… AS SIGNED) AS size").into())),
    }
}
