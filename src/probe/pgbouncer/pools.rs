//! `pgbouncer.pools`: who waits for a server connection.

use std::sync::Arc;

use sqlx::postgres::PgRow;

use super::console::{Console, NAME};
use super::line::{Line, of_field};
use crate::fact::{Cause, Cell, Missing, TableBuilder, Value};
use crate::probe::postgres::plain_or_quoted;
use crate::probe::{Answer, Ask, Context, Observing, Probe};

/// The body of `pgbouncer.pools`.
pub(in crate::probe) struct Pools;

impl Probe for Pools {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let mut console = Console::open(cx).await?;
            let answer = look(ask, &mut console).await;
            console.close().await;
            answer
        })
    }
}

async fn look(ask: &Ask<'_>, console: &mut Console<'_>) -> Result<Answer, Missing> {
    let pools = console.ask("SHOW POOLS").await?;
    let databases = console.ask("SHOW DATABASES").await?;
    let config = console.ask("SHOW CONFIG").await?;
    let lists = console.ask("SHOW LISTS").await?;
    let said = Said { cx: console.cx, version: &console.version };
    let max_clients = said.named(&config, ["key", "value"], "max_client_conn");
    let all_clients = said.named(&lists, ["list", "items"], "used_clients");
    let mut table = ask.table();
    for row in &pools {
        let pool = said.line(row);
        let name = pool.text(&["database"]);
        // The console itself is no pool.
        if name.as_deref() == Ok(NAME) {
            continue;
        }
        let found = name
            .as_deref()
            .ok()
            .and_then(|name| databases.iter().map(|row| said.line(row)).find(|line| line.says("name", name)));
        if found.is_none() && is_residue(&pool) {
            continue;
        }
        let limits =
            Limits { database: found, max_clients: max_clients.clone(), all_clients: all_clients.clone() };
        push(&pool, &limits, &mut table);
    }
    Ok(Answer::new(table.finish()).identity(console.identity()))
}

/// How the answers of one console are read.
struct Said<'a> {
    cx: &'a Context,
    version: &'a str,
}

impl<'a> Said<'a> {
    fn line(&self, row: &'a PgRow) -> Line<'a> {
        Line { row, cx: self.cx, version: self.version }
    }

    /// The number of that name in a list of names and numbers.
    fn named(&self, rows: &'a [PgRow], [key, column]: [&str; 2], name: &str) -> Cell {
        if let Some(line) = rows.iter().map(|row| self.line(row)).find(|line| line.says(key, name)) {
            return line.int(&[column]);
        }
        let what = format!("PgBouncer {} does not tell `{name}`", self.version);
        Err(of_field(Cause::Unsupported, what, "update PgBouncer"))
    }
}

/// What a pool may use.
struct Limits<'a> {
    /// Its line in `SHOW DATABASES`.
    database: Option<Line<'a>>,
    max_clients: Cell,
    all_clients: Cell,
}

impl Limits<'_> {
    fn of<T>(&self, read: impl FnOnce(&Line<'_>) -> Result<T, Arc<Missing>>) -> Result<T, Arc<Missing>> {
        if let Some(line) = &self.database {
            return read(line);
        }
        let what = "SHOW DATABASES does not list the database of the pool now".to_owned();
        Err(of_field(
            Cause::Absent,
            what,
            "ask again, or give the database a line of its own in pgbouncer.ini instead of `*`",
        ))
    }
}

/// What is left of a database that was asked for and never was there: no client, no connection, and no line of its own.
fn is_residue(pool: &Line<'_>) -> bool {
    ["cl_active", "cl_waiting", "sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login"]
        .iter()
        .all(|name| pool.number(&[name]) == Ok(0))
}

fn push(pool: &Line<'_>, limits: &Limits<'_>, table: &mut TableBuilder) {
    let key = pool.text(&["database"]).and_then(|database| {
        let user = pool.text(&["user"])?;
        Ok(Value::text(format!("{database}/{user}")))
    });
    let database = pool.text(&["database"]).map(|name| Value::text(plain_or_quoted(&name)));
    let size = limits.of(|line| line.number(&["pool_size"]));
    table
        .row()
        .cell("pool", key)
        .cell("database", database)
        .cell("user", pool.text(&["user"]).map(Value::text))
        .cell("pool_mode", mode(pool))
        .cell("clients_active", pool.int(&["cl_active"]))
        .cell("clients_waiting", pool.int(&["cl_waiting"]))
        .cell("maxwait", maxwait(pool))
        .cell("servers_active", pool.int(&["sv_active"]))
        .cell("servers_idle", pool.int(&["sv_idle"]))
        .cell("servers_used", pool.int(&["sv_used"]))
        .cell("servers_login", pool.int(&["sv_login"]))
        .cell("used_ratio", used(pool.number(&["sv_active"]), size.clone()))
        .cell("pool_size", size.map(Value::Int))
        .cell("reserve_size", limits.of(|line| line.int(&["reserve_pool_size", "reserve_pool"])))
        .cell("database_connections", limits.of(|line| line.int(&["current_connections"])))
        .cell("max_database_connections", limits.of(most))
        .cell("paused", limits.of(|line| line.flag("paused")))
        .cell("disabled", limits.of(|line| line.flag("disabled")))
        .cell("all_clients", limits.all_clients.clone())
        .cell("max_clients", limits.max_clients.clone())
        .push();
}

fn mode(pool: &Line<'_>) -> Cell {
    match pool.text(&["pool_mode"])?.as_str() {
        known @ ("session" | "transaction" | "statement") => Ok(Value::text(known)),
        other => Err(of_field(
            Cause::Unsupported,
            format!("the console says `{other}`, a pool mode that is not known here"),
            "",
        )),
    }
}

/// Whole seconds and the rest stand in two columns.
fn maxwait(pool: &Line<'_>) -> Cell {
    let (seconds, micros) = (pool.number(&["maxwait"])?, pool.number(&["maxwait_us"])?);
    let whole = seconds.checked_mul(1_000_000).and_then(|whole| whole.checked_add(micros));
    let large = || of_field(Cause::Malformed, format!("`maxwait` is {seconds}"), "");
    whole.map(Value::Int).ok_or_else(large)
}

/// No limit is written as zero.
fn most(line: &Line<'_>) -> Cell {
    Ok(match line.number(&["max_connections"])? {
        0 => Value::Null,
        most => Value::Int(most),
    })
}

fn used(active: Result<i64, Arc<Missing>>, size: Result<i64, Arc<Missing>>) -> Cell {
    let (active, size) = (small(active?)?, small(size?)?);
    Ok(if size == 0 { Value::Null } else { Value::Float(f64::from(active) / f64::from(size)) })
}

fn small(number: i64) -> Result<u32, Arc<Missing>> {
    let large = |_large| of_field(Cause::Malformed, format!("{number} is no number of connections"), "");
    u32::try_from(number).map_err(large)
}
