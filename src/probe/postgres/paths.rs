//! The rows of `data.files`, by COPY: faster than rows one by one, and as the server has them.

use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Column, Row as _, TypeInfo as _};
use tokio::time::{Instant, timeout_at};

use super::error::fault;
use super::query::refuse_role;
use super::session::{LOCK_TIMEOUT, Mode, Session, within};
use crate::fact::Missing;
use crate::probe::Context;
use crate::probe::data::stream::{COLUMNS, Sender, Told, places};
use crate::probe::sql::{Step, bare, late};

/// Sends the rows of a statement that only reads.
pub(in crate::probe) async fn send(
    cx: &Context,
    sql: &str,
    needs: &[&str],
    to: Sender,
) -> Result<Told, Missing> {
    let mut session = Session::open(cx, None, Mode { lock_timeout: LOCK_TIMEOUT, foreign: true }).await?;
    let told = Told { identity: session.identity(), clock: session.who.clock };
    let sent = copy(&mut session, sql, needs, to).await;
    session.close().await;
    sent.map(|()| told)
}

async fn copy(session: &mut Session<'_>, sql: &str, needs: &[&str], mut to: Sender) -> Result<(), Missing> {
    refuse_role(session)?;
    let cx = session.cx;
    let columns = columns(session, sql, needs).await?;
    let begun = Instant::now();
    let text =
        format!("COPY (SELECT {columns} FROM (\n{}\n) __muster_row) TO STDOUT (FORMAT binary)", bare(sql));
    let all = async {
        let asked = session.connection.copy_out_raw(&text).await;
        let mut pieces = asked.map_err(|error| fault(cx, Step::Ask, &error))?;
        while let Some(piece) = pieces.try_next().await.map_err(|error| fault(cx, Step::Ask, &error))? {
            to.raw(&piece).await?;
        }
        to.finish().await
    };
    let done = timeout_at(cx.deadline, all).await;
    cx.meter.add(begun.elapsed());
    done.unwrap_or_else(|_late| Err(late(cx, Step::Ask)))
}

/// The columns as they are sent. One row without values tells their names and types, and runs nothing.
async fn columns(session: &mut Session<'_>, sql: &str, needs: &[&str]) -> Result<String, Missing> {
    let text = format!(
        "SELECT __muster_row.* FROM (SELECT) one LEFT JOIN (SELECT * FROM (\n{}\n) q LIMIT 0) __muster_row ON true",
        bare(sql)
    );
    let asked = sqlx::query(AssertSqlSafe(text)).persistent(false).fetch_one(&mut session.connection);
    let row = within(session.cx, Step::Ask, asked).await?;
    let places = places(row.columns().iter().map(Column::name), needs)?;
    let types = places.map(|place| place.and_then(|at| row.columns().get(at)).map(|c| c.type_info().name()));
    let columns = COLUMNS.iter().zip(types).map(|(name, ty)| match (*name, ty) {
        (_, None) => "NULL".to_owned(),
        ("path", Some("BYTEA")) => format!("__muster_row.{name}"),
        ("digest", Some("BYTEA")) => format!("pg_catalog.encode(__muster_row.{name}, 'hex')"),
        ("size", Some(_)) => format!("__muster_row.{name}::pg_catalog.int8"),
        (_, Some(_)) => format!("__muster_row.{name}::pg_catalog.text"),
    });
    Ok(columns.collect::<Vec<_>>().join(", "))
}
