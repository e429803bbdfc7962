//! Facts that cost a statement for each row, asked only if somebody wants them. Each runs in a savepoint of its
//! own, so that one that meets a lock or a missing right costs the facts of its row only.

use std::sync::Arc;

use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;
use sqlx::{AssertSqlSafe, Error};
use tokio::time::Instant;

use super::row::fact_of;
use super::{Reading, TRIES, of_row};
use crate::fact::{Cause, Cell, Missing, Request, Value};
use crate::probe::postgres::error::{fault, is_gone};
use crate::probe::postgres::read::Read;
use crate::probe::postgres::session::{Session, within};
use crate::probe::postgres::sizes::{Sizes, busy, is_lock};
use crate::probe::sql::{Step, late};

/// How facts of a row are asked.
#[derive(Clone, Copy, Debug)]
pub(in crate::probe::postgres) enum How {
    /// `pg_total_relation_size` of the column `oid`.
    Size,
    /// The statement in this column, which the server itself has put together; null where there is nothing to ask,
    /// and the facts are null. Its one row has the facts as columns.
    Statement(&'static str),
    /// The same, where the server raises what it finds as an error of damage: then the first fact is false and the second
    /// one is what it says.
    Check(&'static str),
}

/// Facts that are asked row by row.
#[derive(Clone, Copy, Debug)]
pub(in crate::probe::postgres) struct Costly {
    /// The facts.
    pub(in crate::probe::postgres) facts: &'static [&'static str],
    how: How,
}

impl Costly {
    /// Sizes of relations by the column `oid`.
    pub(in crate::probe::postgres) const fn size(facts: &'static [&'static str]) -> Self {
        Self { facts, how: How::Size }
    }

    /// What the statement in a column answers.
    pub(in crate::probe::postgres) const fn statement(
        column: &'static str,
        facts: &'static [&'static str],
    ) -> Self {
        Self { facts, how: How::Statement(column) }
    }

    /// What a checking statement in a column finds.
    pub(in crate::probe::postgres) const fn check(
        column: &'static str,
        facts: &'static [&'static str],
    ) -> Self {
        Self { facts, how: How::Check(column) }
    }

    fn is_wanted(&self, request: &Request) -> bool {
        self.facts.iter().any(|fact| request.wants(fact))
    }
}

/// Cells of one row by name.
type Extra = Vec<(&'static str, Cell)>;

/// Is any of it wanted?
pub(super) fn wanted(reading: &Reading, request: &Request) -> bool {
    reading.costly.iter().any(|costly| costly.is_wanted(request))
}

/// The costly facts of these rows, using at most half of the time that is left.
pub(super) async fn measured(
    reading: &Reading,
    request: &Request,
    session: &mut Session<'_>,
    rows: &[PgRow],
) -> Result<Vec<Extra>, Missing> {
    let until = Instant::now() + session.cx.remaining() / 2;
    let mut found: Vec<Extra> = vec![Extra::new(); rows.len()];
    for costly in reading.costly.iter().filter(|costly| costly.is_wanted(request)) {
        match costly.how {
            How::Size => sizes(costly, session, rows, until, &mut found).await?,
            How::Statement(column) | How::Check(column) => {
                for (row, extra) in rows.iter().zip(&mut found) {
                    extra.extend(statement(costly, column, request, session, row, until).await?);
                }
            }
        }
    }
    Ok(found)
}

async fn sizes(
    costly: &Costly,
    session: &mut Session<'_>,
    rows: &[PgRow],
    until: Instant,
    found: &mut [Extra],
) -> Result<(), Missing> {
    let cx = session.cx;
    let oid = |row: &PgRow| Ok(Read { row, cx }.plain::<Oid>("oid")?.0);
    let oids = rows.iter().map(oid).collect::<Result<Vec<u32>, Missing>>()?;
    let sizes = Sizes::measure(session, &oids, until).await?;
    for (oid, extra) in oids.iter().zip(found) {
        extra.extend(costly.facts.iter().map(|fact| (*fact, sizes.of(*oid))));
    }
    Ok(())
}

/// One statement for one row.
async fn statement(
    costly: &Costly,
    column: &str,
    request: &Request,
    session: &mut Session<'_>,
    row: &PgRow,
    until: Instant,
) -> Result<Extra, Missing> {
    let cx = session.cx;
    let all = |why: &Arc<Missing>| costly.facts.iter().map(|fact| (*fact, Err(Arc::clone(why)))).collect();
    let Some(sql) = (Read { row, cx }).plain::<Option<String>>(column)? else {
        return Ok(facts(costly, request, None));
    };
    if Instant::now() >= until {
        let why = Missing::new(Cause::Timeout, "the time was used up by the rows before it");
        return Ok(all(&Arc::new(why.level(crate::fact::Level::Row).fix("raise the target's deadline"))));
    }
    match answered(session, &sql, until).await? {
        Ok(answer) => {
            within(cx, Step::Ask, sqlx::raw_sql("RELEASE one").execute(&mut session.connection)).await?;
            Ok(facts(costly, request, Some(&Read { row: &answer, cx })))
        }
        Err(error) if matches!(costly.how, How::Check(_)) && is_damage(&error) => {
            let said = error.as_database_error().map_or("damaged", |error| error.message());
            let found = [Value::Bool(false), Value::text(cx.redactor.clean(said))];
            Ok(costly.facts.iter().copied().zip(found.map(Ok)).collect())
        }
        Err(error) => {
            let why = if is_lock(&error) { busy() } else { fault(cx, Step::Ask, &error) };
            Ok(all(&Arc::new(why.level(crate::fact::Level::Row))))
        }
    }
}

/// `data_corrupted` or `index_corrupted`.
fn is_damage(error: &Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("XX001" | "XX002"))
}

/// The row of a statement, or what the server has against it; the savepoint is as it was then. What counts over many
/// things may meet one that is dropped just now; a new look does not see it any more.
async fn answered(
    session: &mut Session<'_>,
    sql: &str,
    until: Instant,
) -> Result<Result<PgRow, Error>, Missing> {
    let cx = session.cx;
    within(cx, Step::Ask, sqlx::raw_sql("SAVEPOINT one").execute(&mut session.connection)).await?;
    let mut tries = 0;
    loop {
        tries += 1;
        // It ends when its time is up, and fails where row-level security would hide rows instead of hiding them. The way
        // back to the savepoint undoes both.
        let left = until.saturating_duration_since(Instant::now()).as_millis().max(1);
        let limits = format!("SET LOCAL statement_timeout = {left}; SET LOCAL row_security = off");
        within(cx, Step::Ask, sqlx::raw_sql(AssertSqlSafe(limits)).execute(&mut session.connection)).await?;
        let begun = Instant::now();
        let asked = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_one(&mut session.connection);
        let error = match tokio::time::timeout_at(cx.deadline, asked).await {
            Ok(Ok(answer)) => {
                cx.meter.add(begun.elapsed());
                return Ok(Ok(answer));
            }
            Ok(Err(error @ Error::Database(_))) => error,
            Ok(Err(error)) => return Err(fault(cx, Step::Ask, &error)),
            Err(_) => return Err(late(cx, Step::Ask)),
        };
        within(cx, Step::Ask, sqlx::raw_sql("ROLLBACK TO one").execute(&mut session.connection)).await?;
        if !is_gone(&error) || tries == TRIES || Instant::now() >= until {
            return Ok(Err(error));
        }
    }
}

/// The facts by their declarations; null where there was nothing to ask, if they may be.
fn facts(costly: &Costly, request: &Request, read: Option<&Read<'_>>) -> Extra {
    let cell = |fact: &&'static str| {
        let field = request.schema.position(fact).and_then(|index| request.schema.fields.get(index));
        let cell = match field {
            Some(field) => fact_of(field, read),
            None => Err(of_row(Cause::Internal, format!("`{fact}` is not declared"))),
        };
        (*fact, cell)
    };
    costly.facts.iter().map(cell).collect()
}
