//! The schema in a form that does not depend on the engine: tables, columns with families of types and nullability, keys,
//! foreign keys, and indexes by their columns.
//!
//! Left out, because each engine has it in its own way: names of keys and indexes, lengths and precisions, defaults and
//! counters, collations, checks, triggers, functions, grants, owners, comments, the definitions of views, indexes of expressions or with a
//! condition, and full-text and spatial ones. UUIDs, enums and JSON count as text, because engines without these types keep
//! them so; a time with a zone counts as one without.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlx::AssertSqlSafe;
use sqlx::Row as _;

use super::Asked;
use super::found::Found;
use crate::fact::{Cause, Level, Missing};
use crate::probe::data::tables::sqlite::literal;
use crate::probe::data::tables::{Engine, Kind, Open, UserTable, list, mysql, word};
use crate::probe::postgres::error::fault;
use crate::probe::postgres::session as postgres;
use crate::probe::sql::Step;

/// An index or a foreign key, by the name of its table without quotes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    Primary(Vec<String>),
    Unique(Vec<String>),
    Index(Vec<String>),
    Foreign { columns: Vec<String>, table: String, others: Vec<String>, delete: String, update: String },
}

/// Whose it is: schema and name, without quotes.
type Place = (String, String);

pub(super) async fn read(
    open: &mut Open<'_>,
    asked: &Asked,
    found: &mut Found<'_>,
) -> Result<Option<Missing>, Missing> {
    let engine = open.engine();
    let listing = list(open, &asked.wanted.clone().with_columns()).await?;
    for table in &listing.tables {
        found.push("table", &table.name, Some(&table.name), Ok("table"));
        for column in &table.columns {
            let object = format!("{}.{}", table.name, word(&column.name));
            let in_key = table.key.iter().any(|key| key.name == column.name);
            let null = if column.nullable && !in_key { "" } else { " not null" };
            let generated = if column.generated { " generated" } else { "" };
            let definition = format!("{}{null}{generated}", family(engine, column.kind, &column.ty));
            found.push("column", &object, Some(&table.name), Ok(&definition));
        }
    }
    if asked.has(&["constraint", "index"]) {
        let mut ties: BTreeMap<Place, BTreeSet<Tie>> = BTreeMap::new();
        for (place, tie) in self::ties(open, &listing.tables).await? {
            ties.entry(place).or_default().insert(tie);
        }
        for table in &listing.tables {
            let own = ties.remove(&(table.schema.to_string(), table.plain.to_string())).unwrap_or_default();
            for tie in &own {
                push(table, tie, &own, found);
            }
        }
    }
    Ok(listing.incomplete)
}

/// What a type is in any engine.
fn family(engine: Engine, kind: Kind, ty: &str) -> &'static str {
    match kind {
        Kind::Int if engine == Engine::Mysql && ty.starts_with("tinyint(1)") => "bool",
        Kind::Bytes if ty == "bit(1)" => "bool",
        Kind::Uuid | Kind::Enum | Kind::Json | Kind::Text => "text",
        Kind::Timestamp | Kind::Instant => "timestamp",
        other => other.word(),
    }
}

fn push(table: &UserTable, tie: &Tie, own: &BTreeSet<Tie>, found: &mut Found<'_>) {
    let names = |columns: &[String]| columns.iter().map(|column| word(column)).collect::<Vec<_>>().join(", ");
    let (kind, object, definition) = match tie {
        Tie::Primary(columns) => {
            ("constraint", "primary key".to_owned(), format!("primary key ({})", names(columns)))
        }
        Tie::Unique(columns) => {
            let text = format!("unique ({})", names(columns));
            ("constraint", text.clone(), text)
        }
        Tie::Index(columns) => {
            // One that a key has anyway says nothing more.
            let has =
                |tie: &&Tie| matches!(tie, Tie::Primary(other) | Tie::Unique(other) if other == columns);
            if own.iter().any(|tie| has(&tie)) {
                return;
            }
            let text = format!("index ({})", names(columns));
            ("index", text.clone(), text)
        }
        Tie::Foreign { columns, table, others, delete, update } => {
            let text =
                format!("foreign key ({}) references {} ({})", names(columns), word(table), names(others));
            let definition = format!("{text} on delete {} on update {}", action(delete), action(update));
            ("constraint", text, definition)
        }
    };
    let object = format!("{}.{}", table.name, crate::probe::sql::quoted(&object));
    let definition = match tie {
        Tie::Foreign { delete, .. } if delete.is_empty() => Err(Arc::new(untold(&table.name))),
        _ => Ok(definition.as_str()),
    };
    found.push(kind, &object, Some(&table.name), definition);
}

/// MySQL names a key to whoever may read the table, and tells what it does to whoever may refer to it.
fn untold(table: &str) -> Missing {
    Missing::new(Cause::Denied, format!("the role may not see what the foreign key of {table} does"))
        .level(Level::Row)
        .fix("GRANT REFERENCES ON the database TO the user of the target;")
}

/// `RESTRICT` differs from doing nothing only in when it refuses.
fn action(action: &str) -> String {
    match action.to_ascii_lowercase().as_str() {
        "restrict" => "no action".to_owned(),
        other => other.to_owned(),
    }
}

async fn ties(open: &mut Open<'_>, tables: &[UserTable]) -> Result<Vec<(Place, Tie)>, Missing> {
    match open {
        Open::Postgres(session) => of_postgres(session).await,
        Open::Mysql(session) => of_mysql(session).await,
        Open::Sqlite(session) => of_sqlite(session, tables).await,
    }
}

fn tie(kind: &str, columns: Vec<String>, other: (String, Vec<String>, String, String)) -> Tie {
    match kind {
        "primary" => Tie::Primary(columns),
        "unique" => Tie::Unique(columns),
        "index" => Tie::Index(columns),
        _ => {
            let (table, others, delete, update) = other;
            Tie::Foreign { columns, table, others, delete, update }
        }
    }
}

async fn of_postgres(session: &mut postgres::Session<'_>) -> Result<Vec<(Place, Tie)>, Missing> {
    let cx = session.cx;
    let asked = sqlx::query(AssertSqlSafe(include_str!("queries/pg_ties.sql"))).persistent(false);
    let rows = postgres::within(cx, Step::Ask, asked.fetch_all(&mut session.connection)).await?;
    let read = |row: &sqlx::postgres::PgRow| {
        let other = (row.try_get(4)?, row.try_get(5)?, row.try_get(6)?, row.try_get(7)?);
        let place = (row.try_get(1)?, row.try_get(2)?);
        Ok((place, tie(row.try_get::<&str, _>(0)?, row.try_get(3)?, other)))
    };
    rows.iter().map(read).collect::<Result<_, sqlx::Error>>().map_err(|error| fault(cx, Step::Ask, &error))
}

async fn of_mysql(
    session: &mut crate::probe::mysql::session::Session<'_>,
) -> Result<Vec<(Place, Tie)>, Missing> {
    mysql::rows(session, "SET SESSION group_concat_max_len = 16777216".to_owned()).await?;
    let mut found = Vec::new();
    for row in mysql::rows(session, include_str!("queries/my_ties.sql").to_owned()).await? {
        let text = |name: &str| mysql::text(session, &row, name);
        let list =
            |name: &str| Ok::<_, Missing>(text(name)?.split('\n').map(str::to_owned).collect::<Vec<_>>());
        let other = (text("other")?, list("others")?, text("on_delete")?, text("on_update")?);
        found.push(((String::new(), text("tbl")?), tie(&text("kind")?, list("columns")?, other)));
    }
    Ok(found)
}

async fn of_sqlite(
    session: &mut crate::probe::sqlite::session::Session<'_>,
    tables: &[UserTable],
) -> Result<Vec<(Place, Tie)>, Missing> {
    let mut found = Vec::new();
    for table in tables {
        let sql = include_str!("queries/lite_ties.sql").replace(":TABLE", &literal(&table.plain));
        for row in session.rows(sql).await? {
            let list = |index: usize| {
                let text = session.get::<Option<String>>(&row, index)?.unwrap_or_default();
                Ok::<_, Missing>(text.split('\n').map(str::to_owned).collect::<Vec<_>>())
            };
            let text = |index: usize| {
                Ok::<_, Missing>(session.get::<Option<String>>(&row, index)?.unwrap_or_default())
            };
            let mut other = (text(2)?, list(3)?, text(4)?, text(5)?);
            // A foreign key that names no columns refers to the primary key.
            let to = tables.iter().find(|to| to.plain.eq_ignore_ascii_case(&other.0));
            if other.1 == [""]
                && let Some(to) = to
            {
                other.1 = to.key.iter().map(|column| column.name.to_string()).collect();
            }
            found.push(((String::new(), table.plain.to_string()), tie(&text(0)?, list(1)?, other)));
        }
    }
    Ok(found)
}
