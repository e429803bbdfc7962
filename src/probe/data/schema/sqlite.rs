//! The schema of SQLite: columns and keys by its pragmas, and what it keeps as text in its normal form.

use super::found::Found;
use super::text::normal;
use crate::fact::{Missing, definition_digest as digest};
use crate::probe::data::tables::sqlite::literal;
use crate::probe::data::tables::{word, written};
use crate::probe::sqlite::session::Session;

pub(super) async fn read(session: &mut Session<'_>, found: &mut Found<'_>) -> Result<(), Missing> {
    let encoding = session.rows("PRAGMA encoding".to_owned()).await?;
    if let Some(row) = encoding.first() {
        found.push("database", "encoding", None, Ok(&session.get::<String>(row, 0)?));
    }
    let sql = "SELECT l.name, l.type, l.wr, l.strict, s.sql FROM pragma_table_list l JOIN sqlite_schema s ON s.name = l.name AND s.type IN ('table', 'view') \
               WHERE l.schema = 'main' AND l.type <> 'shadow' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    for row in session.rows(sql.to_owned()).await? {
        let (name, kind): (String, String) = (session.get(&row, 0)?, session.get(&row, 1)?);
        let text: String = session.get::<Option<String>>(&row, 4)?.unwrap_or_default();
        let table = written(None, &name);
        if kind == "view" {
            found.push("view", &table, Some(&table), Ok(&format!("view as {}", digest(&normal(&text)))));
            continue;
        }
        let mut definition = kind.clone();
        for (index, word) in [(2, " without rowid"), (3, " strict")] {
            if session.get::<bool>(&row, index)? {
                definition.push_str(word);
            }
        }
        if kind == "virtual" {
            definition = format!("{definition} as {}", digest(&normal(&text)));
        } else {
            // Checks, collations and conflict clauses stand nowhere but in the text.
            let rest = normal(text.split_once('(').map_or("", |(_, rest)| rest));
            found.push("constraint", &format!("{table}.\"(text)\""), Some(&table), Ok(&digest(&rest)));
        }
        found.push("table", &table, Some(&table), Ok(&definition));
        columns(session, &name, &table, found).await?;
        keys(session, &name, &table, found).await?;
    }
    let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL";
    for row in session.rows(sql.to_owned()).await? {
        let (kind, name): (String, String) = (session.get(&row, 0)?, session.get(&row, 1)?);
        let table = written(None, &session.get::<String>(&row, 2)?);
        let text = normal(&session.get::<String>(&row, 3)?);
        found.push(&kind, &format!("{table}.{}", word(&name)), Some(&table), Ok(&text));
    }
    Ok(())
}

async fn columns(
    session: &mut Session<'_>,
    name: &str,
    table: &str,
    found: &mut Found<'_>,
) -> Result<(), Missing> {
    let sql = format!(
        "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo({})",
        literal(name)
    );
    for row in session.rows(sql).await? {
        let column: String = session.get(&row, 0)?;
        let mut definition: String = session.get(&row, 1)?;
        if session.get::<bool>(&row, 2)? {
            definition.push_str(" not null");
        }
        if let Some(default) = session.get::<Option<String>>(&row, 3)? {
            definition.push_str(" default ");
            definition.push_str(&default);
        }
        match session.get::<i64>(&row, 5)? {
            0 => {}
            2 => definition.push_str(" generated virtual"),
            3 => definition.push_str(" generated stored"),
            _ => definition.push_str(" hidden"),
        }
        found.push("column", &format!("{table}.{}", word(&column)), Some(table), Ok(definition.trim_start()));
    }
    Ok(())
}

/// Keys, which have no names.
async fn keys(
    session: &mut Session<'_>,
    name: &str,
    table: &str,
    found: &mut Found<'_>,
) -> Result<(), Missing> {
    let primary = format!(
        "SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_table_info({}) WHERE pk > 0 ORDER BY pk)",
        literal(name)
    );
    if let Some(row) = session.rows(primary).await?.first()
        && let Some(columns) = session.get::<Option<String>>(row, 0)?
    {
        let definition = format!("primary key ({columns})");
        found.push("constraint", &format!("{table}.\"{definition}\""), Some(table), Ok(&definition));
    }
    let foreign = format!(
        "SELECT group_concat(\"from\", ', '), \"table\", group_concat(coalesce(\"to\", '(key)'), ', '), on_update, on_delete, \"match\" \
         FROM (SELECT * FROM pragma_foreign_key_list({}) ORDER BY id, seq) GROUP BY id",
        literal(name)
    );
    for row in session.rows(foreign).await? {
        let (from, other, to): (String, String, String) =
            (session.get(&row, 0)?, session.get(&row, 1)?, session.get(&row, 2)?);
        let (update, delete): (String, String) = (session.get(&row, 3)?, session.get(&row, 4)?);
        let definition = format!(
            "foreign key ({from}) references {} ({to}) on delete {delete} on update {update}",
            written(None, &other)
        );
        let object = format!("{table}.{}", word(&format!("foreign key ({from}) references {other} ({to})")));
        found.push("constraint", &object, Some(table), Ok(&definition));
    }
    let unique = format!(
        "SELECT (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno)) \
         FROM pragma_index_list({}) l WHERE l.origin = 'u'",
        literal(name)
    );
    for row in session.rows(unique).await? {
        if let Some(columns) = session.get::<Option<String>>(&row, 0)? {
            let definition = format!("unique ({columns})");
            found.push("constraint", &format!("{table}.{}", word(&definition)), Some(table), Ok(&definition));
        }
    }
    Ok(())
}
