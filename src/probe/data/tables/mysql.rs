//! Tables of MySQL and MariaDB.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::{Column, Engine, Kind, Listing, UserTable, Wanted};
use crate::fact::{Cause, Level, Missing};
use crate::probe::mysql::error::fault;
use crate::probe::mysql::session::{Session, within};
use crate::probe::sql::Step;

pub(super) async fn list(session: &mut Session<'_>, wanted: &Wanted) -> Result<Listing, Missing> {
    let grants = Grants::read(session).await?;
    let rows = rows(session, include_str!("queries/mysql_tables.sql").to_owned()).await?;
    let mut tables = Vec::new();
    for row in &rows {
        let plain: Arc<str> = Arc::from(text(session, row, "name")?);
        let name = Engine::Mysql.written("", &plain);
        if wanted.has(&name) {
            let estimate = row.try_get_unchecked("estimate").map_err(|e| fault(session.cx, Step::Ask, &e))?;
            tables.push(UserTable {
                from: Arc::from(Engine::Mysql.quoted(&plain)),
                schema: Arc::from(""),
                oid: 0,
                estimate,
                key: Vec::new(),
                columns: Vec::new(),
                hidden: grants.hidden(&plain, &name, &session.user),
                name,
                plain,
            });
        }
    }
    let mut columns = columns(session).await?;
    let mut keys = keys(session).await?;
    for table in &mut tables {
        let all = columns.remove(&table.plain).unwrap_or_default();
        let key = keys.remove(&table.plain).unwrap_or_default();
        let named = |name: &Arc<str>| all.iter().find(|column| column.name == *name).cloned();
        table.key = key.iter().filter_map(named).collect();
        if wanted.columns {
            table.columns = all;
        }
    }
    let incomplete = grants.incomplete(session);
    Ok(wanted.listing(tables, incomplete))
}

/// The database of the address.
async fn database(session: &mut Session<'_>) -> Result<String, Missing> {
    let rows = rows(session, "SELECT DATABASE() AS name".to_owned()).await?;
    let name = rows.first().map(|row| optional(session, row, "name")).transpose()?.flatten();
    name.ok_or_else(|| {
        let why = Missing::new(Cause::Absent, "the target's address names no database");
        why.level(Level::Target).fix("write `url: mysql://user@host:3306/database` into the target")
    })
}

/// What the user may read.
pub(in crate::probe::data) struct Grants {
    /// The database of the address.
    pub(in crate::probe::data) database: String,
    /// Privileges for the whole database.
    whole: BTreeSet<String>,
    /// Whole tables.
    tables: BTreeSet<String>,
}

impl Grants {
    pub(in crate::probe::data) async fn read(session: &mut Session<'_>) -> Result<Self, Missing> {
        let database = database(session).await?;
        let sql = include_str!("queries/mysql_grants.sql").replace(":ME", &grantees(session).await?);
        let mut grants = Self { database, whole: BTreeSet::new(), tables: BTreeSet::new() };
        for row in rows(session, sql).await? {
            let name = text(session, &row, "name")?;
            match text(session, &row, "scope")?.as_str() {
                "all" => drop(grants.whole.insert(name)),
                _ => drop(grants.tables.insert(name)),
            }
        }
        Ok(grants)
    }

    /// Is this privilege there for the whole database?
    pub(in crate::probe::data) fn has_all(&self, privilege: &str) -> bool {
        self.whole.contains(privilege)
    }

    /// Are the grants of others seen?
    pub(in crate::probe::data) async fn reads_grants(
        &self,
        session: &mut Session<'_>,
    ) -> Result<bool, Missing> {
        let sql = format!(
            "SELECT 'x' AS name FROM information_schema.user_privileges WHERE privilege_type = 'SELECT' AND grantee IN ({0}) UNION ALL \
             SELECT 'x' FROM information_schema.schema_privileges WHERE privilege_type = 'SELECT' AND 'mysql' LIKE table_schema AND grantee IN ({0})",
            grantees(session).await?
        );
        Ok(!rows(session, sql).await?.is_empty())
    }

    /// Who sees every table by the grant of the whole database misses none of their names.
    pub(in crate::probe::data) fn incomplete(&self, session: &Session<'_>) -> Option<Missing> {
        if self.has_all("SELECT") {
            return None;
        }
        let quoted = Engine::Mysql.quoted(&self.database);
        let what = format!(
            "the user {} does not see tables of {quoted} for which it has no privilege, not even their names",
            session.user
        );
        Some(Missing::new(Cause::Denied, what).fix(grant(&format!("{quoted}.*"), &session.user)))
    }

    fn hidden(&self, plain: &str, name: &str, user: &str) -> Option<Arc<Missing>> {
        if self.has_all("SELECT") || self.tables.contains(plain) {
            return None;
        }
        let place = format!("{}.{}", Engine::Mysql.quoted(&self.database), Engine::Mysql.quoted(plain));
        let what = format!("the user {user} may not read all of {name}");
        Some(Arc::new(Missing::new(Cause::Denied, what).level(Level::Row).fix(grant(&place, user))))
    }
}

fn grant(place: &str, user: &str) -> String {
    format!("GRANT SELECT ON {place} TO {};", account(user))
}

/// `'user'@'host'` of `user@host`, as the tables of privileges and `GRANT` write it.
pub(in crate::probe::data) fn account(user: &str) -> String {
    let (name, host) = user.rsplit_once('@').unwrap_or((user, "%"));
    format!("'{name}'@'{host}'")
}

/// Whose grants count: those of the account and of the role that it has taken on.
async fn grantees(session: &mut Session<'_>) -> Result<String, Missing> {
    let literal = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    let mut all = vec![literal(&account(&session.user))];
    // MySQL has it as a list of accounts, whose rights stand elsewhere: what is not seen here is denied.
    if let Some(role) = rows(session, "SELECT CURRENT_ROLE() AS name".to_owned())
        .await?
        .first()
        .map(|row| optional(session, row, "name"))
        .transpose()?
        .flatten()
    {
        all.extend([literal(&format!("'{role}'@''")), literal(&role)]);
    }
    Ok(all.join(", "))
}

/// All columns by table.
async fn columns(session: &mut Session<'_>) -> Result<BTreeMap<Arc<str>, Vec<Column>>, Missing> {
    let mut found: BTreeMap<Arc<str>, Vec<Column>> = BTreeMap::new();
    for row in rows(session, include_str!("queries/mysql_columns.sql").to_owned()).await? {
        let extra = text(session, &row, "extra")?.to_ascii_uppercase();
        found.entry(Arc::from(text(session, &row, "tbl")?)).or_default().push(Column {
            name: Arc::from(text(session, &row, "name")?),
            ty: Arc::from(text(session, &row, "type")?),
            kind: Kind::of_mysql(&text(session, &row, "data_type")?),
            nullable: text(session, &row, "nullable")? == "YES",
            generated: extra.contains("VIRTUAL") || extra.contains("STORED") || extra.contains("PERSISTENT"),
            collation: optional(session, &row, "collation")?.map(Arc::from),
        });
    }
    Ok(found)
}

/// Columns of an index, whether it names rows.
type Index = (Vec<Arc<str>>, bool);

/// The columns that name a row, by table.
async fn keys(session: &mut Session<'_>) -> Result<BTreeMap<Arc<str>, Vec<Arc<str>>>, Missing> {
    let mut found: BTreeMap<Arc<str>, BTreeMap<String, Index>> = BTreeMap::new();
    for row in rows(session, include_str!("queries/mysql_keys.sql").to_owned()).await? {
        let table = found.entry(Arc::from(text(session, &row, "tbl")?)).or_default();
        let index = table.entry(text(session, &row, "idx")?).or_insert_with(|| (Vec::new(), true));
        let unfit: i64 = row.try_get_unchecked("unfit").map_err(|e| fault(session.cx, Step::Ask, &e))?;
        match optional(session, &row, "name")? {
            Some(name) if unfit == 0 => index.0.push(Arc::from(name)),
            _ => index.1 = false,
        }
    }
    let best = |indexes: BTreeMap<String, Index>| {
        let fit = indexes.into_iter().filter(|(_, (_, fit))| *fit);
        let ranked = fit.map(|(name, (columns, _))| (name != "PRIMARY", columns.len(), name, columns));
        ranked.min().map(|(.., columns)| columns)
    };
    Ok(found.into_iter().filter_map(|(table, indexes)| Some((table, best(indexes)?))).collect())
}

pub(in crate::probe::data) async fn rows(
    session: &mut Session<'_>,
    sql: String,
) -> Result<Vec<MySqlRow>, Missing> {
    let asked = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(&mut session.connection);
    within(session.cx, Step::Ask, asked).await
}

/// A text; null is a fault.
pub(in crate::probe::data) fn text(
    session: &Session<'_>,
    row: &MySqlRow,
    name: &str,
) -> Result<String, Missing> {
    // The server's own tables have other types in each version; their bytes are text in all of them.
    row.try_get_unchecked(name).map_err(|error| fault(session.cx, Step::Ask, &error))
}

/// A text or null.
pub(in crate::probe::data) fn optional(
    session: &Session<'_>,
    row: &MySqlRow,
    name: &str,
) -> Result<Option<String>, Missing> {
    row.try_get_unchecked(name).map_err(|error| fault(session.cx, Step::Ask, &error))
}
