//! Tables of PostgreSQL.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::postgres::types::Oid;
use sqlx::{AssertSqlSafe, Row as _};

use super::{Column, Engine, Kind, Listing, UserTable, Wanted};
use crate::fact::{Cause, Level, Missing};
use crate::probe::postgres::error::fault;
use crate::probe::postgres::read::Read;
use crate::probe::postgres::session::{Session, within};
use crate::probe::sql::{Step, late, quoted};

use super::names::word;

/// Before version 14 a table that was never analyzed has 0 rows.
fn estimate(version_num: i64) -> &'static str {
    if version_num >= 140_000 {
        "CASE WHEN c.reltuples >= 0 THEN c.reltuples END"
    } else {
        "CASE WHEN c.reltuples > 0 OR c.relpages > 0 THEN c.reltuples END"
    }
}

/// The columns of the key of each table.
const KEYS: &str = "(SELECT DISTINCT ON (i.indrelid) i.indrelid AS oid, i.indkey::int2[] AS keys, i.indnkeyatts AS many
          FROM asked q JOIN pg_index i ON i.indrelid = q.oid JOIN pg_class x ON x.oid = i.indexrelid
         WHERE i.indisunique AND i.indisvalid AND i.indisready AND i.indislive AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
           AND (i.indisprimary OR (SELECT bool_and(n.attnotnull) FROM pg_attribute n
                 WHERE n.attrelid = i.indrelid AND n.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])))
         ORDER BY i.indrelid, i.indisprimary DESC, i.indnkeyatts, x.relname) f
       CROSS JOIN LATERAL (SELECT f.oid, u.attnum, u.place FROM unnest(f.keys) WITH ORDINALITY u (attnum, place)
                            WHERE u.place <= f.many) k";

/// All columns of each table.
const COLUMNS: &str = "asked q JOIN (SELECT c.attrelid AS oid, c.attnum, c.attnum AS place FROM pg_attribute c WHERE c.attnum > 0) k ON k.oid = q.oid";

pub(super) async fn list(session: &mut Session<'_>, wanted: &Wanted) -> Result<Listing, Missing> {
    let mut tables = tables(session, wanted).await?;
    tables.retain(|table| wanted.has(&table.name));
    let oids: Vec<Oid> = tables.iter().map(|table| Oid(table.oid)).collect();
    let places: HashMap<u32, usize> =
        tables.iter().enumerate().map(|(place, table)| (table.oid, place)).collect();
    columns(session, &oids, KEYS, |oid, column| {
        if let Some(table) = places.get(&oid).and_then(|place| tables.get_mut(*place)) {
            table.key.push(column);
        }
    })
    .await?;
    if wanted.columns {
        columns(session, &oids, COLUMNS, |oid, column| {
            if let Some(table) = places.get(&oid).and_then(|place| tables.get_mut(*place)) {
                table.columns.push(column);
            }
        })
        .await?;
    }
    Ok(wanted.listing(tables, None))
}

async fn tables(session: &mut Session<'_>, wanted: &Wanted) -> Result<Vec<UserTable>, Missing> {
    let cx = session.cx;
    let role = quoted(&session.who.role);
    let sql =
        include_str!("queries/postgres_tables.sql").replace("{estimate}", estimate(session.who.version_num));
    // Only names that are asked for can be partitions.
    let named: Vec<String> = wanted
        .tables
        .iter()
        .flatten()
        .filter_map(|name| super::parts(name))
        .map(|parts| parts.join("\n"))
        .collect();
    let asked = sqlx::query(AssertSqlSafe(sql)).persistent(false).bind(&wanted.schemas).bind(named);
    let rows = within(cx, Step::Ask, asked.fetch_all(&mut session.connection)).await?;
    rows.iter().map(|row| table(&Read { row, cx }, &role)).collect()
}

fn table(read: &Read<'_>, role: &str) -> Result<UserTable, Missing> {
    let (schema, plain): (String, String) = (read.plain("schema")?, read.plain("name")?);
    let whole: bool = read.plain::<String>("relkind")? == "p";
    let only = if whole { "" } else { "ONLY " };
    let name = Engine::Postgres.written(&schema, &plain);
    Ok(UserTable {
        from: Arc::from(format!("{only}{}.{}", quoted(&schema), quoted(&plain))),
        oid: read.plain::<Oid>("oid")?.0,
        estimate: read.plain("estimate")?,
        key: Vec::new(),
        columns: Vec::new(),
        hidden: hidden(read, &name, &schema, role)?,
        name,
        schema: Arc::from(schema),
        plain: Arc::from(plain),
    })
}

/// What the role does not see of a table.
fn hidden(read: &Read<'_>, name: &str, schema: &str, role: &str) -> Result<Option<Arc<Missing>>, Missing> {
    let why = |what: String| Missing::new(Cause::Denied, what).level(Level::Row);
    let (in_schema, reads) = (read.plain::<bool>("in_schema")?, read.plain::<bool>("reads")?);
    if !(in_schema && reads) {
        let some = if reads || !read.plain::<bool>("reads_some")? { "" } else { "all columns of " };
        let grants = [
            (!in_schema).then(|| format!("GRANT USAGE ON SCHEMA {} TO {role};", word(schema))),
            (!reads).then(|| format!("GRANT SELECT ON {name} TO {role};")),
        ];
        let fix = grants.into_iter().flatten().collect::<Vec<_>>().join(" ");
        return Ok(Some(Arc::new(why(format!("the role {role} may not read {some}{name}")).fix(fix))));
    }
    if read.plain::<bool>("filtered")? {
        let what = format!("row-level security hides rows of {name} from the role {role}");
        return Ok(Some(Arc::new(why(what).fix(format!("ALTER ROLE {role} BYPASSRLS;")))));
    }
    Ok(None)
}

/// The columns of these tables that `from` names, in order.
async fn columns(
    session: &mut Session<'_>,
    oids: &[Oid],
    from: &str,
    mut found: impl FnMut(u32, Column),
) -> Result<(), Missing> {
    let cx = session.cx;
    let sql = include_str!("queries/postgres_columns.sql").replace("{columns}", from);
    let work = async {
        let mut rows =
            sqlx::query(AssertSqlSafe(sql)).persistent(false).bind(oids).fetch(&mut session.connection);
        while let Some(row) = rows.try_next().await.map_err(|error| fault(cx, Step::Ask, &error))? {
            let oid: Oid = row.try_get("oid").map_err(|error| fault(cx, Step::Ask, &error))?;
            found(oid.0, column(&Read { row: &row, cx })?);
        }
        Ok(())
    };
    tokio::time::timeout_at(cx.deadline, work).await.unwrap_or_else(|_| Err(late(cx, Step::Ask)))
}

fn column(read: &Read<'_>) -> Result<Column, Missing> {
    let (base, typtype): (String, String) = (read.plain("base")?, read.plain("typtype")?);
    Ok(Column {
        name: Arc::from(read.plain::<&str>("name")?),
        ty: Arc::from(read.plain::<&str>("type")?),
        kind: Kind::of_postgres(&base, &typtype, read.plain("category")?),
        nullable: read.plain("nullable")?,
        generated: read.plain("generated")?,
        collation: read.plain::<Option<&str>>("collation")?.map(Arc::from),
    })
}
