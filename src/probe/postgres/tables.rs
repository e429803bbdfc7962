//! `postgres.tables`: tables with what autovacuum knows of them, in one or all databases.

use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;

use super::error::fault;
use super::read::Read;
use super::session::{Mode, Session, Who};
use super::sizes::Sizes;
use crate::fact::{Cause, Level, Missing, TableBuilder, Value, int_to_float};
use crate::probe::sql::{Step, late, quoted};
use crate::probe::{Answer, Ask, Context, Databases, Observing, Probe};

/// The body of `postgres.tables`.
pub(in crate::probe) struct Tables;

impl Probe for Tables {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let mut session = Session::open(cx, None, Mode::OWN).await?;
            let answer = look(ask, &mut session).await;
            session.close().await;
            answer
        })
    }
}

async fn look(ask: &Ask<'_>, session: &mut Session<'_>) -> Result<Answer, Missing> {
    let wanted = ask.request.args.int("max_rows").and_then(|max| usize::try_from(max).ok());
    let max = wanted.unwrap_or(usize::MAX).min(ask.max_rows);
    let mut table = TableBuilder::new(&ask.request.schema, max);
    let (identity, clock) = (session.identity(), session.who.clock);
    match session.cx.target.databases.clone() {
        Databases::One => Reader::new(ask, &session.who, false).read(session, &mut table).await?,
        Databases::All { except } => every(ask, session, &except, &mut table).await?,
    }
    Ok(Answer::new(table.finish()).identity(identity).clock(clock))
}

/// All databases; one that cannot be read makes the answer incomplete and is named.
async fn every(
    ask: &Ask<'_>,
    session: &mut Session<'_>,
    except: &[String],
    table: &mut TableBuilder,
) -> Result<(), Missing> {
    let mut faults = Vec::new();
    let mut read_any = false;
    for (name, connect) in databases(session).await? {
        if except.contains(&name) {
            continue;
        }
        let done = if connect {
            database(ask, session, &name, table).await
        } else {
            Err(no_connect(session, &name))
        };
        match done {
            Ok(()) => read_any = true,
            Err(why) => faults.push(why),
        }
    }
    match merged(faults) {
        Some(why) if read_any => table.cut(why.level(Level::Probe)),
        Some(why) => return Err(why),
        None => {}
    }
    Ok(())
}

async fn database(
    ask: &Ask<'_>,
    session: &mut Session<'_>,
    name: &str,
    table: &mut TableBuilder,
) -> Result<(), Missing> {
    if name == session.who.database {
        return Reader::new(ask, &session.who, true).read(session, table).await;
    }
    let named = |why: Missing| Missing { what: format!("database {}: {}", quoted(name), why.what), ..why };
    let mut other = Session::open(session.cx, Some(name), Mode::OWN).await.map_err(named)?;
    let done = Reader::new(ask, &other.who, true).read(&mut other, table).await.map_err(named);
    other.close().await;
    done
}

async fn databases(session: &mut Session<'_>) -> Result<Vec<(String, bool)>, Missing> {
    let cx = session.cx;
    let asked = sqlx::query(include_str!("queries/databases.sql"))
        .persistent(false)
        .fetch_all(&mut session.connection);
    let rows = super::session::within(cx, Step::Ask, asked).await?;
    let read = |row: &PgRow| {
        let read = Read { row, cx };
        Ok((read.plain("name")?, read.plain("connect")?))
    };
    rows.iter().map(read).collect()
}

fn no_connect(session: &Session<'_>, name: &str) -> Missing {
    let role = quoted(&session.who.role);
    let name = quoted(name);
    Missing::new(Cause::Denied, format!("the role {role} may not connect to the database {name}"))
        .fix(format!("GRANT CONNECT ON DATABASE {name} TO {role};"))
}

/// Several faults as one: the first one's cause, everybody's words.
fn merged(faults: Vec<Missing>) -> Option<Missing> {
    faults.into_iter().reduce(|first, next| Missing {
        what: format!("{}; {}", first.what, next.what),
        fix: match (first.fix, next.fix) {
            (Some(one), Some(two)) => Some(format!("{one} {two}")),
            (one, two) => one.or(two),
        },
        ..first
    })
}

const INTS: &[&str] = &[
    "last_vacuum",
    "last_autovacuum",
    "last_analyze",
    "modified_since_analyze",
    "inserts_since_vacuum",
    "pages_size",
    "xid_age",
    "multixact_age",
    "seq_scans",
    "idx_scans",
];
const TEXTS: &[&str] = &["schema", "name", "kind"];
const FLAGS: &[&str] = &["autovacuum_enabled", "has_primary_key"];

/// Facts that autovacuum's counters hold on the primary only.
const PRIMARY_ONLY: &[&str] = &[
    "live_rows",
    "dead_rows",
    "total_rows",
    "dead_ratio",
    "last_vacuum",
    "last_autovacuum",
    "last_analyze",
    "modified_since_analyze",
    "inserts_since_vacuum",
];
const ROWS: &[&str] = &["live_rows", "dead_rows", "total_rows", "dead_ratio"];

/// Reads the tables of one database.
struct Reader {
    schemas: Option<Vec<String>>,
    sizes: bool,
    /// Put before names if several databases are read.
    prefix: String,
    database: Value,
    replica: Option<Arc<Missing>>,
    forgotten: Arc<Missing>,
}

impl Reader {
    fn new(ask: &Ask<'_>, who: &Who, several: bool) -> Self {
        let schemas = ask.request.args.texts("schemas");
        let replica =
            Missing::new(Cause::Unsupported, "a replica does not count changes or vacuums of its tables")
                .level(Level::Field)
                .fix("ask the primary");
        let forgotten =
            "the counters know nothing of it since they were lost (crash, upgrade, failover, reset)";
        Self {
            schemas: ask
                .request
                .args
                .get("schemas")
                .map(|_| schemas.iter().map(ToString::to_string).collect()),
            sizes: ask.request.wants("size"),
            prefix: if several { format!("{}.", plain_or_quoted(&who.database)) } else { String::new() },
            database: Value::text(&who.database),
            replica: who.replica.then(|| Arc::new(replica)),
            forgotten: Arc::new(
                Missing::new(Cause::NoHistory, forgotten).level(Level::Row).fix("ANALYZE the table"),
            ),
        }
    }

    async fn read(&self, session: &mut Session<'_>, table: &mut TableBuilder) -> Result<(), Missing> {
        let schemas = self.schemas.as_deref();
        let sizes = if self.sizes { Some(Sizes::measure(session, schemas).await?) } else { None };
        let since = session.one(include_str!("queries/since.sql")).await?;
        let since = Read { row: &since, cx: session.cx }.int("stats_since")?;
        let cx = session.cx;
        let rows = async {
            let mut rows = sqlx::query(include_str!("queries/tables.sql"))
                .persistent(false)
                .bind(schemas)
                .fetch(&mut session.connection);
            while let Some(row) = rows.try_next().await.map_err(|error| fault(cx, Step::Ask, &error))? {
                self.row(&Read { row: &row, cx }, sizes.as_ref(), &since, table)?;
            }
            Ok(())
        };
        tokio::time::timeout_at(cx.deadline, rows).await.unwrap_or_else(|_| Err(late(cx, Step::Ask)))
    }

    fn row(
        &self,
        read: &Read<'_>,
        sizes: Option<&Sizes>,
        since: &Value,
        table: &mut TableBuilder,
    ) -> Result<(), Missing> {
        let (live, dead) = (read.plain::<i64>("live_rows")?, read.plain::<i64>("dead_rows")?);
        let total = live.saturating_add(dead);
        let ratio = (total > 0).then(|| Value::Float(int_to_float(dead) / int_to_float(total)));
        let name = format!("{}{}", self.prefix, read.plain::<&str>("quoted")?);
        let mut row = table
            .row()
            .set("table", Value::text(name))
            .set("database", self.database.clone())
            .set("stats_since", since.clone())
            .set("live_rows", Value::Int(live))
            .set("dead_rows", Value::Int(dead))
            .set("total_rows", Value::Int(total))
            .set_or_null("dead_ratio", ratio);
        row = read.copy(row, INTS, TEXTS, FLAGS)?;
        if let Some(sizes) = sizes {
            row = row.cell("size", sizes.of(read.plain::<Oid>("oid")?.0));
        }
        if let Some(replica) = &self.replica {
            row = row.missing_all(PRIMARY_ONLY, replica);
        } else if total == 0 && read.plain::<f64>("reltuples")? > 0.0 {
            row = row.missing_all(ROWS, &self.forgotten);
        }
        row.push();
        Ok(())
    }
}

/// A name as SQL writes it: quoted only where it has to be.
fn plain_or_quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.starts_with(|c: char| !c.is_ascii_digit());
    if plain { name.to_owned() } else { quoted(name) }
}
