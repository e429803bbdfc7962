//! The schema of PostgreSQL, part by part out of its catalogue.

use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Error, Row as _};

use super::found::Found;
use super::{Asked, text};
use crate::fact::{Missing, definition_digest as digest};
use crate::probe::data::tables::{word, written};
use crate::probe::postgres::error::{fault, is_gone};
use crate::probe::postgres::session::{Session, within};
use crate::probe::postgres::{busy, is_lock};
use crate::probe::sql::{Step, late};

/// One statement, and the kinds that its rows have.
struct Part {
    kinds: &'static [&'static str],
    sql: &'static str,
    /// Has each of them a long text?
    has_body: bool,
    /// Does it become SQL in its normal form first?
    sql_body: bool,
}

const PRELUDE: &str = include_str!("queries/prelude.sql");

const fn part(kinds: &'static [&'static str], sql: &'static str) -> Part {
    Part { kinds, sql, has_body: false, sql_body: false }
}

static PARTS: &[Part] = &[
    part(&["database", "schema", "extension", "event_trigger"], include_str!("queries/pg_database.sql")),
    part(&["table", "foreign_table"], include_str!("queries/pg_tables.sql")),
    part(&["column"], include_str!("queries/pg_columns.sql")),
    part(&["constraint"], include_str!("queries/pg_constraints.sql")),
    part(&["index", "statistics"], include_str!("queries/pg_indexes.sql")),
    Part {
        has_body: true,
        sql_body: true,
        ..part(&["view", "materialized_view", "rule"], include_str!("queries/pg_views.sql"))
    },
    Part { has_body: true, ..part(&["function"], include_str!("queries/pg_functions.sql")) },
    part(&["trigger", "policy"], include_str!("queries/pg_triggers.sql")),
    part(&["sequence"], include_str!("queries/pg_sequences.sql")),
    part(&["enum", "domain", "type", "collation"], include_str!("queries/pg_types.sql")),
    part(&["grant"], include_str!("queries/pg_grants.sql")),
    part(&["owner"], include_str!("queries/pg_owners.sql")),
    part(&["comment"], include_str!("queries/pg_comments.sql")),
    part(
        &["language", "cast", "operator", "operator_class", "text_search", "server", "large_objects"],
        include_str!("queries/pg_others.sql"),
    ),
    part(&["publication", "subscription"], include_str!("queries/pg_published.sql")),
];

/// How often a part is asked that meets a lock or what is being dropped.
const TRIES: usize = 8;

pub(super) async fn read(
    session: &mut Session<'_>,
    asked: &Asked,
    found: &mut Found<'_>,
) -> Result<(), Missing> {
    for part in PARTS.iter().filter(|part| asked.has(part.kinds)) {
        let sql = format!("{PRELUDE}{}", part.sql);
        let sql = resolved(&sql, session.who.version_num);
        let mut tries = 0;
        loop {
            tries += 1;
            let begun = found.len();
            match one(session, asked, part, &sql, found).await? {
                None => break,
                Some(error) if tries < TRIES && (is_lock(&error) || is_gone(&error)) => found.back_to(begun),
                Some(error) => return Err(fault(session.cx, Step::Ask, &error)),
            }
        }
    }
    Ok(())
}

/// What a statement says depends on the version here and there.
fn resolved(sql: &str, version_num: i64) -> String {
    let major = version_num / 10_000;
    let since = |from: i64, new: &'static str, old: &'static str| if major >= from { new } else { old };
    let provider = "'provider ' || CASE d.datlocprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' END";
    let locale = match major {
        17.. => "'locale ' || d.datlocale",
        15.. => "'locale ' || d.daticulocale",
        _ => "NULL",
    };
    let collocale = match major {
        17.. => "'locale ' || l.colllocale",
        15.. => "'locale ' || l.colliculocale",
        // ICU had its locale where that of the C library stands.
        _ => "NULL",
    };
    let unchecked_rows = "LEFT JOIN (SELECT n.conrelid, n.conkey[1] AS attnum FROM pg_constraint n WHERE n.contype = 'n' AND NOT n.convalidated) u \
                          ON u.conrelid = a.attrelid AND u.attnum = a.attnum";
    let published_part = ", ' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a \
                          WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)) || ')', ' where ' || pg_get_expr(r.prqual, r.prrelid)";
    let published_schemas = "'on schemas ' || (SELECT string_agg(quote_ident(n.nspname), ', ' ORDER BY n.nspname) FROM pg_publication_namespace y \
                             JOIN pg_namespace n ON n.oid = y.pnnspid WHERE y.pnpubid = p.oid)";
    sql.replace("{provider}", since(15, provider, "'provider libc'"))
        .replace("{locale}", locale)
        .replace("{collocale}", collocale)
        .replace("{unchecked}", since(18, "CASE WHEN u.attnum IS NOT NULL THEN 'not valid' END,", ""))
        .replace("{unchecked_rows}", since(18, unchecked_rows, ""))
        .replace("{compression}", since(14, "CASE WHEN a.attcompression <> '' THEN concat('compression \"', a.attcompression, '\"') END,", ""))
        .replace("{published_part}", since(15, published_part, ""))
        .replace("{published_schemas}", since(15, published_schemas, "NULL"))
        .replace("{sqlbody}", since(14, "pg_get_function_sqlbody(p.oid)", "NULL"))
        // This one is whoever owns the database.
        .replace("{role}", since(14, "pg_get_userbyid(CASE WHEN pg_get_userbyid(grantee) = 'pg_database_owner' THEN (SELECT datdba FROM pg_database WHERE datname = current_database()) ELSE grantee END)", "pg_get_userbyid(grantee)"))
}

/// One part; an error that may be gone when it is asked again is handed back.
async fn one(
    session: &mut Session<'_>,
    asked: &Asked,
    part: &Part,
    sql: &str,
    found: &mut Found<'_>,
) -> Result<Option<Error>, Missing> {
    let cx = session.cx;
    within(cx, Step::Ask, sqlx::raw_sql("SAVEPOINT part").execute(&mut session.connection)).await?;
    let broken = {
        let question = sqlx::query(AssertSqlSafe(sql)).persistent(false).bind(&asked.wanted.schemas);
        let mut rows = question.fetch(&mut session.connection);
        let work = async {
            loop {
                match rows.try_next().await {
                    Ok(None) => return Ok(None),
                    Ok(Some(row)) => {
                        take(&row, part, found).map_err(|error| fault(cx, Step::Ask, &error))?;
                    }
                    Err(error) => return Ok(Some(error)),
                }
            }
        };
        tokio::time::timeout_at(cx.deadline, work).await.unwrap_or_else(|_| Err(late(cx, Step::Ask)))?
    };
    // Locks on what views read end here, and not with the transaction.
    let back = sqlx::raw_sql("ROLLBACK TO part; RELEASE part").execute(&mut session.connection);
    within(cx, Step::Ask, back).await?;
    Ok(broken)
}

/// Takes a row: kind, what stands before the name, schema, name, part of it, what stands behind, whether it is of a table, definition,
/// long text, whether it is locked.
fn take(row: &PgRow, part: &Part, found: &mut Found<'_>) -> Result<(), Error> {
    let (schema, name): (Option<&str>, &str) = (row.try_get(2)?, row.try_get(3)?);
    let base = written(schema, name);
    let of: Option<&str> = row.try_get(4)?;
    let (before, behind): (&str, &str) = (row.try_get(1)?, row.try_get(5)?);
    let object = match of {
        Some(of) => format!("{before}{base}.{}{behind}", word(of)),
        None => format!("{before}{base}{behind}"),
    };
    let table = row.try_get::<bool, _>(6)?.then_some(base);
    let (definition, body): (Option<&str>, Option<&str>) = (row.try_get(7)?, row.try_get(8)?);
    let locked: bool = row.try_get(9)?;
    let kind: &str = row.try_get(0)?;
    // What is put together has nothing in it if the object was dropped meanwhile.
    let definition = definition.filter(|text| !text.is_empty());
    let body_lost = part.has_body && body.is_none();
    let whole = match (locked, definition, body) {
        (true, ..) => Err(Arc::new(busy())),
        (_, None, _) => Err(Arc::new(gone())),
        _ if body_lost => Err(Arc::new(gone())),
        (_, Some(definition), None) => Ok(definition.to_owned()),
        (_, Some(definition), Some(body)) if part.sql_body => {
            Ok(format!("{definition} as {}", digest(&text::normal(body))))
        }
        (_, Some(definition), Some(body)) => Ok(format!("{definition} as {}", digest(body))),
    };
    found.push(kind, &object, table.as_deref(), whole.as_deref().map_err(Arc::clone));
    Ok(())
}

fn gone() -> Missing {
    Missing::new(crate::fact::Cause::Absent, "it was dropped while it was looked at")
        .level(crate::fact::Level::Row)
        .fix("ask again")
}
