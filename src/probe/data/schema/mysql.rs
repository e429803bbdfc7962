//! The schema of MySQL and MariaDB, out of `information_schema`. What it does not even name without a privilege makes the answer
//! incomplete.

use std::sync::Arc;

use sqlx::mysql::MySqlRow;

use super::Asked;
use super::found::Found;
use crate::fact::{Cause, Level, Missing, definition_digest as digest};
use crate::probe::data::tables::mysql::{Grants, account, optional, rows, text};
use crate::probe::data::tables::{Engine, word, written};
use crate::probe::mysql::session::Session;

/// What is not seen without which privilege of the whole database.
const HIDDEN: &[(&str, &str)] = &[("trigger", "TRIGGER"), ("view", "SHOW VIEW"), ("function", "EXECUTE")];

pub(super) async fn read(
    session: &mut Session<'_>,
    asked: &Asked,
    found: &mut Found<'_>,
) -> Result<Option<Missing>, Missing> {
    // Lists that are longer would be cut without a word.
    rows(session, "SET SESSION group_concat_max_len = 16777216".to_owned()).await?;
    let grants = Grants::read(session).await?;
    let maria = session.identity.version.as_deref().is_some_and(|version| version.contains("MariaDB"));
    let checks = include_str!("queries/my_checks.sql");
    let checks = if maria {
        checks.replace("{table}", "c.table_name").replace("{join}", "")
    } else {
        checks.replace("{table}", "t.table_name").replace(
            "{join}",
            "JOIN information_schema.table_constraints t ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name AND t.constraint_type = 'CHECK'",
        )
    };
    for sql in [include_str!("queries/my_objects.sql").to_owned(), checks] {
        for row in rows(session, sql).await? {
            push(session, &row, found)?;
        }
    }
    let mut faults = grants.incomplete(session).into_iter().collect::<Vec<_>>();
    if asked.has(&["grant"]) {
        if grants.reads_grants(session).await? {
            for row in rows(session, include_str!("queries/my_grants.sql").to_owned()).await? {
                push(session, &row, found)?;
            }
        } else {
            let what = format!("the user {} sees no grants but its own", session.user);
            let fix =
                format!("GRANT SELECT ON mysql.* TO {}; or ask for other `kinds`", account(&session.user));
            faults.push(Missing::new(Cause::Denied, what).fix(fix));
        }
    }
    let hidden = HIDDEN.iter().filter(|(kind, privilege)| asked.has(&[kind]) && !grants.has_all(privilege));
    faults.extend(hidden.map(|(kind, privilege)| {
        let what = format!("the user {} may not see every {kind}", session.user);
        let place = format!("{}.*", Engine::Mysql.quoted(&grants.database));
        let fix =
            format!("GRANT {privilege} ON {place} TO {}; or ask for other `kinds`", account(&session.user));
        Missing::new(Cause::Denied, what).fix(fix)
    }));
    Ok(faults.into_iter().reduce(|one, other| Missing {
        what: format!("{}; {}", one.what, other.what),
        fix: one.fix.zip(other.fix).map(|(one, other)| format!("{one} {other}")),
        ..Missing::new(Cause::Denied, "")
    }))
}

fn push(session: &Session<'_>, row: &MySqlRow, found: &mut Found<'_>) -> Result<(), Missing> {
    let table = optional(session, row, "tbl")?.map(|table| written(None, &table));
    let name = optional(session, row, "name")?;
    let kind = text(session, row, "kind")?;
    let object = match (&table, &name) {
        (Some(table), Some(name)) if kind == "grant" => format!("{table} {name}"),
        (Some(table), Some(name)) => format!("{table}.{}", word(name)),
        (Some(table), None) => table.clone(),
        (None, Some(name)) if kind == "grant" || kind == "function" => name.clone(),
        (None, name) => word(name.as_deref().unwrap_or_default()),
    };
    let needs = text(session, row, "needs")?;
    let definition = optional(session, row, "definition")?.unwrap_or_default();
    let whole = match (optional(session, row, "body")?, needs.as_str()) {
        (Some(body), _) => Ok(format!("{definition} as {}", digest(&body))),
        (None, "") => Ok(definition),
        (None, needs) => {
            let what = format!("the user {} may not see what {object} does", session.user);
            let fix = format!("GRANT {needs} ON the database TO {};", account(&session.user));
            Err(Arc::new(Missing::new(Cause::Denied, what).level(Level::Row).fix(fix)))
        }
    };
    found.push(&kind, &object, table.as_deref(), whole.as_deref().map_err(Arc::clone));
    Ok(())
}
