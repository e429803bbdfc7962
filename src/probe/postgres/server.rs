//! `postgres.server`: version, role, ages, archiver, settings.

use std::sync::Arc;

use super::read::Read;
use super::session::{Mode, Session};
use crate::fact::{Cause, Cell, Level, Missing, Value};
use crate::probe::sql::quoted;
use crate::probe::{Answer, Ask, Context, Observing, Probe};

/// The body of `postgres.server`.
pub(in crate::probe) struct Server;

impl Probe for Server {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let mut session = Session::open(cx, None, Mode::OWN).await?;
            let answer = look(ask, &mut session).await;
            session.close().await;
            answer
        })
    }
}

const INTS: &[&str] = &[
    "version_num",
    "started",
    "config_loaded",
    "max_connections",
    "xid_age",
    "multixact_age",
    "autovacuum_freeze_max_age",
    "stats_reset",
    "archived_count",
    "archive_failed_count",
    "last_archived",
    "last_archive_failed",
    "archiver_stats_reset",
];
const TEXTS: &[&str] = &["system_identifier", "xid_age_database", "multixact_age_database", "archive_mode"];
const FLAGS: &[&str] = &["data_checksums", "fsync", "full_page_writes", "autovacuum"];

async fn look(ask: &Ask<'_>, session: &mut Session<'_>) -> Result<Answer, Missing> {
    let cx = session.cx;
    let found = session.one(include_str!("queries/server.sql")).await?;
    let read = Read { row: &found, cx };
    let size = if ask.request.wants("size") { Some(size(session).await?) } else { None };
    let mut table = ask.table();
    let mut row = table
        .row()
        .set("version", Value::text(number(&session.who.version)))
        .set("role", Value::text(if session.who.replica { "replica" } else { "primary" }))
        .set_or_null("server_time", session.who.clock.map(Value::time))
        .set("superuser", Value::Bool(!session.who.dangerous.is_empty()));
    row = read.copy(row, INTS, TEXTS, FLAGS)?;
    if let Some(size) = size {
        row = row.cell("size", size);
    }
    row.push();
    Ok(Answer::new(table.finish()).identity(session.identity()).clock(session.who.clock))
}

/// `15.18 (Debian 15.18-0+deb12u1)` and `17beta1` as numbers.
fn number(version: &str) -> &str {
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    version.get(..end).unwrap_or(version)
}

async fn size(session: &mut Session<'_>) -> Result<Cell, Missing> {
    let found = session.one(include_str!("queries/size.sql")).await?;
    let read = Read { row: &found, cx: session.cx };
    let denied = read.plain::<String>("denied")?;
    if denied.is_empty() {
        return Ok(Ok(read.int("size")?));
    }
    let role = quoted(&session.who.role);
    let what = format!("the role {role} may not measure the databases {denied}");
    let why =
        Missing::new(Cause::Denied, what).level(Level::Field).fix(format!("GRANT pg_monitor TO {role};"));
    Ok(Err(Arc::new(why)))
}
