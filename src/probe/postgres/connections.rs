//! `postgres.connections`: how many of how many, and who holds a transaction open.

use super::read::Read;
use super::session::{Mode, Session};
use crate::fact::{Missing, Value, int_to_float};
use crate::probe::{Answer, Ask, Context, Observing, Probe};

/// The body of `postgres.connections`.
pub(in crate::probe) struct Connections;

impl Probe for Connections {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let mut session = Session::open(cx, None, Mode::OWN).await?;
            let answer = look(ask, &mut session).await;
            session.close().await;
            answer
        })
    }
}

/// Facts that come from other sessions' states, which are hidden from a plain role.
const STATES: &[&str] = &[
    "active",
    "idle",
    "idle_in_transaction",
    "oldest_transaction_start",
    "oldest_idle_in_transaction_start",
    "waiting_on_lock",
];

async fn look(ask: &Ask<'_>, session: &mut Session<'_>) -> Result<Answer, Missing> {
    let found = session.one(include_str!("queries/connections.sql")).await?;
    let read = Read { row: &found, cx: session.cx };
    let max = read.plain::<i64>("max_connections")?;
    let reserved = read.plain::<i64>("reserved")?;
    let used = read.plain::<i64>("used")?;
    let available = (max - reserved).max(1);
    let mut table = ask.table();
    let mut row = table
        .row()
        .set("max_connections", Value::Int(max))
        .set("reserved", Value::Int(reserved))
        .set("available", Value::Int(available))
        .set("used", Value::Int(used))
        .set("used_ratio", Value::Float(int_to_float(used) / int_to_float(available)));
    if session.who.stats {
        for name in STATES {
            row = row.set(name, read.int(name)?);
        }
    } else {
        row = row.missing_all(STATES, &session.needs_monitor("what other sessions do"));
    }
    row.push();
    Ok(Answer::new(table.finish()).identity(session.identity()).clock(session.who.clock))
}
