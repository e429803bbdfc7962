//! Nobody is compared with itself.

use std::os::unix::fs::MetadataExt as _;

use sqlx::Row as _;

use crate::fact::{Cause, Level, Missing};
use crate::probe::data::side::{Side, fault};
use crate::probe::data::tables::Engine;

/// Refuses two targets that are one system; otherwise how both are known.
pub(super) async fn refuse(source: &mut Side<'_>, target: &mut Side<'_>) -> Result<String, Missing> {
    let (was, is) = (name(source).await?, name(target).await?);
    if was == is {
        let what = format!("source and target are the same database ({})", target.identity.host);
        let why = Missing::new(Cause::WrongTarget, what).level(Level::Probe);
        return Err(why.fix("let `source` name the old system"));
    }
    Ok(format!("{was} {is}"))
}

/// What no other database has. A copy by files has the identifier of its original, but was not started with it.
async fn name(side: &mut Side<'_>) -> Result<String, Missing> {
    let cx = side.cx;
    match side.engine {
        Engine::Postgres => {
            let system = side.identity.system.clone().unwrap_or_default();
            let sql = "SELECT current_database() || ' ' || extract(epoch FROM pg_postmaster_start_time())";
            let rows = side.postgres_rows(sql.to_owned()).await?;
            let row = rows.first().ok_or_else(nobody)?;
            let place: String = row.try_get(0).map_err(|error| fault(cx, &error))?;
            Ok(format!("postgres {system} {place}"))
        }
        Engine::Mysql => {
            let sql = "SELECT CAST(CONCAT_WS(' ', @@hostname, @@port, @@datadir, DATABASE()) AS CHAR)";
            let rows = side.mysql_rows(sql.to_owned()).await?;
            let row = rows.first().ok_or_else(nobody)?;
            let place: String = row.try_get_unchecked(0).map_err(|error| fault(cx, &error))?;
            Ok(format!("mysql {place}"))
        }
        Engine::Sqlite => {
            let path = cx.target.path.clone().unwrap_or_default();
            let meta = std::fs::metadata(&path)
                .map_err(|error| cx.missing(Cause::Absent, format!("{}: {error}", path.display())))?;
            Ok(format!("sqlite {} {}", meta.dev(), meta.ino()))
        }
    }
}

fn nobody() -> Missing {
    Missing::new(Cause::Empty, "the server did not say who it is")
}
