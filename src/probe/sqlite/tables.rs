//! `sqlite.tables`: tables with rows, sizes, indexes, statistics.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::session::Session;
use crate::fact::{Cause, Cell, Level, Missing, Value};
use crate::probe::sql::quoted;
use crate::probe::{Answer, Ask, Context, Observing, Probe};

/// The body of `sqlite.tables`.
pub(in crate::probe) struct Tables;

impl Probe for Tables {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let mut session = Session::open(cx).await?;
            let answer = look(ask, &mut session).await;
            session.close().await;
            answer
        })
    }
}

/// Sizes by table, or why there are none.
type Sizes = Result<BTreeMap<String, i64>, Arc<Missing>>;

async fn look(ask: &Ask<'_>, session: &mut Session<'_>) -> Result<Answer, Missing> {
    let found = session.rows(include_str!("queries/tables.sql").to_owned()).await?;
    let analyzed = analyzed(session).await?;
    let sizes = if ask.request.wants("size") { Some(sizes(session).await) } else { None };
    let mut table = ask.table();
    for row in found {
        let (name, is_virtual): (String, bool) = (session.get(&row, 0)?, session.get(&row, 1)?);
        let indexes: i64 = session.get(&row, 2)?;
        let rows = if ask.request.wants("rows") { Some(count(session, &name).await) } else { None };
        let mut row = table
            .row()
            .set("name", Value::text(written(&name)))
            .set("kind", Value::text(if is_virtual { "virtual" } else { "table" }))
            .set("indexes", Value::Int(indexes))
            .set("has_statistics", Value::Bool(analyzed.contains(&name)));
        if let Some(rows) = rows {
            row = row.cell("rows", rows);
        }
        if let Some(sizes) = &sizes {
            row = row.cell("size", size(sizes, &name, is_virtual));
        }
        row.push();
    }
    Ok(Answer::new(table.finish()).identity(session.identity()))
}

async fn count(session: &mut Session<'_>, name: &str) -> Cell {
    let counted = session.int(&format!("SELECT count(*) FROM {}", quoted(name))).await;
    counted.map(Value::Int).or_else(|why| why.level(Level::Row).cell())
}

/// Names of tables that have statistics; the table of them is only there after the first ANALYZE.
async fn analyzed(session: &mut Session<'_>) -> Result<BTreeSet<String>, Missing> {
    if session.int("SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'").await? == 0 {
        return Ok(BTreeSet::new());
    }
    let rows = session.rows("SELECT DISTINCT tbl FROM sqlite_stat1".to_owned()).await?;
    rows.iter().map(|row| session.get(row, 0)).collect()
}

async fn sizes(session: &mut Session<'_>) -> Sizes {
    let found = session.rows(include_str!("queries/sizes.sql").to_owned()).await;
    let rows = match found {
        Ok(rows) => rows,
        Err(why) if why.what.contains("dbstat") => {
            let why = Missing::new(Cause::Unsupported, "this build's SQLite has no dbstat");
            return Err(Arc::new(why.level(Level::Field)));
        }
        Err(why) => return Err(Arc::new(why.level(Level::Field))),
    };
    let pair = |row| Ok((session.get(row, 0)?, session.get(row, 1)?));
    rows.iter().map(pair).collect::<Result<_, Missing>>().map_err(|why| Arc::new(why.level(Level::Field)))
}

fn size(sizes: &Sizes, name: &str, is_virtual: bool) -> Cell {
    match sizes {
        Err(why) => Err(Arc::clone(why)),
        Ok(_) if is_virtual => Ok(Value::Null),
        Ok(sizes) => match sizes.get(name) {
            Some(size) => Ok(Value::Int(*size)),
            None => Missing::new(Cause::Absent, "dbstat does not list it").level(Level::Row).cell(),
        },
    }
}

/// A name as SQL writes it: quoted only where it has to be.
fn written(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| !c.is_ascii_digit())
        && !RESERVED.contains(&&*name.to_ascii_uppercase());
    if plain { name.to_owned() } else { quoted(name) }
}

/// Keywords that are no names without quotes.
const RESERVED: &[&str] = &[
    "ADD",
    "ALL",
    "ALTER",
    "AND",
    "AS",
    "AUTOINCREMENT",
    "BETWEEN",
    "CASE",
    "CHECK",
    "COLLATE",
    "COMMIT",
    "CONSTRAINT",
    "CREATE",
    "DEFAULT",
    "DEFERRABLE",
    "DELETE",
    "DISTINCT",
    "DROP",
    "ELSE",
    "ESCAPE",
    "EXCEPT",
    "EXISTS",
    "FOREIGN",
    "FROM",
    "GROUP",
    "IF",
    "HAVING",
    "IN",
    "INDEX",
    "INSERT",
    "INTERSECT",
    "INTO",
    "IS",
    "ISNULL",
    "JOIN",
    "LIMIT",
    "NOT",
    "NOTHING",
    "NOTNULL",
    "NULL",
    "ON",
    "OR",
    "ORDER",
    "PRIMARY",
    "REFERENCES",
    "RETURNING",
    "SELECT",
    "SET",
    "TABLE",
    "THEN",
    "TO",
    "TRANSACTION",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
];
