//! `sqlite.database`: size, free pages, write-ahead log, integrity.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::session::Session;
use crate::fact::{Cause, Cell, Level, Missing, Value, int_to_float};
use crate::probe::{Answer, Ask, Context, Observing, Probe};

/// The body of `sqlite.database`.
pub(in crate::probe) struct Database;

impl Probe for Database {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let mut session = Session::open(cx).await?;
            let answer = look(ask, &mut session).await;
            session.close().await;
            answer
        })
    }
}

/// Lines of a report that are kept.
const LINES: usize = 20;

async fn look(ask: &Ask<'_>, session: &mut Session<'_>) -> Result<Answer, Missing> {
    let page_size = session.int("PRAGMA page_size").await?;
    let pages = session.int("PRAGMA page_count").await?;
    let free = session.int("PRAGMA freelist_count").await?;
    let mode = session.rows("PRAGMA journal_mode".to_owned()).await?;
    let mode: String = mode.first().map_or_else(|| Ok(String::new()), |row| session.get(row, 0))?;
    let files = Files::of(&session.path)?;
    let ratio = int_to_float(free) / int_to_float(pages.max(1));
    let mut table = ask.table();
    let mut row = table
        .row()
        .set("path", Value::text(session.path.display().to_string()))
        .set("size", Value::bytes(files.size))
        .set("page_size", Value::Int(page_size))
        .set("page_count", Value::Int(pages))
        .set("freelist_count", Value::Int(free))
        .set("freelist_size", Value::Int(free.saturating_mul(page_size)))
        .set("free_ratio", Value::Float(ratio))
        .set_or_null("wal_size", files.wal.map(Value::bytes))
        .set("journal_mode", Value::text(mode))
        .set("modified", Value::time(files.modified));
    for name in ["user_version", "application_id", "schema_version"] {
        row = row.set(name, Value::Int(session.int(&format!("PRAGMA {name}")).await?));
    }
    if ask.request.wants("integrity") || ask.request.wants("integrity_report") {
        let (verdict, report) = integrity(session).await;
        row = row.cell("integrity", verdict).cell("integrity_report", report);
    }
    if ask.request.wants("foreign_key_violations") {
        let count = session.int("SELECT count(*) FROM pragma_foreign_key_check").await;
        row = row.cell("foreign_key_violations", count.map(Value::Int).or_else(field));
    }
    row.push();
    Ok(Answer::new(table.finish()).identity(session.identity()))
}

fn field(why: Missing) -> Cell {
    why.level(Level::Field).cell()
}

/// What `quick_check` says; a file so damaged that the check itself fails is corrupt too.
async fn integrity(session: &mut Session<'_>) -> (Cell, Cell) {
    let found = session.rows(format!("PRAGMA quick_check({LINES})")).await;
    let lines = match found {
        Ok(rows) => rows.iter().map(|row| session.get::<String>(row, 0)).collect::<Result<Vec<_>, _>>(),
        Err(why) if why.cause == Cause::Malformed => Ok(vec![why.what]),
        Err(why) => Err(why),
    };
    match lines {
        Ok(lines) if lines.is_empty() => {
            let why = Missing::new(Cause::Empty, "quick_check said nothing");
            (field(why.clone()), field(why))
        }
        Ok(lines) if lines == ["ok"] => (Ok(Value::text("ok")), Ok(Value::texts(Vec::<String>::new()))),
        Ok(lines) => (Ok(Value::text("corrupt")), Ok(Value::texts(lines.iter().take(LINES)))),
        Err(why) => (field(why.clone()), field(why)),
    }
}

struct Files {
    size: u64,
    wal: Option<u64>,
    modified: Timestamp,
}

impl Files {
    fn of(path: &Path) -> Result<Self, Missing> {
        let denied = |path: &Path, error: std::io::Error| {
            Missing::new(Cause::Denied, format!("{}: {error}", path.display())).level(Level::Target)
        };
        let meta = std::fs::metadata(path).map_err(|error| denied(path, error))?;
        let wal_path = wal(path);
        let wal = match std::fs::metadata(&wal_path) {
            Ok(meta) => Some(meta),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(denied(&wal_path, error)),
        };
        let changed =
            |meta: &std::fs::Metadata| meta.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
        let modified = changed(&meta).max(wal.as_ref().and_then(changed));
        let unknown =
            || Missing::new(Cause::Unsupported, "the file system does not say when the file was changed");
        Ok(Self {
            size: meta.len(),
            wal: wal.map(|meta| meta.len()),
            modified: modified.ok_or_else(unknown)?,
        })
    }
}

fn wal(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push("-wal");
    PathBuf::from(name)
}
