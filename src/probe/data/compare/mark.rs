//! What tells whether a table was written to: what was found of it before a cut holds only as long as that is the same.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

use super::pair::Pair;
use crate::fact::Missing;
use crate::probe::data::side::Side;
use crate::probe::data::tables::{Engine, UserTable};

/// Before version 15 the numbers of written rows could get lost on their way.
const SURE: i64 = 150_000;

/// The mark of both sides. It must be older than the snapshot that is compared: what is written in between is compared,
/// and changes the mark. Nothing if one of them does not tell, and then nothing is taken from before.
pub(super) async fn of(pair: &Pair, source: &mut Side<'_>, target: &mut Side<'_>) -> Option<String> {
    let was = side(source, &pair.source).await?;
    let is = side(target, &pair.target).await?;
    let columns = format!("{:?} {:?}", pair.source.columns, pair.target.columns);
    Some(format!("{was} {is} {}", crate::probe::x509::hex(&Sha256::digest(columns.as_bytes()))))
}

async fn side(side: &mut Side<'_>, table: &UserTable) -> Option<String> {
    // Why somebody does not tell is no matter: the table is compared again.
    match side.engine {
        Engine::Postgres if side.version >= SURE => postgres(side, table).await.ok().flatten(),
        Engine::Sqlite => file(side.cx.target.path.as_deref()?),
        // MySQL forgets when a table was written to, and tells it by the second.
        Engine::Postgres | Engine::Mysql => None,
    }
}

/// How many rows were ever written, and which file holds them; a standby counts only what it does itself.
async fn postgres(side: &mut Side<'_>, table: &UserTable) -> Result<Option<String>, Missing> {
    let sql = format!(
        "SELECT CASE WHEN current_setting('track_counts')::bool AND NOT pg_is_in_recovery() THEN \
           string_agg(concat_ws(':', c.oid, pg_relation_filenode(c.oid), c.xmin, pg_stat_get_tuples_inserted(c.oid), \
             pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid)), ' ' ORDER BY c.oid) \
           || coalesce((SELECT ' ' || d.stats_reset FROM pg_stat_database d WHERE d.datname = current_database()), '') END \
         FROM pg_class c WHERE c.oid = {0} OR c.oid IN (SELECT relid FROM pg_partition_tree({0}))",
        table.oid
    );
    let cx = side.cx;
    let rows = side.postgres_rows(sql).await?;
    let mark = rows.first().map(|row| row.try_get::<Option<String>, _>(0)).transpose();
    Ok(mark.map_err(|error| super::super::side::fault(cx, &error))?.flatten())
}

/// The file of a database with what is not in it yet.
fn file(path: &Path) -> Option<String> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = PathBuf::from(log);
    let log = if log.exists() { one(&log)? } else { String::new() };
    Some(format!("{} {log}", one(path)?))
}

/// The header counts transactions.
fn one(path: &Path) -> Option<String> {
    let mut file = std::fs::File::open(path).ok()?;
    let meta = file.metadata().ok()?;
    let mut head = Vec::new();
    file.by_ref().take(100).read_to_end(&mut head).ok()?;
    let (at, changed) = ((meta.mtime(), meta.mtime_nsec()), (meta.ctime(), meta.ctime_nsec()));
    Some(format!("{} {} {at:?} {changed:?} {}", meta.ino(), meta.size(), crate::probe::x509::hex(&head)))
}
