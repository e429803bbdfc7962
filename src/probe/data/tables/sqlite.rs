//! Tables of SQLite.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Column, Engine, Kind, Listing, UserTable, Wanted};
use crate::fact::Missing;
use crate::probe::sqlite::session::Session;

/// Ordinary and virtual tables, and whether they are without a row id. Tables that hold the content of virtual ones
/// are `shadow`.
const TABLES: &str = "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') \
                      AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";

pub(super) async fn list(session: &mut Session<'_>, wanted: &Wanted) -> Result<Listing, Missing> {
    let estimates = estimates(session).await?;
    let mut tables = Vec::new();
    for row in session.rows(TABLES.to_owned()).await? {
        let plain: Arc<str> = Arc::from(session.get::<String>(&row, 0)?);
        let name = Engine::Sqlite.written("", &plain);
        if !wanted.has(&name) {
            continue;
        }
        let columns = columns(session, &plain).await?;
        let all: Vec<Column> = columns.iter().map(|(column, _)| column.clone()).collect();
        tables.push(UserTable {
            from: Arc::from(Engine::Sqlite.quoted(&plain)),
            schema: Arc::from(""),
            oid: 0,
            estimate: estimates.get(&*plain).copied(),
            key: key(session, &plain, session.get::<bool>(&row, 1)?, &columns).await?,
            columns: if wanted.columns { all } else { Vec::new() },
            hidden: None,
            name,
            plain,
        });
    }
    Ok(wanted.listing(tables, None))
}

/// A name as literal.
pub(in crate::probe::data) fn literal(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

/// Columns with their place in the primary key; 0 if they have none.
async fn columns(session: &mut Session<'_>, table: &str) -> Result<Vec<(Column, i64)>, Missing> {
    let sql = format!(
        "SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo({}) WHERE hidden <> 1 ORDER BY cid",
        literal(table)
    );
    let mut found = Vec::new();
    for row in session.rows(sql).await? {
        let (name, ty): (String, String) = (session.get(&row, 0)?, session.get(&row, 1)?);
        let column = Column {
            name: Arc::from(name),
            kind: Kind::of_sqlite(&ty),
            ty: Arc::from(ty),
            nullable: !session.get::<bool>(&row, 2)?,
            generated: session.get::<i64>(&row, 4)? > 1,
            collation: None,
        };
        found.push((column, session.get(&row, 3)?));
    }
    Ok(found)
}

/// The columns that name a row. A primary key of SQLite may hold nulls, but for the alias of the row id and in a table
/// without one.
async fn key(
    session: &mut Session<'_>,
    table: &str,
    without_rowid: bool,
    columns: &[(Column, i64)],
) -> Result<Vec<Column>, Missing> {
    let mut primary: Vec<&(Column, i64)> = columns.iter().filter(|(_, place)| *place > 0).collect();
    primary.sort_by_key(|(_, place)| *place);
    let is_row_id = matches!(primary.as_slice(), [(one, _)] if one.ty.eq_ignore_ascii_case("integer"));
    let never_null = primary.iter().all(|(column, _)| !column.nullable) || without_rowid || is_row_id;
    if never_null && !primary.is_empty() {
        let known = |column: &Column| Column { nullable: false, ..column.clone() };
        return Ok(primary.into_iter().map(|(column, _)| known(column)).collect());
    }
    let sql = format!(
        "SELECT l.name, x.name FROM pragma_index_list({}) l, pragma_index_xinfo(l.name) x \
         WHERE l.\"unique\" AND NOT l.partial AND x.key ORDER BY l.name, x.seqno",
        literal(table)
    );
    let mut indexes: BTreeMap<String, Option<Vec<Column>>> = BTreeMap::new();
    for row in session.rows(sql).await? {
        let (index, name): (String, Option<String>) = (session.get(&row, 0)?, session.get(&row, 1)?);
        let column = columns.iter().map(|(column, _)| column);
        let found =
            column.filter(|column| !column.nullable).find(|column| name.as_deref() == Some(&*column.name));
        let entry = indexes.entry(index).or_insert_with(|| Some(Vec::new()));
        match (found, entry.as_mut()) {
            (Some(column), Some(columns)) => columns.push(column.clone()),
            _ => *entry = None,
        }
    }
    let ranked = indexes.into_iter().filter_map(|(name, columns)| Some((columns?, name)));
    Ok(ranked
        .min_by_key(|(columns, name)| (columns.len(), name.clone()))
        .map(|(columns, _)| columns)
        .unwrap_or_default())
}

/// Rows by `ANALYZE`, whose table is only there after the first one.
async fn estimates(session: &mut Session<'_>) -> Result<BTreeMap<String, i64>, Missing> {
    if session.int("SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'").await? == 0 {
        return Ok(BTreeMap::new());
    }
    let sql = "SELECT tbl, max(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl IS NOT NULL AND stat IS NOT NULL GROUP BY tbl";
    let rows = session.rows(sql.to_owned()).await?;
    rows.iter().map(|row| Ok((session.get(row, 0)?, session.get(row, 1)?))).collect()
}
