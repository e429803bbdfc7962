//! Sizes of relations, the largest first. The size functions wait behind an exclusive lock and would fail a
//! whole statement, so locked relations are left out, the others come in batches, and a batch that meets a
//! lock is asked again one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::types::Oid;
use sqlx::{Error, Row};
use tokio::time::Instant;

use super::error::fault;
use super::session::{Session, within};
use crate::fact::{Cause, Cell, Level, Missing, Value};
use crate::probe::sql::{Step, late};

const BATCH: usize = 200;

/// Sizes by oid.
pub(super) struct Sizes {
    found: BTreeMap<u32, Cell>,
    late: Arc<Missing>,
}

impl Sizes {
    /// The size of a relation, or why there is none.
    pub(super) fn of(&self, oid: u32) -> Cell {
        self.found.get(&oid).cloned().unwrap_or_else(|| Err(Arc::clone(&self.late)))
    }

    /// Measures these relations in their order.
    pub(super) async fn measure(
        session: &mut Session<'_>,
        oids: &[u32],
        until: Instant,
    ) -> Result<Self, Missing> {
        let late = missing(Cause::Timeout, "the time was used up by larger tables")
            .fix("raise the target's deadline, or name fewer `schemas`");
        let mut sizes = Self { found: BTreeMap::new(), late: Arc::new(late) };
        let locked = locked(session).await?;
        let mut open = Vec::new();
        for &oid in oids {
            if locked.contains(&oid) {
                sizes.found.insert(oid, busy().cell());
            } else {
                open.push(Oid(oid));
            }
        }
        for batch in open.chunks(BATCH) {
            if Instant::now() >= until {
                break;
            }
            sizes.batch(session, batch, until).await?;
        }
        Ok(sizes)
    }

    async fn batch(
        &mut self,
        session: &mut Session<'_>,
        batch: &[Oid],
        until: Instant,
    ) -> Result<(), Missing> {
        if self.ask(session, batch).await? {
            return Ok(());
        }
        for oid in batch {
            if Instant::now() >= until {
                break;
            }
            if !self.ask(session, &[*oid]).await? {
                self.found.insert(oid.0, busy().cell());
            }
        }
        Ok(())
    }

    /// Asks for these; false if one of them is locked.
    async fn ask(&mut self, session: &mut Session<'_>, oids: &[Oid]) -> Result<bool, Missing> {
        let cx = session.cx;
        within(cx, Step::Ask, sqlx::raw_sql("SAVEPOINT size").execute(&mut session.connection)).await?;
        let asked = sqlx::query(include_str!("queries/sizes.sql"))
            .persistent(false)
            .bind(oids)
            .fetch_all(&mut session.connection);
        let rows = match tokio::time::timeout_at(cx.deadline, asked).await {
            Ok(Ok(rows)) => rows,
            Ok(Err(error)) if is_lock(&error) => {
                let back = sqlx::raw_sql("ROLLBACK TO size").execute(&mut session.connection);
                within(cx, Step::Ask, back).await?;
                return Ok(false);
            }
            Ok(Err(error)) => return Err(fault(cx, Step::Ask, &error)),
            Err(_) => return Err(late(cx, Step::Ask)),
        };
        within(cx, Step::Ask, sqlx::raw_sql("RELEASE size").execute(&mut session.connection)).await?;
        for row in rows {
            let read = |error| fault(cx, Step::Ask, &error);
            let oid: Oid = row.try_get(0).map_err(read)?;
            let size: Option<i64> = row.try_get(1).map_err(read)?;
            self.found.insert(oid.0, size.map_or_else(|| gone().cell(), |size| Ok(Value::Int(size))));
        }
        Ok(true)
    }
}

/// Did a lock not come in time?
pub(in crate::probe) fn is_lock(error: &Error) -> bool {
    error.as_database_error().and_then(|error| error.code().map(|code| code == "55P03")).unwrap_or(false)
}

fn missing(cause: Cause, what: &str) -> Missing {
    Missing::new(cause, what).level(Level::Row)
}

/// The fault of a relation that is locked.
pub(in crate::probe) fn busy() -> Missing {
    let wait = Duration::as_millis(&super::session::LOCK_TIMEOUT);
    missing(
        Cause::Timeout,
        &format!(
            "somebody holds, or waits for, an ACCESS EXCLUSIVE lock on it; it was not waited for longer than {wait} ms"
        ),
    )
    .fix("try again when the lock is gone (`SELECT * FROM pg_locks WHERE mode = 'AccessExclusiveLock'`)")
}

fn gone() -> Missing {
    missing(Cause::Absent, "it was dropped while it was measured")
}

async fn locked(session: &mut Session<'_>) -> Result<BTreeSet<u32>, Missing> {
    let cx = session.cx;
    let asked =
        sqlx::query(include_str!("queries/locked.sql")).persistent(false).fetch_all(&mut session.connection);
    let rows = within(cx, Step::Ask, asked).await?;
    let oid = |row: &sqlx::postgres::PgRow| row.try_get::<Oid, _>(0).map(|oid| oid.0);
    rows.iter().map(oid).collect::<Result<_, _>>().map_err(|error| fault(cx, Step::Ask, &error))
}
